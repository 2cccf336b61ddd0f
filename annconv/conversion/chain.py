"""A Graph as the chain of layers that become populations, and what stands in the way of that.

The networks of the reference's converter are chains: every Dense, convolution and pooling layer is
a population that reads the one before it. ReLUs are the spiking neurons themselves, Reshape belongs
to the projection behind it, and a closing Softmax does not change which class wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from annconv.conversion.refusals import BIAS, SCALED_CHANNELS, SCALED_SAMPLES, refusal
from annconv.conversion.structure import held_origins, structure_problems
from annconv.errors import LayerProblem, UnsupportedModelError
from annconv.frontend.layers import HANDLERS
from annconv.frontend.remedies import LAYERS, Remedy
from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.graph import Graph, Input, Layer, Node
from annconv.ir.joins import Join
from annconv.ir.maps import Map, Permute, TransposedConvolution
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Operator,
    Reshape,
    Scale,
)
from annconv.ir.origin import Origin
from annconv.options import PRESETS

Weights = Dense | Convolution
Pool = MaxPool | MeanPool

ACTIVATION_TYPES = frozenset({"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"})
"""Types of Keras layers that stand where a network has its ReLUs."""
DENSE = "Dense"
"""Type of the Keras layer that reads spikes, on a map too, where its operator is a convolution."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A layer that becomes a population.

    Attributes:
        node: Of the Graph; a Dense, convolution or pooling layer.
        operators: From the previous population's geometry to this one's, the layer's own last.
    """

    node: Node
    operators: tuple[Operator, ...]

    @property
    def layer(self) -> Weights | Pool:
        """The layer's own operator."""
        layer = self.operators[-1]
        if not isinstance(layer, Weights | Pool):
            raise TypeError(f"{layer} does not become a population")
        return layer

    @property
    def is_dense(self) -> bool:
        """Whether it comes from a Dense, whatever operator that became."""
        return self.node.origin[-1].type == DENSE


@dataclass(frozen=True, slots=True)
class Chain:
    """What becomes of a Graph.

    Attributes:
        input: The node where samples enter.
        stages: At least one, unless there are problems.
        ignored: Problems that were left out, with `on_unsupported="ignore"`.
        problems: Why the Graph cannot be converted.
    """

    input: Node
    stages: tuple[Stage, ...]
    ignored: tuple[LayerProblem, ...]
    problems: tuple[LayerProblem, ...] = ()


def instead(remedy: str) -> str:
    """A remedy, and the preset that converts what this one cannot, where there is one."""
    return f"{remedy}, or preset='rate'" if "rate" in PRESETS else remedy


def problem(node: Node, why: str, remedy: str, *, setting: str = "") -> LayerProblem:
    """A problem with the Keras layer that a node came from."""
    origin = node.origin[-1]
    type_ = f"{origin.type}({setting})" if setting else origin.type
    return LayerProblem(origin.index, origin.name, type_, why, instead(remedy))


def read_chain(graph: Graph, *, ignore: bool = False) -> Chain:
    """The stages of a Graph in order.

    Args:
        graph: Of a trained model.
        ignore: Leave out biases and activations that cannot be converted, as the reference does.
    Raises:
        UnsupportedModelError: Lists every layer that cannot be converted.
    """
    chain = survey_chain(graph, ignore=ignore)
    if chain.problems:
        raise unsupported(graph, chain.problems)
    return chain


def survey_chain(
    graph: Graph, *, ignore: bool = False, known: Sequence[LayerProblem] = ()
) -> Chain:
    """As `read_chain`, but problems are handed back and not raised.

    Args:
        graph: Of a trained model, or its draft.
        ignore: As in `read_chain`.
        known: Problems that reading the model has found. What may only follow from one of them is
            not listed.
    """
    known = (*known, *structure_problems(graph))
    reader = _ChainReader(
        graph, frozenset((entry.index, entry.layer) for entry in known), held_origins(graph)
    )
    for node in graph.nodes:
        reader.take(node)
    reader.finish()
    fatal = reader.fatal if ignore else [*reader.fatal, *reader.inexact]
    return Chain(reader.inputs[0], tuple(reader.stages), tuple(reader.inexact), (*known, *fatal))


def unsupported(graph: Graph, problems: Sequence[LayerProblem]) -> UnsupportedModelError:
    """The error that lists the problems in the order of the layers, each one once."""
    ordered = sorted(dict.fromkeys(problems), key=lambda entry: entry.index)
    return UnsupportedModelError(graph.name, len(graph.layers), ordered)


def _may_activate(node: Node) -> bool:
    """Whether a layer that could not be read may stand where a ReLU is missed."""
    type_ = node.origin[-1].type
    return type_ in ACTIVATION_TYPES or not (type_ in HANDLERS or type_ in LAYERS)


