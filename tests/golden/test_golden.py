"""Oracle and generated code against spike trains recorded from ANNarchy 5.0.4.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from batch import Job, Run, compile_batch
from golden_comparison import (
    CASES,
    EXAMPLES,
    STEPS,
    Case,
    Runner,
    compare,
    compiled_runner,
    count_scores,
    network,
    recording,
    run_oracle,
    samples,
    table,
    trained_graph,
)
from numpy.typing import NDArray

from annconv.options import CompileOptions
from annconv.reference.compare import first_difference

pytestmark = pytest.mark.golden

EXACT_CASES = [case for case in CASES if not case.is_random]
RANDOM_CASES = [case for case in CASES if case.is_random]
MLP = Case("mlp", "IB", "spike_count", "count")
POTENTIAL = Case("mlp", "IB", "membrane_potential", "vmem")
FIRST_SPIKE = Case("mlp", "IB", "time_to_first_spike", "ttfs")


def listed(case, *more, quick):
    """A row of parameters, slow unless it is quick."""
    return pytest.param(
        case, *more, marks=() if quick else pytest.mark.slow, id="-".join(map(str, (case, *more)))
    )


def is_quick(case):
    """Read-outs make other things of the same spikes: all of them are compared for one model."""
    return case.model == "mlp" or case.read_out == "spike_count"


FEW = {"mlp": 100, "cnn": 4}
"""Samples that the interpreter, which is slow, runs where not all are asked for."""


@pytest.mark.parametrize(
    ("case", "most"),
    [
        *(listed(case, FEW[case.model], quick=is_quick(case)) for case in CASES),
        *(listed(case, None, quick=False) for case in CASES),
    ],
)
def test_spikes_and_read_outs_are_the_recorded_ones(case, most):
    comparison = compare(case, most=most)
    assert comparison.faults == ()
    assert comparison.ties == 0
    every = len(recording(case).spikes if case.is_random else recording(case).counts)
    assert comparison.samples == min(every, most or every)
    assert comparison.trains == len(recording(case).spikes)


@pytest.mark.slow
@pytest.mark.parametrize("case", EXACT_CASES, ids=str)
def test_dividing_pixels_in_double_precision_gives_the_same(case):
    assert compare(case, dtype=np.float64).faults == ()


def scores_are_normal(scores):
    """z-scores with a mean of 0 and a spread of 1, none far out; all share one random stream."""
    assert np.abs(scores).max() < 5.0
    assert np.abs(scores).mean() < 1.2
    assert (np.abs(scores) > 3.0).mean() < 0.03


def test_counts_of_random_encodings_fit_runs_with_our_own_numbers():
    case = RANDOM_CASES[0]
    assert case.model == "mlp"
    scores_are_normal(count_scores(case, [3, 400], copies=50))


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("case", RANDOM_CASES, ids=str)
def test_counts_of_random_encodings_fit_200_seeds(case):
    every = range(len(recording(case).counts))
    scores_are_normal(count_scores(case, every, copies=200, runner=compiled_runner(optimize=2)))


TOGETHER = [
    case for case in EXACT_CASES if is_quick(case) and (case.model, case.encoding) != ("cnn", "PSO")
]
"""Of two encodings that never differ in their layers, the picture has one."""
WAYS = {
    "fused": CompileOptions(precision="double", compiler_level=1, threads=2),
    "recorded": CompileOptions(precision="double", compiler_level=1, threads=2, whole=True),
    "plain": CompileOptions(precision="double", compiler_level=1, optimize=0, whole=True),
}
"""Fused layers, as they run where nothing is recorded; all spikes; the same of plain kernels."""
CASES_AND_WAYS = [
    *((case, "fused") for case in TOGETHER),
    *((case, "recorded") for case in TOGETHER if recording(case).spikes),
    *((Case(model, "IB", "spike_count", "count"), "plain") for model in ("mlp", "cnn")),
]
"""Plain kernels stand beside optimised ones for one chain and one picture."""
RECORDED = 3
"""Samples whose spikes are asked for: trains are known of the first two."""


@dataclass(frozen=True)
class Outcome:
    """An answer as the comparison reads it."""

    counts: NDArray[np.int64]
    outputs: NDArray[np.float64]
    stopped_at: NDArray[np.int64]
    spikes: Mapping[str, Sequence[NDArray[np.int32]]]


def batch_runner(run: Run) -> Runner:
    """The runner of a network that was compiled together with others."""

    def present(subject, given, *, frames=False, record=(), first_sample=0):
        assert not frames
        assert first_sample == 0
        counts, outputs, stopped_at, rows = run(given, STEPS, 0)
        spikes = {}
        for name in record:
            own = rows[rows[:, 1] == subject.names.index(name)]
            spikes[name] = [own[own[:, 0] == sample, 2:4] for sample in range(len(given))]
        return Outcome(counts, outputs, stopped_at, spikes)

    return present


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    jobs = {f"{case} {way}": Job(network(case), WAYS[way]) for case, way in CASES_AND_WAYS}
    return compile_batch(jobs, tmp_path_factory.mktemp("golden"))


@pytest.mark.compiles
@pytest.mark.parametrize(
    ("case", "way"), [listed(case, way, quick=True) for case, way in CASES_AND_WAYS]
)
def test_kernels_spike_as_recorded(case, way, runs):
    """Compiled quickly, without what stands around kernels; fused layers run all samples."""
    trains = WAYS[way].whole
    runner, most = batch_runner(runs[f"{case} {way}"]), RECORDED if trains else None
    comparison = compare(case, runner, trains=trains, most=most)
    assert comparison.faults == ()
    every = len(recording(case).counts)
    assert comparison.samples == min(every, most or every)
    assert comparison.trains == trains * len(recording(case).spikes)


@pytest.mark.compiles
@pytest.mark.parametrize(
    ("case", "optimize"),
    [
        *(listed(case, 2, quick=case.is_random) for case in CASES),
        *(listed(case, 0, quick=False) for case in CASES),
    ],
)
def test_compiled_networks_spike_as_recorded(case, optimize):
    """As users run them."""
    comparison = compare(case, compiled_runner(optimize))
    assert comparison.faults == ()
    assert comparison.trains == len(recording(case).spikes)


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("case", CASES, ids=str)
def test_networks_that_record_nothing_get_what_was_recorded(case):
    assert compare(case, compiled_runner(optimize=2), trains=False).faults == ()


def test_a_changed_threshold_is_noticed():
    def wrong_threshold(subject, given, *, frames=False, record=(), first_sample=0):
        hidden = subject.populations[1]
        changed = replace(hidden, parameters={"vt": np.asarray(0.96)})
        populations = (subject.populations[0], changed, *subject.populations[2:])
        return run_oracle(
            replace(subject, populations=populations), given, frames=frames, record=record
        )

    comparison = compare(POTENTIAL, wrong_threshold, most=10)
    assert comparison.ties == 0
    assert any("population 'dense'" in fault for fault in comparison.faults)
    assert any("potentials" in fault for fault in comparison.faults)


def test_one_missing_spike_is_noticed_and_explained():
    golden = recording(MLP)
    expected = {name: [train] for name, train in golden.spikes[0].items()}
    received = {**expected, "dense_1": [np.delete(expected["dense_1"][0], 100, axis=0)]}
    found = first_difference(network(MLP), samples(MLP)[:1], expected, received)
    step, rank = expected["dense_1"][0][100]
    assert (found.population, found.step) == ("dense_1", step)
    assert [neuron.rank for neuron in found.neurons] == [rank]
    assert not found.is_rounding_tie


def test_the_table_has_a_line_for_every_file(monkeypatch):
    monkeypatch.setattr("golden_comparison.CASES", (FIRST_SPIKE,))
    lines: list[str] = []
    table(write=lines.append)
    assert len(lines) == 2
    assert lines[1].split()[:3] == ["mlp_ib_ttfs", "200", "1"]


@pytest.mark.keras
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_the_frontend_reads_the_graph_that_the_comparison_uses(model):
    from annconv.frontend import read_model

    ours, theirs = trained_graph(model), read_model(EXAMPLES / f"{model}.keras").graph
    assert [str(node) for node in theirs.nodes] == [str(node) for node in ours.nodes]
    assert theirs == ours
