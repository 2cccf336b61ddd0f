"""Saving and loading networks, populations and projections."""

from __future__ import annotations

import pickle
import zipfile
import zlib

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
    with pytest.raises(InputError, match=r"population 'image': expected values of .*none of 'a'"):
        network.get_population("image").load(tmp_path / "p.npz")


def test_a_file_of_another_population(live, tmp_path):
    """Of the same equations: name and geometry tell them apart."""
    network = live("picture")
    conv, pool = network.get_population("conv"), network.get_population("pool")
    network.simulate(9)
    before = pool.v
    conv.vt = 0.25  # a number for all where each has its own
    conv.save(tmp_path / "c.npz")
    message = (
        r"population 'pool': expected values of name 'pool', geometry \(2, 2, 2\), received name "
        r"'conv', geometry \[4, 4, 2\]"
    )
    with pytest.raises(InputError, match=message):
        pool.load(tmp_path / "c.npz")
    pool.save(tmp_path / "p.npz")
    whole = load_arrays(tmp_path / "p.npz")
    for changes, message in (
        ({"geometry": (8,)}, r"expected values of geometry \(2, 2, 2\), received geometry \[8\]"),
        ({"name": 3}, "expected values of name 'pool', received name 3"),
        ({"v": np.ones(7)}, "pool.v: expected one number, or one for each of 8"),
        ({"vt": np.ones(8)}, "pool.vt: expected one number, as all neurons share it"),
        ({"v": "text"}, "pool.v: expected a number or an array"),
        ({"_spikes": 7}, "population 'pool': expected spikes of -1, 0 and 1, received 7"),
        ({"_spikes": np.nan}, "spikes of 'pool': expected finite numbers .*, received nan"),
    ):
        save_arrays(tmp_path / "x.npz", whole | {"mask": 3.0} | changes)
        with pytest.raises(InputError, match=message):
            pool.load(tmp_path / "x.npz")
        np.testing.assert_array_equal(pool.v, before)
        assert not (pool.mask == 3.0).any(), "nothing was set"
    del whole["name"]
    save_arrays(tmp_path / "x.npz", whole)
    with pytest.raises(InputError, match="and their owner's 'name', received none of 'name'"):
        pool.load(tmp_path / "x.npz")


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
    whole = load_arrays(tmp_path / "d.npz")
    for changes, message in (
        ({"name": "a"}, "projection 'dense_proj_4': expected values of name 'dense_proj_4', rece"),
        ({"pre": "conv"}, "expected values of pre 'pool', received pre 'conv'"),
        ({"post": "pool", "target": "inh"}, "received post 'pool', target 'inh'"),
        ({"w": np.zeros((8, 3))}, r"dense_proj_4.w: expected one number, or an array \(3, 8\)"),
        ({"w": np.full((3, 8), np.inf)}, "dense_proj_4.w: expected finite numbers that float64"),
    ):
        save_arrays(tmp_path / "x.npz", whole | changes)
        with pytest.raises(InputError, match=message):
            dense.load(tmp_path / "x.npz")
        assert dense.w == weights


def change(values, name, value):
    """What a network saved, with one value changed, or left out."""
    changed = {key: entry for key, entry in values.items() if key != name}
    return changed if value is None else changed | {name: value}


def test_a_network_is_loaded_whole_or_not_at_all(live, tmp_path):
    network = live("picture")
    network.simulate(6)
    network.save(tmp_path / "n.npz")
    saved = load_arrays(tmp_path / "n.npz")
    network.get_projection("dense_proj_4").w = 0.5
    network.simulate(3)

    def state():
        parts = [*network.get_populations(), *(network.get_projection(name) for name in (
            "conv_proj_2", "dense_proj_4"))]  # fmt: skip
        return [network.current_step, *(repr(part.snapshot()) for part in parts)]

    before = state()
    for name, value, message in (
        ("classes/v", None, "population 'classes': expected values of"),
        ("classes/name", "other", "expected values of name 'classes', received name 'other'"),
        ("classes/geometry", (3, 1), r"geometry \(3,\), received geometry \[3, 1\]"),
        ("dense_proj_4/w", np.full((3, 8), np.nan), "dense_proj_4.w: expected finite numbers"),
        ("dense_proj_4/w", None, "projection 'dense_proj_4': expected values of 'w'"),
        ("conv_proj_2/weights", 0.5, "conv_proj_2.weights: expected an array"),
        ("more/v", 0.5, "values of 'more', which is not here"),
        ("time_step", None, "the time: None"),
        ("time_step", -1, r"the time: array\(-1\)"),
        ("time_step", 2**31, "the time: array"),
        ("time_step", 1.5, "the time: array"),
        ("time_step", [1], "the time: array"),
        ("time_step", "1", "the time: array"),
    ):
        save_arrays(tmp_path / "x.npz", change(saved, name, value))
        with pytest.raises(InputError, match=rf"(?s)load .*x.npz: expected what .*{message}"):
            network.load(tmp_path / "x.npz")
        assert state() == before
    twice = change(change(saved, "time_step", -1), "classes/v", None)
    save_arrays(tmp_path / "x.npz", twice)
    with pytest.raises(InputError, match=r"(?s)the time.*\n  population 'classes'"):
        network.load(tmp_path / "x.npz")
    network.load(tmp_path / "n.npz")
    assert network.current_step == 6
    assert state() != before


def test_a_network_refuses_a_name_before_it_says_that_it_saves(live, tmp_path, capsys):
    with pytest.raises(ModelFileError, match=r"expected a path that ends in '.npz'"):
        live("picture").save(tmp_path / "n.pkl")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFileError, match="cannot be written"):
        live("picture").save(tmp_path / "file" / "n.npz")
    assert capsys.readouterr().out == ""


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
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(ModelFileError, match=r"folder.npz: cannot be read: Is a directory"):
        load_arrays(tmp_path / "folder.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "empty.npz").write_bytes(b"")
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, np.ones(3))
    with (tmp_path / "pickle.npz").open("wb") as file:
        pickle.dump({"x": 1}, file)
    np.savez(tmp_path / "code.npz", x=np.array([object()]))
    for name in ("bad", "empty", "array", "pickle", "code"):
        with pytest.raises(ModelFileError, match="is damaged, or no file of saved") as caught:
            load_arrays(tmp_path / f"{name}.npz")
        assert "pickle" not in str(caught.value).replace("pickle.npz", "")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFileError, match="cannot be written"):
        save_arrays(tmp_path / "file" / "x.npz", {})


@pytest.mark.parametrize("packed", [False, True], ids=["stored", "packed"])
def test_damaged_files_are_refused_or_read_as_they_were(packed, tmp_path):
    """Every byte of the archive, changed in three ways; among them encrypted and other methods."""
    values = {"v": np.arange(6.0), "name": np.asarray("conv")}
    whole = tmp_path / "whole.npz"
    (np.savez_compressed if packed else np.savez)(whole, **values)
    content = whole.read_bytes()
    kinds = set()
    for position in range(len(content)):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(content)
            changed[position] ^= flip
            (tmp_path / "x.npz").write_bytes(changed)
            try:
                found = load_arrays(tmp_path / "x.npz")
            except ModelFileError as error:
                kinds.add(type(error.__cause__))
                continue
            for name in found.keys() & values.keys():
                np.testing.assert_array_equal(found[name], values[name])
    assert {RuntimeError, NotImplementedError, zipfile.BadZipFile} <= kinds
    assert (zlib.error in kinds) == packed
