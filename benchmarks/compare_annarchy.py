"""Runs scripts of the reference's calls on ANNarchy and on annconv, and compares what they gave.

`make compare-annarchy` sets up an environment with ANNarchy under `build/` and calls this: first
every call by name, then random sequences of calls, and at last networks that `annconv.to_annarchy`
built. Spikes, names, shapes, formats and types have to be equal, other numbers within 1e-9.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TOLERANCE = 1e-9
SCRIPTS = {
    "calls": Path(__file__).with_name("annarchy_script.py"),
    "sequences": Path(__file__).with_name("annarchy_sequences.py"),
}
ROOT = Path(__file__).resolve().parent.parent
NETWORKS = ROOT / "tests/interop/annarchy/on_annarchy.py"
"""A script that runs networks of ours in ANNarchy and here: its results are pairs."""
PARTS = ("neurons", "connections", "random", "joined", "trained", "notebook")
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
    """What differs between two results as the script writes them, None if nothing does."""
    if isinstance(theirs, float) and isinstance(ours, float):
        close = abs(theirs - ours) <= TOLERANCE * max(1.0, abs(theirs))
        return None if close else f"{where}: {theirs!r}, {ours!r}"
    if type(theirs) is not type(ours):
        return f"{where}: {theirs!r}, {ours!r}"[:400]
    if isinstance(theirs, dict):
        if list(theirs) != list(ours):  # the tags of two types
            return f"{where}: {next(iter(theirs))}, {next(iter(ours))}"
        parts = [(theirs[key], ours[key], where) for key in theirs]
    elif isinstance(theirs, list):
        if len(theirs) != len(ours):
            return f"{where}: {len(theirs)} entries, {len(ours)}"
        pairs = zip(theirs, ours, strict=True)
        parts = [(a, b, f"{where}[{index}]") for index, (a, b) in enumerate(pairs)]
    else:
        return None if theirs == ours else f"{where}: {theirs!r}, {ours!r}"
    return next((found for part in parts if (found := difference(*part)) is not None), None)


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Every result that differs, is missing, or is only here."""
    found = [
        f"{name}: missing" if name not in ours else difference(value, ours[name], name)
        for name, value in theirs.items()
    ]
    found += [f"{name}: only here" for name in ours if name not in theirs]
    return [entry for entry in found if entry is not None]


def read_results(path: Path) -> dict[str, Any]:
    """Results by name, as the script wrote them."""
    results: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return results


def run_script(
    python: Path,
    script: Path,
    model: Path,
    target: Path,
    folder: Path,
    *others: str,
    repair: bool = False,
    imports: Sequence[Path] = (),
) -> None:
    """Run a script with one interpreter, without its chatter."""
    own = python.parent
    environment = os.environ | {
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, (script.parent, *imports))),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TMPDIR": str(folder),
        "MPLBACKEND": "agg",
    }
    start = ["-c", REPAIR] if repair else []
    command = [str(part) for part in (python, *start, script, model, target, *others)]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def run_networks(python: Path, part: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What networks that `annconv.to_annarchy` built give, and what ours do."""
    target = folder / f"networks_{part}.json.gz"
    imports = [ROOT, *(ROOT / name for name in ("examples", "tests/equivalence"))]
    models = ROOT / "examples/data"
    run_script(python, NETWORKS, models, target, folder, part, imports=imports)
    pairs = read_results(target)
    theirs = {name: pair[0] for name, pair in pairs.items()}
    return theirs, {name: pair[1] for name, pair in pairs.items()}


def table(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Rows: part, results compared, differences."""
    parts = dict.fromkeys(name.split(": ", 1)[0] for name in theirs)
    yield f"{'part':<36} {'results':>8} {'equal':>8}"
    for part in parts:
        names = [name for name in theirs if name.startswith(f"{part}: ")]
        equal = [n for n in names if n in ours and difference(theirs[n], ours[n]) is None]
        yield f"{part:<36} {len(names):>8} {len(equal):>8}"


def main() -> int:
    """Compare, print a table, and say by the exit code whether all is equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annarchy", type=Path, required=True, help="a Python with ANNarchy")
    parser.add_argument("--keep", type=Path, help="folder that receives model and results")
    parser.add_argument("--only", nargs="+", choices=[*SCRIPTS, *PARTS], help="parts that run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = (arguments.keep or Path(name)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "annarchy_calls.keras"
        subprocess.run([sys.executable, "-c", MODEL, model], check=True)
        theirs: dict[str, Any] = {}
        ours: dict[str, Any] = {}
        chosen = arguments.only or [*SCRIPTS, *PARTS]
        for part, script in SCRIPTS.items():
            if part not in chosen:
                continue
            for who, python, results in (
                ("annarchy", arguments.annarchy.absolute(), theirs),
                ("annconv", Path(sys.executable), ours),
            ):
                target = folder / f"{who}_{part}.json.gz"
                run_script(python, script, model, target, Path(name), repair=who == "annarchy")
                results.update(read_results(target))
        for part in PARTS:
            if part in chosen:
                found = run_networks(arguments.annarchy.absolute(), part, Path(name))
                theirs.update(found[0])
                ours.update(found[1])
    wrong = differences(theirs, ours)
    print("\n".join([*table(theirs, ours), *wrong]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
