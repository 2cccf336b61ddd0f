"""Tables as text and as Markdown."""

import pytest

from tables import Table


@pytest.fixture
def table():
    table = Table("title", ("name", "time"), note="A note.")
    table.add("a", "10 ms")
    table.add("longer|name", "9 ms")
    return table


def test_text_aligns_columns(table):
    assert table.text().splitlines() == [
        "title",
        "  name         time",
        "  a            10 ms",
        "  longer|name  9 ms",
        "  A note.",
    ]


def test_markdown_keeps_cells_apart(table):
    assert table.markdown().splitlines() == [
        "**title**",
        "",
        "| name | time |",
        "| --- | --- |",
        "| a | 10 ms |",
        "| longer/name | 9 ms |",
        "",
        "A note.",
    ]


def test_a_row_has_as_many_cells_as_columns(table):
    with pytest.raises(ValueError, match="title: 2 columns, 3 cells"):
        table.add("1", "2", "3")
