"""
Calibration from level 0.5 to level 1 in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as exchange
from typing import TYPE_CHECKING, overload

import numpy as np

import astropy.units as u

from sunpy import log
from sunpy.map import MapSequence

from sunpy_lasco.assets.background import official_background
from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import C2_TIME_OFFSETS, C3_BACKGROUND, C3_RAMP
from sunpy_lasco.assets.observers import find_observer
from sunpy_lasco.assets.sources import AssetSource
from sunpy_lasco.errors import BadFrameError, LascoError, MissingAssetError, OptionError
from sunpy_lasco.geometry.distortion import occulter_centre
from sunpy_lasco.instrument.bias import Bias
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.instrument.exposure import ExposureFactor
from sunpy_lasco.instrument.frame import original_start
from sunpy_lasco.level1.arrays import lost_cards, with_saturated
from sunpy_lasco.level1.brightness import (
    apply_calibration_factor,
    correct_response,
    correct_vignetting,
    factor_told,
    image_line,
    stray_light_told,
    subtract_stray_light,
)
from sunpy_lasco.level1.checks import admit, bad_content, content_problems, refuse_path, report_bad
from sunpy_lasco.level1.counts import (
    bias_told,
    estimate_noise,
    exposure_told,
    find_bias,
    linearity_told,
    mark_missing,
    normalize_exposure,
    pad_to_full_frame,
    raw_flags,
    sigma_array,
    subtract_bias,
    unwrap,
    with_sigma,
)
from sunpy_lasco.level1.header import finish_header
from sunpy_lasco.level1.lookups import clock_correction, exposure_factor, given_factor
from sunpy_lasco.level1.notices import notify
from sunpy_lasco.level1.options import Level1Options, read_options, takes_options
from sunpy_lasco.level1.plans import Folded, folded_for, require_fit, setup_of
from sunpy_lasco.level1.pointing import (
    correct_time,
    observed,
    placed_observer,
    pointed,
    refresh_wcs,
    update_observer,
)
from sunpy_lasco.level1.pointing_sources import find_pointing
from sunpy_lasco.level1.solarsoft import keep_zeros, mask_unsent, official_repair, turns_north, zero_missing
from sunpy_lasco.level1.star_pointing import point_by_neighbours, point_by_stars
from sunpy_lasco.level1.warp import apply_mask, correct_distortion, rectified_told, rectify, turn
from sunpy_lasco.map.draft import Draft
from sunpy_lasco.map.edit import frame_of, record
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.repair.frames import holes_of
from sunpy_lasco.repair.maps import fill_counts as fill_missing
from sunpy_lasco.version import version as __version__

if TYPE_CHECKING:
    from typing import Any, Unpack

    from sunpy_lasco.level1.option_types import OptionTypes
    from sunpy_lasco.map.sources import AnyCoronagraphMap, CoronagraphMap

__all__ = ["Plan", "calibrate", "plan"]


@overload
def calibrate(smap: AnyCoronagraphMap, **options: Unpack[OptionTypes]) -> AnyCoronagraphMap: ...


@overload
def calibrate(smap: list[AnyCoronagraphMap], **options: Unpack[OptionTypes]) -> list[AnyCoronagraphMap]: ...


@overload
def calibrate(smap: MapSequence, **options: Unpack[OptionTypes]) -> MapSequence: ...


@takes_options
def calibrate(smap: Any, **options: Unpack[OptionTypes]) -> Any:
    """
    Calibrate a level-0.5 map to level 1.

    Converts counts to mean solar brightness, corrects the distortion, sets Sun centre, roll, time and observer,
    and masks pixels that do not measure the corona.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map`, `list` or `~sunpy.map.MapSequence`
        Level 0.5.  Several maps are calibrated one by one.
    **options
        Options of `~sunpy_lasco.level1.options.Level1Options`.

    Returns
    -------
    map of the same class, `list` or `~sunpy.map.MapSequence`
        Level 1, with ``uncertainty`` (1 sigma of the random part, see `sunpy_lasco.uncertainty`) and
        flags (`sunpy_lasco.flags`).

    Raises
    ------
    TypeError
        If the input is not a map of C2 or C3, or there is no such option.
    sunpy_lasco.errors.OptionError
        If an option has an invalid value, or two options exclude each other.
    sunpy_lasco.errors.NotCalibratableError
        If the map is not a level-0.5 image of the sky.
    sunpy_lasco.errors.HeaderError
        If required header cards are missing or have unusable values.
    sunpy_lasco.errors.MissingAssetError
        If a calibration image cannot be found.
    sunpy_lasco.errors.BadFrameError
        With ``on_bad="raise"``, if the frame is implausible.

    Warns
    -----
    sunpy_lasco.errors.ApproximationWarning
        Once per process, if something had to be approximated, see `~sunpy_lasco.level1.approximations`.
    sunpy_lasco.errors.LascoUserWarning
        If the frame is implausible, or its calibration factor is known to be wrong.

    Notes
    -----
    SolarSoft ``reduce_level_1``, whose results ``solarsoft=True`` reproduces.  Its options NOWARP, NO_VIG,
    NO_MASK, NOTIMECORRECTION and NOROLL_CORRECTION are ``distortion=None``, ``vignetting=False``,
    ``mask=False``, ``time_offset=0 * u.s`` and ``north_up=False``.

    Examples
    --------
    >>> import sunpy_lasco
    >>> from sunpy_lasco import simulate
    >>> raw = simulate.observe("C3", date="2002-05-21T00:18", seed=1).level05
    >>> level1 = sunpy_lasco.calibrate(raw, assets="simulated")
    >>> level1.unit, level1.processing_level
    (Unit("MSB"), 1.0)
    """
    chosen = read_options(options)
    if isinstance(smap, list | tuple | MapSequence):
        for one in smap:
            refuse_path(one)
        if chosen.context is None:
            chosen = exchange(chosen, context=list(smap))
        done = [_calibrated(one, chosen) for one in smap]
        for one, level1 in zip(smap, done, strict=True):
            notify(frame_name(one.meta), level1.meta, stacklevel=2)
        return MapSequence(done) if isinstance(smap, MapSequence) else done
    done = _calibrated(smap, chosen)
    notify(frame_name(smap.meta), done.meta, stacklevel=2)
    return done


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """
    The part of the calibration that is common to frames of the same kind.

    `sunpy_lasco.plan` creates a plan. Call the plan with a map to calibrate it.
    """

    #: The options of `sunpy_lasco.calibrate`.
    options: Level1Options
    #: The arrays.
    folded: Folded

    @property
    def key(self) -> Any:
        """Properties that a map must share with the one for which the plan was made."""
        return self.folded.key

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.folded.nbytes

    def __call__(self, smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
        """
        Calibrate a map.

        Parameters
        ----------
        smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
            Level 0.5.

        Returns
        -------
        map of the same class
            The result of `sunpy_lasco.calibrate` with the options of the plan.

        Raises
        ------
        sunpy_lasco.errors.NotCalibratableError
            If the plan was not made for such a map. The error names the differences.
        """
        done = _calibrated(smap, self.options, self.folded)
        notify(frame_name(smap.meta), done.meta, stacklevel=2)
        return done

    def __repr__(self):
        key, folded = self.key, self.folded
        told = [folded.told[step]["cards"].get(card) for step, card in TOLD_FILES if step in folded.told]
        told += [C3_RAMP] if key.stray_light else []
        sums = (key.chip_sum[0] * key.leb_sum[0], key.chip_sum[1] * key.leb_sum[1])
        kernel = "none" if folded.interpolation is None else folded.interpolation.kernel
        moved = "" if key.target is None else f", rotated by {key.rotation:.4f} degrees"
        return "\n".join(
            (
                f"<Plan for {key.camera}, {key.shape[1]} x {key.shape[0]} pixels, sums of {sums[0]} x {sums[1]}, from "
                f"pixel {key.corner}",
                f" spacecraft {'upside down' if key.turned else 'upright'}{moved}",
                f" distortion: {key.method or 'left in'}; interpolation: {kernel}",
                f" calibration images: {', '.join(told) or 'none'}",
                f" {np.count_nonzero(folded.unsent)} of {folded.unsent.size} pixels not sent",
                f" options: {self.options.provenance()}",
                f" {self.nbytes / 1e6:.0f} MB>",
            )
        )


#: Steps of a plan, and the cards with the names of their calibration images.
TOLD_FILES = (("vignetting", "vigfile"), ("mask", "maskfile"), ("response", "patfile"))


@takes_options
def plan(smap: CoronagraphMap, **options: Unpack[OptionTypes]) -> Plan:
    """
    Create a plan to calibrate maps like this one.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.
    **options
        Options of `~sunpy_lasco.level1.options.Level1Options`.

    Returns
    -------
    `~sunpy_lasco.level1.Plan`
        A function that calibrates maps.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If an option has an invalid value, two options exclude each other, or ``solarsoft=True`` is set, which
        has no plan.
    sunpy_lasco.errors.LascoError
        As for `sunpy_lasco.calibrate`, if the map cannot be calibrated.

    See Also
    --------
    sunpy_lasco.calibrate : creates and caches plans automatically.

    Examples
    --------
    >>> import sunpy_lasco
    >>> from sunpy_lasco import simulate
    >>> raw = simulate.observe("C3", date="2002-05-21T00:18", seed=1).level05
    >>> plan = sunpy_lasco.plan(raw, assets="simulated")
    >>> plan(raw).unit
    Unit("MSB")
    """
    chosen = read_options(options)
    if chosen.solarsoft:
        msg = "solarsoft=True calibrates step by step, as SolarSoft does, and has no plan; use calibrate()."
        raise OptionError(msg)
    smap, problems = admit(in_memory(smap))
    ready = _prepared(smap, problems, exchange(chosen, inpaint=None))
    return Plan(chosen, folded_for(ready.setup(chosen)))


def _calibrated(smap, options, folded=None):
    """Calibrate one map, with a plan if one is given."""
    smap = in_memory(smap)
    admitted, problems = admit(smap)
    try:
        return _processed(admitted, problems, options, folded)
    except BadFrameError:
        raise
    except LascoError:
        # If the frame is to be refused, do so before any work.
        if options.on_bad == "raise":
            report_bad(frame_name(smap.meta), problems, options.on_bad)
        raise


@dataclass(frozen=True, eq=False)
class _Ready:
    """
    A frame before the main pass: counts with their pointing, padded and filled, and the values chosen from
    header and tables.
    """

    draft: Draft
    assets: AssetSource
    clock: dict
    relative: ExposureFactor
    bias: Bias

    def setup(self, options):
        """Contents of its plan."""
        draft = self.draft
        return setup_of(draft.meta, frame_of(draft), draft._flags, options, self.assets)


def _prepared(smap, problems, options):
    """Prepare an accepted map for the main pass."""
    assets = _source(options.assets)
    if options.observer is not None:
        # Raise errors before any work.
        placed_observer(options.observer, smap.reference_date)
    smap = Draft(smap)
    clock = _clock(smap, options.time_offset, assets)
    smap = unwrap(_pointed(smap, options, clock, assets))
    relative = exposure_factor(smap, assets=assets) if options.factor is None else given_factor(options.factor)
    # Filled pixels must not affect the choice of the bias, and repair and calibration must use the
    # same bias.
    bias = find_bias(smap, bias=options.bias, factor=relative)
    smap = record(smap, flags=raw_flags(smap, frame_of(smap)))
    if not (problems and options.on_bad == "raise"):
        smap = _repaired(smap, options, bias, assets)
    return _Ready(pad_to_full_frame(smap) if options.pad else smap, assets, clock, relative, bias)


def _processed(smap, problems, options, folded=None):
    """Calibrate an accepted map."""
    ready = _prepared(smap, problems, options)
    smap = _by_steps(ready, problems, options) if options.solarsoft else _by_plan(ready, problems, options, folded)
    smap = correct_time(smap, **ready.clock)
    smap = refresh_wcs(smap)
    if options.observer is None:
        smap = observed(smap, find_observer(smap.reference_date, ready.assets))
    else:
        smap = update_observer(smap, options.observer)
    smap = record(smap, cards={"calopts": options.provenance()})
    smap = finish_header(smap, statistics="official" if options.solarsoft else "nan", version=__version__)
    return smap.finished()


def _by_plan(ready, problems, options, folded):
    """Compute the upright brightness image in one pass."""
    smap, setup = ready.draft, ready.setup(options)
    frame, flags = setup.frame, smap._flags
    if folded is None:
        folded = folded_for(setup)
    else:
        require_fit(setup, folded, frame_name(smap.meta))
    exposure = exposure_told(frame, ready.relative)
    factor = factor_told(frame, options.photometry)
    marked = with_saturated(flags, smap.data, frame)
    image, sigma, new, ring = folded.apply(
        smap.data,
        marked,
        frame,
        bias=ready.bias.level,
        exptime=exposure["cards"]["exptime"],
        factor=factor["cards"]["calfac"],
        sigma=sigma_array(smap),
    )
    problems = [*problems, *content_problems(ring, marked, frame)]
    report_bad(frame_name(smap.meta), list(dict.fromkeys(problems)), options.on_bad)
    told = [{"cards": lost_cards(flags, frame)}, bias_told(frame, ready.bias)]
    told += [linearity_told(frame)] if options.linearity else []
    told += [folded.told["response"]] if setup.response is not None else []
    told += [exposure, factor]
    told += [folded.told["vignetting"]] if setup.vignetting is not None else []
    told += [stray_light_told(frame, setup.stray_light)] if setup.stray_light is not None else []
    told += [setup.told]
    told += [folded.told["mask"]] if options.mask else []
    told += [rectified_told(smap.meta, frame)]
    cards, history = {}, []
    for one in told:
        cards |= one["cards"]
        history += one.get("history", [])
    return record(
        smap,
        data=image,
        uncertainty=with_sigma(sigma),
        flags=new,
        light_path=folded.light_path,
        cards=cards,
        history=history,
    )


def _by_steps(ready, problems, options):
    """Compute the upright brightness image step by step, as SolarSoft does."""
    assets = ready.assets
    smap, sent = keep_zeros(mark_missing(ready.draft))
    smap = subtract_bias(smap, bias=ready.bias)
    if options.flat_field is not False:
        smap = correct_response(smap, None if options.flat_field is True else options.flat_field)
    smap = estimate_noise(smap)
    smap = normalize_exposure(smap, factor=ready.relative)
    smap = apply_calibration_factor(smap, scale=options.photometry)
    if options.vignetting:
        smap = correct_vignetting(smap, assets=assets, official=True)
    _report(smap, problems, options.on_bad)
    if options.stray_light is not False:
        more = None if options.stray_light is True else options.stray_light
        smap = subtract_stray_light(smap, assets=assets, increment=more)
    return rectify(_official_geometry(smap, options, assets, sent))


def _repaired(smap, options, bias, assets):
    """Fill the lost blocks of a map."""
    method = options.inpaint
    if options.solarsoft and method == "auto":
        method = official_repair(smap)
    if method is None or not holes_of(smap._flags).any():
        return smap
    background = _background(smap, assets) if method == "fuzzy" else None
    image = None if background is None else official_background(background)
    filled = fill_missing(smap, method, context=options.context, background=image, bias=bias.single)
    if background is None or "nfilled" not in filled.meta:
        return filled
    cards = {"bkgfile": background.name, "bkgsha": background.sha256 or None, "bkgest": background.estimated}
    return record(filled, cards=cards, history=[image_line("Background of the repair", background)])


def _background(smap, assets):
    """The minimum model used by SolarSoft's repair; None if it is not needed or not available."""
    frame = frame_of(smap)
    if frame.camera.name != "C3" or frame.filter != "CLEAR" or frame.is_derived:
        return None
    try:
        return assets.image(C3_BACKGROUND)
    except MissingAssetError as error:
        log.debug("Using the background model of the package for the repair: %s", error)
        return None


def _official_geometry(smap, options, assets, sent):
    """Apply distortion, mask and rotation in the order of SolarSoft."""
    method = "grid" if options.distortion == "resample" else options.distortion
    smap = mask_unsent(correct_distortion(smap, method=method, scale=options.geometry), sent)
    if options.mask and smap.meta["detector"] == "C3":
        smap = apply_mask(smap, assets=assets)
    north_up = turns_north(smap.meta["detroll"]) if options.north_up is None else options.north_up
    smap = zero_missing(smap)
    if method is None or not (north_up or options.sun_pixel is not None):
        return smap
    return zero_missing(turn(smap, north_up=north_up, sun_pixel=options.sun_pixel))


def _source(assets):
    if isinstance(assets, str) and assets == "simulated":
        from sunpy_lasco import simulate

        return simulate.assets()
    return resolve(assets)


def _report(smap, problems, on_bad):
    frame = frame_of(smap)
    centre = occulter_centre(frame.camera.name, frame.mjd)
    found = [*problems, *bad_content(smap.data, smap._flags, frame, centre)]
    report_bad(frame_name(smap.meta), list(dict.fromkeys(found)), on_bad)


def _clock(smap, offset, assets):
    """Arguments for `correct_time`."""
    if offset is not None:
        return {"offset": offset, "source": "given"}
    found = clock_correction(smap, assets=assets)
    return {} if found is None else {"offset": found[0], "source": C2_TIME_OFFSETS, "sigma": found[1]}


def _pointed(smap, options, clock, assets):
    """Set the best available pointing, unless the map has one already, or that from its stars."""
    known = "detroll" in smap.meta or (options.centre is not None and options.roll is not None)
    start = original_start(smap.meta)
    if "offset" in clock:
        start = start - clock["offset"]
    found = None if known else find_pointing(smap, assets=assets, time=start)
    smap = pointed(smap, centre=options.centre, roll=options.roll, pointing=found)
    if options.pointing is None or (options.centre is not None and options.roll is not None):
        return smap
    middle = start + frame_of(smap).exptime / 2 * u.s
    observer = options.observer
    place = find_observer(middle, assets).coordinate if observer is None else placed_observer(observer, middle)
    sky = {"time": middle, "observer": place, "clock_sigma": clock.get("sigma")}
    if isinstance(options.pointing, str) and options.pointing == "stars":
        smap = point_by_stars(smap, **sky)
    else:
        smap = point_by_neighbours(smap, options.pointing, **sky)
    return pointed(smap, centre=options.centre, roll=options.roll)
