"""
World coordinates of an image from what was done to it.

The pointing and every change of geometry stand in cards of their own (DETROLL,
SUNPIX1/2, TURNED, DISTORT, IMGROT and others); this module turns them into the
standard cards of a FITS-WCS.
"""

import numpy as np

from sunpy_lasco.calibration.geometry import distortion_of
from sunpy_lasco.calibration.placement import is_turned, to_image
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.frame import Frame, squeezed
from sunpy_lasco.instrument.pointing import binned_position, normalize_roll
from sunpy_lasco.instrument.sip import sip_cards

__all__ = ["image_roll", "image_sun_centre", "plate_scale", "wcs_cards"]


def plate_scale(meta):
    """
    Plate scale of a full-resolution pixel after undistortion.

    Parameters
    ----------
    meta : mapping
        Header.

    Returns
    -------
    `float`
        Arcsec / pixel, of the official geometry or of that of the stars, as the
        card GEOSCALE has it.
    """
    camera = CAMERAS[squeezed(meta["detector"])]
    stars = str(meta.get("geoscale", "official")).strip() == "stars" and camera.stars is not None
    return camera.stars.plate_scale if stars else camera.plate_scale


def image_roll(meta):
    """
    Roll of an image as it is stored.

    Parameters
    ----------
    meta : mapping
        Header with DETROLL.

    Returns
    -------
    `float`
        Degree in (-180, 180]: turning the image by it counter-clockwise brings
        solar north up.
    """
    return float(normalize_roll(meta["detroll"] - meta.get("imgrot", 0.0) - 180.0 * is_turned(meta)))


def image_sun_centre(meta):
    """
    The Sun's centre in an image as it is stored.

    Parameters
    ----------
    meta : mapping
        Header with SUNPIX1 and SUNPIX2.

    Returns
    -------
    `tuple` of `float`
        (x, y), full-frame pixel counted from 0.
    """
    return to_image(meta, (meta["sunpix1"], meta["sunpix2"]))


def wcs_cards(meta, shape):
    """
    Standard WCS cards of an image.

    Parameters
    ----------
    meta : mapping
        Header to which `~sunpy_lasco.update_pointing` was applied.
    shape : `tuple` of `int`
        (ny, nx).

    Returns
    -------
    `dict`
        Cards by lower-case keyword; None for cards to remove.

    Notes
    -----
    With the distortion in the WCS, CRPIX is its centre, the occulter, as SIP has it,
    and CRVAL the direction of that pixel; the projection is tangential there
    instead of at the Sun, which makes at most 0.06 pixel of C3 in the corners.
    """
    frame = Frame.from_header(meta, shape)
    sx, sy = frame.binning
    scale = plate_scale(meta)
    roll = np.radians(image_roll(meta))
    sun = image_sun_centre(meta)
    cdelt = np.array([scale * sx, scale * sy])
    # Summed pixels may be oblong, so PC holds the ratio of the scales.
    pc = np.array([[np.cos(roll), -np.sin(roll) * sy / sx], [np.sin(roll) * sx / sy, np.cos(roll)]])
    crpix = np.array(binned_position(sun, frame)) + 1.0
    crval = np.zeros(2)
    ctype = ["HPLN-TAN", "HPLT-TAN"]
    cards = dict.fromkeys([card for card in meta if _is_sip(card)])
    if meta.get("distort") == "wcs":
        distortion = distortion_of(meta)
        sip, stretch = sip_cards(distortion, frame.binning)
        occulter = np.array(binned_position(to_image(meta, distortion.centre), frame)) + 1.0
        crval = _tangential(pc @ (occulter - crpix) * cdelt)
        crpix, cdelt = occulter, cdelt * stretch
        ctype = [f"{name}-SIP" for name in ctype]
        cards |= {name.lower(): value for name, value in sip.items()}
    cards |= {
        "ctype1": ctype[0],
        "ctype2": ctype[1],
        "cunit1": "arcsec",
        "cunit2": "arcsec",
        "cdelt1": float(cdelt[0]),
        "cdelt2": float(cdelt[1]),
        "crpix1": float(crpix[0]),
        "crpix2": float(crpix[1]),
        "crval1": float(crval[0]),
        "crval2": float(crval[1]),
        "pc1_1": float(pc[0, 0]),
        "pc1_2": float(pc[0, 1]),
        "pc2_1": float(pc[1, 0]),
        "pc2_2": float(pc[1, 1]),
        "lonpole": 180.0,
        "wcsname": "Helioprojective-cartesian",
        "crota": None,
        "crota1": None,
        "crota2": None,
    }
    return cards


def _is_sip(card):
    head, _, tail = str(card).lower().partition("_")
    return head in ("a", "b", "ap", "bp") and (tail == "order" or tail.replace("_", "").isdigit())


def _tangential(offset):
    """Longitude and latitude, arcsec, of a point of the tangent plane at the Sun's centre."""
    x, y = np.radians(np.asarray(offset) / 3600.0)
    longitude = np.arctan(x)
    latitude = np.arctan(y * np.cos(longitude))
    return np.degrees([longitude, latitude]) * 3600.0
