"""Single steps of the calibration: values computed by hand, and errors if the order is wrong."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import level1 as calibration
from sunpy_lasco import simulate
from sunpy_lasco.errors import NotCalibratableError, OptionError
from sunpy_lasco.instrument.bias import bias_excess
from sunpy_lasco.instrument.constants import constant
from sunpy_lasco.instrument.exposure import ExposureFactor
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.photometry import calibration_factor_sigma, frame_factor
from sunpy_lasco.level1.arrays import lost_blocks, unwrapped
from sunpy_lasco.level1.brightness import stray_light_scale
from sunpy_lasco.level1.counts import bias_told, find_bias
from sunpy_lasco.map.edit import frame_of
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.simulate import optics


@pytest.fixture(scope="module")
def raw(exact):
    return exact("C3", exposure_factor=1.0).level05


@pytest.fixture(scope="module")
def pointed(raw):
    return calibration.update_pointing(raw)


def changed(smap, data=None, **cards):
    meta = smap.meta.copy()
    meta.update(cards)
    return sunpy.map.Map(smap.data if data is None else data, meta)


def test_unwrap_vector(pointed):
    """T23: counts of summed frames that overflowed signed integers of 16 bits."""
    data = np.full((512, 512), 5, np.int16)
    data[0, :2] = [-1, -32768]
    smap = changed(pointed, data, lebxsum=2, lebysum=2, naxis1=512, naxis2=512, bitpix=16)
    result = calibration.unwrap(smap)
    assert result.data[0, :3].tolist() == [65535, 32768, 5]
    assert smap.data[0, 0] == -1
    # Unsummed frames contain no such counts, and floats are unchanged.
    assert calibration.unwrap(changed(pointed, np.full((1024, 1024), -1, np.int16))).data[0, 0] == -1


def test_bias_is_subtracted_once_for_each_read_out(exact):
    for sums, times in (({}, 1), ({"leb_sum": (2, 2)}, 4), ({"chip_sum": (2, 2)}, 1)):
        simulation = exact("C3", bias=300.0, **sums)
        smap = calibration.mark_missing(calibration.unwrap(simulation.level05))
        result = calibration.subtract_bias(smap, bias=300.0 * u.DN)
        assert result.meta["biasval"] == 300.0 * times
        good = np.isfinite(result.data)
        np.testing.assert_allclose(result.data[good], simulation.data[good] - 300.0 * times, rtol=1e-6, atol=1e-3)


def test_exposure(pointed):
    smap = calibration.subtract_bias(calibration.mark_missing(calibration.unwrap(pointed)))
    factor = ExposureFactor(1.25, 0.01, None, 7, "table")
    result = calibration.normalize_exposure(smap, factor=factor)
    assert result.meta["exptime"] == pytest.approx(1.25 * smap.meta["exptime"])
    good = np.isfinite(smap.data)
    np.testing.assert_allclose(result.data[good] * result.meta["exptime"], smap.data[good], rtol=1e-6)
    assert (result.meta["expfac"], result.meta["expfsig"], result.meta["expfsrc"]) == (1.25, 0.01, "table")
    assert result.unit == u.DN / u.s


def test_missing_blocks_are_nan_and_flagged(observe, smooth_scene):
    lost = [(12, 9), (20, 25)]
    smap = observe("C3", scene=smooth_scene, lost_blocks=lost, seed=4).level05
    result = calibration.mark_missing(calibration.unwrap(smap))
    flags = sunpy_lasco.flags(result)
    expected = np.zeros((1024, 1024), bool)
    for column, row in lost:
        expected[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = True
    np.testing.assert_array_equal((flags & PixelFlag.MISSING) != 0, expected)
    assert np.isnan(result.data[expected]).all()
    corner = flags[:32, :32]
    assert ((corner & PixelFlag.UNTRANSMITTED) != 0).all()
    assert (result.meta["nmissing"], result.meta["misslist"]) == (2, "CMCNK6K6")


def test_sub_frame_is_put_where_it_was_cut(exact):
    simulation = exact("C3", subframe=(192, 256, 512, 384))
    smap = calibration.update_pointing(simulation.level05)
    result = calibration.pad_to_full_frame(calibration.unwrap(smap))
    np.testing.assert_allclose(result.data[256:640, 192:704], simulation.data, rtol=1e-6)
    outside = np.ones((1024, 1024), bool)
    outside[256:640, 192:704] = False
    assert ((sunpy_lasco.flags(result)[outside] & PixelFlag.UNTRANSMITTED) != 0).all()
    # The direction of a pixel is unchanged.
    before = smap.wcs.pixel_to_world_values(100, 200)
    np.testing.assert_allclose(result.wcs.pixel_to_world_values(292, 456), before, atol=1e-9)


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_rectification_is_lossless(detector, exact, simulated_assets, closure):
    simulation = exact(detector, flipped=True)
    detector_frame = closure.calibrated(simulation, simulated_assets, roll=0 * u.deg)
    upright = closure.calibrated(simulation, simulated_assets)
    np.testing.assert_array_equal(upright.data[::-1, ::-1], detector_frame.data)
    np.testing.assert_array_equal(upright.uncertainty.array[::-1, ::-1], detector_frame.uncertainty.array)
    np.testing.assert_array_equal(sunpy_lasco.flags(upright)[::-1, ::-1], sunpy_lasco.flags(detector_frame))
    assert abs(upright.meta["rectify"] % 360 - 180) < 1e-9
    assert detector_frame.meta["rectify"] == 0


def test_centre_of_turned_frames_vector(exact, simulated_assets, closure):
    """T16: the default centres after a turn, counted from 0."""
    for detector, centre in (("C2", (512.8, 516.5)), ("C3", (504.8, 490.5))):
        result = closure.calibrated(exact(detector, flipped=True), simulated_assets)
        np.testing.assert_allclose(result.wcs.wcs.crpix - 1, centre, atol=1e-6)


@pytest.mark.parametrize("official", [False, True])
def test_vignetting_of_summed_frames(official, exact, simulated_assets, closure):
    """Brightness does not depend on the summing and, except at edges, on how the vignetting is summed."""
    full = closure.calibrated(exact("C2"), simulated_assets, distortion=None)
    summed = closure.calibrated(exact("C2", leb_sum=(2, 2)), simulated_assets, distortion=None, solarsoft=official)
    means = full.data.reshape(512, 2, 512, 2).mean(axis=(1, 3))
    bright = np.isfinite(means) & (means > 1e-10)
    assert np.median(np.abs(summed.data[bright] / means[bright] - 1)) < 1e-3


def test_stray_light_is_taken_from_clear_images_of_c3_only(exact, simulated_assets, closure):
    clear = closure.calibrated(exact("C3"), simulated_assets)
    assert clear.meta["rampfile"] == "C3ramp.fts"
    for simulation in (exact("C3", filter="Orange"), exact("C2")):
        assert "rampfile" not in closure.calibrated(simulation, simulated_assets).meta
    left = closure.calibrated(exact("C3"), simulated_assets, stray_light=False)
    difference = left.data - clear.data
    good = np.isfinite(difference)
    ramp = simulated_assets.image("C3ramp.fts").data
    assert np.median(difference[good]) == pytest.approx(float(np.median(ramp[good])), rel=0.02)


def test_stray_light_of_the_user(exact, simulated_assets, closure, tmp_path):
    """An image or a file removes the veil of the simulated C3, which published stray light lacks; C2 has no veil."""
    exposure = exact("C3", diffracted=True)
    veil = optics.veil("C3", exposure.parameters.time).astype(np.float32)
    fits.PrimaryHDU(veil).writeto(tmp_path / "veil.fits")
    by_array = closure.calibrated(exposure, simulated_assets, stray_light=veil)
    by_file = closure.calibrated(exposure, simulated_assets, stray_light=tmp_path / "veil.fits")
    np.testing.assert_array_equal(by_array.data, by_file.data)
    x, y = np.meshgrid(np.arange(1024), np.arange(1024))
    outside = closure.interior(by_array) & (np.hypot(x - 516, y - 530) > 250)
    sky, with_veil = exact("C3"), closure.calibrated(exposure, simulated_assets)
    expected = closure.truth(sky, by_array)
    assert np.median(np.abs(by_array.data / expected - 1)[outside]) < 1e-4
    assert np.median((with_veil.data / expected - 1)[outside]) > 0.03
    assert by_array.meta["rampfile"] == "C3ramp.fts"
    assert len(by_array.meta["strayadd"]) == 16
    assert "C3ramp.fts and more" in str(by_array.meta["history"])
    assert "stray_light=given" in by_array.meta["calopts"]
    assert "strayadd" not in with_veil.meta
    steps = closure.calibrated(exposure, simulated_assets, stray_light=veil, solarsoft=True)
    assert steps.meta["strayadd"] == by_array.meta["strayadd"]
    assert "strayadd" not in closure.calibrated(exact("C2"), simulated_assets, stray_light=veil).meta


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.zeros((512, 512)), r"array of shape \(512, 512\)"),
        (np.full((1024, 1024), np.nan), "is finite"),
        (np.ones((1024, 1024)), "more than the corona"),
        ("nowhere.fits", "cannot be read as an image"),
        (None, "cannot be"),
    ],
)
def test_what_is_no_stray_light(value, reason, exact, simulated_assets):
    with pytest.raises(OptionError, match=reason):
        sunpy_lasco.calibrate(exact("C3").level05, assets=simulated_assets, stray_light=value)


ORDER = [
    ("normalize_exposure", "subtract_bias", {}),
    ("estimate_noise", "subtract_bias", {}),
    ("correct_response", "subtract_bias", {}),
    ("apply_calibration_factor", "normalize_exposure", {}),
    ("subtract_stray_light", "apply_calibration_factor", {"assets": "simulated"}),
    ("apply_mask", "correct_distortion", {"assets": "simulated"}),
    ("finish_header", "correct_distortion", {}),
    ("correct_linearity", "subtract_bias", {}),
    ("rectify", "update_pointing", {}),
    ("correct_distortion", "update_pointing", {}),
    ("pad_to_full_frame", "update_pointing", {}),
]


@pytest.mark.parametrize(("step", "before", "options"), ORDER)
def test_steps_in_a_wrong_order_are_refused(step, before, options, raw):
    options = {name: simulate.assets() if name == "assets" else value for name, value in options.items()}
    with pytest.raises(NotCalibratableError, match=f"apply {before} first"):
        getattr(calibration, step)(raw, **options)


def test_steps_are_not_done_twice(pointed, simulated_assets):
    smap = calibration.subtract_bias(calibration.mark_missing(calibration.unwrap(pointed)))
    again = [("subtract_bias", {}, smap)]
    linear = calibration.correct_linearity(smap)
    again += [("correct_linearity", {}, linear)]
    flat = calibration.correct_response(smap, response=np.ones((1024, 1024), np.float32))
    assert flat.meta["patfile"] == "given"
    again += [("correct_response", {}, flat)]
    with pytest.raises(NotCalibratableError, match="PATFILE: correct_response was already applied"):
        calibration.correct_response(flat)
    smap = calibration.normalize_exposure(smap)
    with pytest.raises(NotCalibratableError, match="normalize_exposure"):
        calibration.correct_linearity(smap)
    with pytest.raises(NotCalibratableError, match="normalize_exposure"):
        calibration.correct_response(smap)
    again += [("normalize_exposure", {}, smap), ("estimate_noise", {}, smap)]
    smap = calibration.correct_vignetting(calibration.apply_calibration_factor(smap), assets=simulated_assets)
    again += [("apply_calibration_factor", {}, smap), ("correct_vignetting", {"assets": simulated_assets}, smap)]
    smap = calibration.rectify(calibration.correct_distortion(smap))
    again += [("rectify", {}, smap), ("correct_distortion", {}, smap)]
    for step, options, done in again:
        with pytest.raises(NotCalibratableError, match="already applied"):
            getattr(calibration, step)(done, **options)


def test_the_steps_make_what_calibrate_makes(exact, simulated_assets):
    """The steps one by one, as users call them to insert their own."""
    raw = exact("C3", flipped=True, leb_sum=(2, 2)).level05
    smap = calibration.update_pointing(raw)
    for step in (calibration.unwrap, calibration.pad_to_full_frame, calibration.mark_missing):
        smap = step(smap)
    smap = calibration.correct_linearity(calibration.subtract_bias(smap))
    smap = calibration.normalize_exposure(calibration.estimate_noise(smap))
    smap = calibration.apply_calibration_factor(smap)
    smap = calibration.subtract_stray_light(
        calibration.correct_vignetting(smap, assets=simulated_assets), assets=simulated_assets
    )
    smap = calibration.apply_mask(calibration.correct_distortion(smap), assets=simulated_assets)
    smap = calibration.finish_header(calibration.update_observer(calibration.correct_time(calibration.rectify(smap))))
    whole = sunpy_lasco.calibrate(raw, assets=simulated_assets, inpaint=None)
    np.testing.assert_array_equal(smap.data, whole.data)
    np.testing.assert_array_equal(smap.uncertainty.array, whole.uncertainty.array)
    for card in ("crpix1", "crpix2", "pc1_2", "cdelt1", "date-obs", "biasval", "calfac", "rectify", "xcen"):
        assert smap.meta[card] == whole.meta[card], card


@settings(max_examples=5, deadline=None)
@given(st.floats(0.5, 2.0), st.sampled_from(["C2", "C3"]))
def test_brightness_does_not_depend_on_the_exposure(exposure, detector):
    """Half the time, half the counts, the same brightness."""
    scene = simulate.Scene(diffuse=(simulate.Uniform(5e-10),))
    options = {"noise": False, "quantise": False, "saturation": False, "diffracted": False, "scene": scene}
    options["nonlinearity"] = True
    usual = {"C2": 25.1, "C3": 19.1}[detector]
    simulation = simulate.observe(detector, exptime=usual * exposure, leb_sum=(4, 4), **options)
    result = sunpy_lasco.calibrate(simulation.level05, assets="simulated", on_bad="ignore")
    good = np.isfinite(result.data)
    assert good.any()
    np.testing.assert_allclose(np.median(result.data[good]), 5e-10, rtol=1e-4)


def test_rolls_of_another_form_are_removed(raw):
    """PC contains the roll; CROTA must be removed, since it could contradict PC."""
    stated = {"crota": 3.0, "crota1": 4.0, "crota2": 5.0}
    smap = calibration.rectify(calibration.correct_distortion(calibration.update_pointing(changed(raw, **stated))))
    assert not set(stated) & set(smap.meta)
    assert "pc1_2" in smap.meta


def test_what_is_told_of_the_scale_of_the_stars(raw):
    """The official factor times that of the stars, in cards and HISTORY, for C3 Clear."""
    smap = calibration.normalize_exposure(calibration.subtract_bias(calibration.mark_missing(calibration.unwrap(raw))))
    official, stars = (calibration.apply_calibration_factor(smap, scale=scale) for scale in ("official", "stars"))
    scale = constant("C3.star_scale")
    assert (official.meta["calscale"], stars.meta["calscale"]) == ("official", "stars")
    assert stars.meta["calfac"] / official.meta["calfac"] == pytest.approx(scale.value, rel=1e-12)
    assert scale.value != 1
    told = f"Photometric scale of stars: official factor times {scale.value} +- {scale.error}"
    assert told in stars.meta["history"]
    assert "scale of stars" not in official.meta["history"]
    good = np.isfinite(official.data)
    np.testing.assert_allclose(stars.data[good], scale.value * official.data[good], rtol=1e-6)
    sigma = calibration_factor_sigma("C3", frame_of(raw).start.decimalyear, filter_name="CLEAR")
    assert official.meta["calfsig"] == pytest.approx(sigma, rel=1e-4)


@pytest.mark.parametrize(("camera", "raised"), [("C2", False), ("C3", True)])
def test_dark_level_of_c3_alone(camera, raised, exact):
    smap = calibration.mark_missing(calibration.unwrap(exact(camera).level05))
    official, dark, given = (find_bias(smap, bias=bias) for bias in ("official", "dark", 300 * u.DN))
    assert (given.level, given.single, given.source, given.sigma) == (300.0, 300.0, "given", 0.0)
    if not raised:
        assert dark == official
        return
    excess = bias_excess(frame_of(smap).mjd)
    assert excess > 1
    assert dark.single == pytest.approx(official.single + excess)
    assert dark.level == dark.single
    assert dark.source == f"{official.source}, raised to the dark level"
    # Without the correction the uncertainty includes the possible error.
    assert official.sigma >= excess > dark.sigma


def test_lost_blocks_of_a_part_have_their_numbers_in_the_full_frame():
    """A part from the CCD's pixel (320, 416): its first block is that in column 10 and row 13."""
    header = {"detector": "C3", "filter": "Clear", "polar": "Clear", "exptime": 19.0, "date-obs": "2002/01/08",
              "time-obs": "12:00:00", "r1col": 340, "r2col": 659, "r1row": 417, "r2row": 800}  # fmt: skip
    frame = Frame.from_header(header, (384, 320))
    flags = np.zeros(frame.shape, np.uint8)
    assert lost_blocks(flags, frame) == []
    flags[64:96, 32:64] = PixelFlag.MISSING
    flags[0, 0] = PixelFlag.MISSING
    assert lost_blocks(flags, frame) == [(11, 15)]


