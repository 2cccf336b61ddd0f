"""Who takes turns with whom; no time is looked at."""

import numpy as np

from annarchy_process import Prediction
from pairs import Candidate, against_annarchy, in_turns


class FakeAnnarchy:
    """Answers label 3 for every sample, in two seconds each."""

    def __init__(self, calls):
        self.calls = calls

    def predict(self, samples, steps):
        self.calls.append(("annarchy", len(samples), steps))
        return Prediction(2.0 * len(samples), [[3]] * len(samples))


def test_candidates_take_turns_after_a_round_that_does_not_count():
    calls = []
    candidates = {name: Candidate(lambda name=name: calls.append(name)) for name in "ab"}
    times = in_turns(candidates, repeats=2)
    assert calls == list("ababab")
    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 2, "b": 2}


def test_annarchy_stands_between_two_runs_on_the_same_samples():
    calls = []

    def candidates(batch):
        return {"ours": Candidate(lambda: calls.append(("ours", float(batch[0, 0]))), len(batch))}

    batches = [np.full((2, 4), 0.25), np.full((2, 4), 0.5)]
    duel = against_annarchy(FakeAnnarchy(calls), batches, 7, candidates)
    assert calls == [
        ("ours", 0.25),  # neither of these two counts
        ("annarchy", 1, 1),
        ("ours", 0.25),
        ("annarchy", 2, 7),
        ("ours", 0.25),
        ("ours", 0.5),
        ("annarchy", 2, 7),
        ("ours", 0.5),
    ]
    assert duel.annarchy == [2.0, 2.0]  # a sample
    assert [len(seconds) for seconds in duel.others.values()] == [2]
    assert duel.labels == [[3]] * 4
