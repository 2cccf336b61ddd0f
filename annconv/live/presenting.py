"""Samples presented one after the other to a live network, as the reference does it.

`CompiledNetwork.run` is much faster; this is for networks with changes that only the live network
holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.live.engine import Engine
from annconv.readouts import parse_readout
from annconv.reference.expressions import evaluate
from annconv.reference.statistics import statistics_of

COUNT = "count"


def present(
    engine: Engine, rates: NDArray[Any], steps: int, progress: Callable[[int], None] | None
) -> NDArray[np.float64]:
    """Run samples.

    Args:
        engine: Of the network; it is left with the last sample.
        rates: (N, inputs).
        steps: Per sample, fewer where the read-out stops.
        progress: Called with the number of finished samples, or None.
    Returns:
        (N, outputs) scores.
    """
    outputs = np.zeros((len(rates), engine.network.output.size))
    for index, row in enumerate(rates):
        engine.start(row, index)
        engine.run(steps, stops=True)
        outputs[index] = _scores(engine)
        if progress is not None:
            progress(index + 1)
    return outputs


def _scores(engine: Engine) -> NDArray[np.float64]:
    """(outputs,) scores of the read-out."""
    readout, state = engine.network.readout, engine.state
    output = engine.network.output.name
    observed: dict[str, Any] = {
        name: state.buffers[state.plan.readout.counts].astype(np.float64)
        if name == COUNT
        else np.asarray(engine.slot(output, name).array, np.float64)
        for name in readout.observes
    }
    expression = parse_readout(readout).score
    rows = {name: values.reshape(1, -1) for name, values in observed.items()}
    across = {name: value.ravel() for name, value in statistics_of(expression, rows).items()}
    score = evaluate(expression, {**dict(readout.parameters), **observed, **across})
    return np.broadcast_to(score, (engine.network.output.size,)).astype(np.float64)
