"""
Pictures with solar north up and a stamp, in colours that show the corona at all heights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.visualization.colormaps  # noqa: F401 - registers the colour maps
from sunpy.map import GenericMap

from sunpy_lasco.errors import OptionError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.instrument.changes import changes_of
from sunpy_lasco.instrument.headers import header_level
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.products.places import height_and_angle

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.products.sequence import SequenceLike

__all__ = ["Look", "draw", "flattened", "picture", "stamp"]

#: Degree of the polynomial in log r for the decrease of the corona, number of iterations of its fit, and weight of
#: pixels brighter than the fit.
DEGREE, ROUNDS, LIGHT = 6, 6, 0.4
#: Harmonics of the fit in position angle, for stray light on one side and for the F corona along the ecliptic.
#: Streamers are narrower.
TURNS = (1, 2, 4)
#: Height below which light diffracted at the occulter outshines the corona, solar radii.
DIFFRACTED = {"C2": 2.35, "C3": 4.2}
#: Percentiles of the relative brightness for black and white, and exponent of the scale.
CORONA_PERCENTILES, CORONA_GAMMA = (2.0, 99.8), 0.65
#: The noise of differences decreases with height like the square root of the corona, about r**-1.15.
DIFFERENCE_FALL = 1.15
#: Percentile of the weighted absolute differences that is shown as black or white.
DIFFERENCE_PERCENTILE = 98.5
#: Percentile of this value among several frames.
DECIDING_FRAMES = 90.0
#: Colours (red, green, blue) of masked and of lost pixels; dark sky is black, or grey in differences.
HIDDEN, LOST = (38, 38, 44), (92, 60, 110)
#: Number of frames of a sequence from which the scale is determined.
SAMPLED = 8
#: Flags of pixels hidden by the instrument itself.
NO_SKY = PixelFlag.MASKED | PixelFlag.OUTSIDE | PixelFlag.UNTRANSMITTED
#: Pixels on a side, and font size in terms of them.
SIZE, FONT = 1024, 0.019


def flattened(image, distance, angle, *, inner=0.0):
    """
    Divide an image by a smooth corona.

    The corona fades by three orders of magnitude across the field, and the F corona is flattened towards the
    ecliptic. After both are divided out, streamers and fronts are visible at all heights.

    Parameters
    ----------
    image : `numpy.ndarray`
        Brightness, MSB; NaN in missing pixels.
    distance : `numpy.ndarray`
        Distance from the Sun's centre, same shape, in any unit.
    angle : `numpy.ndarray`
        Position angle, same shape, radian.
    inner : `float`
        Height below which pixels are not used for the smooth corona.

    Returns
    -------
    `numpy.ndarray`
        About 1 where only the smooth corona is visible.
    """
    good = np.isfinite(image) & (image > 0)
    return np.where(good, image, np.nan) / _smooth_corona(image, distance, angle, inner)(distance, angle)


def _smooth_corona(image, distance, angle, inner):
    """Fit a smooth corona to an image; returns a function of distance and position angle."""
    sample = np.flatnonzero(np.isfinite(image) & (image > 0) & (distance > inner))[::37]
    if len(sample) < 10 * DEGREE:
        msg = "The image shows too little of the corona to be drawn relative to a smooth corona."
        raise OptionError(msg)
    logr, theta, target = np.log(distance.flat[sample]), angle.flat[sample], np.log(image.flat[sample])
    middle, half = (logr.max() + logr.min()) / 2, (logr.max() - logr.min()) / 2

    def terms(logr, theta):
        t = np.clip((logr - middle) / half, -1, 1)
        waves = [wave(turns * theta) for turns in TURNS for wave in (np.cos, np.sin)]
        return np.stack([t**k for k in range(DEGREE + 1)] + [t**k * w for w in waves for k in (0, 1, 2)], axis=-1)

    matrix, weight = terms(logr, theta), np.ones(sample.size)
    for _ in range(ROUNDS):
        solution = np.linalg.lstsq(matrix * weight[:, None], target * weight, rcond=None)[0]
        # Bright outliers are streamers.
        weight = np.where(matrix @ solution < target, LIGHT, 1.0)

    def smooth(distance, angle):
        # Terms are added one after the other; all terms of an image together would need 120 MB or more.
        with np.errstate(divide="ignore"):
            t = np.clip((np.log(distance) - middle) / half, -1, 1)
        found = np.polynomial.polynomial.polyval(t, solution[: DEGREE + 1])
        waves = [wave(turns * angle) for turns in TURNS for wave in (np.cos, np.sin)]
        for wave, part in zip(waves, solution[DEGREE + 1 :].reshape(-1, 3), strict=True):
            found += wave * (part[0] + t * (part[1] + t * part[2]))
        return np.exp(found)

    return smooth


@dataclass(frozen=True)
class Look:
    """
    The mapping from values to colours, the same for all frames of a movie.

    `Look.of` determines it from maps; ``low`` and ``high`` can be changed with ``dataclasses.replace``.
    """

    #: ``"corona"``: brightness relative to a smooth corona. ``"difference"``: symmetric about zero, weighted with a
    #: power of the height. ``"symmetric"``, ``"linear"``: unchanged values.
    kind: str
    #: The values that are drawn black and white.
    low: float
    high: float
    #: Name of the colour map.
    cmap: str
    #: Exponent of the scale between ``low`` and ``high``.
    gamma: float = 1.0
    #: For ``"corona"``: the smooth corona, a function of height and position angle.
    smooth: object = field(default=None, repr=False)
    _kept: dict = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, maps: SequenceLike) -> Look:
        """
        Determine the look of one or several maps.

        Parameters
        ----------
        maps : map, sequence of maps, or `Sequence`
            Maps of one kind.

        Returns
        -------
        `Look`

        Raises
        ------
        sunpy_lasco.errors.OptionError
            If the maps contain no valid pixels.
        """
        shown = _sampled(maps)
        first = shown[0]
        kind, cmap = _kind_of(first), _colours_of(first)
        smooth, gamma = None, CORONA_GAMMA if kind == "corona" else 1.0
        if kind == "corona":
            height, angle = height_and_angle(first)
            same = [one for one in shown if one.data.shape == first.data.shape and _same_grid(one, first)]
            stack = np.stack([np.asarray(one.quantity.value, float) for one in same])
            middle = np.sort(stack, axis=0)[(len(stack) - 1) // 2] if len(stack) > 1 else stack[0]
            smooth = _smooth_corona(middle, height, np.deg2rad(angle), DIFFRACTED.get(_detector(first), 0.0))
        plain = cls(kind, 0.0, 1.0, cmap, gamma, smooth)
        values = [values for values in (_decisive(plain, one) for one in shown) if values.size]
        if not values:
            msg = f"{first.meta.get('filename') or 'The map'} contains nothing to draw."
            raise OptionError(msg)
        if kind in ("difference", "symmetric"):
            # In a movie, the frames with the largest changes determine the scale.
            each = [np.percentile(np.abs(one), DIFFERENCE_PERCENTILE) for one in values]
            high = float(np.percentile(each, DECIDING_FRAMES)) or 1.0
            low = -high
        else:
            low, high = (float(one) for one in np.percentile(np.concatenate(values), CORONA_PERCENTILES))
            high = high if high > low else low + 1.0
        return cls(kind, low, high, cmap, gamma, smooth)

    def values(self, smap: GenericMap) -> np.ndarray:
        """
        The values to draw for a map.

        Parameters
        ----------
        smap : `~sunpy.map.GenericMap`

        Returns
        -------
        `numpy.ndarray`
            Shape (ny, nx); NaN where there are no data.
        """
        data = np.asarray(smap.quantity.value, float)
        if self.kind not in ("corona", "difference"):
            return data
        # Negative values after a subtraction are shown as dark as possible.
        data = np.where(data < 0, 0.0, data) if self.kind == "corona" else data
        return data / self._scale(smap)

    def _scale(self, smap):
        """The divisor of the values, cached for maps on the same grid."""
        wcs = smap.wcs.wcs
        key = (smap.data.shape, *wcs.crpix, *wcs.cdelt, *np.ravel(wcs.get_pc()), round(smap.rsun_obs.value, 1))
        if key not in self._kept:
            height, angle = height_and_angle(smap)
            with np.errstate(divide="ignore", invalid="ignore"):
                if self.kind == "corona":
                    scale = self.smooth(height, np.deg2rad(angle))
                else:
                    scale = (height / 10.0) ** -DIFFERENCE_FALL
            self._kept.clear()
            self._kept[key] = scale
        return self._kept[key]

    def colours(self, smap: GenericMap) -> np.ndarray:
        """
        The pixels of a map as colours.

        Parameters
        ----------
        smap : `~sunpy.map.GenericMap`

        Returns
        -------
        `numpy.ndarray`
            Red, green and blue, uint8, shape (ny, nx, 3). Pixels hidden by occulter, pylon or field edge are
            dark grey, and lost pixels are violet.
        """
        values = self.values(smap)
        hidden, lost = _no_sky(smap, values)
        share = np.clip((np.nan_to_num(values, nan=self.low) - self.low) / (self.high - self.low), 0.0, 1.0)
        table = (mpl.colormaps[self.cmap](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
        found = table[(share**self.gamma * 255).round().astype(np.uint8)]
        found[hidden], found[lost] = HIDDEN, LOST
        return found


def draw(
    smap: GenericMap,
    axes: Axes | None = None,
    *,
    look: Look | None = None,
    label: str | None = None,
    half_width: u.Quantity | None = None,
) -> Axes:
    """
    Draw a map in solar radii, solar north up, without axes and with a stamp.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`
        Level 0.5 or 1, or a product.
    axes : `~matplotlib.axes.Axes`, optional
    look : `Look`, optional
        By default that of the map.
    label : `str`, optional
        Text after camera and time in the stamp; by default the PRLABEL of a product.
    half_width : `~astropy.units.Quantity`, optional
        Half width of the view about the Sun centre, solar radii; by default the whole image.

    Returns
    -------
    `~matplotlib.axes.Axes`

    Raises
    ------
    TypeError
        If it is not a map, such as a sequence or a slice of one.

    Notes
    -----
    Level 1 is drawn relative to a smooth corona, so that streamers and fronts are visible at all heights.
    Differences are grey, symmetric, and weighted with the height to the power of 1.15.  The white circle is the limb.
    """
    import matplotlib.pyplot as plt

    if not isinstance(smap, GenericMap):
        msg = (
            f"A picture needs a single map, not a {type(smap).__name__}. For a sequence, pass sequence.frame(3), or "
            "loop over the sequence, which gives maps."
        )
        raise TypeError(msg)
    axes = plt.gca() if axes is None else axes
    look = Look.of(smap) if look is None else look
    colours = look.colours(smap)
    show(axes, smap, colours, half_width)
    tell(axes, stamp(smap, label), lost=(colours == np.array(LOST, np.uint8)).all(axis=-1).any())
    return axes


def picture(
    smap: GenericMap,
    path: PathLike,
    *,
    look: Look | None = None,
    label: str | None = None,
    half_width: u.Quantity | None = None,
    size: int = SIZE,
    overwrite: bool = False,
) -> Path:
    """
    Write a picture of a map.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`
        Level 0.5 or 1, or a product.
    path : path-like
        Name that ends in .png or another format of matplotlib.
    look, label, half_width : optional
        As for `sunpy_lasco.products.draw`.
    size : `int`
        Pixels on a side.
    overwrite : `bool`
        Replace an existing file.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    TypeError
        If it is not a map, such as a sequence or a slice of one.
    """
    from pathlib import Path

    path = Path(path)
    figure, axes = blank(size)
    draw(smap, axes, look=look, label=label, half_width=half_width)
    with atomic_path(path, overwrite=overwrite) as temporary:
        figure.savefig(temporary, format=path.suffix.lstrip(".") or "png")
    return path


def blank(size):
    """
    A square figure filled by its axes.

    Parameters
    ----------
    size : `int`
        Pixels on a side.

    Returns
    -------
    figure : `~matplotlib.figure.Figure`
    axes : `~matplotlib.axes.Axes`
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size / 100, size / 100), dpi=100, facecolor="black")
    return figure, figure.add_axes([0, 0, 1, 1])


