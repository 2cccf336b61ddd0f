"""The increase of a window's largest count: as neurons that spike wherever it grows.

A layer runs them behind its own neurons, as it runs a pooling population.
"""

from __future__ import annotations

from math import prod

from annconv.ir.signals import Kind
from annconv.neurons.expressions import Binary, Name, Number
from annconv.neurons.grammar import CONDUCTANCE
from annconv.neurons.model import Assign, NeuronModel, StateVariable
from annconv.plan.arriving import delivered
from annconv.plan.kernels import BoundVariable, OperatorKernel, UpdateKernel

INCREASE = "increase"
LARGEST = "largest"
"""The conductance at which a window's largest count arrives."""
KNOWN = "known"
"""The largest count of the step before."""


def increase_neurons(
    pool: OperatorKernel, increase: OperatorKernel, emits: Kind, population: int
) -> UpdateKernel:
    """Neurons that emit what an `increase` makes of a pooling's result.

    Args:
        pool: The pooling of a count.
        increase: What reads it.
        emits: What kind of values it makes: "spike", or "signed" where counts may fall.
        population: Index of the population whose count is pooled.
    """
    if increase.state is None:
        raise TypeError(f"{increase.name}: an increase keeps what it saw")
    geometry = delivered(pool)[1:]
    owner, _, pooling = pool.summary.partition(": ")
    return UpdateKernel(
        name=increase.name,
        summary=f"{owner}: increase of {pooling}",
        population=population,
        neurons=prod(geometry),
        geometry=geometry,
        model=_model(signed=emits == "signed"),
        parameters=(),
        variables=(BoundVariable(KNOWN, increase.state, None, "one"),),
        conductances=((LARGEST, pool.target),),
        rates=False,
        spikes=increase.target,
    )


def _model(*, signed: bool) -> NeuronModel:
    """A spike where the largest count is above what is known of it, one taken back where below."""
    arriving = Name(f"{CONDUCTANCE}{LARGEST}")
    taken_up = (Assign(KNOWN, arriving),)
    return NeuronModel(
        name="Increase",
        parameters=(),
        variables=(StateVariable(KNOWN, Number(0.0)),),
        update=(),
        spike=Binary(">", arriving, Name(KNOWN)),
        reset=taken_up,
        unspike=Binary("<", arriving, Name(KNOWN)) if signed else None,
        unreset=taken_up if signed else (),
        conductances=(LARGEST,),
    )
