"""
What a network is told: the channels of a window.

Images with masks, what is known of every pixel, and, for training, the truth.  The same
functions serve training and repair.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.network.placement import SHARE, Sampler

__all__ = ["CONDITIONS", "IMAGES", "Window", "equalised_window", "working_window"]

#: Channels with a mask: the image, the image with the base in its hole, the fills of
#: the mixture less the base, and what exposures before and after differ by from the
#: image with the base in its hole.
IMAGES = (
    "image", "filled", "kriging", "radial", "harmonic", "biharmonic",
    "before", "after", "second before", "second after",
)  # fmt: skip
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
    "hours of the second exposure before",
    "hours of the second exposure after",
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

    #: `IMAGES` and their masks, (10, size, size); where a mask is 0 the image is 0.
    images: np.ndarray
    masks: np.ndarray
    #: `CONDITIONS`, (13, size, size)
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


def equalised_window(crop, image, truth, placement):
    """
    A window of an equalised image, as in the paper.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    image : `~numpy.ndarray`
        0 .. 1, NaN where nothing is known; (ny, nx).
    truth : `~numpy.ndarray` or None
        The same in the hole.
    placement : `~sunpy_lasco.inpainting.network.placement.Placement`

    Returns
    -------
    `Window`
    """
    sampler = Sampler(placement, crop.hole.shape)
    value, known = sampler.means(np.nan_to_num(image), np.isfinite(image))
    blank = np.zeros((len(IMAGES) - 1, *known.shape), dtype=np.float32)
    right, right_known = _truth(sampler, truth, known)
    hole = sampler.shares(crop.hole) > SHARE
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
    return sampler.means(np.nan_to_num(truth), np.isfinite(truth))


def working_window(crop, base, truth, placement, pixels):
    """
    A window in the working space.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    base : `~sunpy_lasco.inpainting.network.bases.Base`
        What is corrected.
    truth : `~numpy.ndarray` or None
        The working space in the hole, NaN where it is not known; (ny, nx).
    placement : `~sunpy_lasco.inpainting.network.placement.Placement`
    pixels : `~numpy.ndarray`
        Pixels of the hole that the window is there for, (2, n).

    Returns
    -------
    `Window`
    """
    sampler = Sampler(placement, crop.hole.shape)
    value = np.where(np.isfinite(base.fill.z), base.fill.z, 0.0)
    around = [np.full(crop.z.shape, np.nan) if other is None else other.z for other in base.neighbours]
    images = np.stack([crop.z, value, np.where(crop.hole, base.fill.sigma, 0.0), *(base.candidates - value), *around])
    known = np.stack([crop.known, *[crop.hole] * (2 + len(base.candidates)), *(np.isfinite(one) for one in around)])
    means, there = sampler.means(np.nan_to_num(images), known)
    last = -len(around)
    z, fill, sigma, others, around = means[0], means[1], means[2], means[3:last], means[last:]
    hole, hidden, brightness = sampler.shares(np.stack([crop.hole, crop.hidden, crop.expected / crop.noise]))
    hole, hidden = hole > SHARE, hidden > SHARE
    known, filled = there[0], there[1] & hole
    level = float(np.median(z[known])) if known.any() else 0.0
    structure = float(np.hypot(z[known].std() if known.any() else 0.0, 0.5))
    unit = float(np.hypot(np.sqrt(np.mean(base.fill.sigma[tuple(pixels)] ** 2)), LEAST_UNIT))
    images = np.concatenate(
        [
            ((z - level) / structure)[None],
            ((np.where(filled, fill, z) - level) / structure)[None],
            others / unit,
            (around - np.where(filled, fill, z)) / unit,
        ]
    )
    whole = known | filled
    masks = np.concatenate([[known, whole], there[3:last] & hole, there[last:] & whole])
    hours = [0.0 if other is None else other.seconds / 3600.0 for other in base.neighbours]
    right, right_known = _truth(sampler, truth, known)
    right_known &= filled
    return Window(
        images=np.where(masks, np.clip(images, -CLIP, CLIP), 0.0).astype(np.float32),
        masks=masks.astype(np.float32),
        condition=_condition(crop, placement, sampler, (hole, hidden), (structure, unit, sigma / unit, *hours)),
        hole=filled,
        truth=np.where(right_known, np.clip((right - fill) / unit, -CLIP, CLIP), 0.0).astype(np.float32),
        truth_known=right_known,
        brightness=brightness,
        level=level,
        structure=structure,
        unit=unit,
    )


def _condition(crop, placement, sampler, masks, numbers):
    (hole, hidden), (structure, unit, sigma, *hours) = masks, numbers
    rows, columns = sampler.at
    # Positions are linear along the axes of a crop.
    x = np.interp(columns, np.arange(crop.x.shape[1]), crop.x[0])
    y = np.interp(rows, np.arange(crop.y.shape[0]), crop.y[:, 0])
    radius = np.maximum(np.hypot(x, y), 1.0)
    cos, sin = np.cos(placement.angle), np.sin(placement.angle)
    flat = np.ones(hole.shape)
    return np.array(
        [
            np.log(radius / DISTANCE),
            (x * cos + y * sin) / radius,
            (y * cos - x * sin) / radius,
            hole,
            hidden,
            np.minimum(ndimage.distance_transform_edt(hole) * placement.step / DEPTH, 3.0),
            np.log(structure) * flat,
            np.log(unit) * flat,
            np.log(np.maximum(sigma, 0.05)) * hole,
            *(one * flat for one in hours),
        ],
        dtype=np.float32,
    )
