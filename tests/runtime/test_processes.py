"""A compiled network among threads, processes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from zoo import OPTIONS, STEPS, dense, picture, samples

from annconv.build.cache import Cache
from annconv.reference.network import run_network
from annconv.runtime.compiled import CompiledNetwork, compile_network

pytestmark = pytest.mark.compiles

X = samples(dense())
LIMIT = 120
"""Seconds after which a child process counts as hung."""

PREAMBLE = """
import sys
from dataclasses import replace
sys.path[:0] = ["tests", "."]
from zoo import OPTIONS, STEPS, dense, samples
from annconv.runtime import compiled as module
from annconv.runtime.compiled import compile_network
X = samples(dense())
"""


@contextmanager
def child(root: Path, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs a program; ended when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + program, *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def expected_counts(seed: int = 0, steps: int = STEPS) -> str:
    return str(run_network(dense(), X, steps=steps, seed=seed).counts.tolist())


INTERRUPTED = """
import signal
from tqdm import tqdm

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started by
plain = tqdm.update

def update(self, count=1):
    print("running", flush=True)
    return plain(self, count)

precision, threads, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
compiled = compile_network(dense(), replace(OPTIONS, threads=threads, precision=precision))
x = X[:count]
print(compiled.run(x, seed=3).counts.tolist(), flush=True)
tqdm.update = update
try:
    compiled.predict(x, steps=2**31 - 1, progress=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(compiled.run(x, seed=3).counts.tolist())
"""


def interrupt(process: subprocess.Popen[str]) -> list[str]:
    """What a process printed that was interrupted once it was "running", other lines than that."""
    assert process.stdout is not None
    before = []
    while (line := process.stdout.readline()) not in ("running\n", ""):
        before.append(line.rstrip())
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors
    return before + [line for line in printed.splitlines() if line != "running"]


@pytest.mark.parametrize(
    ("precision", "threads", "count"),
    [
        ("double", 1, 6),
        ("double", 2, 6),
        ("double", 2, 1),
        pytest.param("single", 1, 6, marks=pytest.mark.slow),
        pytest.param("single", 2, 1, marks=pytest.mark.slow),
        pytest.param("int16", 2, 6, marks=pytest.mark.slow),
        pytest.param("int16", 3, 1, marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_ends_a_long_run_and_the_network_lives_on(
    precision: str, threads: int, count: int, root_folder: Path, compiled: CompiledNetwork
) -> None:
    """With samples on one thread or several, and with threads that share one sample."""
    with child(root_folder, INTERRUPTED, precision, str(threads), str(count)) as process:
        before, interrupted, after = interrupt(process)
    assert interrupted == "interrupted"
    assert before == after
    if precision == "double":
        counts = run_network(dense(), X[:count], steps=STEPS, seed=3).counts
        assert after == str(counts.tolist())


WAITING = """
import signal
from contextlib import contextmanager
import numpy as np
from annconv.ir.network import Network
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.ir.operators import Dense
from annconv.neurons.library import IaF
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS

signal.signal(signal.SIGINT, signal.default_int_handler)
late = Neuron(
    parameters="rates = 0.0 ; limit = 2e6 : population", equations="v = rates*t", spike="v > limit"
)
network = Network(
    name="late",
    populations=(
        Population("image", (1,), late, role="input"),
        Population("classes", (2,), IaF, role="output"),
    ),
    projections=(Projection("a", "image", "classes", (Dense(np.array([[2.0, 0.0]])),)),),
    readout=READOUTS["time_to_first_spike"],
)

@contextmanager
def bar(total, shown):
    yield lambda done: done and print("running", flush=True)

compiled = compile_network(network, replace(OPTIONS, threads=2))
plain, module.progress_bar = module.progress_bar, bar
rates = [[float(rate)] for rate in sys.argv[1:]]
try:
    compiled.run(rates, steps=2**31 - 1)
except KeyboardInterrupt:
    print("interrupted", flush=True)
module.progress_bar = plain
print(compiled.run([[1.0], [2.0]], steps=2**31 - 1).stopped_at.tolist())
"""


@pytest.mark.parametrize("rates", [("1", "0"), ("0", "1")], ids=["first", "last"])
def test_ctrl_c_is_heard_by_a_thread_that_has_no_samples_left(
    rates: tuple[str, str], root_folder: Path
) -> None:
    """One sample stops early, the other one never; the thread that listens may have either."""
    with child(root_folder, WAITING, *rates) as process:
        found = interrupt(process)
    # In step t the potential is rate * t; the output spikes a step later, and a spike in step t
    # ends a sample after t + 1 steps.
    assert found == ["interrupted", str([2_000_001 + 1 + 1, 1_000_001 + 1 + 1])]


def test_an_exception_of_the_progress_bar_ends_the_run(
    compiled: CompiledNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullError(Exception):
        """What the bar meets."""

    called = []

    def fail(done: int) -> None:
        called.append(done)
        raise FullError(done)

    @contextmanager
    def bar(total: int, shown: bool) -> Iterator[object]:
        yield fail

    for threads in (1, 2):
        network = compile_network(dense(), replace(OPTIONS, threads=threads))
        with monkeypatch.context() as patch:
            patch.setattr("annconv.runtime.compiled.progress_bar", bar)
            with pytest.raises(FullError):
                network.run(X, steps=2**31 - 1)
        assert len(called) == threads, "nothing is asked after the first failure"
        assert str(network.run(X).counts.tolist()) == expected_counts()


def test_a_progress_bar_counts_the_samples(
    compiled: CompiledNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled.run(X, progress=True)
    compiled.predict(X[:0], progress=True)
    printed = capsys.readouterr()
    assert "6/6" in printed.err
    assert printed.out == ""
    compiled.run(X)
    assert capsys.readouterr().err == ""


def test_threads_of_python_share_a_network(compiled: CompiledNetwork) -> None:
    two = compile_network(dense(), replace(OPTIONS, threads=2))
    seeds = range(24)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda s: (compiled, two)[s % 2].run(X, seed=s).counts, seeds))
    for seed, counts in zip(seeds, found, strict=True):
        assert str(counts.tolist()) == expected_counts(seed)


def test_threads_of_python_compile_one_network_at_once() -> None:
    network = replace(picture(), dt=0.75)
    x = samples(network)
    barrier = threading.Barrier(3)

    def build(_: int) -> list[list[float]]:
        barrier.wait()
        outputs: list[list[float]] = compile_network(network, OPTIONS).run(x).outputs.tolist()
        return outputs

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(build, range(3)))
    expected = run_network(network, x, steps=STEPS).outputs.tolist()
    assert found == [expected] * 3


COMPILE = """
network = replace(dense(), dt=0.25)
print("ready", flush=True)
sys.stdin.readline()
print(compile_network(network, OPTIONS).run(X).counts.tolist())
"""


def test_processes_compile_one_network_at_once(root_folder: Path, build_cache: Path) -> None:
    compile_network(dense(), OPTIONS)  # the binding, which takes longest, is there
    entries = Cache(build_cache).root / "entries"
    before = len(list(entries.iterdir()))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + COMPILE],
            cwd=root_folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        printed = [process.communicate(timeout=LIMIT)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    network = replace(dense(), dt=0.25)
    expected = str(run_network(network, X, steps=STEPS).counts.tolist())
    assert [text.strip() for text in printed] == [expected] * 2
    if "PYTEST_XDIST_WORKER" not in os.environ:  # other workers add entries of their own
        assert len(list(entries.iterdir())) == before + 1


FORKED = """
import os
compiled = compile_network(dense(), replace(OPTIONS, threads=2))
compiled.run(X, seed=1)
child = os.fork()
if child == 0:
    print(compiled.run(X, seed=2).counts.tolist(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(compiled.run(X, seed=2).counts.tolist())
"""


def test_a_forked_process_runs_a_network_that_has_run_before(root_folder: Path) -> None:
    """The threads that a network keeps do not follow it through a fork: others are started."""
    with child(root_folder, FORKED) as process:
        printed, errors = process.communicate(timeout=LIMIT)
    assert printed.splitlines() == [expected_counts(seed=2)] * 2, errors


def test_runs_do_not_share_state(compiled: CompiledNetwork) -> None:
    """Each sample starts afresh, whatever ran before it on the same thread."""
    alone = [compiled.run(X[i : i + 1], first_sample=i).counts[0] for i in range(len(X))]
    np.testing.assert_array_equal(alone, compiled.run(X).counts)
