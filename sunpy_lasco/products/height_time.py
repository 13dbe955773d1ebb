"""
Speeds of fronts: J-maps, tracks in them, and fits to height and time.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from dataclasses import replace as changed_copy
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

import astropy.units as u
from astropy.io import fits
from astropy.table import QTable, Table, vstack
from astropy.time import Time

from sunpy_lasco.errors import OptionError
from sunpy_lasco.files import write_whole
from sunpy_lasco.pixel_flags import flagged
from sunpy_lasco.products.medians import median_of_finite
from sunpy_lasco.products.places import height_and_angle, pair_of
from sunpy_lasco.products.polar import FIELD
from sunpy_lasco.products.sequence import Sequence
from sunpy_lasco.robust import SIGMA_OF_MEDIAN, robust_sigma

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from matplotlib.axes import Axes

    from sunpy_lasco.annotations import PathLike, TimeLike
    from sunpy_lasco.products.sequence import SequenceLike

__all__ = ["HeightTime", "JMap", "draw_jmaps", "fit_height_time", "jmap", "points_of", "track"]

#: Radius of the Sun, which converts heights to lengths, IAU 2015.
SOLAR_RADIUS_KM = 695_700.0
SECONDS_PER_DAY = 86400.0
#: Smallest fraction of the pixels of a J-map cell that must be valid.
LEAST_SHARE = 0.5
#: Ratio of the sigma of the median of Gaussian values to that of their mean.
MEDIAN_EFFICIENCY = 1.2533
#: Uncertainty of the position of a front, pixels, in addition to its width.
EDGE_SIGMA = {"C2": 1.0, "C3": 2.0}
#: Cells on each side used for the scatter at a height; smallest number of values; number of iterations.
NEAR_CELLS, LEAST_VALUES, ROUNDS = 5, 20, 4
#: Ratio of the minimum of about ten scatters to their mean.
LEAST_OF_SCATTERS = 1.3
#: Parts of a front that can be tracked, and the depth behind the edge that is searched for the ridge, as a fraction of
#: the height.
EDGES, FRONT_DEPTH = ("outer", "half", "peak"), 0.15
#: Distance ahead of the edge that is free of the front, solar radii.
AHEAD = 1.0
#: Exponent of the decrease of the scatter with height, used where it is unknown.
SCATTER_POWER = -2
#: Tolerance of an interval between frames, relative and in s.
STEP_SLACK, LARGEST_SLACK = 0.05, 60.0
#: Colour of gaps.
GAP_COLOUR = "#c9b8d8"
#: Steps longer than this, in units of the usual one, are shown as gaps.
LONGEST_STEP = 1.5


@dataclass(frozen=True)
class JMap:
    """A J-map: a strip along one position angle for each frame."""

    #: Shape (time, height), NaN where too few pixels are visible (pylon, edge of the field).
    data: np.ndarray
    #: 1 sigma of the noise, same shape; None if the frames have no uncertainty.
    sigma: np.ndarray | None
    #: Middle of the exposures; for differences, of the later exposures.
    time: Time
    #: For differences: middle of the earlier exposures.
    earlier: Time | None
    #: Middles of the cells: in the plane of the sky, solar radii.
    height: u.Quantity
    #: The same as angles from the Sun's centre.
    elongation: u.Quantity
    #: Middle and width of the strip, counter-clockwise from solar north.
    position_angle: u.Quantity
    width: u.Quantity
    #: Unit of the values.
    unit: u.UnitBase
    #: ``"C2"`` or ``"C3"``.
    detector: str
    #: Height of a pixel in solar radii.
    pixel: float

    def plot(self, axes: Axes | None = None, *, percentile: float = 97.0) -> Axes:
        """
        Draw the J-map against true time; gaps stay blank.

        Parameters
        ----------
        axes : `~matplotlib.axes.Axes`, optional
        percentile : `float`
            Percentile of the absolute values, multiplied by the square of the height, that is shown as white.

        Returns
        -------
        `~matplotlib.axes.Axes`
        """
        import matplotlib.pyplot as plt
        from matplotlib.dates import ConciseDateFormatter

        axes = plt.gca() if axes is None else axes
        cadence = np.median(np.diff(self.time.mjd)) if len(self.time) > 1 else 0.01
        # The scale decreases like the light scattered by an electron, so a front that fades loses
        # electrons.
        falling = self.height.value**-2.0
        scaled = np.abs(self.data) / falling
        limits = falling * (np.nanpercentile(scaled, percentile) if np.isfinite(scaled).any() else 1.0)
        step = (self.height[1] - self.height[0]).value
        edges = np.append(self.height.value - step / 2, self.height.value[-1] + step / 2)
        for row, time, earlier in zip(self.data / limits, self.time, self.earlier or self.time, strict=True):
            begin = max(earlier.mjd, time.mjd - LONGEST_STEP * cadence) if self.earlier is not None else time.mjd
            end = time.mjd if self.earlier is not None else time.mjd + cadence
            across = Time([begin, end], format="mjd").datetime
            axes.pcolormesh(across, edges, row[:, None], cmap="gray", vmin=-1, vmax=1)
        # Gaps get a colour of their own, since black and white are values.
        axes.set_facecolor(GAP_COLOUR)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
        axes.set_xlabel("Time (UTC)")
        axes.set_ylabel("Height (solar radii)")
        axes.set_title(f"LASCO {self.detector}, position angle {self.position_angle.to_value(u.deg):g} deg")
        return axes

    def write(self, path: PathLike, *, overwrite: bool = False) -> Path:
        """
        Write a FITS image of height against time, and a table of the rows with their times.

        Parameters
        ----------
        path : path-like
        overwrite : `bool`
            Replace an existing file.

        Returns
        -------
        `pathlib.Path`

        Notes
        -----
        The time axis of the image has steps of the median cadence. Each step holds the row nearest in time,
        or NaN if there is no row within half a step.
        """
        seconds = (self.time.mjd - self.time.mjd[0]) * SECONDS_PER_DAY
        step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
        grid = np.arange(round(seconds[-1] / step) + 1) * step
        off = np.abs(grid[:, None] - seconds)
        image = np.where((off.min(axis=1) <= step / 2)[:, None], self.data[off.argmin(axis=1)], np.nan)
        first = fits.PrimaryHDU(image.T.astype(np.float32))
        cards = {
            "CTYPE1": "TIME",
            "CUNIT1": "s",
            "CRPIX1": 1.0,
            "CRVAL1": 0.0,
            "CDELT1": step,
            "CTYPE2": "HEIGHT",
            "CUNIT2": "solRad",
            "CRPIX2": 1.0,
            "CRVAL2": self.height[0].to_value(u.R_sun),
            "CDELT2": (self.height[-1] - self.height[0]).to_value(u.R_sun) / max(1, len(self.height) - 1),
            "TIMESYS": "UTC",
            "DATEREF": self.time[0].utc.isot,
            "TELESCOP": "SOHO",
            "INSTRUME": "LASCO",
            "DETECTOR": self.detector,
            "BUNIT": self.unit.to_string(),
            "PANGLE": self.position_angle.to_value(u.deg),
            "PWIDTH": self.width.to_value(u.deg),
        }
        first.header.update(cards)
        rows = Table({"TIME": self.time.utc.isot, "VALUE": self.data})
        if self.earlier is not None:
            rows["EARLIER"] = self.earlier.utc.isot
        if self.sigma is not None:
            rows["SIGMA"] = self.sigma
        content = io.BytesIO()
        fits.HDUList([first, fits.BinTableHDU(rows, name="ROWS")]).writeto(content)
        return write_whole(path, content.getvalue(), overwrite=overwrite)


def draw_jmaps(jmaps: Iterable[JMap], axes: Axes | None = None, *, percentile: float = 97.0) -> Axes:
    """
    Draw J-maps of one direction together, C2 below C3, each with its own scale.

    Parameters
    ----------
    jmaps : sequence of `JMap`
    axes : `~matplotlib.axes.Axes`, optional
    percentile : `float`
        See `JMap.plot`.

    Returns
    -------
    `~matplotlib.axes.Axes`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are no J-maps, or if their directions differ.
    """
    import matplotlib.pyplot as plt

    jmaps = sorted(jmaps, key=lambda one: one.height[-1])
    angles = {round(one.position_angle.to_value(u.deg), 6) for one in jmaps}
    if len(angles) != 1:
        msg = f"J-maps can be drawn together if they have one position angle; these have {sorted(angles) or 'none'}."
        raise OptionError(msg)
    axes = plt.gca() if axes is None else axes
    below = -np.inf
    for one in jmaps:
        use = one.height.to_value(u.R_sun) > below
        if use.any():
            data = one.data[:, use]
            changed_copy(one, data=data, height=one.height[use], elongation=one.elongation[use]).plot(
                axes, percentile=percentile
            )
            seen = one.height[np.isfinite(one.data).any(axis=0)]
            below = seen[-1].to_value(u.R_sun) if len(seen) else below
    axes.set_title(f"LASCO {' and '.join(one.detector for one in jmaps)}, position angle {angles.pop():g} deg")
    return axes


def jmap(
    sequence: SequenceLike,
    *,
    position_angle: u.Quantity,
    width: u.Quantity = 6 * u.deg,
    heights: u.Quantity | None = None,
    step: u.Quantity = 0.1 * u.R_sun,
    difference: bool = True,
    interval: u.Quantity | None = None,
    filled: bool = False,
) -> JMap:
    """
    Stack strips along a position angle against time.

    Parameters
    ----------
    sequence : `Sequence`, or anything that `Sequence` accepts
        For a list of maps or files, relative exposures are determined unless published factors were applied.
    position_angle : `~astropy.units.Quantity`
        Middle of the strip, from solar north counter-clockwise.
    width : `~astropy.units.Quantity`
        Width of the strip.
    heights : `~astropy.units.Quantity`, optional
        Lower and upper limit, solar radii in the plane of the sky; by default the field of the camera.
    step : `~astropy.units.Quantity`
        Height of a cell.
    difference : `bool`
        Subtract from each frame the previous one; the first frame then has no row.
    interval : `~astropy.units.Quantity`, optional
        Subtract the latest frame that is earlier by at least this (tolerance: 5 %, at most one minute); by default
        the previous frame. A longer interval is needed if a front moves by less than the six cells of `track`
        between frames (below 600 km/s for frames every 12 minutes).
    filled : `bool`
        Whether filled pixels are used.

    Returns
    -------
    `JMap`
        Medians of the pixels in each cell.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the options define no strip, or no pixel lies in it.

    Notes
    -----
    A height is in the plane of the sky: D tan(elongation), with the distance D of the Sun. On the Thomson
    sphere it is D sin(elongation), which is 1 % less at 30 solar radii. Differences across gaps in time are used,
    since the leading edge belongs to the later frame.
    """
    cube = sequence if isinstance(sequence, Sequence) else Sequence(sequence)
    middle, wide, high = _angle(position_angle, "position_angle"), _angle(width, "width"), u.Quantity(step)
    low, top = FIELD[cube.detector] if heights is None else pair_of(heights, u.R_sun, "heights")
    number = int((top - low) / high.to_value(u.R_sun) + 1e-6) if high.to_value(u.R_sun) > 0 else 0
    if number < 1 or not 0 < wide <= 360 or low < 0:
        msg = f"heights {low:g} to {top:g} by {step} and width={width} define no strip."
        raise OptionError(msg)
    if difference and len(cube) < 2:
        msg = "A J-map of differences needs at least two frames."
        raise OptionError(msg)
    first = cube.frame(0)
    radius = first.rsun_obs.to_value(u.rad)
    seen, angle = height_and_angle(first)
    plane = np.tan(seen * radius) / np.tan(radius)
    edges = low + np.arange(number + 1) * high.to_value(u.R_sun)
    off = (angle - middle + 180.0) % 360.0 - 180.0
    cells = _cells_of(plane, np.abs(off) <= wide / 2, edges)
    if not any(len(cell) for cell in cells):
        msg = f"No pixel of the frames lies at position angle {middle:g} degrees, {low:g} to {edges[-1]:g} solar radii."
        raise OptionError(msg)
    # Only the pixels of the strip are read, cell by cell.
    strip, bounds = np.concatenate(cells), np.cumsum([len(cell) for cell in cells])
    cells = np.split(np.arange(len(strip)), bounds[:-1])
    known = cube.sigma is not None
    earlier = _earlier(cube.time, interval) if difference else []
    first_row = next((index for index, one in enumerate(earlier) if one is not None), None) if difference else 0
    if first_row is None:
        msg = f"No two frames are {interval} apart; they range from {cube.time[0].isot} to {cube.time[-1].isot}."
        raise OptionError(msg)
    rows, sigmas, past = [], [], {}
    for index in range(len(cube)):
        data, sigma, flags = cube._frame_parts(index)
        data = np.asarray(data).ravel()[strip].astype(float)
        if not filled:
            data[flagged(np.asarray(flags).ravel()[strip], "FILLED")] = np.nan
        variance = np.asarray(sigma).ravel()[strip].astype(float) ** 2 if known else None
        if difference:
            past[index] = data, variance
        if index < first_row:
            continue
        if difference:
            past = {number: frame for number, frame in past.items() if number >= earlier[index]}
            before = past[earlier[index]]
            data = data - before[0]
            variance = variance + before[1] if known else None
        medians, errors = _medians(data, variance, cells)
        rows.append(medians)
        sigmas.append(errors)
    height = (edges[:-1] + edges[1:]) / 2
    return JMap(
        data=np.array(rows),
        sigma=np.array(sigmas) if known else None,
        time=cube.time[first_row:],
        earlier=cube.time[np.array(earlier[first_row:])] if difference else None,
        height=height * u.R_sun,
        elongation=np.degrees(np.arctan(height * np.tan(radius))) * u.deg,
        position_angle=(middle % 360) * u.deg,
        width=wide * u.deg,
        unit=cube.unit,
        detector=cube.detector,
        pixel=abs(first._geometry.cdelt[0]) / first.rsun_obs.to_value(u.arcsec),
    )


def track(
    jmap: JMap,
    *,
    threshold: float = 5.0,
    run: int = 6,
    edge: str = "outer",
    after: TimeLike | None = None,
    before: TimeLike | None = None,
) -> QTable:
    """
    Track the leading edge of a front in a J-map of differences.

    Parameters
    ----------
    jmap : `JMap`
    threshold : `float`
        In units of the scatter at the same height, measured before the front arrives.
    run : `int`
        Number of consecutive cells that must exceed the threshold. The outermost such run of each frame defines
        the edge.
    edge : `str`
        The part of the front to track: ``"outer"``, where it exceeds the threshold, as in catalogues;
        ``"half"``, where it has half its brightness; ``"peak"``, its ridge.
    after, before : time, optional
        Search for the front only between these times; the scatter is determined from all frames.

    Returns
    -------
    `~astropy.table.QTable`
        The longest run of frames in which the edge rises, with the columns ``time``, ``height`` (solar radii in
        the plane of the sky) and ``sigma``. The run ends at the first frame in which the front is lost, or in
        which the edge jumps back to material behind it. The table is empty if there is no front. ``meta`` holds
        position angle, width and camera.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If an option is not a positive number, or ``edge`` is unknown.

    Notes
    -----
    If a front widens, its edge is faster than its ridge. For example, a simulated front has a ridge at 900 km/s.
    Its edge, always 1.04 times as high, gives 935 km/s; half the brightness gives 913 km/s.
    """
    if not (threshold > 0 and run >= 1):
        msg = f"threshold={threshold} and run={run} have to be positive."
        raise OptionError(msg)
    if edge not in EDGES:
        msg = f"edge={edge!r} is unknown: it is one of {', '.join(EDGES)}."
        raise OptionError(msg)
    height = jmap.height.to_value(u.R_sun)
    scatter = _first_scatter(jmap.data, height)
    for _ in range(ROUNDS):
        outer, _ = _edges(jmap.data, height, scatter, threshold, run)
        scatter = _scatter_ahead(jmap.data, height, outer)
    outer, wide = _edges(jmap.data, height, scatter, threshold, run)
    use = np.ones(len(outer), bool)
    if after is not None:
        use &= jmap.time >= Time(after)
    if before is not None:
        use &= jmap.time <= Time(before)
    # A frame without valid cells neither continues nor ends the track.
    use &= np.isfinite(jmap.data).any(axis=1)
    numbers = np.flatnonzero(use)
    rising = numbers[_longest_rise(outer[numbers])]
    found = outer
    if edge != "outer":
        found, wide = _within(jmap.data, height, outer, edge)
    sigma = np.hypot(EDGE_SIGMA[jmap.detector] * jmap.pixel, wide[rising])
    return QTable(
        {"time": jmap.time[rising], "height": found[rising] * u.R_sun, "sigma": sigma * u.R_sun},
        meta={
            "detector": jmap.detector,
            "position angle": jmap.position_angle.to_value(u.deg),
            "width": jmap.width.to_value(u.deg),
            "threshold": float(threshold),
            "edge": edge,
        },
    )


@dataclass(frozen=True)
class HeightTime:
    """Fits of height against time."""

    #: Speed of the straight line, km / s.
    speed: u.Quantity
    #: Its 1 sigma, from the scatter about the line (68 % of Student's distribution).
    speed_sigma: u.Quantity
    #: The same 1 sigma from a jackknife, which omits each point in turn.
    speed_jackknife: u.Quantity
    #: Speeds of the parabola at the first and last point, and at 20 solar radii (NaN if it never reaches them).
    initial_speed: u.Quantity
    final_speed: u.Quantity
    speed_at_20: u.Quantity
    #: Acceleration of the parabola, m / s2, and its 1 sigma; NaN for three points.
    acceleration: u.Quantity
    acceleration_sigma: u.Quantity
    #: Time at which the line starts from the Sun centre.
    onset: Time
    #: Chi-square per degree of freedom of the line, from the stated sigma.
    chi2: float
    #: The fitted points (columns time, height, sigma) and their residuals from the line.
    track: QTable
    residuals: u.Quantity

    @property
    def columns(self) -> dict[str, Any]:
        """
        The columns of the CDAW catalogue that can be derived from the track, by name.

        Width and central position angle require more than one direction and are not included.
        """
        first = self.track["time"][0].utc.isot
        angle = self.track.meta.get("position angle")
        return {
            "Date": first[:10],
            "First point (UT)": first[11:19],
            "Linear speed (km/s)": round(float(self.speed.value), 1),
            "2nd-order initial speed (km/s)": round(float(self.initial_speed.value), 1),
            "2nd-order final speed (km/s)": round(float(self.final_speed.value), 1),
            "2nd-order speed at 20 R (km/s)": round(float(self.speed_at_20.value), 1),
            "Acceleration (m/s2)": round(float(self.acceleration.value), 1),
            "MPA (deg)": "" if angle is None else float(angle),
            "Remarks": "Acceleration uncertain: fewer than 4 points" if len(self.track) < 4 else "",
        }

    def table(self) -> QTable:
        """
        The fit as a table of one row, with units.

        Returns
        -------
        `~astropy.table.QTable`
        """
        names = ("speed", "speed_sigma", "speed_jackknife", "initial_speed", "final_speed", "speed_at_20")
        values = {name: [getattr(self, name).value] * getattr(self, name).unit for name in names}
        for name in ("acceleration", "acceleration_sigma"):
            values[name] = [getattr(self, name).value] * getattr(self, name).unit
        first = self.track["time"][0]
        values |= {"first_point": Time([first.isot]), "onset": Time([self.onset.isot]), "chi2": [self.chi2]}
        values["points"] = [len(self.track)]
        return QTable(values, meta=dict(self.track.meta))

    def write_csv(self, path: PathLike, *, points: bool = False, overwrite: bool = False) -> None:
        """
        Write the columns of the catalogue, or the points, as comma-separated values.

        Parameters
        ----------
        path : path-like
        points : `bool`
            Write the track (time, height and sigma in solar radii) instead of the fit.
        overwrite : `bool`
            Replace an existing file.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if points:
            writer.writerow(["time", "height (solar radii)", "sigma (solar radii)"])
            for time, height, sigma in self.track.iterrows("time", "height", "sigma"):
                writer.writerow([time.isot, f"{height.to_value(u.R_sun):.4f}", f"{sigma.to_value(u.R_sun):.4f}"])
        else:
            writer.writerow(self.columns)
            writer.writerow(self.columns.values())
        write_whole(path, text.getvalue(), overwrite=overwrite)


