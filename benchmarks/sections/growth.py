"""How time grows with steps, samples, threads, width and depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from bench import Bench
from made_networks import Conv, Layer, images, keras_model, scaled_network
from measures import linear_fit, ratio, readable, three_digits
from pairs import Candidate, in_turns, predicting
from tables import Chart, Table

STEPS = (25, 50, 100, 200, 400)
SAMPLES = (8, 16, 32, 64, 128)
WIDTHS = (16, 32, 64, 128, 256)
DEPTHS = (1, 2, 4, 6, 8)
INPUT = (14, 14, 1)
PRECISION = "single"
COPIES = 8


def measure(bench: Bench) -> Iterator[Table]:
    """One table of growth in sizes, one of threads."""
    table = Table(
        f"growth, {PRECISION} precision, one thread",
        ("with", "of", "time", "straight line"),
        note="Time: at the smallest and the largest value. Width: filters of the middle one of "
        "three 3x3 convolutions on 14x14, the others with 32; depth: 3x3 convolutions with 32 "
        "filters; weights random, scaled to equal spike rates.",
    )
    for name, unit, values, candidates in _axes(bench):
        times = in_turns(candidates, bench.settings.repeats)
        # Time of a sample, or of all samples of a run.
        seconds = [
            median(times[key]) * (value if name == "samples" else 1)
            for key, value in zip(candidates, values, strict=True)
        ]
        fit = linear_fit(values, seconds)
        table.add(
            f"{name}, {values[0]} to {values[-1]}",
            unit,
            f"{readable(seconds[0])} to {readable(seconds[-1])}",
            str(fit),
        )
        milliseconds = tuple(1e3 * value for value in seconds)
        points = tuple(map(float, values))
        table.charts.append(Chart("line", unit, points, milliseconds, name, "ms"))
    yield table
    if len(bench.threads) > 1:
        yield _threads(bench)


def _axes(bench: Bench) -> Iterator[tuple[str, str, Sequence[int], dict[str, Candidate]]]:
    """What grows, of what, the values, and a candidate for each of them."""
    quick = bench.settings.quick

    def short(values: Sequence[int]) -> Sequence[int]:
        return values[:3] if quick else values

    compiled = bench.compiled(bench.network("cnn"), PRECISION)
    few = bench.digits(COPIES)
    yield (
        "steps",
        "CNN, a digit",
        short(STEPS),
        {str(steps): predicting(compiled, few, steps) for steps in short(STEPS)},
    )
    yield (
        "samples",
        "CNN, all digits",
        short(SAMPLES),
        {str(count): predicting(compiled, bench.digits(count)) for count in short(SAMPLES)},
    )
    yield (
        "width",
        "three convolutions, a sample",
        short(WIDTHS),
        {
            str(width): _convolutions(bench, (Conv(32), Conv(width), Conv(32)))
            for width in short(WIDTHS)
        },
    )
    yield (
        "depth",
        "convolutions, a sample",
        short(DEPTHS),
        {str(depth): _convolutions(bench, (Conv(32),) * depth) for depth in short(DEPTHS)},
    )


def _convolutions(bench: Bench, layers: tuple[Layer, ...]) -> Candidate:
    """A random network on a few pictures."""
    samples = images(INPUT, COPIES)
    network = scaled_network(keras_model(INPUT, layers), samples[:1])
    compiled = bench.compiled(network, PRECISION)
    return predicting(compiled, samples, bench.settings.steps)


def _threads(bench: Bench) -> Table:
    """Two threads against one."""
    table = Table(
        f"two threads against one, IB, {bench.settings.steps} steps",
        ("network", "precision", "digits", "one thread", "two threads", "faster"),
    )
    for name, factor in (("cnn", 1), ("mlp", 25)):
        digits = bench.digits(bench.settings.digits * factor)
        for precision in bench.precisions:
            candidates = {}
            for threads in bench.threads:
                compiled = bench.compiled(bench.network(name), precision, threads)
                candidates[str(threads)] = predicting(compiled, digits)
            one, two = in_turns(candidates, bench.settings.repeats).values()
            table.add(
                name,
                precision,
                str(len(digits)),
                readable(median(one)),
                readable(median(two)),
                f"{three_digits(ratio(one, two))} x",
            )
    return table
