"""Conversion: from a Graph of layers to a spiking Network."""

from annconv.conversion.presets import convert_graph

__all__ = ["convert_graph"]
