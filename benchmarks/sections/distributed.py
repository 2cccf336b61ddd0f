"""What a Dask cluster costs beside one call on this machine, on the same cores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import annconv.distributed
from bench import Bench
from measures import ratio, readable, three_digits, typical
from pairs import Candidate, in_turns, predicting, seconds_for
from tables import Table

BATCH_SECONDS = (1.0, 0.1)
SECONDS = 6.0
"""What each worker does in a turn."""
PRECISION = "single"


def measure(bench: Bench) -> Iterator[Table]:
    """The CNN in batches of a second and of a tenth, on workers of one thread each."""
    table = Table(
        f"CNN, IB, {bench.settings.steps} steps, {PRECISION} precision, worker processes on this "
        f"machine, medians of {bench.settings.repeats} turns",
        (
            "workers",
            "a batch takes",
            "batches",
            "one call, time a digit",
            "cluster",
            "ratio",
            "beside",
        ),
        note="One call: `predict` of all digits with as many threads as there are workers. "
        "Cluster: `annconv.distributed.predict`, which sends the network, too, and waits for the "
        "last batch. Ratio: median of the ratios of the turns (goal below 1.05 for batches of a "
        "second). Beside: processor time of client and scheduler, divided by the batches.",
    )
    for workers in bench.threads[:1] if bench.settings.quick else bench.threads:
        with (
            _cluster(workers) as cluster,
            annconv.distributed.connect(cluster.scheduler_address) as client,
        ):
            client.wait_for_workers(workers)
            for seconds in BATCH_SECONDS:
                _compare(bench, client, workers, seconds, table)
    yield table


def _cluster(workers: int) -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        memory_limit=None,
        dashboard_address=":0",
    )


def _compare(bench: Bench, client: Any, workers: int, seconds: float, table: Table) -> None:
    """A row: the same digits in one call and on the cluster, in turns."""
    network = bench.network("cnn")
    alone = bench.compiled(network, PRECISION)
    single = seconds_for(predicting(alone, bench.digits(bench.settings.digits)))
    size = max(1, round((0.01 if bench.settings.quick else seconds) / single))
    count = 1 if bench.settings.quick else round(SECONDS / seconds)
    digits = bench.digits(size * count * workers)

    beside: list[float] = []

    def run() -> None:
        start = time.process_time()
        annconv.distributed.predict(network, digits, client, batch_size=size, precision=PRECISION)
        beside.append((time.process_time() - start) / (count * workers))

    candidates = {
        "one call": predicting(bench.compiled(network, PRECISION, workers), digits),
        "cluster": Candidate(run, len(digits)),
    }
    local, spread = in_turns(candidates, bench.settings.repeats).values()
    table.add(
        str(workers),
        readable(size * single),
        str(count * workers),
        typical(local),
        typical(spread),
        three_digits(ratio(spread, local)),
        readable(median(beside[1:])),
    )
