"""One sample a call, again and again: what a call keeps from the one before changes no answer."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from zoo import STEPS, dense, samples

from annconv.errors import OptionError
from annconv.readouts.labels import draw_labels
from annconv.runtime.compiled import CompiledNetwork

pytestmark = pytest.mark.compiles

X = samples(dense(), 40)
EQUAL_BUT_WRONG: Mapping[str, Mapping[str, Any]] = {
    "steps": {"steps": float(STEPS)},
    "seed": {"seed": False},
    "first_sample": {"first_sample": 0.0},
    "frames": {"frames": 0},
    "progress": {"progress": 0},
}


@pytest.mark.parametrize("name", EQUAL_BUT_WRONG)
def test_what_only_equals_the_last_calls_options_is_refused(
    compiled: CompiledNetwork, name: str
) -> None:
    compiled.run(X[:1], steps=STEPS, seed=0, first_sample=0)
    with pytest.raises(OptionError, match=f"{name}: expected "):
        compiled.run(X[:1], **{"steps": STEPS, **EQUAL_BUT_WRONG[name]})
    compiled.run(X[:1], steps=STEPS)


def test_every_call_has_its_own_options(compiled: CompiledNetwork) -> None:
    """Also where all but one of them are the last call's; names of populations may come once."""
    stopped = [compiled.run(X[:1], steps=steps).stopped_at[0] for steps in (3, None, 4, 4)]
    assert stopped == [3, STEPS, 4, 4]
    names = ["hidden"]
    assert list(compiled.run(X[:1], record=names).spikes) == ["hidden"]
    names[:] = ["image"]
    assert list(compiled.run(X[:1], record=names).spikes) == ["image"]
    assert compiled.run(X[:1]).spikes == {}
    assert list(compiled.run(X[:1], record=iter(["image"])).spikes) == ["image"]


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3, 2**64 - 1])
def test_labels_are_drawn_as_in_numpy(compiled: CompiledNetwork, seed: int) -> None:
    """Ties and clear winners, each with its own sample's number, up to the last and on from 0."""
    seen = []
    for steps, first in itertools.product((1, STEPS), (0, 5, 2**32 - 9)):
        result = compiled.run(X, steps=steps, seed=seed, first_sample=first)
        assert result.labels.dtype == np.int64
        expected = draw_labels(result.outputs, seed, first)
        np.testing.assert_array_equal(result.labels, expected)
        seen += [len(set(result.labels.tolist())), *map(len, result.tied_labels())]
    assert {1, result.outputs.shape[1]} <= set(seen), "clear winners, and ties of all"


def test_predict_is_the_labels_of_run(compiled: CompiledNetwork) -> None:
    for options in ({}, {"seed": 3}, {"steps": 1, "seed": 9}):
        for part in (X, X[4:5], X[:0]):
            expected = compiled.run(part, **options).labels
            received = compiled.predict(part, **options)
            assert received.dtype == np.int64
            np.testing.assert_array_equal(received, expected)
