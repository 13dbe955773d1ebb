"""
Measure the fixed pattern of the pixels on exposures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from sunpy_lasco.assets.background import builtin_background, frame_background
from sunpy_lasco.geometry.field import hidden_pixels
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.repair.frames import saturated
from sunpy_lasco.repair.holed_frame import point_like

if TYPE_CHECKING:
    from collections.abc import Collection

    from sunpy_lasco.instrument.frame import Frame

__all__ = ["derive_response", "fine_pattern"]

#: 1 sigma of the Gaussian that defines the surroundings of a pixel, pixels. The corona is smooth on this scale, and the
#: map contains finer structure.
SURROUNDINGS = 3.0
#: Fraction of the surroundings that must be known.
KNOWN_SHARE = 0.5
#: Fine coronal structure that frames of one day share in addition to the response, 1 sigma relative to the brightness.
COMMON_STRUCTURE = 0.002
#: In each pixel, frames that deviate from the median by more than this many sigma are rejected.
CLIP = 4.0
#: Pixels with a larger relative deviation are defects and are omitted.
LARGEST_DEVIATION = 0.12


def fine_pattern(
    signal: np.ndarray, frame: Frame, *, background: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """
    Measure the relative deviation of each pixel of an exposure from its surroundings.

    Parameters
    ----------
    signal : `~numpy.ndarray`
        Counts above the bias, DN, shape of the frame; NaN in missing pixels.
    frame : `~sunpy_lasco.instrument.frame.Frame`
    background : `~numpy.ndarray`, optional
        Background model, DN / s, shape (1024, 1024); by default the built-in one.

    Returns
    -------
    pattern : `~numpy.ndarray`
        Relative deviation; NaN where it is unknown.
    variance : `~numpy.ndarray`
        Variance of its noise.
    """
    model = frame_background(builtin_background(frame.camera.name) if background is None else background, frame)
    ratio = np.asarray(signal, dtype=float) / model
    known = np.isfinite(ratio) & (ratio > 0) & ~hidden_pixels(frame) & ~saturated(signal, frame)
    noise = noise_variance(np.where(known, signal, 1.0), frame, pattern=True)
    z = np.where(known, ratio * model / np.sqrt(noise), 0.0)
    known &= ~ndimage.binary_dilation(point_like(z, known), iterations=2)
    weight = ndimage.gaussian_filter(known.astype(float), SURROUNDINGS)
    smooth = ndimage.gaussian_filter(np.where(known, ratio, 0.0), SURROUNDINGS) / np.maximum(weight, 1e-6)
    good = known & (weight > KNOWN_SHARE)
    pattern = np.where(good, ratio / np.where(good, smooth, 1.0) - 1.0, np.nan)
    pattern[np.abs(pattern) > LARGEST_DEVIATION] = np.nan
    level = np.where(good, smooth * model, 1.0)
    return pattern, noise_variance(level, frame, pattern=False) / level**2


def derive_response(
    signals: Collection[np.ndarray], frames: Collection[Frame], *, background: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """
    Derive a map of the pixel response from exposures.

    Parameters
    ----------
    signals : sequence of `~numpy.ndarray`
        Counts above the bias of full frames without summing, DN; NaN in missing pixels.
    frames : sequence of `~sunpy_lasco.instrument.frame.Frame`
        Frames of these exposures, all of one camera and one epoch.
    background : `~numpy.ndarray`, optional
        Background model, DN / s, shape (1024, 1024).

    Returns
    -------
    response : `~numpy.ndarray`
        Near 1; exactly 1 where it is unknown. Shape (1024, 1024).
    sigma : `~numpy.ndarray`
        1 sigma of the response; NaN where it is unknown.

    Raises
    ------
    ValueError
        If there are no exposures, or if one is not a full frame without summing.

    Notes
    -----
    Exposures of one day share fine coronal structure. The deviation of a pixel from its surroundings is therefore
    averaged over the exposures of each day first, and then over the days, with inverse-variance weights. The
    mean is shrunk towards 0 according to its noise.

    Changes of the brightness show whether the pattern multiplies the light, like a response, or is added to
    it, like stray light. In 20 C3 frames of 2012-08-31, a coronal mass ejection brightens pixels by up to 7 %.
    The additive share in them is 0.11 +- 0.08, so the pattern is a response.
    """
    if not len(signals):
        msg = "A response needs at least one exposure."
        raise ValueError(msg)
    days = {}
    for signal, frame in zip(signals, frames, strict=True):
        if not frame.is_full_frame or frame.is_binned:
            msg = f"{frame.filename or 'A frame'} is not a full frame without sums and cannot be used for a response."
            raise ValueError(msg)
        days.setdefault(frame.mjd, []).append(fine_pattern(signal, frame, background=background))
    total, weights = np.zeros(frames[0].shape), np.zeros(frames[0].shape)
    for exposures in days.values():
        pattern, variance = _mean(exposures)
        weight = np.where(np.isfinite(pattern), 1.0 / (variance + COMMON_STRUCTURE**2), 0.0)
        total += weight * np.nan_to_num(pattern)
        weights += weight
    known = weights > 0
    mean, variance = total / np.where(known, weights, 1.0), 1.0 / np.where(known, weights, np.inf)
    strength = frames[0].camera.pattern ** 2
    share = strength / (strength + variance)
    return np.where(known, 1.0 + share * mean, 1.0), np.where(known, np.sqrt(share * variance), np.nan)


def _mean(exposures):
    """Mean of the patterns of one day, without outliers, and its variance."""
    patterns, variances = (np.array(part) for part in zip(*exposures, strict=True))
    count = np.isfinite(patterns).sum(axis=0)
    middle = np.full(count.shape, np.nan)
    seen = count > 0
    middle[seen] = np.nanmedian(patterns[:, seen], axis=0)
    fits_in = np.abs(patterns - middle) <= CLIP * np.sqrt(variances)
    weight = np.where(fits_in & np.isfinite(patterns), 1.0 / variances, 0.0)
    total = weight.sum(axis=0)
    mean = (weight * np.nan_to_num(patterns)).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, np.nan), 1.0 / np.where(total > 0, total, np.inf)
