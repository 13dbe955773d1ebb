"""
Frames from which a network learns: real ones from files, and simulated ones.

What is held back together are dates: frames less than 27 days apart see the same corona,
and belong to one group.  The background model of a frame, and the response of its
pixels, come from other groups, as they will where the network is used.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.inpainting.background import builtin_background, derive_background
from sunpy_lasco.inpainting.pattern import derive_response
from sunpy_lasco.inpainting.response import response_epoch
from sunpy_lasco.inpainting.scene import RESIDUAL_PATTERN, counts_above_bias, frame_scene, neighbour_of, saturated
from sunpy_lasco.instrument.frame import Frame

__all__ = ["Exposure", "Scenes", "groups_of", "read_exposures", "simulated_exposures", "with_neighbours"]

#: A rotation of the Sun as the Earth sees it, day.
ROTATION = 27.0
#: A background is made of at least this many frames of other dates.
FEWEST_OTHERS = 3
#: Longest time to a neighbour, s, and time between simulated exposures.
LONGEST = {"C2": 1800.0, "C3": 5400.0}
CADENCE = {"C2": 1440.0, "C3": 720.0}
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
            found.append((path.rsplit("/", 1)[-1].split(".")[0], raw, frame, header.get("OFFSET")))
    found.sort(key=lambda part: part[2].mjd)
    numbers = groups_of([frame.mjd for _, _, frame, _ in found], apart)
    first = {}
    for number, (_, _, frame, _) in zip(numbers, found, strict=True):
        first.setdefault(number, frame.start.isot[:10])
    return [
        Exposure(name, raw, frame, offset, first[number], "real")
        for number, (name, raw, frame, offset) in zip(numbers, found, strict=True)
    ]


def with_neighbours(exposures):
    """
    Give exposures the nearest ones before and after, where there are any.

    Parameters
    ----------
    exposures : sequence of `Exposure`

    Returns
    -------
    `list` of `Exposure`
    """
    found = []
    for one in exposures:
        sides = {}
        for other in exposures:
            seconds = (other.frame.mid_mjd - one.frame.mid_mjd) * 86400.0 + other.frame.mid_time - one.frame.mid_time
            fits_it = (other.frame.filter, other.frame.polar) == (one.frame.filter, one.frame.polar)
            if other is not one and fits_it and abs(seconds) <= LONGEST[one.frame.camera.name]:
                side = np.sign(seconds)
                if side not in sides or abs(seconds) < sides[side][0]:
                    sides[side] = (abs(seconds), other)
        found.append(replace(one, neighbours=tuple(part[1] for part in sides.values())))
    return found


@lru_cache(maxsize=32)
def simulated_exposures(camera, number, *, seed=0):
    """
    A simulated exposure with one before and one after.

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
    made = simulate.sequence(
        camera, 3, start=start, cadence=CADENCE[camera], seed=int(rng.integers(2**31)), scene=scene
    )
    parts = []
    for place, one in enumerate(made):
        frame = Frame.from_header(one.header, one.data.shape)
        name = f"simulated {number} {place}"
        parts.append(Exposure(name, one.data, frame, one.header.get("OFFSET"), f"simulated {number}", "simulated"))
    return replace(parts[1], neighbours=(parts[0], parts[2]))


def _signal(exposure):
    signal, _, _ = counts_above_bias(exposure.raw, exposure.frame, offset=exposure.offset)
    signal[saturated(signal, exposure.frame)] = np.nan
    return signal


def _others(exposure, exposures):
    """One exposure of each other date, of other groups if there are enough."""
    origin = "simulated" if exposure.origin == "simulated" else "real"
    by_date = {one.date: one for one in reversed(exposures) if one.origin == origin}
    for far in (True, False):
        found = [one for one in by_date.values() if (one.group != exposure.group if far else one.date != exposure.date)]
        if len(found) >= FEWEST_OTHERS:
            break
    else:
        return []
    if exposure.variant:
        # Backgrounds of other dates misfit in other ways.
        rng = np.random.default_rng([exposure.variant, int(exposure.frame.mjd)])
        number = int(rng.integers(FEWEST_OTHERS, len(found) + 1))
        found = [found[k] for k in sorted(rng.choice(len(found), number, replace=False))]
    return found


def _simulated_response(exposure):
    """The response of simulated pixels, known as well as that of real ones."""
    from sunpy_lasco.simulate.chip import pixel_pattern

    pattern = pixel_pattern(exposure.frame.camera.name, exposure.frame.start)
    error = np.random.default_rng([7, int(exposure.frame.mjd)]).standard_normal(pattern.shape)
    return (pattern * (1.0 + RESIDUAL_PATTERN * error)).astype(np.float32)


class Scenes:
    """
    Scenes of exposures; what is derived for a date is kept until the next one is asked for.

    Parameters
    ----------
    exposures : sequence of `Exposure`
        All there are, of one camera.
    """

    def __init__(self, exposures):
        self.exposures = list(exposures)
        self._made = {}

    def _models(self, exposure):
        key = (exposure.origin, exposure.group, exposure.date, exposure.variant)
        if key not in self._made:
            others = _others(exposure, self.exposures)
            background, unknown, response = builtin_background(exposure.frame.camera.name), None, None
            if others:
                signals = [_signal(one) for one in others]
                unknown = np.isnan(signals).all(axis=0)
                background = derive_background(signals, [one.frame for one in others])
            epoch = response_epoch(exposure.frame)
            same = [one for one in others if epoch is not None and epoch.contains(one.frame.mjd)]
            if exposure.origin == "simulated":
                response = _simulated_response(exposure)
            elif same:
                frames = [one.frame for one in same]
                response, _ = derive_response([_signal(one) for one in same], frames, background=background)
            self._made = {key: (background, unknown, response)}
        return self._made[key]

    def scene_of(self, exposure):
        """The scene of an exposure without artificial holes, with its neighbours."""
        background, unknown, response = self._models(exposure)
        around = [neighbour_of(exposure.frame, one.raw, one.frame, offset=one.offset) for one in exposure.neighbours]
        scene, _ = frame_scene(
            exposure.raw,
            exposure.frame,
            background=background,
            response=response,
            neighbours=around,
            offset=exposure.offset,
        )
        # Where all frames of the background are saturated it says nothing.
        return scene if unknown is None else replace(scene, unusable=scene.unusable | unknown & ~scene.holes)
