"""
Closure: what the simulator puts in, the calibration gets out.

The simulator shares the constants of the cameras with the calibration and no code, and the
truth is asked for in the directions that the WCS of the result gives its pixels.
"""

import dataclasses

import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco.geometry import cards as wcs
from sunpy_lasco.geometry import distortion
from sunpy_lasco.instrument import bias, cameras, photometry

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
    """The simulator has the official ones."""
    simulation = exact(detector)
    scale = closure.calibrated(simulation, simulated_assets, photometry="stars")
    star_scale = photometry.STAR_SCALE[detector][0]
    assert np.median(closure.relative_errors(simulation, scale, 4)) == pytest.approx(star_scale - 1, abs=1e-4)
    left_in = closure.calibrated(simulation, simulated_assets, distortion=None)
    assert np.median(closure.relative_errors(simulation, left_in, 4)) > 50 * MEDIAN


def _table(module, name, entry, place):
    """One number of a table of the calibration, 1 % off."""

    def change(monkeypatch):
        table = dict(getattr(module, name))
        numbers = list(table[entry])
        numbers[place] *= 1.01
        table[entry] = tuple(numbers)
        monkeypatch.setattr(module, name, table)

    return change


def _camera(name, field, place=None):
    """One constant of a camera, 1 % off, for the calibration's rooms but not for the simulator."""

    def change(monkeypatch):
        camera = cameras.CAMERAS[name]
        value = getattr(camera, field)
        if place is None:
            value *= 1.01
        else:
            value = tuple(1.01 * number if k == place else number for k, number in enumerate(value))
        changed = dict(cameras.CAMERAS) | {name: dataclasses.replace(camera, **{field: value})}
        for module in (distortion, wcs):
            monkeypatch.setattr(module, "CAMERAS", changed)

    return change


def _polariser(monkeypatch):
    monkeypatch.setattr(photometry, "POLARISER_TRANSMISSION", photometry.POLARISER_TRANSMISSION * 1.01)


def _bias(monkeypatch):
    rows = tuple((*row[:3], (row[3][0] * 1.01, *row[3][1:])) for row in bias.BIAS_C3)
    monkeypatch.setattr(bias, "BIAS_C3", rows)


def _c2_bias(monkeypatch):
    # Lower: a bias above the darkest pixels would be refused.
    rows = tuple((*row[:3], (row[3][0] * 0.99, *row[3][1:])) for row in bias.BIAS_C2)
    monkeypatch.setattr(bias, "BIAS_C2", rows)


def _occulter(monkeypatch):
    rows = tuple((day, 1.01 * x, y) for day, x, y in distortion.C3_OCCULTER_CENTRES)
    monkeypatch.setattr(distortion, "C3_OCCULTER_CENTRES", rows)


#: Which constant, how it is changed, and the exposure that must then fail to close.
CONSTANTS = {
    "C2 factor": ("C2", {}, _table(photometry, "C2_FACTORS", "ORANGE", 2)),
    "C2 factor's rate": ("C2", {}, _table(photometry, "C2_FACTORS", "ORANGE", 0)),
    "C3 factor": ("C3", {}, _table(photometry, "C3_FACTORS", "CLEAR", 2)),
    "C3 factor of the 0 degree polariser": (
        "C3",
        {"filter": "Orange", "polar": "0 Deg"},
        _table(photometry, "C3_FACTORS", "ORANGE", 3),
    ),
    "transmission of the polarisers": ("C2", {"polar": "+60 Deg"}, _polariser),
    "C2 bias": ("C2", {}, _c2_bias),
    "C3 bias": ("C3", {}, _bias),
    "C2 plate scale": ("C2", {}, _camera("C2", "plate_scale")),
    "C3 plate scale": ("C3", {}, _camera("C3", "plate_scale")),
    "C3 linear distortion": ("C3", {}, _camera("C3", "distortion_mm", 0)),
    "C3 cubic distortion": ("C3", {}, _camera("C3", "distortion_mm", 1)),
    "C2 linear distortion": ("C2", {}, _camera("C2", "distortion_mm", 0)),
    "C2 cubic distortion": ("C2", {}, _camera("C2", "distortion_mm", 1)),
    "C3 occulter centre": ("C3", {}, _occulter),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["resample", "wcs"])
@pytest.mark.parametrize("constant", CONSTANTS)
def test_a_constant_that_is_one_per_cent_off_does_not_close(
    constant, method, exact, closure, simulated_assets, monkeypatch
):
    detector, options, change = CONSTANTS[constant]
    simulation = exact(detector, **options)
    given = {"distortion": method, "bias": "official"}

    def error():
        result = closure.calibrated(simulation, simulated_assets, **given)
        return np.median(closure.relative_errors(simulation, result, 3))

    assert error() < MEDIAN
    change(monkeypatch)
    assert error() > MEDIAN
