"""The command line: `annconv predict`, `convert`, `inspect`, `cache`."""

from annconv.cli.entry import main

__all__ = ["main"]
