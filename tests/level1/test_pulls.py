"""
Errors of simulated exposures agree with the parts of the uncertainty.

This is tested for pixels and for sums over regions, and for each part with only its own cause switched on.
"""

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.instrument.constants import other_constants, value_of
from sunpy_lasco.level1.error_budget import PARTS
from sunpy_lasco.map import edit as records

#: All kinds of noise: photons, read-out, rounding; the fixed pattern of the pixels is set separately.
NOISY = {
    "noise": True,
    "cosmic_rays": 0.0,
    "quantise": True,
    "saturation": False,
    "nonlinearity": True,
    "diffracted": False,
}
#: The fixed pattern alone.
PATTERNED = NOISY | {"noise": False, "pattern": True, "quantise": False}
#: Each with the pattern of a different epoch or camera, so that the pulls are independent, and at dates for
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


def exposures(cases, observe, closure, smooth_scene, assets, *, ingredients=NOISY, **options):
    """Level-1 maps and the truth behind them."""
    for seed, (detector, given) in enumerate(cases):
        simulation = observe(detector, scene=smooth_scene, seed=seed + 11, **(ingredients | given))
        result = closure.calibrated(simulation, assets, **options)
        yield result, closure.truth(simulation, result)


@pytest.fixture(scope="module")
def exposed(observe, closure, smooth_scene, simulated_assets):
    """Those with noise of all kinds."""
    return list(exposures(EXPOSURES, observe, closure, smooth_scene, simulated_assets))


def width(pulls):
    return np.sqrt(np.mean(np.square(pulls)))


@pytest.mark.parametrize("method", ["resample", "wcs"])
@pytest.mark.parametrize("cases", [EXPOSURES[::3], SUMMED], ids=["full resolution", "summed"])
@pytest.mark.parametrize("part", ["random", "pattern", ("random", "pattern")], ids=str)
def test_pixels(part, cases, method, observe, closure, smooth_scene, simulated_assets):
    """Noise alone, the pattern alone, and both."""
    ingredients = {"random": NOISY | {"pattern": False}, "pattern": PATTERNED}.get(part, NOISY)
    if method == "wcs" and part == "pattern":
        cases = cases[:1]
    for result, expected in exposures(
        cases, observe, closure, smooth_scene, simulated_assets, ingredients=ingredients, distortion=method
    ):
        good = closure.interior(result)
        sigma = sunpy_lasco.uncertainty(result, part).value
        pulls = ((result.data - expected) / sigma)[good]
        assert width(pulls) == pytest.approx(1, abs=0.05)
        assert abs(pulls.mean()) < 0.02


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_lossy_frames(detector, observe, closure, smooth_scene, simulated_assets):
    """Rounding adds noise where the noise is large, and removes it where it is small."""
    options = {"lossy": True, "pattern": False}
    ((result, expected),) = exposures([(detector, options)], observe, closure, smooth_scene, simulated_assets)
    good = closure.interior(result)
    pulls = ((result.data - expected) / result.uncertainty.array)[good]
    light = result.data[good]
    assert width(pulls) == pytest.approx(1, abs=0.15)
    for low in (0, 25, 50, 75):
        first, last = np.percentile(light, (low, low + 25))
        assert width(pulls[(light >= first) & (light < last)]) == pytest.approx(1, abs=0.3)


def test_interpolation(observe, closure, smooth_scene, simulated_assets):
    """Without noise the error at stars is that of the interpolation, and is estimated within a factor of two."""
    x = np.linspace(-9000, 9000, 12)
    stars = tuple(simulate.PointSource(float(a), float(b), 3.0) for a in x for b in x if np.hypot(a, b) > 6000)
    scene = simulate.Scene(smooth_scene.diffuse, stars)
    options = NOISY | {"noise": False, "quantise": False}
    simulation = observe("C3", scene=scene, seed=3, **options)
    result = closure.calibrated(simulation, simulated_assets)
    sigma = sunpy_lasco.uncertainty(result, "interpolation").value
    error = result.data - closure.truth(simulation, result)
    noise = sunpy_lasco.uncertainty(result, ["photon", "read"]).value
    at_stars = closure.interior(result) & (sigma > 3 * noise)
    assert at_stars.sum() > 100
    assert 0.5 < width((error / np.hypot(sigma, noise))[at_stars]) < 2
    # Elsewhere there is none.
    assert np.mean(sigma[closure.interior(result)] > 0) < 0.02


@pytest.fixture(scope="module")
def bright(observe, smooth_scene):
    """An exposure of C3 without noise, bright enough to lose light near the full well."""
    return observe("C3", scene=smooth_scene, exptime=30.0, seed=5, **(NOISY | {"noise": False, "quantise": False}))


#: 1 sigma of a factor, for this test.
GIVEN_FACTOR_SIGMA = 0.005


