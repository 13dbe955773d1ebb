"""
Scenes of exposures for training.

The background model of a frame and the response of its pixels come from other dates, as in the use of the network.
"""

from dataclasses import replace

import numpy as np

import sunpy.map

from sunpy_lasco.assets.background import builtin_background, derive_background
from sunpy_lasco.assets.response import frame_response, response_epoch
from sunpy_lasco.instrument.pixel_grid import block_mean
from sunpy_lasco.level1.pipeline import calibrate
from sunpy_lasco.map.masks import flags
from sunpy_lasco.repair.frames import (
    RESIDUAL_PATTERN,
    calibrated_holed_frame,
    calibrated_neighbour,
    counts_above_bias,
    frame_of,
    holed_frame_of,
    neighbour_of,
    saturated,
)
from sunpy_lasco.repair.response_map import derive_response

__all__ = ["Scenes", "level1_scene"]


def _level1(exposure, assets):
    raw = sunpy.map.Map(np.asarray(exposure.raw), exposure.header.copy())
    source = "simulated" if exposure.origin == "simulated" else assets
    return calibrate(raw, assets=source, inpaint=False, on_bad="ignore")


def level1_scene(exposure, *, assets=None):
    """
    Calibrate an exposure that has its header, and its neighbours; return a `Scene` in mean solar brightness.

    The paper trains at level 1, the recommended recipe at level 0.5, where a repair is more accurate (see
    `sunpy_lasco.inpaint`).
    """
    level1 = _level1(exposure, assets)
    scene = calibrated_holed_frame(level1, flags(level1))
    around = [calibrated_neighbour(frame_of(level1), _level1(one, assets)) for one in exposure.neighbours]
    return replace(scene, neighbours=tuple(sorted(around, key=lambda one: abs(one.seconds))))


#: A background is made of at least this many frames of other dates.
FEWEST_OTHERS = 3


def _signal(exposure):
    signal, _, _ = counts_above_bias(exposure.raw, exposure.frame, offset=exposure.offset)
    signal[saturated(signal, exposure.frame)] = np.nan
    return signal


def _others(exposure, exposures):
    """One exposure of each other date, from other groups if there are enough."""
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
    """The response of simulated pixels, with the accuracy of that of real ones."""
    from sunpy_lasco.simulate.chip import pixel_pattern

    pattern = pixel_pattern(exposure.frame.camera.name, exposure.frame.start)
    error = np.random.default_rng([7, int(exposure.frame.mjd)]).standard_normal(pattern.shape)
    return (pattern * (1.0 + RESIDUAL_PATTERN * error)).astype(np.float32)


class Scenes:
    """
    Scenes of exposures; results for a date are cached until another date is requested.

    Parameters
    ----------
    exposures : sequence of `~sunpy_lasco.network.training.exposures.Exposure`
        All exposures of one camera.
    calibrated : `bool`, optional
        Calibrate the exposures, so that scenes are level 1.
    assets : optional
        Where the calibration images come from, as for `sunpy_lasco.calibrate`; simulated exposures
        have their own.
    """

    def __init__(self, exposures, *, calibrated=False, assets=None):
        self.exposures = list(exposures)
        self.calibrated, self.assets = calibrated, assets
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
        if self.calibrated:
            return level1_scene(exposure, assets=self.assets)
        background, unknown, response = self._models(exposure)
        if response is not None:
            response = frame_response(response, exposure.frame)
        if unknown is not None:
            unknown = block_mean(unknown, exposure.frame.binning) > 0
        around = [neighbour_of(exposure.frame, one.raw, one.frame, offset=one.offset) for one in exposure.neighbours]
        scene, _ = holed_frame_of(
            exposure.raw,
            exposure.frame,
            background=background,
            response=response,
            neighbours=around,
            offset=exposure.offset,
        )
        # Where all frames of the background are saturated it says nothing.
        return scene if unknown is None else replace(scene, unusable=scene.unusable | unknown & ~scene.holes)
