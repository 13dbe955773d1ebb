"""
A model archive and a server for it on 127.0.0.1, with faults on request.

The model consists of images, from which listings, indices and files are made.
"""

import gzip
import io
import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from astropy.io import fits

#: Pause within slow answers, s; there are ten.
SLOWNESS = 0.03
#: Number of repetitions of the body of an endless answer.
ENDLESS = 100_000


@dataclass(frozen=True)
class Image:
    """An exposure as described by its header."""

    name: str
    start: datetime
    exptime: float = 25.1
    shape: tuple = (1024, 1024)
    corner: tuple = (20, 1)
    filter: str = "Orange"
    polar: str = "Clear"
    programme: str = "Normal"

    @property
    def camera(self):
        return f"C{self.name[0]}"

    def line(self, justify="real"):
        """
        The line of img_hdr.txt, in the format of reduce_img_hdr.

        In real lines dates are aligned to the right and texts to the left of their columns; "left" and "right" align
        both to one side.  "early" lines are those of before 1996-04-04.
        """
        date_side, side = {"real": "><", "left": "<<", "right": ">>", "early": "><"}[justify]
        day = f"{self.start:%Y/%m/%d}"
        wide = 5 if justify == "early" else 6
        texts = ((self.filter, wide), (self.polar, wide), (self.programme, 8))
        filter_text, polar_text, programme = (f"{text[:width]:{side}{width}}" for text, width in texts)
        return (
            f"{self.name:>12}  {day:{date_side}12}  {self.start:%H:%M:%S}  {self.camera:>3}{self.exptime:8.1f}"
            f"{self.shape[0]:7d}{self.shape[1]:7d}{self.corner[0]:7d}{self.corner[1]:7d}"
            f"  {filter_text}  {polar_text}  {programme}"
            + ("" if justify == "early" else f"{0.0:11.4f}{3390:6d}")
            + "\n"
        )

    def fits(self, level="0.5"):
        """A small file with the cards of a real one, and a few unprintable bytes."""
        hdu = fits.PrimaryHDU(np.arange(64 * 64, dtype=np.int16).reshape(64, 64))
        day = f"{self.start:%Y/%m/%d}" if level == "0.5" else f"{self.start:%Y-%m-%dT%H:%M:%S.%f}"[:23]
        clock = f"{self.start:%H:%M:%S.%f}"[:12] if level == "0.5" else ""
        cards = {
            "DATE": "2012/09/05",
            "FILENAME": self.name,
            "DATE-OBS": day,
            "TIME-OBS": clock,
            "TELESCOP": "SOHO",
            "INSTRUME": "LASCO",
            "DETECTOR": self.camera,
            "EXPTIME": self.exptime,
            "FILTER": self.filter,
            "POLAR": self.polar,
            "P1COL": self.corner[0],
            "P1ROW": self.corner[1],
            "R1COL": 20,
            "R1ROW": 1,
            "R2COL": 1043,
            "R2ROW": 1024,
            "SUMROW": 0,
            "SUMCOL": 0,
            "LEBXSUM": 16,
            "LEBYSUM": 16,
            "READPORT": "C",
            "COMPRSSN": "X#",
            "CRPIX1": 32.0,
            "CRPIX2": 32.0,
            "CRVAL1": 0.0,
            "CRVAL2": 0.0,
            "CDELT1": 190.4,
            "CDELT2": 190.4,
            "CROTA1": 0.0,
            "CROTA2": 0.0,
            "CTYPE1": "SOLAR-X",
            "CTYPE2": "SOLAR-Y",
            "CUNIT1": "ARCSEC",
            "CUNIT2": "ARCSEC",
        }
        if level == "0.5":
            cards["LP_NUM"] = self.programme
        else:
            cards["LEVEL"] = "1.0"
        hdu.header.update(cards)
        hdu.header["HISTORY"] = "x" * 60
        out = io.BytesIO()
        hdu.writeto(out)
        body = out.getvalue().replace(b"x" * 60, b"\t\x01 unprintable " + b"y" * 45)
        return gzip.compress(body) if self.name.endswith(".gz") else body


def sequence(first, camera="C2", number=22000000, count=3, step=timedelta(minutes=24), **kwargs):
    """Images at equal intervals with consecutive numbers."""
    number += 10_000_000 * (camera == "C3")
    return [Image(f"{number + n}.fts", first + n * step, **kwargs) for n in range(count)]


