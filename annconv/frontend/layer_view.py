"""What a handler sees of a Keras layer, and where it puts what it cannot convert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annconv.errors import LayerProblem
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.origin import Origin

IRRELEVANT = frozenset({"name", "trainable", "dtype", "data_format"})
"""Settings that change nothing here: the type of numbers is checked apart, channels come last."""
IRRELEVANT_ENDINGS = ("_initializer", "_regularizer", "_constraint")
"""Endings of settings that matter in training only."""


class LayerView:
    """One layer of a Keras model, without Keras.

    It notes which settings were taken: one that nobody took and that is not at its default would
    be lost without a word, so the driver makes it a problem.

    Attributes:
        origin: Name, index and type of the layer.
        weights: Its arrays, in Keras' order.
        input_shapes: Shape of each input, without the batch axis; an open extent counts as 1.
        activation: Name of its activation if that is Keras' own function, else a text that is the
            name of none; None if the layer has no such setting.
        activation_layer: The layer of Keras' own that is its activation, under the name of this
            one; None for a function.
        turned: Whether the layer keeps its channels first. Shapes and settings are then those of
            the same layer with channels last, whose weights are the same.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        config: Mapping[str, Any],
        defaults: Mapping[str, Any],
        weights: Sequence[FloatArray],
        input_shapes: Sequence[Geometry],
        activation: str | None = None,
        activation_layer: LayerView | None = None,
        turned: bool = False,
    ) -> None:
        self.origin = origin
        self.weights = tuple(weights)
        self.input_shapes = tuple(input_shapes)
        self.activation = activation
        self.activation_layer = activation_layer
        self.turned = turned
        self._config = dict(config)
        self._defaults = dict(defaults)
        self._taken: set[str] = set()

    @property
    def input_shape(self) -> Geometry:
        """Shape of the first input, without the batch axis."""
        return self.input_shapes[0]

    def take(self, key: str, default: Any = None) -> Any:
        """The value of a setting, `default` where the layer has no such setting."""
        self._taken.add(key)
        return self._config.get(key, default)

    def take_all(self) -> None:
        """Note that no setting matters once the network is trained."""
        self._taken |= set(self._config)

    def take_extents(self, key: str, rank: int) -> tuple[int, ...]:
        """A setting with one number per spatial axis; a single number counts for all of them."""
        value = self.take(key, 1)
        return (int(value),) * rank if isinstance(value, int) else tuple(int(x) for x in value)

    def lost_settings(self) -> list[str]:
        """Settings that nobody took, that matter and that are not at their default, as text."""
        return [
            f"{key}={value!r}"
            for key, value in sorted(self._config.items())
            if key not in self._taken | IRRELEVANT
            and not key.endswith(IRRELEVANT_ENDINGS)
            and _plain(value) != _plain(self._defaults.get(key))
        ]

    def refuse_lost_settings(self, problems: Problems) -> None:
        """Note a problem for each setting that would be lost."""
        for setting in self.lost_settings():
            problems.add(
                self,
                setting=setting,
                why="this setting is not read",
                instead="leaving it at its default",
            )


def _plain(value: Any) -> Any:
    """A setting as JSON would hold it, so that a tuple equals a list."""
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value


class Problems:
    """Everything in a model that cannot be converted, in the order in which it was found."""

    def __init__(self) -> None:
        self._fatal: list[LayerProblem] = []
        self._ignorable: list[LayerProblem] = []

    def add(
        self,
        layer: LayerView | Origin,
        *,
        why: str,
        instead: str,
        setting: str = "",
        ignorable: bool = False,
    ) -> None:
        """Note a problem.

        Args:
            layer: The layer at fault.
            why: The reason, as half a sentence.
            instead: What the user can do, as half a sentence.
            setting: The setting at fault, as it would stand in a call.
            ignorable: Whether `on_unsupported="ignore"` skips the layer.
        """
        origin = layer.origin if isinstance(layer, LayerView) else layer
        shown = f"{origin.type}({setting})" if setting else origin.type
        problem = LayerProblem(origin.index, origin.name, shown, why, instead)
        found = self._ignorable if ignorable else self._fatal
        if problem not in found:  # a layer that is used in several places is read for each of them
            found.append(problem)

    @property
    def all(self) -> tuple[LayerProblem, ...]:
        """Every problem, by layer."""
        return tuple(sorted((*self._fatal, *self._ignorable), key=lambda entry: entry.index))

    @property
    def fatal(self) -> tuple[LayerProblem, ...]:
        """The problems that `on_unsupported="ignore"` does not ignore, by layer."""
        return tuple(sorted(self._fatal, key=lambda entry: entry.index))

    @property
    def ignorable(self) -> tuple[LayerProblem, ...]:
        """The problems that `on_unsupported="ignore"` ignores, by layer."""
        return tuple(sorted(self._ignorable, key=lambda entry: entry.index))
