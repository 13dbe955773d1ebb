"""
Positions of stars in an image.

The image of a star is narrower than two pixels, so its centroid is biased. Instead, a Gaussian integrated
over the pixels is fitted, on a sloping background.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from astropy.table import Table

from sunpy_lasco.robust import robust_sigma

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["find_centroids"]

#: Half the side of the box about a predicted place beyond the search, and of that of the fit, pixel.
RIM, FIT = 3, 3
#: Steps of the fit.
STEPS = 8
#: Least signal-to-noise ratio of the flux.
LEAST_SNR = 6.0
#: Largest misfit within the box, relative to the light of the brightest pixel of the model: what is sharper
#: (cosmic rays), longer (snow, trails) or double misfits more.
LARGEST_MISFIT = 0.25
#: How far the fit may leave the brightest pixel, pixel.
LARGEST_STEP = 1.2
#: Misfit of the model itself, relative to its brightest pixel: a share of the noise where stars are bright.
MODEL_ERROR = 0.03
#: Relative strength of a second source that makes the position doubtful.
SECOND_LIGHT = 0.6


def _profile(offset, width):
    """
    Fraction of the light in pixels at an offset from the star along an axis, and its derivative by the star's position.
    """
    root = np.sqrt(2) * width
    low, high = (offset - 0.5) / root, (offset + 0.5) / root
    share = (erf(high) - erf(low)) / 2
    slope = (np.exp(-(low**2)) - np.exp(-(high**2))) / (np.sqrt(np.pi) * root)
    return share, slope


def boxes_about(data, column, row, half):
    """Boxes of (2 half + 1) pixels around integer positions, (n, side, side); NaN beyond the image."""
    step = np.arange(-half, half + 1)
    rows, columns = row[:, None, None] + step[:, None], column[:, None, None] + step[None, :]
    inside = (rows >= 0) & (rows < data.shape[0]) & (columns >= 0) & (columns < data.shape[1])
    picked = data[np.clip(rows, 0, data.shape[0] - 1), np.clip(columns, 0, data.shape[1] - 1)].astype(float)
    return np.where(inside, picked, np.nan)


def without_plane(boxes, used):
    """Boxes without the plane through the pixels that ``used`` names, and the noise about it."""
    half = boxes.shape[1] // 2
    dy, dx = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    base = np.stack([np.ones_like(dx), dx, dy], axis=-1)[used]
    rim = boxes[:, used]
    weight = np.ones_like(rim)
    for _ in range(3):
        weighted = weight[:, None, :] * base.T
        plane = np.linalg.solve(weighted @ base, weighted @ rim[..., None])[..., 0]
        rest = rim - plane @ base.T
        noise = robust_sigma(rest, axis=1)
        # Neighbouring stars are excluded from the background.
        weight = (np.abs(rest) < 3 * noise[:, None] + 1e-300).astype(float)
        weight[weight.sum(axis=1) < 8] = 1.0
    whole = plane @ np.stack([np.ones_like(dx), dx, dy]).reshape(3, -1)
    return boxes - whole.reshape(boxes.shape), noise


def _brightest(light, reach, width):
    """Offsets (column, row) of the brightest star-like light within reach, and the strength of the second."""
    share = _profile(np.arange(-1.0, 2.0), max(width))[0]
    kernel = np.outer(share, share)
    matched = np.zeros_like(light)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            matched += kernel[i + 1, j + 1] * np.roll(light, (-i, -j), axis=(1, 2))
    half = light.shape[1] // 2
    dy, dx = np.mgrid[-half : half + 1, -half : half + 1]
    near = np.hypot(dx, dy) <= reach
    searched = np.where(near, matched, -np.inf).reshape(len(light), -1)
    peak = np.argmax(searched, axis=1)
    height = np.take_along_axis(searched, peak[:, None], axis=1)[:, 0]
    px, py = dx.ravel()[peak], dy.ravel()[peak]
    away = np.hypot(dx - px[:, None, None], dy - py[:, None, None]) > 2.3
    second = np.where(near & away, matched, -np.inf).reshape(len(light), -1).max(axis=1)
    return px, py, np.where(height > 0, second / np.where(height > 0, height, 1), np.inf)


def find_centroids(
    data: np.ndarray,
    x: ArrayLike,
    y: ArrayLike,
    *,
    reach: float = 3.0,
    width: float | tuple[float, ...] = 0.45,
    gain: float | None = None,
    read_variance: float = 0.0,
) -> Table:
    """
    Find stars near predicted positions.

    Parameters
    ----------
    data : `numpy.ndarray`
        Image, shape (ny, nx); NaN is missing.
    x, y : array-like
        Predicted pixels counted from 0, shape (n,).
    reach : `float`
        Largest distance from there, pixel.
    width : `float` or `tuple` of `float`
        1 sigma of the point-spread function before the integration over pixels, along both axes or (x, y), pixel.
    gain : `float`, optional
        Electrons per unit of the data, for the photon noise of the star; without it the noise of the
        surroundings is used.
    read_variance : `float`
        Variance of the read noise, units of the data squared; a lower bound.

    Returns
    -------
    `~astropy.table.Table`
        Columns ``x``, ``y`` (pixel), ``sigma`` (1 sigma along an axis, pixel), ``flux`` (units of the data
        times pixel), ``flux_sigma``, ``misfit`` (relative to the brightest pixel), ``found``; NaN for stars
        that were not found.

    Notes
    -----
    The errors include noise, and a misfit of 3 % of the point-spread function.
    """
    x, y = np.atleast_1d(np.asarray(x, dtype=float)), np.atleast_1d(np.asarray(y, dtype=float))
    return Table(star_places(data, x, y, reach, width, gain, read_variance))


def star_places(data, x, y, reach, width, gain, read_variance):
    """Columns of `find_centroids` as a `dict`."""
    names = "x", "y", "sigma", "flux", "flux_sigma", "misfit"
    table = {name: np.full(len(x), np.nan) for name in names} | {"found": np.zeros(len(x), dtype=bool)}
    width = np.broadcast_to(np.asarray(width, dtype=float), (2,))
    usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    column, row = np.rint(x[usable]).astype(int), np.rint(y[usable]).astype(int)
    half = int(np.ceil(reach)) + RIM
    boxes = boxes_about(data, column, row, half)
    whole = np.isfinite(boxes).all(axis=(1, 2))
    usable, column, row, boxes = usable[whole], column[whole], row[whole], boxes[whole]
    if not len(usable):
        return table
    dy, dx = np.mgrid[-half : half + 1, -half : half + 1]
    light, noise = without_plane(boxes, np.hypot(dx, dy) > reach + 0.5)
    noise = np.sqrt(np.maximum(noise**2, read_variance))
    px, py, second = _brightest(light, reach, width)
    unit = np.where(noise > 0, noise, 1.0)
    fitted = _fit(boxes_about(data, column + px, row + py, FIT) / unit[:, None, None], unit, width, gain)
    ok = fitted["ok"] & (second < SECOND_LIGHT) & (fitted["flux"] > LEAST_SNR * fitted["flux_sigma"])
    table["x"][usable], table["y"][usable] = column + px + fitted["x"], row + py + fitted["y"]
    for name in names[2:]:
        table[name][usable] = fitted[name]
    table["found"][usable] = ok & (np.hypot(table["x"][usable] - x[usable], table["y"][usable] - y[usable]) < reach)
    for name in names:
        table[name][~table["found"]] = np.nan
    return table


def _fit(boxes, unit, width, gain):
    """
    Least squares for flux, position and a sloping background of all boxes at once; boxes are in units of the noise.
    """
    step = np.arange(-FIT, FIT + 1.0)
    number = len(boxes)
    boxes = np.where(np.isfinite(boxes), boxes, np.nanmedian(boxes, axis=(1, 2), keepdims=True))
    ground = np.stack([np.ones((len(step),) * 2), *np.meshgrid(step, step)], axis=-1)
    x0, y0 = np.zeros(number), np.zeros(number)
    flux = np.zeros(number)
    for _ in range(STEPS):
        (px, sx), (py, sy) = _profile(step - x0[:, None], width[0]), _profile(step - y0[:, None], width[1])
        shape = py[:, :, None] * px[:, None, :]
        top = shape.max(axis=(1, 2))
        variance = 1.0 + (MODEL_ERROR * np.maximum(flux, 0) * top)[:, None, None] ** 2 * (shape / top[:, None, None])
        if gain is not None:
            variance = variance + (np.maximum(flux, 0) / unit)[:, None, None] * shape / gain
        scale = np.where(flux > 0, flux, 1.0)[:, None, None]
        design = np.concatenate(
            [
                np.stack([shape, scale * py[:, :, None] * sx[:, None, :], scale * sy[:, :, None] * px[:, None, :]], -1),
                np.broadcast_to(ground, (number, *ground.shape)),
            ],
            axis=-1,
        ).reshape(number, -1, 6)
        weight = 1 / variance.reshape(number, -1, 1)
        rest = (boxes - flux[:, None, None] * shape).reshape(number, -1)
        if not flux.any():
            # First only the flux.
            design[:, :, 1:3] = 0.0
        weighted = (design * weight).transpose(0, 2, 1)
        normal = weighted @ design
        normal[:, [1, 2], [1, 2]] += 1e-12 * normal[:, [0], [0]]
        change = np.linalg.solve(normal, weighted @ rest[..., None])[..., 0]
        flux = flux + change[:, 0]
        x0 = x0 + np.clip(change[:, 1], -0.3, 0.3)
        y0 = y0 + np.clip(change[:, 2], -0.3, 0.3)
        x0, y0 = np.clip(x0, -1.5, 1.5), np.clip(y0, -1.5, 1.5)
    covariance = np.linalg.inv(normal)
    background = (design[:, :, 3:] @ change[:, 3:, None])[..., 0]
    left = np.abs(rest - background).max(axis=1)
    peak = np.abs(flux) * top
    limit = LARGEST_MISFIT * peak + 3.5 * np.sqrt(1 / weight.min(axis=(1, 2)))
    variances = covariance[:, [0, 1, 2], [0, 1, 2]]
    ok = (variances > 0).all(axis=1) & (flux > 0) & (left < limit) & (np.hypot(x0, y0) < LARGEST_STEP)
    variances = np.where(variances > 0, variances, np.nan)
    return {
        "x": x0,
        "y": y0,
        "flux": flux * unit,
        "flux_sigma": np.sqrt(variances[:, 0]) * unit,
        "sigma": np.sqrt(variances[:, 1:].mean(axis=1)),
        "misfit": left / np.where(peak > 0, peak, np.nan),
        "ok": ok,
    }
