"""The networks that are measured: the bundled CNN and MLP."""

from __future__ import annotations

from pathlib import Path

import annconv

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MODELS = {name: EXAMPLES / "data" / f"{name}.keras" for name in ("cnn", "mlp")}


def save_networks(folder: Path, steps: int) -> dict[str, Path]:
    """Convert both models with encoding IB and save them, so that later processes need no Keras.

    Args:
        folder: Receives `cnn.snn` and `mlp.snn`.
        steps: Steps per sample.
    """
    paths = {name: folder / f"{name}.snn" for name in MODELS}
    for name, path in paths.items():
        annconv.convert(MODELS[name], input_encoding="IB", steps=steps).save(path)
    return paths
