"""All read-outs by name. A new one is a file that ends in READOUT, and its line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from annconv.readouts import (
    membrane_potential,
    spike_count,
    time_to_first_spike,
    time_to_k_spikes,
)
from annconv.readouts.readout import Readout


def merge(readouts: Iterable[Readout]) -> Mapping[str, Readout]:
    """Read-only mapping of read-outs by name.

    Raises:
        ValueError: Two have the same name.
    """
    merged: dict[str, Readout] = {}
    for readout in readouts:
        if readout.name in merged:
            raise ValueError(f"two read-outs are called {readout.name!r}")
        merged[readout.name] = readout
    return MappingProxyType(merged)


READOUTS = merge(
    module.READOUT
    for module in (spike_count, time_to_first_spike, time_to_k_spikes, membrane_potential)
)
"""Read-outs by the name in `read_out=`."""
