"""What networks of `annconv.to_annarchy` do in ANNarchy, and what ours do.

    python on_annarchy.py MODELS RESULTS.json.gz

`make compare-annarchy` runs it with a Python that has both, and compares: every entry of the
results is a pair, theirs and ours.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import ANNarchy
import numpy as np
from grammar_rows import DRIVER, PROBE, ROWS, SIZE

import annconv
from annconv.errors import UnsupportedNetworkError
from annconv.interop.annarchy.neuron_faults import ATTRIBUTES
from annconv.interop.annarchy.neurons import bare_model, equations_of
from annconv.interop.annarchy.translation import translate
from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import CPN
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout
from annconv.reference.simulation import Simulation
from digits import load_digits

Pairs = Iterator[tuple[str, object, object]]
VALUE = Readout(name="values", score="v", observes=("v",))
STEPS = 12
QUICK = "-O0"
"""A network of many kinds takes minutes to optimise."""


def compiled(network, flags=None, **others):
    """The network in ANNarchy, ready to run."""
    theirs = annconv.to_annarchy(network, **others)
    extra = {} if flags is None else {"compiler_flags": flags}
    return theirs, lambda: theirs.compile(directory=tempfile.mkdtemp(), silent=True, **extra)


def spikes_of(recorded: Mapping[int, list[int]]) -> list[list[int]]:
    """Step and rank of every spike, in that order."""
    return sorted([int(step), int(rank)] for rank, steps in recorded.items() for step in steps)


def recordable(population: Population) -> list[str]:
    """Variables that ANNarchy records when ours are read: conductances it records earlier."""
    names = (entry.variable for entry in equations_of(bare_model(population.neuron)))
    return [name for name in dict.fromkeys(names) if not name.startswith("g_")]


def stepped(network: Network, sample: np.ndarray, steps: int) -> Iterator[Simulation]:
    """Our oracle after each of some steps."""
    rates = (sample * network.input_scale).reshape(1, *network.input.geometry)
    simulation = Simulation(network, rates, seed=0, samples=np.arange(1))
    for _ in range(steps):
        simulation.advance()
        yield simulation


def state_pairs(part: str, network: Network, sample: np.ndarray, steps: int = STEPS) -> Pairs:
    """All variables and spikes of all populations, step by step."""
    theirs, ready = compiled(network, QUICK)
    monitors = {
        entry.name: theirs.monitor(theirs.get_population(entry.name), [*recordable(entry), "spike"])
        for entry in network.populations
    }
    ready()
    rates = sample * network.input_scale
    theirs.get_population(network.input.name).rates = rates.reshape(network.input.geometry)
    theirs.simulate(steps * network.dt)
    ours: dict[tuple[str, str], list[list[float]]] = {}
    for simulation in stepped(network, sample, steps):
        for entry in network.populations:
            state = simulation.states[entry.name]
            for name in [*recordable(entry), "spike"]:
                local = name == "spike" or entry.model().variable(name).local
                values = state.full("spikes" if name == "spike" else name)
                row = values.ravel().tolist()
                ours.setdefault((entry.name, name), []).append(row if local else row[:1])
    for (name, variable), values in ours.items():
        if variable == "spike":
            mine = [[step, rank] for step, row in enumerate(values) for rank in np.flatnonzero(row)]
            mine = [[step, int(rank)] for step, rank in mine]
            yield f"{part}: {name} spikes", spikes_of(monitors[name].get("spike")), mine
        else:
            given = np.asarray(monitors[name].get(variable), dtype=float).reshape(steps, -1)
            yield f"{part}: {name}.{variable}", given.tolist(), values


def driven(rows: Mapping[str, Neuron]) -> Network:
    """Neurons that a driver reaches, as those that ANNarchy was recorded with."""
    populations = [Population("driver", (1,), DRIVER, role="input")]
    projections = []
    for name, neuron in rows.items():
        populations.append(Population(name, (SIZE,), neuron))
        if "exc" in populations[-1].model().conductances:
            weights = Dense(np.array([[0.5, 0.25, -0.125]]))
            projections.append(Projection(f"to {name}", "driver", name, (weights,)))
    populations.append(Population("probe", (1,), PROBE, role="output"))
    projections.append(Projection("to probe", "driver", "probe", (Dense(np.ones((1, 1))),)))
    return Network("rows", tuple(populations), tuple(projections), VALUE)


MORE = {
    "implicit that waits": Neuron(
        equations="dv/dt = 1.0 - v/4.0 + g_exc : implicit",
        spike="v > 1.5",
        reset="v = 0.0",
        refractory=2.0,
    ),
    "remainders": Neuron(
        parameters="k = 3 : int ; x = 2.5",
        equations="a = modulo(t, k) - modulo(2*t, 5) ; b = -modulo(t, 4) - t"
        " ; c = 2^(1 - modulo(t, k)) ; d = k*a - x",
    ),
    "functions": Neuron(
        equations="a = floor(t/3) + ceil(t/3) + round(t/2) + abs(3 - t) + sqrt(t) + log(t + 1)"
        " ; b = sin(t) + cos(t) + tan(t) + asin(t/20) + acos(t/20) + atan(t)"
        " ; c = sinh(t/8) + cosh(t/8) + tanh(t) + exp(-t) + pow(t, 0.7) + positive(t - 4)"
        " ; d = negative(t - 4) + clip(t, 2, 5) + clip(t - b, -1, a) + fma(t, 3, -b)",
    ),
    "conditions": Neuron(
        parameters="b = True ; n = 2 : int",
        equations="x = ite(not (t > 3 and t <= 7) or t == 5, 1, 2)"
        " ; y = ite(not b or n != 2, -1, t) ; z = not (t >= 4 and t < 6) : bool",
    ),
    "constants of many digits": Neuron(
        parameters="tau = 3.0",
        equations="dv/dt = 0.1234567890123*(1.0/3.0 - v)/tau*0.7",
    ),
    "ends with else": Neuron(parameters="orelse = 2.0", equations="v = v + orelse"),
}


def neuron_pairs() -> Pairs:
    """Every neuron of the grammar's tests that is not refused, with more that only this needs."""
    rows = {**ROWS, **MORE}
    said = {}
    for name, neuron in rows.items():
        try:
            translate(driven({name: neuron}))
        except UnsupportedNetworkError:
            continue
        said[name] = neuron
    refused = sorted(rows.keys() - said.keys())
    yield "neurons: refused", refused, sorted(REFUSED)
    population = ANNarchy.Network().create(
        1, neuron=ANNarchy.Neuron(equations="v = g_exc", spike="v > 1.0")
    )
    names = {name for name in (*dir(population), *vars(population)) if not name.startswith("_")}
    yield "neurons: names of populations", sorted(names), sorted(ATTRIBUTES)
    yield from state_pairs("neurons", driven(said), np.zeros(1))


