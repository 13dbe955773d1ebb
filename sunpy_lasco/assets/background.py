"""
Background models for the repair.

F corona, stray light, vignetting, and the shadows of occulter and pylon change little from year to year, and
a frame divided by them is nearly flat. A model is an image of the full frame at full resolution in DN / s.
Its level is arbitrary, because it is scaled to the surroundings of each hole.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from astropy.io import fits

from sunpy_lasco.errors import AssetError
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout, nearest_known

if TYPE_CHECKING:
    from collections.abc import Collection

    from sunpy_lasco.assets.asset import Asset
    from sunpy_lasco.instrument.frame import Frame

__all__ = ["builtin_background", "derive_background", "frame_background", "image_background", "official_background"]

#: Pixels darker than this in a model are set to it, DN / s.
FLOOR = 0.05
#: Step of the stored logarithm.
LOG_STEP = 2e-4
#: Binning of the stored model, full-resolution pixels along an axis.
STORED_BINNING = 2
#: Side of the median, and sigma of the Gaussian, that smooth a derived model; pixel.
MEDIAN_BOX = 7
GAUSSIAN = 1.5
#: Exposure time of the official model if its header has none, s.
OFFICIAL_EXPTIME = 19.0


def derive_background(signals: Collection[np.ndarray], frames: Collection[Frame]) -> np.ndarray:
    """
    Derive a background model from frames.

    Parameters
    ----------
    signals : sequence of `~numpy.ndarray`
        Counts above the bias of full frames without sums, DN; NaN in missing or unusable pixels. Shape (1024,
        1024).
    frames : sequence of `~sunpy_lasco.instrument.frame.Frame`
        Their headers.

    Returns
    -------
    `~numpy.ndarray`
        DN / s, shape (1024, 1024): the median of the logarithms of frames scaled to the level of the first,
        smoothed over some pixels to remove noise and stars.

    Raises
    ------
    ValueError
        If there is no frame, or one that is not a full frame without sums.
    """
    if not len(signals):
        msg = "A background model needs at least one frame."
        raise ValueError(msg)
    logs = []
    for signal, frame in zip(signals, frames, strict=True):
        if not frame.is_full_frame or frame.is_binned:
            name = frame.filename or "A frame"
            msg = f"{name} is not a full frame without sums and cannot be used for a background model."
            raise ValueError(msg)
        rate = np.asarray(signal, dtype=np.float32) / np.float32(frame.exptime)
        logs.append(np.log(np.where(rate > FLOOR, rate, np.nan)))
    for later in logs[1:]:
        later -= np.nanmedian(later - logs[0])
    stack = np.array(logs)
    seen = np.isfinite(stack).any(axis=0)
    middle = np.full(seen.shape, np.float32(np.log(FLOOR)))
    middle[seen] = np.nanmedian(stack[:, seen], axis=0)
    smooth = ndimage.median_filter(nearest_known(middle, seen), MEDIAN_BOX, mode="nearest")
    return np.exp(ndimage.gaussian_filter(smooth, GAUSSIAN, mode="nearest"))


def pack_background(model):
    """
    Encode a model, DN / s, (1024, 1024), for the package: means over 2 x 2 pixels as int16 steps of the
    natural logarithm.
    """
    logs = np.log(np.maximum(block_mean(np.asarray(model, dtype=float), (STORED_BINNING, STORED_BINNING)), FLOOR))
    return np.round(logs / LOG_STEP).astype(np.int16)


def unpack_background(stored):
    """Decode a model of `pack_background`, shape (1024, 1024)."""
    logs = ndimage.zoom(
        np.asarray(stored, dtype=np.float32) * np.float32(LOG_STEP),
        STORED_BINNING,
        order=3,
        mode="nearest",
        grid_mode=True,
    )
    return np.exp(logs)


@lru_cache(maxsize=2)
def builtin_background(camera: str) -> np.ndarray:
    """
    The background model of the package.

    Parameters
    ----------
    camera : `str`
        ``"C2"`` or ``"C3"``.

    Returns
    -------
    `~numpy.ndarray`
        DN / s in the usual filter (C2 Orange, C3 Clear), shape (1024, 1024); not
        writable.

    Notes
    -----
    Derived from real frames with `derive_background`; the header of the file lists them.
    """
    path = resources.files("sunpy_lasco.assets").joinpath("data", f"background_{camera.lower()}.fits")
    with path.open("rb") as file, fits.open(file) as hdus:
        model = unpack_background(hdus[1].data)
    model.setflags(write=False)
    return model


def official_background(asset: Asset) -> np.ndarray:
    """
    The official minimum model of C3.

    Parameters
    ----------
    asset : `~sunpy_lasco.assets.Asset`
        ``3m_clcl_all.fts``: DN in the EXPTIME of its header, without bias.

    Returns
    -------
    `~numpy.ndarray`
        DN / s, shape (1024, 1024).

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If the image has another shape.
    """
    image = np.asarray(asset.data, dtype=np.float32)
    if image.shape != (FULL_FRAME, FULL_FRAME):
        msg = f"{asset.source} has the shape {image.shape}, a background model {(FULL_FRAME, FULL_FRAME)}."
        raise AssetError(msg)
    exptime = float(asset.header.get("EXPTIME", asset.header.get("exptime", OFFICIAL_EXPTIME)) or OFFICIAL_EXPTIME)
    return np.maximum(image / np.float32(exptime), FLOOR)


def frame_background(model: np.ndarray, frame: Frame) -> np.ndarray:
    """
    A model in the pixels of a frame.

    Parameters
    ----------
    model : `~numpy.ndarray`
        DN / s, shape (1024, 1024).
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~numpy.ndarray`
        DN above the bias of a stored pixel, shape of the frame.
    """
    sx, sy = frame.binning
    return block_mean(frame_cutout(model, frame), frame.binning) * (frame.exptime * sx * sy)


def image_background(
    signal: np.ndarray, known: np.ndarray, x: np.ndarray, y: np.ndarray, *, rings: int = 64, sectors: int = 24
) -> np.ndarray:
    """
    A background derived from the image itself: medians by distance and direction.

    For images without a model, such as level 1.

    Parameters
    ----------
    signal : `~numpy.ndarray`
        Shape (ny, nx).
    known : `~numpy.ndarray` of `bool`
        Pixels that count.
    x, y : `~numpy.ndarray`
        Position of columns and rows from the Sun's centre.
    rings, sectors : `int`, optional
        Steps in distance (logarithmic) and direction.

    Returns
    -------
    `~numpy.ndarray`
        In units of the signal, positive, shape (ny, nx).
    """
    radius = np.log(np.hypot(x[None, :], y[:, None]) + 1.0)
    angle = np.arctan2(y[:, None], x[None, :])
    good = known & (np.nan_to_num(signal) > 0)
    edges = np.linspace(radius[good].min(), radius[good].max() + 1e-6, rings + 1)
    ring = np.clip(np.digitize(radius, edges) - 1, 0, rings - 1)
    sector = np.floor((angle / (2 * np.pi) + 0.5) * sectors).astype(int) % sectors
    cell = ring * sectors + sector
    logs = np.full(rings * sectors, np.nan)
    order = np.argsort(cell[good], kind="stable")
    labels, starts = np.unique(cell[good][order], return_index=True)
    for label, values in zip(labels, np.split(np.log(signal[good][order]), starts[1:]), strict=True):
        logs[label] = np.median(values)
    table = logs.reshape(rings, sectors)
    # Empty cells get the nearest value; directions are periodic.
    wide = np.hstack([table, table, table])
    wide = ndimage.gaussian_filter(nearest_known(wide, ~np.isnan(wide)), (1.0, 0.7), mode="nearest")
    middle = (edges[1:] + edges[:-1]) / 2
    along = np.interp(radius, middle, np.arange(rings))
    around = (angle / (2 * np.pi) + 0.5) * sectors - 0.5 + sectors
    return np.exp(ndimage.map_coordinates(wide, [along, around], order=1, mode="nearest"))
