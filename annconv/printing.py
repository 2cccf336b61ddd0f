"""The one place that prints: answers, remarks, and the bar that shows progress.

A stream may be missing (daemons, `pythonw`, a descriptor that was closed), closed, full, a pipe
that nobody reads, or of an encoding without the letters of a name. Letters that it lacks are
escaped. An answer that cannot be printed is an error; a remark never stops what it accompanies.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TextIO

from annconv.errors import OutputError

_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
}
_CLOSED = "it is closed"
_STANDARD = 3  # descriptors: stdin, stdout, stderr


def printable(text: str) -> str:
    """The text with control characters written out, so that no name in a file moves the cursor."""
    return text.translate(_CONTROLS)


def show(text: str) -> None:
    """Print an answer on stdout; an empty one prints nothing.

    Raises:
        OutputError: stdout is missing, closed or full.
        BrokenPipeError: The reader of stdout has gone.
    """
    if not text:
        return
    fault = _put(sys.stdout, text.rstrip("\n") + "\n")
    if fault is not None:
        raise OutputError("stdout", fault)


def finish() -> None:
    """Make sure that what was written to stdout, by others too, has left this process.

    Raises:
        OutputError: stdout is closed or full.
        BrokenPipeError: The reader of stdout has gone.
    """
    fault = None if sys.stdout is None else _put(sys.stdout, "")
    if fault is not None:
        raise OutputError("stdout", fault)


def tell(text: str) -> bool:
    """Print a remark on stderr, if that is possible.

    Returns:
        Whether it was: where it was not, nobody is left who could be told.
    """
    try:
        return _put(sys.stderr, text + "\n") is None
    except BrokenPipeError:
        return False


def flush_remarks() -> None:
    """Let what was written to stderr, by others too, leave this process, if that is possible."""
    if sys.stderr is not None:
        with suppress(BrokenPipeError):
            _put(sys.stderr, "")


def say(text: str) -> None:
    """Print a remark of the library on stdout.

    Without a stdout nothing is printed, as by `print`. What stands on a full one is lost; stderr
    says so.

    Raises:
        BrokenPipeError: The reader of stdout has gone.
    """
    if sys.stdout is None:
        return
    fault = _put(sys.stdout, text + "\n")
    if fault is not None:
        tell(f"stdout cannot be written ({fault}): a remark is lost.")


def progress_bar(total: int, shown: bool) -> AbstractContextManager[Callable[[int], None] | None]:
    """A bar on stderr: a function that takes the number of finished samples.

    Args:
        total: Number of samples.
        shown: Whether there is a bar; otherwise, and without a stderr, None comes instead of the
            function.
    """
    return nullcontext() if not shown or sys.stderr is None else _bar(total, sys.stderr)


@contextmanager
def _bar(total: int, stream: TextIO) -> Iterator[Callable[[int], None]]:
    """The bar of `progress_bar` on a stream."""
    from tqdm import tqdm

    with tqdm(total=total, file=_Remarks(stream)) as bar:

        def update(done: int) -> None:
            bar.update(done - bar.n)

        yield update
        update(total)


def settle() -> None:
    """Before the process ends: let what stdout and stderr hold and cannot write go nowhere.

    Python's last flush would fail once more, and change the exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and _put(stream, "") is not None:
                _drop(stream)
        except BrokenPipeError:
            _drop(stream)


def occupy_standard_descriptors() -> None:
    """Open what is closed of descriptors 0 to 2 onto nothing.

    The next file that is opened would get such a number, and whatever C++ prints would be written
    into it.
    """
    for descriptor in range(_STANDARD):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)


def _drop(stream: TextIO) -> None:
    """Turn a stream away from its file."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # no file is below it, or it is closed: Python does not flush it
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


class _Remarks(io.TextIOBase):
    """A stream for remarks of others, which fail to know what can happen to stderr."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream, by which tqdm chooses the letters of its bar."""
        return _encoding(self._stream) or "ascii"

    def fileno(self) -> int:
        """The descriptor, which tells the terminal's width."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write if that is possible."""
        try:
            _put(self._stream, text, controls=True)
        except BrokenPipeError:
            return 0
        return len(text)


def _put(stream: TextIO | None, text: str, *, controls: bool = False) -> str | None:
    """Write a text and flush it.

    Args:
        stream: Where to.
        text: What; letters that the stream lacks are escaped.
        controls: Whether control characters stay.
    Returns:
        Why it could not be written, None if it was.
    Raises:
        BrokenPipeError: The reader has gone.
    """
    if stream is None:
        return _CLOSED
    try:
        stream.write(_encodable(text if controls else printable(text), _encoding(stream)))
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        return _CLOSED if error.errno == errno.EBADF else (error.strerror or str(error))
    except ValueError as error:  # closed by the script, or detached from its file
        return str(error).rstrip(".")
    return None


def _encoding(stream: TextIO) -> str | None:
    """A stream's encoding; None where it takes any letter."""
    found = getattr(stream, "encoding", None)
    return found if isinstance(found, str) else None


def _encodable(text: str, encoding: str | None) -> str:
    """A text in which the letters that an encoding lacks are written out as their numbers."""
    if encoding is None:
        return text
    return text.encode(encoding, "backslashreplace").decode(encoding)
