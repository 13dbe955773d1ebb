"""
Check whether the pixels of an image are still those of its file.

sunpy calls a map class in the same way for a file and for an array with the header of a file, such as a
difference, a logarithm or a filtered image. The cards DATAMIN, DATAMAX, DATAZER and DATAAVG describe the
pixels of the file and allow the two to be distinguished.
"""

import re

import numpy as np

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.geometry.vintages import lenient_frame
from sunpy_lasco.instrument.cards import fault_of, number
from sunpy_lasco.instrument.changes import require_exposure, without_statistics
from sunpy_lasco.instrument.headers import is_raw

__all__ = ["holds_brightness", "holds_counts", "is_whole_file", "require_brightness", "require_counts", "with_checksum"]

#: Lowest possible counts of a read-out, DN. The bias of any port was at least 283 DN, and lossy compression lowers
#: single pixels by some DN.
LOWEST_COUNT = 250.0
#: End of the scale of the converter, 14 bits.
FULL_SCALE = 16384.0
#: Tolerance of counts relative to the rounded numbers in the header.
COUNTS_MARGIN = 1.0
#: Relative agreement of brightness with the six digits of official headers.
BRIGHTNESS_AGREEMENT = 1e-5
#: Percentiles in level-0.5 headers, as in the names of their cards.
PERCENTILES = ("01", "10", "25", "75", "90", "95", "98", "99")
#: Smallest number of percentiles that allows a conclusion.
FEWEST_PERCENTILES = 5
#: Relative tolerance of percentiles, in addition to `COUNTS_MARGIN`; in real frames they agree to 1 DN, except for
#: saturated pixels.
PERCENTILE_AGREEMENT = 0.002
#: Share of pixels outside the range of the header above which the image is a different one.
MOST = 0.5
#: Signed integers of 16 bits count modulo this.
WRAP = 65536


def holds_counts(data, meta):
    """
    Whether the array, (ny, nx), of a level-0.5 map contains unprocessed counts, or a part of them.

    This is so if all values except zeros and NaN lie between DATAMIN and DATAMAX of the header, so that zeros
    must be holes; or, without these cards, if all values lie above the lowest bias. DATAMIN is the smallest
    value above zero, and DATAMAX excludes saturated pixels, whose share is DATASAT.
    """
    frame = lenient_frame(meta, data.shape)
    if not data.any():
        return True
    found = count_range(data)
    if found is None:
        values = data[(data != 0) & np.isfinite(data)]
        if values.size == 0:
            return True
        readings = [(one.min(), one.max()) for one in _readings(values, frame)]
    else:
        readings = [found]
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    low, high = _number(meta, "datamin"), _number(meta, "datamax")
    if low is None or high is None or high <= 0:
        low, high = LOWEST_COUNT * repeats, np.inf
    elif _number(meta, "datasat"):
        high = max(high, FULL_SCALE * repeats)
    return any(low - COUNTS_MARGIN <= least and most <= high + COUNTS_MARGIN for least, most in readings)


def count_range(counts):
    """
    The smallest nonzero count and the largest count of an array.

    None for floats and negative numbers, which need a slower method.
    """
    counts = counts.astype(counts.dtype.newbyteorder("="), copy=False)
    if counts.dtype.kind not in "iu" or counts.min() < 0:
        return None
    if counts.min() > 0:
        return int(counts.min()), int(counts.max())
    # Zeros become the largest values.
    unsigned = counts.view(f"u{counts.dtype.itemsize}")
    return int((unsigned - unsigned.dtype.type(1)).min()) + 1, int(counts.max())


def _readings(values, frame):
    """Counts as stored in a file, and their true values; sums beyond 32767 may be stored as negative numbers."""
    wraps = values.dtype.kind == "i" and values.dtype.itemsize == 2 and frame.is_binned and not frame.is_derived
    if not (wraps and values.min() < 0):
        return [values]
    return [values, np.where(values < 0, values.astype(np.int32) + WRAP, values)]


def holds_brightness(data, meta):
    """
    Whether the array, (ny, nx), MSB, of a level-1 map is the image that its header describes, or a part
    of it.

    This is so if all values above zero lie between DATAMIN and DATAMAX, or if the header lacks these cards.
    Values below zero are noise and are ignored. In a difference, almost all values lie below DATAMIN.
    """
    ends = _ends(meta)
    if ends is None:
        return True
    found = positive_range(data)
    if found is None:
        return not np.isfinite(data).any()
    (low, *highs), margin = ends
    return low - margin(low) <= found[0] and found[1] <= max(highs) + margin(max(highs))


#: Rows that stay in the cache of the processor while they are looked at twice.
ROWS_AT_ONCE = 128
#: Bits of infinity in single precision; those of NaN are larger, those of negative numbers still more.
INFINITY = 0x7F800000


def positive_range(data):
    """The smallest and the largest value above zero of an array, (ny, nx); None where there is none."""
    if not (isinstance(data, np.ndarray) and data.dtype == np.float32 and data.flags.c_contiguous):
        positive = data[data > 0]
        return (float(positive.min()), float(positive.max())) if positive.size else None
    lowest, highest = np.uint32(0xFFFFFFFF), np.float32(-np.inf)
    for first in range(0, len(data), ROWS_AT_ONCE):
        rows = data[first : first + ROWS_AT_ONCE]
        # Positive floats stand in the order of their bits; zero becomes the largest number of all.
        lowest = min(lowest, (rows.view(np.uint32) - np.uint32(1)).min())
        highest = max(highest, np.fmax.reduce(rows, axis=None))
    if lowest >= INFINITY:
        return None
    return float((lowest + np.uint32(1)).view(np.float32)), float(highest)


