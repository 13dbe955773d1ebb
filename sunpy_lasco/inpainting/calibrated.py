"""
A level-1 map as a scene for the methods of repair.

Level 1 is the second-best place for a repair: the fixed response of the pixels has
been mixed by the interpolation, the vignetting that a background model holds is
gone, and holes have grown by the pixels that were mixed with them.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.background import image_background
from sunpy_lasco.inpainting.reading import flagged, frame_of, holes_of, seconds_between
from sunpy_lasco.inpainting.scene import star_drift
from sunpy_lasco.inpainting.workspace import Scene, SceneNeighbour
from sunpy_lasco.instrument.cameras import BLOCK
from sunpy_lasco.instrument.distortion import occulter_centre
from sunpy_lasco.map.flags import flags as flags_of

__all__ = ["calibrated_neighbour", "calibrated_scene", "local_noise"]

#: Side of the squares over which the noise of an image is measured, stored pixels.
NOISE_BOX = 31
#: Mean of |v - median of its 3 x 3 neighbourhood|, over the sigma of Gaussian white noise.
NOISE_SCALE = 0.73
#: Differences beyond this many times the typical one come from stars.
NOISE_CLIP = 5.0


class LocalVariance:
    """Variance of the noise by place, as a scene wants it."""

    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, expected, window):
        """Variance in a window of the image, whatever is expected there."""
        return np.broadcast_to(self.sigma[window] ** 2, np.shape(expected))


def local_noise(image, known):
    """
    Noise of an image by what its pixels differ from their neighbours.

    Parameters
    ----------
    image : `~numpy.ndarray`
        Shape (ny, nx).
    known : `~numpy.ndarray` of `bool`
        Pixels that count.

    Returns
    -------
    `~numpy.ndarray`
        1 sigma, positive, shape (ny, nx).
    """
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    whole = np.where(known, image, image[tuple(nearest)])
    difference = np.abs(whole - ndimage.median_filter(whole, 3, mode="nearest"))
    typical = ndimage.uniform_filter(np.where(known, difference, 0.0), NOISE_BOX)
    share = ndimage.uniform_filter(known.astype(float), NOISE_BOX)
    typical = typical / np.maximum(share, 1 / NOISE_BOX**2)
    clipped = np.where(known, np.minimum(difference, NOISE_CLIP * typical), 0.0)
    sigma = ndimage.uniform_filter(clipped, NOISE_BOX) / np.maximum(share, 1 / NOISE_BOX**2) / NOISE_SCALE
    floor = np.median(sigma[known]) * 1e-3 if known.any() else 0.0
    far = share < 0.02
    if far.any() and not far.all():
        nearest = ndimage.distance_transform_edt(far, return_distances=False, return_indices=True)
        sigma = sigma[tuple(nearest)]
    return np.maximum(sigma, max(floor, np.finfo(float).tiny))


def _positions(smap):
    """Columns and rows from the Sun's centre, full-resolution pixels, and the occulter's centre there."""
    geometry, frame = smap._geometry, frame_of(smap)
    sun = [
        at - float(value) / scale
        for at, value, scale in zip(geometry.crpix, geometry.crval, geometry.cdelt, strict=True)
    ]
    ny, nx = smap.data.shape
    sx, sy = frame.binning
    x, y = (np.arange(nx) - sun[0]) * sx, (np.arange(ny) - sun[1]) * sy
    # The detector's pixels are an affine image of those of the map.
    origin = np.array(geometry.to_detector(0.0, 0.0))
    matrix = np.column_stack(
        [np.subtract(geometry.to_detector(1.0, 0.0), origin), np.subtract(geometry.to_detector(0.0, 1.0), origin)]
    )
    column, row = np.linalg.solve(matrix, np.subtract(occulter_centre(frame.camera.name, frame.mjd), origin))
    return x, y, (float((column - sun[0]) * sx), float((row - sun[1]) * sy))


def calibrated_scene(smap, flags):
    """
    Prepare a level-1 map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.
    flags : `~numpy.ndarray` of `numpy.uint8`
        Its flags.

    Returns
    -------
    `~sunpy_lasco.inpainting.workspace.Scene`
        In the unit of the map.  Its background is made of the map itself, its noise is
        what neighbouring pixels differ by, and nothing is known of the pixels' response.
    """
    frame = frame_of(smap)
    signal = np.array(smap.data, dtype=float)
    hidden = flagged(flags, "MASKED", "OUTSIDE")
    holes = holes_of(flags) & ~hidden & ~np.isfinite(signal)
    unusable = flagged(flags, "SATURATED", "FILLED")
    x, y, occulter = _positions(smap)
    known = np.isfinite(signal) & ~hidden & ~unusable
    background = np.ones(signal.shape)
    if (known & (np.nan_to_num(signal) > 0)).any():
        background = image_background(signal, known, x, y)
    roll = np.rad2deg(np.arctan2(-smap.rotation_matrix[0, 1], smap.rotation_matrix[0, 0]))
    return Scene(
        signal=signal,
        holes=holes,
        unusable=unusable,
        hidden=hidden,
        background=background,
        response=np.ones(signal.shape, dtype=np.float32),
        variance=LocalVariance(local_noise(np.nan_to_num(signal), known)),
        x=x,
        y=y,
        occulter=occulter,
        binning=frame.binning,
        block_rows=np.arange(signal.shape[0]) // BLOCK,
        block_columns=np.arange(signal.shape[1]) // BLOCK,
        camera=frame.camera.name,
        drift=star_drift(frame, float(roll)),
    )


def calibrated_neighbour(frame, other):
    """
    Another level-1 map as a scene wants it.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        Of the map that is to be repaired.
    other : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, in the same pixels.

    Returns
    -------
    `~sunpy_lasco.inpainting.workspace.SceneNeighbour`
    """
    signal = np.array(other.data, dtype=float)
    known = np.isfinite(signal) & ~flagged(flags_of(other), "MASKED", "OUTSIDE", "SATURATED", "FILLED")
    noise = local_noise(np.nan_to_num(signal), known)
    signal[~known] = np.nan
    return SceneNeighbour(signal, seconds_between(frame, frame_of(other)), LocalVariance(noise))
