"""Some neurons of a population, and single ones."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.errors import InputError, UnavailableError

pytestmark = pytest.mark.compiles


@pytest.fixture
def conv(live):
    population = live("picture").get_population("conv")
    population.v = np.arange(32)
    return population


RANKS = np.arange(32).reshape(4, 4, 2)


@pytest.mark.parametrize(
    ("index", "ranks", "geometry"),
    [
        (3, [3], (1,)),
        (slice(1, 4), [1, 2, 3], (3,)),
        (slice(0, 9, 4), [0, 4, 8], (3,)),
        ([0, 2], [0, 2], (2,)),
        ([5, 1, 5], [1, 5], (2,)),
        (np.array([1, 2]), [1, 2], (2,)),
        (np.arange(32) > 29, [30, 31], (2,)),
        ((slice(0, 2), slice(None), 1), RANKS[0:2, :, 1].ravel().tolist(), (2, 4, 1)),
        ((1, slice(None), slice(None)), RANKS[1].ravel().tolist(), (1, 4, 2)),
        (([0, 3], slice(1, 2), [0]), [2, 26], (2, 1, 1)),
    ],
)
def test_selections(conv, index, ranks, geometry):
    view = conv[index]
    assert view.ranks.tolist() == ranks
    assert (view.size, len(view), view.geometry) == (len(ranks), len(ranks), geometry)
    assert (view.name, view.population, view.id) == ("conv", conv, 1)
    assert view.ranks.dtype == (np.int32 if isinstance(index, slice) else np.int64)
    assert view.v.tolist() == [float(rank) for rank in ranks]
    assert view.v.dtype == np.float64
    view.v = -1.0
    expected = np.arange(32.0)
    expected[ranks] = -1.0
    np.testing.assert_array_equal(conv.v.ravel(), expected)
    view.v = np.arange(len(ranks)) * 2
    expected[ranks] = np.arange(len(ranks)) * 2
    np.testing.assert_array_equal(conv.v.ravel(), expected)


@pytest.mark.parametrize(
    "index",
    [-1, 32, slice(0, 33), slice(-3, None), slice(None, None, -1), slice(0, 0), [], [0, 99],
     np.array([True, False]), ..., None, 1.5, "v", [1.5], [[1, 2], [3]], [[1, 2]],
     (slice(None),), (slice(0, 5), 0, slice(None)), (0, [4], slice(None))],
)  # fmt: skip
def test_selections_that_name_no_neurons(conv, index):
    with pytest.raises(InputError, match=r"neurons of 'conv': expected ranks from 0 to 31, or an"):
        conv[index]


def test_sums_of_views(conv):
    assert (conv[1:3] + conv[[0, 2]]).ranks.tolist() == [0, 1, 2]
    assert (conv.neuron(5) + conv[[2]]).ranks.tolist() == [2, 5]
    assert (conv.neuron(5) + conv.neuron(1)).ranks.tolist() == [1, 5]
    for other in (3, None):
        with pytest.raises(InputError, match=r"view of 'conv' \+: expected a view of the same"):
            conv[1:3] + other


def test_views_of_two_populations_do_not_add(live):
    network = live("picture")
    one, other = network.get_population("conv")[0:2], network.get_population("pool")[0:2]
    with pytest.raises(InputError, match=r"received <view of 'pool': 2 of 8 neurons>"):
        one + other


def test_a_view_describes_its_population(conv):
    view = conv[1:3]
    assert (view.parameters, view.variables) == (conv.parameters, conv.variables)
    assert (view.attributes, view.targets) == (conv.attributes, ["exc"])
    assert (view.neuron_type, view.max_delay) == (conv.neuron_type, 0)
    assert view.coordinates_from_rank(2) == (0, 1, 0)
    assert view.rank_from_coordinates((0, 1, 0)) == 2
    conv.g_exc = np.arange(32)
    assert view.sum("exc").tolist() == [1.0, 2.0]
    assert str(view) == "<view of 'conv': 2 of 32 neurons>", "printing works"
    view.note = "mine"
    assert view.note == "mine"
    view.set({"v": [5.0, 6.0], "mask": 0.5})
    assert (view.get("v").tolist(), view.mask.tolist()) == ([5.0, 6.0], [0.5, 0.5])


def test_what_a_view_refuses(conv):
    view = conv[1:3]
    with pytest.raises(InputError, match="view of conv: v: expected one number, or one for"):
        view.v = np.ones(3)
    with pytest.raises(UnavailableError, match="'mask_tau' is one value for the whole population"):
        view.mask_tau  # noqa: B018
    with pytest.raises(UnavailableError, match="Use the population's own 'vr'"):
        view.vr = 0.5
    with pytest.raises(UnavailableError, match="view of 'conv' has no attribute 'bogus'"):
        view.bogus  # noqa: B018
    with pytest.raises(InputError, match="view of conv: set: expected a dict"):
        view.set(3)


def test_one_neuron(conv):
    for neuron in (conv.neuron(9), conv.neuron(1, 0, 1), conv.neuron((1, 0, 1)), conv[1, 0, 1]):
        assert (neuron.rank, neuron.coordinates, neuron.population) == (9, (1, 0, 1), conv)
        assert neuron.v == 9.0
        assert type(neuron.v) is float
    neuron.v = 0.75
    assert conv.v[1, 0, 1] == 0.75
    assert conv.v.ravel()[8] == 8.0
    assert neuron.mask_tau == 2.0
    neuron.mask_tau = 4.0
    assert conv.mask_tau == 4.0, "all neurons share it"
    neuron.vt = 0.125
    assert np.count_nonzero(conv.vt == 0.125) == 1
    neuron.note = 3
    assert neuron.note == 3
    assert "v = 0.75" in repr(neuron)
    assert "at (1, 0, 1) of 'conv'" in repr(neuron)
    with pytest.raises(UnavailableError, match="neuron of 'conv' has no attribute 'bogus'"):
        neuron.bogus  # noqa: B018
    with pytest.raises(InputError, match=r"conv.v: expected one number, as all neurons share it"):
        neuron.v = [1.0, 2.0]


def test_all_neurons_in_order(conv):
    assert [neuron.v for neuron in conv] == list(range(32))
    assert [neuron.rank for neuron in conv.neurons] == list(range(32))


@pytest.mark.parametrize("place", [(99,), (-1,), (1, 2), (4, 0, 0), (0.5,), ("a",)])
def test_neurons_that_are_not_there(conv, place):
    with pytest.raises(InputError, match=r"(rank|coordinates) in 'conv': expected"):
        conv.neuron(*place)
