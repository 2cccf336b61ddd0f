import pytest

from annconv.frontend.sizes import grows_too_much


@pytest.mark.parametrize(
    ("needed", "stored", "expected"),
    [
        (2**26, 0, False),
        (2**26 + 1, 1, True),
        (100 * 2**20, 2**20, False),
        (101 * 2**20, 2**20, True),
    ],
)
def test_small_parts_may_grow_and_large_ones_a_hundredfold(needed, stored, expected):
    assert grows_too_much(needed, stored) is expected
