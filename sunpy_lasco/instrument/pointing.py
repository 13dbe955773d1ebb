"""
Where the Sun's centre lies on the detector, and how the camera is rolled.

What a level-0.5 header says about it depends on when the file was made, and is
useless in some vintages; this module knows which, and what then stands in.
"""

from dataclasses import dataclass

import numpy as np

from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.instrument.ephemeris import ecliptic_north_angle

__all__ = [
    "Pointing",
    "binned_position",
    "full_position",
    "header_pointing",
    "header_roll",
    "is_flipped",
    "nominal_pointing",
    "normalize_roll",
    "rectified_centre",
]

#: From this processing date on, CRPIX and CROTA come from the attitude of the spacecraft.
POINTING_IN_HEADER = Time("2010-11-08")
#: Since then SOHO keeps ecliptic instead of solar north up.
ECLIPTIC_NORTH_UP = Time("2010-10-30")
#: The first turn of the spacecraft by 180 degrees: before it, the roll is 0.
FIRST_FLIP = Time("2003-07-08T13:00:00")
#: C2 headers of this time hold placeholders; the spacecraft was turned by 180 degrees.
PLACEHOLDERS_TURNED = Time("2025-08-21T15:00:00"), Time("2025-09-01T00:00:00")

#: A roll beyond this, in degree, is a turned spacecraft.
FLIPPED_BEYOND = 170.0
#: A Sun centre in a header farther than this from the default, in pixels, is an error.
PLAUSIBLE_CENTRE = 20.0

#: 1 sigma of the Sun centre of a header, pixel, and of the default one of a turned C2.
HEADER_CENTRE_SIGMA = 0.4
FLIPPED_C2_CENTRE_SIGMA = 1.0
#: 1 sigma of the roll, degree: from the attitude of the spacecraft, and nominal.
HEADER_ROLL_SIGMA = 0.02
NOMINAL_ROLL_SIGMA = 0.03


@dataclass(frozen=True)
class Pointing:
    """Position of the Sun on the detector, and roll of the camera."""

    #: Sun centre (x, y), full-frame pixel of the detector orientation, counted from 0.
    centre: tuple[float, float]
    #: Rotating the image by this counter-clockwise brings solar north up; degree, in (-180, 180].
    roll: float
    #: Where the two numbers come from.
    centre_source: str
    roll_source: str
    #: 1 sigma, pixel along an axis and degree.
    centre_sigma: float
    roll_sigma: float
    #: What the user should be warned of; empty if nothing.
    note: str = ""


def normalize_roll(degrees):
    """
    Bring an angle into (-180, 180].

    Parameters
    ----------
    degrees : `float` or array-like
        Angle in degree.

    Returns
    -------
    `float` or `numpy.ndarray`
    """
    return 180.0 - np.mod(180.0 - np.asarray(degrees, dtype=float), 360.0)[()]


def is_flipped(roll):
    """
    Whether an image is to be turned by 180 degrees to be upright.

    Parameters
    ----------
    roll : `float`
        Roll in degree, of any winding: -359.7 is small.

    Returns
    -------
    `bool`
    """
    return bool(abs(normalize_roll(roll)) > FLIPPED_BEYOND)


def rectified_centre(centre):
    """
    A full-frame position after the frame was turned by 180 degrees.

    Parameters
    ----------
    centre : `tuple` of `float`
        (x, y), full-frame pixel counted from 0.

    Returns
    -------
    `tuple` of `float`
    """
    return FULL_FRAME - 1 - centre[0], FULL_FRAME - 1 - centre[1]


def binned_position(position, frame):
    """
    Position in the stored array of a position in the full frame.

    Parameters
    ----------
    position : `tuple`
        (x, y), full-frame pixel counted from 0; numbers or arrays.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        With the attributes ``corner`` and ``binning``.

    Returns
    -------
    `tuple`
        (x, y) in stored pixels, counted from 0.

    Notes
    -----
    SolarSoft leaves out the half pixel, an error of a quarter of a stored pixel
    in frames summed 2 x 2.
    """
    return tuple(
        (value - corner + 0.5) / binning - 0.5
        for value, corner, binning in zip(position, frame.corner, frame.binning, strict=True)
    )


def full_position(position, frame):
    """
    Position in the full frame of a position in the stored array.

    The inverse of `binned_position`.

    Parameters
    ----------
    position : `tuple`
        (x, y) in stored pixels, counted from 0; numbers or arrays.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        With the attributes ``corner`` and ``binning``.

    Returns
    -------
    `tuple`
        (x, y), full-frame pixel counted from 0.
    """
    return tuple(
        corner + (value + 0.5) * binning - 0.5
        for value, corner, binning in zip(position, frame.corner, frame.binning, strict=True)
    )


def _number(header, card):
    """The number in a card, or None where there is none."""
    try:
        value = float(header.get(card))
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def header_roll(header):
    """
    The roll that a header states, whatever the meaning of it.

    Parameters
    ----------
    header : mapping
        With lower-case or case-insensitive keys.

    Returns
    -------
    `float` or None
        The first number found in CROTA2, CROTA1, CROTA, in degree.
    """
    found = (_number(header, card) for card in ("crota2", "crota1", "crota"))
    return next((value for value in found if value is not None), None)


