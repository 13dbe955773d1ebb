"""
Positions of pixels relative to the Sun, and regions of the sky.
"""

import numpy as np

import astropy.units as u
from astropy.wcs.utils import wcs_to_celestial_frame

from sunpy.coordinates import Helioprojective

from sunpy_lasco.errors import OptionError

__all__ = ["height_and_angle", "in_sector", "pair_of"]


def height_and_angle(smap):
    """
    Distance from the Sun's centre and position angle of the pixels of a map.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`

    Returns
    -------
    height : `numpy.ndarray`
        Angle from the Sun's centre in apparent solar radii (RSUN_OBS), shape (ny, nx).
    angle : `numpy.ndarray`
        Position angle, degree in [0, 360), counter-clockwise from solar north through east, shape (ny, nx).
    """
    radius = smap.rsun_obs.to_value(u.rad)
    wcs = smap.wcs
    if list(wcs.wcs.ctype) == ["HPLN-TAN", "HPLT-TAN"] and not wcs.wcs.crval.any():
        # The Sun centre is the reference pixel, so the projection is known.
        columns, rows = (
            np.arange(n) - start for n, start in zip(smap.data.shape[::-1], wcs.wcs.crpix - 1, strict=True)
        )
        matrix = wcs.wcs.get_pc() * wcs.wcs.get_cdelt()[:, None]
        matrix *= np.array([u.Unit(unit).to(u.rad) for unit in wcs.wcs.cunit])[:, None]
        x = matrix[0, 0] * columns + matrix[0, 1] * rows[:, None]
        y = matrix[1, 0] * columns + matrix[1, 1] * rows[:, None]
        return np.arctan(np.hypot(x, y)) / radius, np.rad2deg(np.arctan2(-x, y)) % 360.0
    rows, columns = np.indices(smap.data.shape, dtype=float)
    longitude, latitude = _helioprojective(wcs, columns, rows)
    # Exact on the sphere; at 30 solar radii, the plane approximation errs by 0.7 %.
    east, north = -np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    from_sun = np.arctan2(np.hypot(east, north), np.cos(latitude) * np.cos(longitude))
    return from_sun / radius, np.rad2deg(np.arctan2(east, north)) % 360.0


def _helioprojective(wcs, columns, rows):
    """Helioprojective longitude and latitude of pixels, radian, for any WCS."""
    if all(name.startswith(stem) for name, stem in zip(wcs.wcs.ctype, ("HPLN", "HPLT"), strict=True)):
        world = wcs.wcs_pix2world(columns.ravel(), rows.ravel(), 0) if wcs.sip is None else None
        world = world or wcs.all_pix2world(columns.ravel(), rows.ravel(), 0)
        units = [u.Unit(unit).to(u.rad) for unit in wcs.wcs.cunit]
        return tuple(np.reshape(value * unit, rows.shape) for value, unit in zip(world, units, strict=True))
    frame = wcs_to_celestial_frame(wcs)
    place = wcs.pixel_to_world(columns, rows).transform_to(
        Helioprojective(observer=frame.observer, obstime=frame.obstime)
    )
    return place.Tx.to_value(u.rad), place.Ty.to_value(u.rad)


def pair_of(value, unit, name):
    """
    Convert a quantity or a pair of quantities to two numbers in a unit.

    Parameters
    ----------
    value : `~astropy.units.Quantity` or sequence of `~astropy.units.Quantity`
    unit : `~astropy.units.Unit`
        Unit of the result; ``u.deg`` for position angles.
    name : `str`
        Name of the option, for the error.

    Returns
    -------
    `tuple` of `float`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the value is not a pair of finite quantities.
    """
    try:
        first, second = u.Quantity(value).to_value(unit)
    except (TypeError, ValueError, u.UnitConversionError) as error:
        example = "(40, 125) * u.deg" if unit == u.deg else "(4.5, 25) * u.R_sun"
        msg = f"{name}={value!r} is not a pair of quantities, such as {example}."
        raise OptionError(msg) from error
    if not (np.isfinite(first) and np.isfinite(second)):
        msg = f"{name}={value!r} is not finite."
        raise OptionError(msg)
    return float(first), float(second)


def in_sector(angle, sector):
    """
    Whether position angles lie in a sector.

    Parameters
    ----------
    angle : `numpy.ndarray`
        Degree.
    sector : `tuple` of `float` or None
        Start and end, counter-clockwise, degree; (350, 10) contains north. None means all.

    Returns
    -------
    `numpy.ndarray` of `bool`
    """
    if sector is None or abs(sector[1] - sector[0]) >= 360.0:
        return np.ones(np.shape(angle), bool)
    width = (sector[1] - sector[0]) % 360.0
    return (angle - sector[0]) % 360.0 <= width
