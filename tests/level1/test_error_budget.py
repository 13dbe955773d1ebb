"""Single parts of the error budget."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.geometry.resampling import curvature_error, curvature_weights
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.level1.error_budget import _Budget, _curvature


def simulate_level1():
    return sunpy_lasco.calibrate(simulate.observe("C3", leb_sum=(4, 4), seed=2).level05, assets="simulated")


def test_curvature_at_some_pixels_is_that_of_the_whole_image():
    rng = np.random.default_rng(3)
    image = rng.uniform(1, 2, (12, 15))
    image[4, 6] = np.nan
    column, row = np.meshgrid(np.arange(15) + rng.uniform(0, 1), np.arange(12) + rng.uniform(0, 1))
    weights = curvature_weights(column, row)
    rows, columns = (index.ravel() for index in np.indices(image.shape))
    some = _curvature(image, [weight[rows, columns] for weight in weights], (rows, columns))
    np.testing.assert_allclose(some.reshape(image.shape), curvature_error(image, weights), rtol=1e-12, atol=1e-15)
    assert some.any()


@pytest.mark.parametrize(("derived", "model", "share"), [(True, False, 0.0), (False, True, 0.0), (False, False, None)])
def test_sums_of_exposures_and_models_have_no_loss_of_their_own(derived, model, share):
    """Their counts are not those of one exposure; of all others the loss is the error where it is not corrected."""
    frame = SimpleNamespace(is_derived=derived, is_model=model, binning=(1, 1), camera=CAMERAS["C3"])
    light = np.array([1e-9, 2e-9])
    nothing = np.zeros(2, bool)
    budget = _Budget(
        frame, {}, light * 0.01, light, np.full(2, 1e-13), *np.full((2, 2), 500.0), None, nothing, nothing, nothing
    )
    found = budget.term("linearity")
    if share is None:
        # 10,000 and 20,000 DN: the loss is a share of the light that grows with it.
        assert 0 < found[0] / light[0] < found[1] / light[1] < 0.2
        # Of sums of eight pixels with eight times the light, the pixels lose the same share.
        frame.binning = (2, 4)
        summed = replace(budget, light=8 * light, gain=budget.gain)
        np.testing.assert_allclose(summed.term("linearity"), 8 * found, rtol=1e-6)
    else:
        assert found.tolist() == [0.0, 0.0]


def test_systematic_errors_by_their_cards():
    """The bias is 0.3 DN in 20 s, at 1e-10 MSB per DN / s; what has no card is no error."""
    level1 = simulate_level1()
    meta = level1.meta
    meta |= {"biassig": 0.3, "exptime": 20.0, "calfac": 1e-10, "vigsig": 0.02, "straysig": 3e-13}
    meta |= {"expfsig": 0.001, "calfsig": 0.01, "polsig": 0.004}
    found = sunpy_lasco.systematic_uncertainty(level1)
    assert {name: getattr(value, "value", value) for name, value in found.items()} == pytest.approx(
        {
            "exposure factor": 0.001,
            "calibration factor": 0.01,
            "polariser": 0.004,
            "vignetting": 0.02,
            "bias": 0.3 / 20 * 1e-10,
            "stray light": 3e-13,
        }
    )
    for card in ("biassig", "vigsig", "straysig", "expfsig", "calfsig", "polsig"):
        del meta[card]
    assert {getattr(value, "value", value) for value in sunpy_lasco.systematic_uncertainty(level1).values()} == {0.0}


def test_errors_of_estimated_images():
    """Of the vignetting a share of the light that depends on the place, of the stray light a brightness."""
    frame = SimpleNamespace(is_derived=False, is_model=False, binning=(1, 1), camera=CAMERAS["C2"])
    light, nothing = np.array([1e-9, -2e-9]), np.zeros(2, bool)
    # Right and far right of the occulter of C2, at (512.634, 505.293).
    x, y = np.array([713.0, 993.0]), np.full(2, 505.0)
    meta = {"vigfile": "c2vig_final.fts", "vigest": True, "vigsig": 0.03}
    meta |= {"rampfile": "C3ramp.fts", "rampest": True, "straysig": 3e-13}
    budget = _Budget(frame, meta, light, light, light, x, y, None, nothing, nothing, nothing)
    radii, errors = value_of("estimate.C2_vignetting.radii"), value_of("estimate.C2_vignetting.errors")
    share = np.interp(np.hypot(x - 512.634, y - 505.293), radii, errors)
    assert share[0] != share[1]
    np.testing.assert_allclose(budget.term("vignetting"), np.hypot(0.03, share) * [1e-9, 2e-9], rtol=1e-5)
    np.testing.assert_allclose(budget.term("stray light"), np.hypot(3e-13, value_of("estimate.C3_ramp")))
    # Of measured images only what their cards say, and without an image nothing.
    measured = {name: value for name, value in meta.items() if not name.endswith("est")}
    budget = _Budget(frame, measured, light, light, light, x, y, None, nothing, nothing, nothing)
    np.testing.assert_allclose(budget.term("vignetting"), [3e-11, 6e-11])
    np.testing.assert_allclose(budget.term("stray light"), 3e-13)
    bare = _Budget(frame, {}, light, light, light, x, y, None, nothing, nothing, nothing)
    assert [bare.term(name).tolist() for name in ("vignetting", "stray light")] == [[0, 0], [0, 0]]
