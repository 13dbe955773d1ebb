"""
Stars and planets: points of light in the sky.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sunpy_lasco.simulate.sky import ECLIPTIC, direction

if TYPE_CHECKING:
    from sunpy_lasco.simulate.sky import SolarSky

__all__ = ["BRIGHT_STARS", "PointSource", "Planets", "StarList", "Stars"]

#: Bright stars near the ecliptic: right ascension and declination (ICRS), degree, and V.
BRIGHT_STARS = {
    "Hamal": (31.793, 23.462, 2.00),
    "Electra": (56.219, 24.113, 3.70),
    "Taygeta": (56.302, 24.467, 4.30),
    "Maia": (56.457, 24.368, 3.87),
    "Merope": (56.582, 23.948, 4.18),
    "Alcyone": (56.871, 24.105, 2.87),
    "Atlas": (57.291, 24.053, 3.63),
    "Ain": (67.154, 19.180, 3.53),
    "Aldebaran": (68.980, 16.509, 0.86),
    "Elnath": (81.573, 28.607, 1.65),
    "Tianguan": (84.411, 21.143, 2.97),
    "Propus": (93.719, 22.507, 3.31),
    "Tejat": (95.740, 22.514, 2.87),
    "Alhena": (99.428, 16.399, 1.93),
    "Mebsuta": (100.983, 25.131, 3.06),
    "Wasat": (110.031, 21.982, 3.53),
    "Castor": (113.650, 31.888, 1.58),
    "Pollux": (116.329, 28.026, 1.14),
    "Regulus": (152.093, 11.967, 1.35),
    "rho Leonis": (158.203, 9.307, 3.85),
    "Zavijava": (177.674, 1.765, 3.61),
    "Porrima": (190.415, -1.449, 2.74),
    "Spica": (201.298, -11.161, 0.97),
    "Zubenelgenubi": (222.720, -16.042, 2.75),
    "Zubeneschamali": (229.252, -9.383, 2.61),
    "pi Scorpii": (239.713, -26.114, 2.89),
    "Dschubba": (240.083, -22.622, 2.29),
    "Acrab": (241.359, -19.805, 2.56),
    "sigma Scorpii": (245.297, -25.593, 2.90),
    "Antares": (247.352, -26.432, 1.06),
    "tau Scorpii": (248.971, -28.216, 2.82),
    "Sabik": (257.595, -15.725, 2.43),
    "Kaus Media": (275.249, -29.828, 2.72),
    "Kaus Borealis": (276.993, -25.422, 2.82),
    "Nunki": (283.816, -26.297, 2.05),
    "Ascella": (285.653, -29.880, 2.60),
    "Dabih": (305.253, -14.781, 3.05),
    "Deneb Algedi": (326.760, -16.127, 2.85),
}

#: Half width of the belt of faint stars along the ecliptic, degree.
BELT = 18.0
#: Stars of the whole sky brighter than V = 6, and growth of their logarithm per magnitude up to V = 11 (Allen's
#: Astrophysical Quantities).
STARS_TO_SIX, GROWTH = 5000, 0.45
#: Direction of the galactic north pole (ICRS), degree, and what the sine of the galactic latitude grows by while the
#: density of stars falls by a factor e: 1.8 of the mean in the Milky Way, half of it at the poles.
GALACTIC_POLE, GALACTIC_SCALE = (192.859, 27.128), 0.8
#: Magnitude at which the made-up stars begin; brighter ones are in `BRIGHT_STARS`.
BRIGHTEST = 4.4

#: Planets: magnitude at 1 au from Sun and observer, change per degree of phase angle (Meeus 1991, after Müller).
PLANETS = {
    "mercury": (1.16, 0.02838),
    "venus": (-4.00, 0.01322),
    "mars": (-1.30, 0.01486),
    "jupiter": (-8.93, 0.0),
    "saturn": (-8.68, 0.044),
}


@lru_cache(maxsize=4)
def _catalogue(seed, faintest):
    bright = np.array(list(BRIGHT_STARS.values()))
    vectors, magnitudes = [direction(bright[:, 0], bright[:, 1])], [bright[:, 2]]
    if faintest > BRIGHTEST:
        rng = np.random.default_rng([seed, 5])
        # The belt holds as much of the sky as the sine of its half width says.
        belt = np.sin(np.radians(BELT))
        low, high = (STARS_TO_SIX * belt * 10 ** (GROWTH * (m - 6)) for m in (BRIGHTEST, faintest))
        # As many candidates as the densest part has everywhere, thinned out away from the Milky Way.
        densest = 1 / (GALACTIC_SCALE * (1 - np.exp(-1 / GALACTIC_SCALE)))
        number = int(densest * (high - low))
        sine = rng.uniform(-belt, belt, number)
        ecliptic = direction(rng.uniform(0, 360, number), np.degrees(np.arcsin(sine)))
        made_up = ecliptic @ ECLIPTIC
        kept = rng.uniform(size=number) < np.exp(-np.abs(made_up @ direction(*GALACTIC_POLE)) / GALACTIC_SCALE)
        vectors.append(made_up[kept])
        drawn = 6 + np.log10(rng.uniform(low, high, number) / belt / STARS_TO_SIX) / GROWTH
        magnitudes.append(drawn[kept])
    return np.concatenate(vectors), np.concatenate(magnitudes)


@dataclass(frozen=True)
class Stars:
    """
    Real bright stars and random faint ones, fixed in the sky.

    Parameters
    ----------
    faintest : `float`
        Limiting magnitude.
    seed : `int`
        Seed of the random stars.
    """

    faintest: float = 11.0
    seed: int = 3

    def positions(self, sky: SolarSky) -> tuple[np.ndarray, ...]:
        """
        Compute the positions of the points of light.

        Parameters
        ----------
        sky : `~sunpy_lasco.simulate.sky.SolarSky`
            The sky around the Sun.

        Returns
        -------
        `tuple` of `numpy.ndarray`
            Tx and Ty, arcsec, and magnitude, of those before the observer, shape (n,) each.
        """
        vectors, magnitudes = _catalogue(self.seed, self.faintest)
        toward = vectors @ sky.axes[0]
        near = toward > np.cos(np.radians(BELT))
        tx, ty, _ = sky.helioprojective(vectors[near])
        return tx, ty, magnitudes[near]


@dataclass(frozen=True, eq=False)
class StarList:
    """
    Stars of a list, fixed in the sky.

    Parameters
    ----------
    vectors : `numpy.ndarray`
        Directions (ICRS) at the time of the exposure, shape (n, 3).
    magnitudes : `numpy.ndarray`
        V, of solar colour, shape (n,).
    """

    vectors: np.ndarray
    magnitudes: np.ndarray

    def positions(self, sky: SolarSky) -> tuple[np.ndarray, ...]:
        """Positions of the stars; see `Stars.positions`."""
        near = self.vectors @ sky.axes[0] > np.cos(np.radians(BELT))
        tx, ty, _ = sky.helioprojective(self.vectors[near])
        return tx, ty, self.magnitudes[near]


@dataclass(frozen=True)
class Planets:
    """Mercury to Saturn at their real positions."""

    names: tuple[str, ...] = tuple(PLANETS)

    def positions(self, sky: SolarSky) -> tuple[np.ndarray, ...]:
        """Positions of the planets; see `Stars.positions`."""
        found = []
        for name in self.names:
            vector, far, near, phase = sky.body(name)
            tx, ty, toward = sky.helioprojective(vector)
            if toward > np.cos(np.radians(BELT)):
                zero, slope = PLANETS[name]
                found.append((tx, ty, zero + 5 * np.log10(far * near) + slope * np.degrees(phase)))
        return tuple(np.array(found).reshape(-1, 3).T)


@dataclass(frozen=True)
class PointSource:
    """
    A point of light at a fixed position relative to the Sun.

    Parameters
    ----------
    tx, ty : `float`
        Helioprojective position, arcsec.
    magnitude : `float`
        V, of solar colour.
    """

    tx: float
    ty: float
    magnitude: float

    def positions(self, sky: SolarSky) -> tuple[np.ndarray, ...]:
        """Position of the point; see `Stars.positions`."""
        return np.array([self.tx]), np.array([self.ty]), np.array([self.magnitude])
