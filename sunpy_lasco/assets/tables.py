"""
Parsing of the tables among the assets.

Each parser raises `sunpy_lasco.errors.AssetError` if the content is not the expected table.
"""

import re
import warnings

import numpy as np
from scipy.io import readsav

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.assets.names import C2_TIME_OFFSETS, C3_OCCULTER_CENTRES, LAST_POINTING_DAYS, NOMINAL_ROLL, entry
from sunpy_lasco.errors import AssetError

__all__ = [
    "check_exposure_factors",
    "check_table",
    "parse_exposure_factors",
    "parse_nominal_roll",
    "parse_occulter_centres",
    "parse_time_offsets",
    "read_last_pointing_days",
    "read_pointing",
]

#: The pointing tables treat terrestrial time as TAI, an offset of 32.184 s.
TT_MINUS_TAI = 32.184
#: MJD from which SolarSoft counts the seconds of TAI, 1958-01-01.
TAI_ORIGIN = 36204


def read_pointing(path):
    """
    Sun centres and rolls of a camera (``c2_post_recovery_adj_xyr_medv2.sav`` and its like), in order of
    time.

    The arrays ``c_tai``, ``c_xmed``, ``c_ymed`` and ``c_rmed`` of an IDL save file become ``mjd``
    (float, UTC of the corrected clock, day), ``x`` and ``y`` (Sun centre, full-resolution pixel from 0,
    detector orientation) and ``roll`` (of the camera, degree): the medians.
    """
    variables = _restore(path)
    names = ("c_tai", "c_xmed", "c_ymed", "c_rmed")
    lacking = [name for name in names if name not in variables]
    if lacking:
        msg = f"{path} lacks the variables {', '.join(lacking)}."
        raise AssetError(msg)
    try:
        seconds, x, y, roll = (np.atleast_1d(variables[name]).astype(float) for name in names)
    except (TypeError, ValueError) as error:
        msg = f"{path} contains values that are not numbers: {error}."
        raise AssetError(msg) from error
    if not len(seconds) == len(x) == len(y) == len(roll) or not np.isfinite([seconds, x, y, roll]).all():
        msg = f"{path} holds columns of unequal length, or values that are not finite."
        raise AssetError(msg)
    order = np.argsort(seconds, kind="stable")
    days = (seconds[order] - TT_MINUS_TAI) / 86400
    table = Table()
    table["mjd"] = Time(np.full(len(days), TAI_ORIGIN, dtype=float), days, format="mjd", scale="tai").utc.mjd
    table["x"], table["y"], table["roll"] = x[order], y[order], roll[order]
    table["mjd"].unit, table["roll"].unit = u.d, u.deg
    table["x"].unit = table["y"].unit = u.pix
    return table


def read_last_pointing_days(path):
    """The last days, MJD by camera, that the pointing tables cover (``c2_c3_last_post_recovery_day.sav``)."""
    variables = _restore(path)
    days = {}
    for detector in ("C2", "C3"):
        value = variables.get(f"{detector.lower()}_last_day", variables.get("last_day"))
        value = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        try:
            days[detector] = int(Time(value.strip().replace("/", "-"), scale="utc").mjd)
        except ValueError as error:
            msg = f"{path} names no last day for {detector}."
            raise AssetError(msg) from error
    return days


def _restore(path):
    """The variables of an IDL save file by lower-case name, also those inside a structure."""
    variables, problem = {}, None
    # For a damaged file scipy's reader may raise any exception, leave the file open, and print
    # messages about skipped records.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            variables = readsav(path, python_dict=True)
        except Exception as error:  # noqa: BLE001
            problem = repr(error)
    if problem is not None:
        msg = f"{path} cannot be read as an IDL save file: {problem}"
        raise AssetError(msg)
    for value in list(variables.values()):
        if isinstance(value, np.recarray) and value.dtype.names:
            for field in value.dtype.names:
                variables.setdefault(field.lower(), value[field])
    return variables


#: Columns of the fixed format: file name, factor, bias, day, second of the day,
#: filter, polariser.
FIXED = (slice(0, 12), slice(12, 22), slice(22, 32), slice(34, 40), slice(42, 52), slice(54, 66), slice(66, 78))
#: Two-digit years from this one on belong to the 20th century.
PIVOT = 70

#: Biases of a read-out lie between 280 and 730 DN; a line may hold the sum for 16 read-outs.
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
        One line per image, in the format ``a12, f10.6, f10.1, 2x, a6, 2x, f10.2, 2x, a12, a12, a9, i4,
        e10.2``.

    Returns
    -------
    `~astropy.table.Table`
        In the order of the file (better values are appended): ``filename`` of level 0.5, ``factor``, ``bias``
        (DN), ``mjd`` and ``time`` (second of that day) of mid-exposure, ``filter``, ``polar``, ``n_regions``
        (-1 where the line ends early) and ``sigma`` of the factor (NaN where the line ends early).
        ``meta["unreadable"]`` is the number of skipped lines.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If none of the lines can be read, or if the last one is incomplete.

    Notes
    -----
    SolarSoft ``get_exp_factor``. The first five items are split at blanks, or read from their columns if
    numbers fill their width without a blank.
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
        msg = f"None of {len(unreadable)} lines has an exposure factor; the first is {lines[unreadable[0]]!r}."
        raise AssetError(msg)
    if unreadable and unreadable[-1] == len(lines) - 1 and not text.endswith("\n"):
        msg = f"The file of exposure factors ends in the middle of the line {lines[-1]!r}."
        raise AssetError(msg)
    table = Table(rows=rows or None, names=_COLUMNS, dtype=_TYPES, meta={"unreadable": len(unreadable)})
    table["bias"].unit, table["time"].unit = u.DN, u.s
    return table


def check_exposure_factors(table, camera, mjd, place):
    """
    Check that a file of exposure factors, as for `parse_exposure_factors`, belongs to the camera and the day
    (MJD) in its name.

    `~sunpy_lasco.errors.AssetError` is raised if all of its lines belong to another camera or day, or if a
    bias is impossible.
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
    """The values of a line, or None if they are invalid."""
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
        # A four-digit number leaves no blank after the previous item.
        return int(items[5:][-2][-REGION_DIGITS:]), float(items[5:][-1])
    except (IndexError, ValueError):
        return -1, float("nan")


#: The clock on board was off by up to 180 s.
LARGEST_OFFSET = 600.0
#: Positions of the occulter of C3, full-frame pixel.
OCCULTER_RANGE = (480.0, 560.0)
#: Milliseconds of a day.
DAY_MS = 86_400_000


def parse_time_offsets(text):
    """
    Offsets of the on-board clock (``c2_time_offsets.dat``), in order of time.

    Two lines of header, then day (MJD), millisecond of the day, position of the Sun, whether it moved,
    and offset in each line become ``mjd`` (float, day), ``x_position`` (pixel), ``moved`` and
    ``offset`` (s; corrected = original - offset).
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
    Centres of the occulter of C3 (``c3_occltr_cntr.dat``): two lines of header, then date, x and y,
    become ``mjd`` (int), ``x`` and ``y`` (pixel, from 0).
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
    Steps of the nominal roll of the spacecraft (``nominal_roll_attitude.dat``), in order of time.

    Date, time and roll in each line, with ``#`` before comments, become ``roll`` (degree) and the ``mjd``
    (float, day) from which it is valid.
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
    Check that the text of a file, or a save file by its path, is the expected table, else raise
    `~sunpy_lasco.errors.AssetError`.
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
