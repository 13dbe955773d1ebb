"""
Real and simulated frames of the benchmark, with backgrounds from other dates.

Whole dates are held back.  The background of a C3 frame is made from the other dates.  Real C2 frames
are from one epoch (January 2010), and their background is made from its other days.
"""

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from astropy.io import fits
from astropy.time import Time, TimeDelta

from sunpy_lasco.assets.background import derive_background
from sunpy_lasco.assets.response import response_epoch
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.repair.frames import counts_above_bias, holed_frame_of, neighbour_of, saturated
from sunpy_lasco.repair.response_map import derive_response

#: Real frames from which blocks are removed: camera, name, neighbours before and after.
REAL = {
    "C3": (
        "32046494", "32082037", "32082153", "32108414", "32122317", "32219521",
        "32310943", "32310947", "32310951", "32310953", "32310960",
    ),
    "C2": ("22321894", "22322544", "22322625", "22322749", "22322784"),
}  # fmt: skip
#: Real frames with available neighbours in time: two before and two after, nearest first.
SEQUENCE = {
    str(number): tuple(str(number + step) for step in (-1, 1, -2, 2) if 32310941 <= number + step <= 32310961)
    for number in range(32310941, 32310962)
}
#: The frame of each date that contributes to the backgrounds of the other dates.
BACKGROUND = {
    "C3": ("32046494", "32082153", "32108414", "32122317", "32219521", "32310941"),
    "C2": ("22321894", "22322544", "22322625", "22322749", "22322784"),
}
#: Simulated exposures: start and activity of the Sun, 0 to 1.
SIMULATED = (
    ("1997-05-11T12:00:00", 0.1),
    ("1999-11-02T12:00:00", 0.8),
    ("2001-10-23T12:00:00", 1.0),
    ("2004-03-14T12:00:00", 0.6),
    ("2007-08-18T12:00:00", 0.15),
    ("2012-06-25T12:00:00", 0.9),
)
#: Positions in simulated sequences of the scored exposure, and of the exposure that contributes to backgrounds.
MIDDLE, FIRST = 2, 1
#: Frames that cannot be neighbours: the first lost 160 blocks, and the second is summed and has another filter.
NO_NEIGHBOURS = ("32310957", "32310962")
#: Time between simulated exposures, and farthest neighbour, s.
LONGEST = {"C2": 1800.0, "C3": 5400.0}
CADENCE = {"C2": (1440.0, 720.0), "C3": (720.0, 720.0)}


@dataclass(frozen=True, eq=False)
class Exposure:
    """A frame with everything that the benchmark needs."""

    name: str
    camera: str
    #: Day of the exposure.
    date: str
    #: Name of the group of dates that is held back together.
    group: str
    #: ``"real"`` or ``"simulated"``.
    origin: str
    raw: np.ndarray
    frame: Frame
    offset: float | None
    #: Exposures before and after, or none.
    neighbours: tuple = ()


def data_directory():
    """The directory of real frames; None if there is none."""
    name = os.environ.get("SUNPY_LASCO_TEST_DATA")
    return Path(name) / "level05" if name and (Path(name) / "level05").is_dir() else None


@lru_cache(maxsize=64)
def read(name):
    """Raw counts, frame and OFFSET of a real frame."""
    path = data_directory() / ("c2" if name.startswith("22") else "c3") / f"{name}.fts"
    with fits.open(path) as hdus:
        raw, header = np.array(hdus[0].data), hdus[0].header
    return raw, Frame.from_header(header, raw.shape), header.get("OFFSET")


def real_exposure(name, *, context=False):
    """A real frame, with its neighbours if requested."""
    raw, frame, offset = read(name)
    near = [other for other in SEQUENCE.get(name, ()) if context and other not in NO_NEIGHBOURS]
    around = tuple(read(other) for other in near)
    date, camera = frame.start.isot[:10], frame.camera.name
    # Days of January 2002 count as one date. The days of C2 in January 2010 are separate.
    group = date[:7] if date.startswith("2002-01") else date
    return Exposure(name, camera, date, group, "real", raw, frame, offset, around)


@lru_cache(maxsize=4)
def simulated_exposures(camera, number):
    """A simulated sequence: two exposures before, the frame, and two after; ``number`` selects the date."""
    from sunpy_lasco import simulate

    start, activity = SIMULATED[number]
    scene = simulate.corona(activity=activity, seed=100 + number)
    cadence = CADENCE[camera][number % 2]
    first = Time(start) - TimeDelta(cadence, format="sec")
    made = simulate.sequence(camera, 5, start=first, cadence=cadence, seed=1000 * (number + 1) - 1, scene=scene)
    return [(one.data, Frame.from_header(one.header, one.data.shape), one.header.get("OFFSET")) for one in made]


