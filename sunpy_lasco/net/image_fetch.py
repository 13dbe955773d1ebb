"""
Download of complete images from one of several archives.

An image is stored as soon as it is complete and checked. An existing file, even a damaged one, is replaced
but never removed.
"""

import contextlib
import gzip
import math
import re
import stat
import zlib
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

import aiohttp
import parfive

import sunpy
from sunpy import log
from sunpy.net.base_client import QueryResponseRow
from sunpy.util import parfive_helpers

from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import LascoError
from sunpy_lasco.files import atomic_path, sweep
from sunpy_lasco.net.archives import directory_day
from sunpy_lasco.net.file_fetch import Job, download
from sunpy_lasco.net.identity import Offer, mismatch
from sunpy_lasco.net.listing import is_html
from sunpy_lasco.net.transfer import BROKEN, UNUSABLE, RequestError, time_limits
from sunpy_lasco.net.web import SILENCES

__all__ = ["DeliveryError", "deliver", "file_fault"]

#: A FITS block, bytes.
BLOCK = 2880
#: No LASCO header is longer, blocks.
MOST_BLOCKS = 100
#: FITS knows no more axes.
MOST_AXES = 999
#: Number of blocks of zeros that may follow the last image (padding to ten blocks, as on tapes).
MOST_PADDING = 9
#: Bytes of an unpacked file that are looked at, at most.
LONGEST = 256 * 1024**2

_INTEGER = re.compile(rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT) *= +(-?\d{1,18})(?!\d)")


