"""Sources of pointing, time and observer in calibrate, and their record in the header."""

import warnings

import numpy as np
import pytest
from idl_save_file import save_file

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import get_body_heliographic_stonyhurst, get_earth

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.assets import (
    C2_TIME_OFFSETS,
    LAST_POINTING_DAYS,
    NOMINAL_ROLL,
    POINTING_TABLES,
    ChainSource,
    DirectorySource,
    resolve,
)
from sunpy_lasco.assets.names import SOHO_ORBITS
from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.assets.orbits import write_orbit
from sunpy_lasco.errors import LascoUserWarning, OptionError
from sunpy_lasco.geometry.ephemeris import idl_solar_radius
from sunpy_lasco.geometry.orbit import Orbit
from sunpy_lasco.level1.lookups import clock_correction, mdi_roll, observer_position
from sunpy_lasco.level1.pointing_sources import POINTING_SOURCES, find_pointing, pointing_from

#: Processed after 2010-11-08: the header holds a pointing.
MODERN = "2011-05-21T00:18:00"
#: The clock of the model tables is 30.094 s fast.
OFFSET = 30.094


def write_tables(folder, detector, days, x, y, roll, *, last=None):
    """Tables of pointing, of the clock and of the last day."""
    seconds = Time(days, format="mjd", scale="utc").tai.mjd
    columns = {
        "c_tai": (seconds - 36204) * 86400 + 32.184,
        "c_xmed": x,
        "c_ymed": y,
        "c_rmed": roll,
    }
    (folder / POINTING_TABLES[detector][1]).write_bytes(save_file(columns))
    (folder / C2_TIME_OFFSETS).write_text(f"h\nh\n50000 0 510 0 {OFFSET}\n60000 0 510 0 {OFFSET}\n")
    if last:
        (folder / LAST_POINTING_DAYS).write_bytes(save_file({"last_day": last}))


@pytest.fixture(scope="module")
def raw():
    return {name: simulate.observe(name, date=MODERN, seed=1, subsamples=1).level05 for name in ("C2", "C3")}


@pytest.fixture
def both(tmp_path):
    """The simulator's images, and tables that a test writes."""
    return ChainSource((simulate.assets(), DirectorySource(tmp_path)))


def test_tables_come_first(raw, both, tmp_path):
    mjd = Time(MODERN).mjd
    days = [mjd - 1, mjd + 1]
    write_tables(tmp_path, "C3", days, [518.0, 518.2], [532.0, 532.2], [1.0, 1.2], last="2011/06/01")
    level1 = sunpy_lasco.calibrate(raw["C3"], assets=both)
    name = POINTING_TABLES["C3"][1]
    assert (level1.meta["rollsrc"], level1.meta["centsrc"]) == (name, name)
    assert (level1.meta["rollstat"], level1.meta["centstat"]) == ("final", "final")
    assert (level1.meta["rollsig"], level1.meta["centsig"]) == (0.01, 0.1)
    assert level1.meta["timesrc"] == C2_TIME_OFFSETS
    assert level1.meta["timesig"] == 1.0
    # By the corrected clock, in the middle between the rows but for 30 s.
    part = 0.5 - OFFSET / 86400 / 2
    assert level1.meta["detroll"] == pytest.approx(1.0 + 0.2 * part, abs=1e-6)
    assert level1.meta["sunpix1"] == pytest.approx(518.0 + 0.2 * part, abs=1e-6)
    assert level1.reference_pixel.x.value == pytest.approx(518.0 + 0.2 * part, abs=1e-6)
    angle = np.rad2deg(np.arctan2(level1.rotation_matrix[1, 0], level1.rotation_matrix[0, 0]))
    assert angle == pytest.approx(level1.meta["detroll"], abs=1e-6)


