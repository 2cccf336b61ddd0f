"""What Keras computes with but keeps outside a layer's own settings, and constants of calls."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import annconv
from annconv.errors import UnsupportedModelError

pytestmark = pytest.mark.keras


def largest_difference(model: Any, samples: np.ndarray) -> float:
    graph = annconv.read(model)
    values = annconv.evaluate(graph, samples)
    outputs = model(samples)
    listed = outputs if isinstance(outputs, list | tuple) else [outputs]
    return max(
        float(np.abs(values[name] - np.asarray(output)).max())
        for name, output in zip(graph.outputs, listed, strict=True)
    )


@pytest.mark.parametrize("shape", [(2, 4, 4), (2, 5, 5)])
@pytest.mark.parametrize("shared", [None, [2, 3]])
def test_slopes_of_an_activation_lie_channels_first(
    keras: ModuleType, shape: tuple[int, ...], shared: list[int] | None
) -> None:
    """On 4 x 4 with 4 channels, the shapes alone do not tell axes apart.

    Without a bias: there Keras itself adds it along the wrong axis (`docs/support.md`).
    """
    slopes = keras.layers.PReLU(shared_axes=shared)
    layer = keras.layers.Conv2D(
        4, 1, use_bias=False, data_format="channels_first", activation=slopes
    )
    model = keras.Sequential([keras.Input(shape), layer])
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(3, *shape)).astype(np.float32)
    model(samples)  # makes the slopes
    model.set_weights([rng.normal(size=array.shape) for array in model.get_weights()])
    assert largest_difference(model, samples) < 1e-5


@pytest.fixture
def configured(keras: ModuleType) -> Any:
    """Keras, whose configuration is put back."""
    form, epsilon = keras.config.image_data_format(), keras.config.epsilon()
    yield keras.config
    keras.config.set_image_data_format(form)
    keras.config.set_epsilon(epsilon)


def test_scales_under_a_global_channels_first(keras: ModuleType, configured: Any) -> None:
    configured.set_image_data_format("channels_first")
    model = keras.Sequential([keras.Input((3, 4, 3)), keras.layers.Rescaling([1.0, 2.0, 3.0])])
    samples = np.random.default_rng(2).normal(size=(2, 3, 4, 3)).astype(np.float32)
    assert largest_difference(model, samples) < 1e-5


def test_the_smallest_deviation_is_keras_own(keras: ModuleType, configured: Any) -> None:
    configured.set_epsilon(1e-2)
    layer = keras.layers.Normalization(mean=0.5, variance=1e-6)
    model = keras.Sequential([keras.Input((4,)), layer])
    samples = np.random.default_rng(3).normal(size=(2, 4)).astype(np.float32)
    assert largest_difference(model, samples) < 1e-3


def test_constants_belong_to_the_call(keras: ModuleType) -> None:
    given = keras.Input((3,))
    first = given * 2.0
    again = first._keras_history.operation(given, 3.0)
    model = keras.Model(given, [first, again])
    samples = np.random.default_rng(4).normal(size=(2, 3)).astype(np.float32)
    assert largest_difference(model, samples) < 1e-5


def test_a_variance_below_zero_is_the_model_s_fault(keras: ModuleType) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(name="bn")])
    weights = model.get_weights()
    model.set_weights([*weights[:3], np.array([1.0, -1.0, 1.0])])
    with pytest.raises(UnsupportedModelError, match="'bn'.*variance plus epsilon is not above 0"):
        annconv.read(model)


def test_statistics_are_those_that_keras_computes_with(keras: ModuleType) -> None:
    """Until a model is saved and loaded again, `set_weights` does not change them."""
    layer = keras.layers.Normalization(axis=(1, 3))
    model = keras.Sequential([keras.Input((2, 3, 4)), layer])
    rng = np.random.default_rng(6)
    samples = rng.normal(size=(5, 2, 3, 4)).astype(np.float32)
    layer.adapt(samples)
    assert largest_difference(model, samples) < 1e-5
    mean, variance, count = model.get_weights()
    model.set_weights([mean + 1.0, variance * 4.0, count])
    assert largest_difference(model, samples) < 1e-5


@pytest.mark.parametrize(
    ("shape", "make", "why"),
    [
        ((3,), lambda layers: layers.Rescaling(float("nan"), name="odd"), "not finite"),
        ((3,), lambda layers: layers.Rescaling(float("inf"), name="odd"), "not finite"),
        (
            (3,),
            lambda layers: layers.Normalization(mean=0.0, variance=-1.0, name="odd"),
            "a variance is below 0",
        ),
        ((1,), lambda layers: layers.Reshape((), name="odd"), "one axis at least"),
    ],
)
def test_odd_settings_are_listed_beside_others(
    keras: ModuleType, shape: tuple[int, ...], make: Any, why: str
) -> None:
    layers = keras.layers
    given = keras.Input(shape)
    model = keras.Model(given, [make(layers)(given), layers.LayerNormalization(name="ln")(given)])
    with pytest.raises(UnsupportedModelError, match=f"(?s)'odd'.*{why}.*'ln'"):
        annconv.read(model)


def test_samples_without_values_are_refused(keras: ModuleType) -> None:
    model = keras.Sequential([keras.Input((0,)), keras.layers.Dense(3)])
    with pytest.raises(UnsupportedModelError, match="hold no values"):
        annconv.read(model)


def test_a_quotient_by_next_to_nothing_is_listed(keras: ModuleType) -> None:
    given = keras.Input((3,))
    with pytest.raises(UnsupportedModelError, match="layer 0"):
        annconv.read(keras.Model(given, given / 1e-320))


def test_permutes_that_only_dropped_ones_read_go_with_them(keras: ModuleType) -> None:
    layers = keras.layers
    orders = [(2, 3, 1), (2, 3, 1), (3, 1, 2), (3, 1, 2)]
    model = keras.Sequential(
        [keras.Input((2, 3, 4)), *(layers.Permute(order) for order in orders), layers.Dense(2)]
    )
    graph = annconv.read(model)
    read = {name for node in graph.nodes for name in node.inputs} | set(graph.outputs)
    assert {node.name for node in graph.nodes} == read
    samples = np.random.default_rng(5).normal(size=(2, 2, 3, 4)).astype(np.float32)
    assert largest_difference(model, samples) < 1e-5


def test_a_layer_that_does_nothing_may_keep_channels_first(keras: ModuleType) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.SpatialDropout2D(0.5, data_format="channels_first"),
            layers.Flatten(),
            layers.Dense(3, use_bias=False, activation="relu"),
        ]
    )
    chained = annconv.convert(model, on_unsupported="ignore")
    assert str(chained) == str(annconv.convert(model))
