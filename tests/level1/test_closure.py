"""
Closure: the calibration recovers the scene of the simulator.

The simulator shares constants of the cameras with the calibration but no code, and the truth is evaluated at the sky
positions given by the WCS of the result.
"""

import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco.instrument.constants import other_constants, value_of

CASES = {
    "C3 full": ("C3", {}),
    "C2 full": ("C2", {}),
    # Integrals over the pixels, by 9 samples, instead of the brightness at their centres.
    "C3 integrated": ("C3", {"subsamples": 3}),
    "C2 integrated": ("C2", {"subsamples": 3}),
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
#: Relative errors: median away from edges, and the worst pixel of a smooth scene.
MEDIAN, WORST = 1e-4, 1e-2


@pytest.mark.parametrize("method", ["resample", "wcs"])
@pytest.mark.parametrize("case", CASES)
def test_closure(case, method, exact, closure, simulated_assets):
    detector, options = CASES[case]
    simulation = exact(detector, **options)
    error = closure.relative_errors(simulation, closure.calibrated(simulation, simulated_assets, distortion=method))
    assert np.median(error) < MEDIAN
    assert error.max() < WORST


@pytest.mark.parametrize("detector", ["C2", "C3"])
@pytest.mark.parametrize("flipped", [False, True])
def test_closure_with_north_up_and_the_sun_moved(detector, flipped, exact, closure, simulated_assets):
    simulation = exact(detector, flipped=flipped, roll=7.3)
    result = closure.calibrated(simulation, simulated_assets, north_up=True, sun_pixel=(511.5, 511.5) * u.pix)
    np.testing.assert_allclose(result.wcs.wcs.get_pc(), np.eye(2), atol=1e-12)
    np.testing.assert_allclose(result.wcs.wcs.crpix, (512.5, 512.5))
    error = closure.relative_errors(simulation, result)
    assert np.median(error) < MEDIAN
    assert error.max() < WORST


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_other_geometry_and_photometry_do_not_close(detector, exact, closure, simulated_assets):
    """The simulator uses the official ones."""
    simulation = exact(detector)
    scale = closure.calibrated(simulation, simulated_assets, photometry="stars")
    star_scale = value_of(f"{detector}.star_scale")
    assert np.median(closure.relative_errors(simulation, scale, 4)) == pytest.approx(star_scale - 1, abs=1e-4)
    left_in = closure.calibrated(simulation, simulated_assets, distortion=None)
    assert np.median(closure.relative_errors(simulation, left_in, 4)) > 50 * MEDIAN


def changed(value, place, factor):
    """A value of the table with one number multiplied."""
    if not place:
        return factor * value
    return tuple(changed(one, place[1:], factor) if k == place[0] else one for k, one in enumerate(value))


#: Exposure that must fail to close, constant that is changed, which of its numbers, and by what factor.
CONSTANTS = {
    "C2 factor": ("C2", {}, "C2.factor.ORANGE", (2,), 1.01),
    "C2 factor's rate": ("C2", {}, "C2.factor.ORANGE", (0,), 1.01),
    "C3 factor": ("C3", {}, "C3.factor.CLEAR", (2,), 1.01),
    "C3 factor of the 0 degree polariser": (
        "C3",
        {"filter": "Orange", "polar": "0 Deg"},
        "C3.polarisers.ORANGE",
        (0,),
        1.01,
    ),
    "transmission of the polarisers": ("C2", {"polar": "+60 Deg"}, "polariser.transmission", (), 1.01),
    # Lower: a bias above the darkest pixels would be refused.
    "C2 bias": ("C2", {}, "C2.bias", None, 0.99),
    "C3 bias": ("C3", {}, "C3.bias", None, 1.01),
    "C2 plate scale": ("C2", {}, "C2.plate_scale", (), 1.01),
    "C3 plate scale": ("C3", {}, "C3.plate_scale", (), 1.01),
    "C3 linear distortion": ("C3", {}, "C3.distortion", (0,), 1.01),
    "C3 cubic distortion": ("C3", {}, "C3.distortion", (1,), 1.01),
    "C2 linear distortion": ("C2", {}, "C2.distortion", (0,), 1.01),
    "C2 cubic distortion": ("C2", {}, "C2.distortion", (1,), 1.01),
    "C3 occulter centre": ("C3", {}, "C3.occulter_centres", None, 1.01),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["resample", "wcs"])
@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_that_is_one_per_cent_off_does_not_close(name, method, exact, closure, simulated_assets):
    """Only the calibration uses the wrong value: exposure and truth are computed before and after."""
    detector, options, constant, place, factor = CONSTANTS[name]
    simulation = exact(detector, **options)
    given = {"distortion": method, "bias": "official"}

    def error(result):
        return np.median(closure.relative_errors(simulation, result, 3))

    assert error(closure.calibrated(simulation, simulated_assets, **given)) < MEDIAN
    value = value_of(constant)
    if place is None:
        # Of a table by date, the same number of each row: the first x, the constant term.
        place = (3, 0) if constant.endswith("bias") else (1,)
        new = tuple(changed(row, place, factor) for row in value)
    else:
        new = changed(value, place, factor)
    with other_constants({constant: new}):
        result = closure.calibrated(simulation, simulated_assets, **given)
    assert error(result) > MEDIAN
