"""The name in the index changes with everything that may change the key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from annconv.build import index
from annconv.build.index import code_state, index_name, machine_text
from annconv.options import CompileOptions

CPUINFO = """\
processor\t: 0
model name\t: Zen 5
cpu MHz\t\t: {mhz}
flags\t\t: fpu {flags}

processor\t: 1
model name\t: other
"""


@pytest.fixture
def compiler(tmp_path: Path) -> Path:
    path = tmp_path / "g++"
    path.write_text("compiler")
    return path


def name_of(compiler: Path, **changes: object) -> str:
    options = changes.pop("options", CompileOptions())
    assert isinstance(options, CompileOptions)
    identity = str(changes.pop("identity", "network"))
    code = str(changes.pop("code", "code"))
    variables = {"PATH": "/bin", **{name: str(value) for name, value in changes.items()}}
    return index_name(identity, options, compiler=compiler, environment=variables, code=code)


def test_equal_inputs_have_one_name(compiler: Path) -> None:
    assert name_of(compiler) == name_of(compiler)
    assert len(name_of(compiler)) == 64


def test_everything_that_counts_changes_the_name(
    compiler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        name_of(compiler),
        name_of(compiler, identity="other"),
        name_of(compiler, code="other"),
        name_of(compiler, CPATH="/include"),
        name_of(compiler, options=CompileOptions(precision="double")),
        name_of(compiler, options=CompileOptions(compiler_level=1)),
        name_of(compiler, options=CompileOptions(strict_warnings=True)),
    ]
    other = tmp_path / "clang++"
    other.symlink_to(compiler)
    names.append(name_of(other))
    os.utime(compiler, (1, 1))
    names.append(name_of(compiler))
    compiler.write_text("compiler 2")
    os.utime(compiler, (1, 1))
    names.append(name_of(compiler))
    monkeypatch.setattr(index, "python_suffix", lambda: ".cpython-399.so")
    names.append(name_of(compiler))
    monkeypatch.setattr(index, "machine_text", lambda: "another machine")
    names.append(name_of(compiler))
    assert len(set(names)) == len(names)


def test_what_does_not_count_leaves_the_name(compiler: Path) -> None:
    assert name_of(compiler, HOME="/root") == name_of(compiler)
    assert name_of(compiler, options=CompileOptions(threads=3)) == name_of(compiler)


def test_the_machine_is_what_its_first_processor_can_do(tmp_path: Path) -> None:
    texts = []
    for mhz, flags in (("2000", "avx2"), ("3000", "avx2"), ("2000", "avx2 avx512f")):
        path = tmp_path / "cpuinfo"
        path.write_text(CPUINFO.format(mhz=mhz, flags=flags))
        texts.append(machine_text(path))
    assert texts[0] == texts[1] != texts[2]
    assert "other" not in texts[0]
    assert machine_text(tmp_path / "nothing")


def test_the_state_of_code_changes_with_every_file(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "deep").mkdir()
    (folder / "deep" / "a.py").write_text("a")
    states = [code_state(folder)]
    (folder / "__pycache__" / "a.pyc").write_text("")
    assert code_state(folder) == states[0]
    os.utime(folder / "deep" / "a.py", (1, 1))
    states.append(code_state(folder))
    (folder / "b.py").write_text("")
    states.append(code_state(folder))
    assert len(set(states)) == 3
