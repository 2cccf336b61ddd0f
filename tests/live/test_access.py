"""Whatever can only be read is refused in words where it is set."""

from __future__ import annotations

import re

import numpy as np
import pytest

from annconv.errors import UnavailableError

pytestmark = pytest.mark.compiles


def read_only(owner: object) -> list[str]:
    """Properties without a setter, and attributes that are set once."""
    found = {
        name
        for kind in type(owner).__mro__
        for name, entry in vars(kind).items()
        if isinstance(entry, property) and entry.fset is None
    }
    return sorted(found | owner._fixed)


def shown(owner: object, name: str) -> str:
    """An attribute's value in words, without its place in memory."""
    return re.sub(r"0x\w+", "", repr(getattr(owner, name, None)))


def test_what_can_only_be_read_cannot_be_set(live):
    network = live("picture")
    population = network.get_population("conv")
    convolution, pooling, dense = network.get_projections()
    owners = {
        "network": network,
        "population": population,
        "view of": population[1:3],
        "neuron": population.neuron(1),
        "monitor": network.monitor(population, ["v"], period=2.0),
        "projection": convolution,
        "projection ": pooling,
        "projection  ": dense,
        "dendrite": dense[1],
        "synapse": dense.synapse(0, 1),
    }
    for kind, owner in owners.items():
        assert read_only(owner), kind
        for name in read_only(owner):
            before = shown(owner, name)
            with pytest.raises(UnavailableError, match=re.escape(f"{name!r} can be read")) as error:
                setattr(owner, name, 2)
            text = str(error.value)
            assert text.startswith(kind.strip())
            assert "received 2. " in text
            assert text.endswith(".")
            assert shown(owner, name) == before, name


def test_a_delay_that_is_set(live):
    projection = live("dense").get_projections()[0]
    with pytest.raises(
        UnavailableError,
        match=re.escape(
            f"projection {projection.name!r}: 'delay' can be read but not set: received 2. Every "
            "projection delays by one step."
        ),
    ):
        projection.delay = 2
    assert projection.delay == 1.0


def test_other_names_become_attributes_of_python(live):
    network = live("dense")
    population = network.get_populations()[0]
    for owner in (network, population, population[:2], network.get_projections()[0]):
        owner.note = "mine"
        assert owner.note == "mine"
    view = population[1:3]
    view.mask = np.array([0.5, 0.25])
    assert population.mask.ravel()[1:3].tolist() == [0.5, 0.25]
