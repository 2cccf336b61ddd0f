"""The oracle against networks small enough to be followed by hand or by a plain loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annconv.errors import InputError, OptionError, SimulationError
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Increase, MaxPool, MeanPool, Scale, Slice
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import COUNTER, CPN, IB, INTEGRATOR, PSO, IaF
from annconv.neurons.neuron import Neuron
from annconv.philox import uniform
from annconv.readouts import READOUTS
from annconv.reference.network import run_network

STEADY = Neuron(name="Steady", parameters="rates = 0.0", spike="rates > 0")
"""Spikes in every step in which its rate is positive."""
EMITTER = Neuron(
    name="Emitter", parameters="rates = 0.0", equations="x = rates", spike="x < -1e30", emit="x"
)
"""Passes its rate on as an analog value."""
ADDER = Neuron(name="Adder", equations="dv/dt = g_exc", spike="v > 1e30")
IF = Neuron(
    name="IF",
    parameters="vt = 1.0",
    equations="dv/dt = g_exc",
    spike="v > vt",
    reset="v -= vt",
    unspike="v < -vt",
    unreset="v += vt",
)
"""Integrate and fire with a negative spike too."""


def chain(*populations, operators, delay=1, transmits="spikes", readout="spike_count"):
    """Populations one behind the other; the first is the input, the last the output."""
    last = len(populations) - 1
    entries = tuple(
        Population(
            f"p{position}", geometry, neuron, role="input" if not position else "output"
            if position == last else "hidden",
        )
        for position, (geometry, neuron) in enumerate(populations)
    )  # fmt: skip
    projections = tuple(
        Projection(f"j{position}", f"p{position}", f"p{position + 1}", operator, transmits,
                   delay=delay)
        for position, operator in enumerate(operators)
    )  # fmt: skip
    network = Network("chain", entries, projections, READOUTS[readout])
    network.verify()
    return network


def identity(size):
    return (Dense(np.eye(size)),)


def test_izhikevich_neurons_follow_a_plain_loop():
    network = chain(((3,), IB), ((3,), IaF), operators=[identity(3)])
    rates = [0.0, 13.7, 100.0]
    received = run_network(network, [rates], steps=60, record=["p0"])
    expected = []
    for rank, rate in enumerate(rates):
        v, u = -55.0, -13.0
        for step in range(60):
            v, u = (
                v + ((0.04 * (v * v) + 5.0 * v + 140.0) - u + rate),
                u + 0.02 * (0.2 * v - u),
            )
            if v > 30.0:
                expected.append((step, rank))
                v, u = -55.0, u + 4.0
    assert received.spikes["p0"][0].tolist() == [list(spike) for spike in sorted(expected)]
    assert received.spikes["p0"][0].dtype == np.int32


def test_each_projection_delays_by_its_delay():
    ahead = {1: [[1, 0], [2, 0]], 0: [[0, 0], [1, 0], [2, 0]]}
    for delay, expected in ahead.items():
        weights = [(Dense([[2.0]]),)]
        network = chain(((1,), STEADY), ((1,), IaF), operators=weights, delay=delay)
        received = run_network(network, [[1.0]], steps=3, record=["p1"])
        assert received.spikes["p1"][0].tolist() == expected


def test_delay_0_crosses_the_whole_network_in_a_step():
    weights = [(Dense([[2.0]]),)] * 3
    populations = [((1,), STEADY), *[((1,), IaF)] * 3]
    for delay, first in ((0, 0), (1, 3)):
        network = chain(*populations, operators=weights, delay=delay)
        received = run_network(network, [[1.0]], steps=6, record=["p3"])
        assert received.spikes["p3"][0][0].tolist() == [first, 0]


def test_the_mask_decays_then_grows_and_is_what_convolutions_read():
    network = chain(((2,), CPN), ((2,), INTEGRATOR), operators=[identity(2)], transmits="mask")
    network = replace(network, readout=READOUTS["membrane_potential"])
    received = run_network(network, [[1e6, 0.0]], steps=4)
    mask, total = 0.0, 0.0
    for _ in range(4):
        total += mask
        mask = mask + -mask / 20.0 + 1.0 / 20.0
    np.testing.assert_array_equal(received.outputs, [[total, 0.0]])
    np.testing.assert_array_equal(received.variables["v"], received.outputs)


def test_the_potential_is_bounded_below():
    network = chain(((1,), STEADY), ((1,), INTEGRATOR), operators=[(Dense([[-0.75]]),)])
    network = replace(network, readout=READOUTS["membrane_potential"])
    assert run_network(network, [[1.0]], steps=9).outputs.tolist() == [[-2.0]]


def test_pso_thresholds_double_over_eight_steps():
    network = chain(((1,), PSO), ((1,), IaF), operators=[identity(1)])
    received = run_network(network, [[3.0]], steps=17, record=["p0"])
    thresholds = [2.0**-2, *(2.0**e for e in range(-1, 7)), *(2.0**e for e in range(-1, 7))]
    expected = [[step, 0] for step, threshold in enumerate(thresholds[:17]) if threshold < 3.0]
    assert received.spikes["p0"][0].tolist() == expected


def test_poisson_neurons_use_the_counter_of_their_sample():
    network = chain(((2, 3), CPN), ((2, 3), IaF), operators=[(Scale(1.0),)])
    rates = np.full((4, 6), 300.0)
    received = run_network(network, rates, steps=20, seed=5, first_sample=10, record=["p0"])
    for row in range(4):
        expected = [
            [step, rank]
            for step in range(20)
            for rank in range(6)
            if float(uniform(5, rank, step, 0, 10 + row)) * 1000.0 < 300.0
        ]
        assert received.spikes["p0"][row].tolist() == expected
    batch = run_network(network, rates[2:], steps=20, seed=5, first_sample=12, record=["p0"])
    np.testing.assert_array_equal(batch.spikes["p0"][0], received.spikes["p0"][2])
    other = run_network(network, rates, steps=20, seed=6, first_sample=10, record=["p0"])
    assert not np.array_equal(other.spikes["p0"][0], received.spikes["p0"][0])


def test_spikes_of_minus_one_are_recorded_counted_and_passed_on():
    network = chain(((1,), EMITTER), ((1,), IF), ((1,), ADDER),
                    operators=[(Dense([[0.6]]),), (Dense([[10.0]]),)], delay=0)  # fmt: skip
    received = run_network(
        replace(network, readout=READOUTS["spike_count"]), [[-1.0], [1.0]], steps=4,
        record=["p1", "p2"],
    )  # fmt: skip
    assert received.spikes["p1"][0].tolist() == [[1, 0, -1], [3, 0, -1]]
    assert received.spikes["p1"][1].tolist() == [[1, 0, 1], [3, 0, 1]]
    assert received.spikes["p2"][0].shape == (0, 2)
    assert received.variables["v"].tolist() == [[-20.0], [20.0]]


def test_counts_of_the_output_subtract_negative_spikes():
    network = chain(((1,), EMITTER), ((1,), IF), operators=[(Dense([[0.6]]),)], delay=0)
    received = run_network(network, [[-1.0]], steps=4)
    assert received.counts.tolist() == [[-2]]


def test_a_junction_sums_without_state_and_without_delay():
    populations = (
        Population("in", (2,), STEADY, role="input"),
        Population("sum", (1,), None, role="linear"),
        Population("out", (1,), ADDER, role="output"),
    )
    projections = (
        Projection("a", "in", "sum", (Dense([[1.0], [10.0]]),)),
        Projection("b", "in", "sum", (Dense([[100.0], [0.0]]),)),
        Projection("c", "sum", "out", (Scale(2.0),), delay=0),
    )
    network = Network("junction", populations, projections, READOUTS["spike_count"])
    network.verify()
    received = run_network(network, [[1.0, 1.0], [0.0, 1.0]], steps=3)
    assert received.variables["v"].tolist() == [[2 * 2 * 111.0], [2 * 2 * 10.0]]


def test_several_projections_and_slices_meet_in_one_population():
    populations = (
        Population("in", (1, 2), STEADY, role="input"),
        Population("out", (1, 4), ADDER, role="output"),
    )
    projections = tuple(
        Projection(f"s{start}", "in", "out", (Slice(start, 4),)) for start in (0, 1)
    )
    network = Network("slices", populations, projections, READOUTS["spike_count"])
    received = run_network(network, [[1.0, 1.0]], steps=2)
    assert received.variables["v"].tolist() == [[1.0, 2.0, 1.0, 0.0]]


def test_increase_passes_on_the_maximum_of_counts():
    pool = MaxPool((2,), (2,), ((0, 0),))
    counter = Neuron(
        name="Counting", parameters="rates = 0.0; n = 0.0", spike="rates > 0", reset="n += 1"
    )
    network = chain(((2, 1), counter), ((1, 1), ADDER), operators=[(pool, Increase())],
                    transmits="n", delay=0)  # fmt: skip
    frames = np.array([[[1, 0], [0, 1], [0, 1], [1, 1], [0, 0]]], dtype=float)
    totals = []
    for steps in range(1, 6):
        received = run_network(network, frames[:, :steps], steps=steps, frames=True)
        totals.append(received.variables["v"].item())
    assert totals == [1.0, 1.0, 2.0, 3.0, 3.0]  # counts (1,0) (1,1) (1,2) (2,3) (2,3)


def test_increase_starts_anew_and_survives_samples_that_leave():
    pool = MaxPool((2,), (2,), ((0, 0),))
    emit = replace(EMITTER, equations="x = x + rates")
    network = chain(((2, 1), emit), ((1, 1), IaF), operators=[(pool, Increase())],
                    delay=0, readout="time_to_first_spike")  # fmt: skip
    samples = np.array([[0.3, 0.1], [2.0, 0.0], [0.0, 0.6], [0.1, 0.0]])
    received = run_network(network, samples, steps=6)
    alone = [run_network(network, samples[i : i + 1], steps=6) for i in range(4)]
    assert received.stopped_at.tolist() == [4, 1, 2, 6]
    assert [entry.stopped_at.item() for entry in alone] == [4, 1, 2, 6]


def test_samples_that_stop_early_keep_what_they_had():
    network = chain(((2,), EMITTER), ((2,), IaF), operators=[identity(2)], delay=0,
                    readout="time_to_first_spike")  # fmt: skip
    samples = [[0.6, 0.1], [0.1, 0.3], [3.0, 0.2], [0.0, 0.0]]
    received = run_network(network, samples, steps=5, record=["p0", "p1"])
    assert received.stopped_at.tolist() == [2, 4, 1, 5]
    assert received.counts.tolist() == [[1, 0], [0, 1], [1, 0], [0, 0]]
    assert received.outputs.tolist() == [[1, 0], [0, 1], [1, 0], [0, 0]]
    assert received.labels[:3].tolist() == [0, 1, 0]
    np.testing.assert_allclose(received.variables["v"][:3], [[0, 0.2], [0.4, 0], [0, 0.2]])
    assert [train.tolist() for train in received.spikes["p1"]] == [[[1, 0]], [[3, 1]], [[0, 0]], []]


def test_k_spikes_end_a_sample():
    network = chain(((1,), STEADY), ((2,), COUNTER), operators=[(Dense([[2.0, 0.6]]),)])
    readout = READOUTS["time_to_k_spikes"].with_parameters(k=3)
    received = run_network(replace(network, readout=readout), [[1.0]], steps=50)
    assert received.stopped_at.tolist() == [4]
    assert received.counts.tolist() == [[3, 1]]
    assert received.variables["sc"].tolist() == [[3.0, 1.0]]


def test_parameters_may_differ_between_channels_and_neurons():
    network = chain(((1, 2), EMITTER), ((1, 2), IaF), operators=[(Scale(1.0),)], delay=0)
    thresholds = {"vt": np.array([0.5, 2.5])}
    populations = (network.populations[0], replace(network.populations[1], parameters=thresholds))
    received = run_network(
        replace(network, populations=populations), [[1.0, 1.0]], steps=3, record=["p1"]
    )
    assert received.spikes["p1"][0].tolist() == [[0, 0], [1, 0], [2, 0], [2, 1]]


def test_variables_that_all_share_and_time():
    clock = Neuron(
        name="Clock",
        parameters="rates = 0.0; k = 3 : population",
        equations="phase = modulo(t/dt, k) : population",
        spike="phase == rates",
    )
    network = replace(chain(((2,), clock), ((2,), IaF), operators=[identity(2)]), dt=0.5)
    received = run_network(network, [[0.0, 2.0]], steps=6, record=["p0"])
    assert received.spikes["p0"][0].tolist() == [[0, 0], [2, 1], [3, 0], [5, 1]]


def test_convolutions_of_a_batch_are_those_of_its_samples():
    rng = np.random.default_rng(0)
    kernel = Convolution(rng.normal(size=(3, 3, 1, 4)), (1, 1), ((1, 1), (1, 1)), (1, 1))
    mean = MeanPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    network = chain(((4, 4, 1), IB), ((4, 4, 4), IaF), ((2, 2, 4), IaF),
                    operators=[(kernel,), (mean,)], transmits="mask")  # fmt: skip
    samples = rng.uniform(0, 100, size=(3, 16))
    whole = run_network(network, samples, steps=30, record=["p1", "p2"])
    for row in range(3):
        alone = run_network(
            network, samples[row : row + 1], steps=30, first_sample=row, record=["p1", "p2"]
        )
        for name in ("p1", "p2"):
            np.testing.assert_array_equal(alone.spikes[name][0], whole.spikes[name][row])
        np.testing.assert_array_equal(alone.labels, whole.labels[row : row + 1])


def test_no_samples_give_empty_results():
    network = chain(((2,), IB), ((3,), IaF), operators=[(Dense(np.ones((2, 3))),)])
    received = run_network(network, np.zeros((0, 2)), steps=5, record=["p0"])
    assert received.labels.shape == (0,)
    assert received.counts.shape == received.outputs.shape == (0, 3)
    assert received.spikes == {"p0": []}


def test_the_input_scale_is_applied():
    network = chain(((1,), EMITTER), ((1,), ADDER), operators=[identity(1)], delay=0)
    received = run_network(replace(network, input_scale=100.0), [[0.5]], steps=1)
    assert received.variables["v"].tolist() == [[50.0]]


def test_populations_to_record_must_exist():
    network = chain(((1,), IB), ((1,), IaF), operators=[identity(1)])
    with pytest.raises(OptionError) as caught:
        run_network(network, [[1.0]], steps=1, record=["P0", "q9"])
    assert caught.value.faults == (
        "record: no population 'P0' that spikes. Nearest: 'p0'. Known: 'p0', 'p1'.",
        "record: no population 'q9' that spikes. Known: 'p0', 'p1'.",
    )


def test_options_are_checked():
    network = chain(((1,), IB), ((1,), IaF), operators=[identity(1)])
    with pytest.raises(OptionError, match="steps: expected a whole number"):
        run_network(network, [[1.0]], steps=0)
    with pytest.raises(InputError, match="received shape"):
        run_network(network, [[1.0, 2.0]], steps=1)


def test_scores_that_left_the_numbers_are_an_error():
    explode = Neuron(name="Explode", equations="v = g_exc/0.0")
    network = chain(((1,), STEADY), ((1,), explode), operators=[identity(1)])
    network = replace(network, readout=READOUTS["membrane_potential"])
    with pytest.raises(SimulationError, match="not a number"):
        run_network(network, [[1.0]], steps=1)
