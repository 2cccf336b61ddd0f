"""The presets: each a way to make a spiking network of a trained one.

A preset is a name, a class of options, and functions; all that is its own stands in a package of
its name. Presets know nothing of one another: what one refuses and another takes is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Protocol

from annconv.conversion.annarchy.network import PRESET
from annconv.conversion.annarchy.network import convert as convert_as_annarchy
from annconv.conversion.annarchy.neurons import choose_neurons
from annconv.conversion.annarchy.survey import refused_layers
from annconv.conversion.refusal import Takers
from annconv.errors import LayerProblem, OptionError, nearest
from annconv.ir.graph import Graph
from annconv.ir.network import Network
from annconv.ir.origin import Origin
from annconv.options import AnnarchyOptions

Options = AnnarchyOptions
"""Those of any preset."""


class Conversion(Protocol):
    """Makes a network as one preset does."""

    def __call__(
        self,
        graph: Graph,
        options: Options,
        takers: Takers,
        *,
        ignored: Sequence[LayerProblem],
        problems: Sequence[LayerProblem],
    ) -> Network:
        """The network; arguments and errors as `convert_graph`, `takers` for its refusals."""


class OptionCheck(Protocol):
    """Checks what a class of options cannot say by itself."""

    def __call__(self, options: Options, other_faults: Iterable[str] = ()) -> object:
        """Raise an OptionError that lists all faults, `other_faults` among them."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to make spiking networks.

    Attributes:
        name: By which users ask for it.
        options: The class of its options.
        check: Checks options before a model is read.
        convert: Makes the network.
        refused: The Keras layers of a Graph that it does not convert exactly.
    """

    name: str
    options: type[Options]
    check: OptionCheck
    convert: Conversion
    refused: Callable[[Graph], frozenset[Origin]]


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(PRESET, AnnarchyOptions, choose_neurons, convert_as_annarchy, refused_layers),
        )
    }
)
"""Every preset by its name."""


def preset_named(name: object) -> Preset:
    """The preset of that name.

    Raises:
        OptionError: There is none.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise OptionError(f"preset: unknown value {name!r}. {nearest(name, PRESETS)}.")
    return PRESETS[name]


def preset_of(options: Options) -> Preset:
    """The preset that options belong to."""
    return next(preset for preset in PRESETS.values() if preset.options is type(options))


def convert_graph(
    graph: Graph,
    options: Options,
    *,
    ignored: Sequence[LayerProblem] = (),
    problems: Sequence[LayerProblem] = (),
) -> Network:
    """The spiking network of a trained model, as the preset makes it whose options are given.

    Args:
        graph: The model, or its draft where there are `problems`.
        options: Of the conversion; all of them are stored in the network.
        ignored: Problems that reading the model has left out already; the warning lists them too.
        problems: Why the model could not be read; raised together with those found here.
    Returns:
        A verified network.
    Raises:
        OptionError: Options have values that are not allowed; all are listed.
        UnsupportedModelError: Layers cannot be converted; all are listed.
        EquationError: The equations of a user's neuron are not understood.
    Warns:
        ConversionWarning: What `on_unsupported="ignore"` left out, once, listing everything.
    """
    preset = preset_of(options)
    return preset.convert(graph, options, takers(graph, preset), ignored=ignored, problems=problems)


def takers(graph: Graph, preset: Preset) -> Takers:
    """Which presets take what one refuses.

    Args:
        graph: What is converted.
        preset: By which; it is no taker itself.
    Returns:
        Keras layer -> names of the other presets that convert it where it stands.
    """
    others = [entry for entry in PRESETS.values() if entry.name != preset.name]

    @cache
    def refused(name: str) -> frozenset[Origin]:
        return PRESETS[name].refused(graph)

    def names(layer: Origin) -> tuple[str, ...]:
        return tuple(entry.name for entry in others if layer not in refused(entry.name))

    return names
