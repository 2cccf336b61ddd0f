"""Text on its way to the terminal."""

from __future__ import annotations

import sys


def printable(text: str) -> str:
    """The text with control characters written out, so that no name in a file moves the cursor."""
    return text.translate(_CONTROLS)


_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
}


def show(text: str) -> None:
    """Print an answer on stdout; an empty one prints nothing."""
    if text:
        print(printable(text.rstrip("\n")))


def tell(text: str) -> None:
    """Print a remark on stderr."""
    print(printable(text), file=sys.stderr)
