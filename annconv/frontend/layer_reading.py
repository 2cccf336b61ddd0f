"""What one layer of a Keras model computes, or why it is not read."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any

import numpy as np

from annconv.frontend.keras_layer import (
    NUMBER_TYPES,
    UntoldSettingsError,
    is_own,
    number_type,
    own_parent,
    view_layer,
)
from annconv.frontend.keras_model import LayerCall, is_wrapper
from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers import HANDLERS
from annconv.frontend.layers.activation import nearest_activation
from annconv.frontend.remedies import (
    CODE,
    LAYERS,
    NESTED_MODEL,
    OPERATION,
    UNKNOWN_LAYER,
    WRAPPED_LAYER,
    Remedy,
    activation_remedy,
    foreign_layer,
    lora_remedy,
    quantised_remedy,
    uncallable_activation,
)
from annconv.ir.activations import PRelu, Softmax
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Layer, layer_arrays, result_shape
from annconv.ir.maps import Permute
from annconv.ir.origin import Origin


def check_arguments(call: LayerCall, problems: Problems) -> None:
    """A layer is called on its inputs alone."""
    for argument in call.arguments:
        problems.add(
            call.origin,
            why=f"it is called with {argument}",
            instead="calling the layer on its input alone",
            ignorable=True,
        )


def read_layer(
    origin: Origin,
    layer: Any,
    shapes: tuple[Geometry, ...],
    keras: ModuleType,
    problems: Problems,
) -> tuple[Layer, ...]:
    """What one layer computes on inputs of these shapes.

    Args:
        origin: Name, index and type of the layer.
        layer: The Keras object.
        shapes: Shape of each input; of its own result for the InputLayer.
        keras: The Keras module.
        problems: Where everything at fault is noted.
    Returns:
        One entry per node, empty if the layer computes nothing or is refused.
    """
    refused = refusal(layer, keras)
    if refused is not None:
        problems.add(origin, why=refused.why, instead=refused.instead, ignorable=True)
        return ()
    mode, rank = getattr(layer, "quantization_mode", None), getattr(layer, "lora_rank", None)
    if mode is not None:
        why, instead = quantised_remedy(str(mode), with_lora=rank is not None)
        problems.add(origin, setting=f"dtype={number_type(layer)!r}", why=why, instead=instead)
        return ()
    if number_type(layer) not in NUMBER_TYPES:
        problems.add(
            origin,
            setting=f"dtype={number_type(layer)!r}",
            why="only float32, float64 and mixed precision are read",
            instead="the same model and weights built under the dtype policy 'float32'",
        )
        return ()
    if rank is not None:
        why, instead = lora_remedy(with_bias=bool(layer.use_bias))
        problems.add(origin, setting=f"lora_rank={rank}", why=why, instead=instead)
        return ()
    view = _view(origin, layer, keras, shapes, problems)
    if view is None:
        return ()
    with np.errstate(all="ignore"):  # what is not finite is listed below
        parts = HANDLERS[origin.type](view, problems)
    _refuse_not_finite(view, parts, problems)
    view.refuse_lost_settings(problems)
    return _turned(view, parts) if view.turned else parts


def _refuse_not_finite(view: LayerView, parts: tuple[Layer, ...], problems: Problems) -> None:
    """Weights that are not finite, and what a layer makes of finite ones that is not."""
    whole = True
    for array in view.weights:
        bad = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
        if bad:
            whole = False
            problems.add(
                view,
                why=f"{bad} of {array.size} numbers in its weights {array.shape} are not finite",
                instead="an earlier checkpoint, or training with a smaller learning rate",
            )
    made = (array for part in parts for _, array in layer_arrays(part))
    if whole and not all(np.isfinite(array).all() for array in made):
        problems.add(
            view,
            why="what it multiplies or adds is not finite",
            instead="settings that are finite numbers",
        )


def _turned(view: LayerView, parts: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """What a layer computes whose channels come first, from what it computes on channels last.

    A softmax or a PReLU as its activation counts axes as Keras does, channels first.
    """
    rank = len(view.input_shape)
    if not parts or rank < 2:
        return parts
    own = tuple(itertools.takewhile(lambda part: not isinstance(part, Softmax | PRelu), parts))
    shape: Geometry | None = view.input_shape
    for part in own:
        shape = None if shape is None else result_shape(part, [shape])
    last, first = Permute((*range(1, rank), 0)), Permute((rank - 1, *range(rank - 1)))
    back = () if shape is None or len(shape) != rank else (first,)
    return (last, *own, *back, *parts[len(own) :])


def _view(
    origin: Origin,
    layer: Any,
    keras: ModuleType,
    shapes: tuple[Geometry, ...],
    problems: Problems,
) -> LayerView | None:
    """What a handler may see of a layer, None after a problem: its settings are not known."""
    function = getattr(layer, "activation", keras.activations.linear)
    if not callable(function):
        why, instead = uncallable_activation(function, nearest_activation(function))
        problems.add(origin, setting=f"activation={function!r}", why=why, instead=instead)
        return None
    try:
        return view_layer(origin, layer, keras, shapes)
    except UntoldSettingsError as error:
        name = error.activation
        if name is None or getattr(keras.activations, name, None) is function:
            why = f"Keras cannot tell its settings ({error})"
            problems.add(origin, why=why, instead="settings that its get_config() can tell")
        else:
            why, instead = activation_remedy(name, nearest_activation(name))
            problems.add(origin, setting=f"activation={name!r}", why=why, instead=instead)
        return None


def refusal(layer: Any, keras: ModuleType) -> Remedy | None:
    """Why a layer has no handler, None if it has one."""
    kind = type(layer)
    if isinstance(layer, keras.Model):
        return NESTED_MODEL
    if is_wrapper(layer, keras):
        return WRAPPED_LAYER
    if not isinstance(layer, keras.layers.Layer):
        return OPERATION
    if not is_own(layer, keras):
        return foreign_layer(f"{kind.__module__}.{kind.__qualname__}", own_parent(layer, keras))
    if kind.__name__ in HANDLERS:
        return None
    if kind is keras.layers.Lambda:
        return CODE
    return LAYERS.get(kind.__name__, UNKNOWN_LAYER)
