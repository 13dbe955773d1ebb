"""
Relative exposures of the frames of a sequence, from a quiet sector.

The exposure times in C3 headers scatter by 0.3 % within an evening and are occasionally wrong by up to 2 %.
Summed over a large part of the field, this is as much light as that of a coronal mass ejection.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import astropy.units as u

from sunpy_lasco.errors import BadFrameError, OptionError
from sunpy_lasco.products.medians import median_of_finite
from sunpy_lasco.products.places import height_and_angle, pair_of

__all__ = ["RelativeExposures", "has_published_factor", "has_sector", "polar_medians", "relative_exposures"]

#: Largest deviation of a factor from 1 that an exposure error can cause.
LARGEST_CHANGE = 0.03
#: Width of the cells in which the medians are taken, degree.
CELL_WIDTH = 10.0
#: Edges of the cells in height, solar radii: beyond the glare at the occulter, inside the dark edge.
CELL_EDGES = {"C2": np.arange(2.8, 6.01, 0.4), "C3": np.arange(6.0, 22.01, 2.0)}
#: Width of the sector, degree. Wider ones include more of the moving structures and are quiet less often.
SECTOR_WIDTH = 90.0
#: Smallest number of valid pixels in a cell.
LEAST_PIXELS = 5


@dataclass(frozen=True)
class RelativeExposures:
    """Relative exposures of frames. A frame divided by its factor agrees with the others."""

    #: Factor of each frame, relative to the median of the reference frames.
    factors: np.ndarray
    #: 1 sigma of each factor.
    sigma: np.ndarray
    #: Position angles of the sector, degree.
    sector: tuple[float, float]


def has_published_factor(meta):
    """
    Whether the exposure of a level-1 image was corrected with a published factor.

    Parameters
    ----------
    meta : mapping
        Header, with the card EXPFSRC of `sunpy_lasco.calibrate`.

    Returns
    -------
    `bool`
    """
    return str(meta.get("expfsrc", "none")).strip().lower() not in ("none", "")


def polar_medians(smap):
    """
    Medians of a map in cells of position angle and height.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `numpy.ndarray`
        Shape (angles, heights), in the unit of the map; NaN where too few pixels are valid.
    """
    height, angle = height_and_angle(smap)
    edges = CELL_EDGES[smap.detector]
    angles, heights = round(360 / CELL_WIDTH), len(edges) - 1
    valid = np.isfinite(smap.data) & (height >= edges[0]) & (height < edges[-1])
    cell = (angle[valid] / CELL_WIDTH).astype(int) % angles * heights + np.digitize(height[valid], edges) - 1
    # Integers of 16 bits are sorted by counting, which is ten times faster.
    cell = cell.astype(np.int16)
    order = np.argsort(cell, kind="stable")
    values, cells = np.asarray(smap.data)[valid][order], cell[order]
    bounds = np.searchsorted(cells, np.arange(angles * heights + 1))
    medians = np.full(angles * heights, np.nan)
    for number, (start, stop) in enumerate(pairwise(bounds)):
        if stop - start >= LEAST_PIXELS:
            medians[number] = median_of_finite(values[start:stop])
    return medians.reshape(angles, heights)


def has_sector(medians):
    """
    Whether frames have enough in common to determine relative exposures.

    Parameters
    ----------
    medians : `numpy.ndarray`
        Shape (frames, angles, heights), as for `polar_medians`.

    Returns
    -------
    `bool`
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = medians / np.median(medians, axis=0)
    return bool(
        np.isfinite([_change(ratio, number * CELL_WIDTH, SECTOR_WIDTH) for number in range(ratio.shape[1])]).any()
    )


def relative_exposures(medians, names, *, sector=None, base=None):
    """
    Determine relative exposures from medians in cells.

    Parameters
    ----------
    medians : `numpy.ndarray`
        Shape (frames, angles, heights), as for `polar_medians`.
    names : sequence of `str`
        Names of the frames, for errors.
    sector : `~astropy.units.Quantity`, optional
        Two position angles, counter-clockwise. By default the sector of 90 degrees whose height profiles
        change least apart from a factor.
    base : `slice` or `numpy.ndarray` of `bool`, optional
        The frames whose median is the reference; by default all frames.

    Returns
    -------
    `RelativeExposures`

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If a factor is outside 0.97 to 1.03, which no exposure error explains. The error names the frame.
    sunpy_lasco.errors.OptionError
        If no part of the sector is visible in all frames.
    """
    medians = np.asarray(medians, float)
    reference = medians[slice(None) if base is None else base]
    reference = np.median(reference, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(reference > 0, medians / reference, np.nan)
    if sector is None:
        width = SECTOR_WIDTH
        starts = np.arange(ratio.shape[1]) * CELL_WIDTH
        changes = [_change(ratio, start, width) for start in starts]
        if not np.isfinite(changes).any():
            msg = f"The {len(names)} frames from {names[0]} on have no common sector to "
            raise OptionError(msg + "determine relative exposures. Use normalise=False.")
        start = float(starts[int(np.nanargmin(changes))])
    else:
        start, stop = pair_of(sector, u.deg, "normalise")
        width = (stop - start) % 360.0 or 360.0
    cells = _cells(ratio, start, width)
    use = np.isfinite(cells).all(axis=0)
    if not use.any():
        msg = f"The sector from {start:g} by {width:g} degrees is not visible in all {len(names)} frames."
        raise OptionError(msg)
    # Streamers are radial, so changes at different position angles are independent, but those at
    # different heights are not.
    cells[:, ~use] = np.nan
    columns = cells.reshape(len(cells), -1, ratio.shape[2])
    columns = columns[:, np.isfinite(columns[0]).any(axis=1)]
    # In a narrow sector, heights must be used.
    columns = np.nanmedian(columns, axis=2) if columns.shape[1] > 1 else columns[:, 0, np.isfinite(columns[0, 0])]
    factors = columns.mean(axis=1)
    sigma = columns.std(axis=1, ddof=1) / np.sqrt(columns.shape[1]) if columns.shape[1] > 1 else np.zeros(len(factors))
    for name, factor in zip(names, factors, strict=True):
        if not abs(factor - 1.0) <= LARGEST_CHANGE:
            msg = (
                f"{name} is {factor:.4f} times as bright as the others at position angles {start:g} to "
                f"{(start + width) % 360:g} degrees, which no exposure error explains "
                f"(1 +- {LARGEST_CHANGE:g}). Omit it, choose another sector "
                "(normalise=(0, 60) * u.deg), or use normalise=False."
            )
            raise BadFrameError(msg)
    return RelativeExposures(factors, sigma, (start, (start + width) % 360.0))


def _cells(ratio, start, width):
    """The cells whose middle lies in a sector, shape (frames, cells)."""
    middles = (np.arange(ratio.shape[1]) + 0.5) * CELL_WIDTH
    part = (middles - start) % 360.0 < width
    return ratio[:, part].reshape(len(ratio), -1)


def _change(ratio, start, width):
    """Change of the frames in a sector beyond a common factor; NaN if most of it is not visible."""
    cells = _cells(ratio, start, width)
    use = np.isfinite(cells).all(axis=0)
    if use.sum() < 0.7 * cells.shape[1]:
        return np.nan
    cells = cells[:, use]
    return float(np.sqrt(np.mean((cells / np.median(cells, axis=1, keepdims=True) - 1.0) ** 2)))
