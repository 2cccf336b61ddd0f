"""HDF5 files: what Keras never writes is found without following any link out of the file.

The HDF5 library trusts what it reads: a damaged file can keep it busy forever or end the process.
Inside a `.keras` archive a checksum excludes damage. A file without one is read in a process of
its own first.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from annconv.frontend.keras_library import import_h5py
from annconv.frontend.saved_by import told_version
from annconv.frontend.sizes import grows_too_much
from annconv.python_process import UnansweredError, call_apart

PATIENCE = 30.0
"""Seconds that reading a file may take."""
PATIENCE_PER_BYTE = 1e-7
"""Seconds more for every byte of the file."""
PLAIN_BYTES = 8
"""Bytes that a number of a weight takes at most."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in an HDF5 file.

    Attributes:
        damage: Why it cannot be read, empty if it can.
        faults: What Keras does not write.
        configuration: Text of the attribute `model_config`, None if there is none.
        saved_by: The version of Keras that it tells, None if it tells none.
    """

    damage: str = ""
    faults: tuple[str, ...] = ()
    configuration: str | None = None
    saved_by: str | None = None


def inspect_hdf5(content: bytes) -> Findings:
    """Read a whole HDF5 file: every group, attribute and array.

    Args:
        content: The file.
    Raises:
        AnnconvError: h5py is missing.
    """
    h5py = import_h5py()
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            faults = tuple(_faults(file, h5py))
            configuration = None if faults else file.attrs.get("model_config")
            saved_by = None if faults else told_version(file.attrs.get("keras_version"))
        if isinstance(configuration, bytes):
            configuration = configuration.decode("utf-8")
        if isinstance(configuration, str):
            configuration.encode("utf-8")  # h5py lets bytes through that are no text
    except Exception as error:  # noqa: BLE001  (HDF5 raises any type; it is part of the findings)
        return Findings(damage=_one_line(error))
    text = configuration if isinstance(configuration, str) else None
    return Findings("", faults, text, saved_by)


def inspect_apart(content: bytes) -> Findings:
    """`inspect_hdf5` in another process, which may hang or crash without harm.

    Args:
        content: The file.
    Raises:
        AnnconvError: h5py is missing, or the process cannot be had.
    """
    import_h5py()
    try:
        found = call_apart(
            findings,
            content,
            purpose="An HDF5 file is inspected",
            packages=("h5py", "numpy"),
            patience=PATIENCE + PATIENCE_PER_BYTE * len(content),
            instead="save the model as .keras, which needs no such process",
        )
    except UnansweredError as error:
        return Findings(damage=f"reading it {error}")
    return Findings(**{**found, "faults": tuple(found["faults"])})


def findings(content: bytes) -> dict[str, Any]:
    """`inspect_hdf5` in a form that can be sent to another process."""
    return asdict(inspect_hdf5(content))


def with_configuration(content: bytes, text: str) -> bytes:
    """A file that was inspected, with another text in its attribute `model_config`."""
    h5py = import_h5py()
    memory = io.BytesIO(content)
    with h5py.File(memory, "r+") as file:
        file.attrs["model_config"] = text
    return memory.getvalue()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _faults(file: Any, h5py: Any) -> Iterator[str]:
    """Links, arrays whose numbers lie elsewhere or nowhere, and anything of another kind."""
    seen: set[int] = set()
    extents: list[tuple[int, int, str]] = []
    stack: list[Any] = [file]
    while stack:
        group = stack.pop()
        dict(group.attrs)
        for name in group:
            link = group.get(name, getlink=True)
            place = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(link, h5py.HardLink):
                yield f"{place!r} is a link to somewhere else"
                continue
            entry = group[name]
            address = h5py.h5o.get_info(entry.id).addr
            if address in seen:
                yield f"{place!r} is there twice"
            elif isinstance(entry, h5py.Group):
                stack.append(entry)
            elif isinstance(entry, h5py.Dataset):
                yield from _array_faults(place, entry, h5py)
                start = entry.id.get_offset()
                if start is not None:
                    extents.append((start, start + entry.id.get_storage_size(), place))
            else:
                yield f"{place!r} is neither a group nor an array"
            seen.add(address)
    for (_, end, first), (start, _, second) in itertools.pairwise(sorted(extents)):
        if start < end:
            yield f"{first!r} and {second!r} have numbers in common"


def _array_faults(place: str, array: Any, h5py: Any) -> Iterator[str]:
    if array.external or array.is_virtual:
        yield f"the numbers of {place!r} lie in another file"
        return
    if array.dtype.kind in "fiu" and not _is_plain(array, h5py):
        yield f"the numbers of {place!r} are of an unusual type ({array.dtype.str})"
        return
    stored = array.id.get_storage_size()
    in_one_piece = array.id.get_offset() is not None
    hollow = array.size and (not stored or grows_too_much(array.nbytes, stored))
    if hollow or (in_one_piece and stored != array.nbytes):
        yield f"{place!r} needs {array.nbytes} bytes, {stored} are stored"
        return
    dict(array.attrs)
    array[()]


def _is_plain(array: Any, h5py: Any) -> bool:
    """Whether numbers are stored as processors keep them, little-endian.

    HDF5 converts from any layout of bits: a flipped one in its description changes all numbers.
    """
    if array.dtype.str.startswith(">") or array.dtype.itemsize > PLAIN_BYTES:
        return False
    return bool(array.id.get_type().equal(h5py.h5t.py_create(array.dtype)))
