"""predict and run on a Dask cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annconv.checks import check, number, whole
from annconv.distributed.cluster import Watch, check_client
from annconv.distributed.scheduling import Flight, large_tasks, spread
from annconv.distributed.sources import Batch, Source, find_source, sample_count
from annconv.distributed.worker import BatchResult, Presentation, SharedNetwork, run_batch
from annconv.ir.network import Network
from annconv.machine import first_level_cache, vector_bits
from annconv.options import CompileOptions, RunOptions
from annconv.printing import progress_bar
from annconv.runtime.compiled import REAL
from annconv.runtime.given import network_and_options
from annconv.runtime.result import RunResult

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Batches that are scheduled for each thread: the next one waits at the worker."""


def predict(
    network: Any,
    samples: Any,
    client: Client,
    *,
    steps: int | None = None,
    seed: int = 0,
    frames: bool = False,
    batch_size: int | None = None,
    in_flight: int | None = None,
    threads: int | None = None,
    precision: str | None = None,
    optimize: int | None = None,
    disable: Iterable[str] | None = None,
    patience: float = 60.0,
    progress: bool = False,
) -> NDArray[np.int64]:
    """The class of every sample, computed by the workers of a Dask cluster.

    Labels are those of `annconv.compile(network, ...).predict(samples, ...)` on this machine,
    whatever the batches and the workers. Each worker compiles the network once, or takes it from
    its build cache. A worker that ends loses nothing: its batches are run again.

    Args:
        network: A Network, the path of a `.snn` file, or what `annconv.compile` returned, whose
            options are taken over then, but for the number of threads.
        samples: As `CompiledNetwork.run` takes them; a Dask array of that shape; or the path of a
            .npy, .npz or IDX file as the command line reads it. `np.memmap`s, .npy files and IDX
            files that are not gzipped may be larger than memory; of those and of Dask arrays only
            the shape is checked beforehand.
        client: A `distributed.Client` of the cluster.
        steps: As `CompiledNetwork.run`.
        seed: As `CompiledNetwork.run`.
        frames: As `CompiledNetwork.run`.
        batch_size: Samples of a task; None: a Dask array's own blocks, of an array about eight
            batches for each thread of the cluster, at most 4 MiB each.
        in_flight: Batches that are scheduled at a time; None: two for each thread of the cluster.
        threads: Threads for each batch; None: one. A worker runs as many batches at a time as
            Dask gave it threads.
        precision: As `annconv.compile`; None: "single".
        optimize: As `annconv.compile`; None: 2.
        disable: As `annconv.compile`; None: no passes.
        patience: Seconds for which the cluster may be without workers, or out of reach.
        progress: Whether to show a progress bar on stderr.
    Returns:
        (N,) int64.
    Raises:
        InputError: As `CompiledNetwork.run`; `network` or `client` is something else.
        OptionError: An option has a value that is not allowed.
        ModelFileError: A `.snn` file cannot be read.
        ClusterError: Scheduler or workers do not answer, or have no annconv of this version.
        BatchError: A batch failed; it says which. The others are cancelled.
        BuildError: A worker cannot compile the network; CacheError likewise.
        AnnconvError: Dask is missing.
    """
    compilation = _Compilation(precision, threads, optimize, disable)
    schedule = ClusterOptions(batch_size=batch_size, in_flight=in_flight, patience=patience)
    job = _job(network, compilation, steps=steps, seed=seed, frames=frames)
    return _run(job, samples, client, schedule, scores=False, progress=progress).labels


