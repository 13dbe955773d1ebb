"""
Reading and checking of the files of assets.

Each file is read once per process and kept until it changes on disk.
"""

from functools import lru_cache
from pathlib import Path

from sunpy_lasco.assets.files import file_stamp, read_bytes, refuse_page
from sunpy_lasco.assets.images import check_image
from sunpy_lasco.assets.names import entry
from sunpy_lasco.assets.orbits import read_orbit
from sunpy_lasco.assets.tables import check_table
from sunpy_lasco.errors import AssetError

__all__ = ["check_file", "check_text", "read_text"]

#: Length of a FITS block, byte.
FITS_BLOCK = 2880
#: Texts kept in memory: a season of daily tables at 10 kB each.
_TEXTS = 256


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
    if kind == "orbit":
        read_orbit(path)
        return sha256
    if kind in ("image", "mask"):
        check_image(content, name, place)
        if len(content) % FITS_BLOCK:
            msg = f"{place} is {len(content)} bytes long, which is no whole number of FITS blocks: it is truncated."
            raise AssetError(msg)
        return sha256
    refuse_page(content, place)
    try:
        check_table(name, check_text(content, place) if kind == "text" else path)
    except AssetError as error:
        msg = f"{place} is not the table that it should be. {error}"
        raise AssetError(msg) from error
    return sha256


def check_text(content, place):
    """
    Decode a table in text form.

    Parameters
    ----------
    content : `bytes`
    place : path-like or `str`
        Path or address of the file, for messages.

    Returns
    -------
    `str`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If it is no text.
    """
    refuse_page(content, place)
    if b"\0" in content:
        msg = f"{place} is no text."
        raise AssetError(msg)
    return content.decode("latin-1")
