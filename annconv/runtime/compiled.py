"""CompiledNetwork: a network as machine code, ready to run samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import is_
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annconv.build.builder import build_extension, find_extension
from annconv.environment import Environment, read_environment
from annconv.errors import ModelFileError, OptionError, nearest
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.samples import rates_of
from annconv.options import CompileOptions, RunOptions
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.plan.plan import Plan
from annconv.printing import progress_bar
from annconv.readouts.labels import winners
from annconv.runtime.extension import NativeAnswer, NativeNetwork, in_main_interpreter, open_network
from annconv.runtime.memory import UNLIMITED, MemoryTold, Recording, spike_limit
from annconv.runtime.result import RunResult
from annconv.runtime.stages import KeptStages

REAL = {"single": np.float32, "double": np.float64, "int16": np.float32}


class CompiledNetwork:
    """A network as machine code. Made by `annconv.compile`; pickled as network and options.

    Attributes:
        network: What was compiled.
        options: How it was compiled.
        plan: The kernels that run.
    """

    def __init__(
        self,
        network: Network,
        options: CompileOptions,
        plan: Plan,
        native: NativeNetwork,
        environment: Environment | None = None,
    ) -> None:
        """Called by `compile_network` alone.

        Args:
            network: As the attribute.
            options: As the attribute.
            plan: As the attribute.
            native: The code, with its data.
            environment: Where code is built that records what fused layers hide; None reads it.
        """
        self.network = network
        self.options = options
        self.plan = plan
        self._native = native
        self._environment = environment
        self._whole: NativeNetwork | None = None
        self._input, self._output = network.input, network.output
        self._kept_as = np.dtype(REAL[options.precision])
        self._checked: tuple[tuple[Any, ...], RunOptions] | None = None

    @MemoryTold("run", "Present fewer samples in a call.")
    def run(
        self,
        samples: object,
        *,
        steps: int | None = None,
        seed: int = 0,
        first_sample: int = 0,
        record: Iterable[str] = (),
        frames: bool = False,
        progress: bool = False,
    ) -> RunResult:
        """Present samples to the network.

        Args:
            samples: (N, ...) numbers, each sample of any shape with as many values as the input has
                neurons; with `frames` (N, steps, ...).
            steps: Steps per sample; None: those the network was converted for.
            seed: Seed of random encodings and of the draw between tied classes.
            first_sample: Index of the first sample in the whole input, where this call is one batch
                of it.
            record: Names of populations whose spikes are kept.
            frames: Whether axis 1 of the samples is time: one frame of input for every step.
            progress: Whether to show a progress bar on stderr.
        Returns:
            Labels, counts, scores, steps and recorded spikes of all samples.
        Raises:
            InputError: The samples are not finite numbers of the right shape.
            OptionError: An option has a value that is not allowed.
            SimulationError: A score is not a number.
            OutOfMemoryError: Memory does not hold what is recorded, 12 bytes for a spike. Where
                even a few samples, run beforehand, say so, it comes before the run; otherwise when
                spikes have taken nine tenths of what was available at the start.
        """
        options = self._options(steps, seed, first_sample, _names(record), frames, progress)
        labels, counts, outputs, stopped_at, spikes, _ = self._run(samples, options)
        return RunResult(
            labels=labels,
            counts=counts.astype(np.int64),
            outputs=outputs,
            stopped_at=stopped_at.astype(np.int64),
            spikes={
                name: self._trains(name, spikes[self.network.names.index(name)])
                for name in options.record
            },
        )

    @MemoryTold("run", "Present fewer samples in a call.")
    def predict(
        self,
        samples: object,
        *,
        steps: int | None = None,
        seed: int = 0,
        frames: bool = False,
        progress: bool = False,
    ) -> NDArray[np.int64]:
        """The class of every sample; arguments and errors as `run`.

        Returns:
            (N,) int64.
        """
        options = self._options(steps, seed, 0, (), frames, progress)
        labels: NDArray[np.int64] = self._run(samples, options)[0]
        return labels

    def _options(self, *asked: Any) -> RunOptions:
        """The options of a call, checked; a call that asks for what the last one did has them.

        Args:
            *asked: What `RunOptions` has, in the same order; steps may be None.
        Raises:
            OptionError: One of them has a value that is not allowed.
        """
        last = self._checked
        if last is not None and all(map(is_, asked, last[0])):  # 1, 1.0 and True are equal
            return last[1]
        steps, seed, first_sample, record, frames, progress = asked
        options = RunOptions(
            steps=self.network.steps if steps is None else steps,
            seed=seed,
            first_sample=first_sample,
            record=record,
            frames=frames,
            progress=progress,
        )
        self._checked = asked, options
        return options

    def _run(self, samples: object, options: RunOptions) -> NativeAnswer:
        """What the code answers for all samples, with labels.

        Raises:
            InputError: As `run`.
            OptionError: No such populations can be recorded.
            SimulationError: A score is not a number.
            OutOfMemoryError: Memory does not hold what is recorded.
        """
        recorded = self._recorded(options.record)
        rates = self._rates(samples, options)
        threads = self.options.thread_count()
        if recorded:
            answer = self._run_recording(rates, recorded, threads, options)
        else:
            with progress_bar(len(rates), options.progress) as update:
                answer = self._native.run(
                    rates, options.steps, threads, options.seed, options.first_sample,
                    (), UNLIMITED, update, False,
                )  # fmt: skip
        labels, _, outputs, *_ = answer
        if labels is None:
            winners(outputs)  # which says where a score is not a number
        return answer

    def _run_recording(
        self, rates: FloatArray, recorded: Sequence[int], threads: int, options: RunOptions
    ) -> NativeAnswer:
        """As `_run`, with recorded populations.

        Raises:
            OutOfMemoryError: Memory does not hold what is recorded.
        """
        native = self._keeping(recorded)
        neurons = sum(self.network.populations[index].size for index in recorded)
        recording = Recording(options.record, neurons, len(rates), options.steps)
        results = len(rates) * (self._output.size + 1) * 32  # bytes, with room to work
        limit = spike_limit(native.arena_bytes * threads + results)

        def run(part: FloatArray, first: int, update: Callable[[int], None] | None) -> NativeAnswer:
            """A part of the samples, with the index of its first one."""
            first += options.first_sample
            return native.run(
                part, options.steps, threads, options.seed, first, recorded, limit, update,
                False,
            )  # fmt: skip

        def trial(index: int) -> int:
            spikes = run(rates[index : index + 1], index, None)[4]
            return sum(len(train) for trains in spikes.values() for train in trains)

        try:
            recording.check(limit, trial)
            with progress_bar(len(rates), options.progress) as update:
                return run(rates, 0, update)
        except MemoryError as error:
            if len(error.args) == 2 and error.args[1]:
                raise recording.ended(limit, *error.args) from None
            raise

    @MemoryTold("profile", "Profile fewer samples in a call.")
    def profile(
        self, samples: object, steps: int | None = None, *, seed: int = 0
    ) -> dict[str, float]:
        """How long each kernel takes, on one thread.

        Args:
            samples: As `run`.
            steps: As `run`.
            seed: As `run`.
        Returns:
            Name of a kernel (of a group of kernels that run step by step: the last one) -> seconds
            for all samples, in running order. A layer that computes what arrives before its neurons
            run has two: "NAME sums" and "NAME neurons".
        Raises:
            InputError: As `run`.
            OptionError: As `run`.
        """
        options = RunOptions(steps=self.network.steps if steps is None else steps, seed=seed)
        rates = self._rates(samples, options)
        *_, seconds = self._native.run(rates, options.steps, 1, seed, 0, [], 0, None, True)
        return seconds

    def write_sources(self, folder: str | Path) -> None:
        """Write the network's C++ and its packed data into a folder, to be read or kept.

        Args:
            folder: Made if it is missing; files of the same names are replaced.
        Raises:
            OptionError: `folder` is not a path.
            ModelFileError: The folder cannot be written to.
        """
        from annconv.codegen.render import render_network

        if not isinstance(folder, str | Path):
            raise OptionError(f"directory: expected a path, received {folder!r}.")
        lowered, plan = lower(self.network, self.options)
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
            for name, text in render_network(plan).items():
                (target / name).write_text(text, encoding="utf-8")
            (target / "weights.bin").write_bytes(pack(plan, lowered))
        except OSError as error:
            what = f"cannot be written: {error.strerror or error}"
            raise ModelFileError(
                target, what, instead="choose a folder you may write to"
            ) from error

    def _keeping(self, recorded: Sequence[int]) -> NativeNetwork:
        """The code that keeps the spikes of these populations.

        Populations that run fused with the pooling behind them keep none; where one of them is to
        be recorded, code that keeps every population whole is compiled once.
        """
        if all(self.plan.spikes[index] is not None for index in recorded):
            return self._native
        if self._whole is None:
            options = replace(self.options, whole=True)
            environment = self._environment or read_environment()
            self._whole = _native_network(self.network, options, environment).native
        return self._whole

    def _recorded(self, names: Sequence[str]) -> list[int]:
        """Indices of the populations to record."""
        if not names:
            return []
        known = [entry.name for entry in self.network.populations if entry.neuron is not None]
        faults = [
            f"record: no population {name!r} that spikes. {nearest(name, known)}."
            for name in names
            if name not in known
        ]
        if faults:
            raise OptionError(faults)
        return [self.network.names.index(name) for name in names]

    def _rates(self, samples: object, options: RunOptions) -> NDArray[Any]:
        """Input rates as the kernels read them: (N, frames, inputs) of the network's precision."""
        steps = options.steps if options.frames else None
        scale = self.network.input_scale
        return rates_of(samples, self._input.geometry, scale, self._kept_as, steps)

    def _trains(self, name: str, trains: list[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
        """Spike trains without the sign where it is always +1."""
        signed = self.network[name].model().unspike is not None
        for index, train in enumerate(trains):  # in place: what is replaced is dropped at once
            trains[index] = train if signed else np.ascontiguousarray(train[:, :2])
        return trains

    def __reduce__(self) -> tuple[Any, ...]:
        return (compile_network, (self.network, self.options))

    def __repr__(self) -> str:
        return (
            f"<CompiledNetwork {self.network.name!r}: {self.options.precision} precision, "
            f"{self.options.thread_count()} threads>"
        )


@MemoryTold("compile", "Convert a smaller model.")
def compile_network(network: Network, options: CompileOptions) -> CompiledNetwork:
    """Compile a network, or load what an earlier call compiled for one of equal structure.

    Args:
        network: The network; its weights and parameters are data, so networks that differ in values
            only share one build.
        options: How to compile.
    Raises:
        VerifyError: The network breaks a rule.
        BuildError: The compiler is missing or fails.
        CacheError: The build cache cannot be used.
    """
    environment = read_environment()
    built = _native_network(network, options, environment)
    return CompiledNetwork(network, options, built.plan, built.native, environment)


class _Built(NamedTuple):
    """The plan of a network, and its code with its data."""

    plan: Plan
    native: NativeNetwork


@in_main_interpreter()
def _native_network(network: Network, options: CompileOptions, environment: Environment) -> _Built:
    """Lower a network; its code is built, or loaded where it was built before."""
    lowered, plan = _lower(network, options, environment)
    identity = plan.digest()
    artifact = find_extension(identity, options, environment=environment)
    if artifact is None:
        from annconv.codegen.render import render_network  # Jinja2 only where something is built

        artifact = build_extension(
            render_network(plan),
            options,
            identity=identity,
            environment=environment,
            label=network.name,
        )
    native = open_network(artifact.path, artifact.key, pack(plan, lowered))
    return _Built(plan, native)


def _lower(
    network: Network, options: CompileOptions, environment: Environment
) -> tuple[Network, Plan]:
    """Optimised network and plan; `ANNCONV_KEEP` keeps the text of every stage."""
    if environment.keep is None:
        return lower(network, options)
    return lower(network, options, KeptStages(environment.keep).observe)


def _names(record: Iterable[str]) -> tuple[str, ...]:
    """Names of populations; a single one may stand by itself.

    Raises:
        OptionError: Neither.
    """
    if isinstance(record, str):
        return (record,)
    if not isinstance(record, Iterable):
        raise OptionError(f"record: expected names of populations, received {record!r}.")
    return tuple(record)
