"""
The electronic bias of an exposure.

The official pipeline uses the value in the exposure-factor file of the day, else polynomials in time
(SolarSoft ``offset_bias``). The header card OFFSET holds the prediction of the day on which the file was
made. It is up to 11 DN off and is used only after the end of the polynomials.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.constants import error_of, value_of
from sunpy_lasco.instrument.pixel_grid import full_axes

__all__ = ["Bias", "bias_excess", "bias_polynomial", "choose_bias", "dark_level", "late_c2_bias"]

#: A bias may exceed the first percentile of the frame by this much, DN.  In lossy frames single pixels are 3 to 6 DN
#: below a correct bias, percentiles are not.
SANITY_MARGIN = 5.0
#: The first percentile is taken of each of so many pixels, of which at least so many must have been transmitted.
PERCENTILE_STEP, FEWEST_PIXELS = 7, 100
#: The first column of the detector is recognised by the scatter of its pixels relative to that of a neighbouring
#: column: 0.01 to 0.03.
EDGE_CONTRAST, EDGE_BESIDE = 0.2, 3
#: Side of a corner, and radius of the area used behind the occulter, full-resolution pixels.
CORNER_SIDE, OCCULTER_RADIUS = 8, 60.0
#: Share of the pixels of a full frame that must be valid for its median.
MEDIAN_SHARE = 0.85
#: Largest difference at which header and frame are consistent, and largest sigma of the frame's value, DN.
CONSISTENT_WITHIN = 6.0
#: A table value that exceeds the polynomial by this factor has already been multiplied by the LEB sums.
ALREADY_MULTIPLIED = 1.5


@dataclass(frozen=True)
class Bias:
    """A bias level and its source."""

    #: Level of a stored pixel, DN, including sums in the electronics box.
    level: float
    #: Level of a single read-out, DN.
    single: float
    #: Source of the level.
    source: str
    #: 1 sigma of `single`, DN.
    sigma: float


def bias_polynomial(detector, mjd, port="C"):
    """
    Official model of the bias of a single read-out, DN, for a camera, a day (integer MJD) and a port, ``"A"``
    to ``"D"``.

    SolarSoft ``offset_bias``. The last segment of C2 was fitted to data until early 2020 and diverges
    afterwards.
    """
    ports = value_of(f"{detector}.bias.ports")
    if port in ports:
        return ports[port]
    if port != "C":
        msg = f"Read-out port {port!r} is unknown; LASCO has the ports A to D."
        raise NotCalibratableError(msg)
    for last, inclusive, origin, coefficients in value_of(f"{detector}.bias"):
        if last is None or mjd < last or (inclusive and mjd == last):
            return float(np.polynomial.polynomial.polyval(mjd - origin, coefficients))
    msg = "The last segment of the bias has no end."  # pragma: no cover
    raise AssertionError(msg)  # pragma: no cover


def bias_excess(mjd):
    """
    True dark level of C3 minus the official bias on a day (MJD), DN of a single read-out; constant beyond the
    days of the first and last measurement.
    """
    days, excess = zip(*value_of("C3.bias.excess"), strict=True)
    return float(np.interp(mjd, days, excess))


def choose_bias(frame, counts=None, *, table=None, offset=None):
    """
    Choose the `Bias` of a frame.

    ``counts`` is the frame itself, DN, shape (ny, nx), with 0 or NaN where nothing was measured; ``table`` is
    the bias in the exposure-factor file, and ``offset`` the card OFFSET, DN.
    `~sunpy_lasco.errors.NotCalibratableError` is raised if every candidate lies above the pixels of the
    frame.

    The order is that of the official pipeline (``get_exp_factor``, ``offset_bias``). For C2 after 2020-05,
    beyond the data of the polynomial, the dark areas of the frame are used instead, see `late_c2_bias`.
    OFFSET is used there if these areas agree with it. It is the prediction of the day on which the file was
    made and does not include the step of 2019.
    """
    if frame.is_derived or frame.is_model:
        return Bias(0.0, 0.0, "none", 0.0)
    detector = frame.camera.name
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    known = value_of("bias.sigma")
    model = bias_polynomial(detector, frame.mid_mjd, frame.port)
    candidates = []
    if table is not None and table > 0:
        # It is not documented whether the files hold the value of a single read-out for summed
        # frames, too. A value far above the model has already been multiplied.
        single = table / repeats if repeats > 1 and table > ALREADY_MULTIPLIED * model else table
        candidates.append((single, "exposure-factor file", known["exposure-factor file"]))
    if detector == "C2" and frame.port == "C" and frame.mid_mjd > value_of("C2.bias.end"):
        late, sigma = late_c2_bias(frame, counts)
        if offset and sigma <= CONSISTENT_WITHIN and abs(offset - late) <= CONSISTENT_WITHIN:
            candidates.append((float(offset), "header OFFSET", known["header OFFSET"]))
        candidates.append((late, "frame", sigma))
    candidates.append((model, "polynomial", known["polynomial"]))
    lowest = _first_percentile(counts)
    for single, source, sigma in candidates:
        if lowest is None or single * repeats <= lowest + SANITY_MARGIN * repeats:
            return Bias(single * repeats, single, source, sigma)
    tried = ", ".join(f"{single * repeats:.1f} DN ({source})" for single, source, _ in candidates)
    msg = (
        f"{frame.filename or 'The frame'}: every known bias, {tried}, lies above the first percentile of the image, "
        f"{lowest:.1f} DN. Is it a sky image? Pass bias= to calibrate it with a bias of your own."
    )
    raise NotCalibratableError(msg)


def _first_percentile(counts):
    """First percentile of the transmitted pixels, of a sample of all, DN, or None."""
    if counts is None:
        return None
    sample = counts.reshape(-1)[::PERCENTILE_STEP]
    found = sample[(sample > 0) & (sample < np.inf)]
    return float(np.percentile(found, 1)) if found.size >= FEWEST_PIXELS // PERCENTILE_STEP else None


def late_c2_bias(frame, counts=None):
    """
    Bias of a read-out of C2 after the end of the polynomial's data, and its 1 sigma, DN, from the history of
    the bias and from the frame.

    The tangent to the polynomial at the end of its data rises by 1.9 DN / year, like the biases of both
    cameras over most of the mission; the polynomial itself accelerates. Neither is known to be right, so
    their mean is used, and its sigma includes half of their difference. It is averaged with `dark_level` by
    weights; if the two disagree, sigma is increased until they agree.
    """
    last = value_of("C2.bias.end")
    years = (frame.mid_mjd - last) / 365.25
    end, before, now = (bias_polynomial("C2", day) for day in (last, last - 1, frame.mid_mjd))
    line = end + (end - before) * (frame.mid_mjd - last)
    history = (line + now) / 2
    sigma = float(
        np.sqrt(value_of("bias.sigma")["polynomial"] ** 2 + value_of("bias.step_variance") * years
                + (value_of("bias.slope_sigma") * years) ** 2 + ((now - line) / 2) ** 2)
    )  # fmt: skip
    seen = None if counts is None else dark_level(frame, counts)
    if seen is None:
        return history, sigma
    level, error = seen
    weight = 1 / error**2, 1 / sigma**2
    joint = (weight[0] * level + weight[1] * history) / sum(weight)
    disagreement = abs(level - history) / float(np.hypot(error, sigma))
    return float(joint), float(max(1.0, disagreement) / np.sqrt(sum(weight)))


def dark_level(frame, counts):
    """
    Bias of a read-out of C2 and its 1 sigma, DN, from dark areas of a frame; None if the frame has no such
    area.

    The areas are, best first, the nearly dark first column of the detector, its corners if they were sent,
    and the area behind the occulter. The light in each was measured on frames with a known bias.
    """
    counts = np.where(np.nan_to_num(counts) > 0, counts, np.nan) / (frame.leb_sum[0] * frame.leb_sum[1])
    if not frame.is_binned and frame.corner[0] == 0 and _enough(counts[:, 0]):
        low, middle = np.nanpercentile(counts[:, [0, EDGE_BESIDE]], (5, 50), axis=0)
        edge, beside = middle - low
        if edge < EDGE_CONTRAST * beside:
            dark = value_of("C2.edge.level"), value_of("C2.edge.light") * frame.exptime
            return float(low[0]) - dark[0] - dark[1], error_of("C2.edge.level")
    if not frame.is_full_frame or np.isfinite(counts).mean() < MEDIAN_SHARE:
        return None
    median = float(np.nanmedian(counts))
    side = max(1, CORNER_SIDE // max(frame.binning))
    corners = [counts[rows, columns] for rows in _ends(side) for columns in _ends(side)]
    sent = [float(np.mean(corner)) for corner in corners if np.isfinite(corner).all()]
    if sent:
        return _without_light(min(sent), median, value_of("C2.corner_share"), error_of("C2.corner_share"))
    (x, y), (x0, y0) = full_axes(frame), frame.camera.occulter_centre
    behind = np.hypot(x - x0, (y - y0)[:, None]) < OCCULTER_RADIUS
    if not _enough(counts[behind]):
        return None
    shares = value_of("C2.occulter_share")
    share = shares.get(frame.filter, shares["other"])
    return _without_light(float(np.nanmedian(counts[behind])), median, share, error_of("C2.occulter_share"))


def _enough(values):
    return np.count_nonzero(np.isfinite(values)) >= FEWEST_PIXELS


def _ends(side):
    return slice(None, side), slice(-side, None)


def _without_light(level, median, share, relative):
    """Bias from an area that receives a known share of the light of the median pixel, and its 1 sigma."""
    light = share * (median - level) / (1 - share)
    return level - light, float(np.hypot(error_of("C2.edge.level"), relative * light))
