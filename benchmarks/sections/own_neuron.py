"""A user's own neuron against the built-in one of the same equations."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import numpy as np

from annconv import Neuron
from bench import Bench
from measures import ratio, readable
from pairs import in_turns, predicting
from tables import Table

OWN = Neuron(
    name="Own",
    parameters="""
        vt = 1.0 : population
        vr = 0.0 : population
        mask_tau = 20.0 : population
    """,
    equations="""
        dv/dt = g_exc : init = 0.0, min = -2.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike="v > vt",
    reset="v = vr ; mask += 1.0/mask_tau",
)


def measure(bench: Bench) -> Iterator[Table]:
    """The CNN with both, in all precisions."""
    table = Table(
        f"the CNN's hidden neurons, IB, {bench.settings.steps} steps, one thread",
        ("precision", "built-in IaF", "the same as a user's equations", "ratio", "same counts"),
    )
    digits = bench.digits(bench.settings.digits)
    networks = (bench.network("cnn"), bench.network("cnn", hidden_neuron=OWN))
    for precision in bench.precisions:
        builds = [bench.compiled(network, precision) for network in networks]
        candidates = {str(index): predicting(build, digits) for index, build in enumerate(builds)}
        built_in, own = in_turns(candidates, bench.settings.repeats).values()
        results = [build.run(digits).counts for build in builds]
        same = int(np.all(results[0] == results[1], axis=1).sum())
        table.add(
            precision,
            f"{readable(median(built_in))} a digit",
            f"{readable(median(own))} a digit",
            f"{ratio(own, built_in):.3f}",
            f"{same} of {len(digits)}",
        )
    yield table
