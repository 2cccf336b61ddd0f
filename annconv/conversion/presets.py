"""The presets: each a way to make a spiking network of a trained one.

A preset is a name, a class of options, and functions; all that is its own stands in a package of
its name. Presets know nothing of one another: what one refuses and another takes is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from annconv.conversion.annarchy.network import PRESET as ANNARCHY
from annconv.conversion.annarchy.network import convert as convert_as_annarchy
from annconv.conversion.annarchy.neurons import choose_neurons
from annconv.conversion.annarchy.survey import refused_layers as refused_by_annarchy
from annconv.conversion.rate.conversion import PRESET as RATE
from annconv.conversion.rate.conversion import check_options as check_rate
from annconv.conversion.rate.conversion import convert as convert_as_rate
from annconv.conversion.rate.refusals import refused_layers as refused_by_rate
from annconv.conversion.refusal import Takers
from annconv.errors import LayerProblem, OptionError, nearest
from annconv.ir.graph import Graph
from annconv.ir.network import Network
from annconv.ir.origin import Origin
from annconv.options import AnnarchyOptions, RateOptions

Options = AnnarchyOptions | RateOptions
"""Those of any preset."""

Own = TypeVar("Own", AnnarchyOptions, RateOptions)
"""Those of one."""
Asked_contra = TypeVar("Asked_contra", AnnarchyOptions, RateOptions, contravariant=True)


class Conversion(Protocol[Asked_contra]):
    """Makes a network as one preset does."""

    def __call__(
        self,
        graph: Graph,
        options: Asked_contra,
        takers: Takers,
        *,
        ignored: Sequence[LayerProblem],
        problems: Sequence[LayerProblem],
    ) -> Network:
        """The network; arguments and errors as `convert_graph`, `takers` for its refusals."""


class OptionCheck(Protocol[Asked_contra]):
    """Checks what a class of options cannot say by itself."""

    def __call__(self, options: Asked_contra, other_faults: Iterable[str] = ()) -> object:
        """Raise an OptionError that lists all faults, `other_faults` among them."""


@dataclass(frozen=True, slots=True)
class Preset(Generic[Own]):
    """A way to make spiking networks.

    Attributes:
        name: By which users ask for it.
        options: The class of its options.
        check: Checks options before a model is read.
        convert: Makes the network.
        refused: The Keras layers of a Graph that it does not convert exactly.
    """

    name: str
    options: type[Own]
    check: OptionCheck[Own]
    convert: Conversion[Own]
    refused: Callable[[Graph], frozenset[Origin]]


_ANNARCHY = Preset(
    ANNARCHY, AnnarchyOptions, choose_neurons, convert_as_annarchy, refused_by_annarchy
)
_RATE = Preset(RATE, RateOptions, check_rate, convert_as_rate, refused_by_rate)

PRESETS: Mapping[str, Preset[Any]] = MappingProxyType(
    {preset.name: preset for preset in (_ANNARCHY, _RATE)}
)
"""Every preset by its name."""


def preset_named(name: object) -> Preset[Any]:
    """The preset of that name.

    Raises:
        OptionError: There is none.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise OptionError(f"preset: unknown value {name!r}. {nearest(name, PRESETS)}.")
    return PRESETS[name]


def preset_of(options: Options) -> Preset[Any]:
    """The preset that options belong to."""
    return next(preset for preset in PRESETS.values() if preset.options is type(options))


def options_of(name: object, given: Mapping[str, object]) -> Options:
    """The options of a preset, as a user gives them by name.

    Args:
        name: Of the preset.
        given: Name of an option -> its value.
    Raises:
        OptionError: There is no such preset, it has no such option, or a value is not allowed; all
            options that it does not have are listed.
    """
    preset = preset_named(name)
    known = [entry.name for entry in fields(preset.options)]
    faults = [
        f"{option}: preset {name!r} has no such option. {_remark(option, known)}"
        for option in given
        if option not in known
    ]
    try:
        made: Options = preset.options(**{key: given[key] for key in given if key in known})
    except OptionError as error:
        raise OptionError([*faults, *error.faults]) from None
    if faults:
        raise OptionError(faults)
    return made


def _remark(option: str, known: Sequence[str]) -> str:
    """What to do about an option that a preset does not have."""
    others = [
        preset.name
        for preset in PRESETS.values()
        if option in {entry.name for entry in fields(preset.options)}
    ]
    if others:
        return f"Leave it out; it belongs to preset {', '.join(map(repr, others))}."
    return f"{nearest(option, known)}."


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


def takers(graph: Graph, preset: Preset[Any]) -> Takers:
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
