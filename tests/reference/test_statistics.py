"""Population-wide numbers of each sample, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.reference.statistics import overall

VALUES = np.array([[[3.0, -4.0], [0.0, 12.0]], [[1.0, 1.0], [1.0, 1.0]]])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("mean", [2.75, 1.0]),
        ("max", [12.0, 1.0]),
        ("min", [-4.0, 1.0]),
        ("norm1", [19.0, 4.0]),
        ("norm2", [13.0, 2.0]),
    ],
)
def test_each_function(function, expected):
    received = overall(function, VALUES)
    assert received.shape == (2, 1, 1)
    assert received.ravel().tolist() == expected


def test_sums_run_from_the_first_neuron_to_the_last():
    values = np.array([[1e16, *[1.0] * 1000]])
    assert overall("norm1", values)[0, 0] == 1e16
