"""``Fido.fetch``: usual manners, and only whole files."""

import asyncio
import os
from datetime import datetime
from pathlib import Path

import aiohttp
import parfive
import pytest
from loopback_archive import Answer, sequence

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.util.parfive_helpers import Downloader

from sunpy_lasco import LASCOC2Map, LASCOClient
from sunpy_lasco.net import DeliveryError
from sunpy_lasco.net.whole import fault_of

START = datetime(2012, 8, 31, 19)
DIRECTORY = "level_05/120831/c2"


@pytest.fixture
def found(site):
    """Three images of C2 at NRL and SDAC, and a search for them."""
    images = sequence(START)
    site.nrl.add(images)
    site.sdac.add(images)
    query = a.Time("2012-08-31", "2012-08-31 23:59"), a.Instrument.lasco, a.Detector.c2, a.Level("0.5")
    result = Fido.search(*query)
    site.hits.clear()
    return result


def names(directory):
    """All that stands in a directory, hidden files included."""
    return sorted(str(path.relative_to(directory)) for path in Path(directory).rglob("*") if path.is_file())


def test_fetch(found, fetch, tmp_path):
    files = fetch(found, path=tmp_path)
    assert files == [str(tmp_path / f"2200000{n}.fts") for n in range(3)]
    assert files.errors == []

    assert names(tmp_path) == [f"2200000{n}.fts" for n in range(3)]
    assert all(path.is_file() for path in tmp_path.iterdir())
    smap = sunpy.map.Map(files[0])
    assert isinstance(smap, LASCOC2Map)


def test_path_templates(found, fetch, tmp_path):
    files = fetch(
        found, path=tmp_path / "{provider}/{detector}/{start_time.datetime:%Y/%H%M}_{exposure.value:.0f}_{file}"
    )
    expected = [f"NRL/C2/2012/{time}_25_2200000{n}.fts" for n, time in enumerate(("1900", "1924", "1948"))]
    assert names(tmp_path) == expected
    assert [str(Path(file).relative_to(tmp_path)) for file in files] == expected


def test_default_directory(found, fetch, tmp_path, monkeypatch):
    import sunpy

    before = sunpy.config.get("downloads", "download_dir")
    sunpy.config.set("downloads", "download_dir", str(tmp_path))
    try:
        fetch(found)
        LASCOClient().fetch(found["lasco"][:1], progress=False)
    finally:
        sunpy.config.set("downloads", "download_dir", before)
    assert names(tmp_path) == [f"2200000{n}.fts" for n in range(3)]


def test_rows_and_parts_of_a_table(found, fetch, tmp_path):
    table = found["lasco"]
    assert len(fetch(table[1], path=tmp_path)) == 1
    assert len(fetch(table[1:], path=tmp_path)) == 2
    assert len(fetch(table["Start Time", "url"], path=tmp_path)) == 3
    assert len(fetch(found[0, :1], found["lasco"][2], path=tmp_path)) == 2


def test_a_file_that_stands_there_is_kept_without_a_request(found, fetch, site, tmp_path):
    (first, *_) = fetch(found, path=tmp_path)
    before = Path(first).stat().st_mtime_ns
    site.hits.clear()
    assert len(fetch(found, path=tmp_path)) == 3
    assert site.hits == []
    assert Path(first).stat().st_mtime_ns == before


def test_a_damaged_file_is_replaced(found, fetch, tmp_path):
    (tmp_path / "22000001.fts").write_bytes(b"<html>no</html>")
    files = fetch(found, path=tmp_path)
    assert [fault_of(Path(file)) for file in files] == [None] * 3


def test_overwrite(found, fetch, site, tmp_path):
    fetch(found, path=tmp_path)
    site.hits.clear()
    fetch(found, path=tmp_path, overwrite=True)
    assert len(site.asked()) == 3
    assert names(tmp_path) == [f"2200000{n}.fts" for n in range(3)]


def test_overwrite_that_fails_leaves_the_old_file(found, fetch, site, tmp_path):
    fetch(found, path=tmp_path)
    for tree in ("nrl", "sdac"):
        site.faults[f"/{tree}/{DIRECTORY}/22000001.fts"] = Answer(b"<html></html>")
    files = fetch(found, path=tmp_path, overwrite=True)
    assert len(files.errors) == 1
    assert fault_of(tmp_path / "22000001.fts") is None


def test_unique_names(found, fetch, tmp_path):
    for _ in range(3):
        files = fetch(found[0, :1], path=tmp_path, overwrite="unique")
    assert names(tmp_path) == ["22000000.1.fts", "22000000.2.fts", "22000000.fts"]
    assert files == [str(tmp_path / "22000000.2.fts")]


