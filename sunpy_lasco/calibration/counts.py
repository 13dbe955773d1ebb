"""
From counts to counts per second: bias and exposure.
"""

import numpy as np

from sunpy_lasco.calibration.noise import scaled_uncertainty
from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.instrument.bias import bias_excess, choose_bias

__all__ = ["normalize_exposure", "subtract_bias"]


def subtract_bias(smap, *, bias=None, factor=None, level="official"):
    """
    Subtract the bias.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 with missing pixels NaN.
    bias : `~astropy.units.Quantity`, optional
        The bias of a single read-out, DN, instead of the one that
        `~sunpy_lasco.instrument.bias.choose_bias` finds.
    factor : `~sunpy_lasco.instrument.exposure.ExposureFactor`, optional
        The line of the exposure-factor file, which holds the bias too.
    level : `str`
        ``"official"``, or ``"dark"`` for the true dark level of C3, 3 to 7 DN above
        the official bias.

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
    frame = frame_of(smap)
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    if bias is not None:
        single, source, sigma = float(bias.to_value("DN")), "given", 0.0
    else:
        chosen = choose_bias(
            frame,
            table=None if factor is None else factor.bias,
            offset=_number(smap.meta.get("offset")),
            **_level_of_frame(smap, frame),
        )
        single, source, sigma = chosen.single, chosen.source, chosen.sigma
        if level == "dark" and source != "none":
            single, source = _dark_level(frame, single, source)
    sigma = max(sigma, bias_excess(frame.mjd) if frame.camera.name == "C3" and level != "dark" and sigma else 0.0)
    total = single * repeats
    cards = {
        "biasval": (round(total, 5)),
        "biassrc": source,
        "biassig": round(sigma * repeats, 3),
    }
    history = [f"Bias ({total:.3f} DN, {source}) subtracted"]
    return record(smap, data=smap.data - np.float32(total), cards=cards, history=history)


def _number(value):
    try:
        return float(value) or None
    except (TypeError, ValueError):
        return None


def _level_of_frame(smap, frame):
    """First percentile and darkest level of the transmitted pixels, DN."""
    if frame.is_derived or frame.is_model:
        return {}
    found = smap.data[np.isfinite(smap.data) & (smap.data > 0)]
    if found.size < 100:
        return {}
    # Two pixels may be defective; below the third no image is that dark.
    darkest = np.partition(found, 2)[2]
    return {"first_percentile": float(np.percentile(found[::7], 1)), "darkest": float(darkest)}


def _dark_level(frame, single, source):
    """The bias of C3 raised to the dark level of its date."""
    if frame.camera.name != "C3":
        return single, source
    return single + bias_excess(frame.mjd), f"{source}, raised to the dark level"


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
