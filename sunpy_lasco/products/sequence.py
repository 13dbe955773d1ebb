"""
Frames of one camera in order of time, as a cube.
"""

from __future__ import annotations

import copy
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace as changed_copy
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from ndcube import NDCube

import astropy.units as u
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.nddata import StdDevUncertainty
from astropy.time import Time, TimeDelta

import sunpy.map
from sunpy.util import MetaDict

from sunpy_lasco.annotations import PathLike
from sunpy_lasco.errors import IncompatibleMapsError, LascoError, LascoUserWarning, OptionError
from sunpy_lasco.geometry.cards import standard_cards
from sunpy_lasco.geometry.resampling import is_turned
from sunpy_lasco.instrument.changes import VALUES, changes_of, without_statistics
from sunpy_lasco.instrument.headers import header_level
from sunpy_lasco.level1 import calibrate, read_level1, systematic_uncertainty
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.map.sources import CoronagraphMap, LASCOC2Map, LASCOC3Map
from sunpy_lasco.products.exposure import (
    RelativeExposures,
    has_published_factor,
    has_sector,
    polar_medians,
    relative_exposures,
)
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from sunpy_lasco.annotations import TimeLike

__all__ = ["Sequence", "read_frame", "same_grid"]

CLASSES: dict[str, type[LASCOC2Map] | type[LASCOC3Map]] = {"C2": LASCOC2Map, "C3": LASCOC3Map}
#: Frames match if their Sun centres agree within this, pixels.
SAME_CENTRE = 0.1
#: Frames match if their rolls agree within this, degree.
SAME_ROLL = 0.05
#: Distance of the edge of the field from the Sun, pixels. There the difference in scale must be below `SAME_CENTRE`.
FIELD_RADIUS = 512
#: Cubes larger than this, in bytes with sigma and flags, are not kept in memory.
LARGEST_IN_MEMORY = 2 * 1024**3
#: Bytes per pixel of the cube: float32 twice, and flags.
BYTES_PER_PIXEL = 9
#: Sun centres of the frames of one background agree within this, pixels. The pointing drifts by less within a month.
BACKGROUND_CENTRE = 1.0
#: The spacecraft is rolled if the roll exceeds this, degree.
ROLLED = 90.0


