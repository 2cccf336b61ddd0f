"""The winning class and the draw between classes that tie."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annconv.errors import SimulationError
from annconv.philox import uniform
from annconv.readouts.labels import TIE_STEP, TIE_STREAM, draw_labels, winners


def test_a_unique_maximum_wins_whatever_the_seed():
    outputs = np.array([[1.0, 5.0, 2.0], [-3.0, -4.0, -9.0]])
    for seed in range(5):
        assert draw_labels(outputs, seed).tolist() == [1, 0]


def test_a_tie_takes_the_class_that_its_uniform_number_points_at():
    outputs = np.tile([0.0, 3.0, 1.0, 3.0, 3.0], (50, 1))
    expected = [
        [1, 3, 4][math.floor(float(uniform(9, 0, TIE_STEP, TIE_STREAM, 20 + row)) * 3)]
        for row in range(50)
    ]
    received = draw_labels(outputs, seed=9, first_sample=20)
    assert received.tolist() == expected
    assert received.dtype == np.int64
    assert set(expected) == {1, 3, 4}


def test_ties_between_clear_winners():
    outputs = np.array([[0.0, 2.0, 1.0], [4.0, 1.0, 4.0], [3.0, 0.0, 0.0], [5.0, 5.0, 5.0]] * 20)
    received = draw_labels(outputs, seed=5)
    assert received[0::4].tolist() == [1] * 20
    assert received[2::4].tolist() == [0] * 20
    for row in (1, 3, 41, 79):
        assert received[row] == draw_labels(outputs[row : row + 1], 5, first_sample=row)[0]
    assert set(received[1::4].tolist()) == {0, 2}
    assert set(received[3::4].tolist()) == {0, 1, 2}


def test_labels_do_not_depend_on_how_samples_are_split_into_batches():
    outputs = np.zeros((20, 10))
    whole = draw_labels(outputs, seed=3)
    parts = [draw_labels(outputs[:7], 3), draw_labels(outputs[7:], 3, first_sample=7)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(draw_labels(outputs, seed=4), whole)


def test_winners_are_all_maxima():
    outputs = np.array([[2.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-np.inf, 1.0, 0.0]])
    expected = [[True, True, False], [True, True, True], [False, True, False]]
    assert winners(outputs).tolist() == expected


def test_no_samples_have_no_labels():
    assert draw_labels(np.zeros((0, 10))).shape == (0,)


def test_a_score_that_is_not_a_number_is_an_error():
    outputs = np.array([[1.0, 2.0], [1.0, np.nan]])
    with pytest.raises(
        SimulationError, match="output neuron 1, sample 1: its score is not a number"
    ):
        draw_labels(outputs)
