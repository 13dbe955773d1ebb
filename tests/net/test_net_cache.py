"""Only listings of past days are cached."""

import gzip
import time
from datetime import date, datetime, timedelta

import pytest
from loopback_archive import Answer, sequence

from sunpy.net import Fido
from sunpy.net import attrs as a

from sunpy_lasco.net import Archive, LASCOClient, cache, clear_listings
from sunpy_lasco.net.cache import ListingCache, cache_directory
from sunpy_lasco.net.listing import ListingEntry
from sunpy_lasco.net.table import compact

DAY = date(2012, 8, 31)
TODAY = date(2026, 7, 1)
ARCHIVES = (Archive("NRL", "0.5", "http://a"), Archive("SDAC", "0.5", "http://b"))
ENTRIES = compact(
    [
        ListingEntry(
            "22000000.fts", "2012-08-31T19:00:00.000", 25.1, 1024, 1024, "full", "Orange", "+60 Deg", "Seq PW"
        ),
        ListingEntry("22000001.fts", "2012-08-31T19:12:00.250", 100.0, 512, 512, "binned", "Orange", "Clear", ""),
    ]
)


def search(day=DAY, detector=a.Detector.c2, *attrs):
    query = a.Time(f"{day}", f"{day} 23:59:59"), a.Instrument.lasco, detector, a.Level("0.5")
    return Fido.search(*query, *attrs)["lasco"]


def kept():
    return sorted(path.name for path in cache_directory().rglob("*.gz"))


def test_round_trip():
    listings = ListingCache(ARCHIVES, TODAY)
    listings.write(DAY, "C2", ENTRIES, 0)
    listings.write(DAY, "C3", ENTRIES[:0], None)
    entries, number = ListingCache(ARCHIVES, TODAY).read(DAY, "C2")
    assert entries.tolist() == ENTRIES.tolist()
    assert number == 0
    entries, number = ListingCache(ARCHIVES, TODAY).read(DAY, "C3")
    assert (len(entries), number) == (0, None)
    with pytest.raises(KeyError):
        listings.read(DAY + timedelta(days=1), "C2")


def test_other_archives_have_other_listings():
    ListingCache(ARCHIVES, TODAY).write(DAY, "C2", ENTRIES, 0)
    for archives in (ARCHIVES[:1], ARCHIVES[::-1]):
        with pytest.raises(KeyError):
            ListingCache(archives, TODAY).read(DAY, "C2")


@pytest.mark.parametrize(
    ("age", "number", "stays"),
    [
        (30, 0, False),
        (394, 0, False),
        (395, 0, True),
        (100, 1, False),
        (729, 1, False),
        (730, 1, True),
        (100, None, False),
        (730, None, True),
    ],
)
def test_only_what_will_not_change_is_kept(age, number, stays):
    day = TODAY - timedelta(days=age)
    ListingCache(ARCHIVES, TODAY).write(day, "C2", ENTRIES, number)
    assert bool(kept()) == stays


@pytest.mark.parametrize(("number", "days"), [(0, 365), (1, 30), (None, 30)])
def test_nothing_is_kept_for_ever(monkeypatch, number, days):
    listings = ListingCache(ARCHIVES, TODAY)
    now = time.time()
    listings.write(DAY, "C2", ENTRIES, number)
    monkeypatch.setattr(cache.time, "time", lambda: now + (days - 1) * 86400)
    listings.read(DAY, "C2")
    monkeypatch.setattr(cache.time, "time", lambda: now + (days + 1) * 86400)
    with pytest.raises(KeyError):
        listings.read(DAY, "C2")
    # A clock that was set back.
    monkeypatch.setattr(cache.time, "time", lambda: now - 86400)
    with pytest.raises(KeyError):
        listings.read(DAY, "C2")


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[: len(body) // 2],
        lambda body: b"no gzip",
        lambda body: gzip.compress(b"{}\n"),
        lambda body: gzip.compress(gzip.decompress(body).replace(b'"entries": 2', b'"entries": 3')),
        lambda body: gzip.compress(gzip.decompress(body)[:-5]),
        lambda body: gzip.compress(gzip.decompress(body).replace(b'"format": 2', b'"format": 0')),
        lambda body: gzip.compress(gzip.decompress(body).replace(b"http://a", b"http://c")),
        lambda body: body[:-8] + bytes(8),
    ],
)
def test_damaged_files_count_as_absent(damage):
    listings = ListingCache(ARCHIVES, TODAY)
    listings.write(DAY, "C2", ENTRIES, 0)
    (path,) = cache_directory().rglob("*.gz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(KeyError):
        listings.read(DAY, "C2")


def test_a_second_search_asks_nobody(site):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    first = search()
    hits = len(site.hits)
    second = search()
    assert len(site.hits) == hits == 1
    assert all((first[name] == second[name]).all() for name in first.colnames)
    assert list(search(DAY, a.Detector.c2, a.lasco.Filter("Blue"))) == []
    assert len(site.hits) == hits


def test_clear_listings(site):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    search()
    clear_listings()
    clear_listings()
    assert kept() == []
    search()
    assert len(site.hits) == 2


def test_recent_days_are_asked_again(site):
    late = datetime.now() - timedelta(days=5)
    site.nrl.add(sequence(datetime(late.year, late.month, late.day, 2)))
    assert len(search(late.date())) == 3
    site.nrl.add(sequence(datetime(late.year, late.month, late.day, 8), number=22000010))
    assert len(search(late.date())) == 6
    assert kept() == []


def test_answers_after_a_fault_are_not_kept(site):
    """The first archive may return more when it has recovered."""
    site.sdac.add(sequence(datetime(2012, 8, 31, 19)))
    site.faults["/nrl/level_05/120831/c2/img_hdr.txt"] = Answer(b"", 500)
    assert list(search()["Provider"]) == ["SDAC"] * 3
    assert kept() == []
    site.faults.clear()
    site.nrl.add(sequence(datetime(2012, 8, 31, 19), count=5))
    assert list(search()["Provider"]) == ["NRL"] * 5
    assert kept() == ["120831_c2.gz"]


@pytest.mark.filterwarnings("ignore:None of the archives")
def test_gaps_are_kept(site):
    assert len(search(date(1998, 8, 1))) == 0
    hits = len(site.hits)
    assert len(search(date(1998, 8, 1))) == 0
    assert len(site.hits) == hits
    assert kept() == ["980801_c2.gz"]


def test_a_directory_that_cannot_be_written_does_no_harm(site, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setattr(cache, "cache_directory", lambda: blocked)
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    assert len(search()) == len(search()) == 3


def test_offline_kept_listings_answer(site, monkeypatch):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    search()
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "yes")
    assert len(search()) == 3
    assert len(site.hits) == 1


def test_default_place():
    assert LASCOClient.archives is None
    assert cache_directory().parts[-2:] == ("sunpy_lasco", "listings")
