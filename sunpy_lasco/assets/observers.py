"""
Position of SOHO from the available sources.

The sources are, best first: a table from JPL's Horizons, made by ``sunpy-lasco ephemeris update``; orbit
files of the SOHO archive and SPICE kernels, which the user names or keeps beside the calibration images; the
orbit of the package; its closed form for other dates; L1 before 1996. Nothing is downloaded.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy_lasco.assets.archive_orbits import archive_folders, best_version, read_archive_orbit
from sunpy_lasco.assets.orbits import packaged_orbit, read_orbits
from sunpy_lasco.assets.sources import DirectorySource
from sunpy_lasco.assets.spice import KERNEL_NAME, KERNELS, SPICE_FOLDERS, KernelOrbit
from sunpy_lasco.config import setting
from sunpy_lasco.geometry.ephemeris import l1_error, l1_place
from sunpy_lasco.geometry.halo import halo_error, halo_place
from sunpy_lasco.geometry.orbit import Place, error_text
from sunpy_lasco.instrument.constants import mjd_of

__all__ = ["Observer", "find_observer", "known_observers", "orbit_files", "packaged_observer"]


@dataclass(frozen=True, eq=False)
class Observer:
    """Position of SOHO, with its source and error."""

    #: Position at the requested time.
    place: Place
    #: What the card OBSSRC says.
    source: str
    #: What the card OBSERR says; None for a given position whose error is not known.
    error: str | None

    @property
    def coordinate(self) -> SkyCoord:
        """The position in the frame `~sunpy.coordinates.HeliographicStonyhurst`."""
        return self.place.coordinate


def _observer(orbit, time):
    return Observer(orbit.place(time), orbit.source, error_text(orbit.error(time)))


def _packaged(time):
    """The sources in the package that cover a time, best first."""
    if packaged_orbit().covers(time):
        yield _observer(packaged_orbit(), time)
    if time.tdb.mjd >= mjd_of("orbit.halo.begin"):
        yield Observer(halo_place(time), "closed form of the orbit", error_text(halo_error(time)))
    yield Observer(l1_place(time), "L1 approximation", l1_error(time))


@lru_cache(maxsize=256)
def _packaged_numbers(isot):
    """Longitude (degree), latitude (degree) and distance (m); source and error; headers are asked repeatedly."""
    found = next(_packaged(Time(isot, format="isot", scale="utc")))
    there = found.place
    return (there.longitude, there.latitude, there.distance), found.source, found.error


def packaged_observer(time):
    """
    Position of SOHO at a time, an `Observer`, from the sources in the package.

    By `packaged_orbit`; by `~sunpy_lasco.geometry.halo.halo_place` where it has a gap and after its
    end; at L1 before 1996.
    """
    time = Time(time)
    precise = Time(time, precision=9).utc.isot
    numbers, source, error = _packaged_numbers(precise)
    return Observer(Place(*numbers, time), source, error)


def orbit_files(time, assets):
    """
    Yield the paths of the user's orbit files and kernels for a time, best first.

    Those named by the setting ``orbit`` precede those beside the calibration images.
    """
    for item in filter(None, map(str.strip, setting("orbit", "").split(os.pathsep))):
        path = Path(item).expanduser()
        if path.is_dir():
            yield from _files_in(DirectorySource(path), time)
        else:
            yield path
    yield from _files_in(assets, time)


def _files_in(source, time):
    day = time.utc.isot[:10].replace("-", "")
    best = best_version(source.find(f"SO_OR_*_{day}_V*.*", archive_folders(day[:4])))
    if best is not None:
        yield best
    yield from source.find(KERNEL_NAME, SPICE_FOLDERS)


def _users_orbits(time, assets):
    for path in orbit_files(time, assets):
        yield KernelOrbit(path) if path.suffix.lower() in KERNELS else read_archive_orbit(path)


def known_observers(time, assets):
    """
    Yield the positions of SOHO at a time from all available sources, each an `Observer`, best first; the last
    always exists.

    Tables, orbit files and kernels are searched in the assets and in the setting ``orbit``;
    `~sunpy_lasco.errors.AssetError` is raised if a file is damaged. The table of MDI's keywords is used for
    the roll only, because its longitude includes the aberration of light, 0.006 degree.
    """
    time = time if isinstance(time, Time) else Time(time)
    table = read_orbits(assets).get("horizons")
    for orbit in (*filter(None, [table]), *_users_orbits(time, assets)):
        if orbit.covers(time):
            yield _observer(orbit, time)
    yield from _packaged(time)


def find_observer(time, assets):
    """The best of `known_observers`."""
    return next(known_observers(time, assets))
