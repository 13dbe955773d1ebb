"""
Noise of a raw image.

Noise from photons, read-out and quantisation differs between exposures. The fixed response of each pixel does
not, and is treated separately.
"""

from functools import lru_cache

import numpy as np
from scipy.special import erfc

from sunpy_lasco.instrument.constants import value_of

__all__ = ["noise_parts", "noise_variance"]

#: The step of a lossy frame in units of the scale factor of its compression (HCOMP_SF): the
#: coefficients of H-compress are twice the orthonormal ones.
STEP_PER_SCALE = 0.5
#: Share of the coefficients that hold the image itself, those of squares of 4 x 4 pixels and larger. In a smooth image
#: the finer ones hold noise only, and those below half a step become 0.
COARSE_SHARE = 1 / 16
#: Variance of coefficients, in squares of their step, from which on rounding adds 1/12.
WELL_SAMPLED = 0.5
#: Number of entries of the table up to that value; evenly spaced, so that no search is needed.
TABLE_LENGTH = 4096


def pattern_share(frame, left=None):
    """
    1 sigma of the fixed response of a stored pixel relative to its signal; ``left`` is the share that remains
    after a flat field.
    """
    return float(left or frame.camera.pattern) / np.sqrt(frame.binning[0] * frame.binning[1])


def noise_parts(counts, frame):
    """
    Variances of counts above the bias from photons, read-out and quantisation; counts in DN of a stored
    pixel, any shape.

    Return DN**2, in the shape of the counts, or single numbers if all pixels have the same. Sums on the chip
    are read out once; sums in the electronics box are read out and rounded once for each addend. The lossy
    compression (COMPRSSN with ``#`` or ``%``) rounds the coefficients of a wavelet transform. If the noise is
    large, this adds 1/12 of the square of the step. If it is small, some of the noise is rounded away, and
    photons and read-out share the rest.
    """
    reads = frame.leb_sum[0] * frame.leb_sum[1]
    photon = np.maximum(counts, 0.0) / np.float32(frame.camera.gain)
    read = photon.dtype.type(frame.camera.read_variance * reads)
    quantisation = photon.dtype.type(reads / 12.0)
    if frame.is_lossy:
        step = lossy_step(frame)
        before = photon + read
        after = rounded_variance(before, step)
        left = after / before
        np.minimum(left, 1, out=left)
        after -= before
        quantisation = np.maximum(after, 0, out=after) + quantisation
        photon, read = photon * left, read * left
    return photon, read, quantisation


def lossy_step(frame):
    """Step of the lossy compression of a frame, DN; its coefficients are multiples of it."""
    return STEP_PER_SCALE * frame.hcompress_scale or value_of("noise.lossy_step")


def rounding_table(frame):
    """
    Entries per DN**2, square of the step, and float32 table of the variance that rounding adds, in squares of
    the step.
    """
    step = lossy_step(frame)
    return TABLE_LENGTH / WELL_SAMPLED / step**2, step**2, _added_by_rounding().astype(np.float32)


def rounded_variance(variance, step):
    """Variance of pixels after the coefficients of their wavelet transform were rounded to multiples of a step."""
    place = variance * (TABLE_LENGTH / WELL_SAMPLED / step**2)
    np.clip(place, 0, TABLE_LENGTH, out=place)
    # NaN has no index; any will do.
    with np.errstate(invalid="ignore"):
        place = place.astype(np.int32)
    added = np.take(_added_by_rounding().astype(variance.dtype), place, mode="clip")
    added *= variance.dtype.type(step**2)
    added += variance
    return added


@lru_cache(maxsize=1)
def _added_by_rounding():
    """Variance that rounding to integers adds to coefficients, for evenly spaced values of the original variance."""
    before = (np.arange(TABLE_LENGTH + 1) + 0.5) * (WELL_SAMPLED / TABLE_LENGTH)
    multiples = np.arange(1, 6)[:, None]
    fine = ((2 * multiples - 1) * erfc((multiples - 0.5) / np.sqrt(2 * before))).sum(axis=0) - before
    # The last entry is also used for all larger values.
    fine[-1] = 1 / 12
    return fine + COARSE_SHARE * (1 / 12 - fine)


def noise_variance(counts, frame, *, pattern=True):
    """
    Variance of the noise of a raw image, DN**2: the sum of `noise_parts` and, with ``pattern``, of the fixed
    response.

    The fixed response of the pixels has an rms of 0.85 %; in a summed pixel it averages out.
    """
    photon, read, quantisation = noise_parts(counts, frame)
    variance = read + quantisation + photon
    if pattern:
        signal = np.maximum(counts, 0.0)
        variance += np.float32(pattern_share(frame) ** 2) * signal * signal
    return variance
