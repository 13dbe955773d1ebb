"""
Where the pixels of a map look, by a header of any vintage.

`image_geometry` finds in a header the linear WCS of the image and, apart from it,
where its pixels lie on the detector: the second is what occulter and pylon are
fixed to, and it stays known through rotations, resampling and cuts.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

import astropy.units as u

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.instrument.distortion import Distortion
from sunpy_lasco.instrument.frame import Frame, squeezed
from sunpy_lasco.instrument.pointing import (
    binned_position,
    full_position,
    header_pointing,
    header_roll,
    nominal_pointing,
    normalize_roll,
    rectified_centre,
)
from sunpy_lasco.map.headers import (
    MapHeaderError,
    header_level,
    is_helioviewer,
    is_standard,
    observation_time,
    processed_before,
    processing_date,
)

__all__ = ["ImageGeometry", "image_geometry", "lenient_frame", "standard_cards"]

#: Official level 1 made before this has CROTA with the opposite sign.
CROTA_SIGN_CHANGED = "2011-11-01"
#: Level 1 made before this may count CRPIX from 0.
CRPIX_FROM_ONE = "2010-09-15"
#: How well XCEN and CRPIX of a header must agree, in pixels, to tell from where CRPIX counts.
CRPIX_AGREEMENT = 0.1


@dataclass(frozen=True)
class ImageGeometry:
    """
    Linear WCS of an image, and the place of its pixels on the detector.

    A pixel p (x, y), counted from 0, looks in the tangential plane at
    v = crval + cdelt * PC (p - crpix), arcsec; it lies on the full frame of the detector at
    anchor + R(-detector_roll) (v - anchor_offset) / detector_scale.
    """

    #: Reference pixel (x, y), counted from 0.
    crpix: tuple[float, float]
    #: Its coordinates, arcsec.
    crval: tuple[float, float]
    #: Arcsec / pixel.
    cdelt: tuple[float, float]
    #: The matrix PC, by rows.
    pc: tuple[tuple[float, float], tuple[float, float]]
    #: CTYPE1 and CTYPE2.
    ctype: tuple[str, str]
    #: Roll of the detector's axes: CROTA of an image as it was read out, degree.
    detector_roll: float
    #: Full-frame pixel of the detector to which ``anchor_offset`` belongs.
    anchor: tuple[float, float]
    #: Position of the anchor in the tangential plane, arcsec.
    anchor_offset: tuple[float, float]
    #: Arcsec of a full-resolution pixel.
    detector_scale: float
    #: Whether the pixels are where they were measured, before the distortion was removed.
    distorted: bool
    #: What the user should be warned of.
    notes: tuple[str, ...] = ()

    def to_plane(self, x, y):
        """Position in the tangential plane, arcsec, of pixels counted from 0."""
        dx, dy = np.asarray(x) - self.crpix[0], np.asarray(y) - self.crpix[1]
        (pc11, pc12), (pc21, pc22) = self.pc
        return (
            self.crval[0] + self.cdelt[0] * (pc11 * dx + pc12 * dy),
            self.crval[1] + self.cdelt[1] * (pc21 * dx + pc22 * dy),
        )

    def to_detector(self, x, y):
        """Full-frame pixel of the detector, distorted where the image is, of pixels counted from 0."""
        vx, vy = self.to_plane(x, y)
        vx, vy = (vx - self.anchor_offset[0]) / self.detector_scale, (vy - self.anchor_offset[1]) / self.detector_scale
        cos, sin = np.cos(np.deg2rad(self.detector_roll)), np.sin(np.deg2rad(self.detector_roll))
        return self.anchor[0] + cos * vx + sin * vy, self.anchor[1] - sin * vx + cos * vy


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
    `ImageGeometry`

    Raises
    ------
    sunpy_lasco.map.headers.MapHeaderError
        If the cards contradict each other or the data.
    """
    if is_standard(meta):
        return _standard(meta)
    if is_helioviewer(meta):
        return _helioviewer(meta, shape)
    if header_level(meta) == 0.5:
        return _level05(meta, shape)
    return _official_level1(meta, shape)


def standard_cards(geometry):
    """
    The cards that say what a geometry says, whatever the header was.

    Parameters
    ----------
    geometry : `ImageGeometry`

    Returns
    -------
    `dict`
        Cards by lower-case keyword; None for those to remove.
    """
    sun = geometry.anchor if geometry.anchor_offset == (0.0, 0.0) else None
    cards = {
        "ctype1": geometry.ctype[0],
        "ctype2": geometry.ctype[1],
        "cunit1": "arcsec",
        "cunit2": "arcsec",
        "cdelt1": geometry.cdelt[0],
        "cdelt2": geometry.cdelt[1],
        "crpix1": geometry.crpix[0] + 1,
        "crpix2": geometry.crpix[1] + 1,
        "crval1": geometry.crval[0],
        "crval2": geometry.crval[1],
        "pc1_1": geometry.pc[0][0],
        "pc1_2": geometry.pc[0][1],
        "pc2_1": geometry.pc[1][0],
        "pc2_2": geometry.pc[1][1],
        "detroll": geometry.detector_roll,
        "crota": None,
        "crota1": None,
        "crota2": None,
        "cd1_1": None,
        "cd1_2": None,
        "cd2_1": None,
        "cd2_2": None,
    }
    if sun is not None:
        cards |= {"sunpix1": sun[0], "sunpix2": sun[1]}
    return cards


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
    for card, stand_in in (("exptime", 0.0), ("filter", "unknown"), ("polar", "unknown")):
        if filled.get(card) in (None, ""):
            filled[card] = stand_in
    if processing_date(meta) is None:
        filled.pop("date", None)
    try:
        return Frame.from_header(filled, shape)
    except HeaderError as error:
        raise MapHeaderError(str(error)) from error


