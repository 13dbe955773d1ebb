"""
Closure: what the simulator puts in, the calibration gets out.

The simulator shares the constants of the cameras with the calibration and no code.
"""


import numpy as np
import pytest
from scipy import ndimage

import astropy.units as u

import sunpy_lasco
from sunpy_lasco.calibration import counts, masking

#: Nothing left to chance, nothing rounded.
EXACT = {"noise": False, "quantise": False, "saturation": False, "exposure_factor": 1.013, "seed": 3}

CASES = {
    "C3 full": ("C3", {}),
    "C2 full": ("C2", {}),
    "C3 box sum": ("C3", {"leb_sum": (2, 2)}),
    "C2 box sum": ("C2", {"leb_sum": (2, 2)}),
    "C3 chip sum": ("C3", {"chip_sum": (2, 2)}),
    "C2 chip sum": ("C2", {"chip_sum": (2, 2)}),
    "C2 mixed oblong sum": ("C2", {"chip_sum": (2, 1), "leb_sum": (1, 4)}),
    "C3 sub-frame": ("C3", {"subframe": (192, 256, 512, 384)}),
    "C2 summed sub-frame": ("C2", {"subframe": (256, 128, 512, 640), "leb_sum": (2, 2)}),
    "C3 turned": ("C3", {"flipped": True}),
    "C2 turned": ("C2", {"flipped": True}),
    "C2 turned sub-frame": ("C2", {"flipped": True, "subframe": (192, 256, 512, 384)}),
    "C3 polarised": ("C3", {"filter": "Orange", "polar": "-60 Deg"}),
    "C2 polarised": ("C2", {"polar": "+60 Deg"}),
}


def level1(simulation, assets, **options):
    p = simulation.parameters
    given = {"factor": p.exposure_factor, "bias": p.bias * u.DN, "time_offset": 0 * u.s}
    centre = given_centre(p)
    options = {"centre": centre, "roll": p.roll * u.deg, "on_bad": "ignore"} | given | options
    return sunpy_lasco.calibrate(simulation.level05, assets=assets, **options)


def given_centre(p):
    return [
        (c - corner + 0.5) / s - 0.5 for c, corner, s in zip(p.sun_centre, p.corner, p.binning, strict=True)
    ] * u.pix


def truth(simulation, result):
    """The scene at the centres of the pixels of a level-1 map."""
    frame = counts.frame_of(result)
    return simulation.level1_at(*masking.corrected_positions(result.meta, frame))


def interior(result, margin=6):
    """Valid pixels away from any edge."""
    return ndimage.binary_erosion(np.isfinite(result.data), iterations=margin)


def errors(simulation, result, margin=6):
    good = interior(result, margin)
    expected = truth(simulation, result)
    assert good.sum() > 0.05 * good.size
    return np.abs(result.data[good] / expected[good] - 1)


@pytest.mark.parametrize("method", ["resample", "wcs"])
@pytest.mark.parametrize("case", CASES)
def test_closure(case, method, observe, smooth_scene, simulated_assets):
    detector, options = CASES[case]
    simulation = observe(detector, scene=smooth_scene, **EXACT, **options)
    error = errors(simulation, level1(simulation, simulated_assets, distortion=method, pad=True))
    assert np.median(error) < 1e-4
    assert error.max() < 1e-2
