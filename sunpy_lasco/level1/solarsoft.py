"""
Level 1 in the form of the official SolarSoft product.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astropy.io import fits

from sunpy_lasco.files import atomic_path, time_of_writing
from sunpy_lasco.geometry.cards import image_roll, image_sun_centre
from sunpy_lasco.geometry.resampling import interpolate, rectified_by, resampling_of
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.blocks import grid_shape
from sunpy_lasco.instrument.changes import require_grid
from sunpy_lasco.instrument.headers import printable
from sunpy_lasco.instrument.pixel_grid import binned_position
from sunpy_lasco.level1.fits_bytes import encode_image
from sunpy_lasco.level1.scaling import BLANK, BSCALE, BZERO, SCALE_MAXIMUM, encode_int16, is_scaled
from sunpy_lasco.level1.statistics import official_statistics
from sunpy_lasco.map.checksum import require_brightness
from sunpy_lasco.map.edit import frame_of, record, require
from sunpy_lasco.pixel_flags import flagged
from sunpy_lasco.repair.fill import find_zones
from sunpy_lasco.repair.missing import find_missing_blocks

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = [
    "keep_zeros",
    "mask_unsent",
    "official_repair",
    "solarsoft_hdu",
    "turns_north",
    "write_solarsoft",
    "zero_missing",
]

#: SolarSoft fills no block if a zone has more lost blocks than this, or touches these rows or columns of blocks.
LARGEST_OFFICIAL_ZONE, EDGE_BLOCKS = 16, (0, 31)
#: Largest share of the pixels of C2 that are usually not sent: 65 of 1024 blocks, in most frames 61.
USUALLY_EMPTY = 65 / 1024
#: SolarSoft rotates solar north up from this roll on, degree.
SMALLEST_TURN = 1.0

#: Cards that the official header copies unchanged.
COPIED = (
    "fileorig exptime telescop instrume detector readport sumrow sumcol lebxsum lebysum filter polar comprssn "
    "mid_date mid_time r1col r1row r2col r2row"
).split()


def official_repair(smap):
    """
    Method that SolarSoft would use to fill the lost blocks of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.

    Returns
    -------
    `str` or None
        ``"fuzzy"`` for C3 Clear without sums. None for all others, and if a zone of lost blocks has more than
        16 of them or touches the edge of the frame; SolarSoft then fills none.

    Notes
    -----
    SolarSoft ``c3_calibrate``, ``fuzzy_image``.
    """
    frame = frame_of(smap)
    if frame.camera.name != "C3" or frame.filter != "CLEAR" or frame.is_derived or frame.is_binned:
        return None
    grid = np.zeros(grid_shape(frame), bool)
    for column, row in find_missing_blocks(smap):
        grid[row, column] = True
    for zone in find_zones(grid):
        edge = any(row in EDGE_BLOCKS or column in EDGE_BLOCKS for row, column in zone.blocks)
        if edge or len(zone.blocks) > LARGEST_OFFICIAL_ZONE:
            return None
    return "fuzzy"


def keep_zeros(smap):
    """
    Replace the NaN of missing blocks by zeros, for C2.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts, missing pixels NaN.

    Returns
    -------
    smap : map of the same class
        For C2, 0 where pixels were NaN; C3 is unchanged, since its mask hides them.
    sent : `numpy.ndarray` of `bool` or None
        Pixels that hold counts; None if no more than the usual blocks are missing.

    Notes
    -----
    SolarSoft ``c2_calibrate``: the bias is subtracted from these zeros, too. Only if blocks are missing that
    are usually sent, the corrected image is multiplied by a mask.
    """
    if frame_of(smap).camera.name != "C2":
        return record(smap), None
    sent = np.isfinite(smap.data)
    lost = flagged(smap._flags, "MISSING")
    usual = not (lost & ~sent).any() and (~sent).mean() <= USUALLY_EMPTY
    return record(smap, data=np.nan_to_num(smap.data, nan=0.0)), None if usual else sent


def mask_unsent(smap, sent):
    """
    Multiply a corrected image by the share of pixels that were sent.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        After `~sunpy_lasco.level1.warp.correct_distortion`, in detector orientation.
    sent : `numpy.ndarray` of `bool` or None
        As for `keep_zeros`.

    Returns
    -------
    map of the same class

    Notes
    -----
    SolarSoft ``c2_calibrate``: the mask is interpolated in the same way as the image.
    """
    if sent is None:
        return record(smap)
    share, resampling = sent.astype(np.float32), resampling_of(smap.meta, smap.data.shape)
    if resampling is not None:
        share = np.nan_to_num(interpolate(share, resampling).image)
    return record(smap, data=smap.data * share, history=["Missing blocks masked"])


def zero_missing(smap):
    """
    Replace missing pixels by zeros, as in SolarSoft.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    map of the same class
    """
    return record(smap, data=np.nan_to_num(smap.data, nan=0.0), history=["Missing pixels set to 0"])


def turns_north(roll):
    """
    Whether SolarSoft rotates solar north up.

    Parameters
    ----------
    roll : `float`
        Of the camera, degree.

    Returns
    -------
    `bool`
        Whether the roll of the rectified image is at least 1 degree.

    Notes
    -----
    SolarSoft ``reduce_level_1`` tests the roll before reducing it to +-180 degrees, and therefore also
    rotates -359.7; this function does not.
    """
    return abs(float(normalize_roll(roll - 180.0 * is_flipped(roll)))) >= SMALLEST_TURN


def solarsoft_hdu(smap, *, scale=None, bit_exact=False):
    """
    Convert a level-1 map to the form of the official product.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.
    scale : `bool`, optional
        Write 16-bit integers; by default for C3 with the filter Clear, as the official pipeline does.
    bit_exact : `bool`
        Reproduce the faults of the official integers, see `~sunpy_lasco.level1.scaling.encode_int16`.

    Returns
    -------
    `~astropy.io.fits.PrimaryHDU`

    Notes
    -----
    SolarSoft ``reduce_level_1``, ``reduce_statistics2``, ``std_int_scale``. The roll is in CROTA, as IDL
    users expect, and not in PCi_j.
    """
    require_grid(smap, "written as an official product")
    require_brightness(smap, "written as an official product")
    require(smap, "detroll", "calibrate")
    meta, frame = smap.meta, frame_of(smap)
    integers = is_scaled(frame) if scale is None else scale
    image = np.nan_to_num(np.asarray(smap.data, float))
    cards, image = official_statistics(image, saturation_maximum=SCALE_MAXIMUM if integers else None)
    header = fits.Header()
    header["DATE"] = time_of_writing()
    header["FILENAME"] = meta["filename"]
    header["DATE-OBS"] = meta["date-obs"]
    header["DATE_OBS"] = meta["date-obs"]
    header["TIME-OBS"] = ("", "Obsolete")
    for card in COPIED:
        if card in meta:
            header[card.upper()] = meta[card]
    roll = image_roll(meta)
    sun = binned_position(image_sun_centre(meta), frame)
    header["LEVEL"] = "1.0"
    header["RECTIFY"] = rectified_by(meta)
    for axis in (1, 2):
        header[f"CRPIX{axis}"] = sun[axis - 1] + 1
        header[f"CRVAL{axis}"] = 0
        header[f"CTYPE{axis}"] = ("HPLN-TAN", "HPLT-TAN")[axis - 1]
        header[f"CUNIT{axis}"] = "arcsec"
        header[f"CDELT{axis}"] = meta[f"cdelt{axis}"]
        card = ("XCEN", "YCEN")[axis - 1]
        header[card] = meta[card.lower()]
    for card in ("CROTA", "CROTA1", "CROTA2"):
        header[card] = roll
    header["RSUN"] = meta["rsun"]
    header["NMISSING"] = meta.get("nmissing", 0)
    header["MISSLIST"] = meta.get("misslist", "None")
    header["BUNIT"] = "MSB"
    for card, value in cards.items():
        header[card] = float(value) if isinstance(value, np.floating) else value
    header["COMMENT"] = "FITS coordinate for center of full image is (512.5,512.5)."
    header["COMMENT"] = "Rotate image CROTA degrees CCW to correct."
    header["COMMENT"] = "Percentile values are before scaling."
    header["COMMENT"] = "Made by sunpy_lasco; not an official product."
    for line in str(printable(meta).get("history", "")).split("\n"):
        header["HISTORY"] = line
    if not integers:
        return fits.PrimaryHDU(image.astype(np.float32), header)
    hdu = fits.PrimaryHDU(encode_int16(image if bit_exact else smap.data, official=bit_exact), header)
    hdu.header["BSCALE"] = BSCALE
    hdu.header["BZERO"] = BZERO
    hdu.header["BLANK"] = BLANK
    hdu.header["COMMENT"] = f"Data is scaled between 0 and {SCALE_MAXIMUM:.5e}"
    return hdu


def write_solarsoft(
    smap: CoronagraphMap, path: PathLike, *, scale: bool | None = None, bit_exact: bool = False, overwrite: bool = False
) -> Path:
    """
    Write a level-1 map in the form of the official product.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.
    path : path-like
        Name of the file.
    scale, bit_exact : `bool`
        See `solarsoft_hdu`.
    overwrite : `bool`
        Replace a file of that name.

    Returns
    -------
    `pathlib.Path`
    """
    hdu = solarsoft_hdu(smap, scale=scale, bit_exact=bit_exact)
    with atomic_path(path, overwrite=overwrite) as temporary, temporary.open("wb") as stream:
        stream.writelines(encode_image(hdu.data, hdu.header))
    return Path(path)
