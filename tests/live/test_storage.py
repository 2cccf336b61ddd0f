"""Saving and loading networks, populations and projections."""

from __future__ import annotations

import numpy as np
import pytest
from zoo import numbers

from annconv.errors import InputError, ModelFileError
from annconv.live.storage import load_arrays, save_arrays

pytestmark = pytest.mark.compiles


def test_a_network_goes_on_where_it_was_saved(live, tmp_path, capsys):
    network = live("picture")
    classes = network.get_population("classes")
    network.get_population("conv").vt = numbers(4, 4, 2) * 0.1 + 0.5
    network.get_projection("conv_proj_2").weights = (
        network.get_projection("conv_proj_2").weights * 2
    )
    network.simulate(10)
    network.save(tmp_path / "n.npz")
    assert capsys.readouterr().out == f"Saving the network to {tmp_path / 'n.npz'}.\n"
    monitor = network.monitor(classes, ["v", "spike"])
    network.simulate(10)
    expected = monitor.get()
    other = live("picture", rates=False)
    other.load(tmp_path / "n.npz")
    assert other.current_step == 10
    # Spikes under way are not saved, as in the reference: the output's variables follow from those
    # of the populations before it, whose spikes come one step later.
    np.testing.assert_array_equal(
        other.get_population("conv").vt, network.get_population("conv").vt
    )
    assert other.get_projection("dense_proj_4").w == network.get_projection("dense_proj_4").w
    np.testing.assert_array_equal(
        other.get_projection("conv_proj_2").weights, network.get_projection("conv_proj_2").weights
    )
    again = other.monitor(other.get_population("classes"), ["v", "spike"])
    other.simulate(10)
    assert expected["v"].shape == again.get("v").shape


def test_a_population(live, tmp_path):
    network = live("picture")
    conv = network.get_population("conv")
    network.simulate(20)
    conv.save(str(tmp_path / "p.npz"))
    saved = {name: conv.get(name) for name in conv.attributes}
    with np.load(tmp_path / "p.npz") as stored:  # the reference's names
        assert stored["attributes"].tolist() == conv.attributes
        assert (stored["name"], stored["size"]) == ("conv", 32)
        assert stored["v"].shape == (4, 4, 2)
    network.reset()
    conv.vt = 3.0
    conv.load(tmp_path / "p.npz")
    for name, value in saved.items():
        np.testing.assert_array_equal(conv.get(name), value)
    with pytest.raises(InputError, match="population 'image': expected values of 'a', 'b'"):
        network.get_population("image").load(tmp_path / "p.npz")


def test_a_projection(live, tmp_path):
    network = live("picture")
    dense, conv = network.get_projection("dense_proj_4"), network.get_projection("conv_proj_2")
    weights, filters = dense.w, conv.weights
    dense.save(tmp_path / "d.npz")
    conv.save_connectivity(tmp_path / "c.npz")
    with np.load(tmp_path / "d.npz") as stored:
        np.testing.assert_array_equal(stored["w"], weights)
        assert (stored["pre"], stored["post"]) == ("pool", "classes")
    dense.w, conv.weights = 0.0, filters * 0
    dense.load(tmp_path / "d.npz")
    conv.load(tmp_path / "c.npz")
    assert dense.w == weights
    np.testing.assert_array_equal(conv.weights, filters)
    with pytest.raises(InputError, match="projection 'dense_proj_4': expected values of 'w'"):
        dense.load(tmp_path / "c.npz")
    with pytest.raises(InputError, match="projection 'conv_proj_2': expected values of 'weights'"):
        conv.load(tmp_path / "d.npz")


def test_any_name_can_be_an_array(tmp_path):
    save_arrays(tmp_path / "x.npz", {"file": 3, "allow_pickle": np.ones(2), "a/b": ["x", "y"]})
    loaded = load_arrays(tmp_path / "x.npz")
    assert {name: value.tolist() for name, value in loaded.items()} == {
        "file": 3, "allow_pickle": [1.0, 1.0], "a/b": ["x", "y"],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["n.pkl", "n.gz", "n.mat", "n", 3])
def test_other_formats_are_refused(name, tmp_path):
    path = tmp_path / name if isinstance(name, str) else name
    for call in (lambda: save_arrays(path, {}), lambda: load_arrays(path)):
        with pytest.raises(ModelFileError, match=r"expected a path that ends in '.npz'"):
            call()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ModelFileError, match=r"nope.npz: does not exist"):
        load_arrays(tmp_path / "nope.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    np.savez(tmp_path / "code.npz", x=np.array([object()]))
    for name in ("bad.npz", "code.npz"):
        with pytest.raises(ModelFileError, match="is no file of saved values"):
            load_arrays(tmp_path / name)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFileError, match="cannot be written"):
        save_arrays(tmp_path / "file" / "x.npz", {})
