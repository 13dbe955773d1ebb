"""
Robust download of files from unreliable archives.

The addresses of a file are tried in turn. Temporary faults are retried after a pause, when all addresses have
been tried. Contents are checked before they are used, because archives return web pages with status 200 for
missing files, and truncate files. Each file is stored as soon as it is complete.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import parfive

from sunpy_lasco.net.transfer import (
    ABSENT,
    PER_HOST,
    SLOW,
    TRIES,
    UNREACHABLE,
    UNUSABLE,
    RequestError,
    answer_of,
    chunks_of,
    pause_before,
    run_coroutine,
)

__all__ = ["LONGEST_FILE", "Job", "download"]

#: Largest accepted file, bytes: eight images of 1024 x 1024 pixels and 32 bits.
LONGEST_FILE = 32 * 1024**2

_SCHEMES = ("http", "https")


@dataclass(eq=False)
class Job:
    """A file to download, and the result."""

    #: Its name.
    name: str
    #: Addresses, in order of use.
    urls: tuple[str, ...]
    #: The address from which it came, once it is taken in.
    source: str | None = None
    #: The last fault of each failed address.
    faults: dict[str, RequestError] = field(default_factory=dict)
    #: Why it cannot be written.
    trouble: OSError | None = None

    @property
    def is_absent(self):
        """Whether all reachable servers report that there is no such file."""
        kinds = {fault.kind for fault in self.faults.values()}
        return self.source is None and ABSENT in kinds and kinds <= {ABSENT, UNREACHABLE}

    @property
    def explanation(self):
        """The faults of each server, without repetitions."""
        reasons = [f"{urlsplit(url).netloc}: {fault}" for url, fault in self.faults.items()]
        return "; ".join(dict.fromkeys(reasons))

    def path_of_retry(self, response, url):
        """Path for parfive if a download is retried."""
        raise NotImplementedError


def download(jobs, place, downloader, *, limits, silences=1, unreachable=(), done=None):
    """
    Download the files of jobs, which are changed in place; return the servers that did not answer, and the results of
    other files in the queue.

    ``place(job, url)`` is a context manager that gives a path to write to and stores the file on exit; it raises
    `~sunpy_lasco.net.transfer.RequestError` if the file is not the expected one.  The transfers use the slots of the
    downloader, with its session, proxies and progress bars, each within ``limits``.  Files that are already in its
    queue are downloaded too, with results as `parfive.Results`.

    A server that fails to answer ``silences`` times in a row is asked no more, and those of
    ``unreachable`` (host and port) are not asked at all. ``done`` is called with each job when nothing
    more is tried for it.
    """
    run = _Run(place, downloader.config, limits, silences, done)
    run.silences.update(dict.fromkeys(unreachable, silences))
    for job in jobs:
        job.faults.update({url: fault for url in job.urls if (fault := _fault_beforehand(url, unreachable))})
        askable = [url for url in job.urls if urlsplit(url).scheme in _SCHEMES]
        if askable:
            # The queue holds coroutine functions: in place of parfive's own, which asks one address
            # once, comes one that knows all addresses.
            downloader.enqueue_file(askable[0], filename=job.path_of_retry, overwrite=True)
            downloader.http_queue[-1] = partial(run.bring, job)
    others = _of_others(run_coroutine(_uninterrupted(downloader)))
    silent = {host for host, count in run.silences.items() if count >= silences}
    return silent - set(unreachable), others


def _fault_beforehand(url, unreachable):
    if urlsplit(url).scheme not in _SCHEMES:
        return RequestError(UNUSABLE, "only addresses of http and https are asked")
    if urlsplit(url).netloc in unreachable:
        return RequestError(UNREACHABLE, "it did not answer a short while ago")
    return None


async def _uninterrupted(downloader):
    """Run the downloads; unlike parfive, do not count an interruption by the user as a failed transfer."""
    results = await downloader.run_download()
    if asyncio.current_task().cancelling():
        raise asyncio.CancelledError
    return results


def _of_others(results):
    others = parfive.Results()
    for path, url in zip(results, results.urls, strict=True):
        # `_Run.bring` gives no address.
        if path != url:
            others.append(path=path, url=url)
    for error in results.errors:
        others.add_error(*error)
    return others


class _Run:
    """Shared state of the transfers of one call."""

    def __init__(self, place, settings, limits, most_silences, done):
        self._place, self._settings, self._limits = place, settings, limits
        self._most_silences, self._done = most_silences, done
        self._slots = defaultdict(lambda: asyncio.Semaphore(PER_HOST))
        #: Times in a row that a server did not answer.
        self.silences = defaultdict(int)

    async def bring(self, job, session, *, token, file_pb):
        """Download a file from the first address that has it; parfive calls this."""
        try:
            await self._try_all(job, session, token, file_pb)
        except OSError as error:
            job.trouble = error
        except asyncio.CancelledError:
            # Failures are recorded in the jobs, and interruptions by `_uninterrupted`; parfive,
            # which would report them itself, is not informed.
            return job.name, job.name
        if self._done is not None:
            self._done(job)
        return job.name, job.name

    async def _try_all(self, job, session, token, file_pb):
        for attempt in range(1, TRIES + 1):
            urls = [url for url in job.urls if url not in job.faults or job.faults[url].passes]
            if attempt > 1:
                urls = [url for url in urls if not self._is_silent(url)]
                if not urls:
                    return
                await asyncio.sleep(pause_before(attempt, max(job.faults[url].wait for url in urls)))
            for url in urls:
                async with self._slots[urlsplit(url).netloc]:
                    if self._is_silent(url):
                        job.faults.setdefault(url, RequestError(UNREACHABLE, "it does not answer"))
                    elif await self._try_one(job, url, session, token, file_pb):
                        return

    def _is_silent(self, url):
        return self.silences[urlsplit(url).netloc] >= self._most_silences

    async def _try_one(self, job, url, session, token, file_pb):
        host = urlsplit(url).netloc
        try:
            await self._transfer(job, url, session, token, file_pb)
        except RequestError as fault:
            job.faults[url] = fault
            self.silences[host] = self.silences[host] + 1 if fault.kind in (UNREACHABLE, SLOW) else 0
            return False
        self.silences[host] = 0
        job.faults.pop(url, None)
        job.source = url
        return True

    async def _transfer(self, job, url, session, token, file_pb):
        async with answer_of(
            session,
            url,
            limits=self._limits,
            longest=LONGEST_FILE,
            # Lengths can be compared only without transfer compression.
            headers={"Accept-Encoding": "identity"},
            proxy=getattr(self._settings, f"{urlsplit(url).scheme}_proxy"),
        ) as response:
            bar = None
            if callable(file_pb):
                total = response.content_length
                bar = file_pb(position=token.n, unit="B", unit_scale=True, desc=job.name, leave=False, total=total)
            try:
                with self._place(job, url) as path, Path(path).open("wb") as file:
                    async for chunk in chunks_of(response, LONGEST_FILE):
                        file.write(chunk)
                        if bar is not None:
                            bar.update(len(chunk))
            finally:
                if bar is not None:
                    bar.close()
