"""Exposures: units, noise, sums, sub-frames and roll, from formulas."""

import numpy as np
import pytest

from sunpy_lasco import simulate
from sunpy_lasco.simulate import chip, optics

#: MJD 52282 with the published formulas.
DATE = "2002-01-08T12:00:00"
K_C2 = (4.60403e-7 * 52282 + 0.0374116) * 1e-10
K_C3 = (7.43e-8 * 2282 + 5.96e-3) * 1e-10
B_C2 = 581.81517 + 0.019221920 * 367 - 2.3110489e-6 * 367**2
B_C3 = 374.11139 + 0.010731823 * 367 - 1.0726207e-6 * 367**2


def sky(level, polarised=0.0):
    return simulate.Scene((simulate.Uniform(level, polarised),))


def counts(detector, factor, rate, **options):
    """Counts above the bias of a scene that gives so many DN / s."""
    return sky(rate * factor), {"date": DATE, "exptime": 20.0, "vignetting": False} | options


@pytest.mark.parametrize(("detector", "factor", "bias"), [("C2", K_C2, B_C2), ("C3", K_C3, B_C3)])
def test_brightness_becomes_counts(bare, detector, factor, bias):
    scene, options = counts(detector, factor, 50.0)
    exposure = bare(detector, scene, exposure_factor=1.01, **options)
    np.testing.assert_allclose(exposure.data, 50 * 20 * 1.01 + bias, rtol=1e-12)
    assert exposure.parameters.factor == pytest.approx(factor, rel=1e-12)
    assert exposure.header["EXPTIME"] == 20.0


@pytest.mark.parametrize(
    ("detector", "filter_name", "polar", "factor"),
    [
        ("C2", "Blue", "Clear", 0.1033e-10),
        ("C2", "Orange", "+60 Deg", K_C2 / 0.25256),
        ("C3", "Orange", "-60 Deg", 0.0297e-10 / 0.25256 * 1.0798),
        ("C3", "IR", "0 Deg", 0.0887e-10 / 0.25256 * 0.9833),
        ("C3", "Clear", "H_Alpha", 1.541e-10),
    ],
)
def test_wheels(bare, empty, detector, filter_name, polar, factor):
    p = bare(detector, empty, date=DATE, filter=filter_name, polar=polar).parameters
    assert p.factor == pytest.approx(factor, rel=1e-12)


def test_polariser(bare):
    """The three angles return brightness, polarised brightness and its tangential direction."""
    level, polarised = 1e-9, 3e-10
    images = {}
    for angle, polar in ((-60, "-60 Deg"), (0, "0 Deg"), (60, "+60 Deg")):
        exposure = bare("C2", sky(level, polarised), date=DATE, polar=polar, vignetting=False, roll=0.0)
        p = exposure.parameters
        images[angle] = (exposure.data - p.bias) * p.factor / p.exptime
    np.testing.assert_allclose(sum(images.values()) / 3, level, rtol=1e-9)
    mean_square = sum((image - level) ** 2 for image in images.values())
    np.testing.assert_allclose(np.sqrt(2 / 3 * mean_square), polarised, rtol=1e-9)
    # Straight above the Sun the tangent is horizontal, along the rows, where the 0-degree polariser stands.
    x, y = 510, 900
    assert images[0][y, x] == pytest.approx(level + polarised, rel=1e-4)
    assert images[0][506, 900] == pytest.approx(level - polarised, rel=1e-4)
    # Polariser angles run clockwise: at upper right the tangent points 45 degrees down to the right.
    d = 300
    assert images[60][506 + d, 510 + d] > images[-60][506 + d, 510 + d]


def test_vignetting_and_ramp(bare, smooth):
    """Counts times inverse vignetting times factor are the scene plus the ramp."""
    with_ramp = bare("C3", smooth, date=DATE, ramp=True)
    p = with_ramp.parameters
    lit = optics.transmission("C3", p.time) > 0.01
    per_rate = p.factor / p.exptime
    level1 = (with_ramp.data - p.bias)[lit] * per_rate / optics.transmission("C3", p.time)[lit]
    plain = (bare("C3", smooth, date=DATE, vignetting=False).data - p.bias)[lit] * per_rate
    np.testing.assert_allclose(level1 - plain, optics.stray_light("C3")[lit], rtol=0, atol=1e-20)
    assert 5e-13 < np.median(optics.stray_light("C3")[lit]) < 1e-11
    coloured = [bare("C3", smooth, date=DATE, filter="Orange", ramp=ramp).data for ramp in (True, False)]
    assert np.array_equal(*coloured)


