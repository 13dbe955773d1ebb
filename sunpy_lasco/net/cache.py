"""
Cache of listings of past days on disk.

Listings of old days do not change, so a second search needs no requests. A file holds one day of one camera.
"""

from __future__ import annotations

import gzip
import json
import shutil
import time
import zlib
from datetime import date
from pathlib import Path

import numpy as np

import sunpy
from sunpy import log

from sunpy_lasco.files import sha256_of, write_whole
from sunpy_lasco.net.archives import LATE
from sunpy_lasco.net.table import ENTRY

__all__ = ["ListingCache", "cache_directory", "clear_listings"]

#: Changes when the content of the files changes.
FORMAT = 2
#: Days more recent than this are never cached, days, because final images are still coming in.
FRESH = LATE + 30
#: A day that the first archive does not have is cached only from this age on, days, because final images may still
#: appear there.
SETTLED = 730
#: Lifetime of a listing of the first archive, and of any other answer, days.
LIFETIME, LIFETIME_OTHER = 365, 30

DAY = 86400


def cache_directory():
    """The directory for listings, in that of sunpy's data manager."""
    return Path(sunpy.config.get("downloads", "remote_data_manager_dir")).expanduser() / "sunpy_lasco" / "listings"


def clear_listings() -> None:
    """Clear the cache of listings, so that the archives are queried again."""
    shutil.rmtree(cache_directory(), ignore_errors=True)


class ListingCache:
    """
    Cached listings of the same archives.

    Parameters
    ----------
    archives : sequence of `~sunpy_lasco.net.archives.Archive`
        The archives; answers of others are not used.
    today : `~datetime.date`, optional
        The present day.
    """

    def __init__(self, archives, today=None):
        self._today = date.today() if today is None else today
        self._archives = {archive.root: number for number, archive in enumerate(archives)}
        key = sha256_of("\n".join(self._archives).encode())[:12]
        self._root = cache_directory() / key

    def read(self, day, camera):
        """
        The listing of a day of a camera, of dtype `~sunpy_lasco.net.table.ENTRY`, and the number of the
        archive that gave it.

        The number is None if no archive has images of the day. `KeyError` is raised if there is no valid
        cached listing.
        """
        path = self._path(day, camera)
        try:
            head, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
            head = json.loads(head)
            if head["format"] != FORMAT or not 0 <= time.time() - head["asked"] < head["lifetime"] * DAY:
                raise KeyError(path)
            entries = np.frombuffer(body, dtype=ENTRY)
            if len(entries) != head["entries"]:
                raise KeyError(path)
            return entries, None if head["root"] is None else self._archives[head["root"]]
        except (OSError, EOFError, ValueError, TypeError, zlib.error) as error:
            if not isinstance(error, FileNotFoundError):
                log.debug(f"{path} cannot be read ({error}); querying the archive again")
            raise KeyError(path) from error

    def write(self, day, camera, entries, number):
        """Cache a listing in the form of `read`, if it should be cached."""
        age = (self._today - day).days
        if age < (FRESH if number == 0 else SETTLED):
            return
        root = None if number is None else list(self._archives)[number]
        head = {
            "format": FORMAT,
            "root": root,
            "asked": time.time(),
            "lifetime": LIFETIME if number == 0 else LIFETIME_OTHER,
            "entries": len(entries),
        }
        content = json.dumps(head).encode() + b"\n" + entries.tobytes()
        try:
            # A listing damaged by a power failure fails the gzip checksum and is requested again.
            write_whole(self._path(day, camera), gzip.compress(content, 6), durable=False)
        except OSError as error:
            log.debug(f"The listing of {day} cannot be cached: {error}")

    def _path(self, day, camera):
        return self._root / f"{day:%Y}" / f"{day:%y%m%d}_{camera.lower()}.gz"
