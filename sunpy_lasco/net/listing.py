"""
Listings of the images of a day.

The pipeline appends a line of fixed columns to ``img_hdr.txt`` for every image
(SolarSoft ``reduce_img_hdr``).  Texts may be aligned to either side of their columns and contain blanks, so lines are
split by column and not at blanks.  Before 1996-04-04 filter and polariser had five characters instead of six; the last
two columns exist since 1996-08-26.
"""

import math
import re
import zlib
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np

from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.net.names import (
    FILTERS,
    POLARIZERS,
    PROGRAMMES,
    filter_name,
    polarizer_name,
    programme_name,
    size_name,
)
from sunpy_lasco.net.web import WebError

__all__ = [
    "ListingEntry",
    "TruncatedListingError",
    "image_names",
    "is_html",
    "is_index",
    "parse_index",
    "parse_listing",
    "remote_entry",
]

#: Columns of a line, the last one not included.  In level 1 the slots of P1COL and
#: P1ROW hold R1COL and R1ROW.
COLUMNS = {
    "filename": slice(0, 12),
    "date": slice(14, 26),
    "time": slice(28, 36),
    "detector": slice(38, 41),
    "exptime": slice(41, 49),
    "naxis1": slice(49, 56),
    "naxis2": slice(56, 63),
    "p1col": slice(63, 70),
    "p1row": slice(70, 77),
}
#: First columns of filter, polariser and LP_NUM (at level 1: COMPRSSN), and the width of the
#: first two: since 1996-04-04, and before.  There are two blanks between them.
TEXTS = ((79, 87, 95, 6), (79, 86, 93, 5))
#: Until when the second form was written.
NARROW_UNTIL = "1996-04-04"
#: Width of LP_NUM.
PROGRAMME_WIDTH = 8

#: Length of a whole line.
LINE_LENGTH = 120

#: Second digit of file names by level: 1 quick-look, 2 final, 3 real time; 4 interim
#: and 5 (in old documents 6) final level 1.  The first ones are preferred.
SOURCE_DIGITS = {"0.5": "213", "1": "564"}

_DATE = re.compile(r"(\d{4}|\d{2})[/-](\d{2})[/-](\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})")
_LINK = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


class TruncatedListingError(ValueError):
    """A listing of images or of a directory is truncated."""

    def __init__(self, message, entries=(), unread=(), last=None):
        super().__init__(message)
        #: Result of `parse_listing` for the lines before the truncated one, whose name, if complete, is among the
        #: unread ones.
        self.entries, self.unread = list(entries), list(unread)
        #: That line, read as if it were complete; None if it is too short.
        self.last = last
        #: Whether it breaks off within a line, and whether it is so on the server.
        self.in_a_line, self.believed = True, False


class ListingEntry(NamedTuple):
    """Properties of an image from a listing or a header."""

    #: File name, as on the server.
    name: str
    #: Start of the exposure, ``YYYY-MM-DDTHH:MM:SS.mmm``.
    start: str
    #: Exposure time, s.
    exptime: float
    #: Lengths of the axes, pixel.
    nx: int
    ny: int
    #: ``"full"``, ``"binned"`` or ``"sub-frame"``.
    size: str
    #: Positions of the wheels.
    filter: str
    polarizer: str
    #: Observing programme; empty at level 1.
    programme: str


def image_names(camera, level):
    """The pattern, for ``fullmatch``, of the names of image files of a camera and a level, ``"0.5"`` or ``"1"``."""
    return re.compile(rf"{camera[1]}[{SOURCE_DIGITS[level]}]\d{{6}}\.fts(\.gz)?", re.IGNORECASE)


