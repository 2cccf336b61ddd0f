"""The name under which a network is exported: of program, library and all C identifiers."""

from __future__ import annotations

import re

from annconv.errors import OptionError

_VALID = re.compile(r"[a-z][a-z0-9_]{0,47}")
_RESERVED = frozenset((
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
    "case", "catch", "char", "class", "compl", "const", "constexpr", "continue", "decltype",
    "default", "delete", "do", "double", "else", "enum", "explicit", "export", "extern", "false",
    "float", "for", "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace",
    "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
    "protected", "public", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "struct", "switch", "template", "this", "throw", "true", "try", "typedef",
    "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while",
    "xor", "xor_eq", "all", "clean", "depend", "edit_cache", "help", "install", "package",
    "package_source", "preinstall", "rebuild_cache", "test", "annconv", "network", "program",
    "std", "main", "linux", "unix", "predict_batch", "step_by_hand", "cmake",
    # libraries
    "c", "m", "dl", "rt", "pthread", "gcc", "gcc_s", "util", "resolv", "crypt", "atomic",
    # headers of C and POSIX: the network's own would hide them
    "alloca", "assert", "complex", "ctype", "dirent", "dlfcn", "elf", "endian", "errno", "fcntl",
    "features", "fenv", "float", "ftw", "getopt", "glob", "grp", "iconv", "inttypes", "iso646",
    "langinfo", "libgen", "libintl", "limits", "link", "locale", "malloc", "math", "memory",
    "netdb", "paths", "poll", "pwd", "regex", "sched", "search", "semaphore", "setjmp", "signal",
    "spawn", "stdalign", "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio", "stdlib",
    "stdnoreturn", "string", "strings", "syscall", "syslog", "termios", "tgmath", "threads",
    "time", "uchar", "ucontext", "unistd", "utime", "values", "wait", "wchar", "wctype",
    # beginnings of functions of the system: sem_open, aio_error
    "aio", "argp", "fts", "fts64", "gai", "mq", "pidfd", "sem", "shm",
))  # fmt: skip
"""Words of C and C++, targets of CMake, names in the project and of the system."""


def export_name(wanted: str | None, network: str) -> str:
    """The name to export under.

    Args:
        wanted: What was asked for; None: made of the network's name.
        network: The network's name.
    Raises:
        OptionError: What was asked for cannot be such a name.
    """
    if wanted is None:
        made = re.sub(r"[^a-z0-9]+", "_", network.lower()).strip("_")[:40]
        if not made or not made[0].isalpha():
            made = f"net_{made}".rstrip("_")
        return f"{made}_net" if made in _RESERVED else made
    if not isinstance(wanted, str) or not _VALID.fullmatch(wanted) or wanted in _RESERVED:
        raise OptionError(
            "name: expected a lower-case letter and then letters, digits or _ (48 at most), and no "
            f"word of C, C++ or CMake, received {wanted!r}."
        )
    return wanted


def enumerators(names: list[str]) -> list[str]:
    """A C identifier in capitals for each population, all different."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "POPULATION"
        made, number = f"POPULATION_{plain}", 2
        while made in found:
            made, number = f"POPULATION_{plain}_{number}", number + 1
        found.append(made)
    return found


def c_string(text: str) -> str:
    """Text as a C string literal, its UTF-8 bytes in octal where they are not plain ASCII."""
    plain = [
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogatepass")
    ]
    return f'"{"".join(plain)}"'
