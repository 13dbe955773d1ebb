"""Small requests: retries, limits, and one kind of error."""

import gzip
import threading
import time

import pytest
from loopback_archive import Answer

from sunpy_lasco.config import ConfigurationError
from sunpy_lasco.net import transfer, web
from sunpy_lasco.net.listing import remote_entry
from sunpy_lasco.net.transfer import time_limits
from sunpy_lasco.net.web import Web, WebError, unpacked


def test_what_is_there_and_what_is_not(site):
    site.faults["/x"] = Answer(b"body")
    with Web() as asking:
        assert asking.get(f"{site.url}/x") == b"body"
        assert asking.get(f"{site.url}/x", read=bytes.decode) == "body"
        assert asking.get(f"{site.url}/y") is None
        assert asking.requests == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_faults_are_tried_again(site, status):
    site.faults["/x"] = Answer(b"body", status, times=2)
    site.faults["/y"] = Answer(b"", status)
    with Web() as asking:
        assert asking.get(f"{site.url}/x") is None
        assert site.asked() == ["/x"] * 3
        with pytest.raises(WebError, match=f"/y: it answers with status {status}"):
            asking.get(f"{site.url}/y")
        assert site.asked().count("/y") == 3


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_lasting_faults_are_not(site, status):
    site.faults["/x"] = Answer(b"", status)
    with Web() as asking, pytest.raises(WebError, match=str(status)):
        asking.get(f"{site.url}/x")
    assert len(site.hits) == 1


def test_pauses_double_and_the_server_may_ask_for_more(site, monkeypatch):
    pauses = []
    monkeypatch.setattr(Web, "_rest", lambda self, seconds: pauses.append(seconds))
    monkeypatch.setattr(transfer, "PAUSE", 0.5)
    site.faults["/x"] = Answer(b"", 503)
    site.faults["/y"] = Answer(b"", 503, headers={"Retry-After": "7"})
    site.faults["/z"] = Answer(b"", 503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    site.faults["/w"] = Answer(b"", 429, headers={"Retry-After": "86400"})
    with Web() as asking:
        for path, expected in (("x", [0.5, 1.0]), ("y", [7.0, 7.0]), ("z", [0.5, 1.0]), ("w", [30.0, 30.0])):
            pauses.clear()
            with pytest.raises(WebError):
                asking.get(f"{site.url}/{path}")
            assert pauses == expected


def test_a_body_that_cannot_be_read_is_asked_for_again(site):
    site.faults["/x"] = Answer(b"1 2 x", times=1)
    with Web() as asking:
        assert asking.get(f"{site.url}/x", read=lambda body: int(body)) is None
        site.faults["/y"] = Answer(b"none")
        with pytest.raises(WebError, match="/y: invalid literal"):
            asking.get(f"{site.url}/y", read=int)
    assert site.asked() == ["/x"] * 2 + ["/y"] * 3


def test_only_as_much_as_is_wanted_is_read(site):
    site.faults["/x"] = Answer(b"x" * 3_000_000)
    with Web() as asking:
        assert len(asking.get(f"{site.url}/x", enough=lambda body: len(body) >= 1000)) < 1_000_000


def test_a_body_without_end(site, monkeypatch):
    monkeypatch.setattr(web, "LONGEST_BODY", 100_000)
    site.faults["/x"] = Answer(b"x" * 300_000)
    with Web() as asking, pytest.raises(WebError, match="longer than 100000 bytes"):
        asking.get(f"{site.url}/x")
    assert len(site.hits) == 1


@pytest.mark.parametrize("how", ["drip", "drip of headers"])
def test_an_endlessly_slow_server(site, monkeypatch, how):
    """This holds for announced lengths that fit into any buffer, and there is only one request."""
    monkeypatch.setenv("SUNPY_LASCO_DEADLINE", "0.3")
    site.faults["/x"] = Answer(b"x" * 1000, how=how)
    start = time.monotonic()
    with Web() as asking, pytest.raises(WebError, match=r"/x: the answer is not complete after 0\.3 s"):
        asking.get(f"{site.url}/x")
    assert time.monotonic() - start < 1
    assert site.asked() == ["/x"]


@pytest.mark.parametrize("answer", [Answer(b"x" * 1000, how="drip"), Answer(b"", 503, headers={"Retry-After": "20"})])
def test_whoever_breaks_off_does_not_wait(site, answer):
    site.faults["/x"] = answer
    start = time.monotonic()
    with Web() as asking:
        threading.Timer(0.2, asking.give_up).start()
        with pytest.raises(WebError, match=r"broken off|status 503"):
            asking.get(f"{site.url}/x")
        with pytest.raises(WebError, match="broken off"):
            asking.get(f"{site.url}/y")
    assert time.monotonic() - start < 2
    assert site.asked() == ["/x"]


def test_a_dead_host_is_asked_again_after_a_rest(site, monkeypatch):
    site.faults["/x"] = Answer(b"", how="drop")
    now = [1000.0]
    monkeypatch.setattr(web.time, "monotonic", lambda: now[0])
    with Web() as asking:
        for _ in range(3):
            with pytest.raises(WebError, match=r"the transfer broke off"):
                asking.get(f"{site.url}/x")
        before = len(site.hits)
        with pytest.raises(WebError, match="did not answer 3 requests in a row"):
            asking.get(f"{site.url}/other")
        assert len(site.hits) == before
        now[0] += web.REST + 1
        assert asking.get(f"{site.url}/other") is None
        # It has recovered.
        assert asking.get(f"{site.url}/other") is None


def test_two_at_once_whatever_the_number_of_searches(site):
    site.delay = 0.03

    def ask():
        with Web() as asking:
            for n in range(4):
                asking.get(f"{site.url}/{n}")

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.hits) == 20
    assert site.most == web.PER_HOST == 2


