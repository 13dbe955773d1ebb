"""
Repair of a scene, zone by zone.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.inpainting.interface import get_method
from sunpy_lasco.inpainting.workspace import cut
from sunpy_lasco.inpainting.zones import LARGEST_ZONE, find_zones

__all__ = ["Repair", "repair_scene"]

#: Best first: what ``"auto"`` takes for holes that neighbours in time cannot fill, and
#: for what the better of these leave.
SINGLE_FRAME_METHODS = ("mixture", "radial", "biharmonic")


@dataclass(frozen=True, eq=False)
class Repair:
    """What became of the holes of a scene."""

    #: Signal in the pixels that were filled, NaN elsewhere; (ny, nx).
    values: np.ndarray
    #: 1 sigma of these values against the scene without noise, same units: all of
    #: it, and the part that is not shared with the pixels around.
    sigma: np.ndarray
    noise: np.ndarray
    #: Methods used for each block (row, column) of the array's grid, in the order
    #: in which they were used.
    methods: dict[tuple[int, int], tuple[str, ...]]
    #: Blocks with pixels that nothing could fill, and why.
    unfilled: dict[tuple[int, int], str]


def repair_scene(scene, method="auto", **options):
    """
    Fill the holes of a scene.

    Parameters
    ----------
    scene : `~sunpy_lasco.inpainting.workspace.Scene`
    method : `str`, optional
        One of `~sunpy_lasco.inpainting.interface.METHODS`, or ``"auto"``: neighbours
        in time where they are fit for it, and the best method that needs none
        for what they leave.
    **options
        Handed on to the method.

    Returns
    -------
    `Repair`
    """
    names = [method]
    if method == "auto":
        names = [*(("temporal",) if scene.neighbours else ()), *SINGLE_FRAME_METHODS]
    values, sigma, noise = (np.full(scene.holes.shape, np.nan) for _ in range(3))
    methods, reasons = {}, {}
    for name in names:
        if not scene.holes.any():
            break
        fill = get_method(name)
        for zone in find_zones(scene.lost_blocks()):
            reason = _fill_zone(scene, zone, name, fill, options, (values, sigma, noise), methods)
            reasons |= dict.fromkeys(zone.blocks, reason)
        scene = scene.filled_with(values)
    left = np.argwhere(scene.lost_blocks())
    return Repair(values, sigma, noise, methods, {(int(i), int(j)): reasons.get((int(i), int(j)), "") for i, j in left})


def _fill_zone(scene, zone, name, fill, options, arrays, methods):
    """Fill a zone, and say why some of it may stay empty."""
    if len(zone.blocks) > LARGEST_ZONE and name != "temporal":
        return f"a zone of {len(zone.blocks)} blocks is too large to be filled from its surroundings"
    crop, window = cut(scene, zone)
    if crop is None:
        return "nothing was measured around them"
    result = fill(crop, **options)
    good = crop.hole & np.isfinite(result.z) & np.isfinite(result.sigma)
    values, sigma, noise = arrays
    own = np.zeros_like(result.z) if result.noise is None else result.noise
    unit = crop.noise * crop.response
    values[window][good] = crop.to_signal(result.z)[good]
    sigma[window][good] = (np.hypot(result.sigma, own) * unit)[good]
    noise[window][good] = (own * unit)[good]
    for row, column in zone.blocks:
        if good[np.ix_(crop.block_rows == row, crop.block_columns == column)].any():
            methods[row, column] = (*methods.get((row, column), ()), name)
    return f"the method {name} cannot fill them"
