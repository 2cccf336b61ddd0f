"""The packed data of a network: one blob that the extension and the standalone program both load.

Layout, little-endian: magic (8 bytes), format version (uint32), CRC-32 of the payload (uint32),
length of the payload (uint64), digest of the Plan's structure (64 bytes of text), 40 zeros, by
which the payload of a mapped file is aligned, payload. That is the image of the generated struct
`Weights`: arrays of `real` or of integers of 16 or 32 bits in the Plan's order, each aligned to 64
bytes.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.ir.arrays import AnyArray, FloatArray, Geometry
from annconv.ir.network import Network
from annconv.plan.arrays import Packed
from annconv.plan.layouts import NeuronLayout
from annconv.plan.plan import Plan
from annconv.plan.planner import initial_values

MAGIC = b"annconv\0"
FORMAT_VERSION = 2
ALIGNMENT = 64
_HEADER = struct.Struct("<8sIIQ64s40x")


def pack(plan: Plan, network: Network) -> bytes:
    """The packed data of `network` for the code made from `plan`.

    Args:
        plan: The plan of this network, or of one of equal structure.
        network: Where the values come from.
    Raises:
        InputError: Values are too large, or all too small, for the plan's precision.
    """
    real = np.dtype("<f8" if plan.precision == "double" else "<f4")
    payload = bytearray()
    for entry in plan.packed:
        payload += _packed_array(entry, network, real).tobytes()
        payload += bytes(-len(payload) % ALIGNMENT)
    digest = plan.digest().encode("ascii")
    checksum = zlib.crc32(payload)
    return _HEADER.pack(MAGIC, FORMAT_VERSION, checksum, len(payload), digest) + bytes(payload)


def _packed_array(entry: Packed, network: Network, real: np.dtype[Any]) -> NDArray[Any]:
    """One packed array in its type."""
    if entry.type == "int16":
        whole = _arranged(entry, _operator_values(entry, network))
        integers = whole.astype("<i2")
        if not np.array_equal(integers, whole):
            raise ValueError(f"packed {entry.name}: expected whole numbers of 16 bits")
        return integers
    if entry.type == "int32" and entry.source.kind == "operator":
        return _operator_array(entry, network).astype("<i4", copy=False)
    if entry.source.kind == "places":
        return np.argsort(_channels(entry, network)).astype("<i4")
    values = _values(entry, network)
    with np.errstate(over="ignore", under="ignore"):
        packed = np.ascontiguousarray(_arranged(entry, values), dtype=real)
    if packed.size != entry.length:
        raise ValueError(f"packed {entry.name}: expected {entry.length} values, got {packed.size}")
    lost = not packed.any() and values.any()
    if lost or not np.isfinite(packed).all():
        where = ".".join(filter(None, (entry.source.owner, entry.source.name)))
        raise InputError(
            f"values of {where!r}",
            expected=f"numbers within {real.name}",
            received="smaller ones, all of which would be 0" if lost else "larger ones",
            instead="Compile with precision='double', or rescale them.",
        )
    return packed


def _arranged(entry: Packed, values: FloatArray) -> FloatArray:
    """Values in the order in which kernels read them."""
    return values if entry.layout is None else entry.layout.arrange(values)


def _operator_values(entry: Packed, network: Network) -> FloatArray:
    """An operator's array of weights, whole numbers as real ones."""
    array = _operator_array(entry, network)
    return array.astype(np.float64) if array.dtype.kind == "i" else array  # type: ignore[return-value]


def _operator_array(entry: Packed, network: Network) -> AnyArray:
    """An operator's array, as it holds it."""
    source = entry.source
    projection = next(item for item in network.projections if item.name == source.owner)
    array: AnyArray = getattr(projection.operators[source.position], source.name)
    return array


def _channels(entry: Packed, network: Network) -> tuple[int, ...]:
    """Which of a population's channels stands at each place."""
    channels = network[entry.source.owner].channels
    if channels is None:
        raise ValueError(f"packed {entry.name}: {entry.source.owner} says no order of its channels")
    return channels


def _values(entry: Packed, network: Network) -> FloatArray:
    """Values of one packed array."""
    source = entry.source
    if source.kind == "readout":
        return np.asarray([dict(network.readout.parameters)[source.name]])
    if source.kind == "operator":
        return _operator_values(entry, network)
    if source.kind == "trace":
        projection = next(item for item in network.projections if item.name == source.owner)
        return np.asarray([projection.trace_decay])
    population = network[source.owner]
    parameters = population.parameter_values()
    if source.kind == "parameter":
        values = parameters[source.name]
    else:
        variable = population.model().variable(source.name)
        if variable is None:
            raise KeyError(source.name)
        values = initial_values(variable.initial, parameters)
    if isinstance(entry.layout, NeuronLayout):
        return np.broadcast_to(values, population.geometry)
    return _spread(values, population.geometry, entry)


def _spread(values: FloatArray, geometry: Geometry, entry: Packed) -> FloatArray:
    """Flatten values to 1, channels or neurons."""
    if values.size == entry.length or entry.layout is not None:
        return values.ravel()
    return np.broadcast_to(values, geometry).ravel()
