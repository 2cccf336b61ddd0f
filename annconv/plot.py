"""Spikes and potentials over time, drawn into axes: `annconv.report.plot` under its public name."""

from annconv.report.plot import potentials, raster

__all__ = ["potentials", "raster"]
