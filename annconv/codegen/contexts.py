"""What templates see: numbers, names and finished C++ lines made from a Plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annconv.codegen.emission import emission_lines, emitted_text
from annconv.codegen.names import cpp_name, statistic_name
from annconv.codegen.statements import (
    condition_text,
    expression_text,
    real_literal,
)
from annconv.codegen.updates import update_lines
from annconv.neurons.expressions import Expression, names
from annconv.neurons.model import OdeBlock
from annconv.plan.plan import Constant, Kernel, OperatorKernel, Plan, ReadoutPlan, UpdateKernel

Context = dict[str, Any]

REAL_TYPES = {"single": "float", "double": "double"}
STATISTIC_FUNCTIONS = {
    "mean": "mean", "max": "largest", "min": "smallest", "norm1": "norm1", "norm2": "norm2",
}  # fmt: skip
BUFFER_TYPES = {"real": "real", "spike": "std::int8_t", "count": "std::int32_t"}
PI = "constexpr real pi = static_cast<real>(3.14159265358979323846);"


def network_context(plan: Plan) -> Context:
    """Context of the files that describe a whole network."""
    updates = [kernel for kernel in plan.kernels if isinstance(kernel, UpdateKernel)]
    labels = {kernel.population: kernel.summary.rpartition(": ")[0] for kernel in updates}
    return {
        "summary": f"A spiking network of {len(plan.populations)} populations, "
        f"{sum(plan.populations)} neurons, {plan.precision} precision",
        "real": REAL_TYPES[plan.precision],
        "dt": real_literal(plan.dt),
        "digest": plan.digest(),
        "inputs": plan.inputs,
        "outputs": plan.readout.outputs,
        "buffers": [
            {"name": entry.name, "type": BUFFER_TYPES[entry.type], "length": entry.length}
            for entry in plan.buffers
        ],
        "packed": [{"name": entry.name, "length": entry.length} for entry in plan.packed],
        "kernels": [{"name": kernel.name} for kernel in plan.kernels],
        "populations": [
            {"size": size, "spikes": plan.spikes[index], "name": labels.get(index, "junction")}
            for index, size in enumerate(plan.populations)
        ],
        "variables": [
            {
                "buffer": variable.buffer,
                "initial": variable.initial,
                "neurons": kernel.neurons,
                "period": {"one": 1, "channel": kernel.channels, "each": kernel.neurons}[
                    variable.broadcast
                ],
            }
            for kernel in updates
            for variable in kernel.variables
        ],
        "readout": _readout_context(plan.readout),
    }


def kernel_context(kernel: Kernel, plan: Plan) -> Context:
    """Context of one kernel."""
    if isinstance(kernel, OperatorKernel):
        return _operator_context(kernel)
    return _update_context(kernel)


def _constant(name: str, value: Constant) -> Context:
    """A constant of a shape: its type and its initialiser."""
    if isinstance(value, int):
        return {"type": "int", "name": name, "value": f" = {value}"}
    return {
        "type": "annconv::Extents",
        "name": name,
        "value": "{" + ", ".join(map(str, value)) + "}",
    }


def _operator_context(kernel: OperatorKernel) -> Context:
    weights = [] if kernel.packed is None else [f"weights.{kernel.packed}"]
    state = [] if kernel.state is None else [f"arena.{kernel.state}"]
    arguments = [f"arena.{kernel.source}", *weights, *state, f"arena.{kernel.target}"]
    return {
        "template": "kernels/operator.cpp.j2",
        "name": kernel.name,
        "summary": kernel.summary,
        "shape": "".join(word.capitalize() for word in kernel.name.split("_")) + "Shape",
        "constants": [_constant(name, value) for name, value in kernel.constants],
        "function": kernel.function,
        "mode": "kAdd" if kernel.adds else "kWrite",
        "reads_weights": bool(weights),
        "arguments": ", ".join(arguments),
    }


def _update_context(kernel: UpdateKernel) -> Context:
    model = kernel.model
    reads = model.reads()
    integrates = any(isinstance(statement, OdeBlock) for statement in model.update)
    shared = [entry for entry in kernel.parameters if entry.broadcast == "one"]
    own = [entry for entry in kernel.parameters if entry.broadcast != "one"]
    arrived = {f"g_{target}": buffer for target, buffer in kernel.conductances}
    lasting = {variable.name for variable in kernel.variables}
    constants = [f"const real {cpp_name(p.name)} = weights.{p.packed}[0];" for p in shared]
    constants += _clock_lines(reads, integrates)
    constants += _statistic_lines(kernel)
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
        f"real {cpp_name(v.name)} = arena.{v.buffer}[neuron]"
        + (f" + arena.{arrived[v.name]}[neuron];" if v.name in arrived else ";")
        for v in kernel.variables
    ]
    kinds = model.draw_kinds()
    loads += _draw_lines(kernel.population, kinds)
    stores = [f"arena.{v.buffer}[neuron] = {cpp_name(v.name)};" for v in kernel.variables]
    if model.spike is not None:
        stores.append(f"arena.{kernel.spikes}[neuron] = {emitted_text(model)};")
    return {
        "template": "kernels/update.cpp.j2",
        "name": kernel.name,
        "summary": kernel.summary,
        "neurons": kernel.neurons,
        "reads_weights": bool(kernel.parameters),
        "reads_step": kernel.rates or "t" in reads or bool(kinds or model.statistics()),
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


def _statistic_lines(kernel: UpdateKernel) -> list[str]:
    """The population-wide numbers of the step before, 0 in the first."""
    buffers = {variable.name: variable.buffer for variable in kernel.variables}
    return [
        f"const real {statistic_name(entry)} = step.index == 0 ? real(0) : "
        f"annconv::{STATISTIC_FUNCTIONS[entry.function]}<kNeurons>(arena.{buffers[entry.variable]});"
        for entry in kernel.model.statistics()
    ]


def _readout_context(readout: ReadoutPlan) -> Context:
    stop = _readout_lines(readout, readout.stop)
    score = _readout_lines(readout, readout.score)
    return {
        "counts": readout.counts,
        "spikes": readout.spikes,
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
