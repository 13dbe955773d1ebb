"""``Fido.fetch``: the usual behaviour, and only complete files."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
import warnings
from datetime import datetime
from pathlib import Path
from threading import Thread

import aiohttp
import numpy as np
import parfive
import pytest
from loopback_archive import Answer, sequence

from astropy.io import fits

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.util import parfive_helpers
from sunpy.util.parfive_helpers import Downloader

from sunpy_lasco import LASCOC2Map, LASCOClient
from sunpy_lasco.net import DeliveryError
from sunpy_lasco.net.image_fetch import file_fault

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
    """All files in a directory, including hidden ones."""
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
    assert [file_fault(Path(file)) for file in files] == [None] * 3


def test_a_damaged_file_stays_until_its_replacement_is_there(found, fetch, site, tmp_path):
    """A damaged file is kept, since it may be the only copy."""
    damaged = sequence(START)[1].fits()[:-1000]
    (tmp_path / "22000001.fts").write_bytes(damaged)
    for tree in ("nrl", "sdac"):
        site.faults[f"/{tree}/{DIRECTORY}/22000001.fts"] = Answer(b"", 404)
    files = fetch(found, path=tmp_path)
    assert len(files) == 2
    assert (tmp_path / "22000001.fts").read_bytes() == damaged
    message = str(files.errors[0].exception)
    assert "status 404" in message
    assert f"The file {tmp_path / '22000001.fts'} was not changed: it has" in message
    assert names(tmp_path) == [f"2200000{n}.fts" for n in range(3)]


def test_a_file_with_extensions_is_sound(found, fetch, site, tmp_path):
    """Such as one of level 1 with its uncertainty."""
    image = fits.PrimaryHDU(np.ones((64, 64), dtype=np.float32))
    more = [fits.ImageHDU(np.ones((64, 64), dtype=np.float32)), fits.BinTableHDU.from_columns([])]
    fits.HDUList([image, *more]).writeto(tmp_path / "22000001.fts")
    before = (tmp_path / "22000001.fts").read_bytes()
    assert len(fetch(found, path=tmp_path)) == 3
    assert (tmp_path / "22000001.fts").read_bytes() == before
    assert len(site.asked()) == 2


def test_an_image_gets_as_many_tries_as_a_listing(found, fetch, site, tmp_path):
    whole = sequence(START)[0].fits()
    busy, cut, unsaid = Answer(b"", 503, times=2), Answer(whole, how="cut", times=2), Answer(whole, how="bare", times=1)
    for number, (fault, tries) in enumerate([(busy, 3), (cut, 3), (unsaid, 2)]):
        site.faults[f"/nrl/{DIRECTORY}/2200000{number}.fts"] = fault
        site.faults[f"/sdac/{DIRECTORY}/2200000{number}.fts"] = Answer(b"", 404)
        site.hits.clear()
        files = fetch(found["lasco"][number], path=tmp_path)
        assert files.errors == []
        assert [path.split("/")[1] for path in site.asked()] == ["nrl", "sdac", *["nrl"] * (tries - 1)]
    assert {method for method, _ in site.hits} == {"GET"}


def test_the_user_sets_the_limits_of_time(found, fetch, site, tmp_path, monkeypatch, caplog):
    for tree in ("nrl", "sdac"):
        site.faults[f"/{tree}/{DIRECTORY}/22000000.fts"] = Answer(b"x" * 9000, how="stall")
        site.faults[f"/{tree}/{DIRECTORY}/22000001.fts"] = Answer(b"x" * 9000, how="drip")
    monkeypatch.setenv("SUNPY_LASCO_READ_TIMEOUT", "0.2")
    monkeypatch.setenv("SUNPY_LASCO_FILE_DEADLINE", "0.5")
    start = time.monotonic()
    files = fetch(found["lasco"][:2], path=tmp_path)
    # The usual limit of silence is 15 s for each request.
    assert time.monotonic() - start < 15
    assert "stood still" in str(files.errors[0].exception)
    assert "not complete after 0.5 s" in str(files.errors[1].exception)
    # parfive does not report the same error a second time.
    assert not any(record.name == "parfive" for record in caplog.records)
    # Slowness counts once, silence three times.
    assert sum(path.endswith("0.fts") for path in site.asked()) == 2 * 3
    assert sum(path.endswith("1.fts") for path in site.asked()) == 2
    assert names(tmp_path) == []


def test_a_file_that_is_much_too_long_is_refused(found, fetch, site, tmp_path):
    """Answers that announce too great a length, that never end, or that are padded with zeros are refused."""
    whole = sequence(START)[0].fits()
    for tree in ("nrl", "sdac"):
        site.faults[f"/{tree}/{DIRECTORY}/22000000.fts"] = Answer(whole, headers={"Content-Length": str(60 * 2**21)})
        site.faults[f"/{tree}/{DIRECTORY}/22000001.fts"] = Answer(bytes(1 << 20), how="endless")
        site.faults[f"/{tree}/{DIRECTORY}/22000002.fts"] = Answer(whole.ljust(60 * len(whole), b"\0"))
    files = fetch(found, path=tmp_path)
    messages = [str(error.exception) for error in files.errors]
    assert "the answer is longer than 33554432 bytes: 125829120" in messages[0]
    assert "the answer is longer than 33554432 bytes" in messages[1]
    assert "more than 9 blocks of zeros follow" in messages[2]
    assert names(tmp_path) == []


def test_nothing_is_written_outside_the_folder(found, fetch, tmp_path):
    """Listings may hold any text, and columns become parts of paths."""
    table = found["lasco"]
    table["Programme"] = ["../../..", "..", "a/../b"]
    folder = tmp_path / "a" / "b"
    files = fetch(table, path=folder / "{programme}" / "{file}")
    assert names(tmp_path) == ["a/b/.._.._../22000000.fts", "a/b/_/22000001.fts", "a/b/a_.._b/22000002.fts"]
    assert len(files) == 3


def test_a_place_that_cannot_be_written_is_an_error_of_its_file(found, fetch, tmp_path):
    (tmp_path / "22000001.fts").mkdir()
    files = fetch(found, path=tmp_path)
    assert len(files) == 2
    assert f"{tmp_path / '22000001.fts'} cannot be written" in str(files.errors[0].exception)


def test_left_overs_of_dead_processes_are_removed(found, fetch, tmp_path):
    """The template is checked even if nothing needs to be downloaded."""
    fetch(found, path=tmp_path)
    subprocess.run([sys.executable, "-c", LEAVE_SOMETHING, str(tmp_path / "22000009.fts")], check=False)
    assert len(names(tmp_path)) == 4
    fetch(found, path=tmp_path)
    assert names(tmp_path) == [f"2200000{n}.fts" for n in range(3)]


#: A process that dies while it writes a file.
LEAVE_SOMETHING = """
import os, sys
from sunpy_lasco.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_bytes(b"SIMPLE")
    os._exit(1)
