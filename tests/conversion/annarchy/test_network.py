"""The networks of preset `annarchy`: names, neurons, thresholds, weights, refusals."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from annconv.conversion import convert_graph
from annconv.conversion.annarchy import network as annarchy
from annconv.errors import ConversionWarning, EquationError, OptionError, UnsupportedModelError
from annconv.ir.activations import Bias, Relu, Softmax
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Reshape
from annconv.neurons.library import IB, IaF
from annconv.neurons.neuron import Neuron
from annconv.options import AnnarchyOptions
from annconv.reference.network import run_network

SPIKER = Neuron(
    name="Spiker", parameters="vt = 2.0", equations="dv/dt = g_exc", spike="v > vt", reset="v = 0"
)
"""A hidden neuron without a mask."""


@pytest.fixture
def mlp(graph, weights):
    return graph(
        (6,),
        ("a", "Dense", Dense(weights(6, 5))), ("a", "Dense", Relu()), ("drop", "Dropout", None),
        ("b", "Dense", Dense(weights(5, 4))), ("b", "Dense", Relu()),
        ("c", "Dense", Dense(weights(4, 3))), ("c", "Dense", Softmax()),
    )  # fmt: skip


@pytest.fixture
def cnn(graph, weights):
    conv = Convolution(weights(3, 3, 1, 2), (1, 1), ((1, 1), (1, 1)), (1, 1))
    return graph(
        (8, 8, 1),
        ("conv", "Conv2D", conv), ("conv", "Conv2D", Relu()),
        ("pool", "MaxPooling2D", MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))),
        ("mean", "AveragePooling2D", MeanPool((2, 2), (2, 2), ((0, 0), (0, 0)))),
        ("flat", "Flatten", Reshape((8,))),
        ("out", "Dense", Dense(weights(8, 3))), ("act", "Activation", Softmax()),
    )  # fmt: skip


def convert(graph, **options):
    return convert_graph(graph, AnnarchyOptions(**{"input_encoding": "IB", **options}))


def thresholds(network):
    return [
        float(entry.parameters["vt"]) if "vt" in entry.parameters else None
        for entry in network.populations
    ]


def test_populations_and_projections(cnn):
    network = convert(cnn, dt=0.5, steps=77, max_f=50)
    assert network.names == ("input", "conv", "pool", "mean", "out")
    assert [entry.geometry for entry in network.populations] == [
        (8, 8, 1), (8, 8, 2), (4, 4, 2), (2, 2, 2), (3,),
    ]  # fmt: skip
    assert [entry.role for entry in network.populations] == [
        "input", "hidden", "hidden", "hidden", "output",
    ]  # fmt: skip
    assert [entry.neuron for entry in network.populations] == [IB, IaF, IaF, IaF, IaF]
    assert [(p.name, p.pre, p.post, p.transmits, p.delay) for p in network.projections] == [
        ("conv_proj_2", "input", "conv", "mask", 1),
        ("pool_proj_3", "conv", "pool", "mask", 1),
        ("pool_proj_4", "pool", "mean", "mask", 1),
        ("dense_proj_5", "mean", "out", "spikes", 1),
    ]
    assert (network.dt, network.steps, network.input_scale) == (0.5, 77, 50.0)
    assert network.options["input_encoding"] == "IB"
    assert network.options["normalize"] == "None"
    assert [entry.origin[0].index for entry in network.populations] == [0, 1, 2, 3, 5]


def test_thresholds_count_every_layer_and_the_last_dense_keeps_its_own(mlp, cnn):
    assert thresholds(convert(mlp)) == [None, 1.0 - 0.05 * 1, 1.0 - 0.05 * 3, 1.0]
    assert thresholds(convert(cnn)) == [None, 0.95, 0.9, 1.0 - 0.05 * 3, 1.0]
    assert thresholds(convert(mlp, threshold_step=0)) == [None, 1.0, 1.0, 1.0]


def test_a_last_layer_that_is_no_dense_is_lowered(graph, weights):
    conv = Convolution(weights(3, 3, 1, 2), (1, 1), ((1, 1), (1, 1)), (1, 1))
    assert thresholds(convert(graph((4, 4, 1), ("conv", "Conv2D", conv)))) == [None, 0.95]


@pytest.mark.parametrize(
    ("read_out", "neuron", "last"),
    [
        ("spike_count", "Spiker", 2.0), ("time_to_first_spike", "IaF", 1.0),
        ("time_to_k_spikes", "Counter", 1.0), ("membrane_potential", "Integrator", None),
    ],
)  # fmt: skip
def test_read_outs_and_a_users_hidden_neuron(mlp, read_out, neuron, last):
    network = convert(mlp, hidden_neuron=SPIKER, read_out=read_out, k=4)
    assert [entry.neuron.name for entry in network.populations] == [
        "IB", "Spiker", "Spiker", neuron,
    ]  # fmt: skip
    assert thresholds(network) == [None, 1.95, 1.85, last]
    assert network.options["hidden_neuron"] == "Spiker"
    counted = network.output.parameters.get("k")
    assert (counted is None) is (read_out != "time_to_k_spikes")
    assert counted is None or counted == 4.0


def test_weights_stay_raw(cnn):
    network = convert(cnn)
    kernel = network.projections[0].operators[0].kernel
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, cnn["conv"].layer.kernel)
    assert convert(cnn, scale_factor=[9, 9, 9, 9]).projections[3].operators[1].weights.dtype == (
        np.float32
    )


def largest_positive_sum(weights):
    return np.where(weights > 0, weights, 0).reshape(-1, weights.shape[-1]).sum(axis=0).max()


def test_model_based_normalisation_counts_pooling_layers(cnn):
    operators = [p.operators[-1] for p in convert(cnn, normalize="model").projections]
    assert largest_positive_sum(operators[0].kernel) == pytest.approx(2.0)
    assert operators[1:3] == [cnn["pool"].layer, cnn["mean"].layer]
    assert largest_positive_sum(operators[3].weights) == pytest.approx(5.0)
    given = convert(cnn, normalize="model", scale_factor=[1, 7, 7, 3]).projections
    assert largest_positive_sum(given[0].operators[-1].kernel) == pytest.approx(1.0)
    assert largest_positive_sum(given[3].operators[-1].weights) == pytest.approx(3.0)


@pytest.mark.parametrize("normalize", [None, "model"])
def test_factors_are_checked_even_where_they_are_not_applied(cnn, normalize):
    with pytest.raises(OptionError, match="scale_factor: expected 4 factors, .* received 2"):
        convert(cnn, normalize=normalize, scale_factor=[1.0, 2.0])
    with pytest.raises(OptionError, match="scale_factor: expected None, a number above 0"):
        convert(cnn, normalize=normalize, scale_factor="2")


def test_faults_of_options_are_listed_together(mlp):
    with pytest.raises(OptionError) as caught:
        convert(mlp, input_encoding="BI", read_out="time_to_k_spikes", scale_factor="2")
    starts = [fault.split(":")[0] for fault in caught.value.faults]
    assert starts == ["input_encoding", "k", "scale_factor"]


def test_thresholds_of_0_and_below_are_refused_with_remedies(mlp):
    with pytest.raises(UnsupportedModelError) as caught:
        convert(mlp, threshold_step=0.5)
    (found,) = caught.value.problems
    assert (found.layer, found.index) == ("b", 3)
    assert found.why == "its threshold would be -0.5, and must be above 0"
    assert found.instead == "threshold_step=0.3 or smaller, or preset='rate'"
    convert(mlp, threshold_step=0.3)
    with pytest.raises(UnsupportedModelError):
        convert(mlp, threshold_step=1.0 / 3.0 + 1e-9)


def test_a_neuron_whose_own_threshold_is_negative_keeps_its_sign(mlp):
    millivolts = replace(SPIKER, parameters="vt = -50.0")
    assert thresholds(convert(mlp, hidden_neuron=millivolts)) == [None, -50.05, -50.15, -50.0]


def test_masks_are_needed_where_they_are_read(cnn, mlp):
    bare = Neuron(name="Bare", parameters="rates = 0.0", spike="rates > 0")
    with pytest.raises(OptionError) as caught:
        convert(cnn, input_encoding=bare, hidden_neuron=SPIKER)
    encoding, hidden = caught.value.faults
    assert encoding.startswith(
        "input_encoding: neuron 'Bare' has no variable 'mask': expected the trace of its spikes, "
        "which 'conv' read."
    )
    assert "neuron 'Spiker' has no variable 'mask'" in hidden
    assert "which 'pool', 'mean' read" in hidden
    assert "Add 'dmask/dt = -mask/mask_tau' to its equations" in hidden
    convert(mlp, input_encoding=bare, hidden_neuron=SPIKER)


def test_equations_of_a_user_are_checked(mlp):
    with pytest.raises(EquationError, match="unknown name 'tua'"):
        convert(mlp, hidden_neuron=replace(SPIKER, equations="dv/dt = g_exc/tua"))


def test_what_is_ignored_is_listed_in_one_warning(graph, weights):
    model = graph(
        (3,),
        ("a", "Dense", Dense(weights(3, 4))), ("a", "Dense", Bias(np.ones(4))),
        ("b", "Dense", Dense(weights(4, 2))), ("b", "Dense", Bias(np.ones(2))),
    )  # fmt: skip
    with pytest.raises(UnsupportedModelError):
        convert(model)
    with pytest.warns(ConversionWarning) as caught:
        network = convert(model, on_unsupported="ignore")
    assert network.names == ("input", "a", "b")
    assert len(caught) == 1
    head, *lines = str(caught[0].message).splitlines()
    assert head == (
        "Ignored 3 properties of 'model', as on_unsupported='ignore' asks; the network computes "
        "something else than the model."
    )
    assert [line.split()[:3] for line in lines] == [
        ["layer", "1", "'a'"], ["layer", "1", "'a'"], ["layer", "2", "'b'"],
    ]  # fmt: skip


def test_what_was_ignored_before_is_in_the_same_warning(mlp):
    from annconv.errors import LayerProblem

    found = LayerProblem(2, "norm", "LayerNormalization", "it is unknown", "nothing")
    options = AnnarchyOptions(on_unsupported="ignore")
    with pytest.warns(ConversionWarning, match="'norm'  LayerNormalization: it is unknown"):
        convert_graph(mlp, options, ignored=(found,))


def test_nothing_ignored_gives_no_warning(mlp):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convert(mlp, on_unsupported="ignore")


def test_a_converted_network_runs(cnn):
    network = convert(cnn)
    samples = np.random.default_rng(0).uniform(size=(3, 64))
    received = run_network(network, samples, steps=40, record=["conv"])
    assert received.counts.shape == (3, 3)
    assert all(len(train) for train in received.spikes["conv"])


def test_a_whole_threshold_cannot_be_lowered_by_a_fraction(mlp):
    whole = replace(SPIKER, parameters="vt = 2 : int")
    with pytest.raises(OptionError) as caught:
        convert(mlp, hidden_neuron=whole)
    assert str(caught.value) == (
        "hidden_neuron: neuron 'Spiker' declares its threshold 'vt' as int: expected float, because"
        " 'a' has the threshold 1.95. Declare it without 'int', or use threshold_step=0."
    )
    assert thresholds(convert(mlp, hidden_neuron=whole, threshold_step=0)) == [None, 2, 2, 2]


@pytest.mark.parametrize("own", [2.0, -50.0])
def test_thresholds_that_overflow_are_refused(mlp, own):
    neuron = replace(SPIKER, parameters=f"vt = {own}")
    step = -1e308 if own > 0 else 1e308
    with pytest.raises(OptionError) as caught:
        convert(mlp, hidden_neuron=neuron, threshold_step=step)
    assert str(caught.value) == (
        f"threshold_step: expected a number from -3e+307 to 3e+307, received {step!r}, with which "
        f"'b' would have the threshold {'inf' if own > 0 else '-inf'}."
    )
    convert(mlp, hidden_neuron=neuron, threshold_step=-3e307)


def test_neurons_of_annarchy_make_the_network_that_ours_make(mlp):
    values = {entry.name: getattr(SPIKER, entry.name) for entry in fields(SPIKER)}
    theirs = convert(mlp, hidden_neuron=SimpleNamespace(**values))
    assert theirs == convert(mlp, hidden_neuron=SPIKER)


def test_options_keep_the_name_of_a_neuron():
    foreign = SimpleNamespace(parameters="", equations="", spike=None, name="Theirs")
    assert annarchy._text(foreign) == "Theirs"
    assert annarchy._text(type("Made", (), {})) == "Made"
    assert annarchy._text(IaF) == "IaF"
    assert annarchy._text("IB") == "IB"
    assert annarchy._text(None) == "None"
