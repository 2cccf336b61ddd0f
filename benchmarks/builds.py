"""How long a network takes to compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from processes import measured_inside
from report import Row

BUILD = """
import json, sys, time
from annconv import compile, load
networks = [load(path) for path in sys.argv[1:]]
times = []
for network in networks:
    start = time.perf_counter()
    compile(network, precision="single")
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""


def build_rows(networks: Mapping[str, Path], folder: Path, repeats: int) -> Iterator[Row]:
    """Cold builds of the CNN, each in a fresh process with an empty cache.

    Args:
        networks: Saved networks by name.
        folder: Where the caches lie.
        repeats: Of every build.
    """
    cold, linked = [], []
    for repeat in range(repeats):
        cache = folder / f"cold{repeat}"
        cold += measured_inside(BUILD, networks["cnn"], cache=cache)
        cache = folder / f"binding{repeat}"
        linked += measured_inside(BUILD, networks["mlp"], networks["cnn"], cache=cache)[1:]
    yield Row("empty cache", cold, "goal 15 s; compiles the binding too")
    yield Row("binding cached", linked, "goal 3 s; after any other network")
