"""
The directory of downloaded assets.

Files appear completely or not at all. JSON files record their origin (``pins.json``) and, for a while, which
files do not exist (``absent.json``) and which servers did not answer (``unreachable.json``), so that many
processes send only one request. The directory has the folders of a SolarSoft tree; it can be copied to
another machine and used there as ``assets=``.
"""

import contextlib
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from sunpy_lasco.assets.files import file_stamp, read_bytes
from sunpy_lasco.assets.images import check_file
from sunpy_lasco.assets.names import entry
from sunpy_lasco.errors import AssetError
from sunpy_lasco.files import write_whole

__all__ = ["Store", "StoreError", "digest_of", "known_sha256"]

#: Seconds for which a missing file is remembered.
ABSENT_SECONDS = 24 * 3600
#: Seconds for which a server that did not answer is not tried again.
UNREACHABLE_SECONDS = 60
#: Seconds to wait for another process that downloads.
LOCK_SECONDS = 1800
#: Bytes that must be free before anything is fetched.
FREE_BYTES = 50_000_000

_INCOMING = ".incoming-"
#: File with the SHA-256 of the downloaded files.
PINS = "pins.json"


class StoreError(AssetError):
    """The directory of downloaded assets is not writable."""


@dataclass(frozen=True)
class Store:
    """A directory of downloaded assets."""

    #: The directory; it is made when it is needed.
    root: Path

    def file(self, name):
        """Path of an asset, which may not exist yet."""
        item = entry(name)
        if item.daily:
            # expfac/data/YYMM, as in SolarSoft.
            return Path(self.root, *item.folders[0].split("/")[-3:], name)
        return Path(self.root, name)

    @contextlib.contextmanager
    def locked(self):
        """
        Context manager that locks the store for writing and provides a temporary directory.

        Raises
        ------
        StoreError
            If the store is not writable, or another process locks it for too long.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / ".lock", timeout=LOCK_SECONDS):
                # While the lock is held, other temporary directories are leftovers of killed
                # processes.
                for left_over in self.root.glob(f"{_INCOMING}*"):
                    shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
                if shutil.disk_usage(self.root).free < FREE_BYTES:
                    msg = f"There is hardly any space left in {self.root}, where calibration images are stored."
                    raise StoreError(msg)
                incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=self.root))
                try:
                    yield incoming
                finally:
                    shutil.rmtree(incoming, ignore_errors=True)
        except Timeout as error:
            msg = f"Another process has locked {self.root} for {LOCK_SECONDS // 60} minutes; check it."
            raise StoreError(msg) from error
        except OSError as error:
            if isinstance(error, AssetError):
                raise
            msg = (
                f"Calibration images cannot be kept in {self.root} ({error}); "
                "name another directory in the environment variable SUNPY_LASCO_CACHE."
            )
            raise StoreError(msg) from error

    def adopt(self, name, path, url):
        """
        Store a downloaded and checked file from the directory of `locked`, and record its address; only while
        `locked`.
        """
        target = self.file(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        _, sha256 = read_bytes(path)
        Path(path).replace(target)
        self.set_pin(name, sha256, url)
        return target

    def pin(self, name):
        """
        SHA-256 that the file of an asset must have, or None.

        The published one takes precedence over that of the first download.
        """
        return known_sha256(self.file(name), name)

    def set_pin(self, name, sha256, url):
        """Record SHA-256 and origin of a file; only while `locked`."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._note(self.file(name).with_name(PINS), name, {"sha256": sha256, "url": url, "fetched": when})

    def accept(self, name):
        """
        Pin the current file of an asset, and return its SHA-256; `~sunpy_lasco.errors.AssetError` is raised
        if it does not exist or is invalid.
        """
        with self.locked():
            sha256 = check_file(self.file(name), name)
            self.set_pin(name, sha256, "accepted as found")
        return sha256

    def verified(self, name):
        """
        Path of an asset after checking its hash, None if it does not exist; `~sunpy_lasco.errors.AssetError`
        is raised if it is not the downloaded file.
        """
        path = self.file(name)
        if not path.is_file():
            return None
        pin, found = self.pin(name), digest_of(path)
        if pin is not None and pin != found:
            # Another process may be replacing both, so check again afterwards.
            with self.locked():
                pin, found = self.pin(name), digest_of(path)
        if pin is not None and pin != found:
            msg = (
                f"{path} has changed since its download: its SHA-256 is {found}, but {pin} is expected. "
                f"`sunpy-lasco assets fetch --update {name}` downloads it again; "
                f"`sunpy-lasco assets pin --local {name}` accepts the changed file."
            )
            raise AssetError(msg)
        return path

    def is_absent(self, name):
        """Whether the file is known to be missing from the archives."""
        when = _load(self.file(name).with_name("absent.json"), strict=False).get(name)
        return _is_recent(when, ABSENT_SECONDS)

    def set_absent(self, name):
        """Record that the archives have no such file; only while `locked`."""
        self._note(self.file(name).with_name("absent.json"), name, time.time())

    def unreachable(self):
        """The servers that recently did not answer."""
        noted = _load(self.root / "unreachable.json", strict=False)
        return {server for server, when in noted.items() if _is_recent(when, UNREACHABLE_SECONDS)}

    def set_unreachable(self, servers):
        """Record servers that do not answer; only while `locked`."""
        for server in servers:
            self._note(self.root / "unreachable.json", server, time.time())

    def _note(self, path, key, value):
        noted = _load(path, strict=path.name == PINS)
        noted[key] = value
        write_whole(path, json.dumps(noted, indent=1, sort_keys=True) + "\n")


def known_sha256(path, name):
    """
    SHA-256 that the file of an asset must have: the one that is published, or the one of the list
    beside it, or None.
    """
    return entry(name).sha256 or _load(Path(path).with_name(PINS)).get(name, {}).get("sha256")


def digest_of(path):
    """SHA-256 of a file, which is read again only if it changes."""
    return _digest(path, file_stamp(path))


def _load(path, *, strict=True):
    """The content of a JSON file of the store; empty if there is none."""
    try:
        noted = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        if not strict:
            return {}
        msg = f"{path} cannot be read ({error}); remove it, and calibration images will be pinned again."
        raise AssetError(msg) from error
    return noted if isinstance(noted, dict) else {}


def _is_recent(when, seconds):
    return isinstance(when, (int, float)) and 0 <= time.time() - when < seconds


@lru_cache(maxsize=4096)
def _digest(path, stamp):
    return read_bytes(path)[1]
