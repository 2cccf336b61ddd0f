"""What ends `simulate_until`."""

from __future__ import annotations

from annconv.readouts import READOUTS, Readout

_AS_REFERENCE = (
    ("time_to_first_spike", "spiked: any"),
    ("time_to_k_spikes", "sc >= k: any"),
)

STOPPING = tuple(readout.name for readout in READOUTS.values() if readout.stop is not None)
"""Names of the read-outs with a condition."""


def stop_condition(readout: Readout) -> str | None:
    """The condition of the output population, as the reference writes it; None without one."""
    return dict(_AS_REFERENCE).get(readout.name, readout.stop)


def looks_at_present_step(readout: Readout) -> bool:
    """Whether a condition is about the spikes of the present step, not of all since the reset."""
    condition = stop_condition(readout)
    return condition is not None and condition.startswith("spiked")
