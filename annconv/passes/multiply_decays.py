"""Let a variable decay by one multiplication, whose factor is computed once."""

from __future__ import annotations

from annconv.ir.population import RATES
from annconv.neurons.decays import with_decays
from annconv.passes.neuron_models import with_models
from annconv.plan.plan import Plan


def multiply_decays(plan: Plan) -> Plan:
    """Rewrite Euler steps of `dx/dt = s * x` as `x = x * (1 + dt * s)`, for constant s."""
    return with_models(plan, lambda model: with_decays(model, {RATES}))
