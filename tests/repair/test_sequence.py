import dataclasses

import numpy as np
import pytest

from sunpy_lasco import inpaint, simulate
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.repair.crop import Neighbour, get_method
from sunpy_lasco.repair.methods.sequence import WEIGHT, outer_weight

SECONDS = (-720.0, 720.0, -1440.0, 1440.0)
fill, temporal = get_method("sequence"), get_method("temporal")


@pytest.fixture
def scene(make_crop, lost):
    """A crop of a corona that is a function of time, with noise, and exposures before and after."""

    def make(at, *, noise=1.0, seconds=SECONDS, seed=0):
        rng = np.random.default_rng(seed)
        images = [at(time) + noise * rng.normal(size=(160, 160)) for time in (0.0, *seconds)]
        crop = make_crop(images[0], lost(blocks=((2, 2),)))
        near = tuple(Neighbour(image, time, noise, 1.0) for image, time in zip(images[1:], seconds, strict=True))
        return dataclasses.replace(crop, neighbours=near), np.where(crop.hole, at(0.0), np.nan)

    return make


def still(_time):
    rows, columns = np.indices((160, 160))
    return 5 * np.sin(rows / 9) + columns / 30


def waves(time):
    """A wave that moves by one radian from exposure to exposure."""
    rows, columns = np.indices((160, 160))
    return 3 * np.sin(columns / 5 + time / 720) * np.cos(rows / 7)


def error(crop, truth, found):
    """Mean error of means over 8 x 8 pixels."""
    miss = (found.z - truth)[crop.hole].reshape(4, 8, 4, 8).mean(axis=(1, 3))
    return float(np.abs(miss).mean())


def test_where_nothing_changes_all_four_count(scene):
    """
    Averaging four exposures instead of two reduces the noise by the square root of two: weights of 1/2 on each side.
    """
    ratios, weights, noises = [], [], []
    for seed in range(6):
        crop, truth = scene(still, seed=seed)
        found, pair = fill(crop), temporal(crop)
        ratios.append(error(crop, truth, found) / error(crop, truth, pair))
        noises.append(np.median(found.noise[crop.hole]) / np.median(pair.noise[crop.hole]))
        inner, outer = ((crop.neighbours[k].z + crop.neighbours[k + 1].z) / 2 for k in (0, 2))
        weights.append(outer_weight(crop, inner, outer))
    assert np.mean(weights) == pytest.approx(0.45, abs=0.08)
    assert np.mean(ratios) < 0.9
    # Weights 1 - w and w give sqrt((1 - w)^2 + w^2).
    expected = np.hypot(1 - np.array(weights), weights)
    assert noises == pytest.approx(expected, rel=1e-6)


def test_the_weight_is_what_the_surroundings_say(scene):
    """For these waves the nearest two give cos 1 and the next two cos 2, so only a negative weight gives 1."""
    crop, truth = scene(waves, noise=0.1)
    inner, outer = ((crop.neighbours[k].z + crop.neighbours[k + 1].z) / 2 for k in (0, 2))
    expected = (1 - np.cos(1)) / (np.cos(2) - np.cos(1))
    assert outer_weight(crop, inner, outer) == pytest.approx(expected, abs=0.03)
    assert error(crop, truth, fill(crop)) < 0.3 * error(crop, truth, temporal(crop))


def test_time_is_interpolated(scene):
    """Exposures at uneven times of a corona that changes linearly give the value at the time of the frame."""
    rows, columns = np.indices((160, 160))
    times = (-300.0, 900.0, -800.0, 2000.0)
    crop, truth = scene(lambda time: columns / 20 + 0.004 * time * rows / 160, noise=0.0, seconds=times)
    assert np.abs((fill(crop).z - truth)[crop.hole]).max() < 0.02


def test_little_around_the_hole_leaves_what_is_expected(scene):
    crop, _ = scene(still)
    z = np.where(np.indices(crop.z.shape)[0] < 8, crop.z, np.nan)
    nothing = dataclasses.replace(crop, z=z)
    assert outer_weight(nothing, crop.neighbours[0].z, crop.neighbours[2].z) == WEIGHT


def test_four_exposures_are_needed_and_must_fit(scene):
    crop, _ = scene(still)
    three = dataclasses.replace(crop, neighbours=crop.neighbours[:3])
    assert np.isnan(fill(three).z).all()
    assert np.isnan(fill(dataclasses.replace(crop, neighbours=())).z).all()
    wild = [dataclasses.replace(one, z=np.roll(5 * still(0), 17 * k, axis=0)) for k, one in enumerate(crop.neighbours)]
    assert np.isnan(fill(dataclasses.replace(crop, neighbours=tuple(wild))).z).all()
    # Pixels that one exposure did not measure are left to other methods.
    torn = crop.neighbours[3].z.copy()
    torn[70:80] = np.nan
    near = (*crop.neighbours[:3], dataclasses.replace(crop.neighbours[3], z=torn))
    found = fill(dataclasses.replace(crop, neighbours=near))
    inside = np.zeros_like(crop.hole)
    inside[70:80] = True
    assert np.isnan(found.z[crop.hole & inside]).all()
    assert np.isfinite(found.z[crop.hole & ~inside]).all()


def test_of_maps(losing):
    made = simulate.sequence("C3", 5, start="2003-05-06T07:00:00", cadence=720.0, seed=8)
    maps = [one.level05 for one in made]
    torn = losing.without(maps[2], [(8, 20), (20, 6)])
    around = [maps[k] for k in (0, 1, 3, 4)]
    filled = inpaint(torn, "sequence", context=around)
    assert filled.meta["fillmeth"] == "sequence"
    holes = losing.has(filled, "FILLED")
    assert holes.sum() == 2 * 1024
    miss = (filled.data - maps[2].data)[holes]
    pair = (inpaint(torn, "temporal", context=around).data - maps[2].data)[holes]
    assert np.std(miss) < np.std(pair)
    # With two exposures, the other method is used.
    assert inpaint(torn, "temporal", context=[maps[1], maps[3]]).meta["nfilled"] == 2
    with pytest.warns(LascoUserWarning, match="sequence cannot fill"):
        assert np.isnan(inpaint(torn, "sequence", context=[maps[1], maps[3]]).data[holes]).all()
