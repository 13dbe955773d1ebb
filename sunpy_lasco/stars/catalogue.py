"""
The star catalogue of the package.

It contains stars to magnitude 9 within 10 degrees of the ecliptic, more than the field of C3 (8.3 degrees
from its centre), and is made by ``benchmarks/stars/build_catalogue.py``.
"""

from __future__ import annotations

from enum import IntFlag
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.table import QTable

from sunpy_lasco.errors import OptionError

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike

__all__ = ["EPOCH", "StarFlag", "read_catalogue"]

#: Table that comes with the package.
PACKAGED = Path(__file__).parent / "data" / "stars.fits"
#: Julian year of the positions (ESA 1997).
EPOCH = 1991.25
#: Columns that a catalogue must have, and their units.
COLUMNS = {"ra": u.deg, "dec": u.deg, "pm_ra": u.mas / u.yr, "pm_dec": u.mas / u.yr, "parallax": u.mas,
           "magnitude": u.mag, "bv": u.mag}  # fmt: skip
#: Milliarcsec in a radian.
MAS = u.rad.to(u.mas)


class StarFlag(IntFlag):
    """Properties of a star that limit its use."""

    #: Its light varies by 0.05 mag or more.
    VARIABLE = 1
    #: Hipparcos found it to be double.
    DOUBLE = 2
    #: Another star gives more than 1 % of its light within 150 arcsec; complete where that is brighter than 11.
    NEIGHBOUR = 4
    #: Only in Tycho: position accurate to 0.03 arcsec, no proper motion.
    TYCHO = 8
    #: A planet.
    PLANET = 16
    #: Where it falls the map shows no sky.
    HIDDEN = 32


@lru_cache(maxsize=1)
def _packaged():
    # Unknown colours are NaN instead of masked.
    return QTable.read(PACKAGED, mask_invalid=False)


def read_catalogue(path: PathLike | None = None) -> QTable:
    """
    Read a star catalogue.

    Parameters
    ----------
    path : path-like, optional
        A table that `astropy.table` reads, with the columns ``hip``, ``ra`` and ``dec`` (ICRS, at the
        epoch 1991.25), ``pm_ra`` (along the circle) and ``pm_dec``, ``parallax``, ``magnitude`` (V), ``bv`` (B-V)
        and ``flags`` (`StarFlag`).  By default that of the package: Hipparcos in the reduction of van Leeuwen
        (2007), completed by Tycho-1 (ESA 1997).

    Returns
    -------
    `~astropy.table.QTable`
        Sorted by magnitude.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If a column is missing.
    """
    if path is None:
        return _packaged().copy()
    table = QTable.read(path)
    missing = [name for name in (*COLUMNS, "hip", "flags") if name not in table.colnames]
    if missing:
        msg = f"{path} is not a star catalogue: it lacks the columns {', '.join(missing)}."
        raise OptionError(msg)
    table.sort("magnitude")
    return table


def catalogue_numbers(table):
    """Columns of a catalogue as bare arrays in their standard units, and the number of Hipparcos and flags."""
    numbers = {}
    for name, unit in COLUMNS.items():
        column = table[name].filled(np.nan) if hasattr(table[name], "filled") else table[name]
        numbers[name] = np.asarray(u.Quantity(column, unit).value, dtype=float)
    return numbers | {"hip": np.asarray(table["hip"]), "flags": np.asarray(table["flags"], dtype=np.uint8)}


@lru_cache(maxsize=1)
def packaged_numbers():
    """`catalogue_numbers` of the catalogue of the package, with the directions at the epoch, which do not change."""
    numbers = catalogue_numbers(_packaged())
    return numbers | {"vectors": epoch_vectors(numbers)}


def epoch_vectors(numbers):
    """Unit vectors at the epoch, and motions, radian a year, both (n, 3)."""
    ra, dec = np.radians(numbers["ra"]), np.radians(numbers["dec"])
    zero = np.zeros_like(ra)
    direction = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    east = np.stack([-np.sin(ra), np.cos(ra), zero], axis=1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=1)
    return direction, (east * numbers["pm_ra"][:, None] + north * numbers["pm_dec"][:, None]) / MAS
