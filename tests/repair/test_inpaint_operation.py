import copy
import re
import warnings

import numpy as np
import pytest

import astropy.units as u

import sunpy.map

from sunpy_lasco import LASCOC3Map, PixelFlag, calibrate, flags, inpaint
from sunpy_lasco.errors import LascoUserWarning, NotCalibratableError, OptionError
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.map.edit import replace
from sunpy_lasco.repair.fill import SINGLE_FRAME_METHODS

BLOCKS = [(8, 12), (9, 12), (22, 22)]


@pytest.fixture(scope="module")
def lost(raw_map, losing):
    return losing.without(raw_map(), BLOCKS)


@pytest.fixture(scope="module")
def filled(lost):
    return inpaint(lost, "fuzzy")


def test_measured_pixels_are_the_same_bits(lost, filled, losing):
    measured = ~losing.has(lost, "MISSING")
    assert measured.sum() == lost.data.size - 3 * 1024
    np.testing.assert_array_equal(filled.data[measured], lost.data[measured])
    assert np.isfinite(filled.data).all()


def test_map_stays_what_it_was(lost, filled):
    assert type(filled) is LASCOC3Map
    assert filled.unit == u.DN
    assert filled.data.dtype == np.float32
    assert filled.processing_level == 0.5
    assert filled.wcs.wcs.compare(lost.wcs.wcs)
    np.testing.assert_array_equal(filled.mask, lost.mask & ~((flags(filled) & PixelFlag.FILLED) != 0))


def test_input_does_not_change(lost):
    data, meta = lost.data.copy(), copy.deepcopy(lost.meta)
    inpaint(lost, "fuzzy")
    np.testing.assert_array_equal(lost.data, data)
    assert lost.meta == meta
    assert lost._flags is None
    assert lost.uncertainty is None


def test_flags_sigma_and_history(lost, filled, losing):
    holes = losing.has(lost, "MISSING")
    np.testing.assert_array_equal(losing.has(filled, "FILLED"), holes)
    np.testing.assert_array_equal(losing.has(filled, "MISSING"), holes)
    other = ~np.uint8(PixelFlag.FILLED)
    np.testing.assert_array_equal(flags(filled) & other, flags(lost) & other)
    sigma = filled.uncertainty.array
    assert (sigma[holes] > 0).all()
    assert sigma[holes].max() < 0.5 * filled.data[holes].max()
    signal = lost.data[~holes & ~losing.has(lost, "UNTRANSMITTED")]
    assert (np.isfinite(sigma[~holes & ~losing.has(lost, "UNTRANSMITTED")])).all()
    assert signal.size
    assert filled.meta["nfilled"] == 3
    assert filled.meta["fillmeth"] == "fuzzy"
    assert "Filled by fuzzy, blocks column,row: 8,12 9,12 22,22" in filled.meta["history"]


def test_what_stood_in_the_holes_does_not_matter(lost, losing):
    holes = losing.has(lost, "MISSING")
    results = []
    for value in (0, np.nan, 1e6, -5.0):
        data = lost.data.astype(np.float32)
        data[holes] = value
        # If flags are given, the pixels may have any value.
        results.append(inpaint(replace(lost, data=data, flags=flags(lost)), "fuzzy").data)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_no_holes_no_change(raw_map):
    smap = raw_map()
    same = inpaint(smap)
    np.testing.assert_array_equal(same.data, smap.data)
    assert same.data.dtype == smap.data.dtype
    assert same.meta == smap.meta
    assert same is not smap


def test_filling_twice_changes_nothing(filled):
    again = inpaint(filled, "fuzzy")
    np.testing.assert_array_equal(again.data, filled.data)
    np.testing.assert_array_equal(again.uncertainty.array, filled.uncertainty.array)


@pytest.mark.parametrize(
    ("detector", "options"),
    [
        ("C3", {}),
        ("C2", {}),
        ("C2", {"leb_sum": (2, 2)}),
        ("C3", {"chip_sum": (2, 2)}),
        ("C3", {"subframe": (192, 160, 640, 704)}),
        ("C2", {"flipped": True, "date": "2004-01-08T12:00:00"}),
    ],
)
def test_auto_fills_any_frame(raw_map, losing, detector, options):
    whole = raw_map(detector, **options)
    frame = losing.frame_of(whole)
    # A block in the corona above the occulter, the same for all frames.
    column, row = (700 - frame.corner[0]) // (32 * frame.binning[0]), (730 - frame.corner[1]) // (32 * frame.binning[1])
    lost = losing.without(whole, [(column, row)])
    holes = losing.has(lost, "MISSING")
    filled = inpaint(lost)
    assert type(filled) is type(whole)
    assert losing.has(filled, "FILLED").sum() == 1024
    bias = 320.0 if detector == "C3" else 470.0
    reads = np.prod(options.get("leb_sum", (1, 1)))
    truth = whole.data[holes].astype(float)
    assert abs((filled.data[holes] - truth).mean() / (truth.mean() - bias * reads)) < 0.02
    noise = np.sqrt(noise_variance(truth - bias * reads, frame))
    pull = (filled.data[holes] - truth) / np.hypot(filled.uncertainty.array[holes], noise)
    assert np.mean(np.abs(pull) < 3) > 0.95


