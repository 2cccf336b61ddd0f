"""What annconv takes from the environment, which is read in no other place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from annconv.errors import CacheError

CACHE_VARIABLE, KEEP_VARIABLE = "ANNCONV_CACHE_DIR", "ANNCONV_KEEP"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What annconv takes from the environment: where files lie and which compiler is used."""

    cache: Path | None
    """ANNCONV_CACHE_DIR: folder of the build cache, which `read_environment` makes absolute; None:
    the platform's usual one."""
    keep: Path | None
    """ANNCONV_KEEP: folder in which every stage of a compilation is kept, made absolute, too."""
    compiler: str | None
    """CXX: the C++ compiler."""


def own_folder(folder: str | Path, variable: str) -> Path:
    """The absolute path of a folder that a user named: `~` is a home, `x` is below where one is.

    Args:
        folder: What was written.
        variable: The environment variable that names such a folder, for messages.
    Raises:
        CacheError: The current folder is gone, or the user of `~user` is not known.
    """
    path = Path(folder)
    instead = f"set {variable} to an absolute path"
    try:
        return path.expanduser().absolute()
    except FileNotFoundError as error:
        raise CacheError(
            path, "is relative to the current folder, which is gone", instead=instead
        ) from error
    except RuntimeError as error:  # as pathlib says it
        what = f"the home of {path.parts[0]!r} is not known"
        raise CacheError(path, what, instead=instead) from error


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the environment; the only place that does.

    Args:
        variables: The environment, `os.environ` if None.
    Raises:
        CacheError: A folder is given relative to one that is gone, or below an unknown home.
    """
    found = os.environ if variables is None else variables
    cache, keep = found.get(CACHE_VARIABLE), found.get(KEEP_VARIABLE)
    return Environment(
        cache=own_folder(cache, CACHE_VARIABLE) if cache else None,
        keep=own_folder(keep, KEEP_VARIABLE) if keep else None,
        compiler=found.get("CXX") or None,
    )
