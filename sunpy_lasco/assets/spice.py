"""
SOHO's orbit from a SPICE kernel, such as ``soho_orbit.bsp`` of the SOHO archive.

It requires spiceypy, which ``pip install "sunpy_lasco[spice]"`` installs.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.coordinates import get_body_barycentric

from sunpy_lasco.errors import AssetError
from sunpy_lasco.geometry.orbit import FARTHEST, NEAREST, stonyhurst_place
from sunpy_lasco.instrument.constants import value_of

__all__ = ["KERNELS", "KERNEL_NAME", "SPICE_FOLDERS", "KernelOrbit"]

#: Suffixes of kernels.
KERNELS = (".bsp",)
#: Name in the SOHO archive, and subfolders that may contain it.
KERNEL_NAME = "soho_orbit.bsp"
SPICE_FOLDERS = ("", "spice", "orbit/spice", "ancillary/orbit/spice", "data/ancillary/orbit/spice")
#: SOHO's number in SPICE.
_SOHO = -21
#: Bodies to which a position may refer, by number.
_SUN, _BARYCENTRE, _EARTH_MOON, _EARTH = 10, 0, 3, 399
#: Julian day TDB from which SPICE counts seconds.
_J2000 = 2451545.0
_DAY = 86400.0
#: Room for the name of a segment.
_NAME_LENGTH = 61


@dataclass(frozen=True)
class KernelOrbit:
    """
    Positions of SOHO from a SPICE kernel with any type of segment.

    Notes
    -----
    Positions may refer to the Sun, the Earth, the barycentre of Earth and Moon or that of the solar system.
    The position of that body relative to the Sun comes from astropy's built-in ephemeris, which is accurate
    to 11 km.
    """

    #: The kernel.
    path: Path
    #: Largest error along each axis, km.
    errors: float = field(default_factory=lambda: value_of("orbit.tracked_error"))

    @property
    def source(self):
        """Text of the card OBSSRC."""
        return self.path.name

    def covers(self, time):
        """Whether the kernel covers a time."""
        return self._heliocentric(time) is not None

    def place(self, time):
        """`~sunpy_lasco.geometry.orbit.Place` at a time; `ValueError` if the kernel does not cover it."""
        found = self._heliocentric(time)
        if found is None:
            msg = f"{self.source} covers no time near {time.utc.isot}."
            raise ValueError(msg)
        return stonyhurst_place(found, time)

    def error(self, time):
        """Largest error at a time, km."""
        return self.errors

    def _heliocentric(self, time):
        """Heliocentric position, au, ecliptic of J2000, (3,); None if the kernel has none."""
        spice = _spiceypy(self.path)
        try:
            handle = spice.spklef(str(self.path))
        except Exception as error:
            reason = _first_line(error)
            msg = f"{self.path} cannot be read as a SPICE kernel ({reason}). Remove it, or download it again."
            raise AssetError(msg) from error
        try:
            seconds = float((time.tdb.jd1 - _J2000 + time.tdb.jd2) * _DAY)
            # The last loaded kernel, this one, has precedence.
            with spice.no_found_check():
                owner, segment, _, found = spice.spksfs(_SOHO, seconds, _NAME_LENGTH)
            if not found or owner != handle:
                return None
            frame, state, centre = spice.spkpvn(handle, segment, seconds)
            turn = np.array(spice.pxform(spice.frmnam(frame), "ECLIPJ2000", seconds))
        except Exception as error:
            msg = f"{self.path} has no usable position of SOHO near {time.utc.isot} ({_first_line(error)})."
            raise AssetError(msg) from error
        finally:
            spice.spkuef(handle)
        position = (turn @ np.array(state[:3]) * u.km).to_value(u.au) + self._centre(centre, time)
        distance = np.linalg.norm(position)
        if not NEAREST < distance < FARTHEST:
            msg = (
                f"{self.path} puts SOHO {distance:.3f} au from the Sun at {time.utc.isot}: it is not an orbit of SOHO."
            )
            raise AssetError(msg)
        return position

    def _centre(self, number, time):
        """Heliocentric position of a body by its number, au, ecliptic of J2000, (3,)."""
        if number == _SUN:
            return np.zeros(3)
        if number not in (_BARYCENTRE, _EARTH_MOON, _EARTH):
            msg = (
                f"{self.path} gives positions of SOHO relative to the body {number}, which is neither the Sun nor the "
                "Earth."
            )
            raise AssetError(msg)
        sun, earth, moon = (
            get_body_barycentric(name, time, "builtin").xyz.to_value(u.au) for name in ("sun", "earth", "moon")
        )
        there = {
            _BARYCENTRE: np.zeros(3),
            _EARTH_MOON: earth + value_of("orbit.moon_fraction") * (moon - earth),
            _EARTH: earth,
        }[number]
        x, y, z = there - sun
        tilt = np.radians(value_of("orbit.obliquity"))
        cosine, sine = np.cos(tilt), np.sin(tilt)
        return np.array([x, cosine * y + sine * z, cosine * z - sine * y])


def _first_line(error):
    return next((line.strip() for line in str(error).splitlines() if line.strip(" =")), type(error).__name__)


def _spiceypy(path):
    try:
        import spiceypy
    except ImportError as error:
        msg = (
            f"{path} is a SPICE kernel, but spiceypy is not installed. Install it with "
            '`pip install "sunpy_lasco[spice]"`, or remove the kernel from the configuration.'
        )
        raise AssetError(msg) from error
    return spiceypy
