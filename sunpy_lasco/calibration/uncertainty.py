"""
Uncertainties of sums over regions, and systematic ones.

``smap.uncertainty`` is the 1 sigma of each pixel by noise.  Interpolation makes
neighbouring pixels share their noise, so the pixels of a region may not be added
in quadrature; and errors of the calibration are common to all pixels.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

import astropy.units as u

from sunpy_lasco.calibration.geometry import resampling_of
from sunpy_lasco.calibration.interpolation import bilinear_weights, source_positions
from sunpy_lasco.calibration.placement import is_turned
from sunpy_lasco.calibration.records import frame_of
from sunpy_lasco.calibration.widening import estimate_error
from sunpy_lasco.errors import LascoError
from sunpy_lasco.instrument.photometry import calibration_factor_sigma
from sunpy_lasco.map.changes import require_grid
from sunpy_lasco.map.checksum import require_brightness
from sunpy_lasco.map.flags import flags as flags_of
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.units import MSB

__all__ = ["RegionSum", "region_sum", "systematic_uncertainty"]

#: 1 sigma of the inverse vignetting of the published images, relative: agreement of a
#: frame of 2000 with official products of 2002 through the whole chain.
VIGNETTING_SIGMA = {"C2": 0.04, "C3": 0.02}
#: 1 sigma of the C3 stray light after 2002-06-19, when its pattern changed, relative
#: to the brightness: C3 Clear comes out 4 to 7 % brighter since then, stars do not.
STRAY_LIGHT_CHANGE = (52444, 0.05)
#: 1 sigma of the published C3 ramp, MSB.
RAMP_SIGMA = 0.15e-12


@dataclass(frozen=True)
class RegionSum:
    """The sum over a region of a level-1 map."""

    #: Sum of the valid pixels, MSB (pixel); times the pixel area it is a flux.
    value: u.Quantity
    #: 1 sigma by noise, with the covariance of the interpolation.
    sigma: u.Quantity
    #: 1 sigma by the errors of the calibration, common to the whole region.
    systematic: u.Quantity
    #: Number of valid pixels.
    pixels: int


def region_sum(smap, region):
    """
    Sum a level-1 map over a region, with its uncertainty.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, with ``uncertainty``.
    region : `numpy.ndarray` of `bool`
        True inside, shape of the map.  Missing pixels (NaN) are left out.

    Returns
    -------
    `RegionSum`

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If the map has no uncertainty, or if an operation changed its values or mixed its
        pixels, so that the noise they share is not known any more; the operation is named.

    Notes
    -----
    A raw pixel j enters the sum with the weight of all output pixels that it
    contributes to, W_j = sum_i w_ij, so the variance is sum_j W_j**2 s_j**2.  The
    noise s of a raw pixel is that of the output pixels around it divided by
    sqrt(sum_j w_ij**2).  Adding pixels in quadrature instead would give about
    1.5 times too little: bilinear interpolation keeps 4/9 of the variance of
    white noise on average.

    The error of a filled pixel is shared by the pixels around it and does not average
    out: those of each hole are added linearly.
    """
    require_grid(smap, "summed with its uncertainty")
    require_brightness(smap, "summed with its uncertainty")
    if smap.uncertainty is None:
        msg = f"{smap.meta.get('filename') or 'The map'} has no uncertainty, as calibrate() gives it."
        raise LascoError(msg)
    region = np.asarray(region, bool) & np.isfinite(smap.data)
    sigma = np.asarray(smap.uncertainty.array, float)
    if smap.meta.get("widened"):
        sigma = np.sqrt(np.maximum(sigma**2 - estimate_error(smap).astype(float) ** 2, 0.0))
    resampling = resampling_of(smap.meta, smap.data.shape)
    filled = region & ((flags_of(smap) & PixelFlag.FILLED) != 0)
    rows, columns = np.nonzero(region & ~filled)
    total = float(smap.data[region].sum(dtype=float))
    if resampling is None:
        variance = float(np.sum(sigma[rows, columns] ** 2))
    else:
        variance = _correlated_variance(sigma[rows, columns], rows, columns, resampling, turned=is_turned(smap.meta))
    if filled.any():
        holes, number = ndimage.label(filled, structure=np.ones((3, 3)))
        variance += float(np.sum(ndimage.sum_labels(sigma, holes, np.arange(1, number + 1)) ** 2))
    parts, pixels = systematic_uncertainty(smap), int(np.count_nonzero(region))
    systematic = np.sqrt(
        (parts["calibration factor"] * total) ** 2
        + (parts["exposure"] * total) ** 2
        + (parts["vignetting"] * total) ** 2
        + (parts["bias"].to_value(MSB) * pixels) ** 2
        + (parts["stray light"].to_value(MSB) * pixels) ** 2
    )
    if smap.meta.get("widened"):
        systematic = np.hypot(systematic, float(estimate_error(smap)[region].sum(dtype=float)))
    return RegionSum(total * MSB, np.sqrt(variance) * MSB, systematic * MSB, pixels)


def _correlated_variance(sigma, rows, columns, resampling, *, turned):
    ny, nx = resampling.shape
    if turned:
        rows, columns = ny - 1 - rows, nx - 1 - columns
    x, y = resampling.grid()
    column, row = source_positions(resampling, x[0, columns], y[rows, 0])
    indices, weights = bilinear_weights(column, row, resampling.shape)
    weights = weights.astype(float)
    raw_sigma = sigma / np.sqrt(np.maximum((weights**2).sum(axis=1), 1e-12))
    shares = np.bincount(indices.ravel(), (weights * raw_sigma[:, None]).ravel(), minlength=nx * ny)
    return float(np.sum(shares**2))


def systematic_uncertainty(smap):
    """
    Systematic 1 sigma of a level-1 map, by cause.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.

    Returns
    -------
    `dict`
        ``"calibration factor"``, ``"exposure"`` and ``"vignetting"``: relative, `float`;
        ``"bias"`` and ``"stray light"``: `~astropy.units.Quantity` in MSB, the first
        where the vignetting is 1.

    Notes
    -----
    Of the published calibration images; what estimates add is in
    `~sunpy_lasco.calibration.widening.estimate_error`.
    """
    meta = smap.meta
    frame = frame_of(smap)
    detector = frame.camera.name
    year = 2000.0 + (frame.mjd - 51544.5) / 365.25
    clear = detector == "C3" and "rampfile" in meta
    bias = float(meta.get("biassig", 0.0)) / float(meta["exptime"]) * float(meta["calfac"])
    stray = RAMP_SIGMA if clear else 0.0
    if clear and frame.mjd >= STRAY_LIGHT_CHANGE[0]:
        level = np.nanmedian(smap.data)
        stray = float(np.hypot(stray, STRAY_LIGHT_CHANGE[1] * level)) if np.isfinite(level) else stray
    scale = str(meta.get("calscale", "official"))
    return {
        "calibration factor": calibration_factor_sigma(detector, year, star_scale=scale == "stars"),
        "exposure": float(meta.get("expfsig") or 0.0),
        "vignetting": VIGNETTING_SIGMA[detector],
        "bias": bias * MSB,
        "stray light": stray * MSB,
    }
