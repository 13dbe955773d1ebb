"""
Tables of results from the entries of listings.

Rows are kept as one compact array per day until all days are known; a result for ten years has some 700,000
rows.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import astropy.units as u
from astropy.table import TableAttribute
from astropy.time import Time

from sunpy.net import attrs as a
from sunpy.net.dataretriever import QueryResponse

from sunpy_lasco.net.attrs import ExposureTime, Filter, Polarizer, Programme, Size
from sunpy_lasco.net.listing import SOURCE_DIGITS

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ENTRY",
    "Gap",
    "LASCOQueryResponse",
    "ROW",
    "compact",
    "in_period",
    "pack",
    "response",
    "selection",
    "unique",
]

#: An entry of a listing (`~sunpy_lasco.net.listing.ListingEntry`).
ENTRY = np.dtype(
    [
        ("name", "S15"),
        ("start", "S23"),
        ("exptime", "<f8"),
        ("nx", "<i2"),
        ("ny", "<i2"),
        ("size", "S9"),
        ("filter", "S8"),
        ("polarizer", "S8"),
        ("programme", "S8"),
    ]
)
#: A row: an entry with its camera, day and archive.
ROW = np.dtype([*ENTRY.descr, ("camera", "S2"), ("day", "<i4"), ("archive", "<i2")])

#: Images of one exposure have the same start within this, in characters of the ISO
#: time: the second.
SECOND = 19
#: What else agrees in images of one exposure.
_EXPOSURE = ("camera", "nx", "ny", "filter", "polarizer")


class Gap(NamedTuple):
    """Days for which no archive has images."""

    #: The first and the last day.
    first: date
    last: date
    #: The cameras of the query.
    cameras: tuple
    #: Why there are none, archive by archive.
    reason: str

    def __str__(self):
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{days}, {' and '.join(self.cameras)}: {self.reason}"


class LASCOQueryResponse(QueryResponse):
    """
    Result of a search for LASCO images.

    ``errors`` holds one exception for each day and camera whose listing failed, or for each omitted image.
    ``gaps`` lists days for which no archive has images (`~sunpy_lasco.net.table.Gap`), and the reasons. The
    file size is computed for level-0.5 files with 16 bits per pixel, since listings contain none; that of the
    compressed level-1 files is unknown.
    """

    size_column = "File Size"
    if not hasattr(QueryResponse, "errors"):
        errors = TableAttribute(default=[])
    gaps = TableAttribute(default=[])

    def time_range(self) -> Any:
        """The time from the first to the last image; None if there are none."""
        return super().time_range() if len(self) else None


def compact(entries):
    """Convert `~sunpy_lasco.net.listing.ListingEntry` to one array of dtype `ENTRY`."""
    return np.array([tuple(entry) for entry in entries], dtype=ENTRY)


def pack(entries, camera, day, archive):
    """
    Convert the entries of an archive (given by its number) for a camera and a day, of dtype `ENTRY`, to rows of dtype
    `ROW`.
    """
    rows = np.empty(len(entries), dtype=ROW)
    for name in ENTRY.names:
        rows[name] = entries[name]
    rows["camera"], rows["day"], rows["archive"] = camera, day.toordinal(), archive
    return rows


def unique(rows):
    """
    Remove duplicate images from rows of dtype `ROW`, and sort the others by time.

    Two rows are the same image if their file names agree (they begin with the number of the camera), or if level,
    camera, second of the start, size and both wheels agree: the quick-look and final images of an exposure have
    different numbers but the same time.  The final one is kept.
    """
    if len(rows) == 0:
        return rows
    second_digit = np.ascontiguousarray(rows["name"]).view("S1").reshape(len(rows), -1)[:, 1]
    digits = "".join(SOURCE_DIGITS.values())
    rank = np.select([second_digit == digit.encode() for digit in digits], range(len(digits)), len(digits))
    order = np.lexsort((rows["name"], rows["archive"], rank))
    rows, rank = rows[order], rank[order]
    _, first = np.unique(rows["name"], return_index=True)
    first.sort()
    rows, rank = rows[first], rank[first]
    same = np.empty(len(rows), dtype=[("level", "?"), ("time", f"S{SECOND}"), *((key, ROW[key]) for key in _EXPOSURE)])
    same["level"], same["time"] = rank < len(SOURCE_DIGITS["0.5"]), rows["start"].astype(f"S{SECOND}")
    for key in _EXPOSURE:
        same[key] = rows[key]
    _, first = np.unique(same, return_index=True)
    rows = rows[np.sort(first)]
    return rows[np.lexsort((rows["name"], rows["camera"], rows["start"]))]


def response(rows, times, archives, client, *, errors=(), gaps=()):
    """
    The `LASCOQueryResponse` for users, with all columns even if it has no rows.

    It is made from rows of dtype `ROW`, the starts of the exposures, the archives to which the numbers in the rows
    refer, and the Fido client; ``errors`` lists failures, ``gaps`` the days without images.
    """
    ends = times + rows["exptime"] * u.s
    for time in (times, ends):
        time.format = "iso"
    providers, levels = (np.array([getattr(archive, name) for archive in archives]) for name in ("provider", "level"))
    level = levels[rows["archive"]]
    columns = {
        "Start Time": times,
        "End Time": ends,
        "Instrument": np.full(len(rows), "LASCO"),
        "Detector": rows["camera"].astype("U2"),
        "Source": np.full(len(rows), "SOHO"),
        "Provider": providers[rows["archive"]],
        "Level": level,
        "Filter": rows["filter"].astype("U8"),
        "Polarizer": rows["polarizer"].astype("U8"),
        "Exposure": rows["exptime"] * u.s,
        "Size": rows["size"].astype("U9"),
        "Width": u.Quantity(rows["nx"], u.pix, dtype=int),
        "Height": u.Quantity(rows["ny"], u.pix, dtype=int),
        "File Size": _file_sizes(rows, level),
        "Programme": rows["programme"].astype("U8"),
        "url": _addresses(rows, archives),
    }
    # The columns are not shared, so a copy (half a gigabyte for ten years) is avoided.
    table = LASCOQueryResponse(columns, client=client, copy=False)
    table.errors, table.gaps = list(errors), list(gaps)
    return table


def _file_sizes(rows, level):
    """Sizes of uncompressed files with 16 bits per pixel and three blocks of header; NaN for compressed ones."""
    blocks = 3 + np.ceil(2 * rows["nx"].astype(int) * rows["ny"].astype(int) / 2880)
    return np.round(np.where(level == "0.5", blocks * 2880 / 2**20, np.nan), 3) * u.Mibyte


def _addresses(rows, archives):
    key = ["day", "camera", "archive"]
    if len(rows) == 0:
        return np.empty(0, dtype="U1")
    number = (rows["day"].astype("i8") << 16) + (rows["archive"] << 1) + (rows["camera"] == b"C3")
    _, first, inverse = np.unique(number, return_index=True, return_inverse=True)
    texts = np.array(
        [
            archives[number].directory(date.fromordinal(day), camera.decode()) + "/"
            for day, camera, number in rows[key][first].tolist()
        ]
    )
    return np.char.add(texts[inverse], rows["name"].astype("U15"))


#: Attrs that compare a text, and the column of a row with which they compare.
_TEXTS = {Filter: "filter", Polarizer: "polarizer", Programme: "programme", Size: "size"}

#: Half a unit of the last digit of EXPTIME in listings, s.
_EXPOSURE_ROUNDING = 0.05


def selection(found):
    """
    The part of a query (attrs by their types) for single images: a function that selects matching rows of dtype `ROW`.
    """
    texts = {column: found[kind].value for kind, column in _TEXTS.items() if kind in found}
    exposure = found.get(ExposureTime)

    def wanted_of(rows):
        wanted = np.ones(len(rows), dtype=bool)
        for column, text in texts.items():
            wanted &= np.char.lower(rows[column]) == text[: ROW[column].itemsize].lower().encode()
        if exposure is not None:
            shortest, longest = exposure.min.to_value(u.s), exposure.max.to_value(u.s)
            # Slightly more than the rounding, because 0.05 has no exact binary form.
            margin = _EXPOSURE_ROUNDING + 1e-6
            wanted &= (rows["exptime"] >= shortest - margin) & (rows["exptime"] <= longest + margin)
        return rows[wanted]

    return wanted_of


def in_period(rows, found):
    """
    The rows, in order of time, whose exposure starts within the period of a query (attrs by their
    types), and the starts.

    With ``a.Sample`` one for each interval is kept, and with a third argument of ``a.Time`` the nearest one.
    """
    period, times = found[a.Time], start_times(rows)
    inside = (times >= period.start) & (times <= period.end)
    rows, times = rows[inside], times[inside]
    if len(rows) and a.Sample in found:
        chosen = _sampled(rows, times, found[a.Sample].value * u.s)
        rows, times = rows[chosen], times[chosen]
    if len(rows) and period.near is not None:
        nearest = np.argmin(np.abs((times - period.near).to_value(u.s)))
        rows, times = rows[nearest : nearest + 1], times[nearest : nearest + 1]
    return rows, times


def start_times(rows):
    """Start of the exposures of rows, as a `~astropy.time.Time` of their shape."""
    return Time(rows["start"].astype("U23"), format="isot", scale="utc")


def _sampled(rows, times, step):
    """Numbers of the rows for which the images of a camera are at least ``step`` apart."""
    chosen = []
    seconds = (times - times[0]).to_value(u.s)
    for camera in np.unique(rows["camera"]):
        last = -np.inf
        for number in np.flatnonzero(rows["camera"] == camera):
            if seconds[number] - last >= step.to_value(u.s):
                chosen.append(number)
                last = seconds[number]
    return np.sort(np.array(chosen, dtype=int))
