"""What a run gives back."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.errors import SimulationError
from annconv.runtime.result import RunResult


def result(outputs: list[list[float]]) -> RunResult:
    scores = np.array(outputs) if outputs else np.zeros((0, 3))
    count = len(scores)
    empty = np.zeros(count, dtype=np.int64)
    return RunResult(empty, np.zeros(scores.shape, dtype=np.int64), scores, empty)


def test_all_classes_that_tie() -> None:
    tied = result([[0.0, 0.0, 0.0], [1.0, 3.0, 3.0], [-1.0, -2.0, -3.0]]).tied_labels()
    assert tied == [[0, 1, 2], [1, 2], [0]]
    assert all(type(label) is np.int64 for labels in tied for label in labels)
    assert all(type(labels) is list for labels in tied)


def test_no_samples() -> None:
    assert result([]).tied_labels() == []
    assert len(result([])) == 0


def test_scores_that_are_no_numbers() -> None:
    with pytest.raises(SimulationError, match="output neuron 1, sample 0"):
        result([[0.0, float("nan")]]).tied_labels()


def test_infinite_scores_are_compared() -> None:
    assert result([[float("inf"), 1.0], [float("-inf"), float("-inf")]]).tied_labels() == [
        [0],
        [0, 1],
    ]


def test_arrays_are_not_compared_element_by_element() -> None:
    one = result([[1.0]])
    assert one == one  # noqa: PLR0124  (identity, where arrays would be ambiguous)
    assert one != result([[1.0]])
