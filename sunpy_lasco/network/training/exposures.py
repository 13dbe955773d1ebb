"""
Frames for training: real ones from files, and simulated ones.

Frames less than 27 days apart show the same corona and belong to one group of dates, which is held back as a whole.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.pixel_grid import block_mean, block_sum
from sunpy_lasco.repair.frames import card_offset, counts_above_bias
from sunpy_lasco.repair.neighbours import EXPOSURES

__all__ = [
    "Exposure",
    "MIXED",
    "corona_ratios",
    "draw_ejections",
    "groups_of",
    "read_exposures",
    "simulated_exposures",
    "summed",
    "with_neighbours",
    "with_other_corona",
]

#: A rotation of the Sun as the Earth sees it, day.
ROTATION = 27.0
#: Longest time to a neighbour, s, and time between simulated exposures.
LONGEST = {"C2": 1800.0, "C3": 5400.0}
CADENCES = (720.0, 1440.0)
#: Solar cycles 23 and 24, from which simulated dates are drawn (MJD).
SIMULATED_DATES = (50200.0, 56700.0)


@dataclass(frozen=True, eq=False)
class Exposure:
    """A frame with everything that is needed to make its scene."""

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
    #: What ejections do to the signal: with them over without, (ny, nx); None where it is not known.
    ejected: np.ndarray | None = None

    @property
    def date(self):
        """Day of the exposure."""
        return self.frame.start.isot[:10]


def groups_of(days, apart=ROTATION):
    """
    Number of the group of each day (MJD), in order of time: a group ends where no day follows within ``apart`` days.
    """
    order = np.argsort(days)
    numbers = np.zeros(len(days), dtype=int)
    if len(days):
        numbers[order] = np.concatenate([[0], np.cumsum(np.diff(np.asarray(days, dtype=float)[order]) >= apart)])
    return [int(number) for number in numbers]


def read_exposures(paths, camera, *, apart=ROTATION):
    """
    Read level-0.5 files of a camera, in order of time; files of the other camera, sums and sub-frames
    are omitted.

    Groups of dates are at least ``apart`` days apart and are named by their first day.
    """
    found = []
    for path in sorted(map(str, paths)):
        with fits.open(path) as hdus:
            raw, header = np.array(hdus[0].data), hdus[0].header
        frame = Frame.from_header(header, raw.shape)
        if frame.camera.name == camera and frame.is_full_frame and not frame.is_binned:
            name = path.rsplit("/", 1)[-1].split(".")[0]
            found.append(Exposure(name, raw, frame, card_offset(header), "", "real", header=header))
    found.sort(key=lambda one: one.frame.mjd)
    numbers = groups_of([one.frame.mjd for one in found], apart)
    first = {}
    for number, one in zip(numbers, found, strict=True):
        first.setdefault(number, one.date)
    return [replace(one, group=first[number]) for number, one in zip(numbers, found, strict=True)]


def with_neighbours(exposures):
    """Attach to each exposure the two nearest ones before and after it, if there are any."""
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


#: Of ejections that are drawn: speed, km / s; width, degree; power of ten of the strength, MSB; distance of the front,
#: solar radii; and how far the structure is turned from the radius, degree, as that of deflected ones is.
SPEEDS, WIDTHS, STRENGTHS = (200.0, 2500.0), (20.0, 120.0), (-10.0, -9.0)
HEIGHTS = {"C2": (2.4, 7.5), "C3": (4.5, 28.0)}
TILT = 60.0
#: Most ejections in a frame.
MOST_EJECTIONS = 2


def draw_ejections(camera, time, rng):
    """Ejections of all directions, widths and speeds, some of them tilted, whose fronts are in the field at a time."""
    from sunpy_lasco import simulate

    found = []
    for _ in range(int(rng.integers(1, MOST_EJECTIONS + 1))):
        speed = float(np.exp(rng.uniform(*np.log(SPEEDS))))
        age = (rng.uniform(*HEIGHTS[camera]) - 1.0) * u.R_sun / (speed * u.km / u.s)
        found.append(
            simulate.CME(
                (Time(time) - age).isot,
                position_angle=float(rng.uniform(0, 360)),
                speed=speed,
                width=float(rng.uniform(*WIDTHS)),
                strength=float(10 ** rng.uniform(*STRENGTHS)),
                seed=int(rng.integers(2**31)),
                tilt=float(rng.uniform(-TILT, TILT)),
            )
        )
    return found


@lru_cache(maxsize=32)
def simulated_exposures(camera, number, *, seed=0, fronts=False):
    """
    A simulated `Exposure` with two before and two after it; date, solar activity and streamers depend on the number and
    the seed.

    With ``fronts`` each contains at least one ejection.
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
    cadence = CADENCES[number % len(CADENCES)]
    middle = EXPOSURES // 2
    streamers = int(rng.integers(2**31))
    time = (Time(start) + middle * cadence * u.s).isot
    if fronts:
        ejections = draw_ejections(camera, time, rng)
    scene = simulate.corona(activity=activity, seed=streamers, cme=ejections)
    ejected = _ejected(camera, time, ejections, activity=activity, seed=streamers) if fronts else None
    made = simulate.sequence(
        camera, EXPOSURES + 1, start=start, cadence=cadence, seed=int(rng.integers(2**31)), scene=scene
    )
    parts = []
    for place, one in enumerate(made):
        frame = Frame.from_header(one.header, one.data.shape)
        name = f"simulated {number} {place}"
        group, offset = f"simulated {number}", card_offset(one.header)
        parts.append(Exposure(name, one.data, frame, offset, group, "simulated", header=one.header))
    near = [
        one for place, one in enumerate(parts) if place != middle and abs(place - middle) * cadence <= LONGEST[camera]
    ]
    return replace(parts[middle], neighbours=tuple(near), ejected=ejected)


