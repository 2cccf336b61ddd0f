"""Files that a plan becomes: their layout, their format, and that the compiler agrees."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from planned import chain
from planned import dense as dense_onto
from random_networks import draw_structure
from zoo import OPTIONS, ZOO, numbers, samples, spiking

from annconv.codegen.names import cpp_name
from annconv.codegen.render import render_network, render_state
from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import IB, IaF
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.plan import Plan
from annconv.plan.planner import make_plan
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

RANDOM = range(3_000_000, 3_000_030)


def deep(populations: int) -> Network:
    """A chain of that many populations of two neurons."""
    names = [f"layer_{number}" for number in range(populations)]
    roles = ["input", *["hidden"] * (populations - 2), "output"]
    weights = np.array([[0.75, 0.5], [0.5, 1.0]])
    return Network(
        name="deep",
        populations=tuple(
            Population(name, (2,), IaF if role != "input" else IB, {}, role)
            for name, role in zip(names, roles, strict=True)
        ),
        projections=tuple(
            Projection(f"proj_{number}", pre, post, (Dense(weights),), delay=0)
            for number, (pre, post) in enumerate(pairwise(names))
        ),
        readout=READOUTS["spike_count"],
        steps=30,
        input_scale=100.0,
    )


def plans() -> dict[str, Plan]:
    """Plans of the zoo, of random structures and of a deep network."""
    found = {name: make_plan(make(), "single") for name, make in ZOO.items()}
    found |= {
        f"random {seed}": make_plan(draw_structure(seed).network, "double") for seed in RANDOM
    }
    return {**found, "deep": make_plan(deep(25), "double")}


@pytest.mark.parametrize("name", ZOO)
def test_rendering_is_the_same_twice(name: str) -> None:
    plan = make_plan(ZOO[name](), "double")
    assert render_network(plan) == render_network(make_plan(ZOO[name](), "double"))


def test_rendering_is_the_same_in_another_process(root_folder: Path) -> None:
    """Nothing depends on the order of sets, which differs from process to process."""
    program = (
        "import sys, hashlib; sys.path[:0] = ['tests', '.']\n"
        "from zoo import ZOO\n"
        "from annconv.codegen.render import render_network\n"
        "from annconv.plan.planner import make_plan\n"
        "text = repr([render_network(make_plan(make(), 'double')) for make in ZOO.values()])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root_folder,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_all_text_is_ascii_and_tidy() -> None:
    for name, plan in plans().items():
        for path, text in render_network(plan).items():
            assert text.isascii(), (name, path)
            assert text.endswith("\n"), (name, path)
            assert "\n\n\n" not in text, (name, path)
            assert "\t" not in text, (name, path)
            assert not [line for line in text.splitlines() if line != line.rstrip()], (name, path)


def format_faults(folder: Path, root: Path) -> str:
    """What clang-format would change in all files of a folder."""
    style = f"--style=file:{root / 'templates' / '.clang-format'}"
    files = [str(path) for path in sorted(folder.rglob("*.?pp"))]
    command = [
        str(Path(sys.executable).parent / "clang-format"), style, "--dry-run", "--Werror", *files,
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def test_all_text_is_formatted(tmp_path: Path, root_folder: Path) -> None:
    for number, plan in enumerate(plans().values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        for path, text in render_network(plan).items():
            (folder / path).write_text(text, encoding="ascii")
        (folder / "state.cpp").write_text(render_state(plan)["state.cpp"], encoding="ascii")
    assert format_faults(tmp_path, root_folder) == ""


def test_golden_texts_are_formatted(root_folder: Path) -> None:
    assert format_faults(root_folder / "tests" / "text", root_folder) == ""


def test_the_check_of_the_format_sees_faults(tmp_path: Path, root_folder: Path) -> None:
    (tmp_path / "x.cpp").write_text("int f() {\n  return 1;\n}\n")
    assert "code should be clang-formatted" in format_faults(tmp_path, root_folder)


def test_values_are_not_in_the_text() -> None:
    network = ZOO["dense"]()
    populations = list(network.populations)
    neuron = replace(IaF, parameters=IaF.parameters.replace("20.0", "17.25"))
    populations[1] = replace(populations[1], neuron=neuron, parameters={"vt": np.array(0.8125)})
    other = replace(network, populations=tuple(populations), input_scale=12.5)
    text = render_network(make_plan(other, "double"))
    assert text == render_network(make_plan(network, "double"))
    assert not any(value in str(text) for value in ("17.25", "0.8125", "12.5"))


def test_a_small_network_has_one_file_of_kernels() -> None:
    assert set(render_network(make_plan(deep(5), "double"))) == {
        "network.hpp", "network.cpp", "kernels.cpp",
    }  # fmt: skip


def test_ten_kernels_a_file_at_most() -> None:
    plan = make_plan(deep(25), "double")
    files = render_network(plan)
    kernels = [path for path in files if path.startswith("kernels")]
    assert kernels == [f"kernels_{number}.cpp" for number in range(1, 6)]
    found = []
    for path in kernels:
        heads = [line for line in files[path].splitlines() if line.startswith("void ")]
        assert len(heads) <= 10
        found += [head.removeprefix("void ").partition("(")[0] for head in heads]
    assert found == [kernel.name for kernel in plan.kernels]


@pytest.mark.compiles
def test_a_deep_network_runs_as_in_the_oracle() -> None:
    network = deep(25)
    x = samples(network)
    expected = run_network(network, x, steps=30, record=spiking(network))
    received = compile_network(network, OPTIONS).run(x, record=spiking(network))
    assert received.counts.sum() > 0
    for name in network.names:
        for ours, theirs in zip(received.spikes[name], expected.spikes[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_state_has_the_kernels_and_a_table_instead_of_a_runner() -> None:
    plan = make_plan(ZOO["branches"](), "double")
    files, plain = render_state(plan), render_network(plan)
    text = files.pop("state.cpp")
    assert files == {name: kept for name, kept in plain.items() if name != "network.cpp"}
    listed = re.findall(r"^    \{run<(\w+)>, (-?\d+), (-?\d+), ", text, flags=re.MULTILINE)
    assert [name for name, *_ in listed] == [kernel.name for kernel in plan.kernels]
    projections = [kernel.projection for kernel in plan.kernels if hasattr(kernel, "projection")]
    assert [int(projection) for _, _, projection in listed if projection != "-1"] == projections
    assert set(projections) == {0, 1, 2, 3, 4}
    assert text.count('"sum_sum", annconv::Element::kReal, 18, offsetof(Arena, sum_sum)') == 1
    assert "constexpr std::int32_t kSpikes[] = {4, 7, -1, 12};" in text


def test_constants_of_the_network() -> None:
    header = render_network(make_plan(replace(ZOO["dense"](), dt=0.1), "single"))["network.hpp"]
    assert "using real = float;" in header
    assert "constexpr real kTimeStep = real(0.1);  // dt in ms" in header
    assert "    alignas(64) std::int8_t hidden_spikes[5];" in header
    assert "    alignas(64) real dense_proj_2_weights[30];" in header


def test_names_in_comments_are_those_of_the_network() -> None:
    network = ZOO["dense"]()
    population = replace(network.populations[0], name="a: b")
    projection = replace(network.projections[0], pre="a: b")
    network = replace(
        network,
        populations=(population, *network.populations[1:]),
        projections=(projection, *network.projections[1:]),
    )
    files = render_network(make_plan(network, "double"))
    assert "case 0:  // a: b\n" in files["network.cpp"]
    assert "// dense_proj_2: dense of spikes of a: b, 6 -> 5\n" in files["kernels.cpp"]


def test_a_conductance_that_nothing_reaches_is_zero() -> None:
    network = ZOO["dense"]()
    neuron = replace(IaF, equations=IaF.equations.replace("g_exc", "g_exc - g_inh"))
    hidden = replace(network.populations[1], neuron=neuron)
    network = replace(network, populations=(network.populations[0], hidden, network.populations[2]))
    text = render_network(make_plan(network, "double"))["kernels.cpp"]
    assert "    constexpr real g_inh = 0;\n" in text


@pytest.mark.compiles
def test_no_macro_of_a_header_is_the_name_of_a_value(root_folder: Path) -> None:
    """A neuron's variable may have any name; the preprocessor must not touch what it becomes."""
    header = root_folder / "cpp" / "include"
    beside = ("interpreter", "mapped_file", "handle")  # never in a file of kernels
    included = [str(path) for path in header.glob("annconv/**/*.hpp") if path.stem not in beside]
    command = ["c++", "-std=c++17", "-pthread", "-I", str(header), "-dM", "-E", "-x", "c++"]
    command += [word for name in ("cstring", *included) for word in ("-include", name)]
    command.append("/dev/null")
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    definitions = [line.split(maxsplit=2)[1:] for line in printed.splitlines()]
    macros = {name for name, *text in definitions if "(" not in name and text != [name]}
    assert {"M_PI", "NULL"} <= macros
    touched = {
        name
        for name in macros
        if not name.startswith("_") and "__" not in name and cpp_name(name) in macros
    }
    assert touched == set()


def test_numbers_of_the_zoo_are_exact() -> None:
    assert len(set(numbers(19))) == 19
    assert (numbers(19) * 8 == np.round(numbers(19) * 8)).all()


@pytest.mark.parametrize(("hidden", "blocks"), [(16, 1), (400, 8)])
def test_how_many_threads_find_work_in_a_sample(hidden: int, blocks: int) -> None:
    """Vectors of 128 bits hold 4 numbers, and 14 of them the sums of a block."""
    network = chain((9,), (dense_onto(9, hidden), "spikes"), (dense_onto(hidden, 3), "spikes"))
    options = CompileOptions(precision="single", vector_bits=128)
    text = render_network(lower(network, options)[1])["network.cpp"]
    assert f"kBlocks = {blocks};" in text