@dataclass
class Answer:
    """An answer of the server."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    #: The way of sending: whole, reset, drop, cut, long, short, slow, stall, silence, drip, drip of
    #: headers, endless, chunked-cut or bare.
    how: str = "whole"
    #: Number of requests after which the answer is correct.
    times: int | None = None
    headers: dict = field(default_factory=dict)


NOT_FOUND = Answer(b"<html><body>Not Found</body></html>", 404, "text/html")


class Tree:
    """One archive: directories of days under a root."""

    def __init__(self, root, level="0.5"):
        self.root, self.level = root, level
        self.days = {}
        self.justify = "real"
        self.missing_listings = set()

    def add(self, images, day=None):
        """Put images into the directories of their days, or of another one."""
        for image in images:
            key = (day or image.start.date(), image.camera)
            self.days.setdefault(key, []).append(image)
        return self

    def directory(self, day, camera):
        return f"{self.root}/{day:%y%m%d}/{camera.lower()}"

    def listing(self, day, camera):
        return "".join(image.line(self.justify) for image in self.days[day, camera])

    def answer(self, path):
        parts = path[len(self.root) + 1 :].split("/")
        if len(parts) != 3:
            return None
        try:
            day = datetime.strptime(parts[0], "%y%m%d").date()
        except ValueError:
            return None
        # strptime puts 69 to 99 into the last century, as the archive does.
        key = day, parts[1].upper()
        if key not in self.days:
            return None
        if parts[2] == "img_hdr.txt":
            return None if key in self.missing_listings else Answer(self.listing(*key).encode(), kind="text/plain")
        names = [self._stored(image) for image in self.days[key]]
        if parts[2] == "":
            rows = "".join(
                f'<tr><td><a href="{name}">{name}</a></td></tr>\n' for name in ["../", *names, "img_hdr.txt"]
            )
            return Answer(
                f"<html><head><title>Index of {path}</title><body><table>{rows}</table></body></html>".encode(),
                kind="text/html",
            )
        for image, name in zip(self.days[key], names, strict=True):
            if name == parts[2]:
                body = image.fits(self.level)
                return Answer(gzip.compress(body) if name.endswith(".gz") and not image.name.endswith(".gz") else body)
        return None

    def _stored(self, image):
        return f"{image.name}.gz" if self.level == "1" else image.name


class Site:
    """Content of a server, and its requests."""

    def __init__(self):
        self.trees = []
        self.faults = {}
        self.hits = []
        self.now = self.most = 0
        self.delay = 0.0
        self.lock = threading.Lock()
        self.ranges = False

    def tree(self, root, level="0.5"):
        self.trees.append(Tree(root, level))
        return self.trees[-1]

    def answer(self, path):
        fault = self.faults.get(path)
        if fault is not None and (fault.times is None or fault.times > 0):
            if fault.times is not None:
                fault.times -= 1
            return fault
        for tree in self.trees:
            if path.startswith(tree.root + "/") and (found := tree.answer(path)) is not None:
                return found
        return NOT_FOUND

    def asked(self, method="GET"):
        return [path for how, path in self.hits if how == method]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else the second of two small packets waits for 40 ms.
    disable_nagle_algorithm = True

    def do_HEAD(self):
        self._do("HEAD")

    def do_GET(self):
        self._do("GET")

    def _do(self, method):
        site = self.server.site
        with site.lock:
            site.hits.append((method, self.path))
            site.now += 1
            site.most = max(site.most, site.now)
            answer = site.answer(self.path)
        if site.delay:
            time.sleep(site.delay)
        # Counted before the answer, since the next request may arrive before this thread continues.
        with site.lock:
            site.now -= 1
        try:
            self._say(method, answer, site)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _say(self, method, answer, site):
        body, how = answer.body, answer.how
        if how == "reset" and method == "GET":
            # A linger of zero makes close() send RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if how in ("drop", "drip of headers", "silence"):
            self.close_connection = True
            if how == "silence":
                time.sleep(2.0)
            if how == "drip of headers":
                self._drip(b"HTTP/1.1 200 OK\r\nServer: " + b"x" * 10_000)
            return
        status = answer.status
        asked = self.headers.get("Range")
        if site.ranges and asked and status == 200:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            body, status = body[int(first) : int(last) + 1 if last else None], 206
        length = {"long": len(body) + 500, "short": max(len(body) - 500, 0)}.get(how, len(body))
        self.send_response(status)
        self.send_header("Content-Type", answer.kind)
        if site.ranges:
            self.send_header("Accept-Ranges", "bytes")
        for key, value in answer.headers.items():
            self.send_header(key, value)
        if how in ("chunked-cut", "endless"):
            self.send_header("Transfer-Encoding", "chunked")
        elif how == "bare":
            self.send_header("Connection", "close")
        elif "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if method != "HEAD":
            self._send(body, how)

    def _send(self, body, how):
        if how == "whole":
            self.wfile.write(body)
        elif how == "slow":
            for start in range(0, len(body), max(len(body) // 10, 1)):
                self.wfile.write(body[start : start + max(len(body) // 10, 1)])
                time.sleep(SLOWNESS)
        elif how == "drip":
            self.wfile.write(body[:1])
            self._drip(body[1:])
        elif how == "endless":
            for _ in range(ENDLESS):
                self.wfile.write(b"%x\r\n" % len(body) + body + b"\r\n")
            self.close_connection = True
        elif how == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(2.0)
            self.close_connection = True
        elif how == "chunked-cut":
            self.wfile.write(b"%x\r\n" % len(body) + body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body[: len(body) // 2] if how in ("cut", "bare") else body)
            self.close_connection = True

    def _drip(self, body):
        """A byte now and then, for three seconds."""
        for start in range(min(len(body), 60)):
            self.wfile.write(body[start : start + 1])
            time.sleep(0.05)
        self.close_connection = True

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


@contextmanager
def serve(site):
    """Serve a site and return the address of the server."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = site
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def day_after(day, count=1):
    return day + timedelta(days=count)


__all__ = ["NOT_FOUND", "Answer", "Image", "Site", "Tree", "date", "day_after", "sequence", "serve"]
