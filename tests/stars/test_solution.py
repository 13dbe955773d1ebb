"""Sun centre and roll from stars: simulated frames with a known pointing, and real ones."""

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import simulate, stars
from sunpy_lasco.errors import NotCalibratableError, OptionError
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.stars.detector import detector_grid
from sunpy_lasco.stars.solution import _similarity

C3_FRAMES = "32046494 32082037 32082111 32082126 32082153 32108414 32122317 32219521 32310941 32310951 32310961".split()
C2_FRAMES = "22321894 22322544 22322625 22322749 22322784".split()


def errors(solution, parameters):
    """Error of centre and roll, and the 1 sigma that the stars alone have."""
    covariance = solution.covariance[:3, :3].copy()
    covariance[:2, :2] -= solution.sky_covariance
    error = np.append(
        np.subtract(solution.centre, parameters.sun_centre), normalize_roll(solution.roll - parameters.roll)
    )
    return error, np.sqrt(np.diag(covariance))


@pytest.mark.parametrize(
    ("camera", "options"),
    [
        ("C3", {}),
        ("C3", {"flipped": True}),
        ("C3", {"roll": 61.0, "processed": "2015-01-01"}),
        ("C3", {"subframe": (0, 256, 1024, 512)}),
        ("C3", {"leb_sum": (2, 2), "exptime": 100.0}),
        ("C3", {"exptime": 5.0}),
        ("C3", {"polar": "+60 Deg", "exptime": 100.0}),
        ("C2", {}),
        ("C2", {"flipped": True, "exptime": 100.0}),
        ("C2", {"subframe": (0, 256, 1024, 512), "exptime": 100.0}),
    ],
)
def test_a_known_pointing_is_found(starry, camera, options):
    """The solution is within 0.05 pixel and 0.01 degree of the truth, which is 1 pixel from the default."""
    default = sunpy_lasco.instrument.cameras.CAMERAS[camera].sun_centre
    exposure = starry(camera, "2010-01-11T03:18", sun_centre=(default[0] + 0.8, default[1] - 0.6), seed=2, **options)
    solution = stars.solve(exposure.level05, geometry="official")
    assert solution.solved, solution.reason
    error, sigma = errors(solution, exposure.parameters)
    assert np.abs(error[:2]).max() < 0.06
    assert abs(error[2]) < 0.012
    assert np.abs(error / sigma).max() < 4
    assert solution.number == solution.table["used"].sum()
    # Clock and orbit dominate the error.
    assert solution.centre_sigma > (0.07 if camera == "C3" else 0.35)
    known = stars.solve(exposure.level05, geometry="official", clock_sigma=1 * u.s)
    assert known.centre_sigma < (0.08 if camera == "C3" else 0.33)


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        pytest.param(20, 0.75, 1.25, marks=pytest.mark.slow),
        pytest.param(120, 0.9, 1.1, marks=pytest.mark.minutes),
    ],
)
@pytest.mark.parametrize("camera", ["C3", "C2"])
def test_pulls(starry, camera, number, low, high):
    """
    The stated errors are correct, for frames of all seasons, orientations and offsets.

    The rms of three numbers of each of 120 frames is known to 0.04, of 20 to 0.09: limits are 2.5 sigma and more.
    """
    rng = np.random.default_rng(1)
    default = np.array(sunpy_lasco.instrument.cameras.CAMERAS[camera].sun_centre)
    pulls = []
    for k in range(number):
        date = f"{1998 + k % 20}-{1 + k * 5 % 12:02d}-11T03:18"
        centre = tuple(default + rng.normal(0, 0.5, 2))
        exposure = starry(camera, date, sun_centre=centre, flipped=bool(k % 2), seed=k)
        solution = stars.solve(exposure.level05, geometry="official")
        if solution.solved:
            error, sigma = errors(solution, exposure.parameters)
            pulls.append(error / sigma)
    assert len(pulls) > 0.75 * number
    rms = np.sqrt(np.mean(np.square(pulls)))
    print(camera, len(pulls), rms)
    assert low < rms < high


