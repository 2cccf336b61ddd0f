"""Every layer alone, with random settings, against Keras in single and in double precision."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from drawn_layers import JOINS, JUMPING, ONE_INPUT, ROUNDED, SMOOTH, Draw, give_weights, rank_of
from drawn_layers import settings as draw_settings

from annconv.frontend.layers import HANDLERS
from annconv.frontend.layers.activation import ACTIVATIONS
from annconv.frontend.reading import read_model
from annconv.reference.graph import run_graph

DRAWS = 3
TOLERANCES = {"float32": 1e-4, "float64": 1e-9}


def test_every_handler_is_drawn():
    assert {"InputLayer", *ONE_INPUT, *JOINS} == set(HANDLERS)
    assert {*SMOOTH, *ROUNDED, *JUMPING} == set(ACTIVATIONS)


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:.*softmax over axis:UserWarning")
@pytest.mark.parametrize("kind", TOLERANCES)
@pytest.mark.parametrize("name", ONE_INPUT)
def test_a_layer_equals_keras(keras, number_type, name, kind):
    number_type(kind)
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    for _ in range(DRAWS):
        rank = rank_of(name)
        rank = int(generator.integers(4)) if rank is None else rank
        shape = (*(int(extent) for extent in generator.integers(2, 7, rank)), 3)
        chosen = draw_settings(name, Draw(generator, shape, kind == "float64"))
        if chosen is None:
            continue
        layer = getattr(keras.layers, name)(**chosen)
        inputs = keras.Input(shape)
        model = keras.Model(inputs, layer(inputs))
        give_weights(layer, generator)
        samples = generator.normal(0, 1.5, (2, *shape)).astype(kind)
        expected = np.asarray(model(samples, training=False))
        graph = read_model(model).graph
        received = run_graph(graph, samples)[graph.outputs[0]]
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(
            received, expected, rtol=0, atol=TOLERANCES[kind] * scale, err_msg=f"{shape} {chosen}"
        )


@pytest.mark.keras
def test_layers_of_pictures_are_the_same_from_a_file(keras, tmp_path):
    generator = np.random.default_rng(0)
    inputs = keras.Input((6, 6, 3))
    ends = []
    for name in ONE_INPUT:
        chosen = draw_settings(name, Draw(generator, (6, 6, 3)))
        if chosen is not None:
            layer = getattr(keras.layers, name)(**chosen)
            ends.append(keras.layers.Flatten()(layer(inputs)))
            give_weights(layer, generator)
    model = keras.Model(inputs, keras.layers.Concatenate()(ends))
    model.save(tmp_path / "model.keras")
    assert len(ends) > 50
    assert read_model(tmp_path / "model.keras").graph == read_model(model).graph