def test_a_failed_request_frees_its_place(site):
    site.faults["/x"] = Answer(b"", 403)
    with Web() as asking:
        for _ in range(3):
            with pytest.raises(WebError):
                asking.get(f"{site.url}/x")
        start = time.monotonic()
        asking.get(f"{site.url}/y")
        assert time.monotonic() - start < 5


def test_offline_setting(site, monkeypatch):
    for value, offline in (("yes", True), ("1", True), ("no", False), ("0", False)):
        monkeypatch.setenv("SUNPY_LASCO_OFFLINE", value)
        with Web() as asking:
            if offline:
                with pytest.raises(WebError, match="offline"):
                    asking.get(f"{site.url}/x")
            else:
                assert asking.get(f"{site.url}/x") is None
    assert len(site.hits) == 2
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "maybe")
    with pytest.raises(ConfigurationError):
        Web()


def test_time_limits_of_the_configuration(monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_CONNECT_TIMEOUT", "3")
    monkeypatch.setenv("SUNPY_LASCO_READ_TIMEOUT", "4")
    monkeypatch.setenv("SUNPY_LASCO_DEADLINE", "50")
    assert Web()._limits == time_limits(3.0, 4.0, 50.0)
    assert Web(limits=time_limits(1, 2, 3))._limits == time_limits(1, 2, 3)


def test_what_is_packed_is_unpacked():
    assert unpacked(b"plain") == b"plain"
    packed = gzip.compress(b"x" * 1000)
    assert unpacked(packed) == b"x" * 1000
    for damaged in (packed[:-9], packed[:20], b"\x1f\x8b" + bytes(50), gzip.compress(bytes(web.LONGEST_BODY + 1))):
        with pytest.raises(ValueError, match="compressed"):
            unpacked(damaged)


# Headers of images that no listing describes.

CARDS = {
    "SIMPLE": "T",
    "BITPIX": "16",
    "NAXIS": "2",
    "NAXIS1": "1024",
    "NAXIS2": "512",
    "DATE-OBS": "'2012/08/31'",
    "TIME-OBS": "'19:00:07.125'",
    "DETECTOR": "'C3      '",
    "EXPTIME": "19.1",
    "FILTER": "'Orange  '",
    "POLAR": "'+60 Deg '",
    "LP_NUM": "'Seq PW  '",
    "P1COL": "20",
    "P1ROW": "257",
}


def header(**changes):
    """A header written card by card; None leaves one out."""
    changes = {name.replace("_OBS", "-OBS"): value for name, value in changes.items()}
    cards = [f"{name:8}= {value:>20}".ljust(80) for name, value in {**CARDS, **changes}.items() if value is not None]
    return "".join([*cards, "HISTORY \t\x01 stray bytes".ljust(80), "END".ljust(80)]).ljust(5760).encode("latin-1")


def test_header_of_an_image(site):
    site.faults["/32000000.fts"] = Answer(header() + b"x" * 2_000_000)
    with Web() as asking:
        entry = remote_entry(asking, f"{site.url}/32000000.fts", "C3", "0.5")
        assert entry == (
            "32000000.fts", "2012-08-31T19:00:07.125", 19.1, 1024, 512, "sub-frame", "Orange", "+60 Deg", "Seq PW",
        )  # fmt: skip
        assert remote_entry(asking, f"{site.url}/32000001.fts", "C3", "0.5") is None


def test_header_of_level_1(site):
    iso = {"DATE_OBS": "'2012-08-31T19:00:07.125'", "TIME_OBS": "''", "R1COL": "20", "R1ROW": "1", "NAXIS2": "1024"}
    site.faults["/35000000.fts"] = Answer(header(**iso))
    with Web() as asking:
        entry = remote_entry(asking, f"{site.url}/35000000.fts", "C3", "1")
    assert (entry.start, entry.size, entry.programme) == ("2012-08-31T19:00:07.125", "full", "")


def test_header_of_no_pixels(site):
    site.faults["/32000000.fts"] = Answer(header(NAXIS="0", NAXIS1=None, NAXIS2=None))
    with Web() as asking:
        assert remote_entry(asking, f"{site.url}/32000000.fts", "C3", "0.5") is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (header(DETECTOR="'C2'"), "it is of C2"),
        (header(EXPTIME=None), "EXPTIME"),
        (header(EXPTIME="'NaN'"), "EXPTIME is not a number"),
        (header(DATE_OBS="'31 August'"), "'31TAugust' is not a time"),
        (header(TIME_OBS="''"), "TIME-OBS is missing"),
        (header(FILTER=None), "FILTER"),
        (header()[:2880].replace(b"END", b"XXX"), "does not start like a FITS file"),
        (b"<html>No</html>", "HTML"),
        (b"", "does not start like a FITS file"),
        (b"\x1f\x8b" + bytes(100), "cannot be read"),
    ],
)
def test_headers_that_cannot_be_read(site, body, reason):
    site.faults["/32000000.fts"] = Answer(body)
    with Web() as asking, pytest.raises(WebError, match=reason) as caught:
        remote_entry(asking, f"{site.url}/32000000.fts", "C3", "0.5")
    assert f"{site.url}/32000000.fts" in str(caught.value)
