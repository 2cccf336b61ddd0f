"""Plants one small fault after another in a copy of the checkout: which do the fast tests notice?

Each worker has a copy of its own in a temporary folder; the checkout itself is never changed. In
the copy run the tests that mirror the file at fault, then all others, up to the first that fails:

    python tests/mutation/mutate.py                    # all faults, for hours
    python tests/mutation/mutate.py 'passes-*' --own   # some, by the mirrored tests alone

The copies are tested without a fault first, as tests that fail anyway would notice everything.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue

from cpp_faults import CPP_FAULTS
from export_faults import EXPORT_FAULTS
from fault import CPP_TESTS, Fault
from interop_faults import INTEROP_FAULTS
from python_faults import PYTHON_FAULTS
from rate_faults import RATE_FAULTS

ROOT = Path(__file__).resolve().parents[2]
FAULTS = PYTHON_FAULTS + INTEROP_FAULTS + RATE_FAULTS + CPP_FAULTS + EXPORT_FAULTS
WORKERS = 2
LIMIT = 3600.0
"""Seconds after which tests that run on count as having noticed the fault: they do not end."""
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
NO_TESTS = 5
"""pytest's exit code where nothing was selected."""
MISSED = "NOT NOTICED"

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fault: The fault.
        noticed_by: The first test that failed, None if none did.
        seconds: How long that took.
    """

    fault: Fault
    noticed_by: str | None
    seconds: float

    def line(self) -> str:
        """A row of the table."""
        found = MISSED if self.noticed_by is None else self.noticed_by
        return f"{self.fault.name:<28}{self.seconds:>7.0f} s  {found}"


class Copy:
    """A copy of the checkout in which tests run."""

    def __init__(self, folder: Path, limit: float = LIMIT) -> None:
        self.folder, self._limit = folder, limit
        self.root = folder / "checkout"
        copy_checkout(ROOT, self.root)

    @contextmanager
    def planted(self, fault: Fault | None) -> Iterator[None]:
        """The copy with a fault; None: as it is."""
        if fault is None:
            yield
            return
        path = self.root / fault.file
        whole = path.read_bytes()
        fault.apply(self.root)
        try:
            yield
        finally:
            path.write_bytes(whole)

    def first_failure(self, tests: Sequence[str], *, ignored: Sequence[str] = ()) -> str | None:
        """The first of some tests that fails, None if all pass.

        Args:
            tests: Files and folders below the root; `CPP_TESTS` stands for the C++ tests.
            ignored: Files and folders to leave out.
        Raises:
            RuntimeError: pytest itself failed.
        """
        if CPP_TESTS in tests and (failure := self._cpp_failure()) is not None:
            return failure
        python_tests = [entry for entry in tests if entry != CPP_TESTS]
        if not python_tests:
            return None
        left_out = [f"--ignore={entry}" for entry in ignored if entry != CPP_TESTS]
        command = [
            sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no",
            f"--basetemp={self.folder / 'pytest'}", *left_out, *python_tests,
        ]  # fmt: skip
        done = self._run(command)
        if done is None:
            return f"did not end within {self._limit:.0f} s"
        if done.returncode in (0, NO_TESTS):
            return None
        found = FAILED.search(done.stdout)
        if done.returncode in (1, 2) and found is not None:
            return found[1]
        if done.returncode < 0:
            return f"the tests' process ended with signal {-done.returncode}"
        if done.returncode in (2, 4):  # a module of annconv cannot be imported
            return "the tests cannot be collected"
        raise RuntimeError(
            f"pytest: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )

    def check_imported(self) -> None:
        """Make sure that the tests import the copy and not the checkout.

        Raises:
            RuntimeError: They would import something else.
        """
        done = self._run([sys.executable, "-c", "import annconv; print(annconv.__file__)"])
        found = "nothing" if done is None else done.stdout.strip()
        if Path(found) != (self.root / "annconv" / "__init__.py").resolve():
            raise RuntimeError(f"expected annconv of {self.root}, the tests would import {found}")

    def _cpp_failure(self) -> str | None:
        """The step of the C++ tests that fails, None if all pass."""
        tools, build = Path(sys.executable).parent, "build/mutated"
        for name, *arguments in (
            ("cmake", "-S", ".", "-B", build, "-G", "Ninja", "--log-level=WARNING"),
            ("cmake", "--build", build),
            ("ctest", "--test-dir", build, "--no-tests=error"),
        ):
            done = self._run([str(tools / name), *arguments])
            if done is None or done.returncode != 0:
                return f"C++ tests ({name} {arguments[0]})"
        return None

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
        """A program in the copy, which stands before the installed annconv; None: it took long."""
        tools = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
            "OPENBLAS_NUM_THREADS": "1",
            "ANNCONV_TEST_PROFILE": "unshrunk",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                output, errors = process.communicate(timeout=self._limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return None
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


def copy_checkout(root: Path, target: Path) -> None:
    """Copy what git knows or would add; nothing that was built or installed."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run([*command, "--exclude-standard"], check=True, capture_output=True)
    for name in sorted(filter(None, os.fsdecode(listed.stdout).split("\0"))):
        source, copy = root / name, target / name
        if source.is_file():  # a file may be deleted and not yet committed
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def judge(copy: Copy, fault: Fault, *, own_only: bool) -> Outcome:
    """Plant a fault and run tests until one fails."""
    started = time.monotonic()
    with copy.planted(fault):
        noticed = copy.first_failure(fault.own_tests)
        if noticed is None and not own_only:
            noticed = copy.first_failure(("tests",), ignored=fault.own_tests)
        if noticed is None and not own_only and CPP_TESTS not in fault.own_tests:
            noticed = copy.first_failure((CPP_TESTS,))
    return Outcome(fault, noticed, time.monotonic() - started)


