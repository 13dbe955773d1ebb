"""
Interpolation of an image.

Distortion, rotation and shift are combined into one map of positions, so that a level-1 image is interpolated
only once. The bilinear weights form a sparse matrix, which is used for image, variance and flags, and is
cached for further frames with the same geometry.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import sparse

from sunpy_lasco.geometry.distortion import INTERPOLATED, SOLARSOFT_CELLS, Distortion
from sunpy_lasco.geometry.rolls import normalize_roll, rectified_centre
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.frame import Frame

__all__ = [
    "Bilinear",
    "Interpolated",
    "Resampling",
    "bilinear",
    "corrected_positions",
    "distortion_of",
    "rounded_movement",
    "interpolate",
    "interpolation_matrix",
    "is_turned",
    "rectified_by",
    "resampling_of",
    "source_positions",
    "to_detector",
    "to_image",
    "turned_frame",
]

#: An output pixel is valid if its valid sources carry at least this weight.
VALID_WEIGHT = 0.999
#: Angles are rounded to this number of decimals of a degree, and positions to this fraction of a full-frame pixel.
#: Together this moves no pixel by more than 0.001, and frames of a sequence can share a resampling.
ANGLE_DECIMALS, POSITION_STEPS = 4, 2048
#: Matrices kept; each takes about 50 MB for a full frame.
KEPT_MATRICES = 3
#: Patterns of missing or flagged pixels kept with their interpolation; each takes about 1 MB.
KEPT_PATTERNS = 8


@dataclass(frozen=True)
class Resampling:
    """
    Positions of the pixels of an output image in the stored image.

    All positions are full-frame pixels of the detector's orientation.
    """

    #: Shape of the stored image, which is also that of the output, (ny, nx).
    shape: tuple[int, int]
    #: Full-frame pixel of the lower left corner, and full-frame pixels per pixel, (x, y).
    corner: tuple[int, int]
    binning: tuple[int, int]
    #: The distortion to correct, or None.
    distortion: Distortion | None
    #: Rotate the image by this many degrees counter-clockwise about `pivot`.
    rotation: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)
    #: Then bring the pivot to this position; None leaves it where it is.
    target: tuple[float, float] | None = None
    #: Sources beyond the centre of a last pixel, but within 1 pixel of it, take its value, as in SolarSoft's ``rot``.
    open_end: bool = False

    def grid(self):
        """Full-frame positions (x, y) of the output pixels, as a row and a column."""
        (ny, nx), (sx, sy), (cx, cy) = self.shape, self.binning, self.corner
        x = cx + (np.arange(nx) + 0.5) * sx - 0.5
        y = cy + (np.arange(ny) + 0.5) * sy - 0.5
        return x[None, :], y[:, None]


def source_positions(resampling, x=None, y=None):
    """
    Source position of each output pixel in the stored image.

    Parameters
    ----------
    resampling : `Resampling`
    x, y : array-like, optional
        Output positions, full-frame pixel; all pixels of the image by default.

    Returns
    -------
    column, row : `numpy.ndarray`
        Position in the stored image, pixel.
    """
    if x is None:
        x, y = resampling.grid()
    if resampling.rotation or resampling.target is not None:
        target = resampling.target or resampling.pivot
        u, v = x - target[0], y - target[1]
        angle = np.radians(resampling.rotation)
        # To rotate an image counter-clockwise, its sources are rotated clockwise.
        x = resampling.pivot[0] + np.cos(angle) * u + np.sin(angle) * v
        y = resampling.pivot[1] - np.sin(angle) * u + np.cos(angle) * v
    if resampling.distortion is not None:
        x, y = resampling.distortion.to_raw(x, y)
    (sx, sy), (cx, cy) = resampling.binning, resampling.corner
    column, row = (x - cx + 0.5) / sx - 0.5, (y - cy + 0.5) / sy - 0.5
    return np.broadcast_arrays(column, row)


@dataclass(frozen=True, eq=False)
class Bilinear:
    """
    Bilinear interpolation of an image, as arrays with one element for each of n output pixels.

    The sources of an output pixel are ``corner``, ``corner + 1``, ``corner + nx`` and ``corner + nx + 1``.
    """

    #: Shape of the source image, (ny, nx).
    shape: tuple[int, int]
    #: Index in the flattened source image of the lower left one of the four sources, int32.
    corner: np.ndarray
    #: Fractions of a pixel along columns and rows, float32.
    fx: np.ndarray
    fy: np.ndarray
    #: Whether the position lies in the source image; else all weights are 0.
    inside: np.ndarray

    @property
    def offsets(self):
        """Indices of the four sources relative to `corner`."""
        nx = self.shape[1]
        return 0, 1, nx, nx + 1

    def weights(self, of=slice(None)):
        """Weights of the four sources of some output pixels, four arrays of float32."""
        fx, fy = self.fx[of], self.fy[of]
        gx, gy = self.inside[of] - fx, np.float32(1) - fy
        return gx * gy, fx * gy, gx * fy, fx * fy

    def matrices(self, keep=None):
        """
        Matrices that interpolate a flattened image and its variance.

        Parameters
        ----------
        keep : `numpy.ndarray` of `bool`, optional
            Of all pixels, those that are wanted, (n,); the others become 0.

        Returns
        -------
        values, variances : `scipy.sparse.csr_array`
            Shape (n, ny * nx); the second has the squares of the first.
        """
        of, starts = slice(None), np.arange(0, 4 * self.corner.size + 1, 4, dtype=np.int32)
        if keep is not None:
            of = np.flatnonzero(keep)
            np.cumsum(keep * np.int32(4), out=starts[1:])
        corner = self.corner[of]
        indices, values = np.empty((corner.size, 4), np.int32), np.empty((corner.size, 4), np.float32)
        for k, (offset, weight) in enumerate(zip(self.offsets, self.weights(of), strict=True)):
            np.add(corner, np.int32(offset), out=indices[:, k])
            values[:, k] = weight
        indices, values = indices.ravel(), values.ravel()
        shape = self.corner.size, self.shape[0] * self.shape[1]
        return tuple(sparse.csr_array((data, indices, starts), shape=shape) for data in (values, np.square(values)))


def bilinear(column, row, shape, *, open_end=False):
    """
    Bilinear interpolation at some positions.

    Parameters
    ----------
    column, row : `numpy.ndarray`
        Positions, pixel, any shape with n elements.
    shape : `tuple` of `int`
        Shape of the source image.
    open_end : `bool`
        As for `Resampling`.

    Returns
    -------
    `Bilinear`
    """
    ny, nx = shape
    column, row = np.ravel(column), np.ravel(row)
    if open_end:
        inside = (column >= 0) & (column < nx) & (row >= 0) & (row < ny)
        column, row = np.minimum(column, nx - 1), np.minimum(row, ny - 1)
    else:
        inside = (column >= 0) & (column <= nx - 1) & (row >= 0) & (row <= ny - 1)
    left = np.clip(np.floor(column), 0, nx - 2).astype(np.int32)
    bottom = np.clip(np.floor(row), 0, ny - 2).astype(np.int32)
    fx = ((column - left) * inside).astype(np.float32)
    fy = ((row - bottom) * inside).astype(np.float32)
    return Bilinear(tuple(shape), bottom * np.int32(nx) + left, fx, fy, inside)


def bilinear_weights(column, row, shape, *, open_end=False):
    """
    Sources and weights of bilinear interpolation.

    Parameters
    ----------
    column, row : `numpy.ndarray`
        Positions, pixel, any shape with n elements.
    shape : `tuple` of `int`
        Shape of the source image.
    open_end : `bool`
        As for `Resampling`.

    Returns
    -------
    indices : `numpy.ndarray`
        Shape (n, 4), of the flattened source image.
    weights : `numpy.ndarray`
        Shape (n, 4), float32; all zero where the position lies outside.
    """
    found = bilinear(column, row, shape, open_end=open_end)
    return np.stack([found.corner + np.int32(k) for k in found.offsets], axis=1), np.stack(found.weights(), axis=1)


@lru_cache(maxsize=KEPT_MATRICES)
def interpolation_matrix(resampling):
    """
    Matrices that interpolate a flattened image and its variance.

    Parameters
    ----------
    resampling : `Resampling`

    Returns
    -------
    values, variances : `scipy.sparse.csr_array`
        Shape (pixels, pixels); the second has the squares of the weights.
    outside : `numpy.ndarray`
        Whether the source of a pixel lies outside the stored image; its shape.
    """
    found = bilinear(*source_positions(resampling), resampling.shape, open_end=resampling.open_end)
    outside = ~found.inside.reshape(resampling.shape)
    outside.flags.writeable = False
    return *found.matrices(), outside


@dataclass(frozen=True)
class Interpolated:
    """An interpolated image."""

    #: The image; NaN where it has no valid source.
    image: np.ndarray
    #: Its variance, or None.
    variance: np.ndarray | None
    #: Flags of all pixels that contribute to each pixel.
    flags: np.ndarray
    #: Whether the source lies outside the stored image.
    outside: np.ndarray


def interpolate(image, resampling, *, variance=None, flags=None):
    """
    Interpolate an image with its variance and flags.

    Parameters
    ----------
    image : `numpy.ndarray`
        float32; NaN is missing.
    resampling : `Resampling`
    variance : `numpy.ndarray`, optional
        Of independent pixels.
    flags : `numpy.ndarray`, optional
        uint8.

    Returns
    -------
    `Interpolated`

    Notes
    -----
    The interpolation is bilinear, as in the official product. A pixel is valid if the weights of its valid
    sources add up to at least 0.999; areas of missing pixels therefore grow.
    """
    values, variances, outside = interpolation_matrix(resampling)
    shape = resampling.shape
    valid = np.isfinite(image)
    complete = valid.all()
    result = values @ (image if complete else np.where(valid, image, np.float32(0))).ravel()
    bad = outside.ravel() if complete else _lacks_sources(resampling, np.packbits(valid).tobytes())
    result[bad] = np.nan
    spread = None
    if variance is not None:
        spread = variances @ (variance if complete else np.where(valid, variance, np.float32(0))).ravel()
        spread[bad] = np.nan
        spread = spread.reshape(shape)
    collected = np.zeros(shape, np.uint8)
    if flags is not None:
        for bit in (1 << k for k in range(8)):
            _carry(flags & np.uint8(bit), resampling, collected)
    return Interpolated(result.reshape(shape), spread, collected, outside)


# Frames of a sequence lack the same pixels, those that are not sent, so these patterns are cached.
@lru_cache(maxsize=KEPT_PATTERNS)
def _lacks_sources(resampling, packed):
    """
    Whether the valid sources of an output pixel have too little weight; ``packed`` holds the valid pixels as
    bits.
    """
    weight = interpolation_matrix(resampling)[0] @ _unpacked(packed, resampling.shape)
    bad = weight < VALID_WEIGHT
    bad.flags.writeable = False
    return bad


@lru_cache(maxsize=KEPT_PATTERNS)
def _reached(resampling, packed):
    """Whether some pixels of the stored image, given as bits, contribute to an output pixel."""
    reached = (interpolation_matrix(resampling)[0] @ _unpacked(packed, resampling.shape)) > 0
    reached.flags.writeable = False
    return reached.reshape(resampling.shape)


def _unpacked(packed, shape):
    count = shape[0] * shape[1]
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).astype(np.float32)


def _carry(bits, resampling, collected):
    """Set a flag, in place, where pixels that have it contribute to an output pixel."""
    rows = np.flatnonzero(bits.any(axis=1))
    if rows.size == 0:
        return
    lowest, highest = _source_rows(resampling)
    touched = np.flatnonzero((highest >= rows[0]) & (lowest <= rows[-1]))
    if touched.size == 0:
        return
    bit = bits.max()
    if rows[-1] - rows[0] > bits.shape[0] // 4:
        collected[_reached(resampling, np.packbits(bits != 0).tobytes())] |= bit
        return
    # Pixels of a single frame affect only a few rows.
    first, last, nx = touched[0], touched[-1] + 1, resampling.shape[1]
    values = interpolation_matrix(resampling)[0][first * nx : last * nx]
    reached = (values @ (bits.ravel() != 0).astype(np.float32)) > 0
    collected[first:last][reached.reshape(-1, nx)] |= bit


@lru_cache(maxsize=KEPT_MATRICES)
def _source_rows(resampling):
    """Lowest and highest row of the stored image that contributes to each output row."""
    sources = interpolation_matrix(resampling)[0].indices.reshape(resampling.shape[0], -1) // resampling.shape[1]
    return sources.min(axis=1), sources.max(axis=1)


def kept_variance(column, row):
    """Share of the variance of white noise that bilinear interpolation at positions (column, row) keeps."""
    fx, fy = column - np.floor(column), row - np.floor(row)
    return (1 - 2 * fx * (1 - fx)) * (1 - 2 * fy * (1 - fy))


def curvature_weights(column, row):
    """Weights of the second differences along columns and rows in the error at positions (column, row)."""
    fx, fy = column - np.floor(column), row - np.floor(row)
    return fx * (1 - fx) / 2, fy * (1 - fy) / 2


def curvature_error(image, weights):
    """
    Error of bilinear interpolation where an image is curved, signed, in the unit of the image.

    ``weights`` come from `curvature_weights`, and the curvature is that of the interpolated image. The error
    is 0 beside missing pixels and at the edges.
    """
    along_x, along_y = np.zeros_like(image), np.zeros_like(image)
    along_x[:, 1:-1] = image[:, :-2] + image[:, 2:] - 2 * image[:, 1:-1]
    along_y[1:-1] = image[:-2] + image[2:] - 2 * image[1:-1]
    along_x *= weights[0]
    along_y *= weights[1]
    along_x += along_y
    return np.nan_to_num(along_x, copy=False)


def is_turned(meta):
    """
    Whether an image was turned by 180 degrees to be upright.

    Parameters
    ----------
    meta : mapping
        Header.

    Returns
    -------
    `bool`
    """
    return str(meta.get("turned", "")).strip() in ("True", "T")


def rectified_by(meta):
    """
    Total rotation of an image, for the card RECTIFY.

    Parameters
    ----------
    meta : mapping
        Header.

    Returns
    -------
    `float`
        Degree, in (-180, 180] as in the official product.
    """
    return float(normalize_roll(180.0 * is_turned(meta) + meta.get("imgrot", 0.0)))


def turned_frame(frame):
    """
    The frame of an image after it is turned by 180 degrees.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~sunpy_lasco.instrument.frame.Frame`
        With the corner of the turned image.
    """
    return replace(frame, corner=turned_corner(frame))


def turned_corner(frame):
    """Full-frame pixel (x, y) of the lower left corner of an image after it is turned by 180 degrees."""
    (cx, cy), (sx, sy), (ny, nx) = frame.corner, frame.binning, frame.shape
    return FULL_FRAME - cx - nx * sx, FULL_FRAME - cy - ny * sy


def to_image(meta, position):
    """
    Position in the full frame of the image of a position on the detector.

    Parameters
    ----------
    meta : mapping
        Header.
    position : `tuple` of `float`
        (x, y), full-frame pixel, after undistortion.

    Returns
    -------
    `tuple` of `float`
    """
    if "imgrot" in meta:
        position = _turn_about(position, meta, "imgpiv", "imgtar", meta["imgrot"])
    return rectified_centre(position) if is_turned(meta) else tuple(map(float, position))


def to_detector(meta, position):
    """
    Position on the detector of a position in the full frame of the image.

    Parameters
    ----------
    meta : mapping
        Header.
    position : `tuple` of `float`
        (x, y), full-frame pixel.

    Returns
    -------
    `tuple` of `float`
    """
    position = rectified_centre(position) if is_turned(meta) else tuple(map(float, position))
    if "imgrot" in meta:
        position = _turn_about(position, meta, "imgtar", "imgpiv", -meta["imgrot"])
    return position


def _turn_about(position, meta, start, end, degrees):
    dx, dy = position[0] - meta[f"{start}1"], position[1] - meta[f"{start}2"]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return float(meta[f"{end}1"] + cos * dx - sin * dy), float(meta[f"{end}2"] + sin * dx + cos * dy)


#: Movements of images are described by the new position of this full-frame pixel (x, y).
PIVOT = (FULL_FRAME / 2 - 0.5, FULL_FRAME / 2 - 0.5)


def rounded_movement(rotation, pivot, target):
    """
    Round a rotation and a shift, so that frames of a sequence can share them.

    Parameters
    ----------
    rotation : `float`
        Degree counter-clockwise.
    pivot, target : `tuple` of `float`
        Centre of the rotation and its position afterwards; (x, y), full-frame pixel.

    Returns
    -------
    rotation : `float`
        To 0.0001 degree.
    target : `tuple` of `float`
        New position of the middle of the full frame, `PIVOT`, to 1/2048 pixel.
    """
    cos, sin = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    dx, dy = PIVOT[0] - pivot[0], PIVOT[1] - pivot[1]
    exact = target[0] + cos * dx - sin * dy, target[1] + sin * dx + cos * dy
    rounded = tuple(round(float(value) * POSITION_STEPS) / POSITION_STEPS for value in exact)
    return round(float(rotation), ANGLE_DECIMALS), rounded


def movement_of(meta):
    """Rotation and target, as for `rounded_movement`, of an image with the card IMGROT; (0, None) for others."""
    if "imgrot" not in meta:
        return 0.0, None
    pivot, target = (meta["imgpiv1"], meta["imgpiv2"]), (meta["imgtar1"], meta["imgtar2"])
    return rounded_movement(meta["imgrot"], pivot, target)


def resampling_with(meta, frame, distortion):
    """The `Resampling` of a frame for a distortion and the movement described by the IMGROT cards."""
    rotation, target = movement_of(meta)
    return Resampling(frame.shape, frame.corner, frame.binning, distortion, rotation, PIVOT, target)


def distortion_of(meta):
    """
    The distortion that was corrected, or put into the WCS.

    Parameters
    ----------
    meta : mapping
        Header of a map to which `correct_distortion` was applied.

    Returns
    -------
    `~sunpy_lasco.geometry.distortion.Distortion`
    """
    centre, cells = (meta["occcen1"], meta["occcen2"]), SOLARSOFT_CELLS if meta["distort"] == "grid" else 0.0
    return Distortion(meta["dist_k0"], meta["dist_k1"], meta["dist_k2"], centre, cells)


def resampling_of(meta, shape):
    """
    Resampling that was applied to an image, from its header.

    Parameters
    ----------
    meta : mapping
        Header of a map to which `correct_distortion` was applied.
    shape : `tuple` of `int`
        (ny, nx).

    Returns
    -------
    `~sunpy_lasco.geometry.resampling.Resampling` or None
        Resampling in detector orientation; None if the image was not interpolated.
    """
    if meta.get("distort") not in INTERPOLATED:
        return None
    frame = Frame.from_header(meta, shape)
    if is_turned(meta):
        frame = turned_frame(frame)
    return resampling_with(meta, frame, distortion_of(meta))


def corrected_positions(meta, frame):
    """
    Positions of the pixels of an image on the undistorted detector.

    Parameters
    ----------
    meta : mapping
        Header of a map to which `~sunpy_lasco.level1.warp.correct_distortion`
        was applied.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        Its frame.

    Returns
    -------
    x, y : `numpy.ndarray`
        Full-frame pixel of the detector's orientation, of the shape of the frame.
    """
    turned = is_turned(meta)
    (ny, nx), (sx, sy) = frame.shape, frame.binning
    cx, cy = turned_corner(frame) if turned else frame.corner
    x = np.broadcast_to(cx + (np.arange(nx) + 0.5) * sx - 0.5, (ny, nx))
    y = np.broadcast_to((cy + (np.arange(ny) + 0.5) * sy - 0.5)[:, None], (ny, nx))
    if meta.get("distort") in ("wcs", "none"):
        x, y = distortion_of(meta).to_corrected(x, y)
    elif "imgrot" in meta:
        rotation, target = movement_of(meta)
        dx, dy = x - target[0], y - target[1]
        cos, sin = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
        x, y = PIVOT[0] + cos * dx + sin * dy, PIVOT[1] - sin * dx + cos * dy
    return (x[::-1, ::-1], y[::-1, ::-1]) if turned else (x, y)
