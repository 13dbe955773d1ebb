"""
Saturated pixels of a raw image.
"""

import numpy as np

__all__ = ["saturated_pixels"]


def saturated_pixels(raw, frame):
    """
    Pixels that are saturated or that saturated neighbours bleed into.

    Parameters
    ----------
    raw : `numpy.ndarray`
        Counts with the bias, DN; NaN is missing.
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `numpy.ndarray` of `bool`

    Notes
    -----
    The CCD of C3 blooms along its columns, which are the rows of the image since the
    ground software turned images from port C, long before the converter ends, at 11
    to 13 thousand DN, so that the equality with 16383 by which SolarSoft knows
    saturation finds none of it.  Sums of the electronics box add as many
    full scales; a sum may hide one saturated addend, hence the limit of all of them.
    """
    if frame.is_derived or frame.is_model:
        return np.zeros(raw.shape, bool)
    camera = frame.camera
    limit = camera.saturation * frame.leb_sum[0] * frame.leb_sum[1]
    with np.errstate(invalid="ignore"):
        saturated = raw >= limit
    if camera.bleed and saturated.any():
        core = saturated.copy()
        reach = -(-camera.bleed // frame.binning[0])
        for step in range(1, reach + 1):
            saturated[:, step:] |= core[:, :-step]
            saturated[:, :-step] |= core[:, step:]
    return saturated