def test_interim_after_the_last_day(raw, tmp_path):
    mjd = Time(MODERN).mjd
    write_tables(tmp_path, "C3", [mjd - 30, mjd + 30], [518.0] * 2, [532.0] * 2, [1.0] * 2, last="2011/05/20")
    found = find_pointing(raw["C3"], assets=tmp_path)
    assert (found.status, found.roll_source) == ("interim", "level-0.5 header")
    # Without the file of last days, the table ends with the day of its last row.
    (tmp_path / LAST_POINTING_DAYS).unlink()
    assert find_pointing(raw["C3"], assets=tmp_path).status == "final"
    write_tables(tmp_path, "C3", [mjd - 30, mjd - 2], [518.0] * 2, [532.0] * 2, [1.0] * 2)
    assert find_pointing(raw["C3"], assets=tmp_path).status == "interim"


def test_order_and_each_source_alone(raw, tmp_path):
    (tmp_path / NOMINAL_ROLL).write_text("1995-12-02 03:08:00 0.00\n")
    smap, alone = raw["C2"], {}
    for name in POINTING_SOURCES:
        alone[name] = pointing_from(name, smap, assets=tmp_path)
    assert alone["tables"] is None
    assert alone["header"].roll_source == "level-0.5 header"
    assert alone["attitude"].roll_source == NOMINAL_ROLL
    assert alone["nominal"].roll_source.startswith("nominal")
    assert alone["attitude"].roll == pytest.approx(alone["nominal"].roll)
    assert find_pointing(smap, assets=tmp_path) == alone["header"]
    assert find_pointing(smap, assets=tmp_path, sources=("attitude", "header")) == alone["attitude"]
    with pytest.raises(ValueError, match="none of the sources tables provides"):
        find_pointing(smap, assets=tmp_path, sources=("tables",))
    with pytest.raises(ValueError, match="not a source of the pointing"):
        pointing_from("stars", smap, assets=tmp_path)


def test_old_headers_take_the_roll_of_the_spacecraft(real_map, tmp_path):
    """32108414 of 2003-07-21, in the first season upside down, as its header states."""
    smap = real_map("32108414")
    (tmp_path / NOMINAL_ROLL).write_text("1995-12-02 03:08:00 0.00\n2003-07-08 13:00:00 180.00\n")
    found = find_pointing(smap, assets=tmp_path)
    assert found.roll_source == NOMINAL_ROLL
    assert found.roll == pytest.approx(179.77)
    (tmp_path / NOMINAL_ROLL).write_text("1995-12-02 03:08:00 0.00\n")
    with pytest.warns(LascoUserWarning, match="32108414.*upright, the header that it was upside down"):
        assert find_pointing(smap, assets=tmp_path).roll == pytest.approx(-0.23)


def test_upside_down_by_the_table(real_map, tmp_path):
    """A table with the spacecraft upside down turns the image, as the header does."""
    smap = real_map("32108414")
    write_tables(tmp_path, "C3", [52800.0, 52900.0], [519.0, 519.0], [533.0, 533.0], [179.5, 179.5])
    turned = sunpy_lasco.update_pointing(smap, pointing=find_pointing(smap, assets=tmp_path))
    assert turned.meta["detroll"] == 179.5
    assert turned.meta["rollstat"] == "final"
    assert turned.reference_pixel.x.value == pytest.approx(519.0)


def test_ones_own_pointing_comes_before_all(raw, both, tmp_path):
    mjd = Time(MODERN).mjd
    write_tables(tmp_path, "C2", [mjd - 1, mjd + 1], [510.0] * 2, [506.0] * 2, [1.0] * 2, last="2011/06/01")
    level1 = sunpy_lasco.calibrate(raw["C2"], assets=both, roll=2.5 * u.deg)
    assert (level1.meta["rollsrc"], level1.meta["rollstat"]) == ("given", "given")
    assert level1.meta["detroll"] == pytest.approx(2.5)
    assert "rollsig" not in level1.meta
    # Values that are not given still come from the table.
    assert (level1.meta["centstat"], level1.meta["sunpix1"]) == ("final", 510.0)
    before = sunpy_lasco.update_pointing(raw["C2"], roll=3 * u.deg, roll_sigma=0.1 * u.deg, roll_source="my stars")
    level1 = sunpy_lasco.calibrate(before, assets=both)
    assert (level1.meta["rollsrc"], level1.meta["rollsig"], level1.meta["detroll"]) == ("my stars", 0.1, 3.0)