def _rotation(degrees):
    cos, sin = float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))
    return (cos, -sin), (sin, cos)


def _camera(meta):
    return CAMERAS[squeezed(meta.get("detector", ""))]


def _detector_scale(meta):
    """Arcsec of a full-resolution pixel: official, or of the stars where the header says so."""
    camera = _camera(meta)
    if str(meta.get("geoscale", "")).strip() == "stars" and camera.stars is not None:
        return camera.stars.plate_scale
    return camera.plate_scale


def _level05(meta, shape):
    """Level 0.5 as it comes: Sun centre and roll by the rules of its vintage, scale by its sums."""
    frame = lenient_frame(meta, shape)
    pointing = header_pointing(meta, frame)
    scale = frame.camera.plate_scale
    notes = [pointing.note] if pointing.note else []
    if meta.get("date") not in (None, "") and processing_date(meta) is None:
        notes.append(
            f"The card DATE of {frame.filename or 'the image'} holds {meta['date']!r}, which is no date; what "
            "its pointing is worth depends on it."
        )
    return ImageGeometry(
        crpix=tuple(map(float, binned_position(pointing.centre, frame))),
        crval=_crval(meta),
        cdelt=(scale * frame.binning[0], scale * frame.binning[1]),
        pc=_oblong(pointing.roll, *frame.binning),
        ctype=("HPLN-TAN", "HPLT-TAN"),
        detector_roll=float(pointing.roll),
        anchor=tuple(map(float, pointing.centre)),
        anchor_offset=(0.0, 0.0),
        detector_scale=scale,
        distorted=True,
        notes=tuple(notes),
    )


def _oblong(roll, sx, sy):
    """PC of a roll where pixels may have sums of sx and sy."""
    (cos, minus_sin), (sin, _) = _rotation(roll)
    return (cos, minus_sin * sy / sx), (sin * sx / sy, cos)


def _crval(meta):
    return tuple(float(meta.get(card) or 0.0) for card in ("crval1", "crval2"))


def _reference_pixel(meta, length_x, length_y):
    """CRPIX counted from 0, or None where a card is missing; with a doubt about where it counts from settled."""
    try:
        crpix = float(meta["crpix1"]), float(meta["crpix2"])
    except (KeyError, TypeError, ValueError):
        return None
    first = 1.0
    if processed_before(meta, CRPIX_FROM_ONE):
        # The offset of the middle of the image, in XCEN, tells from where CRPIX counts.
        try:
            middle = (length_x - 1) / 2 - float(meta["xcen"]) / float(meta["cdelt1"])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            middle = None
        if middle is not None and abs(middle - crpix[0]) < CRPIX_AGREEMENT:
            first = 0.0
    return crpix[0] - first, crpix[1] - first


def _official_level1(meta, shape):
    """
    SolarSoft's level 1.

    CTYPE and CUNIT of files made before 2010-10-27 are wrong, so they are not read at all.
    """
    camera = _camera(meta)
    notes = []
    cdelt = _scales(meta, shape, camera)
    roll = header_roll(meta)
    nominal = nominal_pointing(SimpleNamespace(camera=camera, start=observation_time(meta)))
    name = str(meta.get("filename") or "The image")
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
    crval = _crval(meta)
    crpix = _reference_pixel(meta, shape[1], shape[0])
    if crpix is None:
        centre = rectified_centre(nominal.centre) if turned else nominal.centre
        crpix, crval = binned_position(centre, grid), (0.0, 0.0)
        notes.append(f"{name} has no card CRPIX: its Sun centre is taken as the {nominal.centre_source}.")
    pc = _rotation(roll)
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


def _scales(meta, shape, camera):
    """CDELT of level 1, else the plate scale times the sums."""
    scales = []
    for axis, length in (("1", shape[1]), ("2", shape[0])):
        try:
            scale = abs(float(meta[f"cdelt{axis}"]))
        except (KeyError, TypeError, ValueError):
            scale = 0.0
        scales.append(scale if scale > 0 else camera.plate_scale * FULL_FRAME / length)
    return tuple(scales)


def _rectification(meta):
    """Whether an official level 1 was turned by 180 degrees, and the roll that was removed besides."""
    try:
        rectify = float(meta.get("rectify"))
    except (TypeError, ValueError):
        return False, 0.0
    turned = 90.0 < rectify % 360.0 < 270.0
    return turned, float(normalize_roll(rectify - 180.0 * turned))


