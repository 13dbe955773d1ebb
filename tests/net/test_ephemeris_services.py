"""SOHO's position from Horizons and from MDI's keywords, on the loopback interface."""

import json
import socket
from dataclasses import replace

import numpy as np
import pytest
from loopback_archive import Answer, serve
from loopback_services import Services, halo, stonyhurst

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.assets import resolve
from sunpy_lasco.assets.names import SOHO_ORBITS
from sunpy_lasco.assets.orbits import read_orbit, read_orbits
from sunpy_lasco.commands import main as cli
from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.net import transfer
from sunpy_lasco.net.horizons import fetch_horizons
from sunpy_lasco.net.jsoc import fetch_mdi

FIRST, LAST = Time("2009-02-20"), Time("2009-03-20")
#: A time between two rows of the tables.
TIME = Time("2009-02-28T07:12:34")


@pytest.fixture
def services(monkeypatch, tmp_path):
    """The model services, an empty directory for tables, and nothing else."""
    for name in ("LASCO_DATA", "SSW", "SUNPY_LASCO_OFFLINE", "SUNPY_LASCO_ASSETS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(transfer, "PAUSE", 0.01)
    site = Services()
    with serve(site) as url:
        monkeypatch.setenv("SUNPY_LASCO_HORIZONS", f"{url}/horizons.api")
        monkeypatch.setenv("SUNPY_LASCO_JSOC", f"{url}/jsoc/")
        yield site


def separation(one, other):
    """Distance of two positions, km."""
    return one.separation_3d(other).to_value(u.km)


def test_horizons_orbit(services):
    orbit, url = fetch_horizons(FIRST, LAST, configuration=Configuration.read())
    assert "COMMAND" in url
    assert len(services.hits) == 1
    assert orbit.source == "Horizons"
    # A row a day, interpolated by velocities: far better than what the header states.
    truth = stonyhurst(TIME)
    assert separation(orbit.position(TIME), truth) < 1
    assert orbit.covers(FIRST)
    assert orbit.covers(LAST - 1 * u.day)
    assert not orbit.covers(Time("2008-01-01"))
    assert not orbit.covers(Time("2010-01-01"))
    with pytest.raises(ValueError, match="covers no time near 2010"):
        orbit.position(Time("2010-01-01"))


def test_rows_without_tracking_are_told_and_the_jump_is_not_bridged(services):
    """SOHO was lost on 1998-06-25; the rows of Horizons until 1999-02-08 do not join the next."""
    interval = Time("1998-06-20"), Time("1999-02-20")
    orbit, _ = fetch_horizons(*interval, configuration=Configuration.read())
    assert orbit.error(Time("1998-06-21")) == 500
    assert orbit.error(Time("1998-08-25")) == orbit.error(Time("1999-02-07T12:00")) == 11_500
    assert orbit.covers(Time("1999-02-07T23:00"))
    assert not orbit.covers(Time("1999-02-08T12:00"))
    assert orbit.covers(Time("1999-02-09T01:00"))
    assert orbit.error(Time("1999-02-09T01:00")) == 500


def test_interval_is_cut_to_what_horizons_covers(services):
    orbit, _ = fetch_horizons(Time("1995-01-01"), Time("1996-01-01"), configuration=Configuration.read())
    assert Time(orbit.days[0], format="jd", scale="tdb").isot.startswith("1995-12-04")
    orbit, _ = fetch_horizons(Time("2026-10-01"), Time("2027-01-01"), configuration=Configuration.read())
    assert Time(orbit.days[-1], format="jd", scale="tdb").isot.startswith("2026-10-20")
    with pytest.raises(AssetError, match="has no orbit of SOHO between 1990"):
        fetch_horizons(Time("1990-01-01"), Time("1991-01-01"), configuration=Configuration.read())


def test_mdi_orbit_and_roll(services):
    services.roll = lambda mjd: 180.0 if mjd < 54880 else 0.1
    orbit, _ = fetch_mdi(FIRST - 20 * u.day, LAST, configuration=Configuration.read())
    # Rounded keywords, and a day without a record nearby.
    assert separation(orbit.position(TIME), stonyhurst(TIME)) < 100
    assert orbit.position(TIME).lon.wrap_at(180 * u.deg).deg == pytest.approx(
        stonyhurst(TIME).lon.wrap_at(180 * u.deg).deg, abs=1e-4
    )
    assert orbit.roll(TIME) == pytest.approx(0.1)
    assert orbit.roll(Time("2009-02-05T06:00")) == pytest.approx(180)
    # Between rows of different kinds the position is unknown.
    assert orbit.roll(Time(54879.5, format="mjd")) is None
    with pytest.raises(AssetError, match=r"MDI observed from 1996-04-20 to 2011-04-12 only"):
        fetch_mdi(Time("2012-01-01"), Time("2012-02-01"), configuration=Configuration.read())


def test_a_passing_fault_is_tried_again(services):
    for fetch in (fetch_horizons, fetch_mdi):
        answers = [Answer(b"", 503), Answer(b"x" * 100, how="cut")]
        services.answer = lambda path, answers=answers: answers.pop() if answers else Services.answer(services, path)
        orbit, _ = fetch(FIRST, LAST, configuration=Configuration.read())
        assert orbit.covers(TIME)


def test_the_time_limit_of_all_sockets_stays(services):
    """The default timeout is unchanged during requests, since other threads have sockets too."""
    seen = set()

    def answer(path):
        seen.add(socket.getdefaulttimeout())
        return Services.answer(services, path)

    services.answer = answer
    for fetch in (fetch_horizons, fetch_mdi):
        fetch(FIRST, LAST, configuration=Configuration.read())
    assert seen == {socket.getdefaulttimeout()} == {None}


def test_years_are_asked_one_by_one(services):
    fetch_mdi(Time("2005-01-01"), Time("2008-01-01"), configuration=Configuration.read())
    assert len(services.hits) == 3


FAULTS = {
    "absent": (Answer(b"<html>404</html>", 404), "status 404"),
    "broken_server": (Answer(b"oops", 500), "status 500"),
    "page": (Answer(b"<!DOCTYPE html><html></html>"), "not that of Horizons|not that of the JSOC"),
    "empty": (Answer(b""), "not that of Horizons|not that of the JSOC"),
    "cut": (Answer(json.dumps({"result": "x" * 2000}).encode(), how="cut"), "broke off"),
    "reset": (Answer(how="reset"), "broke off"),
    "drop": (Answer(how="drop"), "broke off"),
    "stall": (Answer(b"x" * 1000, how="stall"), "stood still"),
    "drip": (Answer(b"x" * 1000, how="drip"), "not complete after 0.5 s"),
    "endless": (Answer(bytes(1 << 20), how="endless"), "longer than 8000000 bytes"),
    "other_json": (Answer(b'{"status": 1, "error": "bad record set"}'), "no whole table|bad record set"),
    "list": (Answer(b"[1, 2]"), "not that of Horizons|not that of the JSOC"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("fetch", [fetch_horizons, fetch_mdi])
def test_one_clear_error(fetch, fault, services, tmp_path):
    services.fault, message = FAULTS[fault]
    impatient = replace(Configuration.read(), connect_timeout=0.1, read_timeout=0.1, deadline=0.5)
    with pytest.raises(AssetError, match=message) as caught:
        fetch(FIRST, LAST, configuration=impatient)
    assert "127.0.0.1" in str(caught.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace("$$EOE", ""), "no whole table"),
        (lambda text: text.replace("2454890.5", "\n2454890.5").replace("2454891.5", "$$EOE\n"), "rows instead of 30"),
        (lambda text: text.replace("E-01", "E+01"), "au from the Sun"),
        (lambda text: text.replace("A.D. 2009-Mar-01 00:00:00.0000, ", "A.D., n.a."), "could not convert"),
        (lambda text: "API SOURCE: NASA/JPL\nTOO MANY CONSTANTS\n", "TOO MANY CONSTANTS"),
    ],
)
def test_tables_that_cannot_be_right(spoil, message, services):
    services.spoil = spoil
    with pytest.raises(AssetError, match=message):
        fetch_horizons(FIRST, LAST, configuration=Configuration.read())


def test_offline(services, monkeypatch, capsys):
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "1")
    for source in ("horizons", "mdi"):
        assert cli.main(["ephemeris", "update", "--source", source]) == 1
        assert "the network is switched off" in capsys.readouterr().err
    assert services.hits == []


