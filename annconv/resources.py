"""Where the files that are not Python lie: Jinja2 templates and the C++ support library."""

from __future__ import annotations

from pathlib import Path


def resource_folder(name: str) -> Path:
    """Folder `templates` or `cpp`, in an installed wheel or in a checkout.

    Args:
        name: "templates" or "cpp".
    Raises:
        FileNotFoundError: The installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"annconv's folder {name!r} is missing beside {package}: reinstall annconv"
    )
