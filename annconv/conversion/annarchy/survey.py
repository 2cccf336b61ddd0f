"""What keeps a Graph from being a network of preset `annarchy`.

Its networks are what remains of sections with these properties: each reads the point before it and
nothing else; its operators are layers with weights, means and changes of shape; there is no
constant part; behind each layer with weights stands a ReLU, which the spiking neurons are, perhaps
after a maximum. The last section may end in a Softmax, or in nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from annconv.conversion.annarchy.refusals import (
    BIAS,
    BRANCHING,
    JOINED,
    NEGATIVE,
    SCALED_CHANNELS,
    SCALED_SAMPLES,
    TWO_CONVOLUTIONS,
    remedy,
)
from annconv.conversion.annarchy.spiking_layers import (
    Pool,
    SpikingLayer,
    Weights,
    find_spiking_layers,
)
from annconv.conversion.annarchy.structure import held_origins, structure_refusals
from annconv.conversion.refusal import Refusal
from annconv.conversion.sections import Sections, find_sections
from annconv.errors import LayerProblem
from annconv.frontend.layer_kinds import may_activate
from annconv.frontend.remedies import Remedy
from annconv.ir.activations import Activation, Bias, Function, PRelu, Relu, Softmax
from annconv.ir.graph import Graph, Input, Layer, Node
from annconv.ir.joins import Join
from annconv.ir.maps import Permute, TransposedConvolution
from annconv.ir.operators import MaxPool, MeanPool, Reshape, Scale
from annconv.ir.origin import Origin


@dataclass(frozen=True, slots=True)
class Survey:
    """What becomes of a Graph.

    Attributes:
        input: The node where samples enter.
        layers: Layers that become populations; at least one, unless there are refusals.
        fatal: Why the Graph cannot be converted.
        inexact: Why it cannot be converted exactly; what can be left out.
    """

    input: Node
    layers: tuple[SpikingLayer, ...]
    fatal: tuple[Refusal, ...]
    inexact: tuple[Refusal, ...]


def survey(graph: Graph, known: Sequence[LayerProblem] = ()) -> Survey:
    """The populations of a Graph, and all that stands in the way.

    Args:
        graph: Of a trained model, or its draft.
        known: Problems that reading the model has found. What may only follow from one of them is
            not listed.
    """
    structure = structure_refusals(graph)
    listed = {(entry.index, entry.layer) for entry in known}
    listed |= {(entry.origin.index, entry.origin.name) for entry in structure}
    rules = _Rules(find_sections(graph), frozenset(listed), held_origins(graph))
    first = next(node for node in graph.nodes if isinstance(node.layer, Input))
    fatal = (*structure, *_in_order(rules.fatal()), *rules.no_population(first))
    return Survey(first, rules.layers, fatal, _in_order(rules.inexact()))


def refused_layers(graph: Graph) -> frozenset[Origin]:
    """The Keras layers of a Graph that networks of this preset do not have, or not exactly."""
    found = survey(graph)
    return frozenset(refusal.origin for refusal in (*found.fatal, *found.inexact))


_KEPT = Weights | Pool | Reshape
"""Layers that a network has."""
_LEFT_OUT = Activation | Scale | Join
"""Layers with rules of their own: neurons stand for them, or they are refused there."""
_Found = tuple[int, Refusal]
"""Where in the Graph something is noticed, and what."""


def _in_order(found: Iterator[_Found]) -> tuple[Refusal, ...]:
    """Refusals in the order in which the Graph's nodes show them."""
    return tuple(refusal for _, refusal in sorted(found, key=lambda entry: entry[0]))


