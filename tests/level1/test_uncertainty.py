"""The parts of the uncertainty: computed by hand, summed, and written to files."""

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco.errors import LascoError, LascoUserWarning
from sunpy_lasco.level1.error_budget import PARTS, TERMS
from sunpy_lasco.map.edit import record
from sunpy_lasco.pixel_flags import PixelFlag


@pytest.fixture(scope="module")
def clear(observe, smooth_scene):
    return sunpy_lasco.calibrate(observe("C3", scene=smooth_scene, seed=21).level05, assets="simulated")


def value(smap, parts):
    return sunpy_lasco.uncertainty(smap, parts).to_value(sunpy_lasco.MSB)


def test_a_pixel_by_hand(observe, smooth_scene):
    """Each term of a single pixel, propagated through exposure, factor and vignetting."""
    simulation = observe("C3", scene=smooth_scene, seed=21)
    result = sunpy_lasco.calibrate(simulation.level05, assets="simulated", distortion=None, stray_light=False)
    meta = result.meta
    signal = simulation.data[300, 700] - meta["biasval"]
    gain = result.data[300, 700] / signal
    expected = {
        "photon": np.sqrt(signal / 14.5) * gain,
        "read": np.sqrt(0.8) * gain,
        "quantisation": np.sqrt(1 / 12) * gain,
        "interpolation": 0,
        "fill": 0,
        "pattern": 0.0085 * signal * gain,
        "bias": meta["biassig"] * gain,
        "exposure factor": meta["expfsig"] * signal * gain,
        "calibration factor": meta["calfsig"] * signal * gain,
        "vignetting": 0.02 * signal * gain,
        "stray light": 0,
        "polariser": 0,
        "saturation": 0,
    }
    found = {name: value(result, name)[300, 700] for name in expected}
    assert found == pytest.approx(expected, rel=2e-3, abs=0)
    # At 700 DN the loss is negligible.
    assert value(result, "linearity")[300, 700] < 1e-9 * result.data[300, 700]


#: These options make the tests four times as fast.
SUMS = {"leb_sum": (2, 2)}


def make(observe, smooth_scene, kind):
    detector, options, level1 = {
        "C3": ("C3", {}, {}),
        "C3 turned, flat field": ("C3", {"flipped": True, "date": "2009-05-01T12:00", **SUMS}, {"flat_field": True}),
        "C3 before 1998": ("C3", {"date": "1997-03-01T12:00", **SUMS}, {"linearity": False}),
        "C2 in the WCS": ("C2", SUMS, {"distortion": "wcs"}),
        "C2 lossy, north up": ("C2", {"lossy": True, **SUMS}, {"north_up": True}),
        "C2 distorted": ("C2", SUMS, {"distortion": None}),
        "C2 polarised on the chip": ("C2", {"chip_sum": (2, 2), "polar": "0 Deg"}, {}),
        "C3 part": ("C3", {"subframe": (256, 320, 512, 384)}, {"pad": False}),
        "C3 repaired": ("C3", {"lost_blocks": [(4, 10), (5, 10)], **SUMS}, {}),
        "C2 nothing corrected": ("C2", SUMS, {"vignetting": False, "mask": False}),
    }[kind]
    raw = observe(detector, scene=smooth_scene, seed=4, **options).level05
    return sunpy_lasco.calibrate(raw, assets="simulated", **level1)


KINDS = [
    "C3",
    "C3 turned, flat field",
    "C3 before 1998",
    "C2 in the WCS",
    "C2 lossy, north up",
    "C2 distorted",
    "C2 polarised on the chip",
    "C3 part",
    "C3 repaired",
    "C2 nothing corrected",
]


