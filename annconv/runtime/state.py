"""State: a network that is stepped by hand, all of its state readable and writable in between."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from annconv.build.builder import STATE_BINDING, Support, build_extension, find_extension
from annconv.environment import read_environment
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.arrays import Source
from annconv.plan.kernels import OperatorKernel, UpdateKernel
from annconv.plan.packing import pack
from annconv.plan.plan import Plan
from annconv.plan.spread import spread_parameters
from annconv.runtime.compiled import REAL
from annconv.runtime.extension import in_main_interpreter, load_extension
from annconv.runtime.memory import MemoryTold


class NativeState(Protocol):
    """The class `State` of an extension module (`cpp/binding/state.cpp`)."""

    def reset(self) -> None:
        """Go to the state in which every sample starts."""

    def stopped(self) -> bool:
        """Whether the read-out is finished."""

    def buffers(self) -> dict[str, NDArray[Any]]:
        """Arrays of the arena by name, writable."""

    def packed(self) -> dict[str, FloatArray]:
        """Arrays of weights and parameters by name, writable."""

    def given(self) -> dict[str, NDArray[np.float64]]:
        """By buffer of a conductance what is added to it in the next step."""

    def enabled(self) -> NDArray[np.uint8]:
        """For each population whether it updates."""

    def transmits(self) -> NDArray[np.uint8]:
        """For each projection whether it delivers."""

    def firing_rates(self, population: int) -> NDArray[np.float64]:
        """Measured rates of a population's neurons."""

    def measure(self, population: int, window: int, per_spike: float) -> None:
        """Measure rates over so many steps."""

    def forget_spikes(self, population: int) -> None:
        """Forget the spikes behind the rates."""

    def advance(
        self,
        steps: int,
        rates: FloatArray,
        seed: int,
        sample: int,
        index: int,
        values: Sequence[tuple[Any, ...]],
        spikes: Sequence[tuple[Any, ...]],
        stops: bool,
    ) -> tuple[int, list[int], list[NDArray[np.int32]], BaseException | None]:
        """Run steps; steps run, rows written, spikes found and what ended the run early."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueRecording:
    """What to keep of one array, a row in every `period`-th step.

    Attributes:
        source: Position of a buffer in the plan, or -1 - population for its firing rates.
        ranks: (n,) int32 of the values to keep, ascending; None: all.
        period: In steps.
        wait: Steps before the first row.
        rows: (at least the rows that will come, n) float64, filled from the start.
        arrived: Position of a conductance's buffer. Rows then hold the source as its population
            finds it, with what arrived added; None: the source at the end of the step.
    """

    source: int
    ranks: NDArray[np.int32] | None
    period: int
    wait: int
    rows: NDArray[np.float64]
    arrived: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SpikeRecording:
    """Which neurons' spikes to keep; `ranks` (n,) int32, ascending, None for all."""

    population: int
    ranks: NDArray[np.int32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Advance:
    """What a number of steps left behind.

    Attributes:
        steps: Steps that were run.
        written: Rows written for each ValueRecording.
        spikes: For each SpikeRecording (S, 2) int32 of step and rank, sorted by step, then rank.
        error: What ended the run early (Ctrl-C, for instance), None if nothing did.
    """

    steps: int
    written: Sequence[int]
    spikes: Sequence[NDArray[np.int32]]
    error: BaseException | None


class State:
    """A network between two steps.

    Attributes:
        network: What is stepped, its local parameters spread over the neurons.
        plan: Its kernels.
        real: Type of state and weights.
        buffers: Arrays of the arena by the plan's names: writable views of what the kernels use.
        packed: Weights, parameters and initial values by the plan's names: writable views.
        given: By conductance buffer float64 that is added in the next step, besides what arrives.
        enabled: (populations,) whether each updates; one that does not stays as it is, silent.
        transmits: (projections,) whether each delivers what its population, if enabled, emits.
    """

    def __init__(self, network: Network, plan: Plan, native: NativeState) -> None:
        self.network, self.plan, self._native = network, plan, native
        self.real = REAL[plan.precision]
        self.buffers: Mapping[str, NDArray[Any]] = native.buffers()
        self.packed: Mapping[str, FloatArray] = native.packed()
        self.given: Mapping[str, NDArray[np.float64]] = native.given()
        self.enabled = native.enabled()
        self._delivers = native.transmits()
        self.transmits: NDArray[np.uint8] = self._delivers.copy()
        sources = [network.names.index(entry.pre) for entry in network.projections]
        self._sources = sources[: len(self._delivers)]
        self._updates = {
            network.names[kernel.population]: kernel
            for kernel in plan.kernels
            if isinstance(kernel, UpdateKernel)
        }
        self._positions = {entry.name: index for index, entry in enumerate(plan.buffers)}

    def reset(self) -> None:
        """Go to the state in which every sample starts, with the present parameters and weights."""
        self._native.reset()

    def stopped(self) -> bool:
        """Whether the read-out's condition holds, so that no further step is needed."""
        return self._native.stopped()

    def update_of(self, population: str) -> UpdateKernel:
        """The kernel that updates a population's neurons."""
        return self._updates[population]

    def position(self, buffer: str) -> int:
        """Position of a buffer, for `ValueRecording.source`."""
        return self._positions[buffer]

    def array_of(self, source: Source) -> FloatArray | None:
        """The packed array of a source, flat; None if no kernel reads it."""
        for entry in self.plan.packed:
            if entry.source == source:
                return self.packed[entry.name]
        return None

    def restart(self, population: str, kept: Collection[str] = ()) -> None:
        """Set a population's variables to their start, all but those in `kept`."""
        kernel = self.update_of(population)
        for variable in kernel.variables:
            if variable.name not in kept:
                start = 0.0 if variable.initial is None else self.packed[variable.initial]
                self.buffers[variable.buffer][:] = np.resize(start, kernel.neurons)

    def forget_delivered(self) -> None:
        """Set to zero what projections keep from step to step."""
        for kernel in self.plan.kernels:
            if isinstance(kernel, OperatorKernel):
                for name in {kernel.target, kernel.state or kernel.target}:
                    self.buffers[name][:] = 0

    def firing_rates(self, population: int) -> NDArray[np.float64]:
        """(size,) measured rates in Hz, zero unless `measure` was called; a writable view."""
        return self._native.firing_rates(population)

    @MemoryTold("compute_firing_rate", "Use a shorter window.")
    def measure(self, population: int, window: int, per_spike: float | None = None) -> None:
        """From now on measure firing rates; spikes that are known already count.

        Args:
            population: Its position.
            window: In steps; 0: the rates stay as they are.
            per_spike: What a spike in the window adds, in Hz; None: what follows from the window.
        """
        if per_spike is None:
            per_spike = 1000.0 / (window * self.plan.dt) if window else 0.0
        self._native.measure(population, window, per_spike)

    def forget_spikes(self, population: int) -> None:
        """Forget the spikes behind a population's rates; the rates change with the next step."""
        self._native.forget_spikes(population)

    def advance(
        self,
        steps: int,
        rates: FloatArray,
        *,
        seed: int = 0,
        sample: int = 0,
        index: int = 0,
        values: Sequence[ValueRecording] = (),
        spikes: Sequence[SpikeRecording] = (),
        stops: bool = False,
    ) -> Advance:
        """Run steps.

        Args:
            steps: How many.
            rates: (inputs,) of the type `real`.
            seed: Of random encodings.
            sample: Index of the sample in the random stream.
            index: Of the first step.
            values: Values to keep.
            spikes: Spikes to keep.
            stops: Whether the read-out's condition ends the run.
        """
        self._delivers[:] = self.transmits & self.enabled[self._sources]
        return Advance(
            *self._native.advance(
                steps,
                rates,
                seed,
                sample,
                index,
                [(entry.source, -1 if entry.arrived is None else entry.arrived, entry.ranks,
                  entry.period, entry.wait, entry.rows) for entry in values],
                [(entry.population, entry.ranks) for entry in spikes],
                stops,
            )
        )  # fmt: skip


@MemoryTold("opening the live network", "Convert a smaller model.")
@in_main_interpreter()
def open_state(network: Network, options: CompileOptions) -> State:
    """Compile a network to be stepped, or load what an earlier call compiled.

    Its weights are numbers that a user reads and sets, so they are real ones: a network of whole
    weights is stepped in single precision.

    Args:
        network: The network.
        options: Its precision counts; nothing is optimised away.
    Raises:
        VerifyError: The network breaks a rule.
        BuildError: The compiler is missing or fails.
        CacheError: The build cache cannot be used.
    """
    precision = "single" if options.precision == "int16" else options.precision
    plain = replace(options, precision=precision, optimize=0, disable=(), threads=1)
    lowered, plan = lower(spread_parameters(network), plain)
    identity = hashlib.sha256(f"state {plan.digest()}".encode()).hexdigest()
    support = Support.installed(STATE_BINDING)
    environment = read_environment()
    artifact = find_extension(identity, plain, environment=environment, support=support)
    if artifact is None:
        from annconv.codegen.render import render_state  # Jinja2 only where something is built

        artifact = build_extension(
            render_state(plan),
            plain,
            identity=identity,
            environment=environment,
            support=support,
            label="state",
        )
    module = load_extension(artifact.path, artifact.key)
    return State(lowered, plan, cast(NativeState, module.State(pack(plan, lowered))))