REFUSED = ("distributions", "method implicit", "methods mixed", "population-wide")


RELAY = Neuron(
    name="Relay",
    parameters="rates = 0.0",
    equations="v = v + g_exc + rates ; dmask/dt = -mask/4.0",
    spike="v > 1.0",
    reset="v = 0.0 ; mask += 1.0",
)
SENSOR = Neuron(name="Sensor", equations="v = g_exc ; w = w + v", spike="w > 2.0", reset="w = 0.0")
LINE, PLANE, BLOCK, VECTOR = (12, 5), (6, 5, 2), (3, 4, 5, 1), (60,)
MAP = {"line": LINE, "plane": PLANE, "block": BLOCK, "vector": VECTOR}


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def convolution(*kernel: int, strides=1, padding=(0, 0), dilation=1, groups=1) -> Convolution:
    """A convolution that treats all axes alike."""
    axes = len(kernel) - 2
    return Convolution(
        drawn(*kernel), (strides,) * axes, (padding,) * axes, (dilation,) * axes, groups
    )


def window(kind, axes: int, size: int, *, strides=None, padding=(0, 0)) -> MaxPool | MeanPool:
    return kind((size,) * axes, (strides or size,) * axes, (padding,) * axes)


CONNECTIONS = {
    "convolution 1d": ("line", "mask", convolution(3, 5, 4, padding=(1, 1))),
    "convolution 1d, strides": ("line", "mask", convolution(4, 5, 2, strides=3, padding=(2, 1))),
    "convolution 2d": ("plane", "mask", convolution(3, 3, 2, 3, padding=(1, 1))),
    "convolution 2d, valid": ("plane", "mask", convolution(2, 3, 2, 3)),
    "convolution 2d, strides": ("plane", "mask", convolution(3, 3, 2, 2, strides=2)),
    "convolution 2d, uneven": ("plane", "mask", convolution(2, 2, 2, 2, padding=(0, 1))),
    "convolution 2d, wide": ("plane", "mask", convolution(5, 5, 2, 2, padding=(4, 3))),
    "convolution 2d, dilated": ("plane", "mask", convolution(2, 2, 2, 3, dilation=3)),
    "convolution 2d, groups": ("plane", "mask", convolution(3, 3, 1, 4, groups=2)),
    "convolution 2d, behind zeros": (
        "plane",
        "mask",
        Pad(((1, 0), (0, 2))),
        convolution(3, 3, 2, 2, strides=2),
    ),
    "convolution 2d of v": ("plane", "v", convolution(3, 3, 2, 2)),
    "convolution 3d": ("block", "mask", convolution(2, 3, 2, 1, 2, padding=(1, 0))),
    "convolution of spikes": ("plane", "spikes", convolution(3, 3, 2, 2, strides=2)),
    "max pooling 1d": ("line", "mask", window(MaxPool, 1, 3)),
    "max pooling 2d": ("plane", "mask", window(MaxPool, 2, 2)),
    "max pooling 2d, cut": ("plane", "mask", window(MaxPool, 2, 4, padding=(0, 3))),
    "max pooling 3d": ("block", "mask", window(MaxPool, 3, 2)),
    "mean pooling 1d": ("line", "mask", window(MeanPool, 1, 4)),
    "mean pooling 2d": ("plane", "mask", window(MeanPool, 2, 2)),
    "mean pooling 2d, cut": ("plane", "mask", window(MeanPool, 2, 4, padding=(0, 3))),
    "mean pooling 2d, strides": ("plane", "mask", window(MeanPool, 2, 3, strides=2)),
    "mean pooling 3d": ("block", "mask", window(MeanPool, 3, 2)),
    "global mean": ("plane", "mask", MeanPool((6, 5), (6, 5), ((0, 0), (0, 0))), Reshape((2,))),
    "dense": ("vector", "spikes", Dense(drawn(60, 7))),
    "dense of a map": ("plane", "spikes", Reshape((60,)), Dense(drawn(60, 4))),
    "dense of v": ("vector", "v", Dense(drawn(60, 3))),
    "changes of shape": (
        "plane",
        "spikes",
        Scale(np.array([0.5, -2.0])),
        Upsample((2, 1)),
        Slice(1, 4),
    ),
    "nothing between": ("line", "spikes"),
}


