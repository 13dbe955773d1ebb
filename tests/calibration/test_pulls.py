"""Errors of noisy exposures are as large as the uncertainties say, for pixels and for sums over regions."""

import numpy as np
import pytest

import sunpy_lasco

#: Noise of all kinds that the uncertainty covers: photons, read-out, fixed pattern, rounding.
NOISY = {"noise": True, "cosmic_rays": 0.0, "quantise": True, "saturation": False, "diffracted": False}
#: Each with a pattern of its own epoch or camera, so that the pulls are independent, and at dates for
#: which the simulated vignetting holds: the occulter of C3 moved by 0.03 pixel in between.
EXPOSURES = [
    ("C3", {"date": "1998-03-01T12:00", "exposure_factor": 0.99}),
    ("C3", {"date": "2000-10-01T12:00", "flipped": True}),
    ("C3", {"date": "2009-05-01T12:00"}),
    ("C2", {"date": "1998-03-01T12:00", "exposure_factor": 1.01}),
    ("C2", {"date": "1999-05-01T12:00"}),
    ("C2", {"date": "2009-05-01T12:00", "flipped": True}),
]
SUMMED = [
    ("C3", {"leb_sum": (2, 2)}),
    ("C3", {"chip_sum": (2, 2)}),
    ("C2", {"leb_sum": (2, 2), "lossy": False}),
]


def exposures(cases, observe, closure, smooth_scene, assets, **options):
    """Level-1 maps and the truth behind them."""
    for seed, (detector, given) in enumerate(cases):
        simulation = observe(detector, scene=smooth_scene, seed=seed + 11, **(NOISY | given))
        result = closure.calibrated(simulation, assets, **options)
        yield result, closure.truth(simulation, result)


def width(pulls):
    return np.sqrt(np.mean(np.square(pulls)))


@pytest.mark.parametrize("method", ["resample", "wcs"])
@pytest.mark.parametrize("cases", [EXPOSURES[::3], SUMMED], ids=["full resolution", "summed"])
def test_pixels(cases, method, observe, closure, smooth_scene, simulated_assets):
    for result, expected in exposures(cases, observe, closure, smooth_scene, simulated_assets, distortion=method):
        good = closure.interior(result)
        pulls = ((result.data - expected) / result.uncertainty.array)[good]
        assert width(pulls) == pytest.approx(1, abs=0.05)
        assert abs(pulls.mean()) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("size", "shifts"), [(8, [0]), (64, [0, 21, 43])])
def test_sums(size, shifts, observe, closure, smooth_scene, simulated_assets):
    rng = np.random.default_rng(1)
    pulls = []
    for result, expected in exposures(EXPOSURES, observe, closure, smooth_scene, simulated_assets):
        good = closure.interior(result)
        corners = [
            (row, column)
            for shift in shifts
            for row in range(shift, 1024 - size + 1, size)
            for column in range(shift, 1024 - size + 1, size)
            if good[row : row + size, column : column + size].all()
        ]
        for k in rng.permutation(len(corners))[:400]:
            row, column = corners[k]
            region = np.zeros(result.data.shape, bool)
            region[row : row + size, column : column + size] = True
            found = sunpy_lasco.region_sum(result, region)
            pulls.append((found.value.value - expected[region].sum()) / found.sigma.value)
    assert len(pulls) > 1500
    assert width(pulls) == pytest.approx(1, abs=0.05)


def test_sums_of_any_shape(observe, closure, smooth_scene, simulated_assets):
    """Two separate pieces, thin lines and scattered pixels share less noise than a block does."""
    rng = np.random.default_rng(2)
    pulls = []
    for result, expected in exposures(EXPOSURES[:1], observe, closure, smooth_scene, simulated_assets):
        good = closure.interior(result)
        for _ in range(400):
            region = good & (rng.random(good.shape) < rng.choice([1e-4, 1e-3]))
            row = rng.integers(100, 900)
            region[row, 300:700] |= good[row, 300:700]
            found = sunpy_lasco.region_sum(result, region)
            assert found.pixels == region.sum()
            pulls.append((found.value.value - expected[region].sum()) / found.sigma.value)
    assert width(pulls) == pytest.approx(1, abs=0.08)