def fit_height_time(track: QTable | Iterable[QTable]) -> HeightTime:
    """
    Fit speed and acceleration of a front.

    Parameters
    ----------
    track : `~astropy.table.QTable`, or sequence of them
        Columns ``time``, ``height`` (a length) and ``sigma``, as from `sunpy_lasco.products.track` or made
        manually; at least three points. Several tables, for example of C2 and C3, are joined.

    Returns
    -------
    `HeightTime`
        The fits; the linear speed is ``.speed``.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are too few points, or invalid heights, times or uncertainties.

    Notes
    -----
    The fit uses weighted least squares. The covariance from the stated sigma is scaled by chi-square per degree
    of freedom. The scatter therefore determines the uncertainty of the speed, and the stated sigma determines only
    the relative weights.
    """
    points = points_of(track)
    height = points["height"].to_value(u.km, equivalencies=RADII)
    sigma = points["sigma"].to_value(u.km, equivalencies=RADII)
    start = points["time"][0]
    seconds = (points["time"].mjd - start.mjd) * SECONDS_PER_DAY
    line, line_sigma, chi2 = _polynomial(seconds, height, sigma, 1)
    residuals = height - np.polynomial.polynomial.polyval(seconds, line)
    parabola, parabola_sigma = np.full(3, np.nan), np.full(3, np.nan)
    if len(height) > 3:
        parabola, parabola_sigma, _ = _polynomial(seconds, height, sigma, 2)
    elif len(height) == 3:
        parabola = np.polynomial.polynomial.polyfit(seconds, height, 2)
    initial, final = (parabola[1] + 2 * parabola[2] * one for one in (seconds[0], seconds[-1]))
    squared = parabola[1] ** 2 + 4 * parabola[2] * (20 * SOLAR_RADIUS_KM - parabola[0])
    speed = u.km / u.s
    acceleration = u.m / u.s**2
    return HeightTime(
        speed=line[1] * speed,
        speed_sigma=line_sigma[1] * speed,
        speed_jackknife=_jackknife(seconds, height, sigma) * speed,
        initial_speed=initial * speed,
        final_speed=final * speed,
        speed_at_20=(np.sqrt(squared) if squared >= 0 else np.nan) * speed,
        acceleration=2e3 * parabola[2] * acceleration,
        acceleration_sigma=2e3 * parabola_sigma[2] * acceleration,
        onset=Time(start.mjd - line[0] / line[1] / SECONDS_PER_DAY, format="mjd", scale="utc") if line[1] else start,
        chi2=chi2,
        track=points,
        residuals=(residuals / SOLAR_RADIUS_KM) * u.R_sun,
    )


