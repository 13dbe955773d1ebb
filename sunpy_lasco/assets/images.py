"""
Reading and checking of calibration images.
"""

import io
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from sunpy_lasco.assets.asset import Asset
from sunpy_lasco.assets.files import file_stamp, read_bytes, refuse_page
from sunpy_lasco.assets.names import CATALOGUE, entry
from sunpy_lasco.assets.orbits import read_orbit
from sunpy_lasco.assets.plausible import check_values
from sunpy_lasco.assets.systematics import systematic_error
from sunpy_lasco.assets.tables import check_table
from sunpy_lasco.errors import AssetError

__all__ = ["check_file", "check_image", "check_text", "read_image", "read_text"]

#: Images kept in memory: all six of them, at 4 MB each.
_IMAGES = 8


def read_image(path, name=None):
    """
    Read and check a calibration image, an `Asset`, whose name is by default that of the file;
    `~sunpy_lasco.errors.AssetError` if it is invalid.
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


def check_image(content, name, place):
    """
    Decode and check a calibration image, the content of a FITS file. ``place``, a path or an address, is used
    in messages.

    Return the read-only data in native byte order (float32, or uint8 for a mask) and the cards by upper-case
    keyword, without COMMENT and HISTORY. `~sunpy_lasco.errors.AssetError` is raised if it is not the expected
    image.
    """
    item = CATALOGUE.get(name)
    refuse_page(content, place)
    if not content.startswith(b"SIMPLE"):
        msg = f"{place} is not a FITS file."
        raise AssetError(msg)
    try:
        # astropy's warnings (old cards, missing padding) are harmless, and real problems are
        # checked here.
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
    native = _native(data, item, place)
    check_values(name, native, header, place)
    return native, header


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


#: Length of a FITS block, byte.
FITS_BLOCK = 2880
#: Texts kept in memory: a season of daily tables at 10 kB each.
_TEXTS = 256


def read_text(path, name=None):
    """
    Content and SHA-256 of a table in text form, whose name is by default that of the file;
    `~sunpy_lasco.errors.AssetError` if it is invalid.
    """
    path = Path(path)
    return _read_text(path, name or path.name, file_stamp(path))


@lru_cache(maxsize=_TEXTS)
def _read_text(path, name, stamp):
    content, sha256 = read_bytes(path)
    return check_text(content, path), sha256


def check_file(path, name, place=None):
    """
    Check that a file, called ``place`` in messages, is a valid asset, and return its SHA-256; else raise
    `~sunpy_lasco.errors.AssetError`.
    """
    kind, place = entry(name).kind, place or str(path)
    content, sha256 = read_bytes(path)
    if kind == "orbit":
        read_orbit(path)
        return sha256
    if kind in ("image", "mask"):
        check_image(content, name, place)
        if len(content) % FITS_BLOCK:
            msg = f"{place} is {len(content)} bytes long, which is not a whole number of FITS blocks: it is truncated."
            raise AssetError(msg)
        return sha256
    refuse_page(content, place)
    try:
        check_table(name, check_text(content, place) if kind == "text" else path)
    except AssetError as error:
        msg = f"{place} is not the expected table. {error}"
        raise AssetError(msg) from error
    return sha256


def check_text(content, place):
    """
    Decode a table in text form from a place, path or address, for messages;
    `~sunpy_lasco.errors.AssetError` if it is not a text.
    """
    refuse_page(content, place)
    if b"\0" in content:
        msg = f"{place} is not text."
        raise AssetError(msg)
    return content.decode("latin-1")
