"""Random networks that a rate code makes: pooled counts, junctions and joined channels.

A count is pooled over windows side by side, windows that overlap and windows that hang over the
edge, and its increase goes on into weights, through a padding or on its own. Junctions add up or
join the channels of two populations, and have one reader or two.
"""

from __future__ import annotations

import numpy as np
from random_joins import RECTIFIED, _JoinDraw
from random_networks import Structure

from annconv.ir.arrays import Geometry
from annconv.ir.operators import (
    Dense,
    Increase,
    MaxPool,
    Operator,
    Pad,
    Reshape,
    Scale,
    Slice,
)
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS

COUNTING = Neuron(
    name="Counting",
    parameters="vt = 1.0 ; n = 0.0",
    equations="v += g_exc",
    spike="v >= vt",
    reset="v -= vt ; n += 1.0",
)
"""Its count never falls."""


def draw_counts(seed: int) -> Structure:
    """The structure of one seed."""
    return _CountDraw(seed).draw()


class _CountDraw(_JoinDraw):
    def draw(self) -> Structure:
        self.delay = int(self.chance(0.4))
        kind = str(self.rng.choice(["IB", "CPN", "PSO"]))
        self.input_scale = {"IB": 100.0, "CPN": 400.0, "PSO": 1.0}[kind]
        geometry: Geometry = (self.integer(4, 11), self.integer(4, 13), self.integer(1, 3))
        self.add("input", geometry, ENCODINGS[kind], "input")
        channels = int(self.rng.choice([3, 8, 16, 17]))
        self.convolved("stem", (), channels, "spikes")
        for number in range(self.integer(1, 2)):
            if min(self.populations[-1].geometry[:2]) > 1:
                self.pooled(number)
            if self.chance(0.7):
                self.junction(number)
        readout = self.readout(sorted(READOUTS))
        self.output = {**HIDDEN, **OUTPUTS}[readout.neuron or "IaF"]
        self.scaled_dense("output", self.integer(2, 12), "output")
        return self.structure("counts", readout)

    def counting(self) -> Neuron:
        return RECTIFIED if self.chance(0.5) else COUNTING

    def behind(self, name: str, pre: str, operators: tuple[Operator, ...], transmits: str) -> None:
        """A projection onto the last population."""
        post = self.populations[-1].name
        delay = 0 if self.is_junction(pre) else self.delay
        self.projections.append(Projection(name, pre, post, operators, transmits, "exc", delay))

    def is_junction(self, name: str) -> bool:
        return next(entry for entry in self.populations if entry.name == name).neuron is None

    def convolved(
        self, name: str, front: tuple[Operator, ...], filters: int, transmits: str
    ) -> None:
        """Counting neurons behind a convolution."""
        pre = self.populations[-1]
        geometry = pre.geometry
        for operator in front:
            geometry = operator.output_geometry(geometry) or ()
        kernel = self.kernel(geometry, int(self.rng.choice([1, 3])), 1, filters)
        chain = (*front, kernel)
        self.add(name, kernel.output_geometry(geometry) or (), self.counting(), "hidden")
        self.behind(f"to_{name}", pre.name, chain, transmits)

    def pooled(self, number: int) -> None:
        """What reads the increase of the largest count under a window."""
        rows, columns, channels = self.populations[-1].geometry
        size = (self.integer(1, min(3, rows)), self.integer(1, min(3, columns)))
        strides = size if self.chance(0.7) else (1, 1)
        over = tuple(
            0 if self.chance(0.4) else -extent % stride
            for extent, stride in zip((rows, columns), strides, strict=True)
        )
        pool = MaxPool(
            size, strides, ((0, min(over[0], size[0] - 1)), (0, min(over[1], size[1] - 1)))
        )
        front: tuple[Operator, ...] = (pool, Increase())
        if self.chance(0.25):
            front = (*front, Pad(((1, 0), (0, 1))))
        elif self.chance(0.2):
            front = (*front, Scale(np.zeros((channels,))))
        self.convolved(f"body{number}", front, int(self.rng.choice([3, 8, 16])), "n")

    def junction(self, number: int) -> None:
        """Two populations added up, or their channels joined, for one reader or two."""
        first = self.populations[-1]
        name, channels = f"other{number}", first.geometry[-1]
        joins = self.chance(0.5)
        further = int(self.rng.choice([2, 5, 8])) if joins else channels
        self.convolved(name, (), further, "spikes")
        second = self.populations[-1]
        total = channels + further if joins else channels
        self.add(f"sum{number}", (*first.geometry[:2], total), None, "linear")
        places = ((Slice(0, total),), (Slice(channels, total),)) if joins else ((), ())
        scaled = (Scale(np.zeros((total,))),) if self.chance(0.3) else ()
        self.behind(f"first{number}", first.name, places[0], "spikes")
        self.behind(f"second{number}", second.name, (*places[1], *scaled), "spikes")
        for reader in range(self.integer(1, 2)):
            junction = f"sum{number}"
            chain: tuple[Operator, ...] = ()
            geometry = (*first.geometry[:2], total)
            if self.chance(0.7):
                chain = (self.kernel(geometry, int(self.rng.choice([1, 3])), 1, total),)
            self.add(f"reader{number}_{reader}", geometry, self.counting(), "hidden")
            self.behind(f"read{number}_{reader}", junction, chain, "spikes")

    def scaled_dense(self, name: str, units: int, role: str) -> None:
        """A full matrix behind factors of the channels."""
        pre = self.populations[-1]
        factors = (Scale(np.zeros(pre.geometry[-1:])),) if self.chance(0.5) else ()
        self.add(name, (units,), self.output, role)
        chain = (*factors, Reshape((pre.size,)), Dense(np.zeros((pre.size, units))))
        self.behind(f"to_{name}", pre.name, chain, "spikes")
