"""Spikes and potentials over time, drawn into axes from what a run or a monitor recorded.

    plot.raster(result, "conv2d", sample=0)
    plot.raster(monitor.get("spike"), ax=above)
    plot.potentials(monitor.get("v"), ranks=[3, 7], ax=below)

Without `ax` a new figure of `matplotlib.pyplot` is drawn into, so that a notebook shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annconv.checks import finite_number
from annconv.errors import InputError, OptionError, UnknownNameError, nearest
from annconv.live.slots import SPIKE
from annconv.report.matplotlib_library import importing_matplotlib
from annconv.report.panels import BANDS, MISSED, mark_side, shown_ranks
from annconv.runtime.result import RunResult
from annconv.spike_statistics import raster_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["potentials", "raster"]

MOST_LINES = len(BANDS)
"""Neurons drawn of a recording unless the caller chooses: each has a colour of its own."""
TIME = "time (ms)"

_SPIKES = (
    "a RunResult and the name of a population, an integer array (S, 2) or (S, 3) of step, rank and "
    "sign, or a dict of rank -> steps"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Train:
    """Spikes of one population.

    Attributes:
        steps: (S,) of each spike.
        ranks: (S,) of each spike.
        signs: (S,) 1 or -1.
        lowest: Rank of the first neuron that was recorded, spike or no spike.
        highest: Of the last.
        end: Steps that ran, as far as known: the last one with a spike is among them.
    """

    steps: NDArray[Any]
    ranks: NDArray[Any]
    signs: NDArray[Any]
    lowest: int
    highest: int
    end: int


def raster(
    recorded: RunResult | Mapping[Any, Any] | NDArray[Any],
    population: str | None = None,
    *,
    sample: int = 0,
    dt: float = 1.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw every spike as a point: time in ms to the right, rank of the neuron upwards.

    Args:
        recorded: What `compiled.run(…, record=[population])` returned; or the spikes of one sample
            out of it, an integer array (S, 2) of step and rank; or what a monitor's `get("spike")`
            or `get()` returned, a dict of rank -> steps.
        population: Which one of a RunResult; of nothing else.
        sample: Which one of a RunResult, counted from 0.
        dt: Length of a step in ms: `network.dt`.
        ax: Where to draw; None: a new figure.
    Returns:
        The axes. Spikes of sign -1 have a colour of their own.
    Raises:
        UnknownNameError: The population, or "spike", was not recorded (a KeyError).
        InputError: `recorded` is none of these, holds no neuron, no such sample, or a step or rank
            that is not counted from 0 on; `ax` is no axes.
        OptionError: `dt` is not a number above 0.
        AnnconvError: Matplotlib is missing.
    """
    step = _number("dt", dt, above=0.0)
    train = _train(recorded, population, sample)
    axes = _axes(ax)
    axes.update_datalim([(0.0, train.lowest), (train.end * step, train.highest)])
    rows = train.highest - train.lowest + 1
    side = mark_side(axes, 1.0 / rows, 1.0 / max(1, train.end))
    for sign, colour in ((1, BANDS[0]), (-1, MISSED)):
        chosen = train.signs == sign
        if sign == 1 or chosen.any():
            axes.scatter(
                train.steps[chosen] * step,
                train.ranks[chosen],
                s=side**2,
                c=colour,
                marker="s",
                linewidths=0,
                rasterized=True,
            )
    axes.autoscale_view()
    axes.locator_params(axis="y", integer=True)
    axes.set_xlabel(TIME)
    axes.set_ylabel("neuron (rank)")
    return axes