class Sequence(NDCube):
    """
    Frames of one camera in order of time: an `~ndcube.NDCube` with the axes (time, y, x).

    The frames share camera, filter, polariser, size, unit and level and, after construction, one pixel grid.
    They can be maps, files of any level, or level-0.5 files with options for their calibration. Frames whose
    pointing differs by more than 0.1 pixel or whose roll differs by more than 0.05 degree are reprojected,
    once, to the grid of the majority. Frames of the rolled spacecraft are first turned by 180 degrees,
    without interpolation.

    Parameters
    ----------
    maps : sequence of `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map` or path-like
        Frames in any order; also a `~sunpy.map.MapSequence`.
    options : mapping or callable, optional
        Options of `sunpy_lasco.calibrate` for level-0.5 frames, such as ``{"assets": "..."}``, or ``{}`` for the
        defaults; or a function that returns the options for each of the ``maps``. Frames are calibrated when they
        are needed. Without options the frames remain counts.
    normalise : `str`, `bool` or `~astropy.units.Quantity`, optional
        How relative exposures are determined. ``"auto"`` (default) uses the sector of 90 degrees that changes
        least, if the frames are level 1 and have no published exposure factors. True always uses this sector. Two
        position angles, such as ``(200, 260) * u.deg``, select another. False does not determine them.
    lazy : `bool`, optional
        Read, or calibrate, each frame when it is accessed instead of keeping pixels in memory; ``data``,
        ``uncertainty.array`` and ``flags`` are then dask arrays. This is the default for cubes of more than 2
        GiB.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If frames differ in camera, filter, polariser, size, unit or level, or have the same time but
        different contents. The error names the files.
    sunpy_lasco.errors.BadFrameError
        If a relative exposure is outside 0.97 to 1.03. The error names the file.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If a frame is given twice; it is used once.

    Notes
    -----
    The cube has

    * ``data`` (`numpy.ndarray` or ``dask.array.Array``): float32, or float64 if a frame is; shape (time, y,
      x), NaN where data are missing.
    * ``unit`` (`~astropy.units.Unit`): MSB for level 1, DN for counts.
    * ``uncertainty`` (`~astropy.nddata.StdDevUncertainty` or None): 1 sigma of the noise, which differs from
      frame to frame. None if a frame has no uncertainty.
    * ``common`` (`dict` or None): Errors that all frames share, from `sunpy_lasco.systematic_uncertainty`:
      relative errors of the scale, and additive ones in MSB. They cancel in ratios but not in masses.
    * ``flags`` (`numpy.ndarray` or ``dask.array.Array``): `~sunpy_lasco.PixelFlag` of every
      pixel, uint8, shape (time, y, x).
    * ``headers`` (`tuple` of `~sunpy.util.MetaDict`): Header of each frame in the cube, with the WCS of the
      common grid and its own times and observer.
    * ``time`` (`~astropy.time.Time`): Middle of each exposure (DATE-AVG), ascending; also
      ``extra_coords["time"]``.
    * ``factors``, ``factor_sigma`` (`numpy.ndarray`): Relative exposure by which each frame was divided, and
      its 1 sigma; 1 and 0 if it was not. Headers contain them as RELEXP and RELEXPS.
    * ``rolled`` (`numpy.ndarray` of `bool`): Whether the spacecraft was rolled by 180 degrees.
    * ``wcs`` (`~astropy.wcs.WCS`): Helioprojective axes of the common grid, from the reference frame, and the
      number of the frame.

    A slice that keeps three axes (``sequence[2:5]``, ``sequence[:, 100:400, 200:]``,
    ``sequence.crop(...)``) is a `Sequence`; other slices, and the results of arithmetic, are plain
    cubes.  ``for smap in sequence`` and ``sequence.maps`` give maps, and so does ``sequence.frame(3)``.

    Examples
    --------
    >>> import numpy as np
    >>> import sunpy_lasco
    >>> from sunpy_lasco import products, simulate
    >>> shown = [simulate.observe("C3", date=f"2012-08-31T{hour}:06", seed=hour) for hour in (18, 19)]
    >>> maps = [sunpy_lasco.calibrate(one.level05, assets="simulated") for one in shown]
    >>> sequence = products.Sequence(maps)
    >>> sequence.shape
    (2, 1024, 1024)
    >>> first = sequence.maps[0]
    """

    def __init__(
        self,
        maps: SequenceLike,
        *,
        options: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None = None,
        normalise: str | bool | u.Quantity = "auto",
        lazy: bool | None = None,
    ) -> None:
        self._build(maps, options=options, normalise=normalise, lazy=lazy)

    @classmethod
    def _of_versions(cls, maps, *, normalise=False, like=None, base=None):
        """
        Make a sequence in which frames may have the same time; return it with the number of each given map.

        ``like`` is a sequence with the same grid and kind. The median of the first ``base`` maps is the
        reference of the relative exposures.
        """
        new = cls.__new__(cls)
        places = new._build(maps, normalise=normalise, versions=True, like=like, base=base)
        return new, places

    def _build(self, maps, *, options=None, normalise="auto", lazy=None, versions=False, like=None, base=None):
        sources = _sources_of(maps, options)
        find = normalise is not False and normalise is not None
        frames = _all_examined(sources, lazy, medians=find)
        order = list(range(len(frames)))
        if versions:
            order = sorted(order, key=lambda number: frames[number].time.mjd)
            frames = [frames[number] for number in order]
        else:
            frames = _in_order(frames)
        _require_one_kind(frames if like is None else [*like._frame_zero(), *frames])
        reference = _reference(frames) if like is None else like._frame_zero()[0]
        frames = [_aligned(frame, reference) for frame in frames]
        relative = _relative(frames, normalise, None if base is None else np.asarray(order) < base)
        shape = (len(frames), *frames[0].shape)
        if lazy is None:
            lazy = np.prod(shape, dtype=float) * BYTES_PER_PIXEL > LARGEST_IN_MEMORY
        frames = [
            changed_copy(frame, factor=float(factor), factor_sigma=float(sigma))
            for frame, factor, sigma in zip(frames, relative.factors, relative.sigma, strict=True)
        ]
        known = all(frame.has_sigma for frame in frames)
        data, sigma, flags = (_lazy_cube if lazy else _cube)(frames, known)
        headers = tuple(_cube_header(frame, relative) for frame in frames)
        self._set_parts(
            data,
            sigma,
            flags,
            wcs=_cube_wcs(reference),
            unit=frames[0].unit,
            headers=headers,
            common=reference.common,
            rolled=np.array([frame.rolled for frame in frames]),
            times=Time([frame.time for frame in frames]),
        )
        return [order.index(number) for number in range(len(sources))] if versions else None

    def _frame_zero(self):
        """The first frame, in the form from which sequences are made."""
        smap = CLASSES[self.detector](
            np.broadcast_to(np.float32(0), self.shape[1:]), MetaDict(self.headers[0]), _as_read=False
        )
        return [_examined((smap, None), keep=False)]

    def _set_parts(self, data, sigma, flags, *, wcs, unit, headers, common, rolled, times):
        """Initialise the cube from its parts."""
        super().__init__(
            data,
            wcs=wcs,
            unit=unit,
            uncertainty=None if sigma is None else StdDevUncertainty(sigma, copy=False),
            meta={"detector": headers[0]["detector"], "frames": len(headers)},
        )
        self.extra_coords.add("time", 0, times, physical_types="time")
        self.flags, self.headers, self.common, self.rolled, self.time = flags, headers, common, rolled, times

    @classmethod
    def _of_parts(cls, *args, **parts):
        new = cls.__new__(cls)
        new._set_parts(*args, **parts)
        return new

    def _like(self, data, sigma, flags, headers, *, unit=None, times=None, rolled=None):
        """A sequence on the same grid with other pixels and headers."""
        return type(self)._of_parts(
            data,
            sigma,
            flags,
            wcs=copy.deepcopy(self.wcs),
            unit=unit or self.unit,
            headers=tuple(headers),
            common=self.common,
            rolled=self.rolled if rolled is None else rolled,
            times=self.time if times is None else times,
        )

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def detector(self) -> str:
        """``"C2"`` or ``"C3"``."""
        return self.meta["detector"]

    @property
    def is_lazy(self) -> bool:
        """Whether pixels are read when they are accessed."""
        return hasattr(self.data, "dask")

    @property
    def sigma(self) -> Any:
        """1 sigma of the noise, shape (time, y, x), or None; the array of ``uncertainty``."""
        return None if self.uncertainty is None else self.uncertainty.array

    @property
    def factors(self) -> np.ndarray:
        """Relative exposures, one per frame."""
        return np.array([float(header.get("relexp", 1.0)) for header in self.headers])

    @property
    def factor_sigma(self) -> np.ndarray:
        """1 sigma of the relative exposures, one per frame."""
        return np.array([float(header.get("relexps", 0.0)) for header in self.headers])

    @property
    def cadence(self) -> u.Quantity | None:
        """Median interval between frames, a `~astropy.units.Quantity`; None for a single frame."""
        return None if len(self) < 2 else np.median(np.diff(self.time.mjd)) * 86400.0 * u.s

    @property
    def maps(self) -> list[CoronagraphMap]:
        """The frames as a `list` of maps with uncertainty and flags. In a lazy sequence this reads all of them."""
        return [self.frame(number) for number in range(len(self))]

    def __iter__(self):
        """The frames as maps, one after the other; unlike ``maps``, it holds one at a time."""
        return (self.frame(number) for number in range(len(self)))

    def frame(self, number: int) -> CoronagraphMap:
        """
        One frame as a map.

        Parameters
        ----------
        number : `int`
            Counted from 0, or negative from the end.

        Returns
        -------
        `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
            With uncertainty and flags; its pixels are a copy.
        """
        number = range(len(self))[number]
        parts = self._frame_parts(number)
        data, sigma, flags = (None if part is None else np.array(part) for part in parts)
        return CLASSES[self.detector](
            data, MetaDict(self.headers[number]), flags=flags, uncertainty=sigma, _as_read=False
        )

    def _frame_parts(self, number):
        """Data, sigma and flags of one frame, in memory."""
        parts = [self.data[number], None if self.sigma is None else self.sigma[number], self.flags[number]]
        if self.is_lazy:
            import dask

            return dask.compute(*parts, scheduler="synchronous")
        return parts

    @property
    def cube(self) -> NDCube:
        """The sequence as a plain `~ndcube.NDCube`, without flags and headers."""
        cube = NDCube(
            self.data, wcs=copy.deepcopy(self.wcs), unit=self.unit, uncertainty=self.uncertainty, meta=dict(self.meta)
        )
        cube.extra_coords.add("time", 0, self.time, physical_types="time")
        return cube

    # ndcube makes new cubes of the class of the old one; results that are no longer sequences
    # become plain cubes.
    def __getitem__(self, item: Any) -> Sequence | NDCube:
        part = self.cube[item]
        item = item if isinstance(item, tuple) else (item,)
        if part.data.ndim != 3 or Ellipsis in item:
            if Ellipsis not in item or part.data.ndim != 3:
                return part
            item = (*item[: item.index(Ellipsis)], *[slice(None)] * (4 - len(item)), *item[item.index(Ellipsis) + 1 :])
        item = (*item, *[slice(None)] * (3 - len(item)))
        rows, columns = (np.arange(length)[one] for length, one in zip(self.shape[1:], item[1:], strict=True))
        headers = [_cut_header(header, rows, columns) for header in self.headers[item[0]]]
        return type(self)._of_parts(
            part.data,
            None if part.uncertainty is None else part.uncertainty.array,
            self.flags[item],
            wcs=_flat(part.wcs, self.wcs, rows[0], columns[0]),
            unit=self.unit,
            headers=tuple(headers),
            common=self.common,
            rolled=self.rolled[item[0]],
            times=self.time[item[0]],
        )

    def _new_instance(self, **kwargs):
        return self.cube._new_instance(**kwargs)

    def rebin(self, *args: Any, **kwargs: Any) -> NDCube:
        """See `ndcube.NDCube.rebin`; the result is a plain cube."""
        return self.cube.rebin(*args, **kwargs)

    def reproject_to(self, *args: Any, **kwargs: Any) -> NDCube:
        """See `ndcube.NDCube.reproject_to`; the result is a plain cube."""
        return self.cube.reproject_to(*args, **kwargs)

    def squeeze(self, *args: Any, **kwargs: Any) -> NDCube:
        """See `ndcube.NDCube.squeeze`; the result is a plain cube."""
        return self.cube.squeeze(*args, **kwargs)

    def plot(self, *args: Any, **kwargs: Any) -> Any:
        """See `ndcube.NDCube.plot`: an image with a slider for time."""
        kwargs.setdefault("plot_axes", [None, "y", "x"])
        return self.cube.plot(*args, **kwargs)

    def between(self, start: TimeLike | None = None, end: TimeLike | None = None) -> Sequence:
        """
        Select the frames in an interval.

        Parameters
        ----------
        start, end : time, optional
            Anything `~astropy.time.Time` accepts; both ends are included.

        Returns
        -------
        `Sequence`

        Raises
        ------
        sunpy_lasco.errors.OptionError
            If no frame lies in the interval.
        """
        use = np.ones(len(self), bool)
        if start is not None:
            use &= self.time >= Time(start)
        if end is not None:
            use &= self.time <= Time(end)
        if not use.any():
            there = f"{self.time[0].isot} to {self.time[-1].isot}"
            msg = f"There is no frame from {start} to {end}; the frames range over {there}."
            raise OptionError(msg)
        first, last = np.flatnonzero(use)[[0, -1]]
        return self[int(first) : int(last) + 1]

    def computed(self) -> Sequence:
        """
        Load all pixels into memory.

        Returns
        -------
        `Sequence`
        """
        if not self.is_lazy:
            return self
        import dask

        data, sigma, flags = dask.compute(self.data, self.sigma, self.flags, scheduler="synchronous")
        return self._like(data, sigma, flags, self.headers)

    def __repr__(self):
        when = f"{self.time[0].isot[:19]} to {self.time[-1].isot[:19]}"
        return f"<Sequence of {len(self)} frames of {self.detector}, {when}, {self.shape[1:]} pixels, {self.unit}>"

    __str__ = __repr__


