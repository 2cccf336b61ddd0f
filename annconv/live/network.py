"""The live network: what `load_keras_model` returns."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from annconv.checks import finite_number
from annconv.durations import MAX_STEPS, duration_steps, time_steps
from annconv.errors import InputError, OptionError, UnavailableError, nearest
from annconv.ir.network import Network
from annconv.live.access import Guarded, from_property
from annconv.live.convolution import handle_of
from annconv.live.edits import edited_network
from annconv.live.engine import Engine
from annconv.live.monitor import Monitor
from annconv.live.population import Population
from annconv.live.projection import Projection
from annconv.live.slots import SPIKE
from annconv.live.stopping import STOPPING, looks_at_present_step, stop_condition
from annconv.live.storage import load_arrays, npz_path, save_arrays
from annconv.live.weights import learned_operators
from annconv.options import CompileOptions
from annconv.printing import say

Handle = TypeVar("Handle")

_LEFT_OUT: Mapping[str, str] = {
    "create": "Convert another model, or write a Network (annconv.Network).",
    "connect": "Convert another model, or write a Network (annconv.Network).",
    "constant": "Write the number into the neuron's parameters.",
    "config": "dt, precision, threads and seed are arguments of ANNtoSNNConverter.",
    "clear": "Load the model again.",
    "copy": "Load the model again.",
    "instance": "There is no module with C++ objects; `network` is the Network behind this handle.",
    "memory_footprint": "See `population.size` and `projection.nb_synapses`.",
    "parallel_run": "ANNtoSNNConverter.predict runs many samples in parallel.",
    "boldmonitor": "Record variables with `monitor`.",
    "callbacks_enabled": "Call `step` in a loop.",
    "enable_callbacks": "Call `step` in a loop.",
    "disable_callbacks": "Call `step` in a loop.",
    "clear_all_callbacks": "Call `step` in a loop.",
}
_SEPARATOR, _TIME = "/", "time_step"


class LiveNetwork(Guarded):
    """A loaded network that can be stepped, looked into and changed between two steps.

    Nothing is compiled until something needs it. After `ANNtoSNNConverter.predict` the network is
    in the state in which the last sample left it.
    """

    _kind = "network"
    _instead = MappingProxyType(
        {
            "network": "Change attributes and weights: it has them as they are.",
            "default_rng": "Make a generator of your own: numpy.random.default_rng(seed).",
            "compiled": "It always is.",
            "id": "It is the number of this object.",
            "engine": "Load the model again.",
        }
    )

    def __init__(
        self, network: Network, options: CompileOptions, seed: int = 0, directory: str = ""
    ) -> None:
        """The network at its start.

        Args:
            network: What runs.
            options: Its precision counts.
            seed: Of random encodings.
            directory: Where sources were written, "" for nowhere.
        """
        self._engine = Engine(network, options, seed)
        self.directory = directory
        self._populations = [Population(self._engine, entry) for entry in network.populations]
        ends = dict(zip(network.names, self._populations, strict=True))
        self._projections: list[Projection] = []
        for entry in network.projections:
            kind = handle_of(entry)
            self._projections.append(kind(self._engine, entry, ends[entry.pre], ends[entry.post]))
        self._monitors: list[Monitor] = []

    @property
    def network(self) -> Network:
        """The Network behind it, with weights and start values as they are now.

        Raises:
            UnavailableError: Something was changed that a Network cannot hold.
        """
        edited = edited_network(self._engine)
        if edited is None:
            raise UnavailableError(
                "network.network: start values of variables, populations that are disabled or "
                "projections that do not transmit cannot be stored: expected changes of parameters "
                "and weights only. Undo the others."
            )
        return edited

    @property
    def engine(self) -> Engine:
        """What steps the network."""
        return self._engine

    def get_populations(self) -> list[Population]:
        """All populations in layer order."""
        return self._populations

    def get_population(self, name: str) -> Population | None:
        """The population of that name; as in the reference, None and a printed line if unknown."""
        return _find("population", name, self._populations)

    def get_projections(
        self,
        post: Population | str | None = None,
        pre: Population | str | None = None,
        target: str | None = None,
        suppress_error: bool = False,
    ) -> list[Projection]:
        """Projections in layer order, all or those that fit.

        Args:
            post: A population, or its name.
            pre: A population, or its name.
            target: A conductance's target.
            suppress_error: Whether to return an empty list where none fits.
        Raises:
            InputError: None fits.
        """
        if post is None and pre is None and target is None:
            return self._projections
        found = [
            entry
            for entry in self._projections
            if _is(post, entry.post) and _is(pre, entry.pre) and target in (None, entry.target)
        ]
        if not found and not suppress_error:
            raise InputError(
                "get_projections",
                expected=f"ends and target of one of {[entry.name for entry in self._projections]}",
                received=f"post={post!r}, pre={pre!r}, target={target!r}",
            )
        return found

    def get_projection(self, name: str) -> Projection | None:
        """The projection of that name; as in the reference, None and a printed line if unknown."""
        return _find("projection", name, self._projections)

    def get_monitors(self) -> list[Monitor]:
        """All monitors in the order in which they were made."""
        return self._monitors

    def get_monitor(self, name: str) -> Monitor | None:
        """The first monitor of that name; None and a printed line if unknown."""
        return _find("monitor", name, self._monitors)

    def get_extensions(self) -> list[Any]:
        """Extensions of the network: none."""
        return []

    def get_extension(self, name: str) -> None:
        """None and a printed line: there are no extensions."""
        return _find("extension", name, [])

    def get_constants(self) -> list[Any]:
        """Constants of the network: none."""
        return []

    def get_constant(self, name: str) -> None:
        """None and a printed line: there are no constants."""
        return _find("constant", name, [])

    def monitor(
        self,
        obj: object,
        variables: object = (),
        period: float | None = None,
        period_offset: float | None = None,
        start: bool = True,
        name: str | None = None,
    ) -> Monitor:
        """Record variables from now on.

        Args:
            obj: A population or a view of one.
            variables: A name or a list: variables, conductances, "spike".
            period: In ms between two values; None: every step. Spikes are always complete.
            period_offset: In ms, of the first value.
            start: Whether to begin at once.
            name: Its name; None: "Monitor_<population>".
        Raises:
            InputError: Something cannot be recorded.
            OptionError: The period is not a number above 0, the offset not below it, or one of
                them no multiple of `dt`.
        """
        made = Monitor(self._engine, obj, variables, period, period_offset, start, name)
        self._monitors.append(made)
        self._engine.listeners.append(made)
        return made

    def simulate(self, duration: float, measure_time: bool = False) -> None:
        """Run for a time.

        Args:
            duration: In ms, rounded up to whole steps; 0 or less: nothing happens.
            measure_time: Whether to print how long it took.
        Raises:
            OptionError: Not a number, or more steps than a simulation can have.
        """
        steps = self._steps(duration, "duration")
        begin = clock.perf_counter()
        self._engine.run(steps)
        if measure_time:
            _report(steps * self.dt, clock.perf_counter() - begin)

    def simulate_until(
        self,
        max_duration: float,
        population: Population | Iterable[Population],
        operator: str = "and",
        measure_time: bool = False,
    ) -> float:
        """Run until the stop condition of populations holds.

        Args:
            max_duration: In ms, at most.
            population: One with a `stop_condition`, or several.
            operator: "and" or "or": whether all of several must hold. Only the output has one.
            measure_time: Whether to print how long it took.
        Returns:
            ms that were run: of the steps up to and with the one after which it held.
        Raises:
            InputError: A population has no stop condition, or is none of this network.
            OptionError: An argument has a value that is not allowed.
        """
        if operator not in ("and", "or"):
            raise OptionError(f"operator: unknown value {operator!r}. Known: 'and', 'or'.")
        self._check_stops(population)
        steps = self._steps(max_duration, "max_duration")
        if looks_at_present_step(self._engine.network.readout):
            state = self._engine.state
            state.buffers[state.plan.readout.counts][:] = 0
        begin = clock.perf_counter()
        done = self._engine.run(steps, stops=True) * self.dt
        if measure_time:
            _report(done, clock.perf_counter() - begin)
        return done

    def step(self) -> None:
        """Run for one step."""
        self._engine.run(1)

    def reset(
        self,
        populations: bool = True,
        projections: bool = False,
        synapses: bool = False,
        monitors: bool = True,
        reseed_rng: bool = True,
    ) -> None:
        """Set the time to 0.

        Args:
            populations: Whether parameters and variables return to their values in `init`, and
                spikes under way are dropped.
            projections: Kept for scripts: what projections hold between steps goes with the
                populations.
            synapses: Whether weights return to those that were loaded.
            monitors: Whether what was recorded is dropped.
            reseed_rng: Whether random encodings repeat their numbers; otherwise fresh ones follow.
        """
        self._engine.reset(populations=populations, monitors=monitors, fresh_numbers=not reseed_rng)
        if synapses:
            self._engine.restore_weights()

    @property
    def dt(self) -> float:
        """Length of a step in ms; it is part of what is compiled."""
        return self._engine.network.dt

    @dt.setter
    def dt(self, value: object) -> None:
        if value != self.dt:
            raise UnavailableError(
                f"network.dt: expected {self.dt:g}, with which the network was converted, received "
                f"{value!r}. Use ANNtoSNNConverter(..., dt=...)."
            )

    @property
    def time(self) -> float:
        """Simulated time since the last reset in ms; may be set, to the last step that is over."""
        return self._engine.step * self.dt

    @time.setter
    def time(self, value: object) -> None:
        self._engine.step = time_steps(value, self.dt, "time")

    @property
    def current_step(self) -> int:
        """Steps since the last reset; may be set."""
        return self._engine.step

    @current_step.setter
    def current_step(self, value: object) -> None:
        self._engine.step = int(_number(value, "current_step"))

    @property
    def seed(self) -> int:
        """Of random encodings; set with `ANNtoSNNConverter(seed=...)`."""
        return self._engine.seed

    @seed.setter
    def seed(self, value: object) -> None:
        raise UnavailableError(
            f"network.seed: expected to stay {self.seed}, received {value!r}. Use "
            "ANNtoSNNConverter(..., seed=...)."
        )

    @property
    def default_rng(self) -> np.random.Generator:
        """A NumPy generator of the network's seed, for scripts; the network draws from its own."""
        return np.random.default_rng(self.seed)

    @property
    def compiled(self) -> bool:
        """Whether the network can run: always."""
        return True

    @property
    def id(self) -> int:
        """A number that no other live network has."""
        return id(self)

    def compile(self, *_arguments: object, **_options: object) -> None:
        """Print that there is nothing to do, as the reference does."""
        say("The network is compiled already: nothing to do.")

    def enable_learning(self) -> None:
        """Nothing here learns."""

    def disable_learning(self) -> None:
        """Nothing here learns."""

    def save(self, filename: str | Path) -> None:
        """Save time, attributes and weights to a `.npz` file, and print a line.

        Raises:
            ModelFileError: The file cannot be written, or has another suffix.
        """
        path = npz_path(filename)
        values: dict[str, Any] = {_TIME: self.current_step}
        for part in self._stored():
            snapshot = part.snapshot()
            values |= {f"{part.name}{_SEPARATOR}{key}": entry for key, entry in snapshot.items()}
        save_arrays(path, values)
        say(f"Saving the network to {filename}.")

    def load(self, filename: str | Path) -> None:
        """Restore what `save` wrote; everything, or nothing where something does not fit.

        Raises:
            ModelFileError: The file is missing or damaged.
            InputError: It is of another network; all that does not fit is listed.
        """
        parts: dict[str, dict[str, Any]] = {}
        for key, value in load_arrays(filename).items():
            name, _, entry = key.rpartition(_SEPARATOR)
            parts.setdefault(name, {})[entry] = value
        step, writes = parts.pop("", {}).get(_TIME), []
        faults = [] if _is_step(step) else [f"the time: {step!r}"]
        for part in self._stored():
            try:
                writes.append(part.prepare(parts.get(part.name, {})))
            except InputError as error:
                faults.append(str(error))
        known = {part.name for part in self._stored()}
        faults += [f"values of {name!r}, which is not here" for name in parts if name not in known]
        if faults:
            raise InputError(
                f"load {filename}",
                expected="what `save` wrote for this network",
                received="\n  " + "\n  ".join(faults),
            )
        for write in writes:
            write()
        self.current_step = int(step)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if from_property(self, name):
            return object.__getattribute__(self, name)
        known = [entry for entry in dir(type(self)) if not entry.startswith("_")]
        instead = _LEFT_OUT.get(name, f"{nearest(name, known)}.")
        raise UnavailableError(f"network.{name} does not exist in annconv. {instead}")

    def _stored(self) -> list[Population | Projection]:
        """Parts that hold values."""
        weights = [
            entry
            for entry, data in zip(self._projections, self._engine.network.projections, strict=True)
            if learned_operators(data)
        ]
        return [*(entry for entry in self._populations if entry.attributes), *weights]

    def _steps(self, duration: object, field: str) -> int:
        """Steps of a duration that may be 0 or less."""
        return 0 if _number(duration, field) <= 0 else duration_steps(duration, self.dt, field)

    def _check_stops(self, population: object) -> None:
        one = isinstance(population, Population | str) or not isinstance(population, Iterable)
        given: list[Any] = [population] if one else list(population)  # type: ignore[call-overload]
        wrong = [
            entry
            for entry in given
            if not (isinstance(entry, Population) and entry in self._populations)
        ]
        if wrong or not given:
            raise InputError(
                "simulate_until",
                expected="populations of this network",
                received=", ".join(map(repr, wrong)) or "none",
            )
        without = [entry.name for entry in given if entry.stop_condition is None]
        if without:
            readout = self._engine.network.readout
            raise InputError(
                "simulate_until",
                expected="populations with a stop_condition",
                received=", ".join(map(repr, without)),
                instead=f"The output has one with read_out={' or '.join(map(repr, STOPPING))}; "
                f"this network's is {readout.name!r} "
                f"({stop_condition(readout) or 'no condition'}).",
            )


