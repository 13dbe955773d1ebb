"""The pointing of frames by the stars of others."""

import numpy as np
import pytest

import astropy.units as u
from astropy.table import QTable

import sunpy_lasco
from sunpy_lasco import stars
from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.rolls import normalize_roll


def test_a_frame_that_was_left_out(real_map, tmp_path):
    """Its neighbours of the same evening point it as its own stars do; so does the table that was written."""
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
    """Frames of the other camera, upside down, too far away, and those without a solution."""
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
