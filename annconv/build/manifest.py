"""The manifest of a cache entry: which files it has, so that a damaged one is recognised."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
KEY = "key.json"
LOG = "build.log"

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an entry must hold.

    Attributes:
        label: What was built, for a person.
        reason: Why it was built.
        files: Path inside the entry -> size in bytes and SHA-256.
    """

    label: str
    reason: str
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for size, _ in self.files.values())


def write_manifest(folder: Path, label: str, reason: str) -> None:
    """Write the manifest of all files below a folder; the last act before it is published."""
    files: dict[str, tuple[int, str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            files[path.relative_to(folder).as_posix()] = (len(content), digest)
    data = {"format": _FORMAT, "label": label, "reason": reason, "files": files}
    (folder / MANIFEST).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an entry.

    Raises:
        ValueError: There is none, or it is not one; the text says which.
    """
    try:
        data = json.loads((folder / MANIFEST).read_bytes())
        known = data["format"] == _FORMAT
        files = {str(path): (int(size), str(sha)) for path, (size, sha) in data["files"].items()}
        manifest = Manifest(str(data["label"]), str(data["reason"]), files)
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"{MANIFEST} is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{MANIFEST} is damaged") from error
    if not known:
        raise ValueError(f"{MANIFEST} is of another version of annconv")
    return manifest


def find_fault(folder: Path) -> str | None:
    """What is wrong with an entry, or None if its files are those of its manifest."""
    try:
        manifest = read_manifest(folder)
    except ValueError as error:
        return str(error)
    for name, (size, digest) in manifest.files.items():
        try:
            content = (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return f"{name} is missing"
        if len(content) != size:
            return f"{name} has {len(content)} bytes instead of {size}"
        if hashlib.sha256(content).hexdigest() != digest:
            return f"{name} has changed since it was built"
    return None