def test_damaged_table_is_an_error_that_names_it(raw, tmp_path):
    (tmp_path / POINTING_TABLES["C3"][1]).write_bytes(b"<html>")
    with pytest.raises(sunpy_lasco.errors.AssetError, match=r"c3_post_recovery.*cannot be read as an IDL save file"):
        find_pointing(raw["C3"], assets=tmp_path)


@pytest.mark.parametrize(
    ("row", "day", "start", "corrected"),
    [
        (-175.409, "1998-01-01", "00:10:11.181", "1998-01-01T00:13:06.590"),
        (6.009, "2003-10-28", "12:54:05.521", "2003-10-28T12:53:59.512"),
        (30.094, "2009-02-28", "00:06:03.474", "2009-02-28T00:05:33.380"),
    ],
)
def test_corrected_times_of_published_images(raw, tmp_path, row, day, start, corrected):
    """Vectors of three official images, none of which crosses midnight."""
    (tmp_path / C2_TIME_OFFSETS).write_text(f"h\nh\n{int(Time(day).mjd)} 0 510 0 {row}\n")
    smap = raw["C2"]
    smap = smap._new_instance(smap.data, smap.meta | {"date-obs": day.replace("-", "/"), "time-obs": start})
    offset, sigma = clock_correction(smap, assets=tmp_path)
    done = sunpy_lasco.level1.correct_time(smap, offset=offset, source="table", sigma=sigma)
    assert done.meta["date-obs"] == corrected
    assert (done.meta["timesig"], done.meta["timeoff"]) == (1.0, row)


def test_clock_is_less_certain_where_it_jumps(raw, tmp_path):
    mjd = int(Time(MODERN).mjd)
    (tmp_path / C2_TIME_OFFSETS).write_text(f"h\nh\n{mjd - 1} 0 510 0 8.5\n{mjd + 1} 0 510 0 49.1\n")
    offset, sigma = clock_correction(raw["C3"], assets=tmp_path)
    assert 8.5 < offset.value < 49.1
    assert sigma.value == pytest.approx(20.3)


def test_uncorrected_clock_says_so(raw, tmp_path):
    assert clock_correction(raw["C3"], assets=tmp_path) is None
    level1 = sunpy_lasco.calibrate(raw["C3"], assets="simulated")
    assert (level1.meta["timesrc"], level1.meta["timesig"]) == ("uncorrected", 104.0)


def test_observer_from_a_table(raw, both, tmp_path):
    """A table with SOHO displaced by 3 degrees, which distinguishes it from other sources."""
    days = Time(MODERN).tdb.jd + np.arange(-3, 4)
    angle = np.deg2rad(np.arange(-3, 4) * 0.986)
    positions = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
    orbit = Orbit(days, positions, None, "a model", 12.0)
    write_orbit(tmp_path / SOHO_ORBITS["horizons"], orbit)
    known = observer_position(raw["C3"], assets=both)
    assert (known["source"], known["error"]) == ("a model", "at most 12 km along each axis (5e-06 deg)")
    level1 = sunpy_lasco.calibrate(raw["C3"], assets=both)
    assert (level1.meta["obssrc"], level1.meta["obserr"]) == (known["source"], known["error"])
    assert level1.meta["dsun_obs"] == pytest.approx(u.au.to(u.m), rel=1e-4)
    given = sunpy_lasco.calibrate(raw["C3"], assets=both, observer=level1.observer_coordinate)
    assert given.meta["obssrc"] == "given"
    assert "obserr" not in given.meta
    # Outside the table the orbit of the package is used, as the header states.
    later = {"date-obs": "2012/05/21", "mid_date": raw["C3"].meta["mid_date"] + 366, "date": "2012/08/01"}
    later = raw["C3"]._new_instance(raw["C3"].data, raw["C3"].meta | later)
    level1 = sunpy_lasco.calibrate(later, assets=both)
    assert level1.meta["obssrc"] == "orbit of the package"
    assert level1.meta["obserr"] == "at most 2200 km along each axis (0.0009 deg)"
    assert level1.observer_coordinate.separation_3d(packaged_observer(level1.reference_date).coordinate) < 1 * u.km


