"""Outcomes of damaged inputs."""

import contextlib
import math
import signal
import traceback
import warnings
from dataclasses import dataclass

import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco.errors import BadFrameError, LascoError, LascoUserWarning
from sunpy_lasco.map import open_map

#: Possible outcomes of an input.
OUTCOMES = {
    "refused": "an error of the package names it",
    "problem": "refused by on_bad='raise', and what was lost is marked otherwise",
    "warned": "calibrated with a warning",
    "same": "calibrated to what the sound input gives",
    "silent": "calibrated to something else without a word",
    "traceback": "an error of something else",
    "hang": "no end",
}
#: Longest time of an input, s.
LONGEST = 60.0
#: Allowed differences of pixels, times and positions: relative, s and pixel.
SAME_PIXELS, SAME_TIME, SAME_PLACE = 1e-4, 0.3, 0.05
#: Quick options, without some of the steps.
OPTIONS = {"assets": "simulated", "inpaint": None, "distortion": None}


class TooLong(BaseException):
    """Raised after a time limit; no handler on the way catches it."""


@contextlib.contextmanager
def time_limit(seconds):
    """Stop calls that do not end."""

    def stop(_number, _frame):
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Outcome:
    """Outcome of an input, and the messages."""

    name: str
    said: str = ""


def read(case, folder, number):
    """Map of a case, made in the way for its kind of input."""
    if case.meta is not None:
        return sunpy.map.Map(case.data, case.meta)
    path = folder / f"{number}{case.suffix}"
    if case.make is not None:
        case.make(path)
    else:
        path.write_bytes(case.content)
    return open_map(path)


def look_at(smap):
    """Do what users do first with a map."""
    if isinstance(smap, sunpy_lasco.LASCOC2Map | sunpy_lasco.LASCOC3Map):
        _ = smap.wcs, smap.observer_coordinate, smap.mask, smap.unit, smap.exposure_time, smap.measurement
        _ = smap.processing_level, smap.scale, smap.center, smap.name, smap.rsun_obs, sunpy_lasco.flags(smap)


def outcome_of(case, sound, folder, number=0):
    """
    Outcome of a case; ``sound`` is the level 1 of the undamaged input.
    """
    try:
        with time_limit(LONGEST), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            return _outcome(case, sound, folder, number, caught)
    except TooLong:
        return Outcome("hang", case.what)
    except Exception as error:  # noqa: BLE001 - whatever is not ours is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {str(error)[:200]} ({place.filename.rsplit('/', 2)[-1]}:{place.lineno})"
        return Outcome("traceback", said)


def _outcome(case, sound, folder, number, caught):
    try:
        smap = read(case, folder, number)
        if not isinstance(smap, sunpy_lasco.LASCOC2Map | sunpy_lasco.LASCOC3Map):
            return _of_others(smap)
        look_at(smap)
        level1 = sunpy_lasco.calibrate(smap, on_bad="raise", **OPTIONS)
    except BadFrameError as error:
        if "smap" not in locals():
            return Outcome("refused", str(error))
        return _unless_silent(case, smap, error)
    except LascoError as error:
        return Outcome("refused", str(error))
    said = "; ".join(str(one.message) for one in caught if issubclass(one.category, LascoUserWarning))
    if said:
        return Outcome("warned", said)
    difference = difference_of(level1, sound)
    return Outcome("silent", difference) if difference else Outcome("same")


def _of_others(smap):
    """Only maps of C2 and C3 are calibrated; the error for others names their kind."""
    try:
        sunpy_lasco.calibrate(smap, **OPTIONS)
    except TypeError as error:
        assert "Only maps of LASCO C2 and C3" in str(error)  # noqa: PT017 - others would be a traceback
        return Outcome("refused", str(error))
    return Outcome("silent", "calibrated")


def _unless_silent(case, smap, error):
    """A problem, unless lost pixels would look like measured ones to users who ignore warnings."""
    try:
        level1 = sunpy_lasco.calibrate(smap, on_bad="ignore", **OPTIONS)
    except LascoError as another:
        return Outcome("problem", str(another))
    if case.lost is not None and case.lost.shape == level1.data.shape:
        flags = sunpy_lasco.flags(level1)
        measured = np.isfinite(level1.data) & ((flags & sunpy_lasco.PixelFlag.MISSING) == 0)
        if np.count_nonzero(measured & case.lost):
            return Outcome("silent", "what was lost looks measured")
    return Outcome("problem", str(error))


def difference_of(level1, sound):
    """Differences of a level-1 map from the expected one; empty if there are none."""
    if type(level1) is not type(sound) or level1.data.shape != sound.data.shape:
        return "another class or shape"
    one, other = level1.data, sound.data
    if np.any(np.isfinite(one) != np.isfinite(other)):
        return f"{np.count_nonzero(np.isfinite(one) != np.isfinite(other))} pixels valid in one alone"
    good = np.isfinite(one)
    apart = np.abs(one[good] - other[good]) > SAME_PIXELS * np.abs(other[good])
    if apart.any():
        ratio = float(np.median(one[good][apart] / other[good][apart]))
        return f"{np.count_nonzero(apart)} pixels differ, median ratio {ratio:.4g}"
    if abs((level1.date - sound.date).to_value("s")) > SAME_TIME:
        return f"another time: {level1.date.isot}"
    centre = [value / 2 for value in reversed(one.shape)]
    places = [np.array(smap.wcs.pixel_to_world_values(*centre)) for smap in (level1, sound)]
    scale = sound.scale[0].value / 3600
    apart = math.hypot(*((places[0] - places[1] + 180) % 360 - 180)) / scale
    return f"{apart:.3g} pixels beside it" if apart > SAME_PLACE else ""