@dataclass(frozen=True)
class _Frame:
    """Data kept for a frame while a sequence is made."""

    given: object
    options: object
    name: str
    header: MetaDict
    shape: tuple
    unit: u.UnitBase
    time: Time
    geometry: object
    wcs: object
    kind: tuple
    print_of_pixels: int
    dtype: np.dtype
    has_sigma: bool
    rolled: bool
    medians: object
    common: object
    map: object
    target: object = None
    factor: float = 1.0
    factor_sigma: float = 0.0

    def load(self):
        """Data, sigma and flags on the common grid, with the relative exposure divided out."""
        smap = _on_grid(self.map if self.map is not None else _read(self.given, self.options), self.target)
        sigma = sigma_of(smap)
        data = np.asarray(smap.data, self.dtype)
        if header_level(smap.meta) == 0.5 and not set(changes_of(smap.meta)) & VALUES:
            data = np.asarray(smap.quantity.value, self.dtype)
        if self.factor != 1.0:
            data = data / self.dtype.type(self.factor)
            sigma = None if sigma is None else sigma / self.factor
        return data, None if sigma is None else np.asarray(sigma, np.float32), flags_of(smap)


def _sources_of(maps, options):
    if isinstance(maps, sunpy.map.GenericMap | str | Path):
        maps = [maps]
    sources = list(maps.maps) if hasattr(maps, "maps") else list(maps)
    if not sources:
        msg = "A sequence needs at least one map or file."
        raise OptionError(msg)
    return [(source, options(source) if callable(options) else options) for source in sources]


