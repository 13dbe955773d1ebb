import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from sunpy_lasco import inpaint
from sunpy_lasco.map.edit import replace
from sunpy_lasco.repair.fill import find_zones, repair_frame
from sunpy_lasco.repair.holed_frame import cut
from sunpy_lasco.repair.methods.fuzzy import (
    CLASSES,
    _splines,
    coefficient_classes,
    fill,
    fill_along_lines,
    fuzzy_midpoint,
    gradient_direction,
    line_numbers,
)


def test_midpoint_vector():
    assert fuzzy_midpoint(-4.0, 6.0, np.array([1.0, 3.0, -2.0])) == 0.75
    assert fuzzy_midpoint(-4.0, 6.0, np.array([])) == 1.0
    # A member outside the interval counts as its end.
    assert fuzzy_midpoint(-4.0, 6.0, np.array([100.0])) == (2.0 + 6.0 + 6.0) / 4


def test_midpoint_is_the_middle_of_the_intersection():
    rng = np.random.default_rng(1)
    for _ in range(50):
        low, high = np.sort(rng.normal(size=2))
        members = rng.uniform(low, high, size=4)
        first = max([low, *(low + (a - low) / 2 for a in members)])
        last = min([high, *(high - (high - a) / 2 for a in members)])
        assert fuzzy_midpoint(low, high, members) == pytest.approx((first + last) / 2)


def test_counts_of_classes():
    classes = coefficient_classes()
    counts = {name: int((classes == number).sum()) for number, name in enumerate(CLASSES)}
    assert counts == {"mean": 1, "low": 14, "horizontal": 119, "vertical": 119, "diagonal": 426, "high": 345}
    # The columns of the coefficients are frequencies along x.
    assert CLASSES[classes[0, 10]] == "horizontal"
    assert CLASSES[classes[10, 0]] == "vertical"


