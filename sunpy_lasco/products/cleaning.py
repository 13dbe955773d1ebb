"""
Removal of cosmic rays, which appear as points in a single frame, and of stars, whose positions are known.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from sunpy_lasco.errors import LascoError, OptionError
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.changes import without_statistics
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.products.medians import median_of_frames
from sunpy_lasco.products.places import height_and_angle
from sunpy_lasco.products.sequence import Sequence
from sunpy_lasco.robust import robust_sigma
from sunpy_lasco.stars import StarFlag, predict

if TYPE_CHECKING:
    from typing import Any

    from sunpy_lasco.products.sequence import SequenceLike

__all__ = ["find_cosmic_rays", "remove_cosmic_rays", "remove_stars"]

#: A hit pixel is brighter than the neighbouring frames by at least this, in sigma.
TIME_SIGNIFICANCE = 5.0
#: Significance of a point in its frame, for astroscrappy.
POINT_SIGNIFICANCE = 4.5
#: Read noise, electrons.
READ_NOISE = 6.0
#: Relative pixel response that no calibration image corrects; at the edge of the occulter it turns bright fronts into
#: points.
PATTERN = 0.03
#: Number of frames on each side with which a frame is compared.
NEIGHBOURS = 2
#: Radius around a star in which cosmic rays are not searched, pixels (stars move by half a pixel from frame to frame),
#: and faintest such star, magnitude.
STAR_RADIUS = 3.0
STAR_LIMIT = 7.5
#: Radius of the image of a sixth-magnitude star, its increase per magnitude for brighter stars, and width of the
#: surrounding ring whose median replaces the star, full-frame pixels.
IMAGE_RADIUS, RADIUS_GROWTH, RING_WIDTH = 2.5, 0.9, 4.0
#: The corona falls with about this power of the height.
CORONA_FALL = 2.4
#: Smallest number of valid pixels in a ring.
LEAST_RING = 8
#: Fraction of hit pixels in a proton storm, above which a frame is marked, and above which it is unusable by itself.
SNOW, HEAVY_SNOW = 0.02, 0.10


def find_cosmic_rays(sequence: Sequence, *, stars: bool = True) -> np.ndarray:
    """
    Find pixels hit by cosmic rays.

    Parameters
    ----------
    sequence : `Sequence`
        Three or more level-1 frames with uncertainty.
    stars : `bool`
        Ignore the surroundings of predicted stars and planets.

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (time, y, x).

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are fewer than three frames, or no uncertainty.
    sunpy_lasco.errors.LascoError
        If a header lacks CALFAC, which is needed to compute electrons.

    Notes
    -----
    A pixel must pass two tests. It must be 5 sigma above the median of up to four neighbouring frames; this test
    alone would also find fronts. It must also be a point in its frame according to astroscrappy (Laplacian
    edges); this test alone would also find stars. astroscrappy is part of the extra ``products``.

    References
    ----------
    * van Dokkum 2001, Publications of the Astronomical Society of the Pacific 113, 1420
    """
    from astroscrappy import detect_cosmics

    if len(sequence) < 3 or sequence.sigma is None:
        msg = "At least three frames with uncertainty are needed to find cosmic rays."
        raise OptionError(msg)
    camera = CAMERAS[sequence.detector]
    found = np.zeros(sequence.shape, bool)
    for number in range(len(sequence)):
        header = sequence.headers[number]
        if "calfac" not in header:
            msg = f"{header.get('filename')} lacks CALFAC, which is needed to compute electrons."
            raise LascoError(msg)
        data, sigma, _ = sequence._frame_parts(number)
        usual, error = _of_neighbours(sequence, number)
        with np.errstate(invalid="ignore"):
            later = data - usual > TIME_SIGNIFICANCE * np.hypot(sigma, error)
        electrons = float(header["exptime"]) / float(header["calfac"]) * camera.gain
        empty = ~np.isfinite(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            points, _ = detect_cosmics(
                np.where(empty, 0.0, data * electrons).astype(np.float32),
                inmask=empty,
                # The noise of the pixel itself, since strong vignetting means fewer electrons than
                # the brightness suggests.
                invar=np.where(empty, 1.0, electrons**2 * (sigma**2 + (PATTERN * data) ** 2)).astype(np.float32),
                sigclip=POINT_SIGNIFICANCE,
                gain=1.0,
                readnoise=READ_NOISE,
                satlevel=np.inf,
            )
        # The wings of a hit are brighter than neighbouring frames, but not points themselves.
        hit = later & ndimage.binary_dilation(points & later, np.ones((3, 3)))
        if stars:
            hit &= ~_near_stars(sequence.frame(number))
        found[number] = hit
    return found


def remove_cosmic_rays(sequence: Sequence, hits: np.ndarray | None = None) -> Sequence:
    """
    Replace cosmic rays by the median of neighbouring frames.

    Parameters
    ----------
    sequence : `Sequence`
    hits : `numpy.ndarray` of `bool`, optional
        As for `find_cosmic_rays`.

    Returns
    -------
    `Sequence`
        Replaced pixels are flagged FILLED and have the uncertainty of the median. Headers give their number
        (NCOSMIC) and their share of the valid pixels (SNOW). If the share exceeds 10 %, as in a proton storm,
        the whole frame is replaced by the median of it and its two neighbours.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        As for `find_cosmic_rays`.
    """
    sequence = sequence.computed()
    hits = find_cosmic_rays(sequence) if hits is None else np.asarray(hits, bool)
    if hits.shape != sequence.shape:
        msg = f"hits have the shape {hits.shape}, the sequence {sequence.shape}."
        raise OptionError(msg)
    data, sigma, flags = sequence.data.copy(), sequence.sigma.copy(), sequence.flags.copy()
    headers = []
    for number in range(len(sequence)):
        hit = hits[number]
        seen = np.isfinite(sequence.data[number])
        snow = float(np.count_nonzero(hit & seen) / max(np.count_nonzero(seen), 1))
        meta = sequence.headers[number].copy()
        meta["ncosmic"], meta["snow"] = int(np.count_nonzero(hit)), round(snow, 6)
        if snow > HEAVY_SNOW:
            part = slice(max(number - 1, 0), number + 2)
            usual, error, _ = median_of_frames(sequence.data[part], sequence.sigma[part])
            hit = seen
            told = "all pixels replaced by the median of three frames because of a proton storm"
        else:
            usual, error = _of_neighbours(sequence, number)
            told = f"{meta['ncosmic']} pixels hit by cosmic rays replaced by the median of neighbouring frames"
            if snow > SNOW:
                told += ", in a proton storm"
        data[number][hit], sigma[number][hit] = usual[hit], error[hit]
        flags[number][hit] |= np.uint8(PixelFlag.FILLED)
        if hit.any():
            meta = without_statistics(meta)
            add_history(meta, told.capitalize() if told[0].islower() else told)
        headers.append(meta)
    return sequence._like(data, sigma, flags, headers)


def _of_neighbours(sequence, number):
    """Median of the neighbouring frames, and its sigma."""
    low = max(0, min(number - NEIGHBOURS, len(sequence) - 2 * NEIGHBOURS - 1))
    others = [other for other in range(low, min(low + 2 * NEIGHBOURS + 1, len(sequence))) if other != number]
    parts = [sequence._frame_parts(other) for other in others]
    median, sigma, _ = median_of_frames(np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts]))
    return median, sigma


def _near_stars(smap):
    """Pixels around predicted stars and planets."""
    table = predict(smap, limit=STAR_LIMIT)
    near = np.zeros(smap.data.shape, bool)
    ny, nx = near.shape
    for x, y in zip(np.asarray(table["x"], float), np.asarray(table["y"], float), strict=True):
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        left, bottom = int(np.floor(x - STAR_RADIUS)), int(np.floor(y - STAR_RADIUS))
        size = int(2 * STAR_RADIUS) + 2
        rows, columns = np.arange(max(bottom, 0), min(bottom + size, ny)), np.arange(max(left, 0), min(left + size, nx))
        near[rows[:, None], columns] |= np.hypot(columns - x, (rows - y)[:, None]) <= STAR_RADIUS
    return near


def remove_stars(images: SequenceLike, *, limit: float = 8.0) -> Any:
    """
    Replace stars by their surroundings, and mask planets.

    Parameters
    ----------
    images : map, `Sequence`, or sequence of maps
        Level 1.
    limit : `float`
        Faintest magnitude of the stars.

    Returns
    -------
    map, `Sequence` or `list` of maps
        As ``images``. Pixels of stars get the median of the surrounding ring, its uncertainty, and the flag
        FILLED. Pixels of planets, and pixels into which planets bled, are NaN. The header gives the number of
        stars (NSTARS).

    Notes
    -----
    Only positions from `sunpy_lasco.stars.predict` change. Small structures of the corona therefore remain, and
    so do stars that are not in the catalogue.
    """
    if isinstance(images, Sequence):
        cleaned = [_without_stars(images.frame(number), limit) for number in range(len(images))]
        sigma = None if images.sigma is None else np.stack([sigma_of(smap) for smap in cleaned])
        headers = [smap.meta for smap in cleaned]
        return images._like(
            np.stack([smap.data for smap in cleaned]), sigma, np.stack([flags_of(smap) for smap in cleaned]), headers
        )
    if hasattr(images, "meta"):
        return _without_stars(images, limit)
    return [_without_stars(smap, limit) for smap in (images.maps if hasattr(images, "maps") else images)]


def _without_stars(smap, limit):
    """Remove stars and planets from a map."""
    table = predict(smap, limit=limit)
    data, flags = np.array(smap.data, float), flags_of(smap).copy()
    sigma = sigma_of(smap)
    sigma = None if sigma is None else np.array(sigma)
    # Convert from full-frame to summed pixels.
    scale = data.shape[1] / 1024 if data.shape[1] < 1024 else 1.0
    places, planet = [], np.zeros(data.shape, bool)
    for row in table:
        x, y = float(row["x"].value), float(row["y"].value)
        magnitude = float(row["magnitude"].value)
        if not np.isfinite(magnitude):
            continue
        radius = max(1.5, scale * (IMAGE_RADIUS + RADIUS_GROWTH * max(0.0, 6.0 - magnitude)))
        box, distance = _around(x, y, radius + RING_WIDTH, data.shape)
        if distance.size == 0:
            continue
        if int(row["flags"]) & int(StarFlag.PLANET):
            planet[box] |= distance <= radius
        else:
            places.append((box, distance <= radius, distance > radius))
    stars = np.zeros(data.shape, bool)
    for box, inside, _ in places:
        stars[box] |= inside
    # Rings exclude neighbouring stars.
    usable = np.isfinite(data) & ~stars & ~planet
    # On a curved slope the median of a ring differs from the value inside it, so the radial
    # decrease of the corona is divided out.
    fall = np.maximum(height_and_angle(smap)[0], 1.0) ** -CORONA_FALL
    whole = data / fall
    number = 0
    for box, inside, around in places:
        ring = around & usable[box]
        fill = inside & np.isfinite(whole[box])
        if np.count_nonzero(ring) < LEAST_RING or not fill.any():
            continue
        values = whole[box][ring]
        middle = np.median(values)
        data[box][fill] = middle * fall[box][fill]
        flags[box][fill] |= np.uint8(PixelFlag.FILLED)
        if sigma is not None:
            sigma[box][fill] = robust_sigma(values - middle) * fall[box][fill]
        number += 1
    if planet.any():
        bled, _ = ndimage.label(((flags & np.uint8(PixelFlag.SATURATED)) > 0) | planet, np.ones((3, 3)))
        touched = np.isin(bled, np.unique(bled[planet]))
        data[touched] = np.nan
        flags[touched] |= np.uint8(PixelFlag.SATURATED)
        if sigma is not None:
            sigma[touched] = np.nan
    meta = without_statistics(smap._operation_header())
    meta["nstars"] = number
    add_history(meta, f"{number} stars down to magnitude {limit:g} replaced by the medians of rings; planets masked")
    return replace(smap, data=data.astype(smap.data.dtype), meta=meta, uncertainty=sigma, flags=flags)


def _around(x, y, radius, shape):
    """The pixels around a position, as slices, and their distances from it."""
    low_x, low_y = max(int(np.floor(x - radius)), 0), max(int(np.floor(y - radius)), 0)
    box = (
        slice(low_y, min(int(np.ceil(y + radius)) + 1, shape[0])),
        slice(low_x, min(int(np.ceil(x + radius)) + 1, shape[1])),
    )
    rows, columns = (
        np.arange(box[0].start, max(box[0].stop, box[0].start)),
        np.arange(box[1].start, max(box[1].stop, box[1].start)),
    )
    return box, np.hypot(columns - x, (rows - y)[:, None])
