"""
Query attributes of the LASCO client, available as ``a.lasco``.

A query with one of them is for level-0.5 images of C2 and C3, unless it names a level or a camera.
"""

from typing import Any

import astropy.units as u

from sunpy.net.attr import Range, SimpleAttr

from sunpy_lasco.net.names import FILTERS, POLARIZERS, SIZES, filter_name, polarizer_name, programme_name

__all__ = ["ExposureTime", "Filter", "Polarizer", "Programme", "Size"]


def _known(value, names, what):
    if value not in names:
        msg = f"{value!r} is not a {what} of LASCO; available are {', '.join(names)}."
        raise ValueError(msg)
    return value


class Filter(SimpleAttr):
    """
    Position of the filter wheel, such as ``"Orange"``.

    Parameters
    ----------
    value : `str`
        One of `sunpy_lasco.net.names.FILTERS`, in any case.
    """

    def __init__(self, value: str) -> None:
        super().__init__(_known(filter_name(str(value)), FILTERS, "filter"))


class Polarizer(SimpleAttr):
    """
    Position of the polariser wheel, such as ``"Clear"`` or ``"+60 Deg"``.

    Parameters
    ----------
    value : `str` or `~astropy.units.Quantity`
        One of `sunpy_lasco.net.names.POLARIZERS`, in any case, also ``"plus60"``,
        ``"minus60"`` and ``"zero"``; or the angle of the polariser.
    """

    def __init__(self, value: str | u.Quantity) -> None:
        if isinstance(value, u.Quantity):
            value = f"{value.to_value(u.deg):+.0f}"
            value = "0" if value in ("+0", "-0") else value
        super().__init__(_known(polarizer_name(str(value)), POLARIZERS, "polariser position"))


class Programme(SimpleAttr):
    """
    Observing programme of the electronics box, such as ``"Normal"`` or ``"Seq PW"``.

    Parameters
    ----------
    value : `str`
        The name of the programme in the card LP_NUM, in any case; not only those of
        `sunpy_lasco.net.names.PROGRAMMES`. Listings of level 1 do not contain it.
    """

    def __init__(self, value: str) -> None:
        super().__init__(programme_name(str(value)))


class Size(SimpleAttr):
    """
    Part of the detector that the image covers: ``"full"``, ``"binned"`` or ``"sub-frame"``.

    Parameters
    ----------
    value : `str`
        One of `sunpy_lasco.net.names.SIZES`.
    """

    def __init__(self, value: str) -> None:
        name = str(value).strip().lower().replace("_", "-")
        super().__init__(_known({"subframe": "sub-frame"}.get(name, name), SIZES, "size"))


class ExposureTime(Range):
    """
    Range of exposure times, both ends included.

    Parameters
    ----------
    minimum : `~astropy.units.Quantity`
        The shortest exposure.
    maximum : `~astropy.units.Quantity`, optional
        The longest exposure; ``minimum`` if absent.

    Notes
    -----
    Listings contain tenths of a second; an exposure matches if its rounded value can represent one within the
    range.
    """

    @u.quantity_input
    def __init__(self, minimum: u.Quantity[u.s], maximum: u.Quantity[u.s] | None = None) -> None:
        maximum = minimum if maximum is None else maximum
        if maximum < minimum:
            minimum, maximum = maximum, minimum
        super().__init__(minimum.to(u.s), maximum.to(u.s))

    def collides(self, other: Any) -> bool:
        """Whether two attributes exclude each other."""
        return isinstance(other, self.__class__)
