"""The help says what a user has to know; values are read as the options mean them."""

from __future__ import annotations

import pytest

from annconv.cli.arguments import factors, make_parser, size
from annconv.conversion.calibration.thresholds import RULES
from annconv.conversion.presets import PRESETS
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.readouts.table import READOUTS


@pytest.mark.parametrize("command", ["predict", "convert", "inspect"])
def test_help_lists_every_name(annconv, command):
    out = annconv(command, "--help")[1]
    names = (*PRESETS, *RULES, *ENCODINGS, *HIDDEN, *READOUTS)
    assert [name for name in names if name not in out] == []


def test_help_of_predict_tells_what_is_rescaled(annconv):
    out = annconv("predict", "--help")[1]
    assert "pixels are divided by 255" in out
    assert "nothing is rescaled" in out


def test_conversion_options_not_given_stay_none():
    arguments = make_parser().parse_args(["convert", "a", "b"])
    assert {arguments.k, arguments.dt, arguments.steps, arguments.input_encoding} == {None}


@pytest.mark.parametrize(("text", "value"), [("2", 2.0), ("2,3.5", [2.0, 3.5])])
def test_factors(text, value):
    assert factors(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000),
        ("0", 0),
        ("2K", 2048),
        ("500 MB", 500 * 1024**2),
        ("1.5GiB", 1536 * 1024**2),
        ("1t", 1024**4),
        ("7 b", 7),
    ],
)
def test_size(text, value):
    assert size(text) == value
