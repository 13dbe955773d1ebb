"""
Move other exposures to the time of a frame.

Only the contrast to the background moves. The background (F corona, stray light and vignetting) and the
pixel pattern do not move. They are divided out first and restored afterwards. Stars move differently and are
removed first.

The streamers of the day do not move either, but a background from other dates lacks them. Where an ejection passes,
the steady corona is what all exposures have in common: the smallest contrast of any exposure at each position. If
the motion does not explain the surroundings of a hole to within their noise, it is also determined over a background
with this steady corona, and the better of the two is used.
"""

from copy import copy
from dataclasses import replace

import numpy as np
from scipy import ndimage

from sunpy_lasco.instrument.pixel_grid import nearest_known
from sunpy_lasco.repair.crop import Neighbour, distance_from
from sunpy_lasco.repair.holed_frame import RING_PIXELS, STRUCTURE_SHARE, WindowedImage, point_like, ring_of
from sunpy_lasco.repair.motion import (
    FARTHEST,
    FASTEST,
    KNOWN_SHARE,
    QUIET,
    SMOOTH,
    UNIT,
    Points,
    Shown,
    fit_motion,
    robust_loss,
    sample,
    smoothed,
)
from sunpy_lasco.repair.neighbours import without_points

__all__ = ["Exposures", "with_moved_neighbours"]

#: Motion is fitted up to this distance from a hole, full-resolution pixels. Distant positions have less weight.
AROUND = 40.0
FADING = 24.0
#: Spacing of the compared positions, and full-resolution pixels per pixel of the compared images.
STEP, FINE = 4, 2
#: Motion is accepted if it reduces the loss to less than this fraction of the loss at rest.
GAIN = 0.85
#: Margin beyond the largest displacement in which stars are distinguished from the corona, pixels.
REACH = 8
#: Side of the cells whose means first show whether anything moves, stored pixels, and smallest number of cells.
CELL, FEWEST_CELLS = 8, 32
#: Motion is not fitted to fewer positions than this.
FEWEST_POINTS = 100
#: Number of exposures needed to separate the steady corona from moving structure. Two are ambiguous.
FEWEST_EXPOSURES = 3
#: Loss of a motion, in units of the noise, above which it is also determined over the steady corona.
POOR = 1.0
#: In large zones, the motions of blocks are combined with Gaussian weights; 2 sigma, stored pixels.
BLEND = 32
#: Step between the pixels from which the level of an exposure is measured.
LEVEL_STEP = 8


