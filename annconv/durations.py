"""From lengths and moments of time in ms to steps."""

from __future__ import annotations

import math
from numbers import Real

from annconv.checks import MAX_WHOLE, finite_number
from annconv.errors import OptionError

MAX_STEPS = MAX_WHOLE
"""Steps that a run can have."""
ROUNDING = 1e-12
"""Relative error that the quotient of a duration and dt may have: 1.1 ms at 0.1 ms are 11 steps."""


def duration_steps(duration: object, dt: float, field: str) -> int:
    """Steps that a duration takes.

    Args:
        duration: In ms.
        dt: Length of a step in ms.
        field: What the duration is called in messages.
    Returns:
        The smallest number of steps that lasts at least `duration`.
    Raises:
        OptionError: The duration is not a number above 0, or takes more steps than a run can.
    """
    real = isinstance(duration, Real) and not isinstance(duration, bool)
    if not real or not duration > 0:  # type: ignore[operator]
        raise OptionError(f"{field}: expected a number of ms above 0, received {duration!r}.")
    milliseconds = finite_number(duration)
    if milliseconds is None or milliseconds > MAX_STEPS * dt:
        longest = f"{MAX_STEPS * dt:g} ms, {MAX_STEPS} steps of {dt:g} ms"
        raise OptionError(f"{field}: expected at most {longest}, received {duration!r}.")
    steps = milliseconds / dt
    return max(1, math.ceil(steps - ROUNDING * steps))


def whole_steps(duration: float, dt: float) -> int | None:
    """Steps that a duration takes exactly, but for rounding errors.

    Args:
        duration: In ms.
        dt: Length of a step in ms.
    Returns:
        Their number, None if the duration is no multiple of a step.
    """
    steps = duration / dt
    if not math.isfinite(steps):
        return None
    nearest = round(steps)
    return nearest if abs(steps - nearest) <= ROUNDING * abs(steps) else None


def time_steps(time: object, dt: float, field: str) -> int:
    """Whole steps that are over at a time.

    Args:
        time: In ms since the start.
        dt: Length of a step in ms.
        field: What the time is called in messages.
    Returns:
        Their number; a step counts that ends at `time` but for rounding errors.
    Raises:
        OptionError: The time is not a number, below 0, or after more steps than a run can have.
    """
    milliseconds = finite_number(time)
    if milliseconds is None:
        raise OptionError(f"{field}: expected a number, received {time!r}.")
    steps = milliseconds / dt
    if not 0 <= steps <= MAX_STEPS:
        raise OptionError(f"{field}: expected 0 to {MAX_STEPS} steps, received {steps:g}.")
    exact = whole_steps(milliseconds, dt)
    return math.floor(steps) if exact is None else exact
