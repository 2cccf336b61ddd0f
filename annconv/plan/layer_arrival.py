"""How what arrives at a layer is computed: which source, its tiles, and its weights' layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

from annconv.plan.arrays import Packed
from annconv.plan.arriving import Arriving
from annconv.plan.event_tiles import choose_tiles, sum_bytes
from annconv.plan.kernels import (
    Arrival,
    Constant,
    Constants,
    OperatorKernel,
    UpdateKernel,
    extents_of,
    number_of,
)
from annconv.plan.layouts import (
    DenseLayout,
    KernelLayout,
    Layout,
    RowTableLayout,
    blocks,
)
from annconv.plan.plan import Plan
from annconv.plan.quantisation import safe_additions
from annconv.plan.target import WEIGHT_BYTES

VECTORS_OF_RATES = 4
"""Vectors of input neurons that run side by side."""
PLANE = ("kIn", "kOut", "kSize", "kStride", "kPad", "kChannelsOut")
"""Constants of a window that runs over a plane of one channel, without gaps between its taps."""
WIDEST_PATTERN = 6
"""Columns of a kernel whose patterns are tabulated."""


@dataclass(frozen=True, slots=True)
class PlannedArrivals:
    """What arrives at a layer, and the plan's packed arrays with the weights laid out."""

    arrivals: tuple[Arrival, ...]
    packed: tuple[Packed, ...]


def rates_arrival(plan: Plan, update: UpdateKernel) -> Arrival:
    """How the rates of a sample arrive at the input's neurons."""
    lanes = plan.lanes
    constants: Constants = (
        ("kOut", (1, 1, 1)),
        ("kChannelsOut", update.neurons),
        ("kTileChannels", VECTORS_OF_RATES * lanes),
        ("kSkipsResting", 0),
        ("kVectorBytes", plan.target.vector_bytes),
    )
    why = f"{VECTORS_OF_RATES * lanes} rates at a time"
    return Arrival("RatesSource", constants, None, 0, None, None, None, None, why)


@dataclass(frozen=True, slots=True)
class _Block:
    """The neurons for which a layer computes what arrives in one go: so many rows and channels."""

    rows: int
    channels: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """A source, its shape and block, its weights' layout and length, and what decided it."""

    function: str
    constants: Constants
    block: _Block
    why: str
    layout: Layout | None = None
    length: int = 0


def arrivals_of(
    plan: Plan,
    arriving: Sequence[Arriving],
    geometry: tuple[int, ...],
    pool: OperatorKernel | None,
) -> PlannedArrivals | None:
    """How a layer computes what arrives.

    All of it is computed for the same block of neurons. The projection that adds up most weights
    chooses the block; where another one cannot take it, that one chooses.

    Args:
        plan: The plan; its packed arrays hold the operators' weights.
        arriving: The projections onto the neurons, one of which at least adds up weights.
        geometry: Of the neurons.
        pool: A pooling of non-overlapping windows behind the neurons.
    Returns:
        None where no sources suit the operators' shapes.
    """
    summing = [entry for entry in arriving if entry.sums]
    for leader in sorted(summing, key=lambda entry: -_additions(entry.operator)):
        first = _choose(plan, leader, geometry, pool, None)
        if first is None:
            continue
        choices = [
            first if entry is leader else _choose(plan, entry, geometry, pool, first.block)
            for entry in arriving
        ]
        whole = [entry for entry in choices if entry is not None]
        if len(whole) == len(arriving):
            return _planned(plan, arriving, whole, pool)
    return None


def _additions(operator: OperatorKernel) -> int:
    """How many weights a neuron may add up in a step."""
    shape = dict(operator.constants)
    if operator.function == "multiply":
        return number_of(shape, "kInputs")
    return prod(extents_of(shape, "kSize")) * number_of(shape, "kChannelsIn")


