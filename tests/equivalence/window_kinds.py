"""The kinds of windows that random networks must hold, and those that a network holds.

A kind is what one axis of a window, the operator and what it stands behind have in common as far as
passes tell cases apart: an operator whose windows overlap, lie side by side or leave gaps; that
starts at the first cell or in front of it; whose last window ends before the last cell, with it or
behind it (which is padding and remainder in one); that reads all channels or groups of them; and
the population that it reads, by the operator that feeds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Operator, Reshape
from annconv.ir.projection import Projection
from annconv.plan.layer_arrival import WIDEST_PATTERN

Window = Convolution | MaxPool | MeanPool

STRIDES = ("overlap", "side by side", "gaps")
FRONTS = ("starts at the edge", "starts in front")
BACKS = ("ends before the edge", "ends at the edge", "ends behind")
GROUPS = ("all channels", "groups")
POOLS = ("max pool", "mean pool")
BEHIND = ("input", "convolution", "pooling", "dense")


class Kind(NamedTuple):
    """A kind of window, along one axis."""

    operator: str
    stride: str
    front: str
    back: str
    groups: str
    behind: str


CONVOLUTIONS = tuple(
    Kind("convolution", *rest, "") for rest in product(STRIDES, FRONTS, BACKS, GROUPS)
)
POOLINGS = tuple(
    Kind(operator, *rest, "all channels", "")
    for operator, *rest in product(POOLS, STRIDES, FRONTS, BACKS)
)
KINDS = tuple(kind._replace(behind=behind) for kind in CONVOLUTIONS + POOLINGS for behind in BEHIND)
"""The plain list: every kind that has to be drawn."""

RANKS = tuple(product(("convolution", *POOLS), ("1 axis", "2 axes", "3 axes"), BEHIND))
MAPS = tuple(
    product(
        ("convolution", *POOLS),
        ("odd channels", "one channel", "a map of one row or column", "behind a Reshape"),
    )
)
CUTS = tuple(
    ("convolution", dilation, stride, groups)
    for dilation, stride, groups in product(("dilated", "dense taps"), STRIDES, GROUPS)
)
REMAINDERS = tuple(
    (operator, f"size {size}", f"remainder {left}")
    for operator in POOLS
    for size in (2, 3, 4)
    for left in range(size)
)
TABLES = (("convolution", "one channel", "a row fits a table"),
          ("convolution", "one channel", "a row is too long"))  # fmt: skip
FURTHER: tuple[tuple[str, ...], ...] = (*RANKS, *MAPS, *CUTS, *REMAINDERS, *TABLES)
"""What else has to be drawn, with its operator."""


def drawn(networks: Iterable[Network]) -> Counter[tuple[str, ...]]:
    """How many windows of every kind some networks hold, and how many of what is further asked."""
    counts: Counter[tuple[str, ...]] = Counter()
    for network in networks:
        for operator, geometry, behind, reshaped in windows_of(network):
            kinds = [axis_kind(operator, geometry, behind, axis) for axis in _axes(operator)]
            counts.update(set(kinds))
            counts.update(set(_further(operator, geometry, behind, kinds, reshaped=reshaped)))
    return counts


def windows_of(network: Network) -> Iterator[tuple[Window, Geometry, str, bool]]:
    """Every window, the geometry that it reads, what it stands behind, if a Reshape is between."""
    for projection in network.projections:
        geometry: Geometry | None = network[projection.pre].geometry
        behind, reshaped = _fed_by(network, projection), _ends_reshaped(network, projection)
        for operator in projection.operators:
            assert geometry is not None
            if isinstance(operator, Window):
                yield operator, geometry, behind, reshaped
            reshaped = reshaped or isinstance(operator, Reshape)
            geometry = operator.output_geometry(geometry)


def axis_kind(operator: Window, geometry: Geometry, behind: str, axis: int) -> Kind:
    """The kind of a window along one axis of what it reads."""
    span = _span(operator, axis)
    stride, (before, _) = operator.strides[axis], operator.padding[axis]
    received = operator.output_geometry(geometry)
    assert received is not None
    over = (received[axis] - 1) * stride + span - before - geometry[axis]
    groups = operator.groups if isinstance(operator, Convolution) else 1
    return Kind(
        _name(operator),
        STRIDES[0 if stride < span else 1 if stride == span else 2],
        FRONTS[before > 0],
        BACKS[0 if over < 0 else 1 if over == 0 else 2],
        GROUPS[groups > 1],
        behind,
    )


def _further(
    operator: Window, geometry: Geometry, behind: str, kinds: list[Kind], *, reshaped: bool
) -> Iterator[tuple[str, ...]]:
    name, spatial, channels = _name(operator), geometry[:-1], geometry[-1]
    yield (name, ("1 axis", "2 axes", "3 axes")[len(spatial) - 1], behind)
    if channels == 1:
        yield (name, "one channel")
        if isinstance(operator, Convolution):
            long = operator.size[-1] > WIDEST_PATTERN
            yield (name, "one channel", "a row is too long" if long else "a row fits a table")
    elif channels % 2:
        yield (name, "odd channels")
    if len(spatial) > 1 and 1 in spatial:
        yield (name, "a map of one row or column")
    if reshaped:
        yield (name, "behind a Reshape")
    for axis, kind in enumerate(kinds):
        if isinstance(operator, Convolution):
            dilation = "dilated" if operator.dilation[axis] > 1 else "dense taps"
            yield (name, dilation, kind.stride, kind.groups)
        elif kind.stride == "side by side":
            size = operator.size[axis]
            yield (name, f"size {size}", f"remainder {spatial[axis] % size}")


def _name(operator: Window) -> str:
    if isinstance(operator, Convolution):
        return "convolution"
    return "max pool" if isinstance(operator, MaxPool) else "mean pool"


def _axes(operator: Window) -> range:
    return range(len(operator.size))


def _span(operator: Window, axis: int) -> int:
    """Cells from the first to the last of a window."""
    dilation = operator.dilation[axis] if isinstance(operator, Convolution) else 1
    return (operator.size[axis] - 1) * dilation + 1


def _feeding(network: Network, projection: Projection) -> tuple[Operator, ...]:
    """The operators of the first projection onto the population that a projection reads."""
    return next(iter(network.arriving(projection.pre))).operators


def _fed_by(network: Network, projection: Projection) -> str:
    """What kind of operator feeds the population that a projection reads."""
    if network[projection.pre].role == "input":
        return "input"
    last = next(
        entry
        for entry in reversed(_feeding(network, projection))
        if isinstance(entry, Window | Dense)
    )
    if isinstance(last, Dense):
        return "dense"
    return "convolution" if isinstance(last, Convolution) else "pooling"


def _ends_reshaped(network: Network, projection: Projection) -> bool:
    """Whether the population that a projection reads has a geometry that a Reshape gives it."""
    if network[projection.pre].role == "input":
        return False
    return isinstance(_feeding(network, projection)[-1], Reshape)
