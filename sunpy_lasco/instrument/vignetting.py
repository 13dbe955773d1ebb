"""
Inverse vignetting for the pixels of a frame.
"""

import numpy as np

from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout

__all__ = ["inverse_vignetting"]


def inverse_vignetting(image, frame, *, official=False):
    """
    Inverse vignetting of the pixels of a frame, from that of the full frame, shape (1024, 1024); the image is
    multiplied by it.

    A summed pixel collects the light that each of its pixels transmits, so the factor is 1 / mean(1 / V), not
    mean(V); they differ by up to 3.5 % where the vignetting is steep. SolarSoft ``c2_calibrate`` and
    ``c3_calibrate`` use the mean (``official``), and treat only one kind of 2 x 2 sums correctly.
    """
    part = frame_cutout(image, frame)
    if frame.camera.name == "C2":
        part = np.clip(part, 0.0, value_of("C2.vignetting_limit"))
    if not frame.is_binned:
        return part
    if official:
        return block_mean(part, frame.binning)
    with np.errstate(divide="ignore"):
        return 1.0 / block_mean(1.0 / part, frame.binning)
