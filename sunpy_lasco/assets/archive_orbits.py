"""
Orbit files of the SOHO archive: ``SO_OR_DEF_*`` and ``SO_OR_PRE_*``, one file per day.
"""

import re
import warnings
from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyWarning

from sunpy_lasco.assets.files import file_stamp, read_bytes, refuse_page
from sunpy_lasco.errors import AssetError
from sunpy_lasco.geometry.orbit import Orbit
from sunpy_lasco.instrument.constants import value_of

__all__ = ["archive_folders", "best_version", "read_archive_orbit"]

#: Definitive or predictive, day, version, kind of file.
_NAME = re.compile(r"SO_OR_(DEF|PRE)_(\d{8})_V(\d+)\.(DAT|FITS|FTS)", re.IGNORECASE)
#: Folders of the archive that hold them, themselves or in folders by year.
_FOLDERS = ("data/ancillary/orbit/definitive", "data/ancillary/orbit/predictive")
#: Time from the last row of a file, 23:50, to the end of its day, d.
_STEP = 10 / 1440
#: Difference of HEC and GCI from which a file is wrong, km; the last digits leave 1 km.
_LARGEST_DIFFERENCE = 100.0

# Columns of a row of text, after date and time of day as text.
_YEAR, _DAY, _MILLISECONDS = 2, 3, 4
_GCI, _SUN, _HEC, _HEC_VELOCITY = slice(5, 8), slice(23, 26), slice(26, 29), slice(29, 32)
#: Least number of columns that hold these.
_NEEDED = 32


def archive_folders(year):
    """
    Subfolders that may contain the files of a year: the directory may be flat, have folders by year, or be
    the archive or a part of it.
    """
    found = ["", year]
    for folder in _FOLDERS:
        parts = folder.split("/")
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            found += [tail, f"{tail}/{year}"]
    return list(dict.fromkeys(found))


def best_version(paths):
    """
    The preferred file among those of one day, or None.

    Definitive files precede predictive ones, then higher versions lower ones, then FITS text. Files with
    other names are ignored.
    """

    def rank(path):
        kind, _, version, suffix = _NAME.fullmatch(path.name).groups()
        return kind.upper() == "DEF", int(version), suffix.upper() != "DAT"

    return max((path for path in paths if _NAME.fullmatch(path.name)), key=rank, default=None)


def read_archive_orbit(path):
    """
    Read an orbit file of the SOHO archive for one day, text (.DAT) or FITS. `~sunpy_lasco.errors.AssetError`
    is raised if it is not one, or contradicts itself.

    SolarSoft ``get_orbit`` uses the nearest row, which is up to 9,000 km away; here the rows are
    interpolated. Heliocentric positions (HEC) are in the ecliptic of J2000; they are compared with the
    geocentric ones (GCI) minus the Sun's.
    """
    if not _NAME.fullmatch(path.name):
        msg = f"{path} is not an orbit file of SOHO: they are named like SO_OR_PRE_20040506_V01.DAT or .FITS."
        raise AssetError(msg)
    return _read(path, file_stamp(path))


@lru_cache(maxsize=32)
def _read(path, stamp):
    reader = _read_text if path.suffix.upper() == ".DAT" else _read_fits
    try:
        year, day, milliseconds, hec, velocity, gci, sun = reader(path)
        _compare(hec, gci, sun)
        start = np.array([f"{int(number):04d}-01-01" for number in year], dtype="datetime64[ms]")
        elapsed = np.round((day - 1) * 86_400_000 + milliseconds).astype("timedelta64[ms]")
        days = Time(start + elapsed, scale="utc").tdb.jd
        return Orbit(
            days=days,
            positions=(hec * u.km).to_value(u.au),
            velocities=None if velocity is None else (velocity * u.km / u.s).to_value(u.au / u.d),
            source=path.name,
            errors=value_of("orbit.tracked_error"),
            reach=_STEP,
        )
    except (OSError, KeyError, IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        msg = f"{path} is not a valid orbit file of SOHO ({error}). Remove it, or download it again."
        raise AssetError(msg) from error


def _read_text(path):
    """Year, day of year, milliseconds, HEC, its velocity, GCI and the Sun in GCI of the rows of text; km and s."""
    content = read_bytes(path)[0]
    refuse_page(content, path)
    rows = []
    for number, line in enumerate(content.decode("latin-1").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) < _NEEDED:
            msg = f"line {number} has {len(words)} columns instead of {_NEEDED} and more"
            raise ValueError(msg)
        rows.append([0.0, 0.0, *map(float, words[2:_NEEDED])])
    table = np.array(rows).reshape(-1, _NEEDED)
    table = table[table[:, _YEAR] != 0]
    columns = (_YEAR, _DAY, _MILLISECONDS, _HEC, _HEC_VELOCITY, _GCI, _SUN)
    return tuple(table[:, column] for column in columns)


def _read_fits(path):
    """The same of a table in FITS."""
    # astropy's warnings about damaged files lead to an error.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        with fits.open(path, memmap=False) as hdus:
            data = hdus[1].data
            names = {name.strip().upper(): name for name in data.names}
            # Filler rows have no year.
            used = np.array(data[names["YEAR"]]) != 0

            def column(name):
                return np.array(data[names[name]], dtype=float)[used]

            def vector(name, unit):
                if f"{name}X ({unit})" not in names:
                    return None
                return np.stack([column(f"{name}{axis} ({unit})") for axis in "XYZ"], axis=-1)

            hec = vector("HEC ", "KM")
            if hec is None:
                msg = "it has no column HEC X (KM)"
                raise ValueError(msg)
            return (
                column("YEAR"),
                column("DAY OF YEAR"),
                column("ELLAPSED MILLISECONDS OF DAY"),
                hec,
                vector("HEC V", "KM/S"),
                vector("GCI ", "KM"),
                vector("SUN VECTOR ", "KM"),
            )


def _compare(hec, gci, sun):
    """Reject rows whose HEC is not GCI minus the Sun, rotated by the obliquity."""
    if gci is None or sun is None:
        return
    x, y, z = (gci - sun).T
    tilt = np.radians(value_of("orbit.obliquity"))
    cosine, sine = np.cos(tilt), np.sin(tilt)
    expected = np.stack([x, cosine * y + sine * z, cosine * z - sine * y], axis=-1)
    difference = np.abs(hec - expected).max(axis=-1)
    if not np.all(difference <= _LARGEST_DIFFERENCE):
        row = int(np.argmax(np.nan_to_num(difference, nan=np.inf)))
        msg = f"row {row + 1}: HEC differs by {difference[row]:.0f} km from GCI minus the Sun in ecliptic axes of J2000"
        raise ValueError(msg)
