"""
A product that the tools of SolarSoft users read.
"""

from pathlib import Path

import numpy as np

from astropy.io import fits

from sunpy_lasco.calibration.fits_bytes import encode_image
from sunpy_lasco.calibration.placement import is_turned
from sunpy_lasco.calibration.records import frame_of, record, require
from sunpy_lasco.calibration.scaling import BLANK, BSCALE, BZERO, SCALE_MAXIMUM, encode_int16
from sunpy_lasco.calibration.statistics import official_statistics
from sunpy_lasco.calibration.wcs import image_roll, image_sun_centre
from sunpy_lasco.files import atomic_path, time_of_writing
from sunpy_lasco.instrument.pointing import binned_position
from sunpy_lasco.map.changes import require_grid
from sunpy_lasco.map.checksum import require_brightness
from sunpy_lasco.map.headers import printable

__all__ = ["solarsoft_hdu", "write_solarsoft", "zero_missing"]

#: Cards that the official header takes over as they are.
COPIED = (
    "fileorig exptime telescop instrume detector readport sumrow sumcol lebxsum lebysum filter polar comprssn "
    "mid_date mid_time r1col r1row r2col r2row"
).split()


def zero_missing(smap):
    """
    Zeros where pixels are missing, as SolarSoft has them.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    map of the same class
    """
    return record(smap, data=np.nan_to_num(smap.data, nan=0.0), history=["Missing pixels set to 0"])


def solarsoft_hdu(smap, *, scale=None, bit_exact=False):
    """
    A level-1 map in the form of the official product.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.
    scale : `bool`, optional
        Write integers of 16 bits; by default for C3 with the filter Clear, as the
        official pipeline does.
    bit_exact : `bool`
        Repeat the official faults of the integers, see
        `~sunpy_lasco.calibration.scaling.encode_int16`.

    Returns
    -------
    `~astropy.io.fits.PrimaryHDU`

    Notes
    -----
    SolarSoft ``reduce_level_1``, ``reduce_statistics2``, ``std_int_scale``.  The roll
    stands in CROTA, as IDL users expect, and not in PCi_j.
    """
    require_grid(smap, "written in the form of the official product")
    require_brightness(smap, "written in the form of the official product")
    require(smap, "detroll", "calibrate")
    meta, frame = smap.meta, frame_of(smap)
    integers = (frame.camera.name == "C3" and frame.filter == "CLEAR") if scale is None else scale
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
    header["RECTIFY"] = 180.0 * is_turned(meta) + meta.get("imgrot", 0.0)
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


def write_solarsoft(smap, path, *, scale=None, bit_exact=False, overwrite=False):
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
        stream.writelines(encode_image(hdu.data, hdu.header.copy()))
    return Path(path)
