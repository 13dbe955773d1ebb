"""
Fetching files: from one archive or the next, and only whole ones.

A file is fetched into a hidden folder beside its place, examined, and moved: in its
place there is never a part of it.
"""

import asyncio
import dataclasses
import shutil
from pathlib import Path

import parfive

from sunpy import log
from sunpy.net.base_client import QueryResponseRow
from sunpy.util import parfive_helpers

from sunpy_lasco.assets.download import run_coroutine
from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import LascoError
from sunpy_lasco.net.orders import place_orders
from sunpy_lasco.net.web import PER_HOST
from sunpy_lasco.net.whole import fault_of

__all__ = ["DeliveryError", "deliver"]


class DeliveryError(LascoError, OSError):
    """A file could not be fetched, or what came is not the file."""


def deliver(table, archives, *, path=None, overwrite=False, progress=True, downloader=None):
    """
    Fetch the files of a table of results.

    Parameters
    ----------
    table : `~sunpy_lasco.net.table.LASCOQueryResponse` or a row of it
        What to fetch.
    archives : sequence of `~sunpy_lasco.net.archives.Archive`
        Whom to try for files that the first one does not deliver.
    path, overwrite, progress, downloader
        As for `sunpy_lasco.net.LASCOClient.fetch`.

    Returns
    -------
    `parfive.Results`
        Paths in the order of the table, those of failed files left out; ``errors`` has a
        `DeliveryError` for each of these.
    """
    if isinstance(table, QueryResponseRow):
        table = table.as_table()
    if downloader is None:
        downloader = parfive_helpers.Downloader(progress=progress, overwrite=overwrite)
    overwrite = overwrite or downloader.config.overwrite
    orders = place_orders(table, archives, path, overwrite)
    pending = [order for order in dict.fromkeys(orders) if overwrite or not _is_there(order)]
    attempt, interrupted = 0, False
    if Configuration.read().offline:
        for order in pending:
            order.faults.append("not asked, because the setting 'offline' forbids it")
        pending = []
    while pending and not interrupted:
        interrupted = _attempt(pending, attempt, downloader)
        attempt += 1
        pending = [order for order in pending if not order.delivered and attempt < len(order.addresses)]
    return _results(orders, downloader)


def _results(orders, downloader):
    results = parfive.Results()
    for order in orders:
        error = None
        if order.delivered:
            results.append(path=str(order.target), url=order.url)
        else:
            _watch(order.url, downloader)
            error = DeliveryError(f"{order.url} was not delivered: {'; '.join(order.faults) or 'interrupted'}.")
            results.add_error(order.in_the_end, order.url, error)
        for callback in downloader.config.done_callbacks:
            if callback is not _examine_watched:
                callback(order.target, order.url, error)
    if results.errors:
        log.info(f"{len(results.errors)} of {len(orders)} files could not be fetched; see .errors")
    return results


def _is_there(order):
    """Whether a whole file stands in its place already; a damaged one is removed."""
    if not order.target.exists():
        return False
    fault = fault_of(order.target)
    if fault is not None:
        log.info(f"{order.target} is fetched anew: {fault}")
        order.target.unlink()
    order.delivered = fault is None
    return order.delivered


def _attempt(orders, number, downloader):
    """Fetch each file from its address of this number; return whether the user broke off."""
    settings = downloader.config
    worker = parfive.Downloader(
        max_conn=min(settings.max_conn, PER_HOST),
        # Parts of a file are not worth their requests at 2 MB.
        max_splits=1,
        progress=settings.progress,
        overwrite=True,
        config=dataclasses.replace(settings.config, done_callbacks=[_examine]),
    )
    by_path = {str(order.temporary): order for order in orders}
    for order in orders:
        worker.enqueue_file(order.addresses[number], filename=order.while_fetched)
    try:
        results = run_coroutine(worker.run_download())
        for temporary in results:
            order = by_path[temporary]
            order.temporary.replace(order.target)
            order.delivered = True
        for error in results.errors:
            error.filepath_partial.__self__.faults.append(f"{error.url}: {_reason(error.exception)}")
    finally:
        for folder in {order.temporary.parent for order in orders}:
            shutil.rmtree(folder, ignore_errors=True)
    broken_off = any(isinstance(error.exception, asyncio.CancelledError) for error in results.errors)
    return broken_off or len(results) + len(results.errors) < len(orders)


def _examine(path, url, error):
    """Let parfive count a file that is not whole as failed, so that it removes it."""
    if error is None and (fault := fault_of(Path(path))) is not None:
        raise DeliveryError(fault)


def _reason(exception):
    """What went wrong, in a clause."""
    while isinstance(getattr(exception, "exception", None), Exception):
        exception = exception.exception
    answer = getattr(exception, "exception", None) or getattr(exception, "response", None)
    if hasattr(answer, "status"):
        return f"the server answers {answer.status} {answer.reason or ''}".rstrip()
    return str(exception) or type(exception).__name__


_watched = set()


def _watch(url, downloader):
    """
    Have a file examined also when its download is tried again.

    ``Fido.fetch(files)`` hands failed downloads to a new downloader of sunpy's and asks
    no client.  All downloaders of sunpy share one session configuration: a callback there
    looks at the addresses that failed here, and at nothing else.
    """
    _watched.add(url)
    for session in (getattr(parfive_helpers, "config", None), downloader.config.config):
        if session is not None and _examine_watched not in session.done_callbacks:
            session.done_callbacks = (*session.done_callbacks, _examine_watched)


def _examine_watched(path, url, error):
    if error is None and url in _watched:
        try:
            _examine(path, url, error)
        except DeliveryError as fault:
            msg = f"{url} was not delivered: {fault}."
            raise DeliveryError(msg) from fault
