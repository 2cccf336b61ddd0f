"""Files of the first format version, written before neurons had later fields, load for ever.

`data/README.md` says how they were made; what the build that wrote them computed lies beside them.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from zoo import OPTIONS, ZOO, samples, spiking

from annconv.ir.network import Network
from annconv.readouts.labels import draw_labels
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

DATA = Path(__file__).parent / "data"
NAMES = ("branches", "dense", "phases", "picture", "signed")
SEED = 5


@pytest.fixture(scope="module")
def recorded() -> dict[str, NDArray]:
    """What the old build computed, by `network/what`."""
    with np.load(DATA / "recorded.npz") as file:
        return dict(file)


@pytest.fixture(params=NAMES)
def network(request) -> Network:
    return Network.load(DATA / f"{request.param}.snn")


def file_name(network: Network) -> str:
    return network.name.split()[0]


def trains(rows: NDArray, count: int) -> list[NDArray]:
    """Spikes by sample from rows of sample, step, rank and perhaps sign."""
    return [rows[rows[:, 0] == sample, 1:] for sample in range(count)]


def check(network: Network, result, recorded: dict[str, NDArray], labels: NDArray) -> None:
    name = file_name(network)
    np.testing.assert_array_equal(labels, recorded[f"{name}/labels"])
    np.testing.assert_array_equal(result.counts, recorded[f"{name}/counts"])
    np.testing.assert_array_equal(result.stopped_at, recorded[f"{name}/stopped_at"])
    np.testing.assert_allclose(result.outputs, recorded[f"{name}/outputs"], rtol=1e-12, atol=1e-12)
    for population in spiking(network):
        expected = trains(recorded[f"{name}/spikes/{population}"], len(labels))
        for found, train in zip(result.spikes[population], expected, strict=True):
            np.testing.assert_array_equal(found, train.reshape(-1, found.shape[1]))


def test_the_files_are_all_there_and_have_no_later_field():
    assert sorted(path.stem for path in DATA.glob("*.snn")) == sorted(NAMES)
    for name in NAMES:
        content = (DATA / f"{name}.snn").read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["annconv"])
        assert header["format"] == 1
        neurons = [entry["neuron"] for entry in header["network"]["populations"]]
        found = {field for neuron in neurons if neuron for field in neuron}
        assert found == {
            "emit", "equations", "name", "parameters", "reset", "spike", "unreset", "unspike",
        }  # fmt: skip


def test_the_files_have_every_neuron_and_read_out_of_their_time():
    networks = [Network.load(DATA / f"{name}.snn") for name in NAMES]
    neurons = {entry.neuron.name for item in networks for entry in item.populations if entry.neuron}
    assert neurons == {
        "CPN", "Counter", "IB", "IaF", "Integrator", "PSO", "Rate", "Signed", "phase",
    }  # fmt: skip
    assert {item.readout.name for item in networks} == {
        "membrane_potential", "spike_count", "time_to_first_spike", "time_to_k_spikes",
    }  # fmt: skip


def test_a_file_is_read_as_it_was_written(network, recorded):
    """The digest is still the same, and the file that is written today is the old one."""
    name = file_name(network)
    assert network.digest() == str(recorded[f"{name}/digest"])
    assert network.to_bytes() == (DATA / f"{name}.snn").read_bytes()
    if name in ZOO:
        assert network == ZOO[name]()


def test_the_interpreter_gives_what_the_old_build_gave(network, recorded):
    x = samples(network)
    names = spiking(network)
    result = run_network(network, x, steps=network.steps, seed=SEED, record=names)
    check(network, result, recorded, draw_labels(result.outputs, SEED))


@pytest.mark.compiles
@pytest.mark.parametrize(
    "network",
    [
        pytest.param(name, marks=[] if name == "phases" else [pytest.mark.slow], id=name)
        for name in NAMES
    ],
    indirect=True,
)
def test_compiled_code_gives_what_the_old_build_gave(network, recorded):
    result = compile_network(network, OPTIONS).run(
        samples(network), seed=SEED, record=spiking(network)
    )
    check(network, result, recorded, result.labels)
