"""
Coarse images of the vignetting and the stray light that the calibration corrected.

With the inverse vignetting and the stray light at a pixel, its counts, and from them the parts of its
uncertainty, can be recovered from its brightness. Both vary smoothly, so means over 4 x 4 pixels suffice;
they make a file 5 % larger.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.pixel_grid import block_mean

__all__ = ["LightPath"]

#: Number of detector pixels along an axis that share one value.
STEP = 4
#: Inverse vignetting outside this range only marks hidden pixels.
VIGNETTING_RANGE = (0.01, 1e4)


@dataclass(frozen=True, eq=False)
class LightPath:
    """Inverse vignetting and stray light on a coarse grid of the detector."""

    #: Shape of the grids.
    SHAPE = (FULL_FRAME // STEP, FULL_FRAME // STEP)
    #: Inverse vignetting, shape (256, 256), float32; None if it was not corrected.
    vignetting: np.ndarray | None = None
    #: Stray light that was subtracted, MSB, same shape; None if none was.
    stray_light: np.ndarray | None = None

    @property
    def is_empty(self):
        """Whether nothing was corrected."""
        return self.vignetting is None and self.stray_light is None

    def inverse_vignetting(self, x, y):
        """Inverse vignetting at full-frame pixels (x, y) of the detector; 1 if it was not corrected."""
        return 1.0 if self.vignetting is None else np.exp(_sampled(np.log(self.vignetting), x, y))

    def subtracted(self, x, y):
        """Stray light that was subtracted at full-frame pixels (x, y) of the detector, MSB."""
        return 0.0 if self.stray_light is None else _sampled(self.stray_light, x, y)


def coarse_vignetting(image):
    """The coarse grid of an inverse vignetting of shape (1024, 1024), from the mean of the transmission."""
    clipped = np.clip(np.nan_to_num(image, nan=VIGNETTING_RANGE[1]), *VIGNETTING_RANGE)
    return (1.0 / block_mean(1.0 / clipped.astype(float), (STEP, STEP))).astype(np.float32)


def coarse_stray_light(image):
    """The coarse grid of a stray light of shape (1024, 1024)."""
    return block_mean(np.asarray(image, float), (STEP, STEP)).astype(np.float32)


def _sampled(grid, x, y):
    x, y = np.broadcast_arrays(x, y)
    places = [np.clip((axis + 0.5) / STEP - 0.5, 0, FULL_FRAME // STEP - 1) for axis in (y, x)]
    return ndimage.map_coordinates(grid.astype(float), places, order=1, mode="nearest")