@pytest.mark.parametrize(("level", "negative"), [(0, False), (1, False), (-1, True)])
def test_only_negative_counts_have_overflowed(level, negative):
    """Of 16 bits and summed; 0, as in lost blocks, has not."""
    frame = SimpleNamespace(is_binned=True, is_derived=False)
    counts = np.array([[5, level]], np.int16)
    found, corrected = unwrapped(counts, frame)
    assert corrected is negative
    assert found.tolist() == [[5, level + 65536 if negative else level]]


def test_error_of_the_bias_of_summed_pixels():
    """Four pixels have four times the bias, and its error."""
    bias = SimpleNamespace(level=470.0, source="given", sigma=0.25)
    for sums, error in (((1, 1), 0.25), ((2, 2), 1.0), ((2, 4), 2.0)):
        told = bias_told(SimpleNamespace(leb_sum=sums), bias)
        assert told["cards"] == {"biasval": 470.0, "biassrc": "given", "biassig": error}


def test_noise_is_estimated_before_the_exposure_is_normalised(pointed):
    smap = calibration.normalize_exposure(calibration.subtract_bias(calibration.mark_missing(pointed)))
    with pytest.raises(NotCalibratableError, match=r"EXPFAC: normalize_exposure was already applied"):
        calibration.estimate_noise(smap)


