"""
Conversion from counts to counts per second: bias, linearity, noise, exposure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.geometry.cards import wcs_cards
from sunpy_lasco.instrument.bias import Bias, bias_excess, choose_bias
from sunpy_lasco.instrument.blocks import classify_missing
from sunpy_lasco.instrument.cameras import FIRST_COLUMN, FIRST_ROW, FULL_FRAME
from sunpy_lasco.instrument.linearity import loss_sigma, true_counts
from sunpy_lasco.level1 import arrays
from sunpy_lasco.level1.arrays import bits_of
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.map.edit import frame_of, record, require, require_not
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.repair.frames import card_offset, measured_counts

if TYPE_CHECKING:
    import astropy.units as u

    from sunpy_lasco.instrument.exposure import ExposureFactor
    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = [
    "correct_linearity",
    "estimate_noise",
    "find_bias",
    "mark_missing",
    "normalize_exposure",
    "pad_to_full_frame",
    "subtract_bias",
    "unwrap",
]


def find_bias(smap, *, bias="official", factor=None):
    """
    Choose the bias of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, unwrapped.
    bias : `str` or `~astropy.units.Quantity`
        As for `sunpy_lasco.calibrate`.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        Entry of the exposure-factor file, which also contains the bias.

    Returns
    -------
    `~sunpy_lasco.instrument.bias.Bias`
        For C3 its sigma includes the known difference of the official bias from the true dark level.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the given value cannot be a bias.
    sunpy_lasco.errors.NotCalibratableError
        If every known bias lies above the pixels of the map.
    """
    frame, bias = frame_of(smap), checked_option("bias", bias)
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    if not isinstance(bias, str):
        single = float(bias.value)
        return Bias(single * repeats, single, "given", 0.0)
    counts, flags = smap.data, smap._flags
    if flags is not None and bits_of(flags) & PixelFlag.FILLED:
        counts = measured_counts(counts, flags)
    chosen = choose_bias(
        frame,
        counts,
        table=None if factor is None else factor.bias,
        offset=card_offset(smap.meta),
    )
    if frame.camera.name != "C3" or chosen.source == "none":
        return chosen
    excess = bias_excess(frame.mjd)
    if bias != "dark":
        return replace(chosen, sigma=max(chosen.sigma, excess))
    single = chosen.single + excess
    return replace(chosen, level=single * repeats, single=single, source=f"{chosen.source}, raised to the dark level")


def subtract_bias(
    smap: AnyCoronagraphMap, *, bias: Bias | str | u.Quantity = "official", factor: ExposureFactor | None = None
) -> AnyCoronagraphMap:
    """
    Subtract the bias.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 with missing pixels NaN.
    bias : `~sunpy_lasco.instrument.bias.Bias`, `str` or `~astropy.units.Quantity`
        The result of `find_bias`, determined before lost blocks were filled; or as for
        `sunpy_lasco.calibrate`.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        As for `find_bias`.

    Returns
    -------
    map of the same class
        With the cards BIASVAL, BIASSRC and BIASSIG.

    Notes
    -----
    SolarSoft ``get_exp_factor``, ``offset_bias``; ``c2_calibrate`` and ``c3_calibrate`` subtract it. Sums
    made in the electronics box contain it once for each read-out.
    """
    require_not(smap, "biasval", "subtract_bias")
    if not isinstance(bias, Bias):
        bias = find_bias(smap, bias=bias, factor=factor)
    return record(smap, data=arrays.above_bias(smap.data, bias.level), **bias_told(frame_of(smap), bias))


def bias_told(frame, bias):
    """Cards and HISTORY of the bias subtraction."""
    cards = {
        "biasval": round(bias.level, 5),
        "biassrc": bias.source,
        "biassig": round(bias.sigma * frame.leb_sum[0] * frame.leb_sum[1], 3),
    }
    return {"cards": cards, "history": [f"Bias ({bias.level:.3f} DN, {bias.source}) subtracted"]}


def correct_linearity(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Correct the loss of light near the full well of the CCD.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias, in detector orientation.

    Returns
    -------
    map of the same class
        With the card LINSIG, the relative 1 sigma of the restored light.

    Notes
    -----
    SolarSoft has no such step. Counts of C3 are too low by 0.4 % (west) and 0.9 % (east of the image) at 8750
    DN, and by 1 % at 9500 and 8800 DN; see `~sunpy_lasco.instrument.linearity`. Photon noise is corrected as
    well; read-out noise, which is small there, is not.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    require_not(smap, "linsig", "correct_linearity")
    frame = frame_of(smap)
    data = true_counts(smap.data, frame)
    sigma = None
    if smap.uncertainty is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            sigma = with_sigma(sigma_array(smap) * np.where(smap.data > 0, data / smap.data, np.float32(1)))
    return record(smap, data=data, uncertainty=sigma, **linearity_told(frame))


def linearity_told(frame):
    """Cards and HISTORY of the linearity correction."""
    return {"cards": {"linsig": loss_sigma(frame)}, "history": ["Light lost near the full well restored"]}


def normalize_exposure(smap: AnyCoronagraphMap, *, factor: ExposureFactor | None = None) -> AnyCoronagraphMap:
    """
    Divide by the exposure time.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        Relative exposure; without it the exposure time of the header is used.

    Returns
    -------
    map of the same class
        In DN / s, with the true EXPTIME and the cards EXPFAC, EXPFSIG, EXPFSRC.

    Notes
    -----
    SolarSoft ``get_exp_factor``.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    told = exposure_told(frame_of(smap), factor)
    data, sigma = arrays.scale(smap.data, sigma_array(smap), np.float32(1.0 / told["cards"]["exptime"]))
    return record(smap, data=data, uncertainty=with_sigma(sigma), **told)


