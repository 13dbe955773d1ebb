"""
From entries of listings to the table of results.

Rows are kept as one compact array per day until all days are known: an answer of ten
years has some 700,000 of them.
"""

from datetime import date

import numpy as np

import astropy.units as u
from astropy.table import TableAttribute

from sunpy.net.dataretriever import QueryResponse

__all__ = ["ENTRY", "ROW", "LASCOQueryResponse", "compact", "pack", "response", "unique"]

#: An entry of a listing (`~sunpy_lasco.net.listing.Entry`).
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


class LASCOQueryResponse(QueryResponse):
    """
    What a search for LASCO images found.

    ``errors`` lists what could not be learnt: one exception for each day and camera
    whose listing failed, or for each image that had to be left out.
    """

    if not hasattr(QueryResponse, "errors"):
        errors = TableAttribute(default=[])


def compact(entries):
    """
    Put entries into one array.

    Parameters
    ----------
    entries : sequence of `~sunpy_lasco.net.listing.Entry`
        The images.

    Returns
    -------
    `~numpy.ndarray`
        Of dtype `ENTRY`, shape (number of entries,).
    """
    return np.array([tuple(entry) for entry in entries], dtype=ENTRY)


def pack(entries, camera, day, archive):
    """
    Make rows of the entries of a day.

    Parameters
    ----------
    entries : `~numpy.ndarray`
        Of dtype `ENTRY`.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    day : `~datetime.date`
        The day of the directory.
    archive : `int` or None
        Which archive gave them.

    Returns
    -------
    `~numpy.ndarray`
        Of dtype `ROW`, shape (number of entries,).
    """
    rows = np.empty(len(entries), dtype=ROW)
    for name in ENTRY.names:
        rows[name] = entries[name]
    rows["camera"], rows["day"], rows["archive"] = camera, day.toordinal(), -1 if archive is None else archive
    return rows


def unique(rows, digits):
    """
    Leave out images that stand in the answer already, and put the rest in order of time.

    Parameters
    ----------
    rows : `~numpy.ndarray`
        Of dtype `ROW`.
    digits : `str`
        Second digits of file names, the preferred one first: quick-look and final image
        of an exposure have different numbers but the same time.

    Returns
    -------
    `~numpy.ndarray`
        Of dtype `ROW`.

    Notes
    -----
    Two rows are the same image where file names agree (they begin with the number of
    the camera), or camera, second of the start, size and both wheels.
    """
    if len(rows) == 0:
        return rows
    second_digit = np.ascontiguousarray(rows["name"]).view("S1").reshape(len(rows), -1)[:, 1]
    rank = np.select([second_digit == digit.encode() for digit in digits], range(len(digits)), len(digits))
    order = np.lexsort((rows["name"], rows["archive"], rank))
    rows = rows[order]
    _, first = np.unique(rows["name"], return_index=True)
    rows = rows[np.sort(first)]
    same = np.empty(len(rows), dtype=[("time", f"S{SECOND}"), *((key, ROW[key]) for key in _EXPOSURE)])
    same["time"] = rows["start"].astype(f"S{SECOND}")
    for key in _EXPOSURE:
        same[key] = rows[key]
    _, first = np.unique(same, return_index=True)
    rows = rows[np.sort(first)]
    return rows[np.lexsort((rows["name"], rows["camera"], rows["start"]))]


def response(rows, times, archives, level, client, errors=()):
    """
    The table that a user gets.

    Parameters
    ----------
    rows : `~numpy.ndarray`
        Of dtype `ROW`.
    times : `~astropy.time.Time`
        Start of the exposures.
    archives : sequence of `~sunpy_lasco.net.archives.Archive`
        To which the numbers in ``rows`` refer.
    level : `str`
        ``"0.5"`` or ``"1"``.
    client
        The Fido client.
    errors : sequence of `Exception`, optional
        What could not be learnt.

    Returns
    -------
    `LASCOQueryResponse`
    """
    if len(rows) == 0:
        table = LASCOQueryResponse([], client=client)
        table.errors = list(errors)
        return table
    ends = times + rows["exptime"] * u.s
    for time in (times, ends):
        time.format = "iso"
    providers = np.array([archive.provider for archive in archives])
    columns = {
        "Start Time": times,
        "End Time": ends,
        "Instrument": np.full(len(rows), "LASCO"),
        "Detector": rows["camera"].astype("U2"),
        "Source": np.full(len(rows), "SOHO"),
        "Provider": providers[rows["archive"]],
        "Level": np.full(len(rows), level),
        "Filter": rows["filter"].astype("U8"),
        "Polarizer": rows["polarizer"].astype("U8"),
        "Exposure": rows["exptime"] * u.s,
        "Size": rows["size"].astype("U9"),
        "Pixels": _pixels(rows),
        "Programme": rows["programme"].astype("U8"),
        "url": _addresses(rows, archives),
    }
    # Nobody else holds the columns: no copy of half a gigabyte for ten years.
    table = LASCOQueryResponse(columns, client=client, copy=False)
    table.errors = list(errors)
    return table


def _pixels(rows):
    """Texts such as ``1024x512``."""
    # Numbers are sorted ten times as fast as records.
    _, first, inverse = np.unique(rows["nx"].astype("i8") << 16 | rows["ny"], return_index=True, return_inverse=True)
    return np.array([f"{nx}x{ny}" for nx, ny in rows[["nx", "ny"]][first].tolist()])[inverse]


def _addresses(rows, archives):
    key = ["day", "camera", "archive"]
    number = (rows["day"].astype("i8") << 16) + (rows["archive"] << 1) + (rows["camera"] == b"C3")
    _, first, inverse = np.unique(number, return_index=True, return_inverse=True)
    texts = np.array(
        [
            archives[number].directory(date.fromordinal(day), camera.decode()) + "/"
            for day, camera, number in rows[key][first].tolist()
        ]
    )
    return np.char.add(texts[inverse], rows["name"].astype("U15"))
