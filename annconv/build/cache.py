"""The folder of finished builds: locked while built, published with one rename, checked on use.

Below the cache folder, in a folder of the format's version that belongs to its owner only:
    entries/KEY/         a finished build: its files, key.json, build.log, manifest.json
    building/KEY-*/      a build under way, or what a killed one left
    discarded/KEY-*/     an entry on its way out
    locks/KEY.lock       held while KEY is built or removed; stays, as another may wait for it
    logs/KEY.log         log of a build under way or failed
    index/NAME.key       its name and the key that something wanted was built with (see `index.py`)
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import filelock
import platformdirs

from annconv.build.key import BuildKey
from annconv.build.letters import refusal
from annconv.build.manifest import (
    KEY,
    LOG,
    MANIFEST,
    find_fault,
    read_file,
    read_manifest,
    write_manifest,
)
from annconv.environment import CACHE_VARIABLE, own_folder
from annconv.errors import BuildError, CacheError

_VERSION = "v1"
_PATIENCE = 1.0  # seconds of waiting for another build before the log says so
_OTHER_FOLDER = "set ANNCONV_CACHE_DIR to a folder of your own that can be written to"
_SCARCE = 2**20  # bytes on a disk, below which a failing build may well fail for want of more
_SPACE = "free some space (`annconv cache list` shows the builds), or "
_IN_PLACE = "remove what stands in its place, or "
_FIRST_AIDS: Mapping[int | None, str] = MappingProxyType(
    {
        errno.ENOSPC: _SPACE,
        errno.EDQUOT: _SPACE,
        errno.EFBIG: "raise the limit on the size of files (`ulimit -f`), or ",
        errno.EEXIST: _IN_PLACE,
        errno.ENOTDIR: _IN_PLACE,
        errno.EISDIR: _IN_PLACE,
        errno.ELOOP: _IN_PLACE,
    }
)

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
        content = read_file(self.folder, KEY)
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise ValueError(f"{KEY} is damaged")
        return BuildKey.from_json(content.decode())


@contextmanager
def explained(folder: Path, instead: str = _OTHER_FOLDER) -> Iterator[None]:
    """Turn a failure of the file system into a CacheError that says what to do."""
    try:
        yield
    except OSError as error:
        path = error.filename2 or error.filename  # of a copy or a move its target
        path = path if isinstance(path, str) else folder
        what = error.strerror or str(error)
        instead = _FIRST_AIDS.get(error.errno, "") + instead
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
                CMake cannot handle or that leads nowhere; or none was given and the user has no
                home.
        """
        chosen = _usual_folder() if folder is None else own_folder(folder, CACHE_VARIABLE)
        self.root = chosen / _VERSION
        self._patience = patience
        refused = refusal(self.root)
        if refused is not None:
            raise CacheError(
                self.root, refused, instead="set ANNCONV_CACHE_DIR to a folder without"
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
            self._close_to_others(status.st_mode)
            for name in ("entries", "building", "discarded", "locks", "logs", "index"):
                (self.root / name).mkdir(exist_ok=True)

    def _close_to_others(self, mode: int) -> None:
        if not mode & 0o077:
            return
        try:
            self.root.chmod(mode & 0o700)
        except OSError:
            if mode & 0o022:  # who may only read, as where it is mounted so, can do no harm
                raise

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
            if find_fault(folder, digest) is not None:
                return None
            with suppress(OSError):  # a cache that is only read; or removed this instant, see below
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
        try:
            remove_path(log)
            log.write_bytes(b"")
            with self._short_of_space():
                build(work)
            (work / KEY).write_text(key.to_json(), "utf-8")
            log.replace(work / LOG)
            write_manifest(work, label, reason)
            self.discard(digest)
            work.rename(self._entry_folder(digest))
        finally:
            remove_path(work)

    @contextmanager
    def _short_of_space(self) -> Iterator[None]:
        """Tell a full disk from other failures: CMake goes on with files it could not write."""
        try:
            yield
        except BuildError as error:
            free = shutil.disk_usage(self.root).free
            if free >= _SCARCE:
                raise
            raise CacheError(
                self.root,
                f"the build failed, and its disk has only {free // 1024} KiB left",
                instead=_SPACE + _OTHER_FOLDER,
            ) from error

    def remember(self, name: str, digest: str) -> None:
        """Note in the index which key a name leads to.

        Args:
            name: 64 hexadecimal digits, see `index.index_name`.
            digest: Digest of the key.
        Raises:
            CacheError: The cache cannot be written.
        """
        folder = self.root / "index"
        path = folder / f"{name}.key"
        with explained(folder):
            descriptor, beside = tempfile.mkstemp(prefix=name, suffix=".part", dir=folder)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(f"{name} {digest}\n")
                if path.is_dir():
                    remove_path(path)
                Path(beside).replace(path)
            finally:
                remove_path(Path(beside))

    def indexed(self, name: str) -> str | None:
        """The key that a name leads to if there is an entry for it, whole or not; else None.

        Raises:
            CacheError: The cache cannot be read.
        """
        try:
            content = read_file(self.root / "index", f"{name}.key")
        except ValueError:  # nothing, or damaged: who asks builds, and notes it anew
            return None
        own_name, _, digest = content.decode("utf-8", "replace").strip().partition(" ")
        well_formed = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
        if own_name != name or not well_formed:
            return None
        folder = self._entry_folder(digest)
        with explained(folder):
            return digest if folder.is_dir() else None

    def entries(self) -> list[Entry]:
        """All entries that have a manifest, the one used last first.

        Raises:
            CacheError: The cache cannot be read.
        """
        with explained(self.root):
            folders = sorted((self.root / "entries").iterdir())
            found = [entry for entry in map(self._entry, folders) if entry is not None]
        return sorted(found, key=lambda entry: entry.used, reverse=True)

    def damaged(self) -> list[str]:
        """Names of what lies among the entries without being one: it has no manifest, or a broken.

        Raises:
            CacheError: The cache cannot be read.
        """
        with explained(self.root):
            folders = sorted((self.root / "entries").iterdir())
            return [folder.name for folder in folders if self._entry(folder) is None]

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
        except (ValueError, OSError):  # damaged, or removed this instant
            return None
        label, reason, size = manifest.label, manifest.reason, manifest.size
        return Entry(folder.name, folder, label, reason, size, built, used)

    def _reason(self, key: BuildKey, label: str) -> str:
        """Why a build is needed: a damaged entry, or what differs from the most similar one."""
        folder = self._entry_folder(key.digest())
        if os.path.lexists(folder):
            return f"the entry in the cache is damaged: {find_fault(folder, folder.name)}"
        closest: BuildKey | None = None
        for entry in self.entries():
            if entry.label != label:
                continue
            try:
                other = entry.key()
            except ValueError:  # such an entry explains nothing
                continue
            if closest is None or len(key.differences(other)) < len(key.differences(closest)):
                closest = other
        if closest is None:
            return f"first build of {label}"
        return f"differs from the most similar build in {', '.join(key.changes(closest))}"

    def discard(self, digest: str) -> None:
        """Take an entry out of sight with one rename, then remove it. Its lock is held."""
        folder = self._entry_folder(digest)
        if not os.path.lexists(folder):
            return
        aside = Path(tempfile.mkdtemp(prefix=f"{digest}-", dir=self.root / "discarded"))
        _open_to_owner(folder)
        try:
            folder.rename(aside / "entry")
        finally:
            remove_path(aside)

    # Leftovers

    def sweep(self, digest: str) -> None:
        """Remove what killed processes left of one key. Its lock is held."""
        for area in ("building", "discarded"):
            for folder in (self.root / area).glob(f"{digest}-*"):
                remove_path(folder)

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


def remove_path(path: Path) -> None:
    """Remove a folder, or whatever stands in its place, as far as possible.

    What a killed build has started may still be writing there; then the rest goes next time.
    """
    if path.is_dir() and not path.is_symlink():
        _open_to_owner(path)
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _open_to_owner(path: Path) -> None:
    """Give the owner back the rights without which a folder cannot be moved or emptied."""
    if path.is_dir() and not path.is_symlink():
        with suppress(OSError):
            path.chmod(0o700)


def _usual_folder() -> Path:
    """The platform's cache folder of this user.

    Raises:
        CacheError: The user has no home, so it would depend on the folder one stands in.
    """
    try:
        folder = platformdirs.user_cache_path("annconv")
    except RuntimeError:  # as newer versions of platformdirs say it; older ones return this
        folder = Path("~/.cache/annconv")
    if not folder.is_absolute():
        raise CacheError(
            folder,
            "is below no home folder: HOME is not set, and this user has no entry with one; or "
            "HOME or XDG_CACHE_HOME is no absolute path",
            instead=_OTHER_FOLDER,
        )
    return folder
