"""The folder of finished builds: locked while built, published with one rename, checked on use.

Below the cache folder, in a folder of the format's version that belongs to its owner only:
    entries/KEY/         a finished build: its files, key.json, build.log, manifest.json
    building/KEY-*/      a build under way, or what a killed one left
    discarded/KEY-*/     an entry on its way out
    locks/KEY.lock       held while KEY is built or removed
    logs/KEY.log         log of a build under way or failed
    index/NAME.key       key that something wanted was built with (see `index.py`)
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from annconv.build.key import BuildKey
from annconv.build.manifest import (
    KEY,
    LOG,
    MANIFEST,
    find_fault,
    read_manifest,
    write_manifest,
)
from annconv.errors import CacheError

_VERSION = "v1"
_PATIENCE = 1.0  # seconds of waiting for another build before the log says so
_REFUSED = ";|\\\n\r"  # CMake's list separator and path separator, Ninja's and line separators
_OTHER_FOLDER = "set ANNCONV_CACHE_DIR to a folder of your own that can be written to"

_LOGGER = logging.getLogger("annconv")


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished build in the cache.

    Attributes:
        digest: Digest of its key, which is its name.
        folder: Where its files are.
        label: What was built, for a person.
        reason: Why it was built.
        size: Bytes of its files.
        built: When it was built, in seconds since 1970.
        used: When it was last used, in the same.
    """

    digest: str
    folder: Path
    label: str
    reason: str
    size: int
    built: float
    used: float

    @property
    def log(self) -> Path:
        """Everything that the tools printed."""
        return self.folder / LOG

    def key(self) -> BuildKey:
        """The key it was built for.

        Raises:
            ValueError: The file of the key is damaged.
        """
        return BuildKey.from_json((self.folder / KEY).read_text("utf-8"))


@contextmanager
def explained(folder: Path, instead: str = _OTHER_FOLDER) -> Iterator[None]:
    """Turn a failure of the file system into a CacheError that says what to do."""
    try:
        yield
    except OSError as error:
        path = error.filename if isinstance(error.filename, str) else folder
        what = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            instead = "free some space (`annconv cache list` shows the builds), or " + instead
        raise CacheError(path, what[:1].lower() + what[1:], instead=instead) from error


