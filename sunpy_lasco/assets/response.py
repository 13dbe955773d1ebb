"""
The fixed response of the pixels.

The pixels of a camera differ from their surroundings by 0.85 % rms, and keep doing so
for years.  A repair is made with these differences divided out, and they are
multiplied back into what it fills; dividing them out of a whole frame is a flat
field.  The pattern changed on some days, and a map is never used beyond them.
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
    """A time in which the pattern of the pixels of a camera did not change, and the map of it."""

    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: The map is used from the first date to before the second.
    first: str
    last: str
    #: File of the map.
    name: str
    #: 1 sigma of what the map leaves of the pattern, relative, as held-back dates show.
    residual: float

    def contains(self, mjd: float) -> bool:
        """Whether a day belongs to it."""
        return Time(self.first).mjd <= mjd < Time(self.last).mjd


#: The maps that come with the package.  The stray-light pattern of C3 changed on 1998-11-24
#: and 2002-06-19, that of C2 on 1998-10-13, 2000-12-02 and 2002-02-06.  Within an epoch a map
#: is used to about two years from its frames: in that time a quarter of the pattern's
#: variance becomes another.
EPOCHS = (
    ResponseEpoch("C3", "1998-11-24", "2002-06-19", "response_c3_2000.fits", 0.0053),
    ResponseEpoch("C3", "2002-06-19", "2015-01-01", "response_c3_2010.fits", 0.0036),
    ResponseEpoch("C2", "2008-01-01", "2012-01-01", "response_c2_2010.fits", 0.0032),
)


def response_epoch(frame: Frame) -> ResponseEpoch | None:
    """
    The epoch whose map fits a frame.

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
    A map that comes with the package.

    Parameters
    ----------
    epoch : `ResponseEpoch`

    Returns
    -------
    `~numpy.ndarray`
        Response of the full frame, near 1, and 1 where it is not known; float32, shape
        (1024, 1024), not writable.

    Notes
    -----
    Derived from real frames by `~sunpy_lasco.repair.response_map.derive_response`; the header of the file says from
    which, and how well the map does on dates that were held back.
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
    """Bring a map into the form in which it is shipped: deviations from 1 in steps of 0.001, int8."""
    return np.clip(np.round((np.asarray(response) - 1.0) / STEP), -127, 127).astype(np.int8)


def unpack_response(stored):
    """The map of `pack_response`, float32."""
    return np.float32(1.0) + np.asarray(stored, dtype=np.float32) * np.float32(STEP)