@dataclass(slots=True)
class _ChainReader:
    """Walks through the nodes of a Graph.

    Attributes:
        graph: What is read.
        known: Index and name of every layer that is listed already.
        held: Layers that stand in a nested model or a wrapper, which is listed.
        inputs: Input nodes.
        stages: Found so far.
        inexact: Problems that can be ignored.
        fatal: Problems that cannot.
        between: Operators since the last stage.
        linear: The last layer with weights, until a ReLU follows it.
        before: The node taken last.
        parts: What all nodes of a Keras layer compute, by their origin.
    """

    graph: Graph
    known: frozenset[tuple[int, str]] = frozenset()
    held: frozenset[Origin] = frozenset()
    inputs: list[Node] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    inexact: list[LayerProblem] = field(default_factory=list)
    fatal: list[LayerProblem] = field(default_factory=list)
    between: tuple[Operator, ...] = ()
    linear: Node | None = None
    before: Node | None = None
    parts: dict[tuple[Origin, ...], list[Layer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.graph.nodes:
            self.parts.setdefault(node.origin, []).append(node.layer)

    def take(self, node: Node) -> None:
        """The next node."""
        listed = self._listed(node)
        if not self._continues(node):
            self.linear = None  # what stands before is not what is read
            if not listed:
                self._refuse_branch(node)
        self.before = node
        if listed and _may_activate(node):
            self.linear = None
        match node.layer:
            case Input():
                self.inputs.append(node)
            case layer if isinstance(layer, Join):
                self.linear = None  # refused as a branch
            case Dense() | Convolution():
                self._refuse_linear(node)
                self._add_stage(node, node.layer)
                self.linear = None if listed else node
            case MaxPool():
                self._add_stage(node, node.layer)  # the maximum of ReLUs is the ReLU of the maximum
            case MeanPool():
                self._refuse_linear()
                self._add_stage(node, node.layer)
            case Reshape():
                self.between = (*self.between, node.layer)
            case TransposedConvolution():
                self._refuse_linear()
                self.fatal.append(problem(node, *self._refusal(node)))
            case Permute() if listed:
                pass  # a layer with its channels first
            case layer if isinstance(layer, Map | Operator) and not isinstance(layer, Scale):
                self.fatal.append(problem(node, *self._refusal(node)))
            case _:
                self.inexact += self._problems(node)
                if isinstance(node.layer, Relu | PRelu | Function):
                    self.linear = None  # it stands where a ReLU is missed

    def finish(self) -> None:
        """Check what can only be seen at the end."""
        if self.linear is not None and self.stages and self.linear is not self.stages[-1].node:
            self._refuse_linear()
        if self.known:
            return  # a layer that could not be read may be the population that is missed below
        if not self.stages:
            why = "no layer behind it becomes a population"
            self.fatal.append(problem(self.inputs[0], why, "a model with a Dense layer"))

    def _continues(self, node: Node) -> bool:
        """Whether a node reads the one before it and nothing else, or is a first input."""
        if self.before is None or isinstance(node.layer, Input):
            return not node.inputs
        return node.inputs == (self.before.name,)

    def _listed(self, node: Node) -> bool:
        """Whether the Keras layer of a node, or one that holds it, is listed already."""
        origin = node.origin[-1]
        return (origin.index, origin.name) in self.known or origin in self.held

    def _refuse_branch(self, node: Node) -> None:
        """A node that does not read the one before it and nothing else."""
        joins = isinstance(node.layer, Join)
        why = "it joins branches" if joins else "it does not read the layer before it"
        why += ", and populations form one chain"
        self.fatal.append(problem(node, why, "a model without branches"))

    def _refuse_linear(self, reader: Node | None = None) -> None:
        """A layer's values can be negative, and something other than its ReLU reads them."""
        if self.linear is not None:
            why = "its values can be negative, and no ReLU follows before the next layer"
            remedy = "activation='relu'"
            if reader is not None and reader.origin == self.linear.origin:
                why = "it is two convolutions, and no ReLU stands between them"
                remedy = "a depthwise convolution and one with kernel_size=1, both with a ReLU"
            self.inexact.append(problem(self.linear, why, remedy))
            self.linear = None

    def _add_stage(self, node: Node, layer: Weights | Pool) -> None:
        """A population that reads the last one."""
        self.stages.append(Stage(node, (*self.between, layer)))
        self.between = ()

    def _problems(self, node: Node) -> Iterator[LayerProblem]:
        """Why a node that is no population and changes values cannot be converted exactly."""
        match node.layer:
            case Relu(maximum=maximum, slope=slope, threshold=threshold):
                if maximum is not None:
                    why = "no neuron here saturates at a value"
                    yield problem(node, why, "ReLU without a maximum", setting=f"max {maximum:g}")
                if slope:
                    why = "no neuron here passes on negative values"
                    yield problem(node, why, "ReLU without a slope", setting=f"slope {slope:g}")
                if threshold:
                    why, setting = "its response jumps", f"threshold {threshold:g}"
                    yield problem(node, why, "ReLU without a threshold", setting=setting)
                if not self.stages and not self.known:
                    why = "the input's encoding has no ReLU"
                    yield problem(node, why, "samples that are not negative")
            case Softmax(axes=axes):
                if not self._closes(node):
                    why = "its values depend on all channels at once"
                    yield problem(node, why, "softmax at the end of the model only")
                elif axes != (-1,):
                    why = "its values depend on other positions"
                    yield problem(node, why, "softmax over the last axis")
            case Scale() if any(isinstance(part, Join) for part in self.parts[node.origin]):
                return  # an average, refused as a branch
            case Function(name=name):
                yield problem(node, *refusal(node.layer), setting=repr(name))
            case _:
                yield problem(node, *self._refusal(node))

    def _refusal(self, node: Node) -> Remedy:
        """Why a node is refused; all that scales, shifts and turns axes for it is one reason."""
        parts = self.parts[node.origin]
        if any(isinstance(part, Weights | TransposedConvolution) for part in parts):
            return BIAS if isinstance(node.layer, Bias) else refusal(node.layer)
        if not any(isinstance(part, Scale | Bias) for part in parts):
            return refusal(node.layer)
        return SCALED_CHANNELS if self.stages or self.known else SCALED_SAMPLES

    def _closes(self, node: Node) -> bool:
        """Whether only shapes change behind a node."""
        behind = self.graph.nodes[self.graph.nodes.index(node) + 1 :]
        return all(isinstance(entry.layer, Reshape | Softmax) for entry in behind)
