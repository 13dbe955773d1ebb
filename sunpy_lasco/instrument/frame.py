"""
Description of an exposure, read from its header.

`Frame` holds the values on which calibration and geometry depend. It reads them from headers of any age and
corrects their known errors.
"""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

import erfa
import numpy as np

from astropy.time import Time
from astropy.time.utils import day_frac

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import CAMERAS, FIRST_COLUMN, FIRST_ROW, FULL_FRAME, Camera
from sunpy_lasco.instrument.cards import (
    CARDS,
    card_text,
    fault_of,
    frame_name,
    is_blank,
    number,
    plain_filename,
    shown,
    whole_number,
)

__all__ = [
    "DERIVED_STATES",
    "Frame",
    "exposure_start",
    "header_time",
    "is_standard",
    "middle_of_exposure",
    "original_start",
    "squeezed",
]

#: Values of POLAR in images derived from polarised triplets.
DERIVED_STATES = frozenset(CARDS["POLAR"].values["derived"])

#: Programmes (LP_NUM) that do not observe the sky.
NON_SKY_PROGRAMMES = {
    "DARK": "a dark",
    "5": "a dark",
    "CALLAMP": "a lamp",
    "17": "a lamp",
    "CONT": "a continuous",
    "7": "a continuous",
    "CONTINUOUS": "a continuous",
}

#: Cards from which a frame is read, in addition to HISTORY.
FRAME_CARDS = (
    "detector filter polar exptime date-obs time-obs date_obs time_obs date-ori sumcol sumrow lebxsum lebysum "
    "r1col r1row r2col r2row p1col p1row p2col p2row mid_date mid_time readport comprssn hcomp_sf date fileorig "
    "level lvl_num filename"
).split()

#: CCD column and row of the last image pixel of the full frame.
LAST = FIRST_COLUMN + FULL_FRAME - 1, FIRST_ROW + FULL_FRAME - 1

#: Images with an axis shorter than this, in pixels, cannot be calibrated.
SHORTEST_AXIS = 128


def squeezed(value):
    """Text without blanks, in upper case: ``'+60 Deg'`` becomes ``'+60DEG'``."""
    return re.sub(r"\s", "", str(value)).upper()


def is_standard(header):
    """
    Whether the WCS cards of a header can be used without changes.

    This is so if there is a matrix PCi_j or CDi_j: this package and sunpy write one, the ground system and
    SolarSoft do not.
    """
    return any(f"{kind}{i}_{j}" in header for kind in ("pc", "cd") for i in (1, 2) for j in (1, 2))


@lru_cache(maxsize=64)
def _utc(text):
    """A time of the header; cached, since each is needed many times and takes as long as a step of the calibration."""
    with warnings.catch_warnings():
        # "Dubious year" warnings are ignored; another rule checks whether the date lies within the
        # mission.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        time = Time(text, format="isot", scale="utc")
        # Computed now, within the filter, and cached by the time object, so that no warning appears
        # later.
        _ = time.mjd, time.isot, time.tai, time.tdb
    return time


def _parsed(text, cards):
    try:
        return _utc(text.strip().replace("/", "-").replace(" ", "T"))
    except ValueError as error:
        msg = f"The cards {cards} hold {shown(text)}, which is not a date."
        raise HeaderError(msg) from error


def _has_clock(text):
    return "T" in text or ":" in text


def header_time(header, day="date-obs", clock="time-obs"):
    """
    Join the cards of day and time of day of level 0.5; return None without the day, and raise
    `~sunpy_lasco.errors.HeaderError` if they are not a date.
    """
    text = card_text(header, day)
    if not text:
        return None
    clock_text = card_text(header, clock) if clock else ""
    if clock_text and not _has_clock(text):
        text = f"{text}T{clock_text}"
    return _parsed(text, f"{day.upper()} and {str(clock).upper()}")


def middle_of_exposure(start, exptime):
    """
    Middle of an exposure of a given length in the form of the ground system: Modified Julian day, and second
    of that day.
    """
    middle = start.mjd + exptime / 2 / 86400
    return int(np.floor(middle)), float((middle % 1) * 86400)


