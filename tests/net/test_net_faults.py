"""
Faults of servers: each leads to the correct result from a mirror or to one clear error.

None leaves an incomplete file behind.
"""

import gzip
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import aiohttp
import parfive
import pytest
from loopback_archive import Answer, sequence
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.util.parfive_helpers import Downloader

from sunpy_lasco import LASCOClient
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.net import DeliveryError, ListingError, clear_listings, days
from sunpy_lasco.net.cache import cache_directory
from sunpy_lasco.net.image_fetch import file_fault
from sunpy_lasco.net.web import Web

START = datetime(2012, 8, 31, 19)
DAY = a.Time("2012-08-31", "2012-08-31 23:59:59")
TWO_DAYS = a.Time("2012-08-30", "2012-08-31 23:59:59")
ATTRS = a.Instrument.lasco, a.Detector.c2, a.Level("0.5")
IMAGES = sequence(START, count=6)
LISTING = "".join(image.line() for image in IMAGES).encode()
BODY = IMAGES[0].fits()
HTML = b"<!DOCTYPE html><html><body>Please log in.</body></html>"
NAMES = [image.name for image in IMAGES]
PLAIN = "text/plain"


def found_names(table):
    return [url.rsplit("/", 1)[-1] for url in table["url"]]


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch):
    """Stalling servers wait for two seconds."""
    monkeypatch.setenv("SUNPY_LASCO_READ_TIMEOUT", "0.4")


#: Answers instead of img_hdr.txt.  All but the first four are permanent.
LISTING_FAULTS = {
    "500 once": Answer(b"", 500, times=1),
    "503 twice, with Retry-After": Answer(b"", 503, times=2, headers={"Retry-After": "0"}),
    "reset once": Answer(LISTING, how="reset", times=1),
    "cut once": Answer(LISTING, kind=PLAIN, how="cut", times=1),
    "404": Answer(b"", 404),
    "410": Answer(b"", 410),
    "403": Answer(b"", 403),
    "401 with HTML": Answer(HTML, 401, "text/html"),
    "429": Answer(b"", 429),
    "500": Answer(HTML, 500, "text/html"),
    "503": Answer(b"", 503),
    "HTML with 200": Answer(HTML, kind="text/html"),
    "empty": Answer(b"", kind=PLAIN),
    "reset": Answer(LISTING, how="reset"),
    "dropped without an answer": Answer(LISTING, how="drop"),
    "truncated": Answer(LISTING, kind=PLAIN, how="cut"),
    "truncated, length unsaid": Answer(LISTING[:-200], kind=PLAIN, how="bare"),
    "chunks that break off": Answer(LISTING, kind=PLAIN, how="chunked-cut"),
    "longer than announced": Answer(LISTING, kind=PLAIN, how="short"),
    "shorter than announced": Answer(LISTING, kind=PLAIN, how="long"),
    "stalled": Answer(LISTING, kind=PLAIN, how="stall"),
    "stray bytes": Answer(b"\xff\xfe\x00" * 300),
    "endless redirection": Answer(b"", 302, headers={"Location": "img_hdr.txt"}),
    "too long": Answer(b"x" * 8_100_000, kind=PLAIN),
}


@pytest.mark.parametrize("name", LISTING_FAULTS)
def test_a_listing_at_fault(site, name):
    """If the whole directory at NRL fails, the result is complete and names its source."""
    fault = replace(LISTING_FAULTS[name])
    lasting = fault.times is None
    site.nrl.add(IMAGES)
    site.sdac.add(IMAGES)
    site.faults["/nrl/level_05/120831/c2/img_hdr.txt"] = fault
    if lasting:
        site.faults["/nrl/level_05/120831/c2/"] = replace(fault)
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert found_names(table) == NAMES
    assert set(table["Provider"]) == {"SDAC" if lasting else "NRL"}
    assert table.errors == []


