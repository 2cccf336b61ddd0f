"""What the template of a layer sees: what layers that are alike share, and what is a layer's own.

Two layers are alike where they differ in nothing but names and in where their data lie: they have
one shape, one structure of neurons and so one compiled function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from annconv.codegen.lanes import lanes_neuron
from annconv.codegen.names import cpp_name
from annconv.codegen.shapes import KernelNames, constant_context
from annconv.neurons.model import OdeSystem
from annconv.plan.arrays import Buffer
from annconv.plan.kernels import Arrival, LayerKernel, UpdateKernel
from annconv.plan.plan import Plan

Context = dict[str, Any]

PI = "static_cast<real>(3.14159265358979323846)"
STATE, FIXED = "Value", "const Value"
OUTPUTS = {"spike": "ByteOutput", "bits": "BitOutput"}
SLOTS = {"spike": "ByteSlots", "bits": "BitSlots"}
NEURON, POOLING = "Neuron", "Pooling"
OWNERS_NAMED = 3
"""How many populations the comment of shared neurons names."""


@dataclass(frozen=True, slots=True)
class LayerContext:
    """A layer's context in two parts.

    Attributes:
        kind: What layers that are alike share; it holds no name of theirs.
        own: What each has for itself.
    """

    kind: Context
    own: Context

    @property
    def key(self) -> str:
        """A text that two layers share exactly if they are alike."""
        return repr(self.kind)


def layer_context(kernel: LayerKernel, plan: Plan, names: KernelNames) -> LayerContext:
    """Context of one layer.

    Args:
        kernel: The layer.
        plan: Its plan.
        names: Names that belong to it.
    """
    neurons = [_neuron(plan, NEURON, kernel.update, kernel.arrivals, kernel.pooled)]
    if kernel.pooling is not None:
        neurons.append(_neuron(plan, POOLING, kernel.pooling, (), None))
    emitted = _buffer(plan, kernel.emits.spikes)
    kind = {
        "sources": [_source_kind(arrival, plan) for arrival in kernel.arrivals],
        "neurons": [neuron.kind for neuron in neurons],
        "layer": "Layer" if kernel.pooling is None else "PooledLayer",
        "skips_resting": kernel.resting is not None,
        "output_type": OUTPUTS[emitted.type],
    }
    own = {
        "template": "kernels/layer.cpp.j2",
        "name": kernel.name,
        "scratch": names.scratch,
        "summary": kernel.summary.split("; ", 1),
        "owners": [update.summary.rpartition(": ")[0] for update in kernel.updates],
        "data": [neuron.own for neuron in neurons],
        "resting": "nullptr" if kernel.resting is None else f"arena.{kernel.resting}",
        "sources": _sources(kernel, plan),
        "preparation": _preparation(kernel, plan),
        "output": emitted.name,
    }
    return LayerContext(kind, own)


def named_kind(alike: list[LayerContext], names: KernelNames) -> Context:
    """What layers that are alike share, with the names of its structures.

    Args:
        alike: The layers.
        names: Names that belong to the first of them.
    """
    kind = alike[0].kind
    prefix = names.types
    neurons = []
    for position, neuron in enumerate(kind["neurons"]):
        owners = [entry.own["owners"][position] for entry in alike]
        further = len(owners) - OWNERS_NAMED
        listed = ", ".join(owners[:OWNERS_NAMED]) + (f" and {further} more" if further > 0 else "")
        neurons.append(
            {
                **neuron,
                "struct": f"{prefix}{neuron['role']}",
                "summary": f"{listed}: {neuron['what']}",
            }
        )
    joined = len(kind["sources"]) > 1
    numbers = range(1, len(kind["sources"]) + 1)
    shapes = [f"{prefix}Shape{number}" if joined else f"{prefix}Shape" for number in numbers]
    sources = [
        {
            **source,
            "number": number,
            "shape": shape,
            "type": _source_type(source, shape if joined else "Shape"),
        }
        for number, source, shape in zip(numbers, kind["sources"], shapes, strict=True)
    ]
    return {**kind, "neurons": neurons, "sources": sources, "types": f"{prefix}Layer"}


def _buffer(plan: Plan, name: str) -> Buffer:
    return next(entry for entry in plan.buffers if entry.name == name)


def _slots(arrival: Arrival, plan: Plan) -> str:
    """The spikes that a layer reads in a tile."""
    slots = f"annconv::{_slots_type(arrival, plan)}"
    return f"{slots}::from(arena.{arrival.spikes}, {1 - arrival.delay})"


def _slots_type(arrival: Arrival, plan: Plan) -> str:
    return SLOTS[_buffer(plan, cast(str, arrival.spikes)).type]


def _preparation(kernel: LayerKernel, plan: Plan) -> str | None:
    """What the leader of a team does before the layer starts, None where there is nothing."""
    arrival, shared = kernel.arrivals[0], plan.shared_inputs
    if shared is None or shared.layer != kernel.name:
        return None
    arguments = f"{_slots(arrival, plan)}, tile.steps, weights.{arrival.weights}"
    return f"arena.shared_inputs.prepare({arguments});"


def _source_kind(arrival: Arrival, plan: Plan) -> Context:
    """The type of a source: its shape, its class template and what it reads."""
    reads = "std::int16_t" if arrival.whole else "Real"
    if arrival.function == "ElementSource":
        reads = f"annconv::{_slots_type(arrival, plan)}"
    return {
        "constants": [constant_context(*constant) for constant in arrival.constants],
        "function": arrival.function,
        "signed": arrival.signed,
        "reads": reads,
    }


def _source_type(source: Context, shape: str) -> str:
    """The type of a source in C++; weights of signed spikes are added up for either sign."""
    plain = f"annconv::{source['function']}<{shape}, {source['reads']}>"
    adds_up = source["signed"] and source["function"] != "ElementSource"
    return f"annconv::SignedSource<{plain}>" if adds_up else plain


def _sources(kernel: LayerKernel, plan: Plan) -> list[Context]:
    """The spikes that each source reads in a tile, and what it is made from."""
    return [
        {
            "slots": None if arrival.spikes is None else _slots(arrival, plan),
            "spikes": _numbered("spikes", number),
            "arguments": _source_arguments(kernel, arrival, _numbered("spikes", number), plan),
        }
        for number, arrival in enumerate(kernel.arrivals, start=1)
    ]


def _numbered(name: str, number: int) -> str:
    """The name of something that the first has alone in most layers."""
    return name if number == 1 else f"{name}_{number}"


def _source_arguments(kernel: LayerKernel, arrival: Arrival, spikes: str, plan: Plan) -> str:
    """What a source is made from, besides steps and scratch memory."""
    shared = plan.shared_inputs
    inputs = "arena.shared_inputs"
    if arrival.function == "RatesSource":
        if shared is None:
            return "tile.rates, tile.advance"
        return f"{inputs}.rates(tile.rates), tile.advance, {inputs}.count()"
    if arrival.weights is None:
        return spikes
    weights = f"weights.{arrival.weights}"
    if shared is None or shared.layer != kernel.name:
        return f"{spikes}, {weights}"
    return f"{spikes}, {inputs}.weights({weights}), {inputs}.rows(), {inputs}.count()"


class _Members:
    """The members of a structure of neurons, and the data that they are made from.

    Attributes:
        all: Type, name and initialiser of each.
        data: Type and name of every pointer into the weights or the arena.
        pointers: What those are in this layer.
    """

    def __init__(self) -> None:
        self.all: list[Context] = []
        self.data: list[Context] = []
        self.pointers: list[str] = []

    def constant(self, name: str, value: str) -> None:
        """A member that has one value for all layers that are alike."""
        self._add(FIXED, name, value)

    def weight(self, name: str, packed: str, broadcast: str) -> None:
        """A member out of the weights: one for all neurons, one a channel, or one each."""
        places = {"one": "[0]", "channel": " + channel", "each": " + place"}
        value = f"data.{name}{places[broadcast]}"
        self._add(FIXED, name, value if broadcast == "one" else f"annconv::load<Value>({value})")
        self._point("const real*", name, f"weights.{packed}")

    def state(self, name: str, buffer: str) -> None:
        """A member that lasts from tile to tile."""
        self._add(STATE, name, f"annconv::load<Value>(data.{name} + place)")
        self._point("real*", name, f"arena.{buffer}")

    def _add(self, kind: str, name: str, value: str) -> None:
        self.all.append({"type": kind, "name": name, "init": f"{name}({value})"})

    def _point(self, kind: str, name: str, value: str) -> None:
        self.data.append({"type": kind, "name": name})
        self.pointers.append(value)


def _neuron(
    plan: Plan,
    role: str,
    update: UpdateKernel,
    arrivals: tuple[Arrival, ...],
    pooled: str | None,
) -> LayerContext:
    """Context of the neurons of one population.

    Args:
        plan: Holds them.
        role: What they are in the layer.
        update: The population.
        arrivals: What arrives, none where it is used as it is.
        pooled: The variable that a pooling population reads.
    """
    text = lanes_neuron(update.model)
    drives = "rates" if update.rates else f"g_{update.conductances[0][0]}"
    members = _Members()
    for name, value in _given(update):
        members.constant(name, value)
    for parameter in update.parameters:
        members.weight(cpp_name(parameter.name), parameter.packed, parameter.broadcast)
    for name, constant in text.constants:
        members.constant(cpp_name(name), constant)
    states = [(cpp_name(entry.name), entry.buffer) for entry in update.variables]
    for number, arrival in enumerate(arrivals, start=1):
        if arrival.decay is not None and arrival.trace is not None:
            members.weight(_numbered("decay", number), arrival.decay, "one")
            states.append((_numbered("trace", number), arrival.trace))
        if arrival.factors is not None:
            length = next(entry.length for entry in plan.packed if entry.name == arrival.factors)
            broadcast = "channel" if length > 1 else "one"
            members.weight(_numbered("factor", number), arrival.factors, broadcast)
    for name, buffer in states:
        members.state(name, buffer)
    kind = {
        "role": role,
        "what": update.summary.rpartition(": ")[2],
        "data": members.data,
        "members": members.all,
        "arrived": _arrived_type(len(arrivals)),
        "arrival": [*_arrival_lines(arrivals, cpp_name(drives)), *_further_lines(update)],
        "statements": text.statements,
        "emission": text.emission,
        "emitted": text.emitted,
        "states": [name for name, _ in states],
        "pooled": None if pooled is None else cpp_name(pooled),
    }
    own = {"role": role, "name": f"{role.lower()}_data", "pointers": members.pointers}
    return LayerContext(kind, own)


def _arrived_type(arrivals: int) -> str:
    """The type of what arrives at a vector of neurons in a step."""
    return "Value" if arrivals < 2 else f"const std::array<Value, {arrivals}>&"


def _arrival_lines(arrivals: tuple[Arrival, ...], drives: str) -> list[str]:
    """What arrives, as the value that drives a neuron: added up in the order of projections."""
    if not arrivals:
        return [f"const Value {drives} = arrived;"]
    lines: list[str] = []
    terms: list[str] = []
    traces: dict[str, str] = {}  # buffer -> member
    for number, arrival in enumerate(arrivals, start=1):
        arrived = "arrived" if len(arrivals) == 1 else f"arrived[{number - 1}]"
        factor = _numbered("factor", number)
        scaled = arrived if arrival.factors is None else f"{factor} * {arrived}"
        if arrival.trace is None:
            terms.append(scaled)
            continue
        trace = traces.setdefault(arrival.trace, _numbered("trace", number))
        before = trace if arrival.decay is None else f"{_numbered('decay', number)} * {trace}"
        after = f"{before} + {scaled}"
        if arrival.fused:
            after = f"annconv::fma({arrived}, {factor}, {before})"
        lines.append(f"{trace} = {after};")
        if trace not in terms:
            terms.append(trace)
    return [*lines, f"const Value {drives} = {' + '.join(terms)};"]


def _given(update: UpdateKernel) -> list[tuple[str, str]]:
    """Names and values of `dt` and `pi`, those that the statements read."""
    reads = update.model.reads()
    integrates = any(isinstance(entry, OdeSystem) for entry in update.model.update)
    given = [("dt", "kTimeStep")] if integrates or "dt" in reads else []
    return [*given, ("pi", PI)] if "pi" in reads else given


def _further_lines(update: UpdateKernel) -> list[str]:
    """Conductances at which nothing arrives, and `t`, where the statements read them."""
    reads = update.model.reads()
    arriving = {target for target, _ in update.conductances}
    silent = [f"g_{entry}" for entry in update.model.conductances if entry not in arriving]
    lines = [f"const Value {cpp_name(name)} = real{{0}};" for name in silent if name in reads]
    return [*lines, "const Value t = number * Value(kTimeStep);"] if "t" in reads else lines
