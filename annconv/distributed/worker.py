"""What runs on a worker: a network that its threads share, and a batch of samples."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.runtime.compiled import CompiledNetwork, compile_network
from annconv.sample_files.files import sample_values


class SharedNetwork:
    """A network in a worker's memory, compiled by the first batch that needs it.

    It travels as the content of a `.snn` file, once to each worker, which builds it once or takes
    the build from its cache. Dask drops the copy of a worker that waits for no batch, and sends it
    again with the next one.
    """

    def __init__(self, content: bytes, options: CompileOptions) -> None:
        self._content = content
        self._options = options
        self._lock = Lock()
        self._compiled: CompiledNetwork | None = None

    def compiled(self) -> CompiledNetwork:
        """The compiled network, one for all threads.

        Raises:
            BuildError: As `annconv.compile`, as all its errors.
        """
        with self._lock:
            if self._compiled is None:
                network = Network.from_bytes(self._content)
                self._compiled = compile_network(network, self._options)
            return self._compiled

    def __reduce__(self) -> tuple[Any, ...]:
        return (SharedNetwork, (self._content, self._options))

    def __sizeof__(self) -> int:
        """Bytes that it takes in memory, by which Dask decides where tasks run."""
        return object.__sizeof__(self) + len(self._content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How the samples of every batch are presented.

    Attributes:
        steps: Per sample.
        seed: As `CompiledNetwork.run`.
        frames: As `CompiledNetwork.run`.
        images: Whether the samples are pixels of an IDX file.
        scores: Whether counts, scores and steps are wanted beside the labels.
    """

    steps: int
    seed: int
    frames: bool
    images: bool
    scores: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What is kept of a run; arrays as those of `RunResult`, `None` where they are not wanted."""

    labels: NDArray[np.int64]
    counts: NDArray[np.int64] | None = None
    outputs: NDArray[np.float64] | None = None
    stopped_at: NDArray[np.int64] | None = None


def run_batch(
    shared: SharedNetwork, samples: Any, first_sample: int, presentation: Presentation
) -> BatchResult:
    """Run a batch of samples: the task that the scheduler hands to workers.

    Args:
        shared: The network.
        samples: (n, ...), one batch as it is stored.
        first_sample: Index of the first one among all samples, which its random numbers depend on.
        presentation: The same for all batches.
    Raises:
        AnnconvError: As `annconv.compile` and `CompiledNetwork.run`.
    """
    result = shared.compiled().run(
        sample_values(samples, images=presentation.images),
        steps=presentation.steps,
        seed=presentation.seed,
        first_sample=first_sample,
        frames=presentation.frames,
    )
    if not presentation.scores:
        return BatchResult(result.labels)
    return BatchResult(result.labels, result.counts, result.outputs, result.stopped_at)
