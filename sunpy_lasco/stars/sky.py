"""
The sky around the Sun as seen by SOHO.

Positions are in the plane that touches the sky at the Sun's centre, as in the projection TAN,
in arcsec to the west and to solar north.  Stars and the Sun share the aberration of light to 0.2
arcsec, and sunpy's `~sunpy.coordinates.Helioprojective` has none: here there is none either.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.constants import c
from astropy.coordinates import HCRS, SkyCoord, get_body_barycentric
from astropy.time import Time, TimeDelta

from sunpy.coordinates import HeliographicStonyhurst

from sunpy_lasco.stars.catalogue import EPOCH, MAS, epoch_vectors

__all__ = ["PLANETS", "View", "planet_magnitude", "planets", "star_plane", "view_from"]

#: Arcsec in a radian.
ARCSEC = np.degrees(1) * 3600
#: Planets that LASCO can see.
PLANETS = ("mercury", "venus", "mars", "jupiter", "saturn", "uranus", "neptune")
#: Largest angle from the Sun, radian: 12 degrees, the corner of C3.
FIELD = np.radians(12.0)
#: Speed of light, au / s.
LIGHT = c.to_value(u.au / u.s)
#: Pole of Saturn and of its rings, right ascension and declination J2000, degree (Archinal et al. 2018).
SATURN_POLE = 40.589, 83.537


@dataclass(frozen=True)
class View:
    """Position of the observer and axes of the view towards the Sun; vectors are in the ICRS."""

    #: When.
    time: Time
    #: From the Sun to the observer, au, shape (3,).
    observer: np.ndarray
    #: Unit vectors to the Sun, to the west and to solar north, by rows, shape (3, 3).
    axes: np.ndarray

    def plane(self, vectors):
        """
        Positions in the plane of vectors from the observer, shape (n, 3).

        Returns x and y, arcsec, and whether each is within the field, shape (n,).
        """
        toward, west, north = self.axes @ vectors.T
        seen = toward > np.cos(FIELD) * np.linalg.norm(vectors, axis=1)
        toward = np.where(seen, toward, np.nan)
        return west / toward * ARCSEC, north / toward * ARCSEC, seen

    def motion(self):
        """Motion of the Sun relative to the stars, arcsec / s along x and y, accurate to 5 %."""
        # The observer revolves about the pole of the ecliptic once a year, and the Sun appears to
        # move accordingly.
        pole = np.array([0.0, -0.39777716, 0.91748206])
        moved = np.cross(pole, -self.observer) / np.linalg.norm(self.observer)
        return self.axes[1:] @ moved * ARCSEC * 2 * np.pi / (365.25 * 86400)


def view_from(observer, time):
    """
    View of an observer.

    Parameters
    ----------
    observer : `~astropy.coordinates.SkyCoord`
        With a distance, in a frame of `sunpy.coordinates`.
    time : `~astropy.time.Time`
        When.

    Returns
    -------
    `View`
    """
    there = observer.transform_to(HeliographicStonyhurst(obstime=time))
    points = HeliographicStonyhurst(
        [there.lon.deg, 0.0] * u.deg, [there.lat.deg, 90.0] * u.deg, [there.radius.to_value(u.au), 1.0] * u.au,
        obstime=time,
    )  # fmt: skip
    position, pole = points.transform_to(HCRS(obstime=time)).cartesian.xyz.to_value(u.au).T
    toward = -position / np.linalg.norm(position)
    west = np.cross(toward, pole)
    west /= np.linalg.norm(west)
    return View(time, position, np.stack([toward, west, np.cross(west, toward)]))


def star_plane(numbers, view):
    """
    Positions of stars in the plane at the Sun, with proper motion and parallax.

    Parameters
    ----------
    numbers : `dict`
        As `~sunpy_lasco.stars.catalogue.catalogue_numbers` gives it.
    view : `View`

    Returns
    -------
    x, y, seen : `numpy.ndarray`
        As `View.plane` returns them.
    """
    vectors, motions = numbers.get("vectors") or epoch_vectors(numbers)
    # The Sun is used instead of the barycentre, 0.01 au away, an error of 0.01 arcsec for the
    # nearest star.
    moved = vectors + motions * (view.time.jyear - EPOCH) - numbers["parallax"][:, None] / MAS * view.observer
    return view.plane(moved)


def planet_magnitude(name, sun_distance, distance, phase, ring_sine=0.0):
    """
    Visual magnitude of a planet.

    Parameters
    ----------
    name : `str`
        In lower case.
    sun_distance, distance : `float`
        From Sun and observer, au.
    phase : `float`
        Phase angle, degree.
    ring_sine : `float`
        Sine of the latitude of the observer above the rings of Saturn.

    Returns
    -------
    `float`

    References
    ----------
    * Mallama and Hilton 2018, Astronomy and Computing 25, 10
    """
    a = phase
    if name == "mercury":
        zero = np.polyval([-3.0334e-12, 1.6893e-9, -3.4265e-7, 3.3644e-5, -1.6336e-3, 6.3280e-2, -0.613], a)
    elif name == "venus" and a <= 163.7:
        zero = np.polyval([8.938e-9, -2.814e-6, 3.687e-4, -1.044e-3, -4.384], a)
    elif name == "venus":
        zero = np.polyval([8.39034e-3, -2.81914, 236.05828], a)
    elif name == "mars":
        zero = np.polyval([-1.302e-4, 2.267e-2, -1.601], a)
    elif name == "jupiter":
        zero = np.polyval([6.16e-4, -3.7e-4, -9.395], a)
    elif name == "saturn":
        zero = -8.914 - 1.825 * ring_sine + 0.026 * a - 0.378 * ring_sine * np.exp(-2.25 * a)
    else:
        zero = {"uranus": -7.110, "neptune": -7.00}[name]
    return float(zero + 5 * np.log10(sun_distance * distance))


def planets(view):
    """
    Planets near the Sun, corrected for light travel time.

    Parameters
    ----------
    view : `View`

    Returns
    -------
    names : `list` of `str`
    x, y, magnitude : `numpy.ndarray`
        Arcsec, as for `View.plane`, and V, shape (n,).
    """
    found = []
    sun = get_body_barycentric("sun", view.time, ephemeris="builtin").xyz.to_value(u.au)
    for name in PLANETS:
        distance = 0.0
        for _ in range(2):
            then = view.time - TimeDelta(distance / LIGHT, format="sec")
            body = get_body_barycentric(name, then, ephemeris="builtin").xyz.to_value(u.au) - sun
            vector = body - view.observer
            distance = np.linalg.norm(vector)
        x, y, seen = view.plane(vector[None])
        if not seen[0]:
            continue
        sun_distance = np.linalg.norm(body)
        phase = np.degrees(np.arccos(np.clip(vector @ body / distance / sun_distance, -1, 1)))
        rings = 0.0
        if name == "saturn":
            pole = SkyCoord(*SATURN_POLE, unit="deg").cartesian.xyz.value
            rings = abs(pole @ vector) / distance
        found.append((name, x[0], y[0], planet_magnitude(name, sun_distance, distance, phase, rings)))
    names = [one[0] for one in found]
    return names, *np.array([one[1:] for one in found]).reshape(-1, 3).T
