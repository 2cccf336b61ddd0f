"""Neurons compute what ANNarchy recorded of them, in the oracle and compiled."""

from __future__ import annotations

import numpy as np
import pytest
from annarchy_values import NEURONS, VALUES
from grammar_rows import DRIVEN, probe_network

from annconv.options import CompileOptions
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

STEPS = 12
SAMPLE = np.array([[0.0]])


def assert_as_recorded(run) -> None:
    """`run(network, steps)` gives the scores after so many steps."""
    network, labels = probe_network(NEURONS)
    traces = np.stack([run(network, steps) for steps in range(2, STEPS + 2)])
    compared = 0
    for label, trace in zip(labels, traces.T, strict=True):
        row, _, rest = label.rpartition(".")
        variable, rank = rest.rstrip("]").split("[")
        if int(rank) == DRIVEN and variable in VALUES[row]:
            np.testing.assert_allclose(trace, VALUES[row][variable], atol=1e-9, err_msg=label)
            compared += 1
    assert compared == sum(map(len, VALUES.values()))


def test_the_oracle_computes_what_annarchy_recorded():
    assert VALUES.keys() == NEURONS.keys()
    assert_as_recorded(lambda network, steps: run_network(network, SAMPLE, steps=steps).outputs[0])


@pytest.mark.compiles
def test_compiled_neurons_compute_what_annarchy_recorded():
    options = CompileOptions(precision="double", threads=1, compiler_level=0, strict_warnings=True)
    compiled = []

    def run(network, steps):
        if not compiled:
            compiled.append(compile_network(network, options))
        return compiled[0].run(SAMPLE, steps=steps).outputs[0]

    assert_as_recorded(run)
