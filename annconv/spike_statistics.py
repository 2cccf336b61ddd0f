"""Statistics of spikes: pure functions of what a monitor's `get("spike")` returns.

Spikes are a dict of rank -> list of steps; `dt` is the length of a step in ms. A dict that holds
them under "spike", as a monitor's `get()` gives it, will do as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.checks import finite_number
from annconv.errors import InputError, OptionError

__all__ = [
    "coefficient_of_variation",
    "histogram",
    "inter_spike_interval",
    "mean_fr",
    "population_rate",
    "raster_plot",
    "smoothed_rate",
]

Spikes = Mapping[int, list[int]]
Window = tuple[int, int]


def as_spikes(spikes: Any) -> Any:
    """The dict of spikes, out of a monitor's dict of everything if need be.

    Raises:
        InputError: It is no dict of whole numbers and lists of steps.
    """
    found = spikes.get("spike", spikes) if isinstance(spikes, Mapping) else None
    if not isinstance(found, Mapping) or not all(
        isinstance(rank, int | np.integer) and isinstance(steps, list | tuple | np.ndarray)
        for rank, steps in found.items()
    ):
        raise InputError(
            "spikes", expected="a dict of rank -> steps", received=type(spikes).__name__
        )
    return found


def raster_plot(spikes: Spikes, dt: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Every spike as a point.

    Args:
        spikes: Rank -> steps.
        dt: In ms.
    Returns:
        (S,) float64 times in ms and (S,) int64 ranks, neuron after neuron.
    """
    found = as_spikes(spikes)
    ranks = np.repeat(
        np.asarray(list(found), np.int64), np.asarray([len(s) for s in found.values()], np.int64)
    )
    return _all_steps(found) * dt, ranks


def histogram(
    spikes: Spikes,
    bins: float | None = None,
    per_neuron: bool = False,
    recording_window: tuple[float, float] | None = None,
    dt: float = 1.0,
) -> NDArray[np.int64]:
    """Spikes per bin.

    Args:
        spikes: Rank -> steps.
        bins: Width of a bin in ms; None: `dt`.
        per_neuron: Whether each neuron has a row of its own.
        recording_window: First and last time in ms; None: those of the first and the last spike.
        dt: In ms.
    Returns:
        (bins,) int64, or (neurons, bins), a row for every key. The last time lies in the last bin.
    Raises:
        InputError: There are no spikes, and no window either.
        OptionError: The width of a bin or the window is none.
    """
    found = as_spikes(spikes)
    width = _positive(dt if bins is None else bins, "bins") / dt
    if recording_window is None:
        steps = _all_steps(found)
        if not steps.size:
            raise InputError(
                "histogram",
                expected="one spike or more, or a recording_window",
                received="no spikes",
            )
        first, last = float(steps.min()), float(steps.max())
    else:
        first, last = _window(recording_window, dt)
    count = math.floor((last - first) / width + 1e-9) + 1
    rows = np.zeros((len(found), count), np.int64)
    for row, listed in enumerate(found.values()):
        inside = np.asarray(listed, np.float64)
        inside = inside[(inside >= first) & (inside <= last)]
        places = np.floor((inside - first) / width + 1e-9).astype(np.int64)
        rows[row] = np.bincount(places, minlength=count)
    return rows if per_neuron else rows.sum(axis=0)


def mean_fr(spikes: Spikes, duration: float | None = None, dt: float = 1.0) -> float:
    """Mean firing rate of all neurons.

    Args:
        spikes: Rank -> steps.
        duration: Steps in which spikes were recorded; None: from the first to the last spike.
        dt: In ms.
    Returns:
        Spikes per second and neuron.
    Raises:
        InputError: No neurons, or no duration.
    """
    found = as_spikes(spikes)
    steps = _all_steps(found)
    if duration is None:
        duration = float(np.ptp(steps)) if steps.size else 0.0
    if not found or not duration > 0:
        raise InputError(
            "mean_fr",
            expected="neurons, and a duration above 0",
            received=f"{len(found)} neurons over {duration:g} steps",
        )
    return steps.size / len(found) / (duration * dt) * 1000.0


def smoothed_rate(
    spikes: Spikes, smooth: float = 0.0, dt: float = 1.0, window: Window | None = None
) -> NDArray[np.float64]:
    """Instantaneous rate of each neuron: the inverse of the interval that a step lies in.

    Args:
        spikes: Rank -> steps.
        smooth: Time constant in ms of a low-pass filter; 0: none.
        dt: In ms.
        window: First step, and that behind the last; None: from the first to the last spike.
    Returns:
        (neurons, T) Hz, zero before a neuron's first spike and from its last one on.
    Raises:
        InputError: There are no spikes, and no window either.
    """
    found = as_spikes(spikes)
    first, end = _span(found, "smoothed_rate") if window is None else window
    rates = np.zeros((len(found), end - first))
    for row, steps in zip(rates, found.values(), strict=True):
        for before, after in pairwise(steps):
            row[max(0, before - first) : max(0, after - first)] = 1000.0 / ((after - before) * dt)
    return _smooth(rates, smooth, dt)