def potentials(
    recorded: Mapping[str, Any] | NDArray[Any],
    variable: str = "v",
    *,
    ranks: Iterable[int] | None = None,
    columns: Iterable[int] | None = None,
    dt: float = 1.0,
    start: float = 0.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw a recorded variable over time, one line a neuron.

    Args:
        recorded: What a monitor's `get("v")` returned, an array (T, ...) with a row for each step;
            or what its `get()` returned, a dict of arrays by name.
        variable: Its name: which one of a dict, and the name of the axis.
        ranks: Neurons to draw; None: all, or eight that are spread evenly over more.
        columns: Ranks of the neurons that were recorded, where it was a view: `view.ranks`; None:
            0, 1, 2, …
        dt: Time from row to row in ms: `network.dt`, or the monitor's period.
        start: Time of the first row in ms.
        ax: Where to draw; None: a new figure.
    Returns:
        The axes. Values have no unit: a network counts in those of its weights.
    Raises:
        UnknownNameError: The variable was not recorded (a KeyError).
        InputError: `recorded` is none of these or empty, or does not hold the neurons asked for;
            `ax` is no axes.
        OptionError: `dt` is not a number above 0, or `start` is no number.
        AnnconvError: Matplotlib is missing.
    """
    step, first = _number("dt", dt, above=0.0), _number("start", start)
    values = _rows(recorded, variable)
    lines = values.reshape(len(values), -1)
    known = _columns(columns, lines.shape[1])
    chosen = known[shown_ranks(len(known), MOST_LINES)] if ranks is None else _ranks(ranks, known)
    alone = values.ndim == 1 and columns is None  # one neuron, of which the rank is not known
    axes = _axes(ax)
    times = first + step * np.arange(len(lines))
    for position, rank in enumerate(chosen):
        axes.plot(
            times,
            lines[:, np.flatnonzero(known == rank)[0]],
            color=BANDS[position % len(BANDS)],
            linewidth=1.2,
            label=variable if alone else f"neuron {rank}",
        )
    axes.set_xlabel(TIME)
    axes.set_ylabel(f"{variable} (dimensionless)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return axes


def _number(name: str, value: object, above: float | None = None) -> float:
    found = finite_number(value)
    if found is None or (above is not None and found <= above):
        kind = "a number of ms" if above is None else f"a number of ms above {above:g}"
        raise OptionError(f"{name}: expected {kind}, received {value!r}.")
    return found


def _axes(ax: Axes | None) -> Axes:
    """The axes asked for, or new ones."""
    with importing_matplotlib():
        from matplotlib import pyplot
        from matplotlib.axes import Axes
    if ax is None:
        ax = pyplot.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise InputError("ax", expected="axes of Matplotlib, or None", received=repr(ax))
    return ax


def _train(recorded: object, population: str | None, sample: int) -> _Train:
    if isinstance(recorded, RunResult):
        return _train_of_run(recorded, population, sample)
    if population is not None or sample != 0:
        raise InputError(
            "raster",
            expected="a population and a sample only where a RunResult is given",
            received=f"population={population!r}, sample={sample!r}, {_told(recorded)}",
        )
    if isinstance(recorded, Mapping):
        return _train_of_monitor(recorded)
    return _train_of_array(recorded)


def _train_of_run(result: RunResult, population: str | None, sample: int) -> _Train:
    if population is None or population not in result.spikes:
        raise UnknownNameError(
            f"population {population!r} was not recorded. "
            f"{nearest(population, result.spikes)}. Run the samples with record=[…]."
        )
    trains = result.spikes[population]
    whole = isinstance(sample, int | np.integer) and not isinstance(sample, bool)
    if not whole or not 0 <= sample < len(trains):
        raise InputError(
            "sample", expected=f"one of the {len(trains)} that ran, from 0 on", received=sample
        )
    return _train_of_array(trains[sample], end=int(result.stopped_at[sample]))


def _train_of_array(train: object, end: int = 0) -> _Train:
    points = _array(train)
    if points.ndim != 2 or points.shape[1] not in (2, 3) or points.dtype.kind not in "iu":
        raise InputError("spikes", expected=_SPIKES, received=_told(train))
    steps, ranks = points[:, 0], points[:, 1]
    signs = points[:, 2] if points.shape[1] == 3 else np.ones(len(points), np.int64)
    _check_points(steps, ranks)
    last_step, last_rank = points[:, :2].max(axis=0, initial=-1)
    return _Train(steps, ranks, signs, 0, max(0, int(last_rank)), max(end, int(last_step) + 1))


def _train_of_monitor(recorded: Mapping[Any, Any]) -> _Train:
    if any(isinstance(key, str) for key in recorded):
        recorded = _entry(recorded, SPIKE)
    try:
        steps, ranks = raster_plot(recorded)
    except (TypeError, ValueError) as error:  # no dict of ranks, or steps that are no numbers
        raise InputError("spikes", expected=_SPIKES, received=_told(recorded)) from error
    if not recorded:
        raise InputError("spikes", expected="one neuron or more", received="an empty dict")
    _check_points(steps, ranks)
    end = int(steps.max(initial=-1.0)) + 1
    return _Train(steps, ranks, np.ones(len(ranks)), min(recorded), max(recorded), end)


def _check_points(steps: NDArray[Any], ranks: NDArray[Any]) -> None:
    """Refuse spikes at no time, and before the first step or neuron."""
    for name, values in (("steps", steps), ("ranks", ranks)):
        wrong = values[~(np.isfinite(values) & (values >= 0))]
        if wrong.size:
            raise InputError(
                "spikes", expected=f"{name} counted from 0 on", received=f"{wrong[0]:g}"
            )


def _entry(recorded: Mapping[Any, Any], name: str) -> Any:
    if name not in recorded:
        raise UnknownNameError(f"{name!r} was not recorded. {nearest(name, map(str, recorded))}.")
    return recorded[name]


def _rows(recorded: object, variable: str) -> NDArray[Any]:
    """(T, ...) values, a row for each step."""
    if isinstance(recorded, RunResult):
        raise InputError(
            "potentials",
            expected="what a monitor recorded",
            received="a RunResult, which holds spikes only",
            instead=f"Record {variable!r} in the live network: monitor(population, "
            f"[{variable!r}]).",
        )
    values = _array(_entry(recorded, variable) if isinstance(recorded, Mapping) else recorded)
    if values.ndim < 1 or values.size == 0 or values.dtype.kind not in "biuf":
        raise InputError(
            variable,
            expected="an array (T, …) of numbers with a row for one step or more",
            received=_told(values),
            instead="" if values.size else "A monitor is emptied by get(); keep=True keeps it.",
        )
    return values


def _columns(columns: Iterable[int] | None, count: int) -> NDArray[Any]:
    known = np.arange(count) if columns is None else _array(list(columns))
    if known.shape != (count,) or known.dtype.kind not in "iu" or len(set(known)) != count:
        raise InputError(
            "columns",
            expected=f"{count} different ranks, one for each neuron that was recorded",
            received=_told(known),
        )
    return known


def _ranks(ranks: Iterable[int], known: NDArray[Any]) -> NDArray[Any]:
    chosen = _array(list(ranks))
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not np.isin(chosen, known).all():
        raise InputError(
            "ranks",
            expected=f"some of the {len(known)} neurons recorded, {known[0]} to {known[-1]}",
            received=chosen.tolist(),
        )
    return chosen


def _array(given: object) -> NDArray[Any]:
    """What was given as an array; of objects where its parts have different shapes."""
    try:
        return np.asarray(given)
    except ValueError:
        return np.asarray(given, dtype=object)


def _told(given: object) -> str:
    """What was given, in short."""
    if isinstance(given, np.ndarray):
        return f"an array of {given.dtype}, shape {given.shape}"
    return f"a {type(given).__name__}"
