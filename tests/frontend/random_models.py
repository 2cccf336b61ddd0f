"""Random models of all layers that the frontend reads, with branches and joins.

A model is built layer by layer, each computed at once on the samples, so that values stay of a size
at which rounding can be told from a fault.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from drawn_layers import JOINS, ONE_INPUT, Draw, Shape, give_weights, settings

MOST_VALUES = 1500
"""Of one sample, behind a layer."""
LARGEST = 20.0
"""Magnitude of a value behind a layer."""
SAMPLES = 2


@dataclass
class Step:
    """A layer of the model.

    Attributes:
        name: Of the layer.
        tensor: Keras' symbolic result.
        values: The result for the samples.
    """

    name: str
    tensor: Any
    values: Any

    @property
    def shape(self) -> Shape:
        return tuple(self.values.shape[1:])


@dataclass
class RandomModel:
    """What was drawn.

    Attributes:
        model: The Keras model.
        samples: (N, *shape of its input).
        steps: Every layer, with Keras' own values.
        kinds: Class name of every layer.
    """

    model: Any
    samples: Any
    steps: list[Step]
    kinds: list[str] = field(default_factory=list)


class _Builder:
    """Draws a model.

    Attributes:
        keras: The module.
        generator: Of everything drawn.
        double: Whether the layers compute in double precision.
        steps: The layers so far.
        kinds: Their classes.
    """

    def __init__(self, keras: Any, seed: int, *, double: bool) -> None:
        self.keras = keras
        self.generator = np.random.default_rng(seed)
        self.double = double
        rank = int(self.generator.integers(1, 4))
        extents = self.generator.integers(3, (9, 8, 5)[rank - 1], rank)
        shape = (*(int(extent) for extent in extents), int(self._pick((1, 2, 3, 3, 3, 4))))
        self.samples = self.generator.normal(0, 1, (SAMPLES, *shape)).astype(
            "float64" if double else "float32"
        )
        values = keras.ops.convert_to_tensor(self.samples)
        self.steps = [Step("in", keras.Input(shape, name="in"), values)]
        self.kinds: list[str] = ["InputLayer"]

    def draw(self, depth: int) -> RandomModel:
        for _ in range(depth):
            while not self._grow():
                pass
        model = self.keras.Model(self.steps[0].tensor, self._joined_ends())
        return RandomModel(model, self.samples, self.steps, self.kinds)

    def _pick(self, choices: Any) -> Any:
        return choices[int(self.generator.integers(len(choices)))]

    def _grow(self) -> bool:
        """Try to put one more layer behind the last one, or any other."""
        source = self.steps[-1] if self.generator.random() < 0.7 else self._pick(self.steps)
        if self.generator.random() < 0.2:
            name = self._pick(JOINS)
            sources = [source, *self._partners(name, source)]
            if name != "Concatenate" and (not _repeat(sources) or _like_a_bias(sources)):
                return False
            chosen = {"axis": self._axis(sources)} if name == "Concatenate" else {}
            return len(sources) > 1 and self._add(name, chosen, sources)
        name = self._pick(ONE_INPUT)
        drawn = settings(name, Draw(self.generator, source.shape, self.double))
        return drawn is not None and self._add(name, drawn, [source])

    def _partners(self, name: str, source: Step) -> list[Step]:
        """Steps that may be joined with another."""
        fit = [step for step in self.steps if self._joins(name, source.shape, step.shape)]
        if not fit:
            return []
        count = 1 if name == "Subtract" else int(self.generator.integers(1, 3))
        return [self._pick(fit) for _ in range(count)]

    @staticmethod
    def _joins(name: str, first: Shape, second: Shape) -> bool:
        if name == "Concatenate":
            different = [a != b for a, b in zip(first, second, strict=False)]
            return len(first) == len(second) and sum(different) <= 1
        return len(first) == len(second) and all(
            1 in pair or pair[0] == pair[1] for pair in zip(first, second, strict=True)
        )

    def _axis(self, sources: list[Step]) -> int:
        """An axis along which the steps can stand side by side."""
        shapes = [step.shape for step in sources]
        differ = [a for a, extents in enumerate(zip(*shapes, strict=True)) if len(set(extents)) > 1]
        axes = differ or list(range(len(shapes[0])))
        return int(self._pick(axes)) + 1 if len(differ) < 2 else 0

    def _add(self, kind: str, chosen: dict[str, Any], sources: list[Step]) -> bool:
        """Build a layer, unless its values are too many, too large or all but constant."""
        if chosen.get("axis") == 0 or self._outer_size(kind, sources) > MOST_VALUES:
            return False
        layer = getattr(self.keras.layers, kind)(name=f"{kind.lower()}_{len(self.steps)}", **chosen)
        single = len(sources) == 1
        tensor = layer(sources[0].tensor if single else [step.tensor for step in sources])
        give_weights(layer, self.generator)
        given = sources[0].values if single else [step.values for step in sources]
        values = layer(given) if kind in JOINS else layer(given, **_inference(layer))
        plain = np.asarray(values)
        fine = np.isfinite(plain).all() and np.abs(plain).max() <= LARGEST
        if not fine or plain[0].size > MOST_VALUES or plain.std() < 1e-3:
            return False
        self.steps.append(Step(layer.name, tensor, values))
        self.kinds.append(kind)
        return True

    @staticmethod
    def _outer_size(kind: str, sources: list[Step]) -> int:
        """Values of a join of these shapes."""
        if kind not in JOINS or kind == "Concatenate":
            return 0
        return int(np.prod(np.broadcast_shapes(*(step.shape for step in sources))))

    def _joined_ends(self) -> Any:
        """One tensor in which all steps have a part that nothing reads."""
        flat = [
            self.keras.layers.Flatten(name=f"flat_{place}")(step.tensor)
            for place, step in enumerate(self.steps)
        ]
        return self.keras.layers.Concatenate(name="out")(flat)


def _repeat(sources: list[Step]) -> bool:
    """Whether all shapes repeat to one."""
    try:
        np.broadcast_shapes(*(step.shape for step in sources))
    except ValueError:
        return False
    return True


def _like_a_bias(sources: list[Step]) -> bool:
    """Whether one value a sample meets an axis of as many extents as there are samples.

    On TensorFlow, `keras.ops.add` takes those values for a bias of the channels, and adds them
    along that axis.
    """
    ends = {extent for step in sources for extent in (step.shape[0], step.shape[-1])}
    return SAMPLES in ends and any(np.prod(step.shape) == 1 for step in sources)


def _inference(layer: Any) -> dict[str, bool]:
    """Arguments by which a layer computes as in a trained model."""
    return {"training": False} if "training" in inspect.signature(layer.call).parameters else {}


def random_model(keras: Any, seed: int, *, double: bool) -> RandomModel:
    """A model of up to 12 layers behind its input.

    Args:
        keras: The module, set to the type of numbers that is wanted.
        seed: Of everything drawn.
        double: Whether that is float64.
    """
    builder = _Builder(keras, seed, double=double)
    return builder.draw(int(builder.generator.integers(3, 13)))
