"""
Filling and creating holes for special purposes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.instrument.pixel_grid import nearest_known
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.pixel_flags import PixelFlag

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["fill_for_display", "without_negatives"]

#: Number of steps in position angle of the rings used to fill holes.
ANGLES = 720


def fill_for_display(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Fill masked pixels smoothly, for filters that do not support missing pixels.

    Filters that smooth, or compare pixels at the same distance from the Sun, return NaN wherever they touch a
    hole. Because of the pylon of LASCO this is the whole image. The filled values are meant for such filters
    and do not estimate the corona. Use `sunpy_lasco.inpaint` to repair lost blocks.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Of any level, or a difference.

    Returns
    -------
    map of the same class
        Without NaN. Filled pixels have the flag FILLED and no uncertainty; those hidden by occulter, pylon
        and field edge remain masked. EDITED is ``'display'``: such a map cannot be calibrated or written as
        level 1.

    Raises
    ------
    ValueError
        If the image has no valid pixels.

    Notes
    -----
    Values are interpolated linearly along circles about the Sun. If a whole circle is hidden, as by the
    occulter, the nearest other circle is used.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_lasco import calibrate, fill_for_display, simulate
    >>> level1 = calibrate(simulate.observe("C3", leb_sum=(2, 2), seed=1).level05, assets="simulated")
    >>> bool(np.isnan(level1.data).any()), bool(np.isnan(fill_for_display(level1).data).any())
    (True, False)
    """
    smap = in_memory(smap)
    hidden = smap.mask | ~np.isfinite(smap.data)
    if hidden.all():
        msg = f"{smap.meta.get('filename') or 'The map'} has no valid pixels from which holes could be filled."
        raise ValueError(msg)
    floats = smap._standardised(to_float=True)
    rows, columns = np.indices(hidden.shape)
    x, y = smap._geometry.to_plane(columns, rows)
    step = min(smap._geometry.cdelt)
    data = floats.data.copy()
    data[hidden] = _from_circles(data, hidden, np.hypot(x, y) / step, np.arctan2(y, x))
    flags = flags_of(smap)
    flags[hidden] |= np.uint8(PixelFlag.FILLED)
    sigma = sigma_of(smap)
    meta = changed(floats.meta, "display")
    add_history(meta, f"{np.count_nonzero(hidden)} masked pixels filled along circles about the Sun, for display")
    return replace(
        floats,
        data=data,
        meta=meta,
        flags=flags,
        uncertainty=None if sigma is None else StdDevUncertainty(np.where(hidden, np.nan, sigma)),
    )


def _from_circles(data, hidden, radius, angle):
    """Values of the hidden pixels, interpolated along circles; radius in pixels, angle in radians."""
    ring = np.rint(radius).astype(int)
    place = np.rint((angle + np.pi) / (2 * np.pi) * ANGLES).astype(int) % ANGLES
    shape = int(ring.max()) + 1, ANGLES
    seen = ~hidden
    cell = np.ravel_multi_index((ring, place), shape)
    number = np.bincount(cell[seen], minlength=shape[0] * shape[1]).reshape(shape)
    total = np.bincount(cell[seen], data[seen], minlength=shape[0] * shape[1]).reshape(shape)
    angles = np.arange(ANGLES)
    whole = number.any(axis=1)
    polar = np.zeros(shape)
    for row in np.flatnonzero(whole):
        known = number[row] > 0
        polar[row] = np.interp(angles, angles[known], total[row, known] / number[row, known], period=ANGLES)
    return nearest_known(polar, whole)[ring[hidden], place[hidden]]


def without_negatives(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Set negative values to NaN.

    In SolarSoft's images of C2, blocks that were not sent contain the negative bias. In original files this
    package finds them automatically; in resampled images it cannot distinguish them from the result of a
    subtraction.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    map of the same class
    """
    smap = in_memory(smap)
    with np.errstate(invalid="ignore"):
        negative = smap.data < 0
    data = np.where(negative, np.nan, smap.data).astype(smap.data.dtype if smap.data.dtype.kind == "f" else float)
    meta = smap.meta.copy()
    add_history(meta, f"{np.count_nonzero(negative)} negative values set to NaN")
    return replace(smap, data=data, meta=meta)
