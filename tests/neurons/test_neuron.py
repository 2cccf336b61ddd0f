"""What a Neuron keeps of its arguments, and which it does not take."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

import annconv
from annconv.errors import EquationError
from annconv.neurons.library import IaF


@pytest.mark.parametrize("argument", ["axon_spike", "axon_reset"])
def test_further_arguments_are_refused_by_name(argument: str) -> None:
    with pytest.raises(EquationError, match=f"neuron 'N', {argument}, line 1: not supported"):
        annconv.Neuron(name="N", **{argument: "v > 1"})


def test_a_neuron_is_a_plain_value() -> None:
    assert replace(IaF, name="other") != IaF
    assert replace(IaF) == IaF
    assert pickle.loads(pickle.dumps(IaF)) == IaF
    assert hash(replace(IaF)) == hash(IaF)
    with pytest.raises(AttributeError):
        IaF.name = "other"  # type: ignore[misc]
