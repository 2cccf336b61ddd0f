"""Other shapes than the reference CNN's: vector additions a second, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from adds import Work, network_work
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.runtime.compiled import CompiledNetwork
from bench import Bench
from made_networks import Conv, Layer, MaxPool, images, keras_model, scaled_network
from measures import ratio, readable, three_digits, typical
from pairs import in_turns, predicting, seconds_for
from profiles import kernel_of, kernel_seconds
from tables import Table

PRECISION = "single"
ANNARCHY_STEPS = 10
SAMPLES = 2


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
    table = Table(
        f"random networks, IB, {bench.settings.steps} steps, {PRECISION} precision, one thread",
        ("network", "layer", "spike rate", "vector adds a sample", "time", "adds a second", "peak"),
        note="Spike rate: of the layer's input, per neuron and step. Vector adds: pairs of a "
        "recorded spike and a window over it, times the vectors that its filters fill. "
        "Peak: share of the additions a second that the machine does with operands in its "
        "first-level cache. The reference CNN is trained, and its samples are digits.",
    )
    reference = bench.network("cnn")
    digits = bench.digits(SAMPLES)
    _add_rows(
        bench,
        Case("reference CNN", reference, bench.compiled(reference, PRECISION), digits),
        table,
    )
    for shape in (QUICK_SHAPE,) if bench.settings.quick else SHAPES:
        samples = images(shape.input, SAMPLES)
        model = keras_model(shape.input, shape.layers)
        network = scaled_network(model, samples[:1])
        case = Case(shape.name, network, bench.compiled(network, PRECISION), samples)
        _add_rows(bench, case, table)
        if shape is VGG and bench.settings.annarchy:
            model.save(bench.folder / "vgg.keras")
            yield _against_annarchy(bench, case)
    yield table


def _add_rows(bench: Bench, case: Case, table: Table) -> None:
    """One row for each convolution, or one for the network where kernels cannot be timed."""
    settings = bench.settings
    works = network_work(case.network, case.compiled, case.samples, settings.steps)
    times = kernel_seconds(case.compiled, case.samples, settings.steps, settings.repeats)
    if times is None:
        run = predicting(case.compiled, case.samples, settings.steps)
        seconds = median(in_turns({"": run}, settings.repeats)[""])
        _add_row(bench, case, table, works, seconds, "all, in the time of the whole network")
        return
    for work in works:
        kernel = kernel_of(case.compiled, work.projection)
        if "conv" in work.shape and kernel in times:
            _add_row(bench, case, table, [work], times[kernel] / SAMPLES, work.shape)


def _add_row(
    bench: Bench, case: Case, table: Table, works: list[Work], seconds: float, layer: str
) -> None:
    """A row for some layers.

    Args:
        bench: The bench.
        case: The network.
        table: Receives the row.
        works: What the layers add up for all samples.
        seconds: A sample.
        layer: What the row is called.
    """
    vector_bytes = case.compiled.plan.target.vector_bytes
    adds = sum(work.vector_adds(vector_bytes, PRECISION) for work in works) / SAMPLES
    peak = bench.peak.adds(vector_bytes, PRECISION)
    rates = [100 * work.rate for work in works]
    low, high = three_digits(min(rates)), three_digits(max(rates))
    table.add(
        case.name,
        layer,
        f"{low} %" if len(rates) == 1 else f"{low} to {high} %",
        f"{three_digits(adds / 1e6)} million",
        readable(seconds),
        f"{three_digits(adds / seconds / 1e9)} billion",
        f"{100 * adds / seconds / peak:.0f} %",
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
