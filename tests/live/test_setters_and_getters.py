"""Two thousand calls that set and read values, beside a model of the network in NumPy.

Values come back as NumPy keeps them, errors are those that are documented, and nothing changes
where one was raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import OPTIONS, ZOO

from annconv.errors import FilterError, InputError, UnavailableError
from annconv.live.network import LiveNetwork

pytestmark = pytest.mark.compiles

NETWORKS = ("picture", "signed")
CALLS = 50
EXAMPLES = 40
"""Together 2,000 calls."""

REFUSED = "refused"


class Model:
    """Attributes and weights as plain arrays."""

    def __init__(self, network: LiveNetwork) -> None:
        self.values = {
            (population.name, name): np.array(population.get(name))
            for population in network.get_populations()
            for name in population.attributes
        }
        self.start = {key: value.copy() for key, value in self.values.items()}
        self.weights = {
            projection.name: np.array(projection.weights)
            if hasattr(projection, "weights")
            else projection.connectivity_matrix()
            for projection in network.get_projections()
            if hasattr(projection, "w") or hasattr(projection, "weights")
        }


class Calls:
    """Draws calls, makes each on both sides, and compares."""

    def __init__(self, network: LiveNetwork, rng: np.random.Generator) -> None:
        self.network, self.rng, self.model = network, rng, Model(network)
        self.made: dict[str, int] = {}

    def pick(self, options: Any) -> Any:
        listed = list(options)
        return listed[int(self.rng.integers(len(listed)))]

    def make(self) -> None:
        """One call."""
        call: Callable[[], None] = self.pick(
            [self.set_attribute] * 4
            + [self.set_view] * 3
            + [self.set_neuron] * 2
            + [self.set_weights] * 3
            + [self.set_dendrite] * 2
            + [self.edit_start, self.reset, self.unknown_name]
        )
        call()
        name = call.__name__
        self.made[name] = self.made.get(name, 0) + 1
        self.compare()

    def compare(self) -> None:
        """Everything reads as the model has it."""
        for (population, name), expected in self.model.values.items():
            received = self.network.get_population(population).get(name)
            assert np.shape(received) == expected.shape
            np.testing.assert_array_equal(received, expected)
        for name, expected in self.model.weights.items():
            projection = self.network.get_projection(name)
            received = projection.weights if expected.ndim == 4 else projection.w
            np.testing.assert_array_equal(received, expected)

    def value(self, size: int) -> tuple[Any, Any]:
        """Something to set, and what it becomes: a number, `size` numbers, or REFUSED."""
        numbers = np.round(self.rng.normal(size=size) * 8) / 8
        single = float(numbers[0])
        return self.pick(
            [
                (single, single),
                (int(single), float(int(single))),
                (np.float32(single), single),
                (numbers, numbers),
                (numbers.tolist(), numbers),
                (numbers.reshape(1, -1, 1), numbers),
                (numbers.astype(np.int16), numbers.astype(np.int16).astype(float)),
                (numbers > 0, (numbers > 0).astype(float)),
                (np.ones(size + 1), REFUSED),
                ([1.0] * (size + 2), REFUSED),
                ([[1.0], [1.0, 2.0]], REFUSED),
                (None, REFUSED),
                (numbers * 1j, REFUSED),
                ({}, REFUSED),
                (np.array(["a"] * size), REFUSED),
            ]
        )

    def apply(self, setter: Callable[[], None], expected: Any, error: type[Exception]) -> bool:
        """Call; says whether it was accepted, which has to be as expected."""
        if isinstance(expected, str):
            with pytest.raises(error):
                setter()
            return False
        setter()
        return True

    def set_attribute(self) -> None:
        (population, name), old = self.pick(self.model.values.items())
        owner = self.network.get_population(population)
        value, expected = self.value(max(1, old.size))
        if old.ndim == 0 and np.ndim(expected):
            expected = REFUSED
        way = self.pick(
            [
                lambda: setattr(owner, name, value),
                lambda: owner.set({name: value}),
            ]
        )
        if self.apply(way, expected, InputError):
            filled = np.broadcast_to(np.asarray(expected, float).reshape(-1), (old.size,))
            self.model.values[population, name] = filled.reshape(old.shape).copy()

    def set_view(self) -> None:
        (population, name), old = self.pick(self.model.values.items())
        owner = self.network.get_population(population)
        size = owner.size
        ranks = np.unique(self.rng.integers(size, size=self.rng.integers(1, 4)))
        view = self.pick([owner[ranks], owner[ranks.tolist()], owner[[*ranks, *ranks]]])
        value, expected = self.value(len(ranks))
        if old.ndim == 0:
            with pytest.raises(UnavailableError):
                setattr(view, name, value)
            with pytest.raises(UnavailableError):
                view.get(name)
            return
        if self.apply(lambda: setattr(view, name, value), expected, InputError):
            self.model.values[population, name].reshape(-1)[ranks] = expected
        flat = self.model.values[population, name].ravel()
        np.testing.assert_array_equal(getattr(view, name), flat[ranks])

    def set_neuron(self) -> None:
        (population, name), old = self.pick(self.model.values.items())
        owner = self.network.get_population(population)
        rank = int(self.rng.integers(owner.size))
        neuron = self.pick([owner.neuron(rank), owner.neuron(*owner.coordinates_from_rank(rank))])
        value, expected = self.value(3)
        expected = expected if np.ndim(expected) == 0 else REFUSED
        if self.apply(lambda: setattr(neuron, name, value), expected, InputError):
            self.model.values[population, name].reshape(-1)[rank if old.ndim else 0] = expected
        at = self.model.values[population, name].ravel()[rank if old.ndim else 0]
        assert getattr(neuron, name) == at
        for outside in (owner.size, -1, 0.5):
            with pytest.raises(InputError):
                owner.neuron(outside)

    def set_weights(self) -> None:
        name, old = self.pick(self.model.weights.items())
        projection = self.network.get_projection(name)
        numbers = np.round(self.rng.normal(size=old.shape) * 8) / 8
        value = self.pick([numbers, numbers.tolist(), numbers.astype(np.float32)])
        if old.ndim == 4:
            projection.weights = value
            wrong = self.pick([numbers[..., None], numbers[:1], 0.5, numbers.ravel()])
            with pytest.raises(FilterError):
                projection.weights = wrong
            with pytest.raises(UnavailableError):
                projection.w = 0.5
        else:
            projection.set({"w": value})
            wrong = self.pick([numbers.ravel(), [1.0], np.ones((99, 1)), None, "x"])
            with pytest.raises(InputError):
                projection.w = wrong
            with pytest.raises(UnavailableError):
                projection.get("weights")
        self.model.weights[name] = numbers

    def set_dendrite(self) -> None:
        matrices = {name: array for name, array in self.model.weights.items() if array.ndim == 2}
        name, old = self.pick(matrices.items())
        projection = self.network.get_projection(name)
        post, pre = (int(self.rng.integers(extent)) for extent in old.shape)
        value, expected = self.value(old.shape[1])
        if self.apply(lambda: setattr(projection[post], "w", value), expected, InputError):
            self.model.weights[name][post] = expected
        projection.synapse(pre, post).w = 0.125
        self.model.weights[name][post, pre] = 0.125
        assert projection.dendrite(post).w == self.model.weights[name][post].tolist()
        for rank in (old.shape[0], -1):
            with pytest.raises(InputError):
                projection.dendrite(rank)

    def edit_start(self) -> None:
        key, old = self.pick(self.model.values.items())
        number = float(np.round(self.rng.normal() * 8) / 8)
        self.network.get_population(key[0]).init[key[1]] = number
        self.model.start[key] = np.full(old.shape, number)

    def reset(self) -> None:
        population = self.pick(self.network.get_populations())
        owned = [key for key in self.model.values if key[0] == population.name]
        chosen = self.pick([owned, owned[:1]])
        if chosen == owned:
            population.reset()
        else:
            population.reset([chosen[0][1]])
        for key in chosen:
            self.model.values[key] = self.model.start[key].copy()

    def unknown_name(self) -> None:
        population = self.pick(self.network.get_populations())
        for call in (
            lambda: population.get("bogus"),
            lambda: population.reset(["bogus"]),
            lambda: population.neuron(0).get("bogus"),
            lambda: population[[0]].get("bogus"),
            lambda: setattr(population, population.attributes[0], "bogus"),
            lambda: population.sum("bogus"),
        ):
            with pytest.raises(UnavailableError):
                call()


@pytest.fixture(scope="module")
def made():
    """Calls made in all examples, by kind."""
    counted: dict[str, int] = {}
    yield counted
    assert sum(counted.values()) >= 2000
    assert len(counted) == 8


@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32 - 1))
def test_two_thousand_calls(made: dict[str, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = LiveNetwork(ZOO[NETWORKS[seed % len(NETWORKS)]](), OPTIONS)
    calls = Calls(network, rng)
    for _ in range(CALLS):
        calls.make()
    network.simulate(3 * network.dt)  # whatever was set, the network runs
    for name, count in calls.made.items():
        made[name] = made.get(name, 0) + count