def judge_all(
    faults: Sequence[Fault], copies: Sequence[Copy], *, own_only: bool, tell: Tell
) -> list[Outcome]:
    """All faults, as many at a time as there are copies; a line is told of each when it is done."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)
    done, lock = [0], threading.Lock()

    def one(fault: Fault) -> Outcome:
        copy = free.get()
        try:
            outcome = judge(copy, fault, own_only=own_only)
        finally:
            free.put(copy)
        with lock:
            done[0] += 1
            tell(f"{done[0]:>4}/{len(faults)}  {outcome.line()}\n")
        return outcome

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(one, faults))


def control(copy: Copy, faults: Iterable[Fault], *, own_only: bool) -> str | None:
    """The first test that fails without any fault, None if all pass."""
    if not own_only:
        return copy.first_failure((CPP_TESTS, "tests"))
    return copy.first_failure(sorted({entry for fault in faults for entry in fault.own_tests}))


def table(outcomes: Sequence[Outcome]) -> str:
    """The summary: a row for each fault, then those that nothing noticed."""
    missed = [outcome for outcome in outcomes if outcome.noticed_by is None]
    rows = [outcome.line() for outcome in outcomes]
    rows += ["", f"{len(outcomes) - len(missed)} of {len(outcomes)} faults were noticed"]
    rows += [f"  not noticed: {o.fault.name} ({o.fault.file}): {o.fault.what}" for o in missed]
    return "\n".join(rows) + "\n"


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", metavar="FAULT", help="names or patterns; all if none")
    parser.add_argument("--list", action="store_true", help="list the faults and run nothing")
    parser.add_argument("--own", action="store_true", help="run the mirrored tests only")
    parser.add_argument(
        "--no-control", action="store_true", help="do not run without a fault first"
    )
    parser.add_argument("--workers", type=int, default=WORKERS, help="copies side by side")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for a run of tests")
    parser.add_argument("--output", type=Path, help="file for the summary")
    return parser.parse_args(words)


def chosen(names: Sequence[str]) -> list[Fault]:
    """The faults of these names or patterns, all without any.

    Raises:
        SystemExit: There is none for one of them.
    """
    for name in names:
        if not any(fnmatch(fault.name, name) for fault in FAULTS):
            raise SystemExit(f"no fault is called {name!r}: --list tells their names")
    return [f for f in FAULTS if not names or any(fnmatch(f.name, name) for name in names)]


def main(words: Sequence[str] | None = None, tell: Tell = sys.stdout.write) -> int:
    """Run; the exit status is 1 if a fault was not noticed."""
    asked = parse(words)
    faults = chosen(asked.names)
    if asked.list:
        for fault in faults:
            tell(f"{fault.name:<28}{fault.file}: {fault.what}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="annconv-mutants-") as folder:
        copies = [
            Copy(Path(folder) / str(number), asked.limit)
            for number in range(max(1, min(asked.workers, len(faults))))
        ]
        for copy in copies:
            copy.check_imported()
        if not asked.no_control:
            tell("without a fault …\n")
            failed = control(copies[0], faults, own_only=asked.own)
            if failed is not None:
                tell(f"fails without any fault: {failed}\n")
                return 2
        outcomes = judge_all(faults, copies, own_only=asked.own, tell=tell)
    summary = table(outcomes)
    tell("\n" + summary)
    if asked.output is not None:
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(summary, encoding="utf-8")
    return int(any(outcome.noticed_by is None for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
