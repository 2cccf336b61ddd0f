"""Handlers: what each Keras layer becomes in the Graph, one module per family of layers.

A handler takes a `LayerView` and a `Problems` list and returns what the layer computes, one entry
per node of the Graph and in order; an empty tuple is the identity. A new layer is an entry
in the `HANDLERS` of its family; a new family is a module, imported here and named in `MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, ModuleType

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers import (
    activation,
    convolution,
    dense,
    edges,
    identity,
    merge,
    pooling,
    resizing,
    scaling,
    shape,
    transposed_convolution,
)
from annconv.ir.graph import Layer

Handler = Callable[[LayerView, Problems], tuple[Layer, ...]]

MODULES: tuple[ModuleType, ...] = (
    shape, dense, convolution, transposed_convolution, pooling, edges, resizing, scaling,
    activation, identity, merge,
)  # fmt: skip


def merge_tables(modules: Iterable[ModuleType]) -> Mapping[str, Handler]:
    """One read-only table, Keras class name to handler, of the tables of all modules.

    Raises:
        RuntimeError: Two modules handle the same class: a fault of annconv.
    """
    merged: dict[str, Handler] = {}
    for module in modules:
        for name, handler in module.HANDLERS.items():
            if name in merged:
                raise RuntimeError(f"{module.__name__}: {name} already has a handler")
            merged[name] = handler
    return MappingProxyType(merged)


HANDLERS: Mapping[str, Handler] = merge_tables(MODULES)
