"""Pointing of frames from the stars in others."""

import numpy as np
import pytest

import astropy.units as u
from astropy.table import QTable

import sunpy_lasco
from sunpy_lasco import stars
from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.rolls import normalize_roll


def test_a_frame_that_was_left_out(real_map, tmp_path):
    """Neighbours of the same evening, and a table written from them, give the same pointing as its own stars."""
    names = ["32310941", "32310945", "32310949", "32310953", "32310961"]
    history = stars.pointing_history(real_map(name) for name in names[::-1])
    assert (np.diff(history["time"].mjd) > 0).all()
    assert (history["reason"] == "").all()
    smap = real_map("32310951")
    own, found = stars.solve(smap), stars.pointing_at(history, smap)
    np.testing.assert_allclose(found.centre, own.centre, atol=0.03)
    # The nominal roll changes by 0.02 degree in these four hours.
    assert found.roll == pytest.approx(own.roll, abs=0.006)
    assert found.centre_sigma < 0.03
    assert np.ptp(history["roll"].value) > 0.015
    history.write(tmp_path / "history.ecsv")
    again = stars.pointing_at(QTable.read(tmp_path / "history.ecsv"), smap)
    assert again.centre == pytest.approx(found.centre)
    pointed = sunpy_lasco.update_pointing(smap, pointing=found)
    assert pointed.meta["centsrc"] == "stars of 5 neighbours"
    assert pointed.meta["sunpix1"] == pytest.approx(found.centre[0])


def test_other_filters_say_less(real_map):
    history = stars.pointing_history([real_map("32310949"), real_map("32310953")])
    polarised = real_map("32310964")
    found, own = stars.pointing_at(history, polarised), stars.solve(polarised)
    assert 0.3 < found.centre_sigma < 0.33
    assert np.hypot(*np.subtract(found.centre, own.centre)) < 3 * found.centre_sigma
    assert abs(normalize_roll(found.roll - own.roll)) < 0.02


def test_who_is_no_neighbour(real_map):
    """Frames of the other camera, upside down, too far away in time, or without a solution are not used."""
    history = stars.pointing_history([real_map(name) for name in ("32219521", "22321894", "22075760")])
    assert history["reason"][0] != ""
    assert np.isnan(history["x"][0])
    assert list(history["turned"]) == [False, True, True]
    assert stars.pointing_at(history, real_map("32310951")) is None
    assert stars.pointing_at(history, real_map("22075761")) is None
    near = stars.pointing_at(history, real_map("22322544"))
    assert near.centre_source == "stars of 1 neighbours"
    assert stars.pointing_at(history, real_map("22322544"), within=2 * u.day) is None
    with pytest.raises(OptionError, match="no frames"):
        stars.pointing_history([])


def test_c3_knows_the_roll_of_c2(real_map):
    """For frames 12 minutes apart the roll is within 0.02 degree of that of the stars of C2, with a smaller error."""
    history = stars.pointing_history([real_map("32219521")])
    smap = real_map("22321894")
    roll, sigma, source = stars.roll_at(history, smap)
    own = stars.solve(smap)
    assert source == "stars of 1 neighbours of C3"
    assert sigma.value < own.roll_sigma < 0.02
    assert abs(normalize_roll(roll.value - own.roll)) < 0.02
    assert stars.pointing_at(history, smap) is None
    # Both are weighted by their errors, and C2 does not affect C3.
    both = stars.pointing_history([real_map("32219521"), smap])
    together = stars.pointing_at(both, smap)
    assert together.roll_source == "stars of 1 neighbours and stars of 1 neighbours of C3"
    assert together.roll_sigma < sigma.value
    assert min(roll.value, own.roll) < together.roll < max(roll.value, own.roll)
    assert stars.roll_at(both[both["camera"] == "C2"], real_map("32219521")) is None
    assert stars.roll_at(history, real_map("22075760")) is None


def test_two_stars_suffice_with_a_roll(starry):
    """Parts of C2 frames with a known pointing: the stated errors of centre and roll are correct."""
    few, pulls = 0, []
    for k, date in enumerate(("2004-04-18T14:54", "2010-01-11T03:18", "2006-08-20T03:18", "2001-10-23T03:18")):
        c3 = starry("C3", date, seed=k, flipped=bool(k % 2))
        history = stars.pointing_history([c3.level05], geometry="official")
        exposure = starry("C2", date, seed=k, flipped=bool(k % 2), exptime=100.0, subframe=(0, 320, 1024, 384))
        smap, truth = exposure.level05, exposure.parameters
        roll, sigma, _ = stars.roll_at(history, smap)
        # The cameras of the simulator differ by their nominal rolls.
        assert abs(normalize_roll(roll.value - truth.roll)) < 3 * sigma.value
        solution = stars.solve(smap, roll=roll, roll_sigma=sigma)
        assert solution.solved, solution.reason
        few += solution.number < 4
        covariance = solution.covariance[:2, :2] - solution.sky_covariance
        error = np.subtract(solution.centre, truth.sun_centre)
        pulls.extend(error / np.sqrt(np.diag(covariance)))
        assert np.abs(error).max() < 0.15
        assert abs(normalize_roll(solution.roll - truth.roll)) < 0.02
        assert solution.roll_sigma <= sigma.value * 1.01
    assert few
    assert np.sqrt(np.mean(np.square(pulls))) < 2
    with pytest.raises(OptionError, match="pass both roll and roll_sigma, or neither"):
        stars.solve(smap, roll=roll)


def test_the_packaged_table(real_map):
    """The table agrees with the stars of the real frames, and every call returns a new copy."""
    table = stars.packaged_history()
    assert (table["reason"] == "").all()
    for name in ("32219521", "32310941", "22322544", "32122317"):
        row = table[table["name"] == f"{name}.fts"][0]
        own = stars.solve(real_map(name))
        assert np.hypot(row["x"].value - own.centre[0], row["y"].value - own.centre[1]) < 0.02, name
        assert abs(normalize_roll(row["roll"].value - own.roll)) < 0.003
        # Stars without a number of Hipparcos, a quarter of those of C2, are not in the package.
        noise = np.sqrt(np.trace(own.covariance[:2, :2] - own.sky_covariance) / 2)
        assert 0.9 < row["centre_sigma"].value / noise < 1.5
    table["x"] += 5 * u.pix
    assert np.ptp(table["x"] - stars.packaged_history()["x"]).value < 1e-9
    assert (stars.packaged_history()["x"] < table["x"]).all()
