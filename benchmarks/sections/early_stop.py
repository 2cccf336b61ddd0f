"""What a read-out that stops early saves."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench import MLP_FACTOR, MODELS, Bench
from measures import ratio, readable
from pairs import in_turns, predicting
from tables import Table

READ_OUTS = ("spike_count", "time_to_first_spike")
PRECISION = "single"


def measure(bench: Bench) -> Iterator[Table]:
    """Both bundled networks with both read-outs on the same digits."""
    table = Table(
        f"read-outs, IB, {bench.settings.steps} steps, {PRECISION} precision, one thread",
        ("network", *READ_OUTS, "time of the latter", "steps it took (mean)"),
    )
    for name in MODELS:
        digits = bench.digits(bench.settings.digits * (MLP_FACTOR if name == "mlp" else 1))
        compiled = {
            read_out: bench.compiled(bench.network(name, read_out=read_out), PRECISION)
            for read_out in READ_OUTS
        }
        candidates = {read_out: predicting(build, digits) for read_out, build in compiled.items()}
        whole, early = in_turns(candidates, bench.settings.repeats).values()
        stopped_at = compiled[READ_OUTS[1]].run(digits).stopped_at
        table.add(
            name,
            f"{readable(median(whole))} a digit",
            f"{readable(median(early))} a digit",
            f"{ratio(early, whole):.3f} x",
            f"{stopped_at.mean():.1f} of {bench.settings.steps}",
        )
    yield table
