"""
Windows around the lost blocks of a crop.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, sparse

from sunpy_lasco.network.architecture import Architecture
from sunpy_lasco.network.held_back import SHOWN_SHARE
from sunpy_lasco.network.histogram import Equalisation
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS, Crop, Fill, get_method
from sunpy_lasco.repair.methods.mixture import candidates, mixed_fill
from sunpy_lasco.repair.neighbours import EXPOSURES, nearest_neighbours

__all__ = [
    "Base",
    "CONDITIONS",
    "WINDOW_IMAGES",
    "Placement",
    "Prepared",
    "SHARE",
    "Sampler",
    "Window",
    "bases_of",
    "equalised_window",
    "place_windows",
    "prepare",
    "rings_of",
    "windows_of",
    "working_window",
]


@dataclass(frozen=True, eq=False)
class Base:
    """A fill and its ingredients."""

    #: A sequence or averaged neighbours where there are any, else kriging along a front or the mixture.
    fill: Fill
    #: Kriging, radial, harmonic and biharmonic fills; 0 outside of the hole; (4, ny, nx).
    candidates: np.ndarray
    #: As of `~sunpy_lasco.repair.neighbours.nearest_neighbours`.
    neighbours: tuple
    #: Pixels that neighbours fill, (ny, nx).
    shown: np.ndarray


def bases_of(crop, *, coefficients=None, neighbours=True, directed=False, made=None):
    """
    Fill a hole without a network; return a `Base`, or None if too little is known around the hole.

    ``coefficients`` are those of the mixture, ``made`` what
    `~sunpy_lasco.repair.methods.mixture.candidates` returned for this hole; ``neighbours`` uses exposures before and
    after, if the crop has suitable ones; ``directed`` uses kriging along structure in one direction, if there is such
    structure.
    """
    values, spread = candidates(crop) if made is None else made
    if np.isnan(values).any():
        return None
    fill = mixed_fill(crop, values, spread, coefficients=coefficients)
    images = np.zeros((len(values), *crop.hole.shape))
    images[:, crop.hole] = values
    if directed:
        along = get_method("kriging")(crop, only_directed=True)
        if np.isfinite(along.z[crop.hole]).all():
            fill, images[0] = along, np.where(crop.hole, along.z, 0.0)
    if not (neighbours and crop.neighbours):
        return Base(fill, images, (None,) * EXPOSURES, np.zeros(crop.hole.shape, dtype=bool))
    shown = np.zeros(crop.hole.shape, dtype=bool)
    value, sigma, noise = fill.z, fill.sigma, np.where(crop.hole, 0.0, np.nan)
    for name in NEIGHBOUR_METHODS:
        if shown[crop.hole].all():
            break
        found = get_method(name)(crop)
        # The best method comes first; others fill what it leaves.
        there = np.isfinite(found.z) & np.isfinite(found.sigma) & ~shown
        value, sigma = np.where(there, found.z, value), np.where(there, found.sigma, sigma)
        noise = np.where(there, 0.0 if found.noise is None else found.noise, noise)
        shown |= there
    return Base(Fill(value, sigma, noise), images, nearest_neighbours(crop), shown)


#: A pixel of a window counts as known, or as lost, if this share of it is.
SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Placement:
    """Position of a window in a crop."""

    #: Row and column of its middle, stored pixels.
    middle: tuple[float, float]
    #: Angle from the rows of the crop to those of the window, radian.
    angle: float
    #: Pixels along an axis, and stored pixels along an axis of each of them.
    size: int
    step: int

    def to_crop(self):
        """Rows and columns in the crop of the window's pixels, (2, size, size)."""
        along = (np.arange(self.size) - (self.size - 1) / 2) * self.step
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array(
            [
                self.middle[0] + along[None, :] * sin + along[:, None] * cos,
                self.middle[1] + along[None, :] * cos - along[:, None] * sin,
            ]
        )

    def to_window(self, rows, columns):
        """Rows and columns in the window of pixels of the crop."""
        down, right = np.asarray(rows) - self.middle[0], np.asarray(columns) - self.middle[1]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        half = (self.size - 1) / 2
        return (down * cos - right * sin) / self.step + half, (down * sin + right * cos) / self.step + half


