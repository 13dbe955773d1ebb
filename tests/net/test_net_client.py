"""Queries: which ones the client handles, what they find, and the resulting table."""

import os
import signal
import threading
import time
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from loopback_archive import Answer, Image, sequence

import astropy.units as u
from astropy.time import Time

from sunpy.net import Fido
from sunpy.net import attrs as a

from sunpy_lasco import LASCOClient
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.net import LASCOQueryResponse, ListingError

TIME = a.Time("2012-08-31 19:00", "2012-08-31 21:00")
C2 = (TIME, a.Instrument.lasco, a.Detector.c2, a.Level("0.5"))


@pytest.mark.parametrize(
    "attrs",
    [
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5")),
        (a.Instrument("LASCO"), a.Detector("C3"), a.Level(0.5)),
        (a.Instrument("lasco"), a.Detector("c3"), a.Level(1)),
        (a.Instrument.lasco, a.Detector.c2, a.Level("1"), a.Provider("NRL")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Provider.sdac, a.Source.soho, a.Physobs.intensity),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Sample(1 * u.hour)),
        (a.Instrument.lasco, a.Detector.c2),
        (a.Instrument.lasco, a.Level("0.5")),
        (a.Instrument.lasco, a.Level(1)),
        (a.Instrument.lasco, a.Provider("NRL")),
        (a.Instrument.lasco, a.Provider("SDAC-NRT"), a.Source("soho")),
        (a.lasco.Filter("Orange"),),
        (a.lasco.Polarizer.plus60, a.Detector.c3),
        (a.lasco.ExposureTime(20 * u.s, 30 * u.s), a.Level("0.5")),
        (a.lasco.Programme("Normal"),),
        (a.lasco.Size("full"), a.Instrument.lasco),
    ],
)
def test_queries_for_this_client(attrs):
    assert LASCOClient._can_handle_query(TIME, *attrs)


@pytest.mark.parametrize(
    "attrs",
    [
        (),
        (a.Instrument.lasco,),
        (a.Instrument.lasco, a.Source.soho, a.Physobs.intensity, a.Sample(1 * u.hour)),
        (a.Instrument.lasco, a.Provider("JSOC")),
        (a.Detector.c2, a.Level("0.5")),
        (a.Instrument.lasco, a.Detector("C1"), a.Level("0.5")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("2")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("1"), a.Provider("SDAC")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Provider("JSOC")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Source("SDO")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Physobs("vector_magnetic_field")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Wavelength(171 * u.AA)),
        (a.Instrument.eit, a.Level("0.5")),
        (a.Instrument.eit, a.lasco.Filter("Clear")),
        (a.Detector("C1"), a.lasco.Filter("Orange")),
    ],
)
def test_queries_for_others(attrs):
    assert not LASCOClient._can_handle_query(TIME, *attrs)


def test_a_query_without_time_is_not_ours():
    assert not LASCOClient._can_handle_query(a.Instrument.lasco, a.Detector.c2, a.Level("0.5"))
    with pytest.raises(ValueError, match=r"needs a\.Time"):
        LASCOClient().search(a.Instrument.lasco)


def test_values_for_completion():
    assert a.Instrument.lasco.value == "LASCO"
    assert a.Provider.nrl.value == "NRL"
    assert a.Provider.sdac_nrt.value == "SDAC-NRT"


@pytest.fixture
def day(site):
    """Images of 2012-08-31 from 19 h on: 8 of C2, of all kinds, and 4 of C3."""
    start = datetime(2012, 8, 31, 19)
    step = timedelta(minutes=12)
    kinds = [
        {},
        {"polar": "+60 Deg", "programme": "Seq PW", "exptime": 100.0, "shape": (512, 512)},
        {"polar": "0 Deg", "programme": "Seq PW", "exptime": 100.0, "shape": (512, 512)},
        {"polar": "-60 Deg", "programme": "Seq PW", "exptime": 100.0, "shape": (512, 512)},
        {"filter": "Blue", "exptime": 300.5},
        {"filter": "DeepRd", "shape": (1024, 576), "corner": (20, 225)},
        {},
        {"programme": "Sum Img"},
    ]
    site.nrl.add(Image(f"{22000000 + n}.fts", start + n * step, **kind) for n, kind in enumerate(kinds))
    site.nrl.add(sequence(start, "C3", count=4, step=timedelta(minutes=30), filter="Clear", exptime=19.1))
    return site


