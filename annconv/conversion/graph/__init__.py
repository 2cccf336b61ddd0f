"""Graph to Graph: the same outputs with fewer nodes and operations, by rewrites in a file each."""

from annconv.conversion.graph.simplify import simplify

__all__ = ["simplify"]