@pytest.mark.parametrize("camera", ["C3", "C2"])
def test_the_geometry_in_which_stars_agree_is_taken(starry, camera):
    """Simulated frames have the official plate scale; ``pointing="stars"`` of the calibration points them."""
    default = sunpy_lasco.instrument.cameras.CAMERAS[camera].sun_centre
    exposure = starry(camera, "2010-01-11T03:18", sun_centre=(default[0] + 0.8, default[1] - 0.6), seed=2)
    solution = stars.solve(exposure.level05)
    assert solution.geometry == ("official" if camera == "C3" else "stars")
    level1 = sunpy_lasco.calibrate(exposure.level05, assets="simulated", inpaint=None, pointing="stars")
    assert level1.meta["starn"] == solution.number
    found = level1.meta["sunpix1"], level1.meta["sunpix2"]
    assert found == pytest.approx(exposure.parameters.sun_centre, abs=0.06)
    if camera == "C3":
        assert not stars.solve(exposure.level05, geometry="stars").solved


def test_scale(starry):
    smap = starry("C3", "2004-04-18T14:54", seed=4).level05
    solution = stars.solve(smap, scale=True, geometry="official")
    sigma = np.sqrt(solution.covariance[3, 3])
    assert sigma < 56 * 5e-5
    assert solution.scale == pytest.approx(56.0, abs=4 * sigma)
    assert stars.solve(smap, geometry="official").scale == 56.0


def test_a_header_that_is_wrong_by_180_degrees(starry):
    exposure = starry("C3", "2010-01-11T03:18", seed=2)
    smap = sunpy_lasco.update_pointing(exposure.level05, roll=(exposure.parameters.roll + 180) * u.deg)
    solution = stars.solve(smap, geometry="official")
    assert abs(normalize_roll(solution.roll - exposure.parameters.roll)) < 0.01


@pytest.mark.parametrize(
    ("camera", "options", "reason"),
    [
        ("C3", {"leb_sum": (4, 4)}, "13 of 33 stars agree, at least 17 are needed"),
        ("C2", {"leb_sum": (4, 4), "exptime": 100.0}, "at least 3 are needed"),
        ("C2", {"chip_sum": (2, 2), "exptime": 100.0}, "of 21 stars were found, at least 3 are needed"),
        ("C2", {"subframe": (256, 256, 512, 512), "exptime": 100.0}, "at least 3 are needed"),
    ],
)
def test_what_is_not_solved_says_why(starry, camera, options, reason):
    smap = starry(camera, "2010-01-11T03:18", seed=2, **options).level05
    solution = stars.solve(smap)
    assert not solution.solved
    assert reason in solution.reason
    assert solution.centre == detector_grid(smap).attitude.centre


def test_stars_elsewhere_are_no_solution(starry):
    """For the sky of another season and for a frame without stars a reason is given, and the pointing is unchanged."""
    exposure = starry("C3", "2010-01-11T03:18", seed=2)
    wrong = stars.solve(exposure.level05, time=exposure.parameters.time + 60 * u.day, geometry="official")
    assert not wrong.solved
    assert "are needed" in wrong.reason or "rms" in wrong.reason
    assert wrong.number == 0
    scene = simulate.corona(stars=False, planets=False)
    empty = simulate.observe("C3", date="2010-01-11T03:18", scene=scene, seed=1).level05
    solution = stars.solve(empty)
    assert "stars were found, at least 5 are needed" in solution.reason
    assert solution.centre == detector_grid(empty).attitude.centre
    assert np.isnan(solution.covariance).all()


def test_a_clock_that_is_wrong_moves_the_sun(starry):
    """
    In 300 s the Sun moves by 12 arcsec, 0.22 pixel, relative to the stars; the covariance is elongated in that
    direction.
    """
    exposure = starry("C3", "2010-01-11T03:18", seed=2)
    right = stars.solve(exposure.level05, geometry="official")
    late = stars.solve(exposure.level05, time=exposure.parameters.middle + 300 * u.s, geometry="official")
    moved = np.subtract(late.centre, right.centre)
    assert np.hypot(*moved) == pytest.approx(300 * 0.0411 / 56, rel=0.1)
    along = np.linalg.eigh(right.sky_covariance)[1][:, 1]
    assert abs(moved @ along) / np.hypot(*moved) > 0.999


def test_what_is_refused(starry):
    smap = starry("C3", "2010-01-11T03:18").level05
    with pytest.raises(OptionError, match="geometry='round' is unknown"):
        stars.solve(smap, geometry="round")
    with pytest.raises(OptionError, match="is not a magnitude"):
        stars.solve(smap, limit=np.nan)
    with pytest.raises(NotCalibratableError, match="cannot be solved"):
        stars.solve(smap.rotate(10 * u.deg))


