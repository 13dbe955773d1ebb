"""
World coordinates of the pixels of a map, from a header of any age.

`image_geometry` derives from a header the linear WCS of the image and, separately, the positions of its
pixels on the detector. Occulter and pylon are fixed to the detector; these positions remain known after
rotations, resampling and cuts.
"""

from types import SimpleNamespace

import numpy as np

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.geometry.cards import standard_geometry
from sunpy_lasco.geometry.distortion import Distortion
from sunpy_lasco.geometry.image import (
    ImageGeometry,
    camera_of,
    card_pair,
    plate_scales,
    reference_pixel,
    reference_position,
    rotation,
)
from sunpy_lasco.geometry.pointing import header_pointing, header_roll, nominal_pointing
from sunpy_lasco.geometry.rolls import normalize_roll, rectified_centre
from sunpy_lasco.instrument.cards import card_text, fault_of, frame_name, is_blank, number, shown
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.headers import (
    MapHeaderError,
    header_level,
    is_helioviewer,
    is_standard,
    map_number,
    observation_time,
    processed_before,
)
from sunpy_lasco.instrument.pixel_grid import binned_position, full_position

__all__ = ["header_distortion", "image_geometry", "lenient_frame", "official_geometry"]


def official_geometry(meta, shape):
    """
    The `~sunpy_lasco.geometry.image.ImageGeometry` of an official level-1 image of shape (ny, nx).

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
        notes.append(f"{name} has no card CROTA; a roll of {roll:.2f} degrees is assumed ({nominal.roll_source}).")
    else:
        roll = float(normalize_roll(sign * roll))
    turned, removed = _rectification(meta)
    # RECTIFY is the total rotation: 0 or 180 degrees, plus the roll that was removed.
    detector_roll = float(normalize_roll(roll + 180.0 * turned + sign * removed))
    grid = _grid(camera, cdelt)
    crval = reference_position(meta)
    crpix = reference_pixel(meta, shape[1], shape[0])
    if crpix is None:
        centre = rectified_centre(nominal.centre) if turned else nominal.centre
        crpix, crval = binned_position(centre, grid), (0.0, 0.0)
        notes.append(f"{name} has no card CRPIX; the Sun centre is assumed to be the {nominal.centre_source}.")
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

    The sign was wrong before a certain version of the software, but some earlier files have the right one;
    for these the nominal roll decides.
    """
    if not processed_before(meta, value_of("level1.crota_sign_changed")):
        return 1.0
    right, wrong = (abs(normalize_roll(sign * (roll or 0.0) - nominal)) for sign in (1.0, -1.0))
    return 1.0 if right < wrong else -1.0


def _grid(camera, cdelt):
    """Parameters of `full_position` for an image of the whole detector with these scales."""
    return SimpleNamespace(corner=(0, 0), binning=tuple(scale / camera.plate_scale for scale in cdelt))


def _plane_to_pixel(crpix, crval, cdelt, pc):
    """The pixel of the Sun's centre, counted from 0."""
    offset = -np.asarray(crval) / np.asarray(cdelt)
    dx, dy = np.linalg.solve(np.asarray(pc), offset)
    return crpix[0] + dx, crpix[1] + dy


def _rectification(meta):
    """Whether an official level-1 image was turned by 180 degrees, and the additional roll that was removed."""
    rectify = number(meta, "rectify", 0.0)
    turned = 90.0 < rectify % 360.0 < 270.0
    return turned, float(normalize_roll(rectify - 180.0 * turned))


def image_geometry(meta, shape):
    """
    The `~sunpy_lasco.geometry.image.ImageGeometry` of an image of shape (ny, nx), from a header of any level
    and age.

    `~sunpy_lasco.instrument.headers.MapHeaderError` is raised if the cards contradict each other or the data.
    """
    try:
        if is_standard(meta):
            return standard_geometry(meta)
        if is_helioviewer(meta):
            return _helioviewer(meta, shape)
        if header_level(meta) == 0.5:
            return _level05(meta, shape)
        return official_geometry(meta, shape)
    except HeaderError as error:
        raise error if isinstance(error, MapHeaderError) else MapHeaderError(str(error)) from error


