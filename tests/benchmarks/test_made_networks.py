"""Networks with random weights for the benchmark."""

from itertools import pairwise

import numpy as np

from made_networks import images


def test_images_are_the_same_every_time_and_half_dark():
    first, second = images((9, 8, 3), 4), images((9, 8, 3), 4)
    assert first.shape == (4, 9 * 8 * 3)
    assert np.array_equal(first, second)
    assert first.min() == 0
    assert 0 < first.max() <= 1
    assert 0.3 < (first == 0).mean() < 0.7
    assert all(not np.array_equal(one, other) for one, other in pairwise(first))
