"""The trained models classify as spiking networks what they classify as ANNs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import annconv

STEPS = 200
CNN_DIGITS = 300
CNN_ACCURACY = 0.98  # the reference: 0.987
MLP_ANN_ACCURACY = 0.9677

pytestmark = [pytest.mark.keras, pytest.mark.compiles]

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.astype(np.float32) / np.float32(255)


def labels_of(model: Path, images: NDArray[np.uint8], precision: str) -> NDArray[np.int64]:
    network = annconv.convert(model, input_encoding="IB")
    compiled = annconv.compile(network, precision=precision, threads=2)
    return compiled.predict(scaled(images), steps=STEPS)


@pytest.mark.parametrize(
    "precision", ["single", pytest.param("double", marks=pytest.mark.slow), "int16"]
)
def test_the_cnn_on_three_hundred_digits(data_folder: Path, digits: Digits, precision: str) -> None:
    images, classes = digits
    labels = labels_of(data_folder / "cnn.keras", images[:CNN_DIGITS], precision)
    assert np.mean(labels == classes[:CNN_DIGITS]) >= CNN_ACCURACY


def test_the_mlp_on_all_test_digits(data_folder: Path, digits: Digits) -> None:
    images, classes = digits
    model = data_folder / "mlp.keras"
    labels = {precision: labels_of(model, images, precision) for precision in ("single", "double")}
    accuracy = {name: np.mean(found == classes) for name, found in labels.items()}
    for value in accuracy.values():
        assert abs(value - MLP_ANN_ACCURACY) <= 0.01
    assert abs(accuracy["single"] - accuracy["double"]) < 0.002
    assert np.mean(labels["single"] == labels["double"]) >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_integer_weights_classify_like_real_ones(
    data_folder: Path, digits: Digits, model: str
) -> None:
    images, classes = digits
    labels = {
        precision: labels_of(data_folder / f"{model}.keras", images, precision)
        for precision in ("single", "int16")
    }
    accuracy = {name: np.mean(found == classes) for name, found in labels.items()}
    assert np.mean(labels["single"] == labels["int16"]) >= 0.99
    assert abs(accuracy["single"] - accuracy["int16"]) < 0.003
