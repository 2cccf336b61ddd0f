"""Files made to fill the memory, to last for ever or to run code: refused, and none of it happens.

A reader that fell for one of them would grow by gigabytes, or leave the canary behind.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from reading import Outcomes
from zoo import dense

from annconv.ir.operators import Reshape, Upsample
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron

pytestmark = [pytest.mark.compiles, pytest.mark.keras]

GROWTH = 2**29
"""Bytes by which a process may grow; every bomb would take a multiple."""
HUGE = 2**60

DATA = Path(__file__).parent / "data"


class Payload:
    """Leaves a canary where it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable, tuple]:
        return (open, (str(self.canary), "w"))


def archive(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return content.getvalue()


def keras_parts() -> dict[str, bytes]:
    with zipfile.ZipFile(DATA / "tiny.keras") as file:
        return {name: file.read(name) for name in file.namelist()}


def edited_hdf5(content: bytes, edit: Callable[[h5py.File], None]) -> bytes:
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        edit(file)
    return held.getvalue()


def with_lambda(configuration: str, canary: Path) -> str:
    """A model's configuration, its last layer replaced by code that leaves the canary."""
    code = compile(f"lambda x: open({str(canary)!r}, 'w')", "payload", "eval").co_consts[0]
    text = base64.b64encode(marshal.dumps(code)).decode()
    model = json.loads(configuration)
    model["config"]["layers"][-1] = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {
            "name": "dense",
            "function": {"class_name": "__lambda__", "config": {"code": text}},
        },
        "registered_name": None,
    }
    return json.dumps(model)


def with_system(configuration: str, canary: Path) -> str:
    """A model's configuration, an initialiser replaced by a call of the shell."""
    model = json.loads(configuration)
    model["config"]["layers"][1]["config"]["kernel_initializer"] = {
        "module": "os",
        "class_name": "system",
        "config": {"command": f"touch {canary}"},
        "registered_name": "system",
    }
    return json.dumps(model)


def keras_files(canary: Path) -> dict[str, bytes]:
    parts = keras_parts()
    configuration, weights = parts["config.json"].decode(), parts["model.weights.h5"]
    hundred = {f"assets/{index}": bytes(2**26) for index in range(3)}

    def hollow(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        file.create_dataset("layers/dense/vars/0", (HUGE,), np.float32, chunks=(2**20,))

    def squeezed(file: h5py.File) -> None:
        values = np.zeros(2**26, np.float32)
        del file["layers/dense/vars/0"]
        file.create_dataset("layers/dense/vars/0", data=values, compression="gzip")

    def inside(edit: Callable[[h5py.File], None]) -> bytes:
        return archive({**parts, "model.weights.h5": edited_hdf5(weights, edit)})

    return {
        "grown part": archive({**parts, "assets/x": bytes(2**28)}),
        "grown parts": archive({**parts, **hundred}),
        "long configuration": archive({**parts, "config.json": b"[" + b"[]," * 2**23 + b"[]]"}),
        "deep configuration": archive({**parts, "config.json": b"[" * 2**20}),
        "hollow array": inside(hollow),
        "squeezed array": inside(squeezed),
        "lambda": archive({**parts, "config.json": with_lambda(configuration, canary).encode()}),
        "system": archive({**parts, "config.json": with_system(configuration, canary).encode()}),
        "pickle": pickle.dumps(Payload(canary)),
        "pickle in a zip": archive({**parts, "config.json": pickle.dumps(Payload(canary))}),
    }


def h5_files(canary: Path) -> dict[str, bytes]:
    content = (DATA / "tiny.h5").read_bytes()
    dense_kernel = "model_weights/dense/tiny/dense/kernel"

    def configured(change: Callable[[str, Path], str]) -> bytes:
        def edit(file: h5py.File) -> None:
            file.attrs["model_config"] = change(file.attrs["model_config"], canary)

        return edited_hdf5(content, edit)

    def hollow(file: h5py.File) -> None:
        del file[dense_kernel]
        file.create_dataset(dense_kernel, (HUGE,), np.float32, chunks=(2**20,))

    def pickled(file: h5py.File) -> None:
        file.attrs["model_config"] = np.void(pickle.dumps(Payload(canary)))

    return {
        "lambda": configured(with_lambda),
        "system": configured(with_system),
        "hollow array": edited_hdf5(content, hollow),
        "pickle": edited_hdf5(content, pickled),
    }


def snn_files(canary: Path) -> dict[str, bytes]:
    network = dense()
    random = Neuron(
        parameters="vt = Uniform(0.0, 1.0)", equations="v += g_exc", spike="v > vt", reset="v = 0"
    )
    chain = (Reshape((2, 3, 1)), Upsample((2**29, 2**29)))
    huge = replace(
        network,
        populations=(
            network.input,
            Population("huge", (2**30, 3 * 2**29, 1), random),
            *network.populations[1:],
        ),
        projections=(*network.projections, Projection("grow", "image", "huge", chain)),
    )
    shape = [1, HUGE // 4]
    header = json.dumps({"x": {"dtype": "F32", "shape": shape, "data_offsets": [0, HUGE]}})
    return {
        "long header": struct.pack("<Q", HUGE) + b"{}",
        "huge tensor": struct.pack("<Q", len(header)) + header.encode() + bytes(64),
        "huge population": huge.to_bytes(),
        "pickle": pickle.dumps(Payload(canary)),
    }


def packed_files(canary: Path, content: bytes) -> dict[str, bytes]:
    return {
        "huge payload": content[:16] + struct.pack("<Q", HUGE) + content[24:],
        "pickle": pickle.dumps(Payload(canary)),
    }


def test_the_payload_would_work(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Payload(canary))).close()
    assert canary.exists()


@pytest.mark.parametrize(
    "kind",
    ["keras", pytest.param("h5", marks=pytest.mark.slow), "snn", "packed"],
    ids=["keras", "h5", "snn", "packed"],
)
def test_hostile_files_are_refused(
    kind: str, intact: Path, tmp_path: Path, read_apart: Callable[..., Outcomes]
) -> None:
    canary = tmp_path / "canary"
    if kind == "packed":
        files = packed_files(canary, intact.read_bytes())
    else:
        files = {"keras": keras_files, "h5": h5_files, "snn": snn_files}[kind](canary)
    paths = [tmp_path / f"{name}{intact.suffix}" for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    found = read_apart(kind, intact, paths)
    assert [entry for entry in found.files.values() if "refused" not in entry] == []
    assert found.forbidden == []
    assert not canary.exists()
    assert found.grown < GROWTH