@pytest.mark.parametrize("name", [name for name, fault in LISTING_FAULTS.items() if fault.times is None])
def test_a_listing_at_fault_without_a_mirror(site, monkeypatch, name):
    """The result is either empty or one clear error."""
    fault = LISTING_FAULTS[name]
    monkeypatch.setattr(LASCOClient, "archives", LASCOClient.archives[:1])
    site.nrl.add(sequence(START - timedelta(days=1), number=22000100)).add(IMAGES)
    for tail in ("", "img_hdr.txt"):
        site.faults[f"/nrl/level_05/120831/c2/{tail}"] = fault
    if name in ("404", "410"):
        with pytest.warns(
            LascoUserWarning,
            match="None of the archives has images of these days:\n2012-08-31, C2: NRL has none",
        ):
            assert len(Fido.search(DAY, *ATTRS)["lasco"]) == 0
        return
    # The result contains the other day, and the failed one is named.
    with pytest.warns(LascoUserWarning, match="2012-08-31 C2"):
        table = Fido.search(TWO_DAYS, *ATTRS)["lasco"]
    assert len(table) == 3
    (error,) = table.errors
    assert isinstance(error, ListingError)
    assert "127.0.0.1" in str(error)
    assert "/nrl/level_05/120831/c2/" in str(error)
    # A search without any usable listing fails.
    client = LASCOClient()
    with pytest.raises(ListingError, match="2012-08-31 C2"):
        client.search(DAY, *ATTRS)
    # Nothing of it is cached.
    assert not list(cache_directory().rglob("120831*"))


@pytest.mark.parametrize("name", ["HTML with 200", "empty", "404", "stray bytes"])
def test_an_index_makes_up_for_a_listing(site, name):
    site.nrl.add(IMAGES)
    site.faults["/nrl/level_05/120831/c2/img_hdr.txt"] = LISTING_FAULTS[name]
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert found_names(table) == NAMES
    assert table.errors == []


DIRECTORY = "/nrl/level_05/120831/c2/"


@pytest.mark.parametrize("compressed", ["img_hdr.txt", ""])
def test_what_is_compressed_though_nobody_says_so(site, compressed):
    site.nrl.add(IMAGES)
    body = site.answer(f"{DIRECTORY}{compressed}").body
    if not compressed:
        site.nrl.missing_listings.add((date(2012, 8, 31), "C2"))
    site.faults[f"{DIRECTORY}{compressed}"] = Answer(gzip.compress(body), kind="application/x-gzip")
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert found_names(table) == NAMES
    assert set(table["Polarizer"]) == {"Clear"}
    assert table.errors == []


def test_a_damaged_compressed_listing_is_none(site):
    site.nrl.add(IMAGES)
    site.sdac.add(IMAGES)
    for tail in ("", "img_hdr.txt"):
        site.faults[f"{DIRECTORY}{tail}"] = Answer(gzip.compress(LISTING)[:-20])
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert set(table["Provider"]) == {"SDAC"}
    assert site.asked().count(f"{DIRECTORY}img_hdr.txt") == 3


#: The last line, truncated.
LAST = IMAGES[-1].line()[:-1]


@pytest.mark.parametrize("last", [LAST[:103], LAST[:101], LAST[:97], LAST[:60], LAST[:12], LAST[:5], ""])
@pytest.mark.parametrize("index", [200, 403, 404])
def test_a_short_last_line(site, last, index):
    """The header of the image itself is read; the index, if there is one, shows whether there are others."""
    site.nrl.add(IMAGES)
    text = "".join(image.line() for image in IMAGES[:-1]) + last
    site.faults[f"{DIRECTORY}img_hdr.txt"] = Answer(text.encode(), kind=PLAIN)
    if index != 200:
        site.faults[DIRECTORY] = Answer(b"", index)
    site.nrl.days[date(2012, 8, 31), "C2"].append(IMAGES[0])
    table = Fido.search(DAY, *ATTRS)["lasco"]
    there = len(last) >= 12 or (index == 200 and last)
    assert found_names(table) == NAMES[: 6 if there else 5]
    assert set(table["Programme"]) == {"Normal"}
    assert table.errors == []


def test_a_short_last_line_of_an_image_that_cannot_be_read(site):
    """A cut listing is used if it contains everything that the query needs."""
    site.nrl.add(IMAGES)
    site.faults[f"{DIRECTORY}{NAMES[-1]}"] = site.faults[DIRECTORY] = Answer(b"", 404)
    for last, count in ((LAST[:101], 6), (LAST[:90], 5)):
        text = "".join(image.line() for image in IMAGES[:-1]) + last
        site.faults[f"{DIRECTORY}img_hdr.txt"] = Answer(text.encode(), kind=PLAIN)
        clear_listings()
        assert len(Fido.search(DAY, *ATTRS)["lasco"]) == count