class _Rules:
    """The preset's rules, each a generator of what breaks it.

    Attributes:
        sections: Of the Graph.
        layers: Its populations.
    """

    def __init__(
        self, sections: Sections, known: frozenset[tuple[int, str]], held: frozenset[Origin]
    ) -> None:
        """Look at sections.

        Args:
            sections: Of a Graph.
            known: Index and name of every layer that is listed already.
            held: Layers that stand in a nested model or a wrapper, which is listed.
        """
        self.sections = sections
        self.layers = find_spiking_layers(sections)
        self._known, self._held = known, held
        self._nodes = sections.graph.nodes
        self._places = {node.name: place for place, node in enumerate(self._nodes)}
        self._behind = self._readers_behind()
        self._first = min(
            (self._places[spiking.node.name] for spiking in self.layers), default=None
        )
        parts: dict[tuple[Origin, ...], list[Layer]] = {}
        for node in self._nodes:
            parts.setdefault(node.origin, []).append(node.layer)
        self._parts = MappingProxyType(parts)

    def fatal(self) -> Iterator[_Found]:
        """What no network of this preset can leave out."""
        yield from self._one_chain()
        for node in self.sections.nodes():
            yield from self._noticed(node, self._operator(node))

    def inexact(self) -> Iterator[_Found]:
        """What a network can leave out, and then computes something else than the model."""
        for node in self.sections.nodes():
            if isinstance(node.layer, Weights) and not self._is_listed(node):
                yield from self._linear(node)
            yield from self._noticed(node, self._affine(node))
        for point in self.sections.points:
            yield from self._noticed(point.node, self._response(point.node))

    def no_population(self, first: Node) -> Iterator[Refusal]:
        """Nothing spikes, unless a layer that could not be read would have."""
        if not self.layers and not self._known:
            why = "no layer behind it becomes a population"
            yield _refuse(first, Remedy(why, "a model with a Dense layer"))

    def _readers_behind(self) -> Mapping[str, Node]:
        """For each node the one that stands directly behind it and reads nothing else."""
        places = self._places
        return MappingProxyType(
            {
                before.name: node
                for section in self.sections.all
                for before, node in pairwise(section.path)
                if len(node.inputs) == 1 and places[node.name] == places[before.name] + 1
            }
        )

    def _one_chain(self) -> Iterator[_Found]:
        """Along every section each node reads the one before it, and sections do not meet."""
        for point in self.sections.points:
            for section in point.arrivals:
                for before, node in pairwise(section.path):
                    if self._behind.get(before.name) is not node and not self._is_listed(node):
                        found = JOINED if isinstance(node.layer, Join) else BRANCHING
                        yield self._places[node.name], _refuse(node, found)

    def _operator(self, node: Node) -> Iterator[Refusal]:
        """Populations read weights, pooling windows or all values in another shape."""
        turned = isinstance(node.layer, Permute) and self._is_listed(node)  # channels come first
        if not turned and not isinstance(node.layer, _KEPT | _LEFT_OUT):
            yield _refuse(node, self._remedy(node))

    def _affine(self, node: Node) -> Iterator[Refusal]:
        """There is no constant part, and no channel is scaled by itself."""
        parts = self._parts[node.origin]
        average = isinstance(node.layer, Scale) and any(isinstance(part, Join) for part in parts)
        if isinstance(node.layer, Bias | Scale) and not average:  # that is refused as a branch
            yield _refuse(node, self._remedy(node))

    def _response(self, node: Node) -> Iterator[Refusal]:
        """What is not linear is a ReLU from 0 up, a maximum, or the Softmax at the end."""
        match node.layer:
            case Relu():
                yield from self._relu(node, node.layer)
            case Softmax(axes=axes):
                behind = self._nodes[self._places[node.name] + 1 :]
                if not all(isinstance(entry.layer, Reshape | Softmax) for entry in behind):
                    why = "its values depend on all channels at once"
                    yield _refuse(node, Remedy(why, "softmax at the end of the model only"))
                elif axes != (-1,):
                    why = "its values depend on other positions"
                    yield _refuse(node, Remedy(why, "softmax over the last axis"))
            case Function(name=name):
                yield _refuse(node, remedy(node.layer), setting=repr(name))
            case PRelu():
                yield _refuse(node, remedy(node.layer))
            case _:
                return

    def _relu(self, node: Node, relu: Relu) -> Iterator[Refusal]:
        """A ReLU is what a spiking neuron computes: 0, then the value itself, without an end."""
        if relu.maximum is not None:
            found = Remedy("no neuron here saturates at a value", "ReLU without a maximum")
            yield _refuse(node, found, setting=f"max {relu.maximum:g}")
        if relu.slope:
            found = Remedy("no neuron here passes on negative values", "ReLU without a slope")
            yield _refuse(node, found, setting=f"slope {relu.slope:g}")
        if relu.threshold:
            found = Remedy("its response jumps", "ReLU without a threshold")
            yield _refuse(node, found, setting=f"threshold {relu.threshold:g}")
        if not self._may_follow_a_population(node):
            why = "the input's encoding has no ReLU"
            yield _refuse(node, Remedy(why, "samples that are not negative"))

    def _linear(self, weights: Node) -> Iterator[_Found]:
        """Values of a layer with weights that another population reads without a ReLU."""
        node, pooled = weights, False
        while node.name in self._behind:
            node = self._behind[node.name]
            unread = self._is_listed(node) and may_activate(node.origin[-1])
            if unread or isinstance(node.layer, Relu | PRelu | Function):
                return
            if isinstance(node.layer, Weights | MeanPool | TransposedConvolution):
                same = isinstance(node.layer, Weights) and node.origin == weights.origin
                found = TWO_CONVOLUTIONS if same else NEGATIVE
                yield self._places[node.name], _refuse(weights, found)
                return
            pooled = pooled or isinstance(node.layer, MaxPool)
        if pooled and node is self._nodes[-1]:
            yield len(self._nodes), _refuse(weights, NEGATIVE)

    def _noticed(self, node: Node, refusals: Iterator[Refusal]) -> Iterator[_Found]:
        """Refusals that a node shows."""
        for refusal in refusals:
            yield self._places[node.name], refusal

    def _is_listed(self, node: Node) -> bool:
        """Whether the Keras layer of a node, or one that holds it, is listed already."""
        origin = node.origin[-1]
        return (origin.index, origin.name) in self._known or origin in self._held

    def _may_follow_a_population(self, node: Node) -> bool:
        """Whether a population stands before a node, or a listed layer that would be one."""
        before = self._first is not None and self._first < self._places[node.name]
        return before or bool(self._known)

    def _remedy(self, node: Node) -> Remedy:
        """Why a node is refused; all that scales, shifts and turns axes for it is one reason."""
        parts = self._parts[node.origin]
        if any(isinstance(part, Weights | TransposedConvolution) for part in parts):
            return BIAS if isinstance(node.layer, Bias) else remedy(node.layer)
        if not any(isinstance(part, Scale | Bias) for part in parts):
            return remedy(node.layer)
        return SCALED_CHANNELS if self._may_follow_a_population(node) else SCALED_SAMPLES


def _refuse(node: Node, found: Remedy, *, setting: str = "") -> Refusal:
    """A refusal of the Keras layer that a node came from."""
    return Refusal(node.origin[-1], found.why, found.instead, setting)
