"""The network of preset `rate`, once the value of every neuron's spike is known.

Populations stand where the model is not linear, and where it is read. Whatever is linear is what
projections do. Spikes cross the whole network within a step: no projection has a delay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from annconv.conversion.mapping import as_operators
from annconv.conversion.placing import repeating
from annconv.conversion.rate.functions import SLOPE
from annconv.conversion.rate.neurons import (
    ACCUMULATOR,
    BIAS,
    COUNT,
    INPUT,
    READER,
    RECTIFIER,
    START,
    THETA,
    bias_of,
    joining_neuron,
    neuron_of,
    target_of,
)
from annconv.conversion.rate.readout import readout_of
from annconv.conversion.sections import Entry, Junction, Nonlinear, Point, Section, Sections
from annconv.ir.activations import Function, PRelu, Relu, Softmax
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.graph import Node
from annconv.ir.joins import Maximum, Minimum, Multiply
from annconv.ir.maps import AdaptiveMaxPool, Crop
from annconv.ir.network import Network
from annconv.ir.operators import Increase, MaxPool, Operator, Pad, Scale, Upsample
from annconv.ir.population import Population, Role
from annconv.ir.projection import SPIKES, Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout
from annconv.reference.operators import Values, apply_operator

CARRIED_IN_PLACE = (Crop, Pad, Upsample)
"""Operators behind which a channel still holds the counts of one channel."""

Spiking = Relu | PRelu | Function | Multiply | Maximum | Minimum
"""What a population of spiking neurons computes."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a point is read.

    Attributes:
        population: Name of the population.
        transmits: What a projection reads of it.
        operators: What a projection begins with.
        theta: () or (channels,) what a spike is worth; None: what is read is the value itself.
        constant: Part of the value, of its geometry, that does not arrive; None: there is none.
    """

    population: str
    transmits: str = SPIKES
    operators: tuple[Operator, ...] = ()
    theta: FloatArray | None = None
    constant: FloatArray | None = None


def spiking_nodes(sections: Sections) -> tuple[Node, ...]:
    """The nodes that become populations of spiking neurons, in order."""
    last = _read_out_point(sections)
    return tuple(
        point.node
        for point in sections.points
        if isinstance(point.node.layer, Spiking) and point is not last
    )


def _read_out_point(sections: Sections) -> Point | None:
    """The point of the output where the read-out computes it, and nothing else reads it."""
    graph = sections.graph
    node = graph[graph.outputs[0]]
    point = next(entry for entry in sections.points if entry.node is node)
    read = any(node.name in entry.inputs for entry in graph.nodes)
    computed = isinstance(point, Junction) or isinstance(node.layer, Relu | Function | Softmax)
    return point if computed and not read else None


@dataclass(slots=True)
class NetworkBuilder:
    """Puts a network together, point by point.

    Attributes:
        sections: Of the model.
        thetas: Of every node of `spiking_nodes` by its name: () or (channels,).
        populations: Those made so far.
        projections: Those made so far.
    """

    sections: Sections
    thetas: Mapping[str, FloatArray]
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    _sources: dict[str, Source] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def network(self, steps: int, options: Mapping[str, str]) -> Network:
        """The whole network.

        Args:
            steps: Steps of a sample unless a run says otherwise.
            options: Of the conversion, as text.
        """
        self._names = population_names(self.sections)
        graph = self.sections.graph
        last = _read_out_point(self.sections)
        for point in self.sections.points:
            if point is not last:
                self._sources[point.node.name] = self._add(point)
        readout = self._output(graph[graph.outputs[0]], last)
        network = Network(
            graph.name,
            tuple(self.populations),
            tuple(self.projections),
            readout,
            steps=steps,
            options=options,
        )
        network.verify()
        return network

    def _add(self, point: Point) -> Source:
        """The populations of a point and what arrives there."""
        match point:
            case Entry(node):
                return self._population(node, INPUT, {}, "input")
            case Junction(node, arrivals):
                return self._junction(node, arrivals)
            case Nonlinear(node, arrivals):
                if isinstance(node.layer, MaxPool | AdaptiveMaxPool):
                    return self._pooling(node, node.layer, arrivals[0])
                return self._spiking(node, arrivals)

    def _junction(self, node: Node, arrivals: tuple[Section, ...]) -> Source:
        """A sum of what arrives; its constant part is handed to its readers."""
        name = self._names[node.name]
        self.populations.append(Population(name, node.shape, None, {}, "linear", node.origin))
        return Source(name, constant=self._sum(arrivals, name))

    def _sum(self, arrivals: Iterable[Section], name: str) -> FloatArray | None:
        """Connect sections whose results are added up; returns the constant part of the sum."""
        constants = [self._arrive(section, name) for section in arrivals]
        given = [constant for constant in constants if constant is not None]
        return sum(given[1:], given[0]) if given else None

    def _spiking(self, node: Node, arrivals: tuple[Section, ...]) -> Source:
        """A population whose count becomes the value of a node."""
        layer, name, theta = node.layer, self._names[node.name], self.thetas[node.name]
        parameters: dict[str, FloatArray] = {THETA: theta}
        if isinstance(layer, Multiply | Maximum | Minimum):
            neuron = joining_neuron(layer, len(arrivals))
            for place, section in enumerate(arrivals):
                behind = repeating(section.shape or (), node.shape)
                constant = self._arrive(section, name, target_of(place), behind)
                if constant is not None:
                    parameters[bias_of(place)] = constant
        elif isinstance(layer, Relu | PRelu | Function):
            neuron = neuron_of(layer)
            constant = self._arrive(arrivals[0], name)
            if constant is not None:
                parameters[BIAS] = constant
            if neuron is RECTIFIER:
                parameters[START] = theta / 2
            if isinstance(layer, PRelu):
                parameters[SLOPE] = layer.slopes.astype(np.float64)
        else:
            raise TypeError(f"{layer} is no population of this preset")
        return replace(self._population(node, neuron, parameters), theta=theta)

    def _pooling(self, node: Node, pool: MaxPool | AdaptiveMaxPool, section: Section) -> Source:
        """The maximum of counts, whose increase is a spike again; otherwise that of sums."""
        source, before = self._sources[section.source.name], section.shape or ()
        maxima = as_operators(pool, before)
        counted = source.theta is not None and source.transmits in (SPIKES, COUNT)
        carried = all(isinstance(step, CARRIED_IN_PLACE) for step in section.steps)
        if counted and carried and self._counts(source):
            steps = (*source.operators, *_operators(section), *maxima, Increase())
            pooled = replace(source, transmits=COUNT, operators=steps)
        else:
            name = self._names[node.name]
            constant = self._arrive(section, name)
            parameters = {} if constant is None else {BIAS: constant}
            self.populations.append(
                Population(name, before, ACCUMULATOR, parameters, "hidden", node.origin)
            )
            pooled = Source(name, operators=(*maxima, Increase()))
        readers = sum(entry.source is node for entry in self.sections.all)
        return pooled if readers <= 1 else self._shared(node, pooled)

    def _counts(self, source: Source) -> bool:
        """Whether a source is a population with a count, and nothing was computed of it yet."""
        return not source.operators and any(
            entry.name == source.population and entry.neuron is not None
            for entry in self.populations
        )

    def _shared(self, node: Node, source: Source) -> Source:
        """A junction that several projections read, with the spikes of a source."""
        name = f"{self._names[node.name]}/pooled"
        self.populations.append(Population(name, node.shape, None, {}, "linear", node.origin))
        self._connect(source, name, source.operators)
        return Source(name, theta=source.theta)

    def _output(self, node: Node, point: Point | None) -> Readout:
        """The population that is read, and how.

        Args:
            node: The output.
            point: Its own, where the read-out computes it; None: it is read like any other value.
        """
        name = self._names[node.name] + ("/output" if point is None else "")
        whole = (Section(node, (), (), node),)
        constant = self._sum(whole if point is None else point.arrivals, name)
        parameters = {} if constant is None else {BIAS: constant}
        self.populations.append(
            Population(name, node.shape, READER, parameters, "output", node.origin)
        )
        layer = None if point is None else point.node.layer
        return readout_of(layer if isinstance(layer, Relu | Function | Softmax) else None)

    def _population(
        self,
        node: Node,
        neuron: Neuron,
        parameters: Mapping[str, FloatArray],
        role: Role = "hidden",
    ) -> Source:
        name = self._names[node.name]
        self.populations.append(Population(name, node.shape, neuron, parameters, role, node.origin))
        return Source(name)

    def _arrive(
        self,
        section: Section,
        post: str,
        target: str = "exc",
        behind: tuple[Operator, ...] = (),
    ) -> FloatArray | None:
        """Connect a section; returns the constant part of what it delivers.

        Args:
            section: What is connected.
            post: Name of the population where it arrives.
            target: Of its projection.
            behind: Further operators.
        """
        source = self._sources[section.source.name]
        scale = () if source.theta is None else (Scale(source.theta),)
        self._connect(
            source, post, (*source.operators, *scale, *_operators(section), *behind), target
        )
        constant = section.constant()
        if source.constant is not None:
            carried = _carried(source.constant, section.source.shape, _operators(section))
            constant = carried if constant is None else carried + constant
        if constant is None or not behind:
            return constant
        return _carried(constant, section.shape or (), behind)

    def _connect(
        self, source: Source, post: str, operators: tuple[Operator, ...], target: str = "exc"
    ) -> None:
        name = numbered = f"{source.population} to {post}"
        taken = {entry.name for entry in self.projections}
        for number in count(2):
            if numbered not in taken:
                break
            numbered = f"{name} #{number}"
        self.projections.append(
            Projection(
                numbered, source.population, post, operators, source.transmits, target, delay=0
            )
        )


def population_names(sections: Sections) -> dict[str, str]:
    """Name of every point -> that of the Keras layer it came from; its own where several share it.

    Args:
        sections: Of the model.
    """
    nodes = [point.node for point in sections.points]
    output = sections.graph[sections.graph.outputs[0]]
    layers = {node.name: node.origin[-1].name for node in (*nodes, output)}
    taken = Counter(layers.values())
    return {
        name: layer if taken[layer] == 1 and "/" not in layer else name
        for name, layer in layers.items()
    }


def _carried(
    constant: FloatArray, geometry: Geometry, operators: tuple[Operator, ...]
) -> FloatArray:
    """What linear operators make of a constant.

    Args:
        constant: (channels,) or of the whole geometry.
        geometry: Of what the operators read.
        operators: One after another.
    Returns:
        (channels,) where all positions receive the same, else of the result's geometry.
    """
    batch: Values = np.broadcast_to(constant, geometry)[None].astype(np.float64)
    for operator in operators:
        batch = apply_operator(operator, batch)
    rows = batch.reshape(-1, batch.shape[-1])
    return np.asarray(rows[0] if (rows == rows[0]).all() else batch[0])


def _operators(section: Section) -> tuple[Operator, ...]:
    """What a projection computes in place of a section, its constant part left out."""
    geometry, operators = section.source.shape, list[Operator]()
    for step in section.operators:
        operators += as_operators(step, geometry)
        geometry = step.output_geometry(geometry) or ()
    return tuple(operators)
