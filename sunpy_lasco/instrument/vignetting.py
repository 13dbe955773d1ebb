"""
Images of the detector brought to the pixels of a frame.

Inverse vignetting, stray light and mask are stored for the full frame at full
resolution.  Frames may be cut and summed in any way.
"""

import numpy as np

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.constants import value_of

__all__ = ["block_mean", "frame_cutout", "inverse_vignetting"]


def frame_cutout(image, frame):
    """
    The part of a full-frame image that a frame covers, at full resolution.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape (1024, 1024).
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `numpy.ndarray`
        Shape (ny * sy, nx * sx); a view.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If the frame reaches beyond the detector.
    """
    (x0, y0), (sx, sy), (ny, nx) = frame.corner, frame.binning, frame.shape
    x1, y1 = x0 + nx * sx, y0 + ny * sy
    if x0 < 0 or y0 < 0 or x1 > FULL_FRAME or y1 > FULL_FRAME:
        msg = (
            f"{frame.filename or 'The frame'} reaches from pixel ({x0}, {y0}) to ({x1 - 1}, {y1 - 1}), beyond the "
            f"{FULL_FRAME} x {FULL_FRAME} pixels of the detector; check R1COL, R1ROW, R2COL, R2ROW."
        )
        raise HeaderError(msg)
    return image[y0:y1, x0:x1]


def block_mean(image, binning):
    """
    Mean over blocks of pixels.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape (ny * sy, nx * sx).
    binning : `tuple` of `int`
        (sx, sy).

    Returns
    -------
    `numpy.ndarray`
        Shape (ny, nx).
    """
    sx, sy = binning
    if (sx, sy) == (1, 1):
        return image
    ny, nx = image.shape[0] // sy, image.shape[1] // sx
    return image.reshape(ny, sy, nx, sx).mean(axis=(1, 3))


def inverse_vignetting(image, frame, *, official=False):
    """
    Inverse vignetting of the pixels of a frame; multiply by it.

    Parameters
    ----------
    image : `numpy.ndarray`
        Inverse vignetting of the full frame, shape (1024, 1024).
    frame : `~sunpy_lasco.instrument.frame.Frame`
    official : `bool`
        Average the inverse vignetting over summed pixels, as SolarSoft does.

    Returns
    -------
    `numpy.ndarray`
        Shape of the frame.

    Notes
    -----
    A summed pixel collects the light that each of its pixels lets pass, so the
    factor is 1 / mean(1 / V), not mean(V); they differ by up to 3.5 % where the
    vignetting is steep.  SolarSoft ``c2_calibrate`` and ``c3_calibrate`` take the
    mean, and get it right for sums of 2 x 2 of one kind only.
    """
    part = frame_cutout(image, frame)
    if frame.camera.name == "C2":
        part = np.clip(part, 0.0, value_of("C2.vignetting_limit"))
    if not frame.is_binned:
        return part
    if official:
        return block_mean(part, frame.binning)
    with np.errstate(divide="ignore"):
        return 1.0 / block_mean(1.0 / part, frame.binning)