def lenient_frame(meta, shape):
    """
    The `~sunpy_lasco.instrument.frame.Frame` of a level-0.5 header, with defaults for cards that do not
    affect the geometry.

    `~sunpy_lasco.instrument.headers.MapHeaderError` is raised if the header cannot be understood.
    """
    filled = dict(meta)
    for card, stand_in in (("exptime", 1.0), ("filter", "unknown"), ("polar", "unknown")):
        if is_blank(filled.get(card)) or (fault_of(filled, card) and card == "exptime"):
            filled[card] = stand_in
    try:
        return Frame.from_header(filled, shape)
    except HeaderError as error:
        raise MapHeaderError(str(error)) from error


def _level05(meta, shape):
    """Geometry of a level-0.5 image: Sun centre and roll by the rules for the age of the file, scale from its sums."""
    frame = lenient_frame(meta, shape)
    pointing = header_pointing(meta, frame)
    scale = frame.camera.plate_scale
    notes = [pointing.note] if pointing.note else []
    if card_text(meta, "date") and frame.processed is None:
        notes.append(
            f"The card DATE of {frame_name(meta)} holds {shown(meta['date'])}, which is not a date; the meaning of "
            "its pointing depends on it."
        )
    return ImageGeometry(
        crpix=tuple(map(float, binned_position(pointing.centre, frame))),
        crval=(crval := reference_position(meta)),
        cdelt=(scale * frame.binning[0], scale * frame.binning[1]),
        pc=_oblong(pointing.roll, *frame.binning),
        ctype=("HPLN-TAN", "HPLT-TAN"),
        detector_roll=float(pointing.roll),
        anchor=tuple(map(float, pointing.centre)),
        anchor_offset=crval,
        detector_scale=scale,
        distorted=True,
        notes=tuple(notes),
    )


def _oblong(roll, sx, sy):
    """The matrix PC of a roll for pixels that sum sx by sy pixels."""
    (cos, minus_sin), (sin, _) = rotation(roll)
    return (cos, minus_sin * sy / sx), (sin * sx / sy, cos)


def _helioviewer(meta, shape):
    """
    Geometry of a Helioviewer image, which was rotated about CRPIX by CROTA: solar north is up.

    A file that is read at reduced resolution still has the header of the full resolution.
    """
    camera = camera_of(meta)
    scale = camera.plate_scale
    stated = [number(meta, card, 0.0) for card in ("naxis1", "naxis2")]
    full = tuple(n if n > 0 else float(length) for n, length in zip(stated, reversed(shape), strict=True))
    reduction = full[0] / shape[1], full[1] / shape[0]
    crpix = reference_pixel(meta, *full) or camera.sun_centre
    grid = SimpleNamespace(corner=(0, 0), binning=reduction)
    cdelt = plate_scales(meta, full[::-1])
    return ImageGeometry(
        crpix=tuple(map(float, binned_position(crpix, grid))),
        crval=reference_position(meta),
        cdelt=tuple(step * factor for step, factor in zip(cdelt, reduction, strict=True)),
        pc=rotation(0.0),
        ctype=("HPLN-TAN", "HPLT-TAN"),
        detector_roll=float(normalize_roll(header_roll(meta) or 0.0)),
        anchor=tuple(map(float, crpix)),
        anchor_offset=(0.0, 0.0),
        detector_scale=scale,
        # Helioviewer uses level 0.5 and does not correct the distortion.
        distorted=True,
    )


def header_distortion(meta):
    """
    The `~sunpy_lasco.geometry.distortion.Distortion` of the camera of a header, with the coefficients and
    centre in the header if it has them.
    """
    camera = camera_of(meta)
    k = tuple(map_number(meta, f"dist_k{i}", camera.distortion_px[i]) for i in range(3))
    return Distortion(*k, card_pair(meta, "occcen") or camera.occulter_centre)
