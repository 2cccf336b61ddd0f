"""Spike count: after all steps, the class whose output neuron spiked most often."""

from __future__ import annotations

from annconv.readouts.readout import Readout

READOUT = Readout(name="spike_count", observes=("count",), score="count")