def read_frame(given, options=None):
    """
    Return a C2 or C3 map from a map or file.

    Parameters
    ----------
    given : map or path-like
    options : mapping, optional
        Options of `sunpy_lasco.calibrate`, if level-0.5 input is to be calibrated.

    Returns
    -------
    `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If the input is not a C2 or C3 image.
    """
    return _read(given, options)


def same_grid(smap, other):
    """
    Raise an error unless two maps show the same sky in the same pixels.

    Parameters
    ----------
    smap, other : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If they differ in shape, unit, pointing or roll.
    """
    names = [str(one.meta.get("filename") or one.date.isot) for one in (smap, other)]
    if smap.data.shape != other.data.shape or smap.unit != other.unit:
        msg = (
            f"{names[0]} and {names[1]} do not match: {smap.data.shape} pixels in {smap.unit}, "
            f"{other.data.shape} in {other.unit}."
        )
        raise IncompatibleMapsError(msg)
    apart = float(np.hypot(*(_sun_pixel(smap._geometry) - _sun_pixel(other._geometry))))
    if apart > BACKGROUND_CENTRE:
        msg = (
            f"The Sun centres of {names[0]} and {names[1]} are {apart:.2f} pixels apart: calibrate with "
            "north_up=True and a sun_pixel, or reproject one of them."
        )
        raise IncompatibleMapsError(msg)


