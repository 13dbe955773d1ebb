"""
Preparation of frames for the methods of repair.
"""

from functools import partial

import numpy as np
from scipy import ndimage

from sunpy_lasco.assets.background import builtin_background, image_background
from sunpy_lasco.geometry.distortion import occulter_centre
from sunpy_lasco.geometry.ephemeris import ecliptic_north_angle
from sunpy_lasco.geometry.field import hidden_pixels
from sunpy_lasco.geometry.pointing import Pointing, header_pointing, nominal_pointing
from sunpy_lasco.instrument.bias import choose_bias
from sunpy_lasco.instrument.blocks import block_indices, classify_missing, no_data
from sunpy_lasco.instrument.cameras import BLOCK
from sunpy_lasco.instrument.cards import number
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout, nearest_known
from sunpy_lasco.instrument.saturation import full_counts
from sunpy_lasco.map.edit import frame_of
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.pixel_flags import flagged
from sunpy_lasco.repair.holed_frame import HoledFrame, OtherExposure, WindowedImage

__all__ = [
    "calibrated_neighbour",
    "calibrated_holed_frame",
    "card_offset",
    "counts_above_bias",
    "flagged",
    "frame_of",
    "holed_frame_of",
    "holes_of",
    "local_noise",
    "measured_counts",
    "neighbour_of",
    "pointing_of",
    "saturated",
    "seconds_between",
    "star_drift",
]

#: Width of the margin around a saturated pixel that is excluded too, stored pixels.
SATURATION_MARGIN = 3
#: Hidden pixels within this distance of the sky are filled too, full-resolution pixels.
HIDDEN_MARGIN = 4.0
#: Apparent motion of the Sun along the ecliptic, arcsec / day.
ECLIPTIC_MOTION = 3548.2
#: 1 sigma of the fixed response that remains after division by the response map, relative to the signal.
RESIDUAL_PATTERN = 0.004


def counts_above_bias(raw, frame, *, bias=None, offset=None):
    """
    Subtract the bias from counts; pixels that were not measured become NaN.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts as stored in the file, shape (ny, nx). Negative values of summed frames are unwrapped.
    frame : `~sunpy_lasco.instrument.frame.Frame`
    bias : `float`, optional
        Bias of a stored pixel, DN. By default it is chosen as in the calibration.
    offset : `float`, optional
        The header card OFFSET, DN.

    Returns
    -------
    signal : `~numpy.ndarray` of `float`
    missing : `~numpy.ndarray` of `bool`
    bias : `float`
    """
    missing, untransmitted = classify_missing(raw, frame)
    counts = np.array(raw, dtype=float)
    if frame.is_binned and not frame.is_derived:
        counts[counts < 0] += 65536
    counts[missing | untransmitted] = np.nan
    if bias is None:
        bias = choose_bias(frame, counts, offset=offset).level
    return counts - bias, missing, bias


