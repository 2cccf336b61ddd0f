"""Activation functions of other libraries that compute what one of Keras' own does.

A function counts only if it is the very object that its library offers under a public name: what
merely has the same name may compute anything. The libraries are not imported. A file keeps only a
function's name, so that Keras itself loads its own function of that name.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from annconv.frontend.remedies import REFUSED_ACTIVATIONS


def _same(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


EQUAL: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("keras", "ops"): {
            **_same(
                "relu relu6 leaky_relu softmax celu elu hard_shrink hard_sigmoid hard_silu"
                " hard_swish hard_tanh log_sigmoid selu sigmoid silu soft_shrink softplus softsign"
                " sparse_plus sparse_sigmoid squareplus swish tanh tanh_shrink"
            ),
            "exp": "exponential",
        },
        ("tensorflow", "nn"): _same(
            "relu relu6 leaky_relu softmax elu gelu selu sigmoid silu softplus softsign swish tanh"
        ),
        ("tensorflow", "math"): {
            **_same("log_sigmoid sigmoid softplus tanh"),
            "exp": "exponential",
        },
        ("tensorflow", ""): {
            **_same("sigmoid tanh"),
            "exp": "exponential",
            "identity": "linear",
        },
        ("jax", "nn"): {
            **_same(
                "relu relu6 softmax celu elu hard_sigmoid hard_silu hard_swish hard_tanh"
                " log_sigmoid mish selu sigmoid silu softplus sparse_plus sparse_sigmoid squareplus"
                " swish tanh"
            ),
            "soft_sign": "softsign",
        },
        ("jax.numpy", ""): {"exp": "exponential", "tanh": "tanh"},
        ("torch.nn.functional", ""): {
            **_same("relu relu6 celu elu gelu mish selu sigmoid silu softsign tanh"),
            "hardshrink": "hard_shrink",
            "hardsigmoid": "hard_sigmoid",
            "hardswish": "hard_silu",
            "hardtanh": "hard_tanh",
            "logsigmoid": "log_sigmoid",
            "softshrink": "soft_shrink",
            "tanhshrink": "tanh_shrink",
        },
        ("torch", ""): {**_same("relu celu selu sigmoid tanh"), "exp": "exponential"},
    }
)
"""Library and the place in it: its functions, and which of Keras' they are, with its defaults.

Of JAX and PyTorch, `leaky_relu` has another slope than Keras', and PyTorch's `softmax` takes its
axis from the rank. `gelu` of `keras.ops` and JAX is the approximation by tanh, and PyTorch's
`softplus` is linear from 20 on.
"""
SAVED_NAMES: Mapping[str, str] = MappingProxyType({"softmax_v2": "softmax"})
"""What functions call themselves in files, and what that is: `tf.nn.softmax`."""


def keras_name(function: object) -> str | None:
    """Name of the function of Keras that computes the same, None if that is not certain."""
    for (library, path), equal in EQUAL.items():
        place = sys.modules.get(library)
        if path:
            place = getattr(place, path, None)
        for public, name in (*equal.items(), *((name, name) for name in REFUSED_ACTIVATIONS)):
            if getattr(place, public, None) is function:
                return name
    return None
