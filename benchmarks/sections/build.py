"""How long a network takes to compile."""

from __future__ import annotations

from collections.abc import Iterator

from bench import Bench
from measures import typical
from processes import measured_inside
from tables import Table

BUILD = """
import json, sys, time
from annconv import compile, load
precision, *paths = sys.argv[1:]
networks = [load(path) for path in paths]
times = []
for network in networks:
    start = time.perf_counter()
    compile(network, precision=precision)
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""


def measure(bench: Bench) -> Iterator[Table]:
    """Cold builds of the CNN, each in a fresh process with an empty cache, and warm ones."""
    builds = bench.settings.builds
    table = Table(
        f"compiling the CNN, medians of {builds}",
        ("precision", "empty cache", "binding cached", "warm"),
        note="Empty cache: compiles the binding too, once a machine (goal 15 s). Binding cached: "
        "after any other network (goal 3 s). Warm: the build is in the cache (goal 100 ms).",
    )
    mlp, cnn = bench.saved("mlp"), bench.saved("cnn")
    for precision in bench.precisions:
        cold, linked, warm = [], [], []
        for build in range(builds):
            cache = bench.folder / f"cold-{precision}-{build}"
            cold += measured_inside(BUILD, precision, cnn, cache=cache)
            warm += measured_inside(BUILD, precision, cnn, cache=cache)
            cache = bench.folder / f"binding-{precision}-{build}"
            linked += measured_inside(BUILD, precision, mlp, cnn, cache=cache)[1:]
        table.add(precision, typical(cold), typical(linked), typical(warm))
    yield table
