"""
Mass, column density and energy of coronal mass ejections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.path import Path as Outline

import astropy.units as u
from astropy.constants import GM_sun
from astropy.coordinates import SkyCoord

import sunpy.map
from sunpy.sun import constants as solar

from sunpy_lasco.errors import LascoError, OptionError
from sunpy_lasco.instrument.changes import changes_of, without_statistics
from sunpy_lasco.level1 import region_sum, systematic_uncertainty
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.products.differences import difference_within
from sunpy_lasco.products.medians import median_variance
from sunpy_lasco.products.places import height_and_angle, in_sector, pair_of
from sunpy_lasco.products.sequence import Sequence, read_frame
from sunpy_lasco.products.thomson import GRAMS_PER_ELECTRON, electron_brightness
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import AnyCoronagraphMap, CoronagraphMap
    from sunpy_lasco.products.sequence import SequenceLike

__all__ = [
    "ExcessMass",
    "column_density",
    "excess_mass",
    "kinetic_energy",
    "mass_image",
    "potential_energy",
]

#: Factor between the sigma of a sum of interpolated pixels and their quadratic sum: bilinear interpolation keeps 4/9 of
#: the variance of white noise on average, but all of the variance of its sum.
SHARED_NOISE = 1.5
#: Largest angle from the plane of the sky of a well visible front, degree.
LIKELY_ANGLE = 30.0
#: Half the depth of a cloud along the line of sight relative to its distance, if it is as deep as wide.
LIKELY_DEPTH = 0.5
#: Width of the bins in height, solar radii.
PROFILE_STEP = 0.5
#: Flags of pixels that are not used.
UNUSED = PixelFlag.MISSING | PixelFlag.UNTRANSMITTED | PixelFlag.MASKED | PixelFlag.OUTSIDE | PixelFlag.SATURATED


@dataclass(frozen=True)
class ExcessMass:
    """Excess mass in a region, with errors."""

    #: The mass, with negative pixels included.
    mass: u.Quantity
    #: Random 1 sigma, from noise, base and relative exposures.
    sigma: u.Quantity
    #: 1 sigma of the calibration scale, common to all masses.
    systematic: u.Quantity
    #: Contributions to ``sigma`` and ``systematic``: ``"noise"``, ``"base"``, ``"normalisation"``, ``"scale"``; and the
    #: increase of the mass if the electrons lie 30 degrees from the assumed plane (``"angle"``), or on both sides of it
    #: over a depth equal to the distance from the Sun (``"depth"``).
    parts: dict = field(repr=False)
    #: Area of the used pixels, in the plane of the sky.
    area: u.Quantity
    #: Number of used pixels.
    pixels: int
    #: Fraction of the region that is not visible, and ratio of negative to positive mass.
    missing: float
    negative: float
    #: Lower edges of bins of height, and the mass in each.
    heights: u.Quantity = field(repr=False)
    profile: u.Quantity = field(repr=False)
    #: The used pixels, shape (ny, nx).
    region: np.ndarray = field(repr=False)
    #: Relative exposure of the later frame, and its 1 sigma.
    factor: float
    factor_sigma: float
    #: The base difference, a map in MSB.
    difference: sunpy.map.GenericMap = field(repr=False)


def excess_mass(
    later: CoronagraphMap | PathLike,
    base: SequenceLike,
    heights: u.Quantity = (4.5, 25) * u.R_sun,
    sector: u.Quantity | None = None,
    *,
    region: np.ndarray | SkyCoord | None = None,
    threshold: float | None = None,
    angle: u.Quantity = 0 * u.deg,
    constant: str = "exact",
    filled: bool = False,
    normalise: str | bool | u.Quantity = "auto",
) -> ExcessMass:
    """
    Measure the excess mass in a region of an image relative to earlier images.

    Parameters
    ----------
    later : `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map` or path-like
        Level 1, MSB.
    base : map, file, or sequence of them
        Level 1 from before the event; of several frames, the median is used. Three to eight frames within three
        hours are best; they also give the uncertainty of the base.
    heights : `~astropy.units.Quantity`
        Lower and upper limit, apparent solar radii from the Sun centre.
    sector : `~astropy.units.Quantity`, optional
        Two position angles, counter-clockwise, such as ``(40, 125) * u.deg``; by default all around.
    region : `numpy.ndarray` of `bool` or `~astropy.coordinates.SkyCoord`, optional
        A mask that is True inside, or the corners of a polygon. Only pixels within ``heights`` and ``sector`` are
        used.
    threshold : `float`, optional
        Use only pixels that are brighter than the base by at least this, in sigma. Such a selection biases the
        mass upwards. By default negative pixels are included.
    angle : `~astropy.units.Quantity`, optional
        Angle of the electrons from the plane of the sky. At the default, 0, electrons are brightest, so the mass
        is a lower limit.
    constant : `str`
        ``"exact"`` or ``"solarsoft"``; see `~sunpy_lasco.products.thomson.electron_brightness`.
    filled : `bool`
        Include filled pixels.
    normalise : `str`, `bool` or `~astropy.units.Quantity`
        Relative exposures, see `Sequence`; the base is their reference. If they are not determined, exposure
        differences of 0.3 % within an evening cause 6e15 g over all position angles.

    Returns
    -------
    `ExcessMass`

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If the maps do not match.
    sunpy_lasco.errors.OptionError
        If no pixel of the region is valid, or an option is invalid.
    sunpy_lasco.errors.LascoError
        If the maps are not in MSB, or are not exposures.

    Notes
    -----
    The mass is the sum over the region of dI A 1.974e-24 g / B_e(r). Here A is the area of a pixel at the distance
    of the Sun, and r is the height divided by the cosine of ``angle``. Noise is summed with the covariance from
    the interpolation. The error of the base is the scatter of the base frames beyond their noise and relative
    exposures. SolarSoft's ``calc_cme_mass`` (SECCHI) uses an angle of 20 degrees by default and gives no errors.

    References
    ----------
    * Vourlidas et al. 2010, The Astrophysical Journal 722, 1522
    """
    low, high = pair_of(heights, u.R_sun, "heights")
    if not 1.0 < low < high:
        msg = f"heights={heights!r}: the first must exceed one solar radius, and the second must exceed the first."
        raise OptionError(msg)
    between = None if sector is None else pair_of(sector, u.deg, "sector")
    theta = u.Quantity(angle).to_value(u.deg)
    if not abs(theta) < 90.0:
        msg = f"angle={angle!r} is not within 90 degrees of the plane of the sky."
        raise OptionError(msg)
    later, bases = _as_maps(later, base)
    for one in (later, *bases):
        if one.unit != MSB or (changes_of(one.meta) and "difference" in changes_of(one.meta)):
            name = one.meta.get("filename") or one.date.isot
            msg = f"{name} is in {one.unit}, EDITED {one.meta.get('edited')!r}: a mass requires level-1 images in MSB."
            raise LascoError(msg)
    both, places = Sequence._of_versions([*bases, later], normalise=normalise, base=len(bases))
    both = both.computed()
    numbers, last = places[:-1], places[-1]
    frame = both.frame(last)
    difference = difference_within(both, last, numbers)
    height, position = height_and_angle(frame)
    inside = (height >= low) & (height <= high) & in_sector(position, between)
    inside &= _region_mask(region, frame)
    bits = flags_of(difference)
    unused = (bits & np.uint8(UNUSED | PixelFlag.FILLED)) != 0
    if filled:
        # Filled blocks also have the flag MISSING.
        repaired = (bits & np.uint8(PixelFlag.FILLED)) != 0
        unused = (bits & np.uint8(UNUSED) & ~(repaired * np.uint8(PixelFlag.MISSING))) != 0
    seen = inside & ~unused & np.isfinite(difference.data)
    if threshold is not None:
        sigma = sigma_of(difference)
        if sigma is None:
            msg = "threshold needs maps with uncertainty."
            raise OptionError(msg)
        with np.errstate(invalid="ignore"):
            chosen = difference.data > threshold * sigma
        share = float(1.0 - np.count_nonzero(seen) / max(np.count_nonzero(inside), 1))
        seen &= chosen
    else:
        share = float(1.0 - np.count_nonzero(seen) / max(np.count_nonzero(inside), 1))
    if not seen.any():
        msg = f"No pixel of the region is valid: heights {low:g} to {high:g} solar radii, sector {sector}."
        raise OptionError(msg)
    # From here on, arrays have one value for each used pixel.
    height, values = height[seen], difference.data[seen].astype(float)
    weights = _grams_per_msb(frame, height, theta, constant)
    masses = weights * values
    mass = masses.sum()
    parts = _random_parts(both, numbers, last, weights, seen, later)
    parts["scale"] = abs(mass) * _scale_error(frame)
    for name, tried in (("angle", theta + LIKELY_ANGLE if theta >= 0 else theta - LIKELY_ANGLE), ("depth", None)):
        if tried is None:
            # Mean brightness of electrons distributed evenly on both sides of the plane.
            half = np.rad2deg(np.arctan(LIKELY_DEPTH))
            shares = [1.0 / _grams_per_msb(frame, height, theta + part * half, constant) for part in DEPTHS]
            other = 1.0 / np.mean(shares, axis=0)
        else:
            other = _grams_per_msb(frame, height, min(max(tried, -85.0), 85.0), constant)
        parts[name] = float(np.sum(other * values) - mass)
    positive, negative = masses[masses > 0].sum(), -masses[masses < 0].sum()
    edges = np.arange(low, high, PROFILE_STEP)
    bins = np.clip(np.digitize(height, edges) - 1, 0, len(edges) - 1)
    profile = np.bincount(bins, masses, minlength=len(edges))
    return ExcessMass(
        mass=float(mass) * u.g,
        sigma=float(np.sqrt(parts["noise"] ** 2 + parts["base"] ** 2 + parts["normalisation"] ** 2)) * u.g,
        systematic=parts["scale"] * u.g,
        parts={name: float(value) * u.g for name, value in parts.items()},
        area=float(np.count_nonzero(seen)) * _pixel_area(frame) * u.cm**2,
        pixels=int(np.count_nonzero(seen)),
        missing=share,
        negative=float(negative / positive) if positive > 0 else np.inf,
        heights=edges * u.R_sun,
        profile=profile * u.g,
        region=seen,
        factor=float(both.factors[last]),
        factor_sigma=float(both.factor_sigma[last]),
        difference=difference,
    )


#: Middles of five parts of the depth of a cloud, in units of half the depth.
DEPTHS = (-0.8, -0.4, 0.0, 0.4, 0.8)


def column_density(
    difference: AnyCoronagraphMap, *, angle: u.Quantity = 0 * u.deg, constant: str = "exact"
) -> AnyCoronagraphMap:
    """
    Convert a difference to column densities of electrons.

    Parameters
    ----------
    difference : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        A base difference of level 1, or a K corona, MSB.
    angle : `~astropy.units.Quantity`, optional
        Angle of the electrons from the plane of the sky.
    constant : `str`
        See `~sunpy_lasco.products.thomson.electron_brightness`.

    Returns
    -------
    map of the same class
        In electrons per cm2, with its uncertainty.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If it is not in MSB.
    """
    return _converted(difference, angle, constant, 1.0, u.cm**-2, "electrons / cm2 along the line of sight")


def mass_image(
    difference: AnyCoronagraphMap, *, angle: u.Quantity = 0 * u.deg, constant: str = "exact"
) -> AnyCoronagraphMap:
    """
    Convert a difference to grams in each pixel.

    Parameters
    ----------
    difference : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        A base difference of level 1, MSB.
    angle : `~astropy.units.Quantity`, optional
        Angle of the electrons from the plane of the sky.
    constant : `str`
        See `~sunpy_lasco.products.thomson.electron_brightness`.

    Returns
    -------
    map of the same class
        Mass in each pixel, g, with its uncertainty.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If it is not in MSB.
    """
    scale = _pixel_area(difference) * GRAMS_PER_ELECTRON.to_value(u.g)
    return _converted(difference, angle, constant, scale, u.g, "grams in the pixel")


def kinetic_energy(mass: u.Quantity, speed: u.Quantity) -> u.Quantity:
    """
    Kinetic energy of a mass.

    Parameters
    ----------
    mass : `~astropy.units.Quantity`
    speed : `~astropy.units.Quantity`
        Speed; for a coronal mass ejection the linear speed of its front.

    Returns
    -------
    `~astropy.units.Quantity`
        erg.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_lasco import products
    >>> print(f"{products.kinetic_energy(1.3e15 * u.g, 480 * u.km / u.s):.2e}")
    1.50e+30 erg
    """
    return (0.5 * mass * speed**2).to(u.erg)


def potential_energy(mass: u.Quantity, height: u.Quantity) -> u.Quantity:
    """
    Potential energy of a mass relative to the surface of the Sun.

    Parameters
    ----------
    mass : `~astropy.units.Quantity`
    height : `~astropy.units.Quantity`
        Distance from the Sun centre.

    Returns
    -------
    `~astropy.units.Quantity`
        erg.
    """
    distance = u.Quantity(height).to(u.R_sun).value * solar.radius
    return (GM_sun * mass * (1 / solar.radius - 1 / distance)).to(u.erg)


def _as_maps(later, base):
    if isinstance(later, Sequence):
        if len(later) != 1:
            msg = f"later must be a single image, but this sequence has {len(later)}; use sequence.frame(number)."
            raise OptionError(msg)
        later = later.frame(0)
    bases = base.maps if hasattr(base, "maps") else base
    bases = [bases] if isinstance(bases, sunpy.map.GenericMap | str | PathLike) else list(bases)
    later, bases = read_frame(later), [read_frame(one) for one in bases]
    if not bases:
        msg = "base is empty."
        raise OptionError(msg)
    return later, bases


def _pixel_area(smap):
    """Area of a pixel in the plane of the sky at the Sun, cm2."""
    steps = [abs(step.to_value(u.arcsec / u.pix)) for step in smap.scale]
    return steps[0] * steps[1] * (solar.radius.to_value(u.cm) / smap.rsun_obs.to_value(u.arcsec)) ** 2


def _grams_per_msb(smap, height, theta, constant):
    """Mass in a pixel for a brightness of 1 MSB, g; same shape as the heights."""
    distance = height / np.cos(np.deg2rad(theta))
    light = electron_brightness(distance, theta, constant=constant).total
    return _pixel_area(smap) * GRAMS_PER_ELECTRON.to_value(u.g) / light


def _converted(smap, angle, constant, scale, unit, told):
    if smap.unit != MSB:
        msg = f"{smap.meta.get('filename') or 'The map'} is in {smap.unit}: electron densities require MSB."
        raise LascoError(msg)
    theta = u.Quantity(angle).to_value(u.deg)
    height, _ = height_and_angle(smap)
    factor = scale / electron_brightness(height / np.cos(np.deg2rad(theta)), theta, constant=constant).total
    sigma = sigma_of(smap)
    meta = without_statistics(smap._operation_header())
    before = changes_of(meta)
    meta["edited"] = ", ".join((*before, "scaled"))
    meta["bunit"] = unit.to_string()
    add_history(meta, f"Thomson scattering, {theta:g} degrees from the plane of the sky: {told}")
    return replace(
        smap, data=smap.data * factor, meta=meta, uncertainty=None if sigma is None else np.abs(factor) * sigma
    )


def _region_mask(region, smap):
    """A region as an array of pixels."""
    if region is None:
        return np.ones(smap.data.shape, bool)
    if isinstance(region, SkyCoord):
        x, y = smap.wcs.world_to_pixel(region)
        rows, columns = np.indices(smap.data.shape)
        outline = Outline(np.column_stack([np.ravel(x), np.ravel(y)]))
        return outline.contains_points(np.column_stack([columns.ravel(), rows.ravel()])).reshape(smap.data.shape)
    region = np.asarray(region, bool)
    if region.shape != smap.data.shape:
        msg = f"region has the shape {region.shape}, the image {smap.data.shape}."
        raise OptionError(msg)
    return region


def _scale_error(smap):
    """1 sigma of the scale, relative: calibration factor and vignetting."""
    try:
        common = systematic_uncertainty(smap)
    except (LascoError, KeyError):
        return 0.0
    return float(np.hypot(common["calibration factor"], common["vignetting"]))


def _shared_noise(smap, seen):
    """Factor by which the sigma of a sum of pixels exceeds that of independent pixels."""
    sigma = sigma_of(smap)
    part = seen & np.isfinite(sigma)
    alone = float(np.sqrt(np.sum(np.square(sigma[part], dtype=float))))
    try:
        return float(region_sum(smap, part).sigma.to_value(MSB)) / alone if alone > 0 else SHARED_NOISE
    except (LascoError, KeyError):
        # Reprojected, or from another pipeline.
        return SHARED_NOISE


def _random_parts(both, numbers, last, weights, seen, later):
    """1 sigma of a mass from noise, base and relative exposures, g; the covariance is that of the later map."""
    count = len(numbers)
    light = np.array([np.nansum(weights * both.data[number][seen]) for number in (*numbers, last)])
    exposures = both.factor_sigma[[*numbers, last]].copy()
    for place, number in enumerate((*numbers, last)):
        if "relexp" not in both.headers[number]:
            exposures[place] = float(both.headers[number].get("expfsig") or 0.0)
    by_exposure = exposures * np.abs(light)
    noise = 0.0
    by_noise = np.zeros(count + 1)
    if both.sigma is not None:
        factor = _shared_noise(later, seen)
        for place, number in enumerate((*numbers, last)):
            by_noise[place] = factor * np.sqrt(np.nansum(np.square(weights * both.sigma[number][seen], dtype=float)))
        noise = np.sqrt(by_noise[-1] ** 2 + np.mean(by_noise[:-1] ** 2) * median_variance(count))
    # Pixels scatter more than exposures, so the exposure error of the median of frames is that of
    # their mean.
    normalisation = np.sqrt(by_exposure[-1] ** 2 + np.mean(by_exposure[:-1] ** 2) / count)
    base = 0.0
    if count >= 3:
        # Excess scatter of the masses from single base frames.
        explained = np.mean(by_noise[:-1] ** 2 + by_exposure[:-1] ** 2)
        base = np.sqrt(max(np.var(light[:-1], ddof=1) - explained, 0.0) * (1.0 + 1.0 / count))
    return {"noise": float(noise), "base": float(base), "normalisation": float(normalisation)}
