"""Geometries of operators against positions counted one by one, and what each refuses to read."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annconv.ir.operators import (
    OPERATORS,
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
    chain_geometry,
)


def positions(extent: int, taps: list[int], stride: int, pad: tuple[int, int]) -> int:
    """How many places a window with these taps has on a padded axis, found by trying them all."""
    cells = range(-pad[0], extent + pad[1])
    starts = cells[::stride]
    return sum(all(start + tap in cells for tap in taps) for start in starts)


axis = st.fixed_dictionaries(
    {
        "extent": st.integers(1, 9),
        "size": st.integers(1, 4),
        "stride": st.integers(1, 4),
        "dilation": st.integers(1, 3),
        "pad": st.tuples(st.integers(0, 3), st.integers(0, 3)),
    }
)
axes = st.lists(axis, min_size=1, max_size=3)


def column(axes: list[dict], name: str) -> tuple:
    return tuple(entry[name] for entry in axes)


def expected_geometry(axes: list[dict], channels: int, *, dilated: bool) -> tuple[int, ...] | None:
    counts = []
    for entry in axes:
        step = entry["dilation"] if dilated else 1
        taps = [tap * step for tap in range(entry["size"])]
        counts.append(positions(entry["extent"], taps, entry["stride"], entry["pad"]))
    return (*counts, channels) if all(counts) else None


@given(axes, st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))
def test_convolution_counts_window_positions(axes, per_group, groups, factor):
    kernel = np.zeros((*column(axes, "size"), per_group, groups * factor))
    operator = Convolution(
        kernel, column(axes, "stride"), column(axes, "pad"), column(axes, "dilation"), groups
    )
    received = operator.output_geometry((*column(axes, "extent"), per_group * groups))
    assert received == expected_geometry(axes, groups * factor, dilated=True)


@pytest.mark.parametrize("kind", [MaxPool, MeanPool])
@given(axes=axes, channels=st.integers(1, 3))
def test_pooling_counts_window_positions(kind, axes, channels):
    operator = kind(column(axes, "size"), column(axes, "stride"), column(axes, "pad"))
    received = operator.output_geometry((*column(axes, "extent"), channels))
    assert received == expected_geometry(axes, channels, dilated=False)


@given(axes, st.integers(1, 3))
def test_pad_and_upsample_agree_with_numpy(axes, channels):
    extents = column(axes, "extent")
    values = np.zeros((*extents, channels))
    pad = column(axes, "pad")
    assert Pad(pad).output_geometry(values.shape) == np.pad(values, (*pad, (0, 0))).shape
    repeated = values
    for position, factor in enumerate(column(axes, "size")):
        repeated = np.repeat(repeated, factor, axis=position)
    assert Upsample(column(axes, "size")).output_geometry(values.shape) == repeated.shape


def test_dense_reads_its_inputs_only():
    dense = Dense(np.zeros((6, 2)))
    assert dense.output_geometry((6,)) == (2,)
    assert dense.output_geometry((5,)) is None
    assert dense.output_geometry((6, 1)) is None


def test_reshape_keeps_the_number_of_values():
    assert Reshape((2, 3)).output_geometry((6,)) == (2, 3)
    assert Reshape((2, 3)).output_geometry((7,)) is None


def test_scale_takes_one_factor_or_one_per_channel():
    assert Scale(np.float64(2)).output_geometry((4, 3)) == (4, 3)
    assert Scale(np.zeros(3)).output_geometry((4, 3)) == (4, 3)
    assert Scale(np.zeros(4)).output_geometry((4, 3)) is None


def test_slice_places_channels_within_those_of_the_joined_layer():
    assert Slice(2, 5).output_geometry((4, 3)) == (4, 5)
    assert Slice(3, 5).output_geometry((4, 3)) is None
    assert Slice(-1, 5).output_geometry((4, 3)) is None


def test_increase_keeps_the_geometry():
    assert Increase().output_geometry((4, 3)) == (4, 3)


@pytest.mark.parametrize(
    ("operator", "geometry"),
    [
        (Convolution(np.zeros((2, 2, 1, 1)), (0, 1), ((0, 0),) * 2, (1, 1)), (4, 4, 1)),
        (Convolution(np.zeros((2, 2, 1, 1)), (1, 1), ((0, 0),) * 2, (1, 0)), (4, 4, 1)),
        (Convolution(np.zeros((2, 2, 1, 1)), (1, 1), ((0, -1),) * 2, (1, 1)), (4, 4, 1)),
        (Convolution(np.zeros((2, 2, 1, 1)), (1, 1), ((0, 0),) * 2, (1, 1), 0), (4, 4, 1)),
        (Convolution(np.zeros((2, 2, 2, 1)), (1, 1), ((0, 0),) * 2, (1, 1)), (4, 4, 1)),
        (Convolution(np.zeros((2, 2, 1, 3)), (1, 1), ((0, 0),) * 2, (1, 1), 2), (4, 4, 2)),
        (Convolution(np.zeros((2, 2, 1, 1)), (1,), ((0, 0),) * 2, (1, 1)), (4, 4, 1)),
        (Convolution(np.zeros((2, 2, 1, 1)), (1, 1), ((0, 0),) * 2, (1, 1)), (4, 1)),
        (Convolution(np.zeros(3), (), (), ()), (3,)),
        (Dense(np.zeros(3)), (3,)),
        (MaxPool((0, 2), (1, 1), ((0, 0),) * 2), (4, 4, 1)),
        (MeanPool((2,), (0,), ((0, 0),)), (4, 1)),
        (Reshape((-1, -4)), (4,)),
        (Pad(((-1, 0),)), (4, 1)),
        (Pad(((1, 1),)), (4,)),
        (Slice(0, 3), ()),
        (Upsample((0,)), (4, 1)),
        (Upsample((2,)), (4,)),
    ],
    ids=str,
)
def test_operator_refuses_what_it_cannot_read(operator, geometry):
    assert operator.output_geometry(geometry) is None


def test_chain_stops_where_an_operator_cannot_read():
    chain = (Reshape((2, 2, 1)), MaxPool((3, 3), (1, 1), ((0, 0),) * 2), Increase())
    assert chain_geometry(chain, (4,)) is None
    assert chain_geometry(chain[:1], (4,)) == (2, 2, 1)
    assert chain_geometry((), (4,)) == (4,)


def test_linear_says_which_operators_may_be_commuted():
    assert {operator.__name__ for operator in OPERATORS if not operator.linear} == {
        "MaxPool",
        "Increase",
    }


def test_arrays_are_write_protected_copies():
    given_weights = np.ones((2, 2), dtype=np.float32)
    dense = Dense(given_weights)
    given_weights[:] = 0
    assert dense.weights.dtype == np.float32
    assert (dense.weights == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        dense.weights[0, 0] = 3


def test_text_of_every_operator():
    kernel = np.zeros((5, 3, 1, 4), dtype=np.float32)
    texts = [
        str(operator)
        for operator in (
            Convolution(kernel, (2, 1), ((2, 2), (0, 1)), (1, 2), 2),
            Dense(np.zeros((3, 2))),
            MeanPool((2, 2), (2, 2), ((0, 0), (0, 0))),
            MaxPool((3,), (1,), ((1, 1),)),
            Reshape((4, 2)),
            Scale(np.float64(0.5)),
            Pad(((1, 0), (2, 2))),
            Slice(3, 8),
            Upsample((2, 2)),
            Increase(),
        )
    ]
    assert texts == [
        "conv 5x3 stride 2x1 pad 2,2 0,1 dilation 1x2 groups 2  float32[5,3,1,4] "
        + hashlib.sha256(b"<f4(5, 3, 1, 4)" + bytes(60 * 4)).hexdigest()[:6],
        "dense  float64[3,2] " + hashlib.sha256(b"<f8(3, 2)" + bytes(6 * 8)).hexdigest()[:6],
        "mean pool 2x2 stride 2x2",
        "max pool 3 pad 1,1",
        "reshape 4x2",
        "scale  0.5",
        "pad 1,0 2,2",
        "slice at 3 of 8",
        "upsample 2x2",
        "increase",
    ]