def exposure_told(frame, factor):
    """Cards, including the true EXPTIME, and HISTORY of a relative exposure or None."""
    value, sigma, source = (1.0, 0.0, None) if factor is None else (factor.factor, factor.sigma, factor.source)
    exptime = frame.exptime * value
    cards = {
        "exptime": exptime,
        "expfac": value,
        "expfsig": sigma,
        "expfsrc": source or "none",
        "bunit": "DN / s",
    }
    known = f"{value:.6f}, Nreg={factor.regions}, Sig={sigma:.8f}, {source}" if source else "none found, 1"
    return {"cards": cards, "history": [f"Exposure factor {known}; EXPTIME {exptime:.6f} s"]}


def unwrap(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Correct counts of summed frames that overflowed their integers.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.

    Returns
    -------
    map of the same class
        With native integers, or unchanged floats.

    Notes
    -----
    SolarSoft ``fixwrap``: in summed images of signed 16-bit integers, negative counts are counts beyond
    32767.
    """
    data, changed = arrays.unwrapped(smap.data, frame_of(smap))
    return record(
        smap, data=data, history=["Negative counts of the summed image unwrapped (+65536)"] if changed else []
    )


def pad_to_full_frame(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Place a sub-frame in the full frame.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, unwrapped, with its pointing set.

    Returns
    -------
    map of the same class
        The sub-frame surrounded by zeros, which are flagged as not transmitted.

    Notes
    -----
    SolarSoft ``reduce_std_size``. A sub-frame whose corner does not lie on the grid of its summed pixels is
    returned unchanged; SolarSoft shifts it to the grid.
    """
    require(smap, "detroll", "update_pointing")
    frame = frame_of(smap)
    (sx, sy), (cx, cy), (ny, nx) = frame.binning, frame.corner, frame.shape
    if frame.is_full_frame or cx % sx or cy % sy or FULL_FRAME % sx or FULL_FRAME % sy:
        return record(smap)
    full = arrays.pad(smap.data, frame, 0)
    flags = arrays.pad(raw_flags(smap, frame), frame, np.uint8(PixelFlag.UNTRANSMITTED))
    cards = {
        "r1col": FIRST_COLUMN,
        "r1row": FIRST_ROW,
        "r2col": FIRST_COLUMN + FULL_FRAME - 1,
        "r2row": FIRST_ROW + FULL_FRAME - 1,
        "naxis1": full.shape[1],
        "naxis2": full.shape[0],
    }
    cards |= wcs_cards({**smap.meta, **cards}, full.shape)
    sigma = None if smap.uncertainty is None else np.asarray(smap.uncertainty.array, np.float32)
    sigma = with_sigma(None if sigma is None else arrays.pad(sigma, frame, np.nan))
    history = [f"Sub-frame of {nx} x {ny} pixels put into the full frame at ({cx // sx}, {cy // sy})"]
    return record(smap, data=full, flags=flags, uncertainty=sigma, cards=cards, history=history)


def raw_flags(smap, frame):
    """Flags of a raw image, without those of masked pixels, which are set after the interpolation."""
    if smap._flags is not None:
        return smap._flags & ~np.uint8(PixelFlag.MASKED | PixelFlag.OUTSIDE)
    missing, untransmitted = classify_missing(smap.data, frame)
    return missing * np.uint8(PixelFlag.MISSING) | untransmitted * np.uint8(PixelFlag.UNTRANSMITTED)


def mark_missing(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Set missing pixels to NaN, and flag missing and saturated pixels.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, unwrapped.

    Returns
    -------
    map of the same class
        float32, with flags and the cards NMISSING and MISSLIST for lost blocks.

    Notes
    -----
    Because of the bias no measured pixel is zero; zeros are blocks that were lost or not sent. SolarSoft
    treats them as numbers (C2) or keeps the zeros (C3).
    """
    frame = frame_of(smap)
    flags = raw_flags(smap, frame)
    cards = arrays.lost_cards(flags, frame)
    flags = arrays.with_saturated(flags, np.asarray(smap.data), frame)
    return record(smap, data=arrays.empty_to_nan(smap.data, flags), flags=flags, cards=cards)


def estimate_noise(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Estimate the noise of each pixel (1 sigma): photons, read-out and quantisation.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias, not yet divided by the exposure time.

    Returns
    -------
    map of the same class
        With ``uncertainty``; filled pixels keep their own.

    Notes
    -----
    The fixed response of the pixels is the same in all exposures and is not noise.  `sunpy_lasco.uncertainty`
    returns its error and those of the calibration.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    sigma = arrays.noise_sigma(smap.data, frame_of(smap), smap._flags, sigma_array(smap))
    return record(smap, uncertainty=with_sigma(sigma))


def sigma_array(smap):
    """1 sigma of a map as an array, or None."""
    return None if smap.uncertainty is None else np.asarray(smap.uncertainty.array)


def with_sigma(sigma):
    """Convert an array of 1 sigma to the uncertainty of a map; None is returned as None."""
    return None if sigma is None else StdDevUncertainty(sigma, copy=False)
