"""The option ``pointing="stars"``."""

import warnings

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import simulate, stars
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import LascoUserWarning, OptionError


def calibrated(smap, **options):
    return sunpy_lasco.calibrate(smap, assets="estimate", inpaint=None, on_bad="ignore", **options)


def test_the_stars_point(real_map):
    """The cards and the WCS contain centre and roll of the solution; without the option nothing changes."""
    smap = real_map("32219521")
    solution = stars.solve(smap)
    level1, before = calibrated(smap, pointing="stars"), calibrated(smap)
    meta = level1.meta
    np.testing.assert_allclose([meta["sunpix1"], meta["sunpix2"]], solution.centre, atol=1e-6)
    assert meta["detroll"] == pytest.approx(solution.roll, abs=1e-9)
    assert meta["centsrc"] == meta["rollsrc"] == "stars in the image"
    assert meta["centstat"] == meta["rollstat"] == "final"
    assert meta["starn"] == solution.number
    assert meta["starrms"] == pytest.approx(solution.rms, abs=1e-4)
    assert meta["centsig"] == pytest.approx(solution.centre_sigma)
    assert meta["rollsig"] == pytest.approx(solution.roll_sigma)
    assert "pointing='stars'" in meta["calopts"]
    assert f"Sun centre and roll by {solution.number} stars" in str(meta["history"])
    assert "starn" not in before.meta
    assert before.meta["centsrc"] == "default of the camera"
    # The image stands upside down: 1023 minus the centre.
    np.testing.assert_allclose(u.Quantity(level1.reference_pixel).value, 1023 - np.array(solution.centre), atol=1e-6)


def test_no_stars_no_change(real_map):
    """A warning gives the reason, and the pointing of the header is kept."""
    smap = real_map("22075760")
    with pytest.warns(LascoUserWarning) as warned:
        level1 = calibrated(smap, pointing="stars")
    said = [str(warning.message) for warning in warned]
    assert any(
        "22075760.fts: no pointing from stars" in text and "are needed; that of nominal" in text for text in said
    )
    assert level1.meta["starn"] == 0
    assert level1.meta["centsrc"] == "default of the camera"
    assert "No pointing from stars" in str(level1.meta["history"])
    assert "starrms" not in level1.meta


def test_what_is_given_comes_first(real_map):
    smap = real_map("32310951")
    both = calibrated(smap, pointing="stars", centre=[517, 532] * u.pix, roll=1 * u.deg)
    assert (both.meta["sunpix1"], both.meta["detroll"]) == (517, 1)
    assert "starn" not in both.meta
    one = calibrated(smap, pointing="stars", roll=1 * u.deg)
    assert one.meta["rollsrc"] == "given"
    assert one.meta["centsrc"] == "stars in the image"


def test_clock_and_observer_count(real_map):
    smap = real_map("32310951")
    plain = calibrated(smap, pointing="stars")
    shifted = calibrated(smap, pointing="stars", time_offset=300 * u.s)
    moved = [shifted.meta[card] - plain.meta[card] for card in ("sunpix1", "sunpix2")]
    assert np.hypot(*moved) == pytest.approx(300 * 0.041 / 56.2, rel=0.12)
    east = plain.observer_coordinate
    from sunpy.coordinates import HeliographicStonyhurst

    other = HeliographicStonyhurst(east.lon + 0.05 * u.deg, east.lat, east.radius)
    seen = calibrated(smap, pointing="stars", observer=other)
    moved = [seen.meta[card] - plain.meta[card] for card in ("sunpix1", "sunpix2")]
    assert np.hypot(*moved) == pytest.approx(0.05 * 3600 / 56.2, rel=0.05)


def test_it_is_a_known_word():
    raw = simulate.observe("C3").level05
    with pytest.raises(OptionError, match="pointing='moon' is unknown; it is 'stars', 'packaged', a table"):
        sunpy_lasco.calibrate(raw, pointing="moon")
    with pytest.raises(OptionError, match="cannot be; it is 'stars', 'packaged', a table"):
        sunpy_lasco.calibrate(raw, pointing=3)


