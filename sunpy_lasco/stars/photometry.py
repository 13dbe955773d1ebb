"""
Calibration factor from the fluxes of stars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astropy.table import Table, vstack

from sunpy_lasco.errors import NotCalibratableError, OptionError
from sunpy_lasco.geometry.image import camera_of
from sunpy_lasco.geometry.vintages import image_geometry
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.instrument.changes import require_grid
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.robust import robust_sigma
from sunpy_lasco.stars.catalogue import StarFlag
from sunpy_lasco.stars.centroids import boxes_about, without_plane
from sunpy_lasco.stars.prediction import colour_slope
from sunpy_lasco.stars.solution import solve
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["StarPhotometry", "fit_photometry", "star_fluxes"]

#: Radius of the aperture, pixel, and logarithm of the light between it and 12 pixels, with its error.
APERTURE, BEYOND = 3.0, {"C2": (0.042, 0.005), "C3": (0.045, 0.015)}
#: Half the box, and the ring for the background, pixel; a wider one would include the Milky Way.
HALF, RING = 9, (5.0, 9.0)
#: Samples along an axis of a pixel that the aperture cuts.
SAMPLES = 5
#: Distance from the Sun's centre between which the vignetting is known for stars, full-resolution pixel.
FIELD = {"C2": (260.0, 640.0), "C3": (175.0, 530.0)}
#: B-V of the stars that are used.
COLOURS = (-0.3, 1.7)
#: Prior 1 sigma of the coefficients of the logarithm of the flux as a polynomial in B-V: for the slope about
#: `~sunpy_lasco.stars.prediction.colour_slope`, for the others about 0. It matters only if there are few stars.
COLOUR_SIGMAS = (0.08, 0.3, 0.3)
#: Largest error of a flux, relative.
LARGEST_ERROR = 0.15
#: Relative scatter of stars in addition to the errors of their fluxes: the phase in the pixel, and the star.
SCATTER = 0.05
#: Stars of a frame that count at least.
FEWEST = 3
#: Fits to stars drawn anew, for the errors.
DRAWS = 200
#: Shortest time over which there is a trend, year.
SHORTEST = 0.5
#: Stars with these flags are not used.
DOUBTFUL = StarFlag.DOUBLE | StarFlag.NEIGHBOUR | StarFlag.VARIABLE
#: Columns of the table of the light of stars.
NAMES = "hip", "magnitude", "bv", "radius", "flux", "ratio", "sigma"


@dataclass(frozen=True, eq=False)
class StarPhotometry:
    """Zero points of frames from their stars, and their trend."""

    #: One row per frame: ``time`` (decimal year), ``name``, ``zero`` (logarithm of measured over expected flux of a
    #: star of solar colour), ``sigma`` (from the stars alone), ``number``.
    frames: Table
    #: Covariance of the zero points.
    covariance: np.ndarray
    #: Slope of the logarithm of the flux by B-V at solar colour, and its 1 sigma.
    colour_slope: float
    colour_sigma: float
    #: Change of the zero point, 1 / year, and its 1 sigma; NaN for frames of a single epoch.
    trend: float
    trend_sigma: float
    #: A row a star and frame.
    stars: Table

    @property
    def scale(self) -> float:
        """Factor by which the calibration factor must be multiplied to give stars their catalogue brightness."""
        weight = np.linalg.pinv(self.covariance).sum(axis=0)
        return float(np.exp(-(weight @ self.frames["zero"]) / weight.sum()))


def star_fluxes(
    smap: CoronagraphMap, *, limit: float = 7.0, geometry: str = "stars", catalogue: Table | None = None
) -> Table:
    """
    Measure the fluxes of stars.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1 whose pixels are where they were measured, at full resolution: ``distortion="wcs"``.
    limit : `float`
        Faintest magnitude.
    geometry : `str`
        Geometry of the camera used to find the stars; see `~sunpy_lasco.stars.solve`.
    catalogue : `~astropy.table.Table`, optional
        Star catalogue; by default that of `~sunpy_lasco.stars.read_catalogue`.

    Returns
    -------
    `~astropy.table.Table`
        ``hip``, ``magnitude``, ``bv``, ``radius`` (from the Sun's centre, pixel), ``flux`` (MSB arcsec2, within 12
        pixels), ``ratio`` (logarithm of measured over expected flux of solar colour) and its 1 sigma ``sigma``.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the map is not of this kind.

    Notes
    -----
    An aperture of 3 pixels on the raw grid, with the light from there to 12 pixels added (C2 4.2 %, C3 4.5 %), times
    the nominal area of a pixel.  Double and variable stars, and those with neighbours, are omitted.
    """
    require_grid(smap, "measured")
    image = image_geometry(smap.meta, smap.data.shape)
    camera = camera_of(smap.meta)
    # The scale in the header includes the stretch by the distortion, the factor does not.
    scale = camera.plate_scale
    summed = max(abs(step) for step in image.cdelt) > 1.5 * scale
    if smap.unit != MSB or not image.distorted or summed:
        msg = (
            f"{frame_name(smap.meta)}: star fluxes require level 1 at full resolution without interpolation; use "
            "calibrate(..., distortion='wcs')."
        )
        raise NotCalibratableError(msg)
    solution = solve(smap, limit=limit, geometry=geometry, catalogue=catalogue)
    if not solution.solved:
        return Table({name: np.array([], dtype=int if name == "hip" else float) for name in NAMES})
    stars = solution.table[solution.table["used"]]
    radius = np.hypot(stars["ideal_x"] - solution.centre[0], stars["ideal_y"] - solution.centre[1])
    low, high = FIELD[camera.name]
    colour = np.asarray(stars["bv"])
    good = (radius > low) & (radius < high) & (colour > COLOURS[0]) & (colour < COLOURS[1])
    good &= (np.asarray(stars["flags"]) & int(DOUBTFUL)) == 0
    stars, radius = stars[good], radius[good]
    total, error = _aperture(np.asarray(smap.data), np.asarray(stars["x"]), np.asarray(stars["y"]))
    correction = np.exp(BEYOND[camera.name][0])
    flux, error = total * scale**2 * correction, error * scale**2 * correction
    return usable_light(stars, radius, flux, error)


def usable_light(stars, radius, flux, error):
    """The table of `star_fluxes` of stars with numbers, magnitudes and colours, and their light in MSB arcsec2."""
    expected = value_of("star.flux") * 10 ** (-0.4 * np.asarray(stars["magnitude"]))
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = (stars["hip"], stars["magnitude"], stars["bv"], radius, flux, np.log(flux / expected), error / flux)
    table = Table(dict(zip(NAMES, map(np.asarray, columns), strict=True)))
    usable = np.isfinite(table["ratio"]) & (table["sigma"] < LARGEST_ERROR) & (table["sigma"] > 0)
    return table[usable]


def fit_photometry(
    smaps: Iterable[CoronagraphMap],
    *,
    limit: float = 7.0,
    geometry: str = "stars",
    catalogue: Table | None = None,
    seed: int = 0,
) -> StarPhotometry:
    """
    Find zero points and their trend from the stars of frames.

    Parameters
    ----------
    smaps : sequence of `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        As for `star_fluxes`, of one camera, filter and polariser.
    limit : `float`
        Faintest magnitude.
    geometry : `str`
        Geometry of the camera used to find the stars; see `~sunpy_lasco.stars.solve`.
    catalogue : `~astropy.table.Table`, optional
        Star catalogue; by default that of `~sunpy_lasco.stars.read_catalogue`.
    seed : `int`
        Of the stars that are drawn for the errors.

    Returns
    -------
    `StarPhotometry`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the frames are of several kinds, or none has enough stars.
    sunpy_lasco.errors.NotCalibratableError
        If one cannot be measured.

    Notes
    -----
    The logarithm of the flux is fitted robustly with a zero point for each frame and a polynomial of third
    degree in B-V. Errors come from a bootstrap over stars, each with all its frames, so correlations between
    frames are included. Errors common to all stars, 3 % in total, are not included: the light outside the
    aperture, the background in crowded fields, and the magnitude of the Sun. The error of the trend is
    increased if frames scatter more than their stars explain.
    """
    smaps = list(smaps)
    kinds = {kind_of(smap) for smap in smaps}
    if len(kinds) != 1:
        msg = f"Zero points require a single camera, filter and polariser; these frames have {sorted(kinds) or 'none'}."
        raise OptionError(msg)
    tables = [star_fluxes(smap, limit=limit, geometry=geometry, catalogue=catalogue) for smap in smaps]
    names, years = [frame_name(smap.meta) for smap in smaps], [smap.reference_date.jyear for smap in smaps]
    return zero_points(tables, names, years, kinds.pop(), seed=seed)


def kind_of(smap):
    """Camera, filter and polariser of a map, without blanks."""
    return tuple(squeezed(smap.meta[card]) for card in ("detector", "filter", "polar"))


def zero_points(tables, names, years, kind, *, seed=0):
    """
    Zero points and their trend from the light of stars that was measured.

    Parameters
    ----------
    tables : sequence of `~astropy.table.Table`
        A table a frame, as for `star_fluxes`.
    names : sequence of `str`
    years : sequence of `float`
        Of the frames, decimal year.
    kind : `tuple` of `str`
        Camera, filter and polariser, in upper case without blanks.
    seed : `int`
        Of the weights by which stars are drawn for the errors.

    Returns
    -------
    `StarPhotometry`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If no frame has enough stars.
    """
    enough = [place for place, table in enumerate(tables) if len(table) >= FEWEST]
    if not enough:
        msg = f"In none of the {len(tables)} frames {FEWEST} stars could be measured."
        raise OptionError(msg)
    tables = [tables[place].copy() for place in enough]
    names, years = [names[place] for place in enough], np.array([years[place] for place in enough])
    for place, table in enumerate(tables):
        table["frame"] = place
    stars = vstack(tables)
    # Stars of Tycho have no number of their own.
    identity = np.where(stars["hip"] > 0, stars["hip"], -np.round(np.asarray(stars["magnitude"]) * 1e5).astype(int))
    _, owner = np.unique(np.asarray(identity), return_inverse=True)
    number = len(tables)
    slope = colour_slope(*kind[:2])
    fitted = _Fit(stars, number, slope)
    best = fitted(np.ones(len(stars)))
    rng = np.random.default_rng(seed)
    # Weights with the spread of draws, by which no frame of few stars is left without any.
    drawn = rng.exponential(size=(DRAWS, owner.max() + 1))
    draws = np.array([fitted(one[owner]) for one in drawn])
    covariance = np.atleast_2d(np.cov(draws, rowvar=False))
    zero, spread = best[:number], covariance[:number, :number]
    trend, trend_sigma = _trend(years, zero, draws[:, :number])
    frames = Table({"time": years, "name": names, "zero": zero, "sigma": np.sqrt(np.diag(spread)),
                    "number": np.bincount(stars["frame"], minlength=number)})  # fmt: skip
    return StarPhotometry(
        frames, spread, float(best[number]), float(np.sqrt(covariance[number, number])), trend, trend_sigma, stars
    )


def _aperture(data, x, y):
    """Light within the aperture around positions, above the plane through the ring, and its error."""
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    boxes = boxes_about(data, column, row, HALF)
    dy, dx = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1].astype(float)
    away = np.hypot(dx, dy)
    light, noise = without_plane(boxes, (away > RING[0]) & (away < RING[1]))
    fine = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    inside = np.zeros(boxes.shape)
    for step_y in fine:
        for step_x in fine:
            far = np.hypot(dx + step_x - (x - column)[:, None, None], dy + step_y - (y - row)[:, None, None])
            inside += (far < APERTURE) / SAMPLES**2
    # The plane is known from some 170 pixels, the aperture has 28.
    return (light * inside).sum(axis=(1, 2)), noise * np.sqrt((inside**2).sum(axis=(1, 2)) * 1.17)


class _Fit:
    """Zero points and coefficients of the colour for weights of stars, which are in order of their frames."""

    def __init__(self, stars, number, slope):
        self.number, self.frame = number, np.asarray(stars["frame"])
        self.starts = np.searchsorted(self.frame, np.arange(number))
        redder = np.asarray(stars["bv"]) - value_of("star.solar_colour")
        # Rows: powers of the colour, the light.
        powers = [redder ** (1 + power) for power in range(len(COLOUR_SIGMAS))]
        self.values = np.array([*powers, stars["ratio"]], dtype=float)
        self.known = 1 / np.square(COLOUR_SIGMAS)
        self.expected = np.array([slope, *[0.0] * (len(COLOUR_SIGMAS) - 1)])
        self.weight = 1 / (np.asarray(stars["sigma"]) ** 2 + SCATTER**2)

    def __call__(self, drawn):
        """Fit robustly."""
        weight = drawn * self.weight
        found = self._solved(weight)
        for _ in range(6):
            left = self.values[-1] - found[self.frame] - found[self.number :] @ self.values[:-1]
            size = robust_sigma(left[drawn > 0]) + 1e-12
            found = self._solved(weight * np.minimum(1, 2 * size / np.maximum(np.abs(left), 1e-12)))
        return found

    def _solved(self, weight):
        # The zero points of the frames are eliminated: residuals of colour and light in each frame are fitted.
        total = np.add.reduceat(weight, self.starts)
        means = np.add.reduceat(weight * self.values, self.starts, axis=1) / total
        within = self.values - means[:, self.frame]
        products = (weight * within) @ within.T
        normal, right = products[:-1, :-1] + np.diag(self.known), products[:-1, -1] + self.known * self.expected
        colours = np.linalg.solve(normal, right)
        return np.append(means[-1] - colours @ means[:-1], colours)


def _trend(years, zero, draws):
    """
    Slope of zero points, 1 / year, and its 1 sigma; frames of one season count as one.

    The error is that of the draws, increased if the epochs deviate from the line by more than their errors.
    """
    if np.ptp(years) < SHORTEST or len(draws) < 10:
        return np.nan, np.nan
    epoch = np.round(years * 4)
    mean = np.array([epoch == one for one in np.unique(epoch)], dtype=float)
    mean /= mean.sum(axis=1, keepdims=True)
    values = draws @ mean.T
    sigma = np.std(values, axis=0)
    when = mean @ years
    when = when - when.mean()
    line = np.polynomial.polynomial.polyfit(when, mean @ zero, 1, w=1 / sigma)
    slopes = np.polynomial.polynomial.polyfit(when, values.T, 1, w=1 / sigma)[1]
    freedom = len(when) - 2
    off = (mean @ zero - line[0] - line[1] * when) / sigma
    grown = np.sqrt(max(1.0, off @ off / freedom)) if freedom > 0 else 1.0
    return float(line[1]), float(np.std(slopes) * grown)
