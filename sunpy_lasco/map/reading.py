"""
Safe reading of unknown files.

`sunpy.map.Map` opens any file. A pipe blocks it forever, and a header with wrong sizes or an archive of zeros
fills the memory. This module detects such files beforehand.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning, AstropyWarning

import sunpy.map

from sunpy_lasco.errors import BadFrameError, HeaderError, LascoError
from sunpy_lasco.files import content_of, refuse_sizes
from sunpy_lasco.map.simple_fits import simple_image

if TYPE_CHECKING:
    from sunpy.map import GenericMap

    from sunpy_lasco.annotations import PathLike

__all__ = ["open_map"]

#: Largest size of a file with one image after unpacking, bytes; those of LASCO have up to 11 MB.
LARGEST = 64 * 1024**2


def open_map(file: PathLike) -> GenericMap:
    """
    Read a file that should hold one image.

    Parameters
    ----------
    file : path-like
        FITS, or FITS compressed by gzip.

    Returns
    -------
    `~sunpy.map.GenericMap`
        As for `sunpy.map.Map`.

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If it is not a regular FITS file, is truncated, or too large. This is checked before the image is
        opened.
    sunpy_lasco.errors.HeaderError
        If it holds several images, or no map can be created from the image.
    OSError
        If the file does not exist or cannot be read.
    """
    content = content_of(file, limit=LARGEST)
    simple = simple_image(content)
    if simple is None:
        refuse_sizes(file, content)
        _check_whole(file, content)
    try:
        if simple is None:
            with warnings.catch_warnings():
                # Warnings about cards with tabulators, which almost every file of the archive has.
                warnings.simplefilter("ignore", VerifyWarning)
                warnings.filterwarnings("ignore", "Unexpected extra padding", AstropyUserWarning)
                smap = sunpy.map.Map(file)
        else:
            smap = sunpy.map.Map(*simple)
    except LascoError:
        raise
    except Exception as error:
        msg = f"{file}: it cannot be read as a map ({_reason(error)})."
        raise HeaderError(msg) from error
    if isinstance(smap, list):
        msg = f"{file} holds {len(smap)} images instead of one."
        raise HeaderError(msg)
    return smap


def _check_whole(file, content):
    """Raise an error if a file is not FITS, or shorter than its headers state."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            with fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=False) as hdus:
                places = [hdu.fileinfo() for hdu in hdus]
    except Exception as error:
        msg = f"{file} is not a FITS file, or its header is damaged ({_reason(error)}). Copy or download it again."
        raise BadFrameError(msg) from error
    end = max(place["datLoc"] + place["datSpan"] for place in places)
    if len(content) < end:
        msg = f"{file} is truncated: it has {len(content)} of {end} bytes. Copy or download it again."
        raise BadFrameError(msg)


def _reason(error):
    """The message of another package, without the file name that sunpy prepends."""
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Failed to read", "If you want to bypass"))]
    return lines[0] if lines else type(error).__name__
