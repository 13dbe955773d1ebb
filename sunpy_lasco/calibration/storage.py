"""
Level-1 files.

One image, and beside it one binary table that holds flags and uncertainty of all
pixels: further image extensions would make `sunpy.map.Map` return several maps.
"""

import gzip
from pathlib import Path

import numpy as np

from astropy.io import fits
from astropy.nddata import StdDevUncertainty
from astropy.time import Time

import sunpy.map

from sunpy_lasco.errors import HeaderError, LascoError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.map.flags import flags as flags_of
from sunpy_lasco.map.replace import replace
from sunpy_lasco.pixel_flags import FLAG_MEANINGS, PixelFlag

__all__ = ["read_level1", "write_level1"]

#: Name of the table with flags and uncertainty.
PIXELS = "PIXELS"


def level1_folder(smap):
    """
    Folder of a level-1 file below the output directory.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `pathlib.Path`
        ``sunpy_lasco_level1/YYMMDD/c2``: a folder of ours, so that the files, which
        have the names of the official ones, never pass for them.
    """
    return Path("sunpy_lasco_level1") / smap.date.strftime("%y%m%d") / smap.detector.lower()


def write_level1(smap, path, *, overwrite=False, compress=False):
    """
    Write a level-1 map with its flags and uncertainty.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, as of `sunpy_lasco.calibrate`.
    path : path-like
        A file name that ends in .fts, .fits or .gz; or a directory, in which the file
        gets its name by date and camera.
    overwrite : `bool`
        Replace a file of that name.
    compress : `bool`
        Write .gz; also done where the name ends in it.

    Returns
    -------
    `pathlib.Path`
        The file.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If the map is not of level 1.
    FileExistsError
        If the file is there and may not be replaced.

    Notes
    -----
    float32 and checksums.  The file appears whole or not at all.
    """
    if str(smap.meta.get("level", "")).strip() != "1.0":
        msg = f"{smap.meta.get('filename', 'The map')} is not of level 1; calibrate() makes it so."
        raise LascoError(msg)
    path = Path(path)
    if path.suffix.lower() not in (".fts", ".fits", ".gz"):
        path = path / level1_folder(smap) / str(smap.meta["filename"])
    if compress and path.suffix != ".gz":
        path = path.with_name(path.name + ".gz")
    hdus = fits.HDUList([_image_hdu(smap), _pixel_hdu(smap)])
    with atomic_path(path, overwrite=overwrite) as temporary:
        if path.suffix == ".gz":
            # No name and no time inside, so that equal maps make equal files.
            with temporary.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) as stream:
                hdus.writeto(stream, checksum=True)
        else:
            with temporary.open("wb") as stream:
                hdus.writeto(stream, checksum=True)
    return path


def _image_hdu(smap):
    header = smap.fits_header.copy()
    for card in ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BSCALE", "BZERO", "BLANK", "KEYCOMMENTS"):
        header.remove(card, ignore_missing=True)
    header["DATE"] = (Time.now().isot, "when the file was written, UTC")
    header.remove("CHECKSUM", ignore_missing=True)
    header.remove("DATASUM", ignore_missing=True)
    return fits.PrimaryHDU(np.asarray(smap.data, np.float32), header)


def _pixel_hdu(smap):
    """
    A table whose rows are those of the image.

    In a single row astropy would swap the bytes of a million pixels one by one, in 1.5 s.
    """
    nx = smap.data.shape[1]
    columns = [fits.Column("FLAGS", f"{nx}B", array=flags_of(smap))]
    if smap.uncertainty is not None:
        sigma = np.asarray(smap.uncertainty.array, np.float32)
        columns.append(fits.Column("SIGMA", f"{nx}E", unit="MSB", array=sigma))
    hdu = fits.BinTableHDU.from_columns(columns, name=PIXELS)
    for name, meaning in FLAG_MEANINGS.items():
        bit = int(getattr(PixelFlag, name))
        hdu.header[f"FLAG{bit:03d}"] = (name, meaning)
    return hdu


def read_level1(file):
    """
    Read a level-1 file of this package with its flags and uncertainty.

    Parameters
    ----------
    file : path-like

    Returns
    -------
    `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        With ``uncertainty`` and with flags for `sunpy_lasco.flags`.  Of files without
        them, as the official ones are, just the map.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If the flags do not fit the image.
    """
    smap = sunpy.map.Map(file)
    with fits.open(file) as hdus:
        if PIXELS not in hdus:
            return smap
        table = hdus[PIXELS].data
        flags = np.array(table["FLAGS"], np.uint8).reshape(len(table), -1)
        sigma = np.array(table["SIGMA"], np.float32).reshape(flags.shape) if "SIGMA" in table.names else None
    if flags.shape != smap.data.shape:
        msg = f"{file}: the flags have the shape {flags.shape}, the image {smap.data.shape}; the file was changed."
        raise HeaderError(msg)
    uncertainty = None if sigma is None else StdDevUncertainty(sigma, unit=None, copy=False)
    return replace(smap, flags=flags, uncertainty=uncertainty)