def saturated(signal, frame):
    """
    Pixels that are saturated or near a saturated pixel.

    Parameters
    ----------
    signal : `~numpy.ndarray`
        Counts above the bias, DN; shape (ny, nx).
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    return _widened(np.nan_to_num(signal) >= full_counts(frame))


def _widened(full):
    """Extend a mask by `SATURATION_MARGIN` pixels, in place."""
    rows = np.flatnonzero(full.any(axis=1))
    if not rows.size:
        return full
    columns = np.flatnonzero(full[rows[0] : rows[-1] + 1].any(axis=0))
    box = tuple(slice(max(at[0] - SATURATION_MARGIN, 0), at[-1] + SATURATION_MARGIN + 1) for at in (rows, columns))
    image = full[box]
    once = image.copy()
    for step in range(1, SATURATION_MARGIN + 1):
        image[step:] |= once[:-step]
        image[:-step] |= once[step:]
    once = image.copy()
    for step in range(1, SATURATION_MARGIN + 1):
        image[:, step:] |= once[:, :-step]
        image[:, :-step] |= once[:, step:]
    return full


class _Counts:
    """
    Counts above the bias, for a frame with known flags.

    The whole frame keeps its stored type; only windows are converted to double precision.
    """

    def __init__(self, raw, flags, frame, bias):
        self.raw, self.frame, self.bias = np.asarray(raw), frame, bias
        self.wraps = frame.is_binned and not frame.is_derived
        self.unknown = flagged(flags, "MISSING", "UNTRANSMITTED") & ~flagged(flags, "FILLED")

    def __call__(self, window):
        """Counts above the bias in a window, NaN where nothing was measured."""
        raw = self.raw[window]
        counts = raw.astype(float)
        if self.wraps:
            counts[counts < 0] += 65536
        counts[self.unknown[window] | no_data(raw, self.frame)] = np.nan
        counts -= self.bias
        return counts

    def saturated(self):
        """Pixels that are saturated or near a saturated pixel, (ny, nx)."""
        limit = full_counts(self.frame)
        full = np.zeros(self.raw.shape, dtype=bool)
        # Only rows with large stored values are searched. Negative sums are the largest.
        brightest = np.fmax.reduce(self.raw, axis=1)
        rows = brightest >= np.min(limit) + self.bias - 1.0
        if self.wraps:
            rows |= np.fmin.reduce(self.raw, axis=1) < 0
        rows = np.flatnonzero(rows)
        if rows.size:
            full[rows] = np.nan_to_num(self((rows, slice(None)))) >= limit
        return _widened(full)


def star_drift(frame, roll):
    """
    Motion of the stars in a frame, caused by the motion of the Sun relative to them.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
    roll : `float`
        Rotation of the frame that brings solar north up, degree.

    Returns
    -------
    `tuple` of `float`
        Along (x, y), stored pixel / s.
    """
    speed = ECLIPTIC_MOTION / 86400.0 / frame.camera.plate_scale
    angle = np.deg2rad(roll + ecliptic_north_angle(frame.start))
    return float(speed * np.cos(angle) / frame.binning[0]), float(-speed * np.sin(angle) / frame.binning[1])


def frame_variance(expected, _window, frame, *, corrected):
    """Variance of the noise about an expected signal, DN**2; ``corrected`` if the response was divided out."""
    variance = noise_variance(expected, frame, pattern=not corrected)
    if corrected:
        variance = variance + (RESIDUAL_PATTERN * expected) ** 2 / (frame.binning[0] * frame.binning[1])
    return variance


def neighbour_of(frame, raw, other, *, flags=None, offset=None, bias=None):
    """
    Prepare another exposure of the same pixels for a `~sunpy_lasco.repair.holed_frame.HoledFrame`.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        The frame to repair.
    raw : `~numpy.ndarray`
        Counts of the other exposure as stored in the file.
    other : `~sunpy_lasco.instrument.frame.Frame`
        The other exposure, with the same summing and pixel grid as the frame to repair.
    flags : `~numpy.ndarray` of `numpy.uint8`, optional
        Flags of the other exposure, if known. Filled pixels are not used.
    offset, bias : `float`, optional
        As for `counts_above_bias`.

    Returns
    -------
    `~sunpy_lasco.repair.holed_frame.OtherExposure`
        On the pixels of the frame; NaN where the other exposure has no data.
    """
    if flags is None or bias is None:
        measured = raw if flags is None else np.where(flagged(flags, "FILLED"), np.nan, raw)
        counts, _, bias = counts_above_bias(measured, other, bias=bias, offset=offset)
    if flags is None:
        counts[saturated(counts, other)] = np.nan
    else:
        counts = _measured(raw, flags, other, bias)
    if (frame.shape, frame.corner) == (other.shape, other.corner):
        signal = counts
    else:
        signal = np.full(frame.shape, np.nan)
        here, there = [], []
        for axis, length in enumerate(frame.shape):
            # Position of the first pixel of the frame in the other exposure.
            shift = (frame.corner[1 - axis] - other.corner[1 - axis]) // frame.binning[1 - axis]
            first, last = max(0, -shift), min(length, other.shape[axis] - shift)
            here.append(slice(first, max(last, first)))
            there.append(slice(first + shift, max(last, first) + shift))
        signal[tuple(here)] = counts[tuple(there)]
    seconds = (other.mid_mjd - frame.mid_mjd) * 86400.0 + other.mid_time - frame.mid_time
    # Both exposures use the same pixels, so the response does not add noise.
    return OtherExposure(signal, seconds, lambda expected, _window: noise_variance(expected, other, pattern=False))


def _measured(raw, flags, frame, bias):
    """Counts of another exposure above its bias, computed by windows; NaN in unusable pixels."""
    counts = _Counts(raw, flags, frame, bias)
    no_use = counts.saturated() | flagged(flags, "FILLED")

    def make(window):
        signal = counts(window)
        signal[no_use[window]] = np.nan
        return signal

    return WindowedImage(frame.shape, make)


def holed_frame_of(
    raw, frame, *, background=None, response=None, flags=None, holes=None, pointing=None, neighbours=(), bias=None,
    offset=None,
):  # fmt: skip
    """
    Prepare a level-0.5 frame.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts as stored in the file, shape (ny, nx).
    frame : `~sunpy_lasco.instrument.frame.Frame`
    background : `~numpy.ndarray`, optional
        Background model, DN / s, shape (1024, 1024); by default the model in the package.
    response : `~numpy.ndarray`, optional
        Fixed response of the frame's pixels, shape (ny, nx); by default no response is divided out.
    flags : `~numpy.ndarray` of `numpy.uint8`, optional
        Flags of the frame, if known. With flags, only the windows that a repair needs are computed.
    holes : `~numpy.ndarray` of `bool`, optional
        Pixels to fill, shape (ny, nx); by default the lost pixels.
    pointing : `~sunpy_lasco.geometry.pointing.Pointing`, optional
        Pointing of the frame; by default the nominal pointing.
    neighbours : sequence of `~sunpy_lasco.repair.holed_frame.OtherExposure`, optional
        Nearest in time first.
    bias, offset : `float`, optional
        As for `counts_above_bias`.

    Returns
    -------
    holed : `~sunpy_lasco.repair.holed_frame.HoledFrame`
    bias : `float`
        Bias in DN, to be added to the result of the repair.
    """
    if flags is None or bias is None:
        signal, missing, bias = counts_above_bias(raw, frame, bias=bias, offset=offset)
    if flags is None:
        unusable = saturated(signal, frame)
    else:
        counts, missing = _Counts(raw, flags, frame, bias), holes_of(flags)
        signal, unusable = WindowedImage(frame.shape, counts), counts.saturated() | flagged(flags, "FILLED")
    if holes is None:
        holes = missing
    else:
        holes = np.asarray(holes, dtype=bool)
        signal[holes] = np.nan
    # Pixels behind the occulter are not repaired, except those near the sky: the calibration
    # interpolates between them and the sky.
    holes = holes & ~hidden_pixels(frame, margin=-HIDDEN_MARGIN)
    model = builtin_background(frame.camera.name) if background is None else background
    pointing = nominal_pointing(frame) if pointing is None else pointing
    centre = pointing.centre
    x, y = (
        frame.corner[axis] + (np.arange(length) + 0.5) * frame.binning[axis] - 0.5 - centre[axis]
        for axis, length in enumerate((frame.shape[1], frame.shape[0]))
    )
    occulter = np.subtract(occulter_centre(frame.camera.name, frame.mjd), centre)
    rows, columns = block_indices(frame)
    holed = HoledFrame(
        signal=signal,
        holes=holes,
        unusable=unusable,
        hidden=hidden_pixels(frame),
        background=_background(model, frame),
        response=np.broadcast_to(np.float32(1.0), frame.shape) if response is None else response,
        variance=partial(frame_variance, frame=frame, corrected=response is not None),
        x=x,
        y=y,
        occulter=(float(occulter[0]), float(occulter[1])),
        binning=frame.binning,
        block_rows=rows - rows[0],
        block_columns=columns - columns[0],
        camera=frame.camera.name,
        drift=star_drift(frame, pointing.roll),
        neighbours=tuple(sorted(neighbours, key=lambda other: abs(other.seconds))),
    )
    return holed, bias


def _background(model, frame):
    """A background model on the pixels of a frame, as from `frame_background`, computed by windows."""
    mean = block_mean(frame_cutout(model, frame), frame.binning)
    level = frame.exptime * frame.binning[0] * frame.binning[1]
    return WindowedImage(frame.shape, lambda window: mean[window] * level)


def holes_of(flags):
    """
    Pixels that were lost and are not yet filled.

    Parameters
    ----------
    flags : `~numpy.ndarray` of `numpy.uint8`

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    return flagged(flags, "MISSING") & ~flagged(flags, "FILLED", "UNTRANSMITTED")


