"""Every value lies where kernels read it; what is padded adds nothing."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.plan.layouts import (
    ChannelLayout,
    DenseLayout,
    KernelLayout,
    NeuronLayout,
    RowTableLayout,
)

KERNEL = np.arange(1.0, 2 * 3 * 4 * 5 + 1).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("together", [True, False])
def test_a_kernel_lies_in_blocks_of_channels(together: bool) -> None:
    arranged = KernelLayout(4, together).arrange(KERNEL)
    assert arranged.shape == ((2, 4, 2, 3, 4) if together else (2, 2, 4, 3, 4))
    for row, column, channel, out in np.ndindex(KERNEL.shape):
        middle = (channel, row) if together else (row, channel)
        assert arranged[(out // 4, *middle, column, out % 4)] == KERNEL[row, column, channel, out]
    assert arranged[1, ..., 1:].max() == 0


def test_a_kernel_of_one_axis_has_one_row() -> None:
    assert KernelLayout(8, True).arrange(np.ones((3, 4, 8))).shape == (1, 4, 1, 3, 8)


def test_a_row_table_holds_the_sum_of_every_pattern() -> None:
    kernel = KERNEL[:, :, :1]
    table = RowTableLayout(4).arrange(kernel)
    assert table.shape == (2, 2, 8, 4)
    for row in range(2):
        for pattern in range(8):
            expected = sum(kernel[row, bit, 0] for bit in range(3) if pattern >> bit & 1)
            received = table[:, row, pattern].reshape(-1)[:5]
            np.testing.assert_array_equal(received, expected + np.zeros(5))
    assert table[1, ..., 1:].max() == 0


def test_a_matrix_lies_in_blocks_of_outputs() -> None:
    weights = np.arange(1.0, 22.0).reshape(3, 7)
    arranged = DenseLayout(4).arrange(weights)
    assert arranged.shape == (2, 3, 4)
    np.testing.assert_array_equal(arranged[0], weights[:, :4])
    np.testing.assert_array_equal(arranged[1, :, :3], weights[:, 4:])
    assert arranged[1, :, 3].max() == 0


def test_parameters_of_channels_repeat_the_last_one() -> None:
    values = np.asarray([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(ChannelLayout(4).arrange(values), [1, 2, 3, 3])


def test_neurons_of_the_computed_part_lie_in_blocks_of_channels() -> None:
    layout = NeuronLayout(4, (3, 2, 5), 2, 2)
    values = np.arange(30.0).reshape(3, 2, 5)
    arranged = layout.arrange(values)
    assert arranged.shape == (2, 2, 2, 4)
    assert arranged.size == layout.length() == 32
    for row, column, channel in np.ndindex(2, 2, 5):
        assert arranged[channel // 4, row, column, channel % 4] == values[row, column, channel]


def test_one_value_reaches_all_neurons() -> None:
    layout = NeuronLayout(4, (6,), 1, 1)
    np.testing.assert_array_equal(layout.arrange(np.asarray([2.0])), np.full((2, 1, 1, 4), 2.0))


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (KernelLayout(16, True), "blocks of 16 channels, inputs before rows"),
        (KernelLayout(16, False), "blocks of 16 channels, rows before inputs"),
        (RowTableLayout(16), "tables of row patterns, blocks of 16 channels"),
        (DenseLayout(8), "blocks of 8 outputs"),
        (ChannelLayout(8), "blocks of 8 channels"),
        (NeuronLayout(8, (4, 4, 3), 2, 2), "2 x 2 neurons in blocks of 8 channels"),
    ],
)
def test_layouts_say_what_they_are(layout: object, text: str) -> None:
    assert str(layout) == text
