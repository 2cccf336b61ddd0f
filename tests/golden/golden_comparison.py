"""Comparison of any way to run a Network with spike trains recorded from ANNarchy 5.0.4.1.

A runner presents samples to a network: the oracle, or generated code. As a program,
`python tests/golden/golden_comparison.py`, it prints a table for each of them.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from annconv.conversion import convert_graph
from annconv.ir.activations import Relu, Softmax
from annconv.ir.graph import Graph, Input, Layer, Node
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Reshape
from annconv.ir.origin import Origin
from annconv.neurons.neuron import Neuron
from annconv.options import AnnarchyOptions, CompileOptions
from annconv.readouts.labels import winners
from annconv.reference.compare import differences
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples" / "data"
STEPS = 200
POTENTIAL_TOLERANCE = 1e-9
"""Largest difference of a membrane potential after 200 steps: sums may be rounded differently."""

REPLAY = Neuron(
    name="Replay",
    parameters="rates = 0.0; mask_tau = 20.0 : population",
    equations="dmask/dt = -mask/mask_tau",
    spike="rates > 0",
    reset="mask += 1.0/mask_tau",
)
"""Spikes wherever its frame says so: it puts recorded input spikes into a network."""


class Result(Protocol):
    """What a runner returns; see `annconv.reference.network.ReferenceResult`."""

    @property
    def counts(self) -> NDArray[np.int64]: ...
    @property
    def outputs(self) -> NDArray[Any]: ...
    @property
    def stopped_at(self) -> NDArray[np.int64]: ...
    @property
    def spikes(self) -> Mapping[str, Sequence[NDArray[np.int32]]]: ...


class Runner(Protocol):
    """Presents samples to a network."""

    def __call__(
        self,
        network: Network,
        samples: NDArray[Any],
        *,
        frames: bool = False,
        record: Sequence[str] = (),
        first_sample: int = 0,
    ) -> Result: ...


def run_oracle(
    network: Network,
    samples: NDArray[Any],
    *,
    frames: bool = False,
    record: Sequence[str] = (),
    first_sample: int = 0,
) -> Result:
    """The runner of the reference interpreter."""
    return run_network(
        network, samples, steps=STEPS, frames=frames, record=record, first_sample=first_sample
    )


def compiled_runner(optimize: int) -> Runner:
    """The runner of generated code in double precision, at an optimisation level.

    What is recorded comes from code that keeps every population whole, all else from code that
    fuses what it can.
    """

    def run(
        network: Network,
        samples: NDArray[Any],
        *,
        frames: bool = False,
        record: Sequence[str] = (),
        first_sample: int = 0,
    ) -> Result:
        options = CompileOptions(precision="double", optimize=optimize, whole=bool(record))
        return compile_network(network, options).run(
            samples, steps=STEPS, frames=frames, record=record, first_sample=first_sample
        )

    return run


@dataclass(frozen=True)
class Case:
    """One file of recordings."""

    model: str
    encoding: str
    read_out: str
    short: str

    @property
    def name(self) -> str:
        return f"{self.model}_{self.encoding.lower()}_{self.short}"

    @property
    def is_random(self) -> bool:
        """Whether only the recorded input spikes can be compared exactly."""
        return self.encoding == "CPN"

    def __str__(self) -> str:
        return self.name


CASES = tuple(
    Case(model, encoding, read_out, short)
    for model in ("mlp", "cnn")
    for encoding, read_out, short in (
        ("IB", "spike_count", "count"),
        ("PSO", "spike_count", "count"),
        ("CPN", "spike_count", "count"),
        ("IB", "membrane_potential", "vmem"),
        ("IB", "time_to_first_spike", "ttfs"),
    )
)


@dataclass(frozen=True)
class Recording:
    """Content of a file; see `data/README.md`."""

    start: int
    counts: NDArray[np.int32]
    last_v: NDArray[np.float64]
    t_end: NDArray[np.int32]
    pred: NDArray[np.int64]
    spikes: Mapping[int, Mapping[str, NDArray[np.int32]]]


@cache
def recording(case: Case) -> Recording:
    """What ANNarchy did."""
    with np.load(HERE / "data" / f"golden_{case.name}.npz") as file:
        spikes: dict[int, dict[str, NDArray[np.int32]]] = {}
        for key in file.files:
            if key.startswith("spikes/"):
                _, sample, population = key.split("/")
                spikes.setdefault(int(sample), {})[population] = file[key]
        return Recording(
            int(file["start"]), file["counts"], file["last_v"], file["t_end"], file["pred"], spikes
        )


@cache
def digits() -> NDArray[np.uint8]:
    """The test digits: (10000, 784)."""
    with gzip.open(EXAMPLES / "t10k-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)


def samples(case: Case, dtype: type[np.floating[Any]] = np.float32) -> NDArray[Any]:
    """What the reference was given: pixels / 255."""
    golden = recording(case)
    pixels = digits()[golden.start : golden.start + len(golden.counts)]
    return pixels.astype(dtype) / dtype(255)


@cache
def trained_graph(model: str) -> Graph:
    """A trained model, read from its file without Keras: chains of the layers met here."""
    nodes: list[Node] = []
    origins: list[Origin] = []
    with zipfile.ZipFile(EXAMPLES / f"{model}.keras") as archive:
        config = json.loads(archive.read("config.json"))["config"]
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            for index, entry in enumerate(config["layers"]):
                origin = Origin(entry["config"]["name"], index, entry["class_name"])
                origins.append(origin)
                kernel = weights.get(f"layers/{origin.name}/vars/0")
                layers = _layers(entry, None if kernel is None else kernel[()])
                for suffix, layer in layers:
                    nodes.append(_node(nodes, layer, origin, suffix, entry))
    return Graph(config["name"], tuple(nodes), (nodes[-1].name,), tuple(origins))


def _layers(
    entry: Mapping[str, Any], kernel: NDArray[np.float32] | None
) -> Iterator[tuple[str, Layer]]:
    settings = entry["config"]
    match entry["class_name"]:
        case "InputLayer":
            yield "", Input()
        case "Dense":
            yield "", Dense(kernel)
        case "Conv2D":
            half = tuple(extent // 2 for extent in settings["kernel_size"])
            yield "", Convolution(kernel, (1, 1), tuple((pad, pad) for pad in half), (1, 1))
        case "MaxPooling2D":
            size = tuple(settings["pool_size"])
            yield "", MaxPool(size, tuple(settings["strides"]), ((0, 0), (0, 0)))
        case "Flatten":
            yield "", Reshape((-1,))
        case "Dropout":
            return
        case unknown:
            raise ValueError(unknown)
    match settings.get("activation"):
        case "relu":
            yield "/relu", Relu()
        case "softmax":
            yield "/softmax", Softmax()


def _node(
    nodes: Sequence[Node], layer: Layer, origin: Origin, suffix: str, entry: Mapping[str, Any]
) -> Node:
    name = origin.name + suffix
    if not nodes:
        shape = tuple(entry["config"]["batch_shape"][1:])
        return Node(name, layer, (), shape, (origin,))
    received = nodes[-1].shape
    if isinstance(layer, Reshape):
        layer = Reshape((int(np.prod(received)),))
    shape = received if isinstance(layer, Relu | Softmax) else layer.output_geometry(received)
    return Node(name, layer, (nodes[-1].name,), shape, (origin,))


def network(case: Case) -> Network:
    """The network that the reference ran."""
    options = AnnarchyOptions(input_encoding=case.encoding, read_out=case.read_out, steps=STEPS)
    return convert_graph(trained_graph(case.model), options)


def replayed(case: Case) -> tuple[Network, NDArray[np.float64], list[int]]:
    """The network behind its input, frames of the recorded input spikes, and whose they are."""
    whole, spikes = network(case), recording(case).spikes
    recorded = sorted(spikes)
    head = replace(whole.input, neuron=REPLAY)
    frames = np.zeros((len(recorded), STEPS, head.size))
    for row, sample in enumerate(recorded):
        step, rank = spikes[sample][head.name].T
        frames[row, step, rank] = 1.0
    populations = (head, *whole.populations[1:])
    return replace(whole, populations=populations, input_scale=1.0), frames, recorded


@dataclass(frozen=True)
class Comparison:
    """How a runner's activity compares with the recording.

    Attributes:
        case: The file.
        samples: Samples of which the read-out was compared.
        trains: Samples of which all spike trains were compared.
        spikes: Spikes in them.
        ties: Samples that end in a rounding tie.
        faults: Everything else that differs, in words.
        potential: Largest difference of a final membrane potential.
        seconds: Time the runner took.
    """

    case: Case
    samples: int
    trains: int
    spikes: int
    ties: int
    faults: tuple[str, ...]
    potential: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.case.name:<16}{self.samples:>8}{self.trains:>8}{self.spikes:>10}{self.ties:>6}"
            f"{len(self.faults):>13}{self.potential:>16.2g}{self.seconds:>9.1f}"
        )


HEADER = (
    f"{'file':<16}{'samples':>8}{'trains':>8}{'spikes':>10}{'ties':>6}{'differences':>13}"
    f"{'potential off':>16}{'seconds':>9}"
)


def compare(
    case: Case,
    runner: Runner = run_oracle,
    dtype: type[np.floating[Any]] = np.float32,
    *,
    trains: bool = True,
    most: int | None = None,
) -> Comparison:
    """Run a case and compare all that was recorded.

    Args:
        case: The file; of a random encoding only the samples with recorded input spikes are run.
        runner: What runs the network.
        dtype: Type in which pixels are divided by 255.
        trains: Whether spikes are recorded and compared, too.
        most: How many samples are run, the first ones; None: all.
    """
    golden = recording(case)
    if case.is_random:
        subject, given, chosen = replayed(case)
    else:
        subject, given, chosen = network(case), samples(case, dtype), range(len(golden.counts))
    given, chosen = given[:most], chosen[:most]
    started = time.perf_counter()
    record = subject.names if trains else ()
    result = runner(subject, given, frames=case.is_random, record=record)
    seconds = time.perf_counter() - started
    positions = [(row, s) for row, s in enumerate(chosen) if trains and s in golden.spikes]
    names = [name for name in subject.names if all(name in golden.spikes[s] for _, s in positions)]
    names = names if positions else []
    tied, faults = set(), []
    if positions:
        rows = [row for row, _ in positions]
        expected = {name: [golden.spikes[s][name] for _, s in positions] for name in names}
        received = {name: [result.spikes[name][row] for row in rows] for name in names}
        for found in differences(subject, given[rows], expected, received, frames=case.is_random):
            if found.is_rounding_tie:
                tied.add(rows[found.sample])
            else:
                faults.append(found.explain())
    potential = _compare_readout(case, result, golden, chosen, tied, faults)
    spikes = sum(len(train) for _, s in positions for train in golden.spikes[s].values())
    return Comparison(
        case, len(chosen), len(positions), spikes, len(tied), tuple(faults), potential, seconds
    )


def _compare_readout(
    case: Case,
    result: Result,
    golden: Recording,
    chosen: Sequence[int],
    tied: set[int],
    faults: list[str],
) -> float:
    """Counts, steps, winners and potentials of all samples but the tied ones."""
    variables = getattr(result, "variables", {})
    potentials = result.outputs if case.read_out == "membrane_potential" else variables.get("v")
    winning = winners(result.outputs)
    largest = 0.0
    for row, sample in enumerate(chosen):
        if row in tied:
            continue
        if not np.array_equal(result.counts[row], golden.counts[sample]):
            faults.append(f"sample {sample}: counts {golden.counts[sample]}, {result.counts[row]}")
        if result.stopped_at[row] != golden.t_end[sample]:
            faults.append(
                f"sample {sample}: t_end {golden.t_end[sample]}, {result.stopped_at[row]}"
            )
        if sample < len(golden.pred):
            expected = [label for label in golden.pred[sample] if label >= 0]
            if expected != np.flatnonzero(winning[row]).tolist():
                faults.append(f"sample {sample}: labels {expected}, {winning[row]}")
        if potentials is not None:
            apart = float(np.abs(potentials[row] - golden.last_v[sample]).max())
            largest = max(largest, apart)
            if apart > POTENTIAL_TOLERANCE:
                faults.append(f"sample {sample}: potentials differ by {apart:.3g}")
    return largest


def count_scores(
    case: Case, chosen: Sequence[int], copies: int, runner: Runner = run_oracle
) -> NDArray[np.float64]:
    """z-scores of recorded output counts against runs with random numbers of our own.

    Args:
        case: A file of a random encoding.
        chosen: Its samples.
        copies: How many independent runs of each sample.
        runner: What runs the network.
    Returns:
        (samples, classes); a standard deviation below one spike is taken as one.
    """
    subject, given = network(case), samples(case)
    scores = []
    for position, sample in enumerate(chosen):
        repeated = np.repeat(given[sample : sample + 1], copies, axis=0)
        runs = runner(subject, repeated, first_sample=position * copies)
        spread = np.maximum(runs.counts.std(axis=0), 1.0)
        scores.append((recording(case).counts[sample] - runs.counts.mean(axis=0)) / spread)
    return np.array(scores)


def table(
    runner: Runner = run_oracle, write: Callable[[str], object] = sys.stdout.write
) -> list[Comparison]:
    """Compare all files, writing a line for each."""
    write(HEADER + "\n")
    comparisons = []
    for case in CASES:
        comparison = compare(case, runner)
        comparisons.append(comparison)
        write(f"{comparison}\n")
        for fault in comparison.faults[:3]:
            write(f"    {fault}\n")
    return comparisons


RUNNERS: Mapping[str, Runner] = MappingProxyType(
    {
        "oracle": run_oracle,
        "generated code, plain kernels": compiled_runner(optimize=0),
        "generated code, optimised": compiled_runner(optimize=2),
    }
)
"""All that is held to the recordings, by name."""


def print_tables() -> bool:
    """Print a table for every runner; whether there was a fault."""
    faulty = False
    for name, runner in RUNNERS.items():
        sys.stdout.write(f"\n{name}\n")
        faulty |= any(comparison.faults for comparison in table(runner))
    return faulty


if __name__ == "__main__":
    sys.exit(print_tables())