def measured_counts(data, flags=None):
    """
    Remove filled pixels from counts, to choose the bias from the others.

    Parameters
    ----------
    data : `~numpy.ndarray`
        Unwrapped counts, DN; 0 or NaN where nothing was measured.
    flags : `~numpy.ndarray` of `numpy.uint8`, optional
        Flags of the map, if it may have filled pixels.

    Returns
    -------
    `~numpy.ndarray`
        float32, NaN where nothing was measured.
    """
    counts = np.array(data, dtype=np.float32)
    np.copyto(counts, np.float32(np.nan), where=~(counts > 0))
    if flags is not None:
        counts[flagged(flags, "MISSING", "UNTRANSMITTED", "FILLED")] = np.nan
    return counts


def card_offset(meta):
    """
    The bias that the header card OFFSET predicts, DN, or None.

    Parameters
    ----------
    meta : mapping

    Returns
    -------
    `float` or None
    """
    return number(meta, "offset") or None


def pointing_of(smap, frame):
    """
    Pointing of a map: a pointing that was set before, otherwise that of the header.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~sunpy_lasco.geometry.pointing.Pointing`
    """
    meta = smap.meta
    if "detroll" in meta and "sunpix1" in meta:
        centre = number(meta, "sunpix1"), number(meta, "sunpix2")
        return Pointing(centre, number(meta, "detroll"), "set before", "set before", 0.0, 0.0)
    return header_pointing(meta, frame)


