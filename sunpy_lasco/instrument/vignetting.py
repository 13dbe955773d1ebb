"""
Inverse vignetting, brought to the pixels of a frame.
"""

import numpy as np

from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout

__all__ = ["inverse_vignetting"]


def inverse_vignetting(image, frame, *, official=False):
    """
    Inverse vignetting of the pixels of a frame, by that of the full frame, shape (1024, 1024); multiply
    by it.

    A summed pixel collects the light that each of its pixels lets pass, so the factor is 1 / mean(1 /
    V), not mean(V); they differ by up to 3.5 % where the vignetting is steep. SolarSoft
    ``c2_calibrate`` and ``c3_calibrate`` take the mean (``official``), and get it right for sums of 2 x
    2 of one kind only.
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
