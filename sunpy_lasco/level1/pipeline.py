"""
From level 0.5 to level 1 in one call.
"""

from dataclasses import replace as exchange

import astropy.units as u

from sunpy import log
from sunpy.map import MapSequence

from sunpy_lasco.assets.background import official_background
from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import C2_TIME_OFFSETS, C3_BACKGROUND
from sunpy_lasco.assets.observers import find_observer
from sunpy_lasco.errors import BadFrameError, LascoError, MissingAssetError
from sunpy_lasco.geometry.distortion import occulter_centre
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.instrument.frame import original_start
from sunpy_lasco.level1.brightness import (
    apply_calibration_factor,
    correct_response,
    correct_vignetting,
    image_line,
    subtract_stray_light,
)
from sunpy_lasco.level1.checks import admit, bad_content, report_bad
from sunpy_lasco.level1.counts import (
    correct_linearity,
    estimate_noise,
    find_bias,
    mark_missing,
    normalize_exposure,
    pad_to_full_frame,
    raw_flags,
    subtract_bias,
    unwrap,
)
from sunpy_lasco.level1.header import finish_header
from sunpy_lasco.level1.lookups import clock_correction, exposure_factor, given_factor, observer_position
from sunpy_lasco.level1.options import read_options, takes_options
from sunpy_lasco.level1.pointing import (
    correct_time,
    placed_observer,
    refresh_wcs,
    update_observer,
    update_pointing,
)
from sunpy_lasco.level1.pointing_sources import find_pointing
from sunpy_lasco.level1.solarsoft import keep_zeros, mask_unsent, official_repair, turns_north, zero_missing
from sunpy_lasco.level1.star_pointing import point_by_neighbours, point_by_stars
from sunpy_lasco.level1.warp import apply_mask, correct_distortion, rectify, turn
from sunpy_lasco.map.draft import Draft
from sunpy_lasco.map.edit import frame_of, record
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.repair.frames import holes_of
from sunpy_lasco.repair.maps import inpaint as fill_missing
from sunpy_lasco.version import version as __version__

__all__ = ["calibrate"]


