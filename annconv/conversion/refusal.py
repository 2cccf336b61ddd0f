"""Why a preset does not convert a layer, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from annconv.errors import LayerProblem, UnsupportedModelError
from annconv.ir.graph import Graph
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
