"""The built wheel, installed into an environment of its own and used from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import annconv
from annconv.reference.network import run_network

DIGITS = 20
STEPS = 100

ROUND = """
import json, sys

opened, started = set(), []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.add(arguments[0])
    elif event == "subprocess.Popen":
        started.append([str(entry) for entry in arguments[1]])

sys.addaudithook(watch)
import numpy as np
import annconv
from annconv.resources import resource_folder

model, samples, saved, steps = sys.argv[1:]
annconv.convert(model, input_encoding="IB", steps=int(steps)).save(saved)
compiled = annconv.compile(annconv.load(saved), precision="double", threads=2)
result = compiled.run(np.load(samples))
files = [getattr(module, "__file__", None) for name, module in sys.modules.items()
         if name.partition(".")[0] == "annconv"]
print(json.dumps({
    "labels": result.labels.tolist(),
    "counts": result.counts.tolist(),
    "modules": [file for file in files if file],
    "resources": [str(resource_folder(name)) for name in ("templates", "cpp")],
    "opened": sorted(opened),
    "started": started,
}))
"""


@dataclass(frozen=True)
class Installation:
    """An environment that holds nothing but the wheel, with the libraries of this one in sight."""

    folder: Path

    def run(self, program: str, *arguments: str | Path, cwd: Path) -> str:
        """What a program of the environment prints."""
        names = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "ANNCONV_KEEP")
        kept = {name: value for name, value in os.environ.items() if name not in names}
        command = [str(self.folder / "bin" / program), *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=cwd,
            env=kept | {"ANNCONV_CACHE_DIR": str(self.folder / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(root_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(root_folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("installed") / "environment"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text("\n".join(library_folders()))
    return Installation(folder)


def library_folders() -> list[str]:
    """Where this Python's libraries lie."""
    return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def checkout_files(root: Path, folder: str) -> Iterator[str]:
    """Files below a folder of the checkout, relative to it, without byte code."""
    for path in (root / folder).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root / folder).as_posix()


def test_the_wheel_holds_package_templates_and_support_library(root_folder, wheel):
    names = zipfile.ZipFile(wheel).namelist()
    received = {name for name in names if ".dist-info/" not in name}
    expected = {f"annconv/{name}" for name in checkout_files(root_folder, "annconv")}
    for folder in ("templates", "cpp"):
        files = checkout_files(root_folder, folder)
        expected |= {f"annconv/{folder}/{name}" for name in files if not name.startswith("tests/")}
    assert received == expected
    assert "annconv/py.typed" in received
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.compiles
@pytest.mark.keras
def test_the_installed_package_does_the_same(
    installation, root_folder, data_folder, digits, tmp_path
):
    samples = digits[0][:DIGITS] / 255.0
    (tmp_path / "mlp.keras").write_bytes((data_folder / "mlp.keras").read_bytes())
    np.save(tmp_path / "digits.npy", samples)
    files = ("mlp.keras", "digits.npy", "mlp.snn")
    told = json.loads(installation.run("python", "-c", ROUND, *files, str(STEPS), cwd=tmp_path))

    network = annconv.convert(data_folder / "mlp.keras", input_encoding="IB", steps=STEPS)
    assert annconv.load(tmp_path / "mlp.snn") == network
    expected = run_network(network, samples, steps=STEPS)
    assert told["labels"] == expected.labels.tolist()
    assert told["counts"] == expected.counts.tolist()

    inside = [*told["modules"], *told["resources"]]
    assert [path for path in inside if not Path(path).is_relative_to(installation.folder)] == []
    assert any(path.startswith(str(installation.folder)) for path in told["opened"])
    used = [*told["opened"], *(word for command in told["started"] for word in command)]
    # the environment that lends its libraries and tools may lie in the checkout
    assert [path for path in used if str(root_folder) in path.replace(sys.prefix, "")] == []

    arguments = ("mlp.snn", "digits.npy", "--precision", "double", "--quiet")
    printed = installation.run("annconv", "predict", *arguments, cwd=tmp_path)
    assert [int(line) for line in printed.splitlines()] == told["labels"]


def test_the_console_script_knows_its_version(installation, tmp_path):
    printed = installation.run("annconv", "--version", cwd=tmp_path)
    assert printed == f"annconv {annconv.__version__}\n"