def connected() -> Network:
    """A population behind every connection, all of them read from four maps."""
    populations = [Population("input", VECTOR, RELAY, role="input")]
    projections = []
    for name, geometry in MAP.items():
        populations.append(Population(name, geometry, RELAY))
        chain = (Dense(drawn(60, 60) / 4.0), Reshape(geometry))
        projections.append(Projection(f"to {name}", "input", name, chain))
    for name, (pre, transmits, *operators) in CONNECTIONS.items():
        geometry = MAP[pre]
        for operator in operators:
            geometry = operator.output_geometry(geometry)
        populations.append(Population(name, geometry, SENSOR))
        projections.append(Projection(f"to {name}", pre, name, tuple(operators), transmits))
    populations[-1] = replace(populations[-1], role="output")
    return Network("connections", tuple(populations), tuple(projections), VALUE)


def connection_pairs() -> Pairs:
    yield from state_pairs("connections", connected(), np.random.default_rng(0).random(60))


def trained(model: Path, network: Network, samples: np.ndarray, steps: int) -> Pairs:
    """Spikes of all populations of a trained network, and when its read-out ends."""
    part = f"{model.stem}, {network.options['input_encoding']}, {network.readout.name}"
    theirs, ready = compiled(network)
    image, output = (theirs.get_population(e.name) for e in (network.input, network.output))
    monitors = {
        name: theirs.monitor(theirs.get_population(name), "spike") for name in network.names
    }
    ready()
    ours = annconv.compile(network, precision="double", threads=1)
    result = ours.run(samples, steps=steps, record=network.names)
    for index, sample in enumerate(samples):
        theirs.reset(populations=True, monitors=True)
        image.rates = sample.reshape(image.geometry) * network.input_scale
        if output.stop_condition:
            theirs.simulate_until(steps, population=output)
        else:
            theirs.simulate(steps)
        yield f"{part}: end of sample {index}", theirs.current_step, int(result.stopped_at[index])
        for name in network.names:
            mine = result.spikes[name][index].tolist()
            yield f"{part}: {name}, sample {index}", spikes_of(monitors[name].get("spike")), mine


