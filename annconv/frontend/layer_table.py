"""The table of supported layers in `docs/layers.md`, made from the handlers.

Renew it with `python -m annconv.frontend.layer_table > docs/layers.md`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from annconv.frontend.layers import HANDLERS, Handler
from annconv.frontend.layers.activation import ACTIVATIONS
from annconv.frontend.remedies import LAYERS, REFUSED_ACTIVATIONS, Remedy
from annconv.printing import show

PREFACE = """\
# Layers

What the frontend reads of a Keras 3 model, made from the handlers in `annconv/frontend/layers/` by
`python -m annconv.frontend.layer_table > docs/layers.md`. A preset may convert less: `annarchy`
takes chains of Dense, convolutions, pooling and ReLU without biases, `rate` any model with one
input and one output. Sequential and functional models are read, from a `.keras` or HDF5 file or
from memory: Keras' own classes only, in float32, float64 or mixed precision, every layer with a
name of its own. Any number of inputs and outputs; layers that are used in several places; models in
models, to any depth and called several times; `TimeDistributed` of all that is read. Layers with
`data_format="channels_first"` are read as the layer with channels last between two permutations of
the axes. Of operations in a model's code sums, differences and products are read, of two values of
one rank or of one and a constant, quotients by a constant and negation.
"""
LIBRARIES = """\
Functions of other libraries that compute the same with their defaults are read as those (`tf.nn`,
`keras.ops`, `jax.nn`, `torch.nn.functional`; `annconv/frontend/foreign_activations.py`). A file
keeps only a function's name: what is called as one of Keras' own is read as that one, as by Keras
itself, whatever it computed when the model was trained (`keras.ops.gelu`, a `softplus` of one's
own). Reading the model from memory tells them apart."""


def layer_table() -> str:
    """The whole text of `docs/layers.md`."""
    handlers: dict[Handler, list[str]] = {}
    for name, handler in HANDLERS.items():
        handlers.setdefault(handler, []).append(f"`{name}`")
    read = [[", ".join(names), _summary(handler)] for handler, names in handlers.items()]
    names = ", ".join(f"`{name}`" for name in ACTIVATIONS)
    return "\n".join(
        [
            PREFACE,
            *_table(["layer", "read"], read),
            "",
            f"Activations as a setting of a layer: {names}.",
            LIBRARIES,
            "",
            "## Refused, with a remedy",
            "",
            *_table(["layer", "why", "instead"], _refused(LAYERS)),
            "",
            *_table(["activation", "why", "instead"], _refused(REFUSED_ACTIVATIONS)),
            "",
            "Everything else is refused as unknown.",
            "",
        ]
    )


def _refused(remedies: Mapping[str, Remedy]) -> list[list[str]]:
    grouped: dict[Remedy, list[str]] = {}
    for name, remedy in remedies.items():
        grouped.setdefault(remedy, []).append(f"`{name}`")
    return [[", ".join(names), *remedy] for remedy, names in grouped.items()]


def _summary(handler: Handler) -> str:
    """First paragraph of a handler's docstring."""
    text = inspect.getdoc(handler) or ""
    return " ".join(text.split("\n\n")[0].split())


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


if __name__ == "__main__":
    show(layer_table())