def held_out(smap):
    """Residuals, pixel along an axis, of each half of the stars by the pointing of the other half, and their sigma."""
    solution = stars.solve(smap)
    assert solution.solved, solution.reason
    table = solution.table[solution.table["used"]]
    plane, seen = (np.array([table[f"{stem}_x"], table[f"{stem}_y"]]) for stem in ("plane", "ideal"))
    sigma, first = np.asarray(table["ideal_sigma"]), np.arange(len(table)) % 2 == 0
    start = detector_grid(smap).attitude
    left = np.empty_like(seen)
    for half in (first, ~first):
        left[:, ~half] = _similarity(plane, seen, sigma, half, start, False)[2][:, ~half]
    return left, solution


@pytest.mark.parametrize("name", C3_FRAMES)
def test_real_c3_frames(real_map, name):
    """One half of the stars gives the pointing, the other half tests it."""
    smap = real_map(name)
    left, solution = held_out(smap)
    away = np.hypot(*left)
    header = detector_grid(smap).attitude
    print(
        f"{name} {smap.date.isot[:16]} {solution.number} stars, offset {np.hypot(*np.median(left, axis=1)):.3f}, "
        f"median {np.median(away):.3f} 95 % {np.percentile(away, 95):.3f} px, centre - header "
        f"{solution.centre[0] - header.centre[0]:+.2f} {solution.centre[1] - header.centre[1]:+.2f}, "
        f"roll - header {normalize_roll(solution.roll - header.roll):+.4f} +- {solution.roll_sigma:.4f}"
    )
    assert solution.number >= 25
    assert np.hypot(*np.median(left, axis=1)) < 0.05
    assert solution.roll_sigma < 0.0035
    assert np.median(away) < (0.16 if name != "32108414" else 0.25)
    assert np.percentile(away, 95) < 0.55


@pytest.mark.parametrize("name", C2_FRAMES)
def test_real_c2_frames(real_map, name):
    smap = real_map(name)
    left, solution = held_out(smap)
    away = np.hypot(*left)
    header = detector_grid(smap).attitude
    print(
        f"{name} {smap.date.isot[:16]} {solution.number} stars, offset {np.hypot(*np.median(left, axis=1)):.3f}, "
        f"median {np.median(away):.3f} 95 % {np.percentile(away, 95):.3f} px, centre - header "
        f"{solution.centre[0] - header.centre[0]:+.2f} {solution.centre[1] - header.centre[1]:+.2f}, "
        f"roll - header {normalize_roll(solution.roll - header.roll):+.4f} +- {solution.roll_sigma:.4f}"
    )
    assert solution.number >= 6
    assert solution.roll_sigma < 0.02
    assert np.sqrt(np.trace(solution.covariance[:2, :2] - solution.sky_covariance) / 2) < 0.15
    assert np.median(away) < 0.45


def test_nothing_radial_is_left_in_c3(real_map):
    """To 28 solar radii, over all real frames."""
    radius, outward = [], []
    for name in C3_FRAMES:
        solution = stars.solve(real_map(name))
        table = solution.table[solution.table["used"]]
        away = np.array([table["ideal_x"], table["ideal_y"]]) - np.array(solution.centre)[:, None]
        radius.extend(np.hypot(*away))
        outward.extend((away * np.array([table["left_x"], table["left_y"]])).sum(axis=0) / np.hypot(*away))
    radius, outward = np.array(radius), np.array(outward)
    for low, high in ((100, 200), (200, 300), (300, 400), (400, 480)):
        ring = (radius > low) & (radius < high)
        print(low, high, ring.sum(), f"{np.median(outward[ring]):+.3f}")
        assert abs(np.median(outward[ring])) < 0.05


def test_levels_agree(real_map):
    """Level 1 has the pointing of level 0.5, whether the distortion is corrected, kept or described."""
    raw = real_map("32082037")
    before = stars.solve(raw)
    for options in ({}, {"geometry": "stars"}, {"north_up": True}, {"distortion": "wcs"}, {"distortion": None}):
        level1 = sunpy_lasco.calibrate(raw, assets="estimate", inpaint=None, on_bad="ignore", **options)
        after = stars.solve(level1)
        np.testing.assert_allclose(after.centre, before.centre, atol=0.06, err_msg=str(options))
        assert after.roll == pytest.approx(before.roll, abs=0.005)
