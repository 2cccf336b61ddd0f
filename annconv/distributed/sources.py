"""Where samples come from: arrays in memory or in files, and Dask arrays; cut into batches."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from annconv.errors import InputError
from annconv.ir.network import Network
from annconv.ir.samples import check_shape, input_rates, prepare_samples
from annconv.ir.values import real_array
from annconv.sample_files.files import StoredSamples, open_samples

if TYPE_CHECKING:
    from distributed import Client

BATCHES_PER_THREAD = 8
"""Batches of the usual size, for each thread of the cluster: the last ones end nearly together."""
MOST_BYTES = 4 * 2**20
"""Size of a batch that is cut without being told how: Dask's messages are to stay small."""


class Batch(NamedTuple):
    """A range of samples.

    Attributes:
        start: Index of the first one.
        stop: Index behind the last one.
    """

    start: int
    stop: int


class Source(Protocol):
    """Samples that can be had in batches."""

    images: bool
    """Whether they are pixels of an IDX file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all samples together."""

    def batches(self, size: int | None, threads: int) -> list[Batch]:
        """All samples in batches of a size, in order.

        Args:
            size: Samples in a batch, the last one may have fewer; None: what suits.
            threads: Of the cluster.
        """

    def check(self, network: Network, kept_as: DTypeLike, frames: int | None) -> None:
        """Refuse samples as a run on one machine would, as far as that shows before they are read.

        Args:
            network: That they are for.
            kept_as: Type of the network's rates.
            frames: Frames of a sample; None where axis 1 is not time.
        Raises:
            InputError: They are not finite numbers of the right shape.
        """

    def load(self, batch: Batch, client: Client) -> Any:
        """A batch as the argument of a task: an array, or the future of one."""


class ArraySource:
    """Samples in memory, or mapped from a file, of which each batch is read when it is sent."""

    def __init__(self, values: NDArray[Any], *, images: bool, mapped: bool) -> None:
        self._values = np.asarray(values)  # a memmap as a plain array, which travels as its values
        self._mapped = mapped
        self.images = images

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Source`."""
        return self._values.shape

    def batches(self, size: int | None, threads: int) -> list[Batch]:
        """As `Source`."""
        count = len(self._values)
        if size is None:
            sample = max(1, self._values.nbytes // max(count, 1))
            share = math.ceil(count / (BATCHES_PER_THREAD * max(threads, 1)))
            size = max(1, min(share, MOST_BYTES // sample))
        return [Batch(start, min(start + size, count)) for start in range(0, count, size)]

    def check(self, network: Network, kept_as: DTypeLike, frames: int | None) -> None:
        """As `Source`: of a mapped file only the shape, as all of it would have to be read."""
        shape, geometry = self._values.shape, network.input.geometry
        check_shape(shape, geometry, frames=frames is not None, steps=frames)
        if self._mapped or self.images:
            return

        def run(part: NDArray[Any]) -> None:
            prepared = prepare_samples(part, geometry, frames=frames is not None, steps=frames)
            input_rates(prepared, network.input_scale, kept_as)

        try:
            for start, stop in self.batches(None, 1):
                run(self._values[start:stop])
        except InputError:
            run(self._values)  # with indices of the whole input
            raise

    def load(self, batch: Batch, client: Client) -> NDArray[Any]:
        """As `Source`."""
        return self._values[batch.start : batch.stop]


class BlockSource:
    """A Dask array, whose blocks are computed and run on the workers."""

    images = False

    def __init__(self, array: Any) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Source`."""
        return tuple(self._array.shape)

    def batches(self, size: int | None, threads: int) -> list[Batch]:
        """As `Source`; None: the array's own blocks."""
        whole = dict.fromkeys(range(1, self._array.ndim), -1)
        self._array = self._array.rechunk(whole if size is None else {0: size} | whole)
        ends = np.cumsum([0, *self._array.chunks[0]]).tolist()
        return [Batch(start, stop) for start, stop in pairwise(ends) if stop > start]

    def check(self, network: Network, kept_as: DTypeLike, frames: int | None) -> None:
        """As `Source`: shape and type."""
        if any(math.isnan(extent) for extent in self._array.shape):
            raise InputError(
                "samples",
                expected="a Dask array of known shape",
                received=f"shape {self._array.shape}",
                instead="Call x.compute_chunk_sizes() first.",
            )
        real_array(np.zeros(0, self._array.dtype), "samples")
        check_shape(self.shape, network.input.geometry, frames=frames is not None, steps=frames)

    def load(self, batch: Batch, client: Client) -> Any:
        """As `Source`."""
        return client.compute(self._array[batch.start : batch.stop])


def find_source(samples: Any) -> Source:
    """The source that suits what a user gave.

    Args:
        samples: An array or what becomes one, a Dask array, the path of a file, or what is stored
            in one.
    Raises:
        InputError: It is no numbers, or a file cannot be read.
    """
    if isinstance(samples, str | Path):
        samples = open_samples(samples, mapped=True)
    if isinstance(samples, StoredSamples):
        mapped = isinstance(samples.values, np.memmap)
        return ArraySource(samples.values, images=samples.images, mapped=mapped)
    if is_dask_array(samples):
        return BlockSource(samples)
    mapped = isinstance(samples, np.memmap)
    return ArraySource(real_array(samples, "samples"), images=False, mapped=mapped)


def is_dask_array(given: Any) -> bool:
    """Whether something is a Dask array; whoever made one has imported them."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(given, module.Array)


def sample_count(batches: Sequence[Batch]) -> int:
    """Samples of all batches together."""
    return sum(stop - start for start, stop in batches)
