"""The command line: `annconv predict`, `convert`, `inspect`, `cache`, `doctor`."""

from annconv.cli.entry import main

__all__ = ["main"]
