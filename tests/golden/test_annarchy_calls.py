"""Scripts of the reference's own calls get what ANNarchy 5.0.4.1 gave them, recorded once.

`make compare-annarchy` runs ANNarchy itself; `benchmarks/compare_annarchy.py --keep` records.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def tool(root: Path, name: str) -> ModuleType:
    """A script of `benchmarks/` as a module."""
    spec = importlib.util.spec_from_file_location(name, root / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.golden
@pytest.mark.keras
@pytest.mark.compiles
@pytest.mark.usefixtures("quick_builds")
def test_every_call_gives_what_the_reference_gave(
    root_folder: Path, golden_folder: Path, tmp_path: Path
) -> None:
    script, comparison = (tool(root_folder, n) for n in ("annarchy_script", "compare_annarchy"))
    recorded = comparison.read_results(golden_folder / "annarchy_calls.json.gz")
    model = str(golden_folder / "annarchy_calls.keras")
    received = json.loads(json.dumps(script.all_results(model, str(tmp_path))))
    assert len(recorded) > 500
    assert comparison.differences(recorded, received) == []


@pytest.mark.golden
@pytest.mark.keras
@pytest.mark.compiles
@pytest.mark.usefixtures("quick_builds")
def test_random_sequences_give_what_the_reference_gave(
    root_folder: Path, golden_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(root_folder / "benchmarks")
    script, comparison = (tool(root_folder, n) for n in ("annarchy_sequences", "compare_annarchy"))
    recorded = comparison.read_results(golden_folder / "annarchy_sequences.json.gz")
    kinds = [kind for kind in script.KINDS if any(kind in name for name in recorded)]
    assert len(kinds) == 2
    model, count = str(golden_folder / "annarchy_calls.keras"), 2 * len(recorded)
    received = script.all_sequences(model, str(tmp_path), count, kinds=kinds)
    assert sum(map(len, recorded.values())) >= 360
    kept = {name: json.loads(json.dumps(received[name])) for name in received}
    assert comparison.differences(recorded, kept) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1.0 + 1e-8),
        (1.0, 1),
        (1, True),
        ([1.0, 2.0], [1.0]),
        ((1.0,), [1.0]),
        ({1: [2]}, {1: [3]}),
        ({1: [2]}, {2: [2]}),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros((1, 2)), np.zeros(2)),
        (np.zeros(2), np.array([0.0, 1e-8])),
        (np.zeros(2), [0.0, 0.0]),
        (np.float64(1), 1.0),
        (np.array([1, 2]), np.array([1, 3])),
        (None, 0),
    ],
)
def test_the_comparison_sees_what_differs(root_folder: Path, one: Any, other: Any) -> None:
    script, comparison = (tool(root_folder, n) for n in ("annarchy_script", "compare_annarchy"))
    kept, changed = (json.loads(json.dumps(script.plain(value))) for value in (one, other))
    assert comparison.difference(kept, changed, "x") is not None
    assert comparison.difference(kept, kept, "x") is None
    assert len(comparison.differences({"a": kept, "b": 1}, {"a": changed, "c": 2})) == 3
    assert len(list(comparison.table({"p: a": kept}, {"p: a": changed}))) == 2


def test_rounding_is_no_difference(root_folder: Path) -> None:
    comparison = tool(root_folder, "compare_annarchy")
    assert comparison.difference(1.0, 1.0 + 1e-10, "x") is None
    assert comparison.difference(1e6, 1e6 + 1e-4, "x") is None


def test_what_cannot_be_kept_is_an_error(root_folder: Path) -> None:
    with pytest.raises(TypeError, match="no way to keep"):
        tool(root_folder, "annarchy_script").plain(object())
