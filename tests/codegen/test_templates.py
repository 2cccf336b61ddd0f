"""Comments in generated code, whatever the text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from annconv.codegen.templates import comment, template_environment

HOSTILE = {
    "newline": "a\nsystem();",
    "carriage return": "a\rsystem();",
    "line separator": "a\u2028system();\u2029b\x85c\x0bd\x0ce",
    "end of a comment": "a */ system(); /*",
    "nested": "/*/ //* **/ *//*",
    "backslash": "ends with \\",
    "trigraph": "what??/",
    "trigraphs": "?????/ ??=include ??<",
    "not ASCII": "Schicht übér 日本 \u202eabc\u202c 🙂",
    "surrogate": "a\ud800b",
    "zero": "a\0b\x7f",
    "spaces": "   ",
    "code": 'x"); system("true"); //',
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv2d_1: 28 x 28", "conv2d_1: 28 x 28"),
        ("a\n\tb", "a b"),
        ("a */ b /* c", "a * / b / * c"),
        ("/*/", "/ * /"),
        ("*\\", "* /"),
        ("C:\\", "C:/"),
        ("what??/", "what? ?/"),
        ("???", "? ? ?"),
        ("é", "&#233;"),
        ("\u202e", "&#8238;"),
        ("\ud800", "&#55296;"),
        (" \n ", ""),
    ],
)
def test_text_becomes_a_comment(text: str, expected: str) -> None:
    assert comment(text) == expected


@given(text=st.text() | st.text(alphabet="*/\\?\n\r #'\"aé<=!()-"))
@example(text="*\\\n/")
@example(text="??\\")
@example(text="?\x00?/")
def test_a_comment_is_one_harmless_line(text: str) -> None:
    result = comment(text)
    assert all(" " <= letter <= "~" for letter in result)
    assert not any(part in result for part in ("*/", "/*", "??", "\\"))
    assert comment(result) == result


@pytest.mark.compiles
@pytest.mark.parametrize("trigraphs", ["-trigraphs", "-std=c++17"])
def test_a_compiler_sees_nothing_in_a_comment(trigraphs: str, tmp_path: Path) -> None:
    lines = [f"// {comment(text)}\nint line_{n};" for n, text in enumerate(HOSTILE.values())]
    source = tmp_path / "comments.cpp"
    source.write_text("\n".join(lines) + "\n", encoding="ascii")
    command = [
        "c++",
        "-std=c++17",
        trigraphs,
        "-Wall",
        "-Wextra",
        "-Werror",
        "-E",
        "-P",
        str(source),
    ]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.split("\n")[: len(lines)] == [f"int line_{n};" for n in range(len(lines))]


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        template_environment().from_string("{{ missing }}").render()