def parse_listing(text, camera, level):
    """
    Read an ``img_hdr.txt`` of a camera and level: a `ListingEntry` for each image, and names whose
    lines cannot be read.

    Lines of other images, and those without pixels (NAXIS 0), are omitted. Of lines with the same file
    name the last one counts, because the pipeline appends. `TruncatedListingError` if the text ends in
    the middle of a line; it holds what was read.
    """
    lines = re.split(r"\r\n|\n|\r", text)
    last = lines.pop().rstrip()
    breaks_off = 0 < len(last) < LINE_LENGTH
    lines.append(last)
    pattern = image_names(camera, level)
    entries, unread = {}, {}
    for line in lines:
        name = line[COLUMNS["filename"]].strip()
        if not pattern.fullmatch(name):
            continue
        try:
            entry = _parse_line(line, name, camera, level)
        except ValueError:
            unread[name] = None
            continue
        unread.pop(name, None)
        if entry.nx > 0 and entry.ny > 0:
            entries[name] = entry
    if not breaks_off:
        return list(entries.values()), [name for name in unread if name not in entries]
    name = last[COLUMNS["filename"]].strip()
    # Its last columns may be incomplete.
    entry = entries.pop(name, None)
    if pattern.fullmatch(name):
        unread[name] = None
    msg = "the listing ends in the middle of a line"
    raise TruncatedListingError(
        msg,
        entries.values(),
        [name for name in unread if name not in entries],
        entry if len(last) > TEXTS[0][2] else None,
    )


def _parse_line(line, name, camera, level):
    detector = line[COLUMNS["detector"]].strip().upper()
    if detector != camera:
        msg = f"The line is of {detector!r}, not of {camera}."
        raise ValueError(msg)
    nx, ny, column, row = (int(line[COLUMNS[key]]) for key in ("naxis1", "naxis2", "p1col", "p1row"))
    exptime = float(line[COLUMNS["exptime"]])
    if not math.isfinite(exptime):
        msg = "The exposure time is not a number."
        raise ValueError(msg)
    start = _start(line[COLUMNS["date"]].strip(), line[COLUMNS["time"]].strip())
    filter_, polarizer, programme = _texts(line, start)
    return ListingEntry(
        name=name,
        start=start,
        exptime=exptime,
        nx=nx,
        ny=ny,
        size=size_name(nx, ny, column, row),
        filter=filter_,
        polarizer=polarizer,
        programme=programme if level == "0.5" else "",
    )


def _texts(line, start):
    """
    Read filter, polariser and programme.

    It is not documented whether listings from before 1996-04-04 were regenerated. The form in which more of
    the texts are known names is used; if this is undecided, the date decides.
    """
    readings = [_cut(line, *columns) for columns in TEXTS]
    narrow = start[:10] < NARROW_UNTIL
    return max(readings[::-1] if narrow else readings, key=lambda reading: reading[0])[1]


@lru_cache(maxsize=4096)
def _read_texts(filter_, polarizer, programme, width):
    """The names in three columns, and the number of known ones."""
    names = filter_name(filter_, width), polarizer_name(polarizer, width), programme_name(programme)
    return sum(name in known for name, known in zip(names, (FILTERS, POLARIZERS, PROGRAMMES), strict=True)), names


def _cut(line, filter_at, polarizer_at, programme_at, width):
    texts = line[filter_at : filter_at + width], line[polarizer_at : polarizer_at + width]
    return _read_texts(*texts, line[programme_at : programme_at + PROGRAMME_WIDTH], width)


def _start(day, clock):
    """ISO time of the columns of date and time, checked."""
    day_found, clock_found = _DATE.fullmatch(day), _TIME.fullmatch(clock)
    if not day_found or not clock_found:
        msg = f"{day!r} and {clock!r} are not a date and a time."
        raise ValueError(msg)
    year, month, dom = (int(part) for part in day_found.groups())
    if year < 100:
        year += 1900 if year >= 95 else 2000
    hour, minute, second = (int(part) for part in clock_found.groups())
    # A leap second is the only 60, and comes at the end of a half year.
    leap = second == 60 and (hour, minute) == (23, 59) and (month, dom) in ((6, 30), (12, 31))
    datetime(year, month, dom, hour, minute, 59 if leap else second)
    return f"{year:04d}-{month:02d}-{dom:02d}T{clock}.000"


def is_html(content):
    """Whether a body that should be a listing or an image, or its beginning, is a page of HTML."""
    head = bytes(content[:1000]).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) or b"<html" in head


def is_index(text):
    """
    Whether a page is the server's listing of a directory, and not a message, sent with a status of success, that there
    is nothing.
    """
    text = text.lower()
    return "index of" in text or "parent directory" in text or "img_hdr.txt" in text