def test_the_light_path_stays_when_the_factor_is_applied(pointed, simulated_assets):
    smap = calibration.normalize_exposure(calibration.subtract_bias(calibration.mark_missing(pointed)))
    path = calibration.apply_calibration_factor(smap)._light_path
    assert (path.vignetting, path.stray_light) == (None, None)
    flat = calibration.correct_vignetting(calibration.apply_calibration_factor(smap), assets=simulated_assets)
    path = flat._light_path
    assert path.vignetting is not None
    del flat.meta["calfac"]
    assert calibration.apply_calibration_factor(flat)._light_path is path


@pytest.mark.parametrize(("change", "scale"), [(1 + 5e-7, 1), (1 - 5e-7, 1), (1.5, 1.5), (1 + 2e-6, 1 + 2e-6)])
def test_scale_of_the_stray_light(raw, change, scale):
    """The image holds for the official factor; a card has that rounded, which changes nothing."""
    frame = frame_of(raw)
    found = stray_light_scale(frame, frame_factor(frame) * change)
    assert found == np.float32(scale)


@pytest.mark.parametrize("step", ["apply_calibration_factor", "correct_distortion"])
def test_a_scale_that_does_not_exist_is_refused(step, pointed):
    smap = calibration.normalize_exposure(calibration.subtract_bias(calibration.mark_missing(pointed)))
    smap = smap if step == "apply_calibration_factor" else calibration.apply_calibration_factor(smap)
    with pytest.raises(OptionError, match="'star' is unknown; it is one of 'official', 'stars'"):
        getattr(calibration, step)(smap, scale="star")
