"""
The working space: the excess of a frame over a scaled background, in units of its noise.

Counts of a coronagraph change by orders of magnitude over a block, and the fixed response differs by 0.85 %
from pixel to pixel. After division by the response and subtraction of a background that includes vignetting
and F corona, and in units of its noise, the image is smooth. This step decides most of the quality of a
repair.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from sunpy_lasco.instrument.cameras import BLOCK
from sunpy_lasco.repair.crop import Crop, Neighbour, distance_from
from sunpy_lasco.robust import robust_sigma

__all__ = [
    "MARGIN",
    "RING",
    "RING_PIXELS",
    "STRUCTURE_SHARE",
    "HoledFrame",
    "OtherExposure",
    "WindowedImage",
    "cut",
    "mean_around",
    "point_like",
    "ring_of",
]

#: Width of the ring around a hole on which levels are matched, stored pixels.
RING = 12
#: The ring is doubled repeatedly if it has fewer pixels than this.
RING_PIXELS = 64
#: Blocks of surroundings in a crop.
MARGIN = 2
#: A pixel is a star or a hit if it exceeds the median of its surroundings by this many times the scatter.
POINT_THRESHOLD = 6.0


class WindowedImage:
    """
    An image of which only requested windows are computed; a hole needs some per cent of a frame.

    Parameters
    ----------
    shape : `tuple` of `int`
    make : callable
        Function from a window (slices along rows and columns) to the image in it, a new array.
    """

    def __init__(self, shape, make):
        self.shape, self._make = shape, make

    def __getitem__(self, window):
        return self._make(window)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:, :], dtype)

    def with_values(self, pieces):
        """
        The same image with other values in it.

        Parameters
        ----------
        pieces : sequence of `tuple`
            A window without steps, pixels in it, and an image with their new values.
        """

        def make(window):
            image = self[window]
            for part, pixels, values in pieces:
                here, there = zip(*map(_common, window, part, self.shape), strict=True)
                np.copyto(image[here], values[there], where=pixels[there])
            return image

        return WindowedImage(self.shape, make)


def _common(window, part, length):
    """Intersection of a slice and a slice without steps, as slices of both."""
    first, last, step = window.indices(length)
    low = max(-(-(part.start - first) // step), 0)
    high = max(min(-(-(part.stop - first) // step), len(range(first, last, step))), low)
    begin = first + low * step - part.start
    return slice(low, high), slice(begin, begin + (high - low) * step, step)


@dataclass(frozen=True, eq=False)
class OtherExposure:
    """Another exposure of the same pixels."""

    #: Signal in its own units; NaN in pixels that cannot be used; (ny, nx).
    signal: np.ndarray | WindowedImage
    #: Middle of the exposure after that of the frame, s.
    seconds: float
    #: Function from an expected signal and its window to the variance of the noise.
    variance: object


@dataclass(frozen=True, eq=False)
class HoledFrame:
    """A frame with holes, and known properties of its pixels."""

    #: Signal (DN above the bias, or MSB); NaN where nothing was measured; (ny, nx).
    signal: np.ndarray | WindowedImage
    #: Pixels to fill.
    holes: np.ndarray
    #: Pixels that were measured but must not be used because they are saturated.
    unusable: np.ndarray
    #: Behind the occulter or the pylon, or beyond the field.
    hidden: np.ndarray
    #: Background model in units of the frame up to a factor, positive.
    background: np.ndarray | WindowedImage
    #: Fixed response of the pixels, near 1; ones where it is not known.
    response: np.ndarray
    #: Function from an expected signal and its window to the variance of the noise; it accounts for a response that was
    #: divided out.
    variance: object
    #: Positions of columns and rows relative to the Sun centre, full-resolution pixels.
    x: np.ndarray
    y: np.ndarray
    #: Centre of the occulter in these coordinates.
    occulter: tuple[float, float]
    #: Full-resolution pixels per pixel along (x, y).
    binning: tuple[int, int]
    #: Block row of each row and block column of each column, counted from the
    #: first of the array.
    block_rows: np.ndarray
    block_columns: np.ndarray
    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: Motion of the stars along (x, y), pixel / s; zeros where it is not known.
    drift: tuple[float, float] = (0.0, 0.0)
    #: Other exposures of the same pixels, nearest in time first.
    neighbours: tuple[OtherExposure, ...] = field(default=())

    @property
    def grid(self):
        """Block rows and columns of the array."""
        return int(self.block_rows[-1]) + 1, int(self.block_columns[-1]) + 1

    def lost_blocks(self):
        """Blocks with pixels to fill, shape `grid`."""
        lost = np.zeros(self.grid, dtype=bool)
        rows = np.flatnonzero(self.holes.any(axis=1))
        at, columns = np.nonzero(self.holes[rows])
        lost[self.block_rows[rows[at]], self.block_columns[columns]] = True
        return lost

    def filled_with(self, pieces):
        """The frame with some pixels filled; pieces are as for `WindowedImage.with_values`."""
        if not pieces:
            return self
        holes = self.holes.copy()
        for window, pixels, _ in pieces:
            holes[window] &= ~pixels
        signal = self.signal
        if not isinstance(signal, WindowedImage):
            signal = WindowedImage(signal.shape, lambda window: self.signal[window].copy())
        return replace(self, signal=signal.with_values(pieces), holes=holes)


#: Smallest excess of a point on a bright structure, relative to its brightness, divided by `POINT_THRESHOLD`, so that
#: ridges in the bright core of an ejection are not taken for stars. In the core of 2012-08-31, 80 instead of 280 pixels
#: are then taken for stars, and 99.5 % of all others still are.
STRUCTURE_SHARE = 0.08


#: About so many pixels are enough for a median of an image; the error of the scatter from them is 2 %.
ENOUGH_PIXELS = 4096


def _some(values):
    """A regular subset of values, enough for their median."""
    return values[:: max(len(values) // ENOUGH_PIXELS, 1)]


def point_like(z, known, *, structure=0.0, dark=False):
    """
    Stars, planets and hits of particles.

    Parameters
    ----------
    z : `~numpy.ndarray`
        In units of the noise, shape (ny, nx).
    known : `~numpy.ndarray` of `bool`
        Pixels that count.
    structure : `float`, optional
        Share of the excess brightness around a point that counts as scatter.
    dark : `bool`, optional
        Include points that are darker than their surroundings, as in differences.

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    if not known.any():
        return np.zeros_like(known)
    whole = z if known.all() else np.where(known, z, mean_around(z, known))
    around = _local_median(whole)
    excess = whole - around
    if dark:
        excess = np.abs(excess)
    scatter = max(robust_sigma(_some(excess[known])), 1.0)
    if structure:
        scatter = np.maximum(scatter, structure * np.abs(around - np.median(_some(around[known]))))
    return known & (excess > POINT_THRESHOLD * scatter)


