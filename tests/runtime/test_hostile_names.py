"""Names that try to break out of the generated code; all that they do is to name."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from zoo import OPTIONS, dense, layers, numbers, samples

from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import CompiledNetwork, compile_network

INJECTION = 'x"); system("touch {}"); //'

BREAKING_OUT = ['x"); system("true"); //', "*/ } int x; /*", "a\n#error b\n", "??/\n\\"]
LOOKING_ODD = ["", " ", "\u202egnp.exe\u202c", "日本", "é\ud800", "\0", "a" * 5000]
LOOKING_ALIKE = ["a-b", "a_b", "A B", "a__b", "a.b_v2"]
LIKE_NUMBERS = ["784_input", "0", "3x3_conv", "784-input", "layer_0"]
DERIVED = ["conv", "conv_scratch", "Conv"]
CPP_WORDS = ["class", "int", "network", "Network", "weights", "arena", "std", "real", "main"]


def chain(names: list[str]) -> Network:
    """Populations of these names, projections of the same names."""
    neuron = Neuron(
        name="*/ N } \\",
        parameters="vt = 1.0 ; rates = 0.0",
        equations="v += g_exc",
        spike="v > vt",
        reset="v -= vt",
    )
    image = replace(neuron, equations="v += rates")
    roles = ["input", *["hidden"] * (len(names) - 2), "output"]
    populations = tuple(
        Population(name, (3,), image if role == "input" else neuron, {}, role)
        for name, role in zip(names, roles, strict=True)
    )
    weights = numbers(3, 3) / 2 + 0.5
    projections = tuple(
        Projection(pre, pre, post, (Dense(weights),), delay=0) for pre, post in pairwise(names)
    )
    return Network(
        "\n*/", populations, projections, READOUTS["spike_count"], steps=20, input_scale=2.0
    )


def assert_like_the_oracle(network: Network, compiled: CompiledNetwork) -> None:
    x = samples(network)
    kept = zip(network.names, compiled.plan.spikes, strict=True)
    record = [name for name, buffer in kept if buffer is not None]
    expected = run_network(network, x, steps=20, record=record)
    received = compiled.run(x, steps=20, record=record)
    assert list(received.spikes) == record
    for name in record:
        assert sum(map(len, received.spikes[name])) > 0, name
        for ours, theirs in zip(received.spikes[name], expected.spikes[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(received.labels, expected.labels)


@pytest.mark.compiles
def test_names_of_populations_and_projections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them at once, in kernels of a step."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNCONV_KEEP", str(tmp_path / "kept"))
    network = chain([*BREAKING_OUT, *LOOKING_ODD, *LOOKING_ALIKE, *CPP_WORDS, *LIKE_NUMBERS])
    assert_like_the_oracle(network, compile_network(network, OPTIONS))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.compiles
def test_names_of_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of functions and structures of layers, and what is derived from them."""
    monkeypatch.chdir(tmp_path)
    names = [*LIKE_NUMBERS, CPP_WORDS[0], BREAKING_OUT[0], LOOKING_ODD[3], *DERIVED]
    network = layers(names)
    compiled = compile_network(network, OPTIONS)
    kinds = [type(kernel).__name__ for kernel in compiled.plan.kernels]
    assert kinds == ["LayerKernel"] * (len(names) - 1)
    assert_like_the_oracle(network, compiled)


@pytest.mark.compiles
def test_nothing_in_a_name_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [INJECTION.format("pwned"), "$(touch pwned)", "`touch pwned`", "; touch pwned #"]
    network = chain(names)
    compiled = compile_network(network, OPTIONS)
    assert_like_the_oracle(network, compiled)
    compiled.write_sources(tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    for path in (tmp_path / "out").glob("*.?pp"):
        code = [line.partition("//")[0] for line in path.read_text("ascii").splitlines()]
        assert not [line for line in code if "touch pwned" in line]


def test_names_survive_a_file(tmp_path: Path) -> None:
    network = chain([*BREAKING_OUT, *LOOKING_ODD, *LOOKING_ALIKE, *CPP_WORDS])
    network.save(tmp_path / "odd.snn")
    assert Network.load(tmp_path / "odd.snn").names == network.names


VALUE_NAMES = [
    "int", "class", "double", "new", "static_cast", "neuron", "weights", "arena", "step", "emitted",
    "uniform", "real", "std", "annconv", "kNeurons", "kTimeStep", "kChannels", "NULL", "INT_MAX",
    "M_PI", "M_PIf", "NAN", "I", "EOF", "errno", "assert", "linux", "main", "Arena", "Weights",
    "equals", "other", "source", "laps", "unspiked", "alloca", "sched_priority", "HiddenNeuron",
    "dv_dt", "v_", "int_", "float", "exp2", "y0", "gamma", "reset", "score", "counts",
]  # fmt: skip


@pytest.mark.compiles
def test_names_of_parameters_and_variables() -> None:
    """A neuron with a parameter of each of these names, and one with a variable of each.

    One runs step by step and draws, the other one as a layer, whose values are members.
    """
    half = len(VALUE_NAMES) // 2
    stepped = with_values(dense(), VALUE_NAMES[:half], VALUE_NAMES[half:], "Uniform(0, 1)")
    assert_like_the_oracle(stepped, compile_network(stepped, OPTIONS))
    network = layers(["image", "hidden", "pool", "classes"])
    network = with_values(network, VALUE_NAMES[half:], VALUE_NAMES[:half], "0.125")
    compiled = compile_network(network, OPTIONS)
    kinds = [type(kernel).__name__ for kernel in compiled.plan.kernels]
    assert kinds == ["LayerKernel"] * 3
    assert_like_the_oracle(network, compiled)


def named(variables: list[str], parameters: list[str], noise: str) -> Neuron:
    """A neuron that uses these names."""
    lines = [f"{name} = 0.0625 : population" for name in parameters[::2]]
    lines += [f"{name} = 0.03125" for name in parameters[1::2]]
    equations = [f"d{name}/dt = {read}" for name, read in zip(variables, parameters, strict=True)]
    resets = [f"{name} += 0.5 * {name}" for name in variables[::3]]
    terms = " + ".join([*variables, *parameters])
    return Neuron(
        name="Named",
        parameters="\n".join([*lines, "vt = 1.0 : population", "mask_tau = 4.0"]),
        equations="\n".join(
            [
                *equations,
                f"v += g_exc + 0.001*({terms}) + 0.25*{noise}",
                "dmask/dt = -mask/mask_tau",
            ]
        ),
        spike=f"v > vt + {variables[0]}*0.01",
        reset="\n".join(["v = 0.0", "mask += 1.0/mask_tau", *resets]),
    )


def with_values(
    network: Network, variables: list[str], parameters: list[str], noise: str
) -> Network:
    """A network whose second population uses these names, one for values of each neuron's own."""
    first, hidden, *others = network.populations
    own = {parameters[1]: numbers(*hidden.geometry)}
    neuron = named(variables, parameters, noise)
    changed = Population("hidden", hidden.geometry, neuron, own)
    return replace(network, populations=(first, changed, *others))
