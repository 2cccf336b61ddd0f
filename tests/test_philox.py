"""Philox against the known answers of Random123, and the numbers made of its words."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.philox import philox4x32, uniform

ONES = 0xFFFFFFFF
KNOWN = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONES,) * 4, (ONES,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers_of_random123(counter, key, words):
    received = " ".join(f"{int(word):08x}" for word in philox4x32(counter, key))
    assert received == words


def test_counters_broadcast_and_each_gives_what_it_gives_alone():
    neurons, samples = np.arange(3), np.arange(2)[:, None]
    words = philox4x32((neurons, 7, 1 << 16 | 2, samples), (5, 0))
    assert {word.shape for word in words} == {(2, 3)}
    assert {word.dtype for word in words} == {np.dtype(np.uint32)}
    alone = philox4x32((2, 7, 1 << 16 | 2, 1), (5, 0))
    assert [int(word[1, 2]) for word in words] == [int(word) for word in alone]


def test_uniform_is_the_middle_of_the_first_words_interval():
    assert uniform(0, 0, 0, 0, 0) == (0x6627E8D5 + 0.5) / 2**32


def test_the_seed_is_both_words_of_the_key():
    seed = 0x299F31D0A4093822
    received = uniform(seed, 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert received == (0xD16CFE09 + 0.5) / 2**32


def test_uniform_numbers_look_uniform():
    numbers = uniform(1, np.arange(100_000), 3, 0, 0)
    assert 0.0 < numbers.min() < 1e-4
    assert 1 - 1e-4 < numbers.max() < 1.0
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    chi_squared = ((counts - 5000) ** 2 / 5000).sum()
    assert chi_squared < 45  # 19 degrees of freedom: exceeded once in a thousand
