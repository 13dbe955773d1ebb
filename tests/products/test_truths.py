"""
Closure of products on the simulator, and a list of the tests of each known value.

Known values come from a calculation by hand, an independent quadrature, a catalogue, or the input of a simulation.
"""

import ast
from pathlib import Path

import numpy as np
import pytest

import astropy.units as u
from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.products.places import height_and_angle

#: Known values, their accuracy, and their tests.
TRUTHS = {
    "A constant added gives a difference of exactly 0": (
        "test_differences.py::test_equal_frames_differ_by_exactly_nothing"
    ),
    "Two frames scaled by 1.01 differ by 1.000 % to 1e-6": "test_differences.py::test_one_percent",
    "The variance of a median of 3 to 8 frames is 0.76 to 0.94 of that of many": (
        "test_differences.py::test_variance_of_a_median"
    ),
    "Pulls of differences are 1.00 +- 0.05": "test_truths.py::test_pulls_of_simulated_differences",
    "Ring medians of real differences before the event are below 0.03 %": (
        "test_mass.py::test_rings_before_the_ejection"
    ),
    "The minimum of 27 daily medians lies where noise puts it": (
        "test_backgrounds.py::test_minimum_of_daily_medians_lies_where_noise_puts_it"
    ),
    "Percentiles of daily medians lie where noise puts them": (
        "test_backgrounds.py::test_percentiles_lie_where_noise_puts_them"
    ),
    "The corona of 2012-08-31 at 5 to 25 solar radii, to 5 %": "test_truths.py::test_brightness_of_the_real_corona",
    "1,000 frames make a background within a gigabyte": (
        "test_backgrounds.py::test_a_month_of_a_thousand_frames_fits_into_a_gigabyte"
    ),
    "K coronas of Saito, Leblanc and Newkirk, to 1 %": "test_thomson.py::test_coronas_of_the_literature",
    "Brightness of an electron at 2 to 30 solar radii, to 1e-5": "test_thomson.py::test_published_values",
    "The same off the plane of the sky": "test_thomson.py::test_away_from_the_plane_of_the_sky",
    "1e-12 MSB in a pixel of C3 at 10 solar radii are 2.594e10 g": "test_mass.py::test_one_pixel_by_hand",
    "1.3e15 g at 480 km/s have 1.50e30 erg": "test_mass.py::test_energies_of_the_catalogue",
    "A mass that was put in comes out, to its sigma": "test_truths.py::test_mass_of_a_simulated_ejection",
    "1.8e16 g at 22:30 on 2012-08-31, to 10 %, whatever the base": "test_mass.py::test_the_ejection_of_2012",
    "The mass is the same to 1.5e15 g whatever the base and the quiet sector": (
        "test_mass.py::test_mass_is_the_same_whatever_the_base_and_the_quiet_sector"
    ),
    "75 % of it at position angles 40 to 125": (
        "test_mass.py::test_the_sector_of_the_ejection_has_three_quarters_of_it"
    ),
    "Frames before it scatter by 6e14 g": "test_mass.py::test_before_the_ejection_there_is_nothing",
    "95 % of 1,000 hits are found, with 1 % of a front at most": (
        "test_cleaning.py::test_a_thousand_hits_in_an_ejection"
    ),
    "A triplet by hand and back, to 1e-9": "test_polarization.py::test_truth_of_a_triplet_of_maps",
    "pB of C2 on 2000-09-03 is 0.989 of the unsigned, its residual -0.018": (
        "test_polarization.py::test_real_triplet_of_c2"
    ),
    "pB agrees with solpolpy": "test_polarization.py::test_agrees_with_solpolpy",
    "pB is right within its noise": "test_truths.py::test_polarised_brightness_of_a_simulated_corona",
    "A power of the height returns from polar coordinates": (
        "test_height_time.py::test_polar_unwrapping_of_a_power_of_the_height"
    ),
    "The area of an annulus and the place of a star": "test_height_time.py::test_polar_area_star_and_axes",
    "The rolled twin of a frame equals it": "test_height_time.py::test_polar_of_the_rolled_twin_and_of_holes",
    "1442 km/s on 2012-08-31 at position angles 85 and 90, to 5 %, and to 60 km/s whatever the threshold": (
        "test_height_time.py::test_speed_of_the_real_front"
    ),
    "10 points of 0.06 solar radii give 1000 +- 6.4 km/s": "test_height_time.py::test_sigma_of_speeds_covers_the_truth",
    "1 sigma of a speed covers the truth in 0.65 to 0.71 of 1,000 fronts": (
        "test_fronts.py::test_sigma_of_the_speed_covers_the_truth_in_a_thousand_fronts"
    ),
    "Rings of an image filtered by NRGF have mean 0 and deviation 1": (
        "test_filters.py::test_rings_have_mean_0_and_deviation_1"
    ),
    "C2 within C3 has the scale that was put in": (
        "test_pictures.py::test_composite_matches_the_scale_and_measures_the_seam"
    ),
}