@pytest.mark.parametrize("direction", np.linspace(0.05, 6.2, 9))
def test_splines_are_natural_cubic_ones(direction):
    rng = np.random.default_rng(2)
    cells = rng.random((24, 40)) + 1
    cells[8:16, 8:20] = 0
    cells[rng.random(cells.shape) < 0.1] = 0
    lines, order = line_numbers(cells.shape, direction)
    expected = cells.ravel().copy()
    _, starts = np.unique(lines.ravel()[order], return_index=True)
    for members in np.split(order, starts[1:]):
        values = expected[members]
        known = np.flatnonzero(values)
        if 2 <= known.size < members.size:
            spline = CubicSpline(known, values[known], bc_type="natural")
            expected[members[values == 0]] = spline(np.flatnonzero(values == 0))
    np.testing.assert_allclose(_splines(cells, direction).ravel(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("angle", [0.3, 1.2, 2.0, 3.4, 5.0])
def test_direction_of_the_gradient(angle):
    y, x = np.indices((160, 160))
    image = 1000 + 3 * (x * np.cos(angle) + y * np.sin(angle))
    image[64:96, 64:96] = 0
    assert gradient_direction(image) == pytest.approx(angle, abs=0.03)


def test_hole_in_a_radial_gradient_stays_within_its_ring(make_scene):
    y, x = np.indices((160, 160)) - 79.5
    values = 3000 - 15 * np.hypot(x - 60, y - 40)
    holes = np.zeros(values.shape, dtype=bool)
    holes[64:96, 64:96] = True
    lines = fill_along_lines(np.where(holes, 0.0, values)[32:128, 32:128])
    ring = np.zeros(holes.shape, dtype=bool)
    ring[63:97, 63:97] = True
    ring &= ~holes
    inside = lines[32:64, 32:64]
    assert values[ring].min() - 10 <= inside.min()
    assert inside.max() <= values[ring].max() + 10
    # The tolerance comes from the first run: lines are straight, but this brightness is not.
    assert np.abs(inside - values[holes].reshape(32, 32)).max() < 130
    for variant in ("idl", "intended"):
        repair = repair_frame(make_scene(values, holes), "fuzzy", variant=variant)
        assert np.abs(repair.values[holes] - values[holes]).mean() < 60


def test_two_blocks_of_constant_light_are_filled_with_it(make_scene):
    values = np.full((160, 160), 1300.0)
    holes = np.zeros(values.shape, dtype=bool)
    holes[64:96, 64:128] = True
    repair = repair_frame(make_scene(values, holes), "fuzzy")
    np.testing.assert_allclose(repair.values[holes], 1300.0, rtol=1e-9)


def test_variants_differ(raw_map, losing):
    lost = losing.without(raw_map(), [(22, 22)])
    holes = losing.has(lost, "MISSING")
    official, intended = (inpaint(lost, "fuzzy", variant=name).data[holes] for name in ("idl", "intended"))
    assert np.isfinite(official).all()
    assert np.isfinite(intended).all()
    assert np.abs(official - intended).max() > 0.1
    with pytest.raises(ValueError, match="no variant 'odd'"):
        inpaint(lost, "fuzzy", variant="odd")


def test_official_step_only_takes_the_leading_direction_away(make_scene):
    """With the error in SolarSoft, the fuzzy step zeroes one class of the coefficients of each block."""
    from scipy import fft

    rng = np.random.default_rng(5)
    y, x = np.indices((160, 160))
    values = 1500 + 2.0 * x + y + rng.normal(scale=8, size=x.shape)
    holes = np.zeros(values.shape, dtype=bool)
    holes[64:96, 64:96] = True
    crop, _ = cut(make_scene(values, holes), find_zones(make_scene(values, holes).lost_blocks())[0])
    official = crop.to_signal(fill(crop).z)[64:96, 64:96]
    background = 0.8 * crop.expected[64:96, 64:96] / crop.scale
    coefficients = fft.dctn(official - background, norm="ortho")
    classes = coefficient_classes()
    empty = [name for k, name in enumerate(CLASSES) if np.abs(coefficients[classes == k]).max() < 1e-6]
    assert len(empty) == 1
    assert empty[0] in ("horizontal", "vertical", "diagonal")


def test_untransmitted_blocks_are_no_losses(raw_map, losing):
    smap = raw_map()
    assert losing.has(smap, "UNTRANSMITTED").sum() >= 92 * 1024
    same = inpaint(smap, "fuzzy")
    np.testing.assert_array_equal(same.data, smap.data)


def test_equivariance(make_scene):
    rng = np.random.default_rng(3)
    values = 1500 + rng.normal(scale=10, size=(160, 160)).cumsum(axis=0)
    holes = np.zeros(values.shape, dtype=bool)
    holes[64:96, 64:96] = True
    one = repair_frame(make_scene(values, holes), "fuzzy", variant="intended").values[holes]
    two = repair_frame(make_scene(2 * values, holes, noise=8.0), "fuzzy", variant="intended").values[holes]
    np.testing.assert_allclose(two, 2 * one, rtol=1e-9)


def test_twenty_blocks_of_a_real_frame(real_map, losing):
    smap = real_map("32046494")
    rng = np.random.default_rng(0)
    places = [(i, j) for i in range(3, 29) for j in range(3, 29) if np.hypot(i - 16, j - 16) > 4]
    places = [place for place in places if not (place[0] < 14 and place[1] < 15)]
    blocks = [places[k] for k in rng.choice(len(places), 20, replace=False)]
    data = smap.data.copy()
    for i, j in blocks:
        data[32 * j : 32 * j + 32, 32 * i : 32 * i + 32] = 0
    lost = replace(smap, data=data)
    filled = inpaint(lost, "fuzzy")
    assert filled.meta["nfilled"] >= 19
    # Averaged over blocks, the repair is correct to about a per cent, whatever their pixels contained.
    for i, j in blocks:
        block = np.s_[32 * j : 32 * j + 32, 32 * i : 32 * i + 32]
        if np.isfinite(filled.data[block]).all():
            assert filled.data[block].mean() == pytest.approx(smap.data[block].mean(), rel=0.05)
