import pytest

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
