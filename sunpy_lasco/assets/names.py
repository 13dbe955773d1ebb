"""
Names of the calibration images and tables, and their addresses.

All of them belong to SolarSoft. They are downloaded rather than included, because their redistribution has
not been cleared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sunpy_lasco.config import ANCILLARY_MIRRORS, SSW_MIRRORS
from sunpy_lasco.errors import AssetError
from sunpy_lasco.instrument.constants import value_of

if TYPE_CHECKING:
    from astropy.time import Time

__all__ = [
    "C2_TIME_OFFSETS",
    "C2_VIGNETTING",
    "C3_BACKGROUND",
    "C3_MASK",
    "C3_OCCULTER_CENTRES",
    "C3_RAMP",
    "C3_VIGNETTING_POST",
    "C3_VIGNETTING_PRE",
    "CATALOGUE",
    "LAST_POINTING_DAYS",
    "MIRRORS",
    "NOMINAL_ROLL",
    "POINTING_TABLES",
    "SOHO_ORBITS",
    "CatalogueEntry",
    "c3_vignetting_name",
    "entry",
    "exposure_factor_name",
    "pointing_table_name",
]

#: Inverse vignetting of C2, to be multiplied with.
C2_VIGNETTING = "c2vig_final.fts"
#: Inverse vignetting of C3 before the interruption of the mission in 1998.
C3_VIGNETTING_PRE = "c3vig_preint_final.fts"
#: Inverse vignetting of C3 since the recovery.
C3_VIGNETTING_POST = "c3vig_postint_final.fts"
#: Mask of C3 in the undistorted frame: 1 sky, 0 occulter, pylon and corners.
C3_MASK = "c3_cl_mask_lvl1.fts"
#: Stray light of C3 Clear, MSB, to be subtracted.
C3_RAMP = "C3ramp.fts"
#: Minimum model of C3 Clear, DN in the EXPTIME of its header.
C3_BACKGROUND = "3m_clcl_all.fts"
#: Offsets of the on-board clock.
C2_TIME_OFFSETS = "c2_time_offsets.dat"
#: Centres of the occulter of C3.
C3_OCCULTER_CENTRES = "c3_occltr_cntr.dat"
#: The day from which Modified Julian days are counted.
MJD_0 = date(1858, 11, 17)
#: Steps of the nominal roll of the spacecraft.
NOMINAL_ROLL = "nominal_roll_attitude.dat"
#: The day (MJD) that parts two tables, 1998-07-01: contact with SOHO was lost on 1998-06-25.
INTERRUPTION = 50995
#: Sun centre and roll by detector, before and after the interruption.
POINTING_TABLES = {
    "C2": ("c2_pre_recovery_adj_xyr_medv2.sav", "c2_post_recovery_adj_xyr_medv2.sav"),
    "C3": ("c3_pre_recovery_adj_xyr_medv2.sav", "c3_post_recovery_adj_xyr_medv2.sav"),
}
#: The last days that the pointing tables cover.
LAST_POINTING_DAYS = "c2_c3_last_post_recovery_day.sav"

#: Tables of SOHO's position by origin, best first; made by this package and not published.
SOHO_ORBITS = {"horizons": "soho_orbit_horizons.fits", "mdi": "soho_orbit_mdi.fits"}

#: Servers by archive, in order of use.
MIRRORS = {"ssw": SSW_MIRRORS, "ancillary": ANCILLARY_MIRRORS}

_CALIB = ("soho/lasco/lasco/data/calib", "soho/lasco/idl/data/calib")
_IDL_CALIB = ("soho/lasco/idl/data/calib", "soho/lasco/lasco/data/calib")
#: BITPIX of images of real numbers, and of masks.
_REAL, _WHOLE = (-32, -64), (8, 16)


@dataclass(frozen=True)
class CatalogueEntry:
    """Description of an asset."""

    #: File name, which is the name of the asset.
    name: str
    #: What the file holds, for messages.
    content: str
    #: ``"image"``, ``"mask"``, ``"text"``, ``"save"`` (an IDL save file) or ``"orbit"``.
    kind: str
    #: Folders of the archive that may contain the file, best first; none if it is not published.
    folders: tuple[str, ...]
    #: Other folders of SolarSoft trees that may contain the file; they are not published.
    local_folders: tuple[str, ...] = ()
    #: Archive, a key of `MIRRORS`.
    archive: str = "ssw"
    #: Values of BITPIX that an image may have.
    bitpix: tuple[int, ...] = _REAL
    #: Shape of an image, (ny, nx).
    shape: tuple[int, int] = (1024, 1024)
    #: SHA-256 of the published file; None, since none is published.
    sha256: str | None = None
    #: The archive adds to the file as time goes by.
    grows: bool = False
    #: Whether there is a file for each day; some days have none.
    daily: bool = False

    @property
    def paths(self):
        """Paths of the file in its archive, best first."""
        return tuple(f"{folder}/{self.name}" for folder in self.folders)

    def urls(self, mirrors=MIRRORS):
        """The addresses of the file: for each folder, best first, on all mirrors."""
        return tuple(f"{mirror.rstrip('/')}/{path}" for path in self.paths for mirror in mirrors[self.archive])


def _catalogue():
    clock, roll = ("soho/lasco/lasco/data_anal/data",), ("attitude/roll",)
    entries = [
        CatalogueEntry(C2_VIGNETTING, "inverse vignetting of C2", "image", _CALIB),
        CatalogueEntry(C3_VIGNETTING_PRE, "inverse vignetting of C3 until July 1998", "image", _CALIB),
        CatalogueEntry(C3_VIGNETTING_POST, "inverse vignetting of C3 since July 1998", "image", _CALIB),
        CatalogueEntry(C3_MASK, "mask of occulter, pylon and corners of C3", "mask", _CALIB, bitpix=_WHOLE),
        CatalogueEntry(C3_RAMP, "stray light of C3 Clear", "image", _CALIB),
        CatalogueEntry(C3_BACKGROUND, "minimum model of C3 Clear", "image", _CALIB, bitpix=(-64, -32, 16, 32)),
        CatalogueEntry(C2_TIME_OFFSETS, "offsets of the on-board clock", "text", clock, grows=True),
        CatalogueEntry(C3_OCCULTER_CENTRES, "centres of the occulter of C3", "text", ("soho/lasco/idl/convert",)),
        CatalogueEntry(NOMINAL_ROLL, "nominal roll of the spacecraft", "text", roll, archive="ancillary", grows=True),
        CatalogueEntry(LAST_POINTING_DAYS, "last days of the pointing tables", "save", _IDL_CALIB, grows=True),
    ]
    for detector, (before, after) in POINTING_TABLES.items():
        entries.append(CatalogueEntry(before, f"pointing of {detector} until June 1998", "save", _IDL_CALIB))
        entries.append(CatalogueEntry(after, f"pointing of {detector} since July 1998", "save", _IDL_CALIB, grows=True))
    return {item.name: item for item in entries}


#: All assets but the daily ones, by name.
CATALOGUE = _catalogue()

_MADE = {name: CatalogueEntry(name, "positions of SOHO", "orbit", ()) for name in SOHO_ORBITS.values()}

_EXPOSURE_FACTORS = re.compile(r"c([23])_expfactor_(\d{2})(\d{2})(\d{2})\.dat")


def entry(name):
    """
    Description of an asset: one of `CATALOGUE`, of `SOHO_ORBITS`, or a daily file as from
    `exposure_factor_name`; `~sunpy_lasco.errors.AssetError` for other names.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name in _MADE:
        return _MADE[name]
    daily = _EXPOSURE_FACTORS.fullmatch(str(name))
    if daily is None:
        msg = f"{name!r} is not the name of a calibration image or table; known are {', '.join(sorted(CATALOGUE))}."
        raise AssetError(msg)
    content = f"exposure factors of C{daily[1]} on {daily[2]}-{daily[3]}-{daily[4]}"
    folder = f"expfac/data/{daily[2]}{daily[3]}"
    return CatalogueEntry(
        name,
        content,
        "text",
        folders=(f"soho/lasco/lasco/{folder}",),
        local_folders=(f"soho/lasco/idl/{folder}",),
        grows=True,
        daily=True,
    )


def exposure_factor_name(detector: str, mjd: int) -> str:
    """
    Name of the file of exposure factors for a camera and a day.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    mjd : `int`
        Modified Julian day of the middle of the exposure.

    Returns
    -------
    `str`
        For example ``"c2_expfactor_090228.dat"``.
    """
    day = (MJD_0 + timedelta(int(mjd))).strftime("%y%m%d")
    return f"{detector.lower()}_expfactor_{day}.dat"


def c3_vignetting_name(mjd: int) -> str:
    """
    Name of the inverse vignetting of C3 for a day.

    Parameters
    ----------
    mjd : `int`
        Modified Julian day of the exposure.

    Returns
    -------
    `str`
    """
    return C3_VIGNETTING_PRE if mjd < value_of("C3.vignetting_changed") else C3_VIGNETTING_POST


def pointing_table_name(detector: str, time: Time) -> str:
    """
    Name of the table of Sun centres and rolls for a camera and a time.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    time : `~astropy.time.Time`
        The corrected start of the exposure.

    Returns
    -------
    `str`
    """
    before, after = POINTING_TABLES[detector]
    return before if time.utc.mjd < INTERRUPTION else after