@takes_options
def calibrate(smap, **options):
    """
    Make a level-1 map of a level-0.5 map.

    Counts become mean solar brightness, the distortion is corrected, the Sun's
    centre, the roll, the time and the observer are put right, and what is no
    measurement of the corona becomes NaN.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map`, `list` or `~sunpy.map.MapSequence`
        Level 0.5.  Several maps are calibrated one by one.
    **options
        Those of `~sunpy_lasco.level1.options.Level1Options`.

    Returns
    -------
    map of the same class, `list` or `~sunpy.map.MapSequence`
        Level 1, with ``uncertainty`` (1 sigma of the random part, see `sunpy_lasco.uncertainty`) and
        flags (`sunpy_lasco.flags`).

    Raises
    ------
    TypeError
        If it is no map of C2 or C3, or there is no such option.
    sunpy_lasco.errors.OptionError
        If an option cannot have the value, or two do not go together.
    sunpy_lasco.errors.NotCalibratableError
        If it is no level-0.5 image of the sky.
    sunpy_lasco.errors.HeaderError
        If header cards are missing, or hold what makes it impossible to go on.
    sunpy_lasco.errors.MissingAssetError
        If a calibration image is nowhere to be found.
    sunpy_lasco.errors.BadFrameError
        With ``on_bad="raise"``, if the frame cannot be right.

    Notes
    -----
    SolarSoft ``reduce_level_1``; with ``solarsoft=True`` as it does, else as the field asks for
    today.  Its options NOWARP, NO_VIG, NO_MASK, NOTIMECORRECTION and NOROLL_CORRECTION are
    ``distortion=None``, ``vignetting=False``, ``mask=False``, ``time_offset=0 * u.s`` and
    ``north_up=False``.

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
        if chosen.context is None:
            chosen = exchange(chosen, context=list(smap))
        done = [_calibrated(one, chosen) for one in smap]
        return MapSequence(done) if isinstance(smap, MapSequence) else done
    return _calibrated(smap, chosen)


def _calibrated(smap, options):
    """One map at level 1."""
    smap = in_memory(smap)
    admitted, problems = admit(smap)
    try:
        return _processed(admitted, problems, options)
    except BadFrameError:
        raise
    except LascoError:
        # What is known to be wrong with the frame comes first, where it is to be refused.
        if options.on_bad == "raise":
            report_bad(frame_name(smap.meta), problems, options.on_bad)
        raise


def _processed(smap, problems, options):
    """A map that was admitted, at level 1."""
    assets = _source(options.assets)
    if options.observer is not None:
        # Refused before the work, if it is.
        placed_observer(options.observer, smap.reference_date)

    smap = Draft(smap)
    clock = _clock(smap, options.time_offset, assets)
    smap = unwrap(_pointed(smap, options, clock, assets))
    relative = exposure_factor(smap, assets=assets) if options.factor is None else given_factor(options.factor)
    # What is filled must not judge the bias, and repair and calibration must rest on the same.
    bias = find_bias(smap, bias=options.bias, factor=relative)
    smap = record(smap, flags=raw_flags(smap, frame_of(smap)))
    if not (problems and options.on_bad == "raise"):
        smap = _repaired(smap, options, bias, assets)
    if options.pad:
        smap = pad_to_full_frame(smap)
    smap, sent = mark_missing(smap), None
    if options.solarsoft:
        smap, sent = keep_zeros(smap)
    smap = subtract_bias(smap, bias=bias)
    if options.linearity and not options.solarsoft:
        smap = correct_linearity(smap)
    if options.flat_field is not False:
        smap = correct_response(smap, None if options.flat_field is True else options.flat_field)
    smap = estimate_noise(smap)
    smap = normalize_exposure(smap, factor=relative)

    smap = apply_calibration_factor(smap, scale=options.photometry)
    if options.vignetting:
        smap = correct_vignetting(smap, assets=assets, official=options.solarsoft)
    _report(smap, problems, options.on_bad)
    if options.stray_light:
        smap = subtract_stray_light(smap, assets=assets)

    if options.solarsoft:
        smap = _official_geometry(smap, options, assets, sent)
    else:
        movement = {"north_up": bool(options.north_up), "sun_pixel": options.sun_pixel}
        smap = correct_distortion(smap, method=options.distortion, scale=options.geometry, **movement)
        if options.mask:
            smap = apply_mask(smap, assets=assets)
    smap = rectify(smap)
    smap = correct_time(smap, **clock)
    smap = refresh_wcs(smap)
    given = options.observer
    known = observer_position(smap, assets=assets) if given is None else {"coordinate": given}
    smap = update_observer(smap, **known)
    smap = record(smap, cards={"calopts": options.provenance()})
    smap = finish_header(smap, statistics="official" if options.solarsoft else "nan", version=__version__)
    return smap.finished()


def _repaired(smap, options, bias, assets):
    """The map with lost blocks filled."""
    method = options.inpaint
    if options.solarsoft and method == "auto":
        method = official_repair(smap)
    # What lost nothing needs no map.
    if method is None or not holes_of(smap._flags).any():
        return smap
    smap = smap.finished()
    background = _background(smap, assets) if method == "fuzzy" else None
    image = None if background is None else official_background(background)
    filled = fill_missing(smap, method, context=options.context, background=image, bias=bias.single * u.DN)
    if background is None or "nfilled" not in filled.meta:
        return Draft(filled)
    cards = {"bkgfile": background.name, "bkgsha": background.sha256 or None, "bkgest": background.estimated}
    return Draft(record(filled, cards=cards, history=[image_line("Background of the repair", background)]))


def _background(smap, assets):
    """The minimum model that SolarSoft's repair rests on, or None where it is not needed or not at hand."""
    frame = frame_of(smap)
    if frame.camera.name != "C3" or frame.filter != "CLEAR" or frame.is_derived:
        return None
    try:
        return assets.image(C3_BACKGROUND)
    except MissingAssetError as error:
        log.debug("The repair uses the background model of the package: %s", error)
        return None


def _official_geometry(smap, options, assets, sent):
    """Distortion, mask and rotation in the order of SolarSoft."""
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
    """What `correct_time` is to be told."""
    if offset is not None:
        return {"offset": offset, "source": "given"}
    found = clock_correction(smap, assets=assets)
    return {} if found is None else {"offset": found[0], "source": C2_TIME_OFFSETS, "sigma": found[1]}


def _pointed(smap, options, clock, assets):
    """The map with the best pointing that is known, unless it was set before, or with that of its stars."""
    known = "detroll" in smap.meta or (options.centre is not None and options.roll is not None)
    start = original_start(smap.meta) - clock.get("offset", 0 * u.s)
    found = None if known else find_pointing(smap, assets=assets, time=start)
    smap = update_pointing(smap, centre=options.centre, roll=options.roll, pointing=found)
    if options.pointing is None or (options.centre is not None and options.roll is not None):
        return smap
    if not (isinstance(options.pointing, str) and options.pointing == "stars"):
        smap = point_by_neighbours(smap, options.pointing)
        return update_pointing(smap, centre=options.centre, roll=options.roll)
    middle = start + frame_of(smap).exptime / 2 * u.s
    observer = options.observer
    place = find_observer(middle, assets).coordinate if observer is None else placed_observer(observer, middle)
    smap = point_by_stars(smap, time=middle, observer=place, clock_sigma=clock.get("sigma"))
    return update_pointing(smap, centre=options.centre, roll=options.roll)
