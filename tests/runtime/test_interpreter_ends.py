"""Python ends while a network runs: the process ends as it was told to, with nothing on stderr.

One process compiles everything and then forks for each case, as each of them ends a process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from zoo import STEPS, dense, samples

from annconv.reference.network import run_network

pytestmark = pytest.mark.compiles

LIMIT = 120
"""Seconds after which the process counts as hung."""
STATUS = 5
"""With which every case ends its process."""
REPEATED = 2

DRIVER = """
import atexit, os, sys, threading
from contextlib import contextmanager
from dataclasses import replace
sys.path[:0] = ["tests", "."]
from zoo import OPTIONS, dense, samples
from annconv.live.network import LiveNetwork
from annconv.runtime import compiled as module
from annconv.runtime.compiled import compile_network

X, LONG = samples(dense()), 2**31 - 1
one, two = (compile_network(dense(), replace(OPTIONS, threads=count)) for count in (1, 2))
live = LiveNetwork(dense(), OPTIONS)
live.simulate(1)
running = threading.Event()

@contextmanager
def bar(total, shown):
    def stay(done):
        running.set()
        while True:
            pass
    yield stay if shown else None

module.progress_bar = bar
CASES = {
    "long predict, 1 thread": lambda: one.predict(X, steps=LONG),
    "long predict, 2 threads": lambda: two.predict(X, steps=LONG),
    "long predict, 2 threads that share a sample": lambda: two.predict(X[:1], steps=LONG),
    "predict, short calls": lambda: [two.predict(X, steps=3) for _ in range(LONG)],
    "long run with recordings": lambda: two.run(X, steps=LONG, record=["hidden"]),
    "progress bar, 1 thread": lambda: one.predict(X, steps=LONG, progress=True),
    "progress bar, 2 threads": lambda: two.predict(X[:1], steps=LONG, progress=True),
    "long profile": lambda: one.profile(X, steps=LONG),
    "long live simulate": lambda: live.simulate(LONG - 2),
    "live step": lambda: [live.step() for _ in range(LONG - 2)],
}

def in_a_daemon_thread(name):
    def work():
        if "bar" not in name:
            running.set()
        CASES[name]()
    if "long" in name:  # this is heard when the thread lets the interpreter go: inside the network
        sys.setswitchinterval(1000)
    threading.Thread(target=work, daemon=True).start()
    running.wait()

def exit_at_once(name):
    in_a_daemon_thread(name)
    os._exit(int(sys.argv[1]))

def predict_at_exit(name):
    atexit.register(lambda: print("late", two.run(X, seed=3).counts.tolist(), flush=True))
    in_a_daemon_thread(name)

def forked(what, name):
    print(what.__name__, name, end=": ", flush=True)
    child = os.fork()
    if child == 0:
        what(name)
        sys.exit(int(sys.argv[1]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

for name in CASES:
    for _ in range(int(sys.argv[2])):
        forked(in_a_daemon_thread, name)
forked(exit_at_once, "long predict, 2 threads")
forked(predict_at_exit, "long predict, 2 threads")
"""


def run(root: Path, program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, str(STATUS), str(REPEATED)],
        cwd=root, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_daemon_threads_do_not_hinder_the_end(root_folder: Path) -> None:
    *ended, at_once, late, last = run(root_folder, DRIVER)
    assert len(ended) == 10 * REPEATED
    assert [line for line in [*ended, at_once] if not line.endswith(f": {STATUS}")] == []
    counts = run_network(dense(), samples(dense()), steps=STEPS, seed=3).counts.tolist()
    assert late == f"predict_at_exit long predict, 2 threads: late {counts}"
    assert last == str(STATUS)


SUBINTERPRETER = """
import sys
sys.path[:0] = ["tests", "."]
from zoo import OPTIONS, dense
from annconv.runtime.compiled import compile_network
from annconv.runtime.state import open_state
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

natives = compile_network(dense(), OPTIONS)._native, open_state(dense(), OPTIONS)._native
for native in natives:
    path = sys.modules[type(native).__module__].__file__
    code = f'''
import importlib.util
spec = importlib.util.spec_from_file_location("other.network", {path!r})
try:
    importlib.util.module_from_spec(spec)
except ImportError as error:
    print(error, flush=True)
'''
    interpreters.run_string(interpreters.create(), code)
"""


def test_a_subinterpreter_is_refused_in_words(root_folder: Path) -> None:
    found = run(root_folder, SUBINTERPRETER)
    assert len(found) == 2
    assert all("subinterpreter" in line for line in found)
