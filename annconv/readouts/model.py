"""A read-out's texts to expressions, by the parser of the neurons' equations."""

from __future__ import annotations

from dataclasses import dataclass

from annconv.neurons.expressions import Expression
from annconv.neurons.lone_expressions import parse_condition, parse_expression
from annconv.readouts.readout import Readout


@dataclass(frozen=True, slots=True)
class ReadoutModel:
    """A parsed read-out.

    Attributes:
        stop: Condition on one output neuron that ends the sample, None if it runs all its steps.
        score: What is compared between output neurons; the highest wins. Both may read functions of
            all output neurons.
    """

    stop: Expression | None
    score: Expression


def parse_readout(readout: Readout) -> ReadoutModel:
    """Stop condition and score as expressions over what is observed and the parameters.

    Raises:
        EquationError: One of them cannot be understood, or reads another name.
    """
    observed = readout.observes
    known = (*observed, *(name for name, _ in readout.parameters))
    owner, stop = readout.name, None
    if readout.stop is not None:
        stop = parse_condition(readout.stop, known, owner=owner, part="stop", across=observed)
    score = parse_expression(readout.score, known, owner=owner, part="score", across=observed)
    return ReadoutModel(stop, score)
