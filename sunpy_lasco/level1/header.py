"""
The header of level 1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sunpy.util import MetaDict

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.geometry.cards import image_sun_centre, wcs_cards
from sunpy_lasco.geometry.ephemeris import idl_solar_radius
from sunpy_lasco.geometry.resampling import rectified_by
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.instrument.constants import constants_hash
from sunpy_lasco.instrument.pixel_grid import binned_position
from sunpy_lasco.level1.scaling import SCALE_MAXIMUM, is_scaled
from sunpy_lasco.level1.statistics import image_statistics, official_statistics
from sunpy_lasco.map.edit import add_history, frame_of, replace, require

if TYPE_CHECKING:
    from collections.abc import Collection

    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["finish_header", "level1_name", "name_by_time", "product_name"]

#: Cards that level 1 copies from level 0.5.
COPIED = (
    "fileorig",
    "telescop",
    "instrume",
    "detector",
    "readport",
    "sumrow",
    "sumcol",
    "lebxsum",
    "lebysum",
    "filter",
    "polar",
    "comprssn",
    "hcomp_sf",
    "lp_num",
    "os_num",
    "mid_date",
    "mid_time",
    "r1col",
    "r1row",
    "r2col",
    "r2row",
    "exptime",
    "nmissing",
    "misslist",
)
#: Cards written by the calibration that are kept.
KEPT = (
    "date-ori date-obs date-beg date-avg date-end timesys timesrc timeoff timesig "
    "biasval biassrc biassig expfac expfsig expfsrc calfac calscale calfsig polsig linsig "
    "vigfile vigsha vigest vigsig rampfile rampsha rampest straysig strayadd maskfile masksha "
    "distort geoscale occcen1 occcen2 dist_k0 dist_k1 dist_k2 imgrot imgpiv1 imgpiv2 imgtar1 imgtar2 turned "
    "sunpix1 sunpix2 detroll centsrc rollsrc centsig rollsig centstat rollstat starn starrms "
    "hgln_obs hglt_obs dsun_obs rsun_ref rsun_obs obssrc obserr bunit calopts patfile patsha patsig "
    "nfilled fillmeth bkgfile bkgsha bkgest"
).split()
#: Names of level-0.5 files (camera, kind of data, counter) and of daily and monthly models.
LEVEL05_NAME = re.compile(r"[1-4](?:[123]\d{6}\.|[md])")
#: Second characters of level-0.5 names and their counterparts in level 1.
NAME_DIGITS = {"1": "4", "2": "5", "3": "4"}


def level1_name(name):
    """
    Name of the level-1 file for a level-0.5 file.

    Parameters
    ----------
    name : `str`
        For example ``22299383.fts``, ``3m_clcl_all.fts``.

    Returns
    -------
    `str`
        ``25299383.fts``, ``3m1_clcl_all.fts``.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If it is not the name of a level-0.5 file.

    Notes
    -----
    SolarSoft ``reduce_level_1``.
    """
    second = name[1:2]
    if second in NAME_DIGITS:
        return name[0] + NAME_DIGITS[second] + name[2:]
    if second in ("m", "d"):
        split = 3 if name[2:3] == "r" else 2
        return f"{name[:split]}1{name[split:]}"
    msg = f"{name!r} is not the name of a level-0.5 file: its second character must be 1, 2, 3, m or d."
    raise NotCalibratableError(msg)


def name_by_time(frame):
    """
    Name of a file without a usable FILENAME.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `str`
        Name made of the camera and the start by the on-board clock, such as ``lasco_c2_20090228_000603.fts``.
    """
    return f"lasco_{frame.camera.name.lower()}_{frame.start.strftime('%Y%m%d_%H%M%S')}.fts"


def product_name(frame):
    """
    Name of the level-1 file for a frame.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `str`
        The result of `level1_name`; if FILENAME is missing or not a name of the ground system, as in renamed
        files, that of `name_by_time`.
    """
    if LEVEL05_NAME.match(frame.filename):
        return level1_name(frame.filename)
    return name_by_time(frame)


def finish_header(
    smap: AnyCoronagraphMap, *, provenance: Collection[str] = (), statistics: str = "nan", version: str = ""
) -> AnyCoronagraphMap:
    """
    Create the header of level 1.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        After all other steps.
    provenance : sequence of `str`, optional
        Further lines of HISTORY.
    statistics : `str`
        ``"nan"``: of the valid pixels; ``"official"``: by SolarSoft's algorithm.
    version : `str`
        Version of the package.

    Returns
    -------
    map of the same class
        With a new header: instrument, time, WCS, provenance, statistics, HISTORY.

    Notes
    -----
    SolarSoft ``reduce_level_1``, ``reduce_statistics2``. XCEN, YCEN and RSUN are kept for users of the
    official product; RSUN is 0.055 % larger than RSUN_OBS. The roll is given only by PCi_j, because FITS
    forbids CROTA beside it.
    """
    require(smap, "distort", "correct_distortion")
    require(smap, "date-ori", "correct_time")
    old, frame = smap.meta, frame_of(smap)
    meta = MetaDict()
    meta["filename"] = product_name(frame)
    for card in (*COPIED, *KEPT):
        if card in old and old[card] not in (None, ""):
            meta[card] = old[card]
    meta["obsrvtry"] = "SOHO"
    meta["level"] = "1.0"
    meta["lvl_num"] = 1.0
    meta["rectify"] = rectified_by(old)
    meta.update({card: value for card, value in wcs_cards(old, smap.data.shape).items() if value is not None})
    sun = binned_position(image_sun_centre(old), frame)
    for axis, length in enumerate((frame.shape[1], frame.shape[0])):
        card = ("xcen", "ycen")[axis]
        meta[card] = float(meta[f"cdelt{axis + 1}"] * ((length - 1) / 2 - sun[axis]))
    meta["rsun"] = float(idl_solar_radius(frame.mjd))
    cards = image_statistics(smap.data) if statistics != "official" else None
    if cards is None:
        maximum = SCALE_MAXIMUM if is_scaled(frame) else None
        cards, _ = official_statistics(smap.data, saturation_maximum=maximum)
    meta.update({card.lower(): value for card, value in cards.items()})
    meta["origin"] = "sunpy_lasco"
    meta["creator"] = f"sunpy_lasco {version}".strip()
    meta["constsha"] = constants_hash()
    lines = [line for line in str(old.get("history", "")).split("\n") if line.strip()]
    source = frame_name(old, "level 0.5")
    add_history(
        meta,
        *(line for line in lines if not _is_old_bias(line)),
        *provenance,
        f"sunpy_lasco {version}: {source} -> {meta['filename']}",
    )
    return replace(smap, meta=meta)


def _is_old_bias(line):
    """HISTORY lines of level 0.5 about a bias that was not used."""
    return "offset_bias" in line.lower()
