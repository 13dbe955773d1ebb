"""
What tables say of a frame: its relative exposure and the error of its clock.
"""

import numpy as np

import astropy.units as u

from sunpy import log

from sunpy_lasco.assets.exposure_factors import parse_exposure_factors
from sunpy_lasco.assets.names import C2_TIME_OFFSETS, exposure_factor_name
from sunpy_lasco.assets.resolve import resolve
from sunpy_lasco.assets.tables import parse_time_offsets
from sunpy_lasco.calibration.records import frame_of
from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.instrument.exposure import NO_FACTOR, ExposureFactor, find_exposure_factor
from sunpy_lasco.instrument.frame import original_start

__all__ = ["clock_offset", "exposure_factor", "given_factor"]


def exposure_factor(smap, *, assets=None):
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
        return NO_FACTOR
    name = exposure_factor_name(frame.camera.name, frame.mid_mjd)
    try:
        text, _ = resolve(assets).text(name)
    except MissingAssetError as error:
        log.debug("No exposure factor: %s", error)
        return NO_FACTOR
    return find_exposure_factor(parse_exposure_factors(text), frame, name)


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
    ValueError
        If it is not positive.
    """
    factor = float(factor)
    if not 0 < factor < np.inf:
        msg = f"A relative exposure is a positive number, not {factor}."
        raise ValueError(msg)
    return ExposureFactor(factor, 0.0, None, -1, "given")


def clock_offset(smap, *, assets=None):
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
    try:
        text, _ = resolve(assets).text(C2_TIME_OFFSETS)
    except MissingAssetError as error:
        log.debug("No correction of the time: %s", error)
        return None
    table = parse_time_offsets(text)
    return float(np.interp(original_start(smap.meta).mjd, table["mjd"], table["offset"])) * u.s
