"""Which convolutions get sums of patterns."""

from __future__ import annotations

import numpy as np
from planned import chain, convolution, dense, layers, plan_before

from annconv.ir.operators import Convolution
from annconv.passes.tabulate_patterns import tabulate_patterns
from annconv.plan.layouts import KernelLayout


def patterns(channels: int, size: int) -> tuple[int, KernelLayout, int]:
    """kPatterns, the weights' layout and their number, of a convolution onto 8 filters.

    Args:
        channels: Channels that it reads.
        size: Of its kernel.
    """
    taps = np.ones((9, channels))
    first = Convolution(taps.reshape(3, 3, 1, channels), (1, 1), ((1, 1), (1, 1)), (1, 1))
    network = chain(
        (6, 6, 1),
        ((first,), "spikes"),
        (convolution(size, channels, 8), "spikes"),
        (dense(288, 3), "spikes"),
    )
    plan = tabulate_patterns(plan_before(network, "tabulate_patterns"))
    plan.verify()
    layer = layers(plan)[2]
    weights = next(entry for entry in plan.packed if entry.name == layer.arrivals[0].weights)
    assert isinstance(weights.layout, KernelLayout)
    number = dict(layer.constants)["kPatterns"]
    assert isinstance(number, int)
    return number, weights.layout, weights.length


def test_four_inputs_have_sixteen_sums() -> None:
    number, layout, length = patterns(10, 3)
    assert number == 1
    assert layout.patterns
    assert length == 3 * 16 * 9 * 8  # groups of the ten inputs, sums, taps, filters


def test_few_inputs_stay() -> None:
    number, layout, length = patterns(3, 3)
    assert (number, layout.patterns, length) == (0, False, 3 * 9 * 8)


def test_tables_that_are_too_large_stay() -> None:
    number, layout, _ = patterns(900, 5)
    assert (number, layout.patterns) == (0, False)