#: The solar radius used for heights, which may differ from that of the unit.
RADII = [(u.R_sun, u.km, lambda value: value * SOLAR_RADIUS_KM, lambda value: value / SOLAR_RADIUS_KM)]


def _angle(value, name):
    try:
        angle = float(u.Quantity(value).to_value(u.deg))
    except (TypeError, u.UnitConversionError) as error:
        msg = f"{name}={value!r} is not an angle, such as 90 * u.deg."
        raise OptionError(msg) from error
    if not np.isfinite(angle):
        msg = f"{name}={value!r} is not finite."
        raise OptionError(msg)
    return angle


def _earlier(time, interval):
    """For each frame, the number of the frame to subtract, or None."""
    if interval is None:
        return [None, *range(len(time) - 1)]
    try:
        wanted = u.Quantity(interval).to_value(u.s)
    except (TypeError, u.UnitConversionError) as error:
        msg = f"interval={interval!r} is not an interval of time, such as 24 * u.min."
        raise OptionError(msg) from error
    seconds = (time.mjd - time.mjd[0]) * SECONDS_PER_DAY
    slack = min(LARGEST_SLACK, STEP_SLACK * wanted)
    found = [np.flatnonzero(seconds[:index] <= seconds[index] - wanted + slack) for index in range(len(time))]
    return [int(numbers[-1]) if len(numbers) else None for numbers in found]


