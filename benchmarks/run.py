"""Measures annconv on this machine: `make bench`, options with `make bench BENCH="--help"`.

Each section prints its tables; `--write docs/performance.md` also puts them and a picture into that
document. Nothing is asserted: times belong to a machine and a moment.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

from annarchy_process import AnnarchyError
from annconv.errors import AnnconvError
from bench import Bench, Settings, find_examples
from document import replace_section
from machine import describe_machine
from picture import save_picture
from tables import Table

SECTIONS = {
    "annarchy": "against ANNarchy, thread for thread",
    "vectors": "narrower vectors, against ANNarchy",
    "keras": "time per digit beside Keras and the NumPy interpreter",
    "shapes": "other shapes: vector additions a second",
    "kernels": "where the time goes, against the machine's ceiling",
    "growth": "steps, samples, width, depth, threads",
    "early_stop": "a read-out that stops early",
    "own_neuron": "a user's own neuron",
    "memory": "arena and process",
    "single_calls": "one digit a call, through the C API and in Python, and ANNarchy's",
    "distributed": "on a Dask cluster, beside one call",
    "startup": "importing and loading",
    "build": "compiling",
}
NEED_ANNARCHY = ("annarchy", "vectors")


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line, or of `words`."""
    usual = Settings()
    sections = "; ".join(f"{name}: {what}" for name, what in SECTIONS.items())
    parser = argparse.ArgumentParser(
        description="Measure annconv on this machine.", epilog=sections
    )
    parser.add_argument("--only", choices=SECTIONS, action="append", help="a section; repeatable")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the numbers into this file")
    parser.add_argument("--quick", action="store_true", help="show only that everything runs")
    parser.add_argument("--without-annarchy", action="store_true", help="do not install or run it")
    for name, what in (
        ("repeats", "of everything that takes turns"),
        ("pairs", "of ANNarchy and annconv"),
        ("builds", "of every cold build"),
        ("digits", "that the CNN sees in a turn"),
        ("steps", "per digit"),
    ):
        default = getattr(usual, name)
        parser.add_argument(f"--{name}", type=count, help=f"{what} (default {default})")
    return parser.parse_args(words)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """What the options ask for; `--quick` changes the defaults of the others."""
    small = {"repeats": 1, "pairs": 1, "builds": 1, "digits": 2, "steps": 20}
    chosen = small if arguments.quick else {}
    given = {name: value for name in small if (value := getattr(arguments, name)) is not None}
    return Settings(
        **{**chosen, **given},
        quick=arguments.quick,
        annarchy=not arguments.without_annarchy,
    )


def count(text: str) -> int:
    """A whole number from 1.

    Raises:
        ArgumentTypeError: It is none.
    """
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, received {text}")
    return number


def chosen_sections(only: list[str] | None, *, annarchy: bool) -> list[str]:
    """Names of the sections to measure, in their order."""
    names = [name for name in SECTIONS if only is None or name in only]
    return [name for name in names if annarchy or name not in NEED_ANNARCHY]


def write_section(path: Path, name: str, tables: list[Table]) -> None:
    """Put a section's tables into a document, and its picture beside it.

    Args:
        path: The document.
        name: Of the section.
        tables: What it measured.
    Raises:
        ValueError: The document has no place for it.
    """
    blocks = [table.markdown() for table in tables]
    charts = [chart for table in tables for chart in table.charts]
    if charts:
        picture = path.parent / "pictures" / f"performance-{name}.svg"
        save_picture(charts, picture)
        blocks.append(f"![{SECTIONS[name]}](pictures/{picture.name})")
    text = replace_section(path.read_text(encoding="utf-8"), name, "\n\n".join(blocks))
    path.write_text(text, encoding="utf-8")


def main() -> None:
    arguments = parse_arguments()
    # One BLAS thread for the interpreter: its matrices are small, and idle BLAS threads spin.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    find_examples()
    settings = settings_of(arguments)
    with tempfile.TemporaryDirectory(prefix="annconv-bench-") as folder:
        os.environ["ANNCONV_CACHE_DIR"] = str(Path(folder) / "cache")
        os.environ.pop("ANNCONV_KEEP", None)
        bench = Bench(settings, Path(folder))
        machine = describe_machine()
        print(machine, flush=True)
        if arguments.write:
            write_machine(arguments.write, machine)
        names = chosen_sections(arguments.only, annarchy=settings.annarchy)
        failed = [name for name in names if not measure_section(bench, name, arguments.write)]
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def measure_section(bench: Bench, name: str, page: Path | None) -> bool:
    """Measure, print and write one section; whether that worked, as the others still can.

    Args:
        bench: The bench.
        name: Of the section.
        page: Document that receives the numbers, None for none.
    """
    print(f"\n== {name}: {SECTIONS[name]}", flush=True)
    tables = []
    try:
        for table in importlib.import_module(f"sections.{name}").measure(bench):
            print(f"\n{table.text()}", flush=True)
            tables.append(table)
    except (AnnarchyError, AnnconvError) as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    if page is not None:
        write_section(page, name, tables)
    return True


def write_machine(path: Path, machine: str) -> None:
    """Put the machine's description into a document."""
    lines = "\n".join(f"- {line}" for line in machine.splitlines())
    text = replace_section(path.read_text(encoding="utf-8"), "machine", lines)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
