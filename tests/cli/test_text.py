"""Text on its way to the terminal."""

from __future__ import annotations

from annconv.cli.text import printable, show, tell


def test_controls_are_written_out_and_letters_stay():
    assert printable("a\tb\n\r\x07é→\x85") == "a\tb\n\\x0d\\x07é→\\x85"


def test_answers_and_remarks(capsys):
    show("one\ntwo\n\n")
    show("")
    tell("by the way")
    assert capsys.readouterr() == ("one\ntwo\n", "by the way\n")
