"""The packed data of a network: one blob that the extension and the standalone program both load.

Layout, little-endian: magic (8 bytes), format version (uint32), CRC-32 of the payload (uint32),
length of the payload (uint64), digest of the Plan's structure (64 bytes of text), payload. The
payload is the image of the generated struct `Weights`: arrays of `real` in the Plan's order, each
aligned to 64 bytes.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from annconv.errors import InputError
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.network import Network
from annconv.plan.event_tiles import tiled_kernel
from annconv.plan.operators import operator_array
from annconv.plan.plan import Packed, Plan
from annconv.plan.planner import initial_values

MAGIC = b"annconv\0"
FORMAT_VERSION = 1
ALIGNMENT = 64
_HEADER = struct.Struct("<8sIIQ64s")


def pack(plan: Plan, network: Network) -> bytes:
    """The packed data of `network` for the code made from `plan`.

    Args:
        plan: The plan of this network, or of one of equal structure.
        network: Where the values come from.
    Raises:
        InputError: A value is too large for the plan's precision.
    """
    dtype = np.dtype("<f8" if plan.precision == "double" else "<f4")
    payload = bytearray()
    for entry in plan.packed:
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(_values(entry, network), dtype=dtype)
        if values.size != entry.length:
            raise ValueError(
                f"packed {entry.name}: expected {entry.length} values, got {values.size}"
            )
        if not np.isfinite(values).all():
            where = ".".join(filter(None, (entry.source.owner, entry.source.name)))
            raise InputError(
                f"values of {where!r}",
                expected=f"numbers within {dtype.name}",
                received="larger ones",
                instead="Compile with precision='double', or rescale them.",
            )
        payload += values.tobytes()
        payload += bytes(-len(payload) % ALIGNMENT)
    digest = plan.digest().encode("ascii")
    checksum = zlib.crc32(payload)
    return _HEADER.pack(MAGIC, FORMAT_VERSION, checksum, len(payload), digest) + bytes(payload)


def _values(entry: Packed, network: Network) -> FloatArray:
    """Values of one packed array, in the order in which kernels read them."""
    source = entry.source
    if source.kind == "readout":
        return np.asarray([dict(network.readout.parameters)[source.name]])
    if source.kind == "operator":
        projection = next(item for item in network.projections if item.name == source.owner)
        values = operator_array(projection.operators[source.position], source.name)
        return tiled_kernel(values, entry.tile_channels) if entry.tile_channels else values
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
    return _spread(values, population.geometry, entry.length)


def _spread(values: FloatArray, geometry: Geometry, length: int) -> FloatArray:
    """Flatten values to the length they are packed with: 1, channels or neurons."""
    if values.size == length:
        return values.ravel()
    return np.broadcast_to(values, geometry).ravel()
