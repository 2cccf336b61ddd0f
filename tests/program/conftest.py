"""Builders of standalone programs with sanitizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sanitized_programs import Program, build_alone, sanitized

from annconv.ir.network import Network


@pytest.fixture(scope="session")
def make_program(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Program]:
    """Builds a network's program with the options of `sanitized`."""

    def make(network: Network, precision: str = "double", **changes: Any) -> Program:
        return build_alone(
            network, sanitized(precision, **changes), tmp_path_factory.mktemp("program")
        )

    return make
