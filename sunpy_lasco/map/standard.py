"""
Headers with a standard WCS: our own level 1, and all maps that were cut, turned or resampled.
"""

import numpy as np

import astropy.units as u

from sunpy_lasco.instrument.cards import card_text, frame_name, shown
from sunpy_lasco.map.changes import changes_of
from sunpy_lasco.map.headers import MapHeaderError, header_level, map_number
from sunpy_lasco.map.linear import ImageGeometry, camera_of, card_pair, reference_pixel, reference_position

__all__ = ["standard_cards", "standard_geometry"]


def standard_geometry(meta):
    """
    Geometry of an image with a standard WCS.

    Parameters
    ----------
    meta : `~sunpy.util.MetaDict`

    Returns
    -------
    `~sunpy_lasco.map.linear.ImageGeometry`

    Raises
    ------
    sunpy_lasco.map.headers.MapHeaderError
        If there is no CRPIX.
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
        # Whatever coordinates were asked for.
        ctype = tuple(str(meta[f"ctype{axis}"]).strip().upper() for axis in (1, 2))
    if ctype[0].endswith("-SIP"):
        # The reference pixel is the centre of the distortion, and pixels near it are
        # smaller or larger than the plate scale says.
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
    The cards that say what a geometry says, whatever the header was.

    Parameters
    ----------
    geometry : `~sunpy_lasco.map.linear.ImageGeometry`

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


def _detector_scale(meta):
    """Arcsec of a full-resolution pixel: official, or of the stars where the header says so."""
    camera = camera_of(meta)
    if str(meta.get("geoscale", "")).strip() == "stars" and camera.stars is not None:
        return camera.stars.plate_scale
    return camera.plate_scale


def _matrix(meta):
    """PC by rows and CDELT, in the units of the header, of PCi_j or CDi_j."""
    if any(f"pc{i}_{j}" in meta for i in (1, 2) for j in (1, 2)):
        pc = tuple(tuple(map_number(meta, f"pc{i}_{j}", float(i == j)) for j in (1, 2)) for i in (1, 2))
        cdelt = map_number(meta, "cdelt1", 1.0), map_number(meta, "cdelt2", 1.0)
    else:
        cd = np.array([[map_number(meta, f"cd{i}_{j}", 0.0) for j in (1, 2)] for i in (1, 2)])
        cdelt = tuple(np.hypot(cd[:, 0], cd[:, 1]).tolist())
        pc = tuple(map(tuple, (cd / np.maximum(cdelt, np.finfo(float).tiny)[:, None]).tolist()))
    if abs(np.linalg.det(np.array(pc) * np.array(cdelt)[:, None])) < np.finfo(float).tiny:
        msg = f"{frame_name(meta)}: PCi_j and CDELTi, or CDi_j, make no image: their matrix {pc}, {cdelt} is singular."
        raise MapHeaderError(msg)
    return pc, cdelt


def _arcsec_in(meta, card):
    """Arcsec in the unit that a card names."""
    try:
        return u.Unit((card_text(meta, card) or "arcsec").lower()).to(u.arcsec)
    except (ValueError, TypeError, u.UnitConversionError) as error:
        msg = f"The card {card.upper()} of {frame_name(meta)} holds {shown(meta[card])}, which is no unit of an angle."
        raise MapHeaderError(msg) from error


def _projected(ctype, default):
    """A helioprojective CTYPE, or the default one instead of anything else."""
    text = str(ctype or "").strip().upper()
    return text if text.startswith(default[:5]) else default
