"""Folders that a cache cannot be in, or only be read in: a clear error, and no wrong load."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest
from places import READ_ONLY, bound, mounted

from annconv.build.builder import Support
from annconv.build.cache import Cache
from annconv.errors import CacheError

pytestmark = pytest.mark.compiles

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = """
import sys
from pathlib import Path
from driven import TinyExtension
from annconv.errors import AnnconvError
try:
    print(TinyExtension(int(sys.argv[1]), Path(sys.argv[2])).build())
except AnnconvError as error:
    print(type(error).__name__, error)
"""
OWN_FOLDER = "Instead: set ANNCONV_CACHE_DIR to a folder of your own that can be written to."
RIGHT = "0"


def outcome(
    prefix: list[str], number: int, support: Support, variables: Mapping[str, str | None]
) -> str:
    """What a child process prints that builds an extension: 0, or the error."""
    paths = (REPOSITORY, REPOSITORY / "tests", REPOSITORY / "tests" / "build")
    changed = {"PYTHONPATH": os.pathsep.join(map(str, paths)), **variables}
    environment = {
        name: value for name, value in (os.environ | changed).items() if value is not None
    }
    done = subprocess.run(
        [*prefix, "-c", BUILD, str(number), support.folder],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


@contextmanager
def closed(folder: Path) -> Iterator[list[str]]:
    """Take from a folder and all below the right to write; gives the start of a bound command."""
    paths = [*folder.rglob("*"), folder]
    for path in paths:
        path.chmod(path.stat().st_mode & 0o555)
    try:
        yield bound()
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | 0o200)


def test_a_cache_that_can_only_be_read(tmp_path: Path, support: Support) -> None:
    folder = tmp_path / "cache"
    variables = {"ANNCONV_CACHE_DIR": str(folder)}
    assert outcome([sys.executable], 1, support, variables) == RIGHT

    def check(prefix: list[str], error: str) -> None:
        assert outcome(prefix, 1, support, variables) == RIGHT
        told = outcome(prefix, 2, support, variables)
        assert told.startswith(f"CacheError {folder}/v1/locks/")
        assert told.endswith(f": {error}. {OWN_FOLDER}")

    with closed(folder) as prefix:
        check(prefix, "permission denied")
    mount = mounted(READ_ONLY, folder)
    if mount is not None:  # the other way to the same error; some machines forbid it
        (folder / "v1").chmod(0o755)
        check([*mount, sys.executable], "read-only file system")


def test_rights_that_were_taken_are_not_given_back(tmp_path: Path) -> None:
    root = Cache(tmp_path).root
    root.chmod(0o555)
    Cache(tmp_path)
    assert root.stat().st_mode & 0o777 == 0o500
    root.chmod(0o700)


def test_a_folder_below_one_that_cannot_be_written(tmp_path: Path, support: Support) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    with closed(folder) as prefix:
        told = outcome(prefix, 1, support, {"ANNCONV_CACHE_DIR": str(folder / "cache")})
    assert told == f"CacheError {folder / 'cache'}: permission denied. {OWN_FOLDER}"


@pytest.mark.parametrize("home", ["home", "home/missing"])
def test_a_home_that_cannot_be_written(tmp_path: Path, support: Support, home: str) -> None:
    (tmp_path / "home").mkdir()
    variables = {"HOME": str(tmp_path / home), "ANNCONV_CACHE_DIR": None, "XDG_CACHE_HOME": None}
    with closed(tmp_path / "home") as prefix:
        told = outcome(prefix, 1, support, variables)
    assert told.startswith(f"CacheError {tmp_path / 'home'}/")
    assert "permission denied" in told
    assert told.endswith(OWN_FOLDER)


@pytest.mark.parametrize("platforms", [None, Path("~/.cache/annconv")], ids=["now", "once"])
def test_without_a_home_there_is_no_usual_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platforms: Path | None
) -> None:
    def unknown(user: int) -> pwd.struct_passwd:
        raise KeyError(user)

    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    if platforms is not None:
        monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: platforms)
    with pytest.raises(CacheError, match="below no home folder: HOME is not set") as caught:
        Cache()
    assert str(caught.value).endswith(OWN_FOLDER)
    assert list(tmp_path.iterdir()) == []


def foreign(folder: Path) -> int:
    """Put somebody else's folder in the place of one; returns whose it is."""
    if os.geteuid() == 0:
        folder.mkdir(mode=0o777)
        os.chown(folder, 65534, 65534)
    else:
        folder.symlink_to("/")
    return folder.stat().st_uid


def test_a_folder_of_somebody_else(tmp_path: Path, support: Support) -> None:
    (tmp_path / "cache").mkdir()
    folder = tmp_path / "cache" / "v1"
    owner = foreign(folder)
    told = outcome([sys.executable], 1, support, {"ANNCONV_CACHE_DIR": str(folder.parent)})
    assert told == (
        f"CacheError {folder}: belongs to user {owner}, expected {os.geteuid()}: "
        f"it is not trusted. {OWN_FOLDER}"
    )


def test_a_folder_that_is_a_file(tmp_path: Path, support: Support) -> None:
    path = tmp_path / "file"
    path.write_text("")
    told = outcome([sys.executable], 1, support, {"ANNCONV_CACHE_DIR": str(path)})
    assert told.startswith(f"CacheError {path}/v1: not a directory. Instead: remove what stands in")
    assert path.read_text() == ""
