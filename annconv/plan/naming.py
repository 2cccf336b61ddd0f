"""Identifiers for generated code, made from names that may hold any text.

Every name of a network that reaches C++ is one that `Names` gave out; names of a neuron's values
are `codegen/names.py`'s, which reads the lists of words below as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEYWORDS = """
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

_MACROS = """
I alloca assert be16toh be32toh be64toh errno htobe16 htobe32 htobe64 htole16 htole32 htole64 i386
issubnormal le16toh le32toh le64toh linux major makedev math_errhandling minor offsetof
pthread_cleanup_pop pthread_cleanup_pop_restore_np pthread_cleanup_push
pthread_cleanup_push_defer_np sched_priority setjmp signals stderr stdin stdout strdupa strndupa
unix va_arg va_copy va_end va_start
"""

_TYPES = """
int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ptrdiff_t intptr_t
uintptr_t main std
"""

_MEMBERS = "executed shared_inputs"

CPP_KEYWORDS = frozenset(_KEYWORDS.split())
"""Words that C++ or its common extensions keep for themselves."""
CPP_WORDS = frozenset((*CPP_KEYWORDS, *_MACROS.split(), *_TYPES.split()))
"""These, macros of the headers that generated code includes, and names of the standard library."""
RESERVED_NAMES = frozenset((*CPP_WORDS, *_MEMBERS.split()))
"""These, and members that every arena has."""

_LONGEST_WORD = 40


def _squeezed(identifier: str) -> str:
    """An identifier without underscores, in small letters."""
    return identifier.replace("_", "").lower()


_RESERVED = frozenset(map(_squeezed, RESERVED_NAMES))
_FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Names:
    """Gives every name an identifier of its own; no two names ever share one.

    Nor do they in PascalCase, where `conv1` and `conv_1` would look alike.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Start with some names given out.

        Args:
            taken: Identifiers, besides the reserved ones.
        """
        self._taken = {*_RESERVED, *map(_squeezed, taken)}

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


def is_free_identifier(text: str) -> bool:
    """Whether a text is one that `Names` might give out: an identifier that nobody reserves."""
    return _FORM.fullmatch(text) is not None and _squeezed(text) not in _RESERVED
