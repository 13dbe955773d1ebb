"""Plans give the same results as the single steps, for all configurations."""

import inspect
import warnings
from dataclasses import fields

import numpy as np
import pytest

import astropy.units as u

import sunpy.map

import sunpy_lasco
from sunpy_lasco import level1
from sunpy_lasco.config import ConfigurationError
from sunpy_lasco.errors import LascoUserWarning, NotCalibratableError, OptionError
from sunpy_lasco.geometry.resampling import PIVOT, rounded_movement
from sunpy_lasco.instrument.constants import other_constants
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.level1 import plans
from sunpy_lasco.level1.counts import find_bias
from sunpy_lasco.level1.pointing import refresh_wcs
from sunpy_lasco.map.edit import frame_of
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.pixel_flags import PixelFlag


def by_steps(raw, assets, *, inpaint=None, distortion="resample", north_up=False, sun_pixel=None, **options):
    """Level 1 by the public steps; cards of the observer and of the options are omitted."""
    smap = level1.unwrap(sunpy_lasco.update_pointing(raw, pointing=level1.find_pointing(raw, assets=assets)))
    factor = level1.exposure_factor(smap, assets=assets)
    # Repair and calibration use the same.
    bias = find_bias(smap, bias=options.get("bias", "official"), factor=factor)
    if inpaint is not None:
        smap = sunpy_lasco.inpaint(smap, inpaint, bias=bias.single * u.DN)
    if options.get("pad", True):
        smap = level1.pad_to_full_frame(smap)
    smap = level1.subtract_bias(level1.mark_missing(smap), bias=bias)
    if options.get("linearity", True):
        smap = level1.correct_linearity(smap)
    if options.get("flat_field") is not None:
        smap = level1.correct_response(smap, options["flat_field"])
    smap = level1.normalize_exposure(level1.estimate_noise(smap), factor=factor)
    smap = level1.apply_calibration_factor(smap, scale=options.get("photometry", "official"))
    if options.get("vignetting", True):
        smap = level1.correct_vignetting(smap, assets=assets)
    if options.get("stray_light", True):
        smap = level1.subtract_stray_light(smap, assets=assets)
    scale = options.get("geometry", "official")
    smap = level1.correct_distortion(smap, method=distortion, scale=scale, north_up=north_up, sun_pixel=sun_pixel)
    if options.get("mask", True):
        smap = level1.apply_mask(smap, assets=assets)
    return level1.finish_header(refresh_wcs(level1.correct_time(level1.rectify(smap))))


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LascoUserWarning)
        return function(*arguments, **options)


def assert_same(steps, whole):
    np.testing.assert_array_equal(flags_of(steps), flags_of(whole))
    np.testing.assert_array_equal(steps.data, whole.data)
    np.testing.assert_array_equal(steps.uncertainty.array, whole.uncertainty.array)
    assert np.isfinite(whole.data).any()
    left_out = {"calopts", "history", "creator", "hgln_obs", "hglt_obs", "dsun_obs", "rsun_ref", "rsun_obs", "obssrc"}
    left_out |= {"obserr", "keycomments", "timesrc", "timeoff", "timesig"}
    for card in set(whole.meta) - left_out:
        assert steps.meta[card] == whole.meta[card], card
    # All lines of the steps, in order.
    steps, whole = (
        [line for line in smap.meta["history"].split("\n") if not line.startswith(("Observer", "sunpy_lasco"))]
        for smap in (steps, whole)
    )
    assert steps == whole


