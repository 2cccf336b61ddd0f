"""Tiny networks that the tests of several areas share; together they use most of the compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Operator,
    Reshape,
    Scale,
)
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import COUNTER, CPN, IB, PSO, IaF
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.readouts.table import READOUTS

OPTIONS = CompileOptions(
    precision="double",
    threads=1,
    strict_warnings=True,
    compiler_level=0,
    vector_bits=256,
    cache_bytes=32768,
)
"""How most tests compile: quickly, with warnings as errors, laid out alike on every machine."""

STEPS = 25

SIGNED = Neuron(
    name="Signed",
    parameters="vt = 1.0 ; vu = -1.0 : population ; start = 0.25",
    equations="""
        v += g_exc : init = start, min = -3.0
        dmask/dt = -mask/4.0
    """,
    spike="v >= vt",
    reset="v -= vt ; mask += 1.0",
    unspike="v < vu and t > 2*dt",
    unreset="v -= vu ; mask -= 1.0",
)
"""A neuron that emits -1, too, and whose values differ from neuron to neuron."""

COUNTING = Neuron(
    name="Counting",
    parameters="vt = 1.0 ; n = 0.0",
    equations="v += g_exc : init = 0.5",
    spike="v >= vt",
    reset="v -= vt ; n += 1.0",
    unspike="v < 0.0 and n > 0.0",
    unreset="v += vt ; n -= 1.0",
)
"""A neuron that counts its spikes, and takes them back."""


def numbers(*shape: int, step: float = 1 / 8) -> FloatArray:
    """Numbers from -1 to 1.25 that differ between neighbours, all sums of them exact."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 7 % 19) * step - 1.0).reshape(shape)


def dense() -> Network:
    """Poisson input, one hidden population, spikes through Dense layers."""
    return Network(
        name="dense",
        populations=(
            Population("image", (6,), CPN, role="input"),
            Population("hidden", (5,), IaF, {"vt": np.array(0.75)}),
            Population("classes", (3,), IaF, role="output"),
        ),
        projections=(
            Projection("dense_proj_2", "image", "hidden", (Dense(numbers(6, 5)),)),
            Projection("dense_proj_3", "hidden", "classes", (Dense(numbers(5, 3)),)),
        ),
        readout=READOUTS["spike_count"],
        steps=STEPS,
        input_scale=800.0,
    )


def picture() -> Network:
    """A convolution and pooling of traces, thresholds by channel, an early stop."""
    conv = Convolution(numbers(2, 2, 1, 2, step=0.5), (1, 1), ((0, 1), (1, 0)), (1, 1))
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    trace = {"mask_tau": np.array(2.0)}
    return Network(
        name="picture",
        populations=(
            Population("image", (4, 4, 1), IB, trace, role="input"),
            Population("conv", (4, 4, 2), IaF, {"vt": np.array([0.5, 0.75]), **trace}),
            Population("pool", (2, 2, 2), IaF, {"vt": np.array(0.25), **trace}),
            Population("classes", (3,), IaF, role="output"),
        ),
        projections=(
            Projection("conv_proj_2", "image", "conv", (conv,), "mask"),
            Projection("pool_proj_3", "conv", "pool", (pool,), "mask"),
            Projection(
                "dense_proj_4",
                "pool",
                "classes",
                (Reshape((8,)), Dense(numbers(8, 3, step=0.125))),
            ),
        ),
        readout=READOUTS["time_to_first_spike"],
        steps=STEPS,
        input_scale=2.0,
    )


def branches() -> Network:
    """No delay: chains of operators, a junction, two projections onto one population."""
    window = ((2, 2), (1, 1), ((0, 1), (1, 0)))
    return Network(
        name="branches",
        populations=(
            Population("image", (3, 3, 2), PSO, role="input"),
            Population("peaks", (3, 3, 2), IaF, {"vt": np.array(0.5)}),
            Population("sum", (3, 3, 2), None, role="linear"),
            Population(
                "classes", (2,), COUNTER, {"k": np.array(2.0), "vt": np.array(2.0)}, role="output"
            ),
        ),
        projections=(
            Projection("pool", "image", "peaks", (MaxPool(*window),), "mask", delay=0),
            Projection("skip", "image", "sum", (MeanPool(*window), Scale(numbers(2))), delay=0),
            Projection("main", "peaks", "sum", (Scale(np.array(-0.5)), Increase()), "v", delay=0),
            Projection("direct", "peaks", "classes", _flat(18, 2), delay=0),
            Projection("late", "sum", "classes", _flat(18, 2), delay=0),
        ),
        readout=READOUTS["time_to_k_spikes"].with_parameters(k=2),
        steps=STEPS,
        input_scale=32.0,
    )


def signed() -> Network:
    """Spikes with a sign, values of every neuron's own, a read-out of the potential."""
    start = {"start": numbers(2, 3), "vt": np.array([[0.5], [1.0]])}
    return Network(
        name="signed",
        populations=(
            Population("image", (4,), CPN, role="input"),
            Population("both", (2, 3), SIGNED, start),
            Population("classes", (2,), IaF, role="output"),
        ),
        projections=(
            Projection("a", "image", "both", (Dense(numbers(4, 6, step=0.125)), Reshape((2, 3)))),
            Projection("b", "both", "classes", _flat(6, 2, step=0.25)),
        ),
        readout=READOUTS["membrane_potential"],
        dt=0.5,
        steps=STEPS,
        input_scale=900.0,
    )