def run(
    network: Any,
    samples: Any,
    client: Client,
    *,
    steps: int | None = None,
    seed: int = 0,
    frames: bool = False,
    batch_size: int | None = None,
    in_flight: int | None = None,
    threads: int | None = None,
    precision: str | None = None,
    optimize: int | None = None,
    disable: Iterable[str] | None = None,
    patience: float = 60.0,
    progress: bool = False,
) -> RunResult:
    """Labels, counts, scores and steps of every sample; arguments and errors as `predict`.

    Returns:
        As `CompiledNetwork.run`; spikes are not recorded on a cluster.
    """
    compilation = _Compilation(precision, threads, optimize, disable)
    schedule = ClusterOptions(batch_size=batch_size, in_flight=in_flight, patience=patience)
    job = _job(network, compilation, steps=steps, seed=seed, frames=frames)
    return _run(job, samples, client, schedule, scores=True, progress=progress)


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How samples are spread over a cluster."""

    batch_size: int | None = None
    """Samples of a task; None: what suits."""
    in_flight: int | None = None
    """Batches that are scheduled at a time; None: `AHEAD` for each thread of the cluster."""
    patience: float = 60.0
    """Seconds for which the cluster may be without workers, or out of reach."""

    def __post_init__(self) -> None:
        check(
            self,
            whole("batch_size", 1, optional=True),
            whole("in_flight", 1, optional=True),
            number("patience", positive=True),
        )


class _Compilation(NamedTuple):
    """Options of the compilation as they were given, None where they were not."""

    precision: str | None
    threads: int | None
    optimize: int | None
    disable: Iterable[str] | None


class _Job(NamedTuple):
    """A network, and how it is compiled and run."""

    network: Network
    compiled: CompileOptions
    options: RunOptions


def _job(network: Any, given: _Compilation, *, steps: int | None, seed: int, frames: bool) -> _Job:
    """Everything that holds for all batches, checked.

    Raises:
        InputError: `network` is neither a network nor a path.
        OptionError: An option has a value that is not allowed, or is given for a compiled network.
        ModelFileError: A file cannot be read.
    """
    chosen = {**given._asdict(), "threads": 1 if given.threads is None else given.threads}
    found, options = network_and_options(network, chosen, free=("threads",))
    # Code is laid out alike on all workers, as on this machine: the layout decides on the order of
    # sums, and so on their last bits.
    laid_out = replace(
        options,
        vector_bits=options.vector_bits or vector_bits(),
        cache_bytes=options.cache_bytes or first_level_cache(),
    )
    presented = RunOptions(steps=found.steps if steps is None else steps, seed=seed, frames=frames)
    return _Job(found, laid_out, presented)


def _run(
    job: _Job,
    samples: Any,
    client: Client,
    schedule: ClusterOptions,
    *,
    scores: bool,
    progress: bool,
) -> RunResult:
    """Check everything, then run all batches and put their results together."""
    options = job.options
    source = find_source(samples)
    frames = options.steps if options.frames else None
    source.check(job.network, REAL[job.compiled.precision], frames)
    check_client(client)
    watch = Watch(client, schedule.patience)
    batches = source.batches(schedule.batch_size, watch.threads())
    if batches:
        replace(options, first_sample=batches[-1].start)  # refuses what no sample can be numbered
    total = sample_count(batches)
    results = _empty_result(total, job.network.output.size, scores=scores)
    presentation = Presentation(
        steps=options.steps,
        seed=options.seed,
        frames=options.frames,
        images=source.images,
        scores=scores,
    )
    arriving = _results(job, source, batches, presentation, client, watch, schedule)
    with progress_bar(total, progress) as update, closing(arriving):
        done = 0
        for batch, result in arriving:
            _put(results, batch, result)
            done += batch.stop - batch.start
            if update is not None:
                update(done)
    return results


def _results(
    job: _Job,
    source: Source,
    batches: Sequence[Batch],
    presentation: Presentation,
    client: Client,
    watch: Watch,
    schedule: ClusterOptions,
) -> Generator[tuple[Batch, BatchResult], None, None]:
    """Every batch with its result, as they come; to be closed, which cancels what is left."""
    if not batches:
        return
    token = token_hex(8)
    with large_tasks():
        shared = client.submit(
            SharedNetwork, job.network.to_bytes(), job.compiled, key=f"annconv-network-{token}"
        )

    def submit(batch: Batch) -> Future:
        with large_tasks():
            samples = source.load(batch, client)
            key = (f"annconv-predict-{token}", *batch)
            return client.submit(run_batch, shared, samples, batch.start, presentation, key=key)

    def most() -> int:
        return schedule.in_flight or AHEAD * max(1, watch.threads())

    try:
        spread(client, watch, shared)
        yield from Flight(client, watch, sample_count(batches)).run(batches, submit, most)
    finally:
        shared.release()


def _empty_result(total: int, outputs: int, *, scores: bool) -> RunResult:
    """Room for the results of all samples; without scores for their labels alone."""
    rows = total if scores else 0
    return RunResult(
        labels=np.zeros(total, dtype=np.int64),
        counts=np.zeros((rows, outputs), dtype=np.int64),
        outputs=np.zeros((rows, outputs)),
        stopped_at=np.zeros(rows, dtype=np.int64),
    )


def _put(results: RunResult, batch: Batch, result: BatchResult) -> None:
    """Copy the result of a batch to its place."""
    for name in ("labels", "counts", "outputs", "stopped_at"):
        part = getattr(result, name)
        if part is not None:
            getattr(results, name)[batch.start : batch.stop] = part
