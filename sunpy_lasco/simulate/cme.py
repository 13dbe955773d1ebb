"""
A coronal mass ejection that grows while it moves out.
"""

from dataclasses import dataclass

import numpy as np

from astropy.time import Time

__all__ = ["CME"]

#: Solar radius, km.
SOLAR_RADIUS_KM = 695700.0


@dataclass(frozen=True)
class CME:
    """
    A CME of three parts, bright front, dark cavity and core, that expands self-similarly.

    Parameters
    ----------
    start : `str` or `~astropy.time.Time`
        When the front leaves the height of 1 solar radius.
    position_angle : `float`
        Direction, degree from solar north through east.
    speed : `float`
        Of the front, km / s.
    width : `float`
        Angular width, degree, below 150.
    strength : `float`
        Brightness of the front at 5 solar radii, MSB.
    """

    start: str | Time
    position_angle: float = 250.0
    speed: float = 600.0
    width: float = 60.0
    strength: float = 3e-10

    #: Power of the front's height by which the whole fades.
    FADING = -2.6
    #: Fraction of tangential polarisation.
    POLARISATION = 0.55

    def height(self, time):
        """Distance of the front from the Sun's centre, solar radii."""
        seconds = (time.utc.mjd - Time(self.start).utc.mjd) * 86400
        return 1 + self.speed * seconds / SOLAR_RADIUS_KM

    def brightness(self, sight, time, *, polarised=False):
        """
        Brightness along lines of sight; see `sunpy_lasco.simulate.corona.KCorona.brightness`.
        """
        height = self.height(time)
        light = np.zeros(np.shape(sight.impact))
        if height > 1:
            # A circle that touches both edges of the cone of the given width and the front.
            ratio = np.sin(np.radians(self.width / 2))
            centre, radius = height / (1 + ratio), height * ratio / (1 + ratio)
            away = sight.angle - np.radians(self.position_angle)
            near = (np.abs(sight.impact - centre) < 1.6 * radius) & (np.cos(away) > 0)
            p, away = sight.impact[near], away[near]
            along, across = p * np.cos(away) - centre, p * np.sin(away)
            shell = np.hypot(along, across) / radius
            front = np.exp(-0.5 * ((shell - 0.9) / 0.08) ** 2) * (0.6 + 0.4 * along / radius)
            inside = 0.15 * np.exp(-0.5 * (shell / 0.6) ** 2)
            core = 0.8 * np.exp(-0.5 * (np.hypot(along + 0.45 * radius, across) / (0.16 * radius)) ** 2)
            light[near] = self.strength * (height / 5) ** self.FADING * (front + inside + core)
        return light, self.POLARISATION * light if polarised else None