def one_sigma_off(term, bright, assets, closure):
    """Level 1 with the cause of one term changed by its 1 sigma, and unchanged."""
    right = closure.calibrated(bright, assets, factor=1.0, bias="official")
    meta, given = right.meta, {"factor": 1.0, "bias": "official"}
    if term == "bias":
        given["bias"] = (meta["biasval"] - meta["biassig"]) * u.DN
    elif term == "exposure factor":
        given["factor"] = 1 - GIVEN_FACTOR_SIGMA
    if term != "linearity":
        return right, closure.calibrated(bright, assets, **given)
    with other_constants({"C3.full_well_loss": value_of("C3.full_well_loss") * (1 + meta["linsig"])}):
        return right, closure.calibrated(bright, assets, **given)


@pytest.mark.parametrize("term", ["bias", "exposure factor", "linearity"])
def test_common_terms_are_what_their_cause_does(term, bright, simulated_assets, closure):
    """A change of the cause by 1 sigma changes the image by the term."""
    right, wrong = one_sigma_off(term, bright, simulated_assets, closure)
    sigma = sunpy_lasco.uncertainty(right, term).value
    if term == "exposure factor":
        # A factor that the user gives is taken as exact.
        assert not sigma[np.isfinite(sigma)].any()
        card = records.record(right, cards={"expfsig": GIVEN_FACTOR_SIGMA})
        sigma = sunpy_lasco.uncertainty(card, term).value
    full = (sunpy_lasco.flags(right) & sunpy_lasco.PixelFlag.SATURATED) != 0
    good = closure.interior(right) & (sigma > 1e-4 * right.data) & ~full
    assert good.sum() > 1000
    ratio = ((wrong.data - right.data).astype(float) / sigma)[good]
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert np.percentile(np.abs(ratio - 1), 90) < 0.1


def test_other_common_terms_are_relative_to_the_light(bright, simulated_assets, closure):
    """Errors of a factor or the vignetting scale the light; an error of the stray light adds to the image."""
    right = closure.calibrated(bright, simulated_assets)
    stray = sunpy_lasco.uncertainty(right, "stray light").value
    assert np.nanmax(np.abs(stray / right.meta["straysig"] - 1)) < 1e-6
    bare = closure.calibrated(bright, simulated_assets, stray_light=False)
    good = closure.interior(right)
    for term, card in (("calibration factor", "calfsig"), ("vignetting", "vigsig")):
        sigma = sunpy_lasco.uncertainty(right, term).value
        # The light is the image before the stray light is subtracted.
        np.testing.assert_allclose(sigma[good], right.meta[card] * bare.data[good], rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "shifts"), [(8, [0]), (64, [0, 21, 43])])
def test_sums(size, shifts, exposed, closure):
    rng = np.random.default_rng(1)
    pulls = []
    for result, expected in exposed:
        good = closure.interior(result)
        corners = [
            (row, column)
            for shift in shifts
            for row in range(shift, 1024 - size + 1, size)
            for column in range(shift, 1024 - size + 1, size)
            if good[row : row + size, column : column + size].all()
        ]
        for k in rng.permutation(len(corners))[:260]:
            row, column = corners[k]
            region = np.zeros(result.data.shape, bool)
            region[row : row + size, column : column + size] = True
            found = sunpy_lasco.region_sum(result, region)
            sigma = np.hypot(found.sigma.value, found.pattern.value)
            pulls.append((found.value.value - expected[region].sum()) / sigma)
    assert len(pulls) > 1500
    assert width(pulls) == pytest.approx(1, abs=0.05)


def test_sums_of_any_shape(exposed, closure):
    """Two separate pieces, thin lines and scattered pixels share less noise than a block does."""
    rng = np.random.default_rng(2)
    pulls = []
    for result, expected in exposed[:1]:
        good = closure.interior(result)
        for _ in range(400):
            region = good & (rng.random(good.shape) < rng.choice([1e-4, 1e-3]))
            row = rng.integers(100, 900)
            region[row, 300:700] |= good[row, 300:700]
            found = sunpy_lasco.region_sum(result, region)
            assert found.pixels == region.sum()
            sigma = np.hypot(found.sigma.value, found.pattern.value)
            pulls.append((found.value.value - expected[region].sum()) / sigma)
    assert width(pulls) == pytest.approx(1, abs=0.08)


def test_every_part_has_a_test_here():
    """Every term of the budget is tested here."""
    tried = {"photon", "read", "quantisation", "interpolation", "pattern", "bias", "exposure factor", "linearity"}
    tried |= {"calibration factor", "vignetting", "stray light"}
    # Other tests cover real frames and filled blocks: test_uncertainty.py, tests/repair.
    elsewhere = {"fill", "polariser", "saturation"}
    assert {term for terms in PARTS.values() for term in terms} == tried | elsewhere
