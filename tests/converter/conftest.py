"""Small trained models, and drop-in converters that have loaded one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from annconv import ANNtoSNNConverter


@pytest.fixture(autouse=True)
def compiled_quickly(request: pytest.FixtureRequest) -> None:
    """All but the trained models, which run as users compile them."""
    if "data_folder" not in request.fixturenames:
        request.getfixturevalue("quick_builds")


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return importlib.import_module("keras")


def with_weights(model: Any) -> Any:
    """The model with weights that make its spiking network spike; biases zero."""
    rng = np.random.default_rng(4)
    for layer in model.layers:
        kernels = [rng.normal(0.2, 0.4, array.shape) for array in layer.get_weights()]
        if kernels:
            layer.set_weights(kernels)
    return model


def small(keras: ModuleType) -> Any:
    """A picture of 6 x 6, one convolution, pooling, three classes."""
    layers = keras.layers
    return with_weights(
        keras.Sequential(
            [
                keras.Input((6, 6, 1), name="image"),
                layers.Conv2D(2, 3, padding="same", activation="relu", use_bias=False, name="c"),
                layers.MaxPooling2D(2, name="p"),
                layers.Flatten(name="f"),
                layers.Dropout(0.5, name="d"),
                layers.Dense(3, activation="softmax", use_bias=False, name="out"),
            ],
            name="small",
        )
    )


@pytest.fixture(scope="session")
def small_file(keras: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.keras"
    small(keras).save(path)
    return path


@pytest.fixture(scope="session")
def small_model(keras: ModuleType) -> Any:
    return small(keras)


@pytest.fixture(scope="session")
def other_file(keras: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model: 5 values, two classes."""
    layers = keras.layers
    inputs = keras.Input((5,), name="values")
    hidden = layers.Dense(4, activation="relu", use_bias=False, name="hidden")(inputs)
    outputs = layers.Dense(2, use_bias=False, name="classes")(hidden)
    path = tmp_path_factory.mktemp("models") / "other.keras"
    with_weights(keras.Model(inputs, outputs, name="other")).save(path)
    return path


@pytest.fixture
def load(small_file: Path) -> Callable[..., ANNtoSNNConverter]:
    """A converter of the given arguments that has loaded the small model."""

    def make(*arguments: Any, **options: Any) -> ANNtoSNNConverter:
        converter = ANNtoSNNConverter(*arguments, **options)
        converter.load_keras_model(small_file, show_info=False)
        return converter

    return make


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """(8, 6, 6, 1) values in [0, 1]."""
    return np.random.default_rng(9).random((8, 6, 6, 1)).astype(np.float32)
