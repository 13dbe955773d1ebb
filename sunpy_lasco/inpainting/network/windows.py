"""
Windows of a crop, as a network sees them.

Images with masks, what is known of every pixel, and, for training, the truth.  The same
functions serve training and repair.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.network.bases import bases_of
from sunpy_lasco.inpainting.network.histogram import Equalisation
from sunpy_lasco.inpainting.network.placement import SHARE, Sampler, place_windows

__all__ = ["CONDITIONS", "IMAGES", "Window", "windows_of"]

#: Channels with a mask: the image, the image with the base in its hole, the fills of
#: the mixture less the base, and the exposures before and after.
IMAGES = ("image", "filled", "kriging", "radial", "harmonic", "biharmonic", "before", "after")
#: Channels that are known of every pixel.
CONDITIONS = (
    "logarithm of the distance from the Sun",
    "radius along rows",
    "radius along columns",
    "hole",
    "hidden",
    "depth in the hole",
    "logarithm of the structure",
    "logarithm of the unit",
    "logarithm of sigma",
    "hours of the exposure before",
    "hours of the exposure after",
)
#: Lengths by which channels are brought near one: distance from the Sun in full-resolution
#: pixels, depth in stored pixels.
DISTANCE = 300.0
DEPTH = 16.0
#: Noise of a mean over 4 x 4 pixels, in units of the noise of a pixel: errors are not
#: asked to be smaller.
LEAST_UNIT = 0.25
#: Values are kept within this many units.
CLIP = 50.0


@dataclass(frozen=True, eq=False)
class Window:
    """A window in the form of a network; values of image are ``(z - level) / structure``."""

    #: `IMAGES` and their masks, (8, size, size); where a mask is 0 the image is 0.
    images: np.ndarray
    masks: np.ndarray
    #: `CONDITIONS`, (11, size, size)
    condition: np.ndarray
    #: Pixels to be filled, (size, size).
    hole: np.ndarray
    #: The truth less the base in units of ``unit``, 0 where it is not known.
    truth: np.ndarray
    truth_known: np.ndarray
    #: Expected signal over its noise, (size, size).
    brightness: np.ndarray
    #: What the values of the image are measured by, in the working space.
    level: float
    structure: float
    #: Unit of what the network says, in the working space.
    unit: float


def windows_of(crop, architecture, *, truth=None, coefficients=None, neighbours=True, places=None):
    """
    Everything that a network gets of a crop.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    architecture : `~sunpy_lasco.inpainting.network.architecture.Architecture`
    truth : `~numpy.ndarray`, optional
        The working space in the hole, NaN where it is not known; (ny, nx).
    coefficients : `~numpy.ndarray`, optional
        Of the mixture, by default those of the camera.
    neighbours : `bool`, optional
        Use exposures before and after, if the architecture and the crop have them.
    places : `list`, optional
        Some of those of `place_windows`, by default all.

    Returns
    -------
    windows : `list` of `Window`
    places : `list` of (`Placement`, `~numpy.ndarray`)
        As of `place_windows`.
    base : `~sunpy_lasco.inpainting.interface.Fill` or `Equalisation`
        What the network corrects; of the histogram, how to come back.
    """
    if places is None:
        places = place_windows(crop, size=architecture.size, step=architecture.step, aligned=architecture.aligned)
    if architecture.normalisation == "histogram":
        base = Equalisation(np.where(crop.known, crop.signal, np.nan))
        image = base.forward(np.where(crop.known, crop.signal, np.nan))
        wanted = None if truth is None else base.forward(np.where(crop.hole, crop.to_signal(truth), np.nan))
        return [_equalised(crop, image, wanted, place) for place, _ in places], places, base
    base = bases_of(crop, coefficients=coefficients, neighbours=neighbours and architecture.neighbours)
    if base is None:
        return [], [], None
    return [_working(crop, base, truth, place, pixels) for place, pixels in places], places, base.fill


def _equalised(crop, image, truth, placement):
    sampler = Sampler(placement)
    value, known = sampler.mean(np.nan_to_num(image), np.isfinite(image))
    blank = np.zeros((len(IMAGES) - 1, *known.shape), dtype=np.float32)
    right, right_known = _truth(sampler, truth, known)
    hole = sampler.share(crop.hole) > SHARE
    return Window(
        images=np.concatenate([value[None], blank]).astype(np.float32),
        masks=np.concatenate([known[None], blank]).astype(np.float32),
        condition=np.zeros((len(CONDITIONS), *known.shape), dtype=np.float32),
        hole=hole,
        truth=right.astype(np.float32),
        truth_known=right_known & hole,
        brightness=np.zeros(known.shape, dtype=np.float32),
        level=0.0,
        structure=1.0,
        unit=1.0,
    )


def _truth(sampler, truth, like):
    if truth is None:
        return np.zeros(like.shape, dtype=np.float32), np.zeros(like.shape, dtype=bool)
    return sampler.mean(np.nan_to_num(truth), np.isfinite(truth))


def _working(crop, base, truth, placement, pixels):
    sampler = Sampler(placement)
    z, known = sampler.mean(np.nan_to_num(crop.z), crop.known)
    hole = sampler.share(crop.hole) > SHARE
    value = np.where(np.isfinite(base.fill.z), base.fill.z, 0.0)
    fill, filled = sampler.mean(value, crop.hole)
    sigma, _ = sampler.mean(np.where(crop.hole, np.nan_to_num(base.fill.sigma), 0.0), crop.hole)
    filled &= hole
    level = float(np.median(z[known])) if known.any() else 0.0
    structure = float(np.hypot(z[known].std() if known.any() else 0.0, 0.5))
    unit = float(np.hypot(np.sqrt(np.mean(base.fill.sigma[tuple(pixels)] ** 2)), LEAST_UNIT))
    images, masks = [(z - level) / structure], [known]
    images.append((np.where(filled, fill, z) - level) / structure)
    masks.append(known | filled)
    for candidate in base.candidates:
        mean, there = sampler.mean(candidate - value, crop.hole)
        images.append(mean / unit)
        masks.append(there & hole)
    hours = []
    for other in base.neighbours:
        if other is None:
            images.append(np.zeros_like(z))
            masks.append(np.zeros_like(known))
            hours.append(0.0)
            continue
        mean, there = sampler.mean(np.nan_to_num(other.z), np.isfinite(other.z))
        images.append((mean - level) / structure)
        masks.append(there)
        hours.append(other.seconds / 3600.0)
    right, right_known = _truth(sampler, truth, known)
    masks = np.array(masks)
    return Window(
        images=np.where(masks, np.clip(images, -CLIP, CLIP), 0.0).astype(np.float32),
        masks=masks.astype(np.float32),
        condition=_condition(crop, placement, sampler, hole, (structure, unit, sigma / unit, *hours)),
        hole=hole & filled,
        truth=np.where(right_known & filled, np.clip((right - fill) / unit, -CLIP, CLIP), 0.0).astype(np.float32),
        truth_known=right_known & filled,
        brightness=sampler.mean(crop.expected / crop.noise, np.ones_like(crop.hole))[0].astype(np.float32),
        level=level,
        structure=structure,
        unit=unit,
    )


def _condition(crop, placement, sampler, hole, numbers):
    structure, unit, sigma, before, after = numbers
    rows, columns = np.clip(sampler.at, 0, np.array(crop.z.shape)[:, None, None] - 1)
    at = np.array([rows, columns])
    x, y = (ndimage.map_coordinates(part, at, order=1) for part in (crop.x, crop.y))
    radius = np.maximum(np.hypot(x, y), 1.0)
    cos, sin = np.cos(placement.angle), np.sin(placement.angle)
    flat = np.ones(hole.shape)
    return np.array(
        [
            np.log(radius / DISTANCE),
            (x * cos + y * sin) / radius,
            (y * cos - x * sin) / radius,
            hole,
            sampler.share(crop.hidden) > SHARE,
            np.minimum(ndimage.distance_transform_edt(hole) * placement.step / DEPTH, 3.0),
            np.log(structure) * flat,
            np.log(unit) * flat,
            np.log(np.maximum(sigma, 0.05)) * hole,
            before * flat,
            after * flat,
        ],
        dtype=np.float32,
    )
