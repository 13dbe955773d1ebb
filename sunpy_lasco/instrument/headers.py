"""
Interpretation of the header of a map of any age.

Headers are never changed; errors in them are corrected when they are read.
"""

import re
import textwrap

import numpy as np

from astropy.time import Time

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.cards import card_text, frame_name, number
from sunpy_lasco.instrument.frame import exposure_start, header_time, is_standard, squeezed

__all__ = [
    "MapHeaderError",
    "card_text",
    "header_level",
    "is_helioviewer",
    "is_raw",
    "is_standard",
    "map_number",
    "missing_cards",
    "observation_time",
    "printable",
    "processed_before",
    "processing_date",
]

#: Number of characters in a card HISTORY or COMMENT.
COMMENTARY = 72
#: Names of level 1: camera, kind of data, counter.
LEVEL1_NAME = re.compile(r"[1-4][456]\d")


class MapHeaderError(HeaderError, AttributeError):
    """A header from which no map can be created; ``sunpy.map.Map(..., allow_errors=True)`` skips the file."""


def is_helioviewer(meta):
    """Whether a header belongs to a Helioviewer image, which is scaled to bytes and rotated to solar north."""
    # Called often, for headers of a hundred cards.
    cards = "\n" + "\n".join(map(str, meta)).lower()
    return "\nhelioviewer" in cards or "\nhv_" in cards


def header_level(meta):
    """
    Processing level: 0.5 or 1.0, or the value of LEVEL or LVL_NUM; None for Helioviewer images, which have no
    level.
    """
    if is_helioviewer(meta):
        return None
    for card in ("level", "lvl_num"):
        try:
            level = float(card_text(meta, card).lstrip("Ll"))
        except ValueError:
            continue
        if np.isfinite(level):
            return level
    calibrated = card_text(meta, "bunit").upper() == "MSB" or LEVEL1_NAME.match(card_text(meta, "filename"))
    return 1.0 if calibrated else 0.5


def is_raw(meta):
    """
    Whether the data are unprocessed counts, in which a zero is a missing value.

    True for level 0.5 without BUNIT, which every operation on a map adds, and without BIASVAL, which the bias
    subtraction adds.
    """
    return header_level(meta) == 0.5 and "bunit" not in meta and "biasval" not in meta


def missing_cards(meta):
    """
    Missing cards: those that a map requires, and those that the calibration requires.
    """
    needed = []
    if squeezed(card_text(meta, "detector")) not in CAMERAS:
        needed.append("DETECTOR")
    if not any(card_text(meta, card) for card in ("date-obs", "date_obs", "date-beg", "date-avg")):
        needed.append("DATE-OBS")
    wanted = [card.upper() for card in ("exptime", "filter", "polar") if not card_text(meta, card)]
    return needed, wanted if header_level(meta) == 0.5 else []


def observation_time(meta):
    """
    Start of the exposure; `~sunpy_lasco.instrument.headers.MapHeaderError` is raised if the date or the time
    of day is missing or invalid.
    """
    try:
        found, _ = exposure_start(meta)
        if found is None:
            found = header_time(meta, "date-beg", None) or header_time(meta, "date-avg", None)
    except HeaderError as error:
        raise MapHeaderError(str(error)) from error
    if found is None:
        msg = f"{frame_name(meta)} lacks the card DATE-OBS."
        raise MapHeaderError(msg)
    return found


def processing_date(meta):
    """When the file was made; None if the card DATE is missing or unreadable."""
    try:
        return header_time(meta, "date", None)
    except HeaderError:
        return None


def map_number(meta, name, default=None):
    """
    A number that a map requires: `sunpy_lasco.instrument.cards.number`, but with
    `~sunpy_lasco.instrument.headers.MapHeaderError`, which sunpy handles.
    """
    try:
        return number(meta, name, default)
    except HeaderError as error:
        raise MapHeaderError(str(error)) from error


def processed_before(meta, date):
    """Whether a file was made before a date (ISO); False if the date of the file is unknown."""
    made = processing_date(meta)
    return made is not None and made < Time(date)


def printable(meta):
    """
    A copy of a header that can be written to FITS.

    Tabulators and other characters that FITS forbids become blanks (the HISTORY of the ground system contains
    many). Lines of HISTORY and COMMENT that are too long for a card are wrapped at words. The checksums of
    the original file are omitted.
    """
    clean = meta.copy()
    for card in ("checksum", "datasum"):
        clean.pop(card, None)
    for card in ("comment", "history"):
        if card in clean:
            # They end up there anyway; astropy would move them for each card that follows.
            clean.move_to_end(card)
    if "naxis" not in clean:
        # sunpy's submap adds these at the end, where FITS does not allow them.
        for card in ("naxis2", "naxis1"):
            if card in clean:
                clean.move_to_end(card, last=False)
    for card, value in meta.items():
        if not isinstance(value, str):
            continue
        text = re.sub(r"[^\n -~]", " ", value)
        if card.lower() in ("history", "comment"):
            text = "\n".join(part for line in text.split("\n") for part in _lines(line))
        if text != value:
            clean[card] = text
    return clean


def _lines(line):
    """Split a line of HISTORY into pieces that fit in a card."""
    if len(line) <= COMMENTARY:
        return [line]
    return textwrap.wrap(line, COMMENTARY, subsequent_indent="  ", break_on_hyphens=False) or [""]
