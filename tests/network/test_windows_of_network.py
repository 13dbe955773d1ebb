import dataclasses

import numpy as np
import pytest

from sunpy_lasco.network.architecture import Architecture
from sunpy_lasco.network.histogram import Equalisation
from sunpy_lasco.network.windows import (
    CONDITIONS,
    WINDOW_IMAGES,
    Placement,
    Sampler,
    bases_of,
    place_windows,
    rings_of,
    windows_of,
)
from sunpy_lasco.repair.crop import Neighbour, get_method


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.0])
def test_there_and_back(angle):
    placement = Placement((70.0, 50.0), angle, 12, 2)
    rows, columns = placement.to_crop()
    back = placement.to_window(rows, columns)
    assert np.allclose(back, np.indices((12, 12)))


#: Holes with and without exposures before and after.
BOTH = Architecture(neighbours=True)


def test_the_sun_is_on_the_left(rough):
    for times in range(4):
        crop = rough(centre=[(300, 0), (0, 300), (-300, 0), (200, -200)][times])
        ((placement, pixels),) = place_windows(crop, size=48, step=2, aligned=True)
        assert pixels.shape == (2, 1024)
        rows, columns = placement.to_crop().round().astype(int)
        radius = crop.radius[np.clip(rows, 0, 159), np.clip(columns, 0, 159)]
        middle = radius[24]
        assert middle[0] < middle[24] < middle[-1]
        # Across the window nothing changes at first order.
        assert radius[0, 24] == pytest.approx(radius[-1, 24], abs=2.0)


def test_means_by_hand():
    image = np.arange(16.0).reshape(4, 4)
    sampler = Sampler(Placement((1.5, 1.5), 0.0, 2, 2), (4, 4))
    mean, known = sampler.means(image, np.ones((4, 4), dtype=bool))
    assert np.allclose(mean, [[2.5, 4.5], [10.5, 12.5]])
    assert known.all()
    where = np.ones((4, 4), dtype=bool)
    where[0, 0] = where[0, 1] = where[1, 0] = where[2, 3] = False
    mean, known = sampler.means(image, where)
    assert known.tolist() == [[False, True], [True, True]]
    assert mean[1, 1] == pytest.approx((10 + 14 + 15) / 3)


def test_windows_hold_what_they_name(rough):
    crop = rough()
    truth = np.where(crop.hole, 2.0, np.nan)
    (window,), prepared = windows_of(crop, Architecture(), truth=truth)
    assert window.images.shape == window.masks.shape == (len(WINDOW_IMAGES), 48, 48)
    assert window.condition.shape == (len(CONDITIONS), 48, 48)
    known, filled = window.masks[0] > 0, window.masks[1] > 0
    assert not (known & window.hole).any()
    assert (filled == known | window.hole).all()
    # 1024 lost pixels are 256 of the window, but for its edge.
    assert window.hole.sum() == pytest.approx(256, abs=20)
    assert (window.images[6:] == 0).all()
    # The base and the truth less the base make the truth.
    whole = window.level + window.structure * window.images[1] + window.unit * window.truth
    assert np.allclose(whole[window.truth_known], 2.0, atol=1e-4)
    assert prepared.base.fill.z[crop.hole] == pytest.approx(get_method("mixture")(crop).z[crop.hole])
    assert np.allclose(np.hypot(window.condition[1], window.condition[2]), 1.0, atol=1e-5)
    assert window.condition[1, 24, 24] > 0.999