"""


def test_each_file_takes_its_place_when_it_is_complete(found, site, tmp_path):
    """While others are under way."""
    site.faults[f"/nrl/{DIRECTORY}/22000001.fts"] = Answer(bytes(9000), how="drip")
    thread = Thread(target=LASCOClient().fetch, args=(found["lasco"],), kwargs={"path": tmp_path, "progress": False})
    thread.start()
    there = []
    while thread.is_alive() and len(there) < 2:
        time.sleep(0.02)
        there = [name for name in names(tmp_path) if not name.startswith(".")]
    assert thread.is_alive()
    thread.join()
    assert there == ["22000000.fts", "22000002.fts"]
    assert names(tmp_path) == [f"2200000{n}.fts" for n in range(3)]


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
    assert file_fault(tmp_path / "22000001.fts") is None


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
    assert f"{site.url}/nrl/{DIRECTORY}/22000001.fts could not be downloaded" in str(error.exception)
    assert "it is an HTML page" in str(error.exception)
    # The server still fails.
    files = fetch(files)
    assert len(files.errors) == 1
    assert "HTML" in str(files.errors[0].exception)
    assert names(tmp_path) == ["22000000.fts", "22000002.fts"]
    # Now it works.
    site.faults.clear()
    files = fetch(files)
    assert files.errors == []
    assert len(files) == 3
    assert file_fault(tmp_path / "22000001.fts") is None


def test_a_downloader_of_ones_own(found, fetch, tmp_path):
    done = []

    def callback(path, url, error):
        done.append((Path(path).name, error))

    config = parfive.SessionConfig(done_callbacks=[callback])
    downloader = Downloader(max_conn=1, progress=False, config=config)
    files = fetch(found, path=tmp_path, downloader=downloader)
    assert len(files) == 3
    assert done == [(f"2200000{n}.fts", None) for n in range(3)]
    assert downloader.queued_downloads == 0
    assert config.done_callbacks == [callback]


def test_the_downloader_of_fido_is_the_one_that_fetches(found, fetch, site, tmp_path):
    """With its session, its number of connections, and other files in its queue."""
    sessions, urls = [], []

    class Own(Downloader):
        def enqueue_file(self, url, *args, **kwargs):
            urls.append(url)
            super().enqueue_file(url, *args, **kwargs)

    def session(config):
        sessions.append(aiohttp.ClientSession(headers={"User-Agent": "mine"}))
        return sessions[-1]

    downloader = Own(max_conn=1, progress=False, config=parfive.SessionConfig(aiohttp_session_generator=session))
    site.faults["/other"] = Answer(b"something of another client")
    downloader.enqueue_file(f"{site.url}/other", path=tmp_path)
    site.delay, site.most = 0.05, 0
    files = fetch(found, path=tmp_path, downloader=downloader)
    assert urls == [f"{site.url}/other", *found["lasco"]["url"]]
    assert len(sessions) == 1
    assert site.most == 1
    assert files == [str(tmp_path / "other"), *(str(tmp_path / f"2200000{n}.fts") for n in range(3))]
    assert files.errors == []


def test_errors_of_other_clients_are_theirs(found, fetch, site, tmp_path):
    downloader = Downloader(progress=False)
    downloader.enqueue_file(f"{site.url}/nothing", path=tmp_path)
    site.faults[f"/nrl/{DIRECTORY}/22000001.fts"] = site.faults[f"/sdac/{DIRECTORY}/22000001.fts"] = Answer(b"", 403)
    files = fetch(found, path=tmp_path, downloader=downloader)
    assert len(files) == 2
    assert [error.url for error in files.errors] == [f"{site.url}/nothing", found["lasco"]["url"][1]]


def test_a_fetch_leaves_the_settings_of_sunpy_alone(found, fetch, site, tmp_path):
    before = dict(vars(parfive_helpers.config)), socket.getdefaulttimeout()
    site.faults[f"/nrl/{DIRECTORY}/22000001.fts"] = site.faults[f"/sdac/{DIRECTORY}/22000001.fts"] = Answer(b"", 403)
    files = fetch(found, path=tmp_path)
    fetch(files)
    assert (dict(vars(parfive_helpers.config)), socket.getdefaulttimeout()) == before


def test_headers_say_who_asks(found, fetch, tmp_path, monkeypatch):
    """sunpy's own session settings are used, including its user agent."""
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
    assert [file_fault(Path(file)) for file in files] == [None] * 3


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


