"""
Interpolation along radii, with what lies beside them.

Streamers, rays and what flows out in them are radial: what stands on this and on that
side of a hole at the same angle tells most of what is in between.  Pagot, Lamy,
Llebaria & Boclet (2014, Solar Physics 289, 1433) interpolate along radii too, where
they have no neighbours in time.
"""

import numpy as np

from sunpy_lasco.repair.cells import between_nodes, gather, nodes, polar
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.uncertainty import calibrated, deviation

__all__ = ["along_radii", "fill"]

#: Weights fall to 1/e over this distance around, full-resolution pixels, and over this
#: distance from the hole, stored pixels.
AROUND = {"C2": 3.0, "C3": 4.0}
OUTWARDS = 6.0
#: 1 sigma of the slope along a radius before anything is seen, over 100 full-resolution
#: pixels, in units of the scatter of the surroundings: it bounds extrapolation where
#: only one side was measured.
SLOPE = 3.0
#: Without this many cells around it, a hole is not filled.
FEWEST_CELLS = 12

#: Share of the structure around a hole that counts for the uncertainty.
STRUCTURE = 0.25


def fill(crop, *, around=None, outwards=OUTWARDS, slope=SLOPE):
    """
    Fill a hole along radii.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    around : `float`, optional
        Weights fall to 1/e over this distance around the Sun, full-resolution pixels;
        by default that of the camera.
    outwards : `float`, optional
        And over this distance from the hole, stored pixels.
    slope : `float`, optional
        1 sigma of the slope along a radius before anything is seen, in units of the
        scatter of the surroundings over 100 full-resolution pixels.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`

    Notes
    -----
    A straight line in the logarithm of the distance is fitted to each radius, from
    the surroundings at its angle.  Constants are recovered.
    """
    value = along_radii(crop, around=around, outwards=outwards, slope=slope)
    return Fill(value, calibrated(deviation(value, crop, share=STRUCTURE), crop, "radial"))


def along_radii(crop, *, around=None, outwards=OUTWARDS, slope=SLOPE):
    """
    Interpolate along radii.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    around, outwards, slope : `float`, optional
        As for `fill`.

    Returns
    -------
    `~numpy.ndarray`
        In the working space; NaN outside of the hole, and all over where too little is
        known around it.  Shape (ny, nx).
    """
    u, v = polar(crop)
    cells = gather(crop, u, v)
    if len(cells.values) < FEWEST_CELLS:
        return np.full(crop.z.shape, np.nan)
    grid = nodes(crop, u, v)
    around = AROUND[crop.camera] if around is None else around
    weight = np.exp(-np.abs(grid.points[:, None, 1] - cells.points[None, :, 1]) / around)
    weight *= (np.exp(-cells.distance / outwards) / cells.noise)[None, :]
    weight /= weight.sum(axis=1, keepdims=True)
    along = cells.points[None, :, 0] / 100.0
    mean_u = (weight * along).sum(axis=1)
    mean = weight @ cells.values
    deviation = along - mean_u[:, None]
    spread = (weight * deviation**2).sum(axis=1)
    product = (weight * deviation * cells.values[None, :]).sum(axis=1)
    # The ridge is the variance of a line's level over that of its slope.
    line = product / (spread + 1.0 / slope**2 / len(cells.values))
    return between_nodes(mean + line * (grid.points[:, 0] / 100.0 - mean_u), grid, crop)
