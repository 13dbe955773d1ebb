"""
What the header of a map says, of whatever vintage it is.

Nothing here changes a header: what is wrong in it is put right on reading.
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

#: Characters that a card HISTORY or COMMENT holds.
COMMENTARY = 72
#: Names of level 1: camera, kind of data, counter.
LEVEL1_NAME = re.compile(r"[1-4][456]\d")


class MapHeaderError(HeaderError, AttributeError):
    """A header from which no map can be made; ``sunpy.map.Map(..., allow_errors=True)`` goes on after it."""


def is_helioviewer(meta):
    """Whether a header belongs to an image of Helioviewer, scaled to bytes and turned to solar north."""
    # Asked often, of headers of a hundred cards.
    cards = "\n" + "\n".join(map(str, meta)).lower()
    return "\nhelioviewer" in cards or "\nhv_" in cards


def header_level(meta):
    """
    Level of processing: 0.5 or 1.0, or whatever LEVEL or LVL_NUM says; None for Helioviewer's images,
    which are of no level.
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
    Whether the data are counts as they came down, in which a zero is a hole.

    True for level 0.5 without BUNIT, which every operation on a map adds, and without BIASVAL, which
    the subtraction of the bias adds.
    """
    return header_level(meta) == 0.5 and "bunit" not in meta and "biasval" not in meta


def missing_cards(meta):
    """
    Cards that a header lacks: those without which there can be no map, and those without which it
    cannot be calibrated.
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
    Start of the exposure; `~sunpy_lasco.instrument.headers.MapHeaderError` if there is no date or no
    time of day, or something that is none.
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
    """When the file was made; None where the card DATE is missing or unreadable."""
    try:
        return header_time(meta, "date", None)
    except HeaderError:
        return None


def map_number(meta, name, default=None):
    """
    A number without which there can be no map: `sunpy_lasco.instrument.cards.number` with
    `~sunpy_lasco.instrument.headers.MapHeaderError`, which sunpy knows.
    """
    try:
        return number(meta, name, default)
    except HeaderError as error:
        raise MapHeaderError(str(error)) from error


def processed_before(meta, date):
    """Whether a file was made before a date (ISO); False where it is not known when it was made."""
    made = processing_date(meta)
    return made is not None and made < Time(date)


def printable(meta):
    """
    A copy of a header that can be written to FITS.

    Tabulators and other characters that FITS forbids are blanks (the HISTORY of the ground system is
    full of them), lines of HISTORY and COMMENT that are too long for a card go on in the next one after
    a whole word, and the sums of the file from which the header was read are omitted.
    """
    clean = meta.copy()
    for card in ("checksum", "datasum"):
        clean.pop(card, None)
    for card in ("comment", "history"):
        if card in clean:
            # Where they come in the end in any case; astropy would move them for each card that follows.
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
    """A line of HISTORY in pieces that fit in a card."""
    if len(line) <= COMMENTARY:
        return [line]
    return textwrap.wrap(line, COMMENTARY, subsequent_indent="  ", break_on_hyphens=False) or [""]
