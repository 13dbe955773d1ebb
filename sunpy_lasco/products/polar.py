"""
Images in position angle and height, whole or as a strip along one direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ndcube import NDCube
from scipy import ndimage

import astropy.units as u
from astropy.nddata import StdDevUncertainty
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

from sunpy.coordinates import Helioprojective

from sunpy_lasco.errors import OptionError
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.products.places import pair_of

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["pixels_at", "polar_unwrap"]

#: Heights that a camera sees, solar radii.
FIELD = {"C2": (2.2, 6.3), "C3": (3.8, 30.0)}


def pixels_at(smap, height, angle):
    """
    Compute the pixels of a map at heights and position angles, the inverse of
    `sunpy_lasco.products.places.height_and_angle`.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`
    height : `numpy.ndarray`
        Angle from the Sun's centre, in apparent solar radii.
    angle : `numpy.ndarray`
        Position angle, degree.

    Returns
    -------
    x, y : `numpy.ndarray`
        Pixels counted from 0, in the broadcast shape of both inputs.
    """
    distance, turn = np.broadcast_arrays(np.asarray(height) * smap.rsun_obs.to_value(u.rad), np.radians(angle))
    latitude = np.arcsin(np.sin(distance) * np.cos(turn))
    longitude = np.arctan2(-np.sin(distance) * np.sin(turn), np.cos(distance))
    wcs = smap.wcs
    if all(name.startswith(stem) for name, stem in zip(wcs.wcs.ctype, ("HPLN", "HPLT"), strict=True)):
        world = [
            value.ravel() * u.rad.to(unit) for value, unit in zip((longitude, latitude), wcs.wcs.cunit, strict=True)
        ]
        # The SIP distortion is inverted by iteration.
        pixel = (wcs.wcs_world2pix if wcs.sip is None else wcs.all_world2pix)(*world, 0)
        return tuple(np.reshape(value, distance.shape) for value in pixel)
    frame = wcs_to_celestial_frame(wcs)
    place = Helioprojective(longitude * u.rad, latitude * u.rad, observer=frame.observer, obstime=frame.obstime)
    return wcs.world_to_pixel(place.transform_to(frame))


def polar_unwrap(
    smap: CoronagraphMap,
    *,
    heights: u.Quantity | None = None,
    step: u.Quantity | None = None,
    angle_step: u.Quantity = 1 * u.deg,
) -> NDCube:
    """
    Transform a map to position angle and height.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    heights : `~astropy.units.Quantity`, optional
        Lower and upper limit, solar radii; by default the field of the camera.
    step : `~astropy.units.Quantity`, optional
        Height of a cell; by default that of a pixel.
    angle_step : `~astropy.units.Quantity`
        Width of a cell, which must divide 360 degrees.

    Returns
    -------
    `~ndcube.NDCube`
        Shape (heights, position angles), with a linear WCS: position angle from solar north
        counter-clockwise, first cell centred on 0, and apparent height in solar radii. NaN where one of the
        four nearest pixels is NaN. The uncertainty is that of single cells; neighbouring cells are
        correlated.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the options define no grid.

    Notes
    -----
    The interpolation is bilinear. The flux of a cell is its value times height, step and angle_step in
    radians.
    """
    low, high = FIELD[smap.detector] if heights is None else pair_of(heights, u.R_sun, "heights")
    pixel = abs(smap._geometry.cdelt[0]) / smap.rsun_obs.to_value(u.arcsec)
    step = pixel if step is None else u.Quantity(step).to_value(u.R_sun)
    width = u.Quantity(angle_step).to_value(u.deg)
    number, turns = round((high - low) / step) if step > 0 else 0, round(360 / width) if width > 0 else 0
    if number < 1 or turns < 1 or low < 0 or abs(turns * width - 360) > 1e-6:
        msg = f"heights {low:g} to {high:g} by {step:g} solar radii and angles by {width:g} degrees define no grid."
        raise OptionError(msg)
    step = (high - low) / number
    height, angle = low + (np.arange(number) + 0.5) * step, np.arange(turns) * width
    x, y = pixels_at(smap, height[:, None], angle[None])
    data = ndimage.map_coordinates(np.asarray(smap.quantity.value, float), [y, x], order=1, cval=np.nan)
    sigma = sigma_of(smap)
    if sigma is not None:
        sigma = _bilinear_sigma(np.asarray(sigma, float), x, y)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["PANGLE", "HEIGHT"], ["deg", "solRad"]
    wcs.wcs.cname = ["position angle", "height"]
    wcs.wcs.crpix, wcs.wcs.crval, wcs.wcs.cdelt = [1, 1], [0, height[0]], [width, step]
    wcs.wcs.dateobs = smap.date.isot
    wcs.array_shape = data.shape
    meta = dict(smap.meta)
    return NDCube(
        data, wcs=wcs, unit=smap.unit, uncertainty=None if sigma is None else StdDevUncertainty(sigma), meta=meta
    )


def _bilinear_sigma(sigma, x, y):
    """Sigma of bilinear interpolation between pixels with independent errors."""
    column, row = np.floor(x), np.floor(y)
    across, up = x - column, y - row
    variance = np.zeros(x.shape)
    for right, weight_x in ((0, 1 - across), (1, across)):
        for above, weight_y in ((0, 1 - up), (1, up)):
            value = ndimage.map_coordinates(sigma, [row + above, column + right], order=0, cval=np.nan)
            variance += (weight_x * weight_y * value) ** 2
    return np.sqrt(variance)
