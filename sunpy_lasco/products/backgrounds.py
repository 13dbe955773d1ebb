"""
Backgrounds: the constant part of the images of a camera.

Backgrounds of level 1 contain F corona, steady K corona and stray light in MSB. Those of level 0.5 contain
the same as seen through the optics, in DN at the usual exposure, like the models of the instrument team.
"""

from __future__ import annotations

import warnings
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from astropy.io import fits
from astropy.time import Time, TimeDelta
from astropy.utils.exceptions import AstropyWarning

import sunpy.map

from sunpy_lasco.errors import IncompatibleMapsError, LascoUserWarning, OptionError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.instrument.headers import header_level
from sunpy_lasco.level1 import mark_missing, subtract_bias
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.products.medians import median_variance, percentile_of_frames
from sunpy_lasco.products.sequence import read_frame, same_grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sunpy_lasco.annotations import PathLike, TimeLike
    from sunpy_lasco.map.sources import AnyCoronagraphMap, CoronagraphMap

__all__ = [
    "background",
    "background_name",
    "between_backgrounds",
    "expected_bias",
    "group_by_state",
    "write_background",
]

#: Largest number of days in a model, about one solar rotation, as for the models of the instrument team.
LONGEST_DAYS = 27
#: A background of fewer days still contains streamers.
FEW_DAYS = 10
#: Smallest number of frames for a daily median.
LEAST_FRAMES = 3
#: Largest number of frames of a day that are used, evenly spaced; they need 400 MB.
MOST_FRAMES = 96
#: Number of rows for which medians are computed at a time.
ROWS = 64
#: Usual exposure of the frames in models in DN, s: C2 Orange and C3 Clear.
USUAL_EXPOSURE = {"C2": 25.0, "C3": 19.0}
#: Dates on which the stray light changed: the recovery of SOHO, and others. Frames from before and after such a date
#: are not combined.
STRAY_LIGHT_EPOCHS = {
    "C2": ("1998-10-13", "2000-12-02", "2002-02-06"),
    "C3": ("1998-11-24", "2002-06-19"),
}
#: Letters for polarisers in the names of models; for filters and other positions, the first two letters are used.
POLARISER_LETTERS = {"0 deg": "p0", "+60 deg": "pp", "-60 deg": "pm"}


def background(
    images: Iterable[CoronagraphMap | PathLike],
    *,
    kind: str | float = "minimum",
    options: Mapping[str, Any] | None = None,
) -> CoronagraphMap:
    """
    Compute a background from several days.

    Parameters
    ----------
    images : iterable of maps or path-like
        Frames of one camera, filter, polariser, roll state and epoch, in any order. Files are read one day at
        a time, so 30 days need a few hundred megabytes.
    kind : `str` or `float`
        Statistic of the daily medians: ``"minimum"`` (of the medians that are not zero), as in the monthly
        models of the instrument team; ``"median"``; or a percentile, such as 3.
    options : mapping, optional
        Options of `sunpy_lasco.calibrate` for level-0.5 frames. Without options the background is in DN, with
        the bias subtracted and scaled to the usual exposure, in the pixels of the detector, like the models
        used by fuzzy logic.

    Returns
    -------
    map of the same class
        Background at the middle of the days. Its header contains BKGKIND, DAYFIRST, DAYLAST, NDAYS, NFRAMES,
        BKGBIAS (the bias expected from noise alone, in sigma of a daily median) and the team's file name in
        FILENAME. The uncertainty is that of a daily median; for ``"median"`` it accounts for the number of
        days.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If roll states, epochs, cameras, filters or grids are mixed; see `group_by_state`.
    sunpy_lasco.errors.OptionError
        If no day has three frames, they span more than 27 days, or ``kind`` is unknown.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If there are fewer than 10 days, or if days are omitted because they have fewer than 3 frames.

    Notes
    -----
    Noise alone makes the minimum of 27 daily medians too low by 2.00 of their sigma, which is 2.5 sigma /
    sqrt(n) for days of n frames. A background is not the F corona: it also contains the part of the K corona
    that is present all month.

    References
    ----------
    * Llebaria et al. 2021, Solar Physics 296, 53
    """
    share = _share(kind)
    days = {}
    first = None
    for image in images:
        facts = _facts(image, options)
        if first is None:
            first = facts
        elif facts[1:] != first[1:]:
            msg = (
                f"{facts[0][2]} and {first[0][2]} do not belong to the same background: {_apart(facts[1:], first[1:])}."
            )
            raise IncompatibleMapsError(msg + " Use group_by_state to sort frames.")
        days.setdefault(facts[0][0], []).append((facts[0][1], facts[0][2], image))
    few = [day for day, frames in days.items() if len(frames) < LEAST_FRAMES]
    if few:
        told = ", ".join(f"{day} ({len(days.pop(day))})" for day in few)
        warnings.warn(f"Days with fewer than {LEAST_FRAMES} frames are omitted: {told}.", LascoUserWarning, 2)
    if not days:
        msg = f"There is no day with {LEAST_FRAMES} or more frames."
        raise OptionError(msg)
    names = sorted(days)
    span = round(Time(names[-1]).mjd - Time(names[0]).mjd) + 1
    if span > LONGEST_DAYS:
        msg = f"A background covers {LONGEST_DAYS} days at most; {names[0]} to {names[-1]} are {span}."
        raise OptionError(msg)
    if len(days) < FEW_DAYS:
        warnings.warn(f"A background of {len(days)} days contains streamers; use 10 to 27.", LascoUserWarning, 2)
    like, medians, errors, total = None, [], [], 0
    lowest = None
    for name in names:
        frames = sorted(days[name], key=lambda frame: frame[0])
        frames = [frames[number] for number in _evenly(len(frames), MOST_FRAMES)]
        like, median, error = _daily(frames, options, like)
        total += len(frames)
        if share == "minimum":
            lowest = _lower(lowest, (median, error))
        else:
            medians.append(median)
            errors.append(error)
    if share == "minimum":
        data, sigma = lowest
    else:
        data, sigma = _percentile(medians, errors, share)
    return _as_map(like, data, sigma, kind, names, total, rolled=first[2])


