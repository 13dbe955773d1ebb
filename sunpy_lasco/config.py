"""
Settings.

Settings are read from the section ``[sunpy_lasco]`` of sunpy's configuration file ``sunpyrc``. Environment
variables take precedence::

    [sunpy_lasco] ; directories with calibration images, searched before all others assets =
    /data/lasco/calib:/data/ssw ; never use the network offline = no ; directory for downloaded calibration
    images cache = /scratch/lasco ; SolarSoft trees, in the order in which they are tried mirrors =
    https://hesperia.gsfc.nasa.gov/ssw https://soho.nascom.nasa.gov/solarsoft ; servers of SOHO's ancillary
    data ancillary_mirrors = https://soho.nascom.nasa.gov/data/ancillary ; orbit files of the SOHO archive
    (SO_OR_*.DAT, .FITS), directories of them, SPICE kernels orbit =
    /data/soho/orbit:/data/soho/soho_orbit.bsp ; services for the position of SOHO horizons =
    https://ssd.jpl.nasa.gov/api/horizons.api jsoc = http://jsoc.stanford.edu/cgi-bin/ajax/ ; seconds to wait
    for a connection and for further data connect_timeout = 5 read_timeout = 15 ; seconds after which an
    incomplete listing or file is abandoned deadline = 120 file_deadline = 900 ; progress bars: yes, no, or
    auto (in a terminal or a notebook) progress = auto ; megabytes for calibration plans that are kept for
    further frames plan_memory = 160 ; compiled loops in the calibration, if numba is installed fast = yes ;
    archives of images instead of the default ones: provider, level and root of each archives = NRL 0.5
    https://mirror.example/lz/level_05; NRL 1 https://mirror.example/lz/level_1 ; one warning per process
    about approximations for lack of published files notices = yes ; directory with the sample frames, see
    sunpy_lasco.data.sample sample = /data/lasco/level_05

The names of the environment variables are ``SUNPY_LASCO_`` plus the name in upper case, for example
``SUNPY_LASCO_OFFLINE=1``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import sunpy

from sunpy_lasco.errors import LascoError

__all__ = [
    "ANCILLARY_MIRRORS",
    "SECTION",
    "SSW_MIRRORS",
    "Configuration",
    "ConfigurationError",
    "megabytes",
    "setting",
    "switch",
]

#: Section of ``sunpyrc``.
SECTION = "sunpy_lasco"

#: SolarSoft trees on the network.
SSW_MIRRORS = ("https://hesperia.gsfc.nasa.gov/ssw", "https://soho.nascom.nasa.gov/solarsoft")
#: Servers of SOHO's ancillary data.
ANCILLARY_MIRRORS = ("https://soho.nascom.nasa.gov/data/ancillary",)

_TRUE, _FALSE = {"1", "yes", "true", "on"}, {"0", "no", "false", "off", ""}


def setting(name: str, default: str) -> str:
    """
    Value of a setting.

    Parameters
    ----------
    name : `str`
        Name of the setting, in lower case.
    default : `str`
        Value if nothing is set.

    Returns
    -------
    `str`
        The environment variable, else the setting in ``sunpyrc``, else the default.
    """
    value = os.environ.get(f"SUNPY_LASCO_{name.upper()}")
    if value is None:
        value = sunpy.config.get(SECTION, name, fallback=None)
    return default if value is None else value.strip()


def switch(name: str, default: str) -> bool:
    """
    Value of a setting that is yes or no.

    Parameters
    ----------
    name, default : `str`
        As for `setting`.

    Returns
    -------
    `bool`

    Raises
    ------
    ConfigurationError
        If the setting is neither yes nor no.
    """
    value = setting(name, default).lower()
    if value in _TRUE | _FALSE:
        return value in _TRUE
    msg = f"The setting {name!r} of sunpy_lasco is {value!r}; it must be yes or no."
    raise ConfigurationError(msg)


def _seconds(name, default):
    value = setting(name, default)
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        msg = f"The setting {name!r} of sunpy_lasco is {value!r}; it must be a number of seconds."
        raise ConfigurationError(msg)
    return seconds


def megabytes(name: str, default: str) -> float:
    """
    Value of a setting in megabytes.

    Parameters
    ----------
    name, default : `str`
        As for `setting`.

    Returns
    -------
    `float`

    Raises
    ------
    ConfigurationError
        If the setting is not a number of megabytes.
    """
    value = setting(name, default)
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        msg = f"The setting {name!r} of sunpy_lasco is {value!r}; it must be a number of megabytes."
        raise ConfigurationError(msg)
    return found


def _somebody_looks():
    # In a notebook, standard error is not a terminal.
    return "ipykernel" in sys.modules or bool(getattr(sys.stderr, "isatty", bool)())


class ConfigurationError(LascoError, ValueError):
    """A setting cannot be understood."""


@dataclass(frozen=True)
class Configuration:
    """
    The settings.

    `Configuration.read` reads them from ``sunpyrc`` and the environment. You can also pass your own
    configuration to `sunpy_lasco.assets.resolve`.
    """

    #: Directories with calibration images, searched before all others.
    assets: tuple[Path, ...]
    #: Never use the network.
    offline: bool
    #: Directory for downloaded calibration images.
    cache: Path
    #: Servers by archive, in the order in which they are tried.
    mirrors: dict[str, tuple[str, ...]]
    #: Seconds to wait for a connection, and for further data.
    connect_timeout: float
    read_timeout: float
    #: Whether to show progress bars.
    progress: bool
    #: Seconds after which an incomplete listing, and an incomplete file, is abandoned.
    deadline: float = 120.0
    file_deadline: float = 900.0

    @classmethod
    def read(cls) -> Configuration:
        """
        Read the settings.

        Returns
        -------
        `Configuration`

        Raises
        ------
        ConfigurationError
            If a setting cannot be understood.
        """
        directories = [item for item in setting("assets", "").split(os.pathsep) if item.strip()]
        cache = setting("cache", "") or Path(sunpy.config.get("downloads", "download_dir")) / "lasco_assets"
        automatic = setting("progress", "auto").lower() == "auto"
        return cls(
            assets=tuple(Path(item.strip()).expanduser() for item in directories),
            offline=switch("offline", "no"),
            cache=Path(cache).expanduser(),
            mirrors={
                "ssw": tuple(setting("mirrors", " ".join(SSW_MIRRORS)).split()),
                "ancillary": tuple(setting("ancillary_mirrors", " ".join(ANCILLARY_MIRRORS)).split()),
            },
            connect_timeout=_seconds("connect_timeout", "5"),
            read_timeout=_seconds("read_timeout", "15"),
            progress=_somebody_looks() if automatic else switch("progress", "no"),
            deadline=_seconds("deadline", "120"),
            file_deadline=_seconds("file_deadline", "900"),
        )
