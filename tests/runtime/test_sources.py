"""What is written, what is built and what is inspected come from one lowering."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from zoo import dense, picture

from annconv.cli.entry import main
from annconv.options import CompileOptions
from annconv.runtime.compiled import compile_network

pytestmark = pytest.mark.compiles
NETWORKS = {"cnn": picture, "mlp": dense}


@pytest.mark.usefixtures("quick_builds")
@pytest.mark.parametrize("precision", ["single", "double", "int16"])
@pytest.mark.parametrize("name", NETWORKS)
def test_sources_written_are_those_built(
    name: str,
    precision: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = replace(NETWORKS[name](), dt=0.5)  # which no other test builds
    monkeypatch.setenv("ANNCONV_KEEP", str(tmp_path / "kept"))
    compiled = compile_network(network, CompileOptions(precision=precision))
    compiled.write_sources(tmp_path / "written")
    written = {path.name: path.read_text() for path in (tmp_path / "written").glob("*.[ch]pp")}
    kept = tmp_path / "kept" / "src"
    assert len(written) >= 3
    assert written == {file: (kept / file).read_text() for file in written}
    network.save(tmp_path / "network.snn")
    main(["inspect", str(tmp_path / "network.snn"), "--ir", "plan", "--precision", precision])
    assert capsys.readouterr().out == f"{compiled.plan}\n"
