"""
Noise of a raw image.

Four independent parts: photons, read-out, the fixed response of each pixel, and
quantisation.
"""

import numpy as np

__all__ = ["noise_variance", "quantisation_variance"]

#: Step of lossy frames in DN where the header does not tell a scale.
DEFAULT_LOSSY_STEP = 16.0
#: The step of a lossy frame in units of the scale factor of its compression:
#: steps of 8 to 32 DN are seen in frames of scale 32 (C3) and 64 (C2).
STEP_PER_SCALE = 0.5


def quantisation_variance(frame):
    """
    Variance by rounding, DN**2 of a stored pixel.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `float`
        1/12 for each read-out that the electronics box adds, and the steps of the
        lossy compression.
    """
    variance = frame.leb_sum[0] * frame.leb_sum[1] / 12.0
    if frame.is_lossy:
        step = STEP_PER_SCALE * frame.hcompress_scale or DEFAULT_LOSSY_STEP
        variance += step**2 / 12.0
    return variance


def noise_variance(counts, frame, *, pattern=True):
    """
    Variance of the noise of a raw image.

    Parameters
    ----------
    counts : `numpy.ndarray`
        Counts above the bias, DN; shape of the frame.
    frame : `~sunpy_lasco.instrument.frame.Frame`
    pattern : `bool`
        Whether the fixed response of the pixels, 0.85 % rms, is still in the image.

    Returns
    -------
    `numpy.ndarray`
        DN**2.

    Notes
    -----
    Sums on the chip are read once, sums in the electronics box once for each
    addend.  The pattern of a summed pixel averages over its pixels.
    """
    camera = frame.camera
    reads = frame.leb_sum[0] * frame.leb_sum[1]
    signal = np.maximum(counts, 0.0)
    variance = signal / np.float32(camera.gain)
    if pattern:
        pixels = frame.binning[0] * frame.binning[1]
        variance += np.float32(camera.pattern**2 / pixels) * signal * signal
    variance += np.float32(camera.read_variance * reads + quantisation_variance(frame))
    return variance
