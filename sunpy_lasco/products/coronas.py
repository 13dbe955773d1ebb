"""
Separation of K corona, F corona and stray light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.coordinates import HeliocentricMeanEcliptic, SkyCoord

from sunpy.coordinates import Helioprojective

from sunpy_lasco.errors import IncompatibleMapsError, LascoError
from sunpy_lasco.instrument.changes import changed, changes_of
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.products.places import height_and_angle
from sunpy_lasco.products.sequence import Sequence, same_grid
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["ecliptic_north", "f_corona", "k_corona", "separate_by_roll"]

#: Brightness of the F corona at 10 solar radii, MSB, and exponent of its decrease: at the ecliptic, and at its poles.
ECLIPTIC = 1.75e-10, 2.25
POLES = 1.05e-10, 2.45
#: 1 sigma of the model, relative.
MODEL_SIGMA = 0.2
#: Ratio of ecliptic to poles at 5 solar radii in this model and in Saito et al. 1977; their difference is an error.
FLATTENING = 1.45, 1.25


def f_corona(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Model the F corona on the pixels of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.

    Returns
    -------
    map of the same class
        MSB. The uncertainty of the model is 20 % plus the difference of its flattening from that of Saito et
        al. 1977. It is common to all pixels.

    Notes
    -----
    1.75e-10 (r / 10)**-2.25 at the ecliptic, 1.05e-10 (r / 10)**-2.45 at its poles, with an interpolation by
    the square of the sine of the angle. The apparent pole of the ecliptic is used, which is up to 7.25
    degrees from solar north.
    """
    height, angle = height_and_angle(smap)
    with np.errstate(divide="ignore"):
        ecliptic, poles = (level * (height / 10.0) ** -exponent for level, exponent in (ECLIPTIC, POLES))
    share = np.sin(np.deg2rad(angle - ecliptic_north(smap))) ** 2
    data = poles + (ecliptic - poles) * share
    data[height <= 1.0] = np.nan
    # Half the difference of the two flattenings, for an unchanged mean.
    flattening = 0.5 * abs(FLATTENING[0] / FLATTENING[1] - 1.0) * np.abs(2.0 * share - 1.0)
    sigma = data * np.hypot(MODEL_SIGMA, flattening)
    meta = changed(smap._operation_header(), "background")
    meta["bunit"], meta["product"], meta["bkgkind"] = MSB.to_string(), "F corona", "model of the F corona"
    add_history(meta, f"Model of the F corona; 1 sigma {MODEL_SIGMA:.0%}, and its flattening")
    return replace(smap, data=data.astype(np.float32), meta=meta, uncertainty=sigma.astype(np.float32), flags=None)


def ecliptic_north(smap):
    """
    Position angle of the north pole of the ecliptic.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `float`
        Degree, counter-clockwise from solar north, -7.25 to 7.25.
    """
    when = smap.reference_date
    pole = SkyCoord(
        0 * u.deg, 90 * u.deg, 1 * u.R_sun, frame=HeliocentricMeanEcliptic(equinox=when, obstime=when)
    ).transform_to(Helioprojective(observer=smap.observer_coordinate, obstime=when))
    return float(np.degrees(np.arctan2(-pole.Tx.value, pole.Ty.value)))


def k_corona(smap: AnyCoronagraphMap, background: AnyCoronagraphMap | None = None) -> AnyCoronagraphMap:
    """
    Subtract the background from a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, MSB.
    background : map, optional
        Result of `~sunpy_lasco.products.background` from level 1. It contains the steady K corona, so the result
        is the variable K corona. By default the model of `f_corona` is used; the result then contains residual
        stray light and has an error of 20 % of the F corona.

    Returns
    -------
    map of the same class
        MSB, with uncertainty; BKGKIND describes what was removed.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If the map is not in MSB, or ``background`` is not a background.
    sunpy_lasco.errors.IncompatibleMapsError
        If map and background do not match.
    """
    if smap.unit != MSB:
        msg = f"{smap.meta.get('filename') or 'The map'} is in {smap.unit}: a K corona requires level 1 in MSB."
        raise LascoError(msg)
    if background is None:
        background, what = f_corona(smap), "model of F corona; stray light stays"
    else:
        if "background" not in changes_of(background.meta):
            msg = f"{background.meta.get('filename')} is not a background made by products.background."
            raise LascoError(msg)
        same_grid(smap, background)
        what = f"{background.meta.get('bkgkind')}; steady K removed too"
    sigma, error = sigma_of(smap), sigma_of(background)
    meta = changed(smap._operation_header(), "difference")
    meta["product"], meta["bkgkind"] = "K corona", what
    meta["prstep1"] = str(smap.meta.get("filename") or smap.date.isot)
    meta["prstep2"] = str(background.meta.get("filename"))
    add_history(meta, f"K corona: {meta['prstep1']} without {what}")
    new = replace(
        smap,
        data=smap.data - background.data,
        meta=meta,
        uncertainty=None if sigma is None or error is None else np.hypot(sigma, error),
    )
    new.meta["filename"] = f"{smap.detector.lower()}_{smap.reference_date.strftime('%Y%m%dT%H%M%S')}_k.fits"
    return new


def separate_by_roll(
    unrolled: AnyCoronagraphMap, rolled: AnyCoronagraphMap
) -> tuple[AnyCoronagraphMap, AnyCoronagraphMap]:
    """
    Separate the background fixed to the sky from that fixed to the detector.

    Parameters
    ----------
    unrolled, rolled : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level-1 backgrounds from before and after a roll of the spacecraft by 180 degrees. They are rotated and
        reprojected to a common grid like the frames of a `Sequence`.

    Returns
    -------
    sky : map of the same class
        Half the sum: the F corona plus the part of the stray light that is symmetric about the Sun.
    detector : map of the same class
        Half the difference: the antisymmetric part of the stray light.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If both have the same roll, or do not match.

    Notes
    -----
    With F(p) in the sky and S(p) on the detector, the images are F(p) + S(p) and F(p) + S(-p). Therefore the even
    part of S cannot be separated from F.

    References
    ----------
    * Llebaria et al. 2021, Solar Physics 296, 53
    """
    names = [str(smap.meta.get("filename") or smap.date.isot) for smap in (unrolled, rolled)]
    rolls = [_detector_roll(smap) for smap in (unrolled, rolled)]
    apart = abs((rolls[0] - rolls[1] + 180.0) % 360.0 - 180.0)
    if abs(apart - 180.0) > 20.0:
        msg = f"{names[0]} and {names[1]} do not have opposite rolls; they differ by {apart:.0f} degrees."
        raise IncompatibleMapsError(msg)
    both, places = Sequence._of_versions([unrolled, rolled])
    unrolled, rolled = (both.frame(place) for place in places)
    sigma, error = sigma_of(unrolled), sigma_of(rolled)
    spread = None if sigma is None or error is None else 0.5 * np.hypot(sigma, error)
    found: list[AnyCoronagraphMap] = []
    for sign, name, told in ((1, "sky", "half the sum"), (-1, "detector", "half the difference")):
        meta = changed(unrolled._operation_header(), "background")
        meta["product"], meta["bkgkind"] = f"background fixed to the {name}", f"{told} of two rolls"
        add_history(meta, f"Background fixed to the {name}: {told} of {names[0]} and {names[1]}")
        data = 0.5 * (unrolled.data + sign * rolled.data)
        found.append(replace(unrolled, data=data, meta=meta, uncertainty=spread, flags=None))
    return found[0], found[1]


def _detector_roll(smap):
    """Roll of the detector in the sky, degree, independent of later rotations of the image."""
    return float(smap._geometry.detector_roll)
