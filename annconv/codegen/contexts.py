"""What templates see: numbers, names and finished C++ lines made from a Plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annconv.codegen.emission import emission_lines, emitted_text
from annconv.codegen.layer_context import layer_context
from annconv.codegen.names import cpp_name
from annconv.codegen.shapes import constant_context, pascal_case
from annconv.codegen.statements import (
    condition_text,
    expression_text,
    real_literal,
    update_lines,
)
from annconv.neurons.expressions import Expression, names
from annconv.neurons.model import OdeBlock
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel, UpdateKernel
from annconv.plan.plan import Plan, ReadoutPlan, emitting

Context = dict[str, Any]

REAL_TYPES = {"single": "float", "double": "double", "int16": "float"}
BUFFER_TYPES = {"real": "real", "spike": "std::int8_t", "count": "std::int32_t"}
PACKED_TYPES = {"real": "real", "int16": "std::int16_t"}
PI = "constexpr real pi = static_cast<real>(3.14159265358979323846);"


def network_context(plan: Plan) -> Context:
    """Context of the files that describe a whole network."""
    updates = emitting(plan)
    labels = {update.population: update.summary.rpartition(": ")[0] for update in updates}
    slotted = slotted_buffers(plan)
    lengths = {entry.name: entry.length for entry in plan.buffers}
    return {
        "summary": f"A spiking network of {len(plan.populations)} populations, "
        f"{sum(plan.populations)} neurons, {plan.precision} precision",
        "real": REAL_TYPES[plan.precision],
        "dt": real_literal(plan.dt),
        "digest": plan.digest(),
        "inputs": plan.inputs,
        "outputs": plan.readout.outputs,
        "buffers": [
            {
                "name": entry.name,
                "type": BUFFER_TYPES[entry.type],
                "slots": f"[{entry.slots}]" if entry.slots > 1 else "",
                "length": entry.length,
            }
            for entry in plan.buffers
        ],
        "packed": [
            {"name": entry.name, "type": PACKED_TYPES[entry.type], "length": entry.length}
            for entry in plan.packed
        ],
        "tile": plan.tile,
        "kernels": [
            {"name": kernel.name, "is_layer": isinstance(kernel, LayerKernel)}
            for kernel in plan.kernels
        ],
        "groups": _groups(plan),
        "shared": _shared_context(plan),
        "carried": sorted(slotted),
        "populations": [
            {
                "size": size,
                "spikes": None if name is None else _slot(name, slotted),
                "name": labels.get(index, "junction"),
            }
            for index, (size, name) in enumerate(zip(plan.populations, plan.spikes, strict=True))
        ],
        "variables": [
            {
                "buffer": f"{variable.buffer}[0]"
                if variable.buffer in slotted
                else variable.buffer,
                "initial": variable.initial,
                "neurons": lengths[variable.buffer],
                "period": {
                    "one": 1,
                    "channel": update.channels,
                    "each": lengths[variable.buffer],
                }[variable.broadcast],
            }
            for update in updates
            for variable in update.variables
        ],
        "readout": _readout_context(plan.readout, slotted),
    }


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
        is_layer = isinstance(kernel, LayerKernel)
        stage = kernel.stage if plan.tile > 1 else 0
        reads_out = plan.tile == 1 or stage == plan.readout.population
        if not is_layer and groups and groups[-1]["stage"] == stage:
            groups[-1]["kernels"].append(kernel.name)
        else:
            groups.append(
                {
                    "stage": None if is_layer else stage,
                    "is_layer": is_layer,
                    "kernels": [kernel.name],
                    "reads_out": reads_out,
                }
            )
    for group in groups:
        group["name"] = f'"{group["kernels"][-1]}"'
    return groups


def kernel_context(kernel: Kernel, plan: Plan) -> Context:
    """Context of one kernel."""
    slotted = slotted_buffers(plan)
    match kernel:
        case OperatorKernel():
            return _operator_context(kernel, slotted)
        case LayerKernel():
            return layer_context(kernel, plan)
        case UpdateKernel():
            return _update_context(kernel, slotted)


def slotted_buffers(plan: Plan) -> frozenset[str]:
    """Buffers that hold every step of a tile."""
    return frozenset(entry.name for entry in plan.buffers if entry.slots > 1)


def place(buffer: str, slotted: frozenset[str], *, before: bool = False) -> str:
    """A buffer as this step writes it, or as the step before left it."""
    if buffer not in slotted:
        return f"arena.{buffer}"
    return f"arena.{buffer}[step.slot]" if before else f"arena.{buffer}[step.slot + 1]"


def _operator_context(kernel: OperatorKernel, slotted: frozenset[str]) -> Context:
    weights = [] if kernel.packed is None else [f"weights.{kernel.packed}"]
    state = [] if kernel.state is None else [f"arena.{kernel.state}"]
    source = place(kernel.source, slotted, before=kernel.delay == 1)
    arguments = [source, *weights, *state, place(kernel.target, slotted)]
    return {
        "template": "kernels/operator.cpp.j2",
        "name": kernel.name,
        "summary": kernel.summary,
        "shape": f"{pascal_case(kernel.name)}Shape",
        "constants": [constant_context(*constant) for constant in kernel.constants],
        "function": kernel.function,
        "mode": "kAdd" if kernel.adds else "kWrite",
        "reads_weights": bool(weights),
        "reads_step": bool(slotted & {kernel.source, kernel.target}),
        "arguments": ", ".join(arguments),
    }


def _update_context(kernel: UpdateKernel, slotted: frozenset[str]) -> Context:
    model = kernel.model
    reads = model.reads()
    integrates = any(isinstance(statement, OdeBlock) for statement in model.update)
    shared = [entry for entry in kernel.parameters if entry.broadcast == "one"]
    own = [entry for entry in kernel.parameters if entry.broadcast != "one"]
    arrived = dict(kernel.conductances)
    constants = [f"const real {cpp_name(p.name)} = weights.{p.packed}[0];" for p in shared]
    constants += _clock_lines(reads, integrates)
    constants += [
        f"constexpr real {cpp_name(f'g_{target}')} = 0;"
        for target in model.conductances
        if target not in arrived
    ]
    if any(entry.broadcast == "channel" for entry in own):
        constants.append(f"constexpr int kChannels = {kernel.channels};")
    loads = [
        f"const real {cpp_name(p.name)} = weights.{p.packed}"
        f"[{'neuron % kChannels' if p.broadcast == 'channel' else 'neuron'}];"
        for p in own
    ]
    if kernel.rates:
        loads.append("const real rates = step.rates[neuron];")
    loads += [
        f"const real {cpp_name(f'g_{target}')} = arena.{buffer}[neuron];"
        for target, buffer in arrived.items()
    ]
    loads += [
        f"real {cpp_name(v.name)} = {place(v.buffer, slotted, before=True)}[neuron];"
        for v in kernel.variables
    ]
    if model.draws:
        loads += _draw_lines(kernel.population)
    stores = [f"{place(v.buffer, slotted)}[neuron] = {cpp_name(v.name)};" for v in kernel.variables]
    if model.spike is not None:
        stores.append(f"{place(kernel.spikes, slotted)}[neuron] = {emitted_text(model)};")
    written = {v.buffer for v in kernel.variables}
    written |= set() if model.spike is None else {kernel.spikes}
    return {
        "template": "kernels/update.cpp.j2",
        "name": kernel.name,
        "summary": kernel.summary,
        "neurons": kernel.neurons,
        "reads_weights": bool(kernel.parameters),
        "reads_step": kernel.rates or model.draws > 0 or "t" in reads or bool(written & slotted),
        "constants": constants,
        "loads": loads,
        "statements": update_lines(model),
        "emission": emission_lines(model),
        "stores": stores,
    }


def _optional(condition: Expression | None) -> str:
    """A condition as C++, "" where there is none."""
    return "" if condition is None else condition_text(condition)


def _clock_lines(reads: frozenset[str], integrates: bool) -> list[str]:
    """`dt`, `t` and `pi`, those that the statements read."""
    lines = []
    if integrates or "dt" in reads:
        lines.append("constexpr real dt = kTimeStep;")
    if "t" in reads:
        lines.append("const real t = static_cast<real>(step.index) * kTimeStep;")
    if "pi" in reads:
        lines.append(PI)
    return lines


def _draw_lines(population: int) -> list[str]:
    """The function that gives a neuron's random numbers in this step."""
    return [
        "const auto uniform = [&](std::uint32_t draw) {",
        f"    return step.uniform(neuron, {population}, draw);",
        "};",
    ]


def _readout_context(readout: ReadoutPlan, slotted: frozenset[str]) -> Context:
    stop = _readout_lines(readout, readout.stop)
    score = _readout_lines(readout, readout.score)
    return {
        "counts": readout.counts,
        "spikes": place(readout.spikes, slotted),
        "stop": _optional(readout.stop),
        "stop_reads_weights": bool(stop[0]),
        "stop_constants": stop[0],
        "stop_loads": stop[1],
        "score": expression_text(readout.score),
        "score_reads_weights": bool(score[0]),
        "score_constants": score[0],
        "score_loads": score[1],
    }


def _readout_lines(
    readout: ReadoutPlan, expression: Expression | None
) -> tuple[list[str], list[str]]:
    """Lines that bring what an expression reads into scope: before the loop and inside it."""
    reads: Iterable[str] = frozenset() if expression is None else names(expression)
    constants = [
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
    return constants, loads
