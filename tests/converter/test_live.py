"""The network that `load_keras_model` returns, and what `predict` and edits do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annconv import ANNtoSNNConverter, Neuron
from annconv.errors import InputError, UnavailableError
from annconv.neurons.library import IB, PSO, IaF
from annconv.reference.network import run_network

pytestmark = [pytest.mark.keras, pytest.mark.compiles]

Load = Callable[..., ANNtoSNNConverter]
STEPS = 40


def network_of(converter: ANNtoSNNConverter) -> Any:
    network = converter.get_annarchy_network()
    assert network is not None
    return network


def oracle_labels(network: Any, pictures: np.ndarray, steps: int, seed: int = 0) -> list[int]:
    return [int(label) for label in run_network(network, pictures, steps=steps, seed=seed).labels]


def test_parts_under_the_reference_s_names(load: Load) -> None:
    network = network_of(load("IB"))
    names = ["image", "c", "p", "out"]
    assert [entry.name for entry in network.get_populations()] == names
    assert [entry.geometry for entry in network.get_populations()] == [
        (6, 6, 1), (6, 6, 2), (3, 3, 2), (3,),
    ]  # fmt: skip
    image, conv, *_ = network.get_populations()
    assert (image.neuron_type, conv.neuron_type) == (IB, IaF)
    assert image.parameters == ["a", "b", "c", "d", "v_thresh", "rates", "mask_tau"]
    assert image.variables == ["v", "u", "mask", "r"]
    assert conv.attributes == ["vt", "vr", "mask_tau", "v", "mask", "r", "g_exc"]
    projections = network.get_projections()
    assert [entry.name for entry in projections] == ["conv_proj_2", "pool_proj_3", "dense_proj_4"]
    assert [type(entry).__name__ for entry in projections] == [
        "Convolution", "Pooling", "Projection",
    ]  # fmt: skip
    assert [entry.name for entry in network.get_monitors()] == ["Monitor_out"]
    assert network.get_monitors()[0].variables == ["v", "spike"]


def test_loading_and_predicting_compile_no_state(
    load: Load, pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annconv.live.engine.open_state", None)
    converter = load("IB")
    labels = converter.predict(pictures, STEPS)
    assert len(labels) == 8
    network = network_of(converter)
    assert (network.time, network.current_step) == (40.0, 40)
    with pytest.raises(TypeError):  # what would compile it is not there
        network.get_population("out").v  # noqa: B018


@pytest.mark.parametrize("encoding", ["IB", "CPN"])
def test_after_predict_the_network_holds_the_last_sample(
    load: Load, pictures: np.ndarray, encoding: str
) -> None:
    converter = load(encoding, read_out="membrane_potential", seed=3)
    network = network_of(converter)
    spikes = network.monitor(network.get_population("c"), ["spike"])
    network.get_population("c").vt = 0.1
    network.simulate(5)
    converter.predict(pictures, STEPS)
    expected = run_network(
        network.network, pictures, steps=STEPS, seed=3, record=["c"] if encoding else []
    )
    assert network.time == 40.0
    np.testing.assert_allclose(network.get_population("out").v, expected.outputs[-1], rtol=1e-9)
    assert network.get_population("c").vt == 0.95, "lost at the first sample's reset"
    rates = network.get_population("image").rates
    np.testing.assert_array_equal(rates, (pictures[-1] * np.float32(100)).astype(float))
    kept = network.get_monitors()[0].get("v")
    assert kept.shape == (40, 3)
    np.testing.assert_allclose(kept[-1], expected.outputs[-1], rtol=1e-9)
    received = sorted((t, n) for n, steps in spikes.get("spike").items() for t in steps)
    assert received == [tuple(row) for row in expected.spikes["c"][-1].tolist()]
    network.step()
    assert network.time == 41.0


def test_monitors_come_after_what_predict_left(load: Load, pictures: np.ndarray) -> None:
    converter = load("CPN", seed=3)
    network = network_of(converter)
    image = network.get_population("image")
    before = network.monitor(image, ["spike"])
    converter.predict(pictures, STEPS)
    before.pause()
    assert sum(map(len, before.get("spike", keep=True).values())) > 0, "paused after the sample"
    assert before.times("spike") == {"spike": {"start": [0], "stop": [STEPS]}}
    converter.predict(pictures, STEPS)
    after = network.monitor(image, ["spike"])
    assert not any(after.get("spike").values())
    network.step()
    assert after.times("spike") == {"spike": {"start": [STEPS], "stop": [STEPS + 1]}}
    converter.predict(pictures, STEPS)
    network.reset(reseed_rng=False)
    image.rates = pictures[-1] * 100
    network.simulate(STEPS)
    expected = run_network(
        network.network, pictures[-1:], steps=STEPS, seed=3, first_sample=8, record=["image"]
    )
    received = sorted((t, n) for n, steps in after.get("spike").items() for t in steps)
    assert received == [tuple(row) for row in expected.spikes["image"][0].tolist()]


def test_a_sample_that_stopped_early(load: Load, pictures: np.ndarray) -> None:
    converter = load("IB", read_out="time_to_first_spike")
    network = network_of(converter)
    converter.predict(pictures, 200)
    stop = run_network(network.network, pictures, steps=200).stopped_at[-1]
    assert network.current_step == stop < 200
    spikes = network.get_monitors()[0].get("spike")
    assert {step for steps in spikes.values() for step in steps} == {stop - 1}
    network.reset()
    network.get_population("image").rates = pictures[-1] * 100
    assert network.simulate_until(200, network.get_population("out")) == stop


def test_no_samples_leave_the_network_alone(load: Load) -> None:
    converter = load("IB")
    network = network_of(converter)
    network.simulate(3)
    assert converter.predict(np.zeros((0, 36)), STEPS) == []
    assert network.time == 3.0
    network.get_population("out").disable()
    assert converter.predict(np.zeros((0, 36)), STEPS) == []


def test_edits_that_survive_a_reset_are_felt_by_predict(load: Load, pictures: np.ndarray) -> None:
    converter = load("IB", read_out="membrane_potential")
    network = network_of(converter)
    before = converter.predict(pictures, STEPS)
    network.get_population("c").vt = 3.0
    assert converter.predict(pictures, STEPS) == before, "a parameter is lost"
    network.get_population("c").init["vt"] = 0.25
    proj = network.get_projection("dense_proj_4")
    proj.w = [[-weight for weight in row] for row in proj.w]
    conv = network.get_projection("conv_proj_2")
    conv.weights = conv.weights * 0.5
    after = converter.predict(pictures, STEPS)
    assert after == oracle_labels(network.network, pictures, STEPS)
    assert after != before
    assert network.get_population("c").vt == 0.25
    network.reset(synapses=True)
    network.get_population("c").init["vt"] = 0.95
    assert converter.predict(pictures, STEPS) == before


def test_an_edit_before_anything_was_compiled(load: Load, pictures: np.ndarray) -> None:
    converter = load("IB", read_out="membrane_potential")
    network = network_of(converter)
    network.get_population("c").init["vt"] = 0.3
    network.get_population("image").init["d"] = np.linspace(2.0, 6.0, 36)
    received = converter.predict(pictures, STEPS)
    assert received == oracle_labels(network.network, pictures, STEPS)


def test_start_values_edited_after_predict_do_not_change_what_it_left(
    load: Load, pictures: np.ndarray
) -> None:
    converter = load("IB", read_out="membrane_potential")
    converter.predict(pictures, STEPS)
    network = network_of(converter)
    expected = run_network(network.network, pictures, steps=STEPS).outputs[-1]
    network.get_population("out").init["v"] = 1.5
    np.testing.assert_allclose(network.get_population("out").v, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("read_out", "encoding"),
    [("spike_count", "IB"), ("membrane_potential", "CPN"), ("time_to_first_spike", "IB")],
)
def test_predicting_step_by_step_gives_the_same(
    load: Load, pictures: np.ndarray, read_out: str, encoding: str, capsys: Any
) -> None:
    """A start value that changes nothing sends predict through the live network."""
    converter = load(encoding, read_out=read_out, seed=5)
    expected = converter.predict(pictures, STEPS, multiple=True)
    drawn = converter.predict(pictures, STEPS)
    network = network_of(converter)
    network.get_projection("conv_proj_2").transmission = True
    network.get_population("out").init["mask" if read_out != "membrane_potential" else "v"] = 1e-300
    capsys.readouterr()
    assert converter.predict(pictures, STEPS, multiple=True) == expected
    assert "8/8" in capsys.readouterr().err
    assert converter.predict(pictures, STEPS) == drawn
    assert network.current_step <= STEPS


def test_changes_that_only_the_live_network_holds(load: Load, pictures: np.ndarray) -> None:
    converter = load("IB", read_out="membrane_potential")
    network = network_of(converter)
    network.get_population("out").init["v"] = [0.0, 0.0, 500.0]
    assert converter.predict(pictures, STEPS) == [2] * 8
    network.get_population("out").init["v"] = 0.0
    network.get_projection("dense_proj_4").transmission = False
    assert converter.predict(pictures, STEPS, multiple=True) == [[0, 1, 2]] * 8
    network.get_projection("dense_proj_4").transmission = True
    assert converter.predict(pictures, STEPS) == oracle_labels(network.network, pictures, STEPS)
    network.get_population("c").init["vt"] = "x"
    with pytest.raises(InputError, match=r"init\['vt'\] of 'c': expected a number"):
        converter.predict(pictures, STEPS)


def test_names_that_users_of_the_reference_reach_for(load: Load) -> None:
    converter = load("IB", read_out="time_to_k_spikes", k=3, max_f=50)
    assert converter._monitor is network_of(converter).get_monitors()[0]
    assert converter._snn_network is network_of(converter)
    assert (converter._max_f, converter._k_param) == (50, 3)
    assert converter._read_out == "time_to_k_spikes"
    assert (converter._input_model, converter._hidden_neuron_model) == (IB, IaF)
    fresh = ANNtoSNNConverter("IB")
    assert (fresh._monitor, fresh._snn_network) == (None, None)


def test_an_encoding_set_before_loading(small_file: Any, pictures: np.ndarray, load: Load) -> None:
    converter = ANNtoSNNConverter("IB")
    converter._input_model = PSO
    converter.load_keras_model(small_file, show_info=False)
    assert converter.predict(pictures, STEPS) == load("PSO").predict(pictures, STEPS)


def test_a_user_s_neuron_without_a_potential(small_file: Any, pictures: np.ndarray) -> None:
    """The monitor of the output records what there is."""
    neuron = Neuron(
        parameters="vt = 1.0 : population ; mask_tau = 20.0",
        equations="x += g_exc ; dmask/dt = -mask/mask_tau",
        spike="x > vt",
        reset="x = 0 ; mask += 1.0/mask_tau",
    )
    converter = ANNtoSNNConverter("IB", neuron)
    network = converter.load_keras_model(small_file, show_info=False)
    assert network.get_monitors()[0].variables == ["spike"]
    converter.predict(pictures, STEPS)
    assert network.get_population("c").mask_tau.shape == (6, 6, 2), "local, as no flag says else"


def test_precision_is_the_converter_s(load: Load, pictures: np.ndarray) -> None:
    converter = load("IB", precision="single")
    converter.predict(pictures, STEPS)
    out = network_of(converter).get_population("out")
    assert out.v.dtype == np.float64
    np.testing.assert_array_equal(out.v, out.v.astype(np.float32))


def test_the_folder_of_the_sources(small_file: Any, tmp_path: Any) -> None:
    converter = ANNtoSNNConverter("IB")
    network = converter.load_keras_model(small_file, tmp_path / "x", show_info=False)
    assert network.directory == str(tmp_path / "x")


def test_what_is_left_out_says_so(load: Load) -> None:
    network = network_of(load("IB"))
    with pytest.raises(UnavailableError, match=r"network.create does not exist in annconv"):
        network.create(3)
    assert not hasattr(network, "bogus")
