"""The way in and out of the command line: arguments, exit status, what reaches the terminal."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TextIO

from annconv.cli.doctor import examine
from annconv.cli.packages import missing_packages, missing_text
from annconv.errors import AnnconvError, ConversionWarning
from annconv.printing import finish, occupy_standard_descriptors, settle, tell

FAILED = 1
INTERRUPTED = 128 + 2
"""As a shell reports a program that SIGINT ended."""
PIPE_CLOSED = 128 + 13
"""As a shell reports a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments behind the program's name; None: those of this process.
    Returns:
        The exit status: 0 done, 1 an error of annconv (its text is on stderr), 2 wrong usage, 130
        ended by Ctrl-C, 141 the reader of stdout has gone.
    """
    occupy_standard_descriptors()
    status = _run(sys.argv[1:] if argv is None else list(argv))
    settle()
    return status


def _run(argv: list[str]) -> int:
    """Run one command, tell what went wrong; returns the exit status."""
    try:
        command = _command(argv)
        with warnings.catch_warnings(), _remarks():
            warnings.simplefilter("always", ConversionWarning)
            warnings.showwarning = _show_warning
            command()
        finish()
    except SystemExit as request:  # the parser has printed help, version or the fault
        return int(request.code or 0)
    except AnnconvError as error:
        tell(f"{type(error).__name__}: {error}")
        return FAILED
    except ImportError:
        missing = missing_packages()
        if not missing:
            raise
        tell(f"{AnnconvError.__name__}: {missing_text(missing)}")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED
    return 0


def _command(argv: list[str]) -> Callable[[], None]:
    """What the arguments ask for."""
    try:
        from annconv.cli.arguments import make_parser  # needs the packages that doctor looks for
    except ImportError:
        if argv == ["doctor"]:
            return examine
        raise
    arguments = make_parser().parse_args(argv)
    return partial(arguments.command, arguments)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as a sentence, without the place in the source that gave it."""
    tell(f"{category.__name__}: {message}")


class _Teller(logging.Handler):
    """Prints what the logger `annconv` warns of."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        tell(record.getMessage())


@contextmanager
def _remarks() -> Iterator[None]:
    """Print what the logger `annconv` warns of, unless whoever calls has seen to that."""
    logger = logging.getLogger("annconv")
    if logger.hasHandlers():
        yield
        return
    teller = _Teller(logging.WARNING)
    logger.addHandler(teller)
    try:
        yield
    finally:
        logger.removeHandler(teller)
