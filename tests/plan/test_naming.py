"""Identifiers for generated code."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annconv.plan.naming import RESERVED_NAMES, Names, is_free_identifier

ANY_TEXT = st.text(max_size=80)
SIMILAR = st.text(alphabet="aA1_-é /", max_size=6)


@given(words=st.lists(st.tuples(ANY_TEXT | SIMILAR, SIMILAR), max_size=30))
@example(words=[("a-b", "v"), ("a_b", "v"), ("A B", "v"), ("a", "b_v"), ("a_b_v2", "")])
@example(words=[("conv1", "v"), ("conv_1", "v"), ("static", "cast"), ("size", "t"), ("", "real")])
def test_identifiers_are_valid_and_never_shared(words: list[tuple[str, str]]) -> None:
    names = Names()
    given_out = [names.identifier(*pair) for pair in words]
    assert len(set(given_out)) == len(given_out)
    in_pascal_case = ["".join(part.capitalize() for part in n.split("_")) for n in given_out]
    assert len(set(in_pascal_case)) == len(given_out)
    for name in given_out:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name), name
        assert name not in RESERVED_NAMES
        assert is_free_identifier(name)
        assert len(name) < 100


@pytest.mark.parametrize("word", sorted(RESERVED_NAMES))
def test_no_reserved_word_is_an_identifier(word: str) -> None:
    assert Names().identifier(word) == f"{word.lower()}_v2"
    assert Names().identifier(*word.split("_")) == f"{word.lower()}_v2"
    assert not is_free_identifier(word)


def test_words_that_are_reserved_for_each_reason() -> None:
    """A keyword, a macro, a name of the library, a member of every arena."""
    assert {"static_cast", "math_errhandling", "size_t", "shared_inputs"} <= RESERVED_NAMES


def test_names_given_out_elsewhere_are_taken() -> None:
    names = Names(["layer_conv", "layer_conv_scratch"])
    assert names.identifier("layer", "conv", "scratch") == "layer_conv_scratch_v2"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("conv2d_1", "g", "exc"), "conv2d_1_g_exc"),
        (("Max Pooling (2D)", "v"), "max_pooling_2d_v"),
        (("2nd", "v"), "layer_2nd_v"),
        (('x"); system("true"); //', "spikes"), "x_system_true_spikes"),
        (("日本", "v"), "layer_v"),
        (("", "errno"), "layer_errno"),
        (("\u202e", "real"), "layer_real"),
        (("a" * 100, "v"), "a" * 40 + "_v"),
        (("__init__",), "init"),
    ],
)
def test_identifiers_read_like_the_words(words: tuple[str, ...], expected: str) -> None:
    assert Names().identifier(*words) == expected


def test_the_same_words_give_numbered_identifiers() -> None:
    names = Names()
    assert [names.identifier("a", "v") for _ in range(3)] == ["a_v", "a_v_v2", "a_v_v3"]
