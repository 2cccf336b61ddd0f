"""The way in and out of the command line: arguments, exit status, what reaches the terminal."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TextIO

from annconv.cli.doctor import examine
from annconv.cli.packages import missing_packages, missing_text
from annconv.cli.text import tell
from annconv.errors import AnnconvError, ConversionWarning

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
    try:
        command = _command(sys.argv[1:] if argv is None else list(argv))
        with warnings.catch_warnings():
            warnings.simplefilter("always", ConversionWarning)
            warnings.showwarning = _show_warning
            command()
        sys.stdout.flush()
    except SystemExit as request:  # argparse has printed help, version or the fault
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
        _drop_output()
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


def _drop_output() -> None:
    """Let Python's last flush of stdout go nowhere instead of failing once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
