"""
Small requests to archives: politely, patiently, and with one kind of error.

At most two requests are under way at once to a host, whatever the number of
searches.  What may be a passing fault is tried again after a pause; a host that
does not answer at all is left alone for a while, so that a long search does not
wait for it again and again.
"""

import threading
import time
from collections import defaultdict
from urllib.parse import urlsplit

import requests

import sunpy
from sunpy import log

from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import LascoError

__all__ = ["PER_HOST", "Web", "WebError"]

#: Requests under way at once to a host.
PER_HOST = 2
#: Times that a request is made before it counts as failed.
TRIES = 3
#: Pause before the second try, s; it doubles with every further one.
PAUSE = 0.5
#: Longest pause that a server may ask for (Retry-After), s.
LONGEST_PAUSE = 30.0
#: Longest time for one request, s: a server may also be endlessly slow.
DEADLINE = 120.0
#: Requests in a row to which a host does not answer before it is left alone.
SILENCES = 3
#: How long it is left alone, s.
REST = 60.0
#: Longest body that is read, bytes.  The listing of a busy day has 20 kB.
LONGEST_BODY = 8_000_000

#: Answers that say that a thing is not there.
ABSENT = frozenset({404, 410})
#: Answers that may be others a little later.
PASSING = frozenset({429, 500, 502, 503, 504})

_HEADERS = {"User-Agent": f"sunpy_lasco sunpy/{sunpy.__version__} requests/{requests.__version__}"}

_slots = defaultdict(lambda: threading.BoundedSemaphore(PER_HOST))
_slots_lock = threading.Lock()


class WebError(LascoError, OSError):
    """A server could not be asked, or gave no usable answer."""


class Web:
    """
    A connection to archives, shared by threads.

    Parameters
    ----------
    pause : `float`, optional
        Pause before the second try of a request, s.
    timeout : `tuple` of `float`, optional
        Time to connect and longest silence, s; by default those of the configuration.

    Notes
    -----
    Use it as a context manager, so that connections are closed.
    """

    def __init__(self, *, pause=None, timeout=None):
        self._pause = PAUSE if pause is None else pause
        settings = Configuration.read()
        self._timeout = (settings.connect_timeout, settings.read_timeout) if timeout is None else timeout
        self._offline = settings.offline
        self._session = requests.Session()
        self._session.headers.update(_HEADERS)
        self._silences = defaultdict(int)
        self._rested_at = {}
        #: Number of requests made.
        self.requests = 0

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self._session.close()

    def get(self, url, *, read=bytes, enough=None, headers=None):
        """
        What stands behind an address.

        Parameters
        ----------
        url : `str`
            The address.
        read : callable, optional
            Makes of the body what is returned.  A `ValueError` that it raises counts as a
            passing fault.
        enough : callable, optional
            Given the bytes so far, tells whether they are enough; the rest is not read.
        headers : `dict`, optional
            Further header lines of the request.

        Returns
        -------
        `bytes`, what ``read`` made of it, or None
            None where the server says that there is no such thing.

        Raises
        ------
        WebError
            If there is no usable answer; the message names the address.
        """
        host = urlsplit(url).netloc
        self._check_may_ask(url, host)
        for attempt in range(1, TRIES + 1):
            try:
                body = self._get_once(url, host, enough, headers)
                return None if body is None else read(body)
            except _PassingError as fault:
                silent, reason, wait = fault.silent, str(fault), fault.wait
            except ValueError as error:
                silent, reason, wait = False, str(error), 0.0
            if attempt == TRIES or (silent and self._silences[host] >= SILENCES):
                break
            log.debug(f"{url}: {reason}; trying again")
            time.sleep(min(max(self._pause * 2 ** (attempt - 1), wait), LONGEST_PAUSE))
        if silent:
            self._silences[host] += 1
            self._rested_at[host] = time.monotonic()
        msg = f"{url}: {reason}"
        raise WebError(msg)

    def _check_may_ask(self, url, host):
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
                with self._session.get(url, headers=headers, timeout=self._timeout, stream=True) as reply:
                    self._silences[host] = 0
                    if reply.status_code in ABSENT:
                        return None
                    if reply.status_code in PASSING:
                        raise _PassingError(_answer(reply), wait=_retry_after(reply))
                    if not reply.ok:
                        msg = f"{url}: {_answer(reply)}"
                        raise WebError(msg)
                    return _body(reply, enough)
            except requests.RequestException as error:
                raise _translated(error, url) from error


class _PassingError(Exception):
    """What may succeed a little later."""

    def __init__(self, reason, *, silent=False, wait=0.0):
        super().__init__(reason)
        #: The server does not answer at all.
        self.silent = silent
        #: How long the server asks to wait, s.
        self.wait = wait


def _translated(error, url):
    """The error that stands for one of requests'."""
    if isinstance(error, requests.Timeout):
        return _PassingError("the server does not answer in time", silent=True)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return _PassingError("the answer breaks off")
    if isinstance(error, requests.ConnectionError):
        return _PassingError(f"no connection ({_cause(error)})", silent=True)
    return WebError(f"{url}: {error}")


def _body(reply, enough):
    stop = time.monotonic() + DEADLINE
    body = bytearray()
    for chunk in reply.iter_content(65536):
        body += chunk
        if enough is not None and enough(body):
            break
        if len(body) > LONGEST_BODY:
            msg = f"{reply.url}: the answer is longer than {LONGEST_BODY} bytes"
            raise WebError(msg)
        if time.monotonic() > stop:
            msg = "the server is too slow"
            raise _PassingError(msg, silent=True)
    return bytes(body)


def _answer(reply):
    return f"the server answers {reply.status_code} {reply.reason or ''}".rstrip()


def _retry_after(reply):
    text = reply.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _cause(error):
    """The innermost reason of a chain of wrapped errors."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error) or type(error).__name__
