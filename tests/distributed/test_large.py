"""More samples than a worker's memory holds, and a worker that ends among them."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from distributed import Client, LocalCluster
from zoo import dense, numbers

from annconv import distributed
from annconv.converter.api import compile as compile_network
from annconv.distributed import sources
from annconv.ir.operators import Dense

COUNT, INPUTS = 100_000, 784
LIMIT = 400 * 2**20
"""Bytes of memory that each worker may take; the samples have 627 million."""


@pytest.fixture
def file(tmp_path):
    """The samples, written piece by piece."""
    path = tmp_path / "x.npy"
    made = np.lib.format.open_memmap(path, "w+", np.float64, (COUNT, INPUTS))
    rng = np.random.default_rng(5)
    for start in range(0, COUNT, 10_000):
        made[start : start + 10_000] = rng.random((10_000, INPUTS), dtype=np.float32)
    made.flush()
    return path


def wide_network():
    """The usual one for more inputs."""
    plain = dense()
    image, *others = plain.populations
    first, second = plain.projections
    weights = numbers(INPUTS, 5) / 64
    return replace(
        plain,
        populations=(replace(image, geometry=(INPUTS,)), *others),
        projections=(replace(first, operators=(Dense(weights),)), second),
        steps=5,
    )


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.usefixtures("build_cache")
def test_more_samples_than_memory_and_a_worker_that_ends(file, monkeypatch):
    network = wide_network()
    mapped = np.load(file, mmap_mode="r")
    compiled = compile_network(network)
    parts = [
        compiled.run(mapped[start : start + 25_000], first_sample=start, seed=8)
        for start in range(0, COUNT, 25_000)
    ]
    loads = []
    load = sources.ArraySource.load

    def watched(self, batch, client):
        loads.append(batch)
        if len(loads) == 60:
            os.kill(doomed, signal.SIGKILL)
        return load(self, batch, client)

    monkeypatch.setattr(sources.ArraySource, "load", watched)
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit=LIMIT,
            dashboard_address=":0",
            silence_logs=50,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        doomed, survivor = client.run(os.getpid).values()
        received = distributed.run(network, file, client, seed=8)
        assert survivor in client.run(os.getpid).values()
    assert COUNT * INPUTS * 8 > LIMIT
    assert len(loads) == len(set(loads)) > 60
    for name in ("labels", "counts", "outputs"):
        expected = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(getattr(received, name), expected)
    assert len(np.unique(received.labels)) > 1
