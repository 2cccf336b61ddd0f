"""Lengths and moments of time as steps."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.durations import time_steps, whole_steps
from annconv.errors import OptionError


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