def _read(given, options):
    """A map from a map or file, calibrated if options are given and it is level 0.5."""
    smap = given
    if not isinstance(given, sunpy.map.GenericMap):
        with warnings.catch_warnings():
            # Files in the archive contain cards with tabs.
            warnings.simplefilter("ignore", VerifyWarning)
            if str(fits.getheader(given).get("ORIGIN", "")).strip() == "sunpy_lasco":
                smap = read_level1(given)
            else:
                smap = sunpy.map.Map(given)
    if isinstance(smap, list) or not isinstance(smap, LASCOC2Map | LASCOC3Map):
        name = given if not isinstance(given, sunpy.map.GenericMap) else given.meta.get("filename")
        msg = f"{name or 'A map'} is not a single image of C2 or C3 ({type(smap).__name__})."
        raise IncompatibleMapsError(msg)
    if options is not None and header_level(smap.meta) == 0.5:
        smap = calibrate(smap, **dict(options))
    return smap


def _float_header(smap):
    """Header with a standard WCS, for pixels that are floats with NaN."""
    nothing = smap._new_instance(np.broadcast_to(np.float32(0), smap.data.shape), smap.meta)
    return nothing._standardised(to_float=True).meta


def _all_examined(sources, lazy, *, medians):
    """The frames; their maps are kept if they need less than half of the limit for a cube."""
    first = _examined(sources[0], keep=not lazy, medians=medians)
    small = len(sources) * np.prod(first.shape, dtype=float) * BYTES_PER_PIXEL < LARGEST_IN_MEMORY / 2
    keep = small and not lazy
    return [first if keep or first.map is first.given else changed_copy(first, map=None)] + [
        _examined(source, keep=keep, medians=medians) for source in sources[1:]
    ]