def seconds_between(frame, other):
    """
    Time from the middle of a frame to the middle of another exposure, s.

    Parameters
    ----------
    frame, other : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `float`
    """
    return (other.mid_mjd - frame.mid_mjd) * 86400.0 + other.mid_time - frame.mid_time


#: Side of the squares in which the noise of an image is measured, stored pixels.
NOISE_BOX = 31
#: Mean of |v - median of its 3 x 3 neighbourhood| divided by sigma, for Gaussian white noise.
NOISE_SCALE = 0.73
#: Differences larger than this many times the typical difference are caused by stars.
NOISE_CLIP = 5.0


class LocalVariance:
    """Variance of the noise by position, for a `~sunpy_lasco.repair.holed_frame.HoledFrame`."""

    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, expected, window):
        """Variance in a window of the image, independent of the expected signal."""
        return np.broadcast_to(self.sigma[window] ** 2, np.shape(expected))


def local_noise(image, known):
    """
    Estimate the noise of an image from the differences between neighbouring pixels.

    Parameters
    ----------
    image : `~numpy.ndarray`
        Shape (ny, nx).
    known : `~numpy.ndarray` of `bool`
        Pixels to use.

    Returns
    -------
    `~numpy.ndarray`
        1 sigma, positive, shape (ny, nx).
    """
    whole = nearest_known(image, known)
    difference = np.abs(whole - ndimage.median_filter(whole, 3, mode="nearest"))
    typical = ndimage.uniform_filter(np.where(known, difference, 0.0), NOISE_BOX)
    share = ndimage.uniform_filter(known.astype(float), NOISE_BOX)
    typical = typical / np.maximum(share, 1 / NOISE_BOX**2)
    clipped = np.where(known, np.minimum(difference, NOISE_CLIP * typical), 0.0)
    sigma = ndimage.uniform_filter(clipped, NOISE_BOX) / np.maximum(share, 1 / NOISE_BOX**2) / NOISE_SCALE
    floor = np.median(sigma[known]) * 1e-3 if known.any() else 0.0
    far = share < 0.02
    if far.any() and not far.all():
        sigma = nearest_known(sigma, ~far)
    return np.maximum(sigma, max(floor, np.finfo(float).tiny))