#: Pixels along an axis that are added.
SUM = 2


def summed(exposure):
    """
    Sum the pixels of a full frame and of its neighbours; the group of dates is kept, and sums with unmeasured pixels
    are 0.
    """
    raw = np.asarray(exposure.raw, dtype=float)
    sums = SUM, SUM
    lost = block_sum((raw == 0).astype(int), sums) > 0
    counts = np.where(lost, 0.0, block_sum(raw, sums)).astype(np.float32)
    header = exposure.header.copy()
    header["NAXIS1"], header["NAXIS2"] = counts.shape[::-1]
    header["LEBXSUM"] = header["LEBYSUM"] = SUM
    frame = Frame.from_header(header, counts.shape)
    around = tuple(summed(other) for other in exposure.neighbours)
    name = f"{exposure.name} summed"
    ejected = None if exposure.ejected is None else block_mean(exposure.ejected, sums)
    return replace(exposure, raw=counts, header=header, frame=frame, name=name, neighbours=around, ejected=ejected)


#: Origin of such exposures, besides ``"real"`` and ``"simulated"``.
MIXED = "mixed"
#: Activity of the Sun in the corona that is divided out and in the one that is put in.
QUIET, ACTIVE = (0.05, 0.4), (0.3, 1.0)
#: Probability of an ejection, and its age and speed: where it is in the field.
EJECTIONS = {"C2": 0.35, "C3": 0.4}
AGE = {"C2": (0.03, 0.12), "C3": (0.1, 0.5)}
SPEED = (250.0, 1000.0)
#: Signal below which there is none, DN.
DARK = 1e-3
#: What belongs to no ratio of coronae.
IDEAL = {
    "noise": False, "pattern": False, "cosmic_rays": 0.0, "saturation": False, "quantise": False,
    "untransmitted": False, "exposure_factor": 1.0, "bias": 0.0, "diffracted": True,
}  # fmt: skip


def _ideal(camera, time, scene):
    """Signal of a scene without noise and other contributions that are not part of a ratio of coronae."""
    from sunpy_lasco import simulate

    return simulate.observe(camera, date=time, scene=scene, **IDEAL).data


def _ratio(first, second):
    # Behind the occulter there is nothing to be changed.
    return np.where(first > DARK, second / np.maximum(first, DARK), 1.0)


def _ejected(camera, time, ejections, **corona):
    """Ratio of the signals of a corona with and without ejections."""
    from sunpy_lasco import simulate

    scenes = (simulate.corona(cme=cme, stars=False, planets=False, **corona) for cme in ((), ejections))
    return _ratio(*(_ideal(camera, time, scene) for scene in scenes))


def corona_ratios(camera, times, rng, *, fronts=False):
    """
    Factors that give exposures at some times another corona, which rotates and moves; and the effect of its ejections
    at the first time.

    The factors of the signal have the shape (1024, 1024) each, in the orientation of the detector.  With ``fronts``
    there is at least one ejection; without, some coronae have one, and the second result is None.
    """
    from sunpy_lasco import simulate

    seeds = rng.integers(2**31, size=2)
    ejections = []
    if rng.random() < EJECTIONS[camera]:
        start = Time(times[0]) - rng.uniform(*AGE[camera]) * u.day
        ejections = [
            simulate.CME(
                start.isot[:19],
                position_angle=float(rng.uniform(0, 360)),
                speed=float(rng.uniform(*SPEED)),
                width=float(rng.uniform(25, 110)),
                strength=float(10 ** rng.uniform(-10.2, -9.3)),
                seed=int(rng.integers(2**31)),
            )
        ]
    if fronts:
        ejections = draw_ejections(camera, times[0], rng)
    points = {"stars": False, "planets": False}
    old = simulate.corona(activity=float(rng.uniform(*QUIET)), seed=int(seeds[0]), **points)
    active, streamers = float(rng.uniform(*ACTIVE)), int(seeds[1])
    new = simulate.corona(activity=active, seed=streamers, cme=ejections, **points)
    found = [_ratio(*(_ideal(camera, time, scene) for scene in (old, new))) for time in times]
    ejected = _ejected(camera, times[0], ejections, activity=active, seed=streamers) if fronts else None
    return found, ejected


def with_other_corona(exposure, number, *, seed=0, fronts=False):
    """
    Replace the corona in a real exposure (a full frame without sums) and in its neighbours.

    The same number and seed give the same corona; the result is of the same group of dates, with
    ``origin`` "mixed"; with ``fronts`` that corona contains at least one ejection.
    """
    rng = np.random.default_rng([seed, number, int(exposure.frame.mjd)])
    all_of_them = (exposure, *exposure.neighbours)
    times = [one.frame.start for one in all_of_them]
    ratios, ejected = corona_ratios(exposure.frame.camera.name, times, rng, fronts=fronts)
    made = []
    for one, ratio in zip(all_of_them, ratios, strict=True):
        signal, _, bias = counts_above_bias(one.raw, one.frame, offset=one.offset)
        raw = np.where(np.isfinite(signal), bias + signal * ratio, one.raw).astype(np.float32)
        made.append(replace(one, raw=raw, name=f"{one.name} mixed {number}", origin=MIXED, variant=number + 1))
    return replace(made[0], neighbours=tuple(made[1:]), ejected=ejected)
