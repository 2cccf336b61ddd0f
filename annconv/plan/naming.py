"""Identifiers for generated code, made from names that may hold any text."""

from __future__ import annotations

import re

_CPP_KEYWORDS = frozenset(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t"
    " class compl const const_cast constexpr continue decltype default delete do double dynamic_cast"
    " else enum explicit export extern false float for friend goto if inline int long mutable"
    " namespace new noexcept not not_eq nullptr operator or or_eq private protected public register"
    " reinterpret_cast return short signed sizeof static static_assert static_cast struct switch"
    " template this thread_local throw true try typedef typeid typename union unsigned using virtual"
    " void volatile wchar_t while xor xor_eq linux unix".split()
)
_LONGEST = 60


class Names:
    """Gives every name an identifier of its own; no two names ever share one."""

    def __init__(self) -> None:
        self._taken: set[str] = set(_CPP_KEYWORDS)

    def identifier(self, *words: str) -> str:
        """A fresh snake_case identifier that reads like the words given.

        Args:
            words: Any text; letters and digits of ASCII are kept.
        """
        text = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")[:_LONGEST].strip("_")
        if not text or not text[0].isalpha():
            text = f"layer_{text}".rstrip("_")
        candidate, number = text, 2
        while candidate in self._taken:
            candidate, number = f"{text}_v{number}", number + 1
        self._taken.add(candidate)
        return candidate
