"""
Sums, differences and multiples of maps.

A difference of maps is not an exposure. The result is marked by the card EDITED (see
`sunpy_lasco.instrument.changes`), has a colour scale that is symmetric about zero, and the random uncertainty
of both maps.
"""

import numpy as np

import astropy.units as u
from astropy.nddata import NDData, StdDevUncertainty

from sunpy.util.decorators import check_arithmetic_compatibility

from sunpy_lasco.errors import IncompatibleMapsError
from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.instrument.headers import header_level
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.quantities import exposure_seconds
from sunpy_lasco.map.sigma import sigma_of

__all__ = ["ArithmeticMixin"]

#: Largest pointing difference of two maps that can be subtracted, pixels. Successive exposures agree to 0.1.
SAME_PLACE = 0.5


class ArithmeticMixin:
    """Arithmetic of `sunpy.map.GenericMap`, extended to pairs of maps."""

    def _operated(self, values, edit, *history, sigma=None, flags=..., mask=..., fresh_colours=False):
        """The map after an operation with the result ``values``, a quantity."""
        meta = changed(self._operation_header(), edit)
        add_history(meta, *history)
        meta["bunit"] = values.unit.to_string()
        settings = dict(self.plot_settings)
        if fresh_colours:
            settings.pop("cmap", None)
        return self._new_instance(
            values.value,
            meta,
            plot_settings=settings,
            mask=self._mask if mask is ... else mask,
            flags=self._flags if flags is ... else flags,
            uncertainty=None if sigma is None else StdDevUncertainty(sigma, copy=False),
        )

    def _plus(self, value, sign):
        """Add ``sign`` times a map, a quantity or an array."""
        if isinstance(value, ArithmeticMixin):
            return _combined(self, value, sign)
        return _shifted(self, value, sign)

    def __add__(self, value):
        return self._plus(value, 1)

    def __radd__(self, value):
        return self._plus(value, 1)

    def __sub__(self, value):
        return self._plus(value, -1)

    def __rsub__(self, value):
        return _shifted(self, value, -1, from_the_left=True)

    def __neg__(self):
        return self._operated(-self.quantity, "negative", "Sign changed", sigma=sigma_of(self))

    @check_arithmetic_compatibility
    def __mul__(self, value):
        return _scaled(self, value)

    @check_arithmetic_compatibility
    def __rmul__(self, value):
        return _scaled(self, value)

    @check_arithmetic_compatibility
    def __truediv__(self, value):
        return _scaled(self, 1 / value)

    @check_arithmetic_compatibility
    def __rtruediv__(self, value):
        return self._operated(value / self.quantity, "inverse", f"{_told(value)} divided by the image")

    @check_arithmetic_compatibility
    def __pow__(self, value):
        return self._operated(self.quantity**value, "power", f"Raised to the power of {_told(value)}")


def _combined(smap, other, sign):
    """The sum (``sign`` 1) or difference (-1) of two maps."""
    name = "difference" if sign < 0 else "sum"
    require_same_place(smap, other, name)
    smap, other = in_memory(smap), in_memory(other)
    values = smap.quantity + sign * other.quantity.to(smap.unit)
    ours, theirs = sigma_of(smap), sigma_of(other)
    known = ours is not None and theirs is not None
    masks = [one for one in (smap._mask, other._mask) if one is not None]
    return smap._operated(
        values,
        name,
        f"{name.capitalize()}: {_described(smap)} {'minus' if sign < 0 else 'plus'} {_described(other)}",
        sigma=np.hypot(ours, theirs * other.unit.to(smap.unit)) if known else None,
        flags=flags_of(smap) | flags_of(other),
        mask=np.logical_or.reduce(masks) if masks else None,
        fresh_colours=sign < 0,
    )


def require_same_place(smap, other, name):
    """Raise an error if maps differ in camera, unit, grid or pointing."""
    titles = f"{_described(smap)} and {_described(other)}"
    problem = None
    if type(smap) is not type(other):
        problem = (
            f"are from {smap.detector} and {other.detector}: reproject one to the grid of the other with reproject_to"
        )
    elif not smap.unit.is_equivalent(other.unit) or header_level(smap.meta) != header_level(other.meta):
        problem = f"are in {smap.unit} and {other.unit} (level {smap.processing_level} and {other.processing_level})"
    elif smap.data.shape != other.data.shape:
        problem = f"have {smap.data.shape[::-1]} and {other.data.shape[::-1]} pixels: cut or sum one of them to match"
    else:
        apart = _pixels_apart(smap._geometry, other._geometry, smap.data.shape)
        if not apart < SAME_PLACE:
            problem = (
                f"point to positions {apart:.1f} pixels apart: calibrate both with north_up=True and the same "
                "sun_pixel, or reproject one to the grid of the other with reproject_to"
            )
    if problem:
        msg = f"Cannot form the {name} of {titles}: they {problem}."
        raise IncompatibleMapsError(msg)


def _pixels_apart(here, there, shape):
    """Pointing difference of two images, in pixels: the largest distance at the corners."""
    x, y = np.array([0, 1, 0, 1]) * (shape[1] - 1), np.array([0, 0, 1, 1]) * (shape[0] - 1)
    (x1, y1), (x2, y2) = here.to_plane(x, y), there.to_plane(x, y)
    return float(np.hypot((x2 - x1) / here.cdelt[0], (y2 - y1) / here.cdelt[1]).max())


def _shifted(smap, value, sign, *, from_the_left=False):
    """Add or subtract a quantity, or an array in the unit of the map; or subtract the map from these."""
    if isinstance(value, np.ndarray) and not isinstance(value, u.Quantity) and value.shape == smap.data.shape:
        value = value * smap.unit
    if isinstance(value, NDData):
        return NotImplemented
    try:
        told = [_described(smap), _told(value)]
    except TypeError:
        return NotImplemented
    if sign > 0:
        name, word, values = "sum", "plus", smap.quantity + value
    elif from_the_left:
        name, word, values = "difference", "minus", value - smap.quantity
        told.reverse()
    else:
        name, word, values = "difference", "minus", smap.quantity - value
    line = f"{name.capitalize()}: {told[0]} {word} {told[1]}; uncertainty unknown"
    return smap._operated(values, name, line, fresh_colours=sign < 0)


def _scaled(smap, value):
    """Multiply the map by a number, a quantity, or an array of them."""
    sigma = sigma_of(smap)
    if sigma is not None:
        sigma = sigma * np.abs(getattr(value, "value", value))
    return smap._operated(smap.quantity * value, "scaled", f"Multiplied by {_told(value)}", sigma=sigma)


def _described(smap):
    """Description of a map: its file and time, and for counts its exposure."""
    name = str(smap.meta.get("filename") or smap.detector)
    seconds = exposure_seconds(smap.meta) if header_level(smap.meta) == 0.5 else None
    exposure = "" if seconds is None else f", {seconds:.3f} s"
    return f"{name} ({smap.date.isot[:19]}{exposure})"


def _told(value):
    """Description of a number or quantity, or of the shape of an array."""
    value = u.Quantity(value)
    if value.isscalar:
        return f"{value.value:g} {value.unit}".strip()
    return f"an array of {' x '.join(map(str, value.shape[::-1]))} values"