#: Options, and parameters of the simulated exposure.
CONFIGURATIONS = {
    "plain C2": ("C2", {}, {}),
    "plain C3": ("C3", {}, {}),
    "turned": ("C3", {"flipped": True}, {}),
    "turned C2": ("C2", {"flipped": True}, {}),
    "rolled, north up": ("C3", {"roll": 3.5}, {"north_up": True}),
    "rolled and turned, north up": ("C2", {"roll": -2.2, "flipped": True}, {"north_up": True}),
    "moved": ("C2", {}, {"sun_pixel": [500.25, 520.5] * u.pix}),
    "moved and rotated": ("C3", {"roll": 40.0}, {"north_up": True, "sun_pixel": [511.5, 511.5] * u.pix}),
    "SolarSoft's positions": ("C3", {}, {"distortion": "grid"}),
    "SIP": ("C3", {}, {"distortion": "wcs"}),
    "SIP, turned": ("C2", {"flipped": True}, {"distortion": "wcs"}),
    "distorted": ("C2", {}, {"distortion": None}),
    "distorted, turned": ("C3", {"flipped": True}, {"distortion": None}),
    "sums of the box": ("C3", {"leb_sum": (2, 2)}, {}),
    "sums on the chip": ("C2", {"chip_sum": (2, 2)}, {}),
    "oblong sums, turned": ("C3", {"leb_sum": (2, 4), "flipped": True}, {}),
    "sub-frame": ("C3", {"subframe": (128, 64, 768, 640)}, {}),
    "sub-frame, not padded": ("C3", {"subframe": (128, 64, 768, 640)}, {"pad": False}),
    "sub-frame, summed, turned": (
        "C2",
        {"subframe": (64, 128, 768, 640), "leb_sum": (2, 2), "flipped": True},
        {"pad": False},
    ),
    "no mask": ("C2", {}, {"mask": False}),
    "bare": ("C3", {}, {"mask": False, "vignetting": False, "stray_light": False, "linearity": False}),
    "scales of the stars": ("C3", {}, {"geometry": "stars", "photometry": "stars"}),
    "bias": ("C3", {}, {"bias": 400 * u.DN}),
    "dark level": ("C3", {}, {"bias": "dark"}),
    "flat field": ("C2", {}, {"flat_field": 1 + 0.01 * np.random.default_rng(1).standard_normal((1024, 1024))}),
    "saturated": ("C3", {"exptime": 120.0}, {"on_bad": "ignore"}),
    "lossy": ("C3", {"lossy": True}, {}),
    "holes": ("C3", {"lost_blocks": [(20, 12), (8, 25), (31, 3)]}, {}),
    "holes in SIP": ("C3", {"lost_blocks": [(20, 12)], "flipped": True}, {"distortion": "wcs"}),
    "filled": ("C3", {"lost_blocks": [(20, 12), (8, 25)], "flipped": True}, {"inpaint": "radial"}),
    "filled, summed": ("C2", {"lost_blocks": [(12, 5)], "leb_sum": (2, 2)}, {"inpaint": "radial"}),
    "filled in SIP, flat": (
        "C3",
        {"lost_blocks": [(20, 12)]},
        {
            "distortion": "wcs",
            "inpaint": "radial",
            "flat_field": 1 + 0.01 * np.random.default_rng(1).standard_normal((1024, 1024)),
        },
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_one_pass_gives_what_the_steps_give(name, observe, simulated_assets):
    detector, exposure, options = CONFIGURATIONS[name]
    raw = observe(detector, seed=5, **exposure).level05
    options = {"inpaint": None, **options}
    whole = quietly(sunpy_lasco.calibrate, raw, assets=simulated_assets, **options)
    assert_same(quietly(by_steps, raw, simulated_assets, **options), whole)


def test_counts_as_floats_with_nan(observe, simulated_assets):
    """NaN and lost blocks, both of which are missing, in one pass and by the steps."""
    raw = observe("C3", seed=5, lost_blocks=[(20, 12)]).level05
    data = raw.data.astype(np.float32)
    data[700:710, 300:320] = np.nan
    given = sunpy.map.Map(data, raw.meta)
    whole = quietly(sunpy_lasco.calibrate, given, assets=simulated_assets, inpaint=None)
    assert np.isnan(whole.data[702:708, 303:317]).all()
    assert np.isfinite(whole.data[712:720, 300:320]).all()
    steps = quietly(by_steps, given, simulated_assets)
    np.testing.assert_array_equal(flags_of(steps), flags_of(whole))
    np.testing.assert_array_equal(steps.data, whole.data)
    np.testing.assert_array_equal(steps.uncertainty.array, whole.uncertainty.array)


@pytest.fixture(scope="module")
def raw(observe):
    return observe("C3", seed=5).level05


@pytest.fixture(scope="module")
def plan(raw, simulated_assets):
    return sunpy_lasco.plan(raw, assets=simulated_assets)


def test_a_plan_calibrates_other_maps(plan, observe, simulated_assets):
    other = observe("C3", seed=6, exptime=18.0, lost_blocks=[(20, 12)]).level05
    done, known = plan(other), sunpy_lasco.calibrate(other, assets=simulated_assets)
    assert_same(known, done)
    assert (flags_of(done) & PixelFlag.FILLED).any()
    assert type(done) is type(other)


@pytest.mark.parametrize(
    ("exposure", "said"),
    [
        ({"flipped": True}, "spacecraft upside down is True, but the plan has False"),
        ({"leb_sum": (2, 2)}, r"shape \(rows, columns\) is \(512, 512\).*sums in the electronics box"),
        ({"untransmitted": False}, "pattern of blocks that were not sent differs"),
        ({"date": "1997-05-01T12:00"}, "image of the vignetting differs"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(plan, observe, exposure, said):
    with pytest.raises(NotCalibratableError, match=said):
        plan(observe("C3", seed=5, **exposure).level05)


def test_another_camera_and_other_calibration_images_are_refused(plan, observe, raw):
    with pytest.raises(NotCalibratableError, match="camera is 'C2', but the plan has 'C3'"):
        plan(observe("C2", seed=5).level05)
    estimated = sunpy_lasco.plan(raw, assets="estimate")
    assert estimated.key.differences(plan.key)[0] == "its image of the vignetting differs"
    assert plan.key.differences(plan.key) == []


def test_a_plan_tells_what_it_is_for(plan):
    told = repr(plan)
    for part in ("C3, 1024 x 1024 pixels", "upright", "resample", "C3ramp.fts", "pixels not sent", "assets="):
        assert part in told, part
    assert plan.nbytes < 90e6
    with pytest.raises(AttributeError):
        plan.options = None


def test_options_of_a_plan_are_those_of_calibrate(raw):
    assert (
        inspect.signature(sunpy_lasco.plan).parameters.keys()
        == inspect.signature(sunpy_lasco.calibrate).parameters.keys()
    )
    with pytest.raises(OptionError, match="step by step"):
        sunpy_lasco.plan(raw, solarsoft=True)


def test_plans_are_kept_within_their_memory(plan, raw, simulated_assets, monkeypatch):
    kept = plans._Kept()
    monkeypatch.setattr(plans, "kept_plans", kept)
    first = sunpy_lasco.plan(raw, assets=simulated_assets)
    assert sunpy_lasco.plan(raw, assets=simulated_assets).folded is first.folded
    # The mask differs, the interpolation the same.
    second = sunpy_lasco.plan(raw, assets=simulated_assets, mask=False)
    assert second.folded.interpolation is first.folded.interpolation
    shared = sum(one.nbytes for one in first.folded.interpolation.arrays)
    assert kept._nbytes() == first.nbytes + second.nbytes - shared
    monkeypatch.setenv("SUNPY_LASCO_PLAN_MEMORY", "10")
    third = sunpy_lasco.plan(raw, assets=simulated_assets, distortion="wcs")
    assert kept.get(first.key) is None
    assert kept.get(third.key) is third.folded


def test_a_plan_is_of_one_state_of_the_constants(plan, raw, simulated_assets):
    with other_constants({"C3.full_well": 12000.0}):
        assert sunpy_lasco.plan(raw, assets=simulated_assets).folded is not plan.folded
        with pytest.raises(NotCalibratableError, match="table of constants differs"):
            plan(raw)


@pytest.mark.parametrize("memory", ["much", "-1", "inf"])
def test_memory_that_is_none_is_refused(memory, plan, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_PLAN_MEMORY", memory)
    with pytest.raises(ConfigurationError, match=r"plan_memory.*megabytes"):
        plans._Kept().put(plan.folded)


@pytest.mark.parametrize(
    ("rotation", "pivot", "target"),
    [(0.65236, (517.3, 530.2), (517.3, 530.2)), (-179.99995, (3.0, 900.4), (511.5, 511.5))],
)
def test_rounding_costs_a_thousandth_of_a_pixel(rotation, pivot, target):
    """Positions of corners and middle of the frame, exact and rounded."""
    rounded, place = rounded_movement(rotation, pivot, target)

    def moved(point, degrees, start, end):
        turn = np.exp(1j * np.radians(degrees))
        return complex(*end) + turn * (complex(*point) - complex(*start))

    for point in ((0, 0), (1023, 0), (0, 1023), (1023, 1023), PIVOT):
        shift = abs(moved(point, rotation, pivot, target) - moved(point, rounded, PIVOT, place))
        assert shift <= 1e-3
    assert rounded_movement(rounded, PIVOT, place) == (rounded, place)
    # The middle of 1024 pixels, and fractions of a pixel that frames have in common.
    assert PIVOT == (511.5, 511.5)
    assert all((value * 2048).is_integer() for value in place)
    assert round(rounded * 1e4) / 1e4 == rounded


def in_double_precision(folded, counts, bias, scale, noise):
    """Brightness and sigma of a frame without holes, all in float64."""
    light = scale * folded.gain * (counts - bias)
    light -= 0 if folded.stray_light is None else folded.stray_light
    gather = folded.interpolation.gather
    weights = [np.asarray(weight, float) for weight in gather.weights()]
    sources = [gather.corner + offset for offset in gather.offsets]
    variance = np.square(scale * folded.gain * noise).ravel()
    image = sum(w * light.ravel()[at] for w, at in zip(weights, sources, strict=True))
    spread = sum(w * w * variance[at] for w, at in zip(weights, sources, strict=True))
    return image.reshape(counts.shape), np.sqrt(spread).reshape(counts.shape)


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_single_precision_is_enough(detector, observe, simulated_assets):
    """
    Brightness, relative to the light, and sigma agree with a calculation in double precision within 5 units in the last
    place.
    """
    raw = observe(detector, seed=5).level05
    folded = sunpy_lasco.plan(raw, assets=simulated_assets, linearity=False).folded
    frame, flags = frame_of(raw), flags_of(raw) & np.uint8(PixelFlag.UNTRANSMITTED)
    counts = raw.data.astype(float)
    image, sigma, _, _ = folded.apply(
        raw.data.astype(np.int32), flags, frame, bias=370.123, exptime=19.1, factor=5.9e-12
    )
    noise = np.sqrt(noise_variance(counts - 370.123, frame, pattern=False))
    exact, spread = in_double_precision(folded, counts, 370.123, 5.9e-12 / 19.1, noise)
    good = np.isfinite(image)
    assert good.mean() > 0.5
    light = np.abs(exact) + (0 if folded.stray_light is None else folded.stray_light.max())
    assert (np.abs(image - exact) / light)[good].max() < 5 * 2**-23
    assert np.abs(sigma / spread - 1)[good].max() < 5 * 2**-23
    assert (sigma[good] > 0).all()


#: Configurations that use different branches of the loops.
LOOPS = ["plain C2", "turned", "rolled and turned, north up", "moved and rotated", "oblong sums, turned", "no mask",
         "flat field", "saturated", "lossy", "holes", "SolarSoft's positions", "bare"]  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_compiled_loops_give_what_matrices_give(name, observe, simulated_assets, monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    detector, exposure, options = CONFIGURATIONS[name]
    raw = observe(detector, seed=5, **exposure).level05
    options = {"assets": simulated_assets, "inpaint": None, **options}
    loops = quietly(sunpy_lasco.plan, raw, **options)
    monkeypatch.setenv("SUNPY_LASCO_FAST", "no")
    monkeypatch.setattr(plans, "kept_plans", plans._Kept())
    matrices = quietly(sunpy_lasco.plan, raw, **options)
    assert "numba" in repr(loops)
    assert "sparse matrices" in repr(matrices)
    # The first frame of a plan does not use matrices, which are made for the second.
    first, second = quietly(matrices, raw), quietly(matrices, raw)
    assert_same(quietly(loops, raw), second)
    for one, other in ((first.data, second.data), (first.uncertainty.array, second.uncertainty.array)):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(flags_of(first), flags_of(second))
    assert loops.folded.interpolation is None or loops.folded.matrices.made is None
    assert matrices.folded.interpolation is None or matrices.folded.matrices.made is not None


def test_names_of_the_parts_of_a_key():
    assert set(plans.PART_NAMES) <= {one.name for one in fields(plans.PlanKey)}
    told = plans._clause("shape", (512, 512), (1024, 1024))
    assert told == "its shape (rows, columns) is (512, 512), but the plan has (1024, 1024)"
