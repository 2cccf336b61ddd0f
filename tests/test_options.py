"""Numbers among the options, of whatever type they come in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from annconv.checks import finite_number
from annconv.durations import duration_steps
from annconv.errors import OptionError
from annconv.options import AnnarchyOptions


@pytest.mark.parametrize("kind", [int, float, Fraction, np.float16, np.float32, np.int8])
def test_numbers_of_any_type_are_taken(kind):
    assert finite_number(kind(3)) == 3.0
    assert AnnarchyOptions(max_f=kind(3), dt=kind(3)).max_f == 3
    assert duration_steps(kind(3), 0.5, "duration") == 6


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), "3", None, 3j, np.nan, np.inf, -np.inf, 10**400, -(10**400)]
)
def test_what_is_no_finite_number_is_refused(value):
    assert finite_number(value) is None
    with pytest.raises(OptionError, match="max_f: expected a finite number above 0"):
        AnnarchyOptions(max_f=value)
