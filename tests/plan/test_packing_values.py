"""Values that a precision cannot hold are refused before they become infinite."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import IB, IaF
from annconv.plan.packing import pack
from annconv.plan.planner import make_plan
from annconv.readouts import READOUTS


def network(weight: float, threshold: float) -> Network:
    populations = (
        Population("in", (2,), IB, role="input"),
        Population("out", (1,), IaF, {"vt": np.asarray(threshold)}, role="output"),
    )
    projection = Projection("proj", "in", "out", (Dense(np.full((2, 1), weight)),))
    return Network("test", populations, (projection,), READOUTS["spike_count"])


@pytest.mark.parametrize(
    ("weight", "threshold", "where", "received"),
    [
        (-1e39, 1.0, "proj.weights", "larger ones"),
        (1.0, 1e300, "out.vt", "larger ones"),
        (1.0, 1e-50, "out.vt", "smaller ones, all of which would be 0"),
    ],
)
def test_values_beyond_single_precision_are_refused(weight, threshold, where, received):
    subject = network(weight, threshold)
    with pytest.raises(InputError) as caught:
        pack(make_plan(subject, "single"), subject)
    assert str(caught.value) == (
        f"values of '{where}': expected numbers within float32, received {received}. "
        "Compile with precision='double', or rescale them."
    )
    pack(make_plan(subject, "double"), subject)