def _cells_of(height, part, edges):
    """Flat indices of the pixels of each cell."""
    flat = np.flatnonzero(part & (height >= edges[0]) & (height < edges[-1]))
    cell = np.digitize(height.ravel()[flat], edges) - 1
    order = np.argsort(cell, kind="stable")
    return np.split(flat[order], np.searchsorted(cell[order], np.arange(1, len(edges) - 1)))


def _medians(data, variance, cells):
    """Median of each cell and its sigma; NaN if too little of the cell is visible."""
    medians, sigma = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    for number, cell in enumerate(cells):
        values = data.ravel()[cell]
        seen = np.isfinite(values)
        if seen.sum() >= max(1, LEAST_SHARE * len(cell)):
            medians[number] = median_of_finite(values[seen])
            if variance is not None:
                mean = variance.ravel()[cell][seen].mean()
                sigma[number] = (MEDIAN_EFFICIENCY if seen.sum() > 2 else 1.0) * np.sqrt(mean / seen.sum())
    return medians, None if variance is None else sigma


def _windows(length):
    return [slice(max(0, cell - NEAR_CELLS), cell + NEAR_CELLS + 1) for cell in range(length)]


def _first_scatter(data, height):
    """Scatter at each height in the quietest frames."""
    around = np.pad(np.abs(data), ((0, 0), (NEAR_CELLS, NEAR_CELLS)), constant_values=np.nan)
    # NaN is sorted last.
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(around, 2 * NEAR_CELLS + 1, axis=1), axis=-1)
    number = np.isfinite(ordered).sum(axis=-1)[..., None]
    middle = [np.take_along_axis(ordered, np.maximum(number - one, 0) // 2, axis=-1)[..., 0] for one in (0, 1)]
    medians = np.where(number[..., 0] > NEAR_CELLS, (middle[0] + middle[1]) / 2, np.inf)
    least = medians.min(axis=0, initial=np.inf)
    return _continued(np.where(np.isfinite(least), LEAST_OF_SCATTERS * SIGMA_OF_MEDIAN * least, np.nan), height)


def _scatter_ahead(data, height, edge):
    """Scatter at each height before the front arrived."""
    reach = np.maximum.accumulate(np.where(np.isfinite(edge), edge, -np.inf))
    ahead = np.isfinite(data) & (height > reach[:, None] + AHEAD)
    scatter = np.full(len(height), np.nan)
    for cell, window in enumerate(_windows(len(height))):
        values = data[:, window][ahead[:, window]]
        if len(values) >= LEAST_VALUES:
            scatter[cell] = robust_sigma(values)
    return _continued(scatter, height)


def _continued(scatter, height):
    """Replace missing scatters by the nearest known one."""
    known = np.flatnonzero(np.isfinite(scatter) & (scatter > 0))
    if not len(known):
        return np.full(len(height), np.inf)
    nearest = known[np.abs(np.arange(len(height))[:, None] - known).argmin(axis=1)]
    return scatter[nearest] * (height / height[nearest]) ** SCATTER_POWER


def _edges(data, height, scatter, threshold, run):
    """
    Outer edge of the outermost run of each frame, and half the distance to twice the threshold; NaN without a
    run.
    """
    edge, wide = np.full(len(data), np.nan), np.full(len(data), np.nan)
    for number, row in enumerate(data / scatter):
        above = row > threshold
        runs = np.flatnonzero(np.convolve(above, np.ones(run, int), "valid") == run)
        if not len(runs):
            continue
        last = runs[-1] + run - 1
        # A front that leaves the field or passes behind a mask has no edge there.
        if last + 1 >= len(row) or not np.isfinite(row[last + 1]):
            continue

        def crossing(cell, level, row=row):
            share = (row[cell] - level) / (row[cell] - row[cell + 1])
            return height[cell] + share * (height[cell + 1] - height[cell])

        edge[number] = crossing(last, threshold)
        higher = np.flatnonzero(row[last - run + 1 : last + 1] > 2 * threshold)
        inner = height[last - run + 1]
        if len(higher):
            inner = crossing(last - run + 1 + higher[-1], 2 * threshold)
        wide[number] = (edge[number] - inner) / 2
    return edge, wide


def _within(data, height, outer, part):
    """Position of half the brightness, or of the ridge, below the outer edge, and half a cell as its error."""
    step = height[1] - height[0] if len(height) > 1 else 0.0
    found = np.full(len(data), np.nan)
    for number in np.flatnonzero(np.isfinite(outer)):
        row = data[number]
        last = int(np.searchsorted(height, outer[number])) - 1
        first = int(np.searchsorted(height, outer[number] * (1.0 - FRONT_DEPTH)))
        seen = row[first : last + 1]
        if not np.isfinite(seen).any():
            found[number] = outer[number]
            continue
        top = first + int(np.nanargmax(seen))
        if part == "peak":
            found[number] = height[top] + step * _vertex(row, top)
            continue
        half, cell = row[top] / 2, top
        while cell < last and row[cell + 1] > half:
            cell += 1
        share = (row[cell] - half) / (row[cell] - row[cell + 1]) if cell < len(row) - 1 else 0.0
        found[number] = height[cell] + step * np.clip(np.nan_to_num(share), 0.0, 1.0)
    return found, np.full(len(data), step / 2)


def _vertex(row, top):
    """Vertex of the parabola through the highest cell and its neighbours, in cells from the highest."""
    if not 0 < top < len(row) - 1:
        return 0.0
    before, here, after = row[top - 1 : top + 2]
    bend = before - 2 * here + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if np.isfinite(bend) and bend < 0 else 0.0


def _longest_rise(edge):
    """Indices of the longest run of rising edges."""
    best, current = [], []
    for number, value in enumerate(edge):
        if np.isfinite(value) and (not current or value > edge[current[-1]]):
            current.append(number)
        else:
            current = [number] if np.isfinite(value) else []
        if len(current) > len(best):
            best = list(current)
    return np.array(best, int)


def points_of(track):
    """
    Validate a track, and return a table in order of time.

    Parameters
    ----------
    track : `~astropy.table.Table`, or sequence of them
        As for `fit_height_time`.

    Returns
    -------
    `~astropy.table.QTable`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the track has fewer than three points, or invalid heights, times or uncertainties.
    """
    tables = [track] if isinstance(track, Table) else list(track)
    try:
        points = vstack([QTable(one) for one in tables], metadata_conflicts="silent")
        points = points[np.argsort(Time(points["time"]).mjd)]
        points["time"] = Time(points["time"])
        numbers = [u.Quantity(points[name]).to_value(u.R_sun) for name in ("height", "sigma")]
    except (KeyError, TypeError, ValueError, u.UnitConversionError) as error:
        msg = f"A track has columns time, height (as 5 * u.R_sun) and sigma: {error}."
        raise OptionError(msg) from error
    if len(points) < 3:
        msg = f"A speed needs at least three points; there are {len(points)}."
        raise OptionError(msg)
    if not np.isfinite(numbers).all() or (numbers[1] <= 0).any():
        msg = "Heights must be finite, and sigma positive."
        raise OptionError(msg)
    if np.ptp(points["time"].mjd) == 0:
        msg = "All points have the same time."
        raise OptionError(msg)
    return points


def _polynomial(seconds, height, sigma, degree):
    """Coefficients, their sigma from the scatter, and chi-square per degree of freedom."""
    scale = seconds[-1] - seconds[0]
    powers = np.vander(seconds / scale, degree + 1, increasing=True)
    matrix = powers / sigma[:, None]
    found = np.linalg.lstsq(matrix, height / sigma, rcond=None)[0]
    freedom = len(height) - degree - 1
    chi2 = float(np.sum((matrix @ found - height / sigma) ** 2) / freedom) if freedom else np.nan
    student = stats.t.ppf(stats.norm.cdf(1.0), freedom) if freedom else np.nan
    errors = student * np.sqrt(chi2 * np.diag(np.linalg.inv(matrix.T @ matrix)))
    units = scale ** -np.arange(degree + 1.0)
    return found * units, errors * units, chi2


def _jackknife(seconds, height, sigma):
    """1 sigma of the linear speed from omitting each point in turn; NaN for three points."""
    count = len(height)
    if count < 4:
        return np.nan
    speeds = []
    for left_out in range(count):
        keep = np.arange(count) != left_out
        speeds.append(_polynomial(seconds[keep], height[keep], sigma[keep], 1)[0][1])
    return float(np.sqrt((count - 1) * np.var(speeds)))
