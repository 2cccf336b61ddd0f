"""Random numbers of neurons: the counter and nothing else."""

from __future__ import annotations

import numpy as np

from annconv.philox import uniform
from annconv.reference.random import neuron_uniforms


def test_the_counter_is_neuron_step_stream_and_sample():
    samples = np.array([5, 9])
    received = neuron_uniforms(7, samples, (2, 3), step=11, population=3, draw=2)
    assert received.shape == (2, 2, 3)
    assert received[1, 1, 2] == uniform(7, 5, 11, 3 << 16 | 2, 9)
    assert received[0, 0, 1] == uniform(7, 1, 11, 3 << 16 | 2, 5)
