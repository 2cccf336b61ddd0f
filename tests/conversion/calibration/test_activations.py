"""What calibration sees of a Graph's values."""

import numpy as np

from annconv.conversion.calibration import activations
from annconv.conversion.calibration.activations import BINS, gather_activations
from annconv.ir.activations import Relu
from annconv.ir.operators import Convolution
from annconv.reference.graph import run_graph


def test_ranges_and_histograms_are_those_of_the_values(graph, weights, monkeypatch):
    kernel = Convolution(weights(3, 3, 2, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    model = graph((5, 4, 2), ("conv", "Conv2D", kernel), ("relu", "ReLU", Relu()))
    samples = np.random.default_rng(2).normal(size=(7, 5, 4, 2))
    told = []
    monkeypatch.setattr(activations, "BATCH_VALUES", 400)  # 3 samples at a time
    found = gather_activations(model, model.nodes[1:], samples, told.append)
    assert sum(told) == 2 * len(samples)
    assert len(told) > 2
    values = run_graph(model, samples)
    for name in ("conv", "relu"):
        rows = values[name].reshape(-1, 3)
        np.testing.assert_array_equal(found[name].low, rows.min(axis=0))
        np.testing.assert_array_equal(found[name].high, rows.max(axis=0))
        assert found[name].positions == 20
        for channel in range(3):
            column = rows[:, channel]
            expected, _ = np.histogram(column, BINS, (column.min(), column.max()))
            # a value on a border may fall to either side
            assert np.abs(np.cumsum(found[name].counts[channel] - expected)).max() <= 1


def test_channels_together_are_one(graph, weights):
    model = graph((6,), ("relu", "ReLU", Relu()))
    samples = np.random.default_rng(3).normal(size=(50, 6)) * np.arange(1, 7)
    found = gather_activations(model, model.nodes[1:], samples, [].append)["relu"]
    joint = found.together()
    values = run_graph(model, samples)["relu"]
    assert (joint.low, joint.high) == (0.0, values.max())
    assert joint.counts.sum() == values.size
    middle = np.average(joint.centres()[0], weights=joint.counts[0])
    assert abs(middle - values.mean()) < values.max() / BINS
