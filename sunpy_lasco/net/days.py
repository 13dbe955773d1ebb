"""
Listing of many days in the archives.

Final images are taken from the first archive that has any for a day. Quick-look images of the last weeks are
listed as well, because final images of a day arrive one by one.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from tqdm.auto import tqdm

from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import LascoError
from sunpy_lasco.net.archives import OUTAGES
from sunpy_lasco.net.cache import ListingCache
from sunpy_lasco.net.listing import TruncatedListingError, is_html, is_index, parse_index, parse_listing, remote_entry
from sunpy_lasco.net.table import ROW, Gap, compact, pack
from sunpy_lasco.net.web import Web, WebError, unpacked

__all__ = ["DayListing", "ListingError", "find_gaps", "survey"]

#: Number of days requested at once; `Web` allows only two requests per host.
WORKERS = 4
#: A progress bar appears when a search takes longer, s.
PATIENCE = 3.0
#: Largest number of headers read per day for images without a line in a listing; ten times as many as a camera ever
#: took in a day.
MOST_HEADERS = 5000
#: Answers of servers that have a directory but do not list it.
NOT_SHOWN = (401, 403, 405)
#: Number of consecutive failed headers after which the rest of a day is skipped.
MOST_FAILURES = 10


class ListingError(LascoError, OSError):
    """The listing of a day could not be read, or not completely."""


@dataclass
class DayListing:
    """The images of a day and camera."""

    #: The day.
    day: date
    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: The images, of dtype `~sunpy_lasco.net.table.ROW`.
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, ROW))
    #: Whether an archive has listed the day.
    learnt: bool = True
    #: What went wrong.
    errors: list = field(default_factory=list)
    #: Why there are no images, if all archives say so.
    gap: str | None = None


class _PageError(WebError):
    """A page without a listing was returned instead of a directory."""


def survey(archives, days, cameras, *, web=None, progress=None, wanted=None):
    """
    List the images of days, a `DayListing` for each day and camera.

    Archives are queried in order through ``web``, by default a new one. A progress bar appears after some
    time, depending on the configuration. ``wanted`` filters rows; it is called for each listing, so that long
    searches do not keep all of them.

    One request is made for each day and camera, for ``img_hdr.txt``. If it is missing or incomplete, the
    directory index is requested, and then the first blocks of each image without a line, because file names
    do not contain the time.
    """
    if web is None:
        with Web() as web:
            return survey(archives, days, cameras, web=web, progress=progress, wanted=wanted)
    cache = ListingCache(archives)
    jobs = [(day, camera) for day in days for camera in cameras]

    def work(job):
        listing = _list_day(web, cache, archives, *job)
        if wanted is not None:
            listing.rows = wanted(listing.rows)
        return listing

    pool = ThreadPoolExecutor(max_workers=min(WORKERS, max(len(jobs), 1)), thread_name_prefix="lasco-listing")
    try:
        with _bar(len(jobs), progress) as bar:
            done = []
            for result in pool.map(work, jobs):
                done.append(result)
                bar.update()
        return done
    except BaseException:
        # An interruption must not wait for servers.
        web.give_up()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _bar(total, progress):
    progress = Configuration.read().progress if progress is None else progress
    return tqdm(total=total, desc="Listings of days", unit="listing", delay=PATIENCE, disable=not progress)


def _list_day(web, cache, archives, day, camera):
    try:
        entries, number = cache.read(day, camera)
    except KeyError:
        pass
    else:
        if number is None:
            return _nothing(archives, day, camera)
        return DayListing(day, camera, pack(entries, camera, day, number))
    today = date.today()
    asked = [pair for pair in enumerate(archives) if pair[1].excludes(day, today) is None]
    final = _Answers([(number, archive) for number, archive in asked if archive.recent_days is None])
    recent = _Answers([(number, archive) for number, archive in asked if archive.recent_days is not None])
    final.ask(web, day, camera, all_of_them=False)
    recent.ask(web, day, camera, all_of_them=True)
    # Pages without a list count as "nothing there" only if an archive confirms it
    # outright, and not for long: a portal that wants a password answers like that, too.
    absent = final.absent or recent.absent
    troubles = [*final.troubles(absent), *recent.troubles(absent)]
    parts = [*final.best(), *recent.found]
    if not parts:
        if troubles:
            msg = f"{day} {camera}: the images could not be listed ({'; '.join(troubles)})."
            return DayListing(day, camera, learnt=False, errors=[ListingError(msg)])
        if not final.faults and not recent.faults and not recent.archives:
            cache.write(day, camera, compact([]), None)
        return _nothing(archives, day, camera)
    rows = np.concatenate([pack(entries, camera, day, number) for number, entries, _ in parts])
    errors = [error for *_, errors in parts for error in errors]
    if len(final.found) == 1 and not (recent.archives or final.faults or errors):
        # After a fault the first archive may still have more images.
        ((number, entries, _),) = parts
        cache.write(day, camera, entries, number)
    if final.found:
        # A final archive has its images; another one that failed has the same.
        troubles = recent.troubles(absent)
    if troubles:
        msg = f"{day} {camera}: the result may lack images ({'; '.join(troubles)})."
        errors.append(ListingError(msg))
    return DayListing(day, camera, rows, errors=errors)


class _Answers:
    """Answers of archives of one kind for a day and camera."""

    def __init__(self, archives):
        #: The archives, each with its number.
        self.archives = archives
        #: Number, entries, and errors about single images, of each that has images.
        self.found = []
        #: The provider and the error of each archive that could not be queried.
        self.faults = []
        #: One says that it has none.
        self.absent = False

    def ask(self, web, day, camera, *, all_of_them):
        """Query the archives in turn until one has a complete list of images."""
        for number, archive in self.archives:
            try:
                entries, errors = _ask(web, archive, day, camera)
            except WebError as error:
                self.faults.append((archive.provider, error))
                continue
            if entries or errors:
                self.found.append((number, compact(entries), errors))
                if not errors and not all_of_them:
                    break
            else:
                self.absent = True

    def best(self):
        """The answer without errors, else that with the most images; a list with at most one element."""
        return sorted(self.found, key=lambda answer: (bool(answer[2]), -len(answer[1])))[:1]

    def troubles(self, absent):
        """The relevant faults, as clauses."""
        return [
            f"{provider}: {error}" for provider, error in self.faults if not (absent and isinstance(error, _PageError))
        ]


def _nothing(archives, day, camera):
    """The listing of a day without images in any archive."""
    today = date.today()
    reasons = [why for first, last, why in OUTAGES if first <= day <= last]
    reasons += [archive.excludes(day, today) or archive.lacks(day, today) for archive in archives]
    return DayListing(day, camera, gap="; ".join(reasons))


def find_gaps(listings):
    """
    The days without images in any archive, as `~sunpy_lasco.net.table.Gap`, in order; consecutive days with the same
    cameras and reasons are combined.
    """
    days = {}
    for listing in listings:
        if listing.gap is not None:
            days.setdefault((listing.day, listing.gap), set()).add(listing.camera)
    gaps = []
    for day, reason in sorted(days):
        cameras = tuple(sorted(days[day, reason]))
        before = gaps[-1] if gaps else None
        if before and (day - before.last).days == 1 and before[2:] == (cameras, reason):
            gaps[-1] = before._replace(last=day)
        else:
            gaps.append(Gap(day, day, cameras, reason))
    return gaps


def _ask(web, archive, day, camera):
    """The entries of a day in an archive, and errors about single images."""
    directory, level = archive.directory(day, camera), archive.level
    entries, names, broken = _listed(web, f"{directory}/img_hdr.txt", camera, level)
    # A line of another day is damaged; around midnight, images lie in either directory.
    strange = {entry for entry in entries if abs(date.fromisoformat(entry.start[:10]) - day) > timedelta(days=1)}
    entries, names = [entry for entry in entries if entry not in strange], names + [entry.name for entry in strange]
    problem = None
    if broken is not None:
        names, problem = _checked(web, f"{directory}/", camera, level, entries, names, broken)
    elif not entries and not names:
        names = _indexed(web, f"{directory}/", camera, level)
    read, errors = _headers(web, directory, names[:MOST_HEADERS], day, camera, level, broken)
    if len(names) > MOST_HEADERS:
        problem = f"{len(names) - MOST_HEADERS} images that no listing describes are omitted from the result"
    if problem is not None:
        msg = f"{day} {camera}: {problem}."
        errors.append(ListingError(msg))
    return entries + read, errors


def _checked(web, url, camera, level, entries, names, broken):
    """The names without a line, including those missing from a doubtful listing, and the remaining doubt."""
    shown, reason = False, "the directory is not listed"
    try:
        indexed = _indexed(web, url, camera, level)
        shown = bool(indexed)
    except WebError as error:
        # A length that was announced and kept means that the listing is so, unless the server shows otherwise.
        broken.believed &= error.status in NOT_SHOWN
        indexed, reason = [], f"the directory cannot be listed ({error})"
    if not shown and not broken.believed:
        problem = f"{url}img_hdr.txt: {broken}, and {reason}"
        if broken.in_a_line:
            raise WebError(problem)
        return names, f"images may be missing ({problem})"
    known = {_stem(entry.name) for entry in entries} | {_stem(name) for name in names}
    return names + [name for name in indexed if _stem(name) not in known], None


def _headers(web, directory, names, day, camera, level, broken):
    """Entries from the headers of images, and errors about those that cannot be read."""
    entries, errors, failures = [], [], 0
    for number, name in enumerate(names):
        try:
            entry = remote_entry(web, f"{directory}/{name}", camera, level)
            failures = 0
        except WebError as error:
            entry = None
            msg = f"{day} {camera}: the image {name} is omitted from the result ({error})."
            fault = ListingError(msg)
        else:
            fault = None
        if broken is not None and broken.last is not None and entry is None and name == broken.last.name:
            entry, fault = broken.last, None
        if entry is not None:
            entries.append(entry)
        elif fault is not None:
            errors.append(fault)
            failures += 1
        if failures == MOST_FAILURES and number + 1 < len(names):
            rest = len(names) - number - 1
            msg = f"{day} {camera}: {rest} more images are omitted from the result, because {failures} in a row failed."
            errors.append(ListingError(msg))
            break
    return entries, errors


def _listed(web, url, camera, level):
    """Entries and unread names of an ``img_hdr.txt``, and the error if it is truncated; nothing if it is missing."""

    def read(body):
        text = unpacked(body)
        if is_html(text):
            return [], [], None
        try:
            entries, unread = parse_listing(text.decode("ascii", "replace").replace("\ufffd", "?"), camera, level)
        except TruncatedListingError as error:
            error.believed = body.whole
            return error.entries, error.unread, error
        doubt = None
        if not body.whole:
            # It ends with a line, but the connection may have broken down there.
            doubt = TruncatedListingError("it is not known whether the listing is complete")
            doubt.in_a_line = False
        return entries, unread, doubt

    entries, names, broken = web.get(url, read=read) or ([], [], None)
    if level == "1":
        # The files are compressed; the listing names them as they were before.
        entries = [_compressed(entry) for entry in entries]
        names = [_compressed_name(name) for name in names]
        if broken is not None and broken.last is not None:
            broken.last = _compressed(broken.last)
    return entries, names, broken


def _indexed(web, url, camera, level):
    """Names of the images in a directory; none if the server has no such directory."""

    def read(body):
        page = unpacked(body).decode("latin-1")
        return parse_index(page, camera, level), is_index(page)

    names, is_list = web.get(url, read=read) or ([], True)
    if not names and not is_list:
        msg = f"{url}: the server answers with a page that is not a listing"
        raise _PageError(msg)
    return names


def _compressed(entry):
    return entry._replace(name=_compressed_name(entry.name))


def _compressed_name(name):
    return name if name.lower().endswith(".gz") else f"{name}.gz"


def _stem(name):
    return name.lower().removesuffix(".gz")
