"""The Graphs of random models, run in NumPy, against Keras: every layer of every model."""

from __future__ import annotations

import numpy as np
import pytest
from random_models import random_model

from annconv.frontend.layers import HANDLERS
from annconv.frontend.reading import read_model
from annconv.reference.graph import run_graph

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:.*softmax over axis:UserWarning"),
]
TOLERANCES = {"float32": 1e-4, "float64": 1e-9}
FEW, MANY = 25, 500


def compare(keras, seed, kind):
    """Hold one model to Keras; the classes of its layers."""
    drawn = random_model(keras, seed, double=kind == "float64")
    graph = read_model(drawn.model).graph
    values = run_graph(graph, drawn.samples)
    last = {node.origin[-1].name: node.name for node in graph.nodes}
    assert graph.outputs == ("out",)
    for step in drawn.steps:
        if step.name not in last:
            continue  # a layer that changes nothing
        received, expected = values[last[step.name]], np.asarray(step.values)
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(
            received,
            expected,
            rtol=0,
            atol=TOLERANCES[kind] * scale,
            err_msg=f"{seed}: {step.name}",
        )
    return drawn.kinds


@pytest.mark.parametrize("kind", TOLERANCES)
def test_random_models_equal_keras(keras, number_type, kind):
    number_type(kind)
    for seed in range(FEW):
        compare(keras, seed, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TOLERANCES)
def test_many_random_models_equal_keras_and_hold_every_layer(keras, number_type, kind):
    number_type(kind)
    met = {name for seed in range(MANY) for name in compare(keras, 1000 + seed, kind)}
    missing = set(HANDLERS) - met
    if kind == "float64":  # of three axes TensorFlow pools single precision only
        missing -= {
            f"{kind}{pool}Pooling3D" for kind in ("", "Adaptive") for pool in ("Max", "Average")
        }
    assert missing == set()