def mean_around(z, known, sides=(5,)):
    """
    Mean of the known pixels around each pixel.

    Parameters
    ----------
    z : `~numpy.ndarray`
        Finite where it is known; (ny, nx).
    known : `~numpy.ndarray` of `bool`
        At least one.
    sides : sequence of `int`, optional
        Sides of the squares, pixel; the first with a known pixel is used.

    Returns
    -------
    `~numpy.ndarray`
        If none of the squares has a known pixel, the median of the known pixels is used.
    """
    found = np.full(z.shape, np.median(_some(z[known])), dtype=z.dtype)
    for side in reversed(sides):
        share = ndimage.uniform_filter(known.astype(z.dtype), side)
        total = ndimage.uniform_filter(np.where(known, z, 0), side)
        some = share > 0.5 / side**2
        found[some] = total[some] / share[some]
    return found


def _local_median(image):
    """Medians of five pixels along columns, then along rows; thirty times as fast as medians over squares."""
    for _ in range(2):
        padded = np.pad(image, ((2, 2), (0, 0)), mode="edge")
        a, b, c, d, e = (padded[first : first + len(image)] for first in range(5))
        low = np.maximum(np.minimum(a, b), np.minimum(c, d))
        high = np.minimum(np.maximum(a, b), np.maximum(c, d))
        image = np.maximum(np.minimum(e, low), np.minimum(np.maximum(e, low), high)).T
    return image


