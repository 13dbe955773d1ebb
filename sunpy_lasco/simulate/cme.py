"""
A model of a coronal mass ejection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astropy.time import Time

if TYPE_CHECKING:
    from sunpy_lasco.simulate.scene import Sight

__all__ = ["CME"]

#: Solar radius, km.
SOLAR_RADIUS_KM = 695700.0


#: Thickness of the front outside and inside of its ridge, 1 sigma in radii of the bubble.
FRONT = 0.035, 0.12
#: Depth of the dents of two and of three waves around the bubble.
DENTS = 0.04, 0.03
#: Clumps of the core: number; mean and spread of their positions along and across the axis, and range of their sizes,
#: in radii of the bubble.
CLUMPS, CLUMP_ALONG, CLUMP_ACROSS, CLUMP_SIZE = 14, (-0.45, 0.09), (0.0, 0.16), (0.045, 0.1)
#: Brightness of cavity, core and legs relative to the front.
CAVITY, CORE, LEGS = 0.12, 0.8, 0.3
#: Angular thickness of the legs, radian.
LEG = 0.035


@dataclass(frozen=True)
class CME:
    """
    A CME of three parts (bright front, dark cavity and core) that expands self-similarly.

    In the plane of the sky it is a bubble that touches the edges of a cone; legs along these edges connect it
    to the Sun.

    Parameters
    ----------
    start : `str` or `~astropy.time.Time`
        Time at which the front is at 1 solar radius.
    position_angle : `float`
        Position angle, degree from solar north through east.
    speed : `float`
        Speed of the front, km / s.
    width : `float`
        Angular width, degree, below 150.
    strength : `float`
        Brightness of the nose of the front at 5 solar radii, MSB.
    seed : `int`
        Seed of the clumps of the core and the fibres of the front.
    tilt : `float`
        Rotation of front, cavity and core relative to the direction of the cone, degree, for a deflected
        ejection.
    """

    start: str | Time
    position_angle: float = 250.0
    speed: float = 600.0
    width: float = 60.0
    strength: float = 3e-10
    seed: int = 1
    tilt: float = 0.0

    #: Power of the front's height by which the whole fades.
    FADING = -2.6
    #: Fraction of tangential polarisation.
    POLARISATION = 0.55

    def height(self, time: Time) -> float:
        """Distance of the front's ridge from the Sun's centre, solar radii."""
        seconds = (time.utc.mjd - Time(self.start).utc.mjd) * 86400
        return 1 + self.speed * seconds / SOLAR_RADIUS_KM

    def brightness(self, sight: Sight, time: Time, *, polarised: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """
        Brightness along lines of sight; see `sunpy_lasco.simulate.k_and_f_corona.KCorona.brightness`.
        """
        height = self.height(time)
        light = np.zeros(np.shape(sight.impact))
        if height > 1:
            half = np.radians(self.width / 2)
            away = (sight.angle - np.radians(self.position_angle) + np.pi) % (2 * np.pi) - np.pi
            near = (np.abs(away) < half + 0.4) & (sight.impact < 1.3 * height)
            p, away = sight.impact[near], away[near]
            # A circle that touches both edges of the cone, with the front as its furthest point.
            centre = height / (1 + np.sin(half))
            radius = height - centre
            along, across = (p * np.cos(away) - centre) / radius, p * np.sin(away) / radius
            cos, sin = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
            along, across = along * cos + across * sin, across * cos - along * sin
            parts = self._bubble(along, across) + self._legs(p, away, half, centre)
            light[near] = self.strength * (height / 5) ** self.FADING * parts
        return light, self.POLARISATION * light if polarised else None

    def _bubble(self, along, across):
        """Front, cavity and core at positions in radii from the centre of the bubble."""
        rng = np.random.default_rng([self.seed, 6])
        shell, round_about = np.hypot(along, across), np.arctan2(across, along)
        # Deform the circle, but keep the nose.
        bends = zip((2, 3), DENTS, rng.uniform(0, 2 * np.pi, 2), strict=True)
        shell = shell / (1 + sum(dent * (np.sin(k * round_about + b) - np.sin(b)) for k, dent, b in bends))
        outer, inner = FRONT
        front = np.exp(-0.5 * ((shell - 1) / np.where(shell > 1, outer, inner)) ** 2)
        front *= 0.25 + 0.75 * np.cos(round_about / 2) ** 2
        for waves, phase in zip((7, 11, 17), rng.uniform(0, 2 * np.pi, 3), strict=True):
            front *= 1 + 0.07 * np.sin(waves * (round_about + 0.5 * (1 - shell)) + phase)
        light = front + CAVITY * np.clip(1 - shell * shell, 0, None) ** 2
        for _ in range(CLUMPS):
            u, v, size = rng.normal(*CLUMP_ALONG), rng.normal(*CLUMP_ACROSS), rng.uniform(*CLUMP_SIZE)
            light += 0.3 * CORE * np.exp(-0.5 * ((along - u) ** 2 + (across - v) ** 2) / size**2)
        return light

    @staticmethod
    def _legs(p, away, half, centre):
        """The legs along the edges of the cone, between the Sun and the bubble."""
        below = 1 / (1 + np.exp((p / (centre * np.cos(half)) - 0.9) / 0.06))
        return LEGS * below * np.exp(-0.5 * ((np.abs(away) - half) / LEG) ** 2)