def trained_pairs(models: Path) -> Pairs:
    images, _ = load_digits()
    digits = images / 255.0
    for name, encoding, count, steps, others in (
        ("cnn", "IB", 3, 200, {}),
        ("cnn", "PSO", 3, 200, {}),
        ("mlp", "IB", 10, 200, {}),
        ("mlp", "PSO", 10, 200, {"read_out": "time_to_first_spike"}),
        ("mlp", "phase", 10, 200, {"read_out": "time_to_k_spikes", "k": 3}),
        ("mlp", "IB-fused", 2, 1000, {"read_out": "membrane_potential"}),
    ):
        model = models / f"{name}.keras"
        network = annconv.convert(model, input_encoding=encoding, **others)
        samples = digits[:count].reshape(count, *network.input.geometry)
        yield from trained(model, network, samples, steps)


DECISION = {
    "parameters": "tau = 20.0 ; theta = 1.5",
    "equations": "tau*dv/dt = -v + 10.0*g_exc - 6.0*g_inh : init = 0.0, min = -1.0",
    "spike": "v > theta",
    "reset": "v = 0.0",
}


def joined_pairs(models: Path) -> Pairs:
    """A population written by hand in ANNarchy reads, and is read with, a converted network."""
    network = annconv.convert(models / "mlp.keras", input_encoding="PSO")
    images, _ = load_digits()
    theirs = annconv.to_annarchy(network)
    classes = theirs.get_population(network.output.name)
    decision = theirs.create(10, neuron=ANNarchy.Neuron(**DECISION), name="decision")
    theirs.connect(classes, decision, target="exc").one_to_one(weights=1.0)
    theirs.connect(decision, decision, target="inh").all_to_all(
        weights=1.0, allow_self_connections=False
    )
    monitors = [theirs.monitor(population, "spike") for population in (classes, decision)]
    theirs.compile(directory=tempfile.mkdtemp(), silent=True)
    theirs.get_population(network.input.name).rates = images[0].reshape(784) / 255.0 * 100.0
    theirs.simulate(100)
    rates = images[:1].reshape(1, 784) / 255.0
    result = annconv.compile(network, precision="double").run(
        rates, steps=100, record=(network.output.name,)
    )
    (given,) = result.spikes[network.output.name]
    yield "joined: classes", spikes_of(monitors[0].get("spike")), given.tolist()
    mine, state, sent = [], np.zeros(10), np.zeros((2, 10))
    arrived = {step: given[given[:, 0] == step, 1] for step in range(100)}
    for step in range(100):  # the decision's equations by hand
        state = state + (-state + 10.0 * sent[0] - 6.0 * sent[1]) / 20.0
        state = np.maximum(state, -1.0)
        fired = np.flatnonzero(state > 1.5)
        state[fired] = 0.0
        mine += [[step, int(rank)] for rank in fired]
        sent = np.zeros((2, 10))
        sent[0, arrived[step]] = 1.0
        sent[1] = len(fired)
        sent[1, fired] -= 1.0  # nobody inhibits itself
    yield "joined: decision", spikes_of(monitors[1].get("spike")), mine
    yield "joined: the decision spikes", bool(mine), True


