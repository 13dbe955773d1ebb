"""Archives on the loopback interface that fail in every known way, and files for them."""

import gzip
import io
import os
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from astropy.io import fits

from sunpy_lasco.assets import C3_MASK
from sunpy_lasco.assets.names import entry
from sunpy_lasco.config import Configuration
from sunpy_lasco.net import transfer

#: Seconds for which a silent server is silent.
SILENCE = 3.0
PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please log in</body></html>"
NOT_FOUND = b"<html><head><title>404 Not Found</title></head><body>The page was not found</body></html>"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.server.archive.answer(self, head=True)

    def do_GET(self):
        self.server.archive.answer(self, head=False)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that disconnect are part of the tests."""


class Archive:
    """
    A file server; `faults` gives the failures of a path.

    A fault is the name of a method ``fault_NAME``, or a list of such names (or
    None for a right answer) that are used up one GET request after the other.
    """

    def __init__(self):
        self.files, self.faults, self.requests = {}, {}, []
        self.delay = 0.0
        self._stop = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.archive = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def netloc(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self):
        return f"http://{self.netloc}/ssw"

    def close(self):
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, name, content):
        """Publish the file of an asset."""
        self.files["/ssw/" + entry(name).paths[0]] = content

    def fail(self, name, fault):
        """Make the download of an asset fail."""
        for path in entry(name).paths:
            self.faults["/ssw/" + path] = fault

    @property
    def gets(self):
        return [path for method, path in self.requests if method == "GET"]

    def answer(self, handler, *, head):
        self.requests.append((handler.command, handler.path))
        if not head:
            time.sleep(self.delay)
        fault = self.faults.get(handler.path)
        if isinstance(fault, list):
            fault = fault[0] if head or len(fault) == 1 else fault.pop(0)
        content = self.files.get(handler.path)
        if fault is not None:
            getattr(self, f"fault_{fault}")(handler, content or b"", head)
        elif content is None:
            self.send(handler, b"no such file", head, status=404)
        else:
            self.send(handler, content, head)

    @staticmethod
    def send(handler, content, head, status=200, **headers):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.end_headers()
        if not head:
            handler.wfile.write(content)

    def _start(self, handler, content, head, length=None):
        """Begin an answer that will be broken off."""
        handler.close_connection = True
        handler.send_response(200)
        if length is not None:
            handler.send_header("Content-Length", str(length))
        handler.send_header("Connection", "close")
        handler.end_headers()
        if not head:
            handler.wfile.write(content)
            handler.wfile.flush()

    def fault_absent(self, handler, content, head):
        self.send(handler, b"no such file", head, status=404)

    def fault_gone(self, handler, content, head):
        self.send(handler, b"", head, status=410)

    def fault_forbidden(self, handler, content, head):
        self.send(handler, b"no", head, status=403)

    def fault_broken_server(self, handler, content, head):
        self.send(handler, b"oops", head, status=500)

    def fault_busy(self, handler, content, head):
        self.send(handler, b"later", head, status=503)

    def fault_page(self, handler, content, head):
        self.send(handler, PAGE, head, Content_Type="text/html")

    def fault_page_not_found(self, handler, content, head):
        self.send(handler, NOT_FOUND, head, Content_Type="text/html")

    def fault_redirect_to_page(self, handler, content, head):
        self.files["/login"] = PAGE
        self.send(handler, b"", head, status=302, Location="/login")

    def fault_endless_redirect(self, handler, content, head):
        self.send(handler, b"", head, status=302, Location=handler.path)

    def fault_empty(self, handler, content, head):
        self.send(handler, b"", head)

    def fault_truncated(self, handler, content, head):
        self._start(handler, content[: len(content) // 2], head, length=len(content))

    def fault_truncated_unsaid(self, handler, content, head):
        self._start(handler, content[: len(content) // 2], head)

    def fault_truncated_in_padding(self, handler, content, head):
        self._start(handler, content[:-7], head)

    def fault_too_long(self, handler, content, head):
        self.send(handler, content + b"junk", head)

    def fault_reset(self, handler, content, head):
        self._start(handler, content[: len(content) // 2], head, length=len(content))
        if not head:
            time.sleep(0.05)
            self._reset(handler)

    def fault_reset_at_once(self, handler, content, head):
        self._reset(handler)

    @staticmethod
    def _reset(handler):
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    def fault_closed_at_once(self, handler, content, head):
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def fault_silent(self, handler, content, head):
        handler.close_connection = True
        self._stop.wait(SILENCE)

    def fault_stalled(self, handler, content, head):
        self._start(handler, content[: len(content) // 2], head, length=len(content))
        if not head:
            self._stop.wait(SILENCE)

    def fault_garbage(self, handler, content, head):
        self.send(handler, b"\x93\x00\xff" * 960, head)

    def fault_wrong_shape(self, handler, content, head):
        self.send(handler, fits_bytes(np.ones((512, 512), np.uint8)), head)

    def fault_wrong_dtype(self, handler, content, head):
        self.send(handler, fits_bytes(np.ones((1024, 1024), np.int32)), head)

    def fault_wrong_values(self, handler, content, head):
        self.send(handler, fits_bytes(np.full((1024, 1024), 7, np.uint8)), head)

    def fault_no_image(self, handler, content, head):
        self.send(handler, fits_bytes(None), head)

    def fault_damaged_header(self, handler, content, head):
        self.send(handler, content[:80] + b"NAXIS   = 'two'" + content[95:], head)

    def fault_sixty_times_too_long(self, handler, content, head):
        self._start(handler, content, head, length=60 * len(content))

    def fault_endless(self, handler, content, head):
        self._start(handler, content, head)
        while not head and not self._stop.is_set():
            handler.wfile.write(content or bytes(1 << 20))

    def fault_drip(self, handler, content, head):
        self._start(handler, content[:10], head, length=len(content))
        while not head and not self._stop.wait(0.05):
            handler.wfile.write(b"x")

    # Unusual, but valid.

    def fault_compressed(self, handler, content, head):
        self.send(handler, gzip.compress(content, 1), head, Content_Encoding="gzip")

    def fault_redirect(self, handler, content, head):
        self.files["/moved"] = content
        self.send(handler, b"", head, status=301, Location="/moved")

    def fault_no_head(self, handler, content, head):
        self.send(handler, b"" if head else content, head, status=405 if head else 200)

    def fault_no_length(self, handler, content, head):
        self._start(handler, content, head)

    def fault_slow(self, handler, content, head):
        self._start(handler, content[:1000], head, length=len(content))
        if not head:
            time.sleep(0.3)
            handler.wfile.write(content[1000:])


def fits_bytes(data, **cards):
    """A FITS file in memory."""
    file = io.BytesIO()
    fits.PrimaryHDU(data, fits.Header(cards)).writeto(file)
    return file.getvalue()


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch):
    """Ignore the settings of the user."""
    for name in list(os.environ):
        if name.startswith("SUNPY_LASCO_") and name != "SUNPY_LASCO_TEST_DATA":
            monkeypatch.delenv(name)
    for name in ("LASCO_DATA", "SSW"):
        monkeypatch.delenv(name, raising=False)
    # No pause before a second try.
    monkeypatch.setattr(transfer, "PAUSE", 0.01)


@pytest.fixture
def archives():
    """Two archives; the first one is preferred."""
    pair = Archive(), Archive()
    yield pair
    for archive in pair:
        archive.close()


@pytest.fixture
def configuration(archives, tmp_path):
    """Settings for the two archives and an empty cache."""
    mirrors = tuple(archive.url for archive in archives)
    return Configuration(
        assets=(),
        offline=False,
        cache=tmp_path / "cache",
        mirrors={"ssw": mirrors, "ancillary": mirrors},
        connect_timeout=10.0,
        read_timeout=30.0,
        progress=False,
    )


@pytest.fixture(scope="session")
def mask_file():
    """The mask of C3 as a FITS file: a ring."""
    return fits_bytes(ring_mask(), FILENAME=C3_MASK)


@pytest.fixture(scope="session")
def other_mask_file():
    """Another valid mask of C3."""
    return fits_bytes(ring_mask(540))


def ring_mask(outer=500):
    """A mask of C3: a ring about the occulter."""
    y, x = np.indices((1024, 1024))
    distance = np.hypot(x - 516.284, y - 529.489)
    return ((distance > 75) & (distance < outer)).astype(np.uint8)


@pytest.fixture(scope="session")
def make_fits():
    """The function that makes a FITS file in memory."""
    return fits_bytes
