"""The one place that starts a Python process: what may hang or crash runs there, without harm.

The process is this Python without anything that a user or a machine has set up for it: isolated
(`-I`: no `PYTHON…` variables, no user's packages, nothing from the current folder), without
start-up files (`-S`: no `sitecustomize`, no `.pth`), without warnings. It finds packages where this
process found them, and looks nowhere else. Its answer travels over a descriptor of its own, so that
nothing that is printed can be taken for it, and begins with a mark once everything is imported:
what goes wrong before the mark is never the fault of what the process was given.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from annconv.errors import AnnconvError

CRASHES = (
    signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGTRAP,
)  # fmt: skip
"""Signals by which the code that runs in a process ends it, and nobody from outside."""
_BEGUN = b"begun\n"
_BOOT = (
    "import sys; sys.path.append(sys.argv[4]); import annconv; sys.path[-1:] = sys.argv[5:];"
    " from annconv.python_process import answer; answer(*sys.argv[1:4])"
)
"""annconv comes from its own folder, and nothing else does: beside it may lie what a user wrote."""
_REPAIR = "repair this installation (`annconv doctor` tells what is there)"
_ROOM = "try again where more memory is free"


class UnansweredError(Exception):
    """What a function was given made its process crash, or keeps it busy; the text says which."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a process ended: its exit code, None for lack of patience; its answer; what it said."""

    code: int | None
    answer: bytes
    said: bytes

    @property
    def begun(self) -> bool:
        """Whether the function was called."""
        return self.answer.startswith(_BEGUN)

    def describe(self) -> str:
        """The exit code or signal, and the last line of what it said."""
        code = self.code or 0
        text = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        lines = self.said.decode("utf-8", "replace").strip().splitlines()
        return f"{text}: {lines[-1]}" if lines else text


def call_apart(
    function: Callable[[bytes], Any],
    content: bytes,
    *,
    purpose: str,
    packages: Iterable[str],
    patience: float,
    instead: str,
) -> Any:
    """Call a function in a Python process of its own.

    Args:
        function: At the top of a module; what it returns can be written as JSON.
        content: What it is called with.
        purpose: What needs the process, as the beginning of a sentence ("A file is inspected").
        packages: What else than annconv it imports; this process has imported them.
        patience: Seconds that it may take.
        instead: What a user can do where no such process can be had, as the end of a sentence.
    Returns:
        What the function returns, as JSON has it.
    Raises:
        UnansweredError: The function crashed on its content, or did not come to an end.
        AnnconvError: The process cannot be had, or it failed for other reasons.
    """

    def failure(what: str, remedy: str) -> AnnconvError:
        return AnnconvError(
            f"{purpose} in a Python process of its own, and this {what}."
            f" Instead: {remedy}, or {instead}."
        )

    program = _program()
    if program is None:
        raise failure(
            f"cannot be started: no Python is found (sys.executable is {sys.executable!r})",
            "set sys.executable to the path of this Python",
        )
    arguments = (function.__module__, function.__name__, *_folders(packages))
    try:
        ended = _run(program, arguments, content, patience)
    except OSError as error:
        raise failure(f"cannot be started ({error.strerror})", _ROOM) from error
    if not ended.begun:
        late = f"had not begun after {patience:.0f} s"
        raise failure(late if ended.code is None else f"failed ({ended.describe()})", _REPAIR)
    if ended.code is None:
        raise UnansweredError(f"had not ended after {patience:.0f} s")
    if -ended.code in CRASHES:
        raise UnansweredError(f"ended with {ended.describe()}")
    text = ended.answer.removeprefix(_BEGUN)
    if ended.code != 0 or not text:
        raise failure(f"ended with {ended.describe()}", _ROOM)
    return json.loads(text)


def answer(descriptor: str, module: str, name: str) -> None:
    """Call a function with what comes on standard input: what the process itself runs.

    Args:
        descriptor: Where the answer is written.
        module: Module of the function.
        name: Its name there.
    """
    function = getattr(import_module(module), name)
    with os.fdopen(int(descriptor), "wb") as channel:
        channel.write(_BEGUN)
        channel.flush()
        channel.write(json.dumps(function(sys.stdin.buffer.read())).encode())


def _program() -> str | None:
    """The program of this Python; None if there is none, as where Python is part of another."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [Path(prefix, "bin", name) for prefix in (sys.exec_prefix, sys.base_exec_prefix)]
    if sys.executable and not hasattr(sys, "frozen"):  # frozen: it is the program that holds Python
        places.insert(0, Path(sys.executable))
    found = (place for place in places if place.is_file() and os.access(place, os.X_OK))
    return next(map(str, found), None)


def _folders(packages: Iterable[str]) -> list[str]:
    """Where this process found annconv, and then the packages."""
    files = [sys.modules[package].__file__ or "" for package in ("annconv", *packages)]
    return [str(Path(file).absolute().parents[1]) for file in files]


def _run(program: str, arguments: Iterable[str], content: bytes, patience: float) -> _Ended:
    """Start a process and wait for its end.

    Raises:
        OSError: It cannot be started.
    """
    with _memory("answer") as written, _memory("said") as said:
        channel = written.fileno()
        command = [program, "-I", "-S", "-W", "ignore", "-c", _BOOT, str(channel), *arguments]
        code: int | None
        try:
            code = subprocess.run(
                command,
                input=content,
                stdout=said,
                stderr=said,
                pass_fds=(channel,),
                check=False,
                timeout=patience,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
        written.seek(0)
        said.seek(0)
        return _Ended(code, written.read(), said.read())


@contextmanager
def _memory(name: str) -> Iterator[IO[bytes]]:
    """A file in memory, as there may be no folder for temporary ones.

    Its descriptor is none of the first three, which the process has for itself: they are free where
    this process has closed them.
    """
    made = os.memfd_create(f"annconv-{name}")
    try:
        descriptor = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(made)
    with os.fdopen(descriptor, "w+b") as file:
        yield file