def test_wrapped_sums_are_filled_at_their_true_level(losing):
    from sunpy_lasco import simulate

    whole = simulate.observe("C2", leb_sum=(2, 2), exptime=100.0, bitpix=16, seed=8).level05
    assert whole.data.dtype.kind == "i"
    wrapped = whole.data < 0
    assert wrapped.any()
    lost = losing.without(whole, [(6, 12)])
    filled = inpaint(lost)
    measured = ~losing.has(lost, "MISSING") & ~losing.has(lost, "UNTRANSMITTED")
    expected = np.where(wrapped, whole.data + 65536.0, whole.data)
    np.testing.assert_array_equal(filled.data[measured], expected[measured])
    assert "unwrapped" in filled.meta["history"]
    holes = losing.has(lost, "MISSING")
    assert np.abs(filled.data[holes] / expected[holes] - 1).mean() < 0.03


def test_whole_frame_lost(raw_map):
    nothing = replace(raw_map(), data=np.zeros_like(raw_map().data))
    with pytest.warns(LascoUserWarning, match="stay empty"):
        result = inpaint(nothing)
    assert not np.isfinite(result.data[(flags(result) & PixelFlag.MISSING) != 0]).any()
    assert not ((flags(result) & PixelFlag.FILLED) != 0).any()


def test_zones_beyond_a_hundred_blocks_need_neighbours(sequence, losing, with_neighbours):
    blocks = [(column, row) for column in range(32) for row in range(20, 24)]
    lost = losing.without(sequence[2], blocks)
    with pytest.warns(LascoUserWarning, match="too large to be filled"):
        alone = inpaint(lost)
    holes = losing.has(lost, "MISSING")
    visible = holes & ~losing.has(lost, "MASKED")
    assert np.isnan(alone.data[holes]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        helped = inpaint(lost, context=sequence)
    assert np.isfinite(helped.data[visible]).all()
    np.testing.assert_array_equal(losing.has(helped, "FILLED") & visible, visible)
    assert helped.meta["fillmeth"].split(", ")[0] in with_neighbours


def test_auto_says_per_block_what_it_used(sequence, losing, with_neighbours):
    lost = losing.without(sequence[2], [(20, 22), (8, 10)])
    # The neighbours lost one of the two blocks.
    context = [losing.without(one, [(8, 10)]) for one in sequence]
    filled = inpaint(lost, context=context)
    history = filled.meta["history"].replace("\n   ", "")
    shown, single = (
        re.search(rf"Filled by (\w+), blocks column,row: (8,10 )?{block}", history)[1] for block in ("20,22", "8,10")
    )
    assert shown in with_neighbours
    assert single in {"network", *SINGLE_FRAME_METHODS}
    assert "Neighbours in time: " in history
    # Neighbours have no influence on a block that they do not show.
    alone = inpaint(lost)
    hidden = losing.has(filled, "FILLED") & (np.arange(1024) // 32 == 8)
    assert np.allclose(filled.data[hidden], alone.data[hidden], rtol=0.01)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"filter": "Orange"}, "ORANGE"),
        ({"polar": "+60 Deg"}, r"\+60DEG"),
        ({"leb_sum": (2, 2)}, "summed over 2 x 2"),
        ({"date": "2002-01-08T18:00:00"}, "360 minutes away"),
        ({"sun_centre": (520.0, 535.0)}, "pixels away"),
        ({"flipped": True}, "rotated relative"),
    ],
)
def test_context_that_does_not_fit(raw_map, losing, options, reason):
    base = {"date": "2002-01-08T12:00:00", "processed": "2012-01-01"}
    lost = losing.without(raw_map(**base), BLOCKS[2:])
    other = raw_map(**(base | {"date": "2002-01-08T12:12:00"} | options))
    with pytest.warns(LascoUserWarning, match=reason):
        result = inpaint(lost, "temporal", context=[other])
    assert np.isnan(result.data[losing.has(lost, "MISSING")]).all()


def test_exposures_that_went_wrong_do_not_help(real_map, losing):
    good = real_map("32219521")
    meta = copy.deepcopy(good.meta)
    meta["time-obs"], meta["mid_time"] = "00:30:03.461", meta["mid_time"] + 720
    # As in 32108414, with 17 % of the light.
    dark = replace(good, data=np.where(good.data > 400, 400 + (good.data - 400.0) * 0.17, good.data), meta=meta)
    with pytest.warns(LascoUserWarning, match="times as bright"):
        inpaint(losing.without(good, BLOCKS[2:]), "temporal", context=[dark])


def test_what_cannot_be_repaired_is_refused(raw_map):
    with pytest.raises(TypeError, match="Only maps of LASCO"):
        inpaint(sunpy.map.GenericMap(np.ones((4, 4)), _other_header()))
    with pytest.raises(ValueError, match="no method 'magic'"):
        inpaint(raw_map(), "magic")
    with pytest.raises(NotCalibratableError, match="EDITED"):
        inpaint(raw_map().rotate(3 * u.deg))
    lost = raw_map().data.copy()
    lost[320:352, 640:672] = 0
    with pytest.raises(TypeError, match="context"):
        inpaint(replace(raw_map(), data=lost), context=[np.ones(3)])