def other_image(case):
    """Wrong files under the name of the second image of C2."""
    return {"camera": sequence(START, "C3")[1], "time": sequence(START)[2]}[case].fits()


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("camera", "it is an image of C3 and not of C2"),
        ("time", "it is an image of 2012-08-31T19:48:00 and not of 2012-08-31T19:24:00"),
    ],
)
def test_an_image_that_is_not_the_one_of_the_row(found, fetch, site, tmp_path, case, message):
    """For a complete file of the other camera or of another time, the next archive is used and a message is given."""
    wrong = Answer(other_image(case))
    site.faults[f"/nrl/{DIRECTORY}/22000001.fts"] = wrong
    files = fetch(found, path=tmp_path / "one")
    assert len(files) == 3
    header = fits.getheader(tmp_path / "one" / "22000001.fts")
    assert (header["DETECTOR"], header["TIME-OBS"]) == ("C2", "19:24:00.000")

    site.faults[f"/sdac/{DIRECTORY}/22000001.fts"] = wrong
    files = fetch(found, path=tmp_path / "both")
    assert len(files) == 2
    assert message in str(files.errors[0].exception)
    assert names(tmp_path / "both") == ["22000000.fts", "22000002.fts"]


def test_an_image_of_another_time_that_stands_there_is_replaced(found, fetch, tmp_path):
    (tmp_path / "22000001.fts").write_bytes(other_image("time"))
    assert len(fetch(found, path=tmp_path)) == 3
    assert fits.getheader(tmp_path / "22000001.fts")["TIME-OBS"] == "19:24:00.000"


def test_headers_that_tell_neither_camera_nor_time_are_not_judged(found, fetch, site, tmp_path):
    hdu = fits.PrimaryHDU(np.zeros((8, 8), np.int16))
    hdu.writeto(tmp_path / "bare.fts")
    site.faults[f"/nrl/{DIRECTORY}/22000001.fts"] = Answer((tmp_path / "bare.fts").read_bytes())
    assert len(fetch(found, path=tmp_path / "out")) == 3


def test_a_fetch_leaves_parfive_sockets_and_loggers_as_they_were(found, fetch, tmp_path):
    """Later downloads by others, with the same or another downloader, are unaffected."""
    given = Downloader(progress=False)

    def state():
        config = vars(given.config)
        loggers = [logging.getLogger(name) for name in (None, "astropy", "sunpy", "parfive")]
        return {
            "downloader": {name: value for name, value in config.items() if name not in ("aiohttp_session_generator",)},
            "session": repr(config["config"]) if "config" in config else "",
            "queues": (len(given.http_queue), len(given.ftp_queue)),
            "parfive": repr(parfive.SessionConfig().timeouts),
            "class": sorted(f"{name} {id(value)}" for name, value in vars(parfive.Downloader).items()),
            "sockets": socket.getdefaulttimeout(),
            "loggers": [(one.level, one.propagate, list(one.handlers)) for one in loggers],
            "warnings": [repr(one) for one in warnings.filters],
            "environment": dict(os.environ),
            "clients": [client.__name__ for client in Fido.registry],
        }

    before = state()
    assert len(fetch(found, path=tmp_path, downloader=given)) == 3
    assert len(fetch(found, path=tmp_path / "more")) == 3
    after = state()
    for what, value in before.items():
        assert after[what] == value, what
