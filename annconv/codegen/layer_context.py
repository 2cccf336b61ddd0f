"""What the template of a layer sees."""

from __future__ import annotations

from typing import Any, cast

from annconv.codegen.lanes import lanes_neuron
from annconv.codegen.names import cpp_name
from annconv.codegen.shapes import KernelNames, constant_context
from annconv.neurons.model import OdeBlock
from annconv.plan.arrays import Buffer
from annconv.plan.kernels import Arrival, LayerKernel, UpdateKernel
from annconv.plan.plan import Plan

Context = dict[str, Any]

PI = "static_cast<network::real>(3.14159265358979323846)"
STATE, FIXED = "real", "const real"
OUTPUTS = {"spike": "ByteOutput", "bits": "BitOutput"}
SLOTS = {"spike": "ByteSlots", "bits": "BitSlots"}


def layer_context(kernel: LayerKernel, plan: Plan, names: KernelNames) -> Context:
    """Context of one layer."""
    name = names.types
    arrival = kernel.arrival
    neurons = [_neuron_context(plan, kernel.update, f"{name}Neuron", arrival, kernel.pooled)]
    if kernel.pooling is not None:
        neurons.append(_neuron_context(plan, kernel.pooling, f"{name}Pooling", None, None))
    emitted = _buffer(plan, kernel.emits.spikes)
    return {
        "template": "kernels/layer.cpp.j2",
        "name": kernel.name,
        "scratch": names.scratch,
        "summary": kernel.summary,
        "shape": f"{name}Shape",
        "constants": [constant_context(*constant) for constant in kernel.constants],
        "neurons": neurons,
        "pools": kernel.pooling is not None,
        "skips_resting": kernel.resting is not None,
        "resting": "nullptr" if kernel.resting is None else f"arena.{kernel.resting}",
        "source": f"{name}Source",
        "function": arrival.function,
        "weight": "std::int16_t" if arrival.whole else "real",
        "source_arguments": _source_arguments(kernel, plan),
        "preparation": _preparation(kernel, plan),
        "output_type": OUTPUTS[emitted.type],
        "output": f"arena.{emitted.name}[1]",
        "output_length": emitted.length,
    }


def _buffer(plan: Plan, name: str) -> Buffer:
    return next(entry for entry in plan.buffers if entry.name == name)


def _slots(arrival: Arrival, plan: Plan) -> str:
    """The spikes that a layer reads in a tile."""
    buffer = _buffer(plan, cast(str, arrival.spikes))
    first = f"arena.{buffer.name}[{1 - arrival.delay}]"
    return f"annconv::{SLOTS[buffer.type]}{{{first}, {buffer.length}}}"


def _preparation(kernel: LayerKernel, plan: Plan) -> str | None:
    """What the leader of a team does before the layer starts, None where there is nothing."""
    arrival, shared = kernel.arrival, plan.shared_inputs
    if shared is None or shared.layer != kernel.name:
        return None
    arguments = f"{_slots(arrival, plan)}, tile.steps, weights.{arrival.weights}"
    return f"arena.shared_inputs.prepare({arguments});"


def _source_arguments(kernel: LayerKernel, plan: Plan) -> str:
    """What a source is made from, besides steps and scratch memory."""
    arrival = kernel.arrival
    shared = plan.shared_inputs
    inputs = "arena.shared_inputs"
    if arrival.function == "RatesSource":
        if shared is None:
            return f"tile.rates, tile.advance, {arrival.length}"
        return f"{inputs}.rates(tile.rates), tile.advance, {inputs}.count()"
    spikes = _slots(arrival, plan)
    weights = f"weights.{arrival.weights}"
    if arrival.function != "DenseSource":
        return f"{spikes}, {weights}"
    if shared is None or shared.layer != kernel.name:
        return f"{spikes}, {weights}, {arrival.length}, {arrival.length}"
    return f"{spikes}, {inputs}.weights({weights}), {inputs}.rows(), {inputs}.count()"


def _neuron_context(
    plan: Plan, update: UpdateKernel, struct: str, arrival: Arrival | None, pooled: str | None
) -> Context:
    """Context of the neurons of one population.

    Args:
        plan: Holds them.
        update: The population.
        struct: Name of the generated structure.
        arrival: What arrives, None where it is used as it is.
        pooled: The variable that a pooling population reads.
    """
    model = update.model
    text = lanes_neuron(model)
    drives = "rates" if update.rates else f"g_{update.conductances[0][0]}"
    members: list[Context] = []

    def member(kind: str, name: str, value: str) -> None:
        members.append({"type": kind, "name": name, "init": f"{name}({value})"})

    for name, value in _given(update):
        member(FIXED, name, value)
    places = {"one": "[0]", "channel": " + channel", "each": " + place"}
    for parameter in update.parameters:
        value = f"weights.{parameter.packed}{places[parameter.broadcast]}"
        loaded = value if parameter.broadcast == "one" else f"annconv::load<real>({value})"
        member(FIXED, cpp_name(parameter.name), loaded)
    for name, constant in text.constants:
        member(FIXED, cpp_name(name), constant)
    states = [(cpp_name(entry.name), entry.buffer) for entry in update.variables]
    lines: list[str] = []
    factors = None if arrival is None else arrival.factors
    if arrival is not None and arrival.decay is not None and arrival.trace is not None:
        member(FIXED, "decay", f"weights.{arrival.decay}[0]")
        states.append(("trace", arrival.trace))
    if factors is not None:
        length = next(entry.length for entry in plan.packed if entry.name == factors)
        place = f"annconv::load<real>(weights.{factors} + channel)"
        member(FIXED, "factor", place if length > 1 else f"weights.{factors}[0]")
    scaled = "arrived" if factors is None else "factor * arrived"
    if arrival is not None and arrival.fused:
        lines.append("trace = annconv::fma(arrived, factor, decay * trace);")
    elif arrival is not None and arrival.decay is not None:
        lines.append(f"trace = decay * trace + {scaled};")
    for name, buffer in states:
        member(STATE, name, f"annconv::load<real>(arena.{buffer} + place)")
    received = "trace" if lines else scaled
    return {
        "summary": update.summary,
        "struct": struct,
        "members": members,
        "arrival": [*lines, f"const real {cpp_name(drives)} = {received};", *_clock_lines(update)],
        "statements": text.statements,
        "emission": text.emission,
        "states": [name for name, _ in states],
        "saves": [f"annconv::store({name}, arena.{buffer} + place);" for name, buffer in states],
        "pooled": None if pooled is None else cpp_name(pooled),
    }


def _given(update: UpdateKernel) -> list[tuple[str, str]]:
    """Names and values of `dt` and `pi`, those that the statements read."""
    reads = update.model.reads()
    integrates = any(isinstance(entry, OdeBlock) for entry in update.model.update)
    given = [("dt", "kTimeStep")] if integrates or "dt" in reads else []
    return [*given, ("pi", PI)] if "pi" in reads else given


def _clock_lines(update: UpdateKernel) -> list[str]:
    """`t`, where the statements read it."""
    reads_time = "t" in update.model.reads()
    return ["const real t = number * real(kTimeStep);"] if reads_time else []
