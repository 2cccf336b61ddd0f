"""Every declared fault still applies, and what the tests make of one is told rightly."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import mutate
import pytest
from fault import CPP_TESTS, Fault
from mutate import FAULTS, MISSED, Copy, Outcome, chosen, table

FEWEST = 60
PACKAGES = (
    "ir", "frontend", "conversion", "reference", "neurons", "readouts", "analysis", "passes",
    "plan", "codegen", "build", "runtime", "live", "cli", "converter", "interop",
    "annconv", "cpp", "templates", "distributed", "sample_files",
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_applies(fault: Fault, root_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / fault.file
    target.parent.mkdir(parents=True)
    shutil.copyfile(root_folder / fault.file, target)
    before = target.read_text(encoding="utf-8")
    fault.apply(tmp_path)
    after = target.read_text(encoding="utf-8")
    assert after != before
    if target.suffix == ".py":
        compile(after, fault.file, "exec")
    assert all((root_folder / tests).exists() for tests in fault.own_tests if tests != CPP_TESTS)


def test_there_are_faults_everywhere() -> None:
    assert len(FAULTS) >= FEWEST
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert Counter(fault.package for fault in FAULTS).keys() == set(PACKAGES)


@pytest.mark.parametrize("times", [0, 2])
def test_a_fault_that_no_longer_applies_is_told(times: int, tmp_path: Path) -> None:
    (tmp_path / "sign.py").write_text("x = -1\n" * times)
    with pytest.raises(ValueError, match=f"'sign': expected its old text once .* found it {times}"):
        Fault("sign", "sign.py", "-1", "1", "a sign").apply(tmp_path)
    assert (tmp_path / "sign.py").read_text() == "x = -1\n" * times


@pytest.fixture
def small_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one package of two functions, one of which is tested."""
    root = tmp_path / "small"
    for name, text in {
        "annconv/ir/signs.py": "def less(a, b):\n    return a - b\n\n\n"
        "def more(a):\n    return a + 1\n",
        "tests/ir/test_signs.py": "import runpy\n\n\ndef test_less():\n"
        "    less = runpy.run_path('annconv/ir/signs.py')['less']\n    assert less(3, 2) == 1\n",
        "tests/test_other.py": "def test_other():\n    assert True\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def copy(_root: Path, target: Path) -> None:
        shutil.copytree(root, target)

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # it starts more quickly
    monkeypatch.setattr(mutate, "copy_checkout", copy)
    monkeypatch.setattr(Copy, "_cpp_failure", lambda _: None)
    return root


def test_faults_are_noticed_or_not(small_checkout: Path, tmp_path: Path) -> None:
    seen = Fault("seen", "annconv/ir/signs.py", "a - b", "a + b", "a sign")
    unseen = Fault("unseen", "annconv/ir/signs.py", "a + 1", "a - 1", "another")
    copy = Copy(tmp_path / "worker")
    told: list[str] = []
    assert mutate.control(copy, [seen, unseen], own_only=False) is None
    outcomes = mutate.judge_all([seen, unseen], [copy], own_only=False, tell=told.append)
    assert [o.noticed_by for o in outcomes] == ["tests/ir/test_signs.py::test_less", None]
    assert len(told) == 2
    for root in (small_checkout, copy.root):  # neither keeps a fault
        assert "a - b" in (root / seen.file).read_text()
        assert "a + 1" in (root / seen.file).read_text()


def test_the_summary_tells_what_was_missed() -> None:
    fault = Fault("sign", "annconv/ir/signs.py", "-", "+", "a sign")
    told = table([Outcome(fault, "tests/x.py::test_y", 3.2), Outcome(fault, None, 60.0)])
    assert "      3 s  tests/x.py::test_y" in told
    assert MISSED in told
    assert "1 of 2 faults were noticed" in told
    assert "not noticed: sign (annconv/ir/signs.py): a sign" in told


def test_faults_are_chosen_by_pattern() -> None:
    assert {fault.package for fault in chosen(["ir-*"])} == {"ir"}
    assert chosen([]) == list(FAULTS)
    with pytest.raises(SystemExit, match="no fault is called 'bogus'"):
        chosen(["bogus"])
