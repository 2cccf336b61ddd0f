"""`.snn` files: what is saved comes back, what is damaged is refused, nothing in them runs."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from annconv.errors import InputError, ModelFileError, VerifyError
from annconv.ir import snn_file
from annconv.ir.network import NETWORK, Network
from annconv.ir.records import canonical_json, digest, encode


def parts(content: bytes) -> tuple[dict, dict]:
    """Our metadata and the arrays of a file."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    return json.loads(header["__metadata__"]["annconv"]), safetensors.numpy.load(content)


def join(header: object, arrays: dict) -> bytes:
    """A file of given metadata and arrays."""
    text = header if isinstance(header, str) else json.dumps(header)
    return safetensors.numpy.save(arrays, {"annconv": text})


def test_saved_networks_come_back(network, every_operator, tmp_path):
    for before in (network, every_operator):
        path = tmp_path / "one.snn"
        before.save(path)
        after = Network.load(str(path))
        assert after == before
        assert str(after) == str(before)


def test_a_network_saves_itself(network, tmp_path):
    network.save(tmp_path / "one.snn")
    assert Network.load(tmp_path / "one.snn") == network


def test_equal_networks_give_equal_files(network):
    again = Network.from_bytes(network.to_bytes())
    assert again.to_bytes() == network.to_bytes()


def test_file_is_plain_safetensors_with_one_key(network):
    header, arrays = parts(network.to_bytes())
    value, expected = encode(NETWORK, network)
    assert header == {
        "format": 1,
        "digest": network.digest(),
        "network": json.loads(json.dumps(value)),
    }
    assert set(arrays) == set(expected)
    assert all(np.array_equal(arrays[name], expected[name]) for name in arrays)


def test_saving_leaves_only_the_file(network, tmp_path):
    network.save(tmp_path / "one.snn")
    replace(network, name="second").save(tmp_path / "one.snn")
    assert [path.name for path in tmp_path.iterdir()] == ["one.snn"]
    assert Network.load(tmp_path / "one.snn").name == "second"


def test_saving_keeps_the_permissions_of_the_file(network, tmp_path):
    path = tmp_path / "one.snn"
    network.save(path)
    path.chmod(0o600)
    network.save(path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_failed_write_leaves_the_old_file(failing, network, tmp_path, monkeypatch):
    path = tmp_path / "one.snn"
    network.save(path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[failing], fail)
    with pytest.raises(ModelFileError, match=r"one\.snn: cannot be written: No space left"):
        replace(network, name="second").save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["one.snn"]
    assert Network.load(path).name == "tiny"


def test_interrupted_write_leaves_nothing(network, tmp_path, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        network.save(tmp_path / "one.snn")
    assert list(tmp_path.iterdir()) == []


def test_unwritable_places_are_refused(network, tmp_path):
    with pytest.raises(
        ModelFileError, match=r"cannot be written: No such file or directory\. Inst"
    ):
        network.save(tmp_path / "nowhere" / "one.snn")
    (tmp_path / "folder.snn").mkdir()
    with pytest.raises(ModelFileError, match="cannot be written: Is a directory"):
        network.save(tmp_path / "folder.snn")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.snn"]


def test_networks_that_break_rules_are_not_saved(network, tmp_path):
    with pytest.raises(VerifyError, match="one_input_and_output"):
        replace(network, populations=(), projections=()).save(tmp_path / "one.snn")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["one", "one.keras", "one.snn.gz"])
def test_other_suffixes_are_refused(name, network, tmp_path):
    message = f"expected a name that ends in '.snn', received '{name}'. Instead: name the file"
    with pytest.raises(ModelFileError, match=message):
        network.save(tmp_path / name)
    with pytest.raises(ModelFileError, match=message):
        Network.load(tmp_path / name)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(ModelFileError, match="no such file. Instead: check the path"):
        Network.load(tmp_path / "missing.snn")
    (tmp_path / "folder.snn").mkdir()
    with pytest.raises(
        ModelFileError, match="cannot be read: Is a directory. Instead: give a file"
    ):
        Network.load(tmp_path / "folder.snn")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\0" * 100,
        b"\xff" * 100,
        b"PK\x03\x04 a Keras file is a zip archive",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        struct.pack("<Q", 2**63) + b"{}",
    ],
)
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "other.snn"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"cut short, damaged or not a \.snn file"):
        Network.load(path)


def test_safetensors_of_others_are_refused():
    for metadata in (None, {"format": "pt"}):
        content = safetensors.numpy.save({"x": np.zeros(3)}, metadata)
        with pytest.raises(ModelFileError, match="without annconv's metadata"):
            Network.from_bytes(content)
    content = safetensors.numpy.save({"x": np.zeros(3, dtype=np.int8)})
    with pytest.raises(ModelFileError, match="expected tensors of F32, F64, I16, I32, received I8"):
        Network.from_bytes(content)


def test_file_cut_short_at_any_length_is_refused(network):
    content = network.to_bytes()
    for length in range(len(content)):
        with pytest.raises(ModelFileError):
            Network.from_bytes(content[:length], "cut.snn")
    with pytest.raises(ModelFileError):
        Network.from_bytes(content + b"\0", "long.snn")