def group_by_state(images: Iterable[CoronagraphMap | PathLike], *, options: Mapping[str, Any] | None = None) -> dict:
    """
    Sort frames into groups that can form one background.

    Parameters
    ----------
    images : iterable of maps or path-like
    options : mapping, optional
        As for `background`.

    Returns
    -------
    `dict`
        Lists of frames by (camera, filter, polariser, rolled, epoch, shape).
    """
    groups = {}
    for image in images:
        groups.setdefault(_facts(image, options)[1:], []).append(image)
    return {(*kind[0], *kind[1:]): frames for kind, frames in groups.items()}


def expected_bias(kind, days):
    """
    Bias of a background due to noise alone.

    Parameters
    ----------
    kind : `str` or `float`
        As for `background`.
    days : `int`
        Number of daily medians.

    Returns
    -------
    `float`
        Expectation of the order statistic of Gaussian values, in sigma of a daily median.

    Examples
    --------
    >>> from sunpy_lasco.products.backgrounds import expected_bias
    >>> print(f"{expected_bias('minimum', 27):.2f}")
    -2.00
    """
    share = _share(kind)
    place = 0.0 if share == "minimum" else share / 100.0 * (days - 1)
    low = int(place)
    weight = place - low
    found = (1.0 - weight) * _order_statistic(low + 1, days)
    return float(found + (weight * _order_statistic(low + 2, days) if weight > 0 else 0.0))


def between_backgrounds(before: AnyCoronagraphMap, after: AnyCoronagraphMap, time: TimeLike) -> AnyCoronagraphMap:
    """
    Interpolate a background in time between two others.

    Parameters
    ----------
    before, after : maps
        Results of `background` for one camera, filter and roll state.
    time : time
        Anything that `~astropy.time.Time` accepts.

    Returns
    -------
    map of the same class
        Interpolated linearly in time.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If ``time`` is not between the backgrounds; they are not extrapolated.
    sunpy_lasco.errors.IncompatibleMapsError
        If the backgrounds do not match.
    """
    moments = [Time(smap.meta["date-avg"]) for smap in (before, after)]
    time = Time(time)
    if not moments[0] <= time <= moments[1] or moments[0] == moments[1]:
        msg = f"{time.isot} is not between the backgrounds of {moments[0].isot} and {moments[1].isot}."
        raise OptionError(msg)
    kinds = [_facts(smap, None)[1:] for smap in (before, after)]
    if kinds[0] != kinds[1] or before.unit != after.unit:
        msg = f"The backgrounds of {moments[0].isot} and {moments[1].isot} differ: {_apart(*kinds)}."
        raise IncompatibleMapsError(msg)
    same_grid(before, after)
    weight = float((time.mjd - moments[0].mjd) / (moments[1].mjd - moments[0].mjd))
    data = (1 - weight) * before.data + weight * after.data
    sigmas = sigma_of(before), sigma_of(after)
    sigma = None
    if sigmas[0] is not None and sigmas[1] is not None:
        sigma = np.hypot((1 - weight) * sigmas[0], weight * sigmas[1])
    meta = before.meta.copy()
    meta["date-obs"] = meta["date-beg"] = meta["date-avg"] = meta["date-end"] = time.utc.isot
    add_history(meta, f"Interpolated in time between {moments[0].isot[:10]} and {moments[1].isot[:10]}")
    return replace(before, data=data, meta=meta, uncertainty=sigma)


