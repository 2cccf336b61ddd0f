"""The notebooks: as they should be committed, and all their cells run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from digits import DATA

NOTEBOOKS = ("annarchy", "cnn", "mlp", "neuron")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LONGEST_TEXT, LONGEST_CODE = 12, 25
CELL_SECONDS = 600
"""A cell that takes longer hangs."""
PNG = "image/png"


def path_of(name: str) -> Path:
    return DATA.parent / f"{name}.ipynb"


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(path_of(name), as_version=4)


def test_no_notebook_is_forgotten():
    assert sorted(path.stem for path in DATA.parent.glob("*.ipynb")) == sorted(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
class TestCommitted:
    def test_without_anything_that_running_leaves(self, name):
        notebook = read(name)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata == METADATA
        for cell in notebook.cells:
            assert cell.metadata == {}
            if cell.cell_type == "code":
                assert (cell.execution_count, cell.outputs) == (None, [])

    def test_as_a_script_would_write_it(self, name):
        text = path_of(name).read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"

    def test_cells_are_short_and_explained(self, name):
        cells = read(name).cells
        assert cells[0].source.startswith("# ")
        for cell in cells:
            longest = LONGEST_CODE if cell.cell_type == "code" else LONGEST_TEXT
            assert 1 <= len(cell.source.splitlines()) <= longest, cell.id
        kinds = [cell.cell_type for cell in cells]
        assert {"markdown", "code"} == set(kinds)
        assert ["code"] * 4 not in [kinds[at : at + 4] for at in range(len(kinds))]

    def test_links_lead_somewhere(self, name):
        for cell in read(name).cells:
            for target in re.findall(r"\]\(([^)]+)\)", cell.source):
                assert (DATA.parent / target).is_file()

    def test_listed_where_readers_look(self, name, root_folder):
        assert f"(examples/{name}.ipynb)" in (root_folder / "README.md").read_text("utf-8")
        assert f"(../examples/{name}.ipynb)" in (root_folder / "docs/index.md").read_text("utf-8")


@pytest.fixture
def execute(root_folder, tmp_path, monkeypatch):
    """Runs a notebook in a kernel of this Python, which knows nothing of the user's Jupyter."""
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    path = os.pathsep.join(filter(None, [str(root_folder), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)

    def run(name):
        notebook = read(name)
        where = {"metadata": {"path": str(DATA.parent)}}
        NotebookClient(notebook, timeout=CELL_SECONDS, resources=where).execute()
        return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}

    return run


def printed(outputs) -> str:
    """What a cell wrote to stdout."""
    return "".join(entry.text for entry in outputs if entry.get("name") == "stdout")


def pictures(cells) -> list[str]:
    """Cells that show a picture."""
    return [
        cell
        for cell, outputs in cells.items()
        if any(PNG in out.get("data", {}) for out in outputs)
    ]


def numbers(outputs) -> list[float]:
    """Numbers with a point that a cell wrote."""
    return [float(found) for found in re.findall(r"\d+\.\d+", printed(outputs))]


@pytest.mark.keras
@pytest.mark.compiles
class TestRun:
    @pytest.mark.slow
    def test_cnn(self, execute):
        cells = execute("cnn")
        assert pictures(cells) == ["digits", "steps", "raster", "report"]
        assert printed(cells["convert"]).startswith("network functional  dt=1.0 ms  steps=200")
        accuracy, _ = numbers(cells["predict"])  # the other one is a time
        assert accuracy >= 0.95
        own, same = numbers(cells["keras"])
        assert (own >= 0.95, same >= 0.95) == (True, True)
        shares = numbers(cells["steps"])
        assert max(shares[:3]) < 0.3  # nothing has reached the output
        assert min(shares[-5:]) >= 0.95

    @pytest.mark.slow
    def test_mlp(self, execute):
        cells = execute("mlp")
        assert pictures(cells) == ["rasters", "time", "early", "each"]
        rows = [line.split() for line in printed(cells["spikes"]).splitlines()[1:]]
        assert [row[0] for row in rows] == ["CPN", "IB", "PSO", "phase"]
        assert all(float(row[1]) >= 0.75 for row in rows)
        rows = {row[0]: row[1:] for row in map(str.split, printed(cells["readouts"]).splitlines())}
        assert [float(rows[name][1]) for name in ("spike_count", "membrane_potential")] == [200] * 2
        first, some = rows["time_to_first_spike"], rows["time_to_k_spikes"]
        assert float(first[0]) < float(some[0])
        assert float(first[1]) < float(some[1]) < 200
        assert int(first[2]) > int(some[2])

    def test_annarchy(self, execute):
        # With ANNarchy `make compare-annarchy` runs it.
        cells = execute("annarchy")
        assert pictures(cells) == ["times"]
        spikes = [int(count) for count in re.findall(r"\d+(?=[,\]])", printed(cells["live"]))]
        assert spikes.index(max(spikes)) == int(printed(cells["live"])[len("digit ")])
        rows = [line.split() for line in printed(cells["thetas"]).splitlines()]
        accuracies, times = ([float(row[at]) for row in rows] for at in (3, 5))
        assert (accuracies, times) == (sorted(accuracies), sorted(times))
        assert accuracies[-1] >= 0.9
        expected = "ANNarchy is not installed: nothing to compare\n"
        if importlib.util.find_spec("ANNarchy") is not None:
            expected = "20 of 20 decisions are the same, in the same step\n"
        assert printed(cells["compare"]) == expected

    @pytest.mark.slow
    def test_neuron(self, execute):
        cells = execute("neuron")
        assert pictures(cells) == ["plot", "weights"]
        (accuracy,) = numbers(cells["accuracy"])
        assert accuracy >= 0.9
        spikes = [int(count) for count in re.findall(r"(\d+) spikes", printed(cells["parameters"]))]
        assert spikes == sorted(spikes, reverse=True)
        without, trained = numbers(cells["predict"])
        assert without < 0.6
        assert trained == accuracy
