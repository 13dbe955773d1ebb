"""
A level-0.5 frame as a scene for the methods of repair.
"""

from functools import lru_cache, partial

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.background import builtin_background, frame_background
from sunpy_lasco.inpainting.workspace import Scene, SceneNeighbour
from sunpy_lasco.instrument.bias import choose_bias
from sunpy_lasco.instrument.blocks import block_indices, classify_missing
from sunpy_lasco.instrument.distortion import camera_distortion, occulter_centre
from sunpy_lasco.instrument.ephemeris import ecliptic_north_angle
from sunpy_lasco.instrument.field import field_mask
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.instrument.pointing import nominal_pointing
from sunpy_lasco.instrument.saturation import full_counts

__all__ = ["counts_above_bias", "frame_scene", "hidden_pixels", "neighbour_of", "saturated", "star_drift"]

#: Around a saturated pixel, this many stored pixels are of no use either.
SATURATION_MARGIN = 3
#: Hidden pixels this near to the sky are filled too, full-resolution pixels.
HIDDEN_MARGIN = 4.0
#: Motion of the Sun along the ecliptic, arcsec / day.
ECLIPTIC_MOTION = 3548.2
#: Error that is left of the fixed response when it has been divided out, 1 sigma
#: relative to the signal.
RESIDUAL_PATTERN = 0.004


def counts_above_bias(raw, frame, *, bias=None, offset=None):
    """
    Counts above the bias, NaN where nothing was measured.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts as they stand in the file; negative values of summed frames are
        taken as wrapped.  Shape (ny, nx).
    frame : `~sunpy_lasco.instrument.frame.Frame`
    bias : `float`, optional
        Bias of a stored pixel, DN; by default chosen as in the calibration.
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
    Pixels that are saturated, or near one that is.

    Parameters
    ----------
    signal : `~numpy.ndarray`
        Counts above the bias, DN; shape (ny, nx).
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    full = np.nan_to_num(signal) >= full_counts(frame)
    if not full.any():
        return full
    return ndimage.maximum_filter(full.view(np.uint8), 2 * SATURATION_MARGIN + 1).view(bool)


def hidden_pixels(frame, *, margin=0.0):
    """
    Pixels of a raw frame that show no sky.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
    margin : `float`, optional
        By how many full-resolution pixels to make the hidden area larger.

    Returns
    -------
    `~numpy.ndarray` of `bool`
        Behind the occulter or the pylon or beyond the field; (ny, nx), not writable.
    """
    distortion = camera_distortion(frame.camera.name, frame.mjd)
    return _hidden(frame.camera.name, distortion, frame.shape, frame.corner, frame.binning, margin)


@lru_cache(maxsize=8)
def _hidden(camera, distortion, shape, corner, binning, margin):
    x, y = (
        corner[axis] + (np.arange(length) + 0.5) * binning[axis] - 0.5
        for axis, length in enumerate((shape[1], shape[0]))
    )
    hidden = field_mask(*distortion.to_corrected(x[None, :], y[:, None]), camera, margin=margin)
    hidden.setflags(write=False)
    return hidden


def star_drift(frame, roll):
    """
    Motion of the stars in a frame, which comes from that of the Sun before them.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
    roll : `float`
        Turning the frame by this angle brings solar north up, degree.

    Returns
    -------
    `tuple` of `float`
        Along (x, y), stored pixel / s.
    """
    speed = ECLIPTIC_MOTION / 86400.0 / frame.camera.plate_scale
    angle = np.deg2rad(roll + ecliptic_north_angle(frame.start))
    return float(speed * np.cos(angle) / frame.binning[0]), float(-speed * np.sin(angle) / frame.binning[1])


def frame_variance(expected, _window, frame, *, corrected):
    """Variance of the noise around an expected signal, DN**2, with or without the response divided out."""
    variance = noise_variance(expected, frame, pattern=not corrected)
    if corrected:
        variance = variance + (RESIDUAL_PATTERN * expected) ** 2 / (frame.binning[0] * frame.binning[1])
    return variance


def neighbour_of(frame, raw, other, *, offset=None, bias=None):
    """
    Another exposure of the same pixels, as a scene wants it.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        The frame that is to be repaired.
    raw : `~numpy.ndarray`
        Counts of the other exposure as they stand in the file.
    other : `~sunpy_lasco.instrument.frame.Frame`
        Its header: sums and the grid of the pixels as those of the frame.
    offset, bias : `float`, optional
        As of `counts_above_bias`.

    Returns
    -------
    `~sunpy_lasco.inpainting.workspace.SceneNeighbour`
        In the pixels of the frame, NaN where the other exposure has none.
    """
    counts, _, _ = counts_above_bias(raw, other, bias=bias, offset=offset)
    counts[saturated(counts, other)] = np.nan
    signal = np.full(frame.shape, np.nan)
    here, there = [], []
    for axis, length in enumerate(frame.shape):
        # Where the first pixel of the frame lies in the other exposure.
        shift = (frame.corner[1 - axis] - other.corner[1 - axis]) // frame.binning[1 - axis]
        first, last = max(0, -shift), min(length, other.shape[axis] - shift)
        here.append(slice(first, max(last, first)))
        there.append(slice(first + shift, max(last, first) + shift))
    signal[tuple(here)] = counts[tuple(there)]
    seconds = (other.mid_mjd - frame.mid_mjd) * 86400.0 + other.mid_time - frame.mid_time
    # It is seen through the same pixels as the frame, whose response is no noise here.
    return SceneNeighbour(signal, seconds, lambda expected, _window: noise_variance(expected, other, pattern=False))


def frame_scene(
    raw, frame, *, background=None, response=None, holes=None, pointing=None, neighbours=(), bias=None, offset=None
):
    """
    Prepare a level-0.5 frame.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts as they stand in the file, shape (ny, nx).
    frame : `~sunpy_lasco.instrument.frame.Frame`
    background : `~numpy.ndarray`, optional
        Background model, DN / s, shape (1024, 1024); by default the one that comes
        with the package.
    response : `~numpy.ndarray`, optional
        Fixed response of the frame's pixels, shape (ny, nx); none by default.
    holes : `~numpy.ndarray` of `bool`, optional
        Pixels to fill, shape (ny, nx); by default those that were lost.
    pointing : `~sunpy_lasco.instrument.pointing.Pointing`, optional
        By default that of an unrolled spacecraft.
    neighbours : sequence of `~sunpy_lasco.inpainting.workspace.SceneNeighbour`, optional
        Nearest in time first.
    bias, offset : `float`, optional
        As of `counts_above_bias`.

    Returns
    -------
    scene : `~sunpy_lasco.inpainting.workspace.Scene`
    bias : `float`
        DN, to be added to what the repair gives.
    """
    signal, missing, bias = counts_above_bias(raw, frame, bias=bias, offset=offset)
    holes = missing if holes is None else np.asarray(holes, dtype=bool)
    signal[holes] = np.nan
    # Behind the occulter there is nothing to be repaired, but for the pixels that
    # the interpolation of the calibration mixes with those of the sky.
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
    scene = Scene(
        signal=signal,
        holes=holes,
        unusable=saturated(signal, frame),
        hidden=hidden_pixels(frame),
        background=frame_background(model, frame),
        response=np.ones(frame.shape, dtype=np.float32) if response is None else response,
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
    return scene, bias
