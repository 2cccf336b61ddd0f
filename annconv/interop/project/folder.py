"""The folder of an exported project: what an export wrote, and nothing else, is replaced."""

from __future__ import annotations

import tempfile
from pathlib import Path

from annconv.errors import ModelFileError

LISTED = ".annconv-export"
"""Lists the files of an export, a path a line: what the next one may remove."""


def check_target(folder: Path) -> None:
    """Refuse a folder that holds anything, unless an export is among it.

    Raises:
        ModelFileError: It does.
    """
    try:
        refused = folder.exists() and any(folder.iterdir()) and not (folder / LISTED).is_file()
    except OSError as error:
        raise _unwritable(folder, error) from error
    if refused:
        raise ModelFileError(
            folder,
            "expected an empty folder or an earlier export, received one that holds other files",
            instead="name a new folder",
        )


def replace_export(folder: Path, files: dict[str, bytes]) -> None:
    """Put files into a folder, in place of those of an earlier export; all others stay.

    They are written beside the folder first, so that a full disk changes nothing in it.

    Args:
        folder: As `check_target` allows it.
        files: Relative path -> content.
    Raises:
        ModelFileError: They cannot be written, or a file that no export wrote is in their place.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        earlier = _earlier(folder)
        taken = [path for path in files if path not in earlier and (folder / path).exists()]
        if taken:
            raise ModelFileError(
                folder,
                f"expected room for the export, received files of your own: {', '.join(taken)}",
                instead="rename them, or name a new folder",
            )
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as made:
            listed = {**files, LISTED: "".join(f"{path}\n" for path in sorted(files)).encode()}
            for path, content in listed.items():
                _parent_made(Path(made) / path).write_bytes(content)
            for path in earlier:
                (folder / path).unlink(missing_ok=True)
            for path in listed:
                (Path(made) / path).replace(_parent_made(folder / path))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _earlier(folder: Path) -> set[str]:
    """The files of an earlier export; of what is listed, only what is inside the folder."""
    if not (folder / LISTED).is_file():
        return set()
    root = folder.resolve()
    listed = (folder / LISTED).read_text(encoding="utf-8").splitlines()
    return {path for path in listed if (root / path).resolve().is_relative_to(root) and path}


def _parent_made(path: Path) -> Path:
    """The path, whose folder is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _unwritable(folder: Path, error: OSError) -> ModelFileError:
    what = f"cannot be written: {error.strerror or error}"
    return ModelFileError(folder, what, instead="choose a folder you may write to")