def test_table(day):
    result = Fido.search(*C2)
    assert len(result) == 1
    table = result["lasco"]
    assert type(table) is LASCOQueryResponse
    assert len(table) == 8
    row = table[1]
    assert row["Start Time"].iso == "2012-08-31 19:12:00.000"
    assert row["End Time"].iso == "2012-08-31 19:13:40.000"
    assert row["Exposure"] == 100 * u.s
    texts = (
        "Instrument",
        "Detector",
        "Source",
        "Provider",
        "Level",
        "Filter",
        "Polarizer",
        "Size",
        "Programme",
    )
    assert tuple(row[name] for name in texts) == (
        "LASCO", "C2", "SOHO", "NRL", "0.5", "Orange", "+60 Deg", "binned", "Seq PW",
    )  # fmt: skip
    assert row["url"] == f"{day.url}/nrl/level_05/120831/c2/22000001.fts"
    assert table.errors == []
    assert table.gaps == []
    assert list(table["Size"]) == ["full", *["binned"] * 3, "full", "sub-frame", "full", "full"]
    assert isinstance(table["Start Time"], Time)
    assert table.time_range().start == Time("2012-08-31 19:00")
    assert "8 Results from the LASCOClient" in str(result)
    assert {"start_time", "detector", "filter", "polarizer", "programme"} <= table.path_format_keys()


@pytest.mark.parametrize(
    ("attr", "numbers"),
    [
        (a.lasco.Filter("orange"), [0, 1, 2, 3, 6, 7]),
        (a.lasco.Filter("DeepRd"), [5]),
        (a.lasco.Filter("IR"), []),
        (a.lasco.Polarizer("clear"), [0, 4, 5, 6, 7]),
        (a.lasco.Polarizer(60 * u.deg), [1]),
        (a.lasco.Polarizer(0 * u.deg), [2]),
        (a.lasco.Polarizer("-60"), [3]),
        (a.lasco.Programme("seq pw"), [1, 2, 3]),
        (a.lasco.Programme("Sum Img"), [7]),
        (a.lasco.Size("full"), [0, 4, 6, 7]),
        (a.lasco.Size("binned"), [1, 2, 3]),
        (a.lasco.Size("sub-frame"), [5]),
        (a.lasco.ExposureTime(20 * u.s, 30 * u.s), [0, 5, 6, 7]),
        (a.lasco.ExposureTime(100 * u.s), [1, 2, 3]),
        (a.lasco.ExposureTime(25.06 * u.s, 26 * u.s), [0, 5, 6, 7]),
        (a.lasco.ExposureTime(25.16 * u.s, 26 * u.s), []),
        (a.Provider("NRL"), range(8)),
        (a.Sample(30 * u.min), [0, 3, 6]),
    ],
)
def test_selection(day, attr, numbers):
    found = Fido.search(*C2, attr)["lasco"]
    assert [int(row["url"][-5]) for row in found] == list(numbers)


def test_sizes_are_quantities(day):
    table = Fido.search(*C2)["lasco"]
    assert table["Width"].unit == table["Height"].unit == u.pix
    assert list(zip(table["Width"].value, table["Height"].value, strict=True))[1:6] == [
        (512, 512), (512, 512), (512, 512), (1024, 1024), (1024, 576),
    ]  # fmt: skip
    assert table["Width"][0] * table["Height"][0] == 1024**2 * u.pix**2
    assert len(table[table["Height"] < 600 * u.pix]) == 4
    # Header and pixels of 16 bits, in whole blocks.
    assert table["File Size"][0].to_value(u.byte) == pytest.approx(3 * 2880 + 729 * 2880, abs=1000)
    assert 4 * 1.9 * u.Mibyte < table.total_size() < 8 * 2.1 * u.Mibyte
    assert "Total estimated size" in str(Fido.search(*C2))


def test_several_attrs_and_alternatives(day):
    both = a.lasco.Filter("Orange") & a.lasco.Size("full") & a.lasco.Programme("Normal")
    assert len(Fido.search(*C2, both)["lasco"]) == 2
    either = Fido.search(TIME, a.lasco.Filter("Blue") | a.lasco.Filter("DeepRd"))
    assert [len(block) for block in either] == [1, 1]
    cameras = Fido.search(TIME, a.Instrument.lasco, a.Detector.c2 | a.Detector.c3, a.Level("0.5"))
    assert [len(block) for block in cameras] == [8, 4]