def stamp(smap, label=None):
    """
    Text of the stamp: instrument, time and label.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`
    label : `str`, optional
        By default the card PRLABEL.

    Returns
    -------
    `str`
        Such as ``SOHO/LASCO C3  2012-08-31 21:30 UT  [RD 12 min]``.
    """
    label = smap.meta.get("prlabel", "") if label is None else label
    when = smap.reference_date.utc.strftime("%Y-%m-%d %H:%M")
    return f"SOHO/LASCO {_detector(smap)}  {when} UT  {label}".rstrip()


def _detector(smap):
    return str(smap.meta.get("detector") or smap.detector or "").strip()


def _same_grid(smap, other):
    return np.allclose(smap.wcs.wcs.crpix, other.wcs.wcs.crpix) and np.allclose(smap.wcs.wcs.cdelt, other.wcs.wcs.cdelt)


def _sampled(maps):
    """Select some maps of many, evenly."""
    if hasattr(maps, "frame"):
        numbers = np.unique(np.linspace(0, len(maps) - 1, SAMPLED).round().astype(int))
        return [maps.frame(int(number)) for number in numbers]
    if hasattr(maps, "meta"):
        return [maps]
    maps = list(maps.maps) if hasattr(maps, "maps") else list(maps)
    if not maps:
        msg = "There are no maps."
        raise OptionError(msg)
    return [maps[int(number)] for number in np.unique(np.linspace(0, len(maps) - 1, SAMPLED).round().astype(int))]


