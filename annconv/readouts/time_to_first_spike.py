"""Time to first spike: the sample ends with the first output spike, whose class wins."""

from __future__ import annotations

from annconv.readouts.readout import Readout

READOUT = Readout(
    name="time_to_first_spike",
    observes=("count",),
    stop="count >= 1",
    score="count",
    neuron="IaF",
)