def test_command(services, tmp_path, capsys):
    days = ["--first", "2009-02-20", "--last", "2009-03-20"]
    assert cli.main(["ephemeris", "update", "--source", "all", *days]) == 0
    output = capsys.readouterr().out
    assert "Horizons, 31 days from 2009-02-1" in output
    assert "MDI keywords, 29 days" in output
    assert sorted(path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")) == [
        "pins.json",
        *sorted(SOHO_ORBITS.values()),
    ]
    hits = len(services.hits)
    assert cli.main(["ephemeris", "show", "2009-02-28T07:12:34"]) == 0
    output = capsys.readouterr().out
    # Horizons, the package's table and closed form, L1, and MDI.
    assert output.count("Stonyhurst longitude") == 5
    assert [line.split(":")[0] for line in output.splitlines()[:10:2]] == [
        "Horizons",
        "orbit of the package",
        "closed form of the orbit",
        "L1 approximation",
        "MDI keywords",
    ]
    assert "roll 0.000 deg" in output
    assert f"{stonyhurst(TIME).lon.wrap_at(180 * u.deg).deg:.4f}" in output
    assert cli.main(["ephemeris", "show", "2019-02-28"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("orbit of the package")
    assert "MDI keywords: nothing near 2019-02-28" in output
    # A failed update leaves the table of before.
    services.fault = Answer(b"", 500)
    assert cli.main(["ephemeris", "update"]) == 1
    assert "status 500" in capsys.readouterr().err
    assert {name: orbit.source for name, orbit in read_orbits(resolve()).items()} == {
        "horizons": "Horizons",
        "mdi": "MDI keywords",
    }
    assert len(services.hits) == hits + 3
    for words in (["update", "--first", "yesterday"], ["show", "soon"]):
        assert cli.main(["ephemeris", *words]) == 1
        assert "is not a time" in capsys.readouterr().err


def test_tables_can_be_copied_and_damage_is_named(services, tmp_path, capsys):
    cli.main(["ephemeris", "update", "--first", "2009-02-20", "--last", "2009-03-20"])
    kept = tmp_path / "cache" / SOHO_ORBITS["horizons"]
    elsewhere = tmp_path / "flat"
    elsewhere.mkdir()
    copy = elsewhere / kept.name
    copy.write_bytes(kept.read_bytes())
    (orbit,) = read_orbits(resolve(elsewhere)).values()
    assert separation(orbit.position(TIME), stonyhurst(TIME)) < 1
    copy.write_bytes(kept.read_bytes()[:4000])
    with pytest.raises(AssetError, match="is not a table of positions of SOHO"):
        read_orbit(copy)
    assert cli.main(["assets", "check", kept.name]) == 0
    assert "1 files are valid" in capsys.readouterr().out


def test_tables_are_never_fetched_by_asking_for_them(services):
    with pytest.raises(MissingAssetError, match="`sunpy-lasco ephemeris update` makes it"):
        resolve().path(SOHO_ORBITS["horizons"])
    assert read_orbits(resolve()) == {}
    assert cli.main(["assets", "fetch", SOHO_ORBITS["horizons"]]) == 1
    assert services.hits == []


def test_interpolation_over_many_days(services):
    """The largest errors over a year of daily rows with velocities, and of MDI's rows without."""
    start = Time("2003-01-01")
    horizons, _ = fetch_horizons(start, start + 380 * u.day, configuration=Configuration.read())
    times = start + np.linspace(1, 370, 20) * u.day
    truth = halo(times)
    from astropy.coordinates import HeliocentricEclipticIAU76

    for time, there in zip(times, truth, strict=True):
        found = horizons.position(time).transform_to(HeliocentricEclipticIAU76(obstime=time)).cartesian.xyz
        assert np.linalg.norm(found.to_value(u.au) - there) * u.au.to(u.km) < 1.5


@pytest.mark.remote_data
def test_real_services(monkeypatch, tmp_path):
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(tmp_path / "cache"))
    positions = [
        fetch(FIRST, LAST, configuration=Configuration.read())[0].position(TIME)
        for fetch in (fetch_horizons, fetch_mdi)
    ]
    assert separation(*positions) < 100_000
