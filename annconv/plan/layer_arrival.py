"""How what arrives at a layer is computed: which source, its tiles, and its weights' layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from annconv.plan.arrays import Packed
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
from annconv.plan.operators import FUSED_SCALE
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
class PlannedArrival:
    """What arrives, the layer's shape, and the plan's packed arrays with the weights laid out."""

    arrival: Arrival
    constants: Constants
    packed: tuple[Packed, ...]


def rates_arrival(plan: Plan, update: UpdateKernel) -> PlannedArrival:
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
    arrival = Arrival("RatesSource", None, 0, None, None, None, None, why)
    return PlannedArrival(arrival, constants, plan.packed)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A source, its shape, its weights' layout and length, and what decided it."""

    function: str
    constants: Constants
    layout: Layout
    length: int
    why: str


def arrival_of(
    plan: Plan,
    operator: OperatorKernel,
    scale: OperatorKernel | None,
    fade: OperatorKernel | None,
    pool: OperatorKernel | None,
) -> PlannedArrival | None:
    """How a layer computes what arrives.

    Args:
        plan: The plan; its packed arrays hold the operator's weights.
        operator: The one operator onto the neurons.
        scale: What multiplies its result.
        fade: What a step leaves of the trace of what arrived.
        pool: A pooling of non-overlapping windows behind the neurons.
    Returns:
        None where no source suits the operator's shape.
    """
    choice = _choose(plan, operator, pool)
    if choice is None or operator.packed is None:
        return None
    whole = plan.precision == "int16"
    packed = tuple(
        replace(
            entry,
            length=choice.length,
            layout=choice.layout,
            type="int16" if whole else "real",
        )
        if entry.name == operator.packed
        else entry
        for entry in plan.packed
    )
    arrival = Arrival(
        function=choice.function,
        spikes=operator.source,
        delay=operator.delay,
        weights=operator.packed,
        factors=None if scale is None else scale.packed,
        decay=None if fade is None else fade.packed,
        trace=None if fade is None else fade.target,
        why=choice.why,
        whole=whole,
        fused=scale is not None and scale.function == FUSED_SCALE,
    )
    shared: Constants = (
        ("kVectorBytes", plan.target.vector_bytes),
        ("kTileSteps", plan.tile),
        *_pool_constants(pool),
    )
    return PlannedArrival(arrival, (*choice.constants, *shared), packed)


def _pool_constants(pool: OperatorKernel | None) -> Constants:
    if pool is None:
        return ()
    return (("kPool", extents_of(dict(pool.constants), "kSize")[1:]), ("kPoolDelay", pool.delay))


def _choose(plan: Plan, operator: OperatorKernel, pool: OperatorKernel | None) -> _Choice | None:
    shape = dict(operator.constants)
    if operator.function == "multiply":
        return _dense(plan, shape)
    if operator.function != "convolve":
        return None
    if pool is not None:
        shape["kOut"] = _covered(dict(pool.constants))
    return _row_table(plan, shape, pool) or _convolution(plan, shape, pool)


def _covered(pool: Mapping[str, Constant]) -> tuple[int, ...]:
    """The part of the plane that pooling windows cover; where they hang over it, all of it."""
    axes = zip(*(extents_of(pool, name) for name in ("kIn", "kOut", "kSize")), strict=True)
    return tuple(min(extent, count * size) for extent, count, size in axes)


def _convolution(
    plan: Plan, shape: dict[str, Constant], pool: OperatorKernel | None
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
    return _Choice("ConvolutionSource", constants, layout, length, tiles.why)


def _row_table(
    plan: Plan, shape: dict[str, Constant], pool: OperatorKernel | None
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
    block = vectors * lanes
    multiple = 1 if pool is None else extents_of(dict(pool.constants), "kSize")[1]
    constants: Constants = (
        *((name, shape[name]) for name in PLANE),
        ("kTileChannels", block),
        ("kBlockRows", multiple),
        ("kSkipsResting", 0),
    )
    length = rows * 2**columns * blocks(filters, block) * block
    why = f"tables of {2**columns} row patterns, {table * vectors / 1024:.1f} KB"
    return _Choice("RowTableSource", constants, RowTableLayout(block), length, why)


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


def _dense(plan: Plan, shape: Mapping[str, Constant]) -> _Choice | None:
    inputs, outputs = number_of(shape, "kInputs"), number_of(shape, "kOutputs")
    bytes_of_sums = _sum_bytes(plan, outputs)
    lanes = bytes_of_sums // WEIGHT_BYTES[plan.precision]
    if 2 * outputs < lanes:
        return None
    needed = ceil(outputs / lanes)
    vectors = ceil(needed / ceil(needed / plan.target.sum_registers))
    block = vectors * lanes
    constants: Constants = (
        ("kOut", (1, 1, 1)),
        ("kSumBytes", bytes_of_sums),
        ("kInputs", inputs),
        ("kChannelsOut", outputs),
        ("kTileChannels", block),
        ("kSafeAdditions", _safe_additions(plan, inputs)),
        ("kSkipsResting", 0),
    )
    length = inputs * blocks(outputs, block) * block
    why = f"sums of {block} outputs in registers"
    return _Choice("DenseSource", constants, DenseLayout(block), length, why)


def _safe_additions(plan: Plan, inputs: int) -> int:
    """How many of a neuron's weights are added up before their sum becomes wider, 0 for all."""
    return safe_additions(inputs) if plan.precision == "int16" else 0


def _sum_bytes(plan: Plan, outputs: int) -> int:
    return sum_bytes(outputs, WEIGHT_BYTES[plan.precision], plan.target)


def _window_constants(shape: Mapping[str, Constant]) -> Constants:
    return tuple((name, shape[name]) for name in (*PLANE, "kDilation", "kChannelsIn"))
