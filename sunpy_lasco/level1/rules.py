"""
Consistency rules for the cards, the shape and the pixels of a level-0.5 frame.

`RULES` lists the requirements on a header beyond those on single cards. If a rule is broken, either the frame
is refused, or cards are corrected and the problem is reported by `sunpy_lasco.calibrate` as a warning, or as
an error with ``on_bad="raise"``.
"""

import re
import time
from dataclasses import dataclass, field

import numpy as np

from astropy.time import Time

from sunpy_lasco.errors import HeaderError, NotCalibratableError
from sunpy_lasco.geometry.pointing import (
    DEFAULT_CENTRE,
    header_pointing,
    header_roll,
    is_old_centre,
    is_placeholder,
    nominal_pointing,
)
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.bias import bias_polynomial
from sunpy_lasco.instrument.cameras import BLOCK, FIRST_COLUMN, FIRST_ROW, FULL_FRAME
from sunpy_lasco.instrument.cards import (
    CARDS,
    MISSION_START,
    REFUSED,
    card_text,
    fault_of,
    frame_name,
    number,
    plain_filename,
    shown,
    whole_number,
)
from sunpy_lasco.instrument.constants import mjd_of, value_of
from sunpy_lasco.instrument.frame import LAST, Frame, exposure_start, is_standard, middle_of_exposure, squeezed
from sunpy_lasco.map.checksum import count_range

__all__ = ["PIXEL_RULES", "RULES", "judge_header", "judge_pixels"]

#: MID_TIME has six digits, that is 0.1 s late in the day; in 84 real headers it is at most 0.06 s off.
MIDDLE_AGREES_WITHIN = 0.2
#: Largest difference between the clocks of computers and of the ground system, d.
CLOCK_MARGIN = 1.0
#: The day (MJD) from which computers count seconds, 1970-01-01.
UNIX_EPOCH = 40587
#: Days on which LEBXSUM and LEBYSUM are 1 although the electronics box summed.
FALSE_SUMS = Time("1997-03-06"), Time("1997-03-21")
#: Largest difference of the roll in a header from the nominal one, degree.
ROLL_AGREES_WITHIN = 3.0
#: A file name of the ground system: camera, kind of data, counter.
GROUND_NAME = re.compile(r"([1-4])[1-6]\d{6}\.(fts|fits)")

#: Corners on the CCD in the orientation of the read-out.
_AS_READ_OUT = ("P1COL", "P1ROW", "P2COL", "P2ROW")

#: Full scale of the analogue-digital converter, DN; excluded from the statistics of the ground system.
FULL_SCALE = 16383
#: Relative overshoot of the lossy compression is less than this.
OVERSHOOT = 1.02
#: Up to this many pixels beyond the full scale are marks of the ground system (65535).
MARKS = 16
#: No pixel is darker than this fraction of the bias. Lossy frames of C2 have some at 0.79.
DARKEST_SHARE = 0.6
#: In a whole frame some pixels, apart from `ODD_ONES`, are darker than this multiple of the bias; the darkest corners
#: have 1.04 times at 100 s.
BRIGHTEST_SHARE = 2.0
#: A block may hold a single value only if its light is less than this fraction of the bias. There the lossy compression
#: flattens 16 x 16 pixels, but never a whole block.
FLAT_SHARE = 1.2
#: Number of pixels per hundred thousand that may be outliers.
ODD_ONES = 10
#: Relative error of DATAAVG by bytes per count: it has six digits and was summed in single precision. In 41 real frames
#: it is at most 3e-6 and 2e-5.
MEAN_AGREES_WITHIN = {2: 2e-5, 4: 1e-4}
#: In derived images and models, from which the bias was subtracted, some pixels lie below this fraction of the bias.
DERIVED_SHARE = 0.9


