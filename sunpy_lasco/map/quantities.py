"""
Unit, measured quantity and exposure time of a map.
"""

from functools import lru_cache

import astropy.units as u

from sunpy_lasco.instrument.cards import card_text, fault_of, frame_name, number, shown
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.instrument.headers import MapHeaderError, header_level, is_helioviewer
from sunpy_lasco.units import MSB

__all__ = ["exposure_seconds", "header_unit", "measurement"]

#: Measured quantity by POLAR (without blanks, in upper case).
MEASUREMENTS = {
    "": "B",
    "CLEAR": "B",
    "+60DEG": "B +60 deg",
    "60DEG": "B +60 deg",
    "0DEG": "B 0 deg",
    "-60DEG": "B -60 deg",
    "ND": "B ND",
    "H_ALPHA": "B H-alpha",
    "PB": "pB",
    "TI": "tB",
    "UP": "uB",
}


def exposure_seconds(meta):
    """Exposure time, s: XPOSURE, else EXPTIME, or None."""
    found = (number(meta, card) for card in ("xposure", "exptime") if fault_of(meta, card) is None)
    return next((value for value in found if value is not None), None)


def header_unit(meta):
    """
    Unit of the data: BUNIT, else DN for level 0.5, `~sunpy_lasco.MSB` for level 1, and none for the bytes of
    Helioviewer.
    """
    text = card_text(meta, "bunit")
    if is_helioviewer(meta) and text in ("", "0"):
        return u.dimensionless_unscaled
    if not text and "bunit" not in meta:
        return u.DN if header_level(meta) == 0.5 else MSB
    if text.upper() in ("MSB", "MEAN SOLAR BRIGHTNESS"):
        return MSB
    unit = _unit(text)
    if isinstance(unit, u.UnrecognizedUnit):
        msg = f"The card BUNIT of {frame_name(meta)} holds {shown(text)}, which is not a unit."
        raise MapHeaderError(msg)
    return unit


@lru_cache(maxsize=16)
def _unit(text):
    return u.Unit(text, parse_strict="silent")


def measurement(meta):
    """
    The measured brightness and its polariser.

    ``"B"`` without polariser, such as ``"B +60 deg"`` with one, ``"pB"``, ``"tB"`` and ``"uB"`` for
    polarised, total and unpolarised brightness derived from polarised triplets. Codes of other derived images
    are returned unchanged.
    """
    polar = squeezed(card_text(meta, "polar"))
    return MEASUREMENTS.get(polar, polar)
