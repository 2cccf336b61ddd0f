"""The NumPy interpreter, one sample, every variable after every step."""

from __future__ import annotations

import numpy as np
from zoo import ZOO, samples

from annconv.ir.network import Network
from annconv.reference.simulation import Simulation


class Oracle:
    """A network in the oracle, stepped beside the live one.

    Attributes:
        rows: (population, variable, sum or "spike") -> one array of the geometry for each step.
    """

    def __init__(self, network: Network, rates: np.ndarray, seed: int = 0, sample: int = 0) -> None:
        self._simulation = Simulation(network, rates[None], seed=seed, samples=np.array([sample]))
        self.rows: dict[tuple[str, str], list[np.ndarray]] = {}

    def run(self, steps: int) -> Oracle:
        """Advance, and keep everything."""
        for _ in range(steps):
            self._simulation.advance()
            for name, state in self._simulation.states.items():
                kept = [entry.name for entry in state.model.variables]
                kept += [f"g_{target}" for target in state.model.conductances]
                for key in kept:
                    self.rows.setdefault((name, key), []).append(state.full(key)[0])
                self.rows.setdefault((name, "spike"), []).append(state.spikes[0])
        return self

    def values(self, population: str, variable: str) -> np.ndarray:
        """(steps, *geometry)."""
        return np.array(self.rows[population, variable])

    def spikes(self, population: str) -> dict[int, list[int]]:
        """Rank -> steps."""
        fired = self.values(population, "spike")
        flat = fired.reshape(len(fired), -1) > 0
        return {rank: np.flatnonzero(flat[:, rank]).tolist() for rank in range(flat.shape[1])}


def first_rates(name: str) -> np.ndarray:
    """Rates of the first sample of a network of the zoo."""
    network = ZOO[name]()
    return samples(network)[0] * network.input_scale
