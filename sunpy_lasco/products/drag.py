"""
Drag of the solar wind on fronts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time, TimeDelta

from sunpy_lasco.errors import OptionError
from sunpy_lasco.products.height_time import RADII, SECONDS_PER_DAY, points_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DragFit", "fit_drag"]

#: Range of the search for the drag, 1 / km: from none to a drag that acts within a solar radius.
DRAG_RANGE = (0.0, 1e-5)
#: Start of the search: the typical drag of Vrsnak et al. 2013, 1 / km.
USUAL_DRAG = 0.2e-7


@dataclass(frozen=True)
class DragFit:
    """A front under the drag of the solar wind, dv/dt = -drag (v - wind) abs(v - wind)."""

    #: Speed at the first point, km / s, and its 1 sigma.
    initial_speed: u.Quantity
    initial_speed_sigma: u.Quantity
    #: The same 1 sigma from a jackknife, which omits each point in turn.
    initial_speed_jackknife: u.Quantity
    #: Speed at the last point, km / s.
    final_speed: u.Quantity
    #: Drag, 1 / km, and its 1 sigma. Within the field of C3 usually only an upper limit can be determined.
    drag: u.Quantity
    drag_sigma: u.Quantity
    #: Assumed speed of the wind.
    wind: u.Quantity
    #: Height at the first point, solar radii.
    initial_height: u.Quantity
    #: Chi-square per degree of freedom, from the stated sigma.
    chi2: float
    #: The fitted points and their residuals.
    track: QTable
    residuals: u.Quantity

    def height(self, time: Time) -> u.Quantity:
        """
        Height at a time, from the fit.

        Parameters
        ----------
        time : `~astropy.time.Time`

        Returns
        -------
        `~astropy.units.Quantity`
            Solar radii.
        """
        seconds = (Time(time).mjd - self.track["time"][0].mjd) * SECONDS_PER_DAY
        return u.Quantity(_height(seconds, *self._parameters())).to(u.R_sun, RADII)

    def arrival(self, distance: u.Quantity = 1 * u.au) -> tuple[Time, u.Quantity]:
        """
        Time and speed of the arrival at a distance, for constant drag and wind.

        Parameters
        ----------
        distance : `~astropy.units.Quantity`
            Distance from the Sun.

        Returns
        -------
        time : `~astropy.time.Time`
        speed : `~astropy.units.Quantity`
            km / s.

        Raises
        ------
        sunpy_lasco.errors.OptionError
            If the front never reaches it.
        """
        goal = u.Quantity(distance).to_value(u.km, RADII if u.Quantity(distance).unit == u.R_sun else [])
        parameters = [one.value for one in self._parameters()]
        slowest = min(parameters[1], self.wind.to_value(u.km / u.s))
        fastest = max(parameters[1], self.wind.to_value(u.km / u.s))
        if goal <= parameters[0] or fastest <= 0 or slowest <= 0:
            msg = f"The front does not reach {distance} after its first point."
            raise OptionError(msg)
        span = (goal - parameters[0]) / np.array([fastest, slowest])

        def off(seconds):
            return _height(seconds, *parameters) - goal

        seconds = float(span[0] if span[0] == span[1] else optimize.brentq(off, 0.999 * span[0], 1.001 * span[1]))
        start = self.track["time"][0]
        return start + TimeDelta(seconds, format="sec"), _speed(seconds, *parameters[1:]) * u.km / u.s

    def _parameters(self):
        start = self.initial_height.to(u.km, RADII)
        return start, self.initial_speed, self.drag, self.wind


def fit_drag(track: QTable | Iterable[QTable], *, wind: u.Quantity = 400 * u.km / u.s) -> DragFit:
    """
    Fit speed and drag of a front.

    Parameters
    ----------
    track : `~astropy.table.QTable`, or sequence of them
        As for `sunpy_lasco.products.fit_height_time`; four points or more.
    wind : `~astropy.units.Quantity`
        Speed of the solar wind.

    Returns
    -------
    `DragFit`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are too few points, or invalid heights, times, uncertainties or speeds.

    Notes
    -----
    r(t) = r0 + w t + (+-1/g) ln(1 +- g (v0 - w) t), with the upper signs for fronts faster than the wind w.
    The drag is not negative. In the few hours during which C3 sees a front, a typical drag reduces its speed
    by less than a tenth.

    References
    ----------
    * Vršnak et al. 2013, Solar Physics 285, 295
    """
    points = points_of(track)
    try:
        blowing = float(u.Quantity(wind).to_value(u.km / u.s))
    except (TypeError, u.UnitConversionError) as error:
        msg = f"wind={wind!r} is not a speed, such as 400 * u.km / u.s."
        raise OptionError(msg) from error
    if len(points) < 4:
        msg = f"A drag fit needs at least four points; there are {len(points)}."
        raise OptionError(msg)
    height = points["height"].to_value(u.km, equivalencies=RADII)
    sigma = points["sigma"].to_value(u.km, equivalencies=RADII)
    seconds = (points["time"].mjd - points["time"][0].mjd) * SECONDS_PER_DAY
    found, covariance = _fitted(seconds, height, sigma, blowing)
    start, initial, drag = found
    residuals = height - _height(seconds, start, initial, drag, blowing)
    freedom = len(points) - 3
    chi2 = float(np.sum((residuals / sigma) ** 2) / freedom)
    student = stats.t.ppf(stats.norm.cdf(1.0), freedom)
    errors = student * np.sqrt(chi2 * np.diag(covariance))
    keep = ~np.eye(len(points), dtype=bool)
    left = (
        [_fitted(seconds[one], height[one], sigma[one], blowing)[0][1] for one in keep] if len(points) > 4 else [np.nan]
    )
    speed = u.km / u.s
    return DragFit(
        initial_speed=found[1] * speed,
        initial_speed_sigma=errors[1] * speed,
        initial_speed_jackknife=float(np.sqrt((len(points) - 1) * np.var(left))) * speed,
        final_speed=_speed(seconds[-1], initial, drag, blowing) * speed,
        drag=found[2] / u.km,
        drag_sigma=errors[2] / u.km,
        wind=blowing * speed,
        initial_height=(found[0] * u.km).to(u.R_sun, RADII),
        chi2=chi2,
        track=points,
        residuals=(residuals * u.km).to(u.R_sun, RADII),
    )


def _height(seconds, start, speed, drag, wind):
    """Height under drag, for numbers or quantities in one system of units."""
    ahead = speed - wind
    slowed = drag * np.abs(ahead) * seconds
    slowed = slowed if not hasattr(slowed, "unit") else slowed.to_value(1 / u.s)
    # ln(1 + x) / x, 1 for no drag.
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.abs(slowed) > 1e-12, np.log1p(slowed) / slowed, 1.0)
    if hasattr(start, "unit"):
        seconds = seconds * u.s
    return start + wind * seconds + ahead * seconds * share


def _speed(seconds, speed, drag, wind):
    return wind + (speed - wind) / (1 + drag * np.abs(speed - wind) * seconds)


def _fitted(seconds, height, sigma, wind):
    """Initial height, initial speed and drag, in km and s, and their covariance from the stated sigma."""
    line = np.polynomial.polynomial.polyfit(seconds, height, 1, w=1 / sigma)
    scales = np.array([1e5, 100.0, USUAL_DRAG])

    def misfit(parameters):
        return (_height(seconds, *(parameters * scales), wind) - height) / sigma

    start = np.array([line[0], line[1], USUAL_DRAG]) / scales
    bounds = (np.array([-np.inf, -np.inf, DRAG_RANGE[0]]) / scales, np.array([np.inf, np.inf, DRAG_RANGE[1]]) / scales)
    found = optimize.least_squares(misfit, start, bounds=bounds, x_scale="jac")
    covariance = np.linalg.pinv(found.jac.T @ found.jac)
    return found.x * scales, covariance * np.outer(scales, scales)
