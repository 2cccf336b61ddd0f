"""`annconv doctor`: what is found of all that annconv needs, and whether it works together."""

from __future__ import annotations

import importlib.util
import platform
import sys
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

import annconv
from annconv.build.builder import build_extension
from annconv.build.cache import Cache, explained
from annconv.build.pruning import remove
from annconv.build.toolchain import Survey, compilers_on_path, openmp_date, survey_tools
from annconv.cli.quiet import import_keras_quietly
from annconv.cli.text import show, tell
from annconv.codegen.render import render_network
from annconv.errors import AnnconvError
from annconv.frontend.keras_library import INSTALL
from annconv.ir.network import Network, Population, Projection
from annconv.ir.operators import Dense
from annconv.machine import first_level_cache, vector_bits
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions, Environment, available_cores, read_environment
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import CompiledNetwork
from annconv.runtime.extension import open_network

_WIDTH = 15
_STEPS = 24
_INPUT, _OUTPUT = "in", "out"


def examine() -> None:
    """Print one line for each part of the machine that annconv uses.

    Raises:
        AnnconvError: Something is missing or does not work; all of it is listed.
    """
    environment = read_environment()
    faults: list[str] = []
    _show_machine()
    tools = survey_tools(environment.compiler, python=True)
    _show_tools(tools)
    faults += [f"{fault.what}. Instead: {fault.instead}." for fault in tools.faults]
    _try("keras", _keras, faults)
    cache = _try("cache folder", lambda: _cache_folder(environment), faults)
    if tools.faults or not cache:
        _line("test build", "not tried, as something is missing")
    else:
        tell("building a tiny network …")
        _try("test build", lambda: trial(environment), faults)
    if faults:
        count = "1 fault was" if len(faults) == 1 else f"{len(faults)} faults were"
        listed = "\n".join("  " + fault.replace("\n", "\n  ") for fault in faults)
        raise AnnconvError(f"{count} found.\n{listed}")


def _line(name: str, found: object) -> None:
    show(f"{name:<{_WIDTH}}{found}")


def _try(name: str, check: Callable[[], str], faults: list[str]) -> bool:
    """Print what a check found, or note why it failed; returns whether it went well."""
    try:
        found = check()
    except AnnconvError as error:
        _line(name, "failed, see below")
        faults.append(str(error))
        return False
    _line(name, found)
    return True


def _show_machine() -> None:
    _line("annconv", f"{annconv.__version__}, {Path(annconv.__file__).parent}")
    _line("python", f"{platform.python_version()}, {sys.executable}")
    _line("numpy", np.__version__)
    _line("machine", f"{platform.machine()}, cores for annconv: {available_cores()}")
    _line("vectors", f"{vector_bits()} bits")
    _line("level-1 cache", f"{first_level_cache() // 1024} KiB")


def _show_tools(tools: Survey) -> None:
    compiler, cmake, ninja, python = tools.compiler, tools.cmake, tools.ninja, tools.python
    _line("compiler", "missing" if compiler is None else f"{compiler.version}, {compiler.path}")
    for other in compilers_on_path(tools.environment):
        if compiler is None or other.path != compiler.path:
            _line("  also there", f"{other.version}, {other.path}")
    date = None if compiler is None else openmp_date(compiler, tools.environment)
    _line("openmp", "missing" if date is None else f"specification of {date}")
    _line("cmake", "missing" if cmake is None else f"{cmake.version}, {cmake.path}")
    _line("ninja", "missing" if ninja is None else f"{ninja.version}, {ninja.path}")
    _line(
        "pybind11",
        "missing" if python is None else f"{python.pybind11_version}, {python.pybind11_include}",
    )


def _keras() -> str:
    """Version of Keras and its backend; it may be missing, as saved networks do without."""
    if importlib.util.find_spec("keras") is None:
        return f"not installed; only Keras models need it ({INSTALL})"
    keras = import_keras_quietly()
    backend = str(keras.backend.backend())
    try:
        version = f" {metadata.version(backend)}"
    except metadata.PackageNotFoundError:  # a backend under another name, as tensorflow-cpu
        version = ""
    return f"{keras.__version__}, backend {backend}{version}"


def _cache_folder(environment: Environment) -> str:
    """The cache folder, into which a file could be written."""
    root = Cache(environment.cache).root
    with explained(root), tempfile.TemporaryFile(dir=root) as file:
        file.write(b"written")
    return f"{root}, can be written"


def trial(environment: Environment) -> str:
    """Build a tiny network anew, run it, ask the oracle, and remove it from the cache.

    Args:
        environment: Which compiler is used, and where the cache is.
    Raises:
        AnnconvError: It cannot be built or loaded, or its spikes are not the oracle's.
    """
    network, options = tiny_network(), CompileOptions()
    lowered, plan = lower(network, options)
    mark = uuid.uuid4().hex  # so that it is built although it was before
    artifact = build_extension(
        {**render_network(plan), "doctor.hpp": f"// {mark}\n"},
        options,
        identity=mark,
        environment=replace(environment, keep=None),
        label=network.name,
    )
    try:
        native = open_network(artifact.path, artifact.key, pack(plan, lowered))
        compare(CompiledNetwork(network, options, plan, native), network)
    finally:
        remove(Cache(environment.cache), artifact.key)
    return "built, and spikes as the oracle does"


def compare(compiled: CompiledNetwork, network: Network) -> None:
    """Run a compiled network and the oracle's on the same samples.

    Args:
        compiled: What was compiled.
        network: What it should do; three inputs.
    Raises:
        AnnconvError: Spikes or labels differ.
    """
    samples = np.array([[0.25, 0.5, 0.75], [1.0, 0.125, 0.0], [0.5, 0.875, 0.25]])
    record = (_INPUT, _OUTPUT)
    expected = run_network(network, samples, steps=_STEPS, record=record)
    received = compiled.run(samples, steps=_STEPS, record=record)
    differing = [
        name
        for name in record
        if not all(map(np.array_equal, expected.spikes[name], received.spikes[name]))
    ]
    if differing or not np.array_equal(expected.labels, received.labels):
        raise AnnconvError(
            f"the test network ran, but not as it should: expected labels "
            f"{expected.labels.tolist()}, received {received.labels.tolist()}; spikes differ in "
            f"{' and '.join(differing) or 'no population'}. Instead: set CXX to another compiler, "
            "and report this one."
        )


def tiny_network() -> Network:
    """Three inputs onto three classes; every value is a sum of few powers of 2, so no tie is."""
    ramp = Neuron(
        name="Ramp",
        parameters="rates = 0.0",
        equations="v = v + rates : init = 0.0",
        spike="v >= 1.0",
        reset="v = v - 1.0",
    )
    leaky = Neuron(
        name="Leaky",
        equations="v = 0.5*v + g_exc : init = 0.0",
        spike="v > 0.875",
        reset="v = 0.0",
    )
    weights = np.array([[0.75, 0.25, -0.5], [-0.25, 1.0, 0.5], [0.5, -0.5, 0.625]], np.float32)
    return Network(
        name="doctor",
        populations=(
            Population(_INPUT, (3,), ramp, role="input"),
            Population(_OUTPUT, (3,), leaky, role="output"),
        ),
        projections=(Projection("weights", _INPUT, _OUTPUT, (Dense(weights),)),),
        readout=READOUTS["spike_count"],
        steps=_STEPS,
        dt=1.0,
    )
