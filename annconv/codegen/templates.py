"""The Jinja2 environment: templates format, Python decides."""

from __future__ import annotations

import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annconv.resources import resource_folder


def template_environment() -> Environment:
    """Templates of `templates/`; an undefined name is an error, `comment` our only filter."""
    environment = Environment(
        loader=FileSystemLoader(resource_folder("templates"), encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the output is C++, names pass through `comment` or are identifiers
    )
    environment.filters["comment"] = comment
    return environment


def comment(text: str) -> str:
    """Any text as the inside of a one-line C++ comment.

    Control characters and line ends become spaces, what is not ASCII becomes `&#N;`; `*/`, `/*`,
    trigraphs and backslashes cannot survive.
    """
    ascii_text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    printable = re.sub(r"[^\x20-\x7e]+", " ", ascii_text)
    safe = printable.replace("\\", "/").replace("*/", "* /").replace("/*", "/ *")
    return re.sub(r"\?(?=\?)", "? ", safe).strip()
