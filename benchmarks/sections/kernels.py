"""Where the reference CNN's time goes, kernel by kernel, against what the machine could do."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from adds import REAL_BYTES, network_work
from annconv.plan.kernels import LayerKernel, OperatorKernel, UpdateKernel
from annconv.plan.plan import Plan
from annconv.runtime.compiled import CompiledNetwork
from bench import Bench
from measures import readable, three_digits
from pairs import in_turns, predicting
from profiles import KernelTime, kernel_of, kernel_times
from tables import Chart, Table

PRECISION = "single"


def measure(bench: Bench) -> Iterator[Table]:
    """The ceiling, and the time of each kernel beside its bound."""
    yield _ceiling(bench)
    digits = bench.digits(min(8, bench.settings.digits))
    network = bench.network("cnn")
    compiled = bench.compiled(network, PRECISION)
    settings = bench.settings
    times = kernel_times(compiled, digits, settings.steps, settings.repeats)
    run = predicting(compiled, digits)
    whole = median(in_turns({"": run}, settings.repeats)[""])
    works = network_work(network, compiled, digits, settings.steps)
    bounds = kernel_bounds(
        compiled,
        {
            kernel: work.vector_adds(compiled.plan.target.vector_bytes, PRECISION) / len(digits)
            for work in works
            if (kernel := kernel_of(compiled, work.projection)) is not None
        },
        settings.steps,
    )
    yield _table(bench, compiled, bounds, times, whole, len(digits))


def kernel_bounds(
    compiled: CompiledNetwork, adds: dict[str, float], steps: int
) -> dict[str, float]:
    """Vector operations with an operand in memory that each kernel needs at least, for a sample.

    Args:
        compiled: The network.
        adds: Kernel -> vector additions of the weights of its spikes.
        steps: Per sample.
    Returns:
        Kernel -> those additions; for others the vectors that they read.
    """
    plan = compiled.plan
    lanes = plan.target.vector_bytes // REAL_BYTES[plan.precision]
    bounds = {}
    for kernel in plan.kernels:
        if kernel.name in adds:
            bounds[kernel.name] = adds[kernel.name]
        else:
            bounds[kernel.name] = steps * _reals_read(kernel, plan) / lanes
    return bounds


def _reals_read(kernel: object, plan: Plan) -> int:
    """Values that a kernel reads in a step: its source, or the state and input of its neurons."""
    lengths = {buffer.name: buffer.length for buffer in plan.buffers}
    match kernel:
        case OperatorKernel():
            return lengths.get(kernel.source, 0)
        case LayerKernel():
            return kernel.update.neurons
        case UpdateKernel():
            arrays = len(kernel.variables) + len(kernel.conductances) + int(kernel.rates)
            return kernel.neurons * arrays
    return 0


def _ceiling(bench: Bench) -> Table:
    """What the machine does on one thread."""
    clock = bench.peak.clock
    table = Table(
        f"vector additions a second with one operand in the first-level cache, one thread; "
        f"{three_digits(clock / 1e9)} GHz",
        ("vectors", *(f"{precision}" for precision in REAL_BYTES), "a cycle (single)"),
    )
    for bits, adds in sorted(bench.peak.vector_adds.items()):
        cells = [f"{three_digits(adds[precision] / 1e9)} billion" for precision in REAL_BYTES]
        table.add(f"{bits} bits", *cells, f"{adds['single'] / clock:.2f}")
    return table


def _table(
    bench: Bench,
    compiled: CompiledNetwork,
    bounds: dict[str, float],
    times: dict[str, KernelTime],
    whole: float,
    samples: int,
) -> Table:
    """Kernels by time, the longest first.

    Args:
        bench: The bench.
        compiled: The network.
        bounds: Vector operations of each kernel for a sample.
        times: Of each kernel for all samples.
        whole: Seconds of the whole network for a sample.
        samples: How many there were.
    """
    peak = bench.peak.adds(compiled.plan.target.vector_bytes, PRECISION)
    table = Table(
        f"CNN, IB, {bench.settings.steps} steps, {PRECISION} precision, one thread; per digit",
        ("kernel", "time", "of it sums", "share", "bound", "time / bound"),
        note="Bound: one vector addition for the weights of each spike and window over it, or one "
        "load for each vector of state and input, at the machine's peak. Sums that are tabulated "
        "for several spikes, and neurons that nobody reads, let a kernel do with less. Sums: "
        "adding up weights, where that is done before the neurons run. The network's own time is "
        "measured without the clocks around kernels.",
    )
    names = sorted(times, key=lambda name: -times[name].whole)
    everything = sum(entry.whole for entry in times.values())
    for name in names:
        entry, bound = times[name], bounds.get(name, 0.0) / peak
        seconds = entry.whole / samples
        table.add(
            name,
            readable(seconds),
            "" if entry.sums is None else readable(entry.sums / samples),
            f"{100 * entry.whole / everything:.1f} %",
            readable(bound),
            f"{seconds / bound:.1f}" if bound else "",
        )
    total = sum(bounds.values()) / peak
    table.add("whole network", readable(whole), "", "", readable(total), f"{whole / total:.1f}")
    longest = tuple(names[:8])
    values = tuple(1e3 * times[name].whole / samples for name in longest)
    table.charts.append(Chart("bars", "longest kernels", longest, values, "", "ms a digit"))
    return table
