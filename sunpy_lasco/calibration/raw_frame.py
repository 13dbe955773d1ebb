"""
Raw frames brought into shape: wrapped counts, sub-frames, missing blocks.
"""

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.calibration.records import frame_of, record, require
from sunpy_lasco.calibration.wcs import wcs_cards
from sunpy_lasco.instrument.blocks import block_indices, classify_missing, empty_blocks, encode_blocks, grid_shape
from sunpy_lasco.instrument.cameras import FIRST_COLUMN, FIRST_ROW, FULL_FRAME
from sunpy_lasco.instrument.saturation import saturated_pixels
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["mark_missing", "pad_to_full_frame", "unwrap"]

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
    require(smap, "detroll", "update_pointing")
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
    }
    cards |= wcs_cards({**smap.meta, **cards}, full.shape)
    sigma = None
    if smap.uncertainty is not None:
        sigma = np.full(full.shape, np.nan, np.float32)
        sigma[part] = smap.uncertainty.array
        sigma = StdDevUncertainty(sigma, copy=False)
    history = [f"Sub-frame of {nx} x {ny} pixels put into the full frame at ({cx // sx}, {cy // sy})"]
    return record(smap, data=full, flags=flags, uncertainty=sigma, cards=cards, history=history)


def _holes(smap, frame):
    """Flags of a raw image, without those of what is hidden: they are set after the interpolation."""
    if smap._flags is not None:
        return smap._flags & ~np.uint8(PixelFlag.MASKED | PixelFlag.OUTSIDE)
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
    flags = _holes(smap, frame)
    data = np.asarray(smap.data).astype(np.float32)
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