def file_fault(path):
    """
    Fault of a file that should be a FITS image, such as ``"it is an HTML page"``; None if it is complete.

    A complete file contains a FITS image and possibly extensions, one of which has at least two axes, and has the
    length given by their headers, including padding, or slightly more.  Files compressed by gzip are unpacked
    completely for this check.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Opening a pipe would block.
            return "it is not a regular file"
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(0)
            if magic == b"\x1f\x8b":
                with gzip.open(raw) as file:
                    return _fault(file)
            return _fault(raw)
    except (OSError, EOFError, zlib.error) as error:
        return f"it cannot be read ({error})"


def _fault(file):
    block = file.read(BLOCK)
    if not block:
        return "it is empty"
    if is_html(block):
        return "it is an HTML page"
    if not block.startswith(b"SIMPLE  ="):
        return "it is not a FITS file"
    length, has_image = 0, False
    while block.startswith((b"SIMPLE  =", b"XTENSION")):
        cards, blocks, fault = _header(file, block)
        axes = [cards.get(f"NAXIS{n}", -1) for n in range(1, min(cards.get("NAXIS", 0), MOST_AXES) + 1)]
        if fault is None and ("BITPIX" not in cards or min(axes, default=0) < 0):
            fault = "its header does not contain the size of an image"
        if fault is not None:
            return fault
        length += blocks * BLOCK
        data = _data_bytes(cards, axes)
        # Tables have two axes as well; some hold compressed images.
        is_image = b"XTENSION" not in block[:8] or b"'IMAGE" in block[:80] or "ZIMAGE" in cards
        has_image |= is_image and len(axes) > 1 and data > 0
        end = length + -(-data // BLOCK) * BLOCK
        if end > LONGEST:
            return f"its header asks for {end} bytes"
        length = _skip(file, length, end)
        if length < end:
            return f"it has {length} of {end} bytes"
        block = file.read(BLOCK)
    return _fault_of_rest(file, block, length) if has_image else "it holds no image"


def _skip(file, length, end):
    """Continue reading from ``length`` to ``end``; return the actual end of the file."""
    while length < end and (chunk := file.read(min(1 << 20, end - length))):
        length += len(chunk)
    return length


def _fault_of_rest(file, block, length):
    """Fault of the bytes after the last image, from ``block`` on."""
    padding = 0
    # Reading on also has gzip check its sum.  Few zeros behind the image do no harm.
    while block:
        if block.strip(b"\0"):
            return f"something else follows its {length} bytes"
        padding += len(block)
        if padding > MOST_PADDING * BLOCK:
            return f"more than {MOST_PADDING} blocks of zeros follow its {length} bytes"
        block = file.read(BLOCK)
    return None


def _data_bytes(cards, axes):
    """Bytes of the data behind a header, without padding."""
    elements = cards.get("GCOUNT", 1) * (cards.get("PCOUNT", 0) + math.prod(axes)) if axes else 0
    return abs(cards["BITPIX"]) // 8 * max(elements, 0)


def _header(file, block):
    """Integers in the header that begins with ``block``, its number of blocks, and its fault."""
    found = {}
    for number in range(1, MOST_BLOCKS + 1):
        if len(block) < BLOCK:
            return found, 0, "it ends within the header"
        cards = [block[start : start + 80] for start in range(0, BLOCK, 80)]
        for card in cards:
            if card.startswith(b"END     "):
                return found, number, None
            if card.startswith(b"ZIMAGE  ="):
                # A table that holds a compressed image.
                found["ZIMAGE"] = 1
            if match := _INTEGER.match(card):
                found.setdefault(match[1].decode(), int(match[2]))
        block = file.read(BLOCK)
    return found, 0, "its header has no end"


#: The default time limits of parfive.
_UNCHOSEN = aiohttp.ClientTimeout(total=0, sock_read=90)
#: What must not stand in a text that becomes part of a path.
_SEPARATORS = re.compile(r"[/\\\0]|^\.+$")


class DeliveryError(LascoError, OSError):
    """A file could not be downloaded, or its content is wrong."""


@dataclass(eq=False)
class _Order(Job):
    """A file to download, and its target."""

    #: Where it is to stand.
    target: Path | None = None
    #: What the row says of the image.
    offer: Offer | None = None
    #: Fault of the existing file.
    damage: str | None = None
    #: A whole file stood there before.
    was_there: bool = False

    def stands_there(self):
        """Whether the target is a complete file."""
        if self.target.exists():
            self.damage = self.fault_of(self.target)
            self.was_there = self.damage is None
            if self.damage is not None:
                log.info(f"{self.target} is downloaded again: {self.damage}")
        return self.was_there

    def fault_of(self, path):
        """The fault of a file that should be the image; None if there is none."""
        return file_fault(path) or (mismatch(path, self.offer) if self.offer is not None else None)

    def path_of_retry(self, response, url):
        """
        Path for parfive if a download is retried.

        ``Fido.fetch(files)`` passes failed files to a new downloader without calling the client.  The retry is
        therefore done here: parfive finds the file in its place and keeps it.
        """
        self.faults.clear()
        self.trouble = None
        _fetch([self], parfive_helpers.Downloader(progress=False))
        if self.error is not None:
            raise self.error
        return self.target

    @property
    def error(self):
        """The error of a failed download, else None."""
        if self.was_there or self.source is not None:
            return None
        reasons = [f"{url}: {fault}" for url, fault in self.faults.items()]
        if self.trouble is not None:
            reasons.append(f"{self.target} cannot be written ({self.trouble})")
        msg = f"{self.urls[0]} could not be downloaded: {'; '.join(reasons)}."
        if self.damage is not None:
            msg += f" The file {self.target} was not changed: {self.damage}."
        return DeliveryError(msg)


def deliver(table, archives, *, path=None, overwrite=False, progress=True, downloader=None):
    """
    Download the files of a table of results, or of a row of it, each from the first archive that delivers it.

    Other options are as for `sunpy_lasco.net.LASCOClient.fetch`. Returns `parfive.Results` with the paths in the order
    of the table, without failed files; ``errors`` contains a `DeliveryError` for each of these.  If the user
    interrupts, complete files remain.
    """
    if isinstance(table, QueryResponseRow):
        table = table.as_table()
    if downloader is None:
        downloader = parfive_helpers.Downloader(progress=progress, overwrite=overwrite)
    overwrite = overwrite or downloader.config.overwrite
    rows = _place_orders(table, archives, path, overwrite)
    orders = list(dict.fromkeys(rows))
    pending = [order for order in orders if overwrite or not order.stands_there()]
    if Configuration.read().offline:
        for order in pending:
            order.faults[order.urls[0]] = RequestError(UNUSABLE, "not requested, because of the setting 'offline'")
        pending = []
    finished = set()

    def done(order):
        finished.add(order)
        for callback in downloader.config.done_callbacks:
            callback(order.target, order.urls[0], order.error)

    # Remove leftovers of killed processes.
    for folder in {order.target.parent for order in orders}:
        sweep(folder)
    results = _fetch(pending, downloader, done) if pending else parfive.Results()
    for order in orders:
        if order not in finished:
            done(order)
    return _add(rows, results)


def _add(rows, results):
    """Add the outcomes of the orders to results."""
    failed = {order for order in rows if order.error is not None}
    if failed:
        log.info(f"{len(failed)} of {len(set(rows))} files could not be downloaded; see .errors")
    for order in rows:
        if order not in failed:
            results.append(path=str(order.target), url=order.urls[0])
        else:
            results.add_error(order.path_of_retry, order.urls[0], order.error)
    return results


def _fetch(orders, downloader, done=None):
    """Download each file from the first address that has it; return the results of other files in the downloader."""
    settings = Configuration.read()
    limits = downloader.config.timeouts
    if limits == _UNCHOSEN:
        limits = time_limits(settings.connect_timeout, settings.read_timeout, settings.file_deadline)
    return download(orders, _take_in, downloader, limits=limits, silences=SILENCES, done=done)[1]


@contextlib.contextmanager
def _take_in(order, url):
    """Context with a path for an incoming image, which is stored if it is complete."""
    with atomic_path(order.target, overwrite=True) as temporary:
        yield temporary
        fault = order.fault_of(temporary)
        if fault is not None:
            # A page of HTML, such as one to log in, comes again, and so does another image.
            raise RequestError(UNUSABLE if "HTML" in fault or "and not of" in fault else BROKEN, fault)


def _place_orders(table, archives, path, overwrite):
    """An order for each row of a table; rows of the same file share theirs."""
    if path is None:
        path = sunpy.config.get("downloads", "download_dir")
    template = str(path) if "{file}" in str(path) else str(Path(path) / "{file}")
    orders, taken = [], {}
    for row in table:
        url = str(row["url"])
        words = {name: _within(value) for name, value in row.response_block_map.items()}
        target = Path(template.format(**{**words, "file": _within(url.rsplit("/", 1)[-1])})).expanduser()
        if overwrite == "unique":
            target = _free(target, taken)
        # An image in two rows, perhaps of two archives, is downloaded once.
        if target not in taken:
            taken[target] = _Order(target.name, _addresses(url, archives), target=target, offer=Offer.of_row(row))
        orders.append(taken[target])
    return orders


def _within(value):
    """A value that is safe as part of a path; listings may contain any text."""
    return _SEPARATORS.sub("_", value) if isinstance(value, str) else value


def _free(target, taken):
    """An unused name like ``22000000.1.fts``."""
    if not target.exists() and target not in taken:
        return target
    stem, dot, suffix = target.name.partition(".")
    names = (target.with_name(f"{stem}.{number}{dot}{suffix}") for number in count(1))
    return next(name for name in names if not name.exists() and name not in taken)


def _addresses(url, archives):
    """The address, and the same file in the other archives of its level that may hold the day."""
    home = next((archive for archive in archives if url.startswith(f"{archive.root}/")), None)
    addresses = [url]
    if home is not None:
        path = url.removeprefix(home.root)
        day, today = directory_day(path.split("/")[1]), date.today()
        others = [archive for archive in archives if archive.level == home.level and not archive.excludes(day, today)]
        addresses += [archive.root + path for archive in others]
    # Some directories of level 1 hold files that are not compressed.
    return tuple(dict.fromkeys([*addresses, url[:-3]] if url.endswith(".gz") else addresses))