def population_rate(
    spikes: Spikes, smooth: float = 0.0, dt: float = 1.0, window: Window | None = None
) -> NDArray[np.float64]:
    """Rate of all neurons together, step by step.

    Args:
        spikes: Rank -> steps.
        smooth: Time constant in ms of a low-pass filter; 0: none.
        dt: In ms.
        window: First step, and that behind the last; None: from the first to the last spike.
    Returns:
        (T,) spikes per second and neuron.
    Raises:
        InputError: There are no spikes, and no window either.
    """
    found = as_spikes(spikes)
    first, end = _span(found, "population_rate") if window is None else window
    steps = _all_steps(found).astype(np.int64)
    inside = steps[(steps >= first) & (steps < end)]
    counts = np.bincount(inside - first, minlength=end - first).astype(np.float64)
    return _smooth(counts * (1000.0 / dt / max(1, len(found))), smooth, dt)


def inter_spike_interval(
    spikes: Spikes,
    ranks: Iterable[int] | None = None,
    per_neuron: bool = False,
    dt: float = 1.0,
) -> Any:
    """Intervals between the spikes of a neuron.

    Args:
        spikes: Rank -> steps.
        ranks: Of the neurons that count; None: all.
        per_neuron: Whether they come by neuron.
        dt: In ms.
    Returns:
        A list of ms, or a dict of rank -> list, for neurons with two spikes or more.
    """
    found = as_spikes(spikes)
    chosen = found if ranks is None else set(ranks)
    intervals = {
        rank: [float(interval) for interval in np.diff(steps) * dt]
        for rank, steps in found.items()
        if rank in chosen and len(steps) > 1
    }
    if per_neuron:
        return intervals
    return [interval for listed in intervals.values() for interval in listed]


def coefficient_of_variation(
    spikes: Spikes,
    ranks: Iterable[int] | None = None,
    per_neuron: bool = False,
    dt: float = 1.0,
) -> Any:
    """Standard deviation of a neuron's intervals over their mean.

    Args:
        spikes: Rank -> steps.
        ranks: Of the neurons that count; None: all.
        per_neuron: Whether they come by neuron.
        dt: In ms.
    Returns:
        A list of np.float64, or a dict by rank, for neurons with three spikes or more.
    """
    intervals = inter_spike_interval(spikes, ranks, True, dt)
    found = {
        rank: np.std(listed) / np.mean(listed)
        for rank, listed in intervals.items()
        if len(listed) > 1
    }
    return found if per_neuron else list(found.values())


def _all_steps(spikes: Spikes) -> NDArray[np.float64]:
    """Steps of all spikes, neuron after neuron."""
    listed = [np.asarray(steps, np.float64) for steps in spikes.values()]
    return np.concatenate([np.zeros(0), *listed])


def _span(spikes: Spikes, what: str) -> Window:
    """Step of the first spike, and that behind the last."""
    steps = _all_steps(spikes)
    if not steps.size:
        raise InputError(what, expected="one spike or more", received="none")
    return int(steps.min()), int(steps.max()) + 1


def _smooth(rates: NDArray[np.float64], smooth: float, dt: float) -> NDArray[np.float64]:
    """A first-order low-pass filter along the last axis, which begins at the first value."""
    if smooth == 0:
        return rates
    share = dt / _positive(smooth, "smooth")
    smoothed = rates.copy()
    for step in range(1, rates.shape[-1]):
        before = smoothed[..., step - 1]
        smoothed[..., step] = before + share * (rates[..., step] - before)
    return smoothed


def _positive(value: object, what: str) -> float:
    number = finite_number(value)
    if number is None or number <= 0:
        raise OptionError(f"{what}: expected a number of ms above 0, received {value!r}.")
    return number


def _window(window: object, dt: float) -> tuple[float, float]:
    """First and last step of a window in ms."""
    entries = window if isinstance(window, tuple | list) else ()
    numbers = [finite_number(entry) for entry in entries]
    if len(numbers) != 2 or None in numbers or not numbers[0] < numbers[1]:  # type: ignore[operator]
        raise OptionError(
            f"recording_window: expected a first and a later last time in ms, received {window!r}."
        )
    return float(numbers[0] or 0.0) / dt, float(numbers[1] or 0.0) / dt