def _examined(source, *, keep, medians=False):
    given, options = source
    smap = _read(given, options)
    geometry = smap._geometry
    level = header_level(smap.meta)
    kind = (
        smap.detector,
        str(smap.meta.get("filter", "")).strip().lower(),
        str(smap.meta.get("polar", "")).strip().lower(),
        smap.data.shape,
        smap.unit.to_string(),
        "" if level is None else level,
    )
    mid = smap._get_date("date-avg")
    if mid is None:
        exposure = smap.exposure_time
        mid = smap.date if exposure is None else smap.date + TimeDelta(exposure.to_value(u.s) / 2, format="sec")
    ordinary = level == 1.0 and not set(changes_of(smap.meta)) & VALUES and smap.unit == MSB
    pixels = zlib.crc32(np.ascontiguousarray(smap.data))
    common = None
    if ordinary and "calfac" in smap.meta:
        try:
            common = systematic_uncertainty(smap)
        except (LascoError, KeyError):
            common = None
    return _Frame(
        given=given,
        options=options,
        name=str(smap.meta.get("filename") or (given if smap is not given else smap.date.isot)),
        header=_float_header(smap),
        shape=smap.data.shape,
        unit=smap.unit,
        time=mid.utc,
        geometry=geometry,
        wcs=smap.wcs,
        kind=kind,
        print_of_pixels=pixels,
        dtype=np.dtype(np.float64 if smap.data.dtype.newbyteorder("=") == np.float64 else np.float32),
        has_sigma=sigma_of(smap) is not None,
        rolled=is_turned(smap.meta) or abs((_roll(geometry) + 180) % 360 - 180) > ROLLED,
        medians=_medians_of(smap, pixels) if ordinary and medians else None,
        common=common,
        map=smap if keep or smap is given else None,
    )


def _medians_of(smap, pixels):
    """Medians of a map, cached until its header or pixels change, since one base serves many frames."""
    key = smap._meta_hash, pixels
    cached = getattr(smap, "_medians_cache", None)
    if cached is None or cached[0] != key or key[0] is None:
        smap._medians_cache = cached = key, polar_medians(smap)
    return cached[1]


def _in_order(frames):
    """Sort frames by time and drop duplicates."""
    frames = sorted(frames, key=lambda frame: frame.time.mjd)
    kept = frames[:1]
    for frame in frames[1:]:
        last = kept[-1]
        if frame.time.mjd == last.time.mjd and frame.kind == last.kind:
            if frame.print_of_pixels != last.print_of_pixels:
                msg = (
                    f"{last.name} and {frame.name} have the same time, {frame.time.isot}, but differ: they are "
                    "versions of one exposure. Use only one of them."
                )
                raise IncompatibleMapsError(msg)
            warnings.warn(f"{frame.name} is given twice; it is used once.", LascoUserWarning, stacklevel=3)
            continue
        kept.append(frame)
    return kept


def _require_one_kind(frames):
    kinds = {}
    for frame in frames:
        kinds.setdefault(frame.kind, []).append(frame.name)
    if len(kinds) == 1:
        return
    usual = max(kinds, key=lambda kind: len(kinds[kind]))
    others = [f"{', '.join(names)} ({_told(kind)})" for kind, names in kinds.items() if kind != usual]
    msg = (
        "A sequence must have one camera, filter, polariser, size, unit and level. Most of these frames are "
        f"{_told(usual)}, "
        f"such as {kinds[usual][0]}; exceptions are {'; '.join(others)}. Omit these, or make separate sequences."
    )
    raise IncompatibleMapsError(msg)


def _told(kind):
    detector, filter_, polar, shape, unit, level = kind
    return f"{detector}, {filter_ or '?'}, {polar or '?'}, {shape[1]} x {shape[0]} pixels, {unit}, level {level}"


def _roll(geometry):
    return float(np.rad2deg(np.arctan2(geometry.pc[1][0] * geometry.cdelt[1], geometry.pc[0][0] * geometry.cdelt[0])))


def _turned(geometry, shape):
    """The geometry of an image rotated by 180 degrees."""
    (pc11, pc12), (pc21, pc22) = geometry.pc
    return changed_copy(
        geometry,
        crpix=(shape[1] - 1 - geometry.crpix[0], shape[0] - 1 - geometry.crpix[1]),
        pc=((-pc11, -pc12), (-pc21, -pc22)),
    )


