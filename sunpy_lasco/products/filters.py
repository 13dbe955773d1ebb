"""
Filters of sunkit-image for images with holes.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

import astropy.units as u

from sunpy_lasco.errors import OptionError
from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.products.places import height_and_angle, pair_of
from sunpy_lasco.products.polar import FIELD, pixels_at

if TYPE_CHECKING:
    from typing import Any

    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["radial_filter", "ring_medians"]

#: The filters and their default numbers of rings. The Fourier filter searches the whole image for each of 130 parts of
#: each ring.
METHODS = {"nrgf": 150, "fnrgf": 40, "mgn": 150, "rhef": 150}


def radial_filter(
    smap: AnyCoronagraphMap,
    method: str = "nrgf",
    *,
    heights: u.Quantity | None = None,
    bins: int | None = None,
    **options: Any,
) -> AnyCoronagraphMap:
    """
    Apply a filter of sunkit-image to an image with missing pixels.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.
    method : `str`
        ``"nrgf"``: each ring minus its mean, divided by its standard deviation. ``"fnrgf"``: the same with
        Fourier series in position angle for both. ``"rhef"``: ranks within each ring. ``"mgn"``: local
        contrast on several scales.
    heights : `~astropy.units.Quantity`, optional
        Lower and upper limit, apparent solar radii; by default the field of the camera.
    bins : `int`, optional
        Number of rings; by default 150, for ``"fnrgf"`` 40.
    **options
        Options of the function of sunkit-image.

    Returns
    -------
    map of the same class
        Without unit and uncertainty; finite where ``smap`` is, within ``heights``.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the method is unknown, or no pixel between ``heights`` is valid.

    Notes
    -----
    The image is first divided by its radial profile. This keeps the contrast within a ring and avoids the circles
    that the decrease of brightness across a ring would cause. ``"nrgf"`` and ``"rhef"`` omit missing pixels. For
    the other filters, missing pixels are filled temporarily: with the median of their ring, or for ``"fnrgf"`` with
    values from the opposite side of the Sun. sunkit-image is part of the extra ``products``.

    References
    ----------
    * Morgan, Habbal & Woo 2006, Solar Physics 236, 263 (NRGF)
    * Druckmüllerová, Morgan & Habbal 2011, The Astrophysical Journal 737, 88 (FNRGF)
    * Morgan & Druckmüller 2014, Solar Physics 289, 2945 (MGN)
    """
    if method not in METHODS:
        msg = f"method={method!r} is unknown: it is one of {', '.join(METHODS)}."
        raise OptionError(msg)
    from sunkit_image import enhance, radial

    low, high = FIELD[smap.detector] if heights is None else pair_of(heights, u.R_sun, "heights")
    number = METHODS[method] if bins is None else int(bins)
    height, angle = height_and_angle(smap)
    data = np.where((height >= low) & (height < high), smap.quantity.value, np.nan).astype(float)
    seen = np.isfinite(data)
    if not (0 < low < high and number >= 1 and seen.any()):
        msg = f"No pixel is valid from {low:g} to {high:g} solar radii in {number} rings."
        raise OptionError(msg)
    edges = np.linspace(low, high, number + 1)
    middles, medians = ring_medians(data, height, edges)
    if (medians > 0).all():
        # Relative to the radial profile a ring has no slope, which would appear as circles.
        profile = np.exp(np.interp(height, middles, np.log(medians)))
        data, fill = data / profile, 1.0
    else:
        fill = np.interp(height, middles, medians)
    if method == "fnrgf":
        # The Fourier series need values with the usual scatter at all position angles, so missing
        # pixels are taken from the opposite side.
        opposite = pixels_at(smap, height, angle + 180.0)
        mirrored = ndimage.map_coordinates(data, opposite[::-1], order=0, cval=np.nan)
        data = np.where(seen, data, mirrored)
    if method in ("fnrgf", "mgn"):
        data = np.where(np.isfinite(data), data, fill)
    if method == "mgn":
        found = enhance.mgn(data.copy(), **options)
    else:
        # sunkit-image replaces edges that do not reach the corner of the image.
        beyond = np.append(edges, max(2.0 * high, 2.0 * height.max()))
        rings = np.stack([beyond[:-1], beyond[1:]])
        filled = replace(smap, data=data, uncertainty=None)
        defaults = {"radial_bin_edges": rings * u.R_sun, "application_radius": 0 * u.R_sun}
        if method == "nrgf":
            defaults["width_function"] = np.nanstd
        elif method == "fnrgf":
            # By default sunkit-image attenuates the mean of the ring as well, and adds 15 times the image.
            defaults["mean_attenuation_range"] = defaults["std_attenuation_range"] = [1.0, 1.0]
            defaults["ratio_mix"] = [0.0, 1.0]
        with warnings.catch_warnings():
            # Rings behind the occulter are empty.
            warnings.filterwarnings("ignore", "Mean of empty slice|Degrees of freedom", RuntimeWarning)
            found = getattr(radial, method)(filled, **{**defaults, **options}).data
    meta = changed(smap._operation_header(), "filtered")
    meta["bunit"] = ""
    meta["product"] = method.upper()
    add_history(meta, f"Filtered: {method} of sunkit-image, {low:g} to {high:g} solar radii, {number} rings")
    return replace(smap, data=np.where(seen, found, np.nan).astype(np.float32), meta=meta, uncertainty=None)


def ring_medians(data, height, edges):
    """
    Medians of an image in rings.

    Parameters
    ----------
    data, height : `numpy.ndarray`
        Values and heights of the pixels, of one shape; NaN is omitted.
    edges : `numpy.ndarray`
        Edges of the rings, ascending.

    Returns
    -------
    middles, medians : `numpy.ndarray`
        Of the rings that contain values.
    """
    seen = np.isfinite(data) & (height >= edges[0]) & (height < edges[-1])
    ring = np.digitize(height[seen], edges) - 1
    order = np.argsort(ring, kind="stable")
    values, bounds = data[seen][order], np.searchsorted(ring[order], np.arange(len(edges)))
    middles = (edges[:-1] + edges[1:]) / 2
    there = np.flatnonzero(np.diff(bounds))
    medians = np.array([np.median(values[bounds[one] : bounds[one + 1]]) for one in there])
    return middles[there], medians
