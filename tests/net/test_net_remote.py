"""
Tests of the real archives; run with ``--remote-data``.

Each test makes few requests: single days, and two files.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import astropy.units as u

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a

from sunpy_lasco import LASCOC2Map, LASCOC3Map, LASCOClient
from sunpy_lasco.net import ARCHIVES
from sunpy_lasco.net.image_fetch import file_fault
from sunpy_lasco.net.listing import parse_listing
from sunpy_lasco.net.web import Web

pytestmark = pytest.mark.remote_data

C2, C3 = a.Detector.c2, a.Detector.c3
LASCO, LEVEL_05, LEVEL_1 = a.Instrument.lasco, a.Level("0.5"), a.Level("1")


@pytest.mark.parametrize(
    "day",
    ["1996-05-01", "1997-12-31", "1999-12-31", "2000-01-01", "2003-07-15", "2012-08-31", "2020-02-29", "2024-01-01"],
)
def test_days_of_the_final_archive(day):
    """Each has images of both cameras, with times within the day and known wheel positions."""
    table = Fido.search(a.Time(day, f"{day} 23:59:59"), LASCO, C2 | C3, LEVEL_05)
    for block in table:
        assert len(block) > 5
        assert block.errors == []
        assert {time.isot[:10] for time in block["Start Time"]} == {day}
        assert set(block["Provider"]) == {"NRL"}
        assert set(block["Filter"]) & {"Orange", "Clear"}
        assert all(0 < exposure < 4000 * u.s for exposure in block["Exposure"])


def test_the_listing_is_read_to_its_last_line():
    url = f"{ARCHIVES[0].root}/240101/c2/img_hdr.txt"
    with Web() as web:
        text = web.get(url).decode("ascii")
    entries, unread = parse_listing(text, "C2", "0.5")
    assert unread == []
    assert len(entries) == sum(line[:2] in ("21", "22", "23") for line in text.splitlines())
    assert entries[0].name == "22932721.fts"
    assert entries[0].start == "2024-01-01T00:00:05.000"


def test_the_loss_of_the_spacecraft():
    table = Fido.search(a.Time("1998-08-01", "1998-08-02"), LASCO, C2, LEVEL_05)["lasco"]
    assert len(table) == 0
    assert table.errors == []


def test_the_copy_at_sdac():
    day = a.Time("2012-08-31", "2012-08-31 23:59:59")
    nrl, sdac = (Fido.search(day, LASCO, C3, LEVEL_05, a.Provider(name))["lasco"] for name in ("NRL", "SDAC"))
    assert set(sdac["Provider"]) == {"SDAC"}
    names = [{url.rsplit("/", 1)[-1] for url in table["url"]} for table in (nrl, sdac)]
    assert names[0] & names[1]


def test_the_last_days():
    now = datetime.now(UTC).replace(tzinfo=None)
    table = Fido.search(a.Time(now - timedelta(days=14), now), LASCO, C2, LEVEL_05)["lasco"]
    assert len(table) > 0
    assert set(table["Provider"]) <= {"NRL", "SDAC", "SDAC-NRT"}


def test_level_1():
    table = Fido.search(a.Time("2009-01-01", "2009-01-01 23:59:59"), LASCO, C2, LEVEL_1)["lasco"]
    assert len(table) > 5
    assert all(url.rsplit("/", 1)[-1].startswith(("24", "25", "26")) for url in table["url"])


@pytest.mark.parametrize(("detector", "source"), [(C2, LASCOC2Map), (C3, LASCOC3Map)])
def test_files(tmp_path, detector, source):
    table = Fido.search(a.Time("2012-08-31 20:00", "2012-08-31 20:30"), LASCO, detector, LEVEL_05)["lasco"]
    files = LASCOClient().fetch(table[:1], path=tmp_path, progress=False)
    assert files.errors == []
    assert file_fault(Path(files[0])) is None
    smap = sunpy.map.Map(files[0])
    assert isinstance(smap, source)
    # Listings contain whole seconds.
    assert abs(smap.date - table["Start Time"][0]) < 30 * u.s


def test_a_file_of_level_1(tmp_path):
    table = Fido.search(a.Time("2009-01-01", "2009-01-01 23:59:59"), LASCO, C3, LEVEL_1)["lasco"]
    files = LASCOClient().fetch(table[:1], path=tmp_path, progress=False)
    assert files.errors == []
    assert isinstance(sunpy.map.Map(files[0]), LASCOC3Map)
