"""
From counts to counts per second: unwrapping, padding, holes, bias, exposure.
"""

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.instrument.bias import bias_excess, choose_bias
from sunpy_lasco.instrument.blocks import block_indices, classify_missing, empty_blocks, encode_blocks, grid_shape
from sunpy_lasco.instrument.cameras import FIRST_COLUMN, FIRST_ROW, FULL_FRAME
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.instrument.saturation import saturated_pixels
from sunpy_lasco.map.flags import flags as flags_of
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["estimate_noise", "mark_missing", "normalize_exposure", "pad_to_full_frame", "subtract_bias", "unwrap"]

#: Integers of 16 bits count modulo this.
WRAP = 65536


def unwrap(smap):
    """
    Put right the counts of summed frames that overflowed their integers.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.

    Returns
    -------
    map of the same class
        With native integers, or floats as they were.

    Notes
    -----
    SolarSoft ``fixwrap``: negative counts of summed images of signed 16 bit
    integers are counts beyond 32767.
    """
    data = smap.data
    frame = frame_of(smap)
    wrapped = frame.is_binned and not frame.is_derived and data.dtype.kind == "i" and data.dtype.itemsize == 2
    if wrapped and (data < 0).any():
        fixed = data.astype(np.int32)
        fixed[fixed < 0] += WRAP
        return record(smap, data=fixed, history=["Negative counts of the summed image unwrapped (+65536)"])
    native = np.int32 if data.dtype.kind in "iu" else np.float32
    return record(smap, data=data.astype(native))


def pad_to_full_frame(smap):
    """
    Put a sub-frame into the full frame.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, unwrapped, with its pointing set.

    Returns
    -------
    map of the same class
        Zeros, flagged as not transmitted, surround the sub-frame.

    Notes
    -----
    SolarSoft ``reduce_std_size``.  A sub-frame whose corner does not lie on the
    grid of its own summed pixels stays as it is: SolarSoft shifts it to the grid.
    """
    frame = frame_of(smap)
    (sx, sy), (cx, cy), (ny, nx) = frame.binning, frame.corner, frame.shape
    if frame.is_full_frame or cx % sx or cy % sy or FULL_FRAME % sx or FULL_FRAME % sy:
        return record(smap)
    full = np.zeros((FULL_FRAME // sy, FULL_FRAME // sx), smap.data.dtype)
    part = (slice(cy // sy, cy // sy + ny), slice(cx // sx, cx // sx + nx))
    full[part] = smap.data
    flags = np.full(full.shape, PixelFlag.UNTRANSMITTED, np.uint8)
    flags[part] = _holes(smap, frame)
    cards = {
        "r1col": FIRST_COLUMN,
        "r1row": FIRST_ROW,
        "r2col": FIRST_COLUMN + FULL_FRAME - 1,
        "r2row": FIRST_ROW + FULL_FRAME - 1,
        "naxis1": full.shape[1],
        "naxis2": full.shape[0],
        "crpix1": None,
        "crpix2": None,
    }
    history = [f"Sub-frame of {nx} x {ny} pixels put into the full frame at ({cx // sx}, {cy // sy})"]
    return record(smap, data=full, flags=flags, cards=cards, history=history)


def _holes(smap, frame):
    """Flags MISSING and UNTRANSMITTED of a raw image."""
    missing, untransmitted = classify_missing(smap.data, frame)
    return missing * np.uint8(PixelFlag.MISSING) | untransmitted * np.uint8(PixelFlag.UNTRANSMITTED)


def mark_missing(smap):
    """
    Make missing pixels NaN and flag them, with the saturated ones.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, unwrapped.

    Returns
    -------
    map of the same class
        float32, with flags, and the cards NMISSING and MISSLIST, which count blocks.

    Notes
    -----
    No pixel of a telescope with a bias reads zero: zeros are blocks that were
    lost, or not sent.  SolarSoft keeps them as numbers (C2) or as zeros (C3).
    """
    frame = frame_of(smap)
    attached = getattr(smap, "_flags", None)
    flags = _holes(smap, frame) if attached is None else flags_of(smap).copy()
    data = smap.data.astype(np.float32)
    cards = _missing_blocks(flags, frame)
    empty = (flags & (PixelFlag.MISSING | PixelFlag.UNTRANSMITTED)) != 0
    flags[saturated_pixels(data, frame) & ~empty] |= np.uint8(PixelFlag.SATURATED)
    data[empty & ((flags & PixelFlag.FILLED) == 0)] = np.nan
    return record(smap, data=data, flags=flags, cards=cards)


def _missing_blocks(flags, frame):
    """Number and list of the lost blocks, filled ones included."""
    kept = ((flags & PixelFlag.MISSING) == 0).astype(np.uint8)
    lost = np.argwhere(empty_blocks(kept, frame))
    rows, columns = (indices[0] for indices in block_indices(frame))
    blocks = [(int(column + columns), int(row + rows)) for row, column in lost]
    return {"nmissing": len(blocks), "misslist": encode_blocks(blocks, rows=grid_shape(frame)[0])}


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
            single, source = _dark_level(smap, frame, single, source)
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


def _dark_level(smap, frame, single, source):
    """The bias raised to the dark level that the frame, or its date, shows."""
    if frame.camera.name != "C3":
        return single, source
    return single + bias_excess(frame.mjd), f"{source}, raised to the dark level"


def estimate_noise(smap, *, pattern=True):
    """
    Give each pixel its 1 sigma.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias, not yet divided by the exposure.
    pattern : `bool`
        Whether the fixed pattern of the pixels is still in the image.

    Returns
    -------
    map of the same class
        With ``uncertainty``; pixels that were filled keep theirs.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    sigma = np.sqrt(noise_variance(smap.data, frame_of(smap), pattern=pattern), dtype=np.float32)
    if smap.uncertainty is not None:
        filled = (flags_of(smap) & PixelFlag.FILLED) != 0
        sigma[filled] = np.asarray(smap.uncertainty.array, np.float32)[filled]
    return record(smap, uncertainty=StdDevUncertainty(sigma, copy=False))


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


def scaled_uncertainty(smap, scale):
    """
    The uncertainty of a map times a positive factor.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    scale : `float` or `numpy.ndarray`

    Returns
    -------
    `~astropy.nddata.StdDevUncertainty` or None
    """
    if smap.uncertainty is None:
        return None
    return StdDevUncertainty(np.asarray(smap.uncertainty.array) * scale, copy=False)
