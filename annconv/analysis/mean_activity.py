"""How active the channels of a network are on average, estimated from its weights alone.

Rectified weights times the mean activity of the layer before: what a constant picture would cause
away from its borders. Good enough to tell busy channels from silent ones, which is all it is for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.network import Network
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
)
from annconv.ir.projection import Projection
from annconv.reference.operators import apply_operator

CHANNEL_BY_CHANNEL = (MeanPool, MaxPool, Pad, Upsample, Increase, Scale)
"""Operators that keep channels apart."""


def mixes(projection: Projection) -> bool:
    """Whether a projection makes channels of other channels."""
    return not all(isinstance(entry, CHANNEL_BY_CHANNEL) for entry in projection.operators)


def mean_activity(network: Network) -> dict[str, FloatArray]:
    """The estimate for every population.

    Returns:
        Name of a population -> (channels,), 1 for the busiest channel; zeros where none is busy.
    """
    activity: dict[str, FloatArray] = {}
    for population in network.populations:
        channels = population.geometry[-1]
        arriving = network.arriving(population.name)
        if population.role == "input" or not arriving:
            activity[population.name] = np.ones(channels)
            continue
        total = np.zeros(channels)
        with np.errstate(over="ignore", invalid="ignore"):  # of weights beyond all measure
            for projection in arriving:
                total = total + _delivered(projection, activity[projection.pre], network)
        total = np.nan_to_num(total)
        if population.neuron is not None:
            total = np.maximum(total, 0.0)
        activity[population.name] = total / max(float(np.abs(total).max()), 1e-300)
    return activity


def channel_drives(
    network: Network, projection: Projection, activity: dict[str, FloatArray]
) -> FloatArray:
    """The weights behind each channel that a projection delivers.

    Args:
        network: Holds the projection.
        projection: Any.
        activity: What `mean_activity` tells of the network.
    Returns:
        (weights, channels) of the last Convolution or Dense, each weight times the root of how
        active its input is; (0, channels) where something rearranges channels behind it.
    """
    none: FloatArray = np.zeros((0, network[projection.post].geometry[-1]))
    drives = none
    for operator, received, _ in _stages(projection, activity[projection.pre], network):
        share = np.sqrt(np.abs(received))
        if isinstance(operator, Convolution) and operator.groups == 1:
            kernel = operator.kernel.astype(np.float64)
            drives = (kernel * share[:, None]).reshape(-1, kernel.shape[-1])
        elif isinstance(operator, Dense):
            drives = operator.weights.astype(np.float64) * share[:, None]
        elif isinstance(operator, Convolution | Reshape | Slice | Gather):
            drives = none
    return drives


def _delivered(projection: Projection, activity: FloatArray, network: Network) -> FloatArray:
    """What a projection makes of the activity of its pre-population, per channel."""
    for *_, delivered in _stages(projection, activity, network):
        activity = delivered
    return activity


def _stages(
    projection: Projection, activity: FloatArray, network: Network
) -> Iterator[tuple[Operator, FloatArray, FloatArray]]:
    """The operators of a projection, each with the activity that it receives and delivers."""
    geometry: Geometry | None = network[projection.pre].geometry
    for operator in projection.operators:
        if geometry is None:
            return
        received = activity
        activity = _applied(operator, received, geometry)
        yield operator, received, activity
        geometry = operator.output_geometry(geometry)


def _applied(operator: Operator, activity: FloatArray, geometry: Geometry) -> FloatArray:
    if isinstance(operator, Convolution):
        weights = operator.kernel.astype(np.float64).sum(axis=tuple(range(len(operator.size))))
        cut = activity.reshape(operator.groups, 1, -1)
        kernels = weights.reshape(weights.shape[0], operator.groups, -1).transpose(1, 0, 2)
        return np.asarray(cut @ kernels).reshape(-1)
    if isinstance(operator, Dense):
        return np.asarray(activity @ operator.weights.astype(np.float64))
    if isinstance(operator, Reshape | Gather):
        (values,) = apply_operator(operator, np.broadcast_to(activity, (1, *geometry)))
        return np.asarray(values.reshape(-1, values.shape[-1]).mean(axis=0))
    if isinstance(operator, Scale):
        return activity * operator.factors
    if isinstance(operator, Slice):
        behind = operator.channels - operator.start - len(activity)
        return np.pad(activity, (operator.start, behind))
    return activity  # pooling, padding and repeating leave the mean of a channel as it is