def exposure_texts(start, ahead, exptime):
    """
    Beginning, middle and end of an exposure, ISO texts of UTC to the millisecond.

    The start is a `~astropy.time.Time` by a clock that was some seconds ahead.  The numbers are those of sums of
    `~astropy.time.Time` and `~astropy.time.TimeDelta`, bit by bit, at a tenth of their time.
    """
    utc = start.utc
    day, part = erfa.utctai(utc.jd1, utc.jd2)
    whole, rest = day_frac(ahead, 0.0, divisor=erfa.DAYSEC)
    day, part = erfa.utctai(*erfa.taiutc(*day_frac(day - whole, part - rest)))
    whole, rest = day_frac(exptime, 0.0, divisor=erfa.DAYSEC)
    half = day_frac(whole, rest, divisor=2.0)
    later = np.array([0.0, half[0], whole]), np.array([0.0, half[1], rest])
    times = erfa.taiutc(*day_frac(day + later[0], part + later[1]))
    *dates, clocks = erfa.d2dtf("UTC", 3, *times)
    return [
        f"{year:04d}-{month:02d}-{day:02d}T{clock['h']:02d}:{clock['m']:02d}:{clock['s']:02d}.{clock['f']:03d}"
        for year, month, day, clock in zip(*dates, clocks, strict=True)
    ]


def exposure_start(header, *, strict=True):
    """
    Start of the exposure in a header (None without a day), and warnings for the user.

    The time of day is taken from DATE-OBS or DATE_OBS, else from TIME-OBS or TIME_OBS, else from MID_DATE,
    MID_TIME and EXPTIME. If all of these are missing, `~sunpy_lasco.errors.HeaderError` is raised, or
    midnight is used if not ``strict``.
    """
    days = [text for card in ("date-obs", "date_obs") if (text := card_text(header, card))]
    clocks = [text for card in ("time-obs", "time_obs") if (text := card_text(header, card))]
    if not days:
        return None, ""
    whole = days[0] if clocks or _has_clock(days[0]) else next((day for day in days if _has_clock(day)), None)
    if whole is not None:
        return _parsed(whole if _has_clock(whole) else f"{whole}T{clocks[0]}", "DATE-OBS and TIME-OBS"), ""
    day = _parsed(days[0], "DATE-OBS and TIME-OBS")
    mjd, second = whole_number(header, "mid_date"), number(header, "mid_time")
    exptime = None if fault_of(header, "exptime") else number(header, "exptime")
    if None not in (mjd, second, exptime):
        start = Time(mjd, (second - exptime / 2) / 86400, format="mjd", scale="utc")
        if 0 <= start.mjd - day.mjd < 1:
            note = f"TIME-OBS is missing; the start {start.isot} was computed from MID_DATE, MID_TIME and EXPTIME"
            return _utc(start.isot), note
    if not strict:
        return day, ""
    msg = (
        f"{frame_name(header)} has the day {shown(days[0])} but no time of day: TIME-OBS is missing, and MID_DATE, "
        "MID_TIME and EXPTIME do not give a time on that day."
    )
    raise HeaderError(msg)


