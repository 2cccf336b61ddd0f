"""Errors are found in the output of the tools; the texts are what the tools print."""

from __future__ import annotations

import pytest

from annconv.build.diagnosis import failed_step, first_error, remedy

GCC = """\
In file included from src/kernels.cpp:1:
src/kernels.cpp: In function 'int f()':
src/kernels.cpp:3:10: warning: unused variable 'error: none' [-Wunused-variable]
src/kernels.cpp:7:12: error: 'x' was not declared in this scope
src/kernels.cpp:9:1: fatal error: nothing.hpp: No such file or directory
compilation terminated.
"""

NINJA = """\
[1/3] /usr/bin/g++ -O3 -o CMakeFiles/network.dir/other.cpp.o -c src/other.cpp
[2/3] /usr/bin/g++ -O3 -o CMakeFiles/network.dir/kernels.cpp.o -c src/kernels.cpp
FAILED: [code=1] CMakeFiles/network.dir/kernels.cpp.o \n/usr/bin/g++ -O3 -c src/kernels.cpp
src/kernels.cpp:7:12: error: 'x' was not declared in this scope
ninja: build stopped: subcommand failed.
"""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (GCC, "src/kernels.cpp:7:12: error: 'x' was not declared in this scope"),
        (
            "kernels.cpp:3:10: fatal error: 'array' file not found\n",
            "kernels.cpp:3:10: fatal error: 'array' file not found",
        ),
        (
            "clang++: error: unsupported option '-pthread'\n",
            "clang++: error: unsupported option '-pthread'",
        ),
        (
            "g++: internal compiler error: Killed signal terminated program cc1plus",
            "g++: internal compiler error: Killed signal terminated program cc1plus",
        ),
        (
            "{standard input}: Assembler messages:\n{standard input}:9: Error: no such instruction",
            "{standard input}:9: Error: no such instruction",
        ),
        (
            "/usr/bin/ld: warning: x\n/usr/bin/ld: cannot find -lasan\ncollect2: error: ld failed",
            "/usr/bin/ld: cannot find -lasan",
        ),
        (
            "ld: a.o: in function `main':\nmain.cpp:(.text+0x5): undefined reference to `f()'\n",
            "main.cpp:(.text+0x5): undefined reference to `f()'",
        ),
        (
            "-- Configuring\nCMake Error at CMakeLists.txt:3 (message):\n\n  No Python here\n",
            "CMake Error at CMakeLists.txt:3 (message): No Python here",
        ),
        ("ninja: error: build.ninja:1: no\n", "ninja: error: build.ninja:1: no"),
        ("all went well, error: no\n", ""),
        ("", ""),
    ],
)
def test_first_error_is_the_first_line_of_the_form_of_an_error(output: str, expected: str) -> None:
    assert first_error(output) == expected


@pytest.mark.parametrize("code", ["[code=1] ", ""])  # older versions of Ninja print no code
def test_failed_step_of_ninja(code: str) -> None:
    step = failed_step(NINJA.replace("[code=1] ", code))
    assert step is not None
    assert step.describe() == "compiling kernels.cpp"
    assert step.command == "/usr/bin/g++ -O3 -c src/kernels.cpp"
    assert step.code == (1 if code else None)


def test_a_target_that_is_no_object_is_linked() -> None:
    step = failed_step("FAILED: network.so \n: && c++ -shared -o network.so   && :\n")
    assert step is not None
    assert step.command == "c++ -shared -o network.so"
    assert step.describe() == "linking network.so"


def test_without_a_failed_step_there_is_none() -> None:
    assert failed_step("[1/1] done\n") is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("fatal error: error writing to /tmp/x.s: No space left on device", "free space"),
        (
            "ld: final link failed: Disk quota exceeded",
            "set ANNCONV_CACHE_DIR to a folder on another",
        ),
        ("g++: internal compiler error: File size limit exceeded signal terminated", "ulimit -f"),
        ("signal SIGXFSZ", "ulimit -f"),
        ("b.cpp:1:10: fatal error: Python.h: No such file or directory", "python3-dev"),
        ("x/pybind11/cast.h:1:1: error: what", "reinstall pybind11"),
        ("g++: internal compiler error: Killed signal terminated program cc1plus", "more memory"),
        ("/usr/bin/ld: cannot find -lasan", "sanitize=False"),
        ("g++: error: unrecognized command-line option '-std=c++17'", "newer compiler"),
        ("a.cpp:1:1: error: 'x' was not declared", "ANNCONV_KEEP"),
    ],
)
def test_remedy_fits_the_error(output: str, expected: str) -> None:
    assert expected in remedy(output)
    assert expected in remedy(f"c++ -fsanitize=address -lasan\n{output}", output)


def test_a_full_disk_is_told_though_the_first_error_is_another() -> None:
    output = "ninja: error: build.ninja:92: lexing error\nwriting x: No space left on device\n"
    assert "free space" in remedy(output, "ninja: error: build.ninja:92: lexing error")
