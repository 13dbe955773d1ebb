"""Pointing from tables: interpolation, ends of the tables, turns of the spacecraft."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropy.time import Time

from sunpy_lasco.geometry.pointing import nominal_pointing
from sunpy_lasco.geometry.pointing_tables import attitude_pointing, table_pointing
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.cameras import CAMERAS

#: A row a day from MJD 54000; the spacecraft turns between the fourth and the fifth.
TABLE = {
    "mjd": [54000.0, 54001.0, 54002.0, 54003.0, 54004.0, 54005.0],
    "x": [510.0, 510.2, 510.4, 510.6, 513.0, 513.2],
    "y": [506.0, 506.4, 506.2, 506.0, 507.0, 507.4],
    "roll": [0.4, 0.5, 0.6, 0.5, -179.5, -179.7],
}


def at(mjd, **kwargs):
    return table_pointing(TABLE, Time(mjd, format="mjd", scale="utc"), name="table.sav", **kwargs)


def test_linear_between_rows():
    found = at(54000.25)
    assert found.centre == pytest.approx((510.05, 506.1), abs=1e-6)
    assert found.roll == pytest.approx(0.425, abs=1e-6)
    assert (found.status, found.centre_source, found.roll_source) == ("final", "table.sav", "table.sav")
    assert (found.centre_sigma, found.roll_sigma, found.note) == (0.1, 0.01, "")


def test_rows_themselves_and_beyond_the_ends():
    for row, mjd in enumerate(TABLE["mjd"]):
        found = at(mjd)
        assert found.centre == pytest.approx((TABLE["x"][row], TABLE["y"][row]), abs=1e-6)
        assert found.roll == pytest.approx(TABLE["roll"][row], abs=1e-6)
    assert at(53000).roll == pytest.approx(0.4)
    assert at(56000).roll == pytest.approx(-179.7)


def test_no_table_after_its_last_day():
    assert at(54004.99, last_day=54004) is not None
    assert at(54005.0, last_day=54004) is None


def test_turn_between_rows():
    """The earlier row is used unless the header shows that the turn was complete."""
    for mjd in (54003.1, 54003.9):
        assert at(mjd).roll == 0.5
        assert at(mjd, flipped=False).roll == 0.5
        after = at(mjd, flipped=True)
        assert (after.roll, after.centre) == (-179.5, (513.0, 507.0))
        assert after.note == ""


def test_table_and_header_disagree():
    found = at(54001.5, flipped=True)
    assert found.roll == pytest.approx(0.55)
    assert "table.sav says that SOHO was upright, the header that it was upside down" in found.note


@given(st.floats(53990, 54015), st.sampled_from([None, True, False]))
def test_nothing_between_upright_and_upside_down(mjd, flipped):
    roll = at(mjd, flipped=flipped).roll
    assert min(abs(normalize_roll(roll - row)) for row in TABLE["roll"]) < 0.11
    assert -180 < roll <= 180


def test_rolls_near_180_are_interpolated_the_short_way():
    table = {"mjd": [54000.0, 54001.0], "x": [1.0, 1.0], "y": [1.0, 1.0], "roll": [179.8, -179.6]}
    found = table_pointing(table, Time(54000.5, format="mjd"), name="t")
    assert found.roll == pytest.approx(-179.9)


STEPS = {
    "mjd": [Time("1995-12-02T03:08").mjd, Time("2003-07-08T13:00").mjd, Time("2003-10-01").mjd],
    "roll": [0, 180, 0],
}


@pytest.mark.parametrize(
    ("detector", "start", "roll"),
    [("C2", "2003-07-08T12:59:59", 0.5), ("C2", "2003-07-08T13:00:00", -179.5), ("C3", "2003-08-01", 179.77)],
)
def test_steps_of_the_nominal_roll(detector, start, roll):
    frame = SimpleNamespace(camera=CAMERAS[detector], start=Time(start))
    found = attitude_pointing(STEPS, frame, nominal_pointing(frame), name="steps.dat")
    assert found.roll == pytest.approx(roll, abs=1e-9)
    assert (found.roll_source, found.centre_source, found.status) == ("steps.dat", "default of the camera", "interim")


def test_ecliptic_north_since_2010():
    """Official rolls of C2 of 2010-12-12 and 2011-03-03, 6.748 degree upside down and 0.065 upright."""
    steps = {"mjd": [50000.0, Time("2010-10-30").mjd, Time("2010-12-20").mjd], "roll": [0, 180, 0]}
    for start, official in (("2010-12-12T05:24:05", 180 - 6.748), ("2011-03-03T06:36:05", 0.0651)):
        frame = SimpleNamespace(camera=CAMERAS["C2"], start=Time(start))
        found = attitude_pointing(steps, frame, nominal_pointing(frame), name="steps.dat")
        assert normalize_roll(found.roll - official) == pytest.approx(0, abs=0.03)


def test_before_the_first_step_and_against_the_header():
    frame = SimpleNamespace(camera=CAMERAS["C2"], start=Time("1995-01-01"))
    assert attitude_pointing(STEPS, frame, nominal_pointing(frame), name="s") is None
    frame = SimpleNamespace(camera=CAMERAS["C2"], start=Time("2003-08-01"))
    assert attitude_pointing(STEPS, frame, nominal_pointing(frame), name="s", flipped=True).note == ""
    found = attitude_pointing(STEPS, frame, nominal_pointing(frame), name="s", flipped=False)
    assert is_flipped(found.roll)
    assert "upside down, the header that it was upright" in found.note
    assert np.isfinite(found.roll_sigma)


@pytest.mark.parametrize(("start", "roll"), [("2025-08-21T15:48", -177.3), ("2025-08-31T23:36", -178.6)])
def test_roll_while_headers_of_c2_held_placeholders(start, roll):
    """The roll of those days agrees with the neighbouring headers, without using them."""
    frame = SimpleNamespace(camera=CAMERAS["C2"], start=Time(start))
    assert nominal_pointing(frame, flipped=True).roll == pytest.approx(roll, abs=0.05)


@pytest.mark.parametrize(("step", "roll"), [(4.9, 10 + 4.9 / 2), (5.1, 10.0), (-4.9, 10 - 4.9 / 2), (-5.1, 10.0)])
def test_more_than_five_degrees_are_a_turn(step, roll):
    """Halfway between two rows: the mean of both, and of a turn the earlier."""
    table = {"mjd": [51000.0, 51001.0], "x": [510.0, 512.0], "y": [520.0, 524.0], "roll": [10.0, 10.0 + step]}
    found = table_pointing(table, Time(51000.5, format="mjd"), name="rows")
    assert found.roll == pytest.approx(roll, abs=1e-9)
