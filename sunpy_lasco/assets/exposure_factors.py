"""
The daily files of exposure factors (``c2_expfactor_YYMMDD.dat``).
"""

import re

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.errors import AssetError

__all__ = ["check_exposure_factors", "parse_exposure_factors"]

#: Columns of the fixed format: file name, factor, bias, day, second of the day,
#: filter, polariser.
FIXED = (slice(0, 12), slice(12, 22), slice(22, 32), slice(34, 40), slice(42, 52), slice(54, 66), slice(66, 78))
#: Years of two digits from this one on belong to the 20th century.
PIVOT = 70

#: Biases of a read-out lie between 280 and 730 DN; a line may hold that of 16 of them together.
BIAS_RANGE = (200.0, 16 * 1000.0)
#: Width of the number of regions.
REGION_DIGITS = 4

_NAME = re.compile(r"\d{8}\.\w+")
_COLUMNS = ("filename", "factor", "bias", "mjd", "time", "filter", "polar", "n_regions", "sigma")
_TYPES = (str, float, float, int, float, str, str, int, float)


def parse_exposure_factors(text):
    """
    Read a file of exposure factors.

    Parameters
    ----------
    text : `str`
        A line an image, written with the format ``a12, f10.6, f10.1, 2x, a6, 2x,
        f10.2, 2x, a12, a12, a9, i4, e10.2``.

    Returns
    -------
    `~astropy.table.Table`
        In the order of the file (better values are appended): ``filename`` of
        level 0.5, ``factor``, ``bias`` (DN), ``mjd`` and ``time`` (second of that
        day) of mid-exposure, ``filter``, ``polar``, ``n_regions`` (-1 where the
        line ends early) and ``sigma`` of the factor (NaN where the line ends
        early).  ``meta["unreadable"]`` counts the lines left out.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If there are lines but none can be read, or if the last one ends in its middle.

    Notes
    -----
    SolarSoft ``get_exp_factor``.  The first five items are split at blanks, and
    taken from their columns where numbers that fill their width leave no blank.
    """
    rows, unreadable = [], []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        row = _by_blanks(line) or _by_columns(line)
        if row is None:
            unreadable.append(number)
        else:
            rows.append(row)
    if unreadable and not rows:
        msg = f"None of {len(unreadable)} lines is one of an exposure factor; the first is {lines[unreadable[0]]!r}."
        raise AssetError(msg)
    if unreadable and unreadable[-1] == len(lines) - 1 and not text.endswith("\n"):
        msg = f"The file of exposure factors ends in the middle of the line {lines[-1]!r}."
        raise AssetError(msg)
    table = Table(rows=rows or None, names=_COLUMNS, dtype=_TYPES, meta={"unreadable": len(unreadable)})
    table["bias"].unit, table["time"].unit = u.DN, u.s
    return table


def check_exposure_factors(table, camera, mjd, place):
    """
    Check that a file of exposure factors is that of a camera and a day.

    Parameters
    ----------
    table : `~astropy.table.Table`
        As of `parse_exposure_factors`.
    camera : `~sunpy_lasco.instrument.cameras.Camera`
    mjd : `int`
        Modified Julian Day that the name of the file says.
    place : `str`
        Name of the file, for messages.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If all of its lines are of another camera or day, or a bias cannot be one.
    """
    if not len(table):
        return
    names = [str(name) for name in table["filename"]]
    if not any(name.startswith(camera.digit) for name in names):
        msg = (
            f"{place} holds lines of another camera, such as that of {names[0]}; the names of {camera.name} begin "
            f"with {camera.digit}."
        )
        raise AssetError(msg)
    if not any(abs(int(day) - mjd) <= 1 for day in table["mjd"]):
        msg = f"{place} holds lines of other days, such as that of {names[0]} of MJD {int(table['mjd'][0])}."
        raise AssetError(msg)
    low, high = BIAS_RANGE
    wrong = [row for row in table if row["bias"] != 0 and not low <= row["bias"] <= high]
    if wrong:
        msg = (
            f"{place} holds the bias {wrong[0]['bias']:g} DN in the line of {wrong[0]['filename']}; "
            f"it is {low:g} to {high:g} DN."
        )
        raise AssetError(msg)


def _by_blanks(line):
    items = line.split()
    return _row(items[:5], line) if len(items) >= 5 else None


def _by_columns(line):
    return _row([line[columns].strip() for columns in FIXED[:5]], line)


def _row(items, line):
    """The values of a line, or None if they make no sense."""
    name, factor, bias, day, time = items
    if not _NAME.fullmatch(name) or not re.fullmatch(r"\d{6}", day):
        return None
    century = 19 if int(day[:2]) >= PIVOT else 20
    try:
        mjd = int(Time(f"{century}{day[:2]}-{day[2:4]}-{day[4:]}", scale="utc").mjd)
        numbers = float(factor), float(bias), mjd, float(time)
    except ValueError:
        return None
    filter_, polar = (line[columns].strip() for columns in FIXED[5:])
    return (name, *numbers, filter_, polar, *_quality(line))


def _quality(line):
    """Number of regions and sigma, the last two items of a whole line."""
    items = line.split()
    try:
        # A number of four digits leaves no blank after the item before it.
        return int(items[5:][-2][-REGION_DIGITS:]), float(items[5:][-1])
    except (IndexError, ValueError):
        return -1, float("nan")
