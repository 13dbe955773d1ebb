"""
What a header says about an exposure, read once.

`Frame` gathers from a header of any vintage the few facts on which calibration
and geometry depend, with the known errors of the headers put right.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from astropy.time import Time

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import CAMERAS, FIRST_COLUMN, FIRST_ROW, FULL_FRAME, Camera

__all__ = ["DERIVED_STATES", "Frame", "header_time", "squeezed"]

#: POLAR values of images that were derived from polarised triplets.
DERIVED_STATES = frozenset({"PB", "TI", "UP", "JY", "JZ", "QS", "US", "QT", "UT", "JR", "JT"})

#: Programmes (LP_NUM) that do not look at the sky.
NON_SKY_PROGRAMMES = {
    "DARK": "a dark",
    "5": "a dark",
    "CALLAMP": "a lamp",
    "17": "a lamp",
    "CONT": "a continuous",
    "7": "a continuous",
    "CONTINUOUS": "a continuous",
}

#: An axis shorter than this, in pixels, is no image that can be calibrated.
SHORTEST_AXIS = 128


def squeezed(value):
    """
    Text without blanks, in upper case: ``'+60 Deg'`` becomes ``'+60DEG'``.

    Parameters
    ----------
    value : object
        The value of a card.

    Returns
    -------
    `str`
    """
    return re.sub(r"\s", "", str(value)).upper()


@lru_cache(maxsize=64)
def _utc(text):
    """A time of the header; each is asked for many times, and costs as much as a step of the calibration."""
    return Time(text, scale="utc")


def header_time(header, day="date-obs", clock="time-obs"):
    """
    Join the cards of a day and of a time of day, as level 0.5 has them.

    Parameters
    ----------
    header : mapping
        With lower-case or case-insensitive keys.
    day, clock : `str`
        The names of the cards.

    Returns
    -------
    `~astropy.time.Time` or None
        None where the card of the day is missing or empty.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If the cards hold something that is no date.
    """
    text = str(header.get(day) or "").strip().replace("/", "-")
    if not text:
        return None
    clock_text = str(header.get(clock) or "").strip() if clock else ""
    if clock_text and "T" not in text and ":" not in text:
        text = f"{text}T{clock_text}"
    try:
        return _utc(text.replace(" ", "T"))
    except ValueError as error:
        msg = f"The cards {day.upper()} and {str(clock).upper()} hold {text!r}, which is no date."
        raise HeaderError(msg) from error


def _integer(header, name, default):
    value = header.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return default
    try:
        return int(float(value))
    except (TypeError, ValueError) as error:
        msg = f"The card {name.upper()} holds {value!r} where a number is expected."
        raise HeaderError(msg) from error


@dataclass(frozen=True)
class Frame:
    """
    An exposure as its header describes it.

    Build it with `Frame.from_header`.
    """

    #: Constants of the camera.
    camera: Camera
    #: Shape of the stored array, (ny, nx).
    shape: tuple[int, int]
    #: FILTER and POLAR without blanks, in upper case.
    filter: str
    polar: str
    #: Sums on the chip (before digitisation) and in the electronics box, (x, y).
    chip_sum: tuple[int, int]
    leb_sum: tuple[int, int]
    #: Full-frame pixel (x, y), counted from 0, of the lower left corner.
    corner: tuple[int, int]
    #: Exposure time as the header has it, s.
    exptime: float
    #: Start of the exposure by the on-board clock.
    start: Time
    #: Modified Julian day of the start, integer, from the original date.
    mjd: int
    #: Day (MJD) and second of day of the middle of the exposure.
    mid_mjd: int
    mid_time: float
    #: Read-out port.
    port: str
    #: COMPRSSN.
    compression: str
    #: HCOMP_SF, the scale factor of the lossy compression; 0 where there was none.
    hcompress_scale: float
    #: When the file was made, or None.
    processed: Time | None
    #: FILEORIG is 0: a daily or monthly model, not an exposure.
    is_model: bool
    #: Level of processing, ``"0.5"`` or ``"1.0"``, or None.
    level: str | None
    #: FILENAME.
    filename: str

    @classmethod
    def from_header(cls, header, shape):
        """
        Read a header.

        Parameters
        ----------
        header : mapping
            A header with case-insensitive or lower-case keys.
        shape : `tuple` of `int`
            Shape of the data, (ny, nx).

        Returns
        -------
        `Frame`

        Raises
        ------
        sunpy_lasco.errors.HeaderError
            If cards are missing or hold nonsense; all of them are named.
        """
        detector = str(header.get("detector", "")).strip().upper()
        if detector not in CAMERAS:
            msg = f"The card DETECTOR holds {header.get('detector')!r}; only C2 and C3 are known here."
            raise HeaderError(msg)
        missing = [card for card in ("filter", "polar", "exptime") if header.get(card) in (None, "")]
        start = original_start(header)
        if start is None:
            missing.insert(0, "date-obs")
        if missing:
            cards = ", ".join(card.upper() for card in missing)
            msg = f"{_name(header)} lacks the cards {cards}: it cannot be understood without them."
            raise HeaderError(msg)
        try:
            exptime = float(header["exptime"])
        except (TypeError, ValueError) as error:
            msg = f"The card EXPTIME of {_name(header)} holds {header['exptime']!r}, which is no number."
            raise HeaderError(msg) from error
        chip, leb, corner = _sums(header, shape)
        mid_mjd = _integer(header, "mid_date", 0)
        mid_time = float(header.get("mid_time") or 0.0)
        if mid_mjd == 0:
            middle = start.mjd + exptime / 2 / 86400
            mid_mjd, mid_time = int(middle), (middle % 1) * 86400
        return cls(
            camera=CAMERAS[detector],
            shape=(int(shape[0]), int(shape[1])),
            filter=squeezed(header["filter"]),
            polar=squeezed(header["polar"]),
            chip_sum=chip,
            leb_sum=leb,
            corner=corner,
            exptime=exptime,
            start=start,
            mjd=int(np.floor(start.mjd)),
            mid_mjd=mid_mjd,
            mid_time=mid_time,
            port=squeezed(header.get("readport", "C")) or "C",
            compression=str(header.get("comprssn", "")).strip(),
            hcompress_scale=float(header.get("hcomp_sf") or 0.0),
            processed=header_time(header, "date", None),
            is_model=str(header.get("fileorig", "x")).strip() in ("0", "0.0"),
            level=_level(header),
            filename=str(header.get("filename", "")).strip(),
        )

    @property
    def binning(self):
        """Full-resolution pixels per stored pixel along (x, y)."""
        return self.chip_sum[0] * self.leb_sum[0], self.chip_sum[1] * self.leb_sum[1]

    @property
    def is_binned(self):
        """Whether any sum was made."""
        return self.binning != (1, 1)

    @property
    def is_full_frame(self):
        """Whether the array covers the whole detector."""
        sx, sy = self.binning
        return self.corner == (0, 0) and (self.shape[1] * sx, self.shape[0] * sy) == (FULL_FRAME, FULL_FRAME)

    @property
    def is_derived(self):
        """Whether the image was computed from a polarised triplet."""
        return self.polar in DERIVED_STATES

    @property
    def is_lossy(self):
        """Whether the on-board compression lost information."""
        return "#" in self.compression or "%" in self.compression

    @property
    def transmits_all(self):
        """Whether the frame was sent with the blocks that are usually left out."""
        return "Z" in self.compression


def original_start(header):
    """
    Start of the exposure by the uncorrected clock.

    In level 1 DATE-OBS is corrected; the original stands in our own card
    DATE-ORI, or in the HISTORY of the official product.

    Parameters
    ----------
    header : mapping
        With case-insensitive or lower-case keys.

    Returns
    -------
    `~astropy.time.Time` or None
    """
    own = header_time(header, "date-ori", None)
    if own is not None:
        return own
    found = re.search(
        r"Original\s+date_obs:\s*(\d{4}/\d{2}/\d{2})\s+(\d{2}:\d{2}:\d{2}(?:\.\d+)?)", str(header.get("history", ""))
    )
    if found:
        return Time(f"{found[1].replace('/', '-')}T{found[2]}", scale="utc")
    return header_time(header) or header_time(header, "date_obs", "time_obs")


def _name(header):
    return str(header.get("filename", "")).strip() or "The image"


def _level(header):
    level = header.get("level", header.get("lvl_num"))
    if level in (None, ""):
        return None
    try:
        return f"{float(level):.1f}"
    except (TypeError, ValueError):
        return str(level).strip()


def _sums(header, shape):
    """Sums on the chip and in the box and the corner, with the false LEB sums put right."""
    chip = max(_integer(header, "sumcol", 1), 1), max(_integer(header, "sumrow", 1), 1)
    first = _integer(header, "r1col", FIRST_COLUMN), _integer(header, "r1row", FIRST_ROW)
    last = (
        _integer(header, "r2col", FIRST_COLUMN + FULL_FRAME - 1),
        _integer(header, "r2row", FIRST_ROW + FULL_FRAME - 1),
    )
    sums = []
    for axis, length in enumerate((shape[1], shape[0])):
        extent = last[axis] - first[axis] + 1
        if length <= 0 or extent % length or (extent // length) % chip[axis]:
            msg = (
                f"{_name(header)}: the CCD coordinates R1COL, R1ROW, R2COL, R2ROW ({first} to {last}) do not fit "
                f"an array of {shape[1]} x {shape[0]} pixels and sums of {chip} on the chip."
            )
            raise HeaderError(msg)
        # Headers of March 1997 say 1 although the electronics box summed; later
        # ones agree, so that the ratio can be trusted always.
        sums.append(extent // length // chip[axis])
    return chip, tuple(sums), (first[0] - FIRST_COLUMN, first[1] - FIRST_ROW)
