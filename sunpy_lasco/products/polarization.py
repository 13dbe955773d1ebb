"""
Total and polarised brightness from three polarisers.

The calibration factors of polarised images include the transmission of the polarisers, so a calibrated image
has the brightness B for unpolarised light: I(a) = B + P cos 2(theta - a).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.time import Time

import sunpy.map

from sunpy_lasco.errors import IncompatibleMapsError, LascoUserWarning, OptionError
from sunpy_lasco.instrument.cards import card_text
from sunpy_lasco.instrument.changes import changed, changes_of, require_exposure
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map
from sunpy_lasco.products.places import height_and_angle
from sunpy_lasco.products.sequence import read_frame
from sunpy_lasco.robust import robust_sigma
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["Polarization", "malus", "polarize", "stokes_from_triplet", "total_and_polarised", "zero_degrees_from_clear"]

#: Positions of the polarisers, degree.
POLARISER_ANGLES = (-60.0, 0.0, 60.0)
#: Card POLAR of the images, without blanks.
POLAR = {"minus60": "-60DEG", "zero": "0DEG", "plus60": "+60DEG", "clear": "CLEAR"}
#: Card POLAR of the products, their unit (None for the unit of the images), and their description.
PRODUCTS = {
    "total": ("TI", None, "total brightness"),
    "polarized": ("PB", None, "tangential polarised brightness"),
    "residual": ("PBRES", None, "residual polarised brightness"),
    "angle": ("ANGLE", u.deg, "angle of polarisation"),
    "degree": ("DEGREE", u.dimensionless_unscaled, "degree of polarisation"),
}
#: Heights at which scale and transmissions are determined, solar radii; the K corona is strong there and glare weak.
HEIGHTS = {"C2": (2.6, 5.0), "C3": (5.0, 15.0)}
#: Scales and transmissions that differ from 1 by more than this are not calibration errors.
LARGEST_CORRECTION = 0.05
#: Thresholds in sigma: for the correction of transmissions, and for a defined degree of polarisation.
SIGNIFICANCE = 3.0
#: Smallest sigma of a degree of polarisation if the 0 degree image is derived from Clear.
DEGREE_FROM_CLEAR = 0.03
#: Number of sectors of the fit and of its jackknife; smallest number of sectors and of pixels; rounds of clipping, and
#: its threshold in sigma.
SECTORS, LEAST_SECTORS, LEAST_PIXELS, ROUNDS, CLIP = 12, 6, 1000, 8, 3.0
#: Images are on one grid if their corners agree within this, pixel.
SAME_PLACE = 0.1


def malus(total, polarised, angle, polariser):
    """
    Brightness through a polariser, in the convention of the calibration factors.

    Parameters
    ----------
    total, polarised : array-like
        Total and polarised brightness.
    angle, polariser : array-like
        Direction of polarisation and of the polariser, degree.

    Returns
    -------
    `numpy.ndarray`
    """
    return np.asarray(total) + np.asarray(polarised) * np.cos(2 * np.radians(np.asarray(angle) - polariser))


def stokes_from_triplet(minus, zero, plus):
    """
    Stokes parameters in the frame of the polarisers.

    Parameters
    ----------
    minus, zero, plus : `numpy.ndarray`
        Calibrated images through the polarisers at -60, 0 and +60 degrees.

    Returns
    -------
    i, q, u : `numpy.ndarray`
        They are linear in the images, and therefore free of the noise bias of `total_and_polarised`.
    """
    i = (minus + zero + plus) / 3.0
    q = (2.0 * zero - minus - plus) / 3.0
    u = (plus - minus) / np.sqrt(3.0)
    return i, q, u


def total_and_polarised(minus, zero, plus):
    """
    Total brightness, polarised brightness and direction of polarisation.

    Parameters
    ----------
    minus, zero, plus : `numpy.ndarray`
        Calibrated images through the polarisers at -60, 0 and +60 degrees.

    Returns
    -------
    total, polarised : `numpy.ndarray`
        In the unit of the images.
    angle : `numpy.ndarray`
        Angle from the 0 degree polariser, degree.

    Notes
    -----
    The polarised brightness is a magnitude, so noise increases it: by 38 % if it equals its own error.
    """
    i, q, u = stokes_from_triplet(minus, zero, plus)
    return i, np.hypot(q, u), np.degrees(np.arctan2(u, q)) / 2.0


def zero_degrees_from_clear(clear, minus, plus):
    """
    Compute the image through the 0 degree polariser from the Clear image and the other two.

    Parameters
    ----------
    clear, minus, plus : `numpy.ndarray`
        Calibrated images of the clear position and through the polarisers at -60 and +60 degrees.

    Returns
    -------
    `numpy.ndarray`

    Notes
    -----
    The 0 degree polariser of C3 degraded in late 1998 (Lamy et al. 2020, Frazin et al. 2012); the combination
    of the three images replaces it.
    """
    return 3.0 * clear - minus - plus


@dataclass(frozen=True)
class Polarization:
    """
    Results of a polarised triplet, as maps on the grid of the images.

    The maps have the uncertainty from noise; errors common to all pixels are described by `ratio`,
    `transmissions` and `transmission_sigma`.
    """

    #: Total brightness.
    total: sunpy.map.GenericMap
    #: Polarised brightness pB: positive for tangential, negative for radial polarisation.
    polarized: sunpy.map.GenericMap
    #: Polarised brightness at 45 degrees to the tangent, which is zero for the K corona.
    residual: sunpy.map.GenericMap
    #: Direction of polarisation in degrees, in (-90, 90], from the 0 degree polariser in the sense of the polarisers'
    #: angles.
    angle: sunpy.map.GenericMap
    #: Degree of polarisation: pB divided by total brightness. NaN where the total brightness is less than 3 times its
    #: uncertainty.
    degree: sunpy.map.GenericMap
    #: Median ratio of the total brightness to the Clear frame, before any scaling; NaN without a Clear frame, or if the
    #: 0 degree image is derived from it.
    ratio: float
    #: Whether the images were divided by `ratio`.
    scaled: bool
    #: Transmissions at -60, 0 and +60 degrees for which the K corona is polarised tangentially, relative to their mean,
    #: or to Clear (that at 0 is then NaN).
    transmissions: np.ndarray
    #: 1 sigma of each transmission.
    transmission_sigma: np.ndarray
    #: Whether the images were divided by `transmissions`.
    corrected: bool


def polarize(
    minus60: CoronagraphMap | PathLike,
    zero: CoronagraphMap | PathLike,
    plus60: CoronagraphMap | PathLike,
    clear: CoronagraphMap | PathLike | None = None,
    *,
    scale: str | bool = "auto",
    tangency: str | bool = "auto",
    max_span: u.Quantity = 15 * u.min,
) -> Polarization:
    """
    Derive total and polarised brightness from a triplet of polarised images.

    Parameters
    ----------
    minus60, zero, plus60 : `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map` or path-like
        Level-1 images through the polarisers at -60, 0 and +60 degrees. ``zero`` may be None if ``clear`` is
        given; for C3 after 1998-10 it is not used, since that polariser degraded.
    clear : `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map` or path-like, optional
        Image through the same filter without polariser.
    scale : `str` or `bool`
        Whether to divide the images by the ratio of their mean to ``clear``. ``"auto"`` divides if the ratio
        is within 5 % of 1, and warns otherwise. True always divides, and False never does.
    tangency : `str` or `bool`
        Whether to divide by the relative transmissions of the polarisers for which the residual of the K
        corona vanishes. ``"auto"`` divides if they are within 5 % of 1 and differ from 1 by at least 3 times their
        uncertainty. True always divides, and False never does. They are reported in all cases.
    max_span : `~astropy.units.Quantity`
        Largest interval between the middles of the exposures.

    Returns
    -------
    `Polarization`
        With ``.total``, ``.polarized`` (signed), ``.residual``, ``.angle`` and ``.degree``.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If the images differ in camera, filter, size, unit or pointing, are not level-1 brightness, were taken
        too far apart, or belong to other polarisers.
    sunpy_lasco.errors.OptionError
        If ``zero`` is needed and missing, or cannot be used.
    sunpy_lasco.errors.NotCalibratableError
        If an image is not a single exposure.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If the triplet differs by more than 5 % from the Clear frame and was not scaled.

    Notes
    -----
    The calibration factors of polarised images include the transmission of the polarisers, so each image has
    the brightness B for unpolarised light: I(a) = B + P cos 2(theta - a). With the position angle PA in
    detector orientation, pB = 2/3 sum I cos 2(s a + PA), and the residual is the same with the sine; s is 1
    for C2 and -1 for C3 (``polariser_sense`` in the table of constants). These sums are linear, so unlike a
    magnitude they are not biased by noise.

    SolarSoft's ``do_polariz`` has neither the fit nor uncertainties.  SOHOpy and solpolpy use formulas for
    polarisers that halve the light.  Halve these images for them; otherwise both brightnesses are doubled.

    References
    ----------
    Lamy et al. 2020, Solar Physics 295, 89; Frazin et al. 2012, Solar Physics 280, 273.
    """
    images = {"minus60": minus60, "zero": zero, "plus60": plus60, "clear": clear}
    given = {name: read_frame(smap) for name, smap in images.items() if smap is not None}
    _require_triplet(given, u.Quantity(max_span))
    _require_option(scale, "scale")
    _require_option(tangency, "tangency")
    from_clear = _from_clear_instead(given)
    if from_clear:
        given.pop("zero", None)
    given = _on_one_grid(given)
    values = {name: np.asarray(smap.quantity.to_value(given["minus60"].unit), float) for name, smap in given.items()}
    known = all(sigma_of(smap) is not None for smap in given.values())
    sigmas = {name: np.asarray(sigma_of(smap), float) for name, smap in given.items()} if known else None
    flags = np.bitwise_or.reduce([flags_of(smap) for smap in given.values()])
    base = given["minus60"]
    height, angle = height_and_angle(base)
    # The axes of the polarisers rotate with the camera.
    position = np.radians(angle - float(base.meta.get("detroll", _roll_of(base))))
    sense = value_of(f"{base.detector}.polariser_sense")
    # Inputs of the products, in the order of `_from_clear`.
    names = ("minus60", "plus60", "clear") if from_clear else ("minus60", "zero", "plus60")
    low, high = HEIGHTS[base.detector]
    usable = (height > low) & (height < high) & (flags == 0)
    for image in values.values():
        usable &= np.isfinite(image) & (image > 0)

    ratio = np.nan
    if not from_clear and clear is not None and usable.any():
        mean = (values["minus60"] + values["zero"] + values["plus60"]) / 3
        ratio = float(np.median((mean / values["clear"])[usable]))
    gains, gain_sigma = _tangency(values, position, sense, usable, from_clear=from_clear)
    transmissions, transmission_sigma = 1 / gains, gain_sigma / gains**2
    corrected = _is_corrected(tangency, gains, gain_sigma, base, from_clear=from_clear)
    scaled = _is_scaled(scale, ratio, base)
    factors = dict.fromkeys(names, 1.0)
    for name, gain in zip(("minus60", "zero", "plus60"), gains, strict=True):
        if corrected and name in factors and np.isfinite(gain):
            factors[name] *= gain
    if scaled:
        factors = {name: factor / ratio for name, factor in factors.items()}
    images = [values[name] * factors[name] for name in names]
    sigma = [sigmas[name] * abs(factors[name]) for name in names] if known else None
    products = _products(images, sigma, position, sense, from_clear=from_clear)
    if from_clear:
        data, error = products["degree"]
        products["degree"] = (
            (data, None if error is None else np.hypot(error, DEGREE_FROM_CLEAR))
            if corrected
            else (np.full_like(data, np.nan), error)
        )
    told = _Told(base, given, names, ratio, scaled, transmissions, transmission_sigma, corrected, from_clear)
    dtype = np.result_type(*(smap.quantity.dtype for smap in given.values()))
    maps = {
        name: told.as_map(name, data.astype(dtype), None if error is None else error.astype(dtype), flags)
        for name, (data, error) in products.items()
    }
    return Polarization(
        **maps,
        ratio=ratio,
        scaled=scaled,
        transmissions=transmissions,
        transmission_sigma=transmission_sigma,
        corrected=corrected,
    )


def _require_option(value, name):
    if not isinstance(value, bool | np.bool_) and not (isinstance(value, str) and value == "auto"):
        msg = f"{name}={value!r} is unknown: it is 'auto', True or False."
        raise OptionError(msg)


def _from_clear_instead(given):
    """Whether the image at 0 degrees is derived from Clear."""
    base, zero = given["minus60"], given.get("zero")
    degraded = base.detector == "C3" and base.date.mjd >= value_of("C3.polariser_zero.degraded")
    if zero is not None and not degraded:
        return False
    if "clear" not in given:
        why = "there is no image at 0 degrees" if zero is None else "the 0 degree polariser of C3 degraded in 1998-10"
        msg = f"{_name(base)}: {why}, and it cannot be replaced without a Clear frame. Pass clear=."
        raise OptionError(msg)
    return True


def _is_corrected(tangency, gains, sigma, base, *, from_clear):
    """Whether the images are divided by the fitted transmissions."""
    found = np.isfinite(gains[[0, 2]]).all()
    if not isinstance(tangency, str):
        if tangency and not found:
            msg = f"{_name(base)}: too little of the corona is visible to fit the transmissions. Use tangency=False."
            raise OptionError(msg)
        return bool(tangency)
    if not found or np.nanmax(np.abs(1 / gains - 1)) > LARGEST_CORRECTION:
        return False
    # If the third image comes from Clear, even small scale errors look like polarisation.
    return from_clear or bool((np.abs(gains - 1) >= SIGNIFICANCE * sigma).any())


def _is_scaled(scale, ratio, base):
    """Whether the images are divided by their ratio to Clear."""
    if not isinstance(scale, str):
        if scale and not np.isfinite(ratio):
            msg = f"{_name(base)}: scale=True needs a Clear frame in addition to all three polarised images."
            raise OptionError(msg)
        return bool(scale)
    near = abs(ratio - 1) <= LARGEST_CORRECTION
    if np.isfinite(ratio) and not near:
        warnings.warn(
            f"{_name(base)}: the mean of the triplet is {ratio:.3f} times the Clear frame. The images were not "
            "scaled, since it is not known which of the two is wrong; scale=True divides by this ratio.",
            LascoUserWarning,
            stacklevel=3,
        )
    return bool(near)


def _tangential(angles, position, sense):
    """
    Weights of three images in the tangential polarisation and in the residual.

    Parameters
    ----------
    weights : sequence of `float`
        Angles of the polarisers, degree.
    position : `numpy.ndarray`
        Position angles in detector orientation, radian.
    sense : `int`
        1 if the polarisers' angles run clockwise, else -1.

    Returns
    -------
    along, across : `list` of `numpy.ndarray`
        The weights of each image.
    """
    turns = [2 * (sense * np.radians(angle) + position) for angle in angles]
    return [2 / 3 * np.cos(turn) for turn in turns], [2 / 3 * np.sin(turn) for turn in turns]


def _from_clear(weights):
    """Convert weights of -60, 0 and +60 to those of -60, +60 and Clear, where 0 is 3 Clear - (-60) - (+60)."""
    minus, zero, plus = weights
    return [minus - zero, plus - zero, 3 * zero]


def _products(images, sigma, position, sense, *, from_clear):
    """Each product and its noise sigma, from three images."""
    along, across = _tangential(POLARISER_ANGLES, position, sense)
    radians = np.radians(POLARISER_ANGLES)
    parts = {
        "total": [np.full(position.shape, 1 / 3)] * 3,
        "polarized": along,
        "residual": across,
        "q": [np.full(position.shape, 2 / 3 * np.cos(2 * a)) for a in radians],
        "u": [np.full(position.shape, 2 / 3 * np.sin(2 * a)) for a in radians],
    }
    if from_clear:
        parts = {name: _from_clear(weights) for name, weights in parts.items()}

    def covariance(one, other):
        if sigma is None:
            return None
        return sum(a * b * s**2 for a, b, s in zip(parts[one], parts[other], sigma, strict=True))

    value = {
        name: sum(weight * image for weight, image in zip(weights, images, strict=True))
        for name, weights in parts.items()
    }
    found = {
        name: (value[name], None if sigma is None else np.sqrt(covariance(name, name)))
        for name in ("total", "polarized", "residual")
    }
    total, pb, q, u_ = (value[name] for name in ("total", "polarized", "q", "u"))
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.degrees(np.arctan2(u_, q)) / 2
        angle_sigma = degree_sigma = None
        good = total > 0
        if sigma is not None:
            power = q**2 + u_**2
            variance = u_**2 * covariance("q", "q") + q**2 * covariance("u", "u") - 2 * q * u_ * covariance("q", "u")
            angle_sigma = np.degrees(np.sqrt(variance) / power) / 2
            good &= total >= SIGNIFICANCE * found["total"][1]
            p = pb / total
            degree_sigma = (
                np.sqrt(
                    covariance("polarized", "polarized")
                    + p**2 * covariance("total", "total")
                    - 2 * p * covariance("polarized", "total")
                )
                / total
            )
            degree_sigma = np.where(good, degree_sigma, np.nan)
        degree = np.where(good, pb / total, np.nan)
    return found | {"angle": (angle, angle_sigma), "degree": (degree, degree_sigma)}


def _tangency(values, position, sense, usable, *, from_clear):
    """
    Factors of the images at -60, 0 and +60 degrees for which the residual of the K corona vanishes, and their
    sigma.

    With three images their mean is 1; with Clear for the one at 0 degrees its factor is NaN.
    """
    nothing = np.full(3, np.nan)
    if usable.sum() < LEAST_PIXELS:
        return nothing, nothing
    _, across = _tangential(POLARISER_ANGLES, position[usable], sense)
    images = {name: image[usable] for name, image in values.items()}
    if from_clear:
        weight = 1 / images["clear"]
        minus, plus, clear = _from_clear(across)
        columns = [minus * images["minus60"], plus * images["plus60"]]
        constant = clear * images["clear"]
    else:
        weight = 3 / (images["minus60"] + images["zero"] + images["plus60"])
        minus, zero, plus = (
            part * images[name] for part, name in zip(across, ("minus60", "zero", "plus60"), strict=True)
        )
        columns = [minus - zero, plus - zero]
        constant = 3 * zero
    matrix, target = np.stack(columns, axis=1) * weight[:, None], -constant * weight
    sector = ((position[usable] % (2 * np.pi)) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    if len(np.unique(sector)) < LEAST_SECTORS:
        return nothing, nothing
    keep = np.ones(len(target), bool)
    for _ in range(ROUNDS):
        factors = np.linalg.lstsq(matrix[keep], target[keep], rcond=None)[0]
        off = np.abs(matrix @ factors - target)
        keep = off <= CLIP * robust_sigma(off) + np.finfo(float).eps
    # Errors of neighbouring pixels are correlated, so sigma is computed by leaving out sectors.
    normal = np.zeros((SECTORS, 2, 2))
    right = np.zeros((SECTORS, 2))
    for number in range(SECTORS):
        part = keep & (sector == number)
        normal[number], right[number] = matrix[part].T @ matrix[part], matrix[part].T @ target[part]
    there = np.flatnonzero(normal[:, 0, 0])
    found = np.linalg.solve(normal.sum(0), right.sum(0))
    without = np.array([np.linalg.solve(normal.sum(0) - normal[n], right.sum(0) - right[n]) for n in there])
    deviation = without - without.mean(0)
    spread = (len(there) - 1) / len(there) * deviation.T @ deviation
    minus, plus = found
    if from_clear:
        return np.array([minus, np.nan, plus]), np.sqrt([spread[0, 0], np.nan, spread[1, 1]])
    return (
        np.array([minus, 3 - minus - plus, plus]),
        np.sqrt([spread[0, 0], spread.sum(), spread[1, 1]]),
    )


def _name(smap):
    return str(smap.meta.get("filename") or f"{smap.detector} {smap.date.isot[:19]}")


def _roll_of(smap):
    """Roll of an image according to its header, degree."""
    (pc11, _), (pc21, _) = smap._geometry.pc
    return np.degrees(np.arctan2(pc21, pc11))


def _middle(smap):
    middle = smap._get_date("date-avg")
    return middle if middle is not None else smap.date + (smap.exposure_time or 0 * u.s) / 2


def _require_triplet(given, max_span):
    """Raise an error unless the images form a triplet."""
    for name in ("minus60", "plus60"):
        if name not in given:
            msg = f"{name} is missing: images at -60 and +60 degrees are needed."
            raise OptionError(msg)
    first = given["minus60"]
    for name, smap in given.items():
        if not isinstance(smap, LASCOC2Map | LASCOC3Map):
            msg = f"{name} is not a map of C2 or C3 but {type(smap).__name__}."
            raise IncompatibleMapsError(msg)
        require_exposure(smap, "taken as a polarised image")
        if not smap.unit.is_equivalent(MSB):
            msg = f"{_name(smap)} ({name}) is in {smap.unit}, which is not a brightness; calibrate it first."
            raise IncompatibleMapsError(msg)
        polar = "".join(card_text(smap.meta, "polar").split()).upper()
        if polar and polar != POLAR[name]:
            msg = f"{_name(smap)} is given as {name}, but its card POLAR is {smap.meta['polar']!r}."
            raise IncompatibleMapsError(msg)
        filters = [card_text(one.meta, "filter").strip().lower() for one in (first, smap)]
        if smap.detector != first.detector or filters[0] != filters[1] or smap.data.shape != first.data.shape:
            told = [
                f"{_name(one)}: {one.detector}, {one.meta.get('filter')}, {one.data.shape}" for one in (first, smap)
            ]
            msg = f"A triplet must have one camera, filter and size, not {'; '.join(told)}."
            raise IncompatibleMapsError(msg)
    times = {name: _middle(smap).mjd for name, smap in given.items()}
    span = (max(times.values()) - min(times.values())) * u.day
    if span > max_span:
        late, early = (_name(given[choose(times, key=times.get)]) for choose in (max, min))
        msg = (
            f"{early} and {late} are {span.to(u.min):.1f} apart, more than {max_span}; increase max_span= to use them."
        )
        raise IncompatibleMapsError(msg)


def _on_one_grid(given):
    """Reproject the images to the grid of that at -60 degrees, unless they are on it already."""
    base = given["minus60"]
    wcs = None
    new = {}
    for name, smap in given.items():
        corner = np.array([0, 0, smap.data.shape[1], smap.data.shape[1]]), np.array([0, smap.data.shape[0]] * 2)
        apart = [
            np.subtract(a, b)
            for a, b in zip(base._geometry.to_plane(*corner), smap._geometry.to_plane(*corner), strict=True)
        ]
        if np.hypot(*apart).max() <= SAME_PLACE * abs(base._geometry.cdelt[0]):
            new[name] = smap
            continue
        wcs = _on_grid_of(smap, base)
        new[name] = smap.reproject_to(wcs)
    return new


def _on_grid_of(smap, other):
    """
    A WCS with the time and observer of one map and the grid of another.

    Parameters
    ----------
    smap, other : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `~astropy.wcs.WCS`
    """
    wcs = smap.wcs.deepcopy()
    wcs.wcs.ctype, wcs.wcs.crpix = other.wcs.wcs.ctype, other.wcs.wcs.crpix
    wcs.wcs.crval, wcs.wcs.cdelt, wcs.wcs.pc = other.wcs.wcs.crval, other.wcs.wcs.cdelt, other.wcs.wcs.pc
    wcs.sip = None
    wcs.wcs.set()
    wcs.array_shape = other.data.shape
    return wcs


@dataclass(frozen=True)
class _Told:
    """Description of the processing in the headers."""

    base: sunpy.map.GenericMap
    given: dict
    names: tuple
    ratio: float
    scaled: bool
    transmissions: np.ndarray
    sigma: np.ndarray
    corrected: bool
    from_clear: bool

    def as_map(self, product, data, sigma, flags):
        base = self.base
        meta = changed(base.meta, "difference" if product in ("polarized", "residual") else "polarized")
        if product in ("polarized", "residual"):
            meta["edited"] = ", ".join(("polarized", *changes_of(meta)))
        code, unit, meaning = PRODUCTS[product]
        meta["product"] = meaning
        meta["polar"] = code
        meta["bunit"] = (base.unit if unit is None else unit).to_string()
        middles = [_middle(self.given[name]) for name in self.names]
        middle = Time(np.mean([time.mjd for time in middles]), format="mjd")
        meta["date-avg"] = middle.isot
        moment = middle.strftime("%Y%m%dT%H%M%S")
        meta["filename"] = f"{base.detector.lower()}_{moment}_{product}.fits"
        for number, name in enumerate(self.names, 1):
            meta[f"prstep{number}"] = _name(self.given[name])
        if np.isfinite(self.ratio):
            meta["polratio"], meta["polscale"] = self.ratio, self.scaled
        meta["poltang"] = self.corrected
        for stem, values in (("poltr", self.transmissions), ("polts", self.sigma)):
            for number, value in enumerate(values, 1):
                if np.isfinite(value):
                    meta[f"{stem}{number}"] = float(value)
        add_history(
            meta,
            f"{meaning.capitalize()} of {', '.join(_name(self.given[name]) for name in self.names)}",
            *(["0 degrees from 3 Clear minus the two others"] if self.from_clear else []),
            *(
                [f"Divided by the transmissions {np.round(self.transmissions, 4).tolist()} of tangential polarisation"]
                if self.corrected
                else []
            ),
            *([f"Divided by {self.ratio:.4f}, the ratio to Clear"] if self.scaled else []),
        )
        return replace(base, data=data, meta=meta, uncertainty=sigma, flags=flags, light_path=None)
