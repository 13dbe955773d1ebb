"""The Fido client for LASCO C2 and C3."""

from __future__ import annotations

import logging
import warnings
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u

from sunpy.net import Fido, attr
from sunpy.net import attrs as a
from sunpy.net.base_client import BaseClient

from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.net import attrs as lasco_attrs
from sunpy_lasco.net.archives import ARCHIVED_CAMERAS, CLOCK_ERROR, FIRST_DAY, configured_archives, day_of, days_between
from sunpy_lasco.net.days import ListingError, find_gaps, survey
from sunpy_lasco.net.image_fetch import deliver
from sunpy_lasco.net.names import FILTERS, POLARIZERS, PROGRAMMES, SIZES, level_name
from sunpy_lasco.net.table import ROW, Gap, in_period, response, selection, start_times, unique

if TYPE_CHECKING:
    from typing import Any

    from parfive import Downloader, Results

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.net.table import LASCOQueryResponse

__all__ = ["LASCOClient"]

#: Attrs that only this client supports.
_OWN = {lasco_attrs.ExposureTime, lasco_attrs.Filter, lasco_attrs.Polarizer, lasco_attrs.Programme, lasco_attrs.Size}
_KNOWN = {a.Time, a.Instrument, a.Detector, a.Source, a.Provider, a.Level, a.Physobs, a.Sample} | _OWN

#: Failed days, and gaps, that a warning names.
_NAMED = 5

#: Format of the handler that drms, which `sunpy.net` imports, gives to the root logger.
_FORMAT_OF_DRMS = "%(asctime)s - %(name)s - %(levelname)s: %(message)s"


