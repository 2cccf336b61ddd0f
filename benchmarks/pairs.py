"""Timing in turns, so that a machine that slows down for a while slows all candidates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from annarchy_process import AnnarchyProcess
from annconv.ir.arrays import FloatArray
from annconv.runtime.compiled import CompiledNetwork

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that handles samples.

    Attributes:
        run: Handles all of its samples.
        samples: How many those are.
    """

    run: Run
    samples: int = 1


def predicting(
    compiled: CompiledNetwork, samples: FloatArray, steps: int | None = None
) -> Candidate:
    """A compiled network on some samples.

    Args:
        compiled: The network.
        samples: (N, values).
        steps: Per sample; None: those the network was converted for.
    """
    return Candidate(lambda: compiled.predict(samples, steps=steps), len(samples))


def seconds_for(candidate: Candidate) -> float:
    """Seconds a sample, by one run."""
    start = time.perf_counter()
    candidate.run()
    return (time.perf_counter() - start) / candidate.samples


def in_turns(candidates: Mapping[str, Candidate], repeats: int) -> dict[str, list[float]]:
    """Seconds a sample of all candidates, after one round that does not count.

    Args:
        candidates: By name.
        repeats: Rounds in which each candidate runs once.
    Returns:
        One time a round for each.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(repeats + 1):
        for name, candidate in candidates.items():
            seconds = seconds_for(candidate)
            if turn:
                times[name].append(seconds)
    return times


@dataclass(frozen=True, slots=True)
class Duel:
    """Times of ANNarchy and of everything that ran beside it.

    Attributes:
        annarchy: ANNarchy's seconds a sample, one for each pair.
        others: The candidates' seconds a sample, in the same order.
        labels: What ANNarchy answered: for each sample all labels that tie.
    """

    annarchy: list[float]
    others: dict[str, list[float]]
    labels: list[list[int]]


def against_annarchy(
    process: AnnarchyProcess,
    batches: list[FloatArray],
    steps: int,
    candidates: Callable[[FloatArray], Mapping[str, Candidate]],
) -> Duel:
    """Time ANNarchy on some batches, and candidates before and after it on the same samples.

    Args:
        process: ANNarchy with a model.
        batches: (N, values) each, one for each pair.
        steps: Steps per sample.
        candidates: What runs on a batch, by name; its time is the mean of before and after.
    """
    for candidate in candidates(batches[0]).values():
        candidate.run()
    process.predict(batches[0][:1], steps=1)
    duel = Duel([], {}, [])
    for batch in batches:
        entrants = candidates(batch)
        before = {name: seconds_for(entrant) for name, entrant in entrants.items()}
        answer = process.predict(batch, steps)
        duel.annarchy.append(answer.seconds / len(batch))
        duel.labels.extend(answer.labels)
        for name, entrant in entrants.items():
            mean = (before[name] + seconds_for(entrant)) / 2
            duel.others.setdefault(name, []).append(mean)
    return duel
