"""What becomes a population, and what is refused or ignored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annconv.conversion.annarchy.survey import survey
from annconv.conversion.refusal import problem, unsupported
from annconv.errors import LayerProblem
from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.joins import Add, Concatenate
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Upsample,
)
from annconv.ir.origin import Origin

POOL = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
MEAN = MeanPool((2, 2), (2, 2), ((0, 0), (0, 0)))


@pytest.fixture
def conv(weights):
    return lambda channels, filters: Convolution(
        weights(3, 3, channels, filters), (1, 1), ((1, 1), (1, 1)), (1, 1)
    )


def alone(refusal):
    """A problem that no other preset solves."""
    return problem(refusal, lambda _: ())


def refused(graph, *, ignore=False):
    """The error of a Graph, None where there is nothing to refuse."""
    found = survey(graph)
    listed = (*found.fatal, *(() if ignore else found.inexact))
    return unsupported(graph, map(alone, listed)) if listed else None


def problems(graph, **options):
    return [(entry.layer, entry.type, entry.why) for entry in refused(graph, **options).problems]


def surveyed(graph, *known):
    """Problems of a draft, those known before them."""
    found = survey(graph, known)
    return (*known, *map(alone, (*found.fatal, *found.inexact)))


def spiking_layers(found):
    return [(spiking.node.name, [type(operator) for operator in spiking.operators])
            for spiking in found.layers]  # fmt: skip


def test_weights_and_pools_become_spiking_layers_and_the_rest_is_absorbed(graph, conv, weights):
    found = survey(
        graph(
            (4, 4, 1),
            ("conv", "Conv2D", conv(1, 2)), ("conv", "Conv2D", Relu()),
            ("pool", "MaxPooling2D", POOL), ("drop", "Dropout", None),
            ("mean", "AveragePooling2D", MEAN),
            ("flat", "Flatten", Reshape((2,))),
            ("dense", "Dense", Dense(weights(2, 3))), ("relu", "ReLU", Relu()),
            ("last", "Dense", Dense(weights(3, 5))), ("soft", "Softmax", Softmax()),
            ("shape", "Reshape", Reshape((5, 1))),
        )
    )  # fmt: skip
    assert found.input.name == "input"
    assert (found.fatal, found.inexact) == ((), ())
    assert spiking_layers(found) == [
        ("conv", [Convolution]), ("pool", [MaxPool]), ("mean", [MeanPool]),
        ("dense", [Reshape, Dense]), ("last", [Dense]),
    ]  # fmt: skip
    assert [spiking.node.origin[0].index for spiking in found.layers] == [1, 2, 4, 6, 8]


def test_a_relu_behind_max_pooling_counts(graph, conv, weights):
    model = graph(
        (4, 4, 1), ("conv", "Conv2D", conv(1, 2)), ("pool", "MaxPooling2D", POOL),
        ("relu", "ReLU", Relu()), ("flat", "Flatten", Reshape((8,))),
        ("dense", "Dense", Dense(weights(8, 2))),
    )  # fmt: skip
    assert len(survey(model).layers) == 3
    assert refused(model) is None


def test_linear_layers_between_are_refused(graph, conv, weights):
    linear = "its values can be negative, and no ReLU follows before the next layer"
    hidden = graph((3,), ("a", "Dense", Dense(weights(3, 4))), ("b", "Dense", Dense(weights(4, 2))))
    assert problems(hidden) == [("a", "Dense", linear)]
    mean = graph((4, 4, 1), ("conv", "Conv2D", conv(1, 2)), ("mean", "AveragePooling2D", MEAN),
                 ("relu", "ReLU", Relu()))  # fmt: skip
    assert problems(mean) == [("conv", "Conv2D", linear)]
    last = graph((4, 4, 1), ("conv", "Conv2D", conv(1, 2)), ("pool", "MaxPooling2D", POOL))
    assert problems(last) == [("conv", "Conv2D", linear)]


def test_everything_that_is_not_exact_is_listed_in_the_order_of_the_layers(graph, weights):
    model = graph(
        (3,),
        ("first", "Rescaling", Scale(2.0)),
        ("early", "ReLU", Relu()),
        ("a", "Dense", Dense(weights(3, 4))), ("a", "Dense", Bias(np.ones(4))),
        ("six", "ReLU", Relu(maximum=6.0)),
        ("b", "Dense", Dense(weights(4, 4))), ("leaky", "LeakyReLU", Relu(slope=0.3)),
        ("soft", "Softmax", Softmax()), ("scale", "Rescaling", Scale(2.0)),
        ("c", "Dense", Dense(weights(4, 2))),
    )  # fmt: skip
    found = problems(model)
    assert [(layer, type_) for layer, type_, _ in found] == [
        ("first", "Rescaling"), ("early", "ReLU"), ("a", "Dense"), ("six", "ReLU(max 6)"),
        ("leaky", "LeakyReLU(slope 0.3)"), ("soft", "Softmax"), ("scale", "Rescaling"),
    ]  # fmt: skip
    assert [why for *_, why in found] == [
        "it scales samples, and input neurons take them as they are",
        "the input's encoding has no ReLU",
        "it adds a bias, and no neuron here has one",
        "no neuron here saturates at a value",
        "no neuron here passes on negative values",
        "its values depend on all channels at once",
        "it scales and shifts channels, and no neuron here does",
    ]
    ignored = survey(model)
    assert (len(ignored.inexact), refused(model, ignore=True)) == (7, None)
    assert [spiking.node.name for spiking in ignored.layers] == ["a", "b", "c"]


def test_the_message_counts_layers_and_names_remedies(graph, weights):
    model = graph((3,), ("a", "Dense", Dense(weights(3, 4))), ("a", "Dense", Bias(np.ones(4))))
    assert str(refused(model)) == (
        "1 of 2 layers of 'model' cannot become spiking neurons.\n"
        "  layer 1   'a'  Dense: it adds a bias, and no neuron here has one. "
        "Instead: use_bias=False and retrain."
    )


@pytest.mark.parametrize(("merge", "type_"), [(Add(), "Add"), (Concatenate(), "Concatenate")])
@pytest.mark.parametrize("ignore", [False, True])
def test_branches_are_refused(graph, weights, merge, type_, ignore):
    model = graph(
        (3,),
        ("a", "Dense", Dense(weights(3, 3))), ("a", "Dense", Relu()),
        ("b", "Dense", Dense(weights(3, 3)), ("input",)), ("b", "Dense", Relu()),
        ("merge", type_, merge, ("a/relu", "b/relu")),
        ("c", "Dense", Dense(weights(3 if type_ == "Add" else 6, 2))),
    )  # fmt: skip
    assert problems(model, ignore=ignore) == [
        ("b", "Dense", "it does not read the layer before it, and populations form one chain"),
        ("merge", type_, "it joins branches, and populations form one chain"),
    ]


def test_one_input_and_one_output(weights):
    first, second, dense = (
        Origin("x", 0, "InputLayer"), Origin("y", 1, "InputLayer"), Origin("a", 2, "Dense"),
    )  # fmt: skip
    nodes = (
        Node("x", Input(), (), (3,), (first,)),
        Node("y", Input(), (), (3,), (second,)),
        Node("a", Dense(weights(3, 2)), ("y",), (2,), (dense,)),
    )
    model = Graph("model", nodes, ("a", "y"), (first, second, dense))
    assert problems(model) == [
        ("y", "InputLayer", "it is one of 2 inputs"),
        ("y", "InputLayer", "it is one of 2 outputs"),
    ]


def test_a_model_without_populations_is_refused(graph):
    model = graph((3,), ("flat", "Reshape", Reshape((3, 1))))
    assert problems(model) == [("input", "InputLayer", "no layer behind it becomes a population")]


MAPS = [
    (Pad(((1, 0), (1, 1))), "no projection here pads by itself"),
    (Crop(((1, 0), (1, 1))), "parts of a map cannot be left out"),
    (Permute((1, 0, 2)), "axes cannot change places"),
    (Upsample((1, 2)), "no projection here enlarges what it reads"),
    (
        TransposedConvolution(np.ones((2, 2, 3, 2)), (2, 2), (1, 1), (0, 0), (8, 8)),
        "no projection here enlarges what it reads",
    ),
    (Resample((np.eye(4), np.ones((4, 3)))), "no projection here resizes what it reads"),
    (AdaptiveMaxPool((3, 3)), "its windows differ in size"),
    (Increase(), "increase is no part of this preset's networks"),
]


@pytest.mark.parametrize(("layer", "why"), MAPS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("ignore", [False, True])
def test_maps_that_no_projection_has(graph, conv, weights, layer, why, ignore):
    shape = layer.output_geometry((4, 4, 2))
    size = int(np.prod(shape))
    model = graph(
        (4, 4, 1), ("conv", "Conv2D", conv(1, 2)), ("conv", "Conv2D", Relu()),
        ("map", "Layer", layer), ("flat", "Flatten", Reshape((size,))),
        ("dense", "Dense", Dense(weights(size, 2))),
    )  # fmt: skip
    assert problems(model, ignore=ignore) == [("map", "Layer", why)]


def test_values_that_no_neuron_has_stand_in_place_of_a_relu(graph, weights):
    model = graph(
        (3,),
        ("a", "Dense", Dense(weights(3, 4))), ("a", "Dense", Bias(np.ones(4))),
        ("a", "Dense", Function("elu", (("alpha", 1.0),))),
        ("b", "Dense", Dense(weights(4, 4))), ("slopes", "PReLU", PRelu(np.ones(4))),
        ("c", "Dense", Dense(weights(4, 4))), ("late", "ReLU", Relu(threshold=0.5)),
        ("d", "Dense", Dense(weights(4, 6))), ("map", "Reshape", Reshape((2, 3))),
        ("soft", "Softmax", Softmax((-2,))),
    )  # fmt: skip
    assert problems(model) == [
        ("a", "Dense", "it adds a bias, and no neuron here has one"),
        ("a", "Dense('elu')", "no neuron here has this response"),
        ("slopes", "PReLU", "no neuron here passes on negative values"),
        ("late", "ReLU(threshold 0.5)", "its response jumps"),
        ("soft", "Softmax", "its values depend on other positions"),
    ]
    assert len(survey(model).layers) == 4
    assert refused(model, ignore=True) is None


def test_a_layer_that_scales_and_shifts_is_one_problem(graph, weights):
    layers = (
        ("a", "Dense", Dense(weights(3, 4))),
        ("norm", "BatchNormalization", Scale(np.full(4, 2.0))),
        ("norm", "BatchNormalization", Bias(np.ones(4))), ("relu", "ReLU", Relu()),
    )  # fmt: skip
    found = [
        ("norm", "BatchNormalization", "it scales and shifts channels, and no neuron here does")
    ]
    turned = ("norm", "BatchNormalization", Permute((0,)))
    assert problems(graph((3,), layers[0], turned, *layers[1:3], turned, layers[3])) == found
    assert problems(graph((3,), *layers)) == found
    assert problems(graph((3,), layers[0], *layers[2:])) == found
    assert "folding its scale into the kernel before" in str(refused(graph((3,), *layers)))


def test_two_convolutions_of_one_layer(graph, conv):
    model = graph((4, 4, 1), ("sep", "SeparableConv2D", conv(1, 2)),
                  ("sep", "SeparableConv2D", conv(2, 3)), ("relu", "ReLU", Relu()))  # fmt: skip
    assert problems(model) == [
        ("sep", "SeparableConv2D", "it is two convolutions, and no ReLU stands between them")
    ]


def test_the_scale_of_an_average_belongs_to_the_branch(graph):
    model = graph(
        (3,), ("mean", "Average", Add(), ("input", "input")), ("mean", "Average", Scale(0.5)),
        ("a", "Dense", Dense(np.ones((3, 2)))),
    )  # fmt: skip
    assert problems(model) == [
        ("mean", "Average", "it joins branches, and populations form one chain")
    ]


def test_the_bias_of_a_transposed_convolution(graph):
    larger = TransposedConvolution(np.ones((2, 2, 3, 1)), (2, 2), (1, 1), (0, 0), (8, 8))
    model = graph((4, 4, 1), ("larger", "Conv2DTranspose", larger),
                  ("larger", "Conv2DTranspose", Bias(np.ones(3))),
                  ("flat", "Flatten", Reshape((192,))),
                  ("a", "Dense", Dense(np.ones((192, 2)))))  # fmt: skip
    assert [why for *_, why in problems(model)] == [
        "no projection here enlarges what it reads", "it adds a bias, and no neuron here has one",
    ]  # fmt: skip


def test_a_transposed_convolution_reads_linear_values(graph, conv):
    larger = TransposedConvolution(np.ones((2, 2, 3, 2)), (2, 2), (1, 1), (0, 0), (8, 8))
    model = graph((4, 4, 1), ("conv", "Conv2D", conv(1, 2)), ("larger", "Conv2DTranspose", larger))
    assert problems(model) == [
        ("conv", "Conv2D", LINEAR),
        ("larger", "Conv2DTranspose", "no projection here enlarges what it reads"),
    ]


LINEAR = "its values can be negative, and no ReLU follows before the next layer"


def test_a_stage_ends_in_a_layer_with_a_population(graph, weights):
    (spiking,) = survey(graph((3,), ("a", "Dense", Dense(weights(3, 2))))).layers
    with pytest.raises(TypeError, match="reshape 2 does not become a population"):
        _ = replace(spiking, operators=(Reshape((2,)),)).layer


@pytest.mark.parametrize(
    ("type_", "follows"),
    [
        ("Activation", []), ("PReLU", []), ("ELU", []), ("Lambda", []), ("Custom", []),
        ("BatchNormalization", ["a"]), ("LSTM", ["a"]), ("Dense", ["a"]),
    ],
)  # fmt: skip
def test_a_known_problem_that_may_be_the_missing_relu_causes_no_other(
    graph, weights, type_, follows
):
    draft = graph(
        (3,),
        ("a", "Dense", Dense(weights(3, 4))), ("known", type_, Reshape((4,))),
        ("b", "Dense", Dense(weights(4, 2))),
    )  # fmt: skip
    known = LayerProblem(2, "known", type_, "it is refused", "another")
    found = surveyed(draft, known)
    assert found[0] is known
    assert [(entry.layer, entry.why) for entry in found[1:]] == [(name, LINEAR) for name in follows]


def test_a_known_problem_excuses_what_may_only_follow_from_it(graph, weights, conv):
    unread = LayerProblem(1, "conv", "Conv2D", "its channels come first", "channels last")
    draft = graph(
        (4, 4, 1), ("conv", "Conv2D", Reshape((4, 4, 1))), ("relu", "ReLU", Relu()),
        ("pad", "ZeroPadding2D", Pad(((1, 1), (1, 1)))),
    )  # fmt: skip
    assert [entry.layer for entry in surveyed(draft, unread)] == [
        "conv", "pad",
    ]  # fmt: skip
    assert [why for *_, why in problems(draft)] == [
        "no layer behind it becomes a population",
        "the input's encoding has no ReLU",
        "no projection here pads by itself",
    ]
    shared = LayerProblem(2, "b", "Dense", "it is used in 2 places", "one for each")
    branches = graph(
        (3,), ("a", "Dense", Dense(weights(3, 3))), ("b", "Dense", Dense(weights(3, 3)), ("input",))
    )
    assert surveyed(branches, shared) == (shared,)
