"""
World coordinates of an image after each change of its geometry.

The package records the pointing and every change of geometry in cards of its own (DETROLL, SUNPIX1/2, TURNED,
DISTORT, IMGROT and others). This module converts them to the standard cards of a FITS-WCS.
"""

import numpy as np

import astropy.units as u

from sunpy_lasco.geometry.image import ImageGeometry, camera_of, card_pair, reference_pixel, reference_position
from sunpy_lasco.geometry.resampling import distortion_of, is_turned, to_image
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.geometry.sip import sip_cards, sip_matrices
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.cards import card_text, frame_name, shown
from sunpy_lasco.instrument.changes import changes_of
from sunpy_lasco.instrument.frame import Frame, squeezed
from sunpy_lasco.instrument.headers import MapHeaderError, header_level, map_number
from sunpy_lasco.instrument.pixel_grid import binned_position

__all__ = ["image_roll", "image_sun_centre", "plate_scale", "standard_cards", "standard_geometry", "wcs_cards"]


def plate_scale(meta):
    """
    Plate scale of a full-resolution pixel after the distortion was corrected, arcsec / pixel. GEOSCALE
    selects the official value or the one fitted to stars.
    """
    camera = CAMERAS[squeezed(meta["detector"])]
    stars = str(meta.get("geoscale", "official")).strip() == "stars" and camera.stars is not None
    return camera.stars.plate_scale if stars else camera.plate_scale


def image_roll(meta):
    """
    Roll of the stored image, from DETROLL: the counter-clockwise rotation that brings solar north up, degree
    in (-180, 180].
    """
    return float(normalize_roll(meta["detroll"] - meta.get("imgrot", 0.0) - 180.0 * is_turned(meta)))


def image_sun_centre(meta):
    """
    Sun centre (x, y) in the stored image, from SUNPIX1 and SUNPIX2; full-frame pixel counted from 0.
    """
    return to_image(meta, (meta["sunpix1"], meta["sunpix2"]))


def wcs_cards(meta, shape):
    """
    Standard WCS cards of an image of shape (ny, nx), with lower-case keywords; None marks cards to remove.

    `~sunpy_lasco.update_pointing` must have been applied to the header. If the WCS describes the distortion,
    CRPIX is the centre of the distortion (the occulter), as SIP requires, and CRVAL the direction of that
    pixel. The projection is then tangential at that pixel instead of at the Sun, a difference of at most 0.06
    pixel in the corners of C3.
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
    """Longitude and latitude, arcsec, of a point in the tangent plane at the Sun's centre."""
    x, y = np.radians(np.asarray(offset) / 3600.0)
    longitude = np.arctan(x)
    latitude = np.arctan(y * np.cos(longitude))
    return np.degrees([longitude, latitude]) * 3600.0


def standard_geometry(meta):
    """
    Return the `~sunpy_lasco.geometry.image.ImageGeometry` of an image with a standard WCS; without CRPIX
    raise `MapHeaderError`.
    """
    to_arcsec = [_arcsec_in(meta, f"cunit{axis}") for axis in (1, 2)]
    pc, cdelt = _matrix(meta)
    cdelt = tuple(step * factor for step, factor in zip(cdelt, to_arcsec, strict=True))
    crval = tuple(value * factor for value, factor in zip(reference_position(meta), to_arcsec, strict=True))
    crpix = reference_pixel({**meta, "date": None}, 0, 0)
    if crpix is None:
        msg = f"{frame_name(meta)} lacks the cards CRPIX1 and CRPIX2."
        raise MapHeaderError(msg)
    camera = camera_of(meta)
    image_roll = float(np.rad2deg(np.arctan2(pc[1][0] * cdelt[1], pc[0][0] * cdelt[0])))
    scale = _detector_scale(meta)
    distort = str(meta.get("distort", "")).strip().lower()
    ctype = tuple(_projected(meta.get(f"ctype{axis}"), name) for axis, name in ((1, "HPLN-TAN"), (2, "HPLT-TAN")))
    if "reproject" in changes_of(meta):
        # In case other coordinates were requested.
        ctype = tuple(str(meta[f"ctype{axis}"]).strip().upper() for axis in (1, 2))
    if ctype[0].endswith("-SIP"):
        sip_matrices(meta)
        # The reference pixel is the centre of the distortion, where pixels are smaller or larger
        # than the plate scale.
        anchor = card_pair(meta, "occcen") or camera.occulter_centre
        k0 = map_number(meta, "dist_k0", camera.distortion_px[0])
        offset, scale = crval, scale / (1.0 + k0)
    else:
        anchor, offset = card_pair(meta, "sunpix") or camera.sun_centre, (0.0, 0.0)
    return ImageGeometry(
        crpix=crpix,
        crval=crval,
        cdelt=cdelt,
        pc=pc,
        ctype=ctype,
        detector_roll=map_number(meta, "detroll", image_roll),
        anchor=anchor,
        anchor_offset=offset,
        detector_scale=scale,
        distorted=distort in ("wcs", "none") or (not distort and header_level(meta) in (0.5, None)),
    )


def standard_cards(geometry):
    """
    Cards that describe an `~sunpy_lasco.geometry.image.ImageGeometry`, with lower-case keywords; None marks
    cards to remove.
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


def _detector_scale(meta):
    """Plate scale of a full-resolution pixel, arcsec: official or, if the header says so, fitted to stars."""
    camera = camera_of(meta)
    if str(meta.get("geoscale", "")).strip() == "stars" and camera.stars is not None:
        return camera.stars.plate_scale
    return camera.plate_scale


def _matrix(meta):
    """PC by rows, and CDELT in the units of the header, from PCi_j or CDi_j."""
    if any(f"pc{i}_{j}" in meta for i in (1, 2) for j in (1, 2)):
        pc = tuple(tuple(map_number(meta, f"pc{i}_{j}", float(i == j)) for j in (1, 2)) for i in (1, 2))
        cdelt = map_number(meta, "cdelt1", 1.0), map_number(meta, "cdelt2", 1.0)
    else:
        cd = np.array([[map_number(meta, f"cd{i}_{j}", 0.0) for j in (1, 2)] for i in (1, 2)])
        cdelt = tuple(np.hypot(cd[:, 0], cd[:, 1]).tolist())
        pc = tuple(map(tuple, (cd / np.maximum(cdelt, np.finfo(float).tiny)[:, None]).tolist()))
    if abs(np.linalg.det(np.array(pc) * np.array(cdelt)[:, None])) < np.finfo(float).tiny:
        msg = f"{frame_name(meta)}: PCi_j and CDELTi, or CDi_j, cannot be used: their matrix {pc}, {cdelt} is singular."
        raise MapHeaderError(msg)
    return pc, cdelt


def _arcsec_in(meta, card):
    """Number of arcsec in the unit that a card names."""
    try:
        return u.Unit((card_text(meta, card) or "arcsec").lower()).to(u.arcsec)
    except (ValueError, TypeError, u.UnitConversionError) as error:
        msg = (
            f"The card {card.upper()} of {frame_name(meta)} holds {shown(meta[card])}, which is not a unit of an angle."
        )
        raise MapHeaderError(msg) from error


def _projected(ctype, default):
    """CTYPE if it is helioprojective, else the default."""
    text = str(ctype or "").strip().upper()
    return text if text.startswith(default[:5]) else default
