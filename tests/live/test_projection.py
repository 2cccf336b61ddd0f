"""Weights of projections, read, set and felt."""

from __future__ import annotations

import numpy as np
import pytest
from zoo import ZOO, numbers

from annconv.errors import FilterError, InputError, UnavailableError
from annconv.live.network import LiveNetwork
from annconv.options import CompileOptions

pytestmark = pytest.mark.compiles

MATRIX = numbers(6, 5).T
"""(post, pre) weights of the first projection of `dense`."""


@pytest.fixture
def proj(live):
    return live("dense").get_projection("dense_proj_2")


@pytest.fixture
def picture(live):
    return live("picture")


def test_description(proj):
    assert (proj.pre.name, proj.post.name, proj.target, proj.delay) == ("image", "hidden", "exc", 1)
    assert (proj.size, len(proj), proj.post_ranks, proj.id) == (5, 5, [0, 1, 2, 3, 4], 0)
    assert (proj.parameters, proj.variables, proj.attributes) == (["w"], [], ["w"])
    assert (proj.functions, proj.plasticity, proj.update) == ([], True, True)
    assert proj.synapse_type.pre_spike == "g_exc += w"
    assert (proj.nb_synapses, proj.nb_synapses_per_dendrite) == (30, [6] * 5)
    assert proj.pre_ranks == [[0, 1, 2, 3, 4, 5]] * 5


def test_delays_are_in_ms(live):
    assert {entry.delay for entry in live("signed").get_projections()} == {0.5}
    assert {entry.delay for entry in live("branches").get_projections()} == {0.0}


def test_weights_are_lists_of_post_and_pre(proj):
    assert proj.w == MATRIX.tolist()
    assert proj.get("w") == proj.w
    matrix = proj.connectivity_matrix()
    assert (matrix.dtype, matrix.shape) == (np.float64, (5, 6))
    np.testing.assert_array_equal(matrix, MATRIX)
    matrix[:] = 0
    assert proj.w == MATRIX.tolist(), "a copy"


def test_setting_weights(proj):
    for value in (MATRIX * 2, (MATRIX * 2).tolist(), (MATRIX * 2).astype(np.float32)):
        proj.w = value
        np.testing.assert_array_equal(proj.w, MATRIX * 2)
        proj.w = 0.25
        assert proj.w == [[0.25] * 6] * 5
    proj.set({"w": MATRIX})
    assert proj.w == MATRIX.tolist()


@pytest.mark.parametrize("value", [np.ones((6, 5)), np.ones(30), [[1.0]], [1.0], [[1, 2], [3]],
                                   "x", None])  # fmt: skip
def test_weights_that_do_not_fit(proj, value):
    with pytest.raises(InputError, match=r"dense_proj_2.w: expected (one number, or an|a number)"):
        proj.w = value
    assert proj.w == MATRIX.tolist()


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf], ids=["nan", "inf", "-inf"])
def test_weights_that_are_not_finite(picture, number):
    dense, conv = picture.get_projection("dense_proj_4"), picture.get_projection("conv_proj_2")
    weights, filters = np.array(dense.w), conv.weights
    one, one_filter = weights.copy(), filters.copy()
    one[1, 3] = one_filter[0, 0, 1, 0] = number
    received = f"({number:g}\\.|1 that are NaN or infinite, the first at index )"
    expected = f"expected finite numbers that float64 can hold, received {received}"

    def refused(what):
        return pytest.raises(InputError, match=f"^{what}: {expected}")

    for value in (number, one, one.tolist()):
        with refused("dense_proj_4.w"):
            dense.w = value
    with refused("dense_proj_4.w"):
        dense.set({"w": number})
    for value in (number, one[1]):
        with refused("w of dendrite 1 of 'dense_proj_4'"):
            dense[1].w = value
    with refused("w of synapse 3 of 'dense_proj_4'"):
        dense.synapse(3, 1).w = number
    with refused("conv_proj_2.weights"):
        conv.weights = one_filter
    np.testing.assert_array_equal(dense.w, weights)
    np.testing.assert_array_equal(conv.weights, filters)
    assert picture.network is picture.engine.network, "nothing has changed"


def test_weights_beyond_single_precision():
    options = CompileOptions(precision="single", compiler_level=0)
    dense = LiveNetwork(ZOO["dense"](), options).get_projection("dense_proj_2")
    message = r"finite numbers that float32 can hold, received 1 that are too large, as 1e.39, the "
    message += r"first at index \(0, 0\)"
    weights = np.array(dense.w)
    changed = weights.copy()
    changed[0, 0] = 1e39
    with pytest.raises(InputError, match=message):
        dense.w = changed
    np.testing.assert_array_equal(dense.w, weights)


def test_dendrites(proj):
    dendrite = proj.dendrite(1)
    assert dendrite.w == MATRIX[1].tolist()
    assert dendrite.get("w") == dendrite.w
    assert (dendrite.pre_ranks, dendrite.pre_rank) == ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])
    assert (dendrite.size, len(dendrite), dendrite.post_rank) == (6, 6, 1)
    assert (dendrite.proj, dendrite.pre, dendrite.post) == (proj, proj.pre, proj.post)
    assert (dendrite.target, dendrite.parameters, dendrite.variables) == ("exc", ["w"], [])
    assert dendrite.attributes == ["w"]
    dendrite.w = 0.5
    assert proj.w[1] == [0.5] * 6
    dendrite.set({"w": range(6)})
    assert proj.w[1] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert proj.w[0] == MATRIX[0].tolist()
    assert [entry.post_rank for entry in proj] == [0, 1, 2, 3, 4]
    assert [entry.w[0] for entry in proj.dendrites] == [row[0] for row in proj.w]
    assert proj[2].w == proj.w[2]


