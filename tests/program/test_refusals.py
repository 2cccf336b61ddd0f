"""What a standalone program cannot run ends it with status 1 and one line that says why."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from damages import damaged
from random_networks import draw_structure

from annconv.plan.packing import pack
from annconv.plan.planner import make_plan

pytestmark = [pytest.mark.compiles, pytest.mark.sanitizer]

SEED = 3_000_040
HEADER = 128
"""Bytes before the payload of packed weights."""


@pytest.fixture(scope="module")
def program(make_program: Callable):
    return make_program(draw_structure(SEED).network)


@pytest.fixture
def samples(program):
    """The path of two good samples."""
    return program.write_samples(np.zeros((2, *program.network.input.geometry)))


@pytest.fixture(autouse=True)
def still_runs(program, samples):
    """Whatever was refused, the next call with good files runs."""
    good = program.weights.read_bytes()
    yield
    program.weights.write_bytes(good)
    path = program.write_samples(np.zeros((2, *program.network.input.geometry)))
    done = program.run(path, "--steps", "3")
    assert (done.status, done.errors) == (0, "")
    assert len(done.labels.splitlines()) == 2


def refusal(done, status: int = 1) -> str:
    """The one line that a refused call prints; it leaves no file."""
    assert done.status == status, done.errors
    assert (done.labels, done.arrays, done.spikes) == ("", {}, "")
    (line,) = done.errors.splitlines()
    assert line.startswith("alone: ")
    return line.removeprefix("alone: ")


@pytest.fixture(autouse=True)
def no_part_of_a_file(program):
    """Nothing that was begun is left."""
    yield
    assert [path.name for path in program.folder.iterdir() if ".part" in path.name] == []


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--steps", "abc"],
            "--steps: expected a whole number from 1 to 2147483647, received 'abc'",
        ),
        (["--steps", "0"], "--steps: expected a whole number from 1 to 2147483647, received '0'"),
        (
            ["--steps", "12x"],
            "--steps: expected a whole number from 1 to 2147483647, received '12x'",
        ),
        (["--steps", ""], "--steps: expected a whole number from 1 to 2147483647, received ''"),
        (
            ["--steps", "2147483648"],
            "--steps: expected a whole number from 1 to 2147483647, received '2147483648'",
        ),
        (["--threads", "-1"], "--threads: expected a whole number from 1 to 4096, received '-1'"),
        (
            ["--threads", "5000"],
            "--threads: expected a whole number from 1 to 4096, received '5000'",
        ),
        (
            ["--seed", "-1"],
            "--seed: expected a whole number from 0 to 18446744073709551615, received '-1'",
        ),
        (["--seed"], "--seed: expected a value, received none"),
        (["--stpes", "3"], "expected an option that --help lists, received '--stpes'"),
        (["--output", ""], "--output: expected a file, received ''"),
        (
            ["--output", "a.npy", "--counts", "a.npy"],
            "expected a file of its own for each result, received 'a.npy' twice",
        ),
        (["more.npy"], "expected one file of samples, received 2 (see --help)"),
    ],
)
def test_options(program, samples, options, line):
    assert refusal(program.run(samples, *options), status=2) == line


def test_too_few_files(program):
    line = "expected one file of samples, received 0 (see --help)"
    assert refusal(program.call(), status=2) == line


def test_help_is_no_refusal(program):
    for option, first in (("--help", "usage: alone SAMPLES"), ("--about", "alone: a spiking")):
        done = program.call(option)
        assert (done.status, done.errors) == (0, "")
        assert done.labels.startswith(first)


def test_missing_files(program, samples):
    absent = program.folder / "absent"
    why = f"{absent}: expected a file that can be read, received: No such file or directory"
    assert refusal(program.call(samples, "--weights", absent)) == why
    assert refusal(program.run(absent)) == why
    beside = program.path.parent / "alone.weights"
    assert refusal(program.call(samples)) == why.replace(str(absent), str(beside))


def test_a_folder_in_place_of_a_file(program):
    why = f"{program.folder}: expected a file that can be read, received: Is a directory"
    assert refusal(program.run(program.folder)) == why


def test_results_that_cannot_be_written(program, samples):
    path = program.folder / "absent" / "labels.npy"
    line = refusal(program.run(samples, "--output", path))
    why = "expected a file that can be written, received: No such file or directory"
    assert line == f"{path}: {why}"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("option", ["--output", "--scores", "--spikes"])
def test_a_full_disk(program, samples, option):
    line = refusal(program.run(samples, "--steps", "3", option, "/dev/full"))
    why = "expected a file that can be written, received: No space left on device"
    assert line == f"/dev/full: {why}"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_standard_output_that_is_full(program, samples):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program.path, samples, "--weights", program.weights],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "alone: standard output: expected one that can be written to\n"


def test_weights_cut_short(program, samples):
    good = program.weights.read_bytes()
    size = len(good) - HEADER
    for length in (0, 7, HEADER - 1, HEADER, len(good) - 1):
        program.weights.write_bytes(good[:length])
        line = refusal(program.run(samples))
        expected = (
            f"expected at least {HEADER} bytes, received {length}"
            if length < HEADER
            else f"expected {size} bytes of data, received {length - HEADER}"
        )
        assert line == f"{program.weights}: packed weights: {expected}"


def test_weights_with_a_flipped_bit(program, samples):
    good = bytearray(program.weights.read_bytes())
    reasons = []
    for position in (0, 8, 12, 16, 30, HEADER, len(good) - 1):
        bad = good.copy()
        bad[position] ^= 4
        program.weights.write_bytes(bad)
        line = refusal(program.run(samples))
        assert "expected" in line
        assert "received" in line
        reasons.append(line.removeprefix(f"{program.weights}: packed weights: "))
    checksum, size = zlib.crc32(good[HEADER:]), len(good) - HEADER
    assert reasons[0] == "expected a weight file of annconv, received something else"
    assert reasons[1] == "expected format version 2, received 6"
    assert reasons[2] == f"damaged: expected checksum {checksum ^ 4}, received {checksum}"
    assert reasons[3] == f"expected {size ^ 4} bytes of data, received {size}"
    assert reasons[4].startswith("expected data for the structure ")
    assert all(reason.startswith("damaged: expected checksum ") for reason in reasons[5:])


@pytest.mark.slow
def test_damaged_weights(program, samples):
    """Those of the extension are in `tests/damage`; here the sanitizers look on."""
    good = program.weights.read_bytes()
    for content in damaged(good, 250, seed=3):
        program.weights.write_bytes(content)
        line = refusal(program.run(samples))
        assert line.startswith(f"{program.weights}: packed weights: ")


def test_weights_of_another_network(program, samples):
    other = draw_structure(SEED + 1).network
    program.weights.write_bytes(pack(make_plan(other, "double"), other))
    line = refusal(program.run(samples))
    assert "expected" in line
    assert "received" in line


def test_weights_of_another_precision(program, samples):
    network = program.network
    program.weights.write_bytes(pack(make_plan(network, "single"), network))
    assert "bytes of data, received" in refusal(program.run(samples))


@pytest.mark.parametrize("shape", [(1,), (2, 3), (3, 2, 2)])
def test_wrong_number_of_values(program, shape):
    path = program.folder / "samples.npy"
    np.save(path, np.zeros(shape))
    size = program.network.input.size
    why = f"expected an array of samples of {size} values each, received shape "
    assert refusal(program.run(path)) == f"{path}: {why}({', '.join(map(str, shape))})"


def test_wrong_number_of_frames(program):
    size = program.network.input.size
    shape = (2, 5, *program.network.input.geometry)
    path = program.write_samples(np.zeros(shape))
    line = refusal(program.run(path, "--frames", "--steps", "4"))
    why = f"expected an array of samples of {4 * size} values each, received shape "
    assert line == f"{path}: {why}({', '.join(map(str, shape))})"


def test_a_single_number(program):
    path = program.folder / "samples.npy"
    np.save(path, np.float64(1))
    size = program.network.input.size
    why = f"expected an array of samples of {size} values each, received shape ()"
    assert refusal(program.run(path)) == f"{path}: {why}"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rates_that_are_not_finite(program, value):
    rates = np.zeros((2, program.network.input.size))
    rates[1, -1] = value
    path = program.folder / "samples.npy"
    np.save(path, rates)
    assert refusal(program.run(path)) == f"{path}: expected finite values, received {value:f}"


def test_values_that_leave_the_numbers(program):
    rates = np.full((2, program.network.input.size), 1.5e308)
    path = program.folder / "samples.npy"
    np.save(path, rates)
    line = refusal(program.run(path))
    assert line.startswith(f"{path}: expected values that stay finite times the input scale of ")


def test_numbers_of_another_type_or_order(program):
    path = program.folder / "samples.npy"
    rates = np.zeros((2, program.network.input.size))
    np.save(path, rates.astype(np.complex64))
    assert "of type '<c8', expected little-endian numbers" in refusal(program.run(path))
    np.save(path, rates.astype(">f8"))
    assert "of type '>f8', expected little-endian numbers" in refusal(program.run(path))
    np.save(path, np.asfortranarray(rates))
    assert "in Fortran order, expected C order" in refusal(program.run(path))


def test_samples_cut_short(program, samples):
    good = samples.read_bytes()
    for length in range(0, len(good), 97):
        samples.write_bytes(good[:length])
        assert refusal(program.run(samples)).startswith(f"{samples}: ")
    samples.write_text("no NumPy file at all")
    line = f"{samples}: expected a .npy or IDX file, received something else"
    assert refusal(program.run(samples)) == line
