"""
Sun centre on the detector, and roll of the camera.

The meaning of the pointing cards in a level-0.5 header depends on when the file was made, and in some files
they are useless. This module applies these rules and supplies replacements.
"""

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache

import erfa
import numpy as np

from astropy.time import Time

from sunpy_lasco.geometry.ephemeris import ecliptic_north_angle
from sunpy_lasco.geometry.halo import halo_longitude
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.cards import card_text, number
from sunpy_lasco.instrument.constants import error_of, mjd_of, value_of
from sunpy_lasco.instrument.pixel_grid import full_position

__all__ = [
    "Pointing",
    "ecliptic_attitude",
    "header_pointing",
    "header_roll",
    "is_old_centre",
    "is_placeholder",
    "nominal_pointing",
]

#: Name of the default Sun centre in headers.
DEFAULT_CENTRE = "default of the camera"


@dataclass(frozen=True)
class Pointing:
    """Position of the Sun on the detector, and roll of the camera."""

    #: Sun centre (x, y), full-frame pixel of the detector orientation, counted from 0.
    centre: tuple[float, float]
    #: Counter-clockwise rotation that brings solar north up; degree, in (-180, 180].
    roll: float
    #: Sources of the two values.
    centre_source: str
    roll_source: str
    #: 1 sigma, pixel along an axis and degree.
    centre_sigma: float
    roll_sigma: float
    #: Warning for the user; empty if there is none.
    note: str = ""
    #: ``"final"`` if fitted to stars, ``"interim"`` if from the attitude of the spacecraft.
    status: str = "interim"


def ecliptic_attitude(time):
    """
    Roll, degree, of a spacecraft that keeps ecliptic north up, as SOHO does since 2010-10-30: the
    counter-clockwise rotation of an image that brings solar north up.
    """
    if not time.isscalar:
        return -ecliptic_north_angle(time, halo_longitude(time))
    return _ecliptic_attitude(time.scale, time.jd1, time.jd2)


@lru_cache(maxsize=64)
def _ecliptic_attitude(scale, jd1, jd2):
    """As `ecliptic_attitude`; of one frame it is asked several times."""
    time = Time(jd1, jd2, format="jd", scale=scale)
    return -ecliptic_north_angle(time, halo_longitude(time))


def nominal_pointing(frame, *, flipped=False):
    """
    The `Pointing` of a spacecraft in its nominal attitude or, with ``flipped``, turned by 180 degrees.

    It consists of the default Sun centre and the nominal roll of the spacecraft plus the roll offset of the
    camera. The nominal roll is 0 until 2010-10-30 (solar north up); since then ecliptic north is up. Only
    ``camera`` and ``start`` of the frame are used. SolarSoft ``get_sun_center`` and ``get_crota`` do the same
    without tables.
    """
    camera = frame.camera
    roll, source = camera.roll_offset, "nominal, solar north up"
    if frame.start.mjd >= mjd_of("pointing.ecliptic_north_up"):
        with warnings.catch_warnings():
            # For dates in the future; calibration checks dates beforehand.
            warnings.simplefilter("ignore", erfa.ErfaWarning)
            roll, source = roll + ecliptic_attitude(frame.start), "nominal, ecliptic north up"
    centre_sigma = camera.sun_centre_sigma
    if flipped:
        roll, source = roll + 180.0, f"{source}, turned by 180 degrees"
        if camera.name == "C2":
            centre_sigma = value_of("C2.turned_sun_centre_sigma")
    return Pointing(
        centre=camera.sun_centre,
        roll=float(normalize_roll(roll)),
        centre_source=DEFAULT_CENTRE,
        roll_source=source,
        centre_sigma=centre_sigma,
        roll_sigma=value_of("pointing.nominal_roll_sigma"),
    )


#: A Sun centre in a header is wrong if it is farther than this from the default, in pixels.
PLAUSIBLE_CENTRE = 20.0


def header_roll(header):
    """
    The roll in a header, degree, without interpretation: the first number in CROTA2, CROTA1, CROTA, or None.
    """
    found = (number(header, card) for card in ("crota2", "crota1", "crota"))
    return next((value for value in found if value is not None), None)


def is_placeholder(header, frame):
    """Whether the pointing cards of a header were never filled in; only the shape of the frame is used."""
    rolls = [number(header, card) for card in ("crota1", "crota2")]
    centre = [number(header, card) for card in ("crpix1", "crpix2")]
    middle = [[(length + 1) / 2 for length in reversed(frame.shape)], [(FULL_FRAME + 1) / 2] * 2]
    return all(roll in (0.0, None) for roll in rolls) and centre in middle


