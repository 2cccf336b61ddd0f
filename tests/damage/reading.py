"""Reads files in a process of its own: `python reading.py KIND INTACT FILE …`.

A line of JSON for each file, the intact one first: `file`, and `refused` (the one error of ours),
`answer` (a digest of what was read) or `failed` (any other exception). For an HDF5 file that gave
another answer `said` is the answer that its changed bytes stand for, read without the HDF5 library.
Then one line with `forbidden`, whatever ran that may not, and `grown`, the bytes by which the
process grew after the intact file.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import resource
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annconv.errors import AnnconvError


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a batch of files.

    Attributes:
        intact: The answer that the intact file gives.
        files: A report for each file, by name.
        forbidden: What ran that may not.
        grown: Bytes by which the process grew.
    """

    intact: str
    files: dict[str, dict[str, Any]]
    forbidden: list[str]
    grown: int


FORBIDDEN = (
    "ctypes.dlopen", "marshal.loads", "os.exec", "os.fork", "os.posix_spawn", "os.system",
    "pickle.find_class", "socket.connect", "subprocess.Popen",
)  # fmt: skip
"""Audit events of what a file could make a careless reader do."""


def watch(found: list[str]) -> None:
    """Note forbidden events from now on, except imports and the inspector of HDF5 files."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in FORBIDDEN:
            return
        caller = sys._getframe(1).f_code.co_filename
        if event == "marshal.loads" and caller.startswith("<frozen importlib"):
            return
        if event == "subprocess.Popen" and arguments[1][:3] == [sys.executable, "-I", "-S"]:
            return
        found.append(f"{event} {arguments!r:.200}")

    sys.addaudithook(hook)


def read_model_digest(path: Path) -> str:
    """The Graph of a Keras file."""

    from annconv.frontend.reading import read_model

    return read_model(path).graph.digest()


def read_network_digest(path: Path) -> str:
    """The Network of a `.snn` file."""
    from annconv.ir.network import Network

    return Network.load(path).digest()


@functools.cache
def zoo_extension() -> Any:
    """Where the extension of the zoo's first network lies, and samples for it."""
    from zoo import OPTIONS, dense, samples

    from annconv.build.builder import find_extension
    from annconv.passes.pipeline import lower

    network = dense()
    artifact = find_extension(lower(network, OPTIONS)[1].digest(), OPTIONS)
    rates = samples(network) * network.input_scale
    return artifact, np.ascontiguousarray(rates.reshape(len(rates), 1, -1))


def read_packed(path: Path) -> str:
    """What the zoo's first network computes with packed data."""
    from annconv.runtime.extension import open_network

    artifact, rates = zoo_extension()
    native = open_network(artifact.path, artifact.key, path.read_bytes())
    _, counts, outputs, *_ = native.run(rates, 25, 1, 0, 0, [], 0, None, False)
    return hashlib.sha256(counts.tobytes() + outputs.tobytes()).hexdigest()


READERS: Mapping[str, Callable[[Path], str]] = {
    "keras": read_model_digest,
    "h5": read_model_digest,
    "snn": read_network_digest,
    "packed": read_packed,
}


@dataclass(frozen=True, slots=True)
class RawWeight:
    """Where the numbers of a weight lie in an HDF5 model file: float32, without gaps.

    Attributes:
        shape: Of the weight.
        place: Where the file tells its offset, as 8 bytes.
        offset: What it tells.
    """

    shape: tuple[int, ...]
    place: int
    offset: int

    def bytes(self) -> range:
        """Places of the numbers."""
        return range(self.offset, self.offset + 4 * math.prod(self.shape))

    def read(self, content: bytes) -> np.ndarray:
        """The numbers as a copy of the file has them, which may tell another offset."""
        (offset,) = struct.unpack_from("<Q", content, self.place)
        flat = np.frombuffer(content, np.float32, math.prod(self.shape), offset)
        return flat.reshape(self.shape)


def raw_weights(path: Path) -> list[RawWeight]:
    """All weights of a model file, in Keras' order."""
    import h5py

    found = []
    with h5py.File(path) as file:
        for layer in file["model_weights"].attrs["layer_names"]:
            group = file["model_weights"][layer]
            for entry in (group[name] for name in group.attrs["weight_names"]):
                offset = entry.id.get_offset()
                place = path.read_bytes().index(struct.pack("<QQ", offset, entry.nbytes))
                found.append(RawWeight(entry.shape, place, offset))
    return found


def what_bytes_say(intact: Path, path: Path) -> str:
    """The Graph of an HDF5 model file by its configuration's text and its raw numbers.

    The text is taken from where it stands in the intact file. Where they are no model, why.
    """
    import h5py
    import keras

    from annconv.frontend.reading import read_model

    content = path.read_bytes()
    with h5py.File(intact) as file:
        text = file.attrs["model_config"].encode()
    start = intact.read_bytes().index(text)
    try:
        said = json.loads(content[start : start + len(text)])
        model = {"Sequential": keras.Sequential}[said["class_name"]].from_config(said["config"])
        model.set_weights([entry.read(content) for entry in raw_weights(intact)])
        return read_model(model).graph.digest()
    except Exception as error:  # noqa: BLE001  (whatever it is: not a model)
        return f"no model: {error!r:.300}"


def report(kind: str, intact: Path, path: Path, expected: str | None) -> dict[str, Any]:
    """What became of one file."""
    entry: dict[str, Any] = {"file": path.name}
    try:
        entry["answer"] = READERS[kind](path)
    except AnnconvError as error:
        entry["refused"] = f"{type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001  (that it is none of ours is the finding)
        entry["failed"] = f"{type(error).__module__}.{type(error).__name__}: {error}"
    if kind == "h5" and expected is not None and entry.get("answer", expected) != expected:
        entry["said"] = what_bytes_say(intact, path)
    return entry


def tell(entry: dict[str, Any]) -> None:
    """A line of JSON, at once: what comes next may end the process."""
    sys.stdout.write(json.dumps(entry) + "\n")
    sys.stdout.flush()


def main(kind: str, intact: str, *paths: str) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    forbidden: list[str] = []
    first = report(kind, Path(intact), Path(intact), None)
    tell(first)
    watch(forbidden)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in map(Path, paths):
        tell(report(kind, Path(intact), path, first.get("answer")))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    tell({"forbidden": forbidden, "grown": grown})


if __name__ == "__main__":
    main(*sys.argv[1:])
