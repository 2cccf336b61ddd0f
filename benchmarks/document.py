"""Numbers in a document: each section's between two comments, prose around them left alone."""

from __future__ import annotations

import re


def markers(name: str) -> tuple[str, str]:
    """The comments between which the numbers of section `name` stand."""
    return f"<!-- bench: {name} -->", f"<!-- end: {name} -->"


def replace_section(document: str, name: str, content: str) -> str:
    """A document with other numbers in one section.

    Args:
        document: The whole text.
        name: Of the section.
        content: What stands between its markers from now on.
    Raises:
        ValueError: The document does not have both markers once, in their order.
    """
    start, end = markers(name)
    head, found_start, rest = document.partition(start)
    _, found_end, tail = rest.partition(end)
    if not (found_start and found_end) or start in tail or end in head + tail:
        known = re.findall(r"<!-- bench: (\S+) -->", document)
        raise ValueError(
            f"section {name!r}: expected the lines {start!r} and {end!r} once, in this order. "
            f"Sections found: {', '.join(known) or 'none'}. Instead: add the two lines."
        )
    return f"{head}{start}\n\n{content.strip()}\n\n{end}{tail}"
