"""
The options of `sunpy_lasco.calibrate`, each defined once.

The fields of `Level1Options` define the signature and the docstring of `~sunpy_lasco.calibrate`, the checks
before any work, the command line, the options passed to worker processes, and the card CALOPTS.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import os
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

import astropy.units as u

from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.distortion import INTERPOLATED
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.repair.crop import LEARNT_METHODS, METHODS

if TYPE_CHECKING:
    from astropy.coordinates import BaseCoordinateFrame, SkyCoord
    from astropy.table import QTable

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["CommandLine", "Level1Options", "checked_option", "read_options", "takes_options"]

AnyFunction = TypeVar("AnyFunction", bound=Callable)
#: Keywords for sources of calibration images.
NAMED_ASSETS = ("estimate", "simulated")
#: Keywords for sources of the pointing, and all keywords that CALOPTS records; paths are not recorded.
NAMED_POINTINGS = ("stars", "packaged")
NAMED = (*NAMED_ASSETS, *NAMED_POINTINGS)
#: Allowed bias of a read-out, DN; those of all ports and dates lie between 280 and 730 DN.
BIAS_RANGE = (0.0, 2000.0)
#: Allowed ratio of true exposure to that in the header. Published factors lie within 0.9 to 1.1; a shutter that got
#: stuck gave 0.17.
FACTOR_RANGE = (0.1, 10.0)
#: Largest roll, degree, and largest error of the on-board clock, s.
LARGEST_ROLL, LARGEST_TIME_OFFSET = 360.0, 86400.0
#: Allowed median of a pixel response, which is relative to the surroundings of each pixel.
RESPONSE_RANGE = (0.5, 2.0)
#: Stray light beyond this, MSB, must be in another unit; the bright ring at the occulter of C3 has 1e-8.
LARGEST_STRAY_LIGHT = 1e-7


@dataclass(frozen=True)
class CommandLine:
    """Form of an option on the command line; options without it are switches."""

    #: Converts the text, or the list of texts if `nargs` is set, to the value of the option.
    parse: Callable = str
    #: Placeholder for the value in the help.
    metavar: str | tuple[str, ...] | None = None
    #: Number of texts, as for `argparse`.
    nargs: int | str | None = None
    #: Additional help for the command line.
    note: str = ""


def _refuse(name, value, reason):
    shown = np.array2string(np.asarray(value), threshold=4) if isinstance(value, np.ndarray) else repr(value)
    msg = f"{name}={textwrap.shorten(shown, 80)} {reason}"
    raise OptionError(msg)


def _word(*allowed, instead=""):
    """A check for one of several words; ``instead`` describes alternatives in the message."""

    def check(name, value):
        if not (value is None or isinstance(value, str)) or value not in allowed:
            _refuse(name, value, f"is unknown; it is one of {', '.join(map(repr, allowed))}{instead}.")
        return value

    return check


def _switch(name, value):
    if not isinstance(value, bool | np.bool_):
        _refuse(name, value, "is neither True nor False.")
    return bool(value)


def _switch_or_none(name, value):
    return None if value is None else _switch(name, value)


def _quantity(unit, shape, low, high, what):
    """A check for a finite quantity within a range, in the unit of the option."""
    example = f"[x, y] * u.{unit}" if shape else f"... * u.{unit}"

    def check(name, value):
        if value is None:
            return None
        try:
            found = u.Quantity(value, dtype=float).to(unit)
        except (TypeError, ValueError, u.UnitConversionError):
            _refuse(name, value, f"is not a quantity in {unit}; write it as {name}={example}.")
        if found.shape != shape:
            _refuse(name, value, f"has the shape {found.shape}; it should be {what}, {name}={example}.")
        if not np.isfinite(found.value).all():
            _refuse(name, value, f"is not finite; it should be {what}.")
        if not ((found.value >= low) & (found.value <= high)).all():
            _refuse(name, value, f"is not within {low:g} to {high:g} {unit}; it should be {what}.")
        return found

    return check


def _bias(name, value):
    if isinstance(value, str):
        return _word("official", "dark", instead=", or a quantity in DN")(name, value)
    if value is None:
        _refuse(name, value, "is unknown; it is 'official', 'dark' or a quantity in DN.")
    return _quantity(u.DN, (), *BIAS_RANGE, "the bias of a single read-out")(name, value)


def _factor(name, value):
    if value is None:
        return None
    low, high = FACTOR_RANGE
    should = f"a relative exposure is a positive number within {low:g} to {high:g}."
    if isinstance(value, bool | str):
        _refuse(name, value, f"is not a number; {should}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        _refuse(name, value, f"is not a number; {should}")
    if not low <= number <= high:
        _refuse(name, value, f"cannot be; {should}")
    return number


def _centre(name, value):
    # `update_pointing` checks whether these pixels of the map lie on the detector.
    return _quantity(u.pix, (2,), -np.inf, np.inf, "a position (x, y) in the pixels of the map")(name, value)


def _pointing(name, value):
    from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map

    should = "it is 'stars', 'packaged', a table of sunpy_lasco.stars.pointing_history, or maps for one."
    if value is None or (isinstance(value, str) and value in NAMED_POINTINGS):
        return value
    if isinstance(value, str | os.PathLike):
        if not Path(value).is_file():
            _refuse(name, value, f"is unknown; {should}")
        return value
    maps = [value] if isinstance(value, LASCOC2Map | LASCOC3Map) else value
    if isinstance(maps, list | tuple) and maps and all(isinstance(one, LASCOC2Map | LASCOC3Map) for one in maps):
        from sunpy_lasco.stars.history import pointing_history

        return pointing_history(maps)
    if {"time", "camera", "turned", "x", "y", "beside"} - set(getattr(value, "colnames", ())):
        _refuse(name, type(value), f"cannot be; {should}")
    return value


def _method(name, value):
    if isinstance(value, bool | np.bool_):
        return "auto" if value else None
    return _word("auto", *METHODS, *LEARNT_METHODS, None, instead=", True or False")(name, value)


def _assets(name, value):
    from sunpy_lasco.assets.sources import AssetSource

    if isinstance(value, list | tuple):
        return tuple(_assets(name, one) for one in value)
    if value is not None and not isinstance(value, str | os.PathLike | AssetSource):
        _refuse(
            name,
            value,
            "is not a directory, not a source of calibration images, and neither 'estimate' nor 'simulated'.",
        )
    return value


def _maps(name, value):
    from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map

    if value is None or (isinstance(value, str) and value == "archive"):
        return value
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | np.ndarray | dict):
        _refuse(name, type(value), "is not a sequence of maps; write context=[before, after] or context='archive'.")
    if isinstance(value, list | tuple):
        for one in value:
            if not isinstance(one, LASCOC2Map | LASCOC3Map):
                _refuse(name, type(one), "is not a map of LASCO C2 or C3; context is a sequence of level-0.5 maps.")
    return value


def _coordinate(name, value):
    from astropy.coordinates import BaseCoordinateFrame, SkyCoord

    if value is None:
        return None
    should = "it is a SkyCoord with a distance, such as that of sunpy.coordinates.get_horizons_coord."
    if not isinstance(value, SkyCoord | BaseCoordinateFrame) or not getattr(value, "has_data", True):
        _refuse(name, value, f"is not a coordinate; {should}")
    position = value.cartesian.xyz
    if not value.isscalar or position.unit == u.one or not np.isfinite(position.value).all():
        _refuse(name, value, f"is not one place at a finite distance; {should}")
    return value


def _response(name, value):
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if value is None or isinstance(value, str):
        _refuse(name, value, "is neither True, nor False, nor an array.")
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        _refuse(name, type(value), "is neither True, nor False, nor an array of numbers.")
    should = f"A response of the pixels has the shape ({FULL_FRAME}, {FULL_FRAME}) and is near 1 everywhere."
    if array.shape != (FULL_FRAME, FULL_FRAME):
        _refuse(name, f"array of shape {array.shape}", f"cannot be. {should}")
    if not np.isfinite(array).all() or array.min() <= 0:
        bad = np.count_nonzero(~(array > 0) | np.isinf(array))
        _refuse(name, "array", f"has {bad} pixels that are 0, negative or not finite. {should}")
    if not RESPONSE_RANGE[0] <= np.median(array) <= RESPONSE_RANGE[1]:
        _refuse(name, "array", f"has the median {np.median(array):.3g}. {should}")
    return value


def _stray_light(name, value):
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str | os.PathLike):
        from astropy.io import fits

        try:
            value = fits.getdata(value)
        except (OSError, TypeError, ValueError) as error:
            _refuse(name, value, f"cannot be read as an image: {error}")
    try:
        array = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError):
        _refuse(name, type(value), "is neither True, nor False, nor an image.")
    should = f"An increment of the stray light has the shape ({FULL_FRAME}, {FULL_FRAME}) and is finite, MSB."
    if array.shape != (FULL_FRAME, FULL_FRAME) or not np.isfinite(array).all():
        _refuse(name, f"array of shape {array.shape}", f"cannot be. {should}")
    if np.abs(array).max() > LARGEST_STRAY_LIGHT:
        _refuse(name, "array", f"reaches {np.abs(array).max():.3g} MSB, more than the corona. {should}")
    return array


def _read_response(text):
    """Convert the option flat_field from the command line."""
    from astropy.io import fits

    if text in ("builtin", "none"):
        return text == "builtin"
    try:
        return np.asarray(fits.getdata(text), dtype=np.float32)
    except (OSError, TypeError, ValueError) as error:
        msg = f"--flat-field {text}: {error}"
        raise OptionError(msg) from error


def _read_observer(texts):
    """Convert the option observer from the command line."""
    from astropy.coordinates import SkyCoord

    from sunpy.coordinates import HeliographicStonyhurst

    lon, lat, distance = (_read_number(text) for text in texts)
    return SkyCoord(lon * u.deg, lat * u.deg, distance * u.au, frame=HeliographicStonyhurst)


def _read_number(text):
    try:
        return float(text)
    except ValueError as error:
        msg = f"{text!r} is not a number."
        raise OptionError(msg) from error


def _read_quantity(unit):
    def parse(text):
        return _read_number(text) * unit if isinstance(text, str) else [_read_number(one) for one in text] * unit

    return parse


def _read_bias(text):
    return text if text in ("official", "dark") else _read_quantity(u.DN)(text)


def _word_or_none(text):
    return None if text == "none" else text


def _option(default, kind, text, check, command_line=None, *, choices=None):
    """
    Define an option.

    ``kind`` is its type in numpydoc form, ``text`` describes it in the docstring and the help, and
    ``check(name, value)`` returns the normalised value or raises an error.
    """
    if choices is not None:
        words = ["none" if word is None else word for word in choices]
        command_line = CommandLine(_word_or_none, "{" + ",".join(words) + "}")
        check = _word(*choices)
    metadata = {"kind": kind, "text": " ".join(text.split()), "check": check, "command_line": command_line}
    return field(default=default, metadata=metadata)


_QUANTITY = "`~astropy.units.Quantity`, optional"


@dataclass(frozen=True, eq=False, kw_only=True)
class Level1Options:
    """
    The validated options of `sunpy_lasco.calibrate`.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If an option has an invalid value, or two options exclude each other.
    """

    assets: AssetsLike = _option(
        None,
        "path-like, `str`, `~sunpy_lasco.assets.AssetSource` or sequence of these, optional",
        """Source of the calibration images: a directory, flat or as a SolarSoft tree; ``"estimate"`` for the
        approximate set of the package, which is recorded in the header; ``"simulated"`` for those of
        `sunpy_lasco.simulate`; or a source. None uses the configuration, the environment variables
        ``LASCO_DATA`` and ``SSW``, and the archives; in a sequence it stands for all of these.""",
        _assets,
        CommandLine(metavar="DIR"),
    )
    inpaint: str | bool | None = _option(
        "auto",
        "`str`, `bool` or None",
        """Method that fills lost blocks before all other steps, see `sunpy_lasco.inpaint`: ``"auto"`` or True for
        the best one, block by block.  Filled pixels are flagged. None or False leaves lost pixels NaN.""",
        _method,
        CommandLine(_word_or_none, "METHOD", note="'none' leaves lost blocks empty."),
    )
    context: Iterable[CoronagraphMap] | str | None = _option(
        None,
        'sequence of maps or ``"archive"``, optional',
        """Level-0.5 maps close in time, used to fill lost blocks. If several maps are calibrated, they are each
        other's context by default. ``"archive"`` downloads them if something was lost.""",
        _maps,
        CommandLine(
            list, "FILE", "+", note="Files that are used as context but not calibrated; 'none' disables the context."
        ),
    )
    distortion: str | None = _option(
        "resample",
        "`str` or None",
        """
        ``"resample"`` corrects the distortion by one interpolation. ``"grid"`` does the same at the positions
        of SolarSoft, which are linear between control points 32 pixels apart and up to 0.08 pixel off.
        ``"wcs"`` keeps the pixels where they were measured and describes the distortion in the WCS as SIP;
        sunpy supports this from 8.0 on, with 7.0 only the maps of this package do. None omits the correction.
        """,
        None,
        choices=("resample", "grid", "wcs", None),
    )
    north_up: bool | None = _option(
        None,
        "`bool`, optional",
        """Rotate solar north up, in the same interpolation. By default the roll is kept in the WCS; with
        ``solarsoft`` the image is rotated if the roll is at least 1 degree.""",
        _switch_or_none,
    )
    sun_pixel: u.Quantity | None = _option(
        None,
        _QUANTITY,
        """
        Move the Sun centre to this pixel (x, y) of the full frame, counted from 0 at full resolution, in the
        same interpolation.
        """,
        _quantity(u.pix, (2,), -0.5, FULL_FRAME - 0.5, "a pixel (x, y) of the full frame"),
        CommandLine(_read_quantity(u.pix), ("X", "Y"), 2),
    )
    geometry: str = _option(
        "official",
        "`str`",
        'Plate scale and distortion: ``"official"``, or ``"stars"`` for those fitted to stars.',
        None,
        choices=("official", "stars"),
    )
    photometry: str = _option(
        "official",
        "`str`",
        'Calibration factor: ``"official"``, or ``"stars"`` for that measured with stars.',
        None,
        choices=("official", "stars"),
    )
    bias: str | u.Quantity = _option(
        "official",
        "`str` or `~astropy.units.Quantity`",
        """``"official"``; ``"dark"`` for the true dark level of C3, 3 to 7 DN above it; or the bias of a single
        read-out in DN.""",
        _bias,
        CommandLine(_read_bias, "BIAS"),
    )
    factor: float | None = _option(
        None,
        "`float`, optional",
        """Relative exposure (true exposure time divided by that in the header), instead of the published value.""",
        _factor,
        CommandLine(_read_number, "FACTOR"),
    )
    centre: u.Quantity | None = _option(
        None,
        _QUANTITY,
        """Sun centre (x, y) in pixels of the level-0.5 map, counted from 0, instead of that from header and
        tables; see
        `~sunpy_lasco.update_pointing`.""",
        _centre,
        CommandLine(_read_quantity(u.pix), ("X", "Y"), 2),
    )
    roll: u.Quantity | None = _option(
        None,
        _QUANTITY,
        "Roll, instead of that from header and tables; see `~sunpy_lasco.update_pointing`.",
        _quantity(u.deg, (), -LARGEST_ROLL, LARGEST_ROLL, "an angle"),
        CommandLine(_read_quantity(u.deg), "DEGREES"),
    )
    pointing: PathLike | QTable | None = _option(
        None,
        "`str`, path-like, `~astropy.table.QTable`, map, `list` of maps or None",
        """
        ``"stars"`` determines Sun centre and roll from the stars in the image, see `sunpy_lasco.stars.solve`.
        A table of `sunpy_lasco.stars.pointing_history`, a file of it, or level-0.5 maps to make one from, use
        the stars in frames close in time, for C2 with the roll of C3. ``"packaged"`` uses frames that come
        with the package, see `sunpy_lasco.stars.packaged_history`. If too few stars agree, or no frame is
        close in time, a warning and HISTORY give the reason, and the pointing of tables and header is kept.
        ``centre`` and ``roll`` take precedence.
        """,
        _pointing,
        CommandLine(_word_or_none, "{stars,packaged,TABLE}"),
    )
    time_offset: u.Quantity | None = _option(
        None,
        _QUANTITY,
        "Time by which the on-board clock was ahead, instead of the value in the table.",
        _quantity(u.s, (), -LARGEST_TIME_OFFSET, LARGEST_TIME_OFFSET, "a time of less than a day"),
        CommandLine(_read_quantity(u.s), "SECONDS"),
    )
    observer: SkyCoord | BaseCoordinateFrame | None = _option(
        None,
        "`~astropy.coordinates.SkyCoord`, optional",
        """Position of SOHO instead of the best available one, see `~sunpy_lasco.level1.observer_position` and
        `~sunpy_lasco.update_observer`.  A coordinate without a time is assumed to be for the exposure.""",
        _coordinate,
        CommandLine(
            _read_observer,
            ("LON", "LAT", "DISTANCE"),
            3,
            note="Stonyhurst longitude and latitude in degrees, distance from the Sun in au.",
        ),
    )
    flat_field: bool | np.ndarray = _option(
        False,
        "`bool` or `~numpy.ndarray`",
        """
        Divide by the fixed response of the pixels, which official products do not correct. True uses the map
        of the package; or pass a response of the full frame, shape (1024, 1024).
        """,
        _response,
        CommandLine(_read_response, "FILE", note="'builtin' for the map of the package, or a FITS image."),
    )
    linearity: bool = _option(
        True,
        "`bool`",
        """
        Correct the loss of light near the full well of the CCD, up to some per cent where C3 is brightest.
        SolarSoft and ``solarsoft=True`` do not.
        """,
        _switch,
    )
    vignetting: bool = _option(True, "`bool`", "Correct the vignetting.", _switch)
    stray_light: object = _option(
        True,
        "`bool`, `~numpy.ndarray` or path-like",
        """
        Subtract the stray light of C3 Clear. For stray light of later years, pass an image of the full frame,
        shape (1024, 1024), or a FITS file of it, in MSB by the official factor; it is subtracted in addition
        to the published one.
        """,
        _stray_light,
    )
    mask: bool = _option(
        True, "`bool`", "Mask pixels behind the occulter and the pylon and outside the field (NaN).", _switch
    )
    pad: bool = _option(True, "`bool`", "Place sub-frames in the full frame.", _switch)
    on_bad: str = _option(
        "warn",
        "`str`",
        'What to do with implausible frames: ``"warn"``, ``"raise"`` or ``"ignore"``.',
        None,
        choices=("warn", "raise", "ignore"),
    )
    solarsoft: bool = _option(
        False,
        "`bool`",
        """
        Reproduce SolarSoft where this package deliberately differs from it: zeros instead of NaN; no mask in
        C2, where untransmitted blocks contain zero minus the bias; the distortion on SolarSoft's grid; a
        second interpolation for the roll; fuzzy logic for lost blocks of C3 Clear and zeros in all others;
        the mean of the vignetting over summed pixels; SolarSoft's statistics. A method, bias or scale that
        you specify is still used.
        """,
        _switch,
    )

    def __post_init__(self):
        for one in fields(self):
            # The class is frozen; each value is normalised here.
            object.__setattr__(self, one.name, one.metadata["check"](one.name, getattr(self, one.name)))
        if self.solarsoft and self.distortion == "wcs":
            msg = "SolarSoft has no distortion in the WCS: solarsoft=True needs distortion='resample', 'grid' or None."
            raise OptionError(msg)
        if self.distortion not in INTERPOLATED and (self.north_up or self.sun_pixel is not None):
            name = "north_up" if self.north_up else "sun_pixel"
            msg = f"{name} needs the interpolation: use distortion='resample', not {self.distortion!r}."
            raise OptionError(msg)

    def given(self):
        """The options that differ from their defaults, as a `dict` for `sunpy_lasco.calibrate`."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            one.name: values[one.name]
            for one in fields(self)
            if values[one.name] is not one.default
            and not (isinstance(values[one.name], str) and values[one.name] == one.default)
        }

    def provenance(self):
        """The options that differ from their defaults, as text for the card CALOPTS."""
        said = []
        for name, value in self.given().items():
            if name == "context":
                # HISTORY names the maps that were used.
                continue
            own = isinstance(value, str | bool | float) and not (name in ("assets", "pointing") and value not in NAMED)
            shown = repr(value) if own or value is None else str(value) if isinstance(value, u.Quantity) else "given"
            said.append(f"{name}={shown}")
        return ", ".join(said) or "defaults"


def read_options(given):
    """
    Validate options given by name.

    Parameters
    ----------
    given : mapping

    Returns
    -------
    `Level1Options`

    Raises
    ------
    TypeError
        If there is no such option.
    sunpy_lasco.errors.OptionError
        If a value is invalid.
    """
    names = [one.name for one in fields(Level1Options)]
    for name in given:
        if name not in names:
            alike = difflib.get_close_matches(name, names, 1)
            msg = f"calibrate() has no option {name!r}{f'; did you mean {alike[0]!r}?' if alike else '.'}"
            raise TypeError(msg)
    return Level1Options(**given)


def checked_option(name, value):
    """
    Validate one option.

    Parameters
    ----------
    name : `str`
        Its name.
    value : object
        Its value.

    Returns
    -------
    object
        The normalised value, such as a quantity in the unit of the option.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the value is invalid.
    """
    return Level1Options.__dataclass_fields__[name].metadata["check"](name, value)


def takes_options(function: AnyFunction) -> AnyFunction:
    """
    Give a function with ``**options`` the signature and the docstring of `Level1Options`.

    Parameters
    ----------
    function : callable
        Its docstring must describe ``**options`` as a parameter, which is replaced by the options.

    Returns
    -------
    callable
        The same function.
    """
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    new = [inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default)
           for one in fields(Level1Options)]  # fmt: skip
    function.__signature__ = signature.replace(parameters=[*own, *new])
    if function.__doc__:
        entries = [
            f"{one.name} : {one.metadata['kind']}\n"
            + textwrap.fill(one.metadata["text"], 84, initial_indent="    ", subsequent_indent="    ")
            for one in fields(Level1Options)
        ]
        described = re.compile(r"^\*\*options\n(?: +.*\n)+", re.MULTILINE)
        doc = described.sub(lambda _: "\n".join(entries) + "\n", inspect.cleandoc(function.__doc__))
        function.__doc__ = doc
    return function


def add_options(parser):
    """Add the options to a command-line parser; options that are not given do not appear in its result."""
    for one in fields(Level1Options):
        how, text = one.metadata["command_line"], _plain(one.metadata["text"])
        flag = one.name.replace("_", "-")
        if how is None and one.default is None:
            action = argparse.BooleanOptionalAction
            parser.add_argument(f"--{flag}", dest=one.name, action=action, default=argparse.SUPPRESS, help=text)
            continue
        if how is None:
            name, action = (f"--no-{flag}", "store_false") if one.default else (f"--{flag}", "store_true")
            text = f"Do not: {text[0].lower()}{text[1:]}" if one.default else text
            parser.add_argument(name, dest=one.name, action=action, default=argparse.SUPPRESS, help=text)
            continue
        default = "" if one.default in (None, False) else f"  Default: {one.default}."
        text = f"{text}  {how.note}".rstrip() + default
        parser.add_argument(
            f"--{flag}", dest=one.name, metavar=how.metavar, nargs=how.nargs, default=argparse.SUPPRESS, help=text
        )


def options_of(arguments):
    """The options given on a parsed command line, by name, not yet validated."""
    return {
        one.name: value if one.metadata["command_line"] is None else one.metadata["command_line"].parse(value)
        for one in fields(Level1Options)
        if (value := getattr(arguments, one.name, argparse.SUPPRESS)) is not argparse.SUPPRESS
    }


def _plain(text):
    """Convert a text of the reference for the terminal."""
    return re.sub(r"`+~?(?:[\w.]*\.)?([^`]*)`+", r"\1", text).replace("%", "%%")