def place_windows(crop, *, size, step, aligned):
    """
    One window around each lost block, as a `Placement` and the pixels of the hole, (2, n), that it fills.

    ``size`` is the number of pixels of a window along an axis, ``step`` the number of stored pixels in each;
    ``aligned`` rotates windows towards the Sun.
    """
    rows, columns = np.nonzero(crop.hole)
    # As single numbers blocks are sorted at once.
    blocks = crop.block_rows[rows].astype(np.int64) << 32 | crop.block_columns[columns]
    found = []
    for block in np.unique(blocks):
        mine = blocks == block
        at = np.array([rows[mine], columns[mine]])
        middle = tuple(float(index.min() + index.max()) / 2 for index in at)
        x, y = (float(part[tuple(at)].mean()) for part in (crop.x, crop.y))
        found.append((Placement(middle, float(np.arctan2(y, x)) if aligned else 0.0, size, step), at))
    return found


class Sampler:
    """
    Means of images over the known parts of the pixels of a window.

    Parameters
    ----------
    placement : `Placement`
    shape : `tuple` of `int`
        Of the crop.

    Notes
    -----
    A pixel of a window is the mean over a square of interpolated stored pixels.  Interpolation and mean are one sparse
    matrix, which is computed once for all images.
    """

    def __init__(self, placement, shape):
        self.at, self.size = placement.to_crop(), placement.size
        rows, row_weights, columns, column_weights = (
            part
            for at, length in zip(self.at, shape, strict=True)
            for part in _along(at.ravel(), placement.step, length)
        )
        where = rows[:, :, None] * shape[1] + columns[:, None, :]
        weights = row_weights[:, :, None] * column_weights[:, None, :]
        number, each = len(where), where[0].size
        pointers = np.arange(number + 1) * each
        self.matrix = sparse.csr_array(
            (weights.reshape(-1), where.reshape(-1), pointers), shape=(number, shape[0] * shape[1])
        )

    def shares(self, images):
        """Means over the pixels of the window, with 0 outside the crop: (..., size, size)."""
        flat = np.asarray(images, dtype=np.float32)
        found = self.matrix @ flat.reshape(-1, flat.shape[-2] * flat.shape[-1]).T
        return np.ascontiguousarray(found.T).reshape(*flat.shape[:-2], self.size, self.size)

    def means(self, images, known):
        """Means over the known part of each pixel, 0 where that is too small; and a mask of the others."""
        known = np.asarray(known, dtype=bool)
        return _shared_out(*self.shares(np.stack([np.where(known, images, 0.0), known])))


def _shared_out(totals, share):
    """Means of totals over the known fraction of each pixel, 0 where that is too small; and a mask of the others."""
    good = share >= SHARE
    return np.where(good, totals / np.maximum(share, 1e-3), 0.0), good


def _along(at, step, length):
    """Pixels of each mean along one axis, and their weights, 0 outside."""
    # The mean over a square is a step function of its middle; between steps is interpolated.
    first = at - step / 2 + 0.5
    lowest = np.floor(first).astype(np.int64)
    share = (first - lowest)[:, None]
    index = lowest[:, None] + np.arange(step + 1)
    weight = np.full(index.shape, 1.0 / step)
    weight[:, :1], weight[:, -1:] = (1 - share) / step, share / step
    inside = (index >= 0) & (index < length)
    return np.where(inside, index, 0), np.where(inside, weight, 0.0).astype(np.float32)