COUNT, RUNS = 2000, 60
DRAWS = {
    "Uniform": "Uniform(-1.0, 2.0)",
    "Normal": "Normal(-1.0, 2.0)",
    "LogNormal": "LogNormal(0.25, 0.5)",
    "Exponential": "Exponential(2.0)",
    "Gamma": "Gamma(3.5, 2.0)",
    "DiscreteUniform": "DiscreteUniform(-2, 3)",
    "Binomial": "Binomial(12, 0.3)",
}


def random_pairs() -> Pairs:
    """Random numbers and encodings have the same mean and spread, to five standard errors."""
    populations = [Population("input", (COUNT,), CPN, role="input")]
    for name, text in DRAWS.items():
        populations.append(Population(name, (COUNT,), Neuron(equations=f"v = {text}")))
    populations[-1] = replace(populations[-1], role="output")
    network = Network("random", tuple(populations), (), VALUE, input_scale=100.0)
    theirs, ready = compiled(network, QUICK, seed=11)
    monitors = {name: theirs.monitor(theirs.get_population(name), "v") for name in DRAWS}
    monitors["CPN"] = theirs.monitor(theirs.get_population("input"), "p")
    spikes = theirs.monitor(theirs.get_population("input"), "spike")
    ready()
    sample = np.full(COUNT, 2.5)
    theirs.get_population("input").rates = sample * network.input_scale
    theirs.simulate(RUNS)
    drawn_here = {name: [] for name in monitors}
    sent = 0.0
    for simulation in stepped(network, sample, RUNS):
        for name, rows in drawn_here.items():
            state = simulation.states["input" if name == "CPN" else name]
            rows.append(state.full("p" if name == "CPN" else "v").ravel())
        sent += float(simulation.states["input"].spikes.sum())
    for name, monitor in monitors.items():
        a, b = np.asarray(monitor.get("p" if name == "CPN" else "v")), np.array(drawn_here[name])
        error = 5.0 * np.hypot(a.std(), b.std()) / np.sqrt(a.size)
        yield f"random: {name}, mean", bool(abs(a.mean() - b.mean()) < error), True
        squares = (a - a.mean()) ** 2, (b - b.mean()) ** 2
        error = 5.0 * np.hypot(squares[0].std(), squares[1].std()) / np.sqrt(a.size)
        yield f"random: {name}, variance", bool(abs(a.var() - b.var()) < error), True
    theirs_sent = sum(map(len, spikes.get("spike").values()))
    yield "random: spikes of CPN", bool(abs(theirs_sent - sent) < 5.0 * np.sqrt(2.0 * sent)), True


def notebook_pairs(models: Path) -> Pairs:
    """The notebook's code runs, and finds equal decisions."""
    cells = json.loads((models.parent / "annarchy.ipynb").read_text("utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec("\n".join(codes).replace("%matplotlib inline", ""), {})  # noqa: S102  (our own)
    last = said.getvalue().splitlines()[-1]
    yield "notebook: decisions", last, "20 of 20 decisions are the same, in the same step"


def main() -> int:
    models, target = Path(sys.argv[1]), Path(sys.argv[2])
    parts = {
        "neurons": neuron_pairs(),
        "connections": connection_pairs(),
        "random": random_pairs(),
        "joined": joined_pairs(models),
        "trained": trained_pairs(models),
        "notebook": notebook_pairs(models),
    }
    chosen = sys.argv[3:] or list(parts)
    results = {}
    for part in chosen:
        results |= {name: [theirs, ours] for name, theirs, ours in parts[part]}
    target.write_bytes(gzip.compress(json.dumps(results).encode()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
