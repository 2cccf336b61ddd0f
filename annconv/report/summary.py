"""How well labels fit: accuracy, precision and recall of each class, confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.ir.values import real_array


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """How well labels fit.

    Attributes:
        confusion: (classes, classes) int64, samples by expected class (rows) and label (columns).
        class_names: Name of each class.
    """

    confusion: NDArray[np.int64]
    class_names: tuple[str, ...]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """Number of samples whose label is right."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of right labels, in [0, 1]."""
        return self.right / self.samples

    @property
    def precision(self) -> NDArray[np.float64]:
        """(classes,) share of right ones among samples with this label; NaN if there are none."""
        return _shares(np.diagonal(self.confusion), self.confusion.sum(axis=0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """(classes,) share of right ones among samples of this class; NaN if there are none."""
        return _shares(np.diagonal(self.confusion), self.confusion.sum(axis=1))

    def __str__(self) -> str:
        """A line for each class and one for all; a share that does not exist is a dash."""
        width = max(len("class"), *map(len, self.class_names))
        lines = [f"{'class':>{width}}  precision  recall  samples"]
        for name, precision, recall, samples in zip(
            self.class_names,
            self.precision,
            self.recall,
            self.confusion.sum(axis=1),
            strict=True,
        ):
            shares = f"{_number(precision):>9}  {_number(recall):>6}"
            lines.append(f"{name:>{width}}  {shares}  {samples:>7}")
        lines.append(f"accuracy {self.accuracy:.4f} ({self.right} of {self.samples})")
        return "\n".join(lines)


def summarise(
    labels: object, expected: object, classes: int, class_names: Sequence[str] = ()
) -> Summary:
    """Compare labels with the right ones.

    Args:
        labels: (N,) whole numbers in [0, classes), N > 0, the labels a network gave.
        expected: (N,) whole numbers in [0, classes), the right ones.
        classes: Number of classes.
        class_names: Their names; empty: their numbers.
    Raises:
        InputError: Not whole numbers, of different lengths, none at all, or beyond the classes.
    """
    names = tuple(class_names) or tuple(map(str, range(classes)))
    if len(names) != classes:
        raise InputError("class names", expected=f"{classes}, one a class", received=len(names))
    given, right = _labels("labels", labels, classes), _labels("expected labels", expected, classes)
    if len(given) != len(right):
        raise InputError(
            "expected labels", expected=f"{len(given)}, one for each label", received=len(right)
        )
    if len(given) == 0:
        raise InputError("labels", expected="one sample or more", received="none")
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (right, given), 1)
    return Summary(confusion, names)


def _labels(what: str, values: object, classes: int) -> NDArray[np.int64]:
    array = real_array(values, what, "whole numbers (N,)")
    if array.shape == (0,):
        return array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(
            what,
            expected="whole numbers (N,)",
            received=f"an array of {array.dtype}, shape {array.shape}",
        )
    if array.min() < 0 or array.max() >= classes:
        raise InputError(
            what,
            expected=f"classes from 0 to {classes - 1}",
            received=f"{array.min()} to {array.max()}",
        )
    return array.astype(np.int64)


def _shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> NDArray[np.float64]:
    shares = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=shares, where=wholes > 0)
    return shares


def _number(share: float) -> str:
    return "-" if np.isnan(share) else f"{share:.3f}"
