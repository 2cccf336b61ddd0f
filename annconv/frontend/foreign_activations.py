"""Activation functions of other libraries that compute what one of Keras' own does.

A function counts only if it is the very object that its library offers under a public name: what
merely has the same name may compute anything. The libraries are not imported.
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
        ("keras", "ops"): _same("relu relu6 leaky_relu softmax"),
        ("tensorflow", "nn"): _same("relu relu6 leaky_relu softmax"),
        ("tensorflow", ""): {"identity": "linear"},
        ("jax", "nn"): _same("relu relu6 softmax"),
        ("torch.nn.functional", ""): _same("relu relu6"),
        ("torch", ""): _same("relu"),
    }
)
"""Library and the place in it: its functions, and which of Keras' they are, with its defaults.

Of JAX and PyTorch, `leaky_relu` has another slope than Keras', and PyTorch's `softmax` takes its
axis from the rank.
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