def simulated_exposure(camera, number):
    """A simulated frame with its neighbours."""
    made = simulated_exposures(camera, number)
    raw, frame, offset = made[MIDDLE]
    reach = min(int(LONGEST[camera] // CADENCE[camera][number % 2]), MIDDLE)
    near = [one for place, one in enumerate(made) if 0 < abs(place - MIDDLE) <= reach]
    date = frame.start.isot[:10]
    group = f"simulated {date}"
    return Exposure(f"{camera} {date}", camera, date, group, "simulated", raw, frame, offset, tuple(near))


def named(exposure, origin=None):
    """Convert an exposure of `sunpy_lasco.network.training` to one of the benchmark."""
    date, frame = exposure.date, exposure.frame
    group = date[:7] if date.startswith("2002-01") else date
    origin = exposure.origin if origin is None else origin
    parts = exposure.raw, frame, exposure.offset, exposure.neighbours
    return Exposure(exposure.name, frame.camera.name, date, group, origin, *parts)


def summed_exposures(camera):
    """Real frames summed over 2 x 2 pixels, and their scenes with backgrounds from other dates."""
    from sunpy_lasco.network.training.exposures import read_exposures, summed, with_neighbours
    from sunpy_lasco.network.training.scenes import Scenes

    apart = 5.0 if camera == "C2" else 27.0
    files = (data_directory() / camera.lower()).glob("*.fts")
    read_all = with_neighbours(read_exposures(files, camera, apart=apart))
    scenes = Scenes(read_all)
    for one in read_all:
        if one.name in REAL[camera]:
            small = summed(one)
            yield named(small, "summed"), scenes.scene_of(small)


def _clean_signal(raw, frame, offset):
    signal, _, _ = counts_above_bias(raw, frame, offset=offset)
    signal[saturated(signal, frame)] = np.nan
    return signal


def _others(exposure):
    """Real frames of the same camera that are not in the held-back group of an exposure."""
    parts = [read(name) for name in BACKGROUND[exposure.camera]]
    # C2 has no other epoch, so other days are used.
    length = 10 if exposure.camera == "C2" else 7
    return [part for part in parts if part[1].start.isot[:length] != exposure.date[:length]]


@lru_cache(maxsize=24)
def _derived(camera, origin, date):
    """Background without a date, and the pixels in which it is unknown."""
    if origin == "real":
        parts = _others(next(one for one in map(real_exposure, REAL[camera]) if one.date == date))
    else:
        parts = [simulated_exposures(camera, k)[FIRST] for k in range(len(SIMULATED)) if SIMULATED[k][0][:10] != date]
    signals = [_clean_signal(*part) for part in parts]
    unknown = np.isnan(signals).all(axis=0)
    return derive_background(signals, [part[1] for part in parts]), unknown


@lru_cache(maxsize=16)
def _response(camera, date):
    """Response of the pixels from other dates of the same epoch; None if there are none."""
    exposure = next(one for one in map(real_exposure, REAL[camera]) if one.date == date)
    epoch = response_epoch(exposure.frame)
    parts = [part for part in _others(exposure) if epoch is not None and epoch.contains(part[1].mjd)]
    if not parts:
        return None
    background, _ = _derived(camera, "real", date)
    response, _ = derive_response(
        [_clean_signal(*part) for part in parts], [part[1] for part in parts], background=background
    )
    return response


def scene_of(exposure, *, response=True):
    """
    The exposure as a scene without artificial holes.

    Background and response of the pixels come from other dates; simulated frames have
    no response.
    """
    around = [neighbour_of(exposure.frame, raw, frame, offset=off) for raw, frame, off in exposure.neighbours]
    background, unknown = _derived(exposure.camera, exposure.origin, exposure.date)
    known = _response(exposure.camera, exposure.date) if response and exposure.origin == "real" else None
    scene, _ = holed_frame_of(
        exposure.raw,
        exposure.frame,
        background=background,
        response=known,
        neighbours=around,
        offset=exposure.offset,
    )
    # The background is unknown where all its frames are saturated.
    return replace(scene, unusable=scene.unusable | unknown & ~scene.holes)


def exposures(cameras=("C3", "C2"), origins=("real", "simulated")):
    """All exposures of the benchmark, one after the other."""
    for origin in origins:
        for camera in cameras:
            if origin == "simulated":
                yield from (simulated_exposure(camera, number) for number in range(len(SIMULATED)))
            elif data_directory() is not None:
                yield from (real_exposure(name, context=True) for name in REAL[camera])
