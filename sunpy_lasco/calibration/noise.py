"""
The noise of each pixel, and how it follows the steps of the calibration.
"""

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.map.flags import flags as flags_of
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["estimate_noise", "scaled_uncertainty"]


def estimate_noise(smap):
    """
    Give each pixel its 1 sigma by noise: photons, read-out and quantisation.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias, not yet divided by the exposure.

    Returns
    -------
    map of the same class
        With ``uncertainty``; pixels that were filled keep theirs.

    Notes
    -----
    The fixed response of the pixels is no noise: it is the same in all exposures.  What it and the
    errors of the calibration leave, `sunpy_lasco.uncertainty` gives.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    sigma = np.sqrt(noise_variance(smap.data, frame_of(smap), pattern=False), dtype=np.float32)
    if smap.uncertainty is not None:
        filled = (flags_of(smap) & PixelFlag.FILLED) != 0
        sigma[filled] = np.asarray(smap.uncertainty.array, np.float32)[filled]
    return record(smap, uncertainty=StdDevUncertainty(sigma, copy=False))


def scaled_uncertainty(smap, scale):
    """
    The uncertainty of a map times a positive factor.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    scale : `float` or `numpy.ndarray`

    Returns
    -------
    `~astropy.nddata.StdDevUncertainty` or None
    """
    if smap.uncertainty is None:
        return None
    return StdDevUncertainty(np.asarray(smap.uncertainty.array) * scale, copy=False)
