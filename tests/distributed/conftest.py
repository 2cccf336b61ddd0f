"""A small cluster for the tests of a file: two worker processes of two threads each.

One that idles until all other tests have ended takes a tenth of a core.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster


@pytest.fixture(scope="module")
def cluster(build_cache: Path) -> Iterator[LocalCluster]:
    """The workers share the build cache of the tests."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        processes=True,
        dashboard_address=":0",
        memory_limit=None,
        silence_logs=50,
    ) as started:
        yield started


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Any]:
    """A client of the cluster, whose workers are all there."""
    with Client(cluster, set_as_default=False) as connected:
        connected.wait_for_workers(2, timeout=60)
        yield connected
