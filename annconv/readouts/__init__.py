"""Read-outs: how the output population becomes a class."""

from annconv.readouts.model import ReadoutModel, parse_readout
from annconv.readouts.readout import Readout
from annconv.readouts.table import READOUTS

__all__ = ["READOUTS", "Readout", "ReadoutModel", "parse_readout"]
