"""
Mixture of the classical fills, with fitted weights.

Kriging and the radial, harmonic and biharmonic fills have different errors. The weights in a pixel depend on
features of the pixel and its hole through 27 coefficients per camera. The coefficients were fitted by ridge
regression to frames in which the values of the blocks are known.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np

from sunpy_lasco.repair.cells import harmonic
from sunpy_lasco.repair.crop import Fill, depth_in
from sunpy_lasco.repair.methods.biharmonic import plate
from sunpy_lasco.repair.methods.kriging import krige
from sunpy_lasco.repair.methods.radial import along_radii
from sunpy_lasco.repair.uncertainty import AROUND, calibrated

__all__ = ["FEATURES", "OTHERS", "WEIGHTS", "candidates", "disagreement", "features", "fill", "mix", "mixed_fill"]

#: The fills mixed with kriging, in the order of the coefficients.
OTHERS = ("radial", "harmonic", "biharmonic")
#: Features that the coefficients multiply, in this order.
FEATURES = (
    "one",
    "depth in the hole",
    "size of the hole",
    "hidden surroundings",
    "logarithm of the distance from the Sun",
    "logarithm of the uncertainty of kriging",
    "misfit of radial",
    "misfit of harmonic",
    "misfit of biharmonic",
)
#: Scales of the features: depth in a hole and side of a hole, stored pixels; distance from the Sun's centre,
#: full-resolution pixels.
DEPTH = 16.0
SIZE = 32.0
DISTANCE = 300.0
#: Limits of the weights of `OTHERS`.
WEIGHTS = (-0.5, 1.5)


def candidates(crop):
    """
    Compute all fills of the mixture.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    values : `~numpy.ndarray`
        Kriging and `OTHERS` in the pixels of the hole, (4, n). Where a method cannot fill a pixel, the value of
        kriging is used.
    sigma : `~numpy.ndarray`
        1 sigma of kriging, (n,).
    """
    value, sigma = krige(crop)
    fills = [value[crop.hole]]
    fills += [other[crop.hole] for other in (along_radii(crop), harmonic(crop), plate(crop))]
    values = np.array([np.where(np.isfinite(fill), fill, fills[0]) for fill in fills])
    return values, sigma[crop.hole]


def features(crop, values, sigma):
    """
    Compute the features that determine the weights of a mixture.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    values, sigma : `~numpy.ndarray`
        As for `candidates`.

    Returns
    -------
    `~numpy.ndarray`
        `FEATURES` in the pixels of the hole, (9, n).
    """
    depth = depth_in(crop.hole)[crop.hole] / DEPTH
    around = crop.distance <= AROUND
    one = np.ones_like(depth)
    # Differences of the other fills from kriging in this hole, in units of its uncertainty. A large
    # difference shows that one of them is wrong.
    unit = np.sqrt(np.mean(sigma**2))
    misfits = [np.tanh(np.sqrt(np.mean((other - values[0]) ** 2)) / unit - 1.0) for other in values[1:]]
    return np.array(
        [
            one,
            np.minimum(depth, 3.0) - 0.5,
            one * np.log2(np.sqrt(crop.hole.sum()) / SIZE),
            one * crop.hidden[around].mean(),
            one * np.log(np.maximum(crop.radius[crop.hole].mean(), 1.0) / DISTANCE),
            one * np.clip(np.log(unit), -3.0, 3.0),
            *(one * misfit for misfit in misfits),
        ]
    )


def mix(values, weights):
    """
    Mix fills.

    Parameters
    ----------
    values : `~numpy.ndarray`
        Kriging and the other fills, (4, n).
    weights : `~numpy.ndarray`
        Weights of the other fills, (3, n); kriging gets the rest.

    Returns
    -------
    `~numpy.ndarray`
        (n,)
    """
    return values[0] + (weights * (values[1:] - values[0])).sum(axis=0)


def disagreement(mixed, values):
    """
    Largest difference between the mixture and a fill.

    Parameters
    ----------
    mixed : `~numpy.ndarray`
        As for `mix`, (n,).
    values : `~numpy.ndarray`
        The fills, (4, n).

    Returns
    -------
    `~numpy.ndarray`
        (n,)
    """
    return np.abs(values - mixed).max(axis=0)


@lru_cache(maxsize=1)
def _learnt():
    path = resources.files("sunpy_lasco.repair").joinpath("data", "mixture.json")
    cameras = json.loads(path.read_text(encoding="utf-8"))["cameras"]
    return {camera: np.array(entry["coefficients"]) for camera, entry in cameras.items()}


def fill(crop, *, coefficients=None):
    """
    Fill a hole with a mixture of methods.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    coefficients : `~numpy.ndarray`, optional
        Coefficients by `OTHERS` and `FEATURES`, shape (3, 9); by default those of the camera.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`

    Notes
    -----
    The file ``data/mixture.json`` holds the coefficients and names the data to which they were fitted. The
    uncertainty combines that of kriging with the disagreement among the fills.
    """
    values, spread = candidates(crop)
    if np.isnan(values).any():
        return Fill(*(np.full(crop.z.shape, np.nan) for _ in range(2)))
    return mixed_fill(crop, values, spread, coefficients=coefficients)


def mixed_fill(crop, values, spread, *, coefficients=None):
    """
    Compute the mixture of given fills.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    values, spread : `~numpy.ndarray`
        As for `candidates`, without NaN.
    coefficients : `~numpy.ndarray`, optional
        As for `fill`.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`
    """
    value, sigma = (np.full(crop.z.shape, np.nan) for _ in range(2))
    coefficients = _learnt()[crop.camera] if coefficients is None else np.asarray(coefficients)
    weights = np.clip(coefficients @ features(crop, values, spread), *WEIGHTS)
    value[crop.hole] = mix(values, weights)
    sigma[crop.hole] = np.hypot(spread, disagreement(value[crop.hole], values))
    return Fill(value, calibrated(sigma, crop, "mixture"))
