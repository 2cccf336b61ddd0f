"""Whatever sets values of a live network: numbers that are none are refused, nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from zoo import ZOO

from annconv.errors import InputError
from annconv.live.network import LiveNetwork
from annconv.options import CompileOptions


class Tensor:
    """A tensor on a device."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy.")


BAD = {
    "nan": (float("nan"), "expected finite numbers that float64 can hold, received nan"),
    "infinity": (-np.inf, "expected finite numbers that float64 can hold, received -inf"),
    "masked": (np.ma.masked, "without masked entries, received a masked one"),
    "tensor": (Tensor(), r"cuda:0 .* x.detach\(\).cpu\(\).numpy\(\)"),
}


@pytest.mark.parametrize("kind", BAD)
def test_every_way_to_set_a_value(live, kind):
    value, message = BAD[kind]
    network = live("picture")
    image, pool = network.get_populations()[0], network.get_population("pool")
    dense, conv = network.get_projection("dense_proj_4"), network.get_projection("conv_proj_2")

    def change(what, name):
        return lambda: setattr(what, name, value)

    ways = {
        "picture.rates": change(image, "rates"),
        "pool.v": change(pool, "v"),
        "pool.vt": change(pool, "vt"),
        "pool.g_exc": change(pool, "g_exc"),
        "set": lambda: pool.set({"v": value}),
        "view of pool: v": change(pool[1:3], "v"),
        "neuron": change(pool[1], "v"),
        "dense_proj_4.w": change(dense, "w"),
        "w of dendrite 1": change(dense[1], "w"),
        "w of synapse 2": change(dense[1][2], "w"),
        "conv_proj_2.weights": change(conv, "weights"),
    }
    before = image.rates, pool.v, pool.vt, pool.g_exc, np.array(dense.w), conv.weights
    for name, way in ways.items():
        with pytest.raises(InputError, match=message):
            way()
        after = image.rates, pool.v, pool.vt, pool.g_exc, np.array(dense.w), conv.weights
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(old, new, err_msg=name)
    pool.init["v"] = value
    with pytest.raises(InputError, match=rf"init\['v'\] of 'pool': .*{message}"):
        network.reset()


def test_one_bad_value_among_others_is_named(live):
    pool = live("picture").get_population("pool")
    values = np.arange(8.0)
    values[5] = np.nan
    with pytest.raises(InputError, match=r"pool.v: .* 1 that are NaN .* first at index 5"):
        pool.v = values
    pool.v = np.ma.array(np.ones(8))
    assert (pool.v == 1).all()


def test_values_are_finite_in_the_precision_that_keeps_them():
    options = CompileOptions(precision="single", compiler_level=0)
    network = LiveNetwork(ZOO["dense"](), options)
    image = network.get_populations()[0]
    hidden = network.get_populations()[1]
    for population, name in ((image, "rates"), (hidden, "g_exc")):
        with pytest.raises(InputError, match=r"finite numbers that float32 can hold, received 1e"):
            setattr(population, name, 1e39)
