"""
Frames from which a network learns: real ones from files, and simulated ones.

What is held back together are dates: frames less than 27 days apart see the same corona,
and belong to one group.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.inpainting.exposures import EXPOSURES
from sunpy_lasco.instrument.frame import Frame

__all__ = ["Exposure", "groups_of", "read_exposures", "simulated_exposures", "with_neighbours"]

#: A rotation of the Sun as the Earth sees it, day.
ROTATION = 27.0
#: Longest time to a neighbour, s, and time between simulated exposures.
LONGEST = {"C2": 1800.0, "C3": 5400.0}
CADENCES = (720.0, 1440.0)
#: Solar cycles 23 and 24, of which simulated dates are drawn (MJD).
SIMULATED_DATES = (50200.0, 56700.0)


@dataclass(frozen=True, eq=False)
class Exposure:
    """A frame with what is needed to make a scene of it."""

    name: str
    raw: np.ndarray
    frame: Frame
    offset: float | None
    #: What is held back together.
    group: str
    #: ``"real"``, ``"mixed"`` (a real frame with another corona) or ``"simulated"``.
    origin: str
    #: Exposures before and after.
    neighbours: tuple = ()
    #: 0 for a background of all other dates; others have one of some of them.
    variant: int = 0
    #: Header of the file, which calibrated windows need.
    header: object = None

    @property
    def date(self):
        """Day of the exposure."""
        return self.frame.start.isot[:10]


def groups_of(days, apart=ROTATION):
    """
    Group days that see the same corona.

    Parameters
    ----------
    days : sequence of `float`
        Modified Julian dates.
    apart : `float`, optional
        Days between groups.

    Returns
    -------
    `list` of `int`
        Number of the group of each day, in order of time: a group ends where no day follows within ``apart``.
    """
    order = np.argsort(days)
    numbers = np.zeros(len(days), dtype=int)
    if len(days):
        numbers[order] = np.concatenate([[0], np.cumsum(np.diff(np.asarray(days, dtype=float)[order]) >= apart)])
    return [int(number) for number in numbers]


def read_exposures(paths, camera, *, apart=ROTATION):
    """
    Read level-0.5 files.

    Parameters
    ----------
    paths : sequence of path-like
    camera : `str`
        ``"C2"`` or ``"C3"``; files of the other camera, sums and sub-frames are left out.
    apart : `float`, optional
        Days between groups of dates.

    Returns
    -------
    `list` of `Exposure`
        In order of time, with the group of the first day of each as its name.
    """
    found = []
    for path in sorted(map(str, paths)):
        with fits.open(path) as hdus:
            raw, header = np.array(hdus[0].data), hdus[0].header
        frame = Frame.from_header(header, raw.shape)
        if frame.camera.name == camera and frame.is_full_frame and not frame.is_binned:
            name = path.rsplit("/", 1)[-1].split(".")[0]
            found.append(Exposure(name, raw, frame, header.get("OFFSET"), "", "real", header=header))
    found.sort(key=lambda one: one.frame.mjd)
    numbers = groups_of([one.frame.mjd for one in found], apart)
    first = {}
    for number, one in zip(numbers, found, strict=True):
        first.setdefault(number, one.date)
    return [replace(one, group=first[number]) for number, one in zip(numbers, found, strict=True)]


def with_neighbours(exposures):
    """
    Give exposures the two nearest ones before and after, where there are any.

    Parameters
    ----------
    exposures : sequence of `Exposure`

    Returns
    -------
    `list` of `Exposure`
    """
    found = []
    for one in exposures:
        near = {-1.0: [], 1.0: []}
        for other in exposures:
            seconds = (other.frame.mid_mjd - one.frame.mid_mjd) * 86400.0 + other.frame.mid_time - one.frame.mid_time
            fits_it = (other.frame.filter, other.frame.polar) == (one.frame.filter, one.frame.polar)
            if other is not one and fits_it and 0 < abs(seconds) <= LONGEST[one.frame.camera.name]:
                near[np.sign(seconds)].append((abs(seconds), other))
        sides = [sorted(side, key=lambda part: part[0])[: EXPOSURES // 2] for side in near.values()]
        found.append(replace(one, neighbours=tuple(other for side in sides for _, other in side)))
    return found


@lru_cache(maxsize=32)
def simulated_exposures(camera, number, *, seed=0):
    """
    A simulated exposure with two before and two after.

    Parameters
    ----------
    camera : `str`
    number : `int`
        Which one: date, activity of the Sun and streamers follow from it and the seed.
    seed : `int`, optional

    Returns
    -------
    `Exposure`
    """
    from sunpy_lasco import simulate

    rng = np.random.default_rng([seed, number])
    start = Time(rng.uniform(*SIMULATED_DATES), format="mjd").isot[:19]
    activity = float(rng.uniform(0.1, 1.0))
    ejections = []
    if rng.random() < 0.5 * activity + 0.2:
        before = Time(start) - rng.uniform(0.03, 0.2) * u.day
        ejections = [
            simulate.CME(
                before.isot[:19], position_angle=float(rng.uniform(0, 360)), speed=float(rng.uniform(300, 900))
            )
        ]
    scene = simulate.corona(activity=activity, seed=int(rng.integers(2**31)), cme=ejections)
    cadence = CADENCES[number % len(CADENCES)]
    made = simulate.sequence(
        camera, EXPOSURES + 1, start=start, cadence=cadence, seed=int(rng.integers(2**31)), scene=scene
    )
    parts = []
    for place, one in enumerate(made):
        frame = Frame.from_header(one.header, one.data.shape)
        name = f"simulated {number} {place}"
        group, offset = f"simulated {number}", one.header.get("OFFSET")
        parts.append(Exposure(name, one.data, frame, offset, group, "simulated", header=one.header))
    middle = EXPOSURES // 2
    near = [
        one for place, one in enumerate(parts) if place != middle and abs(place - middle) * cadence <= LONGEST[camera]
    ]
    return replace(parts[middle], neighbours=tuple(near))
