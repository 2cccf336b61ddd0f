"""Graph to Graph: the same outputs with fewer nodes and operations, by steps of their own."""

from annconv.conversion.graph.simplify import simplify

__all__ = ["simplify"]
