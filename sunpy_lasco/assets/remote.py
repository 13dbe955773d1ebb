"""
Assets from the archives on the network, which are downloaded once and cached.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sunpy import log

from sunpy_lasco.assets.asset import AbsentAssetError, missing
from sunpy_lasco.assets.images import check_file
from sunpy_lasco.assets.names import entry
from sunpy_lasco.assets.sources import AssetSource
from sunpy_lasco.assets.store import Store, StoreError
from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["ChangedAssetError", "RemoteSource"]

_OFFLINE = "the network is switched off, by SUNPY_LASCO_OFFLINE, by the setting offline or by the argument"
#: Files between two releases of the lock.
BATCH = 64


class ChangedAssetError(AssetError):
    """The file published by an archive differs from the first download."""


@dataclass(frozen=True)
class RemoteSource(AssetSource):
    """The archives on the network, and the directory of downloaded files."""

    #: The settings.
    configuration: Configuration

    @property
    def label(self) -> str:
        """The directory of downloaded files and the servers."""
        return f"{self.store.root} (fetched files)"

    @property
    def store(self) -> Store:
        """The directory of downloaded files."""
        return Store(self.configuration.cache)

    def path(self, name: str) -> Path:
        """
        Path of the file of an asset, like `AssetSource.path`.

        The file is downloaded if necessary.

        Raises
        ------
        sunpy_lasco.errors.MissingAssetError
            If it cannot be downloaded.
        AbsentAssetError
            If the archives do not have it.
        sunpy_lasco.errors.AssetError
            If it has changed.
        """
        kept = self.store.verified(name)
        if kept is not None:
            return kept
        if self.store.is_absent(name):
            raise self._absent(name)
        if not entry(name).folders:
            raise self._missing(name, None)
        if self.configuration.offline:
            raise self._missing(name, _OFFLINE)
        try:
            outcome = self.fetch([name])[name]
        except StoreError as error:
            raise self._missing(name, str(error).rstrip(".")) from error
        if isinstance(outcome, Exception):
            raise outcome
        return self.store.file(name)

    def fetch(
        self, names: Collection[str], *, update: bool = False, accept: bool = False, patient: bool = False
    ) -> dict:
        """
        Download files that are not available yet.

        Parameters
        ----------
        names : sequence of `str`
            Names of assets.
        update : `bool`
            Download them even if they are available.
        accept : `bool`
            Accept and pin the published file even if it has changed.
        patient : `bool`
            Retry servers that recently did not answer, and daily files that recently did not exist.

        Returns
        -------
        `dict`
            By name: `pathlib.Path` of the file, or the error (`AbsentAssetError`,
            `sunpy_lasco.errors.MissingAssetError` or `ChangedAssetError`) with the reason why there is none.

        Raises
        ------
        sunpy_lasco.assets.store.StoreError
            If nothing can be written.
        """
        names = list(dict.fromkeys(names))
        outcomes = {}
        for start in range(0, len(names), BATCH):
            with self.store.locked() as incoming:
                outcomes |= self._fetch(names[start : start + BATCH], incoming, update, accept, patient)
        return outcomes

    def _fetch(self, names, incoming, update, accept, patient):
        # Imported here, since they import all of sunpy.net, which is not needed for local files.
        import parfive

        from sunpy_lasco.net.file_fetch import Job, download
        from sunpy_lasco.net.transfer import AGENT, BROKEN, RequestError, time_limits

        store, outcomes, jobs = self.store, {}, []
        for name in names:
            # Another process may have downloaded it in the meantime.
            if store.file(name).is_file() and not update:
                outcomes[name] = store.file(name)
            elif store.is_absent(name) and not patient and not update:
                outcomes[name] = self._absent(name)
            elif not entry(name).folders:
                outcomes[name] = self._missing(name, None)
            elif self.configuration.offline:
                outcomes[name] = self._missing(name, _OFFLINE)
            else:
                jobs.append(Job(name, entry(name).urls(self.configuration.mirrors)))
        if not jobs:
            return outcomes
        others = f" and {len(jobs) - 1} other files" if len(jobs) > 1 else ""
        log.info("Downloading %s%s for sunpy_lasco.", jobs[0].name, others)
        changed = {}

        @contextlib.contextmanager
        def place(job, url):
            path = incoming / job.name
            try:
                yield path
                found, pin = check_file(path, job.name, "the answer"), store.pin(job.name)
                if pin not in (None, found) and not accept and not entry(job.name).grows:
                    changed[job.name] = f"{url} has the SHA-256 {found}, and {pin} is expected"
                    raise RequestError(BROKEN, changed[job.name])
                store.adopt(job.name, path, url)
            except StoreError:
                raise
            except AssetError as error:
                raise RequestError(_kind_of(path), str(error).rstrip(".")) from error
            finally:
                path.unlink(missing_ok=True)

        limits = self.configuration
        silent, _ = download(
            jobs,
            place,
            parfive.Downloader(
                progress=self.configuration.progress, config=parfive.SessionConfig(headers={"User-Agent": AGENT})
            ),
            limits=time_limits(limits.connect_timeout, limits.read_timeout, limits.file_deadline),
            unreachable=() if patient else store.unreachable(),
        )
        store.set_unreachable(silent)
        for job in jobs:
            outcomes[job.name] = self._settle(job, changed)
        return outcomes

    def _settle(self, job, changed):
        """The path of the file, or the error."""
        if job.trouble is not None:
            raise job.trouble
        if job.source is not None:
            return self.store.file(job.name)
        if job.name in changed:
            msg = (
                f"The published file {job.name} differs from the first download:  {changed[job.name]}. "
                f"`sunpy-lasco assets pin {job.name}` accepts the published file."
            )
            return ChangedAssetError(msg)
        if job.is_absent:
            self.store.set_absent(job.name)
            if entry(job.name).daily:
                return self._absent(job.name)
        return self._missing(job.name, f"it could not be downloaded: {job.explanation}")

    def _missing(self, name, detail):
        return missing(name, [self.label], detail, self.configuration.mirrors)

    def _absent(self, name):
        if not entry(name).daily:
            return self._missing(name, "the archives had no such file when they were asked, less than a day ago")
        urls = " and ".join(entry(name).urls(self.configuration.mirrors))
        msg = f"There are no {entry(name).content}: the archives have no {urls} ."
        return AbsentAssetError(msg)


def _kind_of(path):
    """The kind of fault of a wrong file: a web page may be temporary, unless it states that there is no such file."""
    from sunpy_lasco.net.transfer import ABSENT, BROKEN, UNUSABLE

    with path.open("rb") as file:
        start = file.read(4096).lower()
    if b"<html" not in start:
        return BROKEN
    return ABSENT if re.search(rb"\b404\b|not found", start) else UNUSABLE
