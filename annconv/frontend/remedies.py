"""Why well-known Keras layers and activations cannot be converted, and what to use instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Remedy(NamedTuple):
    """Half a sentence each: why something is refused, what to do instead."""

    why: str
    instead: str


READ = "be read"
"""What a model cannot that the frontend refuses, whether it was to be read or converted."""
UNKNOWN_LAYER = Remedy("it has no counterpart here", "the layers that docs/layers.md lists")
NESTED_MODEL = Remedy(
    "a model inside a model is read where it is a Sequential or functional one in float32, called"
    " on one array for each of its inputs",
    "such a model, or calling its layers one by one",
)
WRAPPED_LAYER = Remedy(
    "it hands on other numbers than float32",
    "TimeDistributed under the dtype policy 'float32'",
)
SUBCLASSED_MODEL = Remedy(
    "a subclassed model keeps its computation in code",
    "a Sequential or functional model with the same layers and weights",
)
CODE = Remedy(
    "its computation is Python code, which is not read and, from a file, never run",
    "a layer of Keras, or Activation",
)
OPERATION = Remedy(
    "it is an operation in the model's code, and only x + y, x - y, x * y of values of one rank or"
    " with a constant, x / constant and -x are read",
    "the layer that computes it: keras.layers.ReLU() for relu",
)
OPERATION_MODULE = "keras.src.ops.numpy"
"""Where Keras keeps the classes of the operations on arrays."""
ARITHMETIC = frozenset({"Add", "Divide", "Multiply", "Negative", "Subtract", "TrueDivide"})
"""Operations there that are read."""
NESTED_TYPES = frozenset({"Functional", "Model", "Sequential"})
"""Models, which may stand in others."""
WRAPPER_TYPES = frozenset({"TimeDistributed"})
"""Layers that apply another one."""

_SEQUENCES = Remedy("its state runs along the axis of a sequence", "Conv1D over that axis")
_ATTENTION = Remedy("its weights are computed from the sample", "Conv or Dense layers")
_NORMS = Remedy(
    "its statistics depend on the sample", "BatchNormalization, whose statistics are fixed"
)


def _each(names: str, remedy: Remedy) -> dict[str, Remedy]:
    return dict.fromkeys(names.split(), remedy)


LAYERS: Mapping[str, Remedy] = MappingProxyType(
    {
        **_each("LayerNormalization GroupNormalization RMSNormalization UnitNormalization", _NORMS),
        **_each("LSTM GRU SimpleRNN RNN Bidirectional", _SEQUENCES),
        **_each("LSTMCell GRUCell SimpleRNNCell StackedRNNCells", _SEQUENCES),
        **_each("ConvLSTM1D ConvLSTM2D ConvLSTM3D", _SEQUENCES),
        **_each("Attention AdditiveAttention MultiHeadAttention GroupQueryAttention", _ATTENTION),
        "Embedding": Remedy(
            "it looks up integers, and input neurons take numbers",
            "embedding the samples beforehand",
        ),
        "Masking": Remedy("every value of a sample counts", "samples of one length"),
        "Dot": Remedy("it sums products of two branches", "Multiply, or Dense layers"),
        "EinsumDense": Remedy("its equation is not read", "Dense, with Reshape around it"),
        "RandomCrop": Remedy("once trained it leaves another shape than it tells", "CenterCrop"),
    }
)
"""Layers of Keras that are refused with a remedy of their own; all are harmless to load."""

REFUSED_ACTIVATIONS: Mapping[str, Remedy] = MappingProxyType(
    {
        "glu": Remedy(
            "it multiplies one half of its channels with the other",
            "two layers, the second with activation='sigmoid', and Multiply",
        ),
        "log_softmax": Remedy(
            "logarithms are not read", "activation='softmax', and the logarithm of what it returns"
        ),
        "sparsemax": Remedy("it sorts its channels", "activation='softmax'"),
        "threshold": Remedy(
            "it cannot stand without its arguments", "keras.layers.ReLU(threshold=...)"
        ),
    }
)
"""Keras' activation functions that the Graph cannot say."""

_FOREIGN = "it is not one of Keras' own activation functions"
LAYER_AS_ACTIVATION = Remedy(
    "of layers as activations ReLU, LeakyReLU, PReLU, ELU and Softmax are read",
    "activation=None and that layer behind this one",
)


def activation_remedy(name: str, nearest: str) -> Remedy:
    """Why an activation is refused.

    Args:
        name: Name of Keras' own function, `CLASS()` for a layer, anything else for foreign code.
        nearest: The function of Keras that foreign code most likely computes.
    """
    if name.endswith("()"):
        return LAYER_AS_ACTIVATION
    return REFUSED_ACTIVATIONS.get(name) or Remedy(
        _FOREIGN,
        f"layer.activation = keras.activations.{nearest}, if that computes the same;"
        " else retrain with 'relu'",
    )


def saved_activation_remedy(nearest: str) -> Remedy:
    """Why a file with a foreign activation is refused.

    Args:
        nearest: The function of Keras that it most likely is.
    """
    return Remedy(
        _FOREIGN,
        "load the file where that function is known, set layer.activation ="
        f" keras.activations.{nearest}, if that computes the same, and save it again;"
        " else retrain with 'relu'",
    )


def uncallable_activation(value: object, nearest: str) -> Remedy:
    """Why a layer is refused whose activation was set to something that is no function.

    Args:
        value: What it was set to.
        nearest: The function of Keras that is meant most likely.
    """
    return Remedy(
        f"its activation was set to {value!r}, which is not a function",
        f"layer.activation = keras.activations.{nearest}",
    )


def quantised_remedy(mode: str, *, with_lora: bool) -> Remedy:
    """Why a layer is refused after `quantize(mode)`."""
    instead = f"the model as it was before quantize({mode!r})"
    if mode == "int8" and not with_lora:
        instead += (
            ", or the same layer in float32 whose kernel is layer.kernel / layer.kernel_scale"
        )
    return Remedy(f"its weights are quantised ({mode})", instead)


def lora_remedy(*, with_bias: bool) -> Remedy:
    """Why a layer is refused after `enable_lora`."""
    weights = "[layer.kernel, layer.bias]" if with_bias else "[layer.kernel]"
    return Remedy(
        "its kernel is the sum of two parts",
        f"the same layer without LoRA and set_weights({weights}) on it: layer.kernel is the sum",
    )


def foreign_layer(qualified: str, parent: str | None) -> Remedy:
    """Why a class that is not Keras' own is refused, even one of a familiar name.

    Args:
        qualified: Module and name of the class.
        parent: Name of the class of Keras that it derives from, None if that is unknown or `Layer`.
    """
    return Remedy(
        f"its class {qualified!r} is not Keras' own and may compute anything",
        f"keras.layers.{parent} itself" if parent else UNKNOWN_LAYER.instead,
    )
