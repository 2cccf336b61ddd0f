"""Standalone programs spike like the oracle, and the sanitizers find nothing in them."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from batch import Job
from numpy.typing import NDArray
from random_layers import draw_layers
from random_networks import STEPS, draw_structure
from sanitized_programs import Program, ProgramRun, build_together, sanitized

import annconv
from annconv.codegen.render import render_network
from annconv.distributions import DISTRIBUTIONS
from annconv.ir.network import Network
from annconv.neurons.grammar import METHODS
from annconv.neurons.library import ENCODINGS
from annconv.neurons.model import OdeSystem
from annconv.options import VECTOR_BITS
from annconv.passes.pipeline import lower
from annconv.plan.kernels import LayerKernel
from annconv.readouts.table import READOUTS
from annconv.reference.compare import first_difference
from annconv.reference.network import ReferenceResult, run_network

pytestmark = [pytest.mark.compiles, pytest.mark.sanitizer]

SEEDS = (3_000_033, 3_000_035, 3_000_143, 3_000_199, 3_000_488, 3_000_539)
"""Together they have every operator, encoding, read-out, rank, delay, distribution and method."""
LAYERS = ((4, 128), (1, 256), (14, 512))
"""Seeds of fused layers and widths of their vectors, every width once."""
MORE_LAYERS = tuple(product((1, 4, 5, 8, 14), VECTOR_BITS))
"""All pairs are slow."""
WHOLE_LAYERS, SINGLE_LAYERS = 9, 22
"""Layers of which all populations are kept; those of single precision have no other neuron."""
FUSED = {"whole": False, "tile": 7}


def drawn(seed: int) -> tuple[Network, NDArray[np.float64], np.random.Generator]:
    """The network and three samples of a seed."""
    structure = draw_structure(seed) if seed in SEEDS else draw_layers(seed)
    rng = np.random.default_rng(seed)
    network = structure.with_data(rng, on_grid=structure.exact)
    return network, structure.samples(rng, 3), rng


def quick_jobs() -> dict[str, Job]:
    """What is compiled together, by name."""
    options = {
        **{f"structure{seed}": (seed, sanitized()) for seed in SEEDS},
        **{f"layers{seed}": (seed, sanitized(vector_bits=bits, **FUSED)) for seed, bits in LAYERS},
        "whole": (WHOLE_LAYERS, sanitized()),
        "single": (SINGLE_LAYERS, sanitized("single")),
    }
    return {name: Job(drawn(seed)[0], chosen) for name, (seed, chosen) in options.items()}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Program]:
    return build_together(quick_jobs(), tmp_path_factory.mktemp("programs"))


def spike_trains(network: Network, text: str, samples: int) -> dict[str, list[NDArray[np.int64]]]:
    """spikes.csv as a result holds spikes; the sign only where a population has two."""
    header, *lines = csv.reader(text.splitlines())
    assert header == ["sample", "population", "step", "neuron", "sign"]
    rows: dict[tuple[str, int], list[list[int]]] = defaultdict(list)
    for sample, population, *numbers in lines:
        rows[population, int(sample)].append([int(number) for number in numbers])
    trains = {}
    for population in network.populations:
        if population.neuron is not None:
            columns = 2 if population.model().unspike is None else 3
            trains[population.name] = [
                np.array(rows[population.name, sample], dtype=np.int64).reshape(-1, 3)[:, :columns]
                for sample in range(samples)
            ]
    return trains


def check_results(done: ProgramRun, expected: ReferenceResult) -> None:
    """Steps, counts, scores, and one line with the label of each sample."""
    np.testing.assert_array_equal(done.array("stopped"), expected.stopped_at)
    np.testing.assert_array_equal(done.array("counts"), expected.counts)
    scores = done.array("scores")
    np.testing.assert_allclose(scores, expected.outputs, rtol=1e-9, atol=1e-9)
    labels = [int(line) for line in done.labels.splitlines()]
    np.testing.assert_array_equal(scores[range(len(labels)), labels], scores.max(axis=1))


def check_program(
    program, samples: NDArray[np.float64], steps: int, *, seed: int = 0, frames: bool = False
) -> None:
    """One and two threads: a clean exit, the oracle's spikes and results."""
    network = program.network
    names = [entry.name for entry in network.populations if entry.neuron is not None]
    expected = run_network(network, samples, steps=steps, seed=seed, frames=frames, record=names)
    path = program.write_samples(samples)
    options = ["--steps", str(steps), "--seed", str(seed), *(["--frames"] if frames else [])]
    single, double = (program.run(path, *options, "--threads", str(count)) for count in (1, 2))
    assert (single.status, single.errors) == (0, ""), single.errors
    assert single == double
    received = spike_trains(network, single.spikes, len(samples))
    difference = first_difference(
        network, samples, expected.spikes, received, seed=seed, frames=frames
    )
    if difference is None:
        check_results(single, expected)
    else:
        assert difference.is_rounding_tie, difference.explain()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_structures(seed: int, programs: dict[str, Program]) -> None:
    program = programs[f"structure{seed}"]
    _, samples, rng = drawn(seed)
    check_program(program, samples, STEPS, seed=seed)
    frames = rng.random((2, 5, *samples.shape[1:]))
    check_program(program, frames, 5, seed=seed, frames=True)
    check_program(program, samples[:0], STEPS)


