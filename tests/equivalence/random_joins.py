"""Random networks in which several projections arrive at a population: residual blocks.

Bodies are convolutions of every size and stride, shortcuts the spikes themselves, convolutions of
one column or more, or full matrices; each transmits spikes or a trace, with time constants of its
own.
"""

from __future__ import annotations

import numpy as np
from random_layers import _LayerDraw
from random_networks import Structure

from annconv.ir.arrays import Geometry
from annconv.ir.operators import Convolution, Dense, Operator, Padding, Reshape, Scale
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS

RECTIFIED = Neuron(
    name="Rectified",
    parameters="vt = 1.0 ; bias = 0.0625 ; n = 0.0",
    equations="v += g_exc + bias",
    spike="v >= vt",
    reset="v -= vt ; n += 1.0",
    unspike="v < 0.0 and n > 0.0",
    unreset="v += vt ; n -= 1.0",
)
"""A spike is taken back where the sum of what arrived falls below zero."""


def draw_joins(seed: int) -> Structure:
    """The structure of one seed."""
    return _JoinDraw(seed).draw()


class _JoinDraw(_LayerDraw):
    def draw(self) -> Structure:
        kind = str(self.rng.choice(["IB", "IB", "CPN", "PSO"]))
        self.input_scale = {"IB": 100.0, "CPN": 400.0, "PSO": 1.0}[kind]
        planar = self.chance(0.8)
        geometry: Geometry = (self.integer(3, 11), self.integer(3, 14), self.integer(1, 3))
        self.add("input", geometry if planar else (self.integer(3, 90),), ENCODINGS[kind], "input")
        if planar:
            self.convolution(0)
        else:
            self.dense("stem", int(self.rng.choice([8, 20, 64])), "hidden")
        for number in range(1, self.integer(2, 3)):
            self.block(number) if planar else self.dense_block(number)
            if planar and self.chance(0.4):
                self.pooling(number)
        readout = self.readout(sorted(READOUTS))
        self.output = {**HIDDEN, **OUTPUTS}[readout.neuron or "IaF"]
        self.dense("output", self.integer(2, 12), "output")
        return self.structure("joins", readout)

    def library_neuron(self) -> Neuron:
        """One of the library's, or one that takes spikes back."""
        signed = (self.seed + len(self.populations)) % 3 == 0
        return RECTIFIED if signed else super().library_neuron()

    def block(self, number: int) -> None:
        """A population that a convolution and one or two shortcuts reach."""
        before = self.populations[-1]
        channels = before.geometry[-1]
        stride = int(self.rng.choice([1, 1, 2]))
        same = stride == 1 and self.chance(0.6)
        filters = channels if same else int(self.rng.choice([8, 10, 17, 33]))
        body = self.kernel(before.geometry, int(self.rng.choice([1, 3, 3, 5])), stride, filters)
        self.follow(f"join{number}", (body,), self.transmitted(), "hidden")
        for extra in range(self.integer(1, 2)):
            shortcut: tuple[Operator, ...] = ()
            if not same or self.chance(0.4):
                size = int(self.rng.choice([1, 1, 3]))
                shortcut = (self.kernel(before.geometry, size, stride, filters),)
            if self.chance(0.3):
                shortcut = (*shortcut, Scale(np.zeros((filters,) if self.chance(0.5) else ())))
            self.shortcut(before.name, f"skip{number}_{extra}", shortcut)

    def kernel(self, geometry: Geometry, size: int, stride: int, filters: int) -> Convolution:
        """A convolution that leaves ceil(extent / stride) rows and columns."""
        kernel = np.zeros((size, size, geometry[-1], filters))
        before = (size - 1) // 2
        sides: list[tuple[int, int]] = []
        for extent in geometry[:-1]:
            covered = (-(-extent // stride) - 1) * stride + size
            sides.append((before, max(0, covered - extent - before)))
        padding: Padding = tuple(sides)
        return Convolution(kernel, (stride, stride), padding, (1, 1), 1)

    def dense_block(self, number: int) -> None:
        before = self.populations[-1]
        units = before.size if self.chance(0.5) else int(self.rng.choice([8, 20, 64]))
        self.dense(f"join{number}", units, "hidden")
        shortcut: tuple[Operator, ...] = ()
        if units != before.size or self.chance(0.4):
            shortcut = (Reshape((before.size,)), Dense(np.zeros((before.size, units))))
        self.shortcut(before.name, f"skip{number}", shortcut)

    def shortcut(self, pre: str, name: str, operators: tuple[Operator, ...]) -> None:
        """One more projection onto the last population, in front or behind those it has."""
        model = next(entry for entry in self.populations if entry.name == pre).model()
        has_mask = model.variable("mask") is not None
        transmits = "mask" if has_mask and self.chance(0.6) else "spikes"
        post = self.populations[-1].name
        added = Projection(name, pre, post, operators, transmits, "exc", self.delay)
        place = len(self.projections) - int(self.chance(0.5))
        self.projections.insert(place, added)
