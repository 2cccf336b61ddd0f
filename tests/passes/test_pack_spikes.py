"""Which spikes are kept as bits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planned import OPTIONS, chain, convolution, dense, plan_before, pooling

from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.pack_spikes import pack_spikes

WIDE = replace(OPTIONS, vector_bits=512)


def packed(network: Network, options: CompileOptions = WIDE) -> dict[str, int]:
    """Buffers of bits and their bytes."""
    plan = pack_spikes(plan_before(network, "pack_spikes", options))
    plan.verify()
    return {entry.name: entry.length for entry in plan.buffers if entry.type == "bits"}


def test_between_layers_but_not_the_output() -> None:
    network = chain(
        (8, 8, 1),
        (convolution(3, 1, 24), "spikes"),
        (pooling(2, 2), "mask"),
        (dense(384, 100), "spikes"),
        (dense(100, 8), "spikes"),
    )
    # Words of 64 neurons, and one that may be read behind them.
    assert packed(network) == {"p0_spikes": 16, "p2_spikes": 56, "p3_spikes": 24}


@pytest.mark.parametrize(
    ("precision", "vector_bits", "expected"),
    [
        ("double", 512, True),
        ("double", 256, False),
        ("single", 256, True),
        ("int16", 256, True),
        ("single", 128, False),
    ],
)
def test_vectors_fill_bytes(precision: str, vector_bits: int, expected: bool) -> None:
    network = chain((64,), (dense(64, 16), "spikes"), (dense(16, 3), "spikes"))
    options = CompileOptions(precision=precision, vector_bits=vector_bits, cache_bytes=32768)
    assert bool(packed(network, options)) == expected


def test_channels_that_share_a_byte_stay() -> None:
    network = chain(
        (8, 8, 1),
        (convolution(3, 1, 12), "spikes"),
        (dense(768, 3), "spikes"),
    )
    assert set(packed(network)) == {"p0_spikes"}


@pytest.mark.parametrize(("outputs", "expected"), [(8, {"p1_spikes"}), (3, set())])
def test_spikes_that_plain_kernels_write_or_read_stay(outputs: int, expected: set[str]) -> None:
    network = chain(
        (64,), (dense(64, 16), "spikes"), (dense(16, outputs), "spikes"), encoding="CPN"
    )
    assert set(packed(network)) == expected  # three outputs fill no half of a vector: no layer
