"""
Input and output of a repair method.

A method is one module of `sunpy_lasco.repair.methods` with a function ``fill(crop, **options)`` that takes a
`Crop` and returns a `Fill`. A method that fills many holes faster together also has ``fill_all(crops, **options)``.
Methods work on arrays and never change their input. Values outside the hole are ignored.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = [
    "LEARNT_METHODS",
    "METHODS",
    "NEIGHBOUR_METHODS",
    "Crop",
    "Fill",
    "Neighbour",
    "depth_in",
    "distance_from",
    "fill_holes",
    "get_method",
    "kept_with_crop",
    "takes_neighbours",
    "usable_methods",
]

#: Names of the methods and their modules, which are imported when needed.
METHODS = {
    name: f"sunpy_lasco.repair.methods.{name}"
    for name in ("sequence", "temporal", "mixture", "kriging", "radial", "biharmonic", "fuzzy")
}
#: Methods that need exposures before and after, best first.
NEIGHBOUR_METHODS = ("sequence", "temporal")
#: Methods that need torch.
LEARNT_METHODS = {"network": "sunpy_lasco.network.method"}


@dataclass(frozen=True, eq=False)
class Neighbour:
    """The same part of the image in another exposure, scaled to the level of the crop."""

    #: In the working space of the crop; NaN where it was not measured; (ny, nx).
    z: np.ndarray
    #: Time from the middle of the frame's exposure to the middle of this one, s.
    seconds: float
    #: Ratio of its noise to that of the frame.
    noise: float
    #: Ratio of its level to that of the frame, measured around the hole.
    scale: float
    #: Stars and particle hits that were removed before the exposure was moved, at their positions at the time of the
    #: frame; (ny, nx). None if they were not removed.
    points: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Crop:
    """
    A hole and its surroundings in the working space.

    The working space is ``z = (signal / response - expected) / noise``: the excess of the frame over a scaled
    background, in units of its noise. In it the corona is smooth over a block, in all directions and at all
    distances.

    All arrays have shape (ny, nx) and type float64 or bool.
    """

    #: Image in the working space. NaN in the hole and in unusable pixels: missing, hidden, saturated, hit by a
    #: particle, or covered by a star.
    z: np.ndarray
    #: Pixels to fill.
    hole: np.ndarray
    #: Background model scaled to the surroundings of the hole, in units of the frame (DN above the bias, or MSB).
    expected: np.ndarray
    #: 1 sigma of the noise of one pixel, in units of the frame.
    noise: np.ndarray
    #: Fixed response of each pixel relative to its surroundings, near 1.
    response: np.ndarray
    #: Measured signal in units of the frame; NaN where nothing was measured.
    signal: np.ndarray
    #: Pixels behind the occulter or the pylon, or outside the field.
    hidden: np.ndarray
    #: Position relative to the Sun's centre along the axes of the array, full-resolution pixels.
    x: np.ndarray
    y: np.ndarray
    #: Position of the occulter's centre in these coordinates.
    occulter: tuple[float, float]
    #: Full-resolution pixels per pixel along (x, y).
    binning: tuple[int, int]
    #: Factor that scales the background model to the level of the frame.
    scale: float
    #: Block row of each row and block column of each column.
    block_rows: np.ndarray
    block_columns: np.ndarray
    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: Motion of the stars along (x, y), pixel / s; zeros if it is unknown.
    drift: tuple[float, float] = (0.0, 0.0)
    #: Exposures before and after, nearest first; empty without context.
    neighbours: tuple[Neighbour, ...] = field(default=())
    #: Whether the background includes the steady corona that other exposures show.
    over_steady: bool = False
    #: Results cached by `kept_with_crop`.
    kept: dict = field(default_factory=dict, init=False, repr=False)

    def with_neighbours(self, neighbours: Iterable[Neighbour]) -> Crop:
        """The same hole with other neighbours."""
        new = replace(self, neighbours=tuple(neighbours))
        object.__setattr__(new, "kept", self.kept)
        return new

    @cached_property
    def known(self) -> np.ndarray:
        """Pixels that a method may use."""
        return np.isfinite(self.z)

    @property
    def is_moved(self) -> bool:
        """Whether other exposures are moved to the time of the frame."""
        return any(one.points is not None for one in self.neighbours)

    @cached_property
    def distance(self) -> np.ndarray:
        """Distance from the hole, stored pixels."""
        return distance_from(self.hole)

    @property
    def radius(self) -> np.ndarray:
        """Distance from the Sun's centre, full-resolution pixels."""
        return np.hypot(self.x, self.y)

    @property
    def angle(self) -> np.ndarray:
        """Angle around the Sun's centre from +x to +y, radian."""
        return np.arctan2(self.y, self.x)

    def to_signal(self, z: np.ndarray) -> np.ndarray:
        """Convert values from the working space to units of the frame."""
        return (self.expected + self.noise * z) * self.response

    def from_signal(self, signal: np.ndarray) -> np.ndarray:
        """Convert values in units of the frame to the working space."""
        return (signal / self.response - self.expected) / self.noise


