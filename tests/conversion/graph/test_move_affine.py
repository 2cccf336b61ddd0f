"""Factors and offsets cross layers that pass them on, if something behind takes them."""

from dataclasses import replace

import numpy as np
import pytest
from rewrite_checks import simpler

from annconv.conversion.graph.fold_affine import fold_affine
from annconv.conversion.graph.move_affine import move_affine
from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.joins import Add
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)

SHAPE = (4, 6, 2)
ONE, NO_PAD, PAD = (1, 1), ((0, 0), (0, 0)), ((1, 1), (0, 2))
RANDOM = np.random.default_rng(0)
SIGNED, POSITIVE = np.array([0.7, -1.3]), np.array([0.7, 1.3])
OFFSETS = np.array([0.4, -0.9])


def numbers(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def convolution(padding=NO_PAD, channels=2):
    return Convolution(numbers(2, 1, channels, 2), ONE, padding, ONE)


PASSING = {
    "max pooling": (MaxPool((3, 2), (2, 2), ((1, 0), (0, 1))), True, True),
    "adaptive max pooling": (AdaptiveMaxPool((3, 4)), True, True),
    "mean pooling": (MeanPool((3, 2), (2, 2), ((1, 0), (0, 1))), False, True),
    "cropping": (Crop(((1, 0), (0, 2))), False, True),
    "repeating": (Upsample((2, 1)), False, True),
    "swapped axes": (Permute((1, 0, 2)), False, True),
    "reshaping": (Reshape((6, 4, 2)), False, True),
    "padding": (Pad(PAD), False, False),
    "resizing": (Resample((numbers(4, 3), numbers(6, 3))), False, False),
    "relu": (Relu(), True, False),
    "leaky relu": (Relu(slope=0.3), True, False),
    "prelu": (PRelu(numbers(1, 6, 2)), True, False),
}
"""What passes factors on, whether they have to be above 0, and whether it passes offsets."""


@pytest.mark.parametrize("name", PASSING)
def test_factors_reach_weights_on_either_side(chain, kinds, name):
    layer, positive_only, _ = PASSING[name]
    for factors in (POSITIVE, SIGNED, np.float64(1.5), np.float64(-1.5)):
        moves = bool((factors > 0).all()) or not positive_only
        for layers in (
            (convolution(), layer, Scale(factors)),
            (Function("tanh"), Scale(factors), layer, convolution(PAD)),
        ):
            behind = isinstance(layers[0], Convolution)  # which makes SHAPE of one row more
            before = chain((5, 6, 2) if behind else SHAPE, *layers)
            after = simpler(move_affine, before)
            assert ("Scale" in kinds(after)) != moves
            assert len(kinds(after)) == len(kinds(before)) - moves


@pytest.mark.parametrize("name", PASSING)
def test_offsets_reach_others_on_either_side(chain, kinds, name):
    layer, _, passes = PASSING[name]
    for offsets in (OFFSETS, np.float64(0.3)):
        before = chain(SHAPE, Bias(OFFSETS), layer, Bias(offsets))
        after = simpler(move_affine, before)
        assert kinds(after).count("Bias") == (1 if passes else 2)


@pytest.mark.parametrize(
    "layer", [Relu(maximum=6.0), Relu(threshold=0.5), Function("tanh"), Softmax()], ids=str
)
def test_what_bends_values_passes_nothing(chain, layer):
    for affine in (Scale(POSITIVE), Bias(OFFSETS)):
        graph = chain(SHAPE, affine, layer, affine)
        assert move_affine(graph) is graph


def test_a_factor_of_zero_does_not_cross_max_pooling(chain):
    for layers in ((MaxPool((2, 2), (2, 2), NO_PAD), Relu()), (Relu(), Relu())):
        graph = chain(SHAPE, convolution(), *layers, Scale(np.array([1.0, 0.0])))
        assert move_affine(graph) is graph


def test_batch_normalisation_between_pooling_and_a_padded_convolution(chain, kinds):
    """Its offset would be cut off at the edges; the one before the pooling joins it."""
    layers = (
        convolution(PAD), Bias(OFFSETS), MaxPool((2, 2), (2, 2), NO_PAD),
        Scale(POSITIVE), Bias(OFFSETS), convolution(PAD), Relu(),
    )  # fmt: skip
    after = simpler(move_affine, chain(SHAPE, *layers))
    assert kinds(after) == ["Convolution", "MaxPool", "Bias", "Convolution", "Relu"]
    assert [origin.name for origin in after["l5"].origin] == ["l2", "l4", "l5"]


def test_behind_a_relu_and_pooling_both_go_forwards(chain, kinds):
    layers = (
        Relu(maximum=1.0), Scale(POSITIVE), Bias(OFFSETS), MaxPool((2, 2), (2, 2), NO_PAD),
        convolution(), Bias(OFFSETS), Relu(),
    )  # fmt: skip
    after = simpler(move_affine, chain(SHAPE, *layers))
    assert kinds(after) == ["Relu", "MaxPool", "Convolution", "Bias", "Relu"]
    assert [node.name for node in after.nodes[-2:]] == ["l6", "l7"]
    assert [origin.name for origin in after["l6"].origin] == ["l2", "l3", "l6"]


def test_flattened_channels(chain, kinds):
    """(4, 6, 2) -> (48,): every value of a channel meets the channel's factor and offset."""
    layers = (Scale(SIGNED), Bias(OFFSETS), Reshape((48,)), Dense(numbers(48, 3)), Bias(numbers(3)))
    after = simpler(move_affine, chain(SHAPE, *layers))
    assert kinds(after) == ["Reshape", "Dense", "Bias"]


@pytest.mark.parametrize("alike", [True, False])
def test_factors_of_single_values(chain, kinds, alike):
    """Channels of a convolution take them only where all cells of a channel have the same."""
    factors = np.tile(SIGNED, 24) if alike else np.arange(1.0, 49.0)
    cells = Convolution(numbers(1, 1, 2, 2), ONE, NO_PAD, ONE)
    after = simpler(move_affine, chain(SHAPE, cells, Reshape((48,)), Scale(factors), Relu()))
    assert ("Scale" in kinds(after)) != alike
    reshaped = (Reshape((48,)), Scale(factors), Reshape(SHAPE))
    after = simpler(move_affine, chain(SHAPE, Relu(maximum=1.0), *reshaped, cells))
    assert ("Scale" in kinds(after)) != alike
    into_matrix = (*reshaped, Reshape((48,)), Dense(numbers(48, 2)))
    assert "Scale" not in kinds(simpler(move_affine, chain(SHAPE, *into_matrix)))


def test_along_another_axis_than_the_channels(chain, kinds):
    """As batch normalisation along axis 1: a permutation, constants, a permutation."""
    normalised = (Permute((1, 2, 0)), Scale(numbers(4)), Bias(numbers(4)), Permute((2, 0, 1)))
    into_matrix = (*normalised, Reshape((48,)), Dense(numbers(48, 3)))
    after = simpler(move_affine, chain(SHAPE, *into_matrix))
    assert kinds(after) == ["Permute", "Permute", "Reshape", "Dense", "Bias"]
    into_convolution = chain(SHAPE, *normalised, convolution(PAD))
    assert move_affine(into_convolution) is into_convolution


@pytest.mark.parametrize("single", [True, False])
def test_places_among_other_channels(chain, kinds, single):
    factors, offsets = (np.float64(-2), np.float64(3)) if single else (SIGNED, OFFSETS)
    behind = (
        Scale(factors),
        Bias(offsets),
        Slice(1, 5),
        Convolution(numbers(1, 1, 5, 2), ONE, NO_PAD, ONE),
    )
    after = simpler(move_affine, chain(SHAPE, *behind))
    assert kinds(after) == ["Slice", "Convolution", "Bias"]
    wide = np.float64(2) if single else numbers(5)
    before = chain(SHAPE, convolution(), Slice(1, 5), Scale(wide), Relu())
    assert kinds(simpler(move_affine, before)) == ["Convolution", "Slice", "Relu"]


def test_without_anything_to_take_them_they_stay(chain):
    pool = MaxPool((2, 2), (2, 2), NO_PAD)
    graph = chain(SHAPE, Relu(maximum=1.0), Scale(POSITIVE), Bias(OFFSETS), pool, Softmax())
    assert move_affine(graph) is graph


def test_what_others_read_stays(graph, kinds):
    pool = MaxPool((2, 2), (2, 2), NO_PAD)
    layers = (
        ("conv", "Conv2D", convolution(PAD)),
        ("pool", "MaxPooling2D", pool),
        ("scale", "BatchNormalization", Scale(POSITIVE)),
        ("wide", "UpSampling2D", Upsample(ONE), ("pool",)),
        ("sum", "Add", Add(), ("scale", "wide")),
    )
    before = graph(SHAPE, *layers)
    assert move_affine(before) is before
    alone = graph(SHAPE, *layers[:3], ("wide", "ReLU", Relu(maximum=1.0)))
    assert "Scale" not in kinds(simpler(move_affine, alone))
    alone = replace(alone, outputs=("wide", "pool"))
    assert move_affine(alone) is alone


def test_neighbours_are_left_to_fold_affine(chain):
    graph = chain(SHAPE, convolution(), MaxPool((2, 2), (2, 2), NO_PAD), Scale(POSITIVE))
    assert fold_affine(graph) is graph
    assert move_affine(graph) is not graph
