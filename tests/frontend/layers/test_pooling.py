import pytest

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.pooling import max_pooling
from annconv.ir.origin import Origin

pytestmark = pytest.mark.keras

CASES = [
    ("1D", (7, 2), {"pool_size": 2}),
    ("1D", (7, 2), {"pool_size": 3, "padding": "same", "strides": 2}),
    ("2D", (7, 7, 2), {"pool_size": 2}),
    ("2D", (7, 7, 2), {"pool_size": 2, "padding": "same"}),
    ("2D", (7, 7, 2), {"pool_size": 3, "padding": "same"}),
    ("2D", (7, 8, 2), {"pool_size": (3, 2), "strides": (1, 2)}),
    ("2D", (7, 8, 2), {"pool_size": (2, 3), "strides": (3, 1), "padding": "same"}),
    ("3D", (4, 5, 4, 2), {"pool_size": (2, 1, 3), "padding": "same"}),
]


@pytest.mark.parametrize("family", ["MaxPooling", "AveragePooling"])
@pytest.mark.parametrize(("rank", "shape", "settings"), CASES)
def test_equals_keras(keras, sequential, equals_keras, family, rank, shape, settings):
    equals_keras(sequential(shape, getattr(keras.layers, family + rank)(**settings)))


def test_a_window_without_strides_moves_by_its_size():
    view = LayerView(
        Origin("pool", 1, "MaxPooling2D"),
        config={"pool_size": (2, 3), "strides": None},
        defaults={},
        weights=[],
        input_shapes=[(4, 6, 1)],
    )
    (pool,) = max_pooling(view, Problems())
    assert pool.strides == (2, 3)
