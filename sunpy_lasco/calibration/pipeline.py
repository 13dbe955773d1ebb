"""
From level 0.5 to level 1 in one call.
"""

import astropy.units as u

from sunpy.map import MapSequence

from sunpy_lasco.assets.names import C2_TIME_OFFSETS
from sunpy_lasco.assets.resolve import resolve
from sunpy_lasco.calibration.brightness import apply_calibration_factor, correct_vignetting, subtract_stray_light
from sunpy_lasco.calibration.checks import bad_content, check_level05, report_bad
from sunpy_lasco.calibration.counts import normalize_exposure, subtract_bias
from sunpy_lasco.calibration.flat_field import correct_response
from sunpy_lasco.calibration.geometry import correct_distortion, rectify
from sunpy_lasco.calibration.level1_header import finish_header
from sunpy_lasco.calibration.lookups import clock_correction, exposure_factor, given_factor, observer_position
from sunpy_lasco.calibration.masking import apply_mask
from sunpy_lasco.calibration.noise import estimate_noise
from sunpy_lasco.calibration.pointing import correct_time, refresh_wcs, update_observer, update_pointing
from sunpy_lasco.calibration.pointing_sources import find_pointing
from sunpy_lasco.calibration.raw_frame import mark_missing, pad_to_full_frame, unwrap
from sunpy_lasco.calibration.records import frame_of
from sunpy_lasco.calibration.solarsoft import zero_missing
from sunpy_lasco.calibration.widening import widen_for_estimates
from sunpy_lasco.inpainting.operation import inpaint as fill_missing
from sunpy_lasco.instrument.distortion import occulter_centre
from sunpy_lasco.instrument.frame import original_start
from sunpy_lasco.version import version as __version__

__all__ = ["calibrate"]

#: What the options that are words may be.
CHOICES = {
    "distortion": ("resample", "wcs", None),
    "geometry": ("official", "stars"),
    "photometry": ("official", "stars"),
    "on_bad": ("warn", "raise", "ignore"),
}
BIAS_LEVELS = ("official", "dark")


