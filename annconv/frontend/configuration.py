"""The configuration of a model file, checked before Keras builds anything from it.

A configuration names the classes and functions that Keras looks up, imports and calls. Only names
on the lists here are let through: Keras' own layers that are harmless to build, initialisers and
their like. Everything else is refused unseen, whatever Keras itself would do with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annconv.errors import LayerProblem, UnsupportedModelError
from annconv.frontend.foreign_activations import SAVED_NAMES
from annconv.frontend.layers import HANDLERS
from annconv.frontend.layers.activation import ACTIVATIONS, nearest_activation
from annconv.frontend.remedies import (
    ARITHMETIC,
    CODE,
    LAYERS,
    NESTED_TYPES,
    OPERATION,
    OPERATION_MODULE,
    READ,
    REFUSED_ACTIVATIONS,
    SUBCLASSED_MODEL,
    UNKNOWN_LAYER,
    WRAPPER_TYPES,
    Remedy,
    foreign_layer,
    quantised_remedy,
    saved_activation_remedy,
)

LAYER_TYPES = frozenset(HANDLERS) | frozenset(LAYERS) | WRAPPER_TYPES
"""Layers of Keras that are safe to build: those that are read, and those refused with a remedy."""
INITIALISERS = (
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling",
    "Zeros",
)  # fmt: skip
REGULARISERS = ("L1", "L2", "L1L2", "OrthogonalRegularizer")
CONSTRAINTS = ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")
POLICIES = (
    "DTypePolicy", "FloatDTypePolicy", "Policy", "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
)  # fmt: skip
MARKER_TYPES = frozenset({"__keras_tensor__", "__numpy__", "__tuple__", "TensorShape"})
"""Names that stand for plain values."""
HARMLESS_TYPES = LAYER_TYPES.union(INITIALISERS, REGULARISERS, CONSTRAINTS, POLICIES, MARKER_TYPES)
"""Everything that may be named inside the settings of a layer."""
FUNCTION_MODULES = ("keras.activations", "builtins")
"""Modules under which Keras saves functions."""
ACTIVATION_NAMES = frozenset(ACTIVATIONS) | frozenset(REFUSED_ACTIVATIONS)
MAXIMUM_DEPTH = 50
"""Models in models whose activations get today's names; what is deeper is checked all the same."""


class MalformedConfigurationError(ValueError):
    """The configuration does not have the form that Keras writes; its text says where."""


def check_configuration(configuration: Any, renewal: str = "") -> tuple[LayerProblem, ...]:
    """Refuse everything that would run code or read other files when Keras builds the model.

    Args:
        configuration: The parsed JSON of a model file.
        renewal: What to do with a file of an older Keras, whose settings had other names; empty
            for a file of today's.
    Returns:
        The layers that are safe to build and that no handler reads.
    Raises:
        MalformedConfigurationError: It is not the configuration of a model.
        UnsupportedModelError: Lists all layers that hold something foreign, and with them those
            that no handler reads.
    """
    kind = configuration.get("class_name") if isinstance(configuration, Mapping) else None
    if not isinstance(kind, str):
        raise MalformedConfigurationError("it does not name the class of the model")
    inner = configuration.get("config")
    settings = inner if isinstance(inner, Mapping) else {"layers": inner}
    name = str(settings.get("name", kind))
    if kind not in NESTED_TYPES or not _is_own(configuration):
        problem = LayerProblem(0, name, kind, *SUBCLASSED_MODEL)
        raise UnsupportedModelError(name, 1, [problem], cannot=READ)
    entries = _layer_entries(settings.get("layers"))
    rest = [value for key, value in settings.items() if key != "layers"]
    rest += [
        value for key, value in configuration.items() if key not in ("config", "compile_config")
    ]
    dangerous = [
        LayerProblem(0, name, kind, *_foreign_part(text, renewal)) for text in _foreign_names(rest)
    ]
    harmless: list[LayerProblem] = []
    first = 0 if entries and entries[0]["class_name"] == "InputLayer" else 1
    for saved in _all_layers(entries, first):
        dangerous += _dangerous(saved, renewal)
        harmless += _harmless(saved)
        if saved.twin is not None:
            dangerous.append(_named_alike(saved, saved.twin))
    if dangerous:
        problems = sorted([*dangerous, *harmless], key=lambda problem: problem.index)
        raise UnsupportedModelError(name, len(entries) + first, problems, cannot=READ)
    return tuple(harmless)


@dataclass(frozen=True, slots=True, eq=False)
class _SavedLayer:
    """The entry of a layer.

    Attributes:
        entry: As it was saved.
        name: Its name, behind those of the models in which it stands.
        index: Of the layer of the outermost model.
        twin: Index or name of an earlier layer of the same model with its name, None if none has.
    """

    entry: Mapping[str, Any]
    name: str
    index: int
    twin: int | str | None

    @property
    def kind(self) -> str:
        """Name of its class."""
        return str(self.entry["class_name"])