def output_monitor(live: LiveNetwork) -> Monitor:
    """The monitor that the reference's converter makes: potential and spikes of the output."""
    output = live.get_populations()[
        live.engine.network.names.index(live.engine.network.output.name)
    ]
    potential = [name for name in output.variables if name == "v"]
    return live.monitor(output, [*potential, SPIKE])


def _find(kind: str, name: object, entries: Iterable[Handle]) -> Handle | None:
    """The first entry of that name; a line that says so where there is none."""
    listed = [(str(getattr(entry, "name", "")), entry) for entry in entries]
    for known, entry in listed:
        if known == name:
            return entry
    say(f"There is no {kind} {name!r}. {nearest(name, dict(listed))}.")
    return None


def _is_step(value: object) -> bool:
    """Whether a saved value is a step at which a network can be."""
    whole = np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iu"  # type: ignore[arg-type]
    return whole and 0 <= int(value) <= MAX_STEPS  # type: ignore[call-overload]


def _is(wanted: object, population: Population) -> bool:
    """Whether a filter takes in a population."""
    return wanted is None or wanted is population or wanted == population.name


def _number(value: object, field: str) -> float:
    number = finite_number(value)
    if number is None:
        raise OptionError(f"{field}: expected a number, received {value!r}.")
    return number


def _report(simulated: float, took: float) -> None:
    say(f"Simulated {simulated / 1000:g} s of the network in {took:.3g} s.")
