"""The command line where stdout or stderr cannot take what it prints."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from annconv.build.cache import Cache
from annconv.build.key import BuildKey
from annconv.cli import commands, main

NAME = "netz é 日本 \udc80"
ESCAPED = "netz \\xe9 \\u65e5\\u672c \\udc80"
CLOSED = "OutputError: stdout cannot be written: it is closed. Instead: redirect it to a file"
FULL = "OutputError: stdout cannot be written: No space left on device. Instead: redirect it"


@pytest.fixture
def ascii_streams(monkeypatch):
    """Runs the command line on streams that take ASCII only; status, stdout and stderr."""

    def run(*arguments):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        status = main([str(entry) for entry in arguments])
        return status, *(stream.buffer.getvalue().decode() for stream in streams)

    return run


def test_a_network_is_saved_and_printed_whatever_its_name(
    ascii_streams, network, tmp_path, monkeypatch
):
    monkeypatch.setattr(commands, "_network", lambda _: replace(network, name=NAME))
    status, out, err = ascii_streams("convert", "model.keras", tmp_path / "out.snn")
    assert (status, err) == (0, "")
    assert out.startswith(f"network {ESCAPED}  dt=0.5 ms")
    assert (tmp_path / "out.snn").is_file()


def test_one_name_does_not_break_the_list_of_the_cache(ascii_streams, tmp_path, monkeypatch):
    monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path))
    key = BuildKey((), "", ("", "", ""), ("", ""), (), None, ())
    Cache(tmp_path).obtain(key, NAME, lambda _: None)
    status, out, err = ascii_streams("cache", "list")
    assert (status, err) == (0, "")
    assert [line.strip() for line in out.splitlines()[1:]][:1] == [f"first build of {ESCAPED}"]
    assert out.splitlines()[0].endswith(ESCAPED)


def test_errors_wrong_usage_and_warnings_are_told_whatever_their_letters(
    ascii_streams, monkeypatch
):
    status, _, err = ascii_streams("inspect", f"{NAME}.snn", "--ir", "plan")
    assert status == 1
    assert err == f"ModelFileError: {ESCAPED}.snn: no such file. Instead: check the path.\n"
    status, _, err = ascii_streams(NAME)
    assert status == 2
    assert "invalid choice: 'netz \\xe9 \\u65e5\\u672c \\udc80'" in err

    def warn(arguments):
        logging.getLogger("annconv").warning("waiting for %s", NAME)

    monkeypatch.setattr(commands, "convert", warn)
    monkeypatch.setattr(logging.getLogger("annconv"), "propagate", False)
    assert ascii_streams("convert", "a", "b") == (0, "", f"waiting for {ESCAPED}\n")


@pytest.mark.compiles
def test_labels_are_printed_without_a_stderr(annconv, saved, samples, tmp_path, monkeypatch):
    (tmp_path / "labels.txt").write_text("2\n0\n1\n1\n")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", None)
        assert annconv("predict", saved, samples)[:2] == (0, "2\n0\n1\n1\n")
        # The accuracy, which was asked for, is on stderr: the status says that it is lost.
        known = annconv("predict", saved, samples, "--labels", tmp_path / "labels.txt")
    assert known == (1, "2\n0\n1\n1\n", "")


def test_an_answer_without_a_stdout(annconv, saved, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        status, _, err = annconv("inspect", saved, "--ir", "network")
    assert status == 1
    assert err.startswith(CLOSED)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "redirected", "status", "told"),
    [
        ("inspect", ">/dev/full", 1, FULL),
        ("inspect", ">&-", 1, CLOSED),
        ("inspect", ">/dev/full 2>/dev/full", 1, ""),
        ("inspect", "<&- >&- 2>&-", 1, ""),
        ("--help", ">/dev/full", 1, FULL),
        ("missing", "2>/dev/full", 2, ""),
    ],
)
def test_as_a_program(saved, arguments, redirected, status, told):
    """Real descriptors: Python's own last flush changes no status and prints no traceback."""
    words = ["inspect", str(saved), "--ir", "network"] if arguments == "inspect" else [arguments]
    script = f'exec "$@" {redirected}'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "annconv", *words]
    # Buffered as usual: what is left in a buffer is what Python's last flush meets.
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, env=buffered, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == (told != "")


def test_what_is_printed_elsewhere_never_lands_in_a_file(tmp_path):
    """Without a stderr the next file would get its number, and what C++ prints."""
    code = """
import os, sys
from annconv.cli import commands, main

def convert(arguments):
    with open(arguments.output, "w") as file:
        os.write(2, b"noise")
        file.write("answer")

commands.convert = convert
sys.exit(main(["convert", "model.keras", sys.argv[1]]))
"""
    command = ["sh", "-c", 'exec "$@" <&- 2>&-', "sh", sys.executable, "-c", code]
    subprocess.run([*command, tmp_path / "file"], check=True)
    assert (tmp_path / "file").read_text() == "answer"
