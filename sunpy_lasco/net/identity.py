"""Check that a downloaded image is the one in a row of a search."""

import warnings
from typing import NamedTuple

from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyWarning

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.frame import header_time

__all__ = ["Offer", "mismatch"]

#: Start of an exposure in its header and in a listing may differ by this, s: not at all in level 0.5, but for
#: digits; in level 1 by the error of the clock on board, which one of them may not have corrected.
TOLERANCES = {"0.5": 2.0, "1": 300.0}


class Offer(NamedTuple):
    """Properties of an image in a row; None if missing."""

    camera: str | None
    start: Time | None
    level: str

    @classmethod
    def of_row(cls, row):
        """Read a row of a table of results, which need not have all columns."""
        names = row.colnames
        return cls(
            str(row["Detector"]).strip().upper() if "Detector" in names else None,
            row["Start Time"] if "Start Time" in names else None,
            str(row["Level"]) if "Level" in names else "1",
        )


def mismatch(path, offer):
    """
    Difference of an image (a complete FITS file) from the `Offer`, such as ``"it is an image of C3 and not of C2"``;
    None if camera and time agree or are unknown.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            header = fits.getheader(path)
            camera = str(header.get("DETECTOR", "")).strip().upper()
            start = header_time(header) or header_time(header, "date_obs", "time_obs")
    except (HeaderError, OSError, fits.VerifyError):
        # Other faults are reported when the image is used.
        return None
    if offer.camera and camera in CAMERAS and camera != offer.camera:
        return f"it is an image of {camera} and not of {offer.camera}"
    if offer.start is not None and start is not None:
        apart = abs((start - offer.start).to_value("s"))
        if apart > TOLERANCES.get(offer.level, max(TOLERANCES.values())):
            return f"it is an image of {start.isot[:19]} and not of {offer.start.isot[:19]}"
    return None
