"""A monitor: it records variables, spikes and conductances of a population or a view."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv import spike_statistics
from annconv.checks import finite_number
from annconv.durations import duration_steps, whole_steps
from annconv.errors import InputError, OptionError, UnavailableError, UnknownNameError, nearest
from annconv.live.access import Guarded, from_property
from annconv.live.engine import Engine, Recording
from annconv.live.population import Population
from annconv.live.recording import Sampling, Subject, Times, Track
from annconv.live.slots import SPIKE
from annconv.live.storage import save_arrays
from annconv.live.view import PopulationView

Spikes = dict[int, list[int]]


class Monitor(Guarded):
    """Records what happens at the end of every step.

    Attributes:
        name: Under which `get_monitor` finds it.
        object: What is recorded: a population or a view.
        period: Steps between two rows, in ms.
        period_offset: The first of them, in ms after the monitor was made.
    """

    _kind = "monitor"
    _fixed = frozenset({"object"})
    _instead = MappingProxyType(
        {
            "variables": "Add some with start(names), or make another monitor.",
            "period": "Use start(names, period=...), or make another monitor.",
            "period_offset": "Make another monitor.",
            "object": "Make another monitor.",
        }
    )

    def __init__(
        self,
        engine: Engine,
        obj: object,
        variables: object = (),
        period: float | None = None,
        period_offset: float | None = None,
        start: bool = True,
        name: str | None = None,
    ) -> None:
        if not isinstance(obj, Population | PopulationView):
            raise InputError(
                "monitor",
                expected="a population or a view of one",
                received=repr(obj),
                instead="Get it with get_population(name); one neuron is population[[rank]].",
            )
        engine.settle()
        self._engine, self.object = engine, obj
        self.name = f"Monitor_{obj.name}" if name is None else name
        self._subject = Subject(*obj.recorded())
        self._sampling = self._sampled(period, period_offset)
        self._tracks: dict[str, Track] = {}
        for entry in self._checked(variables):
            self._add(entry, self._sampling)
        if start:
            self.start()

    @property
    def variables(self) -> list[str]:
        """What is recorded."""
        return list(self._tracks)

    @property
    def period(self) -> float:
        """In ms."""
        return self._sampling.period * self._engine.network.dt

    @property
    def period_offset(self) -> float:
        """In ms."""
        return self._sampling.offset * self._engine.network.dt

    def start(self, variables: object = None, period: float | None = None) -> None:
        """Record; variables that are not yet recorded are added.

        Args:
            variables: A name or names; None: all that the monitor knows.
            period: In ms, for these variables from now on.
        Raises:
            InputError: Something cannot be recorded.
            OptionError: The period is not a number above 0, or no multiple of `dt`.
        """
        self._engine.settle()
        names = self.variables if variables is None else self._checked(variables)
        sampling = None if period is None else self._sampled(period, None)
        for name in names:
            if name not in self._tracks:
                self._add(name, self._sampling)
            if sampling is not None:
                self._tracks[name].sampling = sampling
            self._tracks[name].start(self._engine.step)

    def pause(self) -> None:
        """Record no longer, until `resume`."""
        self._engine.settle()
        for track in self._tracks.values():
            track.pause(self._engine.step)

    def resume(self) -> None:
        """Record again."""
        self.start()

    def stop(self) -> None:
        """Record no longer, and forget everything."""
        self._engine.settle()
        self._tracks = {}

    def reset(self) -> None:
        """Forget what was recorded."""
        self._engine.settle()
        for track in self._tracks.values():
            track.take(self._engine, keep=False, reshape=False)

    def get(
        self,
        variables: object = None,
        keep: bool = False,
        reshape: bool = True,
        force_dict: bool = False,
    ) -> Any:
        """What was recorded since the last `get` or reset.

        Args:
            variables: A name, or names; None: all.
            keep: Whether it stays; otherwise the monitor is emptied of it.
            reshape: Whether rows have the population's geometry, rather than one axis.
            force_dict: Whether a single variable comes in a dict, too.
        Returns:
            For a variable an array (T, ...) in its type; for "spike" a dict of rank -> steps. The
            data themselves for one name, a dict by name for several.
        Raises:
            UnknownNameError: It is not recorded (a KeyError).
        """
        _ = self._engine.state
        if variables is None:
            return {name: self._take(name, keep, reshape) for name in self._tracks}
        names = [variables] if isinstance(variables, str) else _listed(variables)
        for name in names:
            self._known(name)
        if len(names) == 1 and not force_dict:
            return self._take(names[0], keep, reshape)
        return {name: self._take(name, keep, reshape) for name in names}

    def times(self, variables: object = None) -> dict[str, Times]:
        """Steps in which recording began and ended, of what is kept or was given last.

        Args:
            variables: A name, or names; None: all.
        Raises:
            UnknownNameError: It is not recorded (a KeyError).
        """
        self._engine.settle()
        names = self.variables if variables is None else variables
        listed = [names] if isinstance(names, str) else _listed(names)
        return {name: self._known(name).times(self._engine.step) for name in listed}

    def save(self, filename: str | Path, variables: object = None, keep: bool = False) -> None:
        """Save what was recorded to a `.npz` file; spikes as two arrays, steps and ranks.

        Raises:
            ModelFileError: The file cannot be written, or has another suffix.
            UnknownNameError: A variable is not recorded (a KeyError).
        """
        found = dict(self.get(variables, keep=True, force_dict=True))
        spikes = found.pop(SPIKE, None)
        if spikes is not None:
            ranks = np.repeat(list(spikes), [len(steps) for steps in spikes.values()])
            found["spike_ranks"] = ranks.astype(np.int64)
            listed = [np.asarray(steps, np.int64) for steps in spikes.values()]
            found["spike_steps"] = np.concatenate([np.zeros(0, np.int64), *listed])
        save_arrays(filename, found)
        if not keep:
            self.get(variables)

    def raster_plot(self, spikes: Any = None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Times in ms and ranks of all spikes; see `spike_statistics.raster_plot`."""
        return spike_statistics.raster_plot(self._spikes(spikes), dt=self._dt)

    def histogram(
        self,
        spikes: Any = None,
        bins: float | None = None,
        per_neuron: bool = False,
        recording_window: tuple[float, float] | None = None,
    ) -> NDArray[np.int64]:
        """Spikes per bin; see `spike_statistics.histogram`."""
        return spike_statistics.histogram(
            self._spikes(spikes), bins, per_neuron, recording_window, dt=self._dt
        )

    def mean_fr(self, spikes: Any = None) -> float:
        """Mean rate in Hz over the recorded time.

        Raises:
            InputError: Nothing was recorded.
        """
        found = self._spikes(spikes)
        begins, ends = self._interval()
        return spike_statistics.mean_fr(found, sum(ends) - sum(begins), dt=self._dt)

    def smoothed_rate(self, spikes: Any = None, smooth: float = 0.0) -> NDArray[np.float64]:
        """(neurons, T) Hz; see `spike_statistics.smoothed_rate`."""
        found = self._spikes(spikes)
        begins, ends = self._interval()
        window = (begins[0], ends[-1])
        return spike_statistics.smoothed_rate(found, smooth, dt=self._dt, window=window)

    def population_rate(self, spikes: Any = None, smooth: float = 0.0) -> NDArray[np.float64]:
        """(T + 1,) Hz; see `spike_statistics.population_rate`."""
        found = self._spikes(spikes)
        begins, ends = self._interval()
        window = (begins[0], ends[-1] + 1)
        return spike_statistics.population_rate(found, smooth, dt=self._dt, window=window)

    def inter_spike_interval(
        self, spikes: Any = None, ranks: Iterable[int] | None = None, per_neuron: bool = False
    ) -> Any:
        """Intervals in ms; see `spike_statistics.inter_spike_interval`."""
        return spike_statistics.inter_spike_interval(
            self._spikes(spikes), ranks, per_neuron, dt=self._dt
        )

    def coefficient_of_variation(
        self, spikes: Any = None, ranks: Iterable[int] | None = None
    ) -> Any:
        """Of the intervals; see `spike_statistics.coefficient_of_variation`."""
        return spike_statistics.coefficient_of_variation(self._spikes(spikes), ranks, dt=self._dt)

    def row_bytes(self) -> int:
        """Bytes that one step may add."""
        return sum(track.row_bytes(self._engine) for track in self._tracks.values())

    def value_bytes(self, steps: int) -> int:
        """Bytes that values of the next steps will take."""
        return sum(track.value_bytes(self._engine, steps) for track in self._tracks.values())

    def requests(self, steps: int) -> list[Recording]:
        """What to record in the next steps."""
        asked = (track.request(self._engine, steps) for track in self._tracks.values())
        return [request for request in asked if request is not None]

    def receive(self, found: list[NDArray[Any]], steps: int) -> None:
        """Take what was recorded."""
        active = [track for track in self._tracks.values() if track.active]
        for track, piece in zip(active, found, strict=True):
            track.receive(piece)

    def forget(self) -> None:
        """Drop what was recorded: the time begins anew."""
        for track in self._tracks.values():
            track.forget()

    def jump(self, before: int, after: int) -> None:
        """The time was set from one step to another."""
        for track in self._tracks.values():
            track.jump(before, after)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if from_property(self, name):
            return object.__getattribute__(self, name)
        known = [entry for entry in dir(type(self)) if not entry.startswith("_")]
        raise UnavailableError(
            f"monitor {self.name!r} has no attribute {name!r}. {nearest(name, known)}."
        )

    @property
    def _dt(self) -> float:
        return self._engine.network.dt

    def _spikes(self, spikes: Any) -> Spikes:
        """Spikes as given, out of what `get()` gave, or those recorded now."""
        if spikes is None:
            if SPIKE not in self._tracks:
                raise InputError(
                    f"monitor {self.name!r}",
                    expected="spikes, recorded with monitor(population, ['spike'])",
                    received=f"recordings of {self.variables}",
                )
            spikes = self.get(SPIKE)
        found: Spikes = spike_statistics.as_spikes(spikes)
        return found

    def _interval(self) -> tuple[list[int], list[int]]:
        """When spikes were recorded.

        Raises:
            InputError: At no time.
        """
        times = self._known(SPIKE).times(self._engine.step)
        begins, ends = times["start"], times["stop"]
        if sum(ends) <= sum(begins):
            raise InputError(
                f"monitor {self.name!r}",
                expected="spikes recorded over some time",
                received="an empty recording",
                instead="Keep what get('spike') returned, and hand it on.",
            )
        return begins, ends

    def _known(self, name: object) -> Track:
        if not isinstance(name, str) or name not in self._tracks:
            raise UnknownNameError(
                f"monitor {self.name!r} does not record {name!r}. {nearest(name, self._tracks)}."
            )
        return self._tracks[name]

    def _take(self, name: str, keep: bool, reshape: bool) -> Any:
        return self._tracks[name].take(self._engine, keep=keep, reshape=reshape)

    def _add(self, name: str, sampling: Sampling) -> None:
        own = Sampling() if name == SPIKE else sampling
        self._tracks[name] = Track(name, self._subject, own)

    def _checked(self, variables: object) -> list[str]:
        """Names that can be recorded.

        Raises:
            InputError: Others; all are listed.
        """
        names = [variables] if isinstance(variables, str) else _listed(variables)
        attributes = self._engine.attributes[self._subject.population]
        known = [name for name, entry in attributes.items() if not entry.is_parameter]
        data = self._engine.network[self._subject.population]
        if data.neuron is not None:
            known.append(SPIKE)
        wrong = [name for name in names if name not in known]
        if wrong:
            raise InputError(
                f"monitor of {self.object.name!r}",
                expected=f"some of {', '.join(map(repr, known)) or 'nothing: it has no neurons'}",
                received=", ".join(map(repr, wrong)),
                instead="Parameters do not change by themselves, so they are not recorded.",
            )
        return names

    def _sampled(self, period: float | None, offset: float | None) -> Sampling:
        """In which steps rows are kept.

        Raises:
            OptionError: Not numbers of whole steps, or an offset that is not below the period.
        """
        dt, step = self._engine.network.dt, self._engine.step
        steps = 1 if period is None else _exact(period, duration_steps(period, dt, "period"), dt)
        given = 0.0 if offset is None else finite_number(offset)
        shift = None if given is None else whole_steps(given, dt)
        if shift is None or not 0 <= shift < steps:
            raise OptionError(
                f"period_offset: expected 0 or more and less than the period ({steps * dt:g} ms), "
                f"in whole steps of {dt:g} ms, received {offset!r}."
            )
        return Sampling(steps, shift, step % steps)


def _exact(period: float, steps: int, dt: float) -> int:
    """The steps of a period.

    Raises:
        OptionError: It takes only a part of the last one.
    """
    if whole_steps(period, dt) != steps:
        below = f"{(steps - 1) * dt:g} or " if steps > 1 else ""
        raise OptionError(
            f"period: expected a multiple of the step of {dt:g} ms, received {period!r}. Use "
            f"{below}{steps * dt:g}."
        )
    return steps


def _listed(names: object) -> list[str]:
    """Names as a list.

    Raises:
        InputError: Something else.
    """
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InputError(
            "variables of a monitor", expected="a name or a list of names", received=repr(names)
        )
    return list(names)
