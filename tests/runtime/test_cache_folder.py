"""Where a network is built: in the folder that was meant when `compile` was called."""

from __future__ import annotations

from pathlib import Path

import pytest
from zoo import OPTIONS, picture

from annconv.build.builder import Artifact
from annconv.environment import Environment
from annconv.options import CompileOptions
from annconv.runtime.compiled import compile_network


def test_a_relative_folder_is_resolved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is built later, because a population is recorded, goes where the network is."""
    asked: list[Path | None] = []

    def find(_: str, options: CompileOptions, *, environment: Environment) -> Artifact:
        asked.append(environment.cache)
        return Artifact(Path("network.so"), Path(), "key", True, Path("build.log"))

    monkeypatch.setattr("annconv.runtime.compiled.find_extension", find)
    monkeypatch.setattr("annconv.runtime.compiled.open_network", lambda *_: None)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNCONV_CACHE_DIR", "cache")
    compiled = compile_network(picture(), OPTIONS)
    monkeypatch.chdir(tmp_path / "elsewhere")
    fused = [index for index, buffer in enumerate(compiled.plan.spikes) if buffer is None]
    compiled._keeping(fused)
    assert asked == [tmp_path / "cache"] * 2
