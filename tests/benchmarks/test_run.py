"""Options of the command, and where results go."""

import argparse
import importlib

import pytest

from annconv.errors import AnnconvError
from bench import Bench, Settings
from run import (
    SECTIONS,
    chosen_sections,
    count,
    measure_section,
    parse_arguments,
    settings_of,
    write_section,
)
from tables import Chart, Table


def test_defaults():
    assert settings_of(parse_arguments([])) == Settings()


def test_quick_is_small_but_options_win():
    settings = settings_of(parse_arguments(["--quick", "--steps", "33"]))
    assert settings.quick
    assert (settings.steps, settings.repeats, settings.pairs, settings.builds) == (33, 1, 1, 1)


def test_every_section_can_be_measured():
    for name in SECTIONS:
        assert callable(importlib.import_module(f"sections.{name}").measure)


def test_sections_keep_their_order():
    assert chosen_sections(None, annarchy=True) == list(SECTIONS)
    assert chosen_sections(["growth", "annarchy"], annarchy=True) == ["annarchy", "growth"]


def test_without_annarchy_its_sections_are_left_out():
    left = chosen_sections(None, annarchy=False)
    assert set(SECTIONS) - set(left) == {"annarchy", "vectors"}


def test_unknown_sections_are_refused(capsys):
    with pytest.raises(SystemExit):
        parse_arguments(["--only", "speed"])
    assert "invalid choice: 'speed'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_counts_are_whole_numbers_from_one(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"from 1, received {text}"):
        count(text)


def test_a_section_is_written_with_its_picture(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Prose.\n<!-- bench: growth -->\n<!-- end: growth -->\n")
    table = Table("title", ("x",), [("1",)])
    table.charts.append(Chart("line", "growth", (1.0, 2.0), (3.0, 4.0), "steps", "ms"))
    write_section(page, "growth", [table, Table("second", ("y",), [("2",)])])
    text = page.read_text()
    assert text.startswith("Prose.\n")
    assert "**title**" in text
    assert "**second**" in text
    assert "](pictures/performance-growth.svg)" in text
    assert (tmp_path / "pictures" / "performance-growth.svg").exists()


@pytest.fixture
def bench(tmp_path):
    """A bench whose sections are replaced."""
    return Bench(Settings(), tmp_path)


def test_a_section_is_printed_and_written(bench, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("<!-- bench: build -->\n<!-- end: build -->\n")
    table = Table("title", ("x",), [("1",)])
    monkeypatch.setattr("sections.build.measure", lambda _bench: iter([table]))
    assert measure_section(bench, "build", page)
    assert "title\n  x\n  1\n" in capsys.readouterr().out
    assert "**title**" in page.read_text()


def test_a_section_that_fails_leaves_the_page_alone(bench, tmp_path, monkeypatch, capsys):
    def measure(bench):
        yield Table("title", ("x",), [("1",)])
        raise AnnconvError("no such precision")

    page = tmp_path / "page.md"
    page.write_text("<!-- bench: build -->\n<!-- end: build -->\n")
    monkeypatch.setattr("sections.build.measure", measure)
    assert not measure_section(bench, "build", page)
    assert "AnnconvError: no such precision" in capsys.readouterr().err
    assert "title" not in page.read_text()
