"""
Asking the archives for many days: who has what, and what could not be learnt.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from tqdm.auto import tqdm

from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import LascoError
from sunpy_lasco.net.cache import ListingCache
from sunpy_lasco.net.headers import remote_entry
from sunpy_lasco.net.listing import is_html, is_index, parse_index, parse_listing
from sunpy_lasco.net.table import compact
from sunpy_lasco.net.web import Web, WebError

__all__ = ["DayListing", "ListingError", "survey"]

#: Days that are asked for at once; `Web` lets no more than two through to a host.
WORKERS = 4
#: A progress bar appears when a search takes longer, s.
PATIENCE = 3.0
#: Images without a line in a listing whose headers are read, at most, for each day.
MOST_HEADERS = 500


class ListingError(LascoError, OSError):
    """What an archive holds of a day could not be learnt, or not in full."""


@dataclass
class DayListing:
    """The images of a day and camera."""

    #: The day.
    day: date
    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: The images, of dtype `~sunpy_lasco.net.table.ENTRY`.
    entries: np.ndarray = field(default_factory=lambda: compact([]))
    #: Which of the archives has them; None if there are none.
    archive: int | None = None
    #: What went wrong.
    errors: list = field(default_factory=list)

    @property
    def failed(self):
        """Whether no archive told of the day."""
        return self.archive is None and bool(self.errors)


class _PageError(WebError):
    """In the place of a directory there is a page that lists nothing."""


def survey(archives, days, cameras, *, web=None, progress=None, keep: Callable | None = None):
    """
    List the images of days.

    Parameters
    ----------
    archives : sequence of `~sunpy_lasco.net.archives.Archive`
        In the order in which they are asked; the first that has images of a day and
        camera gives them.
    days : sequence of `~datetime.date`
        The days.
    cameras : sequence of `str`
        ``"C2"``, ``"C3"`` or both.
    web : `~sunpy_lasco.net.web.Web`, optional
        By which to ask; a new one by default.
    progress : `bool`, optional
        Whether a progress bar appears if it takes long; by default as the configuration
        says.
    keep : callable, optional
        Given a `DayListing`, makes of it what is returned.  It runs as soon as the
        listing is known, so that long searches need not hold all of them.

    Returns
    -------
    `list`
        A `DayListing`, or what ``keep`` made of it, for each day and camera.

    Notes
    -----
    One request is made for each day and camera: ``img_hdr.txt``.  Where an archive has
    none, the index of the directory is asked for, and then the first blocks of each
    image in it, because file names do not tell the time.
    """
    if web is None:
        with Web() as web:
            return survey(archives, days, cameras, web=web, progress=progress, keep=keep)
    cache = ListingCache(archives)
    jobs = [(day, camera) for day in days for camera in cameras]

    def work(job):
        listing = _list_day(web, cache, archives, *job)
        return listing if keep is None else keep(listing)

    pool = ThreadPoolExecutor(max_workers=min(WORKERS, max(len(jobs), 1)), thread_name_prefix="lasco-listing")
    try:
        with _bar(len(jobs), progress) as bar:
            done = []
            for result in pool.map(work, jobs):
                done.append(result)
                bar.update()
        return done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _bar(total, progress):
    progress = Configuration.read().progress if progress is None else progress
    return tqdm(total=total, desc="Listings of days", unit="listing", delay=PATIENCE, disable=not progress)


def _list_day(web, cache, archives, day, camera):
    try:
        entries, number = cache.read(day, camera)
        return DayListing(day, camera, entries, number)
    except KeyError:
        pass
    today, faults, partial, absent = date.today(), [], None, False
    for number, archive in enumerate(archives):
        if not archive.may_hold(day, today):
            continue
        try:
            entries, errors = _ask(web, archive, day, camera)
        except WebError as error:
            faults.append((archive.provider, error))
            continue
        if entries and not errors:
            listing = DayListing(day, camera, compact(entries), number)
            # After a fault the first archive may still have more to say.
            if not faults and partial is None:
                cache.write(day, camera, listing.entries, number)
            return listing
        absent |= not errors
        if errors and (partial is None or len(entries) > len(partial.entries)):
            partial = DayListing(day, camera, compact(entries), number, errors)
    if partial is not None:
        return partial
    if any(not isinstance(error, _PageError) for _, error in faults) or (faults and not absent):
        reasons = "; ".join(f"{provider}: {error}" for provider, error in faults)
        msg = f"{day} {camera}: the images could not be listed ({reasons})."
        return DayListing(day, camera, errors=[ListingError(msg)])
    # Pages without a list count as "nothing there" only beside an archive that says so
    # outright, and not for long: a portal that wants a password answers like that, too.
    if not faults:
        cache.write(day, camera, compact([]), None)
    return DayListing(day, camera)


def _ask(web, archive, day, camera):
    """The entries that an archive has of a day, and errors about single images."""
    directory, level = archive.directory(day, camera), archive.level
    entries, names = _listed(web, f"{directory}/img_hdr.txt", camera, level)
    if not entries and not names:
        names = _indexed(web, f"{directory}/", camera, level)
    errors = []
    for name in names[:MOST_HEADERS]:
        try:
            entry = remote_entry(web, f"{directory}/{name}", camera, level)
        except WebError as error:
            msg = f"{day} {camera}: the image {name} is left out of the answer ({error})."
            errors.append(ListingError(msg))
            continue
        if entry is not None:
            entries.append(entry)
    if len(names) > MOST_HEADERS:
        rest = len(names) - MOST_HEADERS
        msg = f"{day} {camera}: {rest} images that no listing describes are left out of the answer."
        errors.append(ListingError(msg))
    return entries, errors


def _listed(web, url, camera, level):
    """Entries and unread names of an ``img_hdr.txt``; none where it is missing or no listing."""

    def read(body):
        if is_html(body):
            return [], []
        return parse_listing(body.decode("ascii", "replace").replace("\ufffd", "?"), camera, level)

    entries, names = web.get(url, read=read) or ([], [])
    if level == "1":
        # The files are compressed; the listing names them as they were before.
        entries = [entry._replace(name=_compressed(entry.name)) for entry in entries]
        names = [_compressed(name) for name in names]
    return entries, names


def _indexed(web, url, camera, level):
    """Names of the images in a directory; none where the server has no such directory."""

    def read(body):
        page = body.decode("latin-1")
        return parse_index(page, camera, level), is_index(page)

    names, is_list = web.get(url, read=read) or ([], True)
    if not names and not is_list:
        msg = f"{url}: the server answers with a page that is no listing"
        raise _PageError(msg)
    return names


def _compressed(name):
    return name if name.lower().endswith(".gz") else f"{name}.gz"