def _other_header():
    from astropy.coordinates import SkyCoord

    from sunpy.coordinates import frames
    from sunpy.map.header_helper import make_fitswcs_header

    centre = SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=frames.Helioprojective(observer="earth", obstime="2020-01-01"))
    return make_fitswcs_header(np.ones((4, 4)), centre)


def test_exposure_time_only_scales(losing):
    from sunpy_lasco import simulate

    rates = []
    for exptime in (9.5, 19.0):
        one = simulate.observe(
            "C3", exptime=exptime, noise=False, exposure_factor=1.0, bias=330.0, scene=_smooth(), quantise=False, seed=1
        ).level05
        lost = losing.without(one, BLOCKS)
        holes = losing.has(lost, "MISSING")
        rates.append((inpaint(lost, response=None, bias=330 * u.DN).data[holes] - 330.0) / exptime)
    assert np.median(np.abs(rates[1] / rates[0] - 1)) < 2e-3


def _smooth():
    from sunpy_lasco import simulate

    return simulate.Scene(diffuse=(simulate.KCorona(), simulate.FCorona()))


def test_level1_is_filled_in_any_shape(raw_map):
    level1 = calibrate(raw_map(), assets="simulated", inpaint=None)
    y, x = np.indices(level1.data.shape)
    round_hole = np.hypot(x - 700, y - 640) < 19.0
    data, marks = level1.data.copy(), flags(level1)
    data[round_hole] = np.nan
    marks[round_hole] |= np.uint8(PixelFlag.MISSING)
    filled = inpaint(replace(level1, data=data, flags=marks))
    assert filled.unit == level1.unit
    assert filled.processing_level == 1.0
    np.testing.assert_array_equal((flags(filled) & PixelFlag.FILLED) != 0, round_hole)
    np.testing.assert_array_equal(filled.data[~round_hole], level1.data[~round_hole])
    error = filled.data[round_hole] / level1.data[round_hole] - 1
    assert np.abs(error).mean() < 0.03
    assert abs(error.mean()) < 0.01
    sigma = filled.uncertainty.array
    assert (sigma[round_hole] > 0).all()
    np.testing.assert_array_equal(sigma[~round_hole], level1.uncertainty.array[~round_hole])


def test_level1_with_neighbours(sequence, losing):
    lost = losing.without(sequence[2], [(21, 19)])
    level1 = calibrate(lost, assets="simulated", inpaint=None)
    truth = calibrate(sequence[2], assets="simulated")
    context = [calibrate(sequence[k], assets="simulated") for k in (1, 3)]
    filled = inpaint(level1, context=context)
    holes = losing.has(filled, "FILLED")
    assert holes.sum() >= 1024
    assert filled.meta["fillmeth"] == "temporal"
    error = filled.data[holes] / truth.data[holes] - 1
    assert np.median(np.abs(error)) < 0.03
    assert abs(np.median(error)) < 0.005


def test_official_level1_keeps_what_is_masked(real_map):
    smap = real_map("35082038")
    result = inpaint(smap) if ((flags(smap) & PixelFlag.MISSING) != 0).any() else smap
    masked = (flags(smap) & PixelFlag.MASKED) != 0
    np.testing.assert_array_equal(np.isnan(result.data[masked]), np.isnan(smap.data[masked]))
    measured = np.isfinite(smap.data)
    np.testing.assert_array_equal(result.data[measured], smap.data[measured])


@pytest.mark.filterwarnings("error::astropy.io.fits.verify.VerifyWarning")
def test_tabulators_of_the_archives_are_read_in_silence(sequence, losing, real_frame, monkeypatch):
    """Almost every file in the archive has some, and users cannot change them."""
    from sunpy_lasco.net import context

    monkeypatch.setattr(context, "fetch_around", lambda *_, **__: [real_frame("32082037")])
    lost = losing.without(sequence[2], [(20, 22)])
    # The downloaded exposure is from another day, and is not a neighbour.
    filled = inpaint(lost, "kriging", context="archive")
    assert np.array_equal(filled.data, inpaint(lost, "kriging").data, equal_nan=True)


def test_context_of_the_archives(sequence, losing, monkeypatch):
    from sunpy_lasco.net import context

    asked = []

    def fetch_around(start, camera, **options):
        asked.append((start.isot[:16], camera, options["filter"], options["polarizer"], options["longest"]))
        return []

    monkeypatch.setattr(context, "fetch_around", fetch_around)
    # A frame without losses sends no request.
    inpaint(sequence[2], context="archive")
    assert asked == []
    lost = losing.without(sequence[2], [(20, 22)])
    filled = inpaint(lost, "kriging", context="archive")
    assert asked == [("2002-01-08T12:24", "C3", "CLEAR", "CLEAR", 5400.0)]
    assert np.array_equal(filled.data, inpaint(lost, "kriging").data, equal_nan=True)
    with pytest.raises(OptionError, match="only word is 'archive'"):
        inpaint(lost, context="neighbours")
