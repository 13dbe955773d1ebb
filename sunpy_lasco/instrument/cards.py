"""
The header cards of level 0.5 that the package reads.

`CARDS` lists them, with the values allowed for each and what happens if it is missing or holds something
else. `number` uses this list whenever a number of a header is needed, so that texts, infinities and absurd
values are rejected at once.
"""

import math
import numbers
import re
from dataclasses import dataclass

from astropy.io.fits.card import Undefined
from astropy.time import Time

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.files import is_plain_name
from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME

__all__ = [
    "CARDS",
    "MISSION_START",
    "Card",
    "card_text",
    "fault_of",
    "frame_name",
    "is_blank",
    "number",
    "plain_filename",
    "shown",
    "whole_number",
]

#: Ways to treat a value that is not allowed.
REFUSED, REPLACED, IGNORED = "refused", "replaced", "ignored"

#: Launch of SOHO.
MISSION_START = Time("1995-12-02", scale="utc")
#: Day (MJD) of it.
FIRST_DAY = 50053
#: Days (MJD) beyond this are rejected (2100-01-01).
LAST_DAY = 88069
#: Longest exposure, s; hours would be a dark or an error.
LONGEST_EXPOSURE = 10000.0
#: Number of characters of a wrong value that a message shows.
SHOWN = 60


@dataclass(frozen=True)
class Card:
    """A header card of level 0.5: its meaning, its allowed values, and what happens otherwise."""

    #: Keyword.
    name: str
    #: Meaning.
    meaning: str
    #: ``"number"``, ``"whole number"``, ``"text"``, ``"date"`` or ``"time of day"``.
    kind: str = "text"
    #: Unit of a number.
    unit: str = ""
    #: Smallest and largest value of a number; with ``above`` the smallest is excluded.
    low: float | None = None
    high: float | None = None
    above: bool = False
    #: Allowed texts by camera, without blanks and in upper case.
    values: dict | None = None
    #: A value that is equivalent to a missing card.
    blank: float | None = None
    #: What happens if the card is missing.
    missing: str = ""
    #: What happens if it holds something else: ``"refused"``, ``"replaced"`` or ``"ignored"``.
    wrong: str = REFUSED
    #: Further remarks for the documentation.
    note: str = ""

    @property
    def allowed(self):
        """The allowed values, in words."""
        if self.values:
            texts = {camera: ", ".join(values) for camera, values in self.values.items()}
            return texts["all"] if "all" in texts else "; ".join(f"{who}: {text}" for who, text in texts.items())
        if self.low is None and self.high is None:
            return {"number": "a finite number", "whole number": "a whole number"}.get(self.kind, f"a {self.kind}")
        unit = f" {self.unit}" if self.unit else ""
        low, high = (None if end is None else f"{end:g}" for end in (self.low, self.high))
        if high is None:
            return f"more than {low}{unit}" if self.above else f"{low}{unit} or more"
        return f"more than {low}, up to {high}{unit}" if self.above else f"{low} to {high}{unit}"


def _corners(kind, meaning, missing):
    """The four cards of the corners on the CCD."""
    ends = ("1COL", "1ROW", "2COL", "2ROW")
    return [Card(f"{kind}{end}", meaning, "whole number", "", 1, 2 * FULL_FRAME, missing=missing) for end in ends]


_FULL = "the whole CCD is assumed"
_NOT_COMPARED = "not compared"
_POINTING = "Sun centre and roll by the rules for the age of the file"

