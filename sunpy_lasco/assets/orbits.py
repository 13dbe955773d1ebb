"""
Tables of SOHO's position: that of the package, and those made by the user.

They are not published as files; ``sunpy-lasco ephemeris update`` makes them beside the downloaded calibration
images. A copy in a directory of calibration images is used as well.
"""

import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from sunpy_lasco.assets.files import file_stamp
from sunpy_lasco.assets.names import SOHO_ORBITS
from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.geometry.orbit import Orbit

__all__ = ["packaged_orbit", "read_orbit", "read_orbits", "write_orbit"]

#: The orbit that comes with the package.
PACKAGED = Path(__file__).parent / "data" / "soho_orbit.fits"


def write_orbit(path, orbit):
    """Write a table of positions as a new FITS file."""
    table = Table()
    table["JDTDB"] = orbit.days * u.d
    for axis, name in enumerate("XYZ"):
        table[name] = orbit.positions[:, axis] * u.au
    if orbit.velocities is not None:
        for axis, name in enumerate("XYZ"):
            table[f"V{name}"] = orbit.velocities[:, axis] * u.au / u.d
    table["ERROR"] = np.broadcast_to(orbit.errors, orbit.days.shape).astype(np.float32) * u.km
    if orbit.rolls is not None:
        table["ROLL"] = orbit.rolls * u.deg
    if orbit.arcs is not None:
        table["ARC"] = np.asarray(orbit.arcs, dtype=np.int16)
    hdu = fits.table_to_hdu(table)
    hdu.header["ORBSRC"] = orbit.source
    hdu.header["FRAME"] = ("HeliocentricEclipticIAU76", "ecliptic and equinox of J2000")
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file, checksum=True)


def read_orbit(path):
    """
    Read a table of positions, an `~sunpy_lasco.geometry.orbit.Orbit`; `~sunpy_lasco.errors.AssetError`
    if it is not one.
    """
    return _read(path, file_stamp(path))


@lru_cache(maxsize=4)
def _read(path, stamp):
    try:
        # astropy's warnings about damaged files lead to an error below.
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
            errors=columns["ERROR"],
            rolls=columns.get("ROLL"),
            arcs=columns.get("ARC"),
        )
    except (OSError, KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        msg = (
            f"{path} is not a table of positions of SOHO ({error}). Remove it, and make it again with `sunpy-lasco "
            "ephemeris update`."
        )
        raise AssetError(msg) from error


def read_orbits(assets):
    """
    The tables of positions made by ``sunpy-lasco ephemeris update``, by a key of
    `~sunpy_lasco.assets.names.SOHO_ORBITS`; `~sunpy_lasco.errors.AssetError` if one is damaged.
    """
    found = {}
    for origin, name in SOHO_ORBITS.items():
        try:
            found[origin] = read_orbit(assets.path(name))
        except MissingAssetError:
            continue
    return found


@lru_cache(maxsize=1)
def packaged_orbit():
    """
    The orbit of the package, from 1996-01-01 to 2026-10-01.

    It is an orbit under the gravity of Sun, planets and Moon through 45 sampled rows of JPL Horizons (target
    -21). Compared with rows that were not used it is off by at most 4,200 km in June 1998 and 2,200 km (0.001
    degree) since 2000. It does not include the manoeuvres until April 1996 (0.02 degree). From the loss of
    SOHO on 1998-06-25 to 1999-02-09 its orbit is poorly known.
    """
    return read_orbit(PACKAGED)