def parse_index(text, camera, level):
    """
    Names of the images of a camera and level to which a directory listing links, each once, in order; raises
    `TruncatedListingError` if it is truncated.
    """
    lower = text.lower()
    if "<html" in lower and "</html" not in lower:
        msg = "The page is truncated."
        raise TruncatedListingError(msg)
    pattern = image_names(camera, level)
    names = (unquote(link.split("?")[0]).rstrip("/").rsplit("/", 1)[-1] for link in _LINK.findall(text))
    return list(dict.fromkeys(name for name in names if pattern.fullmatch(name)))


#: A FITS block, bytes.
BLOCK = 2880
#: Number of requested blocks; headers of level 0.5 have three, those of level 1 up to six.
BLOCKS = 8
#: Number of requested bytes of a compressed file.
COMPRESSED = 24 * 1024


def remote_entry(web, url, camera, level):
    """
    Read the header of an image of a camera and level on a server, as `ListingEntry`.

    None if the file contains no pixels or does not exist; raises `~sunpy_lasco.net.web.WebError` if the header cannot
    be read.
    """
    compressed = url.lower().endswith(".gz")
    length = COMPRESSED if compressed else BLOCKS * BLOCK

    def enough(body):
        return len(body) >= length or (not compressed and _header_end(body) is not None)

    body = web.get(url, enough=enough, headers={"Range": f"bytes=0-{length - 1}", "Accept-Encoding": "identity"})
    if body is None:
        return None
    try:
        return _entry(url.rsplit("/", 1)[-1], _header(body), camera, level)
    except (ValueError, KeyError, TypeError, zlib.error, fits.VerifyError) as error:
        reason = "it is an HTML page" if is_html(body) else str(error)
        msg = f"{url}: the header cannot be read: {reason}"
        raise WebError(msg) from error


def _header_end(body):
    """Number of bytes of the header, or None if its end is not in ``body``."""
    for start in range(0, len(body) - BLOCK + 1, BLOCK):
        block = bytes(body[start : start + BLOCK])
        if any(block[card : card + 8] == b"END     " for card in range(0, BLOCK, 80)):
            return start + BLOCK
    return None


def _header(body):
    if body[:2] == b"\x1f\x8b":
        body = zlib.decompressobj(wbits=31).decompress(body)
    end = _header_end(body)
    if not body.startswith(b"SIMPLE  =") or end is None:
        msg = "it does not start like a FITS file"
        raise ValueError(msg)
    # Cards with stray bytes stay unread: those that are wanted are plain.
    return fits.Header.fromstring(body[:end].decode("latin-1"))


def _entry(name, header, camera, level):
    detector = str(header["DETECTOR"]).strip().upper()
    if detector != camera:
        msg = f"it is of {detector}"
        raise ValueError(msg)
    nx, ny = int(header.get("NAXIS1", 0)), int(header.get("NAXIS2", 0))
    if nx <= 0 or ny <= 0:
        return None
    corner = ("P1COL", "P1ROW") if level == "0.5" else ("R1COL", "R1ROW")
    exptime = float(header["EXPTIME"])
    if not np.isfinite(exptime):
        msg = "EXPTIME is not a number"
        raise ValueError(msg)
    return ListingEntry(
        name=name,
        start=_start_of_header(header),
        exptime=exptime,
        nx=nx,
        ny=ny,
        size=size_name(nx, ny, int(header.get(corner[0], 20)), int(header.get(corner[1], 1))),
        filter=filter_name(str(header["FILTER"])),
        polarizer=polarizer_name(str(header["POLAR"])),
        programme=programme_name(str(header.get("LP_NUM", ""))) if level == "0.5" else "",
    )


def _start_of_header(header):
    text = str(header["DATE-OBS"]).strip().replace("/", "-").replace(" ", "T")
    clock = str(header.get("TIME-OBS", "")).strip()
    if "T" not in text:
        if not clock:
            msg = "TIME-OBS is missing"
            raise ValueError(msg)
        text = f"{text}T{clock}"
    try:
        time = Time(text, format="isot", scale="utc")
    except ValueError as error:
        msg = f"{text!r} is not a time"
        raise ValueError(msg) from error
    time.precision = 3
    return time.isot