def test_what_stood_in_the_hole_does_not_matter(rough):
    crop = rough()
    garbage = dataclasses.replace(crop, signal=np.where(crop.hole, 1e6, crop.signal))
    (one,), _ = windows_of(crop, Architecture())
    (other,), _ = windows_of(garbage, Architecture())
    for name in ("images", "masks", "condition"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_neighbours_in_time(rough):
    crop = rough()
    around = [
        Neighbour(np.full((160, 160), value), seconds, 1.0, 1.0)
        for value, seconds in ((3.0, -720.0), (4.0, 1440.0), (5.0, -2160.0), (6.0, -3000.0))
    ]
    crop = dataclasses.replace(crop, neighbours=tuple(around))
    (window,), prepared = windows_of(crop, BOTH)
    assert any(one is not None for one in prepared.base.neighbours)
    filled = window.level + window.structure * window.images[1]
    for channel, value in ((6, 3.0), (7, 4.0), (8, 5.0)):
        there = window.masks[channel] > 0
        assert there.any()
        assert np.allclose((filled + window.unit * window.images[channel])[there], value, atol=1e-4)
    # There is only one exposure after, and two before are enough.
    assert not window.masks[9].any()
    assert window.condition[9:, 0, 0] == pytest.approx([-0.2, 0.4, -0.6, 0.0])
    for without in (
        windows_of(crop, BOTH, neighbours=False),
        windows_of(crop, Architecture()),
        windows_of(dataclasses.replace(crop, neighbours=()), BOTH),
    ):
        assert not without[0][0].masks[6:].any()
        assert not any(one is not None for one in without[1].base.neighbours)


def test_rings_of_a_zone(rough):
    blocks = tuple((row, column) for row in range(1, 4) for column in range(1, 4))
    _, prepared = windows_of(rough(blocks=blocks), Architecture())
    assert rings_of(prepared.crop, prepared.places) == [1, 1, 1, 1, 2, 1, 1, 1, 1]
    # The window of the inner block contains the results for the outer ones.
    value = np.where(prepared.crop.hole & (prepared.crop.block_rows[:, None] != 2), 9.0, np.nan)
    one, other = prepared.window(4), prepared.window(4, value=value)
    assert not np.array_equal(one.images[1], other.images[1])
    assert np.array_equal(one.images[0], other.images[0])
    assert np.isclose(other.level + other.structure * other.images[1], 9.0, atol=1e-4).any()


def test_nothing_known_no_windows(rough):
    crop = rough()
    empty = dataclasses.replace(crop, z=np.full(crop.z.shape, np.nan))
    assert windows_of(empty, Architecture()) == ([], None)


def test_one_window_for_each_block(rough):
    windows, prepared = windows_of(rough(blocks=((1, 1), (1, 2), (3, 3))), Architecture())
    assert len(windows) == len(prepared.places) == 3
    assert sum(pixels.shape[1] for _, pixels in prepared.places) == 3 * 1024
    assert rings_of(prepared.crop, prepared.places) == [1, 1, 1]


def test_equalisation_by_hand():
    values = np.array([10.0, 20.0, 40.0, 80.0, 160.0, np.nan])
    equal = Equalisation(values, levels=5)
    assert equal.forward(values)[:5] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert np.isnan(equal.forward(values)[5])
    assert equal.forward(30.0) == pytest.approx(0.375)
    assert equal.inverse(np.array([0.125, 2.0])) == pytest.approx([15.0, 160.0])


def test_equalised_values_are_spread_evenly_and_come_back():
    values = np.random.default_rng(1).lognormal(size=20000)
    equal = Equalisation(values)
    ranks = equal.forward(values)
    assert np.histogram(ranks, 10, (0, 1))[0] == pytest.approx(2000, abs=40)
    assert equal.inverse(ranks) == pytest.approx(values, rel=1e-9)
    assert Equalisation(np.full(5, 7.0)).inverse(np.array([0.0, 1.0])) == pytest.approx(7.0)
    with pytest.raises(ValueError, match="NaN"):
        Equalisation([np.nan])


def test_the_base_follows_a_front(make_crop, lost):
    """The base is kriging along the structure if it has one direction, and otherwise the mixture."""
    rows, columns = np.indices((160, 160))
    noise = np.random.default_rng(3).normal(size=(160, 160))
    ridge = 40.0 * np.exp(-0.5 * ((rows + columns - 160) / 12) ** 2)
    front, flat = (make_crop(image + noise, lost()) for image in (ridge, 0.0 * ridge))
    along = get_method("kriging")(front, only_directed=True)
    assert np.isfinite(along.z[front.hole]).all()
    base = bases_of(front, directed=True)
    assert np.array_equal(base.fill.z[front.hole], along.z[front.hole])
    assert np.array_equal(base.fill.sigma[front.hole], along.sigma[front.hole])
    assert np.array_equal(base.candidates[0][front.hole], along.z[front.hole])
    usual = bases_of(front)
    assert np.array_equal(usual.fill.z, get_method("mixture")(front).z, equal_nan=True)
    error = [np.abs((one.fill.z - ridge)[front.hole]).mean() for one in (base, usual)]
    assert error[0] < error[1]
    both = [bases_of(flat, directed=directed).fill.z for directed in (False, True)]
    assert np.array_equal(*both, equal_nan=True)
