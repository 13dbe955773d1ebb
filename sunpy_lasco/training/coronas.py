"""
Real frames that show another corona: solar maximum where real frames are few.

Noise, response of the pixels, stray light, stars and the misfit of the background are
those of a real frame; the corona is multiplied by the ratio of two simulated ones.
"""

from dataclasses import replace

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.inpainting.scene import counts_above_bias

__all__ = ["MIXED", "corona_ratios", "with_other_corona"]

#: What such exposures are called, beside ``"real"`` and ``"simulated"``.
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


def corona_ratios(camera, times, rng):
    """
    What another corona would make of exposures.

    Parameters
    ----------
    camera : `str`
        ``"C2"`` or ``"C3"``.
    times : sequence of `~astropy.time.Time`
        Starts of the exposures, which show the same corona as it turns and moves.
    rng : `~numpy.random.Generator`

    Returns
    -------
    `list` of `~numpy.ndarray`
        Factors of the signal, shape (1024, 1024), in the orientation of the detector.
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
    points = {"stars": False, "planets": False}
    old = simulate.corona(activity=float(rng.uniform(*QUIET)), seed=int(seeds[0]), **points)
    new = simulate.corona(activity=float(rng.uniform(*ACTIVE)), seed=int(seeds[1]), cme=ejections, **points)
    found = []
    for time in times:
        first, second = (simulate.observe(camera, date=time, scene=scene, **IDEAL).data for scene in (old, new))
        # Behind the occulter there is nothing to be changed.
        found.append(np.where(first > DARK, second / np.maximum(first, DARK), 1.0))
    return found


def with_other_corona(exposure, number, *, seed=0):
    """
    Put another corona into a real exposure and into its neighbours.

    Parameters
    ----------
    exposure : `~sunpy_lasco.training.frames.Exposure`
        A full frame without sums.
    number : `int`
        Which corona; the same number and seed give the same.
    seed : `int`, optional

    Returns
    -------
    `~sunpy_lasco.training.frames.Exposure`
        Of the same group of dates, with ``origin`` "mixed".
    """
    rng = np.random.default_rng([seed, number, int(exposure.frame.mjd)])
    all_of_them = (exposure, *exposure.neighbours)
    ratios = corona_ratios(exposure.frame.camera.name, [one.frame.start for one in all_of_them], rng)
    made = []
    for one, ratio in zip(all_of_them, ratios, strict=True):
        signal, _, bias = counts_above_bias(one.raw, one.frame, offset=one.offset)
        raw = np.where(np.isfinite(signal), bias + signal * ratio, one.raw).astype(np.float32)
        made.append(replace(one, raw=raw, name=f"{one.name} mixed {number}", origin=MIXED, variant=number + 1))
    return replace(made[0], neighbours=tuple(made[1:]))
