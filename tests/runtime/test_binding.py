"""The bindings, which are compiled once for all networks."""

from __future__ import annotations

from pathlib import Path

import pytest
from zoo import OPTIONS, dense

from annconv.build.cache import Cache
from annconv.runtime.compiled import compile_network
from annconv.runtime.state import open_state

pytestmark = pytest.mark.compiles


def test_the_compiler_warns_of_nothing_in_them(build_cache: Path) -> None:
    """Only a network's own files are compiled with -Werror."""
    compile_network(dense(), OPTIONS)
    open_state(dense(), OPTIONS)
    logs = {
        (entry.folder / "src" / "binding.cpp").read_text("utf-8"): entry.log.read_text("utf-8")
        for entry in Cache(build_cache).entries()
        if entry.label == "binding"
    }
    assert len(logs) == 2
    for log in logs.values():
        assert "-Wall -Wextra" in log
        assert "warning:" not in log
