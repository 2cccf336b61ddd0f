"""Time to k spikes: the sample ends when an output neuron has spiked k times; most spikes win."""

from __future__ import annotations

from annconv.readouts.readout import Readout

READOUT = Readout(
    name="time_to_k_spikes",
    parameters=(("k", 5.0),),
    observes=("count",),
    stop="count >= k",
    score="count",
    neuron="Counter",
)