@pytest.mark.filterwarnings("ignore::sunpy_lasco.errors.LascoUserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_terms_add_up_and_survive_files_and_cuts(kind, observe, smooth_scene, tmp_path):
    level1 = make(observe, smooth_scene, kind)
    valid = np.isfinite(level1.data)
    np.testing.assert_array_equal(np.isfinite(level1.uncertainty.array), valid)
    terms = {name: value(level1, name)[valid] for name in TERMS}
    assert all((term >= 0).all() for term in terms.values())

    def added(names):
        return np.sqrt(sum(terms[name] ** 2 for name in names))

    np.testing.assert_allclose(added(TERMS), value(level1, "total")[valid], rtol=1e-6)
    for part, names in PARTS.items():
        np.testing.assert_allclose(added(names), value(level1, part)[valid], rtol=1e-6)
    np.testing.assert_allclose(added(PARTS["random"]), level1.uncertainty.array[valid], rtol=1e-6)
    np.testing.assert_allclose(added(["photon", "bias"]), value(level1, ("photon", "bias"))[valid], rtol=1e-6)
    path = sunpy_lasco.write_level1(level1, tmp_path / "one.fts")
    back = sunpy_lasco.read_level1(path)
    whole = {name: value(level1, name) for name in TERMS}
    for name in TERMS:
        np.testing.assert_allclose(value(back, name), whole[name], rtol=1e-6)
    assert path.stat().st_size < 1.06 * (9 * level1.data.size) + 2 * 262144 + 60_000
    # Next to a cut the curvature of the image is not known.
    part = back.submap([50, 40] * u.pix, top_right=[199, 229] * u.pix)
    for name in TERMS:
        cut = value(part, name)[1:-1, 1:-1]
        np.testing.assert_allclose(cut, whole[name][41:229, 51:199], rtol=1e-5, err_msg=name)


def test_files_grow_by_a_twentieth(clear, tmp_path):
    bare = record(clear, light_path=None)
    sizes = [
        sunpy_lasco.write_level1(smap, tmp_path / name).stat().st_size
        for smap, name in ((clear, "a.fts"), (bare, "b.fts"))
    ]
    assert sizes[0] < 1.06 * sizes[1]


def test_names_of_parts(clear):
    with pytest.raises(
        ValueError, match="There is no part 'noise' of the uncertainty; there are total, random, common"
    ):
        sunpy_lasco.uncertainty(clear, "noise")
    with pytest.raises(ValueError, match="parts is empty"):
        sunpy_lasco.uncertainty(clear, [])
    np.testing.assert_array_equal(value(clear, ["pattern", "pattern"]), value(clear, "pattern"))


def test_what_is_not_known_any_more_is_refused(clear):
    with pytest.raises(LascoError, match="EDITED = 'rotate'"):
        sunpy_lasco.uncertainty(clear.rotate(10 * u.deg), "common")
    bare = record(clear, light_path=None)
    with pytest.raises(LascoError, match=r"parts of the uncertainty .* are unknown"):
        sunpy_lasco.uncertainty(bare)
    np.testing.assert_array_equal(value(bare, "random"), clear.uncertainty.array)
    without = record(clear, uncertainty=None)
    with pytest.raises(LascoError, match="has no uncertainty"):
        sunpy_lasco.uncertainty(without, "random")


def test_filled_pixels_have_their_own_term(observe, smooth_scene):
    """The error of the fill is their whole random part and exceeds the noise."""
    level1 = make(observe, smooth_scene, "C3 repaired")
    filled = (sunpy_lasco.flags(level1) & PixelFlag.FILLED) != 0
    assert filled.sum() > 1000
    np.testing.assert_allclose(value(level1, "fill")[filled], level1.uncertainty.array[filled], rtol=1e-6)
    for name in ("photon", "read", "quantisation", "interpolation", "pattern"):
        assert not value(level1, name)[filled].any()
    assert not np.nan_to_num(value(level1, "fill")[~filled]).any()


def test_saturated_pixels_are_lower_limits_in_both_cameras(real_map):
    """They keep their value with a flag; their common part is infinite, and so is that of a sum with them."""
    for name, number in (("22322544", 20_000), ("32219521", 500)):
        level1 = sunpy_lasco.calibrate(real_map(name), assets="estimate", inpaint=None)
        full = ((sunpy_lasco.flags(level1) & PixelFlag.SATURATED) != 0) & np.isfinite(level1.data)
        assert full.sum() > number
        assert np.isfinite(level1.uncertainty.array[full]).all()
        assert np.isinf(value(level1, "common")[full]).all()
        assert np.isinf(value(level1, "total")[full]).all()
        found = value(level1, "common")[~full]
        assert not np.isinf(found).any()
        row, column = np.argwhere(full)[0]
        region = np.zeros(full.shape, bool)
        region[row, column] = True
        assert np.isinf(sunpy_lasco.region_sum(level1, region).systematic)


def test_estimated_images_are_no_noise(real_map):
    """The random part is the same whatever calibration images were used; the errors of estimates are common."""
    raw = real_map("32310944")
    estimate = sunpy_lasco.calibrate(raw, assets="estimate", inpaint=None)
    noise = np.nanmedian(estimate.uncertainty.array / estimate.data)
    assert 0.004 < noise < 0.008
    assert 0.02 < np.nanmedian(value(estimate, "vignetting") / estimate.data) < 0.06
    region = np.zeros(estimate.data.shape, bool)
    region[700:732, 300:332] = True
    found = sunpy_lasco.region_sum(estimate, region)
    assert found.sigma / found.value < 1e-3
    assert 0.02 < found.systematic / found.value < 0.2
    parts = [one.to_value(sunpy_lasco.MSB) for one in (found.sigma, found.pattern, found.systematic)]
    assert found.total.to_value(sunpy_lasco.MSB) == pytest.approx(np.hypot.reduce(parts))


@pytest.mark.parametrize(("year", "expected"), [(2006, 0.02), (2016, 0.035), (1998, 0.032)])
def test_calibration_factor_of_c3_grows_away_from_2006(year, expected, observe, smooth_scene):
    raw = observe("C3", scene=smooth_scene, date=f"{year}-01-01T06:00", leb_sum=(4, 4)).level05
    parts = sunpy_lasco.systematic_uncertainty(sunpy_lasco.calibrate(raw, assets="simulated"))
    assert parts["calibration factor"] == pytest.approx(expected, abs=2e-3)


def test_star_scale_of_c2_is_surer_than_the_official_one(observe, smooth_scene):
    raw = observe("C2", scene=smooth_scene, date="2005-01-01T06:00", leb_sum=(4, 4)).level05
    parts = [
        sunpy_lasco.systematic_uncertainty(sunpy_lasco.calibrate(raw, assets="simulated", photometry=scale))
        for scale in ("official", "stars")
    ]
    assert [one["calibration factor"] for one in parts] == pytest.approx([0.18, 0.03])


@pytest.mark.parametrize(("name", "polariser"), [("22075759", 0), ("22075760", 0.01)])
def test_scale_of_deep_red_is_doubtful(name, polariser, real_map):
    """Clear and polarised frames differ by a factor of 1.7, which gives a warning and an uncertainty."""
    with pytest.warns(LascoUserWarning, match=r"uncertain by a factor 1\.7"):
        level1 = sunpy_lasco.calibrate(real_map(name), assets="estimate", inpaint=None)
    parts = sunpy_lasco.systematic_uncertainty(level1)
    assert parts["calibration factor"] == pytest.approx(np.hypot(0.18, 0.7))
    assert parts["polariser"] == polariser
    valid = np.isfinite(value(level1, "calibration factor")) & (level1.data > 0)
    ratio = value(level1, "calibration factor")[valid] / level1.data[valid]
    np.testing.assert_allclose(ratio, np.hypot(0.18, 0.7), rtol=1e-5)


@pytest.mark.parametrize(
    ("date", "polar", "expected"),
    [("1997-03-01", "0 Deg", 0.03), ("2005-03-01", "0 Deg", 0.5), ("2005-03-01", "+60 Deg", 0.03)],
)
def test_polarisers_of_c3(date, polar, expected, observe, smooth_scene):
    """The 0 degree polariser degraded."""
    options = {"filter": "Orange", "polar": polar, "leb_sum": (4, 4)}
    raw = observe("C3", scene=smooth_scene, date=f"{date}T06:00", **options).level05
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", on_bad="ignore")
    assert sunpy_lasco.systematic_uncertainty(level1)["polariser"] == expected


def test_bias_in_brightness(clear):
    """The official bias of C3 is some DN too low in every pixel."""
    parts = sunpy_lasco.systematic_uncertainty(clear)
    expected = clear.meta["biassig"] / clear.meta["exptime"] * clear.meta["calfac"]
    assert parts["bias"].to_value(sunpy_lasco.MSB) == pytest.approx(expected)
    assert 2 < clear.meta["biassig"] < 8


def test_common_part_of_a_sum(clear):
    """Errors shared by pixels add linearly, those of different causes in quadrature."""
    region = np.zeros(clear.data.shape, bool)
    region[700:710, 300:320] = True
    found = sunpy_lasco.region_sum(clear, region)
    sums = [value(clear, name)[region].sum() for name in PARTS["common"]]
    assert found.value.to_value(sunpy_lasco.MSB) == pytest.approx(clear.data[region].sum(dtype=float))
    assert found.systematic.to_value(sunpy_lasco.MSB) == pytest.approx(np.hypot.reduce(sums))
    assert found.pixels == 200
    assert found.sigma.unit == sunpy_lasco.MSB


def test_sum_of_one_pixel_and_of_uncorrelated_pixels(clear):
    one = np.zeros(clear.data.shape, bool)
    one[700, 300] = True
    sigma = float(clear.uncertainty.array[700, 300])
    found = sunpy_lasco.region_sum(clear, one)
    assert found.sigma.value == pytest.approx(sigma, rel=1e-5)
    assert found.pattern.value == pytest.approx(value(clear, "pattern")[700, 300], rel=1e-5)
    assert found.total.value == pytest.approx(value(clear, "total")[700, 300], rel=1e-5)
    apart = one.copy()
    apart[800, 300] = True
    both = np.hypot(sigma, float(clear.uncertainty.array[800, 300]))
    assert sunpy_lasco.region_sum(clear, apart).sigma.value == pytest.approx(both, rel=1e-5)


def test_neighbours_share_noise(clear):
    """A block has about 1.5 times the noise that independent pixels would have."""
    region = np.zeros(clear.data.shape, bool)
    region[690:754, 290:354] = True
    naive = np.sqrt((clear.uncertainty.array[region].astype(float) ** 2).sum())
    assert 1.3 < sunpy_lasco.region_sum(clear, region).sigma.value / naive < 1.7


def test_missing_pixels_are_left_out(clear):
    region = np.ones(clear.data.shape, bool)
    assert sunpy_lasco.region_sum(clear, region).pixels == np.isfinite(clear.data).sum()


def test_a_map_without_uncertainty_is_refused(clear):
    with pytest.raises(LascoError, match="EDITED = 'resample'"):
        sunpy_lasco.region_sum(clear.resample([512, 512] * u.pix), np.ones((512, 512), bool))
    bare = record(clear, uncertainty=None)
    with pytest.raises(LascoError, match="has no uncertainty"):
        sunpy_lasco.region_sum(bare, np.ones(bare.data.shape, bool))