def background_name(smap, *, rolled=False):
    """
    File name of a model in the naming scheme of the instrument team.

    Parameters
    ----------
    smap : map
        Map with the camera, filter, polariser and time of the model.
    rolled : `bool`
        Whether the spacecraft is rolled.

    Returns
    -------
    `str`
        Such as ``"3m_clcl_120815.fts"``; ``"3mr_..."`` for the rolled spacecraft.
    """
    filter_ = str(smap.meta.get("filter", "")).strip().lower()
    polar = str(smap.meta.get("polar", "")).strip().lower()
    letters = (filter_[:2] or "xx") + POLARISER_LETTERS.get(polar, polar[:2] or "xx")
    return f"{smap.detector[1]}m{'r' if rolled else ''}_{letters}_{smap.date.strftime('%y%m%d')}.fts"


def write_background(smap: CoronagraphMap, path: PathLike, *, overwrite: bool = False) -> Path:
    """
    Write a background.

    Parameters
    ----------
    smap : map
        Result of `background`.
    path : path-like
        A file name that ends in .fts or .fits, or a directory, in which the file gets the team's name.
        `sunpy_lasco.calibrate` and fuzzy logic use a model in DN with the name ``3m_clcl_all.fts`` in a
        directory of assets.
    overwrite : `bool`
        Replace an existing file.

    Returns
    -------
    `pathlib.Path`
    """
    path = Path(path)
    if path.suffix.lower() not in (".fts", ".fits"):
        path = path / str(smap.meta["filename"])
    header = smap.fits_header
    for card in ("BSCALE", "BZERO", "BLANK", "KEYCOMMENTS"):
        header.remove(card, ignore_missing=True)
    image = fits.PrimaryHDU(np.asarray(smap.data, np.float32), header)
    with atomic_path(path, overwrite=overwrite) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        image.writeto(temporary, checksum=True, overwrite=True)
    return path


def _share(kind):
    """``"minimum"``, or a percentile."""
    if kind == "minimum":
        return kind
    if kind == "median":
        return 50.0
    if isinstance(kind, int | float) and not isinstance(kind, bool) and 0 <= kind <= 100:
        return float(kind)
    msg = f"kind={kind!r} is unknown: it is 'minimum', 'median', or a percentile from 0 to 100."
    raise OptionError(msg)


def _facts(image, options):
    """(day, seconds, name), and the properties that frames of one background share: kind, roll state, epoch, shape."""
    if isinstance(image, sunpy.map.GenericMap):
        smap = image
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = fits.getheader(image)
            smap = sunpy.map.Map(np.broadcast_to(np.float32(0), (int(header["NAXIS2"]), int(header["NAXIS1"]))), header)
    meta = smap.meta
    roll = np.rad2deg(np.arctan2(smap.rotation_matrix[1, 0], smap.rotation_matrix[0, 0]))
    turned = str(meta.get("turned", "")).strip() in ("True", "T") or abs(roll) > 90
    date = smap.date
    epoch = sum(date >= Time(change) for change in STRAY_LIGHT_EPOCHS[smap.detector])
    kind = tuple([smap.detector] + [str(meta.get(card, "")).strip().lower() for card in ("filter", "polar")])
    name = str(meta.get("filename") or date.isot)
    return (date.isot[:10], date.mjd, name), kind, bool(turned), int(epoch), smap.data.shape


def _apart(one, other):
    words = []
    for name, here, there in zip(("kind", "roll", "epoch of the stray light", "size"), one, other, strict=True):
        if here != there:
            words.append(f"{name} {here} and {there}")
    return "; ".join(words) or "they are in different units"


def _evenly(count, most):
    return range(count) if count <= most else np.unique(np.linspace(0, count - 1, most).astype(int))


def _signal(image, options):
    """A frame for a background: level 1, or counts at the usual exposure."""
    smap = read_frame(image, options)
    if header_level(smap.meta) != 0.5:
        return smap
    bare = subtract_bias(mark_missing(smap))
    scale = USUAL_EXPOSURE[smap.detector] / smap.exposure_time.to_value("s")
    meta = bare.meta.copy()
    meta["exptime"] = USUAL_EXPOSURE[smap.detector]
    return replace(bare, data=np.asarray(bare.data * scale, np.float32), meta=meta, uncertainty=None, flags=None)


