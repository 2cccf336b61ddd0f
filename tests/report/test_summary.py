"""The summary against scikit-learn, and every refusal."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from annconv.errors import InputError
from annconv.report import summarise


@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_learn(seed):
    random = np.random.default_rng(seed)
    expected = random.integers(0, 6, 200)
    labels = np.where(random.random(200) < 0.7, expected, random.integers(0, 5, 200))
    summary = summarise(labels, expected, 7)
    classes = range(7)
    precision, recall, _, support = precision_recall_fscore_support(
        expected, labels, labels=classes, zero_division=np.nan
    )
    np.testing.assert_array_equal(
        summary.confusion, confusion_matrix(expected, labels, labels=classes)
    )
    assert summary.accuracy == pytest.approx(accuracy_score(expected, labels))
    np.testing.assert_allclose(summary.precision, precision)
    np.testing.assert_allclose(summary.recall, recall)
    np.testing.assert_array_equal(summary.confusion.sum(axis=1), support)


def test_text():
    summary = summarise([0, 0, 1, 0], [0, 1, 1, 0], 3, ("cat", "dog", "cattle"))
    assert str(summary).splitlines() == [
        " class  precision  recall  samples",
        "   cat      0.667   1.000        2",
        "   dog      1.000   0.500        2",
        "cattle          -       -        0",
        "accuracy 0.7500 (3 of 4)",
    ]


@pytest.mark.parametrize(
    ("labels", "expected", "names", "told"),
    [
        ([0, 1], [0], (), "expected labels: expected 2, one for each label, received 1."),
        ([], [], (), "labels: expected one sample or more, received none."),
        ([0.5], [0], (), "labels: expected whole numbers (N,), received an array of float64, sh"),
        ([0], [[0]], (), "expected labels: expected whole numbers (N,), received an array of int"),
        ([3], [0], (), "labels: expected classes from 0 to 2, received 3 to 3."),
        ([0], [-1], (), "expected labels: expected classes from 0 to 2, received -1 to -1."),
        ([0], [0], ("a", "b"), "class names: expected 3, one a class, received 2."),
    ],
)
def test_refuses(labels, expected, names, told):
    with pytest.raises(InputError) as caught:
        summarise(labels, expected, 3, names)
    assert str(caught.value).startswith(told)