def test_an_image_that_stands_in_two_rows_is_fetched_once(found, fetch, site, tmp_path):
    files = fetch(found["lasco"][:1], found["lasco"][:1], path=tmp_path)
    assert files == [str(tmp_path / "22000000.fts")] * 2
    assert len(site.asked()) == 1
    site.hits.clear()
    files = LASCOClient().fetch(found["lasco"][[1, 1, 2]], path=tmp_path, progress=False)
    assert [Path(file).name for file in files] == ["22000001.fts", "22000001.fts", "22000002.fts"]
    assert len(site.asked()) == 2


def test_no_more_than_two_downloads_at_once(site, fetch, tmp_path):
    site.nrl.add(sequence(START, count=10))
    result = Fido.search(a.Time("2012-08-31", "2012-09-01"), a.lasco.Size("full"), a.Detector.c2)
    site.delay, site.most = 0.05, 0
    assert len(fetch(result, path=tmp_path, max_conn=8)) == 10
    assert site.most == 2


def test_a_mirror_steps_in(found, fetch, site, tmp_path):
    site.faults[f"/nrl/{DIRECTORY}/22000001.fts"] = Answer(b"", 404)
    files = fetch(found, path=tmp_path)
    assert [Path(file).name for file in files] == [f"2200000{n}.fts" for n in range(3)]
    assert files.errors == []
    assert f"/sdac/{DIRECTORY}/22000001.fts" in site.asked()


def test_failures_can_be_tried_again(found, fetch, site, tmp_path):
    for tree in ("nrl", "sdac"):
        site.faults[f"/{tree}/{DIRECTORY}/22000001.fts"] = Answer(b"<html></html>")
    files = fetch(found, path=tmp_path)
    assert len(files) == 2
    (error,) = files.errors
    assert error.url == found["lasco"]["url"][1]
    assert isinstance(error.exception, DeliveryError)
    assert f"{site.url}/nrl/{DIRECTORY}/22000001.fts was not delivered" in str(error.exception)
    assert "it is a page of HTML" in str(error.exception)
    # The server is ill still.
    files = fetch(files)
    assert len(files.errors) == 1
    assert "HTML" in str(files.errors[0].exception)
    assert names(tmp_path) == ["22000000.fts", "22000002.fts"]
    # Now it is well.
    site.faults.clear()
    files = fetch(files)
    assert files.errors == []
    assert len(files) == 3
    assert fault_of(tmp_path / "22000001.fts") is None


def test_a_downloader_of_ones_own(found, fetch, tmp_path):
    done = []

    def callback(path, url, error):
        done.append((Path(path).name, error))

    config = parfive.SessionConfig(done_callbacks=[callback])
    files = fetch(found, path=tmp_path, downloader=Downloader(max_conn=1, progress=False, config=config))
    assert len(files) == 3
    assert done == [(f"2200000{n}.fts", None) for n in range(3)]


def test_headers_say_who_asks(found, fetch, tmp_path, monkeypatch):
    """sunpy's own session settings are used, its name among them."""
    seen = []
    send = aiohttp.ClientSession._request

    async def watch(self, *args, **kwargs):
        seen.append(self.headers["User-Agent"])
        return await send(self, *args, **kwargs)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", watch)
    fetch(found[0, :1], path=tmp_path)
    assert seen
    assert all(agent.startswith("sunpy/") for agent in seen)


def test_within_a_running_event_loop(found, tmp_path):
    """As in a notebook."""

    async def cell():
        return LASCOClient().fetch(found["lasco"], path=tmp_path, progress=False)

    assert len(asyncio.run(cell())) == 3


def test_level_1_files_are_compressed_or_not(site, fetch, tmp_path):
    site.level1.add(sequence(datetime(2009, 1, 1, 12), number=25000000))
    plain = sequence(datetime(2009, 1, 1, 12), number=25000000)[0]
    root = "/nrl/level_1/090101/c2/25000000.fts"
    site.faults[f"{root}.gz"] = Answer(b"", 404)
    site.faults[root] = Answer(plain.fits("1"))
    query = a.Time("2009-01-01", "2009-01-01 23:00"), a.Instrument.lasco, a.Detector.c2, a.Level("1")
    files = fetch(Fido.search(*query), path=tmp_path)
    assert files.errors == []
    assert [fault_of(Path(file)) for file in files] == [None] * 3


def test_offline(found, fetch, site, tmp_path, monkeypatch):
    fetch(found[0, :1], path=tmp_path)
    site.hits.clear()
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "1")
    files = fetch(found, path=tmp_path)
    assert [Path(file).name for file in files] == ["22000000.fts"]
    assert [error.url for error in files.errors] == list(found["lasco"]["url"][1:])
    assert "offline" in str(files.errors[0].exception)
    assert site.hits == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written(found, fetch, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            fetch(found, path=tmp_path / "new")
    finally:
        tmp_path.chmod(0o700)
