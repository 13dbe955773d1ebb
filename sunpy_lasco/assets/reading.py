"""
Reading and checking of the files of assets.

Each file is read once per process and kept until it changes on disk.
"""

import hashlib
import io
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from sunpy_lasco.assets.asset import Asset
from sunpy_lasco.assets.names import CATALOGUE, entry
from sunpy_lasco.assets.systematics import systematic_error
from sunpy_lasco.assets.tables import check_table
from sunpy_lasco.errors import AssetError

__all__ = ["check_file", "check_image", "digest", "file_stamp", "read_bytes", "read_image", "read_text"]

#: Length of a FITS block, byte.
FITS_BLOCK = 2880

#: Images kept in memory: all six of them, at 4 MB each.
_IMAGES = 8
#: Texts kept in memory: a season of daily tables at 10 kB each.
_TEXTS = 256


def file_stamp(path):
    """
    What changes when a file is replaced.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `tuple`
        Time of modification, inode and size.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If there is no such file.
    """
    try:
        status = Path(path).stat()
    except OSError as error:
        msg = f"The file {path} cannot be read: {error.strerror}."
        raise AssetError(msg) from error
    return status.st_mtime_ns, status.st_ino, status.st_size


def read_bytes(path):
    """
    Read a file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    content : `bytes`
    sha256 : `str`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If it cannot be read.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        msg = f"The file {path} cannot be read: {error.strerror}."
        raise AssetError(msg) from error
    return content, digest(content)


def digest(content):
    """
    SHA-256 of the content of a file.

    Parameters
    ----------
    content : `bytes`

    Returns
    -------
    `str`
        Hexadecimal digits.
    """
    return hashlib.sha256(content).hexdigest()


def read_image(path, name=None):
    """
    Read and check a calibration image.

    Parameters
    ----------
    path : path-like
    name : `str`, optional
        Name of the asset; the name of the file if None.

    Returns
    -------
    `Asset`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If the file is not what it should be.
    """
    path = Path(path)
    return _read_image(path, name or path.name, file_stamp(path))


@lru_cache(maxsize=_IMAGES)
def _read_image(path, name, stamp):
    content, sha256 = read_bytes(path)
    data, header = check_image(content, name, path)
    estimated = str(header.get("ORIGIN", "")).strip().upper() == "ESTIMATE"
    sigma, offset = systematic_error(name) if estimated else (None, 0.0)
    return Asset(
        name=name,
        data=data,
        header=header,
        source=path.name,
        sha256=sha256,
        estimated=estimated,
        sigma=sigma,
        offset_sigma=offset,
    )


def read_text(path, name=None):
    """
    Read a table in text form.

    Parameters
    ----------
    path : path-like
    name : `str`, optional
        Name of the asset; the name of the file if None.

    Returns
    -------
    content : `str`
    sha256 : `str`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If the file is not what it should be.
    """
    path = Path(path)
    return _read_text(path, name or path.name, file_stamp(path))


@lru_cache(maxsize=_TEXTS)
def _read_text(path, name, stamp):
    content, sha256 = read_bytes(path)
    return check_text(content, path), sha256


def check_file(path, name, place=None):
    """
    Check that a file is what an asset should be.

    Parameters
    ----------
    path : path-like
    name : `str`
        Name of the asset.
    place : `str`, optional
        What the file is called in messages; its path by default.

    Returns
    -------
    `str`
        SHA-256 of the file.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If it is not.
    """
    kind, place = entry(name).kind, place or str(path)
    content, sha256 = read_bytes(path)
    if kind in ("image", "mask"):
        check_image(content, name, place)
        if len(content) % FITS_BLOCK:
            msg = f"{place} is {len(content)} bytes long, which is no whole number of FITS blocks: it is truncated."
            raise AssetError(msg)
        return sha256
    _refuse_page(content, place)
    try:
        check_table(name, check_text(content, place) if kind == "text" else path)
    except AssetError as error:
        msg = f"{place} is not the table that it should be. {error}"
        raise AssetError(msg) from error
    return sha256


def _refuse_page(content, place):
    """Archives answer with a web page, and status 200, for a file that they do not have."""
    start = content[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        msg = f"{place} is a web page and not the file."
        raise AssetError(msg)
    if not content.strip():
        msg = f"{place} is empty."
        raise AssetError(msg)


def check_text(content, place):
    """Decode a table in text form; an `AssetError` if it is none."""
    _refuse_page(content, place)
    if b"\0" in content:
        msg = f"{place} is no text."
        raise AssetError(msg)
    return content.decode("latin-1")


def check_image(content, name, place):
    """
    Decode and check a calibration image.

    Parameters
    ----------
    content : `bytes`
        Of a FITS file.
    name : `str`
        Name of the asset.
    place : path-like or `str`
        Path or address of the file, for messages.

    Returns
    -------
    data : `numpy.ndarray`
        Native byte order, float32 or, for a mask, uint8; read-only.
    header : `dict`
        The cards by upper-case keyword, without COMMENT and HISTORY.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If it is not the image that it should be.
    """
    item = CATALOGUE.get(name)
    _refuse_page(content, place)
    if not content.startswith(b"SIMPLE"):
        msg = f"{place} is no FITS file."
        raise AssetError(msg)
    try:
        # What astropy warns of (old cards, missing padding) does no harm, and
        # what would do harm is checked here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            with fits.open(io.BytesIO(content), memmap=False) as hdus:
                cards = hdus[0].header
                bitpix, scale = cards["BITPIX"], cards.get("BSCALE", 1)
                needed = hdus[0].fileinfo()["datLoc"] + abs(bitpix) // 8 * _count(cards)
                if len(content) < needed:
                    msg = f"{place} is truncated: it has {len(content)} bytes and should have {needed}."
                    raise AssetError(msg)
                data = hdus[0].data
                header = {key: cards[key] for key in cards if key not in ("COMMENT", "HISTORY", "")}
    except (OSError, ValueError, KeyError, IndexError, TypeError, fits.VerifyError) as error:
        if isinstance(error, AssetError):
            raise
        msg = f"{place} cannot be read as a FITS file: {error}"
        raise AssetError(msg) from error
    shape = None if data is None else data.shape
    if item is not None and shape != item.shape:
        msg = f"{place} holds an image of shape {shape}; {name} has the shape {item.shape}."
        raise AssetError(msg)
    if item is not None and bitpix not in item.bitpix and scale == 1:
        msg = f"{place} has BITPIX {bitpix}; {name} has one of {item.bitpix}."
        raise AssetError(msg)
    return _native(data, item, place), header


def _count(cards):
    """Number of values in the primary array."""
    if not cards["NAXIS"]:
        return 0
    return int(np.prod([cards[f"NAXIS{axis + 1}"] for axis in range(cards["NAXIS"])], dtype=np.int64))


def _native(data, item, place):
    if item is not None and item.kind == "mask":
        if not np.isin(data, (0, 1)).all():
            msg = f"{place} is a mask and holds other values than 0 and 1."
            raise AssetError(msg)
        native = data.astype(np.uint8)
    else:
        native = data.astype(np.float32)
        if not np.isfinite(native).all():
            msg = f"{place} holds {np.count_nonzero(~np.isfinite(native))} values that are not finite."
            raise AssetError(msg)
    native.flags.writeable = False
    return native