def _is_placeholder(header, frame):
    """Whether the pointing cards of a header were never filled in."""
    rolls = [_number(header, card) for card in ("crota1", "crota2")]
    centre = [_number(header, card) for card in ("crpix1", "crpix2")]
    middle = [[(length + 1) / 2 for length in reversed(frame.shape)], [(FULL_FRAME + 1) / 2] * 2]
    return all(roll in (0.0, None) for roll in rolls) and centre in middle


def nominal_pointing(frame, *, flipped=False):
    """
    Pointing of a spacecraft in its nominal attitude.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        With the attributes ``camera`` and ``start``.
    flipped : `bool`
        Whether the spacecraft is turned by 180 degrees.

    Returns
    -------
    `Pointing`
        Default Sun centre, and the roll offset of the camera added to the nominal roll of
        the spacecraft: 0 with solar north up until 2010-10-30, with ecliptic north
        up since.

    Notes
    -----
    SolarSoft ``get_sun_center`` and ``get_crota`` in the absence of tables.
    """
    camera = frame.camera
    roll, source = camera.roll_offset, "nominal, solar north up"
    if frame.start >= ECLIPTIC_NORTH_UP:
        roll, source = roll - ecliptic_north_angle(frame.start), "nominal, ecliptic north up"
    if flipped:
        roll, source = roll + 180.0, f"{source}, turned by 180 degrees"
    return Pointing(
        centre=camera.sun_centre,
        roll=float(normalize_roll(roll)),
        centre_source="default of the camera",
        roll_source=source,
        centre_sigma=FLIPPED_C2_CENTRE_SIGMA if flipped and camera is CAMERAS["C2"] else camera.sun_centre_sigma,
        roll_sigma=NOMINAL_ROLL_SIGMA,
    )


def header_pointing(header, frame):
    """
    Pointing of a level-0.5 frame without the tables of SolarSoft.

    Parameters
    ----------
    header : mapping
        Level-0.5 header with lower-case or case-insensitive keys.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        The same header, understood.

    Returns
    -------
    `Pointing`
        Of the header, for files made since 2010-11-08; else, or where the header
        holds placeholders or nothing, the default Sun centre and the nominal roll, with
        the header telling whether the spacecraft was turned by 180 degrees.

    Notes
    -----
    In older files CRPIX is the centre of the occulter (C2) or an old default (C3),
    the same for turned and unturned frames, and CROTA is 0 or 180.  CRPIX of summed
    frames is written in stored pixels by some software and in pixels of the full
    frame by other: the reading that is nearer to the default centre is taken.  CDELT
    is wrong in those (224 instead of 112 arcsec), and not used at all.

    SolarSoft ``reduce_refcoord``, ``update_hdr_rollxy``.
    """
    stated = header_roll(header)
    turned = stated is not None and is_flipped(stated)
    if _is_placeholder(header, frame):
        return _placeholder_pointing(header, frame)
    if frame.processed is None or frame.processed < POINTING_IN_HEADER:
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
        centre_sigma=nominal.centre_sigma if centre is None else HEADER_CENTRE_SIGMA,
        roll_sigma=nominal.roll_sigma if stated is None else HEADER_ROLL_SIGMA,
        note=nominal.note,
    )


def _nominal_with_doubt(frame, stated, turned):
    """Nominal pointing; in doubt of 180 degrees where a header of the time of the turns says nothing."""
    nominal = nominal_pointing(frame, flipped=turned)
    if stated is not None or frame.start < FIRST_FLIP:
        return nominal
    return _noted(
        nominal,
        f"{frame.filename or 'The image'} has no card CROTA1: its roll is taken as {nominal.roll:.2f} degree, which "
        "is wrong by 180 if the spacecraft was turned.",
        roll_sigma=180.0,
    )


def _placeholder_pointing(header, frame):
    """Pointing where the cards were never filled in, as in C2 headers of August 2025."""
    first, last = PLACEHOLDERS_TURNED
    known = first <= frame.start <= last or frame.start < FIRST_FLIP
    rectified = str(header.get("rectify", "")).strip().upper()
    # Files made since May 2016 say here whether the spacecraft was turned.
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
    return Pointing(
        centre=pointing.centre,
        roll=pointing.roll,
        centre_source=pointing.centre_source,
        roll_source=pointing.roll_source,
        centre_sigma=pointing.centre_sigma,
        roll_sigma=roll_sigma,
        note=note,
    )


def _header_centre(header, frame):
    """Sun centre of a header made since 2010-11-08, full-frame pixel; None where there is no plausible one."""
    crpix = _number(header, "crpix1"), _number(header, "crpix2")
    if None in crpix:
        return None
    written = crpix[0] - 1, crpix[1] - 1
    readings = [written, full_position(written, frame)]
    distances = [np.hypot(*np.subtract(reading, frame.camera.sun_centre)) for reading in readings]
    nearest = int(np.argmin(distances))
    return readings[nearest] if distances[nearest] <= PLAUSIBLE_CENTRE else None
