import dataclasses

import numpy as np
import pytest

from sunpy_lasco.instrument.blocks import nominal_untransmitted
from sunpy_lasco.network.architecture import Architecture
from sunpy_lasco.network.training.crops import (
    draw_rectangle,
    load_crops,
    lost_from,
    make_crops,
    save_crops,
    windows_with_truth,
)
from sunpy_lasco.network.training.exposures import groups_of, read_exposures, simulated_exposures, with_neighbours
from sunpy_lasco.network.training.scenes import Scenes
from sunpy_lasco.network.windows import windows_of
from sunpy_lasco.repair.fill import find_zones
from sunpy_lasco.repair.holed_frame import MARGIN, cut
from sunpy_lasco.repair.simulated_losses import draw_losses

ARCHITECTURE = Architecture(neighbours=True)


@pytest.fixture(scope="module")
def exposure():
    return simulated_exposures("C3", 3)


@pytest.fixture(scope="module")
def scene(exposure):
    return Scenes([exposure]).scene_of(exposure)


def test_groups_see_the_same_corona():
    assert groups_of([100.0, 110.0, 136.0, 163.0, 50.0]) == [1, 1, 1, 2, 0]
    assert groups_of([]) == []
    assert groups_of([1.0, 30.0], apart=60) == [0, 0]


def test_truth_is_what_was_there(scene, exposure):
    """A window whose hole contains the truth is the image without the loss."""
    blocks = draw_losses(exposure.frame, "single", seed=4)
    ((alone, both),) = windows_with_truth(scene, blocks, exposure.frame, ARCHITECTURE, rng=np.random.default_rng(0))
    assert (alone.hole.sum() - alone.truth_known.sum()) < 40
    # The mixture errs by less than the structure, and the truth has the noise of its pixels.
    assert 0.1 < np.abs(alone.truth[alone.truth_known]).mean() * alone.unit < 3 * alone.structure
    assert not alone.masks[6:].any()
    assert both.masks[6:].any(axis=(1, 2)).all()


@pytest.mark.slow
def test_exposures_are_moved_as_in_a_repair():
    """Windows of a front show exposures at the time of the frame, although the front moves by 75 pixels in between."""
    exposure = simulated_exposures("C3", 3, fronts=True)
    scene = Scenes([exposure]).scene_of(exposure)
    before = scene.signal / exposure.ejected
    blocks = draw_losses(exposure.frame, "front", seed=1, signal=scene.signal, before=before, best=1)
    needs = Architecture(neighbours=True, alone=False)
    ((_, window), *_) = windows_with_truth(scene, blocks, exposure.frame, needs, rng=np.random.default_rng(1))
    crop, _ = cut(lost_from(scene, blocks, exposure.frame), find_zones(blocks)[0], MARGIN)
    at_rest = windows_of(crop, needs)[0][0]
    shown = (window.masks[6:8].min(axis=0) > 0) & (at_rest.masks[6:8].min(axis=0) > 0) & ~window.hole
    apart = [np.abs(one.images[6:8, shown]).mean() * one.structure for one in (window, at_rest)]
    assert shown.sum() > 100
    assert apart[0] < 0.5 * apart[1]


def test_no_truth_where_something_is_hidden(scene, exposure):
    blocks = draw_losses(exposure.frame, "occulter", seed=5)
    found = list(windows_with_truth(scene, blocks, exposure.frame, ARCHITECTURE, rng=np.random.default_rng(0)))
    hidden = [(one.condition[4] > 0) & one.truth_known for one, _ in found]
    assert found
    assert not np.any(hidden)


