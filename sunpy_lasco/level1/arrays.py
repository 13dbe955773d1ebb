"""
The steps of the calibration on arrays.

`sunpy_lasco.level1.plans.Plan` performs all of them in one pass; here each is a separate function, on which
the functions of maps are built. Steps that consist of one formula of the instrument are in other packages:
`~sunpy_lasco.instrument.linearity.true_counts`, `~sunpy_lasco.instrument.noise.noise_variance`,
`~sunpy_lasco.instrument.vignetting.inverse_vignetting`, `~sunpy_lasco.geometry.resampling.interpolate`.

Images and sigmas are float32 of shape (ny, nx), flags uint8; input arrays are not changed.
"""

import numpy as np

from sunpy_lasco.geometry.resampling import interpolate
from sunpy_lasco.instrument.blocks import block_indices, empty_blocks, encode_blocks, grid_shape
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.instrument.saturation import saturated_pixels
from sunpy_lasco.pixel_flags import PixelFlag, flagged

#: Sigmas are multiplied by this before they are squared, since variances in MSB**2 are close to the smallest numbers in
#: single precision. A power of 2 changes no digit.
VARIANCE_SCALE = 2.0**40
#: 16-bit integers overflow modulo this.
WRAP = 65536


def unwrapped(counts, frame):
    """
    Counts of a file, DN, in native byte order, and whether overflowed sums were corrected.

    Integers become int32, other types float32. Negative counts in summed 16-bit frames are counts beyond
    32767.
    """
    wrapped = frame.is_binned and not frame.is_derived and counts.dtype.kind == "i" and counts.dtype.itemsize == 2
    native = counts.astype(np.int32 if counts.dtype.kind in "iu" else np.float32)
    if not (wrapped and (native < 0).any()):
        return native, False
    native[native < 0] += WRAP
    return native, True


def pad(array, frame, fill):
    """Place an array of a sub-frame in one of the full frame, which holds ``fill`` elsewhere."""
    (sx, sy), (cx, cy), (ny, nx) = frame.binning, frame.corner, frame.shape
    full = np.full((FULL_FRAME // sy, FULL_FRAME // sx), fill, array.dtype)
    full[cy // sy : cy // sy + ny, cx // sx : cx // sx + nx] = array
    return full


def with_saturated(flags, counts, frame):
    """Add the flag of saturated pixels, from counts including the bias, DN."""
    saturated, marked = saturated_pixels(counts, frame), flags.copy()
    rows = np.flatnonzero(saturated.any(axis=1))
    sent = ~flagged(flags[rows], "MISSING", "UNTRANSMITTED")
    marked[rows] |= (saturated[rows] & sent) * np.uint8(PixelFlag.SATURATED)
    return marked


def empty_to_nan(counts, flags):
    """Counts, DN, with NaN where pixels were lost or not sent and not filled."""
    data = np.asarray(counts).astype(np.float32)
    empty = flagged(flags, "MISSING", "UNTRANSMITTED")
    data[empty & ~flagged(flags, "FILLED")] = np.nan
    return data


def bits_of(flags):
    """All flags that occur in an array, as a number."""
    return int(np.bitwise_or.reduce(flags, axis=None))


def lost_blocks(flags, frame):
    """Lost blocks (column, row) in the grid of the full frame, including filled ones."""
    if not bits_of(flags) & PixelFlag.MISSING:
        return []
    kept = (~flagged(flags, "MISSING")).astype(np.uint8)
    rows, columns = (indices[0] for indices in block_indices(frame))
    return [(int(column + columns), int(row + rows)) for row, column in np.argwhere(empty_blocks(kept, frame))]


def lost_cards(flags, frame):
    """The cards NMISSING and MISSLIST, the number and the list of lost blocks."""
    blocks = lost_blocks(flags, frame)
    return {"nmissing": len(blocks), "misslist": encode_blocks(blocks, rows=grid_shape(frame)[0])}


def above_bias(counts, level):
    """Counts above a bias of ``level``, DN."""
    return counts - np.float32(level)


def noise_sigma(counts, frame, flags=None, sigma=None):
    """1 sigma, DN, of counts above the bias from photons, read-out and quantisation; filled pixels keep their own."""
    noise = np.sqrt(noise_variance(counts, frame, pattern=False), dtype=np.float32)
    if sigma is not None:
        filled = flagged(flags, "FILLED")
        noise[filled] = np.asarray(sigma, np.float32)[filled]
    return noise


def scale(image, sigma, factor):
    """Image and sigma times a positive number or array, float32; sigma may be None."""
    return image * factor, None if sigma is None else sigma * factor


def move(image, sigma, flags, resampling):
    """
    Image, sigma and flags at the positions of a `~sunpy_lasco.geometry.resampling.Resampling`.

    The noise of measured pixels is independent. The errors of filled pixels are shared and do not average
    out.
    """
    large = np.float32(VARIANCE_SCALE)
    variance, shared = (None, None) if sigma is None else _shared_apart(sigma * large, flags)
    result = interpolate(image, resampling, variance=variance, flags=flags)
    if shared is not None:
        result.variance[...] += interpolate(shared, resampling).image ** 2
    moved = None if sigma is None else np.sqrt(result.variance) / large
    return result.image, moved, result.flags | result.outside * np.uint8(PixelFlag.OUTSIDE)


def _shared_apart(sigma, flags):
    """Variance of measured pixels, and sigma of filled ones (or None), whose errors do not average out."""
    filled = None if flags is None else flagged(flags, "FILLED")
    if filled is None or not filled.any():
        return sigma * sigma, None
    measured, shared = np.where(filled, np.float32(0), sigma), np.where(filled, sigma, np.float32(0))
    # Missing pixels are determined from the image; they must not affect the sigma of others.
    return measured * measured, np.nan_to_num(shared)


def hide(image, sigma, flags, hidden):
    """Image, sigma and flags with NaN and the flag MASKED where ``hidden`` is True; sigma and flags may be None."""
    nan = np.float32(np.nan)
    flags = np.zeros(image.shape, np.uint8) if flags is None else flags
    return (
        np.where(hidden, nan, image),
        None if sigma is None else np.where(hidden, nan, sigma),
        flags | hidden * np.uint8(PixelFlag.MASKED),
    )


def upright(array):
    """Turn an image by 180 degrees if the spacecraft was upside down; None is returned as None."""
    return None if array is None else np.ascontiguousarray(array[::-1, ::-1])