def test_diffracted_light_does_not_know_the_scene(bare, empty):
    exposure = bare("C2", empty, date=DATE, exptime=10.0, diffracted=True)
    rate = (exposure.data - exposure.parameters.bias) / 10
    np.testing.assert_allclose(rate, optics.diffracted("C2", exposure.parameters.time), atol=1e-9)
    # The row of the ring's centre, at (512.134, 507.793): 441.5 at 165, 418.3 at 167 pixels, and 0 from 260.
    assert 418.3 < rate[508, 512 + 166] < 441.5
    assert rate[508, 512 + 300] == 0
    # The pylon hides it, but for what fills the shadow.
    angle = np.radians(optics.OPTICS["C2"].pylon_angle)
    x, y = 512.634 + 166 * np.cos(angle), 505.293 + 166 * np.sin(angle)
    assert 4 < rate[round(y), round(x)] < 40


def test_stray_light_of_c3_grew_in_june_2002(bare, empty):
    """The veil is vignetted like the scene, and the arc beside the occulter is absent before 2002."""
    before, after = (bare("C3", empty, date=day, exptime=10.0, diffracted=True) for day in ("2002-06-18", "2002-06-20"))
    rates = [(one.data - one.parameters.bias) / 10 for one in (before, after)]
    free = optics.transmission("C3", after.parameters.time)
    grown = (rates[1] - rates[0]) * after.parameters.factor
    assert grown[831, 516] == pytest.approx(free[831, 516] * 2.8e-12, rel=0.01)
    x, y = 516.456 + 80 * np.cos(np.radians(110)), 531.132 + 80 * np.sin(np.radians(110))
    assert (rates[1] - rates[0])[round(y), round(x)] == pytest.approx(125, rel=0.15)


@pytest.mark.parametrize(("detector", "gain", "signal"), [("C2", 11.3, 900.0), ("C3", 14.5, 900.0), ("C3", 14.5, 60.0)])
def test_noise(bare, detector, gain, signal):
    factor = {"C2": K_C2, "C3": K_C3}[detector]
    scene, options = counts(detector, factor, signal / 20)
    quiet = bare(detector, scene, **options)
    noisy = bare(detector, scene, noise=True, pattern=False, cosmic_rays=False, seed=3, **options)
    n = noisy.data.size
    variance = signal / gain + 0.8
    assert noisy.data.mean() == pytest.approx(quiet.data.mean(), abs=5 * np.sqrt(variance / n))
    assert noisy.data.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / n) + 1e-3)
    patterned = bare(detector, scene, noise=True, cosmic_rays=False, seed=3, **options)
    total = variance + (0.0085 * signal) ** 2
    # Away from the rims of the CCD and the dirt on it.
    inner = patterned.data[500:-1, 1:]
    assert inner.var() == pytest.approx(total, rel=5 * np.sqrt(2 / inner.size) + 1e-3)
    # The pattern stays from exposure to exposure, the rest is new: the difference has twice the rest.
    other = bare(detector, scene, noise=True, cosmic_rays=False, seed=4, **options)
    assert (patterned.data - other.data).var() == pytest.approx(2 * variance, rel=5 * np.sqrt(2 / n) + 1e-3)


def test_rounding(bare):
    scene, options = counts("C3", K_C3, 3.217)
    exposure = bare("C3", scene, quantise=True, noise=True, pattern=False, cosmic_rays=False, **options)
    assert exposure.data.dtype == np.int16
    # Rounding to integers adds a twelfth.
    assert exposure.data.var() == pytest.approx(64.34 / 14.5 + 0.8 + 1 / 12, rel=0.01)


