"""What a monitor has recorded of one variable, piece by piece."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import Geometry
from annconv.live.engine import Engine, Recording
from annconv.live.slots import SPIKE
from annconv.runtime.state import SpikeRecording, ValueRecording

DTYPES = {"float": np.float64, "int": np.int64, "bool": np.bool_}
Times = dict[str, list[int]]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Neurons that are recorded.

    Attributes:
        population: Name of their population.
        ranks: (n,) int32, None for all of them.
        size: Number of neurons.
        geometry: Shape of a row: the population's, (n,) for some of its neurons.
    """

    population: str
    ranks: NDArray[np.int32] | None
    size: int
    geometry: Geometry

    def all_ranks(self) -> list[int]:
        """Every recorded rank."""
        return list(range(self.size)) if self.ranks is None else self.ranks.tolist()


@dataclass(slots=True)
class Sampling:
    """In which steps a row is kept: every `period`-th from `origin` on, shifted by `offset`.

    The origin is less than a period: a monitor that was made in step 7 and keeps every third row
    counts from step 1 on, also after a reset.
    """

    period: int = 1
    offset: int = 0
    origin: int = 0

    def wait(self, step: int) -> int:
        """Steps from `step` to the next row."""
        if step < self.origin:
            return self.origin + self.offset - step
        return (self.offset - (step - self.origin)) % self.period


@dataclass(slots=True)
class Track:
    """One recorded variable.

    Attributes:
        name: Variable, conductance, or "spike".
        subject: Whose.
        sampling: Which steps are kept.
        active: Whether it records now.
        starts: Steps at which pieces of what is kept began.
        stops: Steps at which they ended; one fewer while the last goes on.
    """

    name: str
    subject: Subject
    sampling: Sampling
    active: bool = False
    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    _pieces: list[NDArray[Any]] = field(default_factory=list)
    _told: Times | None = None

    def start(self, step: int) -> None:
        """Record from this step on."""
        if not self.active:
            self.active = True
            self.starts.append(step)

    def pause(self, step: int) -> None:
        """Record no longer."""
        if self.active:
            self.active = False
            self.stops.append(step)

    def forget(self) -> None:
        """Drop everything; the time begins anew."""
        self._pieces, self._told = [], None
        self.starts, self.stops = ([0] if self.active else []), []

    def row_bytes(self, engine: Engine) -> int:
        """Bytes that a step may add."""
        return self._width(engine) * 8 if self.active else 0

    def value_bytes(self, engine: Engine, steps: int) -> int:
        """Bytes that values of the next steps will take; how many spikes come is not known."""
        if not self.active or self.name == SPIKE:
            return 0
        return self._rows(engine, steps) * self._width(engine) * 8

    def request(self, engine: Engine, steps: int) -> Recording | None:
        """What to record in the next steps, None while paused."""
        if not self.active:
            return None
        subject = self.subject
        if self.name == SPIKE:
            index = engine.network.names.index(subject.population)
            return SpikeRecording(index, subject.ranks)
        slot = engine.slot(subject.population, self.name)
        if slot.source is None:
            raise TypeError(f"{self.name!r} of {subject.population!r} cannot be recorded")
        wait, period = self.sampling.wait(engine.step), self.sampling.period
        ranks = subject.ranks if self._is_local(engine) else np.zeros(1, np.int32)
        kept = np.empty((self._rows(engine, steps), self._width(engine)))
        return ValueRecording(slot.source, ranks, period, wait, kept, slot.arrived)

    def receive(self, piece: NDArray[Any]) -> None:
        """Keep what was recorded."""
        if len(piece):
            self._pieces.append(piece)

    def take(self, engine: Engine, *, keep: bool, reshape: bool) -> Any:
        """What was recorded; without `keep` it is dropped here."""
        self._told = self._interval(engine.step)
        taken = self._spikes() if self.name == SPIKE else self._values(engine, reshape)
        if not keep:
            self._pieces = []
            self.starts, self.stops = ([engine.step] if self.active else []), []
        return taken

    def jump(self, before: int, after: int) -> None:
        """The time was set: what goes on recording begins a new piece."""
        if self.active:
            self.pause(before)
            self.start(after)

    def times(self, step: int) -> Times:
        """Steps in which pieces began and ended: of what is kept, or of what `take` gave last."""
        present = self._interval(step)
        fresh = any(begin != end for begin, end in zip(*present.values(), strict=True))
        return present if fresh or self._told is None else copy.deepcopy(self._told)

    def _interval(self, step: int) -> Times:
        ends = [*self.stops, step] if self.active else self.stops
        pairs = list(zip(self.starts, ends, strict=True))
        kept = [pair for pair in pairs if pair[0] != pair[1]] or pairs[-1:]
        return {"start": [begin for begin, _ in kept], "stop": [end for _, end in kept]}

    def _rows(self, engine: Engine, steps: int) -> int:
        """Rows of the next steps."""
        wait = self.sampling.wait(engine.step)
        return (steps - wait - 1) // self.sampling.period + 1 if steps > wait else 0

    def _is_local(self, engine: Engine) -> bool:
        return engine.attributes[self.subject.population][self.name].local

    def _width(self, engine: Engine) -> int:
        """Values in a row."""
        return self.subject.size if self.name == SPIKE or self._is_local(engine) else 1

    def _values(self, engine: Engine, reshape: bool) -> NDArray[Any]:
        """(T, ...) in the variable's type."""
        subject = self.subject
        if not self._pieces:  # as in the reference: of no type, and flat where rows are
            shaped = reshape and subject.ranks is None and self._is_local(engine)
            return np.zeros((0, *subject.geometry) if shaped else 0)
        dtype = DTYPES[engine.attributes[subject.population][self.name].type]
        rows: NDArray[Any] = np.concatenate(self._pieces).astype(dtype)
        if not self._is_local(engine):
            return rows.reshape(-1)
        return rows.reshape(len(rows), *subject.geometry) if reshape else rows

    def _spikes(self) -> dict[int, list[int]]:
        """Rank -> steps, for every recorded neuron."""
        ranks = self.subject.all_ranks()
        found = np.concatenate([np.zeros((0, 2), np.int32), *self._pieces])
        order = np.argsort(found[:, 1], kind="stable")
        steps, sorted_ranks = found[order, 0], found[order, 1]
        begins = np.searchsorted(sorted_ranks, ranks, side="left")
        ends = np.searchsorted(sorted_ranks, ranks, side="right")
        return {
            rank: steps[begin:end].tolist()
            for rank, begin, end in zip(ranks, begins, ends, strict=True)
        }