def residual() -> Network:
    """No delay: a pooled count whose increase goes on, a residual block, channels in an order."""
    same, plain = ((1, 1), ((1, 1), (1, 1)), (1, 1)), ((1, 1), ((0, 0), (0, 0)), (1, 1))
    first = Convolution(numbers(3, 3, 1, 16, step=0.25), *same)
    body = Convolution(numbers(3, 3, 16, 16, step=1 / 16), *same)
    back = Convolution(numbers(1, 1, 16, 16, step=1 / 16), *plain)
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    links: tuple[tuple[str, str, tuple[Operator, ...], str], ...] = (
        ("image", "stem", (first,), "spikes"),
        ("stem", "body", (pool, Increase(), body), "n"),
        ("body", "join", (back,), "spikes"),
        ("body", "join", (Scale(numbers(16)),), "spikes"),
        ("join", "classes", _flat(64, 16), "spikes"),
    )
    return Network(
        name="residual",
        populations=(
            Population("image", (4, 4, 1), PSO, role="input"),
            Population("stem", (4, 4, 16), COUNTING, {"vt": np.abs(numbers(16)) + 0.5}),
            Population("body", (2, 2, 16), COUNTING),
            Population("join", (2, 2, 16), COUNTING),
            Population("classes", (16,), IaF, role="output"),
        ),
        projections=tuple(
            Projection(f"{number}_{pre}_{post}", pre, post, chain, transmits, delay=0)
            for number, (pre, post, chain, transmits) in enumerate(links)
        ),
        readout=READOUTS["spike_count"],
        steps=STEPS,
    )


def steady() -> Network:
    """A current that is the same in every step, and spikes that add to it."""
    current = Neuron(
        name="Current",
        parameters="rates = 0.0 ; gain = 0.5",
        equations="x = gain * rates\nv += rates",
        spike="v >= 1.0",
        reset="v -= 1.0",
    )
    same = Convolution(numbers(3, 3, 1, 4), (1, 1), ((1, 1), (1, 1)), (1, 1))
    return Network(
        name="steady",
        populations=(
            Population("image", (4, 4, 1), current, role="input"),
            Population("hidden", (4, 4, 4), IaF),
            Population("classes", (3,), IaF, role="output"),
        ),
        projections=(
            Projection("current", "image", "hidden", (same,), "x", delay=0),
            Projection("spikes", "image", "hidden", (same,), delay=0),
            Projection("classes", "hidden", "classes", _flat(64, 3), delay=0),
        ),
        readout=READOUTS["spike_count"],
        steps=STEPS,
    )


def layers(names: Sequence[str]) -> Network:
    """Populations of these names, four or more, all of which but the input's become layers.

    A convolution, pooling that runs along with it, further convolutions, a full matrix.
    """
    window = ((1, 1), ((0, 0), (0, 0)), (1, 1))
    trace = {"mask_tau": np.array(2.0)}
    image, conv, pool, *further, classes = names
    populations = [
        Population(image, (4, 4, 1), IB, trace, role="input"),
        Population(conv, (4, 4, 16), IaF, {"vt": np.array(0.5), **trace}),
        *(Population(name, (2, 2, 16), IaF, {"vt": np.array(0.25)}) for name in (pool, *further)),
        Population(classes, (16,), IaF, role="output"),
    ]
    deep = Convolution(numbers(1, 1, 16, 16, step=1 / 16) + 0.75, *window)
    operators: list[tuple[Operator, ...]] = [
        (Convolution(numbers(1, 1, 1, 16, step=0.5), *window),),
        (MaxPool((2, 2), (2, 2), ((0, 0), (0, 0))),),
        *((deep,) for _ in further),
        (Reshape((64,)), Dense(numbers(64, 16, step=1 / 16) + 0.75)),
    ]
    projections = tuple(
        Projection(post, pre, post, entry, "mask" if isinstance(entry[0], MaxPool) else "spikes")
        for (pre, post), entry in zip(pairwise(names), operators, strict=True)
    )
    return Network(
        name="layers",
        populations=tuple(populations),
        projections=projections,
        readout=READOUTS["spike_count"],
        steps=STEPS,
        input_scale=2.0,
    )


def _flat(inputs: int, outputs: int, step: float = 1 / 8) -> tuple[Reshape, Dense]:
    return Reshape((inputs,)), Dense(numbers(inputs, outputs, step=step))


ZOO: Mapping[str, Callable[[], Network]] = {
    "dense": dense,
    "picture": picture,
    "branches": branches,
    "signed": signed,
    "residual": residual,
}
"""Every network by name."""


def samples(network: Network, count: int = 6) -> FloatArray:
    """(count, *geometry) values in [0, 1]."""
    rng = np.random.default_rng(3)
    return rng.random((count, *network.input.geometry))


def spiking(network: Network) -> list[str]:
    """Names of the populations that can be recorded."""
    return [entry.name for entry in network.populations if entry.neuron is not None]
