"""Limits that linters do not know: lengths of files and functions, no paths of one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

MAX_FILE = 500
MAX_FUNCTION = 60

FOLDERS = ("annconv", "benchmarks", "cpp", "examples", "templates", "tests")
SUFFIXES = {".py", ".hpp", ".cpp", ".j2"}
MACHINE_PATH = re.compile(r"(?<![\w.$}-])/(?:home|root|work|Users)/")


def sources(root: Path) -> Iterator[Path]:
    """All hand-written sources."""
    for folder in FOLDERS:
        yield from (path for path in (root / folder).rglob("*") if path.suffix in SUFFIXES)


def long_files(paths: Iterator[Path]) -> list[str]:
    lengths = ((path, len(path.read_text(encoding="utf-8").splitlines())) for path in paths)
    return [f"{path}: {lines} lines" for path, lines in lengths if lines > MAX_FILE]


def long_functions(paths: Iterator[Path]) -> list[str]:
    found = []
    for path in paths:
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or 0) - node.lineno + 1
                    if lines > MAX_FUNCTION:
                        found.append(f"{path}:{node.lineno}: {node.name}: {lines} lines")
    return found


def machine_paths(paths: Iterator[Path]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]


def test_files_and_functions_are_short(root_folder):
    assert long_files(sources(root_folder)) == []
    assert long_functions(sources(root_folder)) == []


def test_no_path_of_one_machine(root_folder):
    assert machine_paths(sources(root_folder)) == []


def test_tests_are_no_packages(root_folder):
    assert list((root_folder / "tests").rglob("__init__.py")) == []


def test_no_folder_of_tests_is_passed_over(request, root_folder):
    """pytest skips folders with some names, `build` among them, without a word."""
    patterns = request.config.getini("norecursedirs")
    files = [path.relative_to(root_folder) for path in (root_folder / "tests").rglob("test_*.py")]
    passed_over = [
        str(path)
        for path in files
        if any(fnmatch(part, pattern) for part in path.parent.parts for pattern in patterns)
    ]
    assert passed_over == []
    assert Path("tests/build/test_builder.py") in files


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (long_files, "x = 1\n" * (MAX_FILE + 1)),
        (long_functions, "def f():\n" + "    x = 1\n" * MAX_FUNCTION),
        (machine_paths, 'open("/' + 'home/x")\n'),
    ],
)
def test_the_checks_see_what_they_look_for(check, text, tmp_path):
    path = tmp_path / "long.py"
    path.write_text(text)
    assert len(check(iter([path]))) == 1
    path.write_text("def f():\n    return 1\n")
    assert check(iter([path])) == []
