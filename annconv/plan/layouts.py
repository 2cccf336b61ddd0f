"""In which order kernels read their data: blocks of channels, padded to whole vectors.

Every layout is a small class with `arrange`, from the values of a Network to those of the packed
data. Missing weights are zero; missing parameters repeat the last channel's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from annconv.ir.arrays import FloatArray


def blocks(channels: int, block: int) -> int:
    """How many blocks of channels hold all of them."""
    return ceil(channels / block)


def _padded_axis(values: FloatArray, block: int, mode: str) -> FloatArray:
    """The last axis split into (blocks, block), padded behind."""
    channels = values.shape[-1]
    missing = blocks(channels, block) * block - channels
    widths = [(0, 0)] * (values.ndim - 1) + [(0, missing)]
    padded: FloatArray = np.pad(values, widths, mode=mode)  # type: ignore[call-overload]
    return padded.reshape(*values.shape[:-1], -1, block)


@dataclass(frozen=True, slots=True)
class KernelLayout:
    """A convolution's kernel: (blocks, inputs, rows, columns, block), or rows before inputs.

    Attributes:
        block: Channels of a block.
        rows_together: Whether all rows of an input lie side by side.
        patterns: Whether every four inputs are replaced by the sums for all patterns of their
            spikes; bit i of a pattern is a spike of the group's input i.
    """

    block: int
    rows_together: bool
    patterns: bool = False

    def arrange(self, values: FloatArray) -> FloatArray:
        """A kernel (rows, columns, inputs, filters); without rows for one spatial axis."""
        kernel = _planar(values)
        if self.patterns:
            kernel = _pattern_sums(kernel)
        cut = _padded_axis(kernel, self.block, "constant")
        order = (3, 2, 0, 1, 4) if self.rows_together else (3, 0, 2, 1, 4)
        return np.ascontiguousarray(cut.transpose(order))

    def __str__(self) -> str:
        rows = "inputs before rows" if self.rows_together else "rows before inputs"
        patterns = ", sums of 4 inputs each" if self.patterns else ""
        return f"blocks of {self.block} channels, {rows}{patterns}"


@dataclass(frozen=True, slots=True)
class RowTableLayout:
    """Sums of a kernel row for every pattern of spikes: (blocks, rows, patterns, block).

    Bit i of a pattern is a spike under column i.
    """

    block: int

    def arrange(self, values: FloatArray) -> FloatArray:
        """A kernel (rows, columns, 1, filters)."""
        cut = _padded_axis(_planar(values)[:, :, 0], self.block, "constant")
        table = np.einsum("pc,rcbk->brpk", _patterns(cut.shape[1]), cut.astype(np.float64))
        return np.ascontiguousarray(table)

    def __str__(self) -> str:
        return f"tables of row patterns, blocks of {self.block} channels"


@dataclass(frozen=True, slots=True)
class DenseLayout:
    """A matrix of weights: (blocks, inputs, block)."""

    block: int

    def arrange(self, values: FloatArray) -> FloatArray:
        """Weights (inputs, outputs)."""
        cut = _padded_axis(values, self.block, "constant")
        return np.ascontiguousarray(cut.transpose(1, 0, 2))

    def __str__(self) -> str:
        return f"blocks of {self.block} outputs"


@dataclass(frozen=True, slots=True)
class ChannelLayout:
    """One value per channel, padded to whole blocks."""

    block: int

    def arrange(self, values: FloatArray) -> FloatArray:
        """Values whose last axis is the channels' and whose other axes are 1."""
        return _padded_axis(values.reshape(-1), self.block, "edge").reshape(-1)

    def __str__(self) -> str:
        return f"blocks of {self.block} channels"


@dataclass(frozen=True, slots=True)
class NeuronLayout:
    """One value per neuron, of the first rows and columns: (blocks, rows, columns, block)."""

    block: int
    geometry: tuple[int, ...]
    rows: int
    columns: int

    def arrange(self, values: FloatArray) -> FloatArray:
        """Values that broadcast onto the population's geometry."""
        whole = np.broadcast_to(values, self.geometry)
        rows, columns, channels = (1, 1, *self.geometry)[-3:]
        plane = whole.reshape(rows, columns, channels)[: self.rows, : self.columns]
        return np.ascontiguousarray(_padded_axis(plane, self.block, "edge").transpose(2, 0, 1, 3))

    def length(self) -> int:
        """Number of values."""
        return self.rows * self.columns * blocks(self.geometry[-1], self.block) * self.block

    def __str__(self) -> str:
        return f"{self.rows} x {self.columns} neurons in blocks of {self.block} channels"


Layout = KernelLayout | RowTableLayout | DenseLayout | ChannelLayout | NeuronLayout


GROUP = 4
"""Inputs of a group whose patterns have sums."""


def _patterns(bits: int) -> FloatArray:
    """(2^bits, bits): which bits every pattern holds."""
    return (np.arange(2**bits)[:, None] >> np.arange(bits) & 1).astype(np.float64)


def _pattern_sums(kernel: FloatArray) -> FloatArray:
    """A kernel with 16 sums in place of every four inputs."""
    rows, columns, inputs, filters = kernel.shape
    missing = -inputs % GROUP
    padded = np.pad(kernel.astype(np.float64), [(0, 0), (0, 0), (0, missing), (0, 0)])
    groups = padded.reshape(rows, columns, -1, GROUP, filters)
    sums = np.einsum("pi,rcgif->rcgpf", _patterns(GROUP), groups)
    tabulated: FloatArray = sums.reshape(rows, columns, -1, filters)
    return tabulated


def _planar(kernel: FloatArray) -> FloatArray:
    """A kernel with rows and columns; leading axes of three spatial axes must be 1."""
    *spatial, inputs, filters = kernel.shape
    rows, columns = (1, 1, *spatial)[-2:]
    return kernel.reshape(rows, columns, inputs, filters)
