import dataclasses

import numpy as np
import pytest

from astropy.time import Time

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

from sunpy_lasco.network.training.crops import make_crops
from sunpy_lasco.network.training.exposures import (
    corona_ratios,
    draw_ejections,
    simulated_exposures,
    summed,
    with_other_corona,
)
from sunpy_lasco.network.training.recipe import PRESETS
from sunpy_lasco.network.training.scenes import Scenes
from sunpy_lasco.network.training.window_files import chosen_exposures
from sunpy_lasco.repair.frames import counts_above_bias


@pytest.fixture(scope="module")
def exposure():
    """A simulated exposure in place of a real one."""
    return dataclasses.replace(simulated_exposures("C3", 3), origin="real")


@pytest.fixture(scope="module")
def mixed(exposure):
    return with_other_corona(exposure, 5, seed=2)


def test_ratios_are_smooth_and_positive(exposure):
    (ratio,), ejected = corona_ratios("C3", [exposure.frame.start], np.random.default_rng(3))
    assert ejected is None
    assert ratio.shape == (1024, 1024)
    assert 0.3 < ratio.min() < ratio.max() < 30
    assert ratio.std() > 0.004
    # No noise: neighbouring pixels differ far less than those of an exposure do.
    away = np.abs(np.diff(ratio[700:900, 700:900], axis=1)).mean()
    assert away < 1e-3


def test_the_signal_is_multiplied(exposure, mixed):
    old, missing, bias = counts_above_bias(exposure.raw, exposure.frame, offset=exposure.offset)
    new = mixed.raw - bias
    known = np.isfinite(old) & (old > 200)
    ratio = new[known] / old[known]
    assert np.isfinite(ratio).all()
    assert ratio.std() > 0.004
    assert (mixed.raw[missing] == exposure.raw[missing]).all()
    assert (mixed.group, mixed.origin, mixed.frame) == (exposure.group, "mixed", exposure.frame)
    # The noise is that of the exposure: relative differences between pixels are unchanged.
    window = np.s_[800:864, 800:864]
    ratios = (new / np.where(old > 0, old, np.nan))[window]
    assert np.nanstd(np.diff(ratios)) < 0.1 * np.nanstd(np.diff(old[window])) / np.nanmean(old[window])


def test_ejections_of_all_directions_widths_and_speeds():
    rng = np.random.default_rng(1)
    drawn = [one for _ in range(60) for one in draw_ejections("C2", "2004-03-14T12:00:00", rng)]
    assert 60 < len(drawn) <= 120
    heights = [one.height(Time("2004-03-14T12:00:00")) for one in drawn]
    assert 2.3 < min(heights) < 3.0
    assert 7.0 < max(heights) < 7.6
    for name, low, high in (("position_angle", 20, 340), ("width", 30, 110), ("speed", 300, 1700), ("tilt", -45, 45)):
        values = [getattr(one, name) for one in drawn]
        assert min(values) < low < high < max(values)


def test_what_an_ejection_adds_is_known_and_lost(exposure):
    """Blocks are lost where the added ejection is."""
    alone = dataclasses.replace(exposure, neighbours=())
    made = with_other_corona(alone, 5, seed=2, fronts=True)
    assert made.ejected.shape == (1024, 1024)
    added = made.ejected - 1.0
    assert added.min() > -1e-6
    assert 0.02 < added.max()
    assert summed(made).ejected[300, 100] == pytest.approx(made.ejected[600:602, 200:202].mean())
    scene = Scenes([alone]).scene_of(made)
    architecture = PRESETS["recommended-fronts"].architecture
    crops = make_crops(made, scene, architecture, number=4, seed=1, fronts=1.0)
    assert set(crops["kind"]) == {"front"}
    # Without knowledge of an ejection the usual losses are drawn.
    usual = make_crops(dataclasses.replace(made, ejected=None), scene, architecture, number=12, seed=1, fronts=1.0)
    assert len(set(usual["kind"])) > 1


def test_same_number_same_corona(exposure, mixed):
    alone = dataclasses.replace(exposure, neighbours=())
    assert np.array_equal(with_other_corona(alone, 5, seed=2).raw, mixed.raw)
    assert not np.array_equal(with_other_corona(alone, 6, seed=2).raw, mixed.raw)
    assert not np.array_equal(exposure.raw, mixed.raw)


def test_neighbours_show_the_same_corona(exposure, mixed):
    def ratio(new, old):
        signal, _, bias = counts_above_bias(old.raw, old.frame, offset=old.offset)
        return ((new.raw - bias) / np.where(signal > 100, signal, np.nan))[::16, ::16]

    one = ratio(mixed, exposure)
    for new, old in zip(mixed.neighbours, exposure.neighbours, strict=True):
        other = ratio(new, old)
        both = np.isfinite(one) & np.isfinite(other)
        assert np.corrcoef(one[both], other[both])[0, 1] > 0.95


@pytest.mark.slow
def test_mixed_exposures_are_spread_over_the_dates(real_frames):
    recipe = dataclasses.replace(PRESETS["recommended"], mixed=6, simulated=0, summed=0, frames_per_group=1)
    files = [path for path in real_frames if path.parent.name == "c3" and int(path.stem) < 32310943]
    chosen, everything = chosen_exposures(recipe, files, "C3")
    mixed = [one for one in chosen if one.origin == "mixed"]
    assert len(mixed) == 6
    assert len({one.group for one in mixed}) == len({one.group for one in everything}) == 6
    # Each has a background of its own choice of other dates.
    scenes = Scenes(everything)
    first = next(one for one in chosen if one.origin == "real" and one.group == mixed[0].group)
    assert not np.array_equal(scenes.scene_of(mixed[0]).background, scenes.scene_of(first).background)


def test_response_of_simulated_pixels_is_known(exposure):
    simulated = dataclasses.replace(exposure, origin="simulated")
    scene = Scenes([simulated]).scene_of(simulated)
    assert scene.response[500:-1, 1:].std() == pytest.approx(0.0085, rel=0.2)
    window = np.s_[820:1000, 300:700]
    flat = [scene.signal[window] / part / scene.background[window] for part in (1.0, scene.response[window])]
    assert np.nanstd(np.diff(flat[1])) < np.nanstd(np.diff(flat[0]))


def test_scene_of_level_1(exposure):
    simulated = dataclasses.replace(exposure, origin="simulated")
    scene = Scenes([simulated], calibrated=True).scene_of(simulated)
    assert scene.signal.shape == (1024, 1024)
    # Mean solar brightness, with the mask of level 1.
    assert 1e-13 < np.nanmedian(scene.signal) < 1e-9
    assert scene.hidden[530, 516]
    assert not scene.hidden[900, 500]
    assert len(scene.neighbours) == 4
