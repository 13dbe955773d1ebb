"""
Predicted positions and fluxes of stars and planets in an image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.table import QTable

from sunpy_lasco.errors import NotCalibratableError, OptionError
from sunpy_lasco.instrument.changes import VALUES, changes_of
from sunpy_lasco.instrument.constants import all_constants, value_of
from sunpy_lasco.instrument.frame import Frame, squeezed
from sunpy_lasco.instrument.photometry import frame_factor
from sunpy_lasco.stars.catalogue import StarFlag, catalogue_numbers, packaged_numbers
from sunpy_lasco.stars.detector import detector_grid
from sunpy_lasco.stars.sky import planets, star_plane
from sunpy_lasco.stars.solution import view_of
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from astropy.table import Table
    from astropy.time import Time

    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["colour_slope", "plot", "predict"]

#: Arcsec in a degree.
DEGREE = 3600.0


def colour_slope(camera, filter_name):
    """
    Slope of the logarithm of the flux of stars with B-V.

    Parameters
    ----------
    camera, filter_name : `str`
        In upper case, without blanks.

    Returns
    -------
    `float`
        1 / mag; 0 for filters for which it was not measured.
    """
    found = all_constants().get(f"{camera}.colour_slope.{filter_name}")
    return 0.0 if found is None else found.value


def predict(
    smap: CoronagraphMap, *, limit: float = 8.0, catalogue: Table | None = None, time: Time | None = None
) -> QTable:
    """
    Predict the positions of stars and planets in an image.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1; also one that was rotated, resampled or cut.
    limit : `float`
        Faintest magnitude.
    catalogue : `~astropy.table.Table`, optional
        Star catalogue; by default that of `~sunpy_lasco.stars.read_catalogue`.
    time : `~astropy.time.Time`, optional
        Middle of the exposure by the corrected clock, instead of that of the header.

    Returns
    -------
    `~astropy.table.QTable`
        Sorted by magnitude: ``name`` (HIP number, planet, or empty), ``hip`` (0 where there is none), ``Tx``, ``Ty``
        (helioprojective), ``x``, ``y`` (pixel of the map counted from 0, in level 0.5 with the distortion),
        ``magnitude`` (V), ``bv`` (B-V), ``flux`` (what the pixels of the image of the star add up to, in the unit of
        the map times pixel; counts without vignetting) and ``flags`` (`~sunpy_lasco.stars.StarFlag`).

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the limit is not a magnitude.

    Notes
    -----
    Pixels follow from the WCS of the map. For images that were not interpolated, such as level 0.5, they
    follow from its Sun centre and roll with the geometry ``"stars"`` of `sunpy_lasco.stars.solve`. Light
    travel time and proper motion are applied. Aberration is not, because sunpy does not include it and Sun
    and stars share it. The flux is based on the official calibration factor. The effect of colour is included
    for C2 Orange and C3 Clear, for which it was measured; for other filters solar colour is assumed.
    """
    if not np.isfinite(limit):
        msg = f"limit={limit!r} is not a magnitude."
        raise OptionError(msg)
    view = view_of(smap, time)
    numbers = packaged_numbers() if catalogue is None else catalogue_numbers(catalogue)
    x, y, seen = star_plane(numbers, view)
    chosen = np.flatnonzero(seen & (numbers["magnitude"] < limit))
    hip = numbers["hip"][chosen]
    names, planet_x, planet_y, planet_magnitudes = planets(view)
    bright = planet_magnitudes < limit
    names = [name for name, shown in zip(names, bright, strict=True) if shown]
    number = len(names)
    plane_x, plane_y = np.append(x[chosen], planet_x[bright]), np.append(y[chosen], planet_y[bright])
    magnitude = np.append(numbers["magnitude"][chosen], planet_magnitudes[bright])
    colour = np.append(numbers["bv"][chosen], np.full(number, np.nan))
    flags = np.append(numbers["flags"][chosen], np.full(number, int(StarFlag.PLANET), dtype=np.uint8))
    px, py = _pixels(smap, plane_x, plane_y)
    ny, nx = smap.data.shape
    inside = (px > -0.5) & (px < nx - 0.5) & (py > -0.5) & (py < ny - 0.5)
    order = np.flatnonzero(inside)[np.argsort(magnitude[inside], kind="stable")]
    names = np.array([f"HIP {one}" if one else "" for one in hip] + [name.capitalize() for name in names], dtype=str)
    px, py, flags = px[order], py[order], flags[order]
    hidden = smap.mask[np.rint(py).astype(int), np.rint(px).astype(int)]
    tx, ty = _helioprojective(plane_x[order], plane_y[order])
    return QTable(
        {
            "name": names[order],
            "hip": np.append(hip, np.zeros(number, dtype=hip.dtype))[order],
            "Tx": tx * u.arcsec,
            "Ty": ty * u.arcsec,
            "x": px * u.pix,
            "y": py * u.pix,
            "magnitude": magnitude[order] * u.mag,
            "bv": colour[order] * u.mag,
            "flux": _flux(smap, magnitude[order], colour[order]),
            "flags": np.where(hidden, flags | int(StarFlag.HIDDEN), flags).astype(np.uint8),
        }
    )


def plot(
    smap: CoronagraphMap,
    table: QTable | None = None,
    *,
    axes: Axes | None = None,
    limit: float = 6.5,
    labels: float = 5.0,
    **kwargs: Any,
) -> Axes:
    """
    Mark stars and planets on the plot of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    table : `~astropy.table.QTable`, optional
        Result of `predict`; by default to the magnitude ``limit``.
    axes : `~matplotlib.axes.Axes`, optional
        Axes of the map; by default the map is drawn.
    limit : `float`
        Faintest magnitude.
    labels : `float`
        Faintest magnitude for labels.
    **kwargs
        For `matplotlib.axes.Axes.scatter`.

    Returns
    -------
    `~matplotlib.axes.Axes`
    """
    import matplotlib.pyplot as plt

    if axes is None:
        axes = plt.subplot(projection=smap)
        smap.plot(axes=axes)
    table = predict(smap, limit=limit) if table is None else table
    shown = table[(table["flags"] & int(StarFlag.HIDDEN)) == 0]
    look: dict[str, Any] = {"s": 60, "facecolors": "none", "edgecolors": "C0", "linewidths": 0.8} | kwargs
    xlim, ylim = axes.get_xlim(), axes.get_ylim()
    axes.scatter(shown["x"].value, shown["y"].value, **look)
    for star in shown[shown["magnitude"] < labels * u.mag]:
        axes.annotate(star["name"], (star["x"].value, star["y"].value), xytext=(6, 6), textcoords="offset points",
                      fontsize=7, color=look["edgecolors"], annotation_clip=True)  # fmt: skip
    axes.set_xlim(xlim)
    axes.set_ylim(ylim)
    return axes


def _helioprojective(x, y):
    """Longitude and latitude, arcsec, of positions in the plane, arcsec."""
    x, y = np.radians(x / DEGREE), np.radians(y / DEGREE)
    longitude = np.arctan(x)
    return np.degrees(longitude) * DEGREE, np.degrees(np.arctan(y * np.cos(longitude))) * DEGREE


def _pixels(smap, x, y):
    """Pixels of a map of positions in the plane, arcsec."""
    if smap._geometry.distorted and smap.wcs.sip is None and not changes_of(smap.meta):
        grid = detector_grid(smap)
        return grid.to_pixel(*grid.attitude.ideal(x, y))
    tx, ty = _helioprojective(x, y)
    return smap.wcs.all_world2pix(tx / DEGREE, ty / DEGREE, 0, quiet=True)


def _flux(smap, magnitude, colour):
    """Sum of the pixels of a star, in the unit of the map times pixel; NaN where that is unknown."""
    grid = detector_grid(smap)
    slope = colour_slope(grid.camera.name, squeezed(smap.meta["filter"]))
    redder = np.where(np.isfinite(colour), colour - value_of("star.solar_colour"), 0.0)
    # The factor holds for the nominal area of a pixel, whatever the distortion makes of it.
    area = grid.camera.plate_scale**2 * float(np.prod(grid.pixel_size))
    flux = value_of("star.flux") * 10 ** (-0.4 * magnitude) * np.exp(slope * redder) / area
    if set(changes_of(smap.meta)) & VALUES:
        flux = np.full_like(flux, np.nan)
    if smap.unit == MSB:
        return flux * MSB * u.pix
    if smap.processing_level != 0.5:
        return np.full_like(flux, np.nan) * u.pix
    try:
        factor = frame_factor(Frame.from_header(smap.meta, smap.data.shape))
    except NotCalibratableError:
        factor = 0.0
    return flux * (smap.exposure_time.to_value(u.s) / factor if factor else np.nan) * u.DN * u.pix
