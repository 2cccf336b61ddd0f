"""Random networks of windows of every kind: `window_kinds.KINDS` dealt out, network by network.

In a network two windows in a row read the input, and two more a full matrix. Which kinds they are
of follows from the network's number alone, so that any thousand numbers in a row hold every kind
many times; what a kind leaves open is drawn. In two of eight networks the second two are a
convolution and a pooling that become one layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from random_networks import Structure, _StructureDraw
from window_kinds import BACKS, CONVOLUTIONS, FRONTS, POOLINGS, STRIDES, Kind, Window

from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.network import Network
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
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS

CHANNELS = (1, 1, 3, 5, 8, 9, 16, 17, 33)
SEVERAL = (2, 3, 4, 6, 8, 9, 10, 15)
"""Channels that fall into groups."""
WIDEST = {1: 80, 2: 14, 3: 6}
"""Cells along an axis that an operator reads, by the number of axes."""
TRIES = 12
LARGEST_MAP = 1500
"""Neurons of a map that a block reads, where its windows allow."""

COUNTING = Neuron(
    name="counting",
    parameters="rates = 0.0\nvt = 1.0\nmask_tau = 2.0",
    equations="v += rates : init = 0.0\ndmask/dt = -mask/mask_tau : init = 0.0",
    spike="v > vt",
    reset="v -= vt ; mask += 1.0/mask_tau",
)
"""An encoding that adds up rates and takes one threshold off at a spike."""


def draw_shapes(number: int) -> Structure:
    """The network of a number: any neurons, encodings and read-outs."""
    return _ShapeDraw(number, exact_reals=False).draw()


def draw_exact_shapes(number: int) -> Structure:
    """The same kinds of windows; no value of it needs more bits than single precision has.

    Together with `exact_data` and few steps: its neurons integrate and fire, traces halve, means
    are of 1, 2, 4 or more cells of that row.
    """
    return _ShapeDraw(number, exact_reals=True).draw()


def exact_data(structure: Structure, rng: np.random.Generator) -> Network:
    """Weights in eighths and thresholds in sixteenths, for `draw_exact_shapes`."""
    network = structure.with_data(rng, on_grid=True)
    populations = tuple(
        replace(
            entry,
            parameters={
                name: value if name == "mask_tau" else np.ceil(value * 16) / 16
                for name, value in entry.parameters.items()
            },
        )
        for entry in network.populations
    )
    projections = tuple(
        replace(entry, operators=tuple(_in_eighths(item, rng) for item in entry.operators))
        for entry in network.projections
    )
    return replace(network, populations=populations, projections=projections)


def exact_samples(structure: Structure, rng: np.random.Generator, count: int) -> FloatArray:
    """Samples in sixteenths."""
    return np.ceil(structure.samples(rng, count) * 16) / 16


def _in_eighths(operator: Operator, rng: np.random.Generator) -> Operator:
    """Weights up or down to an eighth, at random, so that small ones do not all come to nothing."""
    for field in ("kernel", "weights"):
        if hasattr(operator, field):
            values = getattr(operator, field)
            eighths = np.floor(np.clip(values, -1.5, 1.5) * 8 + rng.random(values.shape)) / 8
            return replace(operator, **{field: eighths})
    return operator


@dataclass(frozen=True)
class _Axis:
    """One axis of a window and of what it reads."""

    extent: int
    size: int
    stride: int
    dilation: int
    padding: tuple[int, int]


def _dealt(kinds: Sequence[Kind], slot: int, turn: int) -> Kind:
    """The kind of a turn; as many turns as there are kinds deal each of them once."""
    rounds, place = divmod(turn, len(kinds))
    return kinds[np.random.default_rng([slot, rounds]).permutation(len(kinds))[place]]


class _ShapeDraw(_StructureDraw):
    def __init__(self, number: int, *, exact_reals: bool) -> None:
        super().__init__(number)
        self.exact_reals = exact_reals

    def draw(self) -> Structure:
        turn, odd = divmod(self.seed, 2)
        firsts = (POOLINGS, CONVOLUTIONS) if odd else (CONVOLUTIONS, POOLINGS)
        every = CONVOLUTIONS + POOLINGS
        self.block(0, (_dealt(firsts[0], 2 * odd, turn), _dealt(every, 2 * odd + 1, turn)))
        rounds, place = divmod(turn, 4)
        if place == 0:
            self.block(1, self.fitting_pair(), fused=True)
        else:
            slot, turn = 4 + 2 * odd, 3 * rounds + place - 1
            self.block(1, (_dealt(firsts[1], slot, turn), _dealt(every, slot + 1, turn)))
        names = ["spike_count", "membrane_potential"] if self.exact_reals else sorted(READOUTS)
        readout = self.readout(names)
        size = self.populations[-1].size
        chain = (Reshape((size,)), Dense(np.zeros((size, self.integer(2, 12)))))
        neuron = {**HIDDEN, **OUTPUTS}[readout.neuron or "IaF"]
        self.follow("output", chain, "output", neuron)
        return self.structure("shapes", readout)

    def fitting_pair(self) -> tuple[Kind, Kind]:
        """A convolution, and maxima over windows side by side."""
        stride, front, back, own_back = (
            str(self.rng.choice(c)) for c in (STRIDES, FRONTS, BACKS, BACKS)
        )
        return (
            Kind("convolution", stride, front, back, "all channels", ""),
            Kind("max pool", "side by side", "starts at the edge", own_back, "all channels", ""),
        )

    def block(self, block: int, kinds: tuple[Kind, Kind], *, fused: bool = False) -> None:
        """Two windows in a row, with the input or a full matrix in front of them.

        The axes of the second window come first: what it reads is what the first one delivers.
        """
        rank = int(self.rng.choice([1, 2, 2, 2, 2] if fused else [1, 2, 2, 2, 2, 3]))
        outputs = tuple(self.integer(1, 3 if rank < 3 else 2) for _ in range(rank))
        if rank == 1 and self.chance(0.3):
            outputs = (self.integer(10, 40),)
        second = self.axes(kinds[1], outputs, alike=fused)
        read = tuple(axis.extent for axis in second)
        turned = rank > 1 and not fused and self.chance(0.15)
        first = self.axes(kinds[0], read[::-1] if turned else read)
        extents = tuple(axis.extent for axis in first)
        channels = self.channels(kinds, LARGEST_MAP // prod(extents))
        in_front = self.source(block, (*extents, channels))
        operator = self.operator(kinds[0], first, (*extents, channels), kinds[1:])
        delivered = operator.output_geometry((*extents, channels))
        assert delivered is not None
        turn = (Reshape((*read, delivered[-1])),) if turned else ()
        early = self.chance(0.4)
        self.follow(f"first{block}", (*in_front, operator, *(turn if early else ())), "hidden")
        operator = self.operator(kinds[1], second, (*read, delivered[-1]), ())
        chain = (*(() if early else turn), operator)
        self.follow(f"second{block}", chain, "hidden", traces=fused)

    def source(self, block: int, geometry: Geometry) -> tuple[Operator, ...]:
        """The population that a block reads, and the Reshape that it needs in front of it."""
        if block == 0:
            self.input(geometry)
            return ()
        size = self.populations[-1].size
        chain = (Reshape((size,)), Dense(np.zeros((size, prod(geometry)))))
        as_map = self.chance(0.5)
        self.follow(f"dense{block}", (*chain, Reshape(geometry)) if as_map else chain, "hidden")
        return () if as_map else (Reshape(geometry),)

    def input(self, geometry: Geometry) -> None:
        kinds = ["PSO", "phase", "counting"] if self.exact_reals else ["IB", "IB", "CPN", "PSO"]
        kind = str(self.rng.choice(kinds))
        scales = {"IB": 100.0, "CPN": 400.0}
        self.input_scale = scales.get(kind, 1.0)
        self.add("input", geometry, ENCODINGS.get(kind, COUNTING), "input")

    def channels(self, kinds: Sequence[Kind], most: int) -> int:
        """Channels that windows in a row can read, up to the first convolution; few of large maps.

        Args:
            kinds: Of the windows.
            most: Channels that a map is to have at most.
        """
        choices = CHANNELS
        for kind in kinds:
            if kind.groups == "groups":
                choices = SEVERAL
            if kind.operator == "convolution":
                break
        return int(self.rng.choice([entry for entry in choices if entry <= max(most, 3)]))

    def operator(
        self, kind: Kind, axes: Sequence[_Axis], geometry: Geometry, behind: Sequence[Kind]
    ) -> Window:
        size, strides = tuple(axis.size for axis in axes), tuple(axis.stride for axis in axes)
        padding = tuple(axis.padding for axis in axes)
        if kind.operator == "mean pool":
            mean = MeanPool(size, strides, padding)
            whole = _exact_means(mean, geometry)
            self.exact = self.exact and whole
            return mean if whole or not self.exact_reals else MaxPool(size, strides, padding)
        if kind.operator == "max pool":
            return MaxPool(size, strides, padding)
        channels, groups, filters = geometry[-1], 1, self.channels(behind, max(CHANNELS))
        if kind.groups == "groups":
            groups = int(self.rng.choice([g for g in range(2, channels + 1) if channels % g == 0]))
            filters = groups * self.integer(1, 3)
        kernel = np.zeros((*size, channels // groups, filters))
        dilation = tuple(axis.dilation for axis in axes)
        return Convolution(kernel, strides, padding, dilation, groups)

    def axes(self, kind: Kind, outputs: Sequence[int], *, alike: bool = False) -> list[_Axis]:
        """One axis of the kind; the others mostly like it, sometimes of any kind, or one cell.

        With `alike` the others differ in where their last window ends alone.
        """
        leading = self.integer(0, len(outputs) - 1)
        dilated = kind.operator == "convolution" and self.chance(0.3)
        axes = []
        for position, count in enumerate(outputs):
            own = kind
            if position != leading:
                own = kind._replace(back=str(self.rng.choice(BACKS)))
                if not alike and self.chance(0.35):
                    stride, front = (str(self.rng.choice(c)) for c in (STRIDES, FRONTS))
                    own = own._replace(stride=stride, front=front)
            most = WIDEST[len(outputs)]
            if position != leading and count == 1 and self.chance(0.4):
                most = 1
            axes.append(self.small_axis(own, count, most, dilated=dilated))
        return axes

    def small_axis(self, kind: Kind, count: int, most: int, *, dilated: bool) -> _Axis:
        """An axis over so few cells, or over the fewest that some tries give."""
        tries: list[_Axis] = []
        while len(tries) < TRIES and not (tries and tries[-1].extent <= most):
            tries.append(self.axis(kind, count, dilated=dilated))
        return min(tries, key=lambda axis: axis.extent)

    def axis(self, kind: Kind, count: int, *, dilated: bool) -> _Axis:
        """An axis of so many windows."""
        overlap, before_edge = kind.stride == "overlap", kind.back == "ends before the edge"
        hangs = kind.front == "starts in front" or kind.back == "ends behind"
        least = 3 if overlap and before_edge else 2 if overlap or before_edge or hangs else 1
        dilation = 2 if dilated else 1
        long = kind.operator == "convolution" and dilation == 1 and self.chance(0.35)
        fewest, most = (6, 9) if long else (least if dilation == 1 else max(2, least - 1), 4)
        size = self.integer(fewest, most)
        span = (size - 1) * dilation + 1
        stride = span
        if overlap:
            stride = self.integer(2 if before_edge else 1, min(3, span - 1))
        elif kind.stride == "gaps":
            stride = span + self.integer(1, 2)
        before = self.integer(1, span - 1) if kind.front == "starts in front" else 0
        over = 0
        if kind.back == "ends behind":
            over = self.integer(1, span - 1)
        elif before_edge:
            over = -self.integer(1, stride - 1)
        extent = (count - 1) * stride + span - before - over
        if extent < 1:  # windows that hang over both edges of too few cells
            return self.axis(kind, count, dilated=dilated)
        unused = self.integer(0, stride - 1 - max(-over, 0)) if self.chance(0.2) else 0
        return _Axis(extent, size, stride, dilation, (before, max(over, 0) + unused))

    def follow(
        self,
        name: str,
        operators: tuple[Operator, ...],
        role: str,
        neuron: Neuron | None = None,
        *,
        traces: bool = False,
    ) -> None:
        """A population behind the last one, which transmits spikes or, with `traces`, its mask."""
        pre = self.populations[-1]
        geometry = chain_geometry(operators, pre.geometry)
        assert geometry is not None
        transmits = "mask"
        if pre.model().variable("mask") is None or (not traces and self.chance(0.3)):
            transmits = "spikes"
        if neuron is None:
            plain = self.exact_reals or self.chance(0.85)
            neuron = HIDDEN["IaF"] if plain else self.hidden_neuron(name)
        self.add(name, geometry, neuron, role)
        self.projections.append(
            Projection(f"to_{name}", pre.name, name, operators, transmits, "exc", self.delay)
        )


def _exact_means(pool: MeanPool, geometry: Geometry) -> bool:
    """Whether all means are of 1, 2, 4 or more cells of that row: no division rounds."""
    received = pool.output_geometry(geometry)
    assert received is not None
    counts = {1}
    for axis, (size, stride, (before, _)) in enumerate(
        zip(pool.size, pool.strides, pool.padding, strict=True)
    ):
        starts = [window * stride - before for window in range(received[axis])]
        cells = {min(start + size, geometry[axis]) - max(start, 0) for start in starts}
        counts = {count * cell for count in counts for cell in cells}
    return all(count & (count - 1) == 0 for count in counts)
