"""What the templates of a whole network see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annconv.codegen.contexts import place, slotted_buffers
from annconv.codegen.headers import expression_headers
from annconv.codegen.names import cpp_name, statistic_function, statistic_name
from annconv.codegen.shapes import kernel_names
from annconv.codegen.statements import condition_text, expression_text, real_literal
from annconv.neurons.expressions import Expression, Statistic, names, nodes
from annconv.plan.kernels import (
    Kernel,
    LayerKernel,
    OperatorKernel,
    SharingKernel,
    extents_of,
    number_of,
)
from annconv.plan.layouts import blocks
from annconv.plan.operators import CONVOLVE_EVENTS
from annconv.plan.plan import Plan, ReadoutPlan, emitting

Context = dict[str, Any]

REAL_TYPES = {"single": "float", "double": "double", "int16": "float"}
BUFFER_TYPES = {
    "real": "real", "spike": "std::int8_t", "bits": "std::uint8_t", "count": "std::int32_t",
    "flag": "bool",
}  # fmt: skip
PACKED_TYPES = {"real": "real", "int16": "std::int16_t", "int32": "std::int32_t"}

SUMMING_SOURCES = ("ConvolutionSource", "DenseSource")
"""Sources of layers that compute the sums of a block before its neurons run."""
ALL_COUNTS = "all_counts"
"""The spikes of all output neurons so far, as real numbers."""
LAYER_PARTS = ("sums", "neurons")
"""What is timed of such a layer."""


def network_context(plan: Plan) -> Context:
    """Context of the files that describe a whole network."""
    slotted = slotted_buffers(plan)
    groups = _groups(plan)
    names = kernel_names(plan)
    return {
        "summary": f"A spiking network of {len(plan.populations)} populations, "
        f"{sum(plan.populations)} neurons, {plan.precision} precision",
        "real": REAL_TYPES[plan.precision],
        "dt": real_literal(plan.dt),
        "digest": plan.digest(),
        "inputs": plan.inputs,
        "outputs": plan.readout.outputs,
        "buffers": _buffers(plan),
        "cleared": _cleared(plan, slotted),
        "packed": [
            {"name": entry.name, "type": PACKED_TYPES[entry.type], "length": entry.length}
            for entry in plan.packed
        ],
        "tile": plan.tile,
        "blocks": max([1, *map(_summed_blocks, plan.kernels)]),
        "kernels": [
            {
                "name": kernel.name,
                "is_layer": isinstance(kernel, LayerKernel),
                "scratch": names[kernel.name].scratch if _needs_scratch(kernel) else None,
            }
            for kernel in plan.kernels
            if not isinstance(kernel, SharingKernel)
        ],
        "groups": groups,
        "parts": [f'"{part}"' for group in groups for part in group["parts"]],
        "shared": _shared_context(plan),
        "carried": sorted(slotted),
        "populations": _populations(plan, slotted),
        "has_places": any(kept is not None and kept.places is not None for kept in plan.spikes),
        "variables": _variables(plan, slotted),
        "readout": _readout_context(plan.readout, slotted),
    }


def _buffers(plan: Plan) -> list[Context]:
    """Members of the arena."""
    return [
        {
            "name": entry.name,
            "type": BUFFER_TYPES[entry.type],
            "slots": f"[{entry.slots}]" if entry.slots > 1 else "",
            "length": entry.length,
        }
        for entry in plan.buffers
    ]


def _summed_blocks(kernel: Kernel) -> int:
    """Into how many blocks a layer's sums are split, of which each thread of a team takes some."""
    if not isinstance(kernel, LayerKernel) or kernel.reads_rates:
        return 0
    shape = dict(kernel.constants)
    channel_blocks = blocks(number_of(shape, "kChannelsOut"), number_of(shape, "kTileChannels"))
    if "kBlockRows" not in shape:
        return channel_blocks
    rows = extents_of(shape, "kOut")[1]
    return channel_blocks * -(-rows // number_of(shape, "kBlockRows"))


def _needs_scratch(kernel: Kernel) -> bool:
    """Whether a kernel works in memory that is its thread's own."""
    if isinstance(kernel, LayerKernel):
        return True
    return isinstance(kernel, OperatorKernel) and kernel.function == CONVOLVE_EVENTS


def _cleared(plan: Plan, slotted: frozenset[str]) -> list[str]:
    """What a sample starts with as zeros: all that its first step reads and no values fill."""
    variables = {
        entry.buffer
        for update in emitting(plan)
        for entry in update.variables
        if entry.initial is not None
    }
    return [
        f"{entry.name}[0]" if entry.name in slotted else entry.name
        for entry in plan.buffers
        if entry.name not in variables
    ]


def _populations(plan: Plan, slotted: frozenset[str]) -> list[Context]:
    """Size, spikes, places of channels and a label of every population."""
    updates = emitting(plan)
    labels = {update.population: update.summary.rpartition(": ")[0] for update in updates}
    return [
        {
            "size": size,
            "spikes": None if kept is None else _slot(kept.buffer, slotted),
            "places": None if kept is None else kept.places,
            "name": labels.get(index, "junction"),
        }
        for index, (size, kept) in enumerate(zip(plan.populations, plan.spikes, strict=True))
    ]


def _variables(plan: Plan, slotted: frozenset[str]) -> list[Context]:
    """Where every variable lies and how its initial values are spread over it."""
    lengths = {entry.name: entry.length for entry in plan.buffers}
    found = []
    for update in emitting(plan):
        for variable in update.variables:
            if variable.initial is None:
                continue
            length = lengths[variable.buffer]
            first = "[0]" if variable.buffer in slotted else ""
            found.append(
                {
                    "buffer": f"{variable.buffer}{first}",
                    "initial": variable.initial,
                    "neurons": length,
                    "period": {"one": 1, "channel": update.channels, "each": length}[
                        variable.broadcast
                    ],
                }
            )
    return found


def _shared_context(plan: Plan) -> Context | None:
    """How inputs of equal rate are run as one."""
    shared = plan.shared_inputs
    if shared is None:
        return None
    numbers = f"{shared.inputs}, {shared.blocks}, {shared.block}"
    weight = next(entry.type for entry in plan.packed if entry.name == shared.weights)
    return {
        "type": f"annconv::SharedInputs<real, {PACKED_TYPES[weight]}, {numbers}>",
        "weights": shared.weights,
    }


def _slot(buffer: str, slotted: frozenset[str]) -> str:
    """A buffer as some step of the tile left it."""
    return f"{buffer}[slot + 1]" if buffer in slotted else buffer


def _groups(plan: Plan) -> list[Context]:
    """Kernels that run together in each step of a tile, and layers, which run whole tiles."""
    groups: list[Context] = []
    for kernel in plan.kernels:
        if isinstance(kernel, SharingKernel):  # a call of its own, in front of all others
            continue
        is_layer = isinstance(kernel, LayerKernel)
        population = kernel.population if plan.tile > 1 else 0
        reads_out = plan.tile == 1 or population == plan.readout.population
        if not is_layer and groups and groups[-1]["population"] == population:
            groups[-1]["kernels"].append(_called(kernel))
        else:
            groups.append(
                {
                    "population": None if is_layer else population,
                    "is_layer": is_layer,
                    "sums_first": isinstance(kernel, LayerKernel)
                    and any(entry.function in SUMMING_SOURCES for entry in kernel.arrivals),
                    "kernels": [_called(kernel)],
                    "reads_out": reads_out,
                }
            )
    first = 0
    for group in groups:
        name = group["kernels"][-1]["name"]
        group["parts"] = (
            [f"{name} {part}" for part in LAYER_PARTS] if group["sums_first"] else [name]
        )
        group["first_part"], group["last_part"] = first, first + len(group["parts"]) - 1
        first += len(group["parts"])
    return groups


def _called(kernel: Kernel) -> Context:
    """The call of a kernel: its name, and whether a sample needs one alone."""
    return {"name": kernel.name, "once": kernel.runs == "sample"}


def _readout_context(readout: ReadoutPlan, slotted: frozenset[str]) -> Context:
    return {
        "counts": readout.counts,
        "spikes": place(readout.spikes, slotted),
        "headers": expression_headers((readout.stop, readout.score)),
        "stop": _optional(readout.stop),
        "score": expression_text(readout.score),
        **_readout_lines(readout, "stop", readout.stop),
        **_readout_lines(readout, "score", readout.score),
    }


def _readout_lines(readout: ReadoutPlan, part: str, expression: Expression | None) -> Context:
    """Lines that bring what an expression reads into scope: before the loop and inside it."""
    reads: Iterable[str] = () if expression is None else names(expression, previous=False)
    parameters = [
        f"const real {cpp_name(name)} = weights.{packed}[0];"
        for name, packed in readout.parameters
        if name in reads
    ]
    loads = [
        f"const real {cpp_name(name)} = arena.{buffer}[neuron];"
        for name, buffer in readout.variables
        if name in reads
    ]
    if "count" in reads:
        loads.append(f"const real count = static_cast<real>(arena.{readout.counts}[neuron]);")
    across = [] if expression is None else _across_lines(readout, expression)
    return {
        f"{part}_reads_weights": bool(parameters),
        f"{part}_constants": [*parameters, *across],
        f"{part}_loads": loads,
    }


def _across_lines(readout: ReadoutPlan, expression: Expression) -> list[str]:
    """Lines that compute functions of all output neurons."""
    found = dict.fromkeys(node for node in nodes(expression) if isinstance(node, Statistic))
    arrays = {name: f"arena.{buffer}" for name, buffer in readout.variables}
    lines = []
    if any(entry.variable == "count" for entry in found):
        arrays["count"] = ALL_COUNTS
        lines += [
            f"real {ALL_COUNTS}[{readout.outputs}];",
            f"std::copy_n(arena.{readout.counts}, {readout.outputs}, {ALL_COUNTS});",
        ]
    return lines + [
        f"const real {statistic_name(entry)} = "
        f"annconv::{statistic_function(entry)}<{readout.outputs}>({arrays[entry.variable]});"
        for entry in found
    ]


def _optional(condition: Expression | None) -> str:
    """A condition as C++, "" where there is none."""
    return "" if condition is None else condition_text(condition)
