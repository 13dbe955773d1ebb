"""Input of `sunpy_lasco.calibrate`: rejected maps, options, several maps."""

import copy

import numpy as np
import pytest

import astropy.units as u

import sunpy.map
from sunpy.map import MapSequence

import sunpy_lasco
from sunpy_lasco.errors import BadFrameError, LascoUserWarning, MissingAssetError, NotCalibratableError
from sunpy_lasco.instrument.changes import without_statistics


@pytest.fixture(scope="module")
def simulation(observe, smooth_scene):
    return observe("C3", scene=smooth_scene, seed=21)


def with_cards(smap, data=None, **cards):
    meta = copy.deepcopy(smap.meta)
    meta.update({name.replace("__", "-"): value for name, value in cards.items()})
    return sunpy.map.Map(smap.data if data is None else data, meta)


REFUSED = {
    "dark": ({"lp_num": "Dark"}, "LP_NUM"),
    "lamp": ({"lp_num": "Cal Lamp"}, "LP_NUM"),
    "door closed": ({"lp_num": "Door Closed"}, "door closed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_image_of_the_sky(case, simulation):
    cards, message = REFUSED[case]
    with pytest.raises(NotCalibratableError, match=message):
        sunpy_lasco.calibrate(with_cards(simulation.level05, **cards), assets="simulated")


def test_level_1_already(simulation, test_data):
    level1 = sunpy_lasco.calibrate(simulation.level05, assets="simulated")
    with pytest.raises(NotCalibratableError, match="is already level 1"):
        sunpy_lasco.calibrate(level1, assets="simulated")
    official = sunpy.map.Map(test_data / "level1" / "35082038.fts")
    with pytest.raises(NotCalibratableError, match=r"35082038\.fts is already level 1"):
        sunpy_lasco.calibrate(official, assets="simulated")


def test_helioviewer(simulation):
    image = with_cards(simulation.level05, np.zeros((1024, 1024), np.uint8), helioviewer="soho-lasco-c3")
    with pytest.raises(NotCalibratableError, match="Helioviewer"):
        sunpy_lasco.calibrate(image, assets="simulated")


def test_other_detectors_and_other_things(simulation):
    c1 = with_cards(simulation.level05, detector="C1")
    assert type(c1).__name__ == "LASCOMap"
    with pytest.raises(TypeError, match="LASCO C1"):
        sunpy_lasco.calibrate(c1)
    with pytest.raises(TypeError, match="ndarray"):
        sunpy_lasco.calibrate(simulation.data)


def test_marked_by_the_ground_system(simulation):
    data = simulation.data.copy()
    data[0, 0] = -1
    with pytest.raises(NotCalibratableError, match="first pixel"):
        sunpy_lasco.calibrate(with_cards(simulation.level05, data), assets="simulated")


def test_no_calibration_for_the_filter(simulation):
    with pytest.raises(NotCalibratableError, match="FILTER"):
        sunpy_lasco.calibrate(with_cards(simulation.level05, filter="Grey"), assets="simulated")


@pytest.mark.parametrize(
    "options",
    [{"distortion": "none"}, {"geometry": "star"}, {"photometry": "best"}, {"on_bad": "error"}, {"bias": "dark level"}],
)
def test_misspelt_options(options, simulation):
    with pytest.raises(ValueError, match="unknown"):
        sunpy_lasco.calibrate(simulation.level05, assets="simulated", **options)


@pytest.mark.parametrize("factor", [0, -1, np.nan, np.inf])
def test_impossible_factors(factor, simulation):
    with pytest.raises(ValueError, match="positive"):
        sunpy_lasco.calibrate(simulation.level05, assets="simulated", factor=factor)


def test_missing_assets_are_named_with_the_way_to_supply_them(simulation, tmp_path):
    with pytest.raises(MissingAssetError, match=r"c3vig_postint_final\.fts") as caught:
        sunpy_lasco.calibrate(simulation.level05, assets=tmp_path)
    assert "soho.nascom.nasa.gov" in str(caught.value) or "http" in str(caught.value)
    assert "assets=" in str(caught.value)


def test_several_maps(observe, smooth_scene):
    raws = [observe(camera, scene=smooth_scene, seed=5, leb_sum=(2, 2)).level05 for camera in ("C2", "C3")]
    as_list = sunpy_lasco.calibrate(raws, assets="simulated")
    assert [type(one) for one in as_list] == [sunpy_lasco.LASCOC2Map, sunpy_lasco.LASCOC3Map]
    sequence = sunpy_lasco.calibrate(MapSequence(raws), assets="simulated")
    assert isinstance(sequence, MapSequence)
    for one, other in zip(as_list, sequence, strict=True):
        np.testing.assert_array_equal(one.data, other.data)


def test_input_does_not_change(simulation):
    raw = simulation.level05
    data, meta = raw.data.copy(), copy.deepcopy(raw.meta)
    sunpy_lasco.calibrate(raw, assets="simulated", north_up=True)
    np.testing.assert_array_equal(raw.data, data)
    assert raw.meta == meta
    assert raw.data.dtype == data.dtype


def test_dim_and_saturated_frames(simulation):
    raw = simulation.level05
    # Counts that such a frame would have, with matching header.
    raw = sunpy.map.Map(raw.data, without_statistics(raw.meta))
    bias = simulation.parameters.nominal_bias
    sent = raw.data > 0
    dim = np.where(sent, bias + 0.15 * (raw.data - bias), 0).astype(raw.data.dtype)
    with pytest.warns(LascoUserWarning, match="times as bright as normal"):
        result = sunpy_lasco.calibrate(with_cards(raw, dim), assets="simulated")
    assert np.isfinite(result.data).any()
    with pytest.raises(BadFrameError, match="times as bright"):
        sunpy_lasco.calibrate(with_cards(raw, dim), assets="simulated", on_bad="raise")
    full = raw.data.copy()
    full[200:500, 200:500] = 16383
    with pytest.warns(LascoUserWarning, match="of the pixels are saturated"):
        sunpy_lasco.calibrate(with_cards(raw, full), assets="simulated")
    assert np.isfinite(sunpy_lasco.calibrate(with_cards(raw, full), assets="simulated", on_bad="ignore").data).any()


def test_estimate_is_an_explicit_choice_that_marks_the_product(real_map):
    raw = real_map("32082037")
    result = sunpy_lasco.calibrate(raw, assets="estimate")
    assert result.meta["vigest"] is True
    assert "ESTIMATE" in str(result.meta["history"])
    relative = np.nanmedian(sunpy_lasco.uncertainty(result, "vignetting").value / result.data)
    assert 0.02 < relative < 0.06


def test_dark_level_and_bias_of_ones_own(simulation):
    raw = simulation.level05
    official, dark, own = (
        sunpy_lasco.calibrate(raw, assets="simulated", bias=bias) for bias in ("official", "dark", 300 * u.DN)
    )
    assert 2 < dark.meta["biasval"] - official.meta["biasval"] < 8
    assert own.meta["biasval"] == 300
    assert np.nanmedian(dark.data) < np.nanmedian(official.data) < np.nanmedian(own.data)


def test_other_geometry(simulation):
    official, stars = (
        sunpy_lasco.calibrate(simulation.level05, assets="simulated", geometry=scale) for scale in ("official", "stars")
    )
    assert stars.scale[0].value == pytest.approx(56.182)
    assert official.scale[0].value == pytest.approx(56.0)
    assert stars.meta["geoscale"] == "stars"


def test_solarsoft(simulation):
    result = sunpy_lasco.calibrate(simulation.level05, assets="simulated", solarsoft=True, inpaint=None)
    assert np.isfinite(result.data).all()
    masked = sunpy_lasco.flags(result) & sunpy_lasco.PixelFlag.MASKED
    assert (result.data[masked != 0] == 0).all()
    assert result.meta["datazer"] == (result.data <= 0).sum()