def _planned(
    plan: Plan,
    arriving: Sequence[Arriving],
    choices: Sequence[_Choice],
    pool: OperatorKernel | None,
) -> PlannedArrivals:
    """The arrivals of a layer with the sources chosen for them."""
    integers = plan.precision == "int16"
    shared: Constants = (
        ("kVectorBytes", plan.target.vector_bytes),
        ("kTileSteps", plan.tile),
        *_pool_constants(pool),
    )
    packed = {entry.name: entry for entry in plan.packed}
    arrivals = []
    for entry, choice in zip(arriving, choices, strict=True):
        weights = entry.operator.packed if entry.sums else None
        if weights is not None:
            packed[weights] = replace(
                packed[weights],
                length=choice.length,
                layout=choice.layout,
                type="int16" if integers else "real",
            )
        arrivals.append(
            Arrival(
                function=choice.function,
                constants=(*choice.constants, *shared),
                spikes=entry.operator.source,
                delay=entry.operator.delay,
                weights=weights,
                factors=entry.factors,
                decay=entry.decay,
                trace=entry.trace,
                why=choice.why,
                whole=integers and weights is not None,
                fused=entry.fused,
                signed=entry.operator.reads != "spike",
            )
        )
    return PlannedArrivals(tuple(arrivals), tuple(packed.values()))


def _pool_constants(pool: OperatorKernel | None) -> Constants:
    if pool is None:
        return ()
    return (("kPool", extents_of(dict(pool.constants), "kSize")[1:]), ("kPoolDelay", pool.delay))


def _choose(
    plan: Plan,
    arriving: Arriving,
    geometry: tuple[int, ...],
    pool: OperatorKernel | None,
    block: _Block | None,
) -> _Choice | None:
    """A source for a projection, for a block of neurons where that is given."""
    operator = arriving.operator
    shape = dict(operator.constants)
    if operator.function == "multiply":
        return _dense(plan, shape, block)
    if not arriving.sums:
        return None if block is None else _element(geometry, pool, block)
    if pool is not None:
        shape["kOut"] = _covered(dict(pool.constants))
    return _row_table(plan, shape, pool, block) or _convolution(plan, shape, pool, block)


def _element(
    geometry: tuple[int, ...], pool: OperatorKernel | None, block: _Block
) -> _Choice | None:
    """Spikes as they are: each neuron receives those of the neuron at its own place."""
    depth, rows, columns = (1, 1, 1, *geometry[:-1])[-3:]
    if depth != 1 or len(geometry) > 4:
        return None
    plane = (depth, rows, columns)
    constants: Constants = (
        ("kIn", plane),
        ("kOut", plane if pool is None else _covered(dict(pool.constants))),
        ("kChannelsOut", geometry[-1]),
        ("kTileChannels", block.channels),
        ("kBlockRows", block.rows),
        ("kSkipsResting", 0),
    )
    return _Choice("ElementSource", constants, block, "a spike for each neuron")


def _covered(pool: Mapping[str, Constant]) -> tuple[int, ...]:
    """The part of the plane that pooling windows cover; where they hang over it, all of it."""
    axes = zip(*(extents_of(pool, name) for name in ("kIn", "kOut", "kSize")), strict=True)
    return tuple(min(extent, count * size) for extent, count, size in axes)


def _convolution(
    plan: Plan, shape: dict[str, Constant], pool: OperatorKernel | None, block: _Block | None
) -> _Choice | None:
    multiple = 1 if pool is None else extents_of(dict(pool.constants), "kSize")[1]
    _, rows, columns = extents_of(shape, "kSize")
    inputs = rows * columns * number_of(shape, "kChannelsIn")
    additions = _safe_additions(plan, inputs)
    tiles = choose_tiles(
        shape,
        WEIGHT_BYTES[plan.precision],
        plan.target,
        row_multiple=multiple,
        steps=plan.tile,
        wide=additions > 0,
        block=None if block is None else (block.rows, block.channels),
    )
    if tiles is None:
        return None
    constants: Constants = (
        *_window_constants(shape),
        ("kSumBytes", _sum_bytes(plan, number_of(shape, "kChannelsOut"))),
        *tiles.constants(),
        ("kPatterns", 0),
        ("kSafeAdditions", additions),
        ("kSkipsResting", 0),
    )
    layout = KernelLayout(tiles.channels, tiles.rows_together)
    whole = blocks(number_of(shape, "kChannelsOut"), tiles.channels) * tiles.channels
    length = inputs * whole
    own = _Block(tiles.block_rows, tiles.channels)
    return _Choice("ConvolutionSource", constants, own, tiles.why, layout, length)