def test_lossy_compression(bare):
    """Its error is spread evenly over the steps of the coefficients, half of HCOMP_SF."""
    scene, options = counts("C3", K_C3, 300.0, noise=True, pattern=True, cosmic_rays=False, seed=5)
    exact, lossy = (bare("C3", scene, lossy=flag, **options) for flag in (False, True))
    error = lossy.data - exact.data
    assert error.std() == pytest.approx(16 / np.sqrt(12), rel=0.02)
    assert abs(error.mean()) < 0.05
    assert lossy.header["HCOMP_SF"] == 32
    assert (exact.header["COMPRSSN"], lossy.header["COMPRSSN"]) == ("XZR", "XZ#")


def test_exposure_jitter_and_seed(empty):
    def factor(seed):
        return simulate.observe("C3", scene=empty, seed=seed).parameters.exposure_factor

    drawn = np.array([factor(seed) for seed in range(5)])
    assert len(set(drawn)) == 5
    assert 0.0004 < np.sqrt(np.mean((drawn - 1) ** 2)) < 0.0055


def test_same_seed_same_exposure():
    one, two, other = (simulate.observe("C2", seed=seed, n_lost=4, lossy=True) for seed in (7, 7, 8))
    assert np.array_equal(one.data, two.data)
    assert one.header == two.header
    assert one.parameters == two.parameters
    assert not np.array_equal(one.data, other.data)


def test_ingredients_do_not_disturb_each_other(smooth):
    """Switching off the cosmic rays changes no photon noise."""
    options = {"scene": smooth, "seed": 9, "quantise": False, "saturation": False}
    with_rays, without = (simulate.observe("C3", cosmic_rays=flag, **options).data for flag in (True, False))
    hit = with_rays != without
    assert 0 < hit.sum() < 3000
    assert (with_rays - without)[hit].min() > 0


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_sums_on_chip_and_in_the_box(bare, smooth, detector):
    """Of v DN above the bias b: a box sum of n has n (v + b), a chip sum n v + b."""
    full = bare(detector, smooth, date=DATE)
    b = full.parameters.bias
    v = (full.data - b).reshape(512, 2, 256, 4).sum(axis=(1, 3))
    chip_sum = bare(detector, smooth, date=DATE, chip_sum=(4, 2))
    leb = bare(detector, smooth, date=DATE, leb_sum=(4, 2))
    mixed = bare(detector, smooth, date=DATE, chip_sum=(2, 2), leb_sum=(2, 1))
    np.testing.assert_allclose(chip_sum.data, v + b, rtol=1e-12)
    np.testing.assert_allclose(leb.data, v + 8 * b, rtol=1e-12)
    np.testing.assert_allclose(mixed.data, v + 2 * b, rtol=1e-12)
    header = mixed.header
    assert [header[k] for k in ("NAXIS1", "NAXIS2", "SUMCOL", "SUMROW", "LEBXSUM", "LEBYSUM")] == [256, 512, 2, 2, 2, 1]


def test_read_noise_of_sums(bare, empty):
    """Read noise is added once for sums on the chip, and for every read-out summed in the box."""
    options = {"noise": True, "cosmic_rays": False, "vignetting": False}
    for sums, reads in (({"chip_sum": (2, 2)}, 1), ({"leb_sum": (2, 2)}, 4)):
        inner = bare("C3", empty, **options, **sums).data[:, 1:]
        assert inner.var() == pytest.approx(0.8 * reads, rel=0.02)


def test_subframe_is_a_cut(bare, smooth):
    full = bare("C2", smooth, leb_sum=(2, 2))
    part = bare("C2", smooth, leb_sum=(2, 2), subframe=(256, 128, 512, 640))
    assert np.array_equal(part.data, full.data[64:384, 128:384])
    h = part.header
    assert [h[f"R{k}"] for k in ("1COL", "1ROW", "2COL", "2ROW")] == [276, 129, 787, 768]
    # In the read-out frame of port C: P = 1044 - R, axes exchanged.
    assert [h[f"P{k}"] for k in ("1COL", "1ROW", "2COL", "2ROW")] == [276, 257, 915, 768]


