"""Calibration factors, bias and exposure: vectors computed by hand or by other programs."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.bias import bias_excess, bias_polynomial, choose_bias, dark_level, late_c2_bias
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.exposure import find_exposure_factor, no_factor
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.noise import rounded_variance
from sunpy_lasco.instrument.photometry import (
    calibration_factor,
    calibration_factor_sigma,
    doubtful_factor,
    frame_factor,
)


@pytest.mark.parametrize(
    ("filter_name", "polar", "mjd", "factor"),
    [
        ("ORANGE", "CLEAR", 54890, 6.268312067e-12),
        ("ORANGE", "CLEAR", 50083, 6.0469963449e-12),
        ("ORANGE", "CLEAR", 60310, 6.517850493e-12),
        ("ORANGE", "+60DEG", 54890, 2.481910067706684e-11),
        ("ORANGE", "ND", 54890, 6.268312067e-12),
        ("DEEPRD", "ND", 54890, 0.0),
        ("DEEPRD", "CLEAR", 54890, 1.033e-11),
        ("BLUE", "0DEG", 54890, 4.090117199873298e-11),
        ("HALPHA", "CLEAR", 54890, 1.055e-12),
        ("LENS", "CLEAR", 54890, 1.055e-12),
        ("NONSENSE", "CLEAR", 54890, 0.0),
    ],
)
def test_c2_calibration_factors(filter_name, polar, mjd, factor):
    assert calibration_factor("C2", filter_name, polar, mjd) == pytest.approx(factor, rel=1e-9)


@pytest.mark.parametrize(
    ("filter_name", "polar", "mjd", "factor"),
    [
        ("CLEAR", "CLEAR", 50000, 5.96e-13),
        ("CLEAR", "CLEAR", 52940, 6.178442e-13),
        ("CLEAR", "CLEAR", 60310, 6.726033e-13),
        ("CLEAR", "0DEG", 51000, 2.3491145707950585e-12),
        ("CLEAR", "-60DEG", 51000, 2.4454015085524232e-12),
        ("CLEAR", "+60DEG", 51000, 2.389254038644283e-12),
        ("CLEAR", "H_ALPHA", 51000, 1.541e-10),
        ("CLEAR", "ND", 51000, 0.0),
        ("ORANGE", "-60DEG", 51000, 1.2697996515679445e-11),
        ("IR", "0DEG", 51000, 3.453385730123535e-11),
        ("BLUE", "H_ALPHA", 51000, 9.75e-12),
    ],
)
def test_c3_calibration_factors(filter_name, polar, mjd, factor):
    assert calibration_factor("C3", filter_name, polar, mjd) == pytest.approx(factor, rel=1e-9)


def test_a_summed_pixel_has_its_share_of_the_factor():
    assert calibration_factor("C2", "ORANGE", "CLEAR", 54890, 4) == pytest.approx(1.56707801675e-12, rel=1e-9)


@pytest.mark.parametrize(
    ("mjd", "bias"),
    [
        (50083, 471.488435),
        (51057, 561.059804),
        (51058, 547.709223),
        (52940, 599.089592),
        (54890, 618.656278),
        (58570, 636.275540),
        (58571, 651.708242),
        (58802, 648.419040),
        (60310, 686.424577),
    ],
)
def test_c2_bias(mjd, bias):
    assert bias_polynomial("C2", mjd) == pytest.approx(bias, abs=1e-5)


@pytest.mark.parametrize(
    ("mjd", "bias"),
    [
        (50071, 319),
        (50083, 322.351232),
        (51000, 345.943963),
        (52415, 379.209146),
        (52940, 383.984586),
        (54890, 396.568428),
        (56359, 406.532459),
        (56360, 406.010090),
        (56597, 407.236005),
        (57023, 408.494219),
        (57024, 408.381170),
        (60310, 415.958107),
    ],
)
def test_c3_bias(mjd, bias):
    assert bias_polynomial("C3", mjd) == pytest.approx(bias, abs=1e-5)


def test_bias_of_the_other_ports():
    assert [bias_polynomial("C2", 54890, port) for port in "ABD"] == [364, 540, 526]
    assert [bias_polynomial("C3", 54890, port) for port in "ABD"] == [314, 346, 283]
    with pytest.raises(NotCalibratableError, match="port"):
        bias_polynomial("C3", 54890, "X")


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_bias_segments_are_in_order_and_join(detector):
    segments = value_of(f"{detector}.bias")
    ends = [row[0] for row in segments[:-1]]
    assert ends == sorted(ends)
    # The known steps: the interruption of 1998, one of C2 in 2019, and one of C3 in 2012.
    steps = {"C2": {51057, 58571}, "C3": {50072, 51057, 56170}}[detector]
    for end, inclusive, *_ in segments[:-1]:
        first = end + 1 if inclusive else end
        step = abs(bias_polynomial(detector, first) - bias_polynomial(detector, first - 1))
        assert (step > 3) == (end in steps), (end, step)


def header(detector="C3", **cards):
    return {
        "detector": detector,
        "filter": "Clear" if detector == "C3" else "Orange",
        "polar": "Clear",
        "exptime": 19.0,
        "date-obs": "2003/10/28",
        "time-obs": "12:00:00.000",
        "mid_date": 52940,
        "mid_time": 43209.5,
    } | cards


def frame(detector="C3", shape=(1024, 1024), **cards):
    return Frame.from_header(header(detector, **cards), shape)


def test_bias_of_the_table_comes_first_then_the_polynomial():
    assert choose_bias(frame(), table=385.2).level == 385.2
    chosen = choose_bias(frame(), offset=380.0)
    assert chosen.source == "polynomial"
    assert chosen.level == pytest.approx(383.984586, abs=1e-5)


def counts_from(lowest, shape=(128, 128)):
    """Counts with a given first percentile."""
    return np.linspace(lowest, lowest + 10000, shape[0] * shape[1]).reshape(shape)


def test_bias_above_the_frame_is_not_believed():
    chosen = choose_bias(frame(), counts_from(290.0), table=500.0)
    assert chosen.source == "polynomial"
    with pytest.raises(NotCalibratableError, match="first percentile"):
        choose_bias(frame(), counts_from(100.0), table=400.0)


def test_bias_of_box_sums_is_multiplied_once():
    summed = frame(shape=(512, 512), lebxsum=2, lebysum=2)
    assert choose_bias(summed, table=385.2).level == pytest.approx(4 * 385.2)
    assert choose_bias(summed, table=4 * 385.2).level == pytest.approx(4 * 385.2)
    chip = frame(shape=(512, 512), sumcol=2, sumrow=2)
    assert choose_bias(chip, table=385.2).level == pytest.approx(385.2)


LATE = {"date-obs": "2024/01/01", "mid_date": 60310, "exptime": 25.1}


def late_c2(bias, *, edge=True, corners=None):
    """A frame of C2 of 2024 with realistic light in its dark regions."""
    counts = np.full((1024, 1024), bias + 1900.0)
    y, x = np.indices(counts.shape)
    counts[np.hypot(x - 512.634, y - 505.293) < 70] = bias + 0.054 * 1900
    sky = np.linspace(300, 2600, 1024)
    counts[:, 1:9] = bias + sky[:, None]
    counts[:, 0] = bias + (13 + 0.28 * 25.1 + 0.02 * (sky - 415) if edge else sky)
    for part in (slice(None, 32), slice(-32, None)):
        for other in (slice(None, 32), slice(-32, None)):
            counts[part, other] = np.nan if corners is None else bias + corners
    return counts


def test_late_c2_asks_dark_places_of_the_frame():
    """
    The first column gives the bias to some DN, transmitted corners are nearly as good, and the occulter gives it to 20
    DN.
    """
    late = frame("C2", **LATE)
    for bias in (640.0, 655.0, 690.0):
        sharp = choose_bias(late, late_c2(bias))
        assert sharp.source == "frame"
        assert sharp.single == pytest.approx(bias, abs=5)
        assert 2 < sharp.sigma < 9
        corner = choose_bias(late, late_c2(bias, edge=False, corners=0.011 * 1900))
        assert corner.single == pytest.approx(bias, abs=1.5 * corner.sigma)
        assert 5 < corner.sigma < 15
        blunt = choose_bias(late, late_c2(bias, edge=False))
        assert blunt.single == pytest.approx(bias, abs=2 * blunt.sigma)
        assert 8 < blunt.sigma < 25


def test_late_c2_by_its_history_alone():
    """The bias lies between the straight line and the diverging polynomial, and both are within 2 sigma."""
    assert late_c2_bias(frame("C2", **LATE | {"mid_date": 59001}))[0] == pytest.approx(648.72, abs=0.02)
    value, sigma = late_c2_bias(frame("C2", **LATE))
    assert 655.4 < value < 686.4
    assert 655.4 == pytest.approx(value, abs=2 * sigma)
    assert 686.4 == pytest.approx(value, abs=2 * sigma)
    later = late_c2_bias(frame("C2", **LATE | {"mid_date": 60918}))
    assert later[1] > 1.5 * sigma
    assert choose_bias(frame("C2", **LATE)).sigma == pytest.approx(sigma)


def test_a_frame_far_from_the_history_is_not_trusted_blindly():
    found = choose_bias(frame("C2", **LATE), late_c2(560.0, edge=False))
    assert found.single == pytest.approx(560, abs=2 * found.sigma)
    assert found.sigma > 25


def test_header_offset_counts_if_the_frame_agrees():
    late = frame("C2", **LATE)
    agreed = choose_bias(late, late_c2(650.0), offset=652.0)
    assert (agreed.source, agreed.single) == ("header OFFSET", 652.0)
    assert choose_bias(late, late_c2(650.0), offset=686.0).source == "frame"
    assert choose_bias(late, late_c2(650.0, edge=False), offset=650.0).source == "frame"
    before = choose_bias(frame("C2", **{"date-obs": "2019/12/01", "mid_date": 58818}), late_c2(650.0), offset=640.0)
    assert before.source == "polynomial"


def test_frames_that_show_no_dark_place():
    part = frame("C2", shape=(256, 512), r1col=276, r2col=787, r1row=385, r2row=640, **LATE)
    assert dark_level(part, np.full((256, 512), 2500.0)) is None
    half_lost = late_c2(650.0, edge=False)
    half_lost[:512] = np.nan
    assert dark_level(frame("C2", **LATE), half_lost) is None


def test_derived_images_and_models_have_no_bias():
    assert choose_bias(frame(polar="PB")).level == 0
    assert choose_bias(frame(fileorig=0)).level == 0


def test_dark_level_of_c3_is_interpolated_between_its_dates():
    assert bias_excess(52282) == 3.0
    assert bias_excess(40000) == 3.0
    assert bias_excess(60000) == 7.0
    assert bias_excess((52282 + 53113) / 2) == pytest.approx(4.6)


LINE = {"mjd": 52940, "time": 43209.5, "factor": 1.001, "bias": 385.2, "n_regions": 16, "sigma": 0.0009}


def test_the_last_line_of_a_frame_wins():
    found = find_exposure_factor([LINE | {"factor": 0.9}, LINE, LINE | {"time": 43209.7, "factor": 2.0}], frame(), "f")
    assert (found.factor, found.bias, found.regions, found.sigma, found.source) == (1.001, 385.2, 16, 0.0009, "f")


@pytest.mark.parametrize("change", [{"mjd": 52941}, {"time": 43209.61}, {"time": 43209.39}, {"factor": 1.6}])
def test_lines_of_other_frames_and_senseless_ones_do_not_count(change):
    assert find_exposure_factor([LINE | change], frame(), "f") == no_factor()


def test_a_line_within_a_tenth_of_a_second_counts():
    assert find_exposure_factor([LINE | {"time": 43209.59}], frame(), "f").factor == 1.001


def test_lines_that_say_no_correction_have_a_wide_error():
    assert find_exposure_factor([LINE | {"n_regions": 97, "factor": 1.0}], frame(), "f").sigma == 0.005
    assert find_exposure_factor([LINE | {"sigma": np.nan, "n_regions": -1}], frame(), "f").sigma == 0.005


def test_factor_of_a_frame():
    assert frame_factor(frame()) == pytest.approx(6.178442e-13)
    assert frame_factor(frame("C2"), star_scale=True) == pytest.approx(1.18 * frame_factor(frame("C2")))
    assert frame_factor(frame(polar="PB")) == frame_factor(frame())
    with pytest.raises(NotCalibratableError, match="POLAR ND"):
        frame_factor(frame(polar="ND"))
    assert doubtful_factor(frame("C2", filter="Halpha"))
    assert not doubtful_factor(frame("C2"))


def test_the_factor_grows_uncertain_with_the_years():
    assert calibration_factor_sigma("C3", 2006.0) == pytest.approx(0.02)
    assert calibration_factor_sigma("C3", 2026.0) == pytest.approx(0.05)
    assert calibration_factor_sigma("C2", 2010.0) == pytest.approx(0.18)
    assert calibration_factor_sigma("C2", 2010.0, star_scale=True) == pytest.approx(0.03)
    assert calibration_factor_sigma("C2", 2023.0, star_scale=True) == pytest.approx(0.037)


def test_the_factor_is_uncertain_where_no_stars_were_measured():
    """Published stars differ by 0.066 mag, 6.1 %, in C3 Blue; the star scale of C2 rests on Orange alone."""
    assert calibration_factor_sigma("C3", 2006.0, filter_name="BLUE") == pytest.approx(np.hypot(0.02, 0.061))
    assert calibration_factor_sigma("C3", 2006.0, filter_name="ORANGE") == pytest.approx(0.02)
    assert calibration_factor_sigma("C2", 2010.0, filter_name="ORANGE", star_scale=True) == pytest.approx(0.03)
    assert calibration_factor_sigma("C2", 2010.0, filter_name="BLUE", star_scale=True) == pytest.approx(0.18)


def test_every_camera_constant_is_positive():
    for camera in CAMERAS.values():
        numbers = SimpleNamespace(**{k: v for k, v in vars(camera).items() if isinstance(v, float)})
        assert all(value > 0 for name, value in vars(numbers).items() if name != "roll_offset")


@pytest.mark.parametrize("variance", [0.05, 0.1, 0.2, 0.3, 0.45])
def test_rounding_of_coefficients(variance):
    """
    A Gaussian that is rounded to integers, with the probability of each of them.

    A sixteenth of the coefficients are of the coarse levels, which vary by more than the step: 1 / 12 for them.
    """
    numbers = np.arange(-40, 41)
    edges = stats.norm.cdf((numbers[:, None] + [-0.5, 0.5]) / np.sqrt(variance))
    fine = (numbers**2 * np.diff(edges)[:, 0]).sum() - variance
    step = 8.0
    found = rounded_variance(np.array([variance * step**2]), step)
    assert found[0] / step**2 - variance == pytest.approx(fine * 15 / 16 + 1 / 12 / 16, abs=2e-4)


def test_rounding_of_large_coefficients_adds_a_twelfth():
    assert rounded_variance(np.array([100.0, 1e6]), 2.0) == pytest.approx([100 + 4 / 12, 1e6 + 4 / 12], rel=1e-7)
