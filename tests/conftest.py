"""What all tests share: bundled data, a build cache of their own, quiet third parties."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings
from numpy.typing import NDArray

import digits as bundled

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile("annconv", derandomize=True, deadline=None)
settings.register_profile(
    "unshrunk",  # for those who only want to know whether something fails: `tests/mutation`
    settings.get_profile("annconv"),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
settings.load_profile(os.environ.get("ANNCONV_TEST_PROFILE", "annconv"))

ROOT = Path(__file__).resolve().parent.parent

LONGEST_FIRST = (
    "tests/golden/test_golden.py",
    "tests/equivalence/test_integers_equal_oracle.py",
    "tests/equivalence/test_layers_equal_oracle.py",
    "tests/program/test_sanitized.py",
    "tests/equivalence/test_state_equals_oracle.py",
    "tests/install/test_wheel.py",
    "tests/accuracy/test_accuracy.py",
    "tests/golden/test_annarchy_calls.py",
    "tests/equivalence/test_compiled_equals_oracle.py",
    "tests/converter/test_live.py",
    "tests/distributed/test_api.py",
    "tests/damage/test_damaged_files.py",
    "tests/converter/test_annarchy.py",
    "tests/test_demo.py",
    "tests/passes/test_each_pass_alone.py",
)
"""Files that take longest: begun first, so that all worker processes end at nearly one time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files in front; all others keep their order."""
    rank = {ROOT / name: place for place, name in enumerate(LONGEST_FIRST)}
    missing = [str(path) for path in rank if not path.is_file()]
    if missing:
        raise pytest.UsageError(f"LONGEST_FIRST of {__file__}: no such file: {missing}")
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session")
def root_folder() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Bundled digits and trained models."""
    return bundled.DATA


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    """Spike trains recorded from ANNarchy."""
    return ROOT / "tests" / "golden" / "data"


@pytest.fixture(scope="session")
def digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The 10,000 test digits, uint8 (samples, 28, 28), and their labels."""
    return bundled.load_digits(split="test")


@pytest.fixture(scope="session")
def training_digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """2,000 training digits, uint8 (samples, 28, 28), and their labels."""
    return bundled.load_digits(split="train")


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A build cache for this run, shared by its worker processes; never the user's own."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "build-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANNCONV_CACHE_DIR", str(folder))
        patch.delenv("ANNCONV_KEEP", raising=False)
        yield folder


@pytest.fixture
def quick_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are compiled as quickly as those of `zoo.OPTIONS`, unless a test asks otherwise."""
    from annconv.options import CompileOptions

    for option, value in (("compiler_level", 0), ("strict_warnings", True)):
        monkeypatch.setitem(CompileOptions.__init__.__kwdefaults__, option, value)
