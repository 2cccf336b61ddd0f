"""Projections of several operators with weights: none of them hides another."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from zoo import OPTIONS, picture

from annconv.errors import InputError, UnavailableError
from annconv.ir.network import Network
from annconv.ir.operators import Dense, Reshape
from annconv.live.network import LiveNetwork
from annconv.live.weights import learned_operators, only_learned, present_weights

pytestmark = pytest.mark.compiles


def chained() -> Network:
    """The zoo's picture with a second matrix in front of its output."""
    network = picture()
    last = network.projections[-1]
    (size, classes) = last.operators[-1].weights.shape
    draw = np.random.default_rng(3).normal
    chain = (
        *last.operators[:-1], Dense(draw(size=(size, 5))), Dense(draw(size=(5, classes))),
    )  # fmt: skip
    return replace(network, projections=(*network.projections[:-1], replace(last, operators=chain)))


@pytest.fixture
def live() -> LiveNetwork:
    return LiveNetwork(chained(), OPTIONS)


def test_every_operator_with_weights_is_found():
    projection = chained().projections[-1]
    found = learned_operators(projection)
    assert list(found) == [1, 2]
    assert all(isinstance(entry, Dense) for entry in found.values())
    none = replace(projection, operators=(Reshape((3,)),))
    assert (learned_operators(none), only_learned(none)) == ({}, None)


def test_no_single_operator_is_taken_for_the_projection(live, tmp_path):
    projection = live.get_projections()[-1]
    first, second = chained().projections[-1].operators[1:]
    told = (
        f"projection {projection.name!r} has no weights of its own: expected one operator with "
        f"weights, received 2: {first}, {second}. `network.network` holds those of each."
    )
    for use in (
        lambda: projection.w,
        lambda: setattr(projection, "w", 0.0),
        lambda: projection.get("w"),
        lambda: projection.nb_synapses,
        lambda: projection.dendrite(0).w,
        projection.connectivity_matrix,
        lambda: projection.save(tmp_path / "p.npz"),
        lambda: live.save(tmp_path / "n.npz"),
    ):
        with pytest.raises(UnavailableError, match=re.escape(told)):
            use()


def test_the_network_holds_the_weights_of_each(live):
    live.step()
    network = live.engine.network
    assert live.network is network
    views = [present_weights(live.engine.state, network.projections[-1], at) for at in (1, 2)]
    views[1][0, 0] = 7.0
    edited = live.network.projections[-1].operators
    assert edited[1] is network.projections[-1].operators[1]
    assert edited[2].weights[0, 0] == 7.0
    views[0][0, 0] = np.nan
    with pytest.raises(InputError, match="expected finite numbers"):
        _ = live.network
    live.reset(synapses=True)
    assert live.network is network