def _sun_pixel(geometry):
    """Position of the Sun centre, in pixels counted from 0."""
    matrix = np.asarray(geometry.cdelt)[:, None] * np.asarray(geometry.pc)
    return np.asarray(geometry.crpix) - np.linalg.solve(matrix, geometry.crval)


def _agree(one, other):
    """Whether two geometries map the same sky to the same pixels."""
    apart = np.hypot(*(_sun_pixel(one) - _sun_pixel(other)))
    roll = (_roll(one) - _roll(other) + 180) % 360 - 180
    scale = np.max(np.abs(np.divide(one.cdelt, other.cdelt) - 1.0)) * FIELD_RADIUS
    plain = not any(geometry.ctype[0].endswith("-SIP") for geometry in (one, other))
    return apart <= SAME_CENTRE and abs(roll) <= SAME_ROLL and scale <= SAME_CENTRE and (plain or one == other)


def _upright(frame):
    turned = abs((_roll(frame.geometry) + 180) % 360 - 180) > ROLLED
    return _turned(frame.geometry, frame.shape) if turned else frame.geometry


def _reference(frames):
    """The upright frame with which most others agree; if there are several, the earliest."""
    upright = [_upright(frame) for frame in frames]
    if len({(round(one.crpix[0], 6), round(one.crpix[1], 6), round(_roll(one), 6)) for one in upright}) == 1:
        best = 0
    else:
        best = int(np.argmax([sum(_agree(one, other) for other in upright) for one in upright]))
    geometry = upright[best]
    if geometry.ctype[0].endswith("-SIP"):
        geometry = changed_copy(geometry, ctype=tuple(name.removesuffix("-SIP") for name in geometry.ctype))
    wcs = _on_geometry(frames[best].wcs, geometry)
    return changed_copy(frames[best], geometry=geometry, wcs=wcs)


def _on_geometry(wcs, geometry):
    """A WCS with its own time and observer and the grid of a geometry."""
    wcs = copy.deepcopy(wcs)
    scale = [u.arcsec.to(unit) for unit in wcs.wcs.cunit]
    wcs.sip = None
    wcs.wcs.ctype = geometry.ctype
    wcs.wcs.crpix = np.asarray(geometry.crpix) + 1
    wcs.wcs.crval = np.multiply(geometry.crval, scale)
    wcs.wcs.cdelt = np.multiply(geometry.cdelt, scale)
    wcs.wcs.pc = np.asarray(geometry.pc)
    wcs.wcs.set()
    return wcs


@dataclass(frozen=True)
class _Target:
    """Transformation of a frame to the common grid."""

    turn: bool
    geometry: object


def _aligned(frame, reference):
    """A frame with its transformation to the common grid and its header there."""
    upright = _upright(frame)
    turn = upright is not frame.geometry
    fits_in = _agree(upright, reference.geometry)
    target = _Target(turn, None if fits_in else reference.geometry)
    if not turn and fits_in:
        return frame
    smap = frame.map if frame.map is not None else _read(frame.given, frame.options)
    moved = _on_grid(smap, target)
    return changed_copy(frame, target=target, header=moved.meta, wcs=moved.wcs, has_sigma=sigma_of(moved) is not None)


def _on_grid(smap, target):
    """Turn and reproject a map to its target."""
    if target is None:
        return smap
    if target.turn:
        meta = _float_header(smap)
        for card, value in standard_cards(_turned(smap._geometry, smap.data.shape)).items():
            if value is None:
                meta.pop(card, None)
            else:
                meta[card] = value
        add_history(meta, "Turned by 180 degrees")
        sigma = sigma_of(smap)
        smap = type(smap)(
            smap.quantity.value[::-1, ::-1],
            meta,
            flags=flags_of(smap)[::-1, ::-1],
            uncertainty=None if sigma is None else sigma[::-1, ::-1],
            _as_read=False,
        )
    if target.geometry is not None:
        smap = smap.reproject_to(_sized(_on_geometry(smap.wcs, target.geometry), smap.data.shape))
    return smap


def _sized(wcs, shape):
    wcs.array_shape = shape
    return wcs


