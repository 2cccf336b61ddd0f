"""`import annconv`, and reading a saved network, load none of the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from inspect import isfunction

import numpy as np
import pytest

from annconv import plot, spike_statistics
from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout

HEAVY = (
    "dask", "distributed", "graphviz", "h5py", "jinja2", "keras", "matplotlib", "sklearn", "sympy",
    "tensorflow",
)  # fmt: skip


def loaded_after(code: str, *arguments: str) -> set[str]:
    """The heavy libraries that a fresh Python has loaded after running `code`."""
    report = f"print(*sorted(set({HEAVY!r}) & {{name.partition('.')[0] for name in sys.modules}}))"
    command = [sys.executable, "-c", f"import sys\n{code}\n{report}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_annconv_loads_nothing_heavy():
    assert loaded_after("import annconv") == set()


def test_the_check_sees_a_heavy_import():
    assert loaded_after("import jinja2") == {"jinja2"}


def test_reading_a_saved_network_loads_nothing_heavy(tmp_path):
    neuron = Neuron(parameters="rates = 0.0", equations="v = rates + g_exc", spike="v > 0.5")
    network = Network(
        name="tiny",
        populations=(
            Population("in", (2,), neuron, role="input"),
            Population("out", (2,), neuron, role="output"),
        ),
        projections=(Projection("p", "in", "out", (Dense(np.eye(2)),)),),
        readout=Readout("spike_count", score="count", observes=("count",)),
    )
    network.save(tmp_path / "tiny.snn")
    code = "from annconv.ir.network import Network\nassert Network.load(sys.argv[1]).name == 'tiny'"
    assert loaded_after(code, str(tmp_path / "tiny.snn")) == set()


def test_every_public_name_can_be_had_from_a_fresh_import():
    code = "import annconv\nassert all(getattr(annconv, name) for name in annconv.__all__)"
    loaded_after(code)


@pytest.mark.parametrize("name", ["distributed", "errors", "plot", "spike_statistics"])
def test_public_modules_can_be_imported_in_every_way(name):
    code = (
        f"import annconv.{name}\nimport annconv.{name} as one\nfrom annconv import {name} as two\n"
        f"assert one is two is annconv.{name} and one.__name__ == 'annconv.{name}'\n"
        f"from annconv.{name} import *"
    )
    assert loaded_after(code) == set()


def own_functions(module):
    """Names of the functions that a module defines for others."""
    return {
        name
        for name, value in vars(module).items()
        if isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def test_public_modules_hold_what_they_promise():
    assert set(plot.__all__) == own_functions(plot)
    assert set(spike_statistics.__all__) == own_functions(spike_statistics) - {"as_spikes"}


def test_errors_can_be_caught_before_anything_was_used():
    loaded_after("import annconv\nassert issubclass(annconv.errors.AnnconvError, Exception)")