def _kind_of(smap):
    changes = changes_of(smap.meta)
    polar = str(smap.meta.get("polar", "")).strip().upper()
    if "filtered" in changes or polar == "DEGREE" or (header_level(smap.meta) == 0.5 and "difference" not in changes):
        return "linear"
    if polar in ("ANGLE", "PBRES"):
        return "symmetric"
    if "difference" in changes and polar != "PB" and smap.meta.get("product") != "K corona":
        return "symmetric" if smap.unit == u.percent else "difference"
    return "corona"


def _colours_of(smap):
    if _kind_of(smap) in ("difference", "symmetric"):
        return "gray"
    # Orange is used only for C2 alone; in composites the outer part is blue.
    return "soholasco2" if _detector(smap) == "C2" else "soholasco3"


def _decisive(look, smap):
    """The values of a map that determine its scale."""
    values = look.values(smap)
    height, _ = height_and_angle(smap)
    decide = np.isfinite(values) & (height > DIFFRACTED.get(_detector(smap), 0.0))
    if look.kind == "linear" and header_level(smap.meta) == 0.5:
        decide &= values > 0
    return values[decide][::7]


def _no_sky(smap, values):
    """Pixels hidden by the instrument, and lost pixels."""
    empty = ~np.isfinite(values)
    if not isinstance(smap, LASCOC2Map | LASCOC3Map):
        return empty, np.zeros(values.shape, bool)
    bits = flags_of(smap)
    missing = (bits & np.uint8(PixelFlag.MISSING)) > 0
    if header_level(smap.meta) == 0.5:
        hidden = (bits & np.uint8(NO_SKY)) > 0
        return hidden, missing & ~hidden
    # Without flags, it is unknown why pixels of a product are empty.
    lost = empty & missing & (getattr(smap, "_flags", None) is not None)
    return empty & ~lost, lost


