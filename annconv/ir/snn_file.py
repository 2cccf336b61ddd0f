"""`.snn` files: a Network in one safetensors file, read without running anything in it.

The arrays are tensors; the metadata key `annconv` holds canonical JSON: format version, digest of
the network, and the network itself with references to the tensors.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import safetensors
import safetensors.numpy

from annconv.errors import InputError, ModelFileError, VerifyError
from annconv.ir.arrays import WeightArray
from annconv.ir.records import Coder, canonical_json, decode, digest, encode

SUFFIX = ".snn"
FORMAT_VERSION = 1
METADATA_KEY = "annconv"
TENSOR_TYPES = {"F32": "<f4", "F64": "<f8", "I16": "<i2", "I32": "<i4"}
"""safetensors' name of a type -> NumPy's; a network holds no others."""

_AGAIN = "save the network again, or copy the file again from where it was made"
_UPDATE = "update annconv (pip install --upgrade annconv)"
_NEWER = "whole, but holds what this annconv does not know"


def write_file(path: Path, content: bytes) -> None:
    """Write a file, which appears complete or not at all.

    Raises:
        ModelFileError: It cannot be written; an older file is as it was.
    """
    try:
        _write_atomically(path, content)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ModelFileError(path, what, instead="choose a folder you may write to") from error


def read_file(path: Path) -> bytes:
    """All bytes of a file.

    Raises:
        ModelFileError: The file is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(path, "no such file", instead="check the path") from error
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise ModelFileError(path, what, instead="give a file you may read") from error


def write_structure(coder: Coder, structure: object) -> bytes:
    """A network as the content of a `.snn` file; its rules are not checked.

    Raises:
        InputError: A field holds a value of another type than it declares.
    """
    encoded, arrays = encode(coder, structure)
    header = {"format": FORMAT_VERSION, "digest": digest(encoded, arrays), "network": encoded}
    content: bytes = safetensors.numpy.save(arrays, {METADATA_KEY: canonical_json(header)})
    return content


def read_structure(coder: Coder, content: bytes, path: str | Path) -> Any:
    """The network in the content of a `.snn` file, checked against its digest and its own rules.

    Args:
        coder: Of its class, which has `verify`.
        content: All bytes of the file.
        path: Named in messages.
    Raises:
        ModelFileError: The content is cut short, damaged, of a newer format or no `.snn` file.
    """
    arrays = _read_arrays(content, path)
    header = _read_header(content, path)
    # Over what the file says, not over what it means: fields that came later have no part in it.
    try:
        received = digest(header["network"], arrays)
    except (ValueError, RecursionError) as error:  # 1e999, or nested too deeply
        raise ModelFileError(path, _unreadable(error), instead=_AGAIN) from error
    intact = received == header["digest"]
    try:
        network = decode(coder, header["network"], arrays)
    except InputError as error:
        why = str(error).removesuffix(".")
        if intact:
            raise ModelFileError(path, f"{_NEWER}: {why}", instead=_UPDATE) from error
        raise ModelFileError(path, f"damaged: {why}", instead=_AGAIN) from error
    if not intact:
        what = f"damaged: expected digest {header['digest']!r:.20}, received {received!r:.20}"
        raise ModelFileError(path, what, instead=_AGAIN)
    try:
        network.verify()
    except VerifyError as error:
        what = "holds a network that breaks its rules: " + "; ".join(map(str, error.violations))
        raise ModelFileError(path, what, instead="save a network that annconv converted") from error
    return network


def checked_path(path: object) -> Path:
    """A path that can name a `.snn` file.

    Raises:
        InputError: It is not a path.
        ModelFileError: It has another suffix, or a null character.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError("path", expected="text or a path", received=type(path).__name__)
    checked = Path(path)
    if "\0" in str(checked):
        what = f"expected a path without null characters, received {str(checked)!r}"
        raise ModelFileError("path", what, instead="leave them out")
    if checked.suffix != SUFFIX:
        what = f"expected a name that ends in {SUFFIX!r}, received {checked.name!r}"
        raise ModelFileError(checked, what, instead=f"name the file {checked.stem}{SUFFIX}")
    return checked


def _read_arrays(content: bytes, path: str | Path) -> dict[str, WeightArray]:
    """All tensors of the file; the library checks header, offsets and lengths."""
    try:
        tensors = safetensors.deserialize(content)
    except safetensors.SafetensorError as error:
        what = f"cut short, damaged or not a {SUFFIX} file ({error})"
        raise ModelFileError(path, what, instead=_AGAIN) from error
    arrays: dict[str, WeightArray] = {}
    for name, tensor in tensors:
        if tensor["dtype"] not in TENSOR_TYPES:
            what = f"expected tensors of {', '.join(TENSOR_TYPES)}, received {tensor['dtype']}"
            raise ModelFileError(path, what, instead=_AGAIN)
        flat = np.frombuffer(tensor["data"], dtype=TENSOR_TYPES[tensor["dtype"]])
        arrays[name] = flat.reshape(tensor["shape"])
    return arrays


def _read_header(content: bytes, path: str | Path) -> dict[str, Any]:
    """Our metadata, its format version checked."""

    def refuse(what: str, instead: str = _AGAIN) -> NoReturn:
        raise ModelFileError(path, what, instead=instead)

    (length,) = struct.unpack("<Q", content[:8])
    metadata = _parse_json(content[8 : 8 + length], path).get("__metadata__")
    text = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        refuse(f"a safetensors file without annconv's metadata, not a {SUFFIX} file")
    header = _parse_json(text, path)
    version = header.get("format")
    if type(version) is not int or version < 1:
        refuse(f"damaged: expected a format version from 1 on, received {version!r:.40}")
    if version > FORMAT_VERSION:
        what = f"written in format {version}, this annconv reads up to {FORMAT_VERSION}"
        refuse(what, _UPDATE)
    if sorted(header) != ["digest", "format", "network"]:
        refuse(f"damaged: expected digest, format and network, received {sorted(header)!r:.80}")
    return header


def _parse_json(text: str | bytes, path: str | Path) -> dict[str, Any]:
    """A JSON object; anything else, NaN and deep nesting are refused."""
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(path, _unreadable(error), instead=_AGAIN) from error
    if not isinstance(value, dict):
        raise ModelFileError(path, "damaged: its description is no object", instead=_AGAIN)
    return value


def _unreadable(error: Exception) -> str:
    return f"damaged: its description cannot be read ({type(error).__name__}: {error})"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, in which no key may stand twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise ValueError(f"{twice!r:.40} stands twice")
    return value


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary sibling, then rename it onto `path`.

    Raises:
        OSError: Nothing was changed at `path`.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
