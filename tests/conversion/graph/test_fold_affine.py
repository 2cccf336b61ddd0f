"""Factors go into weights, offsets behind them, wherever nobody else reads what changes."""

from dataclasses import replace

import numpy as np
import pytest
from rewrite_checks import simpler

from annconv.conversion.graph.fold_affine import fold_affine
from annconv.ir.activations import Bias, Relu, Softmax
from annconv.ir.joins import Add
from annconv.ir.maps import Permute, Resample, TransposedConvolution
from annconv.ir.operators import Convolution, Dense, MaxPool, Pad, Reshape, Scale

SHAPE = (4, 5, 6)
ONE, NO_PAD, PAD = (1, 1), ((0, 0), (0, 0)), ((1, 1), (0, 2))
RANDOM = np.random.default_rng(0)


def numbers(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def convolution(groups=1, filters=6, padding=PAD, channels=6):
    kernel = numbers(3, 2, channels // groups, filters)
    return Convolution(kernel, (2, 1), padding, (1, 2), groups)


TRANSPOSED = TransposedConvolution(numbers(3, 2, 4, 6), (2, 1), ONE, (1, 0), (7, 6))
WEIGHTS = [
    convolution(),
    convolution(groups=2, filters=4),
    convolution(groups=6, filters=12),
    TRANSPOSED,
]


@pytest.mark.parametrize("layer", WEIGHTS, ids=str)
@pytest.mark.parametrize("single", [True, False])
def test_a_factor_behind_weights(chain, kinds, layer, single):
    channels = layer.output_geometry(SHAPE)[-1]
    factors = numbers() if single else numbers(channels)
    after = simpler(fold_affine, chain(SHAPE, layer, Scale(factors), Relu()))
    assert kinds(after) == [type(layer).__name__, "Relu"]
    assert after["l2"].layer.kernel.dtype == np.float64
    assert [origin.name for origin in after["l2"].origin] == ["l1", "l2"]


@pytest.mark.parametrize("layer", WEIGHTS, ids=str)
@pytest.mark.parametrize("single", [True, False])
def test_a_factor_in_front_of_weights(chain, kinds, layer, single):
    """Zero padding does no harm."""
    factors = numbers() if single else numbers(6)
    after = simpler(fold_affine, chain(SHAPE, Relu(), Scale(factors), layer))
    assert kinds(after) == ["Relu", type(layer).__name__]
    assert [origin.name for origin in after["l3"].origin] == ["l2", "l3"]


@pytest.mark.parametrize("single", [True, False])
def test_a_full_matrix_takes_factors_on_both_sides(chain, kinds, single):
    first, second = (numbers(), numbers()) if single else (numbers(6), numbers(3))
    layers = (Scale(first), Dense(numbers(6, 3)), Scale(second))
    assert kinds(simpler(fold_affine, chain((6,), *layers))) == ["Dense"]


def test_resizing_takes_a_single_factor_only(chain, kinds):
    layer = Resample((numbers(4, 3), numbers(5, 2)))
    for factors, left in ((numbers(), 1), (numbers(6), 2)):
        for layers in ((layer, Scale(factors)), (Scale(factors), layer)):
            assert len(kinds(simpler(fold_affine, chain(SHAPE, *layers)))) == left


def test_batch_normalisation_behind_weights_and_a_bias(chain, kinds):
    scale, shift = Scale(numbers(6)), Bias(numbers(6))
    before = chain(SHAPE, convolution(), Bias(numbers(6)), scale, shift, Relu())
    after = simpler(fold_affine, before)
    assert kinds(after) == ["Convolution", "Bias", "Relu"]
    assert [node.name for node in after.nodes] == ["input", "l1/simplified", "l4", "l5"]
    assert [origin.name for origin in after["l4"].origin] == ["l2", "l3", "l4"]
    np.testing.assert_allclose(
        after["l4"].layer.values,
        before["l2"].layer.values.astype(float) * scale.factors + shift.values,
    )


def test_batch_normalisation_in_front_of_weights(chain, kinds):
    affine = (Scale(numbers(6)), Bias(numbers(6)))
    for padding, left in (
        (NO_PAD, ["Convolution", "Bias"]),
        (PAD, ["Bias", "Convolution", "Bias"]),  # fewer offsets arrive at the edges
    ):
        layer = convolution(groups=2, filters=4, padding=padding)
        before = chain(SHAPE, Relu(), *affine, layer, Bias(numbers(4)))
        after = simpler(fold_affine, before)
        assert kinds(after) == ["Relu", *left]


def test_a_factor_of_zero_does_not_pass_an_offset(chain):
    factors = np.array([1.0, 0.0])
    graph = chain((3, 4, 2), Scale(factors), Bias(np.ones(2)), convolution(channels=2))
    assert fold_affine(graph) is graph


def test_an_offset_without_one_behind_the_weights(chain, kinds):
    """It moves behind them where it is then added to no more values."""
    for width, left in ((6, ["Dense", "Bias"]), (7, ["Bias", "Dense"])):
        before = chain((6,), Bias(numbers(6)), Dense(numbers(6, width)), Relu())
        assert kinds(simpler(fold_affine, before)) == [*left, "Relu"]
    before = chain((6,), Bias(numbers()), Scale(numbers(6)), Relu())
    assert kinds(simpler(fold_affine, before)) == ["Scale", "Bias", "Relu"]


def test_rows_of_factors_and_offsets_are_one_each(chain, kinds):
    layers = [Scale(numbers(6)), Bias(numbers()), Scale(numbers()), Bias(numbers(6))]
    after = simpler(fold_affine, chain(SHAPE, Relu(), *layers, *layers, Softmax()))
    assert kinds(after) == ["Relu", "Scale", "Bias", "Softmax"]


def test_what_lies_in_between_keeps_them_apart(chain):
    for between in (Relu(), MaxPool((2, 2), (2, 2), NO_PAD), Pad(PAD), Permute((1, 0, 2))):
        graph = chain(SHAPE, convolution(filters=6), between, Scale(np.abs(numbers(6)) + 0.1))
        assert fold_affine(graph) is graph


def test_whole_weights_stay_whole(chain):
    whole = Dense(np.ones((6, 6), dtype=np.int16))
    graph = chain((6,), whole, Scale(numbers(6)), Relu(), Scale(numbers(6)), whole)
    assert fold_affine(graph) is graph


@pytest.mark.parametrize(
    "layers",
    [
        (Dense(np.full((2, 2), 1e200)), Scale(np.float64(1e200))),
        (Scale(np.float64(1e200)), Dense(np.full((2, 2), 1e200))),
        (Dense(np.ones((2, 2))), Bias(np.full(2, 1e308)), Bias(np.full(2, 1e308))),
    ],
)
def test_numbers_too_large_for_one_stay_two(chain, layers):
    graph = chain((2,), *layers)
    assert fold_affine(graph) is graph


def branched(graph, last):
    return graph(
        (6,),
        ("dense", "Dense", Dense(numbers(6, 6))),
        ("scale", "BatchNormalization", Scale(numbers(6))),
        ("other", "Dense", Dense(numbers(6, 6))),
        ("sum", "Add", Add(), ("other", last)),
    )


def test_what_others_read_stays(graph, kinds):
    read = simpler(fold_affine, branched(graph, "dense"))
    assert kinds(read) == ["Dense", "Dense", "Add"]  # the factor goes to the weights behind it
    read = simpler(fold_affine, branched(graph, "scale"))
    assert kinds(read) == ["Dense", "Dense", "Add"]  # or to those before it
    graph = branched(graph, "scale")
    graph = replace(graph, outputs=("sum", "dense", "scale"))
    assert fold_affine(graph) is graph


def test_an_output_keeps_its_values(chain, kinds):
    graph = chain((6,), Dense(numbers(6, 6)), Scale(numbers(6)), Dense(numbers(6, 2)))
    both = simpler(fold_affine, replace(graph, outputs=("l2", "l3")))
    assert [node.name for node in both.nodes] == ["input", "l2", "l3"]
    first = simpler(fold_affine, replace(graph, outputs=("l1", "l3")))
    assert [node.name for node in first.nodes] == ["input", "l1", "l3"]


def test_a_join_reads_a_factor_twice(graph):
    layers = (
        ("relu", "ReLU", Relu()),
        ("scale", "Rescaling", Scale(numbers(6))),
        ("sum", "Add", Add(), ("scale", "scale")),
        ("dense", "Dense", Dense(numbers(6, 2))),
    )
    before = graph((6,), *layers)
    assert fold_affine(before) is before


def test_new_names_differ_from_all_others(chain):
    graph = chain((6,), Dense(numbers(6, 6)), Bias(numbers(6)), Scale(numbers(6)), Relu())
    renamed = {"l1": "l1/simplified", "l2": "l1"}
    nodes = tuple(
        replace(
            node,
            name=renamed.get(node.name, node.name),
            inputs=tuple(renamed.get(name, name) for name in node.inputs),
        )
        for node in graph.nodes
    )
    after = simpler(fold_affine, replace(graph, nodes=nodes))
    assert [node.name for node in after.nodes] == ["input", "l1/simplified/2", "l3", "l4"]


def test_reshaped_values_have_factors_of_their_own(chain):
    """Only `move_affine` looks across a Reshape."""
    graph = chain(SHAPE, convolution(), Reshape((60,)), Scale(numbers()), Relu())
    assert fold_affine(graph) is graph
