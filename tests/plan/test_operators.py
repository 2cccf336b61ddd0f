"""Shapes of kernels, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.errors import SimulationError
from annconv.ir.operators import (
    Convolution,
    Dense,
    Gather,
    Increase,
    MaxPool,
    MeanPool,
    Operator,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
    chain_geometry,
)
from annconv.plan.operators import KernelShape, kernel_shape

CASES: dict[str, tuple[Operator, tuple[int, ...], str, dict[str, object]]] = {
    "two axes": (
        Convolution(np.zeros((3, 2, 2, 6)), (2, 1), ((1, 0), (0, 1)), (1, 2), 2),
        (8, 9, 4),
        "convolve",
        {"kIn": (1, 8, 9), "kOut": (1, 4, 8), "kSize": (1, 3, 2), "kStride": (1, 2, 1),
         "kPad": (0, 1, 0), "kDilation": (1, 1, 2), "kChannelsIn": 4, "kChannelsOut": 6,
         "kGroups": 2},
    ),
    "one axis": (
        Convolution(np.zeros((3, 1, 2)), (1,), ((0, 0),), (1,)),
        (5, 1),
        "convolve",
        {"kIn": (1, 1, 5), "kOut": (1, 1, 3), "kSize": (1, 1, 3), "kStride": (1, 1, 1),
         "kPad": (0, 0, 0), "kDilation": (1, 1, 1), "kChannelsIn": 1, "kChannelsOut": 2,
         "kGroups": 1},
    ),
    "dense": (Dense(np.zeros((4, 3))), (4,), "multiply", {"kInputs": 4, "kOutputs": 3}),
    "max pool": (
        MaxPool((2, 2), (2, 2), ((0, 1), (0, 0))),
        (3, 4, 5),
        "max_pool",
        {"kIn": (1, 3, 4), "kOut": (1, 2, 2), "kSize": (1, 2, 2), "kStride": (1, 2, 2),
         "kPad": (0, 0, 0), "kDilation": (1, 1, 1), "kChannels": 5},
    ),
    "mean pool": (
        MeanPool((2,), (1,), ((1, 0),)),
        (3, 2),
        "mean_pool",
        {"kIn": (1, 1, 3), "kOut": (1, 1, 3), "kSize": (1, 1, 2), "kStride": (1, 1, 1),
         "kPad": (0, 0, 1), "kDilation": (1, 1, 1), "kChannels": 2},
    ),
    "reshape": (Reshape((6,)), (2, 3), "transfer", {"kSize": 6}),
    "scale": (Scale(np.zeros(3)), (2, 3), "scale", {"kSize": 6, "kFactors": 3}),
    "scale by one": (Scale(np.zeros(())), (2, 3), "scale", {"kSize": 6, "kFactors": 1}),
    "pad": (
        Pad(((1, 2), (0, 1))),
        (2, 3, 4),
        "pad",
        {"kIn": (1, 2, 3), "kOut": (1, 5, 4), "kPad": (0, 1, 0), "kChannels": 4},
    ),
    "slice": (
        Slice(2, 7),
        (2, 2, 3),
        "place_channels",
        {"kCells": 4, "kChannelsIn": 3, "kChannelsOut": 7, "kStart": 2},
    ),
    "upsample": (
        Upsample((2, 3)),
        (2, 2, 1),
        "upsample",
        {"kIn": (1, 2, 2), "kOut": (1, 4, 6), "kFactors": (1, 2, 3), "kChannels": 1},
    ),
    "gather": (Gather(np.array([[2, -1], [0, 0]])), (3, 2), "gather", {"kSize": 4}),
    "increase": (Increase(), (2, 3), "increase", {"kSize": 6}),
}  # fmt: skip


def shape_of(operator: Operator, geometry: tuple[int, ...]) -> KernelShape:
    result = chain_geometry((operator,), geometry)
    assert result is not None
    return kernel_shape(operator, geometry, result)


@pytest.mark.parametrize("case", CASES)
def test_functions_and_constants(case: str) -> None:
    operator, geometry, function, constants = CASES[case]
    shape = shape_of(operator, geometry)
    assert shape.function == function
    assert dict(shape.constants) == constants


def test_only_an_increase_keeps_state() -> None:
    stateful = {
        case for case, (operator, at, *_) in CASES.items() if shape_of(operator, at).stateful
    }
    assert stateful == {"increase"}


def test_arrays_of_weights() -> None:
    arrays = {case: shape_of(operator, at).array for case, (operator, at, *_) in CASES.items()}
    assert {case: name for case, name in arrays.items() if name} == {
        "two axes": "kernel", "one axis": "kernel", "dense": "weights", "scale": "factors",
        "scale by one": "factors", "gather": "places",
    }  # fmt: skip


def test_four_spatial_axes_are_refused() -> None:
    pool = MaxPool((1,) * 4, (1,) * 4, ((0, 0),) * 4)
    with pytest.raises(SimulationError, match="expected at most 3 spatial axes, received 4"):
        shape_of(pool, (2, 2, 2, 2, 1))