def test_turned_spacecraft(bare, smooth):
    """The Sun is rotated by 180 degrees about its centre on the detector; optics and blocks are unchanged."""
    scene = simulate.Scene(smooth.diffuse, (simulate.PointSource(12000.0, 5000.0, 3.0),))
    upright = bare("C3", scene, roll=-0.23)
    turned = bare("C3", scene, roll=-0.23, flipped=True)
    assert turned.parameters.roll == pytest.approx(179.77)
    x, y = upright.pixel_positions()
    # At the same place of the sky: mirrored in the Sun's centre.
    one = upright.level1_at(x, y, points=False)
    two = turned.level1_at(2 * 518.2 - x, 2 * 532.5 - y, points=False)
    np.testing.assert_allclose(two, one, rtol=1e-9)
    bright = [
        np.unravel_index(np.argmax(s.data * (np.hypot(x - 518, y - 532) > 150)), x.shape) for s in (upright, turned)
    ]
    assert np.add(*bright) == pytest.approx([2 * 532.5, 2 * 518.2], abs=6)
    # The pylon does not turn.
    shadow = [s.data[y.astype(int) < 400].reshape(400, -1)[200:300, 150:250].mean() for s in (upright, turned)]
    assert shadow[0] == pytest.approx(shadow[1], rel=0.05)
    unvignetted = [s.data[700:800, 780:880].mean() for s in (upright, turned)]
    assert min(unvignetted) > max(shadow)


@pytest.mark.parametrize(("day", "roll"), [("2005-06-07", 0.0), ("2012-12-07", None), ("2012-06-07", None)])
def test_attitude(bare, empty, day, roll):
    """Solar north is up until 2010-10-29 and ecliptic north since then, at most 7.25 degrees apart."""
    found = bare("C2", empty, date=day).parameters.roll - 0.5
    if roll is not None:
        assert found == pytest.approx(roll, abs=1e-9)
    else:
        # Known: the axis is seen tilted to the side by 7.25 degrees, in December one way and in June the other.
        assert abs(found) == pytest.approx(7.25, abs=0.05)
        assert np.sign(found) == (1 if day[5:7] == "06" else -1)


def test_saturation(bare):
    """Full wells, the end of the converter, and sums in the box that hold four of them."""
    for detector, factor, bias, well in (("C2", K_C2, B_C2, 15800.0), ("C3", K_C3, B_C3, 12050.0)):
        scene, options = counts(detector, factor, 2000.0, saturation=True)
        exposure = bare(detector, scene, **options)
        # The converter of C2 ends before its wells are full.
        level = min(well + bias, 16383)
        np.testing.assert_allclose(exposure.data, level)
        assert exposure.saturated.all()
        summed = bare(detector, scene, leb_sum=(2, 2), **options)
        np.testing.assert_allclose(summed.data, 4 * level)
        on_chip = bare(detector, scene, chip_sum=(2, 2), **options)
        np.testing.assert_allclose(on_chip.data, 16383)
        assert on_chip.saturated.all()


def test_bright_planet_bleeds_along_its_row(bare, smooth):
    scene = simulate.Scene(smooth.diffuse, (simulate.PointSource(15000.0, 4000.0, -4.0),))
    exposure = bare("C3", scene, saturation=True)
    rows, columns = np.nonzero(exposure.saturated)
    assert np.ptp(rows) <= 12
    assert np.ptp(columns) > 60
    assert exposure.data.max() <= chip.FULL_WELL["C3"] + exposure.parameters.bias + 1e-9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"subframe": (1000, 0, 100, 100)}, "does not lie within"),
        ({"subframe": (1, 0, 512, 512), "leb_sum": (2, 2)}, "does not match the sums"),
        ({"lost_blocks": [(32, 0)]}, "does not exist"),
        ({"n_lost": 2000}, "cannot be lost"),
        ({"bitpix": 8}, "BITPIX"),
        ({"filter": "Green"}, "no filter"),
        ({"polar": "ND"}, "cannot be simulated"),
    ],
)
def test_wrong_wishes(empty, wrong, message):
    with pytest.raises(ValueError, match=message):
        simulate.observe("C3", scene=empty, **wrong)


def test_no_third_camera(empty):
    with pytest.raises(ValueError, match="C2 or C3"):
        simulate.observe("C1", scene=empty)
