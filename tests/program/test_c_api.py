"""The C API of exported networks, used by programs in C and C++ under sanitizers."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exported_library import (
    ADDRESS,
    PLAIN,
    THREAD,
    Refused,
    compile_object,
    compile_program,
    load_library,
    write_project,
)
from zoo import OPTIONS, ZOO, layers

from annconv.ir.network import Network
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network

pytestmark = [pytest.mark.compiles, pytest.mark.sanitizer]

WHOLE = replace(OPTIONS, whole=True)
COUNT = 3
"""Samples of the programs."""


def fused() -> Network:
    """Of layers, one of which keeps no spikes."""
    return layers(["image", "conv", "pool", "classes"])


NETWORKS = {**ZOO, "fused": fused}


def project(
    name: str, options: CompileOptions, flags: tuple[str, ...], folder: Path, called: str = "tested"
) -> Path:
    """An exported network with its object."""
    target = write_project(NETWORKS[name](), options, folder / called, called)
    compile_object(target, flags, called)
    return target


def check(program: Path, *arguments: str | Path) -> str:
    """A clean exit; what was printed."""
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "TSAN_OPTIONS": "exitcode=66"}
    done = subprocess.run(
        [program, *arguments], cwd=program.parent, capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[:4000]
    return done.stdout


def check_refusals(name: str, options: CompileOptions, folder: Path) -> None:
    target = project(name, options, ADDRESS, folder)
    other = write_project(ZOO["residual"](), OPTIONS, folder / "other")
    program = compile_program("refusals.c", [target], ADDRESS)
    check(program, "tested.weights", other / "tested.weights", "scratch")


def test_refusals(tmp_path: Path) -> None:
    """A junction, and single precision."""
    check_refusals("branches", replace(OPTIONS, precision="single"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", ["dense", "picture", "branches", "signed", "fused"])
def test_refusals_of_every_network(name: str, precision: str, whole: bool, tmp_path: Path) -> None:
    check_refusals(name, replace(OPTIONS, precision=precision, whole=whole), tmp_path)


@pytest.mark.parametrize(
    "name", ["signed", *(pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS)]
)
def test_threads(name: str, tmp_path: Path) -> None:
    target = project(name, WHOLE, ADDRESS, tmp_path)
    check(compile_program("threads.cpp", [target], ADDRESS), "tested.weights", "fork")


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_threads_have_no_race(name: str, tmp_path: Path) -> None:
    target = project(name, OPTIONS, THREAD, tmp_path)
    check(compile_program("threads.cpp", [target], THREAD), "tested.weights")


@pytest.mark.parametrize(
    "name", ["dense", *(pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS)]
)
def test_memory(name: str, tmp_path: Path) -> None:
    """Nothing is allocated once a handle is open; what fails before is told."""
    target = project(name, OPTIONS, PLAIN, tmp_path)
    check(compile_program("memory.cpp", [target], PLAIN), "tested.weights")


@pytest.mark.slow
def test_two_networks_in_one_program(tmp_path: Path) -> None:
    """Each gives the classes that the interpreter finds."""
    names = {"tested": "branches", "other": "signed"}
    targets = [project(name, OPTIONS, ADDRESS, tmp_path, called) for called, name in names.items()]
    program = compile_program("two_networks.c", targets, ADDRESS)
    printed = check(program, "tested.weights", targets[1] / "other.weights")
    received = np.array(printed.split(), dtype=int).reshape(COUNT, 2).T
    for name, labels in zip(names.values(), received, strict=True):
        network = ZOO[name]()
        values = np.arange(COUNT * network.populations[0].size) * 7 % 10 / 10
        shaped = values.reshape(COUNT, *network.input.geometry)
        expected = run_network(network, shaped, steps=network.steps)
        np.testing.assert_array_equal(labels, expected.labels)


NO_NUMBER = Neuron(
    name="NoNumber",
    parameters="vt = 1.0",
    equations="v = sqrt(-1.0 - g_exc*g_exc)",
    spike="v > vt",
    reset="v = 0.0",
)


@pytest.mark.slow
def test_scores_that_are_no_numbers(tmp_path: Path) -> None:
    network = ZOO["dense"]()
    output = replace(network.populations[-1], neuron=NO_NUMBER, parameters={})
    network = replace(
        network,
        populations=(*network.populations[:-1], output),
        readout=READOUTS["membrane_potential"],
    )
    library = load_library(network, OPTIONS, tmp_path)
    text = "sample 0: expected scores that are numbers, received NaN"
    for run in (library.predict, library.stepped):
        with pytest.raises(Refused) as caught:
            run(np.zeros((2, 6)), 3, 0)
        assert caught.value.args == (6, text)
