"""
Where the pixels of a map look, by a header of any vintage.

`image_geometry` finds in a header the linear WCS of the image and, apart from it,
where its pixels lie on the detector: the second is what occulter and pylon are
fixed to, and it stays known through rotations, resampling and cuts.
"""

from types import SimpleNamespace

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cards import card_text, fault_of, frame_name, is_blank, number, shown
from sunpy_lasco.instrument.distortion import Distortion
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.pointing import binned_position, header_pointing, header_roll, normalize_roll
from sunpy_lasco.map.headers import MapHeaderError, header_level, is_helioviewer, is_standard, map_number
from sunpy_lasco.map.linear import (
    ImageGeometry,
    camera_of,
    card_pair,
    plate_scales,
    reference_pixel,
    reference_position,
    rotation,
)
from sunpy_lasco.map.official import official_geometry
from sunpy_lasco.map.standard import standard_geometry

__all__ = ["distortion_of", "image_geometry", "lenient_frame"]


def image_geometry(meta, shape):
    """
    Geometry of an image by its header.

    Parameters
    ----------
    meta : `~sunpy.util.MetaDict`
        Header of C2 or C3, of any level and vintage.
    shape : `tuple` of `int`
        (ny, nx) of the data.

    Returns
    -------
    `~sunpy_lasco.map.linear.ImageGeometry`

    Raises
    ------
    sunpy_lasco.map.headers.MapHeaderError
        If the cards contradict each other or the data.
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
    The frame of a level-0.5 header, with stand-ins for cards that no geometry needs.

    Parameters
    ----------
    meta : `~sunpy.util.MetaDict`
    shape : `tuple` of `int`
        (ny, nx).

    Returns
    -------
    `~sunpy_lasco.instrument.frame.Frame`

    Raises
    ------
    sunpy_lasco.map.headers.MapHeaderError
        If the header cannot be understood.
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
    """Level 0.5 as it comes: Sun centre and roll by the rules of its vintage, scale by its sums."""
    frame = lenient_frame(meta, shape)
    pointing = header_pointing(meta, frame)
    scale = frame.camera.plate_scale
    notes = [pointing.note] if pointing.note else []
    if card_text(meta, "date") and frame.processed is None:
        notes.append(
            f"The card DATE of {frame_name(meta)} holds {shown(meta['date'])}, which is no date; what its pointing is "
            "worth depends on it."
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
    """PC of a roll where pixels may have sums of sx and sy."""
    (cos, minus_sin), (sin, _) = rotation(roll)
    return (cos, minus_sin * sy / sx), (sin * sx / sy, cos)


def _helioviewer(meta, shape):
    """
    Helioviewer's image, turned about CRPIX by CROTA: solar north is up.

    A file read at a reduced resolution keeps the header of the full one.
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
        # Helioviewer takes level 0.5 and does not remove the distortion.
        distorted=True,
    )


def distortion_of(meta):
    """
    The distortion of the camera of a header.

    Parameters
    ----------
    meta : mapping

    Returns
    -------
    `~sunpy_lasco.instrument.distortion.Distortion`
        With the coefficients and the centre of the header, where it has them.
    """
    camera = camera_of(meta)
    k = tuple(map_number(meta, f"dist_k{i}", camera.distortion_px[i]) for i in range(3))
    return Distortion(*k, card_pair(meta, "occcen") or camera.occulter_centre)
