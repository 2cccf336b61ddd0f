"""Text of every stage of tiny networks: what a change of the compiler changes shows in a diff.

`make text` writes the texts anew; read the diff before it is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from zoo import OPTIONS, ZOO, steady

from annconv.codegen.render import render_network
from annconv.passes.pipeline import lower

GOLDEN = Path(__file__).parent
NETWORKS = {**ZOO, "steady": steady}
"""The zoo, and a network with a kernel that runs once a sample."""


def stages(name: str) -> Mapping[str, str]:
    """File name -> text of every stage."""
    network = NETWORKS[name]()
    _, plan = lower(network, OPTIONS)
    return {
        "network.txt": f"{network}\n",
        "plan.txt": f"{plan}\n",
        **render_network(plan),
    }


def stored(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def renew_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Make the files of a folder those of a mapping."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_stage_reads_as_stored(name: str, renew: bool) -> None:
    texts = stages(name)
    if renew:
        renew_texts(GOLDEN / name, texts)
    assert stored(GOLDEN / name) == texts


def test_no_text_is_left_over() -> None:
    folders = {path.name for path in GOLDEN.iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set(NETWORKS)


def test_renewing_replaces_all_files(tmp_path: Path) -> None:
    (tmp_path / "kernels_1.cpp").write_text("old")
    renew_texts(tmp_path, {"kernels.cpp": "new\n"})
    assert stored(tmp_path) == {"kernels.cpp": "new\n"}