def cut(holed, zone, margin=MARGIN):
    """
    Cut out a zone of lost blocks with its surroundings, and convert it to the working space.

    Parameters
    ----------
    holed : `HoledFrame`
    zone : `~sunpy_lasco.repair.fill.Zone`
    margin : `float`, optional
        Blocks of surroundings on each side.

    Returns
    -------
    crop : `~sunpy_lasco.repair.crop.Crop` or None
        None if the level of the background cannot be determined from the surroundings.
    window : `tuple` of `slice`
        Position of the crop in the frame.
    """
    window = tuple(
        slice(max(first - int(margin * BLOCK), 0), min(last + int(margin * BLOCK), len(index)))
        for index, (first, last) in (
            (index, np.searchsorted(index, blocks))
            for index, blocks in zip(
                (holed.block_rows, holed.block_columns), zone.region(holed.grid, margin=0), strict=True
            )
        )
    )
    block_rows, block_columns = holed.block_rows[window[0]], holed.block_columns[window[1]]
    mine = np.zeros(holed.grid, dtype=bool)
    mine[tuple(np.transpose(zone.blocks))] = True
    hole = holed.holes[window] & mine[np.ix_(block_rows, block_columns)]
    signal, background = holed.signal[window].astype(float), holed.background[window].astype(float)
    response, hidden = holed.response[window].astype(float), holed.hidden[window]
    known = np.isfinite(signal) & ~holed.unusable[window] & ~hidden & ~holed.holes[window]
    ring = ring_of(distance_from(hole), known)
    if not ring.any():
        return None, window
    scale = float(np.median(signal[ring] / (response * background)[ring]))
    if not (np.isfinite(scale) and scale > 0):
        return None, window
    expected = scale * background
    noise = np.sqrt(holed.variance(expected, window))
    z = np.where(known, (signal / response - expected) / noise, np.nan)
    z[point_like(z, known, structure=STRUCTURE_SHARE)] = np.nan
    x, y = np.meshgrid(holed.x[window[1]], holed.y[window[0]])
    crop = Crop(
        z=z,
        hole=hole,
        expected=expected,
        noise=noise,
        response=response,
        signal=signal,
        hidden=hidden,
        x=x,
        y=y,
        occulter=holed.occulter,
        binning=holed.binning,
        scale=scale,
        block_rows=block_rows,
        block_columns=block_columns,
        camera=holed.camera,
        drift=holed.drift,
    )
    neighbours = [_neighbour(crop, other, window, ring) for other in holed.neighbours]
    return crop.with_neighbours(one for one in neighbours if one is not None), window


def ring_of(distance, known):
    """
    Known pixels around a hole, out to a distance at which there are enough.

    Parameters
    ----------
    distance : `~numpy.ndarray`
        From the hole, pixel; (ny, nx).
    known : `~numpy.ndarray` of `bool`

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    for width in (RING, 2 * RING, 4 * RING):
        ring = known & (distance <= width)
        if ring.sum() >= RING_PIXELS:
            break
    return ring


def _neighbour(crop, other, window, ring):
    """Another exposure, scaled to the level of the surroundings of the hole."""
    signal = other.signal[window].astype(float)
    both = ring & np.isfinite(signal)
    if both.sum() < RING_PIXELS:
        return None
    scale = float(np.median(signal[both] / crop.signal[both]))
    if not (np.isfinite(scale) and scale > 0):
        return None
    noise = float(np.median(np.sqrt(other.variance(crop.expected * scale, window)) / scale / crop.noise))
    return Neighbour(z=crop.from_signal(signal / scale), seconds=other.seconds, noise=noise, scale=scale)