def _daily(frames, options, like):
    """A representative map, and the median of a day with its sigma."""
    stack = errors = None
    for number, (_, _, image) in enumerate(frames):
        smap = _signal(image, options)
        if like is None:
            like = smap
        same_grid(like, smap)
        if stack is None:
            stack = np.empty((len(frames), *smap.data.shape), np.float32)
            errors = np.zeros(smap.data.shape)
            known = True
        stack[number] = smap.data
        sigma = sigma_of(smap)
        known = known and sigma is not None
        if known:
            errors += np.nan_to_num(np.square(sigma, dtype=float))
    median = np.empty(stack.shape[1:], np.float32)
    number = np.empty(stack.shape[1:], int)
    for row in range(0, stack.shape[1], ROWS):
        part = stack[:, row : row + ROWS]
        number[row : row + ROWS] = np.isfinite(part).sum(axis=0)
        median[row : row + ROWS] = percentile_of_frames(part, 50.0)
    median[number < LEAST_FRAMES] = np.nan
    sigma = None
    if known:
        sigma = np.sqrt(errors / np.maximum(number, 1) * median_variance(number)).astype(np.float32)
    return like, median, sigma


def _lower(lowest, day):
    """The minimum of two days, pixel by pixel; zero and NaN are ignored."""
    median, sigma = day
    median = np.where(median == 0, np.nan, median)
    if lowest is None:
        return median, sigma
    take = ~(lowest[0] <= median) & np.isfinite(median)
    data = np.where(take, median, lowest[0])
    return data, None if sigma is None or lowest[1] is None else np.where(take, sigma, lowest[1])


def _percentile(medians, errors, share):
    stack = np.stack(medians)
    number = np.isfinite(stack).sum(axis=0)
    data = np.concatenate(
        [percentile_of_frames(stack[:, row : row + ROWS], share) for row in range(0, stack.shape[1], ROWS)]
    ).astype(np.float32)
    if any(error is None for error in errors):
        return data, None
    squares = np.where(np.isfinite(stack), np.square(np.stack(errors), dtype=float), 0.0)
    sigma = np.sqrt(squares.sum(axis=0) / np.where(number > 0, number, np.nan))
    if share == 50.0:
        sigma = sigma * np.sqrt(median_variance(number))
    return data, sigma.astype(np.float32)


def _order_statistic(rank, number):
    """Expectation of the value with a rank, counted from 1, among Gaussian values."""
    x = np.linspace(-9.0, 9.0, 4001)
    below, above = stats.norm.logcdf(x), stats.norm.logsf(x)
    density = rank * comb(number, rank) * np.exp((rank - 1) * below + (number - rank) * above) * stats.norm.pdf(x)
    return float(np.sum(x * density) * (x[1] - x[0]))


def _as_map(like, data, sigma, kind, names, total, *, rolled):
    meta = changed(like.meta, "background")
    moments = Time(names[0]), Time(names[-1]) + TimeDelta(1.0, format="jd")
    middle = moments[0] + (moments[1] - moments[0]) / 2
    meta["date-obs"] = meta["date-avg"] = middle.isot
    for card in ("date-beg", "date-end", "time-obs", "time_obs", "date_obs", "mid_date", "mid_time"):
        meta.pop(card, None)
    meta["date-beg"], meta["date-end"] = moments[0].isot, moments[1].isot
    told = kind if isinstance(kind, str) else f"percentile {kind:g}"
    meta["product"] = "background"
    meta["bkgkind"] = f"{told} of daily medians"
    meta["bkgbias"] = round(expected_bias(kind, len(names)), 4)
    meta["dayfirst"], meta["daylast"] = names[0], names[-1]
    meta["ndays"], meta["nframes"] = len(names), total
    meta["bunit"] = like.unit.to_string()
    add_history(
        meta,
        f"Background: {told} of the medians of {len(names)} days, {total} frames, {names[0]} to {names[-1]}",
        "It contains F corona, stray light, and the constant part of the K corona",
    )
    bits = np.where(np.isfinite(data), 0, np.uint8(PixelFlag.MISSING)).astype(np.uint8)
    new = replace(like, data=np.asarray(data, np.float32), meta=meta, uncertainty=sigma, flags=bits)
    new.meta["filename"] = background_name(new, rolled=rolled)
    return new
