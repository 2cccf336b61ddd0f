"""Plans of small networks, up to a pass."""

from __future__ import annotations

import numpy as np

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Operator, Reshape, chain_geometry
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.pipeline import PLAN_PASSES, lower, target_of
from annconv.plan.kernels import LayerKernel
from annconv.plan.plan import Plan
from annconv.plan.planner import make_plan
from annconv.readouts import READOUTS

OPTIONS = CompileOptions(precision="double", vector_bits=256, cache_bytes=32768)


def chain(
    geometry: Geometry,
    *chains: tuple[tuple[Operator, ...], str],
    encoding: str = "IB",
    neuron: Neuron = HIDDEN["IaF"],
    readout: str = "spike_count",
) -> Network:
    """Populations in a row, each behind a chain of operators on what the one before transmits."""
    populations = [Population("p0", geometry, ENCODINGS[encoding], {}, "input")]
    projections = []
    for number, (operators, transmits) in enumerate(chains, start=1):
        before = populations[-1]
        after = chain_geometry(operators, before.geometry)
        assert after is not None
        last = number == len(chains)
        role = "output" if last else "hidden"
        kind = HIDDEN["IaF"] if last else neuron
        populations.append(Population(f"p{number}", after, kind, {}, role))
        projections.append(
            Projection(f"to{number}", before.name, f"p{number}", operators, transmits)
        )
    return Network("chain", tuple(populations), tuple(projections), READOUTS[readout], steps=10)


def convolution(size: int, channels: int, filters: int) -> tuple[Operator, ...]:
    pad = (size // 2, size - 1 - size // 2)
    kernel = np.ones((size, size, channels, filters))
    return (Convolution(kernel, (1, 1), (pad, pad), (1, 1)),)


def pooling(size: int, stride: int) -> tuple[Operator, ...]:
    return (MaxPool((size, size), (stride, stride), ((0, 0), (0, 0))),)


def dense(inputs: int, outputs: int) -> tuple[Operator, ...]:
    return (Reshape((inputs,)), Dense(np.ones((inputs, outputs))))


def plan_before(network: Network, name: str, options: CompileOptions = OPTIONS) -> Plan:
    """The plan as a pass finds it."""
    lowered, _ = lower(network, options)
    plan = make_plan(lowered, options.precision, target_of(options))
    for step in PLAN_PASSES:
        if step.name == name:
            return plan
        if step.level <= options.optimize and step.name not in options.disable:
            plan = step.run(plan)
    raise ValueError(name)


def layers(plan: Plan) -> list[LayerKernel]:
    return [kernel for kernel in plan.kernels if isinstance(kernel, LayerKernel)]