def test_own_attrs_stand_for_both_cameras(day):
    found = Fido.search(TIME, a.lasco.Size("full"))["lasco"]
    assert list(found["Detector"]).count("C3") == 4
    assert list(found["Start Time"]) == sorted(found["Start Time"])


def test_ends_of_the_period_belong_to_it(day):
    def count(start, end):
        return len(Fido.search(a.Time(start, end), *C2[1:])["lasco"])

    assert count("2012-08-31 19:12", "2012-08-31 19:24") == 2
    assert count("2012-08-31 19:12:00.001", "2012-08-31 19:23:59.999") == 0
    assert count("2012-08-31 19:11:59", "2012-08-31 19:12:01") == 1


def test_nearest_image(day):
    near = a.Time("2012-08-31 19:00", "2012-08-31 21:00", near="2012-08-31 19:31")
    (row,) = Fido.search(near, *C2[1:])["lasco"]
    assert row["url"].endswith("22000003.fts")


def test_alternatives_without_fido(day):
    """One table, in order of time, and no image twice."""
    client = LASCOClient()
    both = client.search(TIME, a.Detector.c2 | a.Detector.c3)
    assert list(both["Detector"]).count("C2") == 8
    assert len(both) == 12
    assert list(both["Start Time"]) == sorted(both["Start Time"])
    overlap = client.search((*C2, a.lasco.Filter("Orange"))[0] & (a.lasco.Filter("Orange") | a.lasco.Size("full")))
    assert len({str(url) for url in overlap["url"]}) == len(overlap) == 6 + 1 + 4
    day.level1.add(sequence(datetime(2012, 8, 31, 19, 3), number=25000000))
    levels = client.search(TIME & a.Instrument.lasco & a.Detector.c2 & (a.Level(0.5) | a.Level(1)))
    assert [str(level) for level in levels["Level"]].count("1") == 3
    assert len(levels) == 11
    assert all(("level_1" in row["url"]) == (row["Level"] == "1") for row in levels)
    with pytest.raises(ValueError, match=r"needs a\.Time"):
        client.search(a.Detector.c2 | a.Detector.c3)
    with pytest.raises(TypeError):
        client.search(TIME, a.Detector.c2, a.Detector.c3)


def test_nothing_found(day, fetch):
    filled = Fido.search(*C2)["lasco"]
    result = Fido.search(*C2, a.lasco.Filter("IR"))
    empty = result["lasco"]
    assert len(empty) == 0
    assert empty.errors == empty.gaps == []
    assert len(fetch(result)) == 0
    assert empty.colnames == filled.colnames
    for name in filled.colnames:
        assert type(empty[name]) is type(filled[name])
        assert getattr(empty[name], "unit", None) == getattr(filled[name], "unit", None)
    assert len(empty[empty["Exposure"] > 3 * u.s]) == 0
    assert empty.time_range() is None
    assert "Start Time" in str(result)


@pytest.mark.parametrize(
    ("start", "end", "days", "reason"),
    [
        ("2012-08-30 03:00", "2012-08-30 04:00", "2012-08-30, C2: ", "NRL has none; SDAC has none; SDAC-NRT keeps"),
        ("1998-08-01", "1998-08-04", "1998-08-01 to 1998-08-03, C2: ", "contact with SOHO was lost; NRL has none"),
        ("1995-11-01", "1995-11-03", "1995-11-01 to 1995-11-02, C2: ", "not launched yet"),
    ],
)
def test_days_without_images_are_reported(site, start, end, days, reason):
    with pytest.warns(LascoUserWarning, match="None of the archives has images of these days") as caught:
        table = LASCOClient().search(a.Time(start, end), *C2[1:])
    assert days + reason in str(caught[0].message) or (days in str(table.gaps[0]) and reason in str(table.gaps[0]))
    (gap,) = table.gaps
    assert str(gap).startswith(days)
    assert len(table) == 0
    assert table.errors == []


def test_days_to_come_are_reported(site):
    now = datetime.now()
    with pytest.warns(LascoUserWarning, match="they lie in the future"):
        table = LASCOClient().search(a.Time(now + timedelta(days=10), now + timedelta(days=20)), a.lasco.Size.full)
    assert [gap.last - gap.first for gap in table.gaps] == [timedelta(days=10)]
    assert site.hits == []


def test_recent_days_without_images_say_what_may_still_come(site):
    day = datetime.now() - timedelta(days=100)
    with pytest.warns(
        LascoUserWarning, match=r"NRL has none yet .*2 to 12 months.*SDAC-NRT keeps the last 90 days only"
    ):
        LASCOClient().search(a.Time(day, day + timedelta(minutes=1)), *C2[1:])


