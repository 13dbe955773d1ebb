"""Directories of days."""

from datetime import date, timedelta

import pytest

from astropy.time import Time

from sunpy_lasco.config import ConfigurationError
from sunpy_lasco.net.archives import ARCHIVES, FIRST_DAY, Archive, configured_archives, days_between, directory_day

EVERY_DAY = [date(1996, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(1996, 1, 1)).days)]


def test_every_day_of_the_mission_has_its_directory():
    """31 years, the turn of the century and eight leap days among them."""
    archive = Archive("NRL", "0.5", "https://example.org/level_05")
    names = [archive.directory(day, "C2").split("/")[-2] for day in EVERY_DAY]
    assert len(EVERY_DAY) == len(set(names)) == 11323
    assert [directory_day(name) for name in names] == EVERY_DAY
    # By hand.
    known = {"960101": date(1996, 1, 1), "991231": date(1999, 12, 31), "000101": date(2000, 1, 1),
             "000229": date(2000, 2, 29), "261231": date(2026, 12, 31)}  # fmt: skip
    assert {name: day for name, day in zip(names, EVERY_DAY, strict=True) if name in known} == known


def test_directories_of_the_archives():
    day = date(1998, 6, 24)
    assert [archive.directory(day, "C3") for archive in ARCHIVES] == [
        "https://lasco-www.nrl.navy.mil/lz/level_05/980624/c3",
        "https://umbra.nascom.nasa.gov/pub/lasco_level05/980624/c3",
        "https://umbra.nascom.nasa.gov/pub/lasco/lastimage/level_05/980624/c3",
        "https://lasco-www.nrl.navy.mil/lz/level_1/980624/c3",
    ]
    assert [archive.provider for archive in ARCHIVES] == ["NRL", "SDAC", "SDAC-NRT", "NRL"]


def test_days_of_every_single_day():
    starts, ends = (Time([f"{day}T{clock}" for day in EVERY_DAY]) for clock in ("00:00:00", "23:59:59.999"))
    today = EVERY_DAY[-1]
    for day, start, end in list(zip(EVERY_DAY, starts, ends, strict=True))[::37]:
        assert days_between(start, end, today) == [day]
    assert days_between(starts[0], ends[-1], today) == EVERY_DAY


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("1999-12-31T23:00", "2000-01-01T01:00", [date(1999, 12, 31), date(2000, 1, 1)]),
        ("2012-08-31", "2012-09-01", [date(2012, 8, 31), date(2012, 9, 1)]),
        ("2012-08-31T12:00", "2012-08-31T12:10", [date(2012, 8, 31)]),
        ("2016-12-31T23:59:60.5", "2016-12-31T23:59:60.7", [date(2016, 12, 31)]),
        ("1990-01-01", "1995-12-03", [FIRST_DAY, date(1995, 12, 3)]),
        ("1990-01-01", "1991-01-01", []),
        ("2026-06-30", "2027-06-30", [date(2026, 6, 30), date(2026, 7, 1)]),
        ("2026-07-03", "2026-09-01", []),
    ],
)
def test_days_between(start, end, expected):
    assert days_between(Time(start), Time(end), date(2026, 7, 1)) == expected


def test_times_of_other_scales_are_utc_days():
    # 2020-01-01T00:00:10 TAI is 37 s earlier in UTC.
    start = Time("2020-01-01T00:00:10", scale="tai")
    assert days_between(start, start, date(2021, 1, 1)) == [date(2019, 12, 31)]


def test_real_time_archive_keeps_the_last_days_only():
    today = date(2026, 7, 1)
    recent = Archive("SDAC-NRT", "0.5", "https://example.org", recent_days=90)
    assert recent.excludes(today, today) is None
    assert recent.excludes(today - timedelta(days=90), today) is None
    assert recent.excludes(today - timedelta(days=91), today) == "SDAC-NRT keeps the last 90 days only"
    assert ARCHIVES[0].excludes(date(1996, 1, 1), today) is None


@pytest.mark.parametrize(
    ("day", "asked"),
    [
        (date(1996, 1, 20), ["NRL", "NRL 1"]),
        (date(1996, 3, 1), ["NRL", "SDAC", "NRL 1"]),
        (date(2017, 8, 31), ["NRL", "SDAC", "NRL 1"]),
        (date(2017, 9, 1), ["NRL", "SDAC"]),
        (date(2025, 2, 28), ["NRL", "SDAC"]),
        (date(2025, 3, 1), ["NRL"]),
        (date(2026, 6, 20), ["NRL", "SDAC-NRT"]),
        (date(2026, 6, 1), ["NRL"]),
    ],
)
def test_windows_of_the_archives(day, asked):
    today = date(2026, 7, 1)
    names = [f"{archive.provider}{' 1' * (archive.level == '1')}" for archive in ARCHIVES]
    assert [name for name, archive in zip(names, ARCHIVES, strict=True) if not archive.excludes(day, today)] == asked


def test_what_may_still_come():
    today = date(2026, 7, 1)
    assert ARCHIVES[0].lacks(date(2026, 5, 1), today) == "NRL has none yet (final images take 2 to 12 months)"
    assert ARCHIVES[0].lacks(date(2025, 6, 1), today) == "NRL has none"
    assert ARCHIVES[2].lacks(date(2026, 6, 25), today) == "SDAC-NRT has none"


def test_archives_of_the_configuration(monkeypatch):
    assert configured_archives() == ARCHIVES
    setting = "NRL 0.5 https://mirror.example/a/; SDAC-NRT 0.5 http://b ;Mine 1 https://c;"
    monkeypatch.setenv("SUNPY_LASCO_ARCHIVES", setting)
    assert configured_archives() == (
        Archive("NRL", "0.5", "https://mirror.example/a"),
        Archive("SDAC-NRT", "0.5", "http://b", recent_days=21),
        Archive("Mine", "1", "https://c"),
    )


@pytest.mark.parametrize("text", ["NRL https://a", "NRL 2 https://a", "NRL 0.5 /local/tree", "NRL 0.5 https://a extra"])
def test_archives_that_cannot_be_understood(monkeypatch, text):
    monkeypatch.setenv("SUNPY_LASCO_ARCHIVES", text)
    with pytest.raises(ConfigurationError, match="archives"):
        configured_archives()
