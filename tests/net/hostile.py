"""
Hostile servers: the answer of each in place of a listing or an image.

`meet` runs the client against one of them; ``benchmarks/archive/hostile.py`` prints the table of all.
"""

import gzip
import os
import time
import warnings
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from unittest import mock

from loopback_archive import Answer, Site, sequence, serve

from sunpy.net import attrs as a

from sunpy_lasco.net import Archive, LASCOClient, ListingError, clear_listings, transfer

IMAGES = sequence(datetime(2012, 8, 31, 19), count=6)
DIRECTORY = "/nrl/120831/c2/"
NAME = IMAGES[0].name
QUERY = a.Time("2012-08-31", "2012-08-31 23:59"), a.Detector.c2
LISTING = "".join(image.line() for image in IMAGES).encode()
BODY = IMAGES[0].fits()
PAGE = b"<!DOCTYPE html><html><body>Please log in.</body></html>"
TEXT = "text/plain"
ROWS = "".join(
    image.line() for image in sequence(datetime(2012, 8, 31), count=5000, step=timedelta(seconds=17))
).encode()
#: Time limits, s; small, for quick tests.
LIMITS = {"CONNECT_TIMEOUT": 0.5, "READ_TIMEOUT": 0.4, "DEADLINE": 0.8, "FILE_DEADLINE": 0.8}
#: Pause before the second try, s.
PAUSE = 0.02


@dataclass(frozen=True)
class Hostile:
    """A faulty server."""

    #: Its fault.
    name: str
    #: Instead of a ``"listing"``, an ``"index"`` (without a listing) or an ``"image"``.
    thing: str
    #: Its answer.
    answer: Answer
    #: The expected message, a regular expression; or the number of images or files if the answer is usable.
    outcome: str | int
    #: Number of requests.
    tries: int


@dataclass(frozen=True)
class Meeting:
    """Result of a request to a server."""

    message: str
    count: int
    tries: int
    seconds: float


def _flipped(body, place):
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def _index(*names):
    links = "".join(f'<a href="{name}">x</a>' for name in names)
    return Answer(f"<html><title>Index of {DIRECTORY}</title>{links}</html>".encode(), kind="text/html")


def _both(name, outcome, tries, listing, image):
    """The same fault for a listing and for an image."""
    return [
        Hostile(name, "listing", listing, outcome, tries),
        Hostile(name, "image", image, outcome, tries),
    ]


def _alike(name, outcome, tries, answer):
    return _both(name, outcome, tries, answer, answer)