@dataclass(frozen=True, eq=False)
class Fill:
    """The result of a method for a hole."""

    #: Values in the working space; NaN in pixels that the method cannot fill.
    z: np.ndarray
    #: 1 sigma of these values relative to the noise-free corona, in the working space. These errors are common to
    #: neighbouring pixels and do not average out.
    sigma: np.ndarray
    #: 1 sigma of errors that are independent in each pixel, for values with noise of their own, such as those from
    #: another exposure. None if there are no such errors.
    noise: np.ndarray | None = None


def kept_with_crop(function: Callable) -> Callable:
    """
    Decorate a function of a crop so that several methods can share its result.

    Parameters
    ----------
    function : callable
        Function of a crop and other objects, which are compared by identity. It must not depend on the
        neighbours of the crop.

    Returns
    -------
    callable
        The function with a cache that lives as long as the crop. Do not change its results.
    """

    @wraps(function)
    def kept(crop, *arguments):
        key = (function.__qualname__, *map(id, arguments))
        if key not in crop.kept:
            # The arguments are kept too, so that no other object can get their identity.
            crop.kept[key] = function(crop, *arguments), arguments
        return crop.kept[key][0]

    return kept


def _rectangle(hole):
    """Bounds of a hole (top, bottom, left, right) if it is a rectangle; None otherwise."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows):
        return None
    (top, bottom), (left, right) = ((at[0], at[-1] + 1) for at in (rows, columns))
    return (top, bottom, left, right) if hole[top:bottom, left:right].all() else None


def distance_from(hole: np.ndarray, *, sampling: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """
    Distance of each pixel from a hole.

    Parameters
    ----------
    hole : `~numpy.ndarray` of `bool`
    sampling : `tuple` of `float`, optional
        Size of a pixel along rows and columns.

    Returns
    -------
    `~numpy.ndarray`
        Zero in the hole.
    """
    found = _rectangle(hole)
    if found is None:
        from scipy import ndimage

        return ndimage.distance_transform_edt(~hole, sampling=sampling)
    # A single block is by far the most common hole.
    top, bottom, left, right = found
    down, across = (
        size * np.maximum(np.maximum(first - index, index - last + 1), 0)
        for size, index, first, last in zip(
            sampling, map(np.arange, hole.shape), (top, left), (bottom, right), strict=True
        )
    )
    return np.hypot(down[:, None], across[None, :])


def depth_in(hole: np.ndarray) -> np.ndarray:
    """
    Distance of each pixel in a hole from the surroundings.

    Parameters
    ----------
    hole : `~numpy.ndarray` of `bool`

    Returns
    -------
    `~numpy.ndarray`
        Zero outside the hole. Pixels beyond the edge of the array do not count as surroundings.
    """
    found = _rectangle(hole)
    if found is None or hole.all():
        from scipy import ndimage

        return ndimage.distance_transform_edt(hole)
    top, bottom, left, right = found
    depths = []
    for length, first, last in zip(hole.shape, (top, left), (bottom, right), strict=True):
        index = np.arange(length, dtype=float)
        before = index - first + 1 if first > 0 else np.inf
        after = last - index if last < length else np.inf
        depths.append(np.maximum(np.minimum(before, after), 0.0) + np.zeros(length))
    return np.where(hole, np.minimum(depths[0][:, None], depths[1][None, :]), 0.0)


def get_method(name: str) -> Callable:
    """
    Find a method of repair.

    Parameters
    ----------
    name : `str`
        One of `METHODS` or `LEARNT_METHODS`.

    Returns
    -------
    callable
        ``fill(crop, **options) -> Fill``

    Raises
    ------
    ValueError
        If there is no such method.
    """
    modules = METHODS | LEARNT_METHODS
    if name not in modules:
        msg = f"There is no method {name!r}; available are {', '.join(modules)} and auto."
        raise ValueError(msg)
    return importlib.import_module(modules[name]).fill


def usable_methods(camera: str) -> tuple[str, ...]:
    """
    Methods that can be used without weights from the user.

    Parameters
    ----------
    camera : `str`
        ``"C2"`` or ``"C3"``.

    Returns
    -------
    `tuple` of `str`
        `METHODS`, and each of `LEARNT_METHODS` whose libraries are installed and for which the package includes
        weights for the camera.
    """
    learnt = (name for name, module in LEARNT_METHODS.items() if importlib.import_module(module).is_ready(camera))
    return (*METHODS, *learnt)


def takes_neighbours(name: str, camera: str, **options: Any) -> bool:
    """
    Whether a method uses exposures before and after.

    Parameters
    ----------
    name : `str`
        As for `get_method`.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    **options
        Of the method.

    Returns
    -------
    `bool`
    """
    if name in LEARNT_METHODS:
        return importlib.import_module(LEARNT_METHODS[name]).knows_neighbours(camera, **options)
    return name in NEIGHBOUR_METHODS


def fill_holes(name: str, crops: Iterable[Crop], **options: Any) -> list[Fill]:
    """
    Fill the holes of a frame with one method.

    Parameters
    ----------
    name : `str`
        As for `get_method`.
    crops : sequence of `Crop`
    **options
        Of the method.

    Returns
    -------
    `list` of `Fill`
    """
    fill = get_method(name)
    together = getattr(importlib.import_module(fill.__module__), "fill_all", None)
    return [fill(crop, **options) for crop in crops] if together is None else together(crops, **options)
