"""The command line: `annconv predict`, `annconv convert`, `annconv inspect`."""

from annconv.cli.entry import main

__all__ = ["main"]
