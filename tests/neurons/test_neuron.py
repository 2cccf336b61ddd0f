"""Arguments of ANNarchy's Neuron that ours does not take are refused by name."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

import annconv
from annconv.errors import EquationError
from annconv.neurons.library import IaF


@pytest.mark.parametrize(
    "argument", ["refractory", "functions", "axon_spike", "axon_reset", "extra_values"]
)
def test_further_arguments_are_refused_by_name(argument: str) -> None:
    with pytest.raises(EquationError, match=f"neuron 'N', {argument}, line 1: not supported yet"):
        annconv.Neuron(name="N", **{argument: 5.0})


def test_a_neuron_is_a_plain_value() -> None:
    assert replace(IaF, name="other") != IaF
    assert replace(IaF) == IaF
    assert pickle.loads(pickle.dumps(IaF)) == IaF
