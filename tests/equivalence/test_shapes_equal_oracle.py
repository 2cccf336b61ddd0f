"""Windows of every kind spike like the NumPy oracle, fused and not.

`window_kinds.KINDS` is the list of what has to be drawn; `test_window_kinds.py` holds that the long
list draws all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from batch import Answer, Job, Run, compile_batch, varied
from random_networks import STEPS
from random_shapes import draw_shapes

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.reference.compare import differences
from annconv.reference.network import ReferenceResult, run_network
from annconv.runtime.compiled import compile_network

QUICK = (1, 17, 25, 32, 56, 64, 73, 89, 105, 112)
LONG = range(10_000, 11_000)
CHUNK = 20
SAMPLES = 3
DRAWS = 2

OPTIONS = CompileOptions(precision="double", threads=1, strict_warnings=True, compiler_level=1)


@dataclass(frozen=True)
class Case:
    """A network with data, samples, the seed of its random numbers, and whether sums are exact."""

    network: Network
    samples: FloatArray
    seed: int
    exact: bool

    def expected(self, record: Iterable[str] = ()) -> ReferenceResult:
        return run_network(
            self.network, self.samples, steps=STEPS, seed=self.seed, record=list(record)
        )


def case_of(number: int, draw: int) -> Case:
    """A structure with data; those of even draws lie on a grid."""
    structure = draw_shapes(number)
    rng = np.random.default_rng([number, draw])
    on_grid = draw % 2 == 0
    network, samples = structure.with_data(rng, on_grid=on_grid), structure.samples(rng, SAMPLES)
    return Case(network, samples, draw, exact=on_grid and structure.exact)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    options = replace(OPTIONS, compiler_level=0)
    jobs = {
        f"{number} {draw}": Job(case_of(number, draw).network, varied(options, number))
        for number in QUICK
        for draw in range(DRAWS)
    }
    return compile_batch(jobs, tmp_path_factory.mktemp("shapes"))


def agree(received: Answer, expected: ReferenceResult) -> FloatArray:
    """(samples,) bool: where two runs have the same counts, ends and outputs."""
    close = np.isclose(received.outputs, expected.outputs, rtol=1e-9, atol=1e-9).all(axis=1)
    counts = (received.counts == expected.counts).all(axis=1)
    return counts & close & (received.stopped_at == expected.stopped_at)


@pytest.mark.compiles
@pytest.mark.parametrize("draw", range(DRAWS))
@pytest.mark.parametrize("number", QUICK)
def test_quick_list(number: int, draw: int, quick_runs: dict[str, Run]) -> None:
    case = case_of(number, draw)
    check(case, quick_runs[f"{number} {draw}"])


def check(case: Case, run: Run) -> int:
    """A run against the oracle; returns how many samples a rounding tie ended."""
    received = run(case.samples, STEPS, case.seed)
    wrong = ~agree(received, case.expected())
    if wrong.any():
        assert not case.exact, np.flatnonzero(wrong)
        assert_ties(case, wrong)
    return int(wrong.sum())


def assert_ties(case: Case, wrong: FloatArray) -> None:
    """Nothing but a rounding tie, found in what is recorded, excuses a sample that differs."""
    record = [entry.name for entry in case.network.populations]
    expected = case.expected(record)
    recorded = compile_network(case.network, OPTIONS).run(
        case.samples, steps=STEPS, seed=case.seed, record=record
    )
    found = list(
        differences(case.network, case.samples, expected.spikes, recorded.spikes, seed=case.seed)
    )
    for difference in found:
        assert difference.is_rounding_tie, difference.explain()
    assert set(np.flatnonzero(wrong)) <= {difference.sample for difference in found}


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("first", LONG[::CHUNK])
def test_a_thousand_networks(first: int, tmp_path: Path) -> None:
    """Default options and plain kernels; `-k` chooses chunks of the list.

    One in a hundred samples may end in a rounding tie.
    """
    numbers = range(first, first + CHUNK)
    cases = {(number, draw): case_of(number, draw) for number in numbers for draw in range(DRAWS)}
    jobs = {
        f"{number} {draw} {level}": Job(case.network, replace(OPTIONS, optimize=level))
        for (number, draw), case in cases.items()
        for level in (2, 0)
    }
    runs = compile_batch(jobs, tmp_path)
    tied = sum(
        check(case, runs[f"{number} {draw} {level}"])
        for (number, draw), case in cases.items()
        for level in (2, 0)
    )
    assert tied <= 2 * len(cases) * SAMPLES / 100
