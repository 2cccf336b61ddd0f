"""Measures annconv on this machine and prints one table: `make bench`.

Sections: startup (importing, loading a saved network), build (cold, binding cached), speed (time
per digit, beside Keras and the NumPy oracle). Nothing is asserted: times belong to a machine and a
moment.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from builds import build_rows
from machine import describe_machine
from report import Row, print_rows
from speed import SpeedOptions, speed_rows
from startup import startup_rows
from workloads import EXAMPLES, save_networks

SECTIONS = ("startup", "build", "speed")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure annconv on this machine.")
    parser.add_argument("--repeats", type=count, default=5, help="of every measurement (default 5)")
    parser.add_argument("--builds", type=count, default=2, help="of every cold build (default 2)")
    parser.add_argument("--digits", type=count, default=40, help="that the CNN sees (default 40)")
    parser.add_argument("--steps", type=count, default=200, help="per digit (default 200)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one section; repeatable")
    parser.add_argument("--quick", action="store_true", help="one repeat, a few digits")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeats, arguments.builds, arguments.digits = 1, 1, 8
    return arguments


def count(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, received {text}")
    return number


def sections(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Iterator[Row]]]:
    """Title and rows of every section that was asked for."""
    networks = save_networks(folder, arguments.steps)
    options = SpeedOptions(arguments.repeats, arguments.digits, arguments.steps)
    makers: dict[str, tuple[str, Callable[[], Iterator[Row]]]] = {
        "startup": (
            f"fresh processes, medians of {arguments.repeats}",
            lambda: startup_rows(networks["cnn"], arguments.repeats),
        ),
        "build": (
            f"reference CNN, single precision, medians of {arguments.builds}",
            lambda: build_rows(networks, folder, arguments.builds),
        ),
        "speed": (
            f"per digit, {arguments.steps} steps, IB; medians of {arguments.repeats} turns",
            lambda: speed_rows(networks, options),
        ),
    }
    for name in arguments.only or SECTIONS:
        title, make = makers[name]
        yield f"{name}: {title}", make()


def main() -> None:
    arguments = parse_arguments()
    # One BLAS thread for the oracle: its matrices are small, and idle BLAS threads spin.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(EXAMPLES))
    with tempfile.TemporaryDirectory(prefix="annconv-bench-") as folder:
        os.environ["ANNCONV_CACHE_DIR"] = str(Path(folder) / "cache")
        os.environ.pop("ANNCONV_KEEP", None)
        print(describe_machine(), flush=True)
        for title, rows in sections(arguments, Path(folder)):
            print_rows(title, rows)


if __name__ == "__main__":
    main()