def _relative(frames, normalise, base=None):
    """Determine the relative exposures of the frames according to the option."""
    none = RelativeExposures(np.ones(len(frames)), np.zeros(len(frames)), (0.0, 0.0))
    if isinstance(normalise, str) and normalise != "auto":
        msg = f"normalise={normalise!r} is unknown: it is 'auto', True, False, or two position angles."
        raise OptionError(msg)
    automatic = isinstance(normalise, str)
    if normalise is None or normalise is False:
        return none
    possible = all(frame.medians is not None for frame in frames)
    if automatic and (not possible or len(frames) < 2 or all(has_published_factor(frame.header) for frame in frames)):
        return none
    if not possible:
        msg = "Relative exposures require level 1 in MSB; use normalise=False, or options={} to calibrate."
        raise OptionError(msg)
    sector = None if automatic or normalise is True else normalise
    medians = np.stack([frame.medians for frame in frames])
    if automatic and not has_sector(medians):
        msg = (
            f"The {len(frames)} frames from {frames[0].name} on have no common sector to determine relative "
            "exposures; they are not changed. normalise=False silences this warning."
        )
        warnings.warn(msg, LascoUserWarning, stacklevel=4)
        return none
    return relative_exposures(medians, [frame.name for frame in frames], sector=sector, base=base)


def _cube(frames, known):
    shape = (len(frames), *frames[0].shape)
    dtype = np.result_type(*[frame.dtype for frame in frames])
    data, flags = np.empty(shape, dtype), np.empty(shape, np.uint8)
    sigma = np.empty(shape, np.float32) if known else None
    for number, frame in enumerate(frames):
        data[number], one, flags[number] = frame.load()
        if known:
            sigma[number] = one
    return data, sigma, flags


def _lazy_cube(frames, known):
    import dask
    import dask.array as da

    loaded = [dask.delayed(_Frame.load, pure=True)(dask.delayed(frame, traverse=False)) for frame in frames]

    def stacked(part, dtype):
        return da.stack(
            [da.from_delayed(one[part], frame.shape, dtype) for one, frame in zip(loaded, frames, strict=True)]
        )

    return (
        stacked(0, np.result_type(*[frame.dtype for frame in frames])),
        stacked(1, np.float32) if known else None,
        stacked(2, np.uint8),
    )


def _cube_header(frame, relative):
    """Header of a frame in the cube."""
    meta = MetaDict(frame.header)
    if frame.factor != 1.0:
        meta = without_statistics(meta)
    meta["naxis"], meta["naxis1"], meta["naxis2"] = 2, frame.shape[1], frame.shape[0]
    if relative.sector != (0.0, 0.0):
        meta["relexp"], meta["relexps"] = frame.factor, frame.factor_sigma
        meta["relexpa"], meta["relexpb"] = relative.sector
        start, stop = relative.sector
        add_history(
            meta,
            f"Divided by the relative exposure {frame.factor:.5f} +- {frame.factor_sigma:.5f}, found at "
            f"position angles {start:g} to {stop:g}",
        )
    meta["date-avg"] = frame.time.isot
    return meta


def _cube_wcs(reference):
    """WCS of a cube: that of the reference frame plus the number of the frame."""
    wcs = reference.wcs.sub([1, 2, 0])
    wcs.wcs.crpix[2] = 1
    wcs.wcs.cname = ["", "", "frame"]
    wcs.wcs.set()
    return wcs


def _cut_header(header, rows, columns):
    """Header of a part of a frame."""
    if len(rows) < 1 or len(columns) < 1:
        msg = "The selected part of the sequence is empty."
        raise OptionError(msg)
    whole = int(header["naxis2"]), int(header["naxis1"])
    if (len(rows), len(columns)) == whole:
        return MetaDict(header)
    smap = CLASSES[str(header["detector"]).strip()](
        np.broadcast_to(np.float32(0), whole), MetaDict(header), _as_read=False
    )
    part = smap.submap((columns[0], rows[0]) * u.pix, top_right=(columns[-1], rows[-1]) * u.pix)
    return without_statistics(part.meta)


def _flat(sliced, whole, row, column):
    """The WCS of a part of a cube as a plain WCS; slicing would wrap it."""
    wcs = copy.deepcopy(whole)
    wcs.wcs.crpix -= [column, row, 0]
    wcs.wcs.set()
    return wcs


#: Input of functions that work on one map or on many.
SequenceLike: TypeAlias = Sequence | CoronagraphMap | sunpy.map.MapSequence | Iterable[CoronagraphMap | PathLike]