#: Channels with a mask: the image, the image with the base in its hole, the fills of
#: the mixture less the base, and what exposures before and after differ by from the
#: image with the base in its hole.
WINDOW_IMAGES = (
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

    #: `WINDOW_IMAGES` and their masks, (10, size, size); where a mask is 0 the image is 0.
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
    #: Unit of the output of the network, in the working space.
    unit: float


def equalised_window(crop, image, truth, placement):
    """
    A window of an equalised image, (ny, nx), 0 ..

    1, NaN for unknown pixels, as in the paper; ``truth`` is the same in the hole, or None.
    """
    sampler = Sampler(placement, crop.hole.shape)
    value, known = sampler.means(np.nan_to_num(image), np.isfinite(image))
    blank = np.zeros((len(WINDOW_IMAGES) - 1, *known.shape), dtype=np.float32)
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
    A window in the working space; it corrects a base in the given pixels of the hole, (2, n).

    ``truth``, (ny, nx) or None, is the working space in the hole, NaN where it is not known.
    """
    sampler = Sampler(placement, crop.hole.shape)
    value = np.where(np.isfinite(base.fill.z), base.fill.z, 0.0)
    inside = [value, base.fill.sigma, *(base.candidates - value)]
    shares = sampler.shares(
        np.stack([
            crop.known, crop.hole, crop.hidden, crop.expected / crop.noise,
            np.where(crop.known, crop.z, 0.0), *(np.where(crop.hole, np.nan_to_num(one), 0.0) for one in inside),
        ])
    )  # fmt: skip
    (hole, hidden), brightness = shares[1:3] > SHARE, shares[3]
    z, known = _shared_out(shares[4], shares[0])
    (fill, sigma, *others), there = _shared_out(shares[5:], shares[1])
    filled = there & hole
    seen = [
        (np.zeros_like(z), np.zeros_like(known))
        if other is None
        else sampler.means(np.nan_to_num(other.z), np.isfinite(other.z))
        for other in base.neighbours
    ]
    others, around, around_known = np.array(others), *map(np.array, zip(*seen, strict=True))
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
    masks = np.concatenate([[known, whole], np.broadcast_to(filled, others.shape), around_known & whole])
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


@dataclass(frozen=True, eq=False)
class Prepared:
    """A hole with all inputs of its windows."""

    crop: Crop
    architecture: Architecture
    #: Windows, and the pixels of the hole (2, n) that each of them fills.
    places: list
    #: What the network corrects; None for equalised histograms.
    base: Base | None
    #: Of the known pixels, for a network of equalised histograms.
    equalisation: Equalisation | None = None

    @property
    def is_shown(self):
        """Whether exposures before or after show most of the hole, so that the base depends on them."""
        return self.base is not None and bool(self.base.shown[self.crop.hole].mean() > SHOWN_SHARE)

    def window(self, number, *, truth=None, value=None):
        """
        The window with a given number.

        ``truth`` is the working space in the hole, NaN where unknown; finite pixels of ``value``, the results of the
        network for the outer rings, replace the base in the hole; both (ny, nx).
        """
        place, pixels = self.places[number]
        crop = self.crop
        if self.equalisation is not None:
            image = self.equalisation.forward(np.where(crop.known, crop.signal, np.nan))
            if truth is not None:
                truth = self.equalisation.forward(np.where(crop.hole, crop.to_signal(truth), np.nan))
            return equalised_window(crop, image, truth, place)
        base = self.base
        if value is not None and np.isfinite(value).any():
            fill = Fill(np.where(np.isfinite(value), value, base.fill.z), base.fill.sigma, base.fill.noise)
            base = replace(base, fill=fill)
        return working_window(crop, base, truth, place, pixels)


def prepare(crop, architecture, *, coefficients=None, neighbours=True, places=None, made=None):
    """
    Prepare the inputs of the windows of a hole, `Prepared`; None if too little is known around the hole.

    ``places`` is a selection from `place_windows`, by default all; other options are as for `bases_of`.  Exposures
    before and after are used if the architecture and the crop have them.
    """
    if places is None:
        places = place_windows(crop, size=architecture.size, step=architecture.step, aligned=architecture.aligned)
    if architecture.normalisation == "histogram":
        known = np.where(crop.known, crop.signal, np.nan)
        if not crop.known.any():
            return None
        return Prepared(crop, architecture, places, None, Equalisation(known))
    around = neighbours and architecture.neighbours
    base = bases_of(crop, coefficients=coefficients, neighbours=around, directed=architecture.directed, made=made)
    return None if base is None else Prepared(crop, architecture, places, base)


def windows_of(crop, architecture, *, truth=None, coefficients=None, neighbours=True, places=None, made=None):
    """
    Input of a network for a crop: windows and their `Prepared`; no windows, and None, if too little is known.

    Options are as for `prepare`; ``truth`` is the working space in the hole, NaN where it is not known,
    (ny, nx).
    """
    prepared = prepare(crop, architecture, coefficients=coefficients, neighbours=neighbours, places=places, made=made)
    if prepared is None:
        return [], None
    return [prepared.window(number, truth=truth) for number in range(len(prepared.places))], prepared


def rings_of(crop, places):
    """
    Depth of each lost block in its zone: 1 for blocks adjacent (also diagonally) to one that is not lost, 2 for those
    behind them, and so on.
    """
    first = crop.block_rows[0], crop.block_columns[0]
    lost = np.zeros((crop.block_rows[-1] - first[0] + 1, crop.block_columns[-1] - first[1] + 1), dtype=bool)
    at = [pixels[:, 0] for _, pixels in places]
    blocks = [(crop.block_rows[row] - first[0], crop.block_columns[column] - first[1]) for row, column in at]
    for block in blocks:
        lost[block] = True
    # Beyond the crop is the edge of the frame, where nothing is known.
    depth = ndimage.distance_transform_cdt(lost, "chessboard") if not lost.all() else lost.astype(int)
    return [int(depth[block]) for block in blocks]
