"""Keras for the tests that need it, imported once, and small models to read."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from drawn_layers import give_weights

from annconv.frontend.reading import read_model
from annconv.ir.graph import Graph
from annconv.reference.graph import run_graph

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return importlib.import_module("keras")


@pytest.fixture
def number_type(keras: ModuleType) -> Iterator[Callable[[str], None]]:
    """Sets the type of numbers that Keras' layers compute with, for one test."""
    before = keras.config.floatx(), keras.config.dtype_policy()

    def set_both(kind: str) -> None:
        keras.config.set_floatx(kind)
        keras.config.set_dtype_policy(kind)

    yield set_both
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.fixture(scope="session")
def trained() -> Path:
    """The folder with the two trained models."""
    return DATA


@pytest.fixture
def sequential(keras: ModuleType) -> Callable[..., Any]:
    """A Sequential model of an input shape and layers, with seeded weights, biases included."""

    def build(shape: tuple[int | None, ...], *layers: Any, seed: int = 0, **options: Any) -> Any:
        model = keras.Sequential([keras.Input(shape, name="image"), *layers], **options)
        return with_random_weights(model, seed)

    return build


def with_random_weights(model: Any, seed: int) -> Any:
    """The model, every weight and bias drawn from a normal distribution."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        give_weights(layer, generator)
    return model


@pytest.fixture
def equals_keras() -> Callable[..., Graph]:
    """Read a model and hold the Graph's output to Keras' own on random samples."""

    def check(model: Any, *, seed: int = 1, tolerance: float = 2e-5) -> Graph:
        graph = read_model(model).graph
        samples = np.random.default_rng(seed).normal(0, 1, (3, *model.input_shape[1:]))
        answer = model(samples.astype(np.float32), training=False)
        expected = importlib.import_module("keras").ops.convert_to_numpy(answer)
        received = run_graph(graph, samples.astype(np.float32))[graph.outputs[0]]
        assert received.shape == expected.shape
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(received, expected, rtol=0, atol=tolerance * scale)
        return graph

    return check


@pytest.fixture
def all_outputs_equal_keras(keras: ModuleType) -> Callable[..., Graph]:
    """Draw weights, read a model, and hold every output to Keras' own on random samples.

    The tolerance is relative to the largest value: 1e-9 in double precision, else 1e-4.
    """

    def check(model: Any, *, source: Any = None, redraw: bool = True) -> Graph:
        generator = np.random.default_rng(1)
        if redraw:
            for weights in model.weights:
                weights.assign(generator.normal(0, 0.5, weights.shape))
        graph = read_model(model).graph
        inputs = [generator.normal(0, 1, (3, *tensor.shape[1:])) for tensor in model.inputs]
        dtype = keras.config.floatx()
        inputs = [samples.astype(dtype) for samples in inputs]
        source = model if source is None else source
        answer = source(inputs if len(inputs) > 1 else inputs[0], training=False)
        expected = [keras.ops.convert_to_numpy(value) for value in keras.tree.flatten(answer)]
        values = run_graph(graph, inputs if len(inputs) > 1 else inputs[0])
        assert len(expected) == len(graph.outputs)
        for name, value in zip(graph.outputs, expected, strict=True):
            scale = np.abs(value).max() * (1e-9 if dtype == "float64" else 1e-4)
            assert values[name].shape == value.shape
            np.testing.assert_allclose(values[name], value, rtol=0, atol=scale)
        return graph

    return check