def test_a_listing_that_breaks_off_of_which_nobody_knows_the_length(site):
    """Without an index it is used up to the cut, with a warning, or not at all if a line is cut."""
    site.nrl.add(IMAGES)
    site.faults[f"{DIRECTORY}img_hdr.txt"] = Answer(LISTING, kind=PLAIN, how="bare")
    assert found_names(Fido.search(DAY, *ATTRS)["lasco"]) == NAMES
    clear_listings()
    site.faults[DIRECTORY] = Answer(b"", 404)
    with pytest.warns(LascoUserWarning, match="images may be missing .*not known whether the listing is complete"):
        assert len(LASCOClient().search(DAY, *ATTRS)) == 3
    site.faults[f"{DIRECTORY}img_hdr.txt"] = Answer(LISTING[:-50], kind=PLAIN, how="bare")
    with pytest.raises(ListingError, match=r"img_hdr\.txt: the listing ends in the middle of a line"):
        LASCOClient().search(DAY, *ATTRS)


def test_listings_of_early_1996(site):
    site.nrl.justify = "early"
    early = sequence(datetime(1996, 2, 10, 12), polar="+60 Deg", programme="Seq PW")
    site.nrl.add(early)
    found = Fido.search(
        a.Time("1996-02-10", "1996-02-10 23:00"), *ATTRS, a.lasco.Polarizer.plus60, a.lasco.Filter.orange
    )
    assert len(found["lasco"]) == 3
    # The last line is truncated.
    clear_listings()
    body = "".join(image.line("early") for image in early).encode().rstrip()
    site.faults["/nrl/level_05/960210/c2/img_hdr.txt"] = Answer(body, kind=PLAIN)
    found = Fido.search(a.Time("1996-02-10", "1996-02-10 23:00"), *ATTRS, a.lasco.Programme.seqpw)
    assert len(found["lasco"]) == 3


def test_an_index_of_many_images(site):
    """This holds for a whole day, even with more than 500 images."""
    many = sequence(datetime(2012, 8, 31), count=600, step=timedelta(minutes=2))
    site.nrl.add(many)
    site.nrl.missing_listings.add((date(2012, 8, 31), "C2"))
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert len(table) == 600
    assert table.errors == []


def test_headers_that_all_fail_are_given_up(site):
    site.nrl.add(sequence(datetime(2012, 8, 31), count=100, step=timedelta(minutes=2)))
    site.nrl.missing_listings.add((date(2012, 8, 31), "C2"))
    for image in site.nrl.days[date(2012, 8, 31), "C2"][20:]:
        site.faults[f"{DIRECTORY}{image.name}"] = Answer(b"", 403)
    with pytest.warns(LascoUserWarning, match="and 6 more"):
        table = Fido.search(DAY, *ATTRS)["lasco"]
    assert len(table) == 20
    assert "70 more images are omitted" in str(table.errors[-1])


def test_five_thousand_lines(site):
    rows = sequence(datetime(2012, 8, 31), count=5000, step=timedelta(seconds=17))
    site.nrl.add(rows)
    assert len(Fido.search(DAY, *ATTRS)["lasco"]) == 5000


def test_malformed_lines(site):
    """The header of the image supplies what a line lacks."""
    lines = LISTING.decode().splitlines(keepends=True)
    lines[1] = lines[1][:28] + "xx:xx:xx" + lines[1][36:]
    lines[4] = lines[4][:49] + "*******" + lines[4][56:]
    site.nrl.add(IMAGES)
    site.faults["/nrl/level_05/120831/c2/img_hdr.txt"] = Answer("".join(lines).encode(), kind=PLAIN)
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert found_names(table) == NAMES
    assert table.errors == []


def test_malformed_line_of_an_image_that_cannot_be_read_either(site):
    lines = LISTING.decode().replace(f"{START:%Y/%m/%d}  19:00:00", f"{START:%Y/%m/%d}  xx:00:00")
    site.nrl.add(IMAGES)
    site.faults["/nrl/level_05/120831/c2/img_hdr.txt"] = Answer(lines.encode(), kind=PLAIN)
    site.faults[f"/nrl/level_05/120831/c2/{NAMES[0]}"] = Answer(HTML)
    with pytest.warns(LascoUserWarning, match=NAMES[0]):
        table = Fido.search(DAY, *ATTRS)["lasco"]
    assert found_names(table) == NAMES[1:]
    assert "HTML" in str(table.errors[0])
    # A mirror that has all of them comes first.
    site.sdac.add(IMAGES)
    table = Fido.search(DAY, *ATTRS)["lasco"]
    assert found_names(table) == NAMES
    assert set(table["Provider"]) == {"SDAC"}


