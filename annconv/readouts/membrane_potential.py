"""Membrane potential: output neurons integrate without spiking; the highest potential wins."""

from __future__ import annotations

from annconv.readouts.readout import Readout

READOUT = Readout(
    name="membrane_potential",
    observes=("v",),
    score="v",
    neuron="Integrator",
)
