"""What the templates of kernels see: numbers, names and finished C++ lines made from a Plan."""

from __future__ import annotations

from typing import Any

from annconv.codegen.emission import emission_lines, emitted_text
from annconv.codegen.layer_context import layer_context
from annconv.codegen.names import cpp_name
from annconv.codegen.shapes import constant_context, pascal_case
from annconv.codegen.statements import (
    update_lines,
)
from annconv.neurons.model import OdeBlock
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel, UpdateKernel
from annconv.plan.plan import Plan

Context = dict[str, Any]

PI = "constexpr real pi = static_cast<real>(3.14159265358979323846);"


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
