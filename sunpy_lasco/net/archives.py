"""
Where the archives are, and which directory holds a day.

Every archive has the same layout, ``root/YYMMDD/cN/``, the day being that of
the uncorrected DATE-OBS of level 0.5.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

import astropy.units as u

from sunpy_lasco.config import ConfigurationError, setting

__all__ = [
    "ARCHIVES",
    "CAMERAS",
    "CLOCK_ERROR",
    "FIRST_DAY",
    "Archive",
    "configured_archives",
    "days_between",
    "directory_day",
]

#: Day of SOHO's launch: no archive holds anything older.
FIRST_DAY = date(1995, 12, 2)

#: More than the clock on board was ever wrong (162 s, in 2010 to 2013).
CLOCK_ERROR = 300 * u.s

#: The cameras that the archives are asked for.
CAMERAS = ("C2", "C3")


@dataclass(frozen=True)
class Archive:
    """A tree of day directories on a web server."""

    #: Name that stands in the column Provider.
    provider: str
    #: Level of processing, ``"0.5"`` or ``"1"``.
    level: str
    #: Address of the directory that holds the days, without a slash at its end.
    root: str
    #: The archive keeps the last days only, so many of them; None if it keeps all.
    recent_days: int | None = None

    def directory(self, day, camera):
        """
        Address of the directory of a day and camera.

        Parameters
        ----------
        day : `~datetime.date`
            The day.
        camera : `str`
            ``"C2"`` or ``"C3"``.

        Returns
        -------
        `str`
            With no slash at its end.
        """
        return f"{self.root}/{day:%y%m%d}/{camera.lower()}"

    def may_hold(self, day, today):
        """Whether a day is not too old for the archive."""
        return self.recent_days is None or (today - day).days <= self.recent_days


#: The archives, in the order in which they are asked: NRL's final one, SDAC's copy of
#: it, and SDAC's quick-look and real-time images of the last weeks.
ARCHIVES = (
    Archive("NRL", "0.5", "https://lasco-www.nrl.navy.mil/lz/level_05"),
    Archive("SDAC", "0.5", "https://umbra.nascom.nasa.gov/pub/lasco_level05"),
    Archive("SDAC-NRT", "0.5", "https://umbra.nascom.nasa.gov/pub/lasco/lastimage/level_05", recent_days=90),
    Archive("NRL", "1", "https://lasco-www.nrl.navy.mil/lz/level_1"),
)


def configured_archives():
    """
    The archives to ask: those of the setting ``archives``, else the known ones.

    Returns
    -------
    `tuple` of `Archive`
        In the order in which they are asked.

    Raises
    ------
    sunpy_lasco.config.ConfigurationError
        If the setting cannot be understood.

    Notes
    -----
    The setting (`sunpy_lasco.config`) replaces all of them.  It holds entries of provider, level
    and root, divided by semicolons, such as ``"NRL 0.5 https://mirror.example/lz/level_05;
    NRL 1 https://mirror.example/lz/level_1"``.
    """
    archives = []
    for entry in filter(None, (part.strip() for part in setting("archives", "").split(";"))):
        words = entry.split()
        if len(words) != 3 or words[1] not in ("0.5", "1") or not words[2].startswith(("http://", "https://")):
            msg = (
                f"The setting 'archives' of sunpy_lasco holds {entry!r}, which is not "
                "'PROVIDER LEVEL ROOT' with a level of 0.5 or 1 and a root of http(s)."
            )
            raise ConfigurationError(msg)
        provider, level, root = words
        known = [archive for archive in ARCHIVES if archive.provider == provider]
        archives.append(Archive(provider, level, root.rstrip("/"), known[0].recent_days if known else None))
    return tuple(archives) or ARCHIVES


def days_between(start, end, today=None):
    """
    The days that a period touches and of which an archive may hold images.

    Parameters
    ----------
    start, end : `~astropy.time.Time`
        The period, both ends included.
    today : `~datetime.date`, optional
        No later days are given; by default the day after today, because clocks differ.

    Returns
    -------
    `list` of `~datetime.date`
    """
    today = date.today() + timedelta(days=1) if today is None else today
    first, last = (_day(time) for time in (start, end))
    first, last = max(first, FIRST_DAY), min(last, today)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _day(time):
    # MJD 0 is the proleptic ordinal 678576.
    return date.fromordinal(int(np.floor(time.utc.mjd)) + 678576)


def directory_day(name):
    """
    The day of a directory.

    Parameters
    ----------
    name : `str`
        Six digits, ``YYMMDD``.

    Returns
    -------
    `~datetime.date`
        With years from 1995 to 2094.
    """
    year = int(name[:2])
    return date(year + (1900 if year >= 95 else 2000), int(name[2:4]), int(name[4:6]))