@dataclass
class Judgement:
    """Problems of a frame that can still be used, and their corrections."""

    #: A clause for each thing that cannot be right.
    problems: list = field(default_factory=list)
    #: Cards to set, by lower-case keyword; None removes one.
    cards: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A rule: its condition, its cards, and what happens if it is broken."""

    #: Keywords.
    cards: str
    #: Condition.
    holds: str
    #: What happens if it is not met.
    otherwise: str
    #: Function of header, frame and judgement, which raises an error or extends the judgement.
    check: object


def _refuse(header, message):
    msg = f"{frame_name(header)}: {message}"
    raise HeaderError(msg)


def _tomorrow():
    """Latest possible day of a frame (MJD)."""
    return UNIX_EPOCH + time.time() / 86400 + CLOCK_MARGIN


def _in_mission(header, frame, _judged):
    if not MISSION_START.mjd <= frame.start.mjd <= _tomorrow():
        day, first = frame.start.isot[:10], MISSION_START.isot[:10]
        _refuse(header, f"DATE-OBS is {day}, which is outside the mission (since {first}).")


def _time_of_day(header, frame, judged):
    _, note = exposure_start(header)
    if note:
        judged.problems.append(note)
        day, clock = frame.start.isot.split("T")
        judged.cards |= {"date-obs": day.replace("-", "/"), "time-obs": clock}


def _middle(header, frame, judged):
    day, second = whole_number(header, "mid_date"), number(header, "mid_time")
    mjd, time = middle_of_exposure(frame.start, frame.exptime)
    late = None if day is None or second is None else (day - mjd) * 86400.0 + second - time
    if late is not None and abs(late) <= MIDDLE_AGREES_WITHIN:
        return
    judged.cards |= {"mid_date": mjd, "mid_time": round(time, 3)}
    if late is not None:
        judged.problems.append(
            f"MID_DATE {day} and MID_TIME {second:g} are {late:+.1f} s from the middle computed from DATE-OBS, "
            "TIME-OBS and EXPTIME, which is used"
        )


def _made_after(header, frame, judged):
    if frame.processed is None:
        if card_text(header, "date"):
            judged.problems.append(f"DATE holds {shown(header.get('date'))}, which is not a date, and is ignored")
            judged.cards["date"] = None
        return
    if not frame.start.mjd - CLOCK_MARGIN <= frame.processed.mjd <= _tomorrow():
        judged.problems.append(
            f"DATE {card_text(header, 'date')}, when the file was made, is before the exposure or in the future; it "
            "is ignored"
        )
        judged.cards["date"] = None
    elif frame.start.mjd < mjd_of("pointing.in_header") <= frame.processed.mjd and is_old_centre(header, frame):
        judged.problems.append(
            f"DATE {card_text(header, 'date')}, when the file was made, contradicts CRPIX1 and CRPIX2, which are "
            f"those of all files made before {value_of('pointing.in_header')}; it is ignored"
        )
        judged.cards["date"] = None


def _on_the_ccd(header, frame, _judged):
    (x, y), (ny, nx), (sx, sy) = frame.corner, frame.shape, frame.binning
    if min(x, y) < 0 or x + nx * sx > FULL_FRAME or y + ny * sy > FULL_FRAME:
        first = x + FIRST_COLUMN, y + FIRST_ROW
        last = first[0] + nx * sx - 1, first[1] + ny * sy - 1
        _refuse(header, f"its corners, columns and rows {first} to {last} of the CCD, are not all on it.")


def _sums(header, frame, judged):
    chip = frame.chip_sum
    box = tuple(max(whole_number(header, card, 1), 1) for card in ("lebxsum", "lebysum"))
    if box == frame.leb_sum:
        return
    if box == (1, 1) and FALSE_SUMS[0] <= frame.start < FALSE_SUMS[1]:
        return
    (ny, nx), (sx, sy) = frame.shape, frame.binning
    extent = f"R1COL to R2ROW ({nx * sx} x {ny * sy} pixels) and the {nx} x {ny} pixels of the image"
    if box == (1, 1) and frame.leb_sum[0] == frame.leb_sum[1]:
        judged.problems.append(f"LEBXSUM and LEBYSUM are 1, but {extent} require {frame.leb_sum[0]}, which is used")
        judged.cards |= {"lebxsum": frame.leb_sum[0], "lebysum": frame.leb_sum[1]}
        return
    _refuse(
        header,
        f"SUMCOL, SUMROW {chip} times LEBXSUM, LEBYSUM {box} contradict {extent}: lines are missing, or the cards are "
        "wrong.",
    )


def _wheels(header, frame, _judged):
    camera = frame.camera.name
    for card, derived in (("FILTER", ()), ("POLAR", CARDS["POLAR"].values["derived"])):
        values = CARDS[card].values[camera]
        if squeezed(header.get(card.lower())) not in (*values, *derived):
            msg = (
                f"{frame_name(header)}: {camera} has no {card} {shown(header.get(card.lower()))}; "
                f"it has {', '.join(values)}."
            )
            raise NotCalibratableError(msg)


def _port(header, frame, _judged):
    if frame.port not in CARDS["READPORT"].values["all"]:
        msg = f"{frame_name(header)}: read-out port {shown(header.get('readport'))} is unknown; LASCO has A to D."
        raise NotCalibratableError(msg)


def _camera_of_name(header, frame, judged):
    found = GROUND_NAME.fullmatch(plain_filename(header))
    if found and found[1] != frame.camera.digit:
        judged.problems.append(f"FILENAME {found[0]} belongs to another camera than DETECTOR {frame.camera.name}")
        judged.cards["filename"] = None


def _model(header, frame, judged):
    if frame.is_model and GROUND_NAME.fullmatch(frame.filename):
        judged.problems.append(
            f"FILEORIG 0 marks a model, but FILENAME {frame.filename} an exposure; it is treated as an exposure"
        )
        judged.cards["fileorig"] = None


def _sun_at_crpix(header, _frame, _judged):
    values = [number(header, card, 0.0) for card in ("crval1", "crval2")]
    if values != [0.0, 0.0] and not is_standard(header):
        _refuse(
            header,
            f"CRVAL1, CRVAL2 hold {values[0]:g}, {values[1]:g}; in level 0.5 they are 0. To move the Sun, use "
            "sunpy_lasco.update_pointing, or shift_reference_coord of the map.",
        )


def _pointing(header, frame, judged):
    roll = header_roll(header)
    if is_standard(header) or roll is None or is_placeholder(header, frame):
        return
    measured = (frame.processed or frame.start).mjd >= mjd_of("pointing.in_header")
    nominal = nominal_pointing(frame, flipped=is_flipped(roll)).roll if measured else 180.0 * is_flipped(roll)
    off = float(normalize_roll(roll - nominal))
    if abs(off) > ROLL_AGREES_WITHIN:
        judged.problems.append(f"the roll of {roll:g} degrees differs by {off:+.1f} from the attitude of SOHO")
    has_centre = number(header, "crpix1") is not None and number(header, "crpix2") is not None
    if measured and has_centre and header_pointing(header, frame).centre_source == DEFAULT_CENTRE:
        judged.problems.append("CRPIX1 and CRPIX2 are too far from the usual Sun centre and are ignored")


#: The rules for cards, in the order in which they are checked.
RULES = (
    Rule(
        "DATE-OBS",
        f"the exposure began between {MISSION_START.isot[:10]} and now",
        "refused",
        _in_mission,
    ),
    Rule(
        "DATE-OBS, TIME-OBS, DATE_OBS, TIME_OBS",
        "one of them contains the time of day; midnight is never assumed",
        "it is computed from MID_DATE, MID_TIME and EXPTIME, and a problem is reported; if that is impossible, not "
        "even a map is created",
        _time_of_day,
    ),
    Rule(
        "MID_DATE, MID_TIME",
        f"the middle of the exposure is start + EXPTIME / 2, within {MIDDLE_AGREES_WITHIN} s",
        "they are corrected, and a problem is reported unless they are missing",
        _middle,
    ),
    Rule(
        "DATE",
        "the file was made after the exposure and not in the future; before 2010-11-08 if the Sun centre is one that "
        "all earlier files had",
        "the card is removed, and a problem is reported",
        _made_after,
    ),
    Rule(
        "R1COL, R1ROW, R2COL, R2ROW",
        f"the image lies within columns {FIRST_COLUMN} to {LAST[0]} and rows {FIRST_ROW} to {LAST[1]} of the CCD",
        "refused",
        _on_the_ccd,
    ),
    Rule(
        "SUMCOL, SUMROW, LEBXSUM, LEBYSUM, R1COL, R1ROW, R2COL, R2ROW",
        "corners and sums agree with the number of columns and rows of the image",
        "refused; if only LEBXSUM and LEBYSUM contradict a sum that is equal along both axes, they are corrected and "
        "a problem is reported, except in March 1997, when this fault is in all headers",
        _sums,
    ),
    Rule("FILTER, POLAR", "the camera has them", "refused", _wheels),
    Rule("READPORT", "the camera has it", "refused", _port),
    Rule(
        "FILENAME, DETECTOR",
        "the first digit of a ground-system file name is that of the camera",
        "the name is ignored, and a problem is reported",
        _camera_of_name,
    ),
    Rule(
        "FILEORIG, FILENAME",
        "a model (FILEORIG 0) does not have the file name of an exposure",
        "treated as an exposure, and a problem is reported",
        _model,
    ),
    Rule("CRVAL1, CRVAL2", "they are 0", "refused", _sun_at_crpix),
    Rule(
        "CROTA1, CRPIX1, CRPIX2",
        f"the roll is within {ROLL_AGREES_WITHIN:g} degrees of the nominal one, or of that turned by 180 degrees, and "
        "the Sun centre is near the usual one",
        "a problem is reported; the roll is used unchanged, and an impossible Sun centre is replaced by the default",
        _pointing,
    ),
)


def _has_r(header, name):
    """Whether a corner card refers to the orientation of the read-out while cards of the other kind exist."""
    return name in _AS_READ_OUT and header.get(f"r{name[1:].lower()}") is not None


def judge_header(header, shape):
    """
    Check a level-0.5 header against all rules.

    Parameters
    ----------
    header : mapping
        With lower-case or case-insensitive keys.
    shape : `tuple` of `int`
        Shape of the data, (ny, nx).

    Returns
    -------
    problems : `list` of `str`
        A clause for each problem that does not prevent the calibration.
    cards : `dict`
        Corrected cards by lower-case keyword; None marks a card to remove.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If required cards are missing or unusable; the error names all of them.
    sunpy_lasco.errors.NotCalibratableError
        If the camera has no such filter, polariser or read-out port.
    """
    # The P corners are read only if the R corners are missing.
    read = [name for name, card in CARDS.items() if card.kind.endswith("number") and not _has_r(header, name)]
    faults = {name: fault for name in read if (fault := fault_of(header, name))}
    refused = [fault for name, fault in faults.items() if CARDS[name].wrong == REFUSED]
    if refused:
        raise HeaderError(" ".join(refused))
    frame = Frame.from_header(header, shape)
    judged = Judgement([f"{fault.removesuffix('.')}; it is {CARDS[name].wrong}" for name, fault in faults.items()])
    for rule in RULES:
        rule.check(header, frame, judged)
    return judged.problems, judged.cards


@dataclass(frozen=True)
class PixelRule:
    """A rule for pixels: its condition, and what happens if it is broken."""

    #: Keywords.
    cards: str
    #: Condition.
    holds: str
    #: What happens if it is not met.
    otherwise: str


#: The rules for pixels, checked by `judge_pixels`.
PIXEL_RULES = (
    PixelRule("", "the pixels are real numbers", "refused"),
    PixelRule("", "at least one pixel holds a count", "a problem is reported: the frame holds no data"),
    PixelRule(
        "DATAMIN, DATAMAX, DATAZER, DATAAVG",
        "they are the statistics of the pixels and serve as a checksum of the ground system; compared only for "
        "unmodified frames, not after a cut, rotation, repair or other operation",
        "a problem",
    ),
    PixelRule(
        "",
        f"no count lies between 0 and {DARKEST_SHARE:g} times the bias of the day, in all read-outs that were summed",
        "such pixels are treated as lost, and a problem is reported",
    ),
    PixelRule(
        "",
        f"no block of {BLOCK} x {BLOCK} pixels holds a single value that is more than {FLAT_SHARE:g} times the bias "
        "and "
        "below saturation: light has noise",
        "such blocks are treated as lost, and a problem is reported",
    ),
    PixelRule(
        "",
        f"no more than {MARKS} counts lie beyond the full scale of the converter, {FULL_SCALE} DN, in all read-outs "
        "that were summed",
        "a problem",
    ),
    PixelRule(
        "POLAR, FILEORIG",
        "from derived images and models the bias was subtracted",
        "a problem",
    ),
    PixelRule(
        "",
        f"the darkest pixels of a whole frame hold less than {BRIGHTEST_SHARE:g} times the bias",
        "a problem is reported: sums or counts do not match the header",
    ),
)


def judge_pixels(raw, header, frame, *, as_read=True):
    """
    Check the pixels of a level-0.5 frame against all rules.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts as stored in the file, shape (ny, nx).
    header : mapping
        With lower-case or case-insensitive keys.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        The frame of this header.
    as_read : `bool`, optional
        Whether the pixels are unmodified, so that they can be compared with the statistics in the header.

    Returns
    -------
    problems : `list` of `str`
        A clause for each thing that cannot be right.
    impossible : `~numpy.ndarray` of `bool` or None
        Pixels that cannot be counts of this camera, shape (ny, nx).

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the pixels are not real numbers.
    """
    raw = np.asarray(raw)
    if raw.dtype.kind not in "iuf":
        msg = f"{frame_name(header)}: its pixels are of type {raw.dtype}, not numbers of counts."
        raise NotCalibratableError(msg)
    counts = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    if counts.dtype.kind == "f":
        counts = np.where(np.isfinite(counts), counts, counts.dtype.type(0))
    if not counts.any():
        return ["it holds no data"], None
    problems = _unlike_statistics(counts, header, frame) if as_read else []
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    bias = bias_polynomial(frame.camera.name, frame.mid_mjd, frame.port) * repeats
    if frame.is_derived or frame.is_model:
        what = f"POLAR {frame.polar} marks a derived image" if frame.is_derived else "FILEORIG 0 marks a model"
        if counts[counts != 0].min() > DERIVED_SHARE * bias:
            problems.append(f"{what}, whose bias was subtracted, but all pixels lie above the bias of {bias:.0f} DN")
        return problems, None
    if frame.is_binned and counts.dtype.kind == "i" and counts.dtype.itemsize == 2:
        counts = counts.view(np.uint16)
    known = count_range(counts)
    # In most frames it is obvious that none is too low.
    if known is not None and known[0] >= DARKEST_SHARE * bias:
        impossible = np.zeros(counts.shape, bool)
    else:
        impossible = (counts > 0) & (counts < DARKEST_SHARE * bias)
    if number_low := np.count_nonzero(impossible):
        problems.append(
            f"{number_low} pixels hold less than {DARKEST_SHARE:g} times the bias of {bias:.0f} DN (the least "
            f"{counts[impossible].min():g})and are treated as lost"
        )
    flat = _flat_blocks(counts, FLAT_SHARE * bias, frame.camera.saturation * repeats)
    if number_flat := np.count_nonzero(flat):
        problems.append(f"{number_flat // BLOCK**2} blocks hold a single value and are treated as lost")
        impossible |= flat
    limit = OVERSHOOT * FULL_SCALE * repeats
    beyond = 0 if known is not None and known[1] <= limit else np.count_nonzero(counts > limit)
    if beyond > MARKS:
        problems.append(f"{beyond} pixels hold more than the full scale of {FULL_SCALE * repeats} DN")
    if frame.is_full_frame:
        problems += _too_bright(counts, impossible, bias)
    return problems, impossible if number_low or number_flat else None


def _too_bright(counts, impossible, bias):
    """Check whether even the darkest pixels of a whole frame are too bright; a list of one clause, or empty."""
    sample, measured = counts[::3, ::3], (counts[::3, ::3] > 0) & ~impossible[::3, ::3]
    dark = np.count_nonzero(measured & (sample <= BRIGHTEST_SHARE * bias))
    if dark > ODD_ONES or np.count_nonzero(measured) <= ODD_ONES:
        return []
    darkest = float(np.partition(sample[measured], ODD_ONES)[ODD_ONES])
    return [
        f"its darkest pixels hold {darkest:.0f} DN, but the bias is {bias:.0f} DN; sums or counts do not match the "
        "header"
    ]


def _flat_blocks(counts, low, high):
    """Pixels of blocks with a single value between two limits, (ny, nx); real light has noise."""
    flat = np.zeros(counts.shape, bool)
    ny, nx = (length - length % BLOCK for length in counts.shape)
    blocks = counts[:ny, :nx].reshape(ny // BLOCK, BLOCK, nx // BLOCK, BLOCK)
    first = blocks[:, 0, :, 0]
    # Few blocks have even one row with a single value.
    rows, columns = np.nonzero((first > low) & (first < high) & (blocks[:, 0] == first[..., None]).all(axis=2))
    whole = (blocks[rows, :, columns] == first[rows, columns][:, None, None]).all(axis=(1, 2))
    rows, columns = rows[whole], columns[whole]
    for row, column in zip(rows * BLOCK, columns * BLOCK, strict=True):
        flat[row : row + BLOCK, column : column + BLOCK] = True
    return flat


def _unlike_statistics(counts, header, frame):
    """Differences between the statistics in a header and the counts; a list of one clause, or empty."""
    stated = {card: number(header, card) for card in ("datamin", "datamax", "datazer", "dataavg")}
    if not stated["datamax"]:
        # Never filled in.
        return []
    mean_within = MEAN_AGREES_WITHIN[2 if counts.dtype.itemsize == 2 else 4]
    known = count_range(counts)
    if known is not None:
        # Sums of integers are exact without a copy in double precision.
        number_measured = int(np.count_nonzero(counts))
        mean = float(counts.sum(dtype=np.int64)) / number_measured
        if not _differences(stated, *known, counts.size - number_measured, mean, mean_within):
            return []
    found = counts[counts != 0]
    readings = [found]
    if found.max() == FULL_SCALE and (found < FULL_SCALE).any():
        readings.append(found[found < FULL_SCALE])
    if frame.is_binned and counts.dtype.kind == "i" and found.min() < 0:
        readings.append(np.where(found < 0, found.astype(np.int32) + 65536, found))
    zeros = counts.size - found.size
    differences = min(
        (_differences(stated, one.min(), one.max(), zeros, _mean(one), mean_within) for one in readings), key=len
    )
    if not differences:
        return []
    return [f"its pixels do not agree with its header ({', '.join(differences)})"]


def _mean(found):
    return float(found.sum(dtype=np.int64 if found.dtype.kind in "iu" else float)) / found.size


def _differences(stated, least, most, zeros, mean, mean_within):
    """Cards that disagree with the pixels, with both values."""
    values = {"datamin": float(least), "datamax": float(most), "datazer": zeros, "dataavg": mean}
    within = {"datamin": 0.5, "datamax": 0.5, "datazer": 0.5, "dataavg": mean_within * abs(values["dataavg"])}
    return [
        f"{card.upper()} {stated[card]:.10g}, pixels {value:.10g}"
        for card, value in values.items()
        if stated[card] is not None and abs(stated[card] - value) > within[card]
    ]
