"""
Sun centre and roll of an image from its stars.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.table import Table
from astropy.time import Time, TimeDelta

from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.pointing import Pointing
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.instrument.changes import require_grid
from sunpy_lasco.instrument.headers import header_level
from sunpy_lasco.robust import robust_sigma
from sunpy_lasco.stars.catalogue import StarFlag, catalogue_numbers, packaged_numbers
from sunpy_lasco.stars.centroids import star_places
from sunpy_lasco.stars.detector import Attitude, detector_grid
from sunpy_lasco.stars.sky import star_plane, view_from

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["StarSolution", "solve"]

#: Faintest magnitude that is looked for.
LIMITS = {"C2": 8.5, "C3": 7.0}
#: Least number of stars that make a solution.
FEWEST = {"C2": 3, "C3": 5}
#: Least share of the stars found that agree.
LEAST_SHARE = 0.5
#: Factor by which more stars must agree to turn the image upside down, against the header.
SURE = 2
#: Search radius around the position predicted from the header, full-resolution pixel.
REACH = {"C2": 5.0, "C3": 4.0}
#: 1 sigma of the point-spread function, full-resolution pixel.
WIDTH = {"C2": 0.45, "C3": 0.45}
#: Position error due to the undersampled point-spread function, added in quadrature, full-resolution pixel.
FLOOR = {"C2": 0.17, "C3": 0.09}
#: Weight of the prior of that error, as a number of measurements.
FLOOR_WEIGHT = 3.0
#: Smallest share of the error of a star that its residual is assumed to show.
LEAST_FREEDOM = 0.2
#: Tolerance for the agreement of stars on the shift, before the roll is known, full-resolution pixel.
AGREEMENT = 0.7
#: A star farther than this many sigma from its place is none.
REJECTED = 3.5
#: Largest rms of a solution, full-resolution pixel along an axis.
LARGEST_RMS = 0.35
#: 1 sigma of SOHO's place as seen from the Sun, degree.
ORBIT_SIGMA = 0.001
#: 1 sigma of an uncorrected clock, s.
CLOCK_SIGMA = 104.0
#: Stars with these flags are not used.
DOUBTFUL = StarFlag.DOUBLE | StarFlag.NEIGHBOUR | StarFlag.PLANET
#: Margin at the edge of the image without measurements, pixel.
EDGE = 8


@dataclass(frozen=True, eq=False)
class StarSolution:
    """Pointing of an image from its stars."""

    #: Sun's centre (x, y), full-frame pixel of the detector without distortion, counted from 0.
    centre: tuple[float, float]
    #: Counter-clockwise rotation of the detector image that brings solar north up, degree.
    roll: float
    #: Plate scale, arcsec / pixel; fitted only on request.
    scale: float
    #: Covariance of centre (pixel), roll (degree) and scale (arcsec / pixel), shape (4, 4).
    covariance: np.ndarray
    #: Contribution of clock and orbit, i.e. of the position of the Sun relative to the stars, to the covariance of the
    #: centre, shape (2, 2).
    sky_covariance: np.ndarray
    #: Number of stars used, and rms residual along an axis, full-resolution pixel.
    number: int
    rms: float
    #: Reason why there is no solution, in which case centre and roll are those of the header; empty if there is one.
    reason: str = ""
    #: Stars that were looked for.
    table: Table = field(default_factory=Table, repr=False)
    #: Geometry of the camera, ``"stars"`` or ``"official"``.
    geometry: str = "stars"

    @property
    def solved(self) -> bool:
        """Whether there is a solution."""
        return not self.reason

    @property
    def centre_sigma(self) -> float:
        """1 sigma of the centre along an axis, with the errors of clock and orbit, pixel."""
        return float(np.sqrt(np.trace(self.covariance[:2, :2]) / 2))

    @property
    def roll_sigma(self) -> float:
        """1 sigma of the roll, degree."""
        return float(np.sqrt(self.covariance[2, 2]))

    @property
    def pointing(self) -> Pointing:
        """The solution as a `~sunpy_lasco.geometry.pointing.Pointing`."""
        source = "stars in the image"
        return Pointing(self.centre, self.roll, source, source, self.centre_sigma, self.roll_sigma, status="final")


def solve(
    smap: CoronagraphMap,
    *,
    limit: float | None = None,
    scale: bool = False,
    geometry: str = "auto",
    catalogue: Table | None = None,
    pointing: Pointing | None = None,
    time: Time | None = None,
    observer: SkyCoord | None = None,
    clock_sigma: u.Quantity | None = None,
    roll: u.Quantity | None = None,
    roll_sigma: u.Quantity | None = None,
) -> StarSolution:
    """
    Determine Sun centre and roll of an image from the stars in it.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1, with any sum, sub-frame and roll, whose pixels are those of the detector.
    limit : `float`, optional
        Faintest magnitude; by default 7.0 for C3 and 8.5 for C2.
    scale : `bool`
        Fit the plate scale as well.
    geometry : `str`
        ``"stars"`` or ``"official"``: plate scale and distortion of the camera. ``"auto"`` uses ``"stars"``
        or, if the stars do not agree, ``"official"``, which applies to simulated images.
    catalogue : `~astropy.table.Table`, optional
        Stars, as `~sunpy_lasco.stars.read_catalogue` has them; by default those.
    pointing : `~sunpy_lasco.geometry.pointing.Pointing`, optional
        Initial pointing, instead of that of the header.
    time : `~astropy.time.Time`, optional
        Middle of the exposure by the corrected clock, instead of that of the header.
    observer : `~astropy.coordinates.SkyCoord`, optional
        Position of SOHO, instead of that in the header or, if it has none, of the orbit of the package.
    clock_sigma : `~astropy.units.Quantity`, optional
        1 sigma of the time; by default that of the card TIMESIG, or 104 s.
    roll, roll_sigma : `~astropy.units.Quantity`, optional
        Independently known roll of the detector and its 1 sigma, such as that of C3 at the same time
        (`~sunpy_lasco.stars.roll_at`). The stars refine it, and one star less is sufficient.

    Returns
    -------
    `StarSolution`
        If too few stars agree, it has a ``reason`` and the initial pointing.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the pixels of the map are not those of the detector.
    sunpy_lasco.errors.OptionError
        If the limit is not a magnitude, or there is no such geometry.

    Notes
    -----
    The geometry ``"stars"`` is the projection TAN at the Sun, and for C3 a plate scale of 56.182 arcsec with
    a distortion of fifth order. Stars determine the pointing relative to the star field. The position of the
    Sun in it follows from the time and SOHO's orbit, whose errors are included in the covariance. Double
    stars, and those with neighbours, are omitted. If the stars do not agree, the image is also tried upside
    down, since some headers are wrong by 180 degrees.
    """
    require_grid(smap, "solved")
    if geometry not in ("auto", "official", "stars"):
        msg = f"geometry={geometry!r} is unknown; it is 'auto', 'official' or 'stars'."
        raise OptionError(msg)
    if limit is not None and not np.isfinite(limit):
        msg = f"limit={limit!r} is not a magnitude."
        raise OptionError(msg)
    if (roll is None) != (roll_sigma is None):
        msg = "A known roll needs its 1 sigma: pass both roll and roll_sigma, or neither."
        raise OptionError(msg)
    known = None if roll is None else (float(roll.to_value(u.deg)), float(roll_sigma.to_value(u.deg)))
    view = view_of(smap, time, observer)
    numbers = packaged_numbers() if catalogue is None else catalogue_numbers(catalogue)
    tried = []
    for name in ("stars", "official") if geometry == "auto" else (geometry,):
        grid = detector_grid(smap, name)
        found = _solve_on(grid, smap, numbers, limit, scale, pointing, view, clock_sigma, known)
        tried.append(found)
        if found.solved or grid.camera.stars is None:
            return found
    return tried[0]


def _solve_on(grid, smap, numbers, limit, scale, pointing, view, clock_sigma, known):
    """The solution by one geometry."""
    camera = grid.camera.name
    start = grid.attitude
    if pointing is not None:
        start = Attitude(tuple(pointing.centre), pointing.roll, grid.scale)
    if known is not None:
        start = replace(start, roll=known[0])
    stars = _bright(numbers, LIMITS[camera] if limit is None else limit)
    sky = _sky_covariance(smap, view, start, clock_sigma)
    found = _solution(_measured(smap, grid, start, stars, view), grid, start, scale, sky, known)
    if found.solved or known is not None:
        return found
    turned = replace(start, roll=float(normalize_roll(start.roll + 180)))
    other = _solution(_measured(smap, grid, turned, stars, view), grid, turned, scale, sky)
    return other if other.number >= SURE * FEWEST[camera] else found


def measured_solution(smap, grid, table, view, *, scale=False, clock_sigma=None):
    """
    Sun centre and roll by stars that were found already.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    grid : `~sunpy_lasco.stars.detector.DetectorGrid`
    table : `dict`
        ``x``, ``y``, ``sigma`` (pixel of the map), ``flux``, ``flux_sigma``, ``found``, ``plane_x``, ``plane_y``
        (arcsec) of the stars, shape (n,), and what else the table of the solution is to hold.
    view : `~sunpy_lasco.stars.sky.View`
    scale : `bool`
    clock_sigma : `~astropy.units.Quantity`, optional
        As for `solve`.

    Returns
    -------
    `StarSolution`
    """
    start = grid.attitude
    table = dict(table)
    table["ideal_x"], table["ideal_y"] = grid.to_ideal(table["x"], table["y"])
    table["ideal_sigma"] = np.hypot(table["sigma"] * np.mean(grid.pixel_size), FLOOR[grid.camera.name])
    return _solution(table, grid, start, scale, _sky_covariance(smap, view, start, clock_sigma))


def view_of(smap, time=None, observer=None):
    """The `~sunpy_lasco.stars.sky.View` of SOHO in the middle of an exposure."""
    if time is None:
        time = smap.reference_date
        if "date-avg" not in smap.meta and smap.exposure_time is not None:
            time = time + TimeDelta(smap.exposure_time.to_value(u.s) / 2, format="sec")
    if observer is not None:
        return view_from(observer, Time(time))
    known = "hgln_obs" in smap.meta or "crln_obs" in smap.meta
    observer = smap.observer_coordinate if known else packaged_observer(Time(time)).coordinate
    return view_from(observer, Time(time))


def _bright(numbers, limit):
    chosen = (numbers["magnitude"] < limit) & (numbers["flags"] & int(DOUBTFUL) == 0)
    picked = {name: values[chosen] for name, values in numbers.items() if name != "vectors"}
    if "vectors" in numbers:
        picked["vectors"] = tuple(part[chosen] for part in numbers["vectors"])
    return picked


def _measured(smap, grid, attitude, numbers, view):
    """Columns of the stars in the image, with predicted and measured positions."""
    plane_x, plane_y, seen = star_plane(numbers, view)
    plane_x, plane_y, index = plane_x[seen], plane_y[seen], np.flatnonzero(seen)
    x, y = grid.to_pixel(*attitude.ideal(plane_x, plane_y))
    ny, nx = smap.data.shape
    inside = (x > EDGE) & (x < nx - 1 - EDGE) & (y > EDGE) & (y < ny - 1 - EDGE)
    x, y, plane_x, plane_y, index = (values[inside] for values in (x, y, plane_x, plane_y, index))
    stars = {name: numbers[name][index] for name in ("hip", "magnitude", "bv", "flags")}
    stars |= {"plane_x": plane_x, "plane_y": plane_y, "predicted_x": x, "predicted_y": y}
    camera, size = grid.camera.name, np.array(grid.pixel_size)
    gain = read = None
    if header_level(smap.meta) == 0.5:
        gain, read = grid.camera.gain, grid.camera.read_variance
    reach = max(REACH[camera] / size.min(), 1.5)
    light = _usable(smap, grid)
    places = star_places(light, x, y, reach, WIDTH[camera] / size, gain, read or 0.0)
    places["ideal_x"], places["ideal_y"] = grid.to_ideal(places["x"], places["y"])
    places["ideal_sigma"] = np.hypot(places["sigma"] * size.mean(), FLOOR[camera])
    return stars | places


def _usable(smap, grid):
    """The image with NaN where it is saturated or empty."""
    data = np.asarray(smap.data)
    if header_level(smap.meta) != 0.5:
        return data
    sums = np.prod(grid.pixel_size)
    full = data > grid.camera.saturation * max(sums, 1.0)
    return np.where(full | (data <= 0), np.nan, data) if full.any() or (data <= 0).any() else data


def _sky_covariance(smap, view, attitude, clock_sigma):
    """Covariance of the Sun centre in the star field due to clock and orbit, pixel2, shape (2, 2)."""
    seconds = smap.meta.get("timesig", CLOCK_SIGMA) if clock_sigma is None else clock_sigma.to_value(u.s)
    cos, sin = np.cos(np.radians(attitude.roll)), np.sin(np.radians(attitude.roll))
    motion = np.array([[cos, sin], [-sin, cos]]) @ view.motion() / attitude.scale * float(seconds)
    return np.outer(motion, motion) + np.eye(2) * (ORBIT_SIGMA * 3600 / attitude.scale) ** 2


def _solution(table, grid, start, fits_scale, sky, known=None):
    """Robust similarity from the plane to the ideal detector; ``known`` is a roll and its 1 sigma, degree."""
    camera = grid.camera.name
    fewest = FEWEST[camera] - (known is not None)
    found = np.flatnonzero(table["found"])
    everywhere = np.zeros(len(table["found"]), dtype=bool)
    unsolved = {
        "centre": start.centre,
        "roll": start.roll,
        "scale": start.scale,
        "covariance": np.full((4, 4), np.nan),
        "sky_covariance": sky,
        "rms": np.nan,
        "geometry": grid.geometry_name,
    }
    if len(found) < fewest:
        reason = f"{len(found)} of {len(everywhere)} stars were found, at least {fewest} are needed"
        return StarSolution(number=0, reason=reason, table=Table(table), **unsolved)
    plane = np.stack([table["plane_x"][found], table["plane_y"][found]])
    seen = np.stack([table["ideal_x"][found], table["ideal_y"][found]])
    sigma, floor = table["ideal_sigma"][found], FLOOR[camera]
    used = _agreeing(seen - np.stack(start.ideal(*plane)), table["flux"][found] / table["flux_sigma"][found])
    fit = _similarity(plane, seen, sigma, used, start, fits_scale, known)
    for _ in range(10):
        attitude, _, left = fit
        spread = max(1.0, robust_sigma(left[:, used] / sigma[used])) if used.any() else 1.0
        now = (np.abs(left) < REJECTED * sigma * spread).all(axis=0) & (np.hypot(*left) < 2 * AGREEMENT)
        if now.sum() < fewest or (now == used).all():
            used = now
            break
        used = now
        fit = _similarity(plane, seen, sigma, used, start, fits_scale, known)
    number = int(used.sum())
    least = max(fewest, int(np.ceil(LEAST_SHARE * len(found))))
    if number < least:
        reason = f"{number} of {len(found)} stars agree, at least {least} are needed"
        return StarSolution(number=0, reason=reason, table=Table(table), **unsolved)
    freedom = 2 * number - (4 if fits_scale else 3) + (known is not None)
    for _ in range(2):
        # The position error due to the shape of the images is estimated from these stars, with a
        # prior if they are few.
        attitude, covariance, left = _similarity(plane, seen, sigma, used, start, fits_scale, known)
        noise = np.sqrt(np.maximum(sigma**2 - floor**2, 0))
        own = _excess(left[:, used], noise[used], freedom)
        weight = freedom**2 / (freedom**2 + FLOOR_WEIGHT**2)
        floor = np.sqrt(weight * own**2 + (1 - weight) * FLOOR[camera] ** 2)
        sigma = np.hypot(noise, floor)
    attitude, covariance, left = _similarity(plane, seen, sigma, used, start, fits_scale, known)
    rms = float(np.sqrt(np.sum(left[:, used] ** 2) / freedom))
    if rms > LARGEST_RMS:
        reason = f"{number} stars are left with an rms of {rms:.2f} pixels, more than {LARGEST_RMS}"
        return StarSolution(number=0, reason=reason, table=Table(table), **unsolved)
    # The errors of bright and faint stars may differ from the model; the residuals correct them,
    # more so with many stars.
    chi = float(np.sum((left[:, used] / sigma[used]) ** 2)) / freedom
    weight = freedom**2 / (freedom**2 + FLOOR_WEIGHT**2)
    seen = _seen_covariance(attitude, plane[:, used], left[:, used], sigma[used], covariance)
    if known is not None:
        # The given roll keeps its stated error.
        seen = seen + np.outer(covariance[:, 2], covariance[:, 2]) / known[1] ** 2
    covariance = weight * seen + (1 - weight) * max(chi, 1.0) * covariance
    covariance[:2, :2] += sky
    table["ideal_sigma"][found] = sigma
    everywhere[found] = used
    table |= {"used": everywhere} | {name: np.full(len(everywhere), np.nan) for name in ("left_x", "left_y")}
    table["left_x"][found], table["left_y"][found] = left
    return StarSolution(
        attitude.centre,
        attitude.roll,
        attitude.scale,
        covariance,
        sky,
        number,
        rms,
        table=Table(table),
        geometry=grid.geometry_name,
    )


def _excess(left, noise, freedom):
    """Error in addition to the noise for which residuals have the expected size, pixel along an axis."""
    low, high = 0.0, 2 * LARGEST_RMS
    for _ in range(20):
        middle = (low + high) / 2
        too_large = np.sum(left**2 / (noise**2 + middle**2)) < freedom
        low, high = (low, middle) if too_large else (middle, high)
    return high


def _agreeing(offsets, weight):
    """Stars that agree with the largest number of others about the shift."""
    near = np.hypot(*(offsets[:, :, None] - offsets[:, None, :])) < AGREEMENT
    # By number, then by brightness.
    votes = near @ (1 + 1e-3 * np.log(weight))
    best = np.argmax(votes)
    return near[best]


def _design(attitude, plane):
    """Derivatives of positions by the four parameters of an attitude, ideal pixel, shape (4, 2, n)."""
    away = np.stack(attitude.ideal(*plane)) - np.array(attitude.centre)[:, None]
    one = np.ones(plane.shape[1])
    # By a degree of roll the image turns clockwise.
    by_roll = np.radians(1) * np.stack([away[1], -away[0]])
    return np.stack([np.stack([one, 0 * one]), np.stack([0 * one, one]), by_roll, -away / attitude.scale])


def _seen_covariance(attitude, plane, left, sigma, covariance):
    """
    Covariance of the four parameters from the residuals of the stars (White 1980), independent of their
    stated errors.

    Each residual is smaller than the error of its star by the leverage that this star has.
    """
    influence = np.einsum("ij,jan->ian", covariance, _design(attitude, plane)) / sigma**2
    leverage = np.einsum("ian,ian->an", _design(attitude, plane), influence)
    errors = left**2 / np.maximum(1 - leverage, LEAST_FREEDOM)
    return np.einsum("ian,an,jan->ij", influence, errors, influence)


def _similarity(plane, seen, sigma, used, start, fits_scale, known=None):
    """
    Weighted least squares; attitude, covariance of its four parameters, and residuals, ideal pixel, (2, n).

    ``known`` is a roll, and its 1 sigma, degree, which counts as a measurement.
    """
    attitude = start
    weight = np.where(used, 1 / sigma**2, 0.0)
    for _ in range(4):
        left = seen - np.stack(attitude.ideal(*plane))
        design = _design(attitude, plane)
        free = 4 if fits_scale else 3
        normal = np.einsum("ian,n,jan->ij", design[:free], weight, design[:free])
        right = np.einsum("ian,n,an->i", design[:free], weight, left)
        if known is not None:
            normal[2, 2] += 1 / known[1] ** 2
            right[2] += float(normalize_roll(known[0] - attitude.roll)) / known[1] ** 2
        change = np.zeros(4)
        change[:free] = np.linalg.lstsq(normal, right, rcond=None)[0]
        attitude = Attitude(
            (float(attitude.centre[0] + change[0]), float(attitude.centre[1] + change[1])),
            float(normalize_roll(attitude.roll + change[2])),
            float(attitude.scale + change[3]),
        )
    covariance = np.zeros((4, 4))
    covariance[:free, :free] = np.linalg.pinv(normal)
    return attitude, covariance, seen - np.stack(attitude.ideal(*plane))
