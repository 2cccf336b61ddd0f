import io
import re
from contextlib import redirect_stdout

import numpy as np
import pytest

from annconv.frontend.description import describe
from annconv.frontend.reading import read_model
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.operators import Convolution, Dense
from annconv.ir.origin import Origin


def test_the_text_of_the_reference_notebook():
    """The lines that the notebook's CNN prints, and its numbers for weights made to have them."""
    types = ["InputLayer", "Conv2D", "AveragePooling2D", "Dropout", "Flatten", "Dense", "Custom"]
    names = ["input_layer", "conv2d", "pool", "dropout", "flatten", "dense", "own"]
    entries = enumerate(zip(names, types, strict=True))
    layers = tuple(Origin(name, index, kind) for index, (name, kind) in entries)
    weights = np.array([[0.1, -0.2], [0.3, 0.5], [0.0, 0.25]], dtype=np.float32)
    kernel = np.ones((1, 1, 1, 3), dtype=np.float32)
    conv = Convolution(kernel, (1, 1), ((0, 0), (0, 0)), (1, 1))
    graph = Graph(
        "m",
        (
            Node("input_layer", Input(), (), (28, 28, 1), (layers[0],)),
            Node("conv2d", conv, ("input_layer",), (28, 28, 3), (layers[1],)),
            Node("dense", Dense(weights), ("conv2d",), (2,), (layers[5],)),
        ),
        ("dense",),
        layers,
    )
    mean, std = float(weights.T.mean()), float(weights.T.std())
    assert len(str(mean)) > 12, "a float32 widened to a Python float"
    assert describe(graph) == (
        "* Input layer: input_layer, (28, 28, 1)\n"
        "* InputLayer skipped.\n"
        "* Conv2D layer: conv2d, (28, 28, 3) \n"
        "* AveragePooling2D skipped.\n"
        "* Dropout skipped.\n"
        "* Flatten skipped.\n"
        "* Dense layer: dense, 2 \n"
        "    weights: (2, 3)\n"
        f"    mean {mean}, std {std}\n"
        "    min -0.20000000298023224, max 0.5\n"
        "* Custom skipped.\n"
    )


@pytest.mark.keras
def test_the_trained_cnn_prints_the_notebooks_lines(trained):
    printed = io.StringIO()
    with redirect_stdout(printed):
        print(describe(read_model(trained / "cnn.keras").graph))  # noqa: T201
    lines = printed.getvalue().split("\n")
    assert lines[:12] == [
        "* Input layer: input_layer, (28, 28, 1)",
        "* InputLayer skipped.",
        "* Conv2D layer: conv2d, (28, 28, 16) ",
        "* MaxPooling2D layer: max_pooling2d, (14, 14, 16) ",
        "* Conv2D layer: conv2d_1, (14, 14, 64) ",
        "* MaxPooling2D layer: max_pooling2d_1, (7, 7, 64) ",
        "* Conv2D layer: conv2d_2, (7, 7, 64) ",
        "* MaxPooling2D layer: max_pooling2d_2, (3, 3, 64) ",
        "* Dropout skipped.",
        "* Flatten skipped.",
        "* Dense layer: dense, 10 ",
        "    weights: (10, 576)",
    ]
    assert re.fullmatch(r"    mean 0\.000352708\d{10,}, std 0\.06921006\d{8,}", lines[12])
    assert lines[13] == "    min -0.24202559888362885, max 0.20049405097961426"
    assert lines[14:] == ["", ""]


@pytest.mark.keras
def test_average_pooling_and_a_dense_layer_on_a_map(keras, sequential):
    layers = keras.layers
    model = sequential(
        (4, 4, 2), layers.AveragePooling2D(2, name="p"), layers.Dense(3, name="d"), layers.ReLU()
    )
    lines = describe(read_model(model).graph).split("\n")
    assert lines[2] == "* MaxPooling2D layer: p, (2, 2, 2) "
    assert lines[3] == "* Dense layer: d, 3 "
    assert lines[4] == "    weights: (3, 2)"
    assert lines[7] == "* ReLU skipped."
