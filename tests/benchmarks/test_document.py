"""Numbers between markers, prose around them left alone."""

import pytest

from document import markers, replace_section
from run import SECTIONS

DOCUMENT = (
    "Before.\n<!-- bench: a -->\nold\n<!-- end: a -->\nAfter.\n<!-- bench: b -->\n<!-- end: b -->"
)


def test_only_what_stands_between_the_markers_changes():
    changed = replace_section(DOCUMENT, "a", "| new |\n")
    start, end = markers("a")
    assert changed == DOCUMENT.replace(f"{start}\nold\n{end}", f"{start}\n\n| new |\n\n{end}")


def test_writing_the_same_twice_changes_nothing():
    once = replace_section(DOCUMENT, "b", "numbers")
    assert replace_section(once, "b", "numbers") == once


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT.replace("<!-- bench: a -->", ""),
        DOCUMENT.replace("<!-- end: a -->", ""),
        DOCUMENT + "<!-- bench: a -->",
        DOCUMENT + "<!-- end: a -->",
        "<!-- end: a -->" + DOCUMENT,
    ],
)
def test_markers_stand_once_and_in_order(document):
    expected = "section 'a': expected the lines '<!-- bench: a -->' and '<!-- end: a -->' once"
    with pytest.raises(ValueError, match=expected) as caught:
        replace_section(document, "a", "new")
    assert "Sections found: " in str(caught.value)
    assert "Instead: add the two lines." in str(caught.value)


def test_the_performance_page_has_a_place_for_every_section(root_folder):
    page = (root_folder / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in ("machine", *SECTIONS):
        assert "new numbers" in replace_section(page, name, "new numbers")