@pytest.mark.parametrize("place", TRUTHS.values(), ids=list(TRUTHS))
def test_each_truth_has_a_test(place):
    name, test = place.split("::")
    tree = ast.parse((Path(__file__).parent / name).read_text(encoding="utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


#: Exposures with known times and without cosmic rays, which differ by noise only.
PLAIN = {"leb_sum": (2, 2), "exposure_factor": 1.0, "cosmic_rays": False, "pattern": False}


def level1(camera="C3", **options):
    shown = simulate.observe(camera, **{**PLAIN, **options})
    return sunpy_lasco.calibrate(shown.level05, assets="simulated", inpaint=None)


def robust(pulls):
    pulls = pulls[np.isfinite(pulls)]
    return 1.4826 * np.median(np.abs(pulls - np.median(pulls)))


def test_pulls_of_simulated_differences():
    scene = simulate.corona(activity=0.6, seed=4)
    times = [f"2002-05-21T01:{minute}" for minute in (18, 30)]
    noisy, exact = (
        [level1(date=time, scene=scene, seed=seed, noise=noise) for seed, time in enumerate(times)]
        for noise in (True, False)
    )
    found = products.running_difference(noisy)[0]
    truth = products.running_difference(exact)[0]
    height, _ = height_and_angle(found)
    pulls = ((found.data - truth.data) / found.uncertainty.array)[(height > 5) & (height < 25)]
    assert robust(pulls) == pytest.approx(1.0, abs=0.05)
    assert abs(np.nanmedian(pulls)) < 0.1


@pytest.mark.slow
def test_mass_of_a_simulated_ejection():
    """The known value is the difference of noise-free exposures with and without the ejection."""
    cme = simulate.CME("2001-05-21T08:50", position_angle=90, speed=1100, width=60, strength=9e-10, seed=3)
    quiet, loud = simulate.corona(activity=0.7, seed=5), simulate.corona(activity=0.7, seed=5, cme=cme)
    when, options = "2001-05-21T10:30", {"heights": (4.5, 25) * u.R_sun, "sector": (50, 130) * u.deg}
    with_it, without = (level1(date=when, scene=scene, noise=False) for scene in (loud, quiet))
    truth = products.excess_mass(with_it, without, normalise=False, **options).mass.to_value(u.g)
    off = []
    for seed in range(3):
        bases = [
            level1(date=Time("2001-05-21T08:12") + 12 * number * u.min, scene=loud, seed=10 * seed + number)
            for number in range(3)
        ]
        found = products.excess_mass(level1(date=when, scene=loud, seed=10 * seed + 7), bases, **options)
        assert found.mass.to_value(u.g) == pytest.approx(truth, rel=0.05)
        off.append((found.mass.to_value(u.g) - truth) / found.sigma.to_value(u.g))
    assert np.abs(off).max() < 2.5, off


def test_polarised_brightness_of_a_simulated_corona():
    scene = simulate.corona(activity=0.6, seed=4)
    options = {"scene": scene, "filter": "Orange", "exptime": 100}
    triplets = [
        [
            level1("C2", date=f"1998-05-21T09:{4 * number:02d}", polar=polar, seed=number, noise=noise, **options)
            for number, polar in enumerate(("-60 Deg", "0 Deg", "+60 Deg"))
        ]
        for noise in (True, False)
    ]
    found, truth = (products.polarize(*triplet, tangency=False) for triplet in triplets)
    height, _ = height_and_angle(found.polarized)
    part = (height > 2.6) & (height < 5.5)
    for name in ("total", "polarized", "residual"):
        noisy, exact = getattr(found, name), getattr(truth, name)
        pulls = ((noisy.data - exact.data) / noisy.uncertainty.array)[part]
        assert robust(pulls) == pytest.approx(1.0, abs=0.05), name


def test_brightness_of_the_real_corona(real_map, calib_data):
    """K, F and stray light of C3 in the evening of 2012-08-31 before the ejection, MSB."""
    known = {5: 1.04e-9, 6: 6.05e-10, 8: 2.97e-10, 10: 1.76e-10, 15: 6.8e-11, 20: 3.67e-11, 25: 2.44e-11}
    maps = [
        sunpy_lasco.calibrate(real_map(str(number)), assets=calib_data) for number in (32310941, 32310945, 32310948)
    ]
    sequence = products.Sequence(maps)
    height, _ = height_and_angle(sequence.frame(0))
    middle = np.median(sequence.data, axis=0)
    for at, brightness in known.items():
        assert np.nanmedian(middle[np.abs(height - at) < 0.1]) == pytest.approx(brightness, rel=0.05)
