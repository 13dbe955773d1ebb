"""
The tables among the assets: from the text to columns.

Each parser raises `sunpy_lasco.errors.AssetError` where the content is not the
table that it should be.
"""

import re

import numpy as np

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.assets.exposure_factors import parse_exposure_factors
from sunpy_lasco.assets.names import C2_TIME_OFFSETS, C3_OCCULTER_CENTRES, LAST_POINTING_DAYS, NOMINAL_ROLL, entry
from sunpy_lasco.assets.save_files import read_last_pointing_days, read_pointing
from sunpy_lasco.errors import AssetError

__all__ = [
    "check_table",
    "parse_exposure_factors",
    "parse_nominal_roll",
    "parse_occulter_centres",
    "parse_time_offsets",
]

#: The clock on board was off by up to 180 s.
LARGEST_OFFSET = 600.0
#: Positions of the occulter of C3, full-frame pixel.
OCCULTER_RANGE = (480.0, 560.0)
#: Milliseconds of a day.
DAY_MS = 86_400_000


def parse_time_offsets(text):
    """
    Offsets of the on-board clock (``c2_time_offsets.dat``).

    Parameters
    ----------
    text : `str`
        Two lines of header, then day (MJD), millisecond of the day, position
        of the Sun, whether it moved, and offset in each line.

    Returns
    -------
    `~astropy.table.Table`
        In order of time: ``mjd`` (float, day), ``x_position`` (pixel), ``moved``
        and ``offset`` (s; corrected = original - offset).
    """
    rows = _rows(text, 2, 5, "time offsets")
    day, clock, position, moved, offset = rows.T
    wild = np.flatnonzero(~(np.abs(offset) <= LARGEST_OFFSET))
    if wild.size:
        msg = (
            f"A time offset of {offset[wild[0]]:g} s is in the table; the clock was never off by {LARGEST_OFFSET:g} s."
        )
        raise AssetError(msg)
    order = np.argsort(day + clock / DAY_MS, kind="stable")
    table = Table()
    table["mjd"] = u.Quantity(day + clock / DAY_MS, u.d)[order].value
    table["x_position"] = position[order]
    table["moved"] = moved[order] != 0
    table["offset"] = offset[order]
    table["mjd"].unit, table["x_position"].unit, table["offset"].unit = u.d, u.pix, u.s
    return table


def parse_occulter_centres(text):
    """
    Centres of the occulter of C3 (``c3_occltr_cntr.dat``).

    Parameters
    ----------
    text : `str`
        Two lines of header, then date, x and y in each line.

    Returns
    -------
    `~astropy.table.Table`
        ``mjd`` (int), ``x`` and ``y`` (pixel, from 0).
    """
    rows = []
    for number, line in enumerate(text.splitlines()[2:], start=3):
        tokens = line.split()
        if not tokens:
            continue
        try:
            rows.append((int(Time(tokens[0].replace("/", "-"), scale="utc").mjd), float(tokens[1]), float(tokens[2])))
        except (ValueError, IndexError) as error:
            msg = f"Line {number} of the occulter centres is not a date and two numbers: {line!r}."
            raise AssetError(msg) from error
    if not rows:
        msg = "The table of occulter centres has no line."
        raise AssetError(msg)
    low, high = OCCULTER_RANGE
    if not all(low <= value <= high for row in rows for value in row[1:]):
        msg = f"The table of occulter centres has a centre that is not within {low:g} to {high:g} pixels."
        raise AssetError(msg)
    table = Table(rows=rows, names=("mjd", "x", "y"))
    table["x"].unit = table["y"].unit = u.pix
    return table


def parse_nominal_roll(text):
    """
    Steps of the nominal roll of the spacecraft (``nominal_roll_attitude.dat``).

    Parameters
    ----------
    text : `str`
        Date, time and roll in each line; lines with ``#`` are comments.

    Returns
    -------
    `~astropy.table.Table`
        In order of time: ``mjd`` (float, day) from which ``roll`` (degree) holds.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or "#" in line:
            continue
        found = re.fullmatch(r"\s*(\d{4})[-/](\d\d)[-/](\d\d)[ T]+(\d\d:\d\d:\d\d(?:\.\d*)?)\s+([-+]?[\d.]+)\s*", line)
        try:
            year, month, day, clock, roll = found.groups()
            rows.append((Time(f"{year}-{month}-{day}T{clock}", scale="utc").mjd, float(roll)))
        except (AttributeError, ValueError) as error:
            msg = f"Line {number} of the nominal roll is not a date, a time and a number: {line!r}."
            raise AssetError(msg) from error
    if not rows:
        msg = "The table of the nominal roll has no line."
        raise AssetError(msg)
    table = Table(rows=sorted(rows), names=("mjd", "roll"))
    table["mjd"].unit, table["roll"].unit = u.d, u.deg
    return table


def check_table(name, content):
    """
    Check that the content of a file is the table that it should be.

    Parameters
    ----------
    name : `str`
        Name of the asset.
    content : `str` or path-like
        The text, or the path of a save file.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If it is not.
    """
    parsers = {
        C2_TIME_OFFSETS: parse_time_offsets,
        C3_OCCULTER_CENTRES: parse_occulter_centres,
        NOMINAL_ROLL: parse_nominal_roll,
        LAST_POINTING_DAYS: read_last_pointing_days,
    }
    item = entry(name)
    default = parse_exposure_factors if item.daily else read_pointing if item.kind == "save" else None
    parser = parsers.get(name, default)
    if parser is not None:
        parser(content)


def _rows(text, header, columns, what):
    """Rows of numbers below some lines of header."""
    rows = []
    for number, line in enumerate(text.splitlines()[header:], start=header + 1):
        tokens = line.split()
        if not tokens:
            continue
        try:
            row = [float(token) for token in tokens]
        except ValueError:
            row = []
        if len(row) != columns:
            msg = f"Line {number} of the {what} is not {columns} numbers: {line!r}."
            raise AssetError(msg)
        rows.append(row)
    if not rows:
        msg = f"The table of {what} has no line."
        raise AssetError(msg)
    return np.array(rows)
