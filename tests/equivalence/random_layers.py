"""Random networks of the shapes that become layers: convolutions, pooling, full matrices, in a row.

`random_networks` draws whatever a Network can say, but few of those have filters enough for a
vector.
"""

from __future__ import annotations

import numpy as np
from random_networks import Structure, _StructureDraw

from annconv.ir.arrays import Geometry
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Operator,
    Reshape,
    chain_geometry,
)
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS
from annconv.readouts.table import READOUTS

FILTERS = (1, 3, 8, 10, 16, 17, 33, 40)
POOLS = ((2, 2), (2, 2), (3, 3), (1, 2), (3, 2))


def draw_layers(seed: int) -> Structure:
    """The structure of one seed."""
    return _LayerDraw(seed).draw()


class _LayerDraw(_StructureDraw):
    def draw(self) -> Structure:
        kind = str(self.rng.choice(["IB", "IB", "CPN", "PSO"]))
        self.input_scale = {"IB": 100.0, "CPN": 400.0, "PSO": 1.0}[kind]
        planar = self.chance(0.75)
        channels = int(self.rng.choice([1, 1, 3, 9, 17, 66]))
        geometry: Geometry = (self.integer(5, 13), self.integer(4, 18), channels)
        if not planar:
            geometry = (self.integer(3, 150),)
        self.add("input", geometry, ENCODINGS[kind], "input")
        for number in range(self.integer(1, 3) if planar else 0):
            self.convolution(number)
            if self.chance(0.6):
                self.pooling(number)
        for number in range(self.integer(0, 2)):
            self.dense(f"dense{number}", int(self.rng.choice([8, 20, 64, 130])), "hidden")
        readout = self.readout(sorted(READOUTS))
        self.output = {**HIDDEN, **OUTPUTS}[readout.neuron or "IaF"]
        self.dense("output", self.integer(2, 12), "output")
        return self.structure("layers", readout)

    def follow(self, name: str, operators: tuple[Operator, ...], transmits: str, role: str) -> None:
        """A population behind the last one."""
        pre = self.populations[-1]
        geometry = chain_geometry(operators, pre.geometry)
        assert geometry is not None
        neuron = self.output if role == "output" else self.hidden_neuron(name)
        if self.chance(0.6) and role != "output":
            neuron = self.library_neuron()
        self.add(name, geometry, neuron, role)
        self.projections.append(
            Projection(f"to_{name}", pre.name, name, operators, transmits, "exc", self.delay)
        )

    def transmitted(self) -> str:
        """The mask, where the last population has one, or its spikes."""
        has_mask = self.populations[-1].model().variable("mask") is not None
        return "mask" if has_mask and self.chance(0.7) else "spikes"

    def convolution(self, number: int) -> None:
        *plane, channels = self.populations[-1].geometry
        size = tuple(self.integer(1, min(5, extent)) for extent in plane)
        strides = tuple(int(self.rng.choice([1, 1, 1, 2])) for _ in plane)
        dilation = tuple(
            self.integer(1, 2) if (kernel - 1) * 2 + 1 <= extent else 1
            for kernel, extent in zip(size, plane, strict=True)
        )
        if self.chance(0.7):
            dilation = (1,) * len(plane)
        kernel = np.zeros((*size, channels, int(self.rng.choice(FILTERS))))
        operator = Convolution(kernel, strides, self.padding(size), dilation, 1)
        self.follow(f"conv{number}", (operator,), self.transmitted(), "hidden")

    def pooling(self, number: int) -> None:
        rows, columns, _ = self.populations[-1].geometry
        high, wide = POOLS[self.integer(0, len(POOLS) - 1)]
        size = (min(high, rows), min(wide, columns))
        kind = MaxPool if self.chance(0.8) else MeanPool
        operator = kind(size, size, ((0, 0), (0, 0)))
        transmits = self.transmitted() if kind is MaxPool else "mask"
        if self.populations[-1].model().variable("mask") is None:
            transmits = "spikes"
        self.follow(f"pool{number}", (operator,), transmits, "hidden")

    def dense(self, name: str, units: int, role: str) -> None:
        size = self.populations[-1].size
        operators = (Reshape((size,)), Dense(np.zeros((size, units))))
        self.follow(name, operators, self.transmitted(), role)
