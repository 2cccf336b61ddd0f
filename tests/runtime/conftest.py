"""The shared networks, compiled once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from zoo import OPTIONS, ZOO

from annconv.runtime.compiled import CompiledNetwork, compile_network


@pytest.fixture(scope="session")
def zoo() -> Mapping[str, CompiledNetwork]:
    """Every network of the zoo, one thread, double precision."""
    return {name: compile_network(make(), OPTIONS) for name, make in ZOO.items()}


@pytest.fixture
def compiled(zoo: Mapping[str, CompiledNetwork]) -> CompiledNetwork:
    """Poisson input of 6 values, 3 classes."""
    return zoo["dense"]
