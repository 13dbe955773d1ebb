"""
Interpolation along radii.

Streamers, rays and outflows are radial, so pixels at the same angle on both sides of a hole largely determine
those in between. Pagot, Lamy, Llebaria & Boclet (2014, Solar Physics 289, 1433) also interpolate along radii
if they have no neighbours in time.
"""

import numpy as np

from sunpy_lasco.repair.cells import between_nodes, gather, nodes, polar
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.uncertainty import calibrated, deviation

__all__ = ["along_radii", "fill"]

#: Distances over which weights decrease to 1/e: in position angle, full-resolution pixels, and from the hole, stored
#: pixels.
AROUND = {"C2": 3.0, "C3": 4.0}
OUTWARDS = 6.0
#: Prior 1 sigma of the slope along a radius over 100 full-resolution pixels, in units of the scatter of the
#: surroundings. It limits the extrapolation if only one side was measured.
SLOPE = 3.0
#: A hole with fewer cells around it than this is not filled.
FEWEST_CELLS = 12

#: Fraction of the structure around a hole that contributes to the uncertainty.
STRUCTURE = 0.25


def fill(crop, *, around=None, outwards=OUTWARDS, slope=SLOPE):
    """
    Fill a hole along radii.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    around : `float`, optional
        Distance around the Sun over which weights decrease to 1/e, full-resolution pixels; by default that of
        the camera.
    outwards : `float`, optional
        The same for the distance from the hole, stored pixels.
    slope : `float`, optional
        Prior 1 sigma of the slope along a radius, in units of the scatter of the surroundings per 100
        full-resolution pixels.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`

    Notes
    -----
    For each radius, a straight line in the logarithm of the distance is fitted to the surroundings at the same
    angle. Constants are reproduced exactly.
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
        In the working space; NaN outside the hole, or everywhere if too little is known around it. Shape (ny,
        nx).
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
    # The ridge is the ratio of the variances of the level and the slope of a line.
    line = product / (spread + 1.0 / slope**2 / len(cells.values))
    return between_nodes(mean + line * (grid.points[:, 0] / 100.0 - mean_u), grid, crop)
