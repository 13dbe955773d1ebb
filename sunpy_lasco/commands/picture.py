"""The picture of the demo."""

import numpy as np
from matplotlib.colors import LogNorm, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import LogLocator, MaxNLocator
from matplotlib.transforms import Affine2D

import astropy.units as u
from astropy.coordinates import SkyCoord

from sunpy.visualization.colormaps import cmlist

from sunpy_lasco.files import atomic_path
from sunpy_lasco.map import flags
from sunpy_lasco.pixel_flags import flagged
from sunpy_lasco.products.pictures import flattened

__all__ = ["draw"]

#: Half width of the view of both cameras together, solar radii.
VIEW = 17.0
#: Solar radii beyond which the image of C2 is cut off in that view.
C2_EDGE = 6.2
#: Solar radii within which light diffracted at the occulter outshines the corona in C2.
DIFFRACTED = 2.35
#: Colours of pixels without a measurement, and of text.
HOLE, TEXT = "#101014", "#d8d8e0"


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
    drawn = axes.imshow(image, origin="lower", extent=extent, cmap=cmap, interpolation="antialiased", **options)
    roll = np.degrees(np.arctan2(smap.rotation_matrix[1, 0], smap.rotation_matrix[0, 0]))
    drawn.set_transform(Affine2D().rotate_deg(roll) + axes.transData)
    return drawn


def _frame(axes, title, half):
    axes.set(xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[], aspect="equal", facecolor=HOLE)
    axes.set_title(title, color=TEXT, fontsize=11, loc="left", pad=5)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor="white", linewidth=1.0, zorder=5))
    for spine in axes.spines.values():
        spine.set_color("#404048")


def _bar(figure, axes, drawn, label):
    """A colour bar within the image, at its lower edge."""
    inset = axes.inset_axes([0.05, 0.045, 0.42, 0.022])
    bar = figure.colorbar(drawn, cax=inset, orientation="horizontal")
    bar.outline.set_edgecolor(TEXT)
    bar.locator = LogLocator() if isinstance(drawn.norm, LogNorm) else MaxNLocator(3)
    bar.ax.minorticks_off()
    bar.ax.tick_params(
        colors=TEXT, labelsize=7, length=2, pad=1, top=True, labeltop=True, bottom=False, labelbottom=False
    )
    axes.text(0.05, 0.012, label, color=TEXT, fontsize=7, transform=axes.transAxes)


def _colours(detector):
    return cmlist[f"soholasco{detector[1]}"].with_extremes(bad=HOLE)


def draw(stages, path):
    """
    Draw raw and calibrated images, and both cameras together, as a PNG file.

    Each stage is the level-0.5 map of C2 or C3, and level 1 with lost blocks filled from the frame alone and
    from the exposures before and after.
    """
    figure = Figure(figsize=(21.4, 8.8), facecolor="black", layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05, wspace=0.01, hspace=0.01)
    grid = figure.add_gridspec(2, 5)
    together = figure.add_subplot(grid[:, 3:])
    day = stages[0][0].date.isot[:16].replace("T", "  ")
    _frame(together, f"C2 and C3, level 1, relative to a smooth corona     {day} UT", VIEW)
    for row, (raw, alone, level1) in enumerate(stages):
        cmap = _colours(raw.detector)
        half = level1.data.shape[0] / 2 / _sun(level1)[2]
        before = figure.add_subplot(grid[row, 0])
        _frame(before, f"{raw.detector} before: level 0.5, as received", half)
        counts = np.where(raw.data > 0, raw.data, np.nan)
        low, high = np.nanpercentile(counts, (0.5, 99.0))
        drawn = _show(before, raw, counts, cmap, norm=PowerNorm(0.7, low, high))
        _bar(figure, before, drawn, "counts, DN")
        low, high = np.nanpercentile(level1.data, (3, 99.3))
        for column, (smap, how) in enumerate(((alone, "from one frame"), (level1, "from neighbours in time"))):
            filled = flagged(flags(smap), "FILLED").any()
            after = figure.add_subplot(grid[row, column + 1])
            _frame(after, f"{raw.detector} level 1{f', lost blocks filled {how}' if filled else ''}", half)
            drawn = _show(after, smap, smap.data, cmap, norm=LogNorm(low, high))
            _bar(figure, after, drawn, "mean solar brightness")
        _composite(together, level1, cmap)
    _scale(together)
    with atomic_path(path, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=100, facecolor="black", format="png")
    return path


def _composite(axes, level1, cmap):
    x, y, radius = _sun(level1)
    ny, nx = level1.data.shape
    dx, dy = np.arange(nx)[None, :] - x, np.arange(ny)[:, None] - y
    distance = np.hypot(dx, dy) / radius
    inner = level1.detector == "C2"
    flat = flattened(level1.data, distance, np.arctan2(-dx, dy), inner=DIFFRACTED if inner else 0.0)
    shown = distance < (C2_EDGE if inner else 1.5 * VIEW)
    flat[~shown] = np.nan
    # The scale excludes the light diffracted at the occulter.
    low, high = np.nanpercentile(flat[~(distance < DIFFRACTED)] if inner else flat, (2, 99.8))
    _show(
        axes,
        level1,
        flat,
        cmap.with_extremes(bad=(0, 0, 0, 0)),
        norm=PowerNorm(0.65, low, high),
        zorder=2 if inner else 1,
    )
    if inner:
        # C3 must not appear where C2 has no data, since its scale differs.
        axes.add_patch(Circle((0, 0), C2_EDGE, facecolor=HOLE, edgecolor="none", zorder=1.5))


def _scale(axes):
    """A bar of five solar radii."""
    end = 0.94 * VIEW
    axes.plot([end - 5, end], [-end, -end], color=TEXT, linewidth=1.5, zorder=5)
    axes.text(end - 2.5, -end + 0.25, "5 solar radii", color=TEXT, fontsize=9, ha="center", va="bottom", zorder=5)
