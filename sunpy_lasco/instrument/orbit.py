"""
Where SOHO was, by a table of positions.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BarycentricInterpolator, CubicHermiteSpline

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicStonyhurst

from sunpy_lasco.instrument.positions import normalize_roll

__all__ = ["NEAREST", "FARTHEST", "Orbit"]

#: Distances from the Sun, au, between which SOHO stays.
NEAREST, FARTHEST = 0.965, 1.015
#: Days between two positions over which one interpolates: the error grows with the fourth power.
WIDEST_GAP = 2.5
#: Rolls of neighbouring rows that differ by more, in degree, are not interpolated.
LARGEST_STEP = 5.0


@dataclass(frozen=True, eq=False)
class Orbit:
    """
    Positions of SOHO.

    Notes
    -----
    With velocities, the interpolation is Hermite's; its error with a row a day is
    below 0.1 km.  Without, it is the cubic through the four nearest rows, below 1 km.
    """

    #: Time, Julian day TDB, ascending.
    days: np.ndarray
    #: Heliocentric position, au, ecliptic and equinox of J2000 (IAU 1976), (n, 3).
    positions: np.ndarray
    #: Velocity, au / day, (n, 3), or None.
    velocities: np.ndarray | None
    #: What the card OBSSRC says.
    source: str
    #: What the card OBSERR says.
    error: str
    #: Roll of the spacecraft, degree, NaN where it is not known; or None.
    rolls: np.ndarray | None = None

    def __post_init__(self):
        distance = np.linalg.norm(self.positions, axis=-1)
        if len(self.days) < 2 or not np.all(np.diff(self.days) > 0):
            msg = "the times are not in order, or fewer than two"
            raise ValueError(msg)
        if not np.all((distance > NEAREST) & (distance < FARTHEST)):
            msg = f"SOHO would be {np.nanmin(distance):.3f} to {np.nanmax(distance):.3f} au from the Sun"
            raise ValueError(msg)

    def _row(self, time):
        day = float(time.tdb.jd)
        return day, int(np.clip(np.searchsorted(self.days, day, side="right") - 1, 0, len(self.days) - 2))

    def covers(self, time):
        """
        Whether a time lies between two rows that are near each other.

        Parameters
        ----------
        time : `~astropy.time.Time`

        Returns
        -------
        `bool`
        """
        day, row = self._row(time)
        return bool(self.days[row] <= day <= self.days[row + 1] and self.days[row + 1] - self.days[row] <= WIDEST_GAP)

    def position(self, time):
        """
        Position at a time.

        Parameters
        ----------
        time : `~astropy.time.Time`
            One time that the table covers.

        Returns
        -------
        `~astropy.coordinates.SkyCoord`
            In the frame `~sunpy.coordinates.HeliographicStonyhurst` of that time.

        Raises
        ------
        ValueError
            If the table does not cover it.
        """
        time = Time(time)
        if not self.covers(time):
            msg = f"{self.source} covers no time near {time.utc.isot}."
            raise ValueError(msg)
        day, row = self._row(time)
        if self.velocities is not None:
            near = slice(row, row + 2)
            spline = CubicHermiteSpline(self.days[near] - day, self.positions[near], self.velocities[near])
        else:
            start = int(np.clip(row - 1, 0, max(len(self.days) - 4, 0)))
            near = slice(start, start + 4)
            spline = BarycentricInterpolator(self.days[near] - day, self.positions[near])
        x, y, z = spline(0.0) * u.au
        frame = HeliocentricEclipticIAU76(obstime=time)
        position = SkyCoord(x, y, z, representation_type="cartesian", frame=frame)
        return SkyCoord(position.transform_to(HeliographicStonyhurst(obstime=time)))

    def roll(self, time):
        """
        Roll of the spacecraft at a time.

        Parameters
        ----------
        time : `~astropy.time.Time`

        Returns
        -------
        `float` or None
            Degree; None where it is not known, or SOHO was turned in between.
        """
        if self.rolls is None or not self.covers(time):
            return None
        day, row = self._row(time)
        step = float(normalize_roll(self.rolls[row + 1] - self.rolls[row]))
        if not abs(step) <= LARGEST_STEP:
            return None
        weight = (day - self.days[row]) / (self.days[row + 1] - self.days[row])
        return float(normalize_roll(self.rolls[row] + weight * step))