def calibrate(
    smap,
    *,
    assets=None,
    inpaint="auto",
    context=None,
    distortion="resample",
    north_up=False,
    sun_pixel=None,
    geometry="official",
    photometry="official",
    bias="official",
    factor=None,
    centre=None,
    roll=None,
    time_offset=None,
    observer=None,
    flat_field=False,
    vignetting=True,
    stray_light=True,
    mask=True,
    pad=True,
    on_bad="warn",
    solarsoft=False,
):
    """
    Make a level-1 map of a level-0.5 map.

    Counts become mean solar brightness, the distortion is corrected, the Sun's
    centre, the roll, the time and the observer are put right, and what is no
    measurement of the corona becomes NaN.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map`, `~sunpy_lasco.LASCOC3Map`, `list` or `~sunpy.map.MapSequence`
        Level 0.5.  Several maps are calibrated one by one.
    assets : optional
        Where the calibration images come from: a directory that holds them, flat or
        as a SolarSoft tree; ``"estimate"`` for an approximate set that is built in
        and marks the product; ``"simulated"`` for those of `sunpy_lasco.simulate`;
        or a `~sunpy_lasco.assets.AssetSource`.  None asks the configuration, the
        environment variables ``LASCO_DATA`` and ``SSW``, and the archives.
    inpaint : `str`, `bool` or None
        Method by which lost blocks are filled before all else, see
        `sunpy_lasco.inpaint`: ``"auto"`` or True for the best one, block by block.
        Filled pixels are flagged.  None or False leaves them NaN.
    context : sequence of maps, optional
        Level-0.5 maps of neighbouring times, which help to fill lost blocks.  Where
        several maps are calibrated, they are the context of each other by default.
    distortion : `str` or None
        ``"resample"``: one interpolation.  ``"wcs"``: pixels stay where they were
        measured, the distortion goes into the WCS as SIP.  sunpy honours it from 8.0
        on; with 7.0 the maps of this package do, those of others do not.  None: left in.
    north_up : `bool`
        Turn solar north up, in the same interpolation.
    sun_pixel : `~astropy.units.Quantity`, optional
        Bring the Sun's centre to this pixel (x, y) of the full frame, counted from 0
        at full resolution, in the same interpolation.
    geometry : `str`
        ``"official"`` or ``"stars"``: plate scale and distortion.
    photometry : `str`
        ``"official"`` or ``"stars"``: calibration factor.
    bias : `str` or `~astropy.units.Quantity`
        ``"official"``; ``"dark"`` for the true dark level of C3, 3 to 7 DN above
        it; or the bias of a single read-out in DN.
    factor : `float`, optional
        Relative exposure, instead of the one that is published for the frame.
    centre, roll : `~astropy.units.Quantity`, optional
        Sun's centre (x, y) in the level-0.5 map's pixels, and roll, instead of those
        of header and tables; see `~sunpy_lasco.update_pointing`.
    time_offset : `~astropy.units.Quantity`, optional
        Time by which the on-board clock was ahead, instead of the table's.
    observer : `~astropy.coordinates.SkyCoord`, optional
        Position of SOHO instead of that of a table, if ``sunpy-lasco ephemeris update``
        has made one, or of L1; see `~sunpy_lasco.update_observer`.
    flat_field : `bool` or `~numpy.ndarray`
        Divide by the fixed response of the pixels, which official products leave in: True
        for the map that comes with the package, or a response of the full frame.
    vignetting, stray_light, mask : `bool`
        Leave out a step by False.
    pad : `bool`
        Put sub-frames into the full frame.
    on_bad : `str`
        What to do with frames that cannot be right: ``"warn"``, ``"raise"`` or
        ``"ignore"``.
    solarsoft : `bool`
        Do as SolarSoft where this package deliberately does not: zeros instead of
        NaN, the mean of the vignetting over summed pixels, its statistics.

    Returns
    -------
    map of the same class, `list` or `~sunpy.map.MapSequence`
        Level 1, with ``uncertainty`` (1 sigma by noise) and flags
        (`sunpy_lasco.flags`).

    Raises
    ------
    TypeError
        If it is no map of C2 or C3.
    sunpy_lasco.errors.NotCalibratableError
        If it is no level-0.5 image of the sky.
    sunpy_lasco.errors.MissingAssetError
        If a calibration image is nowhere to be found.
    sunpy_lasco.errors.BadFrameError
        With ``on_bad="raise"``, if the frame cannot be right.

    Notes
    -----
    SolarSoft ``reduce_level_1``.  Its options NOWARP, NO_VIG, NO_MASK,
    NOTIMECORRECTION and NOROLL_CORRECTION are ``distortion=None``,
    ``vignetting=False``, ``mask=False``, ``time_offset=0 * u.s`` and
    ``north_up=False``, the default here.

    Examples
    --------
    >>> import sunpy_lasco
    >>> from sunpy_lasco import simulate
    >>> raw = simulate.observe("C3", date="2002-05-21T00:18", seed=1).level05
    >>> level1 = sunpy_lasco.calibrate(raw, assets="simulated")
    >>> level1.unit, level1.processing_level
    (Unit("MSB"), 1.0)
    """
    options = {name: value for name, value in locals().items() if name != "smap"}
    if isinstance(smap, list | tuple | MapSequence):
        options["context"] = list(smap) if context is None else context
        done = [calibrate(one, **options) for one in smap]
        return MapSequence(done) if isinstance(smap, MapSequence) else done
    check_level05(smap)
    _check_options(options)
    assets = _source(assets)

    clock = _clock(smap, time_offset, assets)
    smap = _pointed(smap, centre, roll, clock, assets)
    given = None if isinstance(bias, str) else bias
    if inpaint:
        smap = fill_missing(smap, "auto" if inpaint is True else inpaint, context=context, bias=given)
    smap = unwrap(smap)
    if pad:
        smap = pad_to_full_frame(smap)
    smap = mark_missing(smap)

    relative = exposure_factor(smap, assets=assets) if factor is None else given_factor(factor)
    smap = subtract_bias(smap, bias=given, factor=relative, level="official" if given is not None else bias)
    if flat_field is not False:
        smap = correct_response(smap, None if flat_field is True else flat_field)
    smap = estimate_noise(smap)
    smap = normalize_exposure(smap, factor=relative)

    smap = apply_calibration_factor(smap, scale=photometry)
    if vignetting:
        smap = correct_vignetting(smap, assets=assets, official=solarsoft)
    _report(smap, on_bad)
    if stray_light:
        smap = subtract_stray_light(smap, assets=assets)

    smap = correct_distortion(smap, method=distortion, scale=geometry, north_up=north_up, sun_pixel=sun_pixel)
    if mask:
        smap = apply_mask(smap, assets=assets)
    smap = widen_for_estimates(smap)
    smap = rectify(smap)
    smap = correct_time(smap, **clock)
    smap = refresh_wcs(smap)
    known = observer_position(smap, assets=assets) if observer is None else {"coordinate": observer}
    smap = update_observer(smap, **known)
    if solarsoft:
        smap = zero_missing(smap)
    return finish_header(smap, statistics="official" if solarsoft else "nan", version=__version__)


def _check_options(options):
    """Refuse misspelt options before any work is done."""
    for name, allowed in CHOICES.items():
        if options[name] not in allowed:
            msg = f"{name}={options[name]!r} is unknown; it is one of {', '.join(map(repr, allowed))}."
            raise ValueError(msg)
    if isinstance(options["bias"], str) and options["bias"] not in BIAS_LEVELS:
        msg = f"bias={options['bias']!r} is unknown; it is 'official', 'dark' or a quantity in DN."
        raise ValueError(msg)


def _source(assets):
    if isinstance(assets, str) and assets == "simulated":
        from sunpy_lasco import simulate

        return simulate.assets()
    return resolve(assets)


def _report(smap, on_bad):
    frame = frame_of(smap)
    centre = occulter_centre(frame.camera.name, frame.mjd)
    report_bad(frame.filename, bad_content(smap.data, smap._flags, frame, centre), on_bad)


def _clock(smap, offset, assets):
    """What `correct_time` is to be told."""
    if offset is not None:
        return {"offset": u.Quantity(offset), "source": "given"}
    found = clock_correction(smap, assets=assets)
    return {} if found is None else {"offset": found[0], "source": C2_TIME_OFFSETS, "sigma": found[1]}


def _pointed(smap, centre, roll, clock, assets):
    """The map with the best pointing that is known, unless it was set before."""
    known = "detroll" in smap.meta or (centre is not None and roll is not None)
    start = original_start(smap.meta) - clock.get("offset", 0 * u.s)
    found = None if known else find_pointing(smap, assets=assets, time=start)
    return update_pointing(smap, centre=centre, roll=roll, pointing=found)