def test_crops_are_those_of_the_seed_and_come_back(scene, exposure, tmp_path):
    alone = dataclasses.replace(scene, neighbours=())
    made = [make_crops(exposure, alone, ARCHITECTURE, number=4, seed=seed) for seed in (1, 1, 2)]
    assert all(np.array_equal(made[0][name], made[1][name]) for name in made[0])
    assert made[0]["truth"].shape != made[2]["truth"].shape or not np.array_equal(made[0]["truth"], made[2]["truth"])
    assert (made[0]["partner"] == -1).all()
    back, about = load_crops(save_crops(tmp_path / "crops.npz", made[0], group="x", seed=1))
    assert about == {"group": "x", "seed": 1}
    assert all(np.array_equal(back[name], made[0][name]) for name in made[0])
    assert [path.name for path in tmp_path.iterdir()] == ["crops.npz"]


def test_windows_with_neighbours_hang_on_those_without(scene, exposure):
    made = make_crops(exposure, scene, ARCHITECTURE, number=3, seed=1, shares={"single": 1.0})
    assert made["partner"].tolist() == [1, -2, 3, -2, 5, -2]
    assert np.array_equal(made["hole"][0], made["hole"][1])
    assert made["masks"][1, 6:].any()
    assert not made["masks"][0, 6:].any()


def test_windows_of_one_kind(scene, exposure):
    """A network for single frames is given no neighbours; one that needs them is given only windows with neighbours."""
    common = {"number": 3, "seed": 1, "shares": {"single": 1.0}}
    alone = make_crops(exposure, scene, Architecture(), **common)
    assert alone["partner"].tolist() == [-1, -1, -1]
    assert not alone["masks"][:, 6:].any()
    needs = Architecture(neighbours=True, alone=False)
    both = make_crops(exposure, scene, needs, **common)
    assert both["partner"].tolist() == [-1, -1, -1]
    assert both["masks"][:, 6:].any(axis=(1, 2, 3)).all()
    assert make_crops(exposure, dataclasses.replace(scene, neighbours=()), needs, **common) == {}


def test_rectangles_of_the_paper(exposure):
    rng = np.random.default_rng(2)
    sizes = set()
    for _ in range(20):
        lost = draw_rectangle(exposure.frame, rng)
        rows, columns = np.nonzero(lost)
        box = np.zeros_like(lost)
        box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
        assert np.array_equal(box & ~nominal_untransmitted(exposure.frame), lost) or lost.sum() < 4
        sizes.add(int(lost.sum()))
    assert len(sizes) > 10


def test_simulated_exposures_differ_and_repeat(exposure):
    assert exposure.origin == "simulated"
    assert len(exposure.neighbours) == 4
    seconds = [(one.frame.mid_mjd - exposure.frame.mid_mjd) * 86400 + one.frame.mid_time - exposure.frame.mid_time
               for one in exposure.neighbours]  # fmt: skip
    assert seconds == pytest.approx([-2880.0, -1440.0, 1440.0, 2880.0], abs=5.0)
    simulated_exposures.cache_clear()
    assert np.array_equal(simulated_exposures("C3", 3).raw, exposure.raw)


def test_real_frames_and_their_neighbours(real_frames):
    found = with_neighbours(read_exposures(real_frames, "C3"))
    assert {one.group for one in found} >= {"2002-01-08", "2012-08-31"}
    assert all(one.frame.is_full_frame and not one.frame.is_binned for one in found)
    by_name = {one.name: one for one in found}
    near = [one.name for one in by_name["32310947"].neighbours]
    assert sorted(near) == ["32310945", "32310946", "32310948", "32310949"]
    assert by_name["32082153"].group == "2002-01-08"
    assert by_name["32082153"].neighbours == ()


def test_background_of_a_real_frame_is_of_other_dates(real_frames):
    found = [one for one in read_exposures(real_frames, "C3") if one.group != "2012-08-31"]
    one = next(one for one in found if one.name == "32122317")
    scene = Scenes(found).scene_of(one)
    spoilt = [dataclasses.replace(other, raw=other.raw * 0 + 5000) if other is one else other for other in found]
    again = Scenes(spoilt).scene_of(one)
    assert np.array_equal(scene.background, again.background)
