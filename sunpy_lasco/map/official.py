"""
Geometry of the official level 1, SolarSoft's, of every vintage.
"""

from types import SimpleNamespace

import numpy as np

from sunpy_lasco.instrument.cards import frame_name, number
from sunpy_lasco.instrument.pointing import (
    binned_position,
    full_position,
    header_roll,
    nominal_pointing,
    normalize_roll,
    rectified_centre,
)
from sunpy_lasco.map.headers import observation_time, processed_before
from sunpy_lasco.map.linear import (
    ImageGeometry,
    camera_of,
    plate_scales,
    reference_pixel,
    reference_position,
    rotation,
)

__all__ = ["official_geometry"]

#: Official level 1 made before this has CROTA with the opposite sign.
CROTA_SIGN_CHANGED = "2011-11-01"


def official_geometry(meta, shape):
    """
    Geometry of an official level-1 image.

    Parameters
    ----------
    meta : `~sunpy.util.MetaDict`
    shape : `tuple` of `int`
        (ny, nx).

    Returns
    -------
    `~sunpy_lasco.map.linear.ImageGeometry`

    Notes
    -----
    CTYPE and CUNIT of files made before 2010-10-27 are wrong, so they are not read at all.
    """
    camera = camera_of(meta)
    notes = []
    cdelt = plate_scales(meta, shape)
    roll = header_roll(meta)
    nominal = nominal_pointing(SimpleNamespace(camera=camera, start=observation_time(meta)))
    name = frame_name(meta)
    sign = _sign_of_roll(meta, roll, nominal.roll)
    if roll is None:
        roll = nominal.roll
        notes.append(f"{name} has no card CROTA: its roll is taken as {roll:.2f} degree ({nominal.roll_source}).")
    else:
        roll = float(normalize_roll(sign * roll))
    turned, removed = _rectification(meta)
    # The image was turned by RECTIFY: by 180 degrees or not, and by a roll removed.
    detector_roll = float(normalize_roll(roll + 180.0 * turned + sign * removed))
    grid = _grid(camera, cdelt)
    crval = reference_position(meta)
    crpix = reference_pixel(meta, shape[1], shape[0])
    if crpix is None:
        centre = rectified_centre(nominal.centre) if turned else nominal.centre
        crpix, crval = binned_position(centre, grid), (0.0, 0.0)
        notes.append(f"{name} has no card CRPIX: its Sun centre is taken as the {nominal.centre_source}.")
    pc = rotation(roll)
    sun = _plane_to_pixel(crpix, crval, cdelt, pc)
    sun = full_position(sun, grid)
    return ImageGeometry(
        crpix=tuple(map(float, crpix)),
        crval=crval,
        cdelt=cdelt,
        pc=pc,
        ctype=("HPLN-TAN", "HPLT-TAN"),
        detector_roll=detector_roll,
        anchor=tuple(map(float, rectified_centre(sun) if turned else sun)),
        anchor_offset=(0.0, 0.0),
        detector_scale=camera.plate_scale,
        distorted=False,
        notes=tuple(notes),
    )


def _sign_of_roll(meta, roll, nominal):
    """
    1 or -1: the sign of CROTA in official level 1.

    It was wrong before a version of the software, but files made a little earlier with
    the right one are around; then the nominal roll tells.
    """
    if not processed_before(meta, CROTA_SIGN_CHANGED):
        return 1.0
    right, wrong = (abs(normalize_roll(sign * (roll or 0.0) - nominal)) for sign in (1.0, -1.0))
    return 1.0 if right < wrong else -1.0


def _grid(camera, cdelt):
    """What `full_position` needs to know of an image of the whole detector with these scales."""
    return SimpleNamespace(corner=(0, 0), binning=tuple(scale / camera.plate_scale for scale in cdelt))


def _plane_to_pixel(crpix, crval, cdelt, pc):
    """The pixel of the Sun's centre, counted from 0."""
    offset = -np.asarray(crval) / np.asarray(cdelt)
    dx, dy = np.linalg.solve(np.asarray(pc), offset)
    return crpix[0] + dx, crpix[1] + dy


def _rectification(meta):
    """Whether an official level 1 was turned by 180 degrees, and the roll that was removed besides."""
    rectify = number(meta, "rectify", 0.0)
    turned = 90.0 < rectify % 360.0 < 270.0
    return turned, float(normalize_roll(rectify - 180.0 * turned))
