"""
The K and F coronae.

The K corona is sunlight scattered by free electrons. Its brightness follows from an electron density by an
integral along the line of sight, with the coefficients of van de Hulst; streamers rotate with the Sun. The F
corona is sunlight scattered by interplanetary dust near the plane of the ecliptic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

from astropy.time import Time

from sunpy_lasco.simulate.cycle import solar_activity

if TYPE_CHECKING:
    from sunpy_lasco.simulate.scene import Sight

__all__ = ["FCorona", "KCorona", "line_of_sight"]

#: Limb darkening of the van de Hulst coefficients.
LIMB_DARKENING = 0.63
#: pi / 2 times the differential Thomson cross section (7.95e-26 cm2 / sr), cm2.
THOMSON = 1.24878e-25
#: Solar radius, cm.
SOLAR_RADIUS_CM = 6.957e10
#: Electron density of Leblanc et al. (1998), cm-3: powers of the radius in solar radii.
LEBLANC = ((-2, 3.3e5), (-4, 4.1e6), (-6, 8.0e7))
#: Share of that density in the equatorial plane at minimum, and its increase with activity. The corona that C2 sees at
#: minimum is fainter, relative to the F corona, than that of the radio bursts from which the density was derived.
QUIET_SHARE, ACTIVE_SHARE = 0.3, 0.75
#: Exponent of the squared sine of the latitude for the transition to the density of the poles, at minimum, and its
#: increase with activity.
QUIET_POWER, ACTIVE_POWER = 1.5, 2.5
#: The same for polar holes, where the density falls more steeply.
POLAR_HOLE = ((-2, 1.0e5), (-4, 1.0e6), (-6, 2.0e7))
#: Impact parameters of the tables, solar radii; the brightness is constant within the first.
RADII = np.geomspace(1.2, 70.0, 320)
#: Position angles of the tables, radian.
ANGLES = np.linspace(0, 2 * np.pi, 1080, endpoint=False)
#: Columns repeated at both ends so that the spline closes.
_WRAP = 12
#: Synodic rotation of the Sun, radian / day (Carrington).
ROTATION = 2 * np.pi / 27.2753
#: Angular width of the thin rays, 1 sigma in degree, and their brightness relative to the surroundings, 1 sigma.
RAY_WIDTH, RAY_STRENGTH = (0.6, 2.5), 0.10
#: Position and width of the shoulder of the F corona in the plane of the ecliptic, solar radii.
SHOULDER = 8.2, 1.0
#: Impact parameter within which the F corona is constant, solar radii.
FLATTEST = 1.2
#: Power of the impact parameter that is divided out of the tables to improve the interpolation.
_STEEP = -2.6


def scattering(r):
    """
    Van de Hulst's coefficients at a distance of the electron from the Sun's centre, solar radii, above
    1.

    Factors of 1 and of sin2(chi), MSB cm2 per electron: tangential brightness, and tangential less
    radial; chi is the scattering angle.
    """
    s = 1 / np.asarray(r, float)
    c2 = 1 - s * s
    c = np.sqrt(c2)
    g = c2 * np.log((1 + s) / c) / s
    a = c * s * s
    b = -(1 - 3 * s * s - g * (1 + 3 * s * s)) / 8
    cc = (4 - c * (3 + c2)) / 3
    d = (5 + s * s - g * (5 - s * s)) / 8
    u = LIMB_DARKENING
    scale = THOMSON / (1 - u / 3)
    return scale * (cc + u * (d - cc)), scale * (a + u * (b - a))


def line_of_sight(density, radii):
    """
    Brightness of a spherical corona at impact parameters, solar radii, above 1, (n,): total and pB,
    MSB, (n,) each.

    The density has (power, coefficient) of the terms of the electron density, cm-3, of the distance in
    solar radii; pB is the excess of tangential over radial polarisation.
    """
    # r = p / cos(t) with t from -90 to 90 degree covers the whole line of sight.
    nodes, weights = np.polynomial.legendre.leggauss(96)
    t = nodes * np.pi / 2
    p = np.asarray(radii, float)[:, None]
    r = p / np.cos(t)
    electrons = sum(a * r**k for k, a in density)
    tangential, difference = scattering(r)
    polarised = difference * np.cos(t) ** 2
    length = SOLAR_RADIUS_CM * p / np.cos(t) ** 2 * (weights * np.pi / 2)
    total = 2 * tangential - polarised
    return (electrons * total * length).sum(axis=1), (electrons * polarised * length).sum(axis=1)


@lru_cache(maxsize=4)
def _radial(density):
    return line_of_sight(density, RADII)


@lru_cache(maxsize=4)
def _tables(corona, mjd):
    return corona._tables(mjd)


@dataclass(frozen=True)
class KCorona:
    """
    The electron corona.

    Parameters
    ----------
    activity : `float` or None
        0 at solar minimum (streamers at the equator, dark poles) to 1 at maximum (streamers at all
        latitudes); None derives it from the date.
    streamers : `int`
        Number of streamers around the Sun.
    seed : `int`
        Seed of the positions, widths and strengths of the streamers.
    scale : `float`
        Factor on the electron density.
    rays : `int`
        Number of thin rays, which modulate the corona by some per cent.
    """

    activity: float | None = 0.5
    streamers: int = 24
    seed: int = 11
    scale: float = 1.0
    rays: int = 0

    def _streamers(self, activity):
        rng = np.random.default_rng([self.seed, 4])
        longitude = rng.uniform(0, 2 * np.pi, self.streamers)
        spread = np.radians(6 + 50 * activity)
        latitude = np.clip(rng.normal(0, spread, self.streamers), -1.3, 1.3)
        width = np.radians(rng.uniform(2.0, 7.0, self.streamers))
        strength = rng.uniform(0.15, 0.9, self.streamers)
        return longitude, latitude, width, strength

    def _rays(self, turned):
        """Relative brightness of the thin rays over position angle, when the Sun has turned by an angle."""
        rng = np.random.default_rng([self.seed, 8])
        relief = np.zeros(ANGLES.size)
        for _ in range(self.rays):
            west, north = np.sin(rng.uniform(0, 2 * np.pi) + turned), np.tan(rng.uniform(-1.35, 1.35))
            offset = (ANGLES - np.arctan2(-west, north) + np.pi) % (2 * np.pi) - np.pi
            width, strength = np.radians(rng.uniform(*RAY_WIDTH)), rng.normal(0, RAY_STRENGTH)
            # Rays that point towards or away from the observer appear wide and faint.
            strength *= (west**2 + north**2) / (1 + north**2)
            relief += strength * np.exp(-0.5 * (offset / width) ** 2)
        return np.clip(relief, -0.5, 0.5)

    def tables(self, time: Time) -> tuple[np.ndarray, ...]:
        """
        Brightness over impact parameter and position angle.

        Parameters
        ----------
        time : `~astropy.time.Time`
            Time, since the Sun rotates.

        Returns
        -------
        `tuple` of `numpy.ndarray`
            Total and polarised brightness, MSB, shape (len(RADII), len(ANGLES)) each.
        """
        return _tables(self, float(time.utc.mjd))

    def _tables(self, mjd):
        activity = solar_activity(Time(mjd, format="mjd", scale="utc")) if self.activity is None else self.activity
        turned = ROTATION * (mjd - 50000.0)
        above = np.sin(ANGLES + np.pi / 2) ** 2
        shape = 1 - above ** (QUIET_POWER + ACTIVE_POWER * activity)
        equator, pole = _radial(LEBLANC), _radial(POLAR_HOLE)
        tables = [np.outer(e, shape) + np.outer(p, 1 - shape) for e, p in zip(equator, pole, strict=True)]
        for longitude, latitude, width, strength in zip(*self._streamers(activity), strict=True):
            west, north = np.cos(latitude) * np.sin(longitude + turned), np.sin(latitude)
            # Outside the plane of the sky a streamer starts farther out and is fainter.
            visible = np.hypot(west, north)
            angle = np.arctan2(-west, north)
            offset = (ANGLES - angle + np.pi) % (2 * np.pi) - np.pi
            spread = width / max(visible, 0.3) * (0.55 + 0.9 * np.exp(-(RADII[:, None] - 1) / 2.5))
            profile = strength * visible**4 * np.exp(-0.5 * (offset / spread) ** 2)
            for table, radial in zip(tables, equator, strict=True):
                table += radial[:, None] * profile
        # The rays begin above the heights where loops are closed.
        relief = 1 + np.outer(1 - np.exp(-(RADII - 1) / 1.5), self._rays(turned))
        scale = self.scale * (QUIET_SHARE + ACTIVE_SHARE * activity)
        return [scale * table * relief for table in tables]

    def brightness(self, sight: Sight, time: Time, *, polarised: bool = False) -> tuple:
        """
        Brightness along lines of sight.

        Parameters
        ----------
        sight : `~sunpy_lasco.simulate.scene.Sight`
            Where.
        time : `~astropy.time.Time`
            When.
        polarised : `bool`
            Whether the tangential polarisation is wanted.

        Returns
        -------
        `tuple`
            Brightness, MSB, and polarised brightness or None.
        """
        row = np.log(np.clip(sight.impact, RADII[0], RADII[-1]) / RADII[0])
        row /= np.log(RADII[1] / RADII[0])
        column = sight.angle % (2 * np.pi) / (ANGLES[1] - ANGLES[0]) + _WRAP
        law = np.exp(row * (_STEEP * np.log(RADII[1] / RADII[0])))
        steep = (RADII / RADII[0])[:, None] ** _STEEP
        found = []
        for table in self.tables(time)[: 1 + bool(polarised)]:
            table = np.pad(table / steep, ((0, 0), (_WRAP, _WRAP)), mode="wrap")
            spline = spline_filter(table, order=3)
            found.append(map_coordinates(spline, [row, column], order=3, mode="nearest", prefilter=False) * law)
        return found[0], found[1] if polarised else None


@dataclass(frozen=True)
class FCorona:
    """
    The dust corona: power laws in the plane of the ecliptic and above its poles, with superelliptic isophotes.

    Parameters
    ----------
    equator, pole : `tuple` of `float`
        Brightness at 10 solar radii in 2000, MSB, and power of the impact parameter.
    shoulder : `float`
        Relative deficit of the light in the plane of the ecliptic far within ``SHOULDER``.
    isophote : `float`
        Exponent of the isophotes: 2 for ellipses, less for pointed ones.
    growth : `float`
        Increase of the total brightness, 1 / year.

    Notes
    -----
    Powers, shoulder, isophotes and growth are those of the F corona as C2 and C3 saw it over 25 years
    (Lamy et al. 2022); brightness and exponent of the isophotes were fitted to frames of both.
    """

    equator: tuple[float, float] = (2.38e-10, -2.33)
    pole: tuple[float, float] = (1.035e-10, -2.55)
    shoulder: float = 0.24
    isophote: float = 1.68
    growth: float = 0.0046

    def _in_the_plane(self, p):
        """Brightness in the plane of the ecliptic, MSB, over the impact parameter."""
        radius, width = SHOULDER
        law = self.equator[0] * (p / 10) ** self.equator[1]
        return law * (1 - self.shoulder / (1 + np.exp((p - radius) / width)))

    def brightness(self, sight: Sight, time: Time, *, polarised: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """
        Brightness along lines of sight; see `KCorona.brightness`.

        The polarisation by dust within 30 solar radii is small and omitted.
        """
        p = np.maximum(sight.impact, FLATTEST)
        # The other axis of the isophote: position in the plane with the same brightness as above
        # the poles.
        table = np.geomspace(FLATTEST, 5 * RADII[-1], 600)
        above = self.pole[0] * (table / 10) ** self.pole[1]
        axis = np.interp(-np.log(above), -np.log(self._in_the_plane(table)), np.log(table))
        stretched = np.exp(np.interp(np.log(p), np.log(table), axis))
        tilt = sight.angle - sight.ecliptic_north
        n = self.isophote
        in_plane = (np.abs(p * np.sin(tilt)) ** n + np.abs(stretched * np.cos(tilt)) ** n) ** (1 / n)
        light = self._in_the_plane(in_plane) * (1 + self.growth * (float(time.utc.jyear) - 2000.0))
        return light, np.zeros_like(p) if polarised else None
