"""Networks of preset `rate` classify what the models that they are made of do, in few steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import annconv
from annconv.runtime.compiled import CompiledNetwork

pytestmark = [pytest.mark.keras, pytest.mark.compiles]

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]

ANN = {"mlp": 0.9677, "cnn": 0.9851}
CALIBRATION = {"mlp": 1000, "cnn": 500}
POINTS = 0.001
"""A tenth of a point."""


def compiled(
    name: str, steps: int, folder: Path, training: NDArray[np.uint8], count: int | None = None
) -> CompiledNetwork:
    samples = training[: count or CALIBRATION[name], ..., None] / np.float32(255)
    network = annconv.convert(
        folder / f"{name}.keras",
        preset="rate",
        calibration=samples.reshape(len(samples), -1),
        steps=steps,
    )
    return annconv.compile(network, precision="single", threads=2)


def accuracy(network: CompiledNetwork, digits: Digits, count: int | None = None) -> float:
    images, classes = digits
    labels = network.predict(images[:count] / np.float32(255))
    return float(np.mean(labels == classes[:count]))


@pytest.mark.parametrize("name", ["mlp", pytest.param("cnn", marks=pytest.mark.slow)])
@pytest.mark.parametrize("steps", [8, 16])
def test_all_digits(
    name: str, steps: int, data_folder: Path, digits: Digits, training_digits: Digits
) -> None:
    network = compiled(name, steps, data_folder, training_digits[0])
    assert accuracy(network, digits) >= ANN[name] - POINTS


def test_the_cnn_agrees_with_itself(
    data_folder: Path, digits: Digits, training_digits: Digits
) -> None:
    images = digits[0][:60, ..., None] / np.float32(255)
    graph = annconv.read(data_folder / "cnn.keras")
    expected = annconv.evaluate(graph, images)[graph.outputs[0]]
    result = compiled("cnn", 8, data_folder, training_digits[0], 100).run(images)
    assert np.mean(result.labels == expected.argmax(axis=1)) >= 0.98
    np.testing.assert_allclose(result.outputs.sum(axis=1), 1.0, rtol=1e-5)
    assert np.abs(result.outputs - expected).mean() < 0.01
