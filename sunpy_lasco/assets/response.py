"""
The fixed response of the pixels.

The response of the pixels of a camera differs from that of their surroundings by 0.85 % rms, and is stable
for years. A repair works with these differences divided out and multiplies the filled values by them;
dividing them out of a whole frame is a flat field. The pattern changed on some days, and a map is never used
beyond these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout

if TYPE_CHECKING:
    from sunpy_lasco.instrument.frame import Frame

__all__ = ["EPOCHS", "ResponseEpoch", "builtin_response", "frame_response", "response_epoch"]

#: Step of the stored map: 127 of them are 12.7 %.
STEP = 0.001


@dataclass(frozen=True)
class ResponseEpoch:
    """A period in which the pixel pattern of a camera did not change, and its map."""

    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: The map is used from the first date to before the second.
    first: str
    last: str
    #: File of the map.
    name: str
    #: Relative 1 sigma of the pattern that remains after the correction, measured on held-back dates.
    residual: float

    def contains(self, mjd: float) -> bool:
        """Whether a day belongs to the period."""
        return _day(self.first) <= mjd < _day(self.last)


@lru_cache(maxsize=16)
def _day(date):
    """A date as MJD."""
    return Time(date).mjd


#: The maps of the package. The stray-light pattern of C3 changed on 1998-11-24 and 2002-06-19, that of C2 on
#: 1998-10-13, 2000-12-02 and 2002-02-06. Within an epoch a map is used up to about two years from its frames, in which
#: a quarter of the pattern's variance changes.
EPOCHS = (
    ResponseEpoch("C3", "1998-11-24", "2002-06-19", "response_c3_2000.fits", 0.0053),
    ResponseEpoch("C3", "2002-06-19", "2015-01-01", "response_c3_2010.fits", 0.0036),
    ResponseEpoch("C2", "2008-01-01", "2012-01-01", "response_c2_2010.fits", 0.0032),
)


def response_epoch(frame: Frame) -> ResponseEpoch | None:
    """
    Find the epoch whose map is valid for a frame.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `ResponseEpoch` or None
    """
    return next((one for one in EPOCHS if one.camera == frame.camera.name and one.contains(frame.mjd)), None)


@lru_cache(maxsize=4)
def builtin_response(epoch: ResponseEpoch) -> np.ndarray:
    """
    A response map of the package.

    Parameters
    ----------
    epoch : `ResponseEpoch`

    Returns
    -------
    `~numpy.ndarray`
        Response of the full frame, near 1, and 1 where it is unknown; float32, shape (1024, 1024), read-only.

    Notes
    -----
    Derived from real frames with `~sunpy_lasco.repair.response_map.derive_response`; the header of the file
    lists them, and the results on held-back dates.
    """
    path = resources.files("sunpy_lasco.assets").joinpath("data", epoch.name)
    with path.open("rb") as file, fits.open(file) as hdus:
        response = unpack_response(hdus[1].data)
    response.setflags(write=False)
    return response


def frame_response(response: np.ndarray, frame: Frame) -> np.ndarray:
    """
    A response in the pixels of a frame.

    Parameters
    ----------
    response : `~numpy.ndarray`
        Of the full frame, shape (1024, 1024).
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~numpy.ndarray`
        Shape of the frame: the mean of the pixels that were summed.
    """
    return block_mean(frame_cutout(np.asarray(response), frame), frame.binning)


def pack_response(response):
    """Encode a map for the package: deviations from 1 in steps of 0.001, int8."""
    return np.clip(np.round((np.asarray(response) - 1.0) / STEP), -127, 127).astype(np.int8)


def unpack_response(stored):
    """Decode a map of `pack_response`, float32."""
    return np.float32(1.0) + np.asarray(stored, dtype=np.float32) * np.float32(STEP)