def test_any_flipped_bit_is_refused_or_changes_nothing(network):
    content = network.to_bytes()
    refused = 0
    bits = range(0, 8 * len(content), 3)  # 3 and 8 share no factor: every byte, every position
    for bit in bits:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            received = Network.from_bytes(bytes(damaged), "flipped.snn")
        except ModelFileError:
            refused += 1
        else:
            assert received == network
    assert refused > 0.99 * len(bits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "written in format 2, this annconv reads up to 1. Instead: update annconv"),
        ({"format": 0}, "expected a format version from 1 on, received 0"),
        ({"format": True}, "expected a format version from 1 on, received True"),
        ({"format": "1"}, "expected a format version from 1 on, received '1'"),
        ({"digest": "0" * 64}, "expected digest '0000000000000000000, received '"),
        ({"digest": None}, "expected digest None, received '"),
        ({"extra": 1}, r"expected digest, format and network, received \['digest', 'extra'"),
        ({"network": None}, "damaged: the structure: expected an object with name"),
    ],
)
def test_changed_metadata_is_refused(change, message, network):
    header, arrays = parts(network.to_bytes())
    with pytest.raises(ModelFileError, match=message):
        Network.from_bytes(join({**header, **change}, arrays))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not JSON", "its description cannot be read"),
        ("[" * 200_000, "its description cannot be read"),
        ('{"a":' * 200_000, "its description cannot be read"),
        ("9" * 10_000, "its description cannot be read"),
        ('{"format": NaN}', "NaN is not a number"),
        ('{"format": 1, "format": 1}', "'format' stands twice"),
        ("[1]", "its description is no object"),
        ('{"digest":"","format":1,"network":{"dt":1e999}}', "its description cannot be read"),
        (
            '{"digest":"","format":1,"network":' + "[" * 900 + "]" * 900 + "}",
            "damaged: the structure: expected an object|its description cannot be read",
        ),
    ],
)
def test_metadata_that_is_no_description_is_refused(text, message):
    with pytest.raises(ModelFileError, match=message):
        Network.from_bytes(join(text, {}))


def test_a_whole_file_with_an_unknown_field_is_newer_and_not_damaged(network):
    header, arrays = parts(network.to_bytes())
    header["network"]["surprise"] = 1
    message = r"damaged: the structure: expected fields .*, received unknown 'surprise'"
    with pytest.raises(ModelFileError, match=message):
        Network.from_bytes(join(header, arrays))
    header["digest"] = digest(header["network"], arrays)
    message = (
        "one.snn: whole, but holds what this annconv does not know: the structure: expected fields "
        r".*, received unknown 'surprise'\. Instead: update annconv"
    )
    with pytest.raises(ModelFileError, match=message):
        Network.from_bytes(join(header, arrays), "one.snn")


def test_files_that_write_out_what_an_absent_field_means_are_read(network):
    """As builds before the first release did; their digest is over what they wrote."""
    header, arrays = parts(network.to_bytes())
    for population in header["network"]["populations"]:
        population["neuron"] |= {"refractory": None, "functions": None}
    header["digest"] = digest(header["network"], arrays)
    assert header["digest"] != network.digest()
    assert Network.from_bytes(join(header, arrays)) == network


def test_changed_network_is_refused(network):
    header, arrays = parts(network.to_bytes())
    header["network"]["dt"] = 0.5
    with pytest.raises(ModelFileError, match="damaged: expected digest"):
        Network.from_bytes(join(header, arrays))


def test_changed_weight_is_refused(network):
    header, arrays = parts(network.to_bytes())
    name = "projections.0.operators.0.weights"
    arrays[name] = arrays[name] + np.float32(1)
    with pytest.raises(ModelFileError, match="damaged: expected digest"):
        Network.from_bytes(join(header, arrays))


def test_missing_and_extra_arrays_are_refused(network):
    header, arrays = parts(network.to_bytes())
    with pytest.raises(ModelFileError, match="arrays: expected only those of the structure"):
        Network.from_bytes(join(header, {**arrays, "extra": np.zeros(2)}))
    del arrays["populations.1.parameters.vt"]
    with pytest.raises(ModelFileError, match="vt: expected its array, received none"):
        Network.from_bytes(join(header, arrays))


def test_consistent_file_with_a_network_that_breaks_rules_is_refused(network):
    broken = replace(network, populations=(*network.populations[:2], network.populations[1]))
    with pytest.raises(ModelFileError, match="breaks its rules: names_unique: population hidden"):
        Network.from_bytes(broken.to_bytes())


def test_hostile_equations_are_refused(network):
    """A neuron's text is parsed, never evaluated; what cannot be parsed is a broken rule."""
    for text in ("v = __import__('os').system('true')", "v = " + "(" * 50_000 + "1"):
        neuron = replace(network["output"].neuron, equations=text)
        hostile = replace(
            network,
            populations=(*network.populations[:2], replace(network["output"], neuron=neuron)),
        )
        with pytest.raises(ModelFileError, match="equations_parse: output"):
            Network.from_bytes(hostile.to_bytes())


def test_a_newer_format_is_named_before_anything_else_is_read():
    header = canonical_json({"format": snn_file.FORMAT_VERSION + 1, "layout": "of the future"})
    with pytest.raises(ModelFileError, match="update annconv"):
        Network.from_bytes(join(header, {}), "future.snn")


@pytest.mark.parametrize("path", [None, 3, ["one.snn"]])
def test_what_is_no_path_is_refused(path, network):
    message = f"path: expected text or a path, received {type(path).__name__}"
    with pytest.raises(InputError, match=message):
        network.save(path)
    with pytest.raises(InputError, match=message):
        Network.load(path)


def test_a_path_with_a_null_character_is_refused(network):
    for use in (Network.load, network.save):
        with pytest.raises(ModelFileError, match="expected a path without null characters"):
            use("o\0ne.snn")
