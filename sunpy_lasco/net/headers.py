"""
What a FITS header tells of an image that no listing describes.

Only the first blocks of the file are read.
"""

import zlib

import numpy as np

from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.net.listing import Entry, is_html
from sunpy_lasco.net.values import filter_name, polarizer_name, programme_name, size_name
from sunpy_lasco.net.web import WebError

__all__ = ["remote_entry"]

#: A FITS block, bytes.
BLOCK = 2880
#: Blocks that are asked for; headers of level 0.5 have three, those of level 1 up to six.
BLOCKS = 8
#: Bytes of a compressed file that are asked for.
COMPRESSED = 24 * 1024


def remote_entry(web, url, camera, level):
    """
    Read the header of an image on a server.

    Parameters
    ----------
    web : `~sunpy_lasco.net.web.Web`
        By which to ask.
    url : `str`
        Where the image is.
    camera, level : `str`
        What it must be.

    Returns
    -------
    `~sunpy_lasco.net.listing.Entry` or None
        None where the file holds no pixels, or is not there.

    Raises
    ------
    sunpy_lasco.net.web.WebError
        If the header cannot be had or understood.
    """
    compressed = url.lower().endswith(".gz")
    length = COMPRESSED if compressed else BLOCKS * BLOCK

    def enough(body):
        return len(body) >= length or (not compressed and _header_end(body) is not None)

    body = web.get(url, enough=enough, headers={"Range": f"bytes=0-{length - 1}", "Accept-Encoding": "identity"})
    if body is None:
        return None
    try:
        return _entry(url.rsplit("/", 1)[-1], _header(body), camera, level)
    except (ValueError, KeyError, TypeError, zlib.error, fits.VerifyError) as error:
        reason = "it is a page of HTML" if is_html(body) else str(error)
        msg = f"{url}: the header cannot be read: {reason}"
        raise WebError(msg) from error


def _header_end(body):
    """Number of bytes of the header, or None where its end is not in ``body``."""
    for start in range(0, len(body) - BLOCK + 1, BLOCK):
        block = bytes(body[start : start + BLOCK])
        if any(block[card : card + 8] == b"END     " for card in range(0, BLOCK, 80)):
            return start + BLOCK
    return None


def _header(body):
    if body[:2] == b"\x1f\x8b":
        body = zlib.decompressobj(wbits=31).decompress(body)
    end = _header_end(body)
    if not body.startswith(b"SIMPLE  =") or end is None:
        msg = "it does not begin like FITS"
        raise ValueError(msg)
    # Cards with stray bytes stay unread: those that are wanted are plain.
    return fits.Header.fromstring(body[:end].decode("latin-1"))


def _entry(name, header, camera, level):
    detector = str(header["DETECTOR"]).strip().upper()
    if detector != camera:
        msg = f"it is of {detector}"
        raise ValueError(msg)
    nx, ny = int(header.get("NAXIS1", 0)), int(header.get("NAXIS2", 0))
    if nx <= 0 or ny <= 0:
        return None
    corner = ("P1COL", "P1ROW") if level == "0.5" else ("R1COL", "R1ROW")
    exptime = float(header["EXPTIME"])
    if not np.isfinite(exptime):
        msg = "EXPTIME is no number"
        raise ValueError(msg)
    return Entry(
        name=name,
        start=_start(header),
        exptime=exptime,
        nx=nx,
        ny=ny,
        size=size_name(nx, ny, int(header.get(corner[0], 20)), int(header.get(corner[1], 1))),
        filter=filter_name(str(header["FILTER"])),
        polarizer=polarizer_name(str(header["POLAR"])),
        programme=programme_name(str(header.get("LP_NUM", ""))) if level == "0.5" else "",
    )


def _start(header):
    text = str(header["DATE-OBS"]).strip().replace("/", "-").replace(" ", "T")
    clock = str(header.get("TIME-OBS", "")).strip()
    if "T" not in text:
        if not clock:
            msg = "TIME-OBS is missing"
            raise ValueError(msg)
        text = f"{text}T{clock}"
    try:
        time = Time(text, format="isot", scale="utc")
    except ValueError as error:
        msg = f"{text!r} is no time"
        raise ValueError(msg) from error
    time.precision = 3
    return time.isot
