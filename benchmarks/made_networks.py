"""Keras models with random weights of a fixed seed, scaled so that their neurons spike sensibly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import annconv
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator
from annconv.ir.projection import Projection
from annconv.options import CompileOptions
from annconv.runtime.compiled import compile_network

SEED = 20
RATE = 0.05
"""Spikes per neuron and step that the scaling aims at."""
STEPS = 150
"""Steps over which rates are taken while scaling."""
HALVINGS = 7


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution without bias, with ReLU."""

    filters: int
    size: int = 3
    stride: int = 1
    padding: str = "same"


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A max pooling of 2x2."""


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """A Dense layer without bias, with ReLU."""

    units: int


Layer = Conv | MaxPool | FullyConnected


def images(shape: tuple[int, ...], count: int) -> FloatArray:
    """Smooth random pictures from 0 to 1, half of each dark, as digits have it.

    Args:
        shape: Rows, columns, channels.
        count: How many.
    Returns:
        (count, rows * columns * channels) float64.
    """
    rng = np.random.default_rng(SEED)
    rows, columns, channels = shape
    coarse = rng.uniform(-1.0, 1.0, (count, -(-rows // 4), -(-columns // 4), channels))
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :rows, :columns]
    return np.clip(fine, 0.0, 1.0).reshape(count, -1)


def keras_model(shape: tuple[int, ...], layers: Sequence[Layer]) -> Any:
    """A functional model that ends in a Dense layer of ten units.

    Args:
        shape: Of its input.
        layers: In front of that layer.
    """
    import keras

    inputs = keras.Input(shape)
    values, flat = inputs, False
    for layer in layers:
        match layer:
            case Conv(filters, size, stride, padding):
                options = {"activation": "relu", "use_bias": False, "padding": padding}
                values = keras.layers.Conv2D(filters, size, strides=stride, **options)(values)
            case MaxPool():
                values = keras.layers.MaxPooling2D()(values)
            case FullyConnected(units):
                values = values if flat else keras.layers.Flatten()(values)
                flat = True
                values = keras.layers.Dense(units, activation="relu", use_bias=False)(values)
    values = values if flat else keras.layers.Flatten()(values)
    outputs = keras.layers.Dense(10, use_bias=False)(values)
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(SEED)
    model.set_weights([_random(rng, weights.shape) for weights in model.get_weights()])
    return model


def _random(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Weights of mean 0 whose sum over the inputs has a variance of 1."""
    return rng.normal(0.0, np.prod(shape[:-1]) ** -0.5, shape).astype(np.float32)


def scaled_network(model: Any, samples: FloatArray, rate: float = RATE) -> Network:
    """Convert a model and scale its layers' weights, one after the other, to sensible spike rates.

    Args:
        model: Made by `keras_model`; its weights are scaled with those of the network.
        samples: (N, values), over which rates are taken.
        rate: Spikes per neuron and step that every layer with weights is to emit.
    """
    network = annconv.convert(model, input_encoding="IB", steps=STEPS)
    factors = []
    for position, projection in enumerate(network.projections):
        if not any(isinstance(entry, Convolution | Dense) for entry in projection.operators):
            continue
        low, high = 2.0**-6, 2.0**10
        for _ in range(HALVINGS):
            factor = (low * high) ** 0.5
            trial = _with_factor(network, position, factor)
            too_low = _rate(trial, projection.post, samples) < rate
            low, high = (factor, high) if too_low else (low, factor)
        factors.append((low * high) ** 0.5)
        network = _with_factor(network, position, factors[-1])
    weights = zip(model.get_weights(), factors, strict=True)
    model.set_weights([weight * factor for weight, factor in weights])
    return network


def _with_factor(network: Network, position: int, factor: float) -> Network:
    """The network with one projection's weights multiplied."""
    projections = list(network.projections)
    projections[position] = _scaled(projections[position], factor)
    return replace(network, projections=tuple(projections))


def _scaled(projection: Projection, factor: float) -> Projection:
    def scale(operator: Operator) -> Operator:
        match operator:
            case Convolution():
                return replace(operator, kernel=operator.kernel * np.float32(factor))
            case Dense():
                return replace(operator, weights=operator.weights * np.float32(factor))
        return operator

    return replace(projection, operators=tuple(map(scale, projection.operators)))


def _rate(network: Network, population: str, samples: FloatArray) -> float:
    """Spikes per neuron and step."""
    compiled = compile_network(network, CompileOptions(precision="single", threads=1))
    trains = compiled.run(samples, steps=STEPS, record=[population]).spikes[population]
    return sum(map(len, trains)) / (network[population].size * STEPS * len(samples))
