"""
Wider uncertainties where calibration images are only estimates.
"""

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.assets.systematics import systematic_error
from sunpy_lasco.calibration.geometry import distortion_of
from sunpy_lasco.calibration.masking import corrected_positions
from sunpy_lasco.calibration.records import frame_of, record
from sunpy_lasco.instrument.cameras import FULL_FRAME

__all__ = ["estimate_error", "widen_for_estimates"]


def estimate_error(smap):
    """
    1 sigma that the estimated calibration images leave in each pixel.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Calibrated, in MSB.

    Returns
    -------
    `numpy.ndarray` or None
        MSB, shape of the map; None if no estimate was used.

    Notes
    -----
    The vignetting multiplies the light before the stray light is taken away, which
    is a tenth of it at most; its error is taken of the brightness after that.
    """
    meta = smap.meta
    if not (meta.get("vigest") or meta.get("rampest")):
        return None
    variance = np.zeros(smap.data.shape, np.float32)
    if meta.get("vigest"):
        relative, _ = systematic_error(meta["vigfile"])
        variance += (_at_pixels(relative, smap) * smap.data) ** 2
    if meta.get("rampest"):
        _, offset = systematic_error(meta["rampfile"])
        variance += np.float32(offset) ** 2
    return np.sqrt(variance)


def widen_for_estimates(smap):
    """
    Add the errors of estimated calibration images to the uncertainty.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Calibrated, in MSB.

    Returns
    -------
    map of the same class
        Unchanged where nothing was estimated; else with wider uncertainty and the
        card WIDENED.
    """
    error = estimate_error(smap)
    if error is None or smap.uncertainty is None:
        return record(smap)
    wide = np.hypot(np.asarray(smap.uncertainty.array), error)
    return record(
        smap,
        uncertainty=StdDevUncertainty(wide.astype(np.float32, copy=False), copy=False),
        cards={"widened": True},
        history=["Uncertainty widened by the errors of the estimated calibration images"],
    )


def _at_pixels(error, smap):
    """An error on the raw full frame at the pixels of a map."""
    if np.ndim(error) == 0:
        return np.float32(error)
    x, y = corrected_positions(smap.meta, frame_of(smap))
    x, y = distortion_of(smap.meta).to_raw(x, y)
    column, row = (np.clip(np.rint(value), 0, FULL_FRAME - 1).astype(int) for value in (x, y))
    return np.asarray(error, np.float32)[row, column]
