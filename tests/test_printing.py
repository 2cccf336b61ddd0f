"""All that is printed, on streams that are missing, closed, full, unread, or lack letters."""

from __future__ import annotations

import ast
import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from annconv.errors import OutputError
from annconv.printing import (
    printable,
    progress_bar,
    say,
    settle,
    show,
    tell,
)

FULL = os.strerror(errno.ENOSPC)
LETTERS = "é 日本 \U0001f9e0 \ud800 \x1b[2J"


class Failing(io.RawIOBase):
    """A file that takes nothing."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise self.error


def failing(number: int) -> TextIO:
    """A stream, buffered as stdout is, whose file fails."""
    buffered = io.BufferedWriter(Failing(OSError(number, os.strerror(number))))
    return io.TextIOWrapper(buffered, encoding="utf-8")


def closed() -> TextIO:
    stream = io.TextIOWrapper(io.BytesIO())
    stream.close()
    return stream


def detached() -> TextIO:
    stream = io.TextIOWrapper(io.BytesIO())
    stream.detach()
    return stream


UNUSABLE: dict[str, tuple[Callable[[], TextIO | None], str]] = {
    "missing": (lambda: None, "it is closed"),
    "closed": (closed, "I/O operation on closed file"),
    "detached": (detached, "underlying buffer has been detached"),
    "descriptor closed": (lambda: failing(errno.EBADF), "it is closed"),
    "full": (lambda: failing(errno.ENOSPC), FULL),
    "only for reading": (lambda: io.TextIOWrapper(io.BufferedReader(io.BytesIO())), "not writable"),
}


@pytest.fixture(params=UNUSABLE)
def unusable(request: pytest.FixtureRequest) -> tuple[TextIO | None, str]:
    make, why = UNUSABLE[request.param]
    return make(), why


def test_controls_are_written_out_and_letters_stay() -> None:
    assert printable("a\tb\n\r\x07é→\x85") == "a\tb\n\\x0d\\x07é→\\x85"


def test_answers_and_remarks(capsys: pytest.CaptureFixture[str]) -> None:
    show("one\ntwo\n\n")
    show("")
    say("three")
    assert tell("by the way")
    assert capsys.readouterr() == ("one\ntwo\nthree\n", "by the way\n")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "é 日本 \U0001f9e0 \\ud800 \\x1b[2J\n"),
        ("latin-1", "é \\u65e5\\u672c \\U0001f9e0 \\ud800 \\x1b[2J\n"),
        ("ascii", "\\xe9 \\u65e5\\u672c \\U0001f9e0 \\ud800 \\x1b[2J\n"),
        ("cp932", "\\xe9 日本 \\U0001f9e0 \\ud800 \\x1b[2J\n"),
        (None, "é 日本 \U0001f9e0 \ud800 \\x1b[2J\n"),
    ],
)
@pytest.mark.parametrize("function", [show, say, tell])
def test_letters_that_a_stream_lacks_are_escaped(
    function: Callable[[str], object],
    encoding: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    plain = io.StringIO(newline="")
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="") if encoding else plain
    monkeypatch.setattr(sys, "stderr" if function is tell else "stdout", stream)
    function(LETTERS)
    found = raw.getvalue().decode(encoding) if encoding else plain.getvalue()
    assert found == expected


def test_an_answer_that_cannot_be_printed_is_an_error(
    unusable: tuple[TextIO | None, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, why = unusable
    monkeypatch.setattr(sys, "stdout", stream)
    show("")
    with pytest.raises(OutputError) as caught:
        show("answer")
    assert caught.value.stream == "stdout"
    assert why in caught.value.why
    assert str(caught.value).startswith(f"stdout cannot be written: {caught.value.why}. Instead: ")


def test_a_remark_stops_nothing(
    unusable: tuple[TextIO | None, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream, why = unusable
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        assert not tell("remark")
        patch.setattr(sys, "stdout", stream)
        say("remark")
    monkeypatch.setattr(sys, "stdout", stream)
    say("remark")
    told = capsys.readouterr().err
    assert told == "" if stream is None else why in told


def test_a_progress_bar_without_a_usable_stderr(
    unusable: tuple[TextIO | None, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, _ = unusable
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(3, shown=True) as update:
        assert (update is None) == (stream is None)
        if update is not None:
            update(2)


def test_a_progress_bar_on_a_stream_of_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    with progress_bar(3, shown=True):
        pass
    assert b"3/3" in raw.getvalue()
    assert b"\\" not in raw.getvalue()


def test_a_reader_that_has_gone_ends_who_prints_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", failing(errno.EPIPE))
    for function in (show, say):
        with pytest.raises(BrokenPipeError):
            function("text")
    monkeypatch.setattr(sys, "stderr", failing(errno.EPIPE))
    assert not tell("text")
    with progress_bar(1, shown=True) as update:
        assert update is not None


def test_what_cannot_be_written_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w") as full, (tmp_path / "file").open("w") as healthy:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", full)
        monkeypatch.setattr(sys, "stderr", healthy)
        full.write("text")
        healthy.write("text")
        settle()
        full.flush()
    assert (tmp_path / "file").read_text() == "text"


def test_nothing_else_prints(root_folder: Path) -> None:
    """No other module names a standard stream; `print` is refused by the linter."""
    places = []
    for path in (root_folder / "annconv").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Attribute) and node.attr in {"stdout", "stderr"}
            if named and isinstance(node.value, ast.Name) and node.value.id == "sys":
                places.append(str(path.relative_to(root_folder / "annconv")))
    children = {"frontend/hdf5.py"}  # a process of its own, whose answer another one reads
    assert set(places) - children == {"printing.py"}
