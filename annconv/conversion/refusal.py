"""Why a preset does not convert a layer, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from annconv.errors import LayerProblem, UnsupportedModelError
from annconv.ir.graph import Graph, Input
from annconv.ir.origin import Origin

Takers = Callable[[Origin], tuple[str, ...]]
"""Keras layer -> names of the presets that take what is refused of it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What keeps a Keras layer from becoming a part of a preset's networks.

    Attributes:
        origin: The layer.
        why: Half a sentence.
        instead: What to do about it.
        setting: Of the layer, told in brackets behind its class.
    """

    origin: Origin
    why: str
    instead: str
    setting: str = ""


def several_ends(graph: Graph) -> Iterator[Refusal]:
    """All inputs and outputs but the first, of presets whose networks have one of each."""
    inputs = [node for node in graph.nodes if isinstance(node.layer, Input)]
    for node in inputs[1:]:
        why = f"it is one of {len(inputs)} inputs"
        yield Refusal(node.origin[-1], why, "one input that holds them all")
    for name in graph.outputs[1:]:
        why = f"it is one of {len(graph.outputs)} outputs"
        instead = "keras.Model(model.inputs, model.outputs[0])"
        yield Refusal(graph[name].origin[-1], why, instead)


def problem(refusal: Refusal, takers: Takers) -> LayerProblem:
    """A refusal as an error lists it, with the presets that would take the layer."""
    origin, setting = refusal.origin, refusal.setting
    type_ = f"{origin.type}({setting})" if setting else origin.type
    instead = ", or preset=".join([refusal.instead, *map(repr, takers(origin))])
    return LayerProblem(origin.index, origin.name, type_, refusal.why, instead)


def unsupported(graph: Graph, problems: Iterable[LayerProblem]) -> UnsupportedModelError:
    """The error that lists problems in the order of the layers, each one once."""
    ordered = sorted(dict.fromkeys(problems), key=lambda entry: entry.index)
    return UnsupportedModelError(graph.name, len(graph.layers), ordered)
