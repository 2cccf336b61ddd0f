"""The engine behind a live network: it compiles at the first look, steps, resets and records."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from annconv.durations import MAX_STEPS
from annconv.errors import OptionError, OutOfMemoryError
from annconv.ir.network import Network
from annconv.live.slots import Attribute, Initial, Slot, StartValues, attributes_of, open_slots
from annconv.live.values import as_one, as_values
from annconv.live.weights import learned_operators, loaded_weights, present_weights
from annconv.machine import available_memory, size_text
from annconv.options import CompileOptions
from annconv.runtime.compiled import REAL
from annconv.runtime.memory import SHARE, MemoryTold
from annconv.runtime.state import SpikeRecording, State, ValueRecording, open_state

CHUNK_BYTES = 64 * 1024 * 1024
"""What the recordings of one call into the compiled network may take."""
LONGEST_CHUNK = 65536
LARGE = 16 * 1024 * 1024
"""Bytes of recordings from which on memory is looked at before they are made."""
_MEMORY = (
    "Record fewer neurons or variables, use a longer period, or get() what was recorded in between."
)

Recording = ValueRecording | SpikeRecording


class Listener(Protocol):
    """What records: told of every run, and emptied at a reset."""

    def row_bytes(self) -> int:
        """Bytes that one step may add."""

    def value_bytes(self, steps: int) -> int:
        """Bytes that values, not spikes, of the next steps will take."""

    def requests(self, steps: int) -> list[Recording]:
        """What to record in the next `steps` steps, in an order that `receive` knows."""

    def receive(self, found: list[NDArray[Any]], steps: int) -> None:
        """Take what was recorded in `steps` steps, in the order of `requests`."""

    def forget(self) -> None:
        """Drop what was recorded: the time begins anew."""

    def jump(self, before: int, after: int) -> None:
        """The time was set from one step to another."""


@dataclass(frozen=True, slots=True)
class _Replay:
    """A sample that was presented elsewhere and will be run here at the first look."""

    rates: NDArray[Any]
    steps: int
    sample: int
    initial: Mapping[str, Mapping[str, Initial]]


class Engine:
    """State of a live network; what is not looked at is not compiled.

    Attributes:
        network: The network as it was loaded.
        options: How it is compiled.
        seed: Of random encodings.
        attributes: Population -> its attributes by name.
        initial: Population -> values that a reset restores; a script may edit them.
        listeners: Monitors, in the order in which they were made.
    """

    def __init__(self, network: Network, options: CompileOptions, seed: int) -> None:
        self.network, self.options, self.seed = network, options, seed
        self.attributes: dict[str, dict[str, Attribute]] = {
            entry.name: attributes_of(network, entry) for entry in network.populations
        }
        self.initial: dict[str, dict[str, Initial]] = {
            name: StartValues(name, {key: copy.copy(it.initial) for key, it in found.items()})
            for name, found in self.attributes.items()
        }
        self.listeners: list[Listener] = []
        self._rates = np.zeros(network.input.size, REAL[options.precision])
        self._step, self._sample = 0, 0
        self._state: State | None = None
        self._slots: dict[str, dict[str, Slot]] = {}
        self._replay: _Replay | None = None

    @property
    def state(self) -> State:
        """The compiled network, up to date.

        Raises:
            BuildError: The compiler is missing or fails.
            CacheError: The build cache cannot be used.
        """
        if self._state is None:
            self._state = open_state(self.network, self.options)
            self._slots = {
                entry.name: open_slots(self._state, entry, self.attributes[entry.name], self._rates)
                for entry in self.network.populations
                if entry.neuron is not None
            }
            for name, found in self._slots.items():
                for key, slot in found.items():
                    slot.write(self.attributes[name][key].initial)
        if self._replay is not None:
            replay, self._replay = self._replay, None
            self._run_replay(replay)
        return self._state

    def settle(self) -> None:
        """Run what was deferred, so that what is asked of monitors now comes after it."""
        if self._replay is not None:
            _ = self.state

    @property
    def opened(self) -> State | None:
        """The compiled network, None if nothing has been looked at yet."""
        return self._state

    def slot(self, population: str, name: str) -> Slot:
        """Where an attribute lies; the network is compiled and up to date then."""
        _ = self.state
        return self._slots[population][name]

    @property
    def step(self) -> int:
        """Steps since the last reset."""
        return self._replay.steps if self._replay is not None else self._step

    @step.setter
    def step(self, value: int) -> None:
        if not 0 <= value <= MAX_STEPS:
            raise OptionError(f"time: expected 0 to {MAX_STEPS} steps, received {value}.")
        _ = self.state
        self._jump(value)

    def _jump(self, step: int) -> None:
        for listener in self.listeners:
            listener.jump(self._step, step)
        self._step = step

    def start(self, rates: NDArray[Any], sample: int) -> None:
        """Begin a sample: everything to its start, then its rates."""
        self.reset(populations=True, monitors=True)
        self._rates[:] = rates
        self._sample = sample

    def defer(self, rates: NDArray[Any], steps: int, sample: int) -> None:
        """Be as if a sample had been run here; it will be, at the first look.

        Args:
            rates: (inputs,).
            steps: Steps that it was run.
            sample: Its index in the random stream.
        """
        start = {name: copy.deepcopy(dict(found)) for name, found in self.initial.items()}
        self._replay = _Replay(rates.copy(), steps, sample, start)

    def _run_replay(self, replay: _Replay) -> None:
        present = self.initial
        self.initial = {name: dict(found) for name, found in replay.initial.items()}
        try:
            self.start(replay.rates, replay.sample)
        finally:
            self.initial = present
        self.run(replay.steps)

    @MemoryTold("recording", _MEMORY)
    def run(self, steps: int, *, stops: bool = False) -> int:
        """Advance.

        Args:
            steps: How many; 0 or fewer: nothing happens.
            stops: Whether the read-out's condition ends the run.
        Returns:
            Steps run.
        Raises:
            OptionError: More steps than a simulation can have.
            KeyboardInterrupt: Ctrl-C; what was run until then is kept.
            OutOfMemoryError: Memory does not hold what monitors would record: before the first
                step, or what was run until then is kept.
        """
        state = self.state
        if self._step + steps > MAX_STEPS:
            raise OptionError(
                f"duration: expected at most {MAX_STEPS} steps since the last reset, received "
                f"{self._step + steps}."
            )
        if not stops:
            _check_room(sum(listener.value_bytes(steps) for listener in self.listeners), steps)
        done = 0
        while done < steps:
            wanted = min(steps - done, self._chunk())
            _check_room(wanted * self._row_bytes(), wanted)
            ran = self._advance(state, wanted, stops)
            done += ran
            if stops and (ran < wanted or state.stopped()):
                break
        return done

    def _chunk(self) -> int:
        """Steps of one call, so that recordings take a bounded space beside what is kept."""
        return max(1, min(LONGEST_CHUNK, CHUNK_BYTES // max(1, self._row_bytes())))

    def _row_bytes(self) -> int:
        """Bytes that one step may add to recordings."""
        return sum(listener.row_bytes() for listener in self.listeners)

    def _advance(self, state: State, steps: int, stops: bool) -> int:
        asked = [(listener, listener.requests(steps)) for listener in self.listeners]
        requests = [request for _, listed in asked for request in listed]
        values = [entry for entry in requests if isinstance(entry, ValueRecording)]
        spikes = [entry for entry in requests if isinstance(entry, SpikeRecording)]
        advance = state.advance(
            steps,
            self._rates,
            seed=self.seed,
            sample=self._sample,
            index=self._step,
            values=values,
            spikes=spikes,
            stops=stops,
        )
        self._step += advance.steps
        rows = iter(
            [entry.rows[:count] for entry, count in zip(values, advance.written, strict=True)]
        )
        trains = iter(advance.spikes)
        for listener, listed in asked:
            found: list[NDArray[Any]] = [
                next(rows) if isinstance(entry, ValueRecording) else next(trains)
                for entry in listed
            ]
            listener.receive(found, advance.steps)
        if advance.error is not None:
            raise advance.error
        return advance.steps

    def reset(
        self, *, populations: bool = True, monitors: bool = True, fresh_numbers: bool = False
    ) -> None:
        """Set the time to 0.

        Args:
            populations: Whether parameters and variables return to their start.
            monitors: Whether what was recorded is dropped.
            fresh_numbers: Whether random numbers go on instead of repeating.
        """
        if populations and monitors and self._replay is not None:
            self._sample = self._replay.sample
            self._replay = None  # nothing else of it would be left
        _ = self.state
        if populations:
            for entry in self.network.populations:
                if entry.neuron is not None:
                    self.reset_population(entry.name)
            self.state.forget_delivered()
        self._sample = self._sample + 1 if fresh_numbers else 0
        if monitors:
            self._step = 0
            for listener in self.listeners:
                listener.forget()
        else:
            self._jump(0)

    def reset_population(self, name: str, attributes: Iterable[str] | None = None) -> None:
        """Set attributes of a population to their start, all or some; its spikes are forgotten.

        Raises:
            InputError: A script has put something into `init` that cannot be a value.
        """
        names = list(self.attributes[name] if attributes is None else attributes)
        values = [self.start_value(name, key) for key in names]
        self.forget_spikes(name)
        if attributes is None and name == self.network.output.name:
            self.state.buffers[self.state.plan.readout.counts][:] = 0
        for key, value in zip(names, values, strict=True):
            self._slots[name][key].write(value)

    def forget_spikes(self, name: str) -> None:
        """Drop a population's spikes under way, and what it knows of earlier ones.

        That is the time of the last spike, what is left of a refractory period, and the spikes from
        which rates are measured.
        """
        state = self.state
        state.restart(name, set(self.attributes[name]))
        self.spikes(name)[:] = 0
        state.forget_spikes(self.network.names.index(name))

    def restore_weights(self) -> None:
        """Set all weights to those that were loaded."""
        for entry in self.network.projections:
            for position, operator in learned_operators(entry).items():
                present_weights(self.state, entry, position)[...] = loaded_weights(operator)

    def start_value(self, name: str, key: str) -> Initial:
        """The value to which a reset sets an attribute."""
        value, what = self.initial[name].get(key, 0.0), f"init[{key!r}] of {name!r}"
        real = REAL[self.options.precision]
        if self.attributes[name][key].local:
            return as_values(value, self.network[name].size, what, real)
        return as_one(value, what, real)

    def spikes(self, name: str) -> NDArray[np.int8]:
        """(size,) what a population emitted in the last step and nobody has received yet."""
        state = self.state
        return state.buffers[state.update_of(name).spikes]


def _check_room(size: int, steps: int) -> None:
    """Refuse to record where memory does not hold it.

    Raises:
        OutOfMemoryError: It does not.
    """
    available = available_memory() if size >= LARGE else None
    if available is not None and size > available * SHARE:
        raise OutOfMemoryError(
            f"recording {steps} steps",
            expected=f"at most {size_text(int(available * SHARE))}, for which there is memory",
            received=size_text(size),
            instead=_MEMORY,
        )