def test_synapses(proj):
    synapse = proj.synapse(3, 1)
    assert synapse.w == MATRIX[1, 3]
    assert (synapse.rank, synapse.dendrite.post_rank) == (3, 1)
    synapse.w = 7
    assert proj.w[1][3] == 7.0
    dendrite = proj.dendrite(1)
    assert [entry.w for entry in dendrite] == dendrite.w
    assert [entry.rank for entry in dendrite.synapses] == list(range(6))
    assert dendrite[3].w == 7.0


def test_dendrites_and_synapses_that_are_not_there(proj):
    for rank in (5, -1, 0.5, None):
        with pytest.raises(InputError, match=r"dendrite of 'dense_proj_2': expected a rank from 0"):
            proj.dendrite(rank)
    for rank in (6, -1, "a"):
        with pytest.raises(InputError, match="synapse of 'dense_proj_2': expected a pre-synaptic"):
            proj.dendrite(0).synapse(rank)
    with pytest.raises(InputError, match=r"w of dendrite 0 of 'dense_proj_2': expected one num"):
        proj[0].w = [1.0]
    with pytest.raises(InputError, match=r"synapse 2 of 'dense_proj_2': expected one number"):
        proj[0][2].w = [1.0, 2.0]
    with pytest.raises(UnavailableError, match="dendrite of 'dense_proj_2' has no attribute 'tau'"):
        proj[0].get("tau")
    with pytest.raises(UnavailableError, match="dendrite of 'dense_proj_2' has no attribute 'tau'"):
        proj[0].set({"tau": 1})


def test_unknown_attributes(proj):
    for name in ("weights", "bogus"):
        with pytest.raises(UnavailableError, match=f"'dense_proj_2' has no attribute '{name}'"):
            getattr(proj, name)
    with pytest.raises(UnavailableError, match="'dense_proj_2' has no attribute 'tau'"):
        proj.set({"tau": 1.0})
    with pytest.raises(UnavailableError, match="'dense_proj_2' has no attribute 'tau'"):
        proj.get("tau")
    with pytest.raises(InputError, match=r"dense_proj_2.set: expected a dict"):
        proj.set(1.0)


def test_filters_of_a_convolution(picture):
    conv = picture.get_projection("conv_proj_2")
    assert type(conv).__name__ == "Convolution"
    kernel = numbers(2, 2, 1, 2, step=0.5)
    assert (conv.weights.dtype, conv.weights.shape) == (np.float64, (2, 2, 2, 1))
    for filter_ in range(2):
        np.testing.assert_array_equal(conv.weights[filter_], kernel[..., filter_])
    conv.weights = conv.weights * 2
    np.testing.assert_array_equal(conv.weights[1], kernel[..., 1] * 2)
    assert (conv.operation, conv.synapse_type.psp) == ("sum", "pre.mask * w")
    for value in (np.ones((3, 3)), np.ones((2, 2, 1, 2)), 0.5):
        with pytest.raises(FilterError, match=r"conv_proj_2.weights: expected an array \(2, 2"):
            conv.weights = value
    assert issubclass(FilterError, AttributeError)


def test_what_shared_weights_do_not_have(picture):
    conv, pool = picture.get_projections()[:2]
    for name in ("w", "nb_synapses", "pre_ranks", "nb_synapses_per_dendrite"):
        with pytest.raises(UnavailableError, match="neurons of a convolution share its filters"):
            getattr(conv, name)
        with pytest.raises(UnavailableError, match="a pooling layer has no weights"):
            getattr(pool, name)
    for proj in (conv, pool):
        with pytest.raises(UnavailableError, match=f"projection {proj.name!r} has no 'w'"):
            proj.connectivity_matrix()
        with pytest.raises(UnavailableError, match=f"projection {proj.name!r} has no 'w'"):
            proj.w = 0.5
        with pytest.raises(UnavailableError, match=f"projection {proj.name!r} has no 'w'"):
            proj.dendrite(0).w  # noqa: B018
    with pytest.raises(UnavailableError, match="'pool_proj_3' has no attribute 'weights'"):
        pool.weights  # noqa: B018


def test_windows_of_pooling(live):
    pool = live("picture").get_projection("pool_proj_3")
    assert type(pool).__name__ == "Pooling"
    assert (pool.operation, pool.extent, pool.size) == ("max", [2, 2, 1], 8)
    assert pool.synapse_type.psp == "pre.mask"
    assert live("branches").get_projection("skip").operation == "mean"


def test_transmission_can_be_switched_off(live):
    network = live("dense", seed=1)
    proj = network.get_projection("dense_proj_2")
    monitor = network.monitor(proj.post, ["g_exc"])
    network.simulate(10)
    assert monitor.get("g_exc").any()
    proj.transmission = False
    network.simulate(10)
    assert not monitor.get("g_exc").any()
    network.reset()
    assert proj.transmission is False, "a reset leaves it"
    proj.transmission = True
    network.get_population("image").rates = 800.0
    network.simulate(10)
    assert monitor.get("g_exc").any()


def test_weights_survive_a_reset_unless_asked_for(live):
    network = live("picture")
    conv, dense = network.get_projection("conv_proj_2"), network.get_projection("dense_proj_4")
    loaded = (conv.weights, dense.w)
    conv.weights, dense.w = conv.weights + 1.0, 0.5
    network.reset(projections=True)
    assert dense.w[0][0] == 0.5
    network.reset(synapses=True)
    np.testing.assert_array_equal(conv.weights, loaded[0])
    assert dense.w == loaded[1]