_ALL = (
    Card("INSTRUME", "instrument", values={"all": ("LASCO",)}, missing="sunpy assigns the file to another instrument"),
    Card("DETECTOR", "camera", values={"all": tuple(CAMERAS)}, missing="no map is created"),
    Card(
        "FILENAME",
        "name of the file",
        missing="the product is named after camera and time",
        wrong=IGNORED,
        note="a plain name: digits, letters, underscores, then .fts or .fits",
    ),
    Card("FILEORIG", "name in the telemetry; 0 marks a model", missing="treated as an exposure", wrong=IGNORED),
    Card(
        "DATE-OBS",
        "day of the start by the on-board clock; or day and time",
        "date",
        missing="DATE_OBS is used, else no map is created",
        note="the calibration refuses dates outside the mission",
    ),
    Card(
        "TIME-OBS",
        "time of day of the start",
        "time of day",
        missing="TIME_OBS is used, else MID_DATE, MID_TIME and EXPTIME with a warning, else no map is created",
    ),
    Card("DATE_OBS", "as DATE-OBS, in some copies", "date", missing="as in the files of the archive"),
    Card("TIME_OBS", "as TIME-OBS, in some copies", "time of day", missing="as in the files of the archive"),
    Card("DATE", "when the file was made", "date", missing="assumed to be after the exposure", wrong=IGNORED),
    Card(
        "MID_DATE",
        "Modified Julian Day of the middle of the exposure",
        "whole number",
        "d",
        FIRST_DAY,
        LAST_DAY,
        blank=0.0,
        missing="computed from the start and EXPTIME",
        wrong=REPLACED,
    ),
    Card(
        "MID_TIME",
        "second of the day",
        "number",
        "s",
        0.0,
        86401.0,
        missing="computed from the start and EXPTIME",
        wrong=REPLACED,
    ),
    Card(
        "EXPTIME",
        "exposure time",
        "number",
        "s",
        0.0,
        LONGEST_EXPOSURE,
        above=True,
        missing="the map can be shown, but the calibration refuses it",
    ),
    Card(
        "FILTER",
        "colour filter",
        values={
            "C2": ("ORANGE", "BLUE", "DEEPRD", "HALPHA", "LENS"),
            "C3": ("CLEAR", "ORANGE", "BLUE", "DEEPRD", "IR"),
        },
        missing="the map can be shown, but the calibration refuses it",
        note="case and blanks are ignored",
    ),
    Card(
        "POLAR",
        "polariser wheel, or quantity derived from polarised images",
        values={
            "C2": ("CLEAR", "+60DEG", "0DEG", "-60DEG", "ND"),
            "C3": ("CLEAR", "+60DEG", "0DEG", "-60DEG", "H_ALPHA"),
            "derived": ("PB", "TI", "UP", "JY", "JZ", "QS", "US", "QT", "UT", "JR", "JT"),
        },
        missing="the map can be shown, but the calibration refuses it",
        note="case and blanks are ignored",
    ),
    Card(
        "READPORT",
        "read-out port",
        values={"all": ("A", "B", "C", "D")},
        missing="C is taken",
    ),
    Card(
        "LP_NUM",
        "programme",
        missing="treated as an image of the sky",
        note="darks, lamp images and the like are refused",
    ),
    Card("SUMCOL", "pixels summed on the chip along a row", "whole number", "", 0, 32, missing="none"),
    Card("SUMROW", "pixels summed on the chip along a column", "whole number", "", 0, 32, missing="none"),
    Card("LEBXSUM", "pixels summed in the electronics box along a row", "whole number", "", 0, 32, missing="none"),
    Card("LEBYSUM", "pixels summed in the electronics box along a column", "whole number", "", 0, 32, missing="none"),
    *_corners("R", "corner on the CCD, in the orientation of the file", f"P1COL to P2ROW are used, else {_FULL}"),
    *_corners("P", "corner on the CCD, in the orientation of the read-out; used if R1COL to R2ROW are missing", _FULL),
    Card(
        "COMPRSSN",
        "letters for the on-board processing steps",
        missing="lossless compression is assumed",
        wrong=IGNORED,
    ),
    Card(
        "HCOMP_SF",
        "scale factor of the lossy compression",
        "number",
        "",
        0.0,
        1e5,
        missing="0",
        wrong=IGNORED,
    ),
    Card(
        "OFFSET",
        "bias predicted when the file was made",
        "number",
        "DN",
        0.0,
        5000.0,
        missing="not asked",
        wrong=IGNORED,
    ),
    Card("CRPIX1", "Sun centre along x", "number", "pixel", -1e5, 1e5, missing=_POINTING, wrong=IGNORED),
    Card("CRPIX2", "Sun centre along y", "number", "pixel", -1e5, 1e5, missing=_POINTING, wrong=IGNORED),
    Card(
        "CRVAL1",
        "longitude of CRPIX",
        "number",
        "arcsec",
        -648000.0,
        648000.0,
        missing="0",
        note="0 in all level-0.5 files; the calibration refuses other values",
    ),
    Card(
        "CRVAL2",
        "latitude of CRPIX",
        "number",
        "arcsec",
        -648000.0,
        648000.0,
        missing="0",
        note="0 in all level-0.5 files; the calibration refuses other values",
    ),
    *(
        Card(name, "roll", "number", "degree", -720.0, 720.0, missing=_POINTING, wrong=IGNORED)
        for name in ("CROTA2", "CROTA1", "CROTA")
    ),
    Card(
        "RECTIFY",
        "whether the image was turned upright by the ground software",
        missing="used only if the pointing is a placeholder",
        wrong=IGNORED,
    ),
    Card("LEVEL", "level of processing", missing="0.5, unless BUNIT or FILENAME contradict", wrong=IGNORED),
    Card("LVL_NUM", "level of processing", missing="0.5, unless BUNIT or FILENAME contradict", wrong=IGNORED),
    Card("BUNIT", "unit of the pixels", missing="DN", note="an unknown unit is refused"),
    Card("DATAMIN", "smallest nonzero count", "number", "DN", missing=_NOT_COMPARED, wrong=IGNORED),
    Card(
        "DATAMAX",
        "largest count below saturation",
        "number",
        "DN",
        missing=_NOT_COMPARED,
        wrong=IGNORED,
    ),
    Card("DATAZER", "number of zeros", "whole number", "", 0, None, missing=_NOT_COMPARED, wrong=IGNORED),
    Card(
        "DATAAVG",
        "mean of the nonzero counts",
        "number",
        "DN",
        missing=_NOT_COMPARED,
        wrong=IGNORED,
    ),
    Card("COMMENT", "remarks", missing="nothing", wrong=IGNORED, note="frames with a closed door are refused"),
    Card("HISTORY", "processing steps; in level 1, the original start", missing="nothing", wrong=IGNORED),
)

