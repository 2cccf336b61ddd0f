"""What the templates of kernels see: numbers, names and finished C++ lines made from a Plan."""

from __future__ import annotations

from typing import Any

from annconv.codegen.emission import emission_lines, emitted_text
from annconv.codegen.names import cpp_name, statistic_function, statistic_name
from annconv.codegen.shapes import KernelNames, constant_context
from annconv.codegen.updates import update_lines
from annconv.neurons.model import OdeSystem
from annconv.plan.kernels import OperatorKernel, UpdateKernel
from annconv.plan.operators import CONVOLVE_EVENTS
from annconv.plan.plan import Plan

Context = dict[str, Any]

PI = "constexpr real pi = static_cast<real>(3.14159265358979323846);"


def plain_context(kernel: OperatorKernel | UpdateKernel, plan: Plan, names: KernelNames) -> Context:
    """Context of a kernel that runs in every step.

    Args:
        kernel: The kernel.
        plan: Its plan.
        names: What `kernel_names` calls that which belongs to it.
    """
    slotted = slotted_buffers(plan)
    match kernel:
        case OperatorKernel():
            return _operator_context(kernel, names, slotted)
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


def _operator_context(
    kernel: OperatorKernel, names: KernelNames, slotted: frozenset[str]
) -> Context:
    weights = [] if kernel.packed is None else [f"weights.{kernel.packed}"]
    state = [] if kernel.state is None else [f"arena.{kernel.state}"]
    source = place(kernel.source, slotted, before=kernel.delay == 1)
    on_events = kernel.function == CONVOLVE_EVENTS
    scratch = ["step.scratch"] if on_events else []
    arguments = [source, *weights, *state, place(kernel.target, slotted), *scratch]
    return {
        "template": "kernels/operator.cpp.j2",
        "name": kernel.name,
        "summary": kernel.summary,
        "shape": f"{names.types}Shape",
        "constants": [constant_context(*constant) for constant in kernel.constants],
        "function": kernel.function,
        "mode": "kAdd" if kernel.adds else "kWrite",
        "reads_weights": bool(weights),
        "reads_step": bool(scratch or slotted & {kernel.source, kernel.target}),
        "scratch": names.scratch if on_events else None,
        "arguments": ", ".join(arguments),
    }


def _update_context(kernel: UpdateKernel, slotted: frozenset[str]) -> Context:
    model = kernel.model
    reads = model.reads()
    integrates = any(isinstance(statement, OdeSystem) for statement in model.update)
    shared = [entry for entry in kernel.parameters if entry.broadcast == "one"]
    own = [entry for entry in kernel.parameters if entry.broadcast != "one"]
    arrived = {f"g_{target}": buffer for target, buffer in kernel.conductances}
    lasting = {variable.name for variable in kernel.variables}
    constants = [f"const real {cpp_name(p.name)} = weights.{p.packed}[0];" for p in shared]
    constants += _clock_lines(reads, integrates)
    constants += _statistic_lines(kernel, slotted)
    constants += [
        f"constexpr real {cpp_name(name)} = 0;"
        for name in (f"g_{target}" for target in model.conductances)
        if name in reads and name not in arrived and name not in lasting
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
        f"const real {cpp_name(name)} = arena.{buffer}[neuron];"
        for name, buffer in arrived.items()
        if name in reads and name not in lasting
    ]
    loads += [
        f"real {cpp_name(v.name)} = {place(v.buffer, slotted, before=True)}[neuron]"
        + (f" + arena.{arrived[v.name]}[neuron];" if v.name in arrived else ";")
        for v in kernel.variables
    ]
    kinds = model.draw_kinds()
    loads += _draw_lines(kernel.population, kinds)
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
        "reads_step": kernel.rates
        or "t" in reads
        or bool(kinds or model.statistics() or written & slotted),
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


def _draw_lines(population: int, kinds: frozenset[str]) -> list[str]:
    """What gives a neuron's random numbers in this step, uniform ones and those of other kinds."""
    lines = []
    if "Uniform" in kinds:
        lines += [
            "const auto uniform = [&](std::uint32_t draw) {",
            f"    return step.uniform(neuron, {population}, draw);",
            "};",
        ]
    if kinds - {"Uniform"}:
        arguments = f"step.random, neuron, step.index, {population}"
        lines.append(f"const annconv::NeuronDraws draws({arguments});")
    return lines


def _statistic_lines(kernel: UpdateKernel, slotted: frozenset[str]) -> list[str]:
    """The population-wide numbers of the step before, 0 in the first."""
    buffers = {
        variable.name: place(variable.buffer, slotted, before=True) for variable in kernel.variables
    }
    return [
        f"const real {statistic_name(entry)} = step.index == 0 ? real(0) : "
        f"annconv::{statistic_function(entry)}<kNeurons>({buffers[entry.variable]});"
        for entry in kernel.model.statistics()
    ]