def check_layers(program, seed: int) -> None:
    """Fused layers: results alone, as they keep no spikes of what they hide."""
    network, samples, _ = drawn(seed)
    expected = run_network(network, samples[:2], steps=STEPS, seed=seed)
    path = program.write_samples(samples[:2])
    for threads in (1, 2, 5):
        done = program.run(
            path, "--steps", str(STEPS), "--seed", str(seed), "--threads", str(threads),
            spikes=False,
        )  # fmt: skip
        assert (done.status, done.errors) == (0, "")
        check_results(done, expected)


@pytest.mark.parametrize("seed", [seed for seed, _ in LAYERS])
def test_random_layers(seed: int, programs: dict[str, Program]) -> None:
    check_layers(programs[f"layers{seed}"], seed)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "bits"), MORE_LAYERS)
def test_random_layers_of_every_width(seed: int, bits: int, make_program: Callable) -> None:
    check_layers(make_program(drawn(seed)[0], vector_bits=bits, **FUSED), seed)


def test_whole_layers(programs: dict[str, Program]) -> None:
    check_program(programs["whole"], drawn(WHOLE_LAYERS)[1], STEPS)


def test_single_precision(programs: dict[str, Program]) -> None:
    program = programs["single"]
    network, samples, _ = drawn(SINGLE_LAYERS)
    expected = run_network(network, samples, steps=STEPS, real=np.float32)
    path = program.write_samples(samples)
    for threads in (1, 2):
        done = program.run(path, "--steps", str(STEPS), "--threads", str(threads))
        assert (done.status, done.errors) == (0, "")
        check_results(done, expected)


def test_the_layers_have_every_source_and_both_orders_of_a_kernel() -> None:
    found, orders, rests = set(), set(), set()
    for network, options, _ in quick_jobs().values():
        plan = lower(network, options)[1]
        layers = [kernel for kernel in plan.kernels if isinstance(kernel, LayerKernel)]
        found |= {entry.function for layer in layers for entry in layer.arrivals}
        found |= {"pooling" for layer in layers if layer.pooling is not None}
        found |= {"shared inputs"} if plan.shared_inputs is not None else set()
        text = "".join(render_network(plan).values())
        found |= {"events alone"} if "annconv::convolve_events<" in text else set()
        orders |= set(re.findall(r"kRowsTogether = (\d)", text))
        rests |= set(re.findall(r"kSkipsResting = (\d)", text))
    assert found == {
        "ConvolutionSource", "DenseSource", "RatesSource", "RowTableSource", "pooling",
        "shared inputs", "events alone",
    }  # fmt: skip
    assert orders == rests == {"0", "1"}


def test_the_structures_have_every_operator_encoding_and_readout() -> None:
    networks = [draw_structure(seed).network for seed in SEEDS]
    chains = [entry.operators for network in networks for entry in network.projections]
    operators = {type(operator).__name__ for chain in chains for operator in chain}
    assert operators == {
        "Convolution", "Dense", "Increase", "MaxPool", "MeanPool", "Pad", "Reshape", "Scale",
        "Slice", "Upsample",
    }  # fmt: skip
    encodings = {network.input.neuron.name for network in networks}
    drawn = {neuron.name for neuron in ENCODINGS.values()} - {"IB-fused"}  # IB in another order
    assert encodings == drawn | {"Encoder"}
    assert {network.readout.name for network in networks} == set(READOUTS)
    assert any(entry.role == "linear" for network in networks for entry in network.populations)
    populations = [entry for network in networks for entry in network.populations if entry.neuron]
    models = [entry.model() for entry in populations]
    blocks = [entry for model in models for entry in model.update if isinstance(entry, OdeSystem)]
    assert {ode.method for block in blocks for ode in block.equations} == set(METHODS)
    assert frozenset().union(*(model.draw_kinds() for model in models)) == set(DISTRIBUTIONS)


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.parametrize(("model", "count", "steps"), [("mlp", 5, 100), ("cnn", 1, 20)])
def test_trained_models(model, count, steps, make_program, data_folder, digits) -> None:
    network = annconv.convert(data_folder / f"{model}.keras", input_encoding="IB")
    check_program(make_program(network), digits[0][:count] / 255.0, steps)


@pytest.mark.slow
@pytest.mark.keras
def test_a_trained_model_in_single_precision(make_program, data_folder, digits) -> None:
    network = annconv.convert(data_folder / "mlp.keras", input_encoding="IB")
    program = make_program(network, "single")
    samples = digits[0][:5] / 255.0
    done = program.run(program.write_samples(samples), "--steps", "200")
    assert (done.status, done.errors) == (0, "")
    expected = run_network(network, samples, steps=200)
    counts = done.array("counts")
    np.testing.assert_array_equal(counts.argmax(axis=1), expected.counts.argmax(axis=1))