class Exposures:
    """
    A frame with holes and its neighbours, prepared for the search for motion.

    Parameters
    ----------
    holed : `~sunpy_lasco.repair.holed_frame.HoledFrame`
        With neighbours.
    windows : sequence of `tuple` of `slice`
        Positions of the holes with their surroundings in the frame.
    """

    def __init__(self, holed, windows):
        self.holed = holed
        #: Number of frame pixels per image pixel, along rows and columns.
        self.factors = tuple(max(FINE // size, 1) for size in holed.binning[::-1])
        #: The exposures to which the motion is fitted: the nearest on each side, or two on one side.
        before, after = (
            [k for k, one in enumerate(holed.neighbours) if np.sign(one.seconds) == side] for side in (-1, 1)
        )
        self.chosen = [before[0], after[0]] if before and after else (before or after)[:2]
        seconds = [holed.neighbours[k].seconds for k in self.chosen]
        self.box = tuple(
            slice(
                max(min(one[axis].start for one in windows) - reach, 0) // factor * factor,
                min(max(one[axis].stop for one in windows) + reach, holed.signal.shape[axis]),
            )
            for axis, factor, reach in (
                (axis, self.factors[axis], int(_reach(holed.camera, seconds) / holed.binning[1 - axis]))
                for axis in (0, 1)
            )
        )
        self._levels, self._seen, self._shown, self._frame, self._with_steady = {}, {}, {}, None, None
        #: Ratio of the background to that of the crops; None if they are the same.
        self.steady = None

    def with_steady_corona(self):
        """The same exposures over a background that includes the steady corona."""
        if self._with_steady is None:
            seen = [self._fine(k) for k in range(len(self.holed.neighbours))]
            least = np.min([np.where(there, value, np.inf) for value, there in seen], axis=0)
            least = nearest_known(least, np.isfinite(least))

            def steady(window):
                rows, columns = (np.arange(part.start, part.stop) for part in window)
                return 1.0 + _between_pixels(least, *self.places(rows, columns))

            found, usual = copy(self), self.holed.background
            found.steady, found._shown, found._frame = WindowedImage(usual.shape, steady), {}, None
            background = WindowedImage(usual.shape, lambda window: usual[window] * found.steady[window])
            found.holed = replace(self.holed, background=background)
            found._seen = {
                key: ((1.0 + value) / (1.0 + least) - 1.0, there) for key, (value, there) in self._seen.items()
            }
            self._with_steady = found
        return self._with_steady

    def level(self, number=None):
        """Median over known pixels of a neighbour, or the frame, divided by response and background."""
        if number not in self._levels:
            step = (slice(None, None, LEVEL_STEP),) * 2
            holed = self.holed
            signal = (holed.signal if number is None else holed.neighbours[number].signal)[step]
            known = np.isfinite(signal) & ~holed.hidden[step] & (np.nan_to_num(signal) > 0)
            ratio = signal[known] / (holed.response[step] * holed.background[step])[known]
            self._levels[number] = float(np.median(ratio)) if ratio.size else 1.0
        return self._levels[number]

    def frame_at(self, rows, columns):
        """Smoothed contrast of the frame at positions in the images; NaN where it is unknown."""
        if self._frame is None:
            self._frame = np.stack(self._fine(), axis=-1)
        found = sample(self._frame, rows, columns)
        return np.where(found[..., 1] > 0.95, found[..., 0], np.nan)

    def shown(self, number):
        """Contrast of a neighbour, as `~sunpy_lasco.repair.motion.Shown`."""
        if number not in self._shown:
            self._shown[number] = Shown(*self._fine(number), self.holed.neighbours[number].seconds)
        return self._shown[number]

    def _fine(self, number=None):
        """Contrast of a neighbour or the frame, smoothed by `SMOOTH`, and a mask of known pixels."""
        if number not in self._seen:
            holed, box = self.holed, self.box
            signal = (holed.signal if number is None else holed.neighbours[number].signal)[box]
            known = np.isfinite(signal)
            if number is None:
                known &= ~(holed.holes | holed.unusable)[box]
            self._seen[number] = smoothed(*self._clean(signal, self.level(number), known), SMOOTH)
        return self._seen[number]

    def places(self, rows, columns):
        """Convert pixels of the frame to positions in the images."""
        return [
            (index - part.start + 0.5) / factor - 0.5
            for index, part, factor in zip((rows, columns), self.box, self.factors, strict=True)
        ]

    def _clean(self, signal, level, known):
        """Contrast on the pixels of the images, and a mask of known pixels without stars."""
        holed, box = self.holed, self.box
        known = known & ~holed.hidden[box]
        contrast = signal / (holed.response[box] * holed.background[box] * level) - 1.0
        area = np.float32(self.factors[0] * self.factors[1])
        share = self._sums(known.astype(np.float32)) / area
        total = self._sums(np.where(known, contrast, 0.0).astype(np.float32)) / area
        good = share > KNOWN_SHARE
        value = np.where(good, total / np.maximum(share, np.float32(0.1)), np.float32(0.0))
        step = np.abs(np.diff(value, axis=1)[good[:, 1:] & good[:, :-1]])
        noise = max(float(np.median(step)) if step.size else 0.0, 1e-6)
        points = point_like(value / noise, good, structure=STRUCTURE_SHARE)
        return value, good & ~ndimage.binary_dilation(points)

    def _sums(self, image):
        """Sums of the frame's pixels over the pixels of the images; incomplete ones at the end are omitted."""
        # Adding images of every second pixel is faster than adding pairs of pixels.
        for axis, factor in ((1, self.factors[1]), (0, self.factors[0])):
            image = image.T if axis else image
            last = len(image) // factor * factor
            image = sum(image[first:last:factor] for first in range(factor))
            image = image.T if axis else image
        return image


def _reach(camera, seconds):
    """Range of the search for motion on either side, full-resolution pixels."""
    apart = max(seconds) - min(seconds) if len(seconds) > 1 else abs(seconds[0])
    fastest = min(FASTEST[camera], FARTHEST[camera] * UNIT / apart)
    return 1.2 * fastest * max(abs(one) for one in seconds) / UNIT


def _between_pixels(image, rows, columns):
    """Interpolate linearly at every combination of rows and columns; beyond the edge, use the value at the edge."""
    for positions in (rows, columns):
        first = np.clip(np.floor(positions).astype(int), 0, max(len(image) - 2, 0))
        share = np.clip(positions - first, 0.0, 1.0)[:, None]
        image = (image[first] * (1.0 - share) + image[np.minimum(first + 1, len(image) - 1)] * share).T
    return image


def _points(exposures, crop, window, block):
    """Positions in and around a hole, or around one of its blocks, at which exposures are compared."""
    steps = tuple(max(STEP // size, 1) for size in crop.binning[::-1])
    sampling = crop.binning[::-1]
    reach = [int(AROUND / size) + 1 for size in sampling]
    rows, columns = np.nonzero(block)
    near = tuple(
        slice(max(at.min() - far, 0), at.max() + far + 1) for at, far in zip((rows, columns), reach, strict=True)
    )
    distance = distance_from(block[near], sampling=sampling)
    wanted = np.zeros(distance.shape, dtype=bool)
    wanted[steps[0] // 2 :: steps[0], steps[1] // 2 :: steps[1]] = True
    rows, columns = np.nonzero(wanted & (distance <= AROUND) & ~crop.hidden[near])
    distance = distance[rows, columns]
    rows, columns = rows + near[0].start, columns + near[1].start
    places = exposures.places(rows + window[0].start, columns + window[1].start)
    return Points(
        rows=places[0],
        columns=places[1],
        x=crop.x[rows, columns],
        y=crop.y[rows, columns],
        frame=np.where(crop.hole[rows, columns], np.nan, exposures.frame_at(*places)),
        unit=(crop.expected / crop.noise)[rows, columns],
        weight=1.0 / (1.0 + distance / FADING),
    )


def _motion_of(exposures, crop, points, *, near=None):
    """Motion of the corona at positions, and the losses with and without it."""
    if len(points.frame) < FEWEST_POINTS:
        return None, np.inf, np.inf
    binning = tuple(size * factor for size, factor in zip(crop.binning, exposures.factors[::-1], strict=True))
    return fit_motion(points, [exposures.shown(k) for k in exposures.chosen], crop.camera, binning, near=near)


def _is_at_rest(exposures, crop):
    """Whether the exposures differ only by noise, so that no motion can be detected."""
    seconds = [exposures.holed.neighbours[k].seconds for k in exposures.chosen]
    images = [crop.z, *(one.z for one in crop.neighbours if one.seconds in seconds)]
    step = (slice(CELL // 2, None, CELL // 2),) * 2
    total = weight = 0.0
    near = 1.0 / (1.0 + crop.distance[step] * min(crop.binning) / FADING)
    near *= crop.distance[step] * min(crop.binning) <= AROUND
    for number, first in enumerate(images):
        for second in images[:number]:
            difference = first - second
            known = np.isfinite(difference)
            share = ndimage.uniform_filter(known.astype(float), CELL)[step]
            mean = ndimage.uniform_filter(np.where(known, difference, 0.0), CELL)[step] / np.maximum(share, KNOWN_SHARE)
            there = (share > KNOWN_SHARE) & (near > 0)
            if there.sum() < FEWEST_CELLS:
                return False
            total += near[there] @ robust_loss(mean[there] - np.median(mean[there]))
            weight += near[there].sum()
    return len(images) > 1 and total < QUIET * weight


def _accepted(found):
    """Motion from the result of `_motion_of`; None if it explains too little."""
    motion, cost, at_rest = found
    return motion if cost < GAIN * at_rest else None


def _best_motion(exposures, crop, window):
    """Motion around a small hole, None if at rest, and the exposures over the background that explains more."""
    points = _points(exposures, crop, window, crop.hole)
    found = _motion_of(exposures, crop, points)
    if np.isfinite(found[1]) and found[1] > POOR and len(exposures.holed.neighbours) >= FEWEST_EXPOSURES:
        steady = exposures.with_steady_corona()
        frame = np.where(np.isnan(points.frame), np.nan, steady.frame_at(points.rows, points.columns))
        other = _motion_of(steady, crop, replace(points, frame=frame), near=found[0])
        if other[1] < found[1] and _accepted(other) is not None:
            return other[0], steady
    return _accepted(found), exposures


def _displacement(exposures, crop, window):
    """
    Displacement along rows and columns in `UNIT`, pixels of the crop, or None if nothing moves; and the exposures
    as from `_best_motion`.
    """
    if _is_at_rest(exposures, crop):
        return None, exposures
    rows, columns = np.nonzero(crop.hole)
    blocks = np.stack([crop.block_rows[rows], crop.block_columns[columns]])
    names = np.unique(blocks, axis=1).T
    if (np.ptp(names, axis=0) <= 1).all():
        motion, exposures = _best_motion(exposures, crop, window)
        if motion is None:
            return None, exposures
        along, across = motion.displacement(crop.x, crop.y)
        return (across / crop.binning[1], along / crop.binning[0]), exposures
    # Motion varies over a large zone, so it is determined for each block and interpolated between blocks.
    total, weight = np.zeros((2, *crop.hole.shape)), np.full(crop.hole.shape, 1e-6)
    for name in names:
        mine = np.zeros_like(crop.hole)
        chosen = (blocks == name[:, None]).all(axis=0)
        mine[rows[chosen], columns[chosen]] = True
        middle = rows[chosen].mean(), columns[chosen].mean()
        near = tuple(slice(max(int(at) - 2 * BLEND, 0), int(at) + 2 * BLEND + 1) for at in middle)
        square = [
            ((np.arange(n)[part] - at) / BLEND) ** 2 for n, part, at in zip(mine.shape, near, middle, strict=True)
        ]
        share = np.exp(-2.0 * (square[0][:, None] + square[1][None, :]))
        weight[near] += share
        motion = _accepted(_motion_of(exposures, crop, _points(exposures, crop, window, mine)))
        if motion is not None:
            along, across = motion.displacement(crop.x[near], crop.y[near])
            total[0][near] += share * across / crop.binning[1]
            total[1][near] += share * along / crop.binning[0]
    return tuple(total / weight) if total.any() else None, exposures


def with_moved_neighbours(exposures, crop, window, *, nearest=False):
    """
    Move the neighbours of a crop to the time of its frame.

    Parameters
    ----------
    exposures : `Exposures`
    crop : `~sunpy_lasco.repair.crop.Crop`
        As from `~sunpy_lasco.repair.holed_frame.cut`.
    window : `tuple` of `slice`
        Position of the crop in the frame.
    nearest : `bool`, optional
        Omit exposures if nearer ones on the same side show the whole hole.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Crop`
        The crop with moved neighbours, or the unchanged crop if nothing moves.
    """
    displacement, exposures = _displacement(exposures, crop, window)
    if displacement is None:
        return crop
    if exposures.steady is not None:
        crop = _over_background(crop, exposures, window)
    moved, whole = [], set()
    for number, other in enumerate(exposures.holed.neighbours):
        side = np.sign(other.seconds)
        if nearest and side in whole:
            continue
        one = _moved(exposures, crop, window, displacement, number)
        if one is not None:
            moved.append(one)
            if np.isfinite(one.z[crop.hole]).all():
                whole.add(side)
    return crop.with_neighbours(moved)


def _over_background(crop, exposures, window):
    """The crop without neighbours, over the background that includes the steady corona."""
    expected = crop.expected * exposures.steady[window]
    flat = crop.signal / crop.response
    ring = ring_of(crop.distance, crop.known)
    expected *= float(np.median(flat[ring] / expected[ring]))
    noise = np.sqrt(exposures.holed.variance(expected, window))
    z = np.where(crop.known, (flat - expected) / noise, np.nan)
    return replace(crop, z=z, expected=expected, noise=noise, neighbours=(), over_steady=True)


def _moved(exposures, crop, window, displacement, number):
    """One exposure, moved to the time and the pixels of a crop."""
    holed = exposures.holed
    other = holed.neighbours[number]
    share = other.seconds / UNIT
    rows = np.arange(window[0].start, window[0].stop)[:, None] + share * displacement[0]
    columns = np.arange(window[1].start, window[1].stop)[None, :] + share * displacement[1]
    region = tuple(
        slice(int(np.clip(np.floor(at.min()) - REACH, 0, n)), int(np.clip(np.ceil(at.max()) + REACH, 0, n)))
        for at, n in ((rows, holed.signal.shape[0]), (columns, holed.signal.shape[1]))
    )
    if min(part.stop - part.start for part in region) < 2:
        return None
    level = exposures.level(number)
    expected = level * holed.background[region]
    noise = np.sqrt(other.variance(expected, region))
    known = np.isfinite(other.signal[region]) & ~holed.hidden[region]
    z = np.where(known, (other.signal[region] / holed.response[region] - expected) / noise, 0.0)
    smooth, points = without_points(z, known)
    images = np.stack([smooth * noise / expected, known], axis=-1)
    found = sample(images, rows - region[0].start, columns - region[1].start)
    there = found[..., 1] > 0.99
    value = (1.0 + found[..., 0]) * crop.expected
    ring = ring_of(crop.distance, there & crop.known)
    if ring.sum() < RING_PIXELS:
        return None
    scale = float(np.median(value[ring] / (crop.expected + crop.noise * crop.z)[ring]))
    if not (np.isfinite(scale) and scale > 0):
        return None
    z = np.where(there, (value / scale - crop.expected) / crop.noise, np.nan)
    down, right = rows - np.floor(rows), columns - np.floor(columns)
    weight = (down**2 + (1 - down) ** 2) * (right**2 + (1 - right) ** 2)
    own = float(np.median(noise / expected) / np.median(crop.noise / crop.expected))
    stars = np.zeros_like(z)
    if points.any():
        lag = (
            np.arange(window[0].start, window[0].stop)[:, None] - region[0].start + holed.drift[1] * other.seconds,
            np.arange(window[1].start, window[1].stop)[None, :] - region[1].start + holed.drift[0] * other.seconds,
        )
        lag = np.broadcast_arrays(*lag)
        stars = sample((points * noise / expected)[..., None], *lag)[..., 0] * crop.expected / crop.noise
    return Neighbour(
        z=z, seconds=other.seconds, noise=own * float(np.sqrt(np.median(weight))), scale=scale * level, points=stars
    )
