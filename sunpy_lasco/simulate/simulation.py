"""
A simulated exposure and the truth behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import sunpy.map

from sunpy_lasco.simulate import optics
from sunpy_lasco.simulate.light import light_at, wheel
from sunpy_lasco.simulate.parameters import Parameters
from sunpy_lasco.simulate.pixels import distort
from sunpy_lasco.simulate.points import light_of_points_at, point_positions
from sunpy_lasco.simulate.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["Simulation"]


@dataclass(frozen=True, eq=False)
class Simulation:
    """
    A simulated exposure and the truth behind it.

    Made by `observe`.
    """

    #: The image, DN, shape (ny, nx).
    data: np.ndarray
    #: Header like that of the real file, `astropy.io.fits.Header`.
    header: object
    #: What is true of the exposure.
    parameters: Parameters
    #: What was seen.
    scene: Scene
    #: Pixels that overflowed or received overflow, bool, shape (ny, nx).
    saturated: np.ndarray = field(repr=False)
    #: Pixels of lost blocks, and of blocks that are not sent, bool, shape (ny, nx).
    lost: np.ndarray = field(repr=False)
    untransmitted: np.ndarray = field(repr=False)

    @cached_property
    def level05(self) -> CoronagraphMap:
        """The level-0.5 map."""
        return sunpy.map.Map(self.data, self.header.copy())

    @cached_property
    def truth(self) -> np.ndarray:
        """The true level-1 image at the centres of the stored pixels; see `level1_at`."""
        return self.level1_at(*self.pixel_positions())

    def pixel_positions(self) -> tuple[np.ndarray, ...]:
        """
        Full-resolution positions of the stored pixels.

        Returns
        -------
        `tuple` of `numpy.ndarray`
            x and y, detector orientation, from 0, shape (ny, nx) each.
        """
        (x0, y0), (sx, sy) = self.parameters.corner, self.parameters.binning
        row, column = np.mgrid[: self.data.shape[0], : self.data.shape[1]]
        return x0 + (column + 0.5) * sx - 0.5, y0 + (row + 0.5) * sy - 0.5

    def level1_at(self, x: ArrayLike, y: ArrayLike, *, points: bool = True, diffracted: bool = True) -> np.ndarray:
        """
        Compute a perfect level-1 image.

        Parameters
        ----------
        x, y : array-like
            Corrected full-resolution positions in detector orientation, from 0:
            the pixels of level 1 before any rectification.
        points : `bool`
            Whether to include stars and planets.
        diffracted : `bool`
            Whether to include the light diffracted at the occulter and the stray light that no calibration subtracts.

        Returns
        -------
        `numpy.ndarray`
            MSB, like ``x``.  Behind the occulter it has no meaning.
        """
        p = self.parameters
        x, y = np.asarray(x, float), np.asarray(y, float)
        light = light_at(self.scene, p, x, y)
        raw = distort(x, y, p.detector, p.occulter_centre)
        if points:
            sources = point_positions(self.scene, p.middle, p.detector, p.attitude, p.occulter_centre)
            light = light + light_of_points_at(raw[0], raw[1], sources)
        if diffracted and p.has("diffracted"):
            rate = optics.diffracted_at(p.detector, p.time, *raw) * wheel(p)
            free = optics.transmission_at(p.detector, p.time, *raw) if p.has("vignetting") else np.ones_like(x)
            light = light + rate * p.factor * optics.inverse_vignetting(free, p.detector)
            light = light + optics.veil_at(p.detector, p.time, *raw)
        return light
