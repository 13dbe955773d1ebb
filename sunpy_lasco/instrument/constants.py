"""
The constants of the calibration, with their errors and sources.

``constants.json`` holds one entry for each. Code calls `value_of` whenever it needs a number and keeps no
copy, so that `other_constants` can replace constants.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sunpy_lasco.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from astropy.time import Time

__all__ = [
    "Constant",
    "all_constants",
    "constant",
    "constants_hash",
    "date_of",
    "error_of",
    "other_constants",
    "value_of",
]


@dataclass(frozen=True)
class Constant:
    """An entry of the table."""

    #: Camera or topic, and quantity: ``"C2.gain"``.
    name: str
    #: A number or a text; lists are tuples, and tables by name are read-only mappings.
    value: object
    #: 1 sigma in the unit of the value; None if it is unknown, or if another entry gives it.
    error: float | None
    #: Unit of the value, ``"1"`` if it has none; units of several values in their order.
    unit: str
    #: Meaning.
    meaning: str
    #: Source.
    source: str
    #: First and last day for which it is valid; None if there is no such day.
    valid: tuple[str | None, str | None]
    #: 1 sigma relative to the value, if it is known in this form.
    relative_error: float | None = None


#: Replacements made by `other_constants`.
_exchanged = {}


@lru_cache(maxsize=1)
def _table():
    entries = json.loads(Path(__file__).with_name("constants.json").read_text(encoding="utf-8"))
    return {
        name: Constant(name, **{part: _frozen(one) for part, one in entry.items()}) for name, entry in entries.items()
    }


def _frozen(value):
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(one) for name, one in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def all_constants() -> dict[str, Constant]:
    """
    The constants in use.

    Returns
    -------
    `dict` of `str` to `Constant`
        By name, in the order of the table.
    """
    return _table() | _exchanged


def constant(name: str) -> Constant:
    """
    One constant.

    Parameters
    ----------
    name : `str`
        Such as ``"C2.gain"``.

    Returns
    -------
    `Constant`

    Raises
    ------
    KeyError
        If the table has no such name.
    """
    return _exchanged.get(name) or _table()[name]


def value_of(name: str) -> Any:
    """
    Value of a constant.

    Parameters
    ----------
    name : `str`
        Such as ``"C2.gain"``.

    Returns
    -------
    number, `str`, `tuple` or mapping
        In the unit of the table.
    """
    return constant(name).value


def error_of(name: str) -> float | None:
    """
    1 sigma of a constant.

    Parameters
    ----------
    name : `str`
        Such as ``"C2.gain"``.

    Returns
    -------
    `float`
        In the unit of the value, or relative to it if the table gives the relative error; None if the table
        gives none.
    """
    found = constant(name)
    return found.error if found.relative_error is None else found.relative_error


def date_of(name: str) -> Time:
    """
    A constant that is a date.

    Parameters
    ----------
    name : `str`
        Such as ``"pointing.first_turn"``.

    Returns
    -------
    `~astropy.time.Time`
    """
    found = constant(name)
    return _time(found.value, "tdb" if "TDB" in found.unit else "utc")


@lru_cache(maxsize=32)
def mjd_of(name: str) -> float:
    """
    The day of a constant that is a date: numbers are compared in a hundredth of the time that `Time` takes.

    Parameters
    ----------
    name : `str`
        Such as ``"pointing.first_turn"``.

    Returns
    -------
    `float`
        Modified Julian day, in the scale of the constant.
    """
    return float(date_of(name).mjd)


@lru_cache(maxsize=32)
def _time(text, scale):
    from astropy.time import Time

    return Time(text, scale=scale)


@lru_cache(maxsize=1)
def constants_hash() -> str:
    """
    Hash that identifies the current set of constants.

    Returns
    -------
    `str`
        SHA-256 of names, values, errors, units and periods of validity, but not of descriptions or of the
        layout of the file.
    """
    numbers = {
        name: [one.value, one.error, one.relative_error, one.unit, one.valid] for name, one in all_constants().items()
    }
    text = json.dumps(numbers, sort_keys=True, separators=(",", ":"), default=dict)
    return sha256_of(text.encode())


@contextmanager
def other_constants(values: Mapping[str, object]) -> Iterator[None]:
    """
    Temporarily use other constants, for example to see what depends on them.

    Parameters
    ----------
    values : mapping of `str` to object
        Names of constants and their replacements: values or `Constant` objects.

    Yields
    ------
    None
        Within the block, the replacements are used.

    Raises
    ------
    KeyError
        If the table has no such name.

    Notes
    -----
    This applies to the whole process.  Caches of the package are cleared at both ends; existing maps do not
    change.  `constants_hash`, and with it the card CONSTSHA, identifies results made within the block.

    Examples
    --------
    >>> from sunpy_lasco.instrument.constants import other_constants, value_of
    >>> with other_constants({"C2.gain": 12.0}):
    ...     value_of("C2.gain")
    12.0
    >>> value_of("C2.gain")
    11.3
    """
    before = dict(_exchanged)
    new = {
        name: one if isinstance(one, Constant) else replace(constant(name), value=_frozen(one))
        for name, one in values.items()
    }
    if unknown := new.keys() - _table().keys():
        raise KeyError(*unknown)
    _exchanged.update(new)
    _forget()
    try:
        yield
    finally:
        _exchanged.clear()
        _exchanged.update(before)
        _forget()


def _forget():
    """Clear all caches of the package, since any of them may depend on a constant."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "sunpy_lasco":
            for one in list(vars(module).values()):
                if callable(getattr(one, "cache_clear", None)) and not isinstance(one, type):
                    one.cache_clear()
