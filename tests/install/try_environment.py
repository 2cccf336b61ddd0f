"""Tries annconv in the Python that runs this, and compares with what ANNarchy recorded.

    python tests/install/try_environment.py             # converts the bundled CNN with Keras
    python tests/install/try_environment.py cnn.snn     # the same network saved: without Keras

It prints what it ran with, for the support matrix in the README; KERAS_BACKEND and CXX choose. The
network is that of `recorded_network`. Not a test by itself: it takes environments as
they are.
"""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

import annconv
from annconv.build.toolchain import find_toolchain
from annconv.environment import read_environment
from annconv.frontend.keras_library import import_keras

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))
RECORD = ROOT / "tests" / "golden" / "data" / "golden_cnn_ib_vmem.npz"
NEAR = 1e-9
"""Largest difference of a potential; sums over synapses may be ordered differently."""


def main(argv: list[str]) -> int:
    """Run it; returns the exit status: 0 where all labels and potentials are as recorded."""
    from digits import load_digits

    network = annconv.load(argv[0]) if argv else recorded_network()
    with np.load(RECORD) as record:
        first, potentials = int(record["start"]), record["last_v"]
    images = load_digits(split="test")[0][first : first + len(potentials)]
    compiled = annconv.compile(network, precision="double", threads=2)
    result = compiled.run(images / 255.0, steps=200)

    labels = int(np.sum(result.labels == potentials.argmax(axis=1)))
    difference = float(np.abs(result.outputs - potentials).max())
    print("; ".join(versions(with_keras=not argv)))
    print(f"{labels} of {len(potentials)} labels as recorded, potentials within {difference:.1g}")
    return int(labels < len(potentials) or difference > NEAR)


def recorded_network() -> annconv.Network:
    """The network that the record is of."""
    model = ROOT / "examples" / "data" / "cnn.keras"
    return annconv.convert(model, input_encoding="IB", read_out="membrane_potential", steps=200)


def versions(*, with_keras: bool) -> list[str]:
    """What annconv ran with."""
    tools = find_toolchain(read_environment().compiler, python=True)
    found = [f"{platform.system()} {platform.machine()}", f"Python {platform.python_version()}"]
    if with_keras:
        keras = import_keras()
        backend = keras.backend.backend()
        found += [f"Keras {keras.__version__}", f"{backend} {metadata.version(backend)}"]
    packages = ("numpy", "jinja2", "safetensors", "filelock", "platformdirs", "tqdm", "pybind11")
    found += [f"{name} {metadata.version(name)}" for name in packages]
    found += [f"cmake {tools.cmake.version}", f"ninja {tools.ninja.version}"]
    return [*found, tools.compiler.version]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
