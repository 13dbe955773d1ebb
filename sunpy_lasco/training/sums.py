"""
Exposures summed over 2 x 2 pixels, as the electronics box sums them.
"""

from dataclasses import replace

import numpy as np

from sunpy_lasco.instrument.frame import Frame

__all__ = ["summed"]

#: Pixels along an axis that are added.
SUM = 2


def _add(image):
    """Sums over squares of pixels."""
    ny, nx = image.shape
    return image.reshape(ny // SUM, SUM, nx // SUM, SUM).sum(axis=(1, 3))


def summed(exposure):
    """
    Sum an exposure, and its neighbours.

    Parameters
    ----------
    exposure : `~sunpy_lasco.training.frames.Exposure`
        A full frame without sums, with its header.

    Returns
    -------
    `~sunpy_lasco.training.frames.Exposure`
        Of the same group of dates; pixels of which one was not measured are 0.
    """
    raw = np.asarray(exposure.raw, dtype=float)
    counts = np.where(_add((raw == 0).astype(int)) > 0, 0.0, _add(raw)).astype(np.float32)
    header = exposure.header.copy()
    header["NAXIS1"], header["NAXIS2"] = counts.shape[::-1]
    header["LEBXSUM"] = header["LEBYSUM"] = SUM
    frame = Frame.from_header(header, counts.shape)
    around = tuple(summed(other) for other in exposure.neighbours)
    name = f"{exposure.name} summed"
    return replace(exposure, raw=counts, header=header, frame=frame, name=name, neighbours=around)