def test_gaps_beside_images(site):
    """There is one gap for each run of days, with the cameras; the result contains the other days."""
    for day in (1, 2, 6, 7):
        site.nrl.add(sequence(datetime(2012, 9, day, 12), number=22000000 + 10 * day))
    site.nrl.add(sequence(datetime(2012, 9, 4, 12), "C3", number=22000000))
    with pytest.warns(LascoUserWarning, match="2012-09-03, C2 and C3"):
        table = LASCOClient().search(a.Time("2012-09-02", "2012-09-07"), a.lasco.Size.full)
    assert len(table) == 9
    spans = [(gap.first.day, gap.last.day, *gap.cameras) for gap in table.gaps]
    assert spans == [(2, 2, "C3"), (3, 3, "C2", "C3"), (4, 4, "C2"), (5, 5, "C2", "C3"), (6, 6, "C3")]


def test_level_1_after_its_end(monkeypatch):
    monkeypatch.setattr(LASCOClient, "archives", None)
    monkeypatch.setattr("sunpy_lasco.net.web.Web.get", lambda *args, **kwargs: pytest.fail("nobody need be asked"))
    with pytest.warns(LascoUserWarning, match="NRL ends on 2017-08-31"):
        LASCOClient().search(a.Time("2018-01-01", "2018-01-01 12:00"), a.Instrument.lasco, a.Level(1))


def test_one_request_for_each_day_and_camera(site):
    first = datetime(2011, 12, 28)
    for n in range(10):
        for camera in ("C2", "C3"):
            site.nrl.add(sequence(first + n * timedelta(days=1), camera, 22000000 + 10 * n))
    found = Fido.search(a.Time("2011-12-28", "2012-01-06 23:59"), a.lasco.Size("full"))["lasco"]
    assert len(found) == 60
    assert sorted(site.asked()) == sorted(
        f"/nrl/level_05/{first.date() + timedelta(days=n):%y%m%d}/{camera}/img_hdr.txt"
        for n in range(10)
        for camera in ("c2", "c3")
    )
    assert len(site.hits) == 20


def test_no_more_than_two_requests_at_once(site):
    site.delay = 0.02
    for n in range(12):
        for camera in ("C2", "C3"):
            site.nrl.add(sequence(datetime(2012, 8, 1) + n * timedelta(days=1), camera, 22000000 + 10 * n))
    Fido.search(a.Time("2012-08-01", "2012-08-12"), a.lasco.Size("full"))
    assert site.most == 2


# The source of the images.


def test_archives_in_their_order(site):
    start, today = datetime(2012, 8, 31, 19), datetime.now()
    site.nrl.add(sequence(start, number=22000000))
    site.sdac.add(sequence(start, number=22000000)).add(sequence(start + timedelta(days=1), number=22000100))
    late = datetime(today.year, today.month, today.day) - timedelta(days=5)
    site.nrt.add(sequence(late, number=23000000)).add(sequence(start + timedelta(days=2), number=23000100))
    with pytest.warns(LascoUserWarning, match="2012-09-02, C2: NRL has none"):
        found = Fido.search(a.Time("2012-08-31", "2012-09-03"), a.lasco.Size("full"), a.Detector.c2)["lasco"]
    # The real-time mirror is not asked about 2012.
    assert list(found["Provider"]) == ["NRL"] * 3 + ["SDAC"] * 3
    assert not any(path.startswith("/nrt/") for path in site.asked())
    found = Fido.search(a.Time(late, late + timedelta(hours=5)), a.lasco.Size("full"), a.Detector.c2)["lasco"]
    assert list(found["Provider"]) == ["SDAC-NRT"] * 3
    assert [url.rsplit("/", 1)[-1][:2] for url in found["url"]] == ["23"] * 3


