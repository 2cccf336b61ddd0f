"""C++ names of a neuron's values."""

from __future__ import annotations

import re

import pytest

from annconv.codegen.names import KERNEL_NAMES, RESERVED, cpp_name, fresh_name


@pytest.mark.parametrize("name", ["v", "vt", "mask_tau", "g_exc", "t", "dt", "pi", "rates", "x_"])
def test_most_names_stay(name):
    assert cpp_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("double", "double_"),
        ("double_", "double_u1x"),
        ("g__exc", "g_u2xexc"),
        ("equals", "equals_"),
        ("unspiked", "unspiked_"),
        ("alloca", "alloca_"),
        ("ConvNeuron", "ConvNeuron_"),
        ("new", "new_"),
        ("NAN", "NAN_"),
        ("M_PI", "M_PI_"),
        ("INT_MAX", "INT_MAX_"),
        ("I", "I_"),
        ("linux", "linux_"),
        ("neuron", "neuron_"),
        ("real", "real_"),
        ("uniform", "uniform_"),
        ("kNeurons", "kNeurons_"),
    ],
)
def test_taken_names_are_written_otherwise(name, expected):
    assert cpp_name(name) == expected


def test_no_two_names_become_one():
    names = {f"{word}{'_' * count}" for word in (*RESERVED, "v", "kTile") for count in range(4)}
    assert len({cpp_name(name) for name in names}) == len(names)
    assert not {cpp_name(name) for name in names} & RESERVED


def test_reserved_words_are_identifiers():
    assert KERNEL_NAMES < RESERVED
    assert all(re.fullmatch(r"[A-Za-z_]\w*", word) for word in RESERVED)


def test_gradients_avoid_the_names_of_the_neuron():
    assert fresh_name("dv_dt", {"v", "u"}) == "dv_dt"
    assert fresh_name("dv_dt", {"v", "dv_dt", "dv_dt_"}) == "dv_dt__"
