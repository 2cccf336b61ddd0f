"""Thresholds that fall from layer to layer, as the reference's converter sets them."""

from __future__ import annotations


def lowered_threshold(initial: float, step: float, index: int) -> float:
    """The threshold of a layer.

    Args:
        initial: The hidden neuron's own threshold.
        step: How much lower the threshold of each further layer is.
        index: The layer's position in `model.layers`, every layer counted, the Input being 0.
    """
    return initial - step * index


def largest_step(initial: float, index: int) -> float:
    """A step, rounded down to one digit, that leaves layer `index` a threshold above 0.

    Args:
        initial: The hidden neuron's own threshold, above 0.
        index: Position of the deepest layer, above 0.
    """
    limit = initial / index
    digit = 10.0
    while digit >= limit:
        digit /= 10.0
    multiple = int(limit / digit)
    if multiple * digit >= limit:
        multiple -= 1
    return float(f"{max(multiple, 1) * digit:.1g}")
