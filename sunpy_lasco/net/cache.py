"""
Listings of past days, kept on disk.

What the archives say of a day of long ago does not change, so a second search asks
nobody.  A file holds one day of one camera.
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
#: A day younger than this is never kept, days: its final images are still coming in, perhaps one by one.
FRESH = LATE + 30
#: A day that the first archive does not have is kept only from this age on, days:
#: until then the final images may still appear there.
SETTLED = 730
#: For how long a listing of the first archive is kept, and any other answer, days.
LIFETIME, LIFETIME_OTHER = 365, 30

DAY = 86400


def cache_directory():
    """Where listings are kept: in the directory of sunpy's data manager."""
    return Path(sunpy.config.get("downloads", "remote_data_manager_dir")).expanduser() / "sunpy_lasco" / "listings"


def clear_listings() -> None:
    """Clear the cache of listings, so that the archives are asked again."""
    shutil.rmtree(cache_directory(), ignore_errors=True)


class ListingCache:
    """
    Listings that the same archives gave before.

    Parameters
    ----------
    archives : sequence of `~sunpy_lasco.net.archives.Archive`
        Who is asked; answers of others are not mixed in.
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

        The number is None where all archives said that there are none. `KeyError` if nothing is kept, or is
        kept no longer.
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
                log.debug(f"{path} cannot be read ({error}); the archive is asked again")
            raise KeyError(path) from error

    def write(self, day, camera, entries, number):
        """Keep a listing, as `read` gives it, if it is one to be kept."""
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
            # A listing that a power cut spoils does not pass the sum of gzip, and is asked for again.
            write_whole(self._path(day, camera), gzip.compress(content, 6), durable=False)
        except OSError as error:
            log.debug(f"The listing of {day} cannot be kept: {error}")

    def _path(self, day, camera):
        return self._root / f"{day:%Y}" / f"{day:%y%m%d}_{camera.lower()}.gz"
