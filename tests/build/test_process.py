"""The one function that starts programs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from annconv.build.process import keyed_variables, run, tool_environment
from annconv.errors import BuildError

PRINTS = "import os, sys; print(os.getcwd(), sorted(os.environ), sys.argv[1:], sys.stdin.read())"


def test_only_listed_variables_pass() -> None:
    found = tool_environment(
        {"PATH": "/bin", "CXXFLAGS": "-O0", "CMAKE_GENERATOR": "X", "LANG": "de_DE", "CPATH": "/i"}
    )
    assert found == {"PATH": "/bin", "CPATH": "/i", "LC_ALL": "C"}


def test_variables_that_can_change_the_result_are_in_the_key() -> None:
    environment = {"PATH": "/bin", "LIBRARY_PATH": "/l", "CPATH": "/i", "LC_ALL": "C"}
    assert keyed_variables(environment) == (("CPATH", "/i"), ("LIBRARY_PATH", "/l"))


def test_folder_variables_and_arguments_are_those_given(tmp_path: Path) -> None:
    argument = "a b; $HOME `x` 'y' *"
    done = run(
        [sys.executable, "-E", "-c", PRINTS, argument],
        stage="asking",
        cwd=tmp_path,
        environment={"ONLY": "1", "LC_ALL": "C"},
    )
    assert done.code == 0
    assert str(tmp_path) in done.output
    assert "'ONLY'" in done.output
    assert "'PATH'" not in done.output
    assert repr(argument) in done.output


def test_the_log_holds_commands_and_output_one_after_the_other(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    for word in ("one", "two"):
        command = [sys.executable, "-c", f"print('{word}')"]
        done = run(command, stage="asking", cwd=tmp_path, environment={}, log=log)
        assert done.output == f"{word}\n"
    lines = log.read_text().splitlines()
    assert lines[0].startswith("$ ")
    assert lines[1] == "one"
    assert lines[2].startswith("$ ")
    assert lines[3] == "two"


def test_a_log_that_cannot_be_written_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        run(["true"], stage="asking", cwd=tmp_path, environment={}, log=Path("/dev/full"))


def test_no_temporary_file_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    command = [sys.executable, "-c", "print('word')"]
    assert run(command, stage="asking", cwd=tmp_path, environment={}).output == "word\n"


def test_a_failure_names_stage_command_code_error_and_log(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    text = f"{tmp_path}/src/a.cpp:3:1: error: no such thing"
    command = [sys.executable, "-c", f"print({text!r}); raise SystemExit(7)"]
    with pytest.raises(BuildError) as caught:
        run(command, stage="configuring", cwd=tmp_path, environment={}, log=log)
    error = caught.value
    assert str(error).startswith(f"configuring failed (exit code 7). Log: {log}")
    assert error.first_error == "src/a.cpp:3:1: error: no such thing"
    assert error.command == tuple(command)
    assert "ANNCONV_KEEP" in str(error)


def test_a_failure_may_be_looked_at_by_the_caller(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    assert run(command, stage="x", cwd=tmp_path, environment={}, check=False).code == 3


def test_a_program_ended_by_a_signal_is_told_by_its_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    with pytest.raises(BuildError, match=r"building failed \(signal SIGKILL\)"):
        run(command, stage="building", cwd=tmp_path, environment={})


def test_a_program_that_cannot_be_started_is_a_build_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot start /nonexistent/c: No such file") as caught:
        run(["/nonexistent/c"], stage="building", cwd=tmp_path, environment={})
    assert "set CXX or PATH" in str(caught.value)


def test_an_interrupt_ends_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    started: list[subprocess.Popen[bytes]] = []
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if process in started:
            return wait(process, timeout)
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    command = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    with pytest.raises(KeyboardInterrupt):
        run(command, stage="building", cwd=tmp_path, environment={})
    assert started[0].returncode == -9
