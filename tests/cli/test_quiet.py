"""What is written to stderr, by C++ too, is held back, and shown if something fails."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile

import pytest

from annconv.cli.quiet import DASK_LOGGERS, hold_stderr, silence_dask


def test_nothing_is_shown_when_all_goes_well(capfd):
    with hold_stderr():
        os.write(2, b"from C++\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_no_folder_for_temporary_files_is_needed(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with hold_stderr():
        os.write(2, b"from C++\n")


def test_all_is_shown_when_something_fails(capfd):
    def fail():
        os.write(2, b"the reason\n")
        raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"), hold_stderr():
        fail()
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "the reason\nafterwards\n"


def test_the_log_of_dask_is_silent(monkeypatch, capsys):
    import distributed  # noqa: F401  (sets its levels)

    for name in DASK_LOGGERS:
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logging.INFO)
        monkeypatch.setattr(logger, "propagate", False)  # whatever stands above is not asked
        monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(sys.stderr)])
        logger.critical("heard")
        silence_dask()
        logger.critical("not heard")
    assert capsys.readouterr().err == "heard\n" * 2


def test_a_closed_stderr_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with hold_stderr():
        held = True
    assert held


@pytest.mark.keras
def test_importing_keras_prints_nothing():
    code = "from annconv.cli.quiet import import_keras_quietly\nprint(import_keras_quietly())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "keras" in done.stdout
