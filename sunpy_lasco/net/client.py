"""The Fido client for LASCO C2 and C3."""

import warnings

import numpy as np

import astropy.units as u

from sunpy.net import attrs as a
from sunpy.net.base_client import BaseClient

from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.net import attrs as lasco_attrs
from sunpy_lasco.net.archives import CAMERAS, CLOCK_ERROR, configured_archives, days_between
from sunpy_lasco.net.delivery import deliver
from sunpy_lasco.net.listing import SOURCE_DIGITS
from sunpy_lasco.net.selection import in_period, selection
from sunpy_lasco.net.survey import ListingError, survey
from sunpy_lasco.net.table import ROW, response, unique
from sunpy_lasco.net.values import FILTERS, POLARIZERS, PROGRAMMES, SIZES, level_name

__all__ = ["LASCOClient"]

#: Attrs that no other client understands.
_OWN = {lasco_attrs.ExposureTime, lasco_attrs.Filter, lasco_attrs.Polarizer, lasco_attrs.Programme, lasco_attrs.Size}
_KNOWN = {a.Time, a.Instrument, a.Detector, a.Source, a.Provider, a.Level, a.Physobs, a.Sample} | _OWN

#: Failed days that a warning names.
_NAMED = 5


class LASCOClient(BaseClient):
    """
    Provides access to the images of SOHO/LASCO C2 and C3 of level 0.5 and 1.

    The images of level 0.5, 1996 to today, come from NRL's final archive, and where that
    has none from SDAC's copy of it and from SDAC's quick-look images of the last weeks;
    the column Provider tells which.  The official level 1 (1996 to August 2017) comes
    from NRL.

    Attributes
    ----------
    archives : `tuple` of `~sunpy_lasco.net.archives.Archive` or None
        Whom to ask, in this order.  None stands for those of the setting ``archives``
        (`sunpy_lasco.config`), else for `sunpy_lasco.net.archives.ARCHIVES`.  Set it on the
        class, because Fido makes its own instances.
    progress : `bool` or None
        Whether a search that takes long shows a progress bar; None: as the setting
        ``progress`` says, by default if somebody can see it.

    Notes
    -----
    Queries for LASCO that name C2 or C3 and level 0.5 or 1, or that hold an attr of
    ``a.lasco``, are answered by this client, and by it alone (`sunpy_lasco.net.vso`).

    Times are those of the level-0.5 headers, by the uncorrected clock on board; at
    level 1 they are corrected.

    Examples
    --------
    >>> from sunpy.net import Fido, attrs as a
    >>> import sunpy_lasco
    >>> result = Fido.search(a.Time("2012-08-31 19:00", "2012-08-31 21:00"), a.Instrument.lasco,
    ...                      a.Detector.c3, a.Level("0.5"))  # doctest: +REMOTE_DATA
    >>> files = Fido.fetch(result["lasco"], path="{detector}/{file}")  # doctest: +SKIP
    """

    archives = None
    progress = None

    @property
    def info_url(self):
        """Where the archive is described."""
        return "https://lasco-www.nrl.navy.mil"

    @classmethod
    def _attrs_module(cls):
        return "lasco", "sunpy_lasco.net.attrs"

    @classmethod
    def register_values(cls):
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

        It has to name a time, C2 or C3 and level 0.5 or 1; or a time and one of our own
        attrs, which stand for the rest.
        """
        found = {type(attr): attr for attr in query}
        if a.Time not in found or not set(found) <= _KNOWN or not cls._values_fit(found):
            return False
        return bool(_OWN & set(found)) or {a.Instrument, a.Detector, a.Level} <= set(found)

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

    def search(self, *query):
        """
        Search for images.

        Parameters
        ----------
        *query
            Attrs, joined by "and"; at least `sunpy.net.attrs.Time`.  Level 0.5 and both
            cameras are meant where the query says nothing else.

        Returns
        -------
        `~sunpy_lasco.net.table.LASCOQueryResponse`
            In order of time.  Its ``errors`` tell what could not be learnt.

        Raises
        ------
        sunpy_lasco.net.survey.ListingError
            If no archive told of any day.
        ValueError
            If the query is none for this client.

        Warns
        -----
        sunpy_lasco.errors.LascoUserWarning
            If there are errors; the rest of the answer is complete.
        """
        found = {type(attr): attr for attr in query}
        if a.Time not in found or not set(found) <= _KNOWN or not self._values_fit(found):
            msg = "A search for LASCO images needs a.Time, and can have C2 or C3, level 0.5 or 1, and attrs of a.lasco."
            raise ValueError(msg)
        level = level_name(found[a.Level].value) if a.Level in found else "0.5"
        provider = str(found[a.Provider].value).strip().lower() if a.Provider in found else None
        archives = [
            archive
            for archive in self._asked_archives()
            if archive.level == level and provider in (None, archive.provider.lower())
        ]
        cameras = [str(found[a.Detector].value).strip().upper()] if a.Detector in found else list(CAMERAS)
        if level == "1" and lasco_attrs.Programme in found:
            _warn("Listings of level 1 do not tell the observing programme: no image is found by it.")
        # The directories are named by the clock on board, which level 1 has corrected.
        slack = CLOCK_ERROR if level == "1" else 0 * u.s
        days = days_between(found[a.Time].start - slack, found[a.Time].end + slack)
        listings = survey(archives, days, cameras, progress=self.progress, keep=selection(found))
        errors = [error for _, errors, _ in listings for error in errors]
        if errors and all(failed for *_, failed in listings):
            raise ListingError("\n".join(str(error) for error in errors[:_NAMED]) + _others(errors))
        rows = np.concatenate([np.empty(0, ROW), *(rows for rows, *_ in listings)])
        rows, times = in_period(unique(rows, SOURCE_DIGITS[level]), found)
        if errors:
            _warn("The answer lacks images:\n" + "\n".join(str(error) for error in errors[:_NAMED]) + _others(errors))
        return response(rows, times, archives, level, self, errors)

    def fetch(self, query_results, *, path=None, overwrite=False, progress=True, downloader=None, wait=True, **kwargs):
        """
        Fetch images.

        Parameters
        ----------
        query_results : `LASCOQueryResponse` or a row of it
            What to fetch.
        path : `str` or `~pathlib.Path`, optional
            Directory, or template such as ``"{detector}/{start_time.datetime:%Y}/{file}"``.
        overwrite : `bool` or ``"unique"``, optional
            What becomes of a file of the same name.  By default it is kept if it is whole,
            without any request, and replaced if it is damaged.
        progress : `bool`, optional
            Whether to show progress bars.
        downloader : `parfive.Downloader`, optional
            Whose settings are used; but no more than two files are fetched at once.
        wait : `bool`, optional
            For Fido; the files are fetched at once in any case.
        **kwargs
            Not used.

        Returns
        -------
        `parfive.Results`
            Paths of files, each of them whole; ``errors`` names the addresses that gave
            none, after all archives were tried.
        """
        settings = {"path": path, "overwrite": overwrite, "progress": progress, "downloader": downloader}
        return deliver(query_results, self._asked_archives(), **settings)


def _others(errors):
    return f"\nand {len(errors) - _NAMED} more" if len(errors) > _NAMED else ""


def _warn(message):
    warnings.warn(message, LascoUserWarning, stacklevel=3)