class Cache:
    """A folder of finished builds, shared by all processes of one user."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Make or take over the folder.

        Args:
            folder: The cache folder; None is the platform's usual one for this user.
            patience: Seconds of waiting for a lock before the logger `annconv` says so.
        Raises:
            CacheError: The folder cannot be made, belongs to somebody else, or has a path that
                CMake cannot handle.
        """
        chosen = folder if folder is not None else platformdirs.user_cache_path("annconv")
        self.root = chosen.absolute() / _VERSION
        self._patience = patience
        refused = sorted({letter for letter in str(self.root) if letter in _REFUSED})
        if refused:
            listed = " ".join(repr(letter) for letter in refused)
            raise CacheError(
                self.root,
                f"CMake and Ninja cannot build in a folder with {listed} in its path",
                instead="set ANNCONV_CACHE_DIR to a folder without",
            )
        with explained(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self.root.stat()
            if status.st_uid != os.geteuid():
                raise CacheError(
                    self.root,
                    f"belongs to user {status.st_uid}, expected {os.geteuid()}: it is not trusted",
                    instead=_OTHER_FOLDER,
                )
            if status.st_mode & 0o077:
                self.root.chmod(0o700)
            for name in ("entries", "building", "discarded", "locks", "logs", "index"):
                (self.root / name).mkdir(exist_ok=True)

    def log_path(self, digest: str) -> Path:
        """Where the log of a build goes; it stays there if the build fails."""
        return self.root / "logs" / f"{digest}.log"

    def find(self, digest: str) -> Entry | None:
        """The entry of a key if it is whole, noted as used now; else None.

        Raises:
            CacheError: The cache cannot be read.
        """
        folder = self._entry_folder(digest)
        with explained(folder):
            if find_fault(folder) is not None:
                return None
            if os.access(folder / MANIFEST, os.W_OK):  # a cache may be mounted for reading only
                with suppress(FileNotFoundError):  # removed this instant: no entry below
                    os.utime(folder / MANIFEST)
            return self._entry(folder)

    def obtain(
        self, key: BuildKey, label: str, build: Callable[[Path], None]
    ) -> tuple[Entry, bool]:
        """The entry of a key, built if it is not there or damaged; by one process only.

        Args:
            key: The key of the build.
            label: What is built, for a person.
            build: Fills the empty folder it is given with the files of the entry, and writes its
                log to `log_path`. What it raises is passed on, and no entry is made.
        Returns:
            The entry, and whether it was there already.
        Raises:
            CacheError: The cache cannot be written, or the disk is full.
        """
        digest = key.digest()
        found = self.find(digest)
        if found is not None:
            return found, True
        with explained(self.root), self._locked(digest, label):
            found = self.find(digest)
            if found is not None:
                return found, True
            reason = self._reason(key, label)
            _LOGGER.info("building %s (%s): %s", label, digest[:12], reason)
            self.sweep(digest)
            self._build(key, label, reason, build)
            entry = self._entry(self._entry_folder(digest))
        if entry is None:
            raise CacheError(self.root, "an entry vanished as it was made", instead="try again")
        return entry, False

    def _build(self, key: BuildKey, label: str, reason: str, build: Callable[[Path], None]) -> None:
        """Build in a temporary folder beside the entries and publish it with one rename."""
        digest = key.digest()
        work = Path(tempfile.mkdtemp(prefix=f"{digest}-", dir=self.root / "building"))
        log = self.log_path(digest)
        log.write_bytes(b"")
        try:
            build(work)
            (work / KEY).write_text(key.to_json(), "utf-8")
            log.replace(work / LOG)
            write_manifest(work, label, reason)
            self.discard(digest)
            work.rename(self._entry_folder(digest))
        finally:
            _remove_tree(work)

    def remember(self, name: str, digest: str) -> None:
        """Note in the index which key a name leads to.

        Args:
            name: 64 hexadecimal digits, see `index.index_name`.
            digest: Digest of the key.
        Raises:
            CacheError: The cache cannot be written.
        """
        folder = self.root / "index"
        with explained(folder):
            with tempfile.NamedTemporaryFile(
                "w", prefix=name, suffix=".part", dir=folder, delete=False, encoding="utf-8"
            ) as beside:
                beside.write(digest + "\n")
            Path(beside.name).replace(folder / f"{name}.key")

    def indexed(self, name: str) -> str | None:
        """The key that a name leads to if there is an entry for it, whole or not; else None.

        Raises:
            CacheError: The cache cannot be read.
        """
        path = self.root / "index" / f"{name}.key"
        with explained(path):
            if not path.is_file():
                return None
            digest = path.read_text("utf-8", errors="replace").strip()
            well_formed = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
            return digest if well_formed and self._entry_folder(digest).is_dir() else None

    def entries(self) -> list[Entry]:
        """All entries that have a manifest, the one used last first.

        Raises:
            CacheError: The cache cannot be read.
        """
        with explained(self.root):
            folders = sorted((self.root / "entries").iterdir())
            found = [entry for entry in map(self._entry, folders) if entry is not None]
        return sorted(found, key=lambda entry: entry.used, reverse=True)

    # Entries

    def _entry_folder(self, digest: str) -> Path:
        return self.root / "entries" / digest

    def last_use(self, digest: str) -> float | None:
        """When an entry was last used, in seconds since 1970; None if there is none."""
        try:
            return (self._entry_folder(digest) / MANIFEST).stat().st_mtime
        except FileNotFoundError:
            return None

    def _entry(self, folder: Path) -> Entry | None:
        try:
            manifest = read_manifest(folder)
            built = folder.stat().st_mtime  # no file is added to a finished build
            used = (folder / MANIFEST).stat().st_mtime
        except (ValueError, FileNotFoundError):  # half-built, damaged, or removed this instant
            return None
        label, reason, size = manifest.label, manifest.reason, manifest.size
        return Entry(folder.name, folder, label, reason, size, built, used)

    def _reason(self, key: BuildKey, label: str) -> str:
        """Why a build is needed: a damaged entry, or what differs from the most similar one."""
        folder = self._entry_folder(key.digest())
        if folder.exists():
            return f"the entry in the cache is damaged: {find_fault(folder)}"
        closest: BuildKey | None = None
        for entry in self.entries():
            if entry.label != label:
                continue
            try:
                other = entry.key()
            except (ValueError, OSError):  # such an entry explains nothing
                continue
            if closest is None or len(key.differences(other)) < len(key.differences(closest)):
                closest = other
        if closest is None:
            return f"first build of {label}"
        return f"differs from the most similar build in {', '.join(key.changes(closest))}"

    def discard(self, digest: str) -> None:
        """Take an entry out of sight with one rename, then remove it. Its lock is held."""
        folder = self._entry_folder(digest)
        if not folder.exists():
            return
        aside = Path(tempfile.mkdtemp(prefix=f"{digest}-", dir=self.root / "discarded"))
        folder.rename(aside / "entry")
        shutil.rmtree(aside)

    # Leftovers

    def sweep(self, digest: str) -> None:
        """Remove what killed processes left of one key. Its lock is held."""
        for area in ("building", "discarded"):
            for folder in (self.root / area).glob(f"{digest}-*"):
                _remove_tree(folder)

    # Locks

    def _lock(self, digest: str) -> filelock.FileLock:
        return filelock.FileLock(self.root / "locks" / f"{digest}.lock", mode=0o600)

    def _acquire(self, lock: filelock.FileLock, timeout: float | None) -> bool:
        """Take a lock within some seconds, or however long it takes; returns whether it is held."""
        try:
            lock.acquire(timeout=-1 if timeout is None else timeout)
        except filelock.Timeout:
            return False
        except NotImplementedError as error:
            raise CacheError(
                self.root,
                "the file system cannot lock files, so processes would disturb each other",
                instead="set ANNCONV_CACHE_DIR to a folder on a local disk",
            ) from error
        return True

    @contextmanager
    def _locked(self, digest: str, label: str) -> Iterator[None]:
        """Hold the lock of a key; whoever waits for long is told for what."""
        lock = self._lock(digest)
        if not self._acquire(lock, self._patience):
            _LOGGER.warning(
                "waiting for another process that is building %s (lock %s)", label, lock.lock_file
            )
            self._acquire(lock, None)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def try_lock(self, digest: str) -> Iterator[bool]:
        """Hold the lock of a key if nobody else does; the value says whether it is held."""
        lock = self._lock(digest)
        if not self._acquire(lock, 0.0):
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


def _remove_tree(folder: Path) -> None:
    """Remove a temporary folder as far as possible.

    What a killed build has started may still be writing there; then the rest goes next time.
    """
    shutil.rmtree(folder, ignore_errors=True)
