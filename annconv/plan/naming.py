"""Identifiers for generated code, made from names that may hold any text."""

from __future__ import annotations

import re

_KEYWORD_TEXT = """
alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool
break case catch char char8_t char16_t char32_t class compl concept const const_cast consteval
constexpr constinit continue co_await co_return co_yield decltype default delete do double
dynamic_cast else enum explicit export extern false final float for friend goto if import inline int
long module mutable namespace new noexcept not not_eq nullptr operator or or_eq override private
protected public reflexpr register reinterpret_cast requires return restrict short signed sizeof
static static_assert static_cast struct switch synchronized template this thread_local throw
transaction_safe transaction_safe_dynamic true try typedef typeid typename typeof union unsigned
using virtual void volatile wchar_t while xor xor_eq
"""

CPP_KEYWORDS = frozenset(_KEYWORD_TEXT.split())
"""Words that C++ or its common extensions keep for themselves."""
_LONGEST_WORD = 40


class Names:
    """Gives every name an identifier of its own; no two names ever share one.

    Nor do they in PascalCase, where `conv1` and `conv_1` would look alike.
    """

    def __init__(self) -> None:
        self._taken = {_squeezed(word) for word in CPP_KEYWORDS}

    def identifier(self, *words: str) -> str:
        """A fresh snake_case identifier that reads like the words given.

        Args:
            words: Any text; letters and digits of ASCII are kept. A word without any becomes
                "layer", so that what was two words never becomes one that C++ knows.
        """
        kept = [re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_") for word in words]
        text = "_".join(word[:_LONGEST_WORD].strip("_") or "layer" for word in kept)
        if text[0].isdigit():
            text = f"layer_{text}"
        candidate, number = text, 2
        while _squeezed(candidate) in self._taken:
            candidate, number = f"{text}_v{number}", number + 1
        self._taken.add(_squeezed(candidate))
        return candidate


def _squeezed(identifier: str) -> str:
    """An identifier without underscores."""
    return identifier.replace("_", "")