SERVERS = [
    *_alike("500", r"status 500", 3, Answer(PAGE, 500)),
    *_alike("503", r"status 503", 3, Answer(b"", 503)),
    Hostile("503 twice", "listing", Answer(b"", 503, times=2), 6, 3),
    Hostile("503 twice", "image", Answer(b"", 503, times=2), 1, 3),
    *_alike("403", r"status 403", 1, Answer(b"", 403)),
    *_both("cut", r"the transfer broke off", 3, Answer(LISTING, kind=TEXT, how="cut"), Answer(BODY, how="cut")),
    Hostile("cut once", "listing", Answer(LISTING, kind=TEXT, how="cut", times=1), 6, 2),
    Hostile("cut once", "image", Answer(BODY, how="cut", times=1), 1, 2),
    Hostile("cut, length unsaid", "listing", Answer(LISTING[:-9], kind=TEXT, how="bare"), "middle of a line", 1),
    Hostile("cut, length unsaid", "image", Answer(BODY, how="bare"), r"it has \d+ of \d+ bytes", 3),
    Hostile("HTML with 200", "listing", Answer(PAGE), r"a page that is not a listing", 1),
    Hostile("HTML with 200", "image", Answer(PAGE), r"it is an HTML page", 1),
    *_both(
        "redirection in a loop",
        r"redirects endlessly",
        10,
        Answer(b"", 302, headers={"Location": f"{DIRECTORY}img_hdr.txt"}),
        Answer(b"", 302, headers={"Location": f"{DIRECTORY}{NAME}"}),
    ),
    *_alike("redirection to nonsense", r"cannot be understood", 1, Answer(b"", 302, headers={"Location": "http://["})),
    Hostile("gzip, as it says", "listing", Answer(gzip.compress(LISTING), headers={"Content-Encoding": "gzip"}), 6, 1),
    Hostile("gzip, as it says", "image", Answer(gzip.compress(BODY), headers={"Content-Encoding": "gzip"}), 1, 1),
    Hostile("gzip, unsaid", "listing", Answer(gzip.compress(LISTING)), 6, 1),
    Hostile("gzip, unsaid", "image", Answer(gzip.compress(BODY)), 1, 1),
    *_alike(
        "gzip, damaged",
        r"compressed breaks off|not a FITS",
        3,
        Answer(gzip.compress(LISTING)[:-30] + bytes(20), headers={"Content-Encoding": "gzip"}),
    ),
    Hostile("gzip that grows", "listing", Answer(gzip.compress(bytes(1 << 24))), r"too long", 3),
    Hostile("CRLF", "listing", Answer(LISTING.replace(b"\n", b"\r\n"), kind=TEXT), 6, 1),
    Hostile("Latin-1", "listing", Answer(LISTING.replace(b"Normal", b"N\xf6rmal"), kind=TEXT), 6, 1),
    Hostile(
        "names that lead elsewhere", "index", _index("../../../etc/passwd", f"../../../{NAME}", "..\\..\\x.fts"), 1, 1
    ),
    Hostile("names with %2f", "index", _index(f"..%2f..%2f{NAME}", "%2e%2e%2f", "a%2fb.fts"), 1, 1),
    Hostile(
        "a name to save it by",
        "image",
        Answer(BODY, headers={"Content-Disposition": 'attachment; filename="../../x.fts"'}),
        1,
        1,
    ),
    Hostile("5,000 rows", "listing", Answer(ROWS, kind=TEXT), 5000, 1),
    *_both("drip", r"not complete after 0\.8 s", 1, Answer(LISTING, how="drip"), Answer(BODY, how="drip")),
    *_alike("drip of headers", r"not complete after 0\.8 s", 1, Answer(b"", how="drip of headers")),
    *_alike("silence", r"does not answer in time", 3, Answer(b"", how="silence")),
    *_both(
        "silence after half", r"the transfer stood still", 3, Answer(LISTING, how="stall"), Answer(BODY, how="stall")
    ),
    *_alike("endless", r"longer than \d+ bytes", 1, Answer(bytes(1 << 20), how="endless")),
    Hostile("60 times too long", "image", Answer(BODY + bytes(59 * len(BODY))), r"blocks of zeros follow", 3),
    # The year of the first line is 2092 then, or its day the 21st.
    Hostile("flipped bit of a year", "listing", Answer(LISTING.replace(b"2012", b"2092", 1), kind=TEXT), 6, 1),
    Hostile("flipped bit of a day", "listing", Answer(_flipped(LISTING, 24), kind=TEXT), 6, 1),
    Hostile("flipped bit of a header", "image", Answer(BODY.replace(b"NAXIS1", b"NAXIS0")), r"size of an image", 3),
    Hostile("flipped bit, compressed", "image", Answer(_flipped(gzip.compress(BODY), 300)), r"cannot be read", 3),
    Hostile("flipped bit of a pixel", "image", Answer(_flipped(BODY, 6000)), 1, 1),
]


def meet(server, folder):
    """
    Run the client against a server.

    It uses the directories ``folder/out`` and ``folder/kept``, and returns a `Meeting`.
    """
    site = Site()
    tree = site.tree("/nrl").add(IMAGES)
    path = f"{DIRECTORY}{NAME if server.thing == 'image' else 'img_hdr.txt' if server.thing == 'listing' else ''}"
    settings = {f"SUNPY_LASCO_{name}": str(value) for name, value in LIMITS.items()}
    with (
        serve(site) as url,
        mock.patch.dict(os.environ, settings),
        mock.patch.object(transfer, "PAUSE", PAUSE),
        mock.patch.object(LASCOClient, "archives", (Archive("NRL", "0.5", f"{url}/nrl"),)),
    ):
        clear_listings()
        client = LASCOClient()
        table = client.search(*QUERY) if server.thing == "image" else None
        answer = replace(server.answer)
        site.faults[path] = answer
        if server.thing == "listing" and isinstance(server.outcome, str):
            # The rest of the directory fails too.
            site.faults[DIRECTORY] = answer
        if server.thing == "index":
            tree.missing_listings.add((IMAGES[0].start.date(), "C2"))
        site.hits.clear()
        start = time.monotonic()
        if server.thing == "image":
            files = client.fetch(table[:1], path=folder / "out", progress=False)
            count, message = len(files), "; ".join(str(error.exception) for error in files.errors)
        else:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    count, message = len(client.search(*QUERY)), ""
                except ListingError as error:
                    count, message = 0, str(error)
            message = "; ".join([message, *(str(warning.message) for warning in caught)]).strip("; ")
        seconds = time.monotonic() - start
    clear_listings()
    return Meeting(message.replace(url, ""), count, site.asked().count(path), seconds)