def test_only_an_image_left_out_is_no_failure(site):
    """A listed day is cached even if no image matches the query."""
    site.nrl.add(IMAGES)
    site.nrl.missing_listings.add((date(2012, 8, 31), "C2"))
    site.faults[f"/nrl/level_05/120831/c2/{NAMES[0]}"] = Answer(b"", 500)
    with pytest.warns(LascoUserWarning, match=NAMES[0]):
        table = Fido.search(DAY, *ATTRS, a.lasco.Filter("Blue"))["lasco"]
    assert len(table) == 0
    assert len(table.errors) == 1


def test_pages_of_gaps(site):
    """One archive reports missing days by a page with a status of success, the other by an error."""
    for tail in ("", "img_hdr.txt"):
        site.faults[f"/sdac/level_05/980801/c2/{tail}"] = Answer(HTML, kind="text/html")
    with pytest.warns(LascoUserWarning, match="contact with SOHO was lost"):
        table = Fido.search(a.Time("1998-08-01", "1998-08-01 23:00"), *ATTRS)["lasco"]
    assert len(table) == 0
    assert table.errors == []
    # The page may have another meaning, so it is requested again.
    assert not list(cache_directory().rglob("*.gz"))


def test_many_failed_days_are_counted(site, monkeypatch):
    monkeypatch.setattr(LASCOClient, "archives", LASCOClient.archives[:1])
    for n in range(1, 32):
        site.nrl.add(sequence(datetime(2012, 8, n, 19), number=22000000 + 10 * n))
    for n in range(1, 9):
        site.faults[f"/nrl/level_05/12080{n}/c2/img_hdr.txt"] = Answer(b"", 403)
    with pytest.warns(LascoUserWarning, match="and 3 more") as caught:
        table = Fido.search(a.Time("2012-08-01", "2012-09-01"), *ATTRS)["lasco"]
    assert len(caught) == 1
    assert len(table) == 23 * 3
    assert len(table.errors) == 8


def test_a_host_that_is_dead_is_left_alone(site, monkeypatch):
    """A query for ten days waits only once for a server that does not answer."""
    webs = []
    monkeypatch.setattr(days, "Web", lambda: webs.append(Web()) or webs[-1])
    dead = type(LASCOClient.archives[0])("NRL", "0.5", "http://127.0.0.1:9/level_05")
    monkeypatch.setattr(LASCOClient, "archives", (dead, LASCOClient.archives[1]))
    for n in range(10):
        site.sdac.add(sequence(START + n * timedelta(days=1), number=22000000 + 10 * n))
    table = Fido.search(a.Time("2012-08-31", "2012-09-09 23:00"), *ATTRS)["lasco"]
    assert len(table) == 30
    assert webs[0].requests < 10 + 10 * 3


def test_all_hosts_dead(monkeypatch):
    dead = type(LASCOClient._asked_archives()[0])("NRL", "0.5", "http://127.0.0.1:9/level_05")
    monkeypatch.setattr(LASCOClient, "archives", (dead,))
    with pytest.raises(ListingError, match=r"http://127\.0\.0\.1:9/level_05/120831/c2/img_hdr\.txt: no connection"):
        LASCOClient().search(DAY, *ATTRS)


def test_offline(site, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "yes")
    with pytest.raises(ListingError, match="offline"):
        LASCOClient().search(DAY, *ATTRS)
    assert site.hits == []


# Files.

#: Answers instead of an image.
FILE_FAULTS = {
    "404": Answer(HTML, 404, "text/html"),
    "403": Answer(b"", 403),
    "500": Answer(b"", 500),
    "503": Answer(b"", 503),
    "HTML with 200": Answer(HTML, kind="text/html"),
    "HTML as FITS": Answer(HTML),
    "empty": Answer(b""),
    "reset": Answer(BODY, how="reset"),
    "dropped without an answer": Answer(BODY, how="drop"),
    "truncated": Answer(BODY, how="cut"),
    "truncated, length unsaid": Answer(BODY, how="bare"),
    "truncated at a block": Answer(BODY[:5760]),
    "chunks that break off": Answer(BODY, how="chunked-cut"),
    "longer than announced": Answer(BODY, how="short"),
    "shorter than announced": Answer(BODY, how="long"),
    "stalled": Answer(BODY, how="stall"),
    "something behind the image": Answer(BODY + HTML),
    "no FITS": Answer(b"\x00" * 20000),
    "FITS without an image": Answer(b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800)),
    "compressed and damaged": Answer(b"\x1f\x8b" + bytes(500)),
    "endless redirection": Answer(b"", 302, headers={"Location": NAMES[0]}),
}