@dataclass(frozen=True)
class Frame:
    """
    An exposure as described by its header.

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
    #: Exposure time in the header, s.
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
    #: Processing level, ``"0.5"`` or ``"1.0"``, or None.
    level: str | None
    #: FILENAME.
    filename: str

    @classmethod
    def from_header(cls, header, shape):
        """
        Read the header of data of shape (ny, nx). `~sunpy_lasco.errors.HeaderError` names all cards that are
        missing or invalid.
        """
        # The calibration reads the same header many times.
        values = tuple(header.get(card) for card in FRAME_CARDS)
        try:
            return _known(cls, *shape, _original_line(header), *values)
        except TypeError:
            # A card that holds a list or the like.
            return cls.read(header, shape)

    @classmethod
    def read(cls, header, shape):
        """As `from_header`, without its cache."""
        detector = squeezed(card_text(header, "detector"))
        if detector not in CAMERAS:
            msg = (
                f"The card DETECTOR of {frame_name(header)} holds {shown(header.get('detector'))}; only C2 and C3 are "
                "supported."
            )
            raise HeaderError(msg)
        missing = [card for card in ("filter", "polar", "exptime") if is_blank(header.get(card))]
        start = original_start(header)
        if start is None:
            missing.insert(0, "date-obs")
        if missing:
            cards = ", ".join(card.upper() for card in missing)
            msg = f"{frame_name(header)} lacks the cards {cards}: they are required."
            raise HeaderError(msg)
        exptime = number(header, "exptime")
        chip, leb, corner = _sums(header, shape)
        mid_mjd, mid_time = middle_of_exposure(start, exptime)
        stated = whole_number(header, "mid_date"), number(header, "mid_time")
        if None not in stated:
            mid_mjd, mid_time = stated
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
            port=squeezed(card_text(header, "readport")) or "C",
            compression=card_text(header, "comprssn"),
            hcompress_scale=number(header, "hcomp_sf", 0.0),
            processed=_processed(header),
            is_model=card_text(header, "fileorig") in ("0", "0.0"),
            level=_level(header),
            filename=plain_filename(header),
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
        """Whether the frame was sent with the blocks that are usually omitted."""
        return "Z" in self.compression


def original_start(header):
    """
    Start of the exposure by the uncorrected clock, or None.

    In level 1 DATE-OBS is corrected; the original start is in the card DATE-ORI of this package, or in the
    HISTORY of the official product.
    """
    own = header_time(header, "date-ori", None)
    if own is not None:
        return own
    found = _ORIGINAL.fullmatch(_original_line(header))
    if found:
        return _parsed(f"{found[1]}T{found[2]}", "HISTORY")
    return exposure_start(header, strict=False)[0]


_ORIGINAL = re.compile(r"Original\s+date_obs:\s*(\d{4}/\d{2}/\d{2})\s+(\d{2}:\d{2}:\d{2}(?:\.\d+)?)")


def _original_line(header):
    """The original start from the HISTORY of the official product; empty if it is not given."""
    found = _ORIGINAL.search(str(header.get("history", "")))
    return found[0] if found else ""


@lru_cache(maxsize=64, typed=True)
def _known(kind, ny, nx, original, *values):
    header = dict(zip(FRAME_CARDS, values, strict=True))
    return kind.read(header | {"history": original}, (ny, nx))


def _processed(header):
    """When the file was made; None if the card DATE is missing or not a date."""
    try:
        return header_time(header, "date", None)
    except HeaderError:
        return None


def _level(header):
    level = card_text(header, "level") or card_text(header, "lvl_num")
    try:
        return f"{float(level):.1f}" if level else None
    except ValueError:
        return level


def _corners(header):
    """Columns and rows of the first and the last pixel on the CCD, in the orientation of the file."""
    whole = dict(zip(("1col", "1row", "2col", "2row"), (FIRST_COLUMN, FIRST_ROW, *LAST), strict=True))
    given = {end: whole_number(header, f"r{end}") for end in whole}
    if all(value is None for value in given.values()):
        read_out = {end: whole_number(header, f"p{end}") for end in whole}
        if None not in read_out.values():
            given = _rectified(read_out, squeezed(card_text(header, "readport")) or "C")
    first_column, first_row, last_column, last_row = (
        whole[end] if value is None else value for end, value in given.items()
    )
    return (first_column, first_row), (last_column, last_row)


def _rectified(p, port):
    """
    The corners R1COL to R2ROW that follow from P1COL to P2ROW.

    Notes
    -----
    SolarSoft ``reduce_rectify``: port A is turned by 270 degrees, B transposed, C both
    transposed and turned by 180, D turned by 90.  Rows of the read-out become columns.
    """
    turn = FIRST_COLUMN + FULL_FRAME
    columns = p["1row"] + FIRST_COLUMN - 1, p["2row"] + FIRST_COLUMN - 1
    rows = p["1col"] - FIRST_COLUMN + 1, p["2col"] - FIRST_COLUMN + 1
    if port in ("C", "D"):
        columns = turn - p["2row"], turn - p["1row"]
    if port in ("A", "C"):
        rows = turn - p["2col"], turn - p["1col"]
    return {"1col": columns[0], "1row": rows[0], "2col": columns[1], "2row": rows[1]}


def _sums(header, shape):
    """Sums on the chip and in the electronics box, and the corner; wrong LEB sums are corrected."""
    chip = max(whole_number(header, "sumcol", 1), 1), max(whole_number(header, "sumrow", 1), 1)
    first, last = _corners(header)
    sums = []
    for axis, length in enumerate((shape[1], shape[0])):
        extent = last[axis] - first[axis] + 1
        if length <= 0 or extent <= 0 or extent % length or (extent // length) % chip[axis]:
            msg = (
                f"{frame_name(header)}: the CCD coordinates R1COL, R1ROW, R2COL, R2ROW ({first} to {last}) do not fit "
                f"an array of {shape[1]} x {shape[0]} pixels and sums of {chip} on the chip."
            )
            raise HeaderError(msg)
        # Headers of March 1997 hold 1 although the electronics box summed. Later headers agree with
        # the ratio, so it is always used.
        sums.append(extent // length // chip[axis])
    return chip, tuple(sums), (first[0] - FIRST_COLUMN, first[1] - FIRST_ROW)
