"""
Which pixels of a map show no sky.

The mask follows from the data (NaN, and the zeros of raw counts) and from the
geometry of the camera, so that it is there again after any operation on a map
and after saving and reading it.
"""

from functools import lru_cache

import numpy as np
from scipy import ndimage

from sunpy_lasco.instrument.blocks import no_data
from sunpy_lasco.instrument.field import field_mask, outside_detector
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.map.content import measurement
from sunpy_lasco.map.geometry import distortion_of, lenient_frame
from sunpy_lasco.map.headers import header_level, is_helioviewer, is_raw, is_standard

__all__ = ["empty_pixels", "hidden_and_outside", "holes_to_nan"]

#: As many pixels of the same odd value, side by side, are no coincidence.
PLATEAU = 16
#: BZERO of SolarSoft's scaled level 1, MSB, where the header does not say.
OFFICIAL_ZERO = 3.2501e-9


def hidden_and_outside(geometry, shape, meta):
    """
    What occulter, pylon and field edge hide, and what lies beside the detector.

    Parameters
    ----------
    geometry : `~sunpy_lasco.map.linear.ImageGeometry`
    shape : `tuple` of `int`
        (ny, nx).
    meta : mapping
        Header of the map.

    Returns
    -------
    hidden, outside : `numpy.ndarray` of `bool`
        Shape (ny, nx), read-only.  What is outside is hidden too.
    """
    x0, y0 = geometry.to_detector(0.0, 0.0)
    x1, y1 = geometry.to_detector(1.0, 0.0)
    x2, y2 = geometry.to_detector(0.0, 1.0)
    # Frames of one sequence lie alike on the detector, but for rounding errors.
    affine = tuple(round(float(value), 6) for value in (x0, y0))
    affine += tuple(round(float(value), 9) for value in (x1 - x0, y1 - y0, x2 - x0, y2 - y0))
    distortion = distortion_of(meta) if geometry.distorted else None
    return _hidden(affine, tuple(shape), squeezed(meta.get("detector")), distortion)


@lru_cache(maxsize=16)
def _hidden(affine, shape, detector, distortion):
    x0, y0, xx, yx, xy, yy = affine
    columns, rows = np.arange(shape[1]), np.arange(shape[0])[:, None]
    x, y = x0 + xx * columns + xy * rows, y0 + yx * columns + yy * rows
    if distortion is not None:
        x, y = distortion.to_corrected(x, y)
    outside = outside_detector(x, y, detector)
    hidden = field_mask(x, y, detector) | outside
    for array in (hidden, outside):
        array.flags.writeable = False
    return hidden, outside


def empty_pixels(data, meta):
    """
    Pixels that hold nothing.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    meta : mapping
        Header of the map.

    Returns
    -------
    `numpy.ndarray` of `bool`
        NaN; of raw counts the zeros as well, and of Helioviewer's bytes the black areas.
    """
    if is_raw(meta):
        return no_data(data, lenient_frame(meta, data.shape))
    if is_helioviewer(meta) and data.dtype.kind in "iu":
        return _plateau(data == 0)
    return np.isnan(data) if data.dtype.kind == "f" else np.zeros(data.shape, bool)


def holes_to_nan(data, meta):
    """
    Make the masked pixels of SolarSoft's level 1 NaN.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx), as read.
    meta : mapping
        Header of the map.

    Returns
    -------
    `numpy.ndarray`
        ``data`` itself where there is nothing to change, else a copy.

    Notes
    -----
    SolarSoft multiplies by its masks.  In C3 images scaled to integers of 16 bits the
    zeros became BZERO, a value of a bright pixel: 189,510 pixels of 3.2501e-9 MSB.
    Plateaus of 16 and more such pixels are made NaN; single ones are measurements.
    In C2, blocks that are not sent hold the bias with a negative sign: an
    unpolarised brightness below 0 is no measurement either.
    """
    official = header_level(meta) == 1.0 and not is_standard(meta)
    if not official or data.dtype.kind != "f":
        return data
    zero = data.dtype.type(0)
    if "bzero" in meta or str(meta.get("bitpix", "")).strip() == "16":
        zero = data.dtype.type(meta.get("bzero") or OFFICIAL_ZERO)
    holes = _plateau(data == zero)
    if measurement(meta).startswith("B"):
        with np.errstate(invalid="ignore"):
            holes |= data < 0
    if not holes.any():
        return data
    data = data.copy()
    data[holes] = np.nan
    return data


def _plateau(pixels):
    """Connected groups of at least `PLATEAU` pixels."""
    labels, number = ndimage.label(pixels, structure=np.ones((3, 3)))
    if number == 0:
        return pixels
    large = np.bincount(labels.ravel()) >= PLATEAU
    large[0] = False
    return large[labels]