def test_a_table_of_neighbours(real_map, real_frame, tmp_path, capsys):
    """The command makes it, `calibrate` reads it; frames far from it keep their pointing."""
    table, picture = tmp_path / "pointing.ecsv", tmp_path / "pointing.png"
    files = [str(real_frame(name)) for name in ("32310953", "32310949", "22075760")]
    command = ["pointing", *files, "--out", str(table), "--figure", str(picture)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "32310949.fts C3 2012-08-31T19:42" in said
    assert "are needed" in said
    assert picture.stat().st_size > 10000
    level1 = calibrated(real_map("32310951"), pointing=table)
    assert level1.meta["centsrc"] == "stars of 2 neighbours"
    assert "by stars of 2 neighbours" in str(level1.meta["history"])
    assert str(tmp_path) not in level1.meta["calopts"]
    own = stars.solve(real_map("32310951"))
    np.testing.assert_allclose([level1.meta["sunpix1"], level1.meta["sunpix2"]], own.centre, atol=0.04)
    with pytest.warns(LascoUserWarning, match="no frame close in time was solved with stars"):
        far = calibrated(real_map("32219521"), pointing=table)
    assert far.meta["centsrc"] == "default of the camera"
    (tmp_path / "no.ecsv").write_text("x y")
    with pytest.raises(OptionError, match=r"no.ecsv' is not a table of sunpy_lasco.stars.pointing_history"):
        calibrated(real_map("32310951"), pointing=tmp_path / "no.ecsv")


def test_level1_files_keep_it(real_map, tmp_path):
    level1 = calibrated(real_map("32310951"), pointing="stars")
    path = tmp_path / "stars.fits"
    sunpy_lasco.write_level1(level1, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = sunpy_lasco.read_level1(path)
    assert again.meta["starn"] == level1.meta["starn"]
    assert again.meta["starrms"] == level1.meta["starrms"]


def test_c2_by_a_map_of_c3(real_map):
    """The centre follows from its own stars, the roll from those of both cameras, as the cards state."""
    smap, c3 = real_map("22321894"), real_map("32219521")
    level1, own = calibrated(smap, pointing=c3), stars.solve(smap)
    meta = level1.meta
    assert meta["centsrc"] == "stars in the image"
    assert meta["rollsrc"] == "stars of 1 neighbours of C3"
    assert meta["rollsig"] < own.roll_sigma
    assert meta["centstat"] == meta["rollstat"] == "final"
    assert meta["starn"] >= 6
    np.testing.assert_allclose([meta["sunpix1"], meta["sunpix2"]], own.centre, atol=0.1)
    assert "0.724 +- 0.007 degree from it" in str(meta["history"])
    assert "pointing=given" in meta["calopts"]


def test_c2_without_stars_by_c3(starry_pair):
    """The roll is that of C3; the centre and its source are unchanged."""
    c2, c3 = starry_pair
    before = sunpy_lasco.calibrate(c2.level05, assets="simulated", inpaint=None)
    level1 = sunpy_lasco.calibrate(c2.level05, assets="simulated", inpaint=None, pointing=[c3.level05])
    assert level1.meta["rollsrc"] == "stars of 1 neighbours of C3"
    assert level1.meta["detroll"] == pytest.approx(c2.parameters.roll, abs=0.02)
    assert level1.meta["starn"] == 0
    for card in ("sunpix1", "sunpix2", "centsrc", "centsig", "centstat"):
        assert level1.meta[card] == before.meta[card], card
    assert "No Sun centre from stars" in str(level1.meta["history"])


@pytest.fixture
def starry_pair():
    """C2 without stars, and C3 at the same time with the real ones."""
    from sunpy_lasco.verify.simulated import starry_scene

    date = "2010-01-11T03:18"
    empty = simulate.corona(stars=False, planets=False)
    c2 = simulate.observe("C2", date=date, scene=empty, seed=1, cosmic_rays=False)
    return c2, simulate.observe("C3", date=date, scene=starry_scene(date), seed=1)


def test_the_packaged_table(real_map):
    """
    It agrees with the stars within 0.05 pixel at its epochs, gives a warning and changes nothing at other times, and is
    never the default.
    """
    smap = real_map("32082126")
    level1, own = calibrated(smap, pointing="packaged"), stars.solve(smap)
    np.testing.assert_allclose([level1.meta["sunpix1"], level1.meta["sunpix2"]], own.centre, atol=0.05)
    assert level1.meta["centsrc"] == "stars of 4 neighbours"
    assert "pointing='packaged'" in level1.meta["calopts"]
    assert calibrated(smap).meta["centsrc"] == "default of the camera"
    with pytest.warns(LascoUserWarning, match="no frame close in time was solved with stars"):
        far = calibrated(real_map("32108414"), pointing="packaged")
    assert far.meta["centsrc"] == "default of the camera"
    turned = calibrated(real_map("22322625"), pointing="packaged")
    assert turned.meta["centsrc"] == "stars of 5 neighbours"
    assert turned.meta["rollsrc"] == "stars of 5 neighbours and stars of 1 neighbours of C3"
