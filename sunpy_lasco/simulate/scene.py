"""
Scenes around the Sun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astropy.time import Time

from sunpy_lasco.simulate.cme import CME
from sunpy_lasco.simulate.k_and_f_corona import FCorona, KCorona
from sunpy_lasco.simulate.pixels import plane_from_helioprojective
from sunpy_lasco.simulate.sky import solar_sky
from sunpy_lasco.simulate.stars import Planets, Stars

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy.typing import ArrayLike

    from sunpy_lasco.annotations import TimeLike

__all__ = ["Scene", "Sight", "Uniform", "corona"]


#: Thin rays of the usual corona.
RAYS = 150


@dataclass(frozen=True)
class Sight:
    """Lines of sight."""

    #: Distance of closest approach to the Sun's centre, solar radii.
    impact: np.ndarray
    #: Position angle from solar north through east, radian.
    angle: np.ndarray
    #: Position angle of ecliptic north, radian.
    ecliptic_north: float

    @classmethod
    def from_plane(cls, west: np.ndarray, north: np.ndarray, time: Time) -> Sight:
        """
        Lines of sight of positions on the tangent plane.

        Parameters
        ----------
        west, north : `numpy.ndarray`
            In tangents.
        time : `~astropy.time.Time`
            When.

        Returns
        -------
        `Sight`
        """
        sky = solar_sky(time)
        tangent = np.hypot(west, north)
        # The sine of the angle to the Sun times its distance.
        impact = tangent / np.sqrt(1 + tangent * tangent) / np.sin(sky.solar_radius)
        return cls(impact, np.arctan2(-np.asarray(west), north), sky.ecliptic_north)


@dataclass(frozen=True)
class Uniform:
    """
    A uniform brightness, for tests of the photometry.

    Parameters
    ----------
    level : `float`
        MSB.
    polarised_level : `float`
        Tangentially polarised part, MSB.
    """

    level: float
    polarised_level: float = 0.0

    def brightness(self, sight: Sight, time: Time, *, polarised: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """Brightness along lines of sight; see `sunpy_lasco.simulate.k_and_f_corona.KCorona.brightness`."""
        shape = np.shape(sight.impact)
        return np.full(shape, self.level), np.full(shape, self.polarised_level) if polarised else None


@dataclass(frozen=True)
class Scene:
    """
    A sum of diffuse light and points of light.

    Parameters
    ----------
    diffuse : `tuple`
        Objects with a method ``brightness(sight, time, *, polarised=False)`` like that of
        `~sunpy_lasco.simulate.k_and_f_corona.KCorona`.
    points : `tuple`
        Objects with a method ``positions(sky)`` like that of
        `~sunpy_lasco.simulate.stars.Stars`.
    """

    diffuse: tuple = ()
    points: tuple = ()

    def brightness(
        self, tx: ArrayLike, ty: ArrayLike, time: TimeLike, *, polarised: bool = False
    ) -> np.ndarray | tuple[np.ndarray, ...]:
        """
        Diffuse brightness at a position and time.

        Parameters
        ----------
        tx, ty : array-like
            Helioprojective position, arcsec.
        time : `str` or `~astropy.time.Time`
            When.
        polarised : `bool`
            Whether to return the tangentially polarised brightness too.

        Returns
        -------
        `numpy.ndarray` or `tuple` of `numpy.ndarray`
            Brightness, MSB; with ``polarised`` brightness and polarised brightness.
        """
        time = Time(time)
        total, tangential = self.seen(*plane_from_helioprojective(tx, ty), time, polarised=polarised)
        return (total, tangential) if polarised else total

    def seen(self, west: np.ndarray, north: np.ndarray, time: Time, *, polarised: bool = False) -> tuple:
        """
        Diffuse brightness at positions on the tangent plane.

        Parameters
        ----------
        west, north : `numpy.ndarray`
            In tangents.
        time : `~astropy.time.Time`
            When.
        polarised : `bool`
            Whether the polarised brightness is wanted.

        Returns
        -------
        `tuple`
            Brightness, MSB, and tangentially polarised brightness or None.
        """
        west, north = np.broadcast_arrays(np.asarray(west, float), np.asarray(north, float))
        # The parts expect arrays.
        sight = Sight.from_plane(np.atleast_1d(west), np.atleast_1d(north), time)
        total = np.zeros(sight.impact.shape)
        tangential = np.zeros(sight.impact.shape) if polarised else None
        for part in self.diffuse:
            light, excess = part.brightness(sight, time, polarised=polarised)
            total += light
            if polarised:
                tangential += excess
        return total.reshape(west.shape), tangential.reshape(west.shape) if polarised else None

    def sources(self, time: Time, *, faintest: float | None = None) -> tuple[np.ndarray, ...]:
        """
        All points of light.

        Parameters
        ----------
        time : `~astropy.time.Time`
            When.
        faintest : `float`, optional
            Limiting magnitude for `~sunpy_lasco.simulate.stars.Stars`; other points are always included.

        Returns
        -------
        `tuple` of `numpy.ndarray`
            Tx and Ty, arcsec, and magnitude, shape (n,) each.
        """
        sky = solar_sky(time)
        found = []
        for part in self.points:
            points = part.positions(sky)
            if faintest is not None and isinstance(part, Stars):
                points = tuple(axis[points[2] <= faintest] for axis in points)
            found.append(points)
        return tuple(np.concatenate([part[k] for part in found]) if found else np.zeros(0) for k in range(3))


def corona(
    *,
    activity: float | None = None,
    cme: CME | Iterable[CME] | None = None,
    stars: bool | float = True,
    planets: bool = True,
    seed: int = 11,
) -> Scene:
    """
    Create the usual scene: K and F corona, stars and planets, and optionally CMEs.

    Parameters
    ----------
    activity : `float`, optional
        0 at solar minimum to 1 at maximum; by default that of the date.
    cme : `CME` or sequence of `CME`, optional
        Coronal mass ejections.
    stars : `bool` or `float`
        Whether to include stars; a number is the limiting magnitude.
    planets : `bool`
        Whether to include planets.
    seed : `int`
        Seed of the streamers.

    Returns
    -------
    `Scene`

    Examples
    --------
    >>> from sunpy_lasco import simulate
    >>> scene = simulate.corona(stars=False)
    >>> bool(scene.brightness(10 * 960, 0, "2002-01-08") > 1e-11)
    True
    """
    ejections = () if cme is None else (cme,) if isinstance(cme, CME) else tuple(cme)
    points: list[Any] = []
    if stars is not False:
        points.append(Stars() if stars is True else Stars(faintest=float(stars)))
    if planets:
        points.append(Planets())
    return Scene((KCorona(activity=activity, seed=seed, rays=RAYS), FCorona(), *ejections), tuple(points))