def is_whole_file(data, meta):
    """
    Whether the smallest positive and the largest value, MSB, agree with a level-1 header; False without
    DATAMIN and DATAMAX.
    """
    ends, found = _ends(meta), positive_range(data)
    if ends is None or found is None:
        return False
    (low, *highs), margin = ends
    lowest, highest = found
    return abs(lowest - low) <= margin(low) and any(abs(highest - high) <= margin(high) for high in highs)


def _ends(meta):
    """
    DATAMIN, DATAMAX and DSATVAL, if present, and their precision.

    The largest value of an official image may be DSATVAL, and its statistics were made before
    it was scaled to integers, in steps of BSCALE.
    """
    low, *highs = (_number(meta, card) for card in ("datamin", "datamax", "dsatval"))
    highs = [value for value in highs if value is not None]
    if low is None or not highs:
        return None
    step = abs(_number(meta, "bscale") or 1.0)
    step = 0.0 if step == 1.0 else step
    return (low, *highs), lambda value: BRIGHTNESS_AGREEMENT * abs(value) + step


def _number(meta, card):
    """A card as a number; None if it is not one."""
    return None if fault_of(meta, card) else number(meta, card)


def with_checksum(meta, data):
    """
    A copy of a header with the statistics of other pixels, (ny, nx).

    It has DATAMIN, DATAMAX and DATAAVG of the positive pixels, DATAZER (the number of all others) and, if
    they were present, DATASIG and the percentiles. Other cards of this kind, which concern saturation, are
    removed.
    """
    new = without_statistics(meta)
    positive = data[data > 0]
    new["datazer"] = int(data.size - positive.size)
    if positive.size == 0:
        return new
    new["datamin"] = float(positive.min())
    new["datamax"] = float(positive.max())
    new["dataavg"] = float(positive.mean(dtype=float))
    if "datasig" in meta and positive.size > 1:
        new["datasig"] = float(positive.std(dtype=float, ddof=1))
    cards = [card for card in meta if re.fullmatch(r"datap\d\d", card.lower())]
    for card, value in zip(cards, np.percentile(positive, [int(card[-2:]) for card in cards]), strict=True):
        new[card] = float(value)
    return new


def require_counts(smap, doing):
    """
    Raise an error if the array of a level-0.5 map does not contain the counts described by its header.

    ``doing`` is the intended use of the map, such as ``"calibrated"``.
    `~sunpy_lasco.errors.NotCalibratableError` is raised if the array is a difference, a multiple, a filtered
    image and so on, with the header of a file: most values then lie outside DATAMIN and DATAMAX, or the
    percentiles DATAP01 to DATAP99 are a linear function of those in the header. Wrong or lost pixels in a
    part of the image do not have this effect.
    """
    require_exposure(smap, doing)
    data, meta = smap.data, smap.meta
    if not is_raw(meta) or holds_counts(data, meta):
        return
    low, high = _number(meta, "datamin"), _number(meta, "datamax")
    values = data[(data != 0) & np.isfinite(data)].astype(float)
    if low is None or not high:
        return
    beyond = np.mean((values < low - COUNTS_MARGIN) | (values > high + COUNTS_MARGIN))
    if beyond < MOST and not _percentiles_were_mapped(values, meta):
        return
    msg = (
        f"The pixels of {meta.get('filename') or 'the map'} are not those of its header (DATAMIN {low:.6g}, DATAMAX "
        f"{high:.6g}; of the pixels, 98 % lie between {np.percentile(values, 1):.6g} and "
        f"{np.percentile(values, 99):.6g}): it is not the image of one exposure and cannot be {doing}. If it is, "
        "remove these cards."
    )
    raise NotCalibratableError(msg)


def _percentiles_were_mapped(values, meta):
    """Whether the percentiles of the values are a linear function of those in the header."""
    cards = [card for card in PERCENTILES if _number(meta, f"datap{card}")]
    if len(cards) < FEWEST_PERCENTILES:
        return False
    before = np.array([_number(meta, f"datap{card}") for card in cards])
    after = np.percentile(values, [int(card) for card in cards])
    tolerance = COUNTS_MARGIN + PERCENTILE_AGREEMENT * np.abs(before)
    factor, shift = np.polyfit(before, after, 1)
    mapped = np.abs(factor * before + shift - after) <= tolerance * max(abs(factor), 1.0)
    return bool(mapped.all() and (np.abs(after - before) > tolerance).all())


def require_brightness(smap, doing):
    """
    Raise an error if the pixels of a level-1 map are not those described by its header.

    ``doing`` is the intended use of the map, such as ``"written as level 1"``.
    `~sunpy_lasco.errors.NotCalibratableError` is raised if the array is a difference, a filtered image and so
    on, with the header of a level-1 image.
    """
    require_exposure(smap, doing)
    if not holds_brightness(smap.data, smap.meta):
        meta = smap.meta
        msg = (
            f"The pixels of {meta.get('filename') or 'the map'} are not those of its header (DATAMIN "
            f"{meta['datamin']}, DATAMAX {meta['datamax']}): it is not the image of one exposure and cannot be "
            f"{doing}. If it is, update its statistics with sunpy_lasco.level1.finish_header."
        )
        raise NotCalibratableError(msg)
