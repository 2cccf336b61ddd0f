"""How much memory a network takes; on Linux, which tells a process its largest size."""

from __future__ import annotations

from collections.abc import Iterator

from bench import MODELS, Bench
from measures import megabytes
from processes import measured_inside
from tables import Table

RUN = """
import json, sys
import numpy as np
from annconv import compile, load
def peak():  # not getrusage, which begins with the size of the process that started this one
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
path, precision, threads, samples = sys.argv[1:]
network = load(path)
samples = np.linspace(0.0, 1.0, int(samples) * network.input.size).reshape(int(samples), -1)
before = peak()
compiled = compile(network, precision=precision, threads=int(threads))
loaded = peak()
compiled.predict(samples, steps=10)
print(json.dumps([before, loaded, peak()]))
"""
SAMPLES = 16


def measure(bench: Bench) -> Iterator[Table]:
    """Both bundled networks, each in a fresh process."""
    table = Table(
        f"memory, {SAMPLES} samples",
        ("network", "precision", "threads", "arena per thread", "process", "compiled", "run"),
        note="Arena: state of all neurons and what one leaves for another. Process, compiled, run: "
        "largest resident size of a fresh process with Python, NumPy and the saved network, after "
        "`compile` of a cached build, and after the run.",
    )
    for name in MODELS:
        for precision in bench.precisions:
            compiled = bench.compiled(bench.network(name), precision, threads=1)
            for threads in bench.threads:
                arguments = (bench.saved(name), precision, str(threads), str(SAMPLES))
                sizes = measured_inside(RUN, *arguments)
                arena = megabytes(compiled._native.arena_bytes)  # noqa: SLF001  (no user needs it)
                table.add(name, precision, str(threads), arena, *map(megabytes, sizes))
    yield table