def _positions(smap):
    """
    Columns and rows relative to the Sun centre, full-resolution pixels, and the centre of the occulter in the
    same coordinates.
    """
    geometry, frame = smap._geometry, frame_of(smap)
    sun = [
        at - float(value) / scale
        for at, value, scale in zip(geometry.crpix, geometry.crval, geometry.cdelt, strict=True)
    ]
    ny, nx = smap.data.shape
    sx, sy = frame.binning
    x, y = (np.arange(nx) - sun[0]) * sx, (np.arange(ny) - sun[1]) * sy
    # Detector pixels are an affine function of map pixels.
    origin = np.array(geometry.to_detector(0.0, 0.0))
    matrix = np.column_stack(
        [np.subtract(geometry.to_detector(1.0, 0.0), origin), np.subtract(geometry.to_detector(0.0, 1.0), origin)]
    )
    column, row = np.linalg.solve(matrix, np.subtract(occulter_centre(frame.camera.name, frame.mjd), origin))
    return x, y, (float((column - sun[0]) * sx), float((row - sun[1]) * sy))


def calibrated_holed_frame(smap, flags):
    """
    Prepare a level-1 map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.
    flags : `~numpy.ndarray` of `numpy.uint8`
        Flags of the map.

    Returns
    -------
    `~sunpy_lasco.repair.holed_frame.HoledFrame`
        In the unit of the map. The background is derived from the map itself, and the noise from differences
        between neighbouring pixels. The pixel response is unknown and set to 1.
    """
    frame = frame_of(smap)
    signal = np.array(smap.data, dtype=float)
    hidden = flagged(flags, "MASKED", "OUTSIDE")
    holes = holes_of(flags) & ~hidden & ~np.isfinite(signal)
    unusable = flagged(flags, "SATURATED", "FILLED")
    x, y, occulter = _positions(smap)
    known = np.isfinite(signal) & ~hidden & ~unusable
    background = np.ones(signal.shape)
    if (known & (np.nan_to_num(signal) > 0)).any():
        background = image_background(signal, known, x, y)
    roll = np.rad2deg(np.arctan2(-smap.rotation_matrix[0, 1], smap.rotation_matrix[0, 0]))
    return HoledFrame(
        signal=signal,
        holes=holes,
        unusable=unusable,
        hidden=hidden,
        background=background,
        response=np.ones(signal.shape, dtype=np.float32),
        variance=LocalVariance(local_noise(np.nan_to_num(signal), known)),
        x=x,
        y=y,
        occulter=occulter,
        binning=frame.binning,
        block_rows=np.arange(signal.shape[0]) // BLOCK,
        block_columns=np.arange(signal.shape[1]) // BLOCK,
        camera=frame.camera.name,
        drift=star_drift(frame, float(roll)),
    )


def calibrated_neighbour(frame, other):
    """
    Prepare another level-1 map for a `~sunpy_lasco.repair.holed_frame.HoledFrame`.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        Frame of the map to repair.
    other : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level-1 map on the same pixels.

    Returns
    -------
    `~sunpy_lasco.repair.holed_frame.OtherExposure`
    """
    signal = np.array(other.data, dtype=float)
    known = np.isfinite(signal) & ~flagged(flags_of(other), "MASKED", "OUTSIDE", "SATURATED", "FILLED")
    noise = local_noise(np.nan_to_num(signal), known)
    signal[~known] = np.nan
    return OtherExposure(signal, seconds_between(frame, frame_of(other)), LocalVariance(noise))