def test_quick_look_and_final_images_of_a_day_are_merged(site):
    """Final images arrive gradually: each replaces the quick-look image of its exposure only."""
    today = datetime.now()
    late = datetime(today.year, today.month, today.day) - timedelta(days=5)
    step = timedelta(hours=1)
    quick = sequence(late, number=23000000, count=8, step=step)
    site.nrt.add(quick)
    query = a.Time(late, late + timedelta(hours=23)), a.lasco.Size("full"), a.Detector.c2
    assert list(Fido.search(*query)["lasco"]["Provider"]) == ["SDAC-NRT"] * 8
    site.nrl.add(sequence(late + 2 * step, number=22000000, count=1))
    # An image that did not exist as quick-look.
    site.nrl.add(sequence(late + 9 * step, number=22000001, count=1))
    found = Fido.search(*query)["lasco"]
    names = [url.rsplit("/", 1)[-1] for url in found["url"]]
    assert names == [
        "23000000.fts", "23000001.fts", "22000000.fts", *(f"2300000{n}.fts" for n in range(3, 8)), "22000001.fts",
    ]  # fmt: skip
    assert [str(row["Provider"]) == "NRL" for row in found] == [name.startswith("22") for name in names]
    assert all(f"/{'nrl' if row['Provider'] == 'NRL' else 'nrt'}/" in row["url"] for row in found)
    assert found.errors == []


@pytest.mark.parametrize("ill", ["nrl", "nrt"])
def test_an_answer_of_one_kind_alone_says_so(site, ill):
    today = datetime.now()
    late = datetime(today.year, today.month, today.day) - timedelta(days=5)
    site.nrt.add(sequence(late, number=23000000))
    site.nrl.add(sequence(late, number=22000000))
    for tail in ("", "img_hdr.txt"):
        site.faults[f"/{ill}/level_05/{late:%y%m%d}/c2/{tail}"] = Answer(b"", 403)
    query = a.Time(late, late + timedelta(hours=23)), a.lasco.Size("full"), a.Detector.c2
    with pytest.warns(LascoUserWarning, match="the result may lack images") as caught:
        found = Fido.search(*query)["lasco"]
    assert ("NRL: " if ill == "nrl" else "SDAC-NRT: ") in str(caught[0].message)
    assert len(found) == 3
    assert len(found.errors) == 1


def test_provider_in_the_query(site):
    images = sequence(datetime(2012, 8, 31, 19))
    site.nrl.add(images)
    site.sdac.add(images)
    found = Fido.search(*C2, a.Provider("sdac"))["lasco"]
    assert list(found["Provider"]) == ["SDAC"] * 3
    assert all(path.startswith("/sdac/") for path in site.asked())


def test_no_image_twice(site):
    """Quick-look and final images of an exposure, and a line in two directories."""
    start = datetime(2012, 8, 31, 19)
    final, quick = sequence(start, number=22000000), sequence(start, number=21005000, count=5)
    site.nrl.add(final).add(quick).add(final[:1], day=date(2012, 9, 1))
    found = Fido.search(a.Time("2012-08-31", "2012-09-01 23:00"), *C2[1:])["lasco"]
    names = [url.rsplit("/", 1)[-1] for url in found["url"]]
    assert names == ["22000000.fts", "22000001.fts", "22000002.fts", "21005003.fts", "21005004.fts"]


def test_images_of_one_second_with_other_wheels_are_two(site):
    start = datetime(2012, 8, 31, 19)
    site.nrl.add([Image("22000000.fts", start), Image("22000001.fts", start, polar="0 Deg")])
    assert len(Fido.search(*C2)["lasco"]) == 2


def test_level_1(site):
    site.level1.add(sequence(datetime(2009, 1, 1, 12), number=25000000))
    level1 = (a.Time("2009-01-01", "2009-01-01 23:00"), a.Instrument.lasco, a.Detector.c2, a.Level("1"))
    found = Fido.search(*level1)["lasco"]
    assert list(found["Level"]) == ["1"] * 3
    assert found["url"][0] == f"{site.url}/nrl/level_1/090101/c2/25000000.fts.gz"
    with pytest.warns(LascoUserWarning, match="observing programme"):
        assert len(Fido.search(*level1, a.lasco.Programme("Normal"))["lasco"]) == 0


def test_level_1_times_are_corrected_across_midnight(site):
    """Because of the clock correction of up to 162 s, an image may be in the directory of the day before or after."""
    late, early = (
        Image("25000000.fts", datetime(2012, 9, 1, 0, 1)),
        Image("25000001.fts", datetime(2012, 8, 31, 23, 59)),
    )
    site.level1.add([late], day=date(2012, 8, 31)).add([early], day=date(2012, 9, 1))
    query = a.Instrument.lasco, a.Detector.c2, a.Level("1")
    found = Fido.search(a.Time("2012-09-01", "2012-09-01 12:00"), *query)["lasco"]
    assert [url.rsplit("/", 1)[-1] for url in found["url"]] == ["25000000.fts.gz"]
    found = Fido.search(a.Time("2012-08-31 12:00", "2012-08-31 23:59:59"), *query)["lasco"]
    assert [url.rsplit("/", 1)[-1] for url in found["url"]] == ["25000001.fts.gz"]


