"""Runs one script of the reference's calls on ANNarchy and on annconv, and compares what they gave.

`make compare-annarchy` sets up an environment with ANNarchy under `build/` and calls this. Spikes,
names, shapes, formats and types have to be equal, other numbers within 1e-9.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

TOLERANCE = 1e-9
SCRIPT = Path(__file__).with_name("annarchy_script.py")
MODEL = """
import sys
import keras
import numpy as np
from keras import layers

image = keras.Input((6, 6, 1), name="image")
x = layers.Conv2D(2, 3, padding="same", activation="relu", use_bias=False, name="c")(image)
x = layers.MaxPooling2D(2, name="p")(x)
x = layers.Flatten(name="f")(x)
x = layers.Dense(4, activation="relu", use_bias=False, name="d")(x)
model = keras.Model(image, layers.Dense(3, use_bias=False, name="out")(x))
rng = np.random.default_rng(5)
for layer in model.layers:
    layer.set_weights([np.round(rng.uniform(-0.4, 0.9, w.shape) * 64) / 64
                       for w in layer.get_weights()])
model.save(sys.argv[1])
"""
# On NumPy 2.4 the reference's predict fails where it draws among tied classes.
REPAIR = """
import runpy
import sys
import numpy as np
np.random.choice = lambda choices, *_a, **_k: np.ravel(choices)[0]
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def difference(theirs: Any, ours: Any, where: str = "") -> str | None:
    """What differs between two results, None if nothing does."""
    if type(theirs) is not type(ours):
        return f"{where}: type {type(theirs).__name__}, {type(ours).__name__}"
    if isinstance(theirs, Mapping):
        if list(theirs) != list(ours):
            return f"{where}: keys {list(theirs)}, {list(ours)}"
        parts = ((theirs[key], ours[key], f"{where}[{key!r}]") for key in theirs)
        return next((found for part in parts if (found := difference(*part))), None)
    if isinstance(theirs, list | tuple):
        if len(theirs) != len(ours):
            return f"{where}: {len(theirs)} entries, {len(ours)}"
        pairs = enumerate(zip(theirs, ours, strict=True))
        parts = ((a, b, f"{where}[{index}]") for index, (a, b) in pairs)
        return next((found for part in parts if (found := difference(*part))), None)
    if isinstance(theirs, np.ndarray):
        return array_difference(theirs, ours, where)
    if isinstance(theirs, float | np.floating):
        close = abs(theirs - ours) <= TOLERANCE * max(1.0, abs(theirs))
        return None if close else f"{where}: {theirs!r}, {ours!r}"
    return None if theirs == ours else f"{where}: {theirs!r}, {ours!r}"


def array_difference(theirs: np.ndarray, ours: np.ndarray, where: str) -> str | None:
    """The same for arrays."""
    if (theirs.dtype, theirs.shape) != (ours.dtype, ours.shape):
        return f"{where}: {theirs.dtype} {theirs.shape}, {ours.dtype} {ours.shape}"
    if theirs.dtype.kind == "f":
        equal = np.allclose(theirs, ours, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    else:
        equal = np.array_equal(theirs, ours)
    return None if equal else f"{where}: values differ"


def run_script(python: Path, model: Path, target: Path, folder: Path, repair: bool) -> None:
    """Run the script with one interpreter, without its chatter."""
    own = python.parent
    environment = os.environ | {
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    start = ["-c", REPAIR] if repair else []
    command = [python, *start, SCRIPT, model, target]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def table(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Rows: part, results compared, differences."""
    parts = dict.fromkeys(name.split(": ", 1)[0] for name in theirs)
    yield f"{'part':<28} {'results':>8} {'equal':>8}"
    for part in parts:
        names = [name for name in theirs if name.startswith(f"{part}: ")]
        equal = [n for n in names if n in ours and difference(theirs[n], ours[n]) is None]
        yield f"{part:<28} {len(names):>8} {len(equal):>8}"


def main() -> int:
    """Compare, print a table, and say by the exit code whether all is equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annarchy", type=Path, required=True, help="a Python with ANNarchy")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model.keras"
        subprocess.run([sys.executable, "-c", MODEL, model], check=True)
        results: list[dict[str, Any]] = []
        for python, repair in ((arguments.annarchy, True), (Path(sys.executable), False)):
            target = folder / f"{len(results)}.pickle"
            run_script(python.absolute(), model, target, folder, repair)
            results.append(pickle.loads(target.read_bytes()))  # noqa: S301  (just written here)
    theirs, ours = results
    found = [
        f"{name}: missing" if name not in ours else difference(value, ours[name], name)
        for name, value in theirs.items()
    ]
    differences = [entry for entry in found if entry is not None]
    differences += [f"{name}: only here" for name in ours if name not in theirs]
    print("\n".join([*table(theirs, ours), *differences]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
