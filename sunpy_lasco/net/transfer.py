"""
Single requests to servers, with a classification of faults.

Listings, images, calibration files and ephemerides all use these functions, with the same limits of time and
length and the same number of attempts.
"""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

import aiohttp

import sunpy

__all__ = [
    "ABSENT",
    "AGENT",
    "BROKEN",
    "LONGEST_PAUSE",
    "PAUSE",
    "PER_HOST",
    "SLOW",
    "TRIES",
    "UNREACHABLE",
    "UNUSABLE",
    "RequestError",
    "answer_of",
    "chunks_of",
    "pause_before",
    "run_coroutine",
    "time_limits",
]

#: Simultaneous requests to a host; the archives ask for no more than two.
PER_HOST = 2
#: Number of attempts before an address counts as failed.
TRIES = 3
#: Pause before the second try, s; it doubles with every further one.
PAUSE = 0.5
#: Longest pause that a server may ask for (Retry-After), s.
LONGEST_PAUSE = 30.0

#: Kinds of faults: the server has no such file; it cannot be reached; the answer breaks off, or
#: the server is busy; it is not complete in time; what it says will be the same the next time.
ABSENT, UNREACHABLE, BROKEN, SLOW, UNUSABLE = "absent", "unreachable", "broken", "slow", "unusable"

#: Answers that say that a thing is not there.
_GONE = frozenset({404, 410})
#: Answers that may be others a little later.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})

#: User agent of the package.
AGENT = f"sunpy_lasco sunpy/{sunpy.__version__} aiohttp/{aiohttp.__version__}"


class RequestError(Exception):
    """A failed request."""

    def __init__(self, kind, reason, *, answered=True, status=None, wait=0.0):
        super().__init__(reason)
        self.kind = kind
        #: Whether the server answered.
        self.answered = answered
        #: The status of its answer, if that is the fault.
        self.status = status
        #: How long it asks to wait, s.
        self.wait = wait

    @property
    def passes(self):
        """Whether the same request may succeed a little later."""
        return self.kind in (UNREACHABLE, BROKEN)


def time_limits(connect, silence, total):
    """
    The limits for one request, `aiohttp.ClientTimeout`: seconds for the connection, for the next bytes,
    and for all of the answer.
    """
    return aiohttp.ClientTimeout(total=total, sock_connect=connect, sock_read=silence)


@contextlib.asynccontextmanager
async def answer_of(session, url, *, limits, longest, headers=None, proxy=None):
    """
    Send a request.

    Parameters
    ----------
    session : `aiohttp.ClientSession`
    url : `str`
        The address.
    limits : `aiohttp.ClientTimeout`
        Limits until the answer has been read.
    longest : `int`
        Largest length, bytes; longer answers are refused.
    headers : `dict`, optional
        Further header lines of the request.
    proxy : `str`, optional
        Proxy server for the request.

    Yields
    ------
    `aiohttp.ClientResponse`
        An answer of success; read it by `chunks_of`.

    Raises
    ------
    RequestError
        Also for faults while the answer is read.
    """
    answered = False
    try:
        async with session.get(url, timeout=limits, headers=headers, proxy=proxy) as response:
            answered = True
            _refuse(response, longest)
            yield response
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise _translated(error, answered, limits) from error


def _refuse(response, longest):
    status = response.status
    if status in _GONE:
        raise RequestError(ABSENT, f"it has no such file (status {status})", status=status)
    if not 200 <= status < 300:
        wait = response.headers.get("Retry-After", "")
        raise RequestError(
            BROKEN if status in _PASSING else UNUSABLE,
            f"it answers with status {status}",
            status=status,
            wait=float(wait) if wait.isascii() and wait.isdigit() else 0.0,
        )
    if response.content_length is not None and response.content_length > longest:
        raise RequestError(UNUSABLE, f"the answer is longer than {longest} bytes: {response.content_length}")


async def chunks_of(response, longest):
    """
    Read an answer as it comes in.

    Parameters
    ----------
    response : `aiohttp.ClientResponse`
        Of `answer_of`.
    longest : `int`
        Bytes.

    Yields
    ------
    `bytes`

    Raises
    ------
    RequestError
        If it is longer.
    """
    length = 0
    async for chunk in response.content.iter_any():
        length += len(chunk)
        if length > longest:
            raise RequestError(UNUSABLE, f"the answer is longer than {longest} bytes")
        yield chunk


def _translated(error, answered, limits):
    if isinstance(error, aiohttp.TooManyRedirects):
        return RequestError(UNUSABLE, "it redirects endlessly (TooManyRedirects)")
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ServerTimeoutError):
        return RequestError(SLOW, f"the answer is not complete after {limits.total:g} s", answered=answered)
    if isinstance(error, TimeoutError):
        if answered:
            return RequestError(BROKEN, "the transfer stood still")
        return RequestError(UNREACHABLE, "it does not answer in time", answered=False)
    if isinstance(error, aiohttp.ClientConnectorError):
        return RequestError(UNREACHABLE, f"no connection, it does not answer ({error.os_error})", answered=False)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.ClientResponseError):
        return RequestError(UNUSABLE, f"its answer cannot be understood ({type(error).__name__})")
    return RequestError(BROKEN, f"the transfer broke off ({type(error).__name__})", answered=answered)


def pause_before(attempt, wait=0.0):
    """
    Seconds to wait before an attempt (2 is the second one), if the server requested ``wait``.
    """
    return min(max(PAUSE * 2 ** (attempt - 2), wait), LONGEST_PAUSE)


def run_coroutine(coroutine):
    """Run a coroutine and return its result, also if an event loop is already running, as in notebooks."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    started = []

    async def watched():
        started.append((asyncio.get_running_loop(), asyncio.current_task()))
        return await coroutine

    with ThreadPoolExecutor(1) as executor:
        future = executor.submit(asyncio.run, watched())
        try:
            return future.result()
        except KeyboardInterrupt:
            # It reaches this thread only; the other one is not to fetch on.
            for loop, task in started:
                loop.call_soon_threadsafe(task.cancel)
            raise