def test_missing_listing(site):
    """Names are taken from the index, everything else from the first blocks of each image."""
    site.ranges = True
    images = sequence(datetime(2012, 8, 31, 19, 0, 1, 250000), polar="+60 Deg", programme="Seq PW")
    site.nrl.add(images)
    site.nrl.missing_listings.add((date(2012, 8, 31), "C2"))
    found = Fido.search(*C2)["lasco"]
    assert [time.isot for time in found["Start Time"]] == [
        "2012-08-31T19:00:01.250", "2012-08-31T19:24:01.250", "2012-08-31T19:48:01.250",
    ]  # fmt: skip
    assert set(found["Polarizer"]) == {"+60 Deg"}
    assert set(found["Programme"]) == {"Seq PW"}
    assert np.all(found["Exposure"] == 25.1 * u.s)
    assert len(site.hits) == 2 + 3


def test_missing_listing_of_level_1(site):
    site.level1.add(sequence(datetime(2009, 1, 1, 12), number=25000000))
    site.level1.missing_listings.add((date(2009, 1, 1), "C2"))
    found = Fido.search(a.Time("2009-01-01", "2009-01-01 23:00"), a.Instrument.lasco, a.Detector.c2, a.Level(1))
    assert [url[-15:] for url in found["lasco"]["url"]] == [f"2500000{n}.fts.gz" for n in range(3)]


def test_times_before_2000(site):
    for year in range(1996, 2000):
        site.nrl.add(sequence(datetime(year, 12, 31, 22), number=22000000 + 100 * (year - 1996)))
    for year in range(1996, 2000):
        found = Fido.search(a.Time(f"{year}-12-31", f"{year}-12-31 23:59"), *C2[1:])["lasco"]
        assert [time.datetime.year for time in found["Start Time"]] == [year] * 3


def test_progress_bar(site, monkeypatch, capsys):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    from sunpy_lasco.net import days

    site.delay = 0.1
    monkeypatch.setattr(days, "PATIENCE", 0.0)
    monkeypatch.setattr(LASCOClient, "progress", True)
    Fido.search(*C2)
    assert "Listings of days" in capsys.readouterr().err
    monkeypatch.setattr(LASCOClient, "progress", None)
    site.nrl.add(sequence(datetime(2012, 8, 30)))
    Fido.search(a.Time("2012-08-30", "2012-08-30 12:00"), *C2[1:])
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_search_that_is_broken_off_ends_at_once(site, monkeypatch):
    """Ctrl-C does not wait for slow servers."""
    from sunpy_lasco.net import days

    for day in (30, 31):
        site.faults[f"/nrl/level_05/1208{day}/c2/img_hdr.txt"] = Answer(b"x" * 1000, how="drip")

    class Bar:
        def __enter__(self):
            threading.Timer(0.3, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
            return self

        def __exit__(self, *args):
            pass

    monkeypatch.setattr(days, "_bar", lambda *args: Bar())
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            LASCOClient().search(a.Time("2012-08-30", "2012-08-31 23:00"), a.Detector.c2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - start < 2


def test_settings_replace_the_archives(site, monkeypatch):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    monkeypatch.setattr(LASCOClient, "archives", None)
    monkeypatch.setenv("SUNPY_LASCO_ARCHIVES", f"Mine 0.5 {site.url}/nrl/level_05")
    assert list(Fido.search(*C2)["lasco"]["Provider"]) == ["Mine"] * 3


def test_a_search_that_fails_through_fido(site):
    """sunpy 7.0 raises the error; from 7.1 on the result contains it."""
    for tail in ("", "img_hdr.txt"):
        for root in ("nrl", "sdac"):
            site.faults[f"/{root}/level_05/120831/c2/{tail}"] = Answer(b"", 403)
    try:
        result = Fido.search(*C2)
    except ListingError as error:
        raised = error
    else:
        (raised,) = result.errors
    assert isinstance(raised, ListingError)
    assert "120831" in str(raised)


def test_a_table_can_be_cut(day):
    table = Fido.search(*C2)["lasco"]
    assert len(table[table["Exposure"] > 50 * u.s]) == 4
    assert len(table[table["Filter"] == "Blue"]) == 1
    table.sort("Exposure", reverse=True)
    assert table["Exposure"][0] == 300.5 * u.s