#: Cards of level 0.5 that the package reads, by keyword.
CARDS = {card.name: card for card in _ALL}
#: Limits for numbers in cards that are not part of level 0.5; no number in a header is larger.
_ANY = Card("", "", "number", "", -1e13, 1e13)
#: Those of these numbers that sunpy or later steps cannot handle outside their range.
_OTHERS = {
    card.name: card
    for card in (
        Card("DSUN_OBS", "distance of the observer", "number", "m", 0.0, 1e13, above=True),
        Card("RSUN_REF", "radius of the Sun", "number", "m", 0.0, 1e10, above=True),
        Card("RSUN_OBS", "apparent radius of the Sun", "number", "arcsec", 0.0, 1e5),
        Card("HGLT_OBS", "latitude of the observer", "number", "degree", -90.0, 90.0),
        Card("CRLT_OBS", "latitude of the observer", "number", "degree", -90.0, 90.0),
        Card("HGLN_OBS", "longitude of the observer", "number", "degree", -720.0, 720.0),
        Card("CRLN_OBS", "longitude of the observer", "number", "degree", -720.0, 720.0),
        Card("SUNPIX1", "Sun centre", "number", "pixel", -1e6, 1e6),
        Card("SUNPIX2", "Sun centre", "number", "pixel", -1e6, 1e6),
        Card("DETROLL", "roll", "number", "degree", -720.0, 720.0),
    )
}


def _card(name):
    """The allowed values of a card."""
    name = name.upper()
    return CARDS.get(name) or _OTHERS.get(name, _ANY)


def is_blank(value):
    """Whether a card has no value."""
    return value is None or isinstance(value, Undefined) or (isinstance(value, str) and not value.strip())


def card_text(header, name):
    """A card as text without surrounding blanks; empty if the card is missing."""
    value = header.get(name)
    return "" if is_blank(value) else str(value).strip()


def shown(value):
    """A value for a message: on one line and not too long."""
    try:
        text = repr(value)
    except ValueError:
        # Python refuses to write them.
        text = "an integer of thousands of digits"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def plain_filename(header):
    """
    FILENAME; empty if it is missing or holds anything but digits, letters and underscores before .fts or
    .fits, such as a path.
    """
    text = card_text(header, "filename")
    return text if is_plain_name(text) else ""


def frame_name(header, otherwise="The image"):
    """Name of a frame for a message: its FILENAME in printable form, or the given name."""
    text = re.sub(r"[^ -~]", "?", card_text(header, "filename"))
    return (text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}...") or otherwise


def _read(value, card):
    """A number and its fault, of which one is None."""
    if isinstance(value, str):
        # Python reads "1_000" and "infinity" as numbers, FITS does not.
        text = value.strip().replace("D", "E").replace("d", "e")
        value = text if re.fullmatch(r"[-+.0-9Ee]+", text) else None
    elif isinstance(value, bool) or not isinstance(value, numbers.Real):
        # Logical values and complex numbers of FITS; numpy's own numbers are Real.
        value = None
    try:
        found = math.nan if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        return None, "which is not a finite number"
    if found == card.blank:
        return found, None
    if card.kind == "whole number" and found != int(found):
        return None, "which is not a whole number"
    too_low = card.low is not None and (found <= card.low if card.above else found < card.low)
    if too_low or (card.high is not None and found > card.high):
        return None, f"which is not possible: {card.allowed}"
    return found, None


def fault_of(header, name):
    """
    The fault of a number in a header, as a sentence; None if there is no fault or the card is missing or
    blank.
    """
    value = header.get(name.lower())
    card = _card(name)
    if is_blank(value):
        return None
    _, fault = _read(value, card)
    return fault and f"The card {name.upper()} of {frame_name(header)} holds {shown(value)}, {fault}."


def number(header, name, default=None):
    """
    A number of a header, finite and within the limits of `CARDS`.

    The default is returned if the card is missing or blank, and also for a wrong value if `CARDS` says
    ``"ignored"`` or ``"replaced"``. A wrong value in a card that is ``"refused"`` raises
    `~sunpy_lasco.errors.HeaderError`.
    """
    value = header.get(name.lower())
    if is_blank(value):
        return default
    card = _card(name)
    found, fault = _read(value, card)
    if fault is None:
        return default if found == card.blank else found
    if card.wrong != REFUSED:
        return default
    raise HeaderError(fault_of(header, name))


def whole_number(header, name, default=None):
    """A whole number of a header, as `number`."""
    found = number(header, name, default)
    return found if found is None else int(found)
