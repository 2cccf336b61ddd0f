"""The packed data: its layout byte by byte, and what the loader of the generated code refuses."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from zoo import OPTIONS, branches, dense, signed

from annconv.build.builder import Artifact, build_extension, find_extension
from annconv.codegen.render import render_network
from annconv.errors import AnnconvError, BuildError
from annconv.plan.packing import pack
from annconv.plan.plan import Plan
from annconv.plan.planner import make_plan
from annconv.runtime.extension import open_network

HEADER = 128


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(dense(), "double")


@pytest.fixture(scope="module")
def packed(plan: Plan) -> bytes:
    return pack(plan, dense())


def test_the_header(plan: Plan, packed: bytes) -> None:
    assert packed[:8] == b"annconv\x00"
    assert packed[8:12] == b"\x02\x00\x00\x00"
    checksum, length = int.from_bytes(packed[12:16], "little"), packed[16:24]
    assert int.from_bytes(length, "little") == len(packed) - HEADER
    assert packed[24:88].decode("ascii") == plan.digest()
    assert packed[88:HEADER] == bytes(40)
    assert checksum == zlib.crc32(packed[HEADER:])


@pytest.mark.parametrize(("precision", "letter"), [("double", "d"), ("single", "f")])
def test_arrays_lie_at_multiples_of_64_bytes(precision: str, letter: str) -> None:
    network = signed()
    plan = make_plan(network, precision)
    payload = pack(plan, network)[HEADER:]
    offset, found = 0, {}
    for entry in plan.packed:
        found[entry.name] = struct.unpack_from(f"<{entry.length}{letter}", payload, offset)
        size = entry.length * struct.calcsize(letter)
        end = offset + size
        offset = (end + 63) // 64 * 64
        assert payload[end:offset] == bytes(offset - end)
    assert offset == len(payload)
    both = network["both"].parameters
    assert found["both_vt"] == (0.5, 0.5, 0.5, 1.0, 1.0, 1.0)
    assert found["both_v_initial"] == tuple(both["start"].ravel())
    assert found["both_mask_initial"] == (0.0,)
    assert found["classes_mask_tau"] == (20.0,)
    assert found["a_weights"] == tuple(network.projections[0].operators[0].weights.ravel())


def test_parameters_of_the_readout_are_data() -> None:
    network = branches()
    plan = make_plan(network, "double")
    payload = pack(plan, network)[HEADER:]
    last = len(payload) - 64
    assert plan.packed[-1].name == "readout_k"
    assert struct.unpack_from("<d", payload, last) == (2.0,)


def test_equal_networks_pack_to_equal_bytes(plan: Plan, packed: bytes) -> None:
    assert pack(plan, dense()) == packed


def test_a_plan_of_another_network_does_not_fit(plan: Plan) -> None:
    network = dense()
    populations = list(network.populations)
    populations[1] = replace(populations[1], parameters={"vt": np.ones(5)})
    with pytest.raises(ValueError, match="packed hidden_vt: expected 1 values, got 5"):
        pack(plan, replace(network, populations=tuple(populations)))


@pytest.fixture(scope="module")
def artifact(plan: Plan) -> Artifact:
    found = find_extension(plan.digest(), OPTIONS)
    return found or build_extension(render_network(plan), OPTIONS, identity=plan.digest())


def flipped(packed: bytes, position: int) -> bytes:
    return packed[:position] + bytes([packed[position] ^ 1]) + packed[position + 1 :]


REFUSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda p: p[:0], "expected at least 128 bytes, received 0"),
    "half a header": (lambda p: p[:50], "expected at least 128 bytes, received 50"),
    "the header alone": (lambda p: p[:HEADER], "bytes of data, received 0"),
    "one byte less": (lambda p: p[:-1], "bytes of data, received"),
    "one byte more": (lambda p: p + b"\0", "bytes of data, received"),
    "other magic": (lambda p: b"ANNCONV\0" + p[8:], "expected a weight file of annconv"),
    "other version": (
        lambda p: p[:8] + struct.pack("<I", 3) + p[12:],
        "expected format version 2, received 3",
    ),
    "a flip in the checksum": (lambda p: flipped(p, 13), "damaged: expected checksum"),
    "a flip in the length": (lambda p: flipped(p, 17), "bytes of data, received"),
    "a flip in the digest": (lambda p: flipped(p, 30), "expected data for the structure"),
    "a flip behind the header": (lambda p: flipped(p, 90), "damaged: expected zeros"),
    "a flip in the first array": (lambda p: flipped(p, HEADER), "damaged: expected checksum"),
    "a flip in the padding": (lambda p: flipped(p, len(p) - 1), "damaged: expected checksum"),
}


@pytest.mark.compiles
@pytest.mark.parametrize("how", REFUSED)
def test_damaged_data_are_refused(how: str, artifact: Artifact, packed: bytes) -> None:
    damage, why = REFUSED[how]
    with pytest.raises(BuildError, match=why) as caught:
        open_network(artifact.path, artifact.key, damage(packed))
    assert isinstance(caught.value, AnnconvError)
    assert "loading the network's data failed (packed weights: " in str(caught.value)
    assert "instead" in str(caught.value)


@pytest.mark.compiles
def test_data_of_another_structure_are_refused(artifact: Artifact) -> None:
    network = replace(dense(), dt=0.5)
    with pytest.raises(BuildError, match="expected data for the structure"):
        open_network(artifact.path, artifact.key, pack(make_plan(network, "double"), network))


@pytest.mark.compiles
def test_sound_data_are_loaded(artifact: Artifact, packed: bytes) -> None:
    assert open_network(artifact.path, artifact.key, packed).arena_bytes > 0
