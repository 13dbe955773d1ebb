"""
Running, base and percentage differences of frames.

A difference is not an image of the corona. Its header is marked (EDITED, PRODUCT), calibration and level-1
files refuse it, and its colour scale is symmetric about zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.time import Time

import sunpy.map
from sunpy.util import MetaDict

from sunpy_lasco.errors import OptionError
from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.products.medians import median_of_frames
from sunpy_lasco.products.sequence import Sequence

if TYPE_CHECKING:
    from typing import Any

    from sunpy_lasco.products.sequence import SequenceLike

__all__ = ["base_difference", "percent_difference", "running_difference"]

#: Longest step of a running difference, in units of the usual step.
LONGEST_STEP = 1.5
#: Percentages require a base of at least this many times its uncertainty.
BASE_SIGNIFICANCE = 5.0
#: Tolerance of a step, relative and in s; frames taken every 12 minutes are some seconds early or late.
STEP_SLACK, LARGEST_SLACK = 0.05, 60.0
SECONDS_PER_DAY = 86400.0


def running_difference(
    images: SequenceLike,
    *,
    step: u.Quantity | None = None,
    max_gap: u.Quantity | str | None = "auto",
    rate: bool = False,
    normalise: str | bool | u.Quantity = False,
) -> Any:
    """
    Subtract an earlier frame from each frame.

    Parameters
    ----------
    images : `Sequence`, `list` of maps or files, or `~sunpy.map.MapSequence`
        Two or more frames, in any order.
    step : `~astropy.units.Quantity`, optional
        Subtract the latest frame that is earlier by at least this (tolerance: 5 %, at most one minute). By
        default the previous frame is subtracted.
    max_gap : `~astropy.units.Quantity`, `str` or None
        Differences over a longer time are NaN, because a front moves three times as far in 36 minutes as in 12.
        ``"auto"`` is 1.5 times the median cadence, or 1.5 times ``step`` if that is longer. None sets no
        limit.
    rate : `bool`
        Divide by the interval; the unit is then per second.
    normalise : `str`, `bool` or `~astropy.units.Quantity`
        Relative exposures, for images that are not yet a `Sequence` (see there). By default values do not change.

    Returns
    -------
    `Sequence`, `list` of maps or `~sunpy.map.MapSequence`
        As ``images``. There is one difference for each frame with an earlier one, at the time of the later
        frame (DATE-AVG; the earlier time is in DATEBASE), with its uncertainty and the flags of both.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are fewer than two frames, or none are ``step`` apart.
    sunpy_lasco.errors.IncompatibleMapsError
        If the frames do not match.

    Notes
    -----
    The variances of both frames are added. SolarSoft's movie tools make running differences of successive frames
    across gaps too, and without uncertainty.
    """
    cube, kind = _cube_of(images, normalise)
    if len(cube) < 2:
        msg = "A running difference needs at least two frames."
        raise OptionError(msg)
    seconds = (cube.time.mjd - cube.time.mjd[0]) * SECONDS_PER_DAY
    wanted = 0.0 if step is None else _seconds(step, "step")
    slack = min(LARGEST_SLACK, STEP_SLACK * wanted)
    pairs = []
    for number in range(1, len(cube)):
        before = np.flatnonzero(seconds[:number] <= seconds[number] - wanted + slack)
        if len(before):
            pairs.append((number, int(before[-1])))
    if not pairs:
        msg = f"No two frames are {step} apart; they range from {cube.time[0].isot} to {cube.time[-1].isot}."
        raise OptionError(msg)
    later, earlier = (np.array(one) for one in zip(*pairs, strict=True))
    between = seconds[later] - seconds[earlier]
    if isinstance(max_gap, str):
        if max_gap != "auto":
            msg = f"max_gap={max_gap!r} is unknown: it is 'auto', None, or an interval such as 20 * u.min."
            raise OptionError(msg)
        longest = LONGEST_STEP * max(float(np.median(np.diff(seconds))), wanted)
    else:
        longest = np.inf if max_gap is None else _seconds(max_gap, "max_gap")
    gaps = between > longest + 0.01
    if rate and (between <= 0).any():
        msg = "Frames of the same time have no rate."
        raise OptionError(msg)
    told = _Told("running difference", "rd", "RD", rate=rate)
    data = cube.data[later] - cube.data[earlier]
    sigma = None if cube.sigma is None else _quadrature(cube.sigma[later], cube.sigma[earlier])
    scale = np.where(gaps, np.nan, 1.0 / between if rate else 1.0).astype(data.dtype)[:, None, None]
    data = data * scale
    sigma = None if sigma is None else (sigma * scale).astype(sigma.dtype)
    headers = [
        told.header(cube.headers[i], [cube.headers[j]], cube.time[j], interval, gap=bool(gap), unit=cube.unit)
        for i, j, interval, gap in zip(later, earlier, between, gaps, strict=True)
    ]
    new = cube._like(
        data,
        sigma,
        cube.flags[later] | cube.flags[earlier],
        headers,
        unit=cube.unit / u.s if rate else cube.unit,
        times=cube.time[later],
        rolled=cube.rolled[later],
    )
    return _as_given(new, kind)


def base_difference(
    images: SequenceLike, base: SequenceLike | None = None, *, normalise: str | bool | u.Quantity = False
) -> Any:
    """
    Subtract a base from frames.

    Parameters
    ----------
    images : `Sequence`, map, `list` of maps or files, or `~sunpy.map.MapSequence`
    base : map, sequence of maps, `Sequence`, `int` or `slice`, optional
        The base: a map; several maps, whose median is used; a number, for the median of the first frames of
        ``images``; or a slice of ``images``. The default is the first frame. The best base is the median of 3 to 8
        frames taken within three hours before the event. With a monthly model, streamers and their motion
        remain in the difference.
    normalise : `str`, `bool` or `~astropy.units.Quantity`
        Relative exposures, for images that are not yet a `Sequence` (see there); the base is their reference. By
        default values do not change.

    Returns
    -------
    `Sequence`, map, `list` of maps or `~sunpy.map.MapSequence`
        As ``images``, with uncertainty and the flags of both; DATEBASE is the (mean) time of the base.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If the frames do not match.

    Notes
    -----
    The variance of a median of n frames is exact: for 3 to 8 frames it is 0.76 to 0.94 times the asymptotic
    pi / (2 n).
    """
    cube, one, kind = _with_base(images, base, normalise)
    return _as_given(_less(cube, one), kind)


def difference_within(cube, number, base):
    """
    Subtract frames of a sequence from another of its frames.

    Parameters
    ----------
    cube : `Sequence`
    number : `int`
        Number of the frame.
    base : `list` of `int`
        Numbers of the frames whose median is subtracted.

    Returns
    -------
    map
        As for `base_difference`.
    """
    return _less(_picked(cube, [number]), _base_of(_picked(cube, sorted(base)))).frame(0)


def _less(cube, one):
    """The sequence of differences to a base."""
    told = _Told("base difference", "bd", "BD")
    sigma = None if cube.sigma is None or one.sigma is None else _quadrature(cube.sigma, one.sigma[None])
    return _against(cube, one, told, cube.data - one.data[None], sigma, cube.unit)


def percent_difference(
    images: SequenceLike, base: SequenceLike | None = None, *, normalise: str | bool | u.Quantity = False
) -> Any:
    """
    Subtract a base from frames, and divide by the base, in percent.

    Parameters
    ----------
    images : `Sequence`, map, `list` of maps or files, or `~sunpy.map.MapSequence`
    base : map, sequence of maps, `Sequence`, `int` or `slice`, optional
        As for `base_difference`.
    normalise : `str`, `bool` or `~astropy.units.Quantity`
        As for `base_difference`.

    Returns
    -------
    `Sequence`, map, `list` of maps or `~sunpy.map.MapSequence`
        In percent; NaN where the base is not positive or not more than 5 times its uncertainty.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If the frames do not match.
    """
    cube, one, kind = _with_base(images, base, normalise)
    least = 0.0 if one.sigma is None else BASE_SIGNIFICANCE * one.sigma
    with np.errstate(invalid="ignore", divide="ignore"):
        under = np.where(one.data > least, one.data, np.nan)[None].astype(float)
        data = (100.0 * (cube.data - under) / under).astype(cube.data.dtype)
        sigma = None
        if cube.sigma is not None and one.sigma is not None:
            ratio = cube.data / under
            sigma = _quadrature(cube.sigma / under, ratio * (one.sigma[None] / under)) * 100.0
            sigma = sigma.astype(cube.sigma.dtype)
    told = _Told("percent difference", "pd", "PD")
    return _as_given(_against(cube, one, told, data, sigma, u.percent), kind)


@dataclass(frozen=True)
class _Base:
    """The base that is subtracted."""

    data: np.ndarray
    sigma: np.ndarray | None
    flags: np.ndarray
    headers: list
    time: Time


@dataclass(frozen=True)
class _Told:
    """Description of a difference in the header."""

    name: str
    short: str
    label: str
    rate: bool = False

    def header(self, later, earlier, time, interval, *, unit, gap=False):
        """Header of the difference of a frame and one or several others."""
        meta = changed(MetaDict(later), "difference")
        names = [str(one.get("filename") or one.get("date-obs")) for one in (later, *earlier)]
        meta["product"] = self.name
        meta["datebase"] = time.isot
        meta["deltat"] = round(float(interval), 3)
        minutes = f"{interval / 60:.0f} min" if abs(interval) >= 90 else f"{interval:.0f} s"
        text = minutes if self.label == "RD" else time.strftime("%H:%M")
        meta["prlabel"] = f"[{self.label} {'gap' if gap else text}]"
        for number, name in enumerate(names, 1):
            meta[f"prstep{number}"] = name
        moment = Time(meta["date-avg"]).strftime("%Y%m%dT%H%M%S")
        meta["filename"] = f"{str(meta['detector']).strip().lower()}_{moment}_{self.short}.fits"
        meta["bunit"] = unit.to_string()
        line = f"{self.name.capitalize()}: {names[0]} minus {names[1] if len(names) == 2 else 'the median of '}"
        line += "" if len(names) == 2 else ", ".join(names[1:])
        if self.rate:
            meta["bunit"] = (unit / u.s).to_string()
            line += f", divided by {interval:.2f} s"
        if gap:
            line += f"; no values, since they are {interval / 60:.0f} minutes apart"
        add_history(meta, line)
        return meta


def _seconds(interval, name):
    try:
        return u.Quantity(interval).to_value(u.s)
    except (TypeError, u.UnitConversionError) as error:
        msg = f"{name}={interval!r} is not an interval of time, such as 12 * u.min."
        raise OptionError(msg) from error


def _cube_of(images, normalise):
    """The frames as a cube, and the type of the input."""
    if isinstance(images, Sequence):
        return images, "sequence"
    kind = "maps" if hasattr(images, "maps") else "list"
    if isinstance(images, sunpy.map.GenericMap):
        kind = "map"
    return Sequence._of_versions(images, normalise=normalise)[0], kind


def _as_given(cube, kind):
    if kind == "sequence":
        return cube
    maps = cube.maps
    if kind == "map":
        return maps[0]
    return sunpy.map.Map(maps, sequence=True) if kind == "maps" else maps


def _quadrature(one, other):
    """Square root of the sum of squares, also for dask arrays."""
    return (one**2 + other**2) ** 0.5


def _with_base(images, base, normalise):
    """The frames as a cube, the base, and the type of the input."""
    if base is None or (isinstance(base, int | slice) and not isinstance(base, bool)):
        cube, kind = _cube_of(images, normalise)
        part = slice(0, 1) if base is None else slice(0, base) if isinstance(base, int) else base
        if not len(range(len(cube))[part]):
            msg = f"base={base!r} selects none of the {len(cube)} frames."
            raise OptionError(msg)
        return cube, _base_of(cube[part]), kind
    if isinstance(images, Sequence):
        if isinstance(base, Sequence):
            base = base.maps
        return images, _base_of(Sequence._of_versions(base, like=images)[0]), "sequence"
    given = images.maps if hasattr(images, "maps") else images
    given = [given] if not isinstance(given, list | tuple) else list(given)
    kind = "maps" if hasattr(images, "maps") else "map" if isinstance(images, sunpy.map.GenericMap) else "list"
    frames = base.maps if hasattr(base, "maps") else base
    frames = [frames] if not isinstance(frames, list | tuple) else list(frames)
    both, places = Sequence._of_versions([*frames, *given], normalise=normalise, base=len(frames))
    return _picked(both, sorted(places[len(frames) :])), _base_of(_picked(both, sorted(places[: len(frames)]))), kind


def _picked(cube, numbers):
    """Some frames of a cube."""
    numbers = np.array(numbers)
    return cube._like(
        cube.data[numbers],
        None if cube.sigma is None else cube.sigma[numbers],
        cube.flags[numbers],
        [cube.headers[number] for number in numbers],
        times=cube.time[numbers],
        rolled=cube.rolled[numbers],
    )


def _base_of(cube):
    cube = cube.computed()
    if len(cube) == 1:
        data, sigma = cube.data[0], None if cube.sigma is None else cube.sigma[0]
    else:
        data, sigma, _ = median_of_frames(cube.data, cube.sigma)
    flags = np.bitwise_or.reduce(cube.flags, axis=0)
    time = Time(cube.time.mjd.mean(), format="mjd")
    return _Base(data, sigma, flags, list(cube.headers), cube.time[0] if len(cube) == 1 else time)


def _against(cube, base, told, data, sigma, unit):
    """The sequence of differences to a base."""
    headers = [
        told.header(header, base.headers, base.time, (time.mjd - base.time.mjd) * SECONDS_PER_DAY, unit=unit)
        for header, time in zip(cube.headers, cube.time, strict=True)
    ]
    return cube._like(data, sigma, cube.flags | base.flags[None], headers, unit=unit)