def show(axes, smap, colours, half_width=None):
    """Draw colours in solar radii, with solar north up and the limb; return the image."""
    from matplotlib.patches import Circle
    from matplotlib.transforms import Affine2D

    centre = smap.world_to_pixel(SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=smap.coordinate_frame))
    x, y = centre.x.value, centre.y.value
    radius = (smap.rsun_obs / (smap.scale[0] * u.pix)).to_value(u.dimensionless_unscaled)
    ny, nx = colours.shape[:2]
    extent = np.array([-0.5 - x, nx - 0.5 - x, -0.5 - y, ny - 0.5 - y]) / radius
    drawn = axes.imshow(colours, origin="lower", extent=extent, interpolation="antialiased")
    roll = np.degrees(np.arctan2(smap.rotation_matrix[1, 0], smap.rotation_matrix[0, 0]))
    turn = Affine2D().rotate_deg(roll)
    drawn.set_transform(turn + axes.transData)
    if half_width is None:
        middle = turn.transform([(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2])
        half = max(nx, ny) / 2 / radius
    else:
        middle, half = (0.0, 0.0), u.Quantity(half_width).to_value(u.R_sun)
    axes.set(
        xlim=(middle[0] - half, middle[0] + half),
        ylim=(middle[1] - half, middle[1] + half),
        xticks=[],
        yticks=[],
        aspect="equal",
    )
    axes.set_facecolor(tuple(one / 255 for one in HIDDEN))
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor="white", linewidth=1.2, zorder=5))
    return drawn


def tell(axes, text, *, lost=False):
    """Draw the stamp and the legend for violet; return both texts."""
    size = FONT * axes.get_window_extent().width * 72 / axes.figure.dpi
    box = {"facecolor": "black", "alpha": 0.6, "edgecolor": "none", "pad": 3}
    said = axes.text(
        0.012, 0.014, text, color="white", fontsize=size, transform=axes.transAxes, bbox=box, zorder=6, va="bottom"
    )
    key = axes.text(
        0.988,
        0.986,
        "violet: not received",
        color="#c8a0e0",
        fontsize=0.8 * size,
        transform=axes.transAxes,
        bbox=box,
        zorder=6,
        ha="right",
        va="top",
        visible=bool(lost),
    )
    return said, key
