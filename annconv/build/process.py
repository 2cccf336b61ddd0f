"""The one place that starts programs: argument list, chosen environment, no shell, output kept."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from annconv.build.diagnosis import failed_step, first_error, remedy
from annconv.errors import BuildError

NEUTRAL_VARIABLES = (
    "PATH",  # where compilers find their assembler and linker, wrappers their compiler
    "HOME",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LD_LIBRARY_PATH",  # compilers installed in unusual places
    "CCACHE_DIR",
)
"""Variables that programs receive and that cannot change what they make."""

KEYED_VARIABLES = (
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "LIBRARY_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "SDKROOT",
)
"""Variables that programs receive and that can change what they make: part of a build's key."""


def tool_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that programs are started with.

    Only the listed variables pass, so CXXFLAGS, CMAKE_GENERATOR and the like change nothing.
    Messages come in English, as they are searched for errors.

    Args:
        variables: The environment, `os.environ` if None.
    """
    found = os.environ if variables is None else variables
    passed = {name: found[name] for name in NEUTRAL_VARIABLES + KEYED_VARIABLES if name in found}
    return passed | {"LC_ALL": "C"}


def keyed_variables(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The part of a `tool_environment` that belongs to a build's key, sorted by name."""
    return tuple(
        (name, environment[name]) for name in sorted(KEYED_VARIABLES) if name in environment
    )


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit code and everything it printed."""

    code: int
    output: str


def run(
    command: Sequence[str | Path],
    *,
    stage: str,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path | None = None,
    check: bool = True,
) -> Finished:
    """Run a program to its end.

    Args:
        command: Program and arguments.
        stage: What it is started for, for messages ("configuring", …).
        cwd: Folder in which it runs.
        environment: All the variables it sees.
        log: File to which the command is appended, and its output when it has ended; None keeps
            them in memory only.
        check: Whether an exit code other than 0 is an error.
    Raises:
        BuildError: The program cannot be started, or failed while `check`.
        OSError: The log cannot be written.
    """
    arguments = [str(argument) for argument in command]
    _append(log, f"$ {' '.join(arguments)}\n".encode(errors="surrogateescape"))
    # In memory, so that what is told of a full disk is not lost on it, and what a killed build has
    # left running writes into nobody's log.
    with os.fdopen(os.memfd_create("annconv-output"), "w+b") as output:
        try:
            code = _wait(arguments, cwd, environment, output)
        except OSError as error:
            raise BuildError(
                stage,
                why=f"cannot start {arguments[0]}: {error.strerror}",
                command=arguments,
                log=log,
                instead="repair this installation, or set CXX or PATH to another",
            ) from error
        output.seek(0)
        content = output.read()
    _append(log, content)
    finished = Finished(code, content.decode(errors="replace"))
    if check and code != 0:
        raise _failure(finished, stage, arguments, cwd, log)
    return finished


def _append(log: Path | None, content: bytes) -> None:
    if log is not None:
        with log.open("ab") as file:
            file.write(content)


def _wait(
    arguments: list[str], cwd: Path, environment: Mapping[str, str], output: IO[bytes]
) -> int:
    """Start a program in a session of its own, so that an interrupt ends all it started."""
    process = subprocess.Popen(
        arguments,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _failure(
    finished: Finished, stage: str, arguments: list[str], cwd: Path, log: Path | None
) -> BuildError:
    """The error of a failed program; paths below `cwd`, which may be temporary, become relative."""
    output = finished.output
    for folder in (cwd, cwd.resolve()):
        output = output.replace(f"{folder}{os.sep}", "")
    found, step = first_error(output), failed_step(output)
    code = finished.code if step is None or step.code is None else step.code
    ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return BuildError(
        stage if step is None else step.describe(),
        why=ended,
        command=arguments if step is None else [step.command],
        first_error=found,
        log=log,
        instead=remedy(f"{output}\n{ended}", found),
    )
