"""Divide by what stays the same by multiplying with its reciprocal, which is computed once."""

from __future__ import annotations

from annconv.ir.population import RATES
from annconv.neurons.reciprocals import with_reciprocals
from annconv.passes.neuron_models import with_models
from annconv.plan.plan import Plan


def multiply_reciprocals(plan: Plan) -> Plan:
    """Rewrite `x / p` as `x * (1 / p)` in every neuron, for parameters and numbers p."""
    return with_models(plan, lambda model: with_reciprocals(model, {RATES}))
