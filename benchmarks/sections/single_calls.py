"""One digit a call, as in a robot's loop, beside the same digits in one call."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

import annconv
from annconv.build.toolchain import find_toolchain
from annconv.environment import read_environment
from annconv.ir.arrays import FloatArray
from annconv.runtime.compiled import CompiledNetwork
from bench import MLP_FACTOR, MODELS, Bench
from measures import ratio, readable, three_digits, typical
from pairs import Candidate, against_annarchy, in_turns, predicting
from tables import Table

SOURCE = Path(__file__).resolve().parents[1] / "single_calls.cpp"
PRECISIONS = ("single", "int16")
COPIES = 32
"""annconv gets each digit so many times, a call each, as it is that much faster than ANNarchy."""


def measure(bench: Bench) -> Iterator[Table]:
    """Through the C API and through `predict`, on one thread and on two."""
    table = Table(
        f"one digit a call, IB, {bench.settings.steps} steps, medians of "
        f"{bench.settings.repeats} turns",
        ("network", "precision", "threads", "C API, in a batch", "C API, alone", "ratio",
         "`predict`, alone", "more than in a batch"),
        note="In a batch: a digit's share of one call with all digits, on as many threads. Ratio: "
        "alone to in a batch, median of the ratios of the turns (goal on one thread: at most 1.15)."
        " More than in a batch: a digit in a call of Python's `predict`, less its share of one "
        "call of `predict` with all digits (goal on one thread: at most 20 µs).",
    )  # fmt: skip
    for name in MODELS:
        for precision in PRECISIONS:
            _measure_network(bench, name, precision, table)
    yield table
    if bench.settings.annarchy:
        yield _beside_annarchy(bench)


def _beside_annarchy(bench: Bench) -> Table:
    """Both bundled networks on one and two threads."""
    table = Table(
        f"ANNarchy's converter and annconv in Python, one digit a call, IB, "
        f"{bench.settings.steps} steps, medians of the digits",
        ("network", "threads", "digits", "", "time a digit", "faster than ANNarchy"),
        note="Both by `predict` of one digit, ANNarchy's between annconv's on the same digit. "
        "Faster: median of the ratios.",
    )
    threads = bench.threads[:1] if bench.settings.quick else bench.threads
    for name in MODELS:
        count = bench.settings.pairs * (MLP_FACTOR if name == "mlp" else 1)
        digits = bench.digits(count)
        for number in threads:
            _compare(bench, name, number, digits, table)
    return table


def _compare(bench: Bench, name: str, threads: int, digits: FloatArray, table: Table) -> None:
    """Rows of one network on one number of threads."""
    network = bench.network(name)
    compiled = {entry: bench.compiled(network, entry, threads) for entry in PRECISIONS}

    def candidates(digit: FloatArray) -> Mapping[str, Candidate]:
        copies = np.tile(digit, (COPIES, 1))
        return {entry: _one_by_one(build, copies) for entry, build in compiled.items()}

    calls = [digits[index : index + 1] for index in range(len(digits))]
    with bench.annarchy(MODELS[name], threads) as process:
        duel = against_annarchy(process, calls, bench.settings.steps, candidates)
    first = (name, str(threads), str(len(digits)))
    table.add(*first, "ANNarchy", typical(duel.annarchy), "1")
    for entry, seconds in duel.others.items():
        faster = f"{three_digits(ratio(duel.annarchy, seconds))} x"
        table.add(*first, entry, typical(seconds), faster)


def _measure_network(bench: Bench, name: str, precision: str, table: Table) -> None:
    """Rows of one network in one precision."""
    network = bench.network(name)
    count = bench.settings.digits * (MLP_FACTOR if name == "mlp" else 1)
    digits = bench.digits(count)
    folder = bench.folder / f"{name}-{precision}"
    annconv.export(network, folder, name="net", precision=precision)
    digits.astype(np.float32).tofile(folder / "digits.bin")
    program = _program(folder)
    for threads in bench.threads:
        alone, together = _c_times(bench, folder, program, threads)
        compiled = bench.compiled(network, precision, threads)
        calls, batch = in_turns(
            {"calls": _one_by_one(compiled, digits), "batch": predicting(compiled, digits)},
            bench.settings.repeats,
        ).values()
        more = sorted(call - share for call, share in zip(calls, batch, strict=True))
        table.add(
            name, precision, str(threads), typical(together), typical(alone),
            three_digits(ratio(alone, together)), typical(calls), readable(more[len(more) // 2]),
        )  # fmt: skip


def _one_by_one(compiled: CompiledNetwork, digits: FloatArray) -> Candidate:
    parts = [digits[index : index + 1] for index in range(len(digits))]

    def run() -> None:
        for part in parts:
            compiled.predict(part)

    return Candidate(run, len(digits))


def _program(folder: Path) -> Path:
    """Build the project's library, and the program that calls it."""
    tools = find_toolchain(read_environment().compiler, python=False)
    compiler = str(tools.compiler.path)
    configure = [
        "-S", ".", "-B", "build", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
        f"-DCMAKE_MAKE_PROGRAM={tools.ninja.path}",
    ]  # fmt: skip
    link = ["-std=c++17", "-O2", "-Iinclude", str(SOURCE), "build/libnet.a", "-pthread"]
    for command in (
        [str(tools.cmake.path), *configure],
        [str(tools.cmake.path), "--build", "build"],
        [compiler, *link, "-o", "single_calls"],
    ):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "single_calls"


def _c_times(
    bench: Bench, folder: Path, program: Path, threads: int
) -> tuple[list[float], list[float]]:
    """Seconds a digit alone and in a batch, one of each for every turn."""
    numbers = (bench.settings.steps, threads, bench.settings.repeats)
    command = [str(program), "net.weights", "digits.bin", *map(str, numbers)]
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    rows = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    return [row[0] for row in rows], [row[1] for row in rows]
