"""Other shapes than the reference CNN's: vector additions a second, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adds import Work, network_work
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.runtime.compiled import CompiledNetwork
from bench import Bench
from made_networks import RATE, Conv, Layer, MaxPool, images, keras_model, scaled_network
from measures import ratio, readable, three_digits, typical
from pairs import predicting, seconds_for
from profiles import KernelTime, kernel_of, kernel_times
from tables import Table

PRECISION = "single"
ANNARCHY_STEPS = 10
SAMPLES = 2
RATES = (RATE, 2 * RATE)
"""Spikes per neuron and step; the reference CNN's convolutions read .05 to .16."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A network.

    Attributes:
        name: What the table calls it.
        input: Rows, columns, channels.
        layers: In front of a Dense layer of ten units.
    """

    name: str
    input: tuple[int, int, int]
    layers: tuple[Layer, ...]


def _block(filters: int) -> tuple[Layer, ...]:
    return (Conv(filters), Conv(filters), MaxPool())


VGG = Shape("VGG-like", (32, 32, 3), (*_block(64), *_block(128), *_block(256)))
SHAPES = (
    VGG,
    Shape("one channel, 5x5 valid", (28, 28, 1), (Conv(32, 5, padding="valid"),) * 2),
    Shape("17 and 100 channels", (16, 16, 1), (Conv(17), Conv(100), Conv(17))),
    Shape("stride 2", (28, 28, 1), (Conv(32), Conv(64, stride=2), Conv(64, stride=2))),
)
QUICK_SHAPE = Shape("small", (8, 8, 1), (Conv(17, stride=2),))


@dataclass(frozen=True, slots=True)
class Case:
    """A network that spikes sensibly, and pictures for it."""

    name: str
    network: Network
    compiled: CompiledNetwork
    samples: FloatArray


def measure(bench: Bench) -> Iterator[Table]:
    """Vector additions of every convolution, and the VGG-like network against ANNarchy."""
    settings = bench.settings
    table = _table(settings.steps, "reference CNN")
    network, digits = bench.network("cnn"), bench.digits(SAMPLES)
    _add_rows(
        bench, Case("reference CNN", network, bench.compiled(network, PRECISION), digits), table
    )
    yield table
    for rate in RATES[:1] if settings.quick else RATES:
        table = _table(settings.steps, f"random networks, spike rates scaled to {100 * rate:.0f} %")
        for shape in (QUICK_SHAPE,) if settings.quick else SHAPES:
            samples = images(shape.input, SAMPLES)
            model = keras_model(shape.input, shape.layers)
            network = scaled_network(model, samples[:1], rate)
            case = Case(shape.name, network, bench.compiled(network, PRECISION), samples)
            _add_rows(bench, case, table)
            if shape is VGG and settings.annarchy and rate == RATES[0]:
                model.save(bench.folder / "vgg.keras")
                yield _against_annarchy(bench, case)
        yield table


def _table(steps: int, networks: str) -> Table:
    """A row for each convolution."""
    return Table(
        f"{networks}, IB, {steps} steps, {PRECISION} precision, one thread",
        (
            *("network", "layer", "spike rate", "vector adds a sample", "time"),
            *("adds a second", "without the neurons"),
        ),
        note="Spike rate: of the layer's input, per neuron and step. Vector adds: pairs of a "
        "recorded spike and a window over it, times the vectors that its filters fill. "
        "Percentages: of the additions that the machine does with operands in its first-level "
        "cache. Layers of one input channel look sums up while their neurons run.",
    )


def _add_rows(bench: Bench, case: Case, table: Table) -> None:
    """One row for each convolution."""
    settings = bench.settings
    times = kernel_times(case.compiled, case.samples, settings.steps, settings.repeats)
    for work in network_work(case.network, case.compiled, case.samples, settings.steps):
        kernel = kernel_of(case.compiled, work.projection)
        if "conv" in work.shape and kernel in times:
            _add_row(bench, case, table, work, times[kernel])


def _add_row(bench: Bench, case: Case, table: Table, work: Work, time: KernelTime) -> None:
    """A row for a layer."""
    vector_bytes = case.compiled.plan.target.vector_bytes
    adds = work.vector_adds(vector_bytes, PRECISION)
    peak = bench.peak.adds(vector_bytes, PRECISION)

    def rate(seconds: float) -> str:
        return f"{three_digits(adds / seconds / 1e9)} billion, {100 * adds / seconds / peak:.0f} %"

    table.add(
        case.name,
        work.shape,
        f"{three_digits(100 * work.rate)} %",
        f"{three_digits(adds / SAMPLES / 1e6)} million",
        readable(time.whole / SAMPLES),
        rate(time.whole),
        "" if time.sums is None else rate(time.sums),
    )


def _against_annarchy(bench: Bench, case: Case) -> Table:
    """The VGG-like network and one sample; ANNarchy takes a few steps, as it takes seconds."""
    settings = bench.settings
    table = Table(
        f"VGG-like network, {settings.steps} steps, one sample, one thread; ANNarchy's time "
        f"estimated from {ANNARCHY_STEPS} steps",
        ("", "time a sample", "faster than ANNarchy"),
        note="ANNarchy's convolutions add up all weights in every step, whether there are spikes "
        "or not, so that its time grows with the steps.",
    )
    sample = case.samples[:1]
    builds = {precision: bench.compiled(case.network, precision) for precision in bench.precisions}
    times: dict[str, list[float]] = {precision: [] for precision in builds}
    estimates: list[float] = []
    with bench.annarchy(bench.folder / "vgg.keras", 1) as process:
        process.predict(sample, steps=1)
        for _ in range(settings.pairs):
            for precision, build in builds.items():
                run = predicting(build, sample, settings.steps)
                times[precision].append(seconds_for(run))
            measured = process.predict(sample, ANNARCHY_STEPS).seconds
            estimates.append(measured * settings.steps / ANNARCHY_STEPS)
    table.add("ANNarchy (estimate)", typical(estimates), "1")
    for precision, seconds in times.items():
        faster = three_digits(ratio(estimates, seconds))
        table.add(f"annconv, {precision}", typical(seconds), f"{faster} x")
    return table
