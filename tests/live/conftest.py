"""Live networks of the zoo, compiled once and begun anew for every test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from live_oracle import first_rates
from zoo import OPTIONS, ZOO

from annconv.live.network import LiveNetwork

Make = Callable[..., LiveNetwork]


@pytest.fixture
def live() -> Make:
    """A live network of the zoo by name; its input has the rates of its first sample."""

    def make(name: str, seed: int = 0, *, rates: bool = True) -> LiveNetwork:
        network = ZOO[name]()
        found = LiveNetwork(network, OPTIONS, seed)
        if rates:
            found.get_populations()[0].rates = first_rates(name)
        return found

    return make
