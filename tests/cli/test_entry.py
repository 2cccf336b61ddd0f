"""Exit statuses, and what reaches the terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import annconv as package
from annconv.cli import commands, main
from annconv.errors import ConversionWarning, OptionError

HEAVY = ("h5py", "jinja2", "keras", "matplotlib", "sklearn", "sympy", "tensorflow")


@pytest.mark.parametrize("arguments", [["--help"], ["predict", "--help"], ["--version"]])
def test_help_and_version_end_well(annconv, arguments):
    status, out, err = annconv(*arguments)
    assert (status, err) == (0, "")
    assert "annconv" in out


def test_version_is_the_package_s(annconv):
    assert annconv("--version")[1] == f"annconv {package.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["predikt"], "invalid choice: 'predikt'"),
        (["predict", "model.keras"], "the following arguments are required: SAMPLES"),
        (["inspect", "model.keras"], "the following arguments are required: --ir"),
        (["inspect", "model.keras", "--ir", "c"], "invalid choice: 'c'"),
        (["predict", "m.snn", "x.npy", "--steps", "many"], "invalid int value: 'many'"),
        (["predict", "m.snn", "x.npy", "--steps", "1", "--duration", "2"], "not allowed with"),
        (["convert", "m.keras", "m.snn", "--scale-factor", "2;3"], "received '2;3'"),
    ],
)
def test_wrong_usage_is_told_with_status_2(annconv, arguments, told):
    status, out, err = annconv(*arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert err.startswith("usage: annconv")


def test_an_error_is_its_text_and_status_1(annconv, tmp_path):
    status, out, err = annconv("inspect", tmp_path / "none.snn", "--ir", "plan")
    assert (status, out) == (1, "")
    path = tmp_path / "none.snn"
    assert err == f"ModelFileError: {path}: no such file. Instead: check the path.\n"


def test_scale_factors_without_normalisation_are_refused(annconv):
    status, _, err = annconv("convert", "m.keras", "m.snn", "--scale-factor", "2")
    assert status == 1
    assert "which has an effect only with normalize='model'" in err


def test_control_characters_are_written_out(annconv, monkeypatch):
    def fail(arguments):
        raise OptionError("layer '\x1b[2J'\x9b")

    monkeypatch.setattr(commands, "convert", fail)
    assert annconv("convert", "a", "b")[2] == "OptionError: layer '\\x1b[2J'\\x9b\n"


def test_a_warning_is_a_sentence(annconv, monkeypatch):
    def warn(arguments):
        import warnings

        warnings.warn("two layers were left out", ConversionWarning, stacklevel=1)

    monkeypatch.setattr(commands, "convert", warn)
    status, out, err = annconv("convert", "a", "b")
    assert (status, out, err) == (0, "", "ConversionWarning: two layers were left out\n")


def test_interrupted_ends_with_130(annconv, monkeypatch):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "convert", stop)
    assert annconv("convert", "a", "b") == (130, "", "")


def test_other_errors_are_bugs_and_keep_their_traceback(monkeypatch):
    def fail(arguments):
        raise RuntimeError("a bug")

    monkeypatch.setattr(commands, "convert", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["convert", "a", "b"])


def test_as_a_program(saved):
    command = [sys.executable, "-m", "annconv", "inspect", str(saved), "--ir", "network"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("network relay  dt=0.5 ms  steps=20")


def test_a_reader_that_has_gone_is_no_error(saved):
    command = [sys.executable, "-m", "annconv", "inspect", str(saved), "--ir", "network"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom annconv.cli import main\nassert main(['--help']) == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'annconv'" in done.stderr
    assert [name for name in HEAVY if f"'{name}'" in done.stderr] == []