def _helioviewer(meta, shape):
    """
    Helioviewer's image, turned about CRPIX by CROTA: solar north is up.

    A file read at a reduced resolution keeps the header of the full one.
    """
    camera = _camera(meta)
    scale = camera.plate_scale
    full = tuple(_positive(meta.get(card), length) for card, length in (("naxis1", shape[1]), ("naxis2", shape[0])))
    reduction = full[0] / shape[1], full[1] / shape[0]
    crpix = _reference_pixel(meta, *full) or camera.sun_centre
    grid = SimpleNamespace(corner=(0, 0), binning=reduction)
    cdelt = _scales(meta, full[::-1], camera)
    return ImageGeometry(
        crpix=tuple(map(float, binned_position(crpix, grid))),
        crval=_crval(meta),
        cdelt=tuple(step * factor for step, factor in zip(cdelt, reduction, strict=True)),
        pc=_rotation(0.0),
        ctype=("HPLN-TAN", "HPLT-TAN"),
        detector_roll=float(normalize_roll(header_roll(meta) or 0.0)),
        anchor=tuple(map(float, crpix)),
        anchor_offset=(0.0, 0.0),
        detector_scale=scale,
        # Helioviewer takes level 0.5 and does not remove the distortion.
        distorted=True,
    )


def _positive(value, default):
    try:
        return float(value) if float(value) > 0 else float(default)
    except (TypeError, ValueError):
        return float(default)


def _standard(meta):
    """A header with a standard WCS: our own level 1, and all maps that were cut, turned or resampled."""
    units = [u.Unit((str(meta.get(f"cunit{axis}") or "arcsec")).strip().lower()) for axis in (1, 2)]
    to_arcsec = [unit.to(u.arcsec) for unit in units]
    pc, cdelt = _matrix(meta)
    cdelt = tuple(step * factor for step, factor in zip(cdelt, to_arcsec, strict=True))
    crval = tuple(value * factor for value, factor in zip(_crval(meta), to_arcsec, strict=True))
    crpix = _reference_pixel({**meta, "date": None}, 0, 0)
    if crpix is None:
        msg = f"{meta.get('filename') or 'The image'} lacks the cards CRPIX1 and CRPIX2."
        raise MapHeaderError(msg)
    camera = _camera(meta)
    image_roll = float(np.rad2deg(np.arctan2(pc[1][0] * cdelt[1], pc[0][0] * cdelt[0])))
    scale = _detector_scale(meta)
    distort = str(meta.get("distort", "")).strip().lower()
    ctype = tuple(_projected(meta.get(f"ctype{axis}"), name) for axis, name in ((1, "HPLN-TAN"), (2, "HPLT-TAN")))
    if ctype[0].endswith("-SIP"):
        # The reference pixel is the centre of the distortion, and pixels near it are
        # smaller or larger than the plate scale says.
        anchor = _pair(meta, "occcen") or camera.occulter_centre
        k0 = float(meta.get("dist_k0", camera.distortion_px[0]))
        offset, scale = crval, scale / (1.0 + k0)
    else:
        anchor, offset = _pair(meta, "sunpix") or camera.sun_centre, (0.0, 0.0)
    return ImageGeometry(
        crpix=crpix,
        crval=crval,
        cdelt=cdelt,
        pc=pc,
        ctype=ctype,
        detector_roll=float(meta.get("detroll", image_roll)),
        anchor=anchor,
        anchor_offset=offset,
        detector_scale=scale,
        distorted=distort in ("wcs", "none") or (not distort and header_level(meta) in (0.5, None)),
    )


def _matrix(meta):
    """PC by rows and CDELT, in the units of the header, of PCi_j or CDi_j."""
    if any(f"pc{i}_{j}" in meta for i in (1, 2) for j in (1, 2)):
        pc = tuple(tuple(float(meta.get(f"pc{i}_{j}", float(i == j))) for j in (1, 2)) for i in (1, 2))
        return pc, (float(meta.get("cdelt1", 1.0)), float(meta.get("cdelt2", 1.0)))
    cd = np.array([[float(meta.get(f"cd{i}_{j}", 0.0)) for j in (1, 2)] for i in (1, 2)])
    cdelt = np.hypot(cd[:, 0], cd[:, 1])
    return tuple(map(tuple, (cd / cdelt[:, None]).tolist())), tuple(cdelt.tolist())


def _pair(meta, stem):
    """The numbers of two cards, or None."""
    try:
        return float(meta[f"{stem}1"]), float(meta[f"{stem}2"])
    except (KeyError, TypeError, ValueError):
        return None


def _projected(ctype, default):
    """A helioprojective CTYPE, or the default one instead of anything else."""
    text = str(ctype or "").strip().upper()
    return text if text.startswith(default[:5]) else default


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
    camera = _camera(meta)
    k = tuple(float(meta.get(f"dist_k{i}", camera.distortion_px[i])) for i in range(3))
    return Distortion(*k, _pair(meta, "occcen") or camera.occulter_centre)
