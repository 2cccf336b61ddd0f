"""How samples are cut, and how code is laid out, before any cluster is asked."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from zoo import dense

from annconv.distributed.api import _Compilation, _job
from annconv.distributed.sources import MOST_BYTES, find_source
from annconv.machine import first_level_cache, vector_bits
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower

NOTHING_GIVEN = _Compilation(None, None, None, None)


def sizes(samples, size=None, threads=4):
    batches = find_source(samples).batches(size, threads)
    assert [start for start, _ in batches[1:]] == [stop for _, stop in batches[:-1]]
    return [stop - start for start, stop in batches]


@pytest.mark.parametrize(
    ("count", "size", "threads", "expected"),
    [
        (10, 4, 4, [4, 4, 2]), (8, 4, 4, [4, 4]), (3, 9, 4, [3]), (0, 4, 4, []), (0, None, 4, []),
        (64, None, 4, [2] * 32), (5, None, 4, [1] * 5), (9, None, 0, [2, 2, 2, 2, 1]),
    ],
)  # fmt: skip
def test_arrays_are_cut_for_the_threads(count, size, threads, expected):
    assert sizes(np.zeros((count, 6)), size, threads) == expected


def test_batches_are_small_in_bytes():
    wide = np.broadcast_to(np.zeros(1), (1000, MOST_BYTES // 8 // 10))
    assert sizes(wide, threads=1) == [10] * 100
    assert sizes(np.broadcast_to(np.zeros(1), (3, MOST_BYTES)), threads=1) == [1, 1, 1]


def test_dask_arrays_keep_their_blocks():
    array = da.zeros((12, 4, 6), chunks=((5, 0, 7), (1, 3), 2))
    assert sizes(array) == [5, 7]
    assert sizes(array, 5) == [5, 5, 2]
    source = find_source(array)
    source.batches(None, 4)
    assert source._array.numblocks == (3, 1, 1)


def test_mapped_samples_travel_as_values(tmp_path):
    """A memmap would be pickled as the name of a file, which other machines lack."""
    np.save(tmp_path / "x.npy", np.ones((4, 6)))
    for samples in (np.load(tmp_path / "x.npy", mmap_mode="r"), tmp_path / "x.npy"):
        source = find_source(samples)
        (batch,) = source.batches(4, 1)
        assert type(source.load(batch, None)) is np.ndarray


def test_code_is_laid_out_as_on_this_machine():
    job = _job(dense(), NOTHING_GIVEN, steps=None, seed=0, frames=False)
    assert (job.compiled.vector_bits, job.compiled.cache_bytes) == (
        vector_bits(),
        first_level_cache(),
    )
    usual = lower(dense(), CompileOptions(threads=1))[1]
    assert lower(job.network, job.compiled)[1].digest() == usual.digest()
    assert (job.compiled.threads, job.options.steps) == (1, dense().steps)
