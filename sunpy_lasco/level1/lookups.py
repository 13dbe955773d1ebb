"""
Table values for a frame: relative exposure, error of the clock, and position of SOHO.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u

from sunpy import log

from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import C2_TIME_OFFSETS, exposure_factor_name
from sunpy_lasco.assets.observers import find_observer
from sunpy_lasco.assets.orbits import read_orbits
from sunpy_lasco.assets.tables import check_exposure_factors, parse_exposure_factors, parse_time_offsets
from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.exposure import ExposureFactor, find_exposure_factor, no_factor
from sunpy_lasco.instrument.frame import original_start
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.map.edit import frame_of

if TYPE_CHECKING:
    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["clock_correction", "clock_offset", "exposure_factor", "given_factor", "mdi_roll", "observer_position"]


def exposure_factor(smap: CoronagraphMap, *, assets: AssetsLike = None) -> ExposureFactor:
    """
    Look up the relative exposure factor of a frame.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.
    assets : optional
        Source of the files, see `calibrate`.

    Returns
    -------
    `~sunpy_lasco.instrument.exposure.ExposureFactor`
        A factor of 1 if there is no file, or no line in it, for the frame.

    Notes
    -----
    SolarSoft ``get_exp_factor``.
    """
    frame = frame_of(smap)
    if frame.is_model:
        return no_factor()
    name = exposure_factor_name(frame.camera.name, frame.mid_mjd)
    try:
        text, _ = resolve(assets).text(name)
    except MissingAssetError as error:
        log.debug("No exposure factor: %s", error)
        return no_factor()
    table = parse_exposure_factors(text)
    check_exposure_factors(table, frame.camera, frame.mid_mjd, name)
    return find_exposure_factor(table, frame, name)


def given_factor(factor):
    """
    Make an exposure factor from a given value.

    Parameters
    ----------
    factor : `float`
        True exposure time divided by that in the header.

    Returns
    -------
    `~sunpy_lasco.instrument.exposure.ExposureFactor`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the value is impossible.
    """
    factor = checked_option("factor", factor)
    return ExposureFactor(factor, 0.0, None, -1, "given")


def clock_offset(smap: CoronagraphMap, *, assets: AssetsLike = None) -> u.Quantity | None:
    """
    Look up the time by which the on-board clock was ahead, in the published table.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of the table, see `sunpy_lasco.calibrate`.

    Returns
    -------
    `~astropy.units.Quantity` or None
        None if there is no table.

    Notes
    -----
    SolarSoft ``adjust_all_date_obs``: linear in time, constant beyond both ends.
    """
    found = clock_correction(smap, assets=assets)
    return None if found is None else found[0]


def clock_correction(smap, *, assets=None):
    """
    Look up the time by which the on-board clock was ahead, and its error.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of the table, see `sunpy_lasco.calibrate`.

    Returns
    -------
    `tuple` of `~astropy.units.Quantity` or None
        Offset and its 1 sigma, which is half the difference of the two neighbouring rows, since the clock was
        reset at unknown times, and at least 1 s. None if there is no table.

    Notes
    -----
    SolarSoft ``adjust_all_date_obs``: linear in time, constant beyond both ends.
    """
    try:
        text, _ = resolve(assets).text(C2_TIME_OFFSETS)
    except MissingAssetError as error:
        log.debug("No correction of the time: %s", error)
        return None
    days, offsets = _clock_table(text)
    mjd = original_start(smap.meta).mjd
    row = np.clip(np.searchsorted(days, mjd) + np.array([-1, 0]), 0, len(days) - 1)
    sigma = max(abs(float(np.diff(offsets[row])[0])) / 2, value_of("clock.offset_sigma"))
    return float(np.interp(mjd, days, offsets)) * u.s, sigma * u.s


@lru_cache(maxsize=2)
def _clock_table(text):
    table = parse_time_offsets(text)
    return np.asarray(table["mjd"], dtype=float), np.asarray(table["offset"], dtype=float)


def observer_position(smap: CoronagraphMap, *, assets: AssetsLike = None) -> dict:
    """
    Find the position of SOHO from the best available source, without downloads.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of tables, orbit files and kernels, see `sunpy_lasco.calibrate`.

    Returns
    -------
    `dict`
        ``coordinate``, ``source`` and ``error`` for `~sunpy_lasco.update_observer`, at the map's
        ``reference_date``, which is the middle of the exposure after `correct_time`.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If a file is damaged.

    Notes
    -----
    The sources are, best first: the table of ``sunpy-lasco ephemeris update``; the user's files of the SOHO
    archive and SPICE kernels; the orbit of the package; its closed form; L1 before 1996. SolarSoft
    ``get_orbit`` uses the nearest row of the archive's files.
    """
    found = find_observer(smap.reference_date, resolve(assets))
    return {"coordinate": found.coordinate, "source": found.source, "error": found.error}


def mdi_roll(smap: CoronagraphMap, *, assets: AssetsLike = None) -> u.Quantity | None:
    """
    Roll of the camera as recorded by MDI on the same spacecraft, to check the roll in use.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of the table, which ``sunpy-lasco ephemeris update --source mdi`` makes.

    Returns
    -------
    `~astropy.units.Quantity` or None
        Degree, in detector orientation, like DETROLL; None without a table, outside 1996 to 2011, and if SOHO
        was turned within a day.

    Notes
    -----
    The roll is CROTA2 of MDI plus the offset of the camera. The sign of CROTA2 is that of the FITS standard;
    it matters only since 2010-10-30, when the roll began to differ from 0 and 180.
    """
    for orbit in read_orbits(resolve(assets)).values():
        roll = orbit.roll(smap.date)
        if roll is not None:
            return float(normalize_roll(roll + frame_of(smap).camera.roll_offset)) * u.deg
    return None
