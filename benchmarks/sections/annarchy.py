"""annconv against ANNarchy on the same digits, thread for thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from annarchy_process import AnnarchyProcess
from annconv.ir.arrays import FloatArray
from annconv.readouts.labels import winners
from annconv.runtime.compiled import CompiledNetwork
from bench import MLP_FACTOR, MODELS, Bench
from measures import ratio, three_digits, typical
from pairs import Candidate, Duel, against_annarchy, predicting
from tables import Chart, Table

CNN_BATCH = 2
"""Digits that ANNarchy's CNN classifies in a pair, about two seconds each."""
COPIES = 32
"""annconv classifies the same digits so many times, as it is that much faster."""


def measure(bench: Bench) -> Iterator[Table]:
    """Both bundled networks on one and two threads."""
    table = Table(
        f"ANNarchy's converter and annconv, IB, {bench.settings.steps} steps, "
        f"medians of {bench.settings.pairs} pairs",
        ("network", "threads", "", "time a digit", "faster than ANNarchy", "same labels", "counts"),
        note="Faster: median of the ratios of the pairs. Same labels: digits for which all labels "
        "that tie are ANNarchy's. Counts: digits for which the spikes of all output neurons are, "
        "of those that ANNarchy ran once more to count them.",
    )
    bars: list[tuple[str, float]] = []
    threads = bench.threads[:1] if bench.settings.quick else bench.threads
    for name in MODELS:
        for count in threads:
            with bench.annarchy(MODELS[name], count) as process:
                bars += _compare(bench, name, count, process, table)
    labels, values = zip(*bars, strict=True)
    title = "times faster than ANNarchy"
    table.charts.append(Chart("bars", title, labels, values, "", "", logarithmic=True))
    yield table


def batches(bench: Bench, name: str) -> list[FloatArray]:
    """Digits of each pair."""
    size = CNN_BATCH * (MLP_FACTOR if name == "mlp" else 1)
    return [bench.digits(size, first=pair * size) for pair in range(bench.settings.pairs)]


def repeated(compiled: CompiledNetwork, batch: FloatArray) -> Candidate:
    """The digits of a pair, several times over."""
    return predicting(compiled, np.tile(batch, (COPIES, 1)))


def one_by_one(compiled: CompiledNetwork, batch: FloatArray) -> Candidate:
    """The digits of a pair, each in a call of its own, which only one thread can share."""

    def run() -> None:
        for digit in batch:
            compiled.predict(digit[None])

    return Candidate(run, len(batch))


def _compare(
    bench: Bench, name: str, threads: int, process: AnnarchyProcess, table: Table
) -> list[tuple[str, float]]:
    """Rows of one network on one number of threads; labels and lengths of their bars."""
    steps, pairs = bench.settings.steps, batches(bench, name)
    network = bench.network(name)
    compiled = {entry: bench.compiled(network, entry, threads) for entry in bench.precisions}

    def candidates(batch: FloatArray) -> Mapping[str, Candidate]:
        many = {entry: repeated(build, batch) for entry, build in compiled.items()}
        alone = one_by_one(compiled["single"], batch)
        return many | {"single, one digit a call": alone}

    duel = against_annarchy(process, pairs, steps, candidates)
    counted = pairs[0][:CNN_BATCH]
    counts = process.counts(counted, steps)
    table.add(name, str(threads), "ANNarchy", typical(duel.annarchy), "1", "", "")
    bars = []
    for entry, seconds in duel.others.items():
        faster = ratio(duel.annarchy, seconds)
        agreement = ("", "")
        if entry in compiled:
            bars.append((f"{name}, {entry}, {threads} thr.", faster))
            agreement = _agreement(compiled[entry], np.concatenate(pairs), duel, counts)
        table.add(
            name, str(threads), entry, typical(seconds), f"{three_digits(faster)} x", *agreement
        )
    return bars


def _agreement(
    compiled: CompiledNetwork, digits: FloatArray, duel: Duel, counts: list[list[int]]
) -> tuple[str, str]:
    """For how many digits annconv answers what ANNarchy answers: labels, and output spikes."""
    result = compiled.run(digits)
    tied = [np.flatnonzero(row).tolist() for row in winners(result.outputs)]
    labels = sum(ours == theirs for ours, theirs in zip(tied, duel.labels, strict=True))
    same = sum(ours.tolist() == theirs for ours, theirs in zip(result.counts, counts, strict=False))
    return f"{labels} of {len(tied)}", f"{same} of {len(counts)}"
