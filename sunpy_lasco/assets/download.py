"""
Fetching files from archives that fail in every way known.

The mirrors of a file are asked in turn, and a broken transfer is tried once
more when all of them have been asked.  A body counts only after it has been
checked: archives answer with a web page, and status 200, for what they do not
have, and cut files short.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import parfive
from parfive.utils import FailedDownload

from sunpy_lasco.errors import AssetError

__all__ = ["ABSENT", "BROKEN", "UNREACHABLE", "UNUSABLE", "Job", "download", "run_coroutine"]

#: Kinds of failure: the archive has no such file; its server does not answer;
#: the transfer broke; what came is not the file.
ABSENT, UNREACHABLE, BROKEN, UNUSABLE = "absent", "unreachable", "broken", "unusable"

#: Transfers at once; the archives ask for no more than two.
PARALLEL = 2
#: Seconds after which any transfer is given up.
LONGEST_TRANSFER = 900
#: Bytes handed on at once.
CHUNK = 65536

#: Errors before there is a connection (the second since aiohttp 3.10).
_NO_ANSWER = (aiohttp.ClientConnectorError, getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ClientConnectorError))


@dataclass
class Job:
    """A file to be fetched, and what came of it."""

    #: Name of the asset.
    name: str
    #: Addresses, in the order in which they are asked.
    urls: tuple[str, ...]
    #: Path of the fetched and checked file, or None.
    path: Path | None = None
    #: Address from which it came.
    url: str | None = None
    #: For each address asked without success, kind and reason of the last failure.
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_absent(self):
        """Whether all servers that could be reached say that there is no such file."""
        kinds = {kind for kind, _ in self.failures.values()}
        return self.path is None and ABSENT in kinds and kinds <= {ABSENT, UNREACHABLE}

    @property
    def explanation(self):
        """What went wrong, server by server; the same is said once."""
        reasons = [f"{urlsplit(url).netloc}: {reason}" for url, (_, reason) in self.failures.items()]
        return "; ".join(dict.fromkeys(reasons))


def download(jobs, folder, check, *, configuration, unreachable=()):
    """
    Fetch files.

    Parameters
    ----------
    jobs : `list` of `Job`
        They are changed in place.
    folder : `pathlib.Path`
        An empty directory for what comes; files in it are complete and checked.
    check : callable
        ``check(path, name, url)`` raises `sunpy_lasco.errors.AssetError` if
        the file is not what it should be.
    configuration : `~sunpy_lasco.config.Configuration`
        Timeouts and progress.
    unreachable : collection of `str`
        Servers (host and port) that need not be asked.

    Returns
    -------
    `set` of `str`
        The servers that did not answer.
    """
    silent = set(unreachable)
    for job in jobs:
        for url in job.urls:
            if urlsplit(url).netloc in silent:
                job.failures[url] = (UNREACHABLE, "it did not answer a short while ago")
    newly = set()
    for again in (False, True):
        for turn in range(max((len(job.urls) for job in jobs), default=0)):
            wanted = [(job, job.urls[turn]) for job in jobs if turn < len(job.urls) and _is_wanted(job, turn, again)]
            wanted = [(job, url) for job, url in wanted if not _is_silent(job, url, newly)]
            if wanted:
                newly |= _round(wanted, folder, check, configuration)
    return newly


def _is_wanted(job, turn, again):
    """Whether an address of a job is to be asked in the first or in the second go."""
    failure = job.failures.get(job.urls[turn])
    return job.path is None and (failure is None if not again else failure is not None and failure[0] == BROKEN)


def _is_silent(job, url, newly):
    if urlsplit(url).netloc not in newly:
        return False
    job.failures[url] = (UNREACHABLE, "it does not answer")
    return True


def _round(wanted, folder, check, configuration):
    """Ask one address for each file; the servers that do not answer."""
    downloader = parfive.Downloader(
        max_conn=PARALLEL,
        # More than one split provokes a fault of parfive with compressed answers.
        max_splits=1,
        progress=configuration.progress,
        overwrite=True,
        config=parfive.SessionConfig(
            # Lengths are only comparable without compression on the way.
            headers={"User-Agent": f"sunpy_lasco parfive/{parfive.__version__}", "Accept-Encoding": "identity"},
            timeouts=aiohttp.ClientTimeout(
                total=LONGEST_TRANSFER,
                sock_connect=configuration.connect_timeout,
                sock_read=configuration.read_timeout,
            ),
        ),
    )
    by_url = {url: job for job, url in wanted}
    answered = set()

    def target(url, *_):
        """Path for a file; parfive asks for it when the server begins to answer."""
        answered.add(url)
        return Path(folder, by_url[url].name)

    for _, url in wanted:
        downloader.enqueue_file(url, filename=partial(target, url), chunksize=CHUNK)
    results = run_coroutine(_uninterrupted(downloader))
    silent = set()
    for error in results.errors:
        kind, reason = _failure(error.exception, error.url in answered)
        by_url[error.url].failures[error.url] = (kind, reason)
        Path(folder, by_url[error.url].name).unlink(missing_ok=True)
        if kind == UNREACHABLE:
            silent.add(urlsplit(error.url).netloc)
    for path, url in zip(results, results.urls, strict=True):
        _accept(by_url[url], Path(path), url, check)
    return silent


async def _uninterrupted(downloader):
    """Run the downloads; parfive counts what the user breaks off as failed transfers, the task knows better."""
    results = await downloader.run_download()
    if asyncio.current_task().cancelling():
        raise asyncio.CancelledError
    return results


def run_coroutine(coroutine):
    """
    Run a coroutine, whether or not an event loop runs already, as in notebooks.

    ``parfive.Downloader.download`` would leave its loop unclosed and warn in threads.

    Parameters
    ----------
    coroutine : coroutine

    Returns
    -------
    object
        What it returns.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, coroutine).result()


def _failure(exception, has_answered):
    """Kind and reason of a failed transfer."""
    while isinstance(exception, FailedDownload):
        exception = exception.exception
    if isinstance(exception, asyncio.CancelledError):
        raise KeyboardInterrupt
    response = getattr(exception, "response", exception)
    status = getattr(response, "status", None)
    if status in (404, 410):
        return ABSENT, f"it has no such file (status {status})"
    if isinstance(status, int) and status >= 300:
        return (BROKEN if status >= 500 or status == 429 else UNUSABLE), f"it answers with status {status}"
    if isinstance(exception, _NO_ANSWER) or (isinstance(exception, TimeoutError) and not has_answered):
        return UNREACHABLE, "it does not answer"
    if isinstance(exception, TimeoutError):
        return BROKEN, "the transfer stood still"
    if isinstance(exception, (aiohttp.ClientError, OSError)):
        return BROKEN, f"the transfer broke off ({type(exception).__name__})"
    return BROKEN, f"the transfer failed ({exception!r})"


def _accept(job, path, url, check):
    try:
        check(path, job.name, url)
    except AssetError as error:
        kind = ABSENT if _says_not_found(path) else UNUSABLE
        job.failures[url] = (kind, str(error).rstrip("."))
        path.unlink()
    else:
        job.path, job.url = path, url
        job.failures.pop(url, None)


def _says_not_found(path):
    """Whether a web page that came with status 200 says that there is no such file."""
    with path.open("rb") as file:
        start = file.read(4096).lower()
    return b"<html" in start and re.search(rb"\b404\b|not found", start) is not None
