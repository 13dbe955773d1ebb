"""
Small requests to archives.

There are at most two simultaneous requests per host, for any number of searches. Temporary faults are retried
after a pause. A host that does not answer at all is skipped for a while, so that a long search does not wait
for it repeatedly.
"""

import asyncio
import concurrent.futures
import threading
import time
import zlib
from collections import defaultdict
from urllib.parse import urlsplit

import aiohttp

from sunpy import log

from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import LascoError
from sunpy_lasco.net.transfer import (
    ABSENT,
    AGENT,
    PER_HOST,
    SLOW,
    TRIES,
    RequestError,
    answer_of,
    chunks_of,
    pause_before,
    time_limits,
)

__all__ = ["Body", "Web", "WebError", "unpacked"]

#: Requests in a row to which a host does not answer before it is left alone.
SILENCES = 3
#: How long it is left alone, s.
REST = 60.0
#: Longest body that is read, bytes.  The listing of a busy day has 20 kB.
LONGEST_BODY = 8_000_000

_slots = defaultdict(lambda: threading.BoundedSemaphore(PER_HOST))
_slots_lock = threading.Lock()


class WebError(LascoError, OSError):
    """A request failed or had no usable answer."""

    #: The status of its answer, if that was the fault.
    status = None


class Body(bytes):
    """The answer of a server."""

    #: Its length, or its end, was announced and kept.
    whole = True


def unpacked(body):
    """
    Unpack a body compressed by gzip, declared or not; raises `ValueError` if it is truncated, damaged, or longer than
    `LONGEST_BODY`.
    """
    if body[:2] != b"\x1f\x8b":
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body, LONGEST_BODY)
    except zlib.error as error:
        msg = f"what it compressed is damaged ({error})"
        raise ValueError(msg) from error
    if not unpacker.eof:
        msg = "what it compressed breaks off, or is too long"
        raise ValueError(msg)
    return content


class Web:
    """
    A connection to archives, shared by threads.

    Parameters
    ----------
    limits : `aiohttp.ClientTimeout`, optional
        Time limits; by default those of the configuration.

    Notes
    -----
    Use it as a context manager, so that connections are closed.
    """

    def __init__(self, *, limits=None):
        settings = Configuration.read()
        if limits is None:
            limits = time_limits(settings.connect_timeout, settings.read_timeout, settings.deadline)
        self._limits = limits
        self._offline = settings.offline
        self._given_up = threading.Event()
        self._loop = self._session = self._thread = None
        self._starting = threading.Lock()
        self._silences = defaultdict(int)
        self._rested_at = {}
        #: Number of requests made.
        self.requests = 0

    def __enter__(self):
        return self

    def __exit__(self, *args):
        if self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._session.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def _run(self, coroutine):
        """Run a coroutine in the thread of the connections, and wait for it."""
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="lasco-web", daemon=True)
                self._thread.start()
                self._session = asyncio.run_coroutine_threadsafe(_session(), self._loop).result()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def give_up(self):
        """Make all pending requests fail at once."""
        self._given_up.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])

    def get(self, url, *, read=bytes, enough=None, headers=None):
        """
        Content of an address; None if the server reports that it does not exist.

        ``read`` converts the `Body`, which may be compressed (`unpacked`), to the result; a `ValueError` that it raises
        counts as a temporary fault.  ``enough`` is called with the bytes so far and stops the transfer when they
        suffice.  Raises `WebError`, whose message names the address, if there is no usable answer.
        """
        host = urlsplit(url).netloc
        self._check_may_ask(url, host)
        for attempt in range(1, TRIES + 1):
            fault = None
            try:
                body = self._get_once(url, host, enough, headers)
                self._silences[host] = 0
                return read(body)
            except RequestError as caught:
                silent = caught.kind == SLOW or not caught.answered
                if not silent:
                    self._silences[host] = 0
                if caught.kind == ABSENT:
                    return None
                fault, reason, passes, wait = caught, str(caught), caught.passes, caught.wait
            except ValueError as error:
                reason, passes, silent, wait = str(error), True, False, 0.0
            if not passes or attempt == TRIES or (silent and self._silences[host] >= SILENCES):
                break
            log.debug(f"{url}: {reason}; trying again")
            if self._rest(pause_before(attempt + 1, wait)):
                break
        if silent:
            self._silences[host] += 1
            self._rested_at[host] = time.monotonic()
        msg = f"{url}: {reason}"
        error = WebError(msg)
        error.status = getattr(fault, "status", None)
        raise error

    def _rest(self, seconds):
        """Pause, and return whether it was interrupted."""
        return self._given_up.wait(seconds)

    def _check_may_ask(self, url, host):
        if self._given_up.is_set():
            msg = f"{url}: not asked, because the search was broken off"
            raise WebError(msg)
        if self._offline:
            msg = f"{url}: not asked, because the setting 'offline' forbids it"
            raise WebError(msg)
        if self._silences[host] >= SILENCES and time.monotonic() - self._rested_at[host] < REST:
            msg = f"{url}: not asked, because {host} did not answer {self._silences[host]} requests in a row"
            raise WebError(msg)

    def _get_once(self, url, host, enough, headers):
        with _slots_lock:
            slots = _slots[host]
        with slots:
            self.requests += 1
            try:
                return self._run(self._receive(url, host, enough, headers))
            except concurrent.futures.CancelledError as error:
                msg = f"{url}: the search was broken off"
                raise WebError(msg) from error

    async def _receive(self, url, host, enough, headers):
        async with answer_of(
            self._session, url, limits=self._limits, longest=LONGEST_BODY, headers=headers
        ) as response:
            body = bytearray()
            async for chunk in chunks_of(response, LONGEST_BODY):
                body += chunk
                if enough is not None and enough(body):
                    break
        found = Body(body)
        found.whole = response.content_length is not None or "Transfer-Encoding" in response.headers
        return found


async def _session():
    # Made where the loop runs.  The environment may name proxies.  What is compressed stays so, because
    # aiohttp does not notice if it breaks off: see `unpacked`.
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip"}
    return aiohttp.ClientSession(headers=headers, auto_decompress=False, trust_env=True)