def _all_layers(entries: Sequence[Mapping[str, Any]], first: int) -> Iterator[_SavedLayer]:
    """Every layer of a model and of the models in it, in order."""
    stack = list(reversed(_saved_layers(entries, first, "", None)))
    while stack:
        saved = stack.pop()
        yield saved
        within = _inner_entries(saved.entry)
        stack += reversed(_saved_layers(within, 0, f"{saved.name}/", saved.index))


def _saved_layers(
    entries: Sequence[Mapping[str, Any]], first: int, prefix: str, index: int | None
) -> list[_SavedLayer]:
    """The layers of one model, and which of them are named alike: Keras does not load those."""
    owners: dict[str, int] = {}
    found: list[_SavedLayer] = []
    for position, entry in enumerate(entries, start=first):
        name = entry["config"].get("name") or entry.get("name")
        owner = owners.setdefault(name, position) if isinstance(name, str) else position
        outermost = position if index is None else index
        twin: int | str | None = None if owner == position else owner
        if twin is not None and index is not None:
            twin = prefix.rstrip("/")
        found.append(_SavedLayer(entry, prefix + _layer_name(entry), outermost, twin))
    return found


def _inner_entries(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers that a nested model or a wrapper holds."""
    if _refused_class(entry) is not None:
        return []
    if entry["class_name"] in NESTED_TYPES:
        return _layer_entries(entry["config"].get("layers"))
    if entry["class_name"] in WRAPPER_TYPES:
        return _layer_entries([entry["config"].get("layer")])
    return []


def _layer_entries(entries: Any) -> list[Mapping[str, Any]]:
    """The entries of all layers, each with a class and settings."""
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise MalformedConfigurationError("it has no list of layers")
    for place, entry in enumerate(entries):
        if not isinstance(entry.get("class_name"), str):
            raise MalformedConfigurationError(f"entry {place} of its layers names no class")
        if not isinstance(entry.get("config"), Mapping):
            raise MalformedConfigurationError(f"entry {place} of its layers has no settings")
    return entries


def _dangerous(saved: _SavedLayer, renewal: str) -> Iterator[LayerProblem]:
    """What in a layer's entry keeps the model from being built at all."""
    index, name, kind, entry = saved.index, saved.name, saved.kind, saved.entry
    refused = _refused_class(entry)
    if refused is not None:
        yield LayerProblem(index, name, kind, *refused)
        return
    settings = dict(entry["config"])
    if kind in NESTED_TYPES:
        settings.pop("layers", None)  # each has its own turn
    if kind in WRAPPER_TYPES:
        settings.pop("layer", None)
    function = _saved_function(settings.get("activation"))
    if function is not None and function not in ACTIVATION_NAMES:
        remedy = saved_activation_remedy(nearest_activation(function))
        yield LayerProblem(index, name, _with_activation(kind, function), *remedy)
        del settings["activation"]
    quantised = settings.get("quantization_config")
    if isinstance(quantised, Mapping):
        mode = str(quantised.get("class_name")).removesuffix("QuantizationConfig").lower()
        yield LayerProblem(
            index, name, kind, *quantised_remedy(mode, with_lora="lora_rank" in settings)
        )
        settings = {
            key: value
            for key, value in settings.items()
            if key not in ("quantization_config", "dtype")
        }
    rest = [value for key, value in entry.items() if key not in ("class_name", "config")]
    for text in _foreign_names([settings, *rest]):
        yield LayerProblem(index, name, kind, *_foreign_part(text, renewal))


def _named_alike(saved: _SavedLayer, twin: int | str) -> LayerProblem:
    """A layer with the name of an earlier one: Keras saves them, and does not load them."""
    name = _layer_name(saved.entry)
    owner = f"layer {twin}" if isinstance(twin, int) else f"another layer of {twin!r}"
    why = f"{name!r} is also the name of {owner}"
    instead = f"saving the model with a name for each: layer.name = '{name}_{saved.index}'"
    return LayerProblem(saved.index, saved.name, saved.kind, why, instead)


def _harmless(saved: _SavedLayer) -> Iterator[LayerProblem]:
    """What in a layer's entry will be refused once the model is built."""
    kind, activation = saved.kind, saved.entry["config"].get("activation")
    if _refused_class(saved.entry) is None and kind in LAYERS:
        yield LayerProblem(saved.index, saved.name, kind, *LAYERS[kind])
    elif isinstance(activation, str) and activation in REFUSED_ACTIVATIONS:
        shown, remedy = _with_activation(kind, activation), REFUSED_ACTIVATIONS[activation]
        yield LayerProblem(saved.index, saved.name, shown, *remedy)


def _saved_function(activation: Any) -> str | None:
    """Name of a function as it is saved: as text, or as a class "function"; None if it is neither.

    A lambda is saved as its code, without a name.
    """
    if isinstance(activation, str):
        return activation
    if not isinstance(activation, Mapping):
        return None
    kind, name = activation.get("class_name"), activation.get("config")
    if kind in (None, "__lambda__"):
        return "<lambda>"
    registered = activation.get("registered_name")
    if kind != "function" or activation.get("module") not in FUNCTION_MODULES:
        return None
    named = name if registered in (None, "function", name) else registered
    return named if isinstance(named, str) else None


def renewed(configuration: Any, depth: int = 0) -> Any:
    """The configuration with every activation that is one of Keras' under its name there.

    How models in the model were compiled is left out: Keras would build that.

    Args:
        configuration: The parsed JSON of a model file, of any form.
        depth: In how many models it stands.
    Returns:
        The same object where nothing is to be changed.
    """
    inner = configuration.get("config") if isinstance(configuration, Mapping) else None
    entries = inner.get("layers") if isinstance(inner, Mapping) else inner
    if not isinstance(entries, list) or depth > MAXIMUM_DEPTH:
        return configuration
    layers = [_renewed_layer(entry, depth) for entry in entries]
    if all(new is old for new, old in zip(layers, entries, strict=True)):
        return configuration
    settings = {**inner, "layers": layers} if isinstance(inner, Mapping) else layers
    return {**configuration, "config": settings}


def _renewed_layer(entry: Any, depth: int) -> Any:
    settings = entry.get("config") if isinstance(entry, Mapping) else None
    if not isinstance(settings, Mapping) or depth > MAXIMUM_DEPTH:
        return entry
    if entry.get("class_name") in NESTED_TYPES:
        kept = {key: value for key, value in entry.items() if key != "compile_config"}
        return renewed(entry if len(kept) == len(entry) else kept, depth + 1)
    if entry.get("class_name") in WRAPPER_TYPES:
        held = settings.get("layer")
        new = _renewed_layer(held, depth + 1)
        return entry if new is held else {**entry, "config": {**settings, "layer": new}}
    saved = settings.get("activation")
    function = _saved_function(saved) or ""
    name = SAVED_NAMES.get(function, function)
    if name == saved or name not in ACTIVATION_NAMES:
        return entry
    return {**entry, "config": {**settings, "activation": name}}


def _layer_name(entry: Mapping[str, Any]) -> str:
    return str(entry["config"].get("name") or entry.get("name") or entry["class_name"])


def _with_activation(kind: str, activation: str) -> str:
    return f"{kind}({'' if kind == 'Activation' else 'activation='}{activation!r})"


def _refused_class(entry: Mapping[str, Any]) -> Remedy | None:
    """Why a layer's class keeps the model from being built, None if it is safe to build."""
    kind, module = str(entry["class_name"]), str(entry.get("module") or "")
    if kind == "Lambda":
        return CODE
    if not _is_own(entry):
        registered = entry.get("registered_name")
        shown = str(registered) if registered and registered != kind else f"{module}.{kind}"
        return foreign_layer(shown.lstrip("."), None)
    if ".ops" in module:
        return None if module == OPERATION_MODULE and kind in ARITHMETIC else OPERATION
    return None if kind in LAYER_TYPES or kind in NESTED_TYPES else UNKNOWN_LAYER


def _is_own(entry: Mapping[str, Any]) -> bool:
    """Whether an entry says that its class is Keras' own."""
    kind, module = entry.get("class_name"), entry.get("module")
    if not isinstance(kind, str) or entry.get("registered_name") not in (None, kind):
        return False
    return not module or (isinstance(module, str) and f"{module}.".startswith("keras."))


def _foreign_names(values: Any) -> Iterator[str]:
    """Every class or function somewhere in `values` that is not on the lists, as text."""
    stack: list[Any] = [values]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, Mapping):
            if "__passive_serialization__" in value or (
                "class_name" in value and not _is_harmless(value)
            ):
                yield f"{value.get('module') or ''}.{value.get('class_name')}".lstrip(".")
            else:
                stack.extend(value.values())


def _is_harmless(value: Mapping[str, Any]) -> bool:
    kind = value["class_name"]
    if kind == "function":
        return _saved_function(value) in ACTIVATION_NAMES
    return isinstance(kind, str) and kind in HARMLESS_TYPES and _is_own(value)


def _foreign_part(text: str, renewal: str) -> Remedy:
    return Remedy(
        f"its settings name {text!r}, which is not a part that is safe to build from a file",
        renewal or "settings of Keras' own",
    )


def told_input_shape(configuration: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Shape of the samples, batch axis included, where the first layer tells it by itself.

    Before Keras 2.4 a Sequential model was saved without its Input.

    Args:
        configuration: One that was checked.
    """
    inner = configuration["config"]
    entries = inner["layers"] if isinstance(inner, Mapping) else inner
    if configuration["class_name"] != "Sequential" or not entries:
        return None
    shape = entries[0]["config"].get("batch_input_shape")
    if entries[0]["class_name"] == "InputLayer" or not isinstance(shape, list):
        return None
    return tuple(shape)
