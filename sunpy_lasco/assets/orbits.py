"""
Tables of SOHO's position, kept beside the calibration images.

They are not published as files: ``sunpy-lasco ephemeris update`` makes them.  A copy
in a directory of calibration images serves as well.
"""

import warnings
from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from sunpy_lasco.assets.files import file_stamp
from sunpy_lasco.assets.names import SOHO_ORBITS
from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.instrument.orbit import Orbit

__all__ = ["read_orbit", "read_orbits", "write_orbit"]


def write_orbit(path, orbit):
    """
    Write a table of positions.

    Parameters
    ----------
    path : path-like
        A FITS file, which must not be there yet.
    orbit : `~sunpy_lasco.instrument.orbit.Orbit`
    """
    table = Table()
    table["JDTDB"] = orbit.days * u.d
    for axis, name in enumerate("XYZ"):
        table[name] = orbit.positions[:, axis] * u.au
    if orbit.velocities is not None:
        for axis, name in enumerate("XYZ"):
            table[f"V{name}"] = orbit.velocities[:, axis] * u.au / u.d
    if orbit.rolls is not None:
        table["ROLL"] = orbit.rolls * u.deg
    hdu = fits.table_to_hdu(table)
    hdu.header["ORBSRC"] = orbit.source
    hdu.header["ORBERR"] = orbit.error
    hdu.header["FRAME"] = ("HeliocentricEclipticIAU76", "ecliptic and equinox of J2000")
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file, checksum=True)


def read_orbit(path):
    """
    Read a table of positions.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `~sunpy_lasco.instrument.orbit.Orbit`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If it is not one.
    """
    return _read(path, file_stamp(path))


@lru_cache(maxsize=4)
def _read(path, stamp):
    try:
        # What astropy warns of in a damaged file ends in an error below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            with fits.open(path, memmap=False) as hdus:
                header, data = hdus[1].header, hdus[1].data
            names = data.names
            columns = {name: np.array(data[name], dtype=float) for name in names}
        return Orbit(
            days=columns["JDTDB"],
            positions=np.stack([columns[name] for name in "XYZ"], axis=-1),
            velocities=np.stack([columns[f"V{name}"] for name in "XYZ"], axis=-1) if "VX" in names else None,
            source=header["ORBSRC"],
            error=header["ORBERR"],
            rolls=columns.get("ROLL"),
        )
    except (OSError, KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        msg = (
            f"{path} is no table of positions of SOHO ({error}). Remove it, and make it anew by "
            "`sunpy-lasco ephemeris update`."
        )
        raise AssetError(msg) from error


def read_orbits(assets):
    """
    The tables of positions that are at hand, best first.

    Parameters
    ----------
    assets : `~sunpy_lasco.assets.AssetSource`

    Returns
    -------
    `list` of `~sunpy_lasco.instrument.orbit.Orbit`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If one is damaged.
    """
    found = []
    for name in SOHO_ORBITS.values():
        try:
            found.append(read_orbit(assets.path(name)))
        except MissingAssetError:
            continue
    return found
