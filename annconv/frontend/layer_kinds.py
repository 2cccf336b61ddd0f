"""What the class of a Keras layer tells behind the frontend, where the Graph does not say it."""

from __future__ import annotations

from annconv.frontend.layers import HANDLERS
from annconv.frontend.remedies import LAYERS, NESTED_TYPES, WRAPPER_TYPES
from annconv.ir.origin import Origin

ACTIVATIONS = frozenset({"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"})


def is_dense(origin: Origin) -> bool:
    """Whether a layer is a Dense, which on a map is a Convolution in the Graph."""
    return origin.type == "Dense"


def may_activate(origin: Origin) -> bool:
    """Whether a layer that could not be read may stand where a network has a ReLU."""
    return origin.type in ACTIVATIONS or not (origin.type in HANDLERS or origin.type in LAYERS)


def is_model(origin: Origin) -> bool:
    """Whether a layer is a model in a model."""
    return origin.type in NESTED_TYPES


def holds_layers(origin: Origin) -> bool:
    """Whether a layer is a model in a model, or applies another layer to each step."""
    return origin.type in NESTED_TYPES | WRAPPER_TYPES
