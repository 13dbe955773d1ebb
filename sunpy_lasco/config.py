"""
Settings.

The settings stand in the section ``[sunpy_lasco]`` of sunpy's own configuration
file ``sunpyrc``, and environment variables come before them::

    [sunpy_lasco]
    ; directories with calibration images, asked before all others
    assets = /data/lasco/calib:/data/ssw
    ; never touch the network
    offline = no
    ; where fetched calibration images are kept
    cache = /scratch/lasco
    ; SolarSoft trees, in the order in which they are asked
    mirrors = https://hesperia.gsfc.nasa.gov/ssw https://soho.nascom.nasa.gov/solarsoft
    ; servers of SOHO's ancillary data
    ancillary_mirrors = https://soho.nascom.nasa.gov/data/ancillary
    ; orbit files of the SOHO archive (SO_OR_*.DAT, .FITS), directories of them, SPICE kernels
    orbit = /data/soho/orbit:/data/soho/soho_orbit.bsp
    ; services for the position of SOHO
    horizons = https://ssd.jpl.nasa.gov/api/horizons.api
    jsoc = http://jsoc.stanford.edu/cgi-bin/ajax/
    ; seconds to wait for a connection, and for the next bytes
    connect_timeout = 5
    read_timeout = 15
    ; seconds after which an answer is given up that is not complete: a listing, and a file
    deadline = 120
    file_deadline = 900
    ; progress bars: yes, no, or auto (in a terminal or a notebook)
    progress = auto
    ; megabytes that the plans of the calibration may take, which are kept for the frames that follow
    plan_memory = 160
    ; compiled loops in the calibration, where numba is installed
    fast = yes
    ; archives of images, in place of the known ones: provider, level and root of each
    archives = NRL 0.5 https://mirror.example/lz/level_05; NRL 1 https://mirror.example/lz/level_1
    ; one warning in a process about what calibrations approximate, for lack of published files
    notices = yes
    ; directory that holds the sample frames, see sunpy_lasco.data.sample
    sample = /data/lasco/level_05

The environment variables are ``SUNPY_LASCO_`` and the name in upper case, for
example ``SUNPY_LASCO_OFFLINE=1``.
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
        What counts where nothing is set.

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
    A setting that is yes or no.

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
        If the setting is neither a yes nor a no.
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
    A setting in megabytes.

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
    # The standard error of a notebook is no terminal.
    return "ipykernel" in sys.modules or bool(getattr(sys.stderr, "isatty", bool)())


class ConfigurationError(LascoError, ValueError):
    """A setting cannot be understood."""


@dataclass(frozen=True)
class Configuration:
    """
    The settings.

    `Configuration.read` takes them from where the user has put them; a
    configuration of one's own can be handed to `sunpy_lasco.assets.resolve`.
    """

    #: Directories with calibration images, asked before all others.
    assets: tuple[Path, ...]
    #: Never touch the network.
    offline: bool
    #: Where fetched calibration images are kept.
    cache: Path
    #: Servers by archive, in the order in which they are asked.
    mirrors: dict[str, tuple[str, ...]]
    #: Seconds to wait for a connection, and for the next bytes.
    connect_timeout: float
    read_timeout: float
    #: Whether to draw progress bars.
    progress: bool
    #: Seconds after which an answer is given up that is not complete: a listing, and a file.
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