def places(directory):
    return sorted(path.relative_to(directory).as_posix() for path in Path(directory).rglob("*"))


@pytest.fixture
def downloader():
    timeouts = aiohttp.ClientTimeout(total=0, sock_read=0.4)
    return Downloader(progress=False, config=parfive.SessionConfig(timeouts=timeouts))


@pytest.mark.parametrize("mirror", [True, False], ids=["mirror", "no mirror"])
@pytest.mark.parametrize("name", FILE_FAULTS)
def test_a_file_at_fault(site, fetch, tmp_path, downloader, name, mirror):
    site.nrl.add(IMAGES[:2])
    site.faults[f"/nrl/level_05/120831/c2/{NAMES[0]}"] = FILE_FAULTS[name]
    table = Fido.search(DAY, *ATTRS)["lasco"]
    if mirror:
        site.sdac.add(IMAGES[:2])
    files = fetch(table, path=tmp_path, downloader=downloader)
    assert len(files) + len(files.errors) == 2
    assert places(tmp_path) == NAMES[0 if mirror else 1 : 2]
    assert [file_fault(Path(file)) for file in files] == [None] * len(files)
    if not mirror:
        (error,) = files.errors
        assert isinstance(error.exception, DeliveryError)
        assert str(error.exception).startswith(f"{table['url'][0]} could not be downloaded: {table['url'][0]}: ")
        assert len(str(error.exception).split(": ", 2)[2]) > 10


@pytest.mark.parametrize("how", ["slow", "whole"])
def test_slow_but_sound(site, fetch, tmp_path, how):
    site.nrl.add(IMAGES[:1])
    site.faults["/nrl/level_05/120831/c2/img_hdr.txt"] = Answer(IMAGES[0].line().encode(), kind=PLAIN, how=how)
    site.faults[f"/nrl/level_05/120831/c2/{NAMES[0]}"] = Answer(BODY, how=how)
    files = fetch(Fido.search(DAY, *ATTRS), path=tmp_path)
    assert places(tmp_path) == NAMES[:1]
    assert files.errors == []


def test_a_file_that_changed_on_the_server(site, fetch, tmp_path):
    """The existing file is kept until a new one is requested, which then replaces it completely."""
    site.nrl.add(IMAGES[:1])
    table = Fido.search(DAY, *ATTRS)["lasco"]
    fetch(table, path=tmp_path)
    changed = BODY.replace(b"EXPTIME", b"EXPTIM2")
    site.faults[f"/nrl/level_05/120831/c2/{NAMES[0]}"] = Answer(changed)
    fetch(table, path=tmp_path)
    assert (tmp_path / NAMES[0]).read_bytes() == BODY
    fetch(table, path=tmp_path, overwrite=True)
    assert (tmp_path / NAMES[0]).read_bytes() == changed


def test_a_file_that_vanished_since_the_search(site, fetch, tmp_path):
    site.nrl.add(IMAGES[:2])
    table = Fido.search(DAY, *ATTRS)["lasco"]
    site.nrl.days.clear()
    files = fetch(table, path=tmp_path)
    assert len(files.errors) == 2
    assert "404" in str(files.errors[0].exception)
    assert places(tmp_path) == []


def test_errors_of_the_web_are_of_one_kind():
    """A search reports any error of aiohttp for its day and continues."""
    from sunpy_lasco.net.transfer import _translated, time_limits

    limits = time_limits(1, 2, 3)
    request = aiohttp.RequestInfo(URL("http://a"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://a"))
    passing = (aiohttp.ServerTimeoutError(), aiohttp.ClientOSError("x"), aiohttp.ClientPayloadError())
    assert all(_translated(error, True, limits).passes for error in passing)
    lasting = (aiohttp.TooManyRedirects(request, ()), aiohttp.InvalidURL("x"), TimeoutError())
    assert not any(_translated(error, True, limits).passes for error in lasting)


def test_there_are_more_than_twenty_kinds():
    kinds = {name.removesuffix(" once").removesuffix(" twice") for name in (*LISTING_FAULTS, *FILE_FAULTS)}
    assert len(kinds) >= 20