def _silence_handler_of_drms():
    """Remove that handler, which makes messages of astropy's and sunpy's loggers appear twice."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler and getattr(handler.formatter, "_fmt", None) == _FORMAT_OF_DRMS:
            root.removeHandler(handler)
            root.setLevel(logging.WARNING)


_silence_handler_of_drms()


class LASCOClient(BaseClient):
    """
    Provides access to level-0.5 and level-1 images of SOHO/LASCO C2 and C3.

    Level-0.5 images from 1996 to today come from NRL's final archive, from SDAC's copy of it for days that
    NRL lacks, and for the last weeks also from SDAC's quick-look images; the column Provider names the
    source. The official level 1 (1996 to August 2017) comes from NRL.

    Attributes
    ----------
    archives : `tuple` of `~sunpy_lasco.net.archives.Archive` or None
        Archives to query, in this order. None uses the setting ``archives`` (`sunpy_lasco.config`), else
        `sunpy_lasco.net.archives.ARCHIVES`. Set it on the class, because Fido creates its own instances.
    progress : `bool` or None
        Whether a long search shows a progress bar; None uses the setting ``progress``, by default yes in a
        terminal or notebook.

    Notes
    -----
    This client answers queries for LASCO that name C2 or C3, level 0.5 or 1, or one of its providers, in
    addition to sunpy's client for the Virtual Solar Observatory, which answers nearly all queries. Queries
    with an attr of ``a.lasco`` are answered only by this client.

    Times are those of the level-0.5 headers, by the uncorrected on-board clock; for level 1 they are
    corrected.

    Examples
    --------
    >>> from sunpy.net import Fido, attrs as a
    >>> import sunpy_lasco
    >>> result = Fido.search(a.Time("2012-08-31 19:00", "2012-08-31 21:00"), a.Detector.c3,
    ...                      a.lasco.Size.full)  # doctest: +REMOTE_DATA
    >>> files = Fido.fetch(result["lasco"], path="{detector}/{file}")  # doctest: +SKIP
    """

    archives = None
    progress = None

    @property
    def info_url(self) -> str:
        """Address of the description of the archive."""
        return "https://lasco-www.nrl.navy.mil"

    @classmethod
    def _attrs_module(cls):
        return "lasco", "sunpy_lasco.net.attrs"

    @classmethod
    def register_values(cls) -> dict:
        """Names for the completion of attrs."""
        polarizers = {
            "plus60": POLARIZERS["+60 Deg"],
            "zero": POLARIZERS["0 Deg"],
            "minus60": POLARIZERS["-60 Deg"],
            **{name: text for name, text in POLARIZERS.items() if "Deg" not in name},
        }
        return {
            a.Instrument: [("LASCO", "Large Angle and Spectrometric Coronagraph")],
            a.Detector: [("C2", "LASCO C2, 1.5 to 6 solar radii"), ("C3", "LASCO C3, 3.7 to 30 solar radii")],
            a.Source: [("SOHO", "Solar and Heliospheric Observatory")],
            a.Provider: [
                ("NRL", "U.S. Naval Research Laboratory, final archive"),
                ("SDAC", "NASA/GSFC Solar Data Analysis Center, copy of the final archive"),
                ("SDAC-NRT", "NASA/GSFC Solar Data Analysis Center, quick-look images of the last weeks"),
            ],
            a.Level: [("0.5", "Raw counts, upright"), ("1", "Official calibration, to August 2017")],
            a.Physobs: [("intensity", "Intensity")],
            lasco_attrs.Filter: list(FILTERS.items()),
            lasco_attrs.Polarizer: list(polarizers.items()),
            lasco_attrs.Programme: list(PROGRAMMES.items()),
            lasco_attrs.Size: list(SIZES.items()),
        }

    @classmethod
    def _asked_archives(cls):
        return configured_archives() if cls.archives is None else tuple(cls.archives)

    @classmethod
    def _can_handle_query(cls, *query):
        """
        Whether the query is for this client.

        It must contain a time, LASCO, and a camera, a level or a provider; or a time and one of the attrs in
        ``a.lasco``. All values must exist.
        """
        found = {type(one): one for one in query}
        if a.Time not in found or not set(found) <= _KNOWN or not cls._values_fit(found):
            return False
        more = a.Instrument in found and not {a.Detector, a.Level, a.Provider}.isdisjoint(found)
        return more or not _OWN.isdisjoint(found)

    @classmethod
    def _values_fit(cls, found):
        def text(kind, default):
            return str(found[kind].value).strip().lower() if kind in found else default

        if (
            text(a.Instrument, "lasco") != "lasco"
            or text(a.Detector, "c2") not in ("c2", "c3")
            or text(a.Source, "soho") != "soho"
            or text(a.Physobs, "intensity") != "intensity"
        ):
            return False
        level = level_name(found[a.Level].value) if a.Level in found else "0.5"
        providers = {archive.provider.lower() for archive in cls._asked_archives() if archive.level == level}
        return bool(providers) and (a.Provider not in found or text(a.Provider, "") in providers)

    def search(self, *query: Any) -> LASCOQueryResponse:
        """
        Search for images.

        Parameters
        ----------
        *query
            Attrs joined by "and", with any alternatives; at least `sunpy.net.attrs.Time`. The default is
            level 0.5 of both cameras.

        Returns
        -------
        `~sunpy_lasco.net.table.LASCOQueryResponse`
            In order of time. ``errors`` lists failures, and ``gaps`` the days without images in any archive.

        Raises
        ------
        sunpy_lasco.net.days.ListingError
            If the listing of every day failed.
        ValueError
            If the query is not for this client.

        Warns
        -----
        sunpy_lasco.errors.LascoUserWarning
            If there are errors or gaps; the rest of the result is complete.
        """
        alternatives = [self._understood(block) for block in _alternatives(attr.and_(*query))]
        archives, rows, listings = self._asked_archives(), [], []
        for found in alternatives:
            chosen, listed = self._survey(found, archives)
            listings += listed
            rows.append(in_period(unique(chosen), found))
        errors = list({str(error): error for listing in listings for error in listing.errors}.values())
        if errors and not any(listing.learnt for listing in listings):
            raise ListingError(_some(errors))
        if errors:
            _warn(f"The result lacks images:\n{_some(errors)}")
        gaps = list(dict.fromkeys(gap for found in alternatives for gap in _outside(found[a.Time], _cameras(found))))
        gaps += find_gaps(listings)
        if gaps:
            _warn(f"None of the archives has images of these days:\n{_some(gaps)}")
        if len(alternatives) == 1:
            ((rows, times),) = rows
        else:
            rows = unique(np.concatenate([rows for rows, _ in rows]))
            times = start_times(rows)
        return response(rows, times, archives, self, errors=errors, gaps=gaps)

    def _understood(self, block):
        """The attrs of a query without alternatives, by their types."""
        found = {type(one): one for one in block}
        if a.Time not in found or not set(found) <= _KNOWN or not self._values_fit(found):
            msg = "A search for LASCO images needs a.Time, and can have C2 or C3, level 0.5 or 1, and attrs of a.lasco."
            raise ValueError(msg)
        return found

    def _survey(self, found, archives):
        """
        The rows for a query without alternatives, regardless of their times, and the listings from which they
        come.
        """
        level = level_name(found[a.Level].value) if a.Level in found else "0.5"
        provider = str(found[a.Provider].value).strip().lower() if a.Provider in found else None
        numbers = [
            number
            for number, archive in enumerate(archives)
            if archive.level == level and provider in (None, archive.provider.lower())
        ]
        if level == "1" and lasco_attrs.Programme in found:
            _warn("Listings of level 1 do not contain the observing programme, so it cannot be searched.")
        # Directories are named by the on-board clock, which is corrected in level 1.
        slack = CLOCK_ERROR if level == "1" else 0 * u.s
        start, end = found[a.Time].start, found[a.Time].end
        days = days_between(start - slack, end + slack)
        asked = [archives[number] for number in numbers]
        listings = survey(asked, days, _cameras(found), progress=self.progress, wanted=selection(found))
        for listing in listings:
            # Do not report a missing day if the period includes only an instant of it.
            if not day_of(start) <= listing.day <= day_of(max(start, end - 1 * u.ms)):
                listing.gap = None
        rows = np.concatenate([np.empty(0, ROW), *(listing.rows for listing in listings)])
        rows["archive"] = np.array(numbers, dtype=rows["archive"].dtype)[rows["archive"]]
        return rows, listings

    def fetch(
        self,
        query_results: Any,
        *,
        path: PathLike | None = None,
        overwrite: bool | str = False,
        progress: bool = True,
        downloader: Downloader | None = None,
        wait: bool = True,
        **kwargs: Any,
    ) -> Results:
        """
        Download images.

        Parameters
        ----------
        query_results : `LASCOQueryResponse` or a row of it
            Images to download.
        path : `str` or `~pathlib.Path`, optional
            Directory, or template such as ``"{detector}/{start_time.datetime:%Y}/{file}"``.
        overwrite : `bool` or ``"unique"``, optional
            Treatment of existing files. By default complete files are kept without any request, and damaged
            ones are replaced if possible.
        progress : `bool`, optional
            Whether to show progress bars.
        downloader : `parfive.Downloader`, optional
            Downloader whose queue is used; files already in the queue are downloaded, too. At most two files
            are downloaded at once from a server. Time limits are those of the configuration unless the
            downloader has its own.
        wait : `bool`, optional
            For Fido; the files are always downloaded at once.
        **kwargs
            Not used.

        Returns
        -------
        `parfive.Results`
            Paths of complete files. ``errors`` lists the addresses that failed after all archives were tried,
            three times for temporary faults.

        Raises
        ------
        KeyboardInterrupt
            If the user interrupts the download; completed files are kept.
        """
        settings = {"path": path, "overwrite": overwrite, "progress": progress, "downloader": downloader}
        return deliver(query_results, self._asked_archives(), **settings)


def _alternatives(query):
    """The parts of a query between which there is an "or", each as a sequence of attrs."""
    parts = query.attrs if isinstance(query, attr.AttrOr) else [query]
    return [part.attrs if isinstance(part, attr.AttrAnd) else [part] for part in parts]


def _cameras(found):
    """The cameras that a query without alternatives is about."""
    return (str(found[a.Detector].value).strip().upper(),) if a.Detector in found else ARCHIVED_CAMERAS


def _outside(period, cameras):
    """Days of a period before the launch of SOHO or in the future."""
    first, last, today = day_of(period.start), day_of(max(period.start, period.end - 1 * u.ms)), date.today()
    gaps = []
    if first < FIRST_DAY:
        gaps.append(Gap(first, min(last, FIRST_DAY - timedelta(days=1)), cameras, "SOHO was not launched yet"))
    # One more day, because clocks differ.
    if last > today + timedelta(days=1):
        gaps.append(Gap(max(first, today + timedelta(days=2)), last, cameras, "they lie in the future"))
    return gaps


def _some(problems):
    text = "\n".join(str(problem) for problem in problems[:_NAMED])
    return f"{text}\nand {len(problems) - _NAMED} more" if len(problems) > _NAMED else text


def _warn(message):
    warnings.warn(message, LascoUserWarning, stacklevel=3)


def _forget_earlier():
    """If this module was reloaded, as in a notebook, remove the earlier client."""
    name = (LASCOClient.__module__, LASCOClient.__qualname__)
    for client in list(Fido.registry):
        if client is not LASCOClient and (client.__module__, client.__qualname__) == name:
            Fido.unregister(client)


_forget_earlier()
