"""Keep spikes as bits where only layers write and read them.

A vector of neurons then stores one or two bytes a step instead of one for each neuron, and a
convolution, which scans bits, copies them instead of gathering them from bytes.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.plan.arrays import Buffer
from annconv.plan.kernels import LayerKernel, number_of
from annconv.plan.plan import Plan, references

NEURONS_OF_BYTE = 8
WORD_BYTES = 8
SLACK_BYTES = 8
"""Behind the last neuron's word: words are read from any byte on (`BitSpikes::kSlack`)."""


def pack_spikes(plan: Plan) -> Plan:
    """Turn buffers of bytes into buffers of bits."""
    layers = [kernel for kernel in plan.kernels if isinstance(kernel, LayerKernel)]
    written = {layer.emits.spikes for layer in layers if _fills_bytes(layer, plan)}
    names = {layer.name for layer in layers}
    others = {name for who, kind, name in references(plan) if kind == "buffer" and who not in names}
    packed = written - others
    buffers = tuple(
        _as_bits(entry) if entry.type == "spike" and entry.name in packed else entry
        for entry in plan.buffers
    )
    return replace(plan, buffers=buffers)


def _fills_bytes(layer: LayerKernel, plan: Plan) -> bool:
    """Whether spikes have no sign and no two vectors of neurons share a byte of bits."""
    if layer.emits.model.unspike is not None:
        return False
    channels = number_of(dict(layer.constants), "kChannelsOut")
    return plan.lanes % NEURONS_OF_BYTE == 0 and (
        channels % NEURONS_OF_BYTE == 0 or channels == layer.emits.neurons
    )


def _as_bits(buffer: Buffer) -> Buffer:
    """The same spikes, eight neurons a byte."""
    words = -(-buffer.length // (NEURONS_OF_BYTE * WORD_BYTES))
    return replace(buffer, type="bits", length=words * WORD_BYTES + SLACK_BYTES)
