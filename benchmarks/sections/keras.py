"""Time per digit beside Keras' own `predict` and the NumPy interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bench import MLP_FACTOR, MODELS, Bench
from measures import ratio, three_digits, typical
from pairs import Candidate, in_turns, predicting
from tables import Table

ORACLE_DIGITS = 2
KERAS_DIGITS = 2560
"""Ten batches: Keras takes milliseconds to begin with."""
KERAS = "Keras predict, all threads"


def measure(bench: Bench) -> Iterator[Table]:
    """Both networks in all precisions on one and two threads, the interpreter, and Keras."""
    table = Table(
        f"per digit, IB, {bench.settings.steps} steps, medians of {bench.settings.repeats} turns",
        ("network", "", "time a digit", "Keras' time"),
    )
    for name in MODELS:
        times = in_turns(_candidates(bench, name), bench.settings.repeats)
        for entrant, seconds in times.items():
            relation = f"{three_digits(ratio(seconds, times[KERAS]))} x"
            table.add(name, entrant, typical(seconds), "1" if entrant == KERAS else relation)
    yield table


def _candidates(bench: Bench, name: str) -> dict[str, Candidate]:
    """All that classifies with one network."""
    from annconv.reference.network import run_network

    network = bench.network(name)
    digits = bench.digits(bench.settings.digits * (MLP_FACTOR if name == "mlp" else 1))
    found = {}
    for precision in bench.precisions:
        for threads in bench.threads:
            compiled = bench.compiled(network, precision, threads)
            label = f"{precision}, {threads} thread{'s' * (threads > 1)}"
            found[label] = predicting(compiled, digits)
    few, many = bench.digits(ORACLE_DIGITS), bench.digits(KERAS_DIGITS)
    predict = keras_predict(name)
    oracle = Candidate(lambda: run_network(network, few, steps=bench.settings.steps), len(few))
    return {
        **found,
        "NumPy interpreter, double": oracle,
        KERAS: Candidate(lambda: predict(many), len(many)),
    }


def keras_predict(name: str) -> Callable[[Any], object]:
    """Keras' own answer, in batches of 256."""
    import keras

    model = keras.models.load_model(MODELS[name])

    def predict(images: Any) -> object:
        shaped = images.reshape(-1, *model.input_shape[1:]).astype("float32")
        return model.predict(shaped, batch_size=256, verbose=0)

    return predict