def _row_table(
    plan: Plan, shape: dict[str, Constant], pool: OperatorKernel | None, block: _Block | None
) -> _Choice | None:
    """One input channel: tables of row patterns, where they fit the cache and rows fit a word."""
    if not _has_row_patterns(shape):
        return None
    _, rows, columns = extents_of(shape, "kSize")
    if _safe_additions(plan, rows * columns):
        return None
    weight_bytes = WEIGHT_BYTES[plan.precision]
    lanes = plan.lanes
    filters = number_of(shape, "kChannelsOut")
    table = rows * 2**columns * lanes * weight_bytes
    vectors = min(ceil(filters / lanes), max(1, plan.target.cache_bytes // 2 // table))
    if 2 * filters < lanes or table > plan.target.cache_bytes:
        return None
    multiple = 1 if pool is None else extents_of(dict(pool.constants), "kSize")[1]
    own = _Block(multiple, vectors * lanes)
    if block is not None:
        if block.channels % lanes or block.channels > own.channels:
            return None
        own, vectors = block, block.channels // lanes
    constants: Constants = (
        *((name, shape[name]) for name in PLANE),
        ("kTileChannels", own.channels),
        ("kBlockRows", own.rows),
        ("kSkipsResting", 0),
    )
    length = rows * 2**columns * blocks(filters, own.channels) * own.channels
    why = f"tables of {2**columns} row patterns, {table * vectors / 1024:.1f} KB"
    return _Choice("RowTableSource", constants, own, why, RowTableLayout(own.channels), length)


def _has_row_patterns(shape: Mapping[str, Constant]) -> bool:
    """Whether what lies under a kernel row is one short pattern of bits.

    It is on a plane of one channel, for taps side by side and rows of few columns.
    """
    depths = [extents_of(shape, name)[0] for name in ("kIn", "kOut", "kSize")]
    return (
        depths == [1, 1, 1]
        and number_of(shape, "kChannelsIn") == 1
        and extents_of(shape, "kDilation") == (1, 1, 1)
        and extents_of(shape, "kSize")[2] <= WIDEST_PATTERN
    )


def _dense(plan: Plan, shape: Mapping[str, Constant], block: _Block | None) -> _Choice | None:
    inputs, outputs = number_of(shape, "kInputs"), number_of(shape, "kOutputs")
    bytes_of_sums = _sum_bytes(plan, outputs)
    lanes = bytes_of_sums // WEIGHT_BYTES[plan.precision]
    if 2 * outputs < lanes:
        return None
    needed = ceil(outputs / lanes)
    vectors = ceil(needed / ceil(needed / plan.target.sum_registers))
    own = _Block(1, vectors * lanes)
    if block is not None:
        fits = block.channels % lanes == 0 and block.channels <= plan.target.sum_registers * lanes
        if block.rows != 1 or not fits:
            return None
        own = block
    constants: Constants = (
        ("kOut", (1, 1, 1)),
        ("kSumBytes", bytes_of_sums),
        ("kInputs", inputs),
        ("kChannelsOut", outputs),
        ("kTileChannels", own.channels),
        ("kSafeAdditions", _safe_additions(plan, inputs)),
        ("kSkipsResting", 0),
    )
    length = inputs * blocks(outputs, own.channels) * own.channels
    why = f"sums of {own.channels} outputs in registers"
    return _Choice("DenseSource", constants, own, why, DenseLayout(own.channels), length)


def _safe_additions(plan: Plan, inputs: int) -> int:
    """How many of a neuron's weights are added up before their sum becomes wider, 0 for all."""
    return safe_additions(inputs) if plan.precision == "int16" else 0


def _sum_bytes(plan: Plan, outputs: int) -> int:
    return sum_bytes(outputs, WEIGHT_BYTES[plan.precision], plan.target)


def _window_constants(shape: Mapping[str, Constant]) -> Constants:
    return tuple((name, shape[name]) for name in (*PLANE, "kDilation", "kChannelsIn"))
