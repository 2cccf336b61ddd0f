"""Numbers among the options, of whatever type they come in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from annconv.errors import OptionError
from annconv.options import AnnarchyOptions, duration_steps, finite_number, time_steps, whole_steps


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


@pytest.mark.parametrize("dt", [0.1, 0.3, 0.7, 1.0], ids="dt={}".format)
def test_steps_of_decimals(dt):
    """Quotients of decimals that no float holds lie on either side of the whole number."""
    for step in range(1, 1000):
        for time in (step * dt, float(f"{step * dt:.6g}")):
            assert time_steps(time, dt, "time") == step
            assert whole_steps(time, dt) == step
        assert time_steps((step + 0.75) * dt, dt, "time") == step, "not over yet"
        assert whole_steps((step + 0.75) * dt, dt) is None
    assert time_steps(0, dt, "time") == 0
    assert whole_steps(1e308, 1e-3) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1", "time: expected a number, received '1'"),
        (np.nan, "time: expected a number, received nan"),
        (-0.25, r"time: expected 0 to 2147483647 steps, received -0\.5"),
        (1e300, r"time: expected 0 to 2147483647 steps, received 2e\+300"),
    ],
)
def test_times_that_no_run_has(value, message):
    with pytest.raises(OptionError, match=message):
        time_steps(value, 0.5, "time")