def is_old_centre(header, frame):
    """Whether CRPIX is one of the fixed centres that all files of some years have."""
    crpix = number(header, "crpix1"), number(header, "crpix2")
    if None in crpix:
        return False
    known, digits = value_of("pointing.old_centres")[frame.camera.name], error_of("pointing.old_centres")
    scaled = [(x / sx, y / sy) for x, y in known for sx, sy in ((1, 1), frame.binning)]
    return any(np.allclose(crpix, np.add(old, first), atol=digits) for old in scaled for first in (0, 1))


def header_pointing(header, frame):
    """
    The `Pointing` of a level-0.5 frame from its header, without the tables of SolarSoft.

    For files made since 2010-11-08 the values of the header are used. For older files, and if the header
    holds placeholders or nothing, they are the default Sun centre and the nominal roll; the header then shows
    whether the spacecraft was turned by 180 degrees.

    In older files CRPIX is the centre of the occulter (C2) or an old default (C3), the same for turned and
    unturned frames, and CROTA is 0 or 180. In summed frames some software wrote CRPIX in stored pixels and
    some in pixels of the full frame; the interpretation that is nearer to the default centre is used. CDELT
    is wrong in such frames (224 instead of 112 arcsec) and is never used. SolarSoft ``reduce_refcoord``,
    ``update_hdr_rollxy``.
    """
    stated = header_roll(header)
    turned = stated is not None and is_flipped(stated)
    if is_placeholder(header, frame):
        return _placeholder_pointing(header, frame)
    # If the date of the file is unknown, it cannot be earlier than the exposure.
    if (frame.processed or frame.start).mjd < mjd_of("pointing.in_header"):
        return _nominal_with_doubt(frame, stated, turned)
    nominal = nominal_pointing(frame, flipped=turned)
    centre = _header_centre(header, frame)
    if stated is None:
        nominal = _nominal_with_doubt(frame, stated, turned)
    return Pointing(
        centre=nominal.centre if centre is None else centre,
        roll=nominal.roll if stated is None else float(normalize_roll(stated)),
        centre_source=nominal.centre_source if centre is None else "level-0.5 header",
        roll_source=nominal.roll_source if stated is None else "level-0.5 header",
        centre_sigma=nominal.centre_sigma if centre is None else value_of("pointing.header_centre_sigma"),
        roll_sigma=nominal.roll_sigma if stated is None else value_of("pointing.header_roll_sigma"),
        note=nominal.note,
    )


def _nominal_with_doubt(frame, stated, turned):
    """Nominal pointing, with a warning if the header does not say which side was up at a time when SOHO was turned."""
    nominal = nominal_pointing(frame, flipped=turned)
    if stated is not None or frame.start.mjd < mjd_of("pointing.first_turn"):
        return nominal
    return _noted(
        nominal,
        f"{frame.filename or 'The image'} has no card CROTA1; a roll of {nominal.roll:.2f} degrees is assumed, which "
        "is wrong by 180 if the spacecraft was turned.",
        roll_sigma=180.0,
    )


def _placeholder_pointing(header, frame):
    """Pointing for headers with placeholders, as in C2 files of August 2025."""
    first, last = (Time(text) for text in value_of("pointing.placeholders"))
    known = first <= frame.start <= last or frame.start.mjd < mjd_of("pointing.first_turn")
    rectified = card_text(header, "rectify").upper()
    # In files made since May 2016 this card shows whether the spacecraft was turned.
    turned = first <= frame.start <= last or (not known and rectified in ("FALSE", "F"))
    nominal = nominal_pointing(frame, flipped=turned)
    note = (
        f"{frame.filename or 'The image'} holds placeholders for the pointing: its roll is taken as "
        f"{nominal.roll:.2f} degree ({nominal.roll_source}) and its Sun centre as the {nominal.centre_source}."
    )
    if known:
        return _noted(nominal, note, roll_sigma=nominal.roll_sigma)
    return _noted(nominal, f"{note} The roll may be wrong by 180 degrees.", roll_sigma=180.0)


def _noted(pointing, note, *, roll_sigma):
    return replace(pointing, note=note, roll_sigma=roll_sigma)


def _header_centre(header, frame):
    """Sun centre from a header made since 2010-11-08, full-frame pixel; None if there is no plausible one."""
    crpix = number(header, "crpix1"), number(header, "crpix2")
    if None in crpix:
        return None
    written = crpix[0] - 1, crpix[1] - 1
    readings = [written, full_position(written, frame)]
    distances = [np.hypot(*np.subtract(reading, frame.camera.sun_centre)) for reading in readings]
    nearest = int(np.argmin(distances))
    return readings[nearest] if distances[nearest] <= PLAUSIBLE_CENTRE else None
