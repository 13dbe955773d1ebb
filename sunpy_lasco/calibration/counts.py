"""
From counts to counts per second: bias and exposure.
"""

from dataclasses import replace

import numpy as np

from sunpy_lasco.calibration.noise import scaled_uncertainty
from sunpy_lasco.calibration.options import checked_option
from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.inpainting.reading import card_offset, measured_counts
from sunpy_lasco.instrument.bias import Bias, bias_excess, choose_bias
from sunpy_lasco.instrument.linearity import loss_sigma, true_counts

__all__ = ["correct_linearity", "find_bias", "normalize_exposure", "subtract_bias"]


def find_bias(smap, *, bias="official", factor=None):
    """
    Choose the bias of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, unwrapped.
    bias : `str` or `~astropy.units.Quantity`
        As of `sunpy_lasco.calibrate`.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        The line of the exposure-factor file, which holds the bias too.

    Returns
    -------
    `~sunpy_lasco.instrument.bias.Bias`
        Its sigma has the known distance of the official bias of C3 from the true dark level in it.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If what is given cannot be a bias.
    sunpy_lasco.errors.NotCalibratableError
        If every known bias lies above the pixels of the map.
    """
    frame, bias = frame_of(smap), checked_option("bias", bias)
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    if not isinstance(bias, str):
        single = float(bias.value)
        return Bias(single * repeats, single, "given", 0.0)
    chosen = choose_bias(
        frame,
        measured_counts(smap.data, smap._flags),
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


def subtract_bias(smap, *, bias="official", factor=None):
    """
    Subtract the bias.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 with missing pixels NaN.
    bias : `~sunpy_lasco.instrument.bias.Bias`, `str` or `~astropy.units.Quantity`
        As `find_bias` found it, before lost blocks were filled; or as of `sunpy_lasco.calibrate`.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        As of `find_bias`.

    Returns
    -------
    map of the same class
        With the cards BIASVAL, BIASSRC and BIASSIG.

    Notes
    -----
    SolarSoft ``get_exp_factor``, ``offset_bias``; ``c2_calibrate`` and
    ``c3_calibrate`` subtract it.  Sums of the electronics box hold it once for each
    read-out.
    """
    require_not(smap, "biasval", "subtract_bias")
    if not isinstance(bias, Bias):
        bias = find_bias(smap, bias=bias, factor=factor)
    frame = frame_of(smap)
    cards = {
        "biasval": round(bias.level, 5),
        "biassrc": bias.source,
        "biassig": round(bias.sigma * frame.leb_sum[0] * frame.leb_sum[1], 3),
    }
    history = [f"Bias ({bias.level:.3f} DN, {bias.source}) subtracted"]
    return record(smap, data=smap.data - np.float32(bias.level), cards=cards, history=history)


def correct_linearity(smap):
    """
    Put back the light that is missing from the counts near the full well.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias, in detector orientation.

    Returns
    -------
    map of the same class
        With the card LINSIG, the 1 sigma of what was put back, relative to it.

    Notes
    -----
    The original has no such step.  Counts of C3 fall behind by 0.4 (west) and 0.9 % (east of the image)
    at 8750 DN, by 1 % at 9500 and 8800 DN; see `~sunpy_lasco.instrument.linearity`.  Photon noise is
    put right with them; that of the read-out, which is small there, is left as it is.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    require_not(smap, "linsig", "correct_linearity")
    frame = frame_of(smap)
    data = true_counts(smap.data, frame)
    sigma = None
    if smap.uncertainty is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            sigma = scaled_uncertainty(smap, np.where(smap.data > 0, data / smap.data, np.float32(1)))
    return record(
        smap,
        data=data,
        uncertainty=sigma,
        cards={"linsig": loss_sigma(frame)},
        history=["Light lost near the full well put back"],
    )


def normalize_exposure(smap, *, factor=None):
    """
    Divide by the exposure time.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        Relative exposure; none leaves the exposure time as it is.

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
    frame = frame_of(smap)
    value, sigma, source = (1.0, 0.0, None) if factor is None else (factor.factor, factor.sigma, factor.source)
    exptime = frame.exptime * value
    scale = np.float32(1.0 / exptime)
    cards = {
        "exptime": exptime,
        "expfac": value,
        "expfsig": sigma,
        "expfsrc": source or "none",
        "bunit": "DN / s",
    }
    known = f"{value:.6f}, Nreg={factor.regions}, Sig={sigma:.8f}, {source}" if source else "none found, 1"
    return record(
        smap,
        data=smap.data * scale,
        uncertainty=scaled_uncertainty(smap, scale),
        cards=cards,
        history=[f"Exposure factor {known}; EXPTIME {exptime:.6f} s"],
    )
