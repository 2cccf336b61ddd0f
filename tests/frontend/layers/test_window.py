import pytest

from annconv.frontend.layers.window import window_padding


@pytest.mark.parametrize(
    ("mode", "extent", "size", "stride", "dilation", "expected"),
    [
        ("valid", 8, 3, 1, 1, (0, 0)),
        ("same", 8, 3, 1, 1, (1, 1)),
        ("same", 8, 4, 1, 1, (1, 2)),
        ("same", 8, 3, 2, 1, (0, 1)),
        ("same", 7, 3, 2, 1, (1, 1)),
        ("same", 8, 2, 3, 1, (0, 0)),
        ("same", 8, 3, 1, 3, (3, 3)),
        ("same", 9, 1, 4, 1, (0, 0)),
        ("causal", 8, 3, 1, 2, (4, 0)),
    ],
)
def test_padding_modes_as_numbers(mode, extent, size, stride, dilation, expected):
    padding = window_padding(mode, (extent, 5), (size,), (stride,), (dilation,))
    assert padding == (expected,)
