"""
Where positions on the detector lie in an image that was moved or turned.

An image that was rotated or shifted says so in IMGROT, IMGPIV1/2 (the pivot on the
detector) and IMGTAR1/2 (where it was brought); one that was turned by 180 degrees
in TURNED.  Positions are full-frame pixels.
"""

from dataclasses import replace

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.pointing import normalize_roll, rectified_centre

__all__ = ["is_turned", "rectified_by", "to_detector", "to_image", "turned_frame"]


def is_turned(meta):
    """
    Whether an image was turned by 180 degrees to be upright.

    Parameters
    ----------
    meta : mapping
        Header.

    Returns
    -------
    `bool`
    """
    return str(meta.get("turned", "")).strip() in ("True", "T")


def rectified_by(meta):
    """
    All turning of an image together, for the card RECTIFY.

    Parameters
    ----------
    meta : mapping
        Header.

    Returns
    -------
    `float`
        Degree, in (-180, 180] as in the official product.
    """
    return float(normalize_roll(180.0 * is_turned(meta) + meta.get("imgrot", 0.0)))


def turned_frame(frame):
    """
    The frame of an image after it is turned by 180 degrees.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~sunpy_lasco.instrument.frame.Frame`
        With the corner of the turned image.
    """
    (cx, cy), (sx, sy), (ny, nx) = frame.corner, frame.binning, frame.shape
    return replace(frame, corner=(FULL_FRAME - cx - nx * sx, FULL_FRAME - cy - ny * sy))


def to_image(meta, position):
    """
    Position in the full frame of the image of a position on the detector.

    Parameters
    ----------
    meta : mapping
        Header.
    position : `tuple` of `float`
        (x, y), full-frame pixel, after undistortion.

    Returns
    -------
    `tuple` of `float`
    """
    if "imgrot" in meta:
        position = _turn_about(position, meta, "imgpiv", "imgtar", meta["imgrot"])
    return rectified_centre(position) if is_turned(meta) else tuple(map(float, position))


def to_detector(meta, position):
    """
    Position on the detector of a position in the full frame of the image.

    Parameters
    ----------
    meta : mapping
        Header.
    position : `tuple` of `float`
        (x, y), full-frame pixel.

    Returns
    -------
    `tuple` of `float`
    """
    position = rectified_centre(position) if is_turned(meta) else tuple(map(float, position))
    if "imgrot" in meta:
        position = _turn_about(position, meta, "imgtar", "imgpiv", -meta["imgrot"])
    return position


def _turn_about(position, meta, start, end, degrees):
    dx, dy = position[0] - meta[f"{start}1"], position[1] - meta[f"{start}2"]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return float(meta[f"{end}1"] + cos * dx - sin * dy), float(meta[f"{end}2"] + sin * dx + cos * dy)
