"""Clang reads what is generated without a warning, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from batch import varied
from random_layers import draw_layers
from random_networks import draw_structure
from random_shapes import draw_shapes
from zoo import OPTIONS

from annconv.codegen.render import render_network
from annconv.passes.pipeline import lower

NAMES = ("clang++", *(f"clang++-{version}" for version in range(10, 30)))
CLANG = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.compiles,
    pytest.mark.skipif(CLANG is None, reason="no clang++ on PATH"),
]


@pytest.mark.parametrize("draw", [draw_layers, draw_shapes, draw_structure])
@pytest.mark.parametrize("seed", [1, 4])
def test_clang_warns_of_nothing(draw, seed: int, tmp_path: Path, root_folder: Path) -> None:
    network = draw(seed).with_data(np.random.default_rng(seed), on_grid=False)
    _, plan = lower(network, varied(OPTIONS, seed))
    for name, text in render_network(plan).items():
        (tmp_path / name).write_text(text)
    sources = [str(path) for path in tmp_path.glob("*.cpp")]
    flags = ["-std=c++17", "-fsyntax-only", "-march=native", "-Wall", "-Wextra", "-Werror"]
    done = subprocess.run(
        [str(CLANG), *flags, f"-I{root_folder / 'cpp' / 'include'}", *sources],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
