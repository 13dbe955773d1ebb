"""The bias: it is chosen once, is the same for repair and calibration, and has a realistic sigma."""

from dataclasses import replace

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.instrument.bias import bias_polynomial, choose_bias
from sunpy_lasco.level1 import pipeline
from sunpy_lasco.map.edit import frame_of
from sunpy_lasco.repair import maps as operation

LATE = "2023-03-01T12:00"


@pytest.fixture(scope="module")
def late_c2():
    return simulate.observe("C2", date=LATE, lost_blocks=[(9, 12), (20, 7)], seed=1)


def biases_of_the_repair(monkeypatch, run):
    """The biases of a single read-out that the repair receives or chooses, for the frame and its neighbours."""
    used = []
    original = operation.holed_frame_of

    def spy(*args, **kwargs):
        scene, level = original(*args, **kwargs)
        used.append(level)
        return scene, level

    monkeypatch.setattr(operation, "holed_frame_of", spy)
    return run(), used


@pytest.mark.parametrize("options", [{}, {"bias": "dark"}, {"bias": 640 * u.DN}])
def test_repair_and_calibration_rest_on_the_same_bias(late_c2, monkeypatch, options):
    level1, used = biases_of_the_repair(
        monkeypatch, lambda: sunpy_lasco.calibrate(late_c2.level05, assets="simulated", **options)
    )
    assert used == [pytest.approx(level1.meta["biasval"], abs=1e-4)]
    assert level1.meta["nfilled"] == 2


def test_what_was_filled_before_does_not_judge_the_bias(late_c2):
    raw = late_c2.level05
    filled = sunpy_lasco.inpaint(raw)
    one, two = (sunpy_lasco.calibrate(smap, assets="simulated") for smap in (raw, filled))
    assert one.meta["biasval"] == two.meta["biasval"]
    np.testing.assert_allclose(one.data, two.data, rtol=1e-5)


def test_the_table_comes_first_for_the_repair_too(monkeypatch):
    """The repair alone does not read exposure-factor files; calibrate passes its bias on."""
    exposure = simulate.observe("C3", lost_blocks=[(9, 12)], bias=391.3, seed=1)
    level1, used = biases_of_the_repair(
        monkeypatch, lambda: sunpy_lasco.calibrate(exposure.level05, assets=simulate.assets(exposure))
    )
    assert level1.meta["biassrc"] == "exposure-factor file"
    assert used == [pytest.approx(391.3)]


def test_the_bias_is_chosen_once(late_c2, monkeypatch):
    chosen = []
    original = pipeline.find_bias
    monkeypatch.setattr(pipeline, "find_bias", lambda *args, **kwargs: chosen.append(1) or original(*args, **kwargs))
    monkeypatch.setattr("sunpy_lasco.repair.frames.choose_bias", lambda *_, **__: pytest.fail("chosen anew"))
    sunpy_lasco.calibrate(late_c2.level05, assets="simulated", context=[late_c2.level05])
    assert chosen == [1]


@pytest.mark.parametrize(
    "settings",
    [
        {"date": "2020-09-01"},
        {"date": "2023-03-01"},
        {"date": "2025-08-01"},
        {"date": "2023-03-01", "bias": 653.5},
        {"date": "2023-03-01", "bias": 620.0},
        {"date": "2023-03-01", "leb_sum": (2, 2)},
    ],
    ids=str,
)
def test_sigma_is_honest_for_late_c2(settings):
    exposure = simulate.observe("C2", seed=1, **settings)
    level1 = sunpy_lasco.calibrate(exposure.level05, assets="simulated", inpaint=None, on_bad="ignore")
    repeats = np.prod(settings.get("leb_sum", (1, 1)))
    error = abs(level1.meta["biasval"] / repeats - exposure.parameters.bias)
    assert error < 2 * level1.meta["biassig"] / repeats


def test_real_frames_as_though_they_were_late(real_frames, real_map):
    """The bias of frames of 2000 and 2010 is known; with a date in 2023 it must be determined from the pixels."""
    c2 = [path for path in real_frames if path.parent.name == "c2"]
    assert len(c2) >= 9
    for path in c2:
        smap = real_map(path.stem)
        frame = frame_of(smap)
        repeats = frame.leb_sum[0] * frame.leb_sum[1]
        true, now = bias_polynomial("C2", frame.mid_mjd), 655.0
        counts = np.where(smap.data > 0, smap.data + (now - true) * repeats, np.nan)
        found = choose_bias(replace(frame, mid_mjd=60300), counts)
        assert found.source == "frame"
        assert found.single == pytest.approx(now, abs=1.5 * found.sigma)
        assert found.sigma < (6 if frame.binning == (1, 1) else 13)
