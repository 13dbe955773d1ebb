"""
The archives: addresses, directories by day, and the days that they cover.

Every archive has the layout ``root/YYMMDD/cN/``, where the day is that of the uncorrected DATE-OBS of level
0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

import astropy.units as u

from sunpy_lasco.config import ConfigurationError, setting

__all__ = [
    "ARCHIVES",
    "ARCHIVED_CAMERAS",
    "CLOCK_ERROR",
    "FIRST_DAY",
    "LATE",
    "OUTAGES",
    "Archive",
    "configured_archives",
    "day_of",
    "days_between",
    "directory_day",
]

#: Day of SOHO's launch: no archive holds anything older.
FIRST_DAY = date(1995, 12, 2)

#: More than the largest error of the on-board clock (162 s, in 2010 to 2013).
CLOCK_ERROR = 300 * u.s

#: The cameras for which the archives are queried.
ARCHIVED_CAMERAS = ("C2", "C3")

#: Periods without images, and the reasons. The end of the second is uncertain by days.
OUTAGES = (
    (date(1998, 6, 25), date(1998, 10, 12), "contact with SOHO was lost"),
    (date(1998, 12, 22), date(1999, 2, 1), "SOHO had lost its last gyroscope"),
)

#: Latest delay of NRL's final images, days.
LATE = 365


@dataclass(frozen=True)
class Archive:
    """A tree of day directories on a web server."""

    #: Name in the column Provider.
    provider: str
    #: Level of processing, ``"0.5"`` or ``"1"``.
    level: str
    #: Address of the directory that holds the days, without a slash at its end.
    root: str
    #: Number of days that an archive of quick-look images covers; None for an archive of final images.
    recent_days: int | None = None
    #: The first and the last day that it covers; None if unlimited.
    first: date | None = None
    last: date | None = None

    def directory(self, day: date, camera: str) -> str:
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

    def excludes(self, day: date, today: date) -> str | None:
        """Reason why the archive cannot have a day, as a clause; None if it can."""
        if self.first is not None and day < self.first:
            return f"{self.provider} begins on {self.first}"
        if self.last is not None and day > self.last:
            return f"{self.provider} ends on {self.last}"
        if self.recent_days is not None and (today - day).days > self.recent_days:
            return f"{self.provider} keeps the last {self.recent_days} days only"
        return None

    def lacks(self, day: date, today: date) -> str:
        """Explanation, as a clause, for a day without images."""
        late = self.recent_days is None and 0 <= (today - day).days < LATE
        return f"{self.provider} has none{' yet (final images take 2 to 12 months)' if late else ''}"


#: The archives, in the order in which they are queried: NRL's final archive, SDAC's copy of it, and SDAC's quick-look
#: images, which are kept for about two weeks (a week is added, since this is not guaranteed).
ARCHIVES = (
    Archive("NRL", "0.5", "https://lasco-www.nrl.navy.mil/lz/level_05"),
    Archive(
        "SDAC",
        "0.5",
        "https://umbra.nascom.nasa.gov/pub/lasco_level05",
        first=date(1996, 2, 1),
        last=date(2025, 2, 28),
    ),
    Archive("SDAC-NRT", "0.5", "https://umbra.nascom.nasa.gov/pub/lasco/lastimage/level_05", recent_days=21),
    Archive("NRL", "1", "https://lasco-www.nrl.navy.mil/lz/level_1", last=date(2017, 8, 31)),
)


def configured_archives():
    """
    The archives to query, in order: those of the setting ``archives``, else the default ones.

    The setting (`sunpy_lasco.config`) replaces all of them. It holds entries of provider, level and root,
    divided by semicolons, such as ``"NRL 0.5 https://mirror.example/lz/level_05; NRL 1
    https://mirror.example/lz/level_1"``. A provider ``SDAC-NRT`` covers only the last weeks, like the default
    one; all others are queried for every day. `~sunpy_lasco.config.ConfigurationError` is raised if the
    setting cannot be understood.
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
    The days of a period, both ends included, for which an archive may have images: none after tomorrow,
    because clocks differ, or after ``today``.
    """
    today = date.today() + timedelta(days=1) if today is None else today
    first, last = day_of(start), day_of(end)
    first, last = max(first, FIRST_DAY), min(last, today)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_of(time):
    """The day of a time, in UTC."""
    # MJD 0 is the proleptic ordinal 678576.
    return date.fromordinal(int(np.floor(time.utc.mjd)) + 678576)


def directory_day(name):
    """The day of a directory ``YYMMDD``, with years from 1995 to 2094."""
    year = int(name[:2])
    return date(year + (1900 if year >= 95 else 2000), int(name[2:4]), int(name[4:6]))
