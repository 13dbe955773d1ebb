"""
What calibration and repair read off a map, and how they tell what they did.
"""

from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.map.changes import require_exposure

__all__ = ["add_history", "frame_of"]


def frame_of(smap):
    """
    The `~sunpy_lasco.instrument.frame.Frame` of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `~sunpy_lasco.instrument.frame.Frame`

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the map is not the image of one exposure, but a difference, a multiple and so on.
    """
    require_exposure(smap, "calibrated or repaired")
    return Frame.from_header(smap.meta, smap.data.shape)


def add_history(meta, *lines):
    """
    Append lines to the HISTORY of a header, in place.

    Parameters
    ----------
    meta : `~sunpy.util.MetaDict`
    *lines : `str`
    """
    before = str(meta.get("history", "") or "").rstrip("\n")
    meta["history"] = "\n".join(([before] if before else []) + list(lines))
