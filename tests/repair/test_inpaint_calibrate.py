"""Filled pixels in the calibration."""

import numpy as np
import pytest

from sunpy_lasco import calibrate, read_level1, region_sum, write_level1
from sunpy_lasco.instrument.blocks import decode_blocks

CASES = {
    "C3": ("C3", {}, [(22, 22), (9, 12), (10, 12)]),
    "C2": ("C2", {}, [(22, 22), (9, 12), (10, 12)]),
    "C2 summed": ("C2", {"leb_sum": (2, 2)}, [(11, 11), (4, 6)]),
    "C3 summed on the chip": ("C3", {"chip_sum": (2, 2)}, [(11, 11), (4, 6)]),
    "C3 sub-frame": ("C3", {"subframe": (192, 160, 640, 704)}, [(16, 17), (3, 7), (4, 7)]),
    "C2 turned": ("C2", {"flipped": True, "date": "2004-01-08T12:00:00"}, [(22, 22), (9, 12)]),
}


@pytest.fixture(scope="module", params=CASES)
def pair(request, raw_map, losing):
    detector, options, blocks = CASES[request.param]
    whole = raw_map(detector, **options)
    lost = losing.without(whole, blocks)
    given = {"assets": "simulated", "on_bad": "ignore"}
    return calibrate(whole, **given), calibrate(lost, **given), calibrate(lost, inpaint=None, **given), blocks, lost


def test_filled_pixels_have_the_right_brightness(pair, losing):
    whole, filled, empty, _, _ = pair
    holes = np.isnan(empty.data) & np.isfinite(whole.data)
    assert holes.sum() > 1000
    assert np.isfinite(filled.data[holes]).all()
    assert losing.has(filled, "FILLED")[holes].all()
    ratio = filled.data[holes] / whole.data[holes]
    assert abs(np.median(ratio) - 1) < 0.03
    sigma = filled.uncertainty.array
    assert (sigma[holes] > 0).all()
    pull = (filled.data - whole.data)[holes] / np.hypot(sigma, whole.uncertainty.array)[holes]
    assert np.mean(np.abs(pull) < 3) > 0.9


def test_measured_pixels_do_not_notice(pair, losing):
    whole, filled, _, _, _ = pair
    measured = np.isfinite(whole.data) & ~losing.has(filled, "FILLED")
    np.testing.assert_array_equal(filled.data[measured], whole.data[measured])
    np.testing.assert_array_equal(filled.uncertainty.array[measured], whole.uncertainty.array[measured])


def test_header_tells(pair, losing):
    _, filled, empty, blocks, lost = pair
    assert filled.meta["nmissing"] == empty.meta["nmissing"] == len(blocks)
    assert filled.meta["misslist"] == empty.meta["misslist"]
    frame = losing.frame_of(lost)
    rows = 1024 // (32 * frame.binning[1])
    first = [corner // (32 * size) for corner, size in zip(frame.corner, frame.binning, strict=True)]
    expected = {(column + first[0], row + first[1]) for column, row in blocks}
    assert set(decode_blocks(filled.meta["misslist"], rows=rows)) == expected
    assert filled.meta["nfilled"] == len(blocks)
    assert filled.meta["fillmeth"]
    assert "Filled by" in filled.meta["history"]
    assert "nfilled" not in empty.meta


def test_flags_and_sigma_survive_the_file(raw_map, losing, tmp_path):
    lost = losing.without(raw_map(), [(22, 22)])
    level1 = calibrate(lost, assets="simulated")
    path = write_level1(level1, tmp_path / "filled.fts")
    again = read_level1(path)
    np.testing.assert_array_equal(losing.has(again, "FILLED"), losing.has(level1, "FILLED"))
    assert again.meta["nfilled"] == 1
    np.testing.assert_allclose(again.uncertainty.array, level1.uncertainty.array, rtol=1e-3)


def test_sums_over_filled_pixels_do_not_average_their_errors(raw_map, losing):
    lost = losing.without(raw_map(), [(22, 22)])
    level1 = calibrate(lost, assets="simulated")
    filled = losing.has(level1, "FILLED")
    inner = filled & np.isfinite(level1.data)
    result = region_sum(level1, inner)
    linear = level1.uncertainty.array[inner].sum(dtype=float)
    assert result.sigma.value == pytest.approx(linear, rel=1e-6)
    measured = np.roll(inner, 64, axis=1) & ~filled
    assert region_sum(level1, measured).sigma.value < 0.2 * level1.uncertainty.array[measured].sum(dtype=float)
    both = region_sum(level1, inner | measured)
    assert both.pixels == inner.sum() + measured.sum()
    separate = np.hypot(result.sigma.value, region_sum(level1, measured).sigma.value)
    assert both.sigma.value == pytest.approx(separate, rel=1e-3)


def test_maps_of_a_list_help_each_other(sequence, losing, with_neighbours):
    maps = list(sequence[1:4])
    maps[1] = losing.without(maps[1], [(22, 22)])
    done = calibrate(maps, assets="simulated")
    assert done[1].meta["fillmeth"] in with_neighbours
    assert "nfilled" not in done[0].meta


def test_none_and_false_leave_nan(raw_map, losing):
    lost = losing.without(raw_map(), [(22, 22)])
    for nothing in (None, False):
        level1 = calibrate(lost, assets="simulated", inpaint=nothing)
        assert np.isnan(level1.data[losing.has(level1, "MISSING")]).all()
        assert not losing.has(level1, "FILLED").any()
