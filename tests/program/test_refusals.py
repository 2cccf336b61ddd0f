"""What a standalone program cannot run ends it with status 1 and one line that says why."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import pytest
from damages import damaged
from random_networks import draw_structure

from annconv.plan.packing import pack
from annconv.plan.planner import make_plan

pytestmark = [pytest.mark.compiles, pytest.mark.sanitizer]

SEED = 3_000_040
HEADER = 88
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
    assert len(done.results.splitlines()) == 2


def refusal(done) -> str:
    """The one line that a refused call prints."""
    assert done.status == 1, done.errors
    assert done.results == ""
    (line,) = done.errors.splitlines()
    assert line.startswith("network: ")
    return line.removeprefix("network: ")


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
        (["more.npy"], "expected three files, received 4 (see --help)"),
    ],
)
def test_options(program, samples, options, line):
    assert refusal(program.run(samples, *options)) == line


def test_too_few_files(program):
    assert refusal(program.call()) == "expected three files, received 0 (see --help)"


def test_help_is_no_refusal(program):
    done = program.call("--help")
    assert (done.status, done.errors) == (0, "")


def test_missing_files(program, samples):
    absent = program.folder / "absent"
    why = f"{absent}: expected a file, received none that can be opened"
    assert refusal(program.call(absent, samples, program.results)) == why
    assert refusal(program.run(absent)) == why


def test_a_folder_in_place_of_a_file(program):
    assert refusal(program.run(program.folder)).startswith(f"{program.folder}: ")


def test_results_that_cannot_be_written(program, samples):
    path = program.folder / "absent" / "results.csv"
    line = refusal(program.call(program.weights, samples, path))
    assert line == f"{path}: expected a file that can be written"


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
    assert reasons[1] == "expected format version 1, received 5"
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
    size, received = program.network.input.size, np.prod(shape[1:], dtype=int)
    line = f"{path}: expected {size} values per sample, received {received}"
    assert refusal(program.run(path)) == line


def test_wrong_number_of_frames(program):
    size = program.network.input.size
    path = program.write_samples(np.zeros((2, 5, *program.network.input.geometry)), frames=True)
    line = refusal(program.run(path, "--frames", "--steps", "4"))
    assert line == f"{path}: expected {4 * size} values per sample, received {5 * size}"


def test_a_single_number(program):
    path = program.folder / "samples.npy"
    np.save(path, np.float64(1))
    line = f"{path}: expected an array of samples, received a single number"
    assert refusal(program.run(path)) == line


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rates_that_are_not_finite(program, value):
    rates = np.zeros((2, program.network.input.size))
    rates[1, -1] = value
    path = program.folder / "samples.npy"
    np.save(path, rates)
    assert refusal(program.run(path)) == f"{path}: expected finite rates, received {value}"


def test_numbers_of_another_type_or_order(program):
    path = program.folder / "samples.npy"
    rates = np.zeros((2, program.network.input.size))
    np.save(path, rates.astype(np.int64))
    assert "of type '<i8', expected '<f4' or '<f8'" in refusal(program.run(path))
    np.save(path, np.asfortranarray(rates))
    assert "in Fortran order, expected C order" in refusal(program.run(path))


def test_samples_cut_short(program, samples):
    good = samples.read_bytes()
    for length in range(0, len(good), 97):
        samples.write_bytes(good[:length])
        assert refusal(program.run(samples)).startswith(f"{samples}: ")
    samples.write_text("no NumPy file at all")
    line = f"{samples}: expected a .npy file, received something else"
    assert refusal(program.run(samples)) == line
