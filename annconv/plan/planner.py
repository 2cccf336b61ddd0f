"""Network -> Plan: which kernels run in which order, and where their data lie.

These are the plain kernels, correct for every shape: every operator of every projection runs in
every step, then every population updates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import NamedTuple, cast

import numpy as np

from annconv.ir.arrays import AnyArray, FloatArray, Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Operator, Reshape, chain_geometry
from annconv.ir.population import RATES, Population
from annconv.ir.projection import SPIKES, Projection
from annconv.ir.signals import REAL, Signal, emitted, signals_of
from annconv.neurons.expressions import Name, Number
from annconv.neurons.model import NeuronModel
from annconv.plan.arrays import Buffer, BufferType, Packed, PackedType, Source
from annconv.plan.kernels import (
    BoundParameter,
    BoundVariable,
    Broadcast,
    Kernel,
    OperatorKernel,
    UpdateKernel,
)
from annconv.plan.naming import Names
from annconv.plan.operators import FUSED_SCALE, SCALE, kernel_shape
from annconv.plan.plan import KeptSpikes, Plan, ReadoutPlan
from annconv.plan.target import PORTABLE, Target
from annconv.readouts.model import parse_readout

JUNCTION = ""
"""Stands for all targets of a junction."""


def make_plan(network: Network, precision: str, target: Target = PORTABLE) -> Plan:
    """Plan the plain kernels of a network.

    Args:
        network: A verified network.
        precision: "single", "double" or "int16".
        target: What later passes may lay kernels out for.
    Raises:
        VerifyError: The network breaks a rule.
    """
    network.verify()
    plan = _Planner(network, precision, target).plan()
    plan.verify()
    return plan


class _Link(NamedTuple):
    """One operator of a chain, its position there, what it reads, geometries before and behind."""

    position: int
    operator: Operator
    before: Geometry
    after: Geometry
    reads: Signal = REAL


class _Planner:
    """Collects buffers, packed arrays and kernels while it walks through a network."""

    def __init__(self, network: Network, precision: str, target: Target) -> None:
        self.network = network
        self.precision = precision
        self.target = target
        self.names = Names()
        self.buffers: list[Buffer] = []
        self.packed: list[Packed] = []
        self.models: dict[str, NeuronModel] = {
            entry.name: entry.model() for entry in network.populations if entry.neuron is not None
        }
        self.signals = signals_of(network)
        self.positions = {entry.name: index for index, entry in enumerate(network.projections)}
        self.spikes: dict[str, str] = {}
        self.variables: dict[tuple[str, str], str] = {}
        self.sums: dict[tuple[str, str], str] = {}

    def plan(self) -> Plan:
        """The plan of the network."""
        for population in self.network.populations:
            self._declare(population)
        updates = {name: self._update(self.network[name]) for name in self.models}
        kernels = self._order(updates)
        spikes = tuple(map(self._kept, self.network.populations))
        readout = self._readout()
        return Plan(
            precision=self.precision,
            target=self.target,
            dt=self.network.dt,
            inputs=self.network.input.size,
            populations=tuple(entry.size for entry in self.network.populations),
            spikes=spikes,
            buffers=tuple(self.buffers),
            packed=tuple(self.packed),
            kernels=tuple(kernels),
            tile=1,
            readout=readout,
        )

    def _buffer(self, words: Iterable[str], kind: BufferType, length: int) -> str:
        name = self.names.identifier(*words)
        self.buffers.append(Buffer(name, kind, length))
        return name

    def _pack(
        self, words: Iterable[str], length: int, source: Source, kind: PackedType = "real"
    ) -> str:
        name = self.names.identifier(*words)
        self.packed.append(Packed(name, length, source, type=kind))
        return name

    def _declare(self, population: Population) -> None:
        """Buffers of a population: variables, emitted spikes, sums that arrive."""
        name, size = population.name, population.size
        model = self.models.get(name)
        if model is not None:
            for variable in model.variables:
                self.variables[name, variable.name] = self._buffer(
                    (name, variable.name), "real", size
                )
            self.spikes[name] = self._buffer((name, SPIKES), "spike", size)
        arriving: dict[str, list[Projection]] = {}
        for entry in self.network.arriving(name):
            arriving.setdefault(entry.target, []).append(entry)
        if model is None:  # a junction adds up whatever arrives
            if not arriving and not any(entry.pre == name for entry in self.network.projections):
                return
            sums = self._buffer((name, "sum"), "real", size)
            self.sums |= {(name, target): sums for target in (*arriving, JUNCTION)}
            return
        for target, projections in arriving.items():
            what = "trace" if self._share_trace(projections) else "g"
            self.sums[name, target] = self._buffer((name, what, target), "real", size)

    def _order(self, updates: dict[str, UpdateKernel]) -> list[Kernel]:
        """All kernels in running order.

        With a delay, every projection reads what the previous step left, so all of them run before
        any population updates. Without, a population's projections run right before its update.
        """
        delayed = any(entry.delay for entry in self.network.projections)
        kernels: list[Kernel] = []
        for name in self.network.names:
            kernels += self._arriving(name)
            if name in updates and not delayed:
                kernels.append(updates[name])
        if delayed:
            kernels += updates.values()
        return self._write_first(kernels)

    def _arriving(self, name: str) -> list[Kernel]:
        """Kernels of all projections onto a population."""
        kernels: list[Kernel] = []
        arriving = self.network.arriving(name)
        totals = {entry.name: self.sums[name, entry.target] for entry in arriving}
        for total in dict.fromkeys(totals.values()):
            projections = [entry for entry in arriving if totals[entry.name] == total]
            shared = self._share_trace(projections)
            if shared:
                kernels.append(self._fade(projections[0], total))
            for entry in projections:
                if shared or entry.trace_decay is None:
                    kernels += self._onto(entry, total)
                else:
                    kernels += self._own_trace(entry, total)
        return kernels

    def _share_trace(self, projections: list[Projection]) -> bool:
        """Whether all that arrives in a sum is a trace of one decay: then the sum is that trace.

        It is added up in another order, so in integers only where one projection arrives.
        """
        decays = {entry.trace_decay for entry in projections}
        alone = len(projections) == 1
        return len(decays) == 1 and None not in decays and (alone or self.precision != "int16")

    def _own_trace(self, projection: Projection, total: str) -> list[Kernel]:
        """A projection that keeps its trace in a buffer of its own."""
        geometry = self.network[projection.post].geometry
        trace = self._buffer((projection.name, "trace"), "real", prod(geometry))
        identity = Reshape(geometry)
        deliver = self._operator(projection, _Link(0, identity, geometry, geometry), trace, total)
        return [self._fade(projection, trace), *self._onto(projection, trace), deliver]

    def _onto(self, projection: Projection, total: str) -> list[Kernel]:
        """A projection's operators; in integers a Scale in front of a trace rounds with it."""
        kernels = self._operators(projection, total)
        last = kernels[-1]
        rounds_once = self.precision == "int16" and projection.trace_decay is not None
        if rounds_once and last.function == SCALE:
            kernels[-1] = replace(last, function=FUSED_SCALE)
        return [*kernels]

    def _fade(self, projection: Projection, trace: str) -> OperatorKernel:
        """What a step leaves of a projection's trace."""
        packed = self._pack(
            (projection.name, "decay"), 1, Source("trace", projection.name, "trace_decay")
        )
        return OperatorKernel(
            name=self.names.identifier("fade", projection.name),
            summary=f"{projection.name}: what a step leaves of its trace",
            population=self.network.names.index(projection.post),
            delay=1,
            function=SCALE,
            constants=(("kSize", self.network[projection.post].size), ("kFactors", 1)),
            source=trace,
            reads="real",
            packed=packed,
            state=None,
            target=trace,
            adds=False,
            projection=self.positions[projection.name],
        )

    @staticmethod
    def _write_first(kernels: list[Kernel]) -> list[Kernel]:
        """The first operator onto a buffer writes, later ones add."""
        written: set[str] = set()
        ordered: list[Kernel] = []
        for kernel in kernels:
            if isinstance(kernel, OperatorKernel):
                ordered.append(replace(kernel, adds=kernel.target in written))
                written.add(kernel.target)
            else:
                ordered.append(kernel)
        return ordered

    def _transmitted(self, projection: Projection) -> str:
        """The buffer a projection reads."""
        if projection.pre not in self.models:  # a junction transmits its sum
            return self.sums[projection.pre, JUNCTION]
        read = emitted(self.network[projection.pre], projection.transmits)
        if read == SPIKES:
            return self.spikes[projection.pre]
        return self.variables[projection.pre, read]

    def _read(self, projection: Projection, source: str) -> str:
        """What an operator reads, in words."""
        if source != self._transmitted(projection):
            return "the result before"
        transmitted = projection.transmits if projection.pre in self.models else "the sum"
        return f"{transmitted} of {projection.pre}"

    def _operators(self, projection: Projection, total: str) -> list[OperatorKernel]:
        """One kernel per operator of a projection; the last one adds into `total`."""
        geometry: Geometry = self.network[projection.pre].geometry
        signals = self.signals[projection.name]
        chain: list[_Link] = []
        for position, operator in enumerate(projection.operators):
            result = cast(Geometry, chain_geometry((operator,), geometry))
            if not isinstance(operator, Reshape):
                chain.append(_Link(position, operator, geometry, result, signals[position]))
            geometry = result
        if not chain:
            chain.append(_Link(0, Reshape(geometry), geometry, geometry, signals[-1]))
        source = self._transmitted(projection)
        kernels: list[OperatorKernel] = []
        for link in chain[:-1]:
            words = (projection.name, "result", str(link.position))
            behind = self._buffer(words, "real", prod(link.after))
            kernels.append(self._operator(projection, link, source, behind))
            source = behind
        return [*kernels, self._operator(projection, chain[-1], source, total)]

    def _operator(
        self, projection: Projection, link: _Link, source: str, target: str
    ) -> OperatorKernel:
        """The kernel of one operator, from buffer `source` to buffer `target`."""
        position, operator, before, after, reads = link
        shape = kernel_shape(operator, before, after)
        owner = projection.name
        packed = state = None
        if shape.array is not None:
            values: AnyArray = getattr(operator, shape.array)
            origin = Source("operator", owner, shape.array, position)
            whole = values.dtype == np.int32
            kind: PackedType = "int32" if whole else "real"
            packed = self._pack((owner, shape.array), values.size, origin, kind)
        if shape.stateful:
            state = self._buffer((owner, "passed"), "real", prod(before))
        summary = (
            f"{owner}: {str(operator).split('  ')[0]} of {self._read(projection, source)}, "
            f"{_shape(before)} -> {_shape(after)}"
        )
        return OperatorKernel(
            name=self.names.identifier("apply", owner),
            summary=summary,
            population=self.network.names.index(projection.post),
            function=shape.function,
            constants=shape.constants,
            source=source,
            reads=reads.kind,
            steady=reads.steady,
            packed=packed,
            state=state,
            target=target,
            adds=False,
            projection=self.positions[owner],
            delay=projection.delay if source == self._transmitted(projection) else 0,
        )

    def _update(self, population: Population) -> UpdateKernel:
        model = self.models[population.name]
        values = population.parameter_values()
        is_input = population.role == "input"
        reads = model.reads()
        parameters = []
        for parameter in model.parameters:
            if parameter.name in reads and not (is_input and parameter.name == RATES):
                origin = Source("parameter", population.name, parameter.name)
                spread = self._spread(population, (parameter.name,), values[parameter.name], origin)
                parameters.append(BoundParameter(parameter.name, *spread))
        return UpdateKernel(
            name=self.names.identifier("update", population.name),
            summary=f"{population.name}: {_shape(population.geometry)} {model.name} neurons",
            population=self.network.names.index(population.name),
            neurons=population.size,
            geometry=population.geometry,
            model=_structure(model),
            parameters=tuple(parameters),
            variables=self._variables(population, model, values),
            conductances=tuple(
                (target, self.sums[population.name, target])
                for target in model.conductances
                if (population.name, target) in self.sums
            ),
            rates=is_input and RATES in reads,
            spikes=self.spikes[population.name],
        )

    def _variables(
        self, population: Population, model: NeuronModel, values: dict[str, FloatArray]
    ) -> tuple[BoundVariable, ...]:
        """Every variable with its buffer and its packed initial values."""
        bound = []
        for variable in model.variables:
            initial = initial_values(variable.initial, values)
            origin = Source("initial", population.name, variable.name)
            words = (variable.name, "initial")
            packed, broadcast = self._spread(population, words, initial, origin)
            buffer = self.variables[population.name, variable.name]
            bound.append(BoundVariable(variable.name, buffer, packed, broadcast))
        return tuple(bound)

    def _spread(
        self, population: Population, words: tuple[str, ...], values: FloatArray, source: Source
    ) -> tuple[str, Broadcast]:
        """Pack values that broadcast onto a population as compactly as their shape allows."""
        broadcast = broadcast_of(values, population.geometry)
        length = {"one": 1, "channel": population.geometry[-1], "each": population.size}[broadcast]
        return self._pack((population.name, *words), length, source), broadcast

    def _kept(self, population: Population) -> KeptSpikes | None:
        """Where a population's spikes are, None for a junction."""
        if population.name not in self.spikes:
            return None
        places = None
        if population.channels is not None:
            places = self.names.identifier(population.name, "places")
            origin = Source("places", population.name, "channels")
            self.packed.append(Packed(places, len(population.channels), origin, type="int32"))
        return KeptSpikes(self.spikes[population.name], places)

    def _readout(self) -> ReadoutPlan:
        output = self.network.output
        readout = self.network.readout
        model = parse_readout(readout)
        parameters = tuple(
            (name, self._pack(("readout", name), 1, Source("readout", "", name)))
            for name, _ in readout.parameters
        )
        return ReadoutPlan(
            population=self.network.names.index(output.name),
            outputs=output.size,
            parameters=parameters,
            stop=model.stop,
            score=model.score,
            variables=tuple(
                (name, self.variables[output.name, name])
                for name in readout.observes
                if name != "count"
            ),
            counts=self._buffer(("readout", "counts"), "count", output.size),
            spikes=self.spikes[output.name],
        )


def _structure(model: NeuronModel) -> NeuronModel:
    """A neuron without its default values: they are data, and the plan holds structure only."""
    return replace(
        model,
        parameters=tuple(replace(entry, value=0.0, start=None) for entry in model.parameters),
        variables=tuple(replace(entry, initial=Number(0.0)) for entry in model.variables),
    )


def initial_values(initial: object, parameters: dict[str, FloatArray]) -> FloatArray:
    """Values of a variable's start: a number, or a parameter's values."""
    if isinstance(initial, Name):
        return parameters[initial.name]
    if isinstance(initial, Number):
        return np.asarray(initial.value, dtype=np.float64)
    raise TypeError(f"initial value {initial!r} is neither a number nor a parameter")


def broadcast_of(values: FloatArray, geometry: Geometry) -> Broadcast:
    """How values that broadcast onto a geometry are kept: once, per channel or per neuron."""
    if values.size == 1:
        return "one"
    if values.shape[-1] == geometry[-1] and values.size == geometry[-1]:
        return "channel"
    return "each"


def _shape(geometry: Geometry) -> str:
    return " x ".join(map(str, geometry))
