"""Commands where packages are missing that annconv itself needs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from annconv.cli import doctor
from annconv.cli.packages import PACKAGES, missing_packages

TOOLS = ("cmake", "ninja", "pybind11")  # build/toolchain.py looks for these

HIDE = """
import sys
from importlib import metadata
hidden = sys.argv.pop(1).split(",")
for name in hidden:
    sys.modules[name] = None
installed = metadata.distributions
metadata.distributions = lambda **asked: () if asked.get("name") in hidden else installed(**asked)
from annconv.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command line in a Python without some packages."""
    monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)

    def start(hidden, *arguments):
        command = [sys.executable, "-c", HIDE, ",".join(hidden), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return start


def fault(name):
    return (
        f"  no Python package {name} (import of {name} halted; None in sys.modules). Instead: "
        f"install the Python package {name} (pip install {name})."
    )


def test_the_packages_are_those_of_the_installation(root_folder):
    project = tomllib.loads((root_folder / "pyproject.toml").read_text(encoding="utf-8"))
    named = [re.match(r"[\w-]+", entry)[0] for entry in project["project"]["dependencies"]]
    assert named == [*PACKAGES, *TOOLS]


def test_here_all_are_found():
    assert missing_packages() == {}


@pytest.mark.compiles
@pytest.mark.parametrize("hidden", [("numpy",), ("jinja2",), ("filelock",), PACKAGES], ids="-".join)
def test_doctor_tells_what_is_missing(run, hidden):
    done = run(hidden, "doctor")
    assert done.returncode == 1
    first, *faults = done.stderr.splitlines()
    count = "1 fault was" if len(hidden) == 1 else f"{len(hidden)} faults were"
    assert first == f"AnnconvError: {count} found."
    assert faults == [fault(name) for name in hidden]
    lines = {line[:15].strip(): line[15:] for line in done.stdout.splitlines()}
    assert {name for name in PACKAGES if lines[name] == "missing"} == set(hidden)
    assert lines["compiler"] != "missing"  # what can be looked for is looked for
    for name in ("keras", "cache folder", "test build"):
        assert lines[name] == "not tried, as something is missing"


@pytest.mark.compiles
def test_doctor_lists_missing_tools_beside_missing_packages(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = run(("numpy", *TOOLS), "doctor")
    assert done.returncode == 1
    _, numpy, *others = done.stderr.splitlines()
    assert numpy == fault("numpy")
    assert [re.split(r",|\. Instead", other)[0].strip() for other in others] == [
        "no C++ compiler",
        "no cmake",
        "no ninja",
        "no Python package pybind11",
    ]


@pytest.mark.parametrize(
    ("hidden", "arguments"),
    [("numpy", ["predict", "m.snn", "x.npy"]), ("numpy", ["doctor", "--help"]), ("numpy", [])],
    ids=["predict", "help", "nothing"],
)
def test_other_commands_tell_it_too(run, hidden, arguments):
    done = run((hidden,), *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "AnnconvError: Python packages that annconv needs are missing.\n"
        f"{fault(hidden)}\n  `annconv doctor` tells what else is.\n"
    )


def test_a_command_that_meets_a_missing_package_on_its_way(run, saved):
    done = run(("jinja2",), "inspect", saved, "--ir", "cpp")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        fault("jinja2"),
        "  `annconv doctor` tells what else is.",
    ]
    assert run(("jinja2",), "inspect", saved, "--ir", "plan").returncode == 0  # it is not needed


def test_a_fault_of_annconv_keeps_its_traceback(run):
    done = run(("annconv.neurons.library",), "doctor", "--help")
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr


def test_a_package_on_the_path_that_was_not_installed():
    assert doctor._version("annconv-has-no-such-package") == "there, version not known"
