"""
Statistics of an image for its header.
"""

import numpy as np

from sunpy_lasco.level1.interpolation import fused_loops

__all__ = ["PERCENTILES", "image_statistics", "official_statistics"]

#: The percentiles of the header, DATAP01 to DATAP99.
PERCENTILES = (1, 10, 25, 50, 75, 90, 95, 98, 99)
#: An image with values from here on is clipped at `CUT`, MSB (official statistics).
CUT_FROM = 0.1
CUT = 5e-5
#: The histogram of the official statistics has at least this many bins up to the
#: median.
MEDIAN_BINS = 1000


def image_statistics(image):
    """
    Statistics of the finite pixels.

    Parameters
    ----------
    image : `numpy.ndarray`
        MSB; NaN is missing.

    Returns
    -------
    `dict`
        DATAMIN, DATAMAX, DATAAVG, DATASIG and the percentiles of the positive pixels in MSB; DATAZER is the
        number of pixels that are missing or not positive. If no pixel is positive, only DATAZER is returned.
    """
    positive, counts = _positive(np.ascontiguousarray(image, np.float32))
    size = positive.size
    cards = {"DATAZER": int(image.size - size)}
    if size == 0:
        return cards
    cards["DATAMIN"], cards["DATAMAX"] = float(positive.min()), float(positive.max())
    deviations = positive.astype(float)
    mean = float(deviations.mean())
    deviations -= mean
    cards["DATAAVG"] = mean
    cards["DATASIG"] = float(np.sqrt(deviations @ deviations / (size - 1))) if size > 1 else 0.0
    del deviations
    places = {q: q / 100 * (size - 1) for q in PERCENTILES}
    values = _values_by_rank(
        positive, counts, [min(int(place) + k, size - 1) for place in places.values() for k in (0, 1)]
    )
    for (q, place), below, above in zip(places.items(), values[::2], values[1::2], strict=True):
        cards[f"DATAP{q:02d}"] = below + (above - below) * (place - int(place))
    return cards


#: Values are counted by the upper bits of single precision: sign, exponent, and this many of the 23 mantissa bits.
COUNTED_DIGITS = 9
SHIFT = 23 - COUNTED_DIGITS
#: Number of values that numpy counts at once; it makes copies of twice their size.
COUNTED_AT_ONCE = 2**17


def _positive(image):
    """The positive numbers of an image, float32, and how many there are with the same upper bits."""
    fused = fused_loops()
    if fused is None:
        positive = image[image > 0]
        return positive, _counted(positive.view(np.int32))
    largest = np.fmax.reduce(image, axis=None, initial=np.float32(0)).view(np.int32)
    positive, counts = np.empty(image.size, np.int32), np.zeros((int(largest) >> SHIFT) + 1, np.int64)
    # The bits of NaN are larger than those of any number, infinity included.
    size = fused.positive_bits(image.reshape(-1).view(np.int32), SHIFT, largest, positive, counts)
    return positive[:size].view(np.float32), counts


def _values_by_rank(values, counts, ranks):
    """Order statistics without a full sort, which would take five times as long."""
    # Positive floats have the same order as their bits.
    bits, ends = values.view(np.int32), np.cumsum(counts)
    bins = np.searchsorted(ends, ranks, side="right")
    wanted = np.zeros(counts.size, bool)
    wanted[bins] = True
    some = np.sort(_chosen(bits, wanted, counts[wanted].sum()).view(np.float32))
    # Number of values before a bin that are not among the sorted ones.
    skipped = np.cumsum(np.where(wanted, 0, counts))
    return [float(some[rank - skipped[place]]) for rank, place in zip(ranks, bins, strict=True)]


def _blocks(bits):
    return (bits[place : place + COUNTED_AT_ONCE] for place in range(0, bits.size, COUNTED_AT_ONCE))


def _counted(bits):
    """Number of values, given as bits, for each value of the upper bits."""
    counts = np.zeros((int(bits.max(initial=0)) >> SHIFT) + 1, np.int64)
    for block in _blocks(bits):
        counts += np.bincount(np.right_shift(block, SHIFT, dtype=np.intp), minlength=counts.size)
    return counts


def _chosen(bits, wanted, number):
    """The values, given as bits, whose upper bits are requested."""
    fused = fused_loops()
    if fused is None:
        places = ((block, np.right_shift(block, SHIFT, dtype=np.intp)) for block in _blocks(bits))
        return np.concatenate([block[np.take(wanted, place)] for block, place in places])
    chosen = np.empty(number, np.int32)
    fused.choose_by_bits(bits, SHIFT, wanted, chosen)
    return chosen


def official_statistics(image, *, saturation_maximum=None, saturation_minimum=None):
    """
    Statistics of the official product.

    Parameters
    ----------
    image : `numpy.ndarray`
        MSB.  NaN counts as zero.
    saturation_maximum, saturation_minimum : `float`, optional
        Ends of the scale of an integer product, MSB.

    Returns
    -------
    cards : `dict`
        DATAMIN to DATAP99. Empty if no pixel is positive.
    image : `numpy.ndarray`
        The image, clipped at 5e-5 MSB if it reaches 0.1 MSB.

    Notes
    -----
    SolarSoft ``reduce_statistics2``, step by step: the percentiles come from a histogram of truncated values,
    in which each percentile uses up a bin.
    """
    image = np.nan_to_num(np.asarray(image, dtype=float))
    if image.max() >= CUT_FROM:
        image = np.where(image > CUT, CUT, image)
    positive = np.sort(image[image > 0])
    n = positive.size
    if n == 0:
        return {}, image
    lowest, highest = positive[0], positive[-1]
    scale = 1.0
    while positive[n // 2] * scale < MEDIAN_BINS:
        scale *= 10.0
    limit = highest if saturation_maximum is None else saturation_maximum
    floor = lowest if saturation_minimum is None else saturation_minimum
    below = positive[positive < limit]
    cards = {
        "DATAMIN": lowest,
        "DATAMAX": below[-1] if limit == highest and below.size else highest,
        "DATAZER": int(image.size - n),
        "DATASAT": int((~(image < limit)).sum()),
        "DSATVAL": limit,
        "DSATMIN": floor,
        "NSATMIN": int(((image < floor) & (image != 0)).sum()),
        "DATAAVG": positive.mean(),
        "DATASIG": positive.std(ddof=1) if n > 1 else 0.0,
    }
    bins = np.trunc(positive * scale).astype(np.int64)
    position = -1
    for q in PERCENTILES:
        # The first bin whose cumulative count exceeds q % of the pixels, but never one that an
        # earlier percentile used.
        position = max(int(bins[int(n * q / 100.0)]), position + 1)
        cards[f"DATAP{q:02d}"] = position / scale
    return cards, image
