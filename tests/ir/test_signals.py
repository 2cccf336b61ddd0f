"""What is proved of a link holds in every step of the reference, and is proved where it can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
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
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.ir.signals import Kind, Signal, emitted, population_signal, signals_of
from annconv.neurons.library import COUNTER, CPN, IaF
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS
from annconv.reference.operators import Values
from annconv.reference.simulation import Simulation

STEPS = 12
GEOMETRY = (4, 4, 2)
HOLDS = {
    "spike": lambda values: np.isin(values, (0, 1)),
    "signed": lambda values: np.isin(values, (-1, 0, 1)),
    "count": lambda values: (values >= 0) & (values == np.round(values)),
    "real": lambda values: np.full(values.shape, True),
}


def counting(
    up: str, *, start: str = "0", flags: str = "", down: str = "", guard: str = ""
) -> Neuron:
    """A neuron with a variable `n` that a spike raises, and a negative one may lower."""
    return Neuron(
        name="Counting",
        parameters=f"vt = 0.4 : population\none = 1.0\nfew = 0.5\nm = 2.0\nn = {start} {flags}",
        equations="v = g_exc",
        spike="v > vt",
        reset=up,
        unspike=f"v < -0.1{guard}" if down else None,
        unreset=down or None,
    )


NEURONS: dict[str, tuple[Neuron, str, Kind, Kind]] = {
    "spikes": (IaF, SPIKES, "spike", "signed"),
    "potential": (IaF, "v", "real", "real"),
    "trace": (IaF, "mask", "real", "real"),
    "library": (COUNTER, "sc", "count", "spike"),
    "counts": (counting("n += 1"), "n", "count", "spike"),
    "in whole numbers": (counting("n += 1", flags=": int"), "n", "count", "spike"),
    "by a parameter": (counting("n += one"), "n", "count", "spike"),
    "by half": (counting("n += few"), "n", "real", "real"),
    "by half, cut": (counting("n += few", flags=": int"), "n", "real", "real"),
    "by two": (counting("n += 2"), "n", "real", "real"),
    "from a half": (counting("n += 1", start="0.5"), "n", "real", "real"),
    "twice": (counting("n += 1 ; n += 1"), "n", "real", "real"),
    "of another": (counting("n = m + 1"), "n", "real", "real"),
    "a truth value": (counting("n += 1", start="False", flags=": bool"), "n", "real", "real"),
    "decays": (
        Neuron(equations="v = g_exc\nn = 0.5*n : init = 0.0", spike="v > 0.4", reset="n += 1"),
        "n", "real", "real",
    ),
    "bounded": (
        Neuron(equations="v = g_exc\nn = n : init = 0, max = 1.5", spike="v > 0.4", reset="n += 1"),
        "n", "real", "real",
    ),
    "signed spikes": (counting("n += 1", down="v = 0"), SPIKES, "signed", "real"),
    "positive ones": (counting("n += 1", down="v = 0"), "n", "count", "spike"),
    "down": (counting("n += 1", down="n -= 1"), "n", "real", "signed"),
    "down to 0": (
        counting("n += 1", down="n -= 1", guard=" and n > 0"), "n", "count", "signed",
    ),
    "down to 0 from 1": (
        counting("n += 1", down="n -= 1", guard=" and n >= 1"), "n", "count", "signed",
    ),
    "down below 0": (
        counting("n += 1", down="n -= 1", guard=" and n > -1"), "n", "real", "signed",
    ),
    "or down": (counting("n += 1", down="n -= 1", guard=" or n > 0"), "n", "real", "signed"),
    "down by two": (counting("n += 1", down="n -= 2", guard=" and n > 0"), "n", "real", "real"),
    "a current": (
        Neuron(parameters="bias = 0.25", equations="v = g_exc\nx = 2*bias", spike="v > 0.4"),
        "x", "real", "real",
    ),
    "emits its count": (
        replace(counting("n += 1"), emit="n"), SPIKES, "count", "spike",
    ),
    "emits its potential": (replace(counting("n += 1"), emit="v"), SPIKES, "real", "real"),
}  # fmt: skip


@pytest.mark.parametrize("name", NEURONS)
def test_what_a_population_transmits(name: str) -> None:
    neuron, transmits, kind, change = NEURONS[name]
    population = Population("layer", GEOMETRY, neuron)
    signal = population_signal(population, transmits)
    assert (signal.kind, signal.change) == (kind, change)


def test_parameters_of_the_population_take_part() -> None:
    neuron = counting("n += one")
    for value in (np.asarray(2.0), np.asarray([1.0, 2.0])):
        changed = Population("layer", GEOMETRY, neuron, {"one": value})
        assert population_signal(changed, "n").kind == "real"
    same = Population("layer", GEOMETRY, replace(neuron), {"one": np.asarray([1.0, 1.0])})
    assert population_signal(same, "n").kind == "count"


def test_what_is_emitted() -> None:
    neuron = replace(counting("n += 1"), emit="v")
    assert emitted(Population("layer", GEOMETRY, neuron), SPIKES) == "v"
    assert emitted(Population("layer", GEOMETRY, neuron), "n") == "n"
    assert emitted(Population("layer", GEOMETRY, IaF), SPIKES) == SPIKES


PAIR = ((0, 0), (0, 0))
POOL = MaxPool((2, 2), (2, 2), PAIR)
CONVOLUTION = Convolution(np.full((1, 1, 2, 2), 0.5), (1, 1), PAIR, (1, 1))
CHAINS: dict[str, tuple[str, tuple[Operator, ...], Kind]] = {
    "moved": (
        "spikes", (Pad(((1, 0), (0, 0))), Upsample((2, 1)), Slice(1, 4), POOL, Reshape((40,))),
        "spike",
    ),
    "moved with a sign": ("signed spikes", (POOL, Upsample((2, 2))), "signed"),
    "counted": ("counts", (Pad(PAIR), POOL), "count"),
    "a largest count grows": ("counts", (POOL, Slice(0, 3), Increase(), POOL), "spike"),
    "a largest count moves": ("down to 0", (POOL, Increase()), "signed"),
    "a largest number moves": ("down", (POOL, Increase(), Upsample((2, 2))), "signed"),
    "spikes change": ("spikes", (Increase(),), "signed"),
    "changes change": ("spikes", (Increase(), Increase()), "real"),
    "a trace grows": ("trace", (POOL, Increase()), "real"),
    "the mean": ("counts", (MeanPool((2, 2), (2, 2), PAIR), Increase()), "real"),
    "scaled": ("spikes", (Scale(np.asarray(0.5)),), "real"),
    "weighed": ("spikes", (CONVOLUTION, POOL), "real"),
    "multiplied": ("spikes", (Reshape((32,)), Dense(np.full((32, 3), 0.5))), "real"),
    "windows outside": ("spikes", (MaxPool((1, 1), (1, 1), ((0, 1), (0, 0))),), "real"),
    "windows before": ("spikes", (MaxPool((1, 1), (1, 1), ((0, 0), (1, 0))),), "real"),
    "windows at the edge": ("spikes", (MaxPool((2, 2), (2, 2), ((1, 1), (0, 0))),), "spike"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_what_comes_out_of_a_chain(name: str) -> None:
    neuron, operators, kind = CHAINS[name]
    network = joined([(neuron, operators)])
    assert signals_of(network)["p0"][-1].kind == kind


JUNCTIONS: dict[str, tuple[list[tuple[str, tuple[Operator, ...]]], Kind]] = {
    "nothing": ([], "spike"),
    "one": ([("spikes", ())], "spike"),
    "two": ([("spikes", ()), ("counts", ())], "count"),
    "with a sign": ([("spikes", ()), ("signed spikes", ())], "real"),
    "apart": ([("spikes", (Slice(2, 4),)), ("spikes", (Slice(0, 4),))], "spike"),
    "apart, signed": ([("spikes", (Slice(0, 4),)), ("signed spikes", (Slice(2, 4),))], "signed"),
    "apart, counted": ([("spikes", (Slice(0, 4),)), ("counts", (Slice(2, 4),))], "count"),
    "apart, no numbers": ([("signed spikes", (Slice(0, 4),)), ("counts", (Slice(2, 4),))], "real"),
    "over each other": ([("spikes", (Slice(0, 3),)), ("spikes", (Slice(1, 3),))], "count"),
    "beside all": ([("spikes", (Slice(0, 2),)), ("spikes", ())], "count"),
    "a weighed one": ([("spikes", (CONVOLUTION,)), ("spikes", ())], "real"),
}  # fmt: skip


@pytest.mark.parametrize("name", JUNCTIONS)
def test_what_a_junction_sends(name: str) -> None:
    entries, kind = JUNCTIONS[name]
    assert signals_of(joined(entries))["behind"][0].kind == kind


def test_a_trace_is_no_spike() -> None:
    network = joined([("spikes", ())])
    projections = tuple(
        replace(entry, trace_decay=0.5) if entry.name == "p0" else entry
        for entry in network.projections
    )
    network = replace(network, projections=projections)
    assert signals_of(network)["behind"][0].kind == "real"


def joined(entries: list[tuple[str, tuple[Operator, ...]]], delay: int = 1) -> Network:
    """Neurons of NEURONS, their chains onto a junction, and an output behind it."""
    populations = [Population("image", GEOMETRY, CPN, role="input")]
    projections: list[Projection] = []
    geometry: tuple[int, ...] = GEOMETRY
    for number, (name, operators) in enumerate(entries):
        neuron, transmits, *_ = NEURONS[name]
        populations.append(Population(f"layer{number}", GEOMETRY, neuron))
        kernel = np.random.default_rng(number).normal(0.2, 1.0, (3, 3, 2, 2))
        weights = Convolution(kernel, (1, 1), ((1, 1), (1, 1)), (1, 1))
        projections.append(
            Projection(f"in{number}", "image", f"layer{number}", (weights,), delay=delay)
        )
        projections.append(
            Projection(f"p{number}", f"layer{number}", "sum", operators, transmits, delay=delay)
        )
        geometry = GEOMETRY
        for operator in operators:
            geometry = operator.output_geometry(geometry) or ()
    populations.append(Population("sum", geometry, None, role="linear"))
    populations.append(Population("classes", geometry, IaF, role="output"))
    projections.append(Projection("behind", "sum", "classes", (), delay=0))
    order = [entry.name for entry in populations]
    projections.sort(key=lambda entry: order.index(entry.post))
    network = Network(
        "joined", tuple(populations), tuple(projections), READOUTS["spike_count"], input_scale=400.0
    )
    network.verify()
    return network


class Recorded(Simulation):
    """Keeps the values of every link."""

    def __init__(self, network: Network, rates: Values) -> None:
        super().__init__(network, rates, seed=3, samples=np.arange(len(rates)))
        self.links: dict[tuple[str, int], list[Values]] = {}

    def _deliver(self, projection: Projection) -> Values:
        for length in range(len(projection.operators) + 1):
            link = (projection.name, length)
            part = replace(
                projection,
                name=f"{projection.name} up to {length}",
                operators=projection.operators[:length],
                trace_decay=None,
            )
            self.links.setdefault(link, []).append(np.array(super()._deliver(part)))
        return super()._deliver(projection)


def links_of(network: Network) -> Iterator[tuple[Signal, Values]]:
    """What is proved of every link, and its values in all steps of some samples."""
    rng = np.random.default_rng(5)
    rates = 400.0 * rng.random((3, *network.input.geometry))
    simulation = Recorded(network, rates)
    for _ in range(STEPS):
        simulation.advance()
    signals = signals_of(network)
    for (name, position), values in simulation.links.items():
        yield signals[name][position], np.stack(values)


def random_network(seed: int) -> Network:
    """Two or three neurons of NEURONS with chains of equal result."""
    rng = np.random.default_rng(seed)
    names = [*NEURONS, *["a current"] * 4]
    entries = []
    shared = rng.random() < 0.5
    pooled = rng.random() < 0.5
    count = int(rng.integers(1, 4))
    for number in range(count):
        front: list[Operator] = [POOL] if pooled else []
        extras: tuple[Operator, ...] = (
            Increase(), Upsample((1, 1)), Pad(PAIR), Scale(np.asarray(-1.0)), Reshape((2, 2, 2)),
            CONVOLUTION, MeanPool((1, 1), (1, 1), PAIR), MaxPool((3, 3), (1, 1), ((1, 1), (1, 1))),
        )  # fmt: skip
        for _ in range(int(rng.integers(0, 4))):
            drawn = extras[int(rng.integers(len(extras)))]
            if not isinstance(drawn, Reshape) or pooled:
                front.append(drawn)
        back = (Slice(2 * number, 2 * count),) if shared else ()
        entries.append((names[int(rng.integers(len(names)))], (*front, *back)))
    return joined(entries, delay=int(rng.integers(0, 2)))


SEEDS = range(120)


def test_every_link_is_what_it_is_proved_to_be() -> None:
    """Of every kind there are links, and of those of no kind some are of none."""
    proved: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for seed in SEEDS:
        for signal, values in links_of(random_network(seed)):
            kind = signal.kind
            proved[kind] += 1
            assert HOLDS[kind](values).all(), (seed, kind)
            proved["steady"] += signal.steady
            assert not signal.steady or (values == values[0]).all(), seed
            narrower = {"signed": "spike", "count": "spike", "real": "signed"}.get(kind)
            if narrower is not None and not HOLDS[narrower](values).all():
                missed[kind] += 1
    assert min(proved[kind] for kind in (*HOLDS, "steady")) >= 20, proved
    assert min(missed[kind] for kind in ("signed", "count", "real")) >= 10, missed
