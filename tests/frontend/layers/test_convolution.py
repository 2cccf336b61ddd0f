import pytest

pytestmark = pytest.mark.keras

CASES = [
    ("Conv1D", (9, 2), {"kernel_size": 3, "padding": "causal", "dilation_rate": 2}),
    ("Conv1D", (9, 2), {"kernel_size": 4, "padding": "same", "strides": 3}),
    ("Conv2D", (7, 6, 2), {"kernel_size": 3}),
    ("Conv2D", (7, 6, 2), {"kernel_size": (4, 3), "padding": "same"}),
    ("Conv2D", (7, 6, 2), {"kernel_size": (2, 5), "padding": "same", "strides": (2, 3)}),
    ("Conv2D", (8, 8, 2), {"kernel_size": 5, "padding": "same", "strides": 2}),
    ("Conv2D", (9, 9, 1), {"kernel_size": 3, "padding": "same", "dilation_rate": (2, 3)}),
    ("Conv2D", (7, 6, 4), {"kernel_size": 3, "groups": 2, "padding": "same"}),
    ("Conv3D", (5, 4, 6, 2), {"kernel_size": (2, 3, 1), "padding": "same", "strides": (2, 1, 2)}),
]


@pytest.mark.parametrize(("kind", "shape", "settings"), CASES)
def test_equals_keras(keras, sequential, equals_keras, kind, shape, settings):
    layer = getattr(keras.layers, kind)(4, activation="relu", **settings)
    equals_keras(sequential(shape, layer))
