"""Keep spikes as bits where only layers write and read them.

A vector of neurons then stores one or two bytes a step instead of one for each neuron, and a
convolution, which scans bits, copies them instead of gathering them from bytes.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.plan.arrays import Buffer
from annconv.plan.kernels import LayerKernel, number_of
from annconv.plan.plan import Plan, references

BYTE = 8
SLACK = 8
"""Bytes behind the last neuron's, so that words can be read from any byte on."""


def pack_spikes(plan: Plan) -> Plan:
    """Turn buffers of bytes into buffers of bits."""
    layers = [kernel for kernel in plan.kernels if isinstance(kernel, LayerKernel)]
    writers = {layer.emits.spikes: layer for layer in layers if _fills_bytes(layer, plan)}
    known = {layer.name for layer in layers}
    others = {name for who, kind, name in references(plan) if who not in known}
    packed = writers.keys() - others
    buffers = tuple(
        _as_bits(entry) if entry.type == "spike" and entry.name in packed else entry
        for entry in plan.buffers
    )
    return replace(plan, buffers=buffers)


def _fills_bytes(layer: LayerKernel, plan: Plan) -> bool:
    """Whether no two vectors of neurons share a byte of bits."""
    channels = number_of(dict(layer.constants), "kChannelsOut")
    return plan.lanes % BYTE == 0 and (channels % BYTE == 0 or channels == layer.emits.neurons)


def _as_bits(buffer: Buffer) -> Buffer:
    """The same spikes, eight neurons a byte."""
    words = -(-buffer.length // (BYTE * SLACK))
    return replace(buffer, type="bits", length=words * SLACK + SLACK)
