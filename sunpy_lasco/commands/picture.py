"""The picture of the demo."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.transforms import Affine2D

import astropy.units as u
from astropy.coordinates import SkyCoord

from sunpy.visualization.colormaps import cmlist

__all__ = ["draw", "flattened"]

#: Half width of the view of both cameras together, solar radii.
VIEW = 21.0
#: Solar radii beyond which the image of C2 is cut off in that view.
C2_EDGE = 6.3


def flattened(image, distance):
    """
    Divide an image by its median at each distance from the Sun.

    The corona fades by three orders of magnitude across the field; what is left
    shows streamers and fronts near and far alike.

    Parameters
    ----------
    image : `numpy.ndarray`
        Brightness; NaN is missing.
    distance : `numpy.ndarray`
        Distance from the Sun's centre in pixels, same shape.

    Returns
    -------
    `numpy.ndarray`
    """
    good = np.isfinite(image)
    ring = distance.astype(int)
    order = np.argsort(ring[good], kind="stable")
    values, rings = image[good][order], ring[good][order]
    starts = np.flatnonzero(np.diff(rings, prepend=-1))
    medians = [np.median(part) for part in np.split(values, starts[1:])]
    profile = np.full(ring.max() + 1, np.nan)
    profile[rings[starts]] = medians
    return image / profile[ring]


def _sun(smap):
    """Pixel of the Sun's centre and pixels per solar radius."""
    centre = smap.world_to_pixel(SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=smap.coordinate_frame))
    radius = (smap.rsun_obs / (smap.scale[0] * u.pix)).to_value(u.dimensionless_unscaled)
    return centre.x.value, centre.y.value, radius


def _show(axes, smap, image, cmap, **options):
    """Draw an image in solar radii, solar north up."""
    x, y, radius = _sun(smap)
    ny, nx = image.shape
    extent = np.array([-0.5 - x, nx - 0.5 - x, -0.5 - y, ny - 0.5 - y]) / radius
    drawn = axes.imshow(image, origin="lower", extent=extent, cmap=cmap, interpolation="bilinear", **options)
    roll = np.degrees(np.arctan2(smap.rotation_matrix[1, 0], smap.rotation_matrix[0, 0]))
    drawn.set_transform(Affine2D().rotate_deg(roll) + axes.transData)
    return drawn


def _frame(axes, title, half):
    axes.set(xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[], aspect="equal", facecolor="black")
    axes.set_title(title, color="white", fontsize=11)


def draw(pairs, path):
    """
    Draw raw and calibrated images, and both cameras together.

    Parameters
    ----------
    pairs : sequence of `tuple`
        Level-0.5 and level-1 map, of C2 and of C3.
    path : `pathlib.Path`
        The PNG file.

    Returns
    -------
    `pathlib.Path`
        The file.
    """
    figure = Figure(figsize=(15, 7.6), facecolor="black", layout="constrained")
    grid = figure.add_gridspec(2, 4)
    together = figure.add_subplot(grid[:, 2:])
    _frame(together, "both, level 1, divided by the median at each distance", VIEW)
    for row, (raw, level1) in enumerate(pairs):
        cmap = cmlist[f"soholasco{raw.detector[1]}"].copy()
        cmap.set_bad("black")
        half = 512 / _sun(level1)[2]
        before, after = figure.add_subplot(grid[row, 0]), figure.add_subplot(grid[row, 1])
        _frame(before, f"{raw.detector}, level 0.5: counts", half)
        _frame(after, f"{raw.detector}, level 1: mean solar brightness", half)
        counts = np.where(raw.data > 0, raw.data, np.nan)
        low, high = np.nanpercentile(counts, (1, 99.3))
        _show(before, raw, counts, cmap, vmin=low, vmax=high)
        low, high = np.nanpercentile(level1.data, (2, 99.7))
        _show(after, level1, level1.data, cmap, norm=LogNorm(low, high))
        _composite(together, level1, cmap)
    together.add_patch(Circle((0, 0), 1, fill=False, edgecolor="white", linewidth=1.2, zorder=5))
    figure.savefig(path, dpi=80, facecolor="black")
    return path


def _composite(axes, level1, cmap):
    x, y, radius = _sun(level1)
    ny, nx = level1.data.shape
    distance = np.hypot(np.arange(nx)[None, :] - x, np.arange(ny)[:, None] - y)
    flat = flattened(level1.data, distance)
    if level1.detector == "C2":
        flat[distance > C2_EDGE * radius] = np.nan
    low, high = np.nanpercentile(flat, (1, 99.6))
    clear = cmap.copy()
    clear.set_bad(alpha=0)
    _show(axes, level1, flat, clear, vmin=low, vmax=high, zorder=2 if level1.detector == "C2" else 1)
