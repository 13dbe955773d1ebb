"""
What tables say of a frame: its relative exposure, the error of its clock, and where SOHO was.
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
    Look up the relative exposure of a frame.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.
    assets : optional
        Source of the files, see `calibrate`.

    Returns
    -------
    `~sunpy_lasco.instrument.exposure.ExposureFactor`
        That of a factor 1 where no file, or no line in it, belongs to the frame.

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
    A relative exposure that the user knows.

    Parameters
    ----------
    factor : `float`
        True exposure time over the one in the header.

    Returns
    -------
    `~sunpy_lasco.instrument.exposure.ExposureFactor`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If it cannot be one.
    """
    factor = checked_option("factor", factor)
    return ExposureFactor(factor, 0.0, None, -1, "given")


def clock_offset(smap: CoronagraphMap, *, assets: AssetsLike = None) -> u.Quantity | None:
    """
    Time by which the on-board clock was ahead, from the published table.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of the table, see `sunpy_lasco.calibrate`.

    Returns
    -------
    `~astropy.units.Quantity` or None
        None where there is no table.

    Notes
    -----
    SolarSoft ``adjust_all_date_obs``: linear in time, with the ends extended.
    """
    found = clock_correction(smap, assets=assets)
    return None if found is None else found[0]


def clock_correction(smap, *, assets=None):
    """
    Time by which the on-board clock was ahead, and its error.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of the table, see `sunpy_lasco.calibrate`.

    Returns
    -------
    `tuple` of `~astropy.units.Quantity` or None
        Offset, and its 1 sigma: half the difference of the two rows between which the
        exposure lies, since the clock was set forth and back at unknown times, and at
        least 1 s.  None where there is no table.

    Notes
    -----
    SolarSoft ``adjust_all_date_obs``: linear in time, with the ends extended.
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
    Position of SOHO from the best available source; nothing is downloaded.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of tables, orbit files and kernels, see `sunpy_lasco.calibrate`.

    Returns
    -------
    `dict`
        ``coordinate``, ``source`` and ``error`` for `~sunpy_lasco.update_observer`, at the
        map's ``reference_date``: the middle of the exposure, once `correct_time` has set it.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If a file is damaged.

    Notes
    -----
    Best first: the table of ``sunpy-lasco ephemeris update``; the user's files of the SOHO
    archive and SPICE kernels; the orbit that comes with the package; its closed form;
    L1 before 1996.  SolarSoft ``get_orbit``, which takes the nearest row of the archive's files.
    """
    found = find_observer(smap.reference_date, resolve(assets))
    return {"coordinate": found.coordinate, "source": found.source, "error": found.error}


def mdi_roll(smap: CoronagraphMap, *, assets: AssetsLike = None) -> u.Quantity | None:
    """
    Roll of the camera by what MDI on the same spacecraft recorded, a check of the roll in use.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    assets : optional
        Source of the table, which ``sunpy-lasco ephemeris update --source mdi`` makes.

    Returns
    -------
    `~astropy.units.Quantity` or None
        Degree, in the orientation of the detector, like DETROLL; None without a table,
        outside of 1996 to 2011, and where SOHO turned within a day.

    Notes
    -----
    CROTA2 of MDI plus the offset of the camera.  The sign of CROTA2 is taken as FITS
    defines it; it matters since 2010-10-30 only, when the roll left 0 and 180.
    """
    for orbit in read_orbits(resolve(assets)).values():
        roll = orbit.roll(smap.date)
        if roll is not None:
            return float(normalize_roll(roll + frame_of(smap).camera.roll_offset)) * u.deg
    return None
