"""What the output of compilers, linkers, CMake and Ninja says about a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ERROR_FORMS = (
    re.compile(r"^[^\s:][^:]*:\d+(?::\d+)?: (?:fatal )?error: "),  # source:line:column
    re.compile(r"^\S+: (?:fatal |internal compiler )?error: "),  # the compiler driver itself
    re.compile(r"^\{standard input\}:\d+: Error: "),  # assembler
    re.compile(r"undefined reference to |multiple definition of "),
    re.compile(r"^\S*\bld(?:\.\w+)?: (?!warning)(?!.*: in function )"),
    re.compile(r"^CMake Error"),
    re.compile(r"^ninja: (?:error|fatal): "),
    re.compile(r"error while loading shared libraries"),
)

_SPACE = "free space on the disk of the cache, or set ANNCONV_CACHE_DIR to a folder on another disk"
_SPACE_REMEDIES = (
    (r"[Nn]o space left on device|[Dd]isk quota exceeded", _SPACE),
    (
        r"[Ff]ile size limit exceeded|[Ff]ile too large|SIGXFSZ",
        "raise the limit on file sizes (ulimit -f)",
    ),
)
_REMEDIES = (
    (r"\bPython\.h\b", "install the C headers of this Python (for example python3-dev)"),
    (r"\bpybind11/", "reinstall pybind11 (pip install --force-reinstall pybind11)"),
    (
        r"[Kk]illed|[Oo]ut of memory|[Cc]annot allocate memory|memory exhausted",
        "give the compiler more memory, or compile with compiler_level=1",
    ),
    (
        r"-fsanitize=|lib[alu]*san|-l[alu]*san\b",
        "install this compiler's sanitizer libraries, or compile with sanitize=False",
    ),
    (
        r"unrecognized (?:command[- ]line )?option|unknown argument|invalid value .* in '-std=",
        "use a newer compiler (GCC 9 or Clang 10 at least), for example by setting CXX",
    ),
)

_DEFAULT_REMEDY = "read the log; ANNCONV_KEEP=FOLDER keeps the sources for a report of this fault"


@dataclass(frozen=True, slots=True)
class FailedStep:
    """The step of a Ninja build that failed.

    Attributes:
        target: Path of the file that was to be made.
        code: Exit code of the command, or None if Ninja did not say.
        command: The command line.
    """

    target: str
    code: int | None
    command: str

    def describe(self) -> str:
        """What was done, for a person: "compiling kernels.cpp" or "linking network.so"."""
        match = re.search(r"\.dir/(.+)\.(?:o|obj)$", self.target)
        return f"compiling {match[1]}" if match else f"linking {self.target}"


def first_error(output: str) -> str:
    """The first line of an output that has the form of an error, or "".

    Args:
        output: What a compiler, linker, CMake or Ninja printed.
    Returns:
        The line; a CMake error, which stands below its place, is joined to it.
    """
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if not any(form.search(line) for form in _ERROR_FORMS):
            continue
        if line.startswith("CMake Error"):
            below = next((text.strip() for text in lines[number + 1 :] if text.strip()), "")
            return f"{line.strip()} {below}".strip()
        return line.strip()
    return ""


def failed_step(output: str) -> FailedStep | None:
    """The first step that Ninja reports as failed, or None."""
    match = re.search(r"^FAILED: (?:\[code=(\d+)\] )?(.+?)\s*\n(.+)$", output, re.MULTILINE)
    if match is None:
        return None
    command = match[3].strip().removeprefix(": && ").removesuffix(" && :").strip()
    return FailedStep(match[2], int(match[1]) if match[1] else None, command)


def remedy(output: str, error: str = "") -> str:
    """What a user can do about a failed build, as half a sentence.

    Args:
        output: Everything that was printed, and how it ended; where space ran out, the first error
            may not say so.
        error: The first error, or "" if no line has the form of one.
    """
    tried = ((_SPACE_REMEDIES, output), (_REMEDIES, error or output))
    found = (text for rows, told in tried for form, text in rows if re.search(form, told))
    return next(found, _DEFAULT_REMEDY)