def test_observer_is_that_of_the_corrected_middle_of_the_exposure(raw):
    """In 5 minutes SOHO moves 9,000 km around the Sun, together with the frame of the header."""
    level1 = sunpy_lasco.calibrate(raw["C2"], assets="simulated", time_offset=300 * u.s)
    middle = Time(level1.meta["date-avg"])
    assert (middle - raw["C2"].date).to_value(u.s) == pytest.approx(level1.meta["exptime"] / 2 - 300, abs=0.01)
    expected = packaged_observer(middle).coordinate
    observer = level1.observer_coordinate
    assert observer.obstime == middle
    assert observer.separation_3d(expected) < 0.5 * u.km
    assert observer.separation_3d(packaged_observer(raw["C2"].date).coordinate) > 5000 * u.km
    # A coordinate for another time keeps its position relative to the Earth.
    given = sunpy_lasco.update_observer(level1, packaged_observer(raw["C2"].date).coordinate)
    assert given.observer_coordinate.separation_3d(expected) < 100 * u.km
    assert given.meta["rsun_obs"] == pytest.approx(
        np.degrees(np.arcsin(695700 / expected.radius.to_value(u.km))) * 3600
    )
    # RSUN is by SolarSoft's rule, wherever SOHO is.
    assert level1.meta["rsun"] == pytest.approx(idl_solar_radius(int(raw["C2"].date.mjd)))


def test_observers_that_cannot_be_soho_are_refused(raw):
    direction = SkyCoord(0 * u.deg, 0 * u.deg, frame="icrs")
    with pytest.raises(OptionError, match="has no distance"):
        sunpy_lasco.update_observer(raw["C3"], direction)
    # Without a distance sunpy takes the surface of the Sun.
    surface = SkyCoord(0 * u.deg, 0 * u.deg, frame="heliographic_stonyhurst", obstime=raw["C3"].date)
    with pytest.raises(OptionError, match="has no distance"):
        sunpy_lasco.update_observer(raw["C3"], surface)
    jupiter = get_body_heliographic_stonyhurst("jupiter", raw["C3"].date)
    with pytest.raises(OptionError, match=r"4\.\d+ au from the Sun"):
        sunpy_lasco.update_observer(raw["C3"], jupiter)
    # The Earth at any time of the year is near enough.
    for day in ("2011-01-03", "2011-07-04"):
        assert sunpy_lasco.update_observer(raw["C3"], get_earth(day)).meta["obssrc"] == "given"


def test_roll_of_mdi_as_a_check(real_map, tmp_path):
    """32108414 of 2003-07-21, upside down: MDI on the same spacecraft must say the same."""
    smap = real_map("32108414")
    assert mdi_roll(smap, assets=tmp_path) is None
    days = Time("2003-07-18", scale="tdb").jd + np.arange(8)
    positions = np.tile([1.005, 0.0, 0.0], (8, 1))
    write_orbit(tmp_path / SOHO_ORBITS["mdi"], Orbit(days, positions, None, "m", 1.0, np.full(8, 180.05)))
    check = mdi_roll(smap, assets=tmp_path)
    assert check.to_value(u.deg) == pytest.approx(180.05 - 0.23)
    assert abs(check.to_value(u.deg) - find_pointing(smap, assets=tmp_path).roll) < 0.1


def test_nothing_is_asked_online_for_the_observer(raw, monkeypatch, tmp_path):
    import socket

    def refuse(*args, **kwargs):
        pytest.fail("a connection was opened")

    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(tmp_path))
    monkeypatch.delenv("SSW", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert observer_position(raw["C3"], assets=resolve())["source"] == "orbit of the package"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sunpy_lasco.update_observer(raw["C3"]).meta["obssrc"] == "orbit of the package"
