"""Runs ANNarchy's converter in a virtual environment of its own and times it from inside.

Arguments: a Keras file, the number of threads, a folder for ANNarchy's build. Then one JSON object
a line on stdin, one line of answer each on stdout:

    {"call": "predict", "samples": [[...], ...], "steps": 200}
        -> {"seconds": 3.5, "labels": [[7], [2]]}: for all samples; all labels that tie
    {"call": "counts", "samples": [[...], ...], "steps": 200}
        -> {"counts": [[0, ...], ...]}: spikes of every output neuron

Standard library, NumPy and ANNarchy only: annconv is not installed where this runs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


class Runner:
    """A converted model, ready to be timed."""

    def __init__(self, model: Path, threads: int, folder: Path) -> None:
        import ANNarchy
        from ANNarchy.extensions.ann_to_snn_conversion import ANNtoSNNConverter

        ANNarchy.setup(num_threads=threads)
        self.converter = ANNtoSNNConverter(input_encoding="IB", hidden_neuron="IaF")
        self.network = self.converter.load_keras_model(
            str(model), directory=str(folder), show_info=False
        )

    def predict(self, samples: Any, steps: int) -> dict[str, Any]:
        """Labels of all samples, and how long they took."""
        start = time.perf_counter()
        labels = self.converter.predict(samples, duration_per_sample=steps, multiple=True)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "labels": [[int(label) for label in tied] for tied in labels]}

    def counts(self, samples: Any, steps: int) -> dict[str, Any]:
        """Output spikes of all samples, by the steps that `predict` takes."""
        encoder = self.network.get_populations()[0]
        monitor = self.network.get_monitors()[0]
        counts = []
        for sample in samples:
            self.network.reset(populations=True, monitors=True, projections=False)
            encoder.rates = 100.0 * sample.reshape(encoder.geometry)
            self.network.simulate(steps)
            spikes = monitor.get("spike")
            counts.append([len(spikes[rank]) for rank in sorted(spikes)])
        return {"counts": counts}


def main() -> None:
    # ANNarchy prints to stdout: what it says goes to stderr, answers to the real stdout.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        import numpy as np

        model, threads, folder = sys.argv[1:]
        runner = Runner(Path(model), int(threads), Path(folder))
        print(json.dumps({"ready": True}), file=answers, flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            call = {"predict": runner.predict, "counts": runner.counts}[request["call"]]
            answer = call(np.asarray(request["samples"], dtype=np.float64), request["steps"])
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
