"""Runs the bundled CNN as a spiking network on real digits and draws what it does.

make demo
python examples/demo.py --digits 100 --output demo.png
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import annconv
from annconv.cli.quiet import import_keras_quietly
from annconv.errors import AnnconvError, InputError
from digits import DATA, load_digits

MODEL = DATA / "cnn.keras"
STEPS = 200
"""Steps of 1 ms for every digit."""


def main(argv: list[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(description="The bundled CNN as a spiking network.")
    parser.add_argument("--digits", type=int, default=300, metavar="N", help="default: 300")
    parser.add_argument("--output", default="demo.png", metavar="FILE", help="default: demo.png")
    arguments = parser.parse_args(argv)
    try:
        run_demo(arguments.digits, Path(arguments.output))
    except AnnconvError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def run_demo(count: int, output: Path) -> None:
    """Classify the first `count` test digits and write the picture.

    Raises:
        AnnconvError: Something is missing or does not fit; says what.
    """
    samples, expected = read_digits(count)
    if not output.absolute().parent.is_dir():
        raise InputError("--output", expected="a file in an existing folder", received=str(output))
    keras = import_keras_quietly()

    # The notebook's three calls.
    converter = annconv.ANNtoSNNConverter(
        input_encoding="IB", hidden_neuron="IaF", read_out="spike_count"
    )
    started = time.perf_counter()
    handle = converter.load_keras_model(MODEL, show_info=True)
    build_time = time.perf_counter() - started

    started = time.perf_counter()
    labels = converter.predict(samples, duration_per_sample=STEPS)
    run_time = time.perf_counter() - started

    accuracy = float(np.mean(labels == expected))
    own = keras_accuracy(keras, samples, expected)
    print(f"digits              {count}, {STEPS} steps each")
    print(f"accuracy            {accuracy:.4f}")
    print(f"accuracy of Keras   {own:.4f} on the same digits")
    print(f"time per digit      {1000 * run_time / count:.1f} ms")
    print(f"convert and build   {build_time:.1f} s, a second time from the cache")
    draw(handle.network, samples, labels, expected, f"Keras on the same digits: {own:.4f}", output)
    print(f"picture             {output}")


def read_digits(count: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The first test digits, float32 (count, 28, 28) in [0, 1], and their labels."""
    try:
        images, labels = load_digits(split="test")
    except FileNotFoundError as error:
        raise InputError(
            "the demo's data",
            expected=f"the bundled digits in {DATA}",
            received=f"no file {Path(error.filename).name}",
            instead="Run the demo in a checkout of annconv.",
        ) from error
    if not 1 <= count <= len(images):
        raise InputError(
            "--digits", expected=f"a whole number from 1 to {len(images)}", received=count
        )
    return images[:count].astype(np.float32) / np.float32(255), labels[:count]


def keras_accuracy(keras: Any, samples: NDArray[np.float32], expected: NDArray[np.uint8]) -> float:
    """Share of the digits that the trained network itself gets right."""
    outputs = keras.models.load_model(MODEL).predict(samples[..., None], verbose=0)
    return float(np.mean(outputs.argmax(axis=1) == expected))


def draw(
    network: annconv.Network,
    samples: NDArray[np.float32],
    labels: list[int],
    expected: NDArray[np.uint8],
    note: str,
    output: Path,
) -> None:
    """Run the first digit once more, every spike recorded, and write the picture."""
    from annconv.report import digit_report

    compiled = annconv.compile(network, precision="double")  # loaded: the converter compiled it
    activity = compiled.run(samples[:1], steps=STEPS, record=network.names)
    figure = digit_report(
        network,
        samples[0],
        activity,
        labels=labels,
        expected=expected,
        sample_class=int(expected[0]),
        note=note,
    )
    try:
        figure.savefig(output)
    except (OSError, ValueError) as error:
        raise InputError(
            "--output", expected="a picture that can be written, .png", received=str(error)
        ) from error


if __name__ == "__main__":
    sys.exit(main())
