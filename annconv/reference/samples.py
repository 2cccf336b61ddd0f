"""Samples as the inputs of a Graph take them: one array for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from annconv.errors import InputError
from annconv.ir.graph import Node
from annconv.ir.values import real_array
from annconv.reference.operators import Values

Samples = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]
"""(N, *shape of the input); for several inputs one such array each, in order or by name."""


def input_values(inputs: Sequence[Node], samples: Samples) -> dict[str, Values]:
    """The values of every input.

    Args:
        inputs: The Input nodes of a Graph, in order.
        samples: One array for a single input; for several a list or tuple of arrays in the order of
            `inputs`. In both cases a mapping from the names of all inputs to arrays.
    Returns:
        Name of the input -> (N, *shape) float64.
    Raises:
        InputError: An array is missing, or left over, or does not have the shape of its input, or
            inputs have different numbers of samples.
    """
    values: dict[str, Values] = {}
    for node, given in zip(inputs, _one_each(inputs, samples), strict=True):
        array = real_array(given, f"samples for input {node.name!r}").astype(np.float64)
        if not array.ndim or array.shape[1:] != node.shape:
            raise InputError(
                f"samples for input {node.name!r}",
                expected=f"an array of shape (N, {', '.join(map(str, node.shape))})",
                received=array.shape,
            )
        values[node.name] = array
    counts = {name: len(array) for name, array in values.items()}
    if len(set(counts.values())) > 1:
        raise InputError("samples", expected="as many for each input", received=counts)
    return values


def _one_each(inputs: Sequence[Node], samples: Any) -> list[Any]:
    """What was given for each input."""
    names = [node.name for node in inputs]
    listed = ", ".join(map(repr, names))
    if isinstance(samples, Mapping):
        if set(samples) != set(names):
            raise InputError(
                "samples",
                expected=f"an array for each input: {listed}",
                received=f"arrays for {', '.join(map(repr, samples)) or 'none'}",
            )
        return [samples[name] for name in names]
    if len(inputs) == 1:
        return [samples]
    if not isinstance(samples, list | tuple):
        raise InputError(
            "samples",
            expected=f"{len(names)} arrays, one for each input: {listed}",
            received=f"one {type(samples).__name__}",
            instead="Give a list in this order, or a dict.",
        )
    if len(samples) != len(names):
        raise InputError(
            "samples",
            expected=f"{len(names)} arrays, one for each input: {listed}",
            received=len(samples),
        )
    return list(samples)
