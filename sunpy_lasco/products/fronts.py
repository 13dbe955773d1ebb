"""
Fronts in all directions: width, and direction of the highest speed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.table import QTable

from sunpy_lasco.errors import OptionError
from sunpy_lasco.products.height_time import HeightTime, fit_height_time, jmap, track
from sunpy_lasco.products.sequence import Sequence

if TYPE_CHECKING:
    from typing import Any

    from sunpy_lasco.products.sequence import SequenceLike

__all__ = ["Front", "front_around"]

#: A direction is visible if at least this fraction of the lower half of its strip is visible.
SEEN_SHARE = 0.3
#: Smallest number of points in the direction in which the front is fastest, absolute and relative to the largest
#: number.
LEAST_POINTS, LEAST_SHARE = 4, 0.5


@dataclass(frozen=True)
class Front:
    """A front in all directions."""

    #: One row per direction: position angle, visibility, points of the track, first and last height, speed.
    table: QTable = field(repr=False)
    #: Position angle at which the front is fastest (MPA of CDAW).
    measurement_angle: u.Quantity
    #: Middle and width of the directions with a front; a halo has a width of 360 degrees and no middle.
    central_angle: u.Quantity
    width: u.Quantity
    #: The fit at ``measurement_angle``.
    fastest: HeightTime
    #: First point in any direction of the front.
    first_point: object

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the CDAW catalogue, by name."""
        halo = self.width.to_value(u.deg) >= 360.0
        columns = dict(self.fastest.columns)
        first = self.first_point.utc.isot
        columns["Date"], columns["First point (UT)"] = first[:10], first[11:19]
        where = "Halo" if halo else round(float(self.central_angle.value))
        return {
            "Date": columns.pop("Date"),
            "First point (UT)": columns.pop("First point (UT)"),
            "Central PA (deg)": where,
            "Width (deg)": round(float(self.width.value)),
            **columns,
        }


def front_around(
    sequence: SequenceLike,
    *,
    every: u.Quantity = 10 * u.deg,
    width: u.Quantity | None = None,
    threshold: float = 5.0,
    progress: bool = False,
    **options: Any,
) -> Front:
    """
    Track a front in all directions.

    Parameters
    ----------
    sequence : `Sequence`, or anything that `Sequence` accepts
    every : `~astropy.units.Quantity`
        Angle between directions, which must divide 360 degrees.
    width : `~astropy.units.Quantity`, optional
        Width of each strip; by default 6 degrees.
    threshold : `float`
        As for `sunpy_lasco.products.track`.
    progress : `bool`
        Show a progress bar.
    **options
        Options of `sunpy_lasco.products.jmap`.

    Returns
    -------
    `Front`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there is no front, or ``every`` does not divide 360 degrees.

    Notes
    -----
    A direction has a front if at least three points rise at times that overlap with the points in the fastest
    direction. Directions hidden by the pylon neither widen nor end it. CDAW draws the line by eye, and
    therefore at less than 5 sigma.
    """
    from tqdm.auto import tqdm

    wide = float(u.Quantity(every).to_value(u.deg))
    if not (wide > 0 and abs(360 / wide - round(360 / wide)) < 1e-9):
        msg = f"every={every!r} does not divide 360 degrees."
        raise OptionError(msg)
    cube = sequence if isinstance(sequence, Sequence) else Sequence(sequence)
    angles = np.arange(round(360 / wide)) * wide
    strip = 6 * u.deg if width is None else width
    rows: list[tuple] = []
    fits: list[Any] = []
    for angle in tqdm(angles, desc="Directions", unit="strip", disable=not progress):
        try:
            shown = jmap(cube, position_angle=angle * u.deg, width=strip, **options)
        except OptionError as error:
            if "No pixel" not in str(error):
                raise
            rows.append((angle, False, 0, np.nan, np.nan, np.nan, np.nan))
            fits.append(None)
            continue
        half = shown.data[:, : max(1, shown.data.shape[1] // 2)]
        seen = bool(np.isfinite(half).mean() > SEEN_SHARE)
        points = track(shown, threshold=threshold)
        fit = fit_height_time(points) if len(points) >= 3 else None
        fits.append(fit)
        height = points["height"].value if len(points) else np.array([np.nan])
        speeds = (np.nan, np.nan) if fit is None else (fit.speed.value, fit.speed_sigma.value)
        rows.append((angle, seen, len(points), height[0], height[-1], *speeds))
    table = QTable(
        rows=rows, names=("position_angle", "seen", "points", "first_height", "last_height", "speed", "speed_sigma")
    )
    for name, unit in (
        ("position_angle", u.deg),
        ("first_height", u.R_sun),
        ("last_height", u.R_sun),
        ("speed", u.km / u.s),
        ("speed_sigma", u.km / u.s),
    ):
        table[name] = np.asarray(table[name], float) * unit
    number = np.asarray(table["points"])
    enough = number >= max(LEAST_POINTS if number.max() >= LEAST_POINTS else 3, LEAST_SHARE * number.max())
    if not enough.any():
        msg = f"There is no front of three points in any of {len(angles)} directions."
        raise OptionError(msg)
    best = int(np.flatnonzero(enough)[np.nanargmax(table["speed"].value[enough])])
    when = fits[best].track["time"]
    there = np.array(
        [fit is not None and fit.track["time"][0] <= when[-1] and fit.track["time"][-1] >= when[0] for fit in fits]
    )
    part = _run_around(there, ~np.asarray(table["seen"]), best)
    middle = (best + (part[0] + part[1]) / 2) * wide % 360
    return Front(
        table=table,
        measurement_angle=angles[best] * u.deg,
        central_angle=middle * u.deg,
        width=min(360.0, (part[1] - part[0] + 1) * wide) * u.deg,
        fastest=fits[best],
        first_point=min(fit.track["time"][0] for fit, is_there in zip(fits, there, strict=True) if is_there),
    )


def _run_around(there, hidden, best):
    """
    Extent of a run on a circle around an index, to both sides. It may pass through hidden directions but not
    end there.
    """
    count = len(there)
    ends = []
    for way in (-1, 1):
        last = 0
        for far in range(1, count):
            place = (best + way * far) % count
            if there[place]:
                last = far
            elif not hidden[place]:
                break
        ends.append(way * last)
    if ends[1] - ends[0] + 1 >= count or not (~there & ~hidden).any():
        return 0, count - 1
    return tuple(ends)
