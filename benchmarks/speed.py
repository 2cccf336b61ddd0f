"""Time per digit."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import Row, ratio
from workloads import MODELS

import annconv

MLP_FACTOR = 25
"""The MLP sees so many times more digits than the CNN."""
ORACLE_DIGITS = 2
KERAS_DIGITS = 2560
"""Ten batches: Keras takes milliseconds to begin with."""


@dataclass(frozen=True, slots=True)
class SpeedOptions:
    """How much is measured.

    Attributes:
        repeats: Of everything, in turns.
        digits: That the CNN sees in each.
        steps: Per digit.
    """

    repeats: int
    digits: int
    steps: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that classifies digits.

    Attributes:
        name: What the table calls it.
        run: Classifies digits.
        digits: How many at once.
    """

    name: str
    run: Callable[[Any], object]
    digits: int


def speed_rows(networks: Mapping[str, Path], options: SpeedOptions) -> Iterator[Row]:
    """Both networks in both precisions on one and two threads, the oracle, and Keras.

    Args:
        networks: Saved networks by name.
        options: How much is measured.
    """
    from digits import load_digits

    images = load_digits(split="test")[0] / 255.0
    for name, path in networks.items():
        digits = options.digits * (MLP_FACTOR if name == "mlp" else 1)
        entrants = candidates(name, path, min(digits, len(images)), options.steps)
        times = paired_times(entrants, images, options.repeats)
        keras = times[entrants[-1].name]
        for entrant in entrants:
            seconds = times[entrant.name]
            note = "" if seconds is keras else f"{ratio(seconds, keras):10,.2f} x Keras"
            yield Row(f"{name}, {entrant.name}", seconds, note)


def candidates(name: str, path: Path, digits: int, steps: int) -> list[Candidate]:
    """All that classifies with one network; Keras is the last."""
    from annconv.reference.network import run_network

    network = annconv.load(path)
    threads = [count for count in (1, 2) if count <= len(os.sched_getaffinity(0))]
    compiled = [
        Candidate(
            f"{precision}, {count} thread{'s' * (count > 1)}",
            annconv.compile(network, precision=precision, threads=count).predict,
            digits,
        )
        for precision in ("double", "single")
        for count in threads
    ]

    def interpret(images: Any) -> object:
        return run_network(network, images, steps=steps)

    return [
        *compiled,
        Candidate("NumPy oracle, double", interpret, ORACLE_DIGITS),
        Candidate("Keras predict, all threads", keras_predict(name), KERAS_DIGITS),
    ]


def keras_predict(name: str) -> Callable[[Any], object]:
    """Keras' own answer, in batches of 256."""
    import keras

    model = keras.models.load_model(MODELS[name])

    def predict(images: Any) -> object:
        shaped = images.reshape(-1, *model.input_shape[1:]).astype("float32")
        return model.predict(shaped, batch_size=256, verbose=0)

    return predict


def paired_times(entrants: list[Candidate], images: Any, repeats: int) -> dict[str, list[float]]:
    """Seconds per digit, all candidates in turns, after one round that does not count."""
    for entrant in entrants:
        entrant.run(images[: min(entrant.digits, 256)])
    times: dict[str, list[float]] = {entrant.name: [] for entrant in entrants}
    for _ in range(repeats):
        for entrant in entrants:
            batch = images[: entrant.digits]
            start = time.perf_counter()
            entrant.run(batch)
            times[entrant.name].append((time.perf_counter() - start) / len(batch))
    return times
