"""
Time, Sun centre, roll and observer of a map.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord, UnitSphericalRepresentation

from sunpy.coordinates import HeliocentricEarthEcliptic, HeliographicStonyhurst

from sunpy_lasco.assets.observers import Observer, packaged_observer
from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.cards import wcs_cards
from sunpy_lasco.geometry.orbit import AU, Place
from sunpy_lasco.geometry.pointing import Pointing, header_pointing
from sunpy_lasco.geometry.resampling import is_turned, to_detector
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.cards import number
from sunpy_lasco.instrument.changes import require_grid
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.frame import exposure_texts, original_start
from sunpy_lasco.instrument.pixel_grid import full_position
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.map.edit import frame_of, record
from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["correct_time", "refresh_wcs", "update_observer", "update_pointing"]

#: Times that differ by less than this, s, are considered equal.
SAME_TIME = 1e-6
#: Range of distances from the Sun, au, for an observer near SOHO or the Earth.
OBSERVER_DISTANCES = 0.95, 1.03


def refresh_wcs(smap):
    """
    Update the WCS cards after a change of the image.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        With its pointing set.

    Returns
    -------
    map of the same class
    """
    require_grid(smap, "pointed")
    return record(smap, cards=wcs_cards(smap.meta, smap.data.shape))


@u.quantity_input
def update_pointing(
    smap: AnyCoronagraphMap,
    *,
    centre: u.Quantity[u.pix] | None = None,
    roll: u.Quantity[u.deg] | None = None,
    pointing: Pointing | None = None,
    centre_source: str | None = None,
    roll_source: str | None = None,
    centre_sigma: u.Quantity[u.pix] | None = None,
    roll_sigma: u.Quantity[u.deg] | None = None,
) -> AnyCoronagraphMap:
    """
    Set the Sun's centre and the roll of a map and update its WCS.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1.
    centre : `~astropy.units.Quantity`, optional
        Position (x, y) of the Sun's centre in the map's own pixels, counted from 0,
        as ``smap.reference_pixel`` counts them.
    roll : `~astropy.units.Quantity`, optional
        Counter-clockwise rotation of the image that brings solar north up.
    pointing : `~sunpy_lasco.geometry.pointing.Pointing`, optional
        Both values in detector orientation, as returned by
        `~sunpy_lasco.level1.pointing_sources.find_pointing`; ``centre`` and ``roll`` take precedence.
    centre_source, roll_source : `str`, optional
        Sources of the values, for the cards CENTSRC and ROLLSRC.
    centre_sigma, roll_sigma : `~astropy.units.Quantity`, optional
        Their 1 sigma.

    Returns
    -------
    map of the same class
        With the cards SUNPIX1, SUNPIX2, DETROLL; CENTSRC, ROLLSRC (sources); CENTSTAT, ROLLSTAT (``final``,
        ``interim`` or ``given``); CENTSIG, ROLLSIG (1 sigma) and a standard WCS. Values that are not given
        are kept or, if the pointing was never set, derived from the header by the rules for its age.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the map was rotated, resampled and so on, so that its pixels are not those of the detector.

    Notes
    -----
    SolarSoft ``adjust_hdr_tcr``, ``get_sun_center``, ``get_crota``.
    """
    return pointed(
        smap,
        centre=centre,
        roll=roll,
        pointing=pointing,
        centre_source=centre_source,
        roll_source=roll_source,
        centre_sigma=centre_sigma,
        roll_sigma=roll_sigma,
    )


def pointed(
    smap,
    *,
    centre=None,
    roll=None,
    pointing=None,
    centre_source=None,
    roll_source=None,
    centre_sigma=None,
    roll_sigma=None,
):
    """As `update_pointing`, without the check of units, which costs as much as all of it."""
    centre, roll = checked_option("centre", centre), checked_option("roll", roll)
    require_grid(smap, "pointed")
    meta = smap.meta
    cards = {}
    if "detroll" not in meta or pointing is not None:
        pointing = pointing or header_pointing(meta, frame_of(smap))
        cards = {
            "sunpix1": pointing.centre[0],
            "sunpix2": pointing.centre[1],
            "detroll": pointing.roll,
            "centsrc": pointing.centre_source,
            "rollsrc": pointing.roll_source,
            "centsig": pointing.centre_sigma,
            "rollsig": pointing.roll_sigma,
            "centstat": pointing.status,
            "rollstat": pointing.status,
        }
    history = []
    if centre is not None:
        x, y = to_detector(meta, full_position(tuple(centre.value.tolist()), frame_of(smap)))
        if not (0 <= x < FULL_FRAME and 0 <= y < FULL_FRAME):
            msg = (
                f"centre={centre} is the full-frame pixel ({x:.1f}, {y:.1f}), which is outside the detector; centre "
                "counts from 0 in pixels of the map."
            )
            raise OptionError(msg)
        cards |= {
            "sunpix1": x,
            "sunpix2": y,
            "centsrc": centre_source or "given",
            "centsig": None if centre_sigma is None else float(np.mean(centre_sigma.to_value(u.pix))),
            "centstat": "given",
        }
        history.append(f"Sun centre set ({cards['centsrc']})")
    if roll is not None:
        stored = float(roll.value)
        cards |= {
            "detroll": float(normalize_roll(stored + meta.get("imgrot", 0.0) + 180.0 * is_turned(meta))),
            "rollsrc": roll_source or "given",
            "rollsig": None if roll_sigma is None else float(np.squeeze(roll_sigma.to_value(u.deg))),
            "rollstat": "given",
        }
        history.append(f"Roll set to {stored:.6f} degrees ({cards['rollsrc']})")
    return refresh_wcs(record(smap, cards=cards, history=history))


def update_observer(
    smap: AnyCoronagraphMap, coordinate: SkyCoord | None = None, *, source: str = "given", error: str | None = None
) -> AnyCoronagraphMap:
    """
    Set the position of the observer.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    coordinate : `~astropy.coordinates.SkyCoord`, optional
        Position of SOHO with a distance, for example ``sunpy.coordinates.get_horizons_coord("SOHO",
        smap.reference_date)``. By default the orbit of the package is used; nothing is downloaded.
    source : `str`
        Source of the coordinate, for the card OBSSRC.
    error : `str`, optional
        Its error, for the card OBSERR.

    Returns
    -------
    map of the same class
        With HGLN_OBS, HGLT_OBS, DSUN_OBS, RSUN_REF, RSUN_OBS, OBSSRC and OBSERR.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the coordinate has no distance, or lies where SOHO cannot be.

    Notes
    -----
    SOHO moves around L1 on a halo orbit of up to 667,000 km, or 0.26 degree as seen from the Sun; if this
    were ignored, stars, planets and comets would be misplaced. The orbit of the package is accurate to 0.001
    degree from 1996 to 2026, and its closed form to 0.005 degree. `calibrate` uses better positions if
    available, see `~sunpy_lasco.level1.observer_position`.

    sunpy interprets the cards for the map's ``reference_date``, so call this function after
    `~sunpy_lasco.level1.correct_time`. A coordinate of another time keeps its position relative to the line
    from the Sun to the Earth.
    """
    time = smap.reference_date
    if coordinate is None:
        return observed(smap, packaged_observer(time))
    position = _placed(coordinate, time)
    place = Place(
        float(position.lon.wrap_at(180 * u.deg).to_value(u.deg)),
        float(position.lat.to_value(u.deg)),
        float(position.radius.to_value(u.m)),
        time,
    )
    return observed(smap, Observer(place, source, error))


def observed(smap, observer):
    """A map with the position of an `~sunpy_lasco.assets.observers.Observer` at its ``reference_date``."""
    place, radius = observer.place, float(smap.rsun_meters.to_value(u.m))
    distance = place.distance
    _require_near(distance / AU)
    cards = {
        "hgln_obs": place.longitude,
        "hglt_obs": place.latitude,
        "dsun_obs": distance,
        "rsun_ref": radius,
        "rsun_obs": float(np.degrees(np.arcsin(radius / distance)) * 3600),
        "obssrc": observer.source,
        "obserr": observer.error,
    }
    return record(smap, cards=cards, history=[f"Observer: {observer.source}"])


def _require_near(distance):
    """Refuse, by `~sunpy_lasco.errors.OptionError`, a distance from the Sun, au, at which SOHO cannot be."""
    if not OBSERVER_DISTANCES[0] < distance < OBSERVER_DISTANCES[1]:
        msg = (
            f"The observer would be {distance:.4g} au from the Sun, where SOHO cannot be "
            f"({OBSERVER_DISTANCES[0]} to {OBSERVER_DISTANCES[1]} au)."
        )
        raise OptionError(msg)


def placed_observer(coordinate, time):
    """
    Convert an observer's coordinate of any frame and time to the Stonyhurst frame of ``time``.

    A coordinate without a time is assumed to be for that time; one of another time keeps its position
    relative to the line from the Sun to the Earth. `~sunpy_lasco.errors.OptionError` is raised if SOHO cannot
    be there.
    """
    return SkyCoord(_placed(coordinate, time))


def _placed(coordinate, time):
    """The same as an astropy frame."""
    frame = getattr(coordinate, "frame", coordinate)
    there = getattr(frame, "obstime", time)
    if there is None:
        frame, there = frame.replicate(obstime=time), time
    if isinstance(frame.data, UnitSphericalRepresentation):
        msg = "The coordinate of the observer has no distance; add one, such as 0.99 au."
        raise OptionError(msg)
    now = there is time or abs((there - time).to_value(u.s)) < SAME_TIME
    if not (now and isinstance(frame, HeliographicStonyhurst)):
        beside = frame.transform_to(HeliocentricEarthEcliptic(obstime=there))
        moved = HeliocentricEarthEcliptic(beside.data.without_differentials(), obstime=time)
        frame = moved.transform_to(HeliographicStonyhurst(obstime=time))
    _require_near(frame.radius.to_value(u.au))
    return frame


def correct_time(
    smap: AnyCoronagraphMap,
    *,
    offset: u.Quantity | None = None,
    source: str = "uncorrected",
    sigma: u.Quantity | None = None,
) -> AnyCoronagraphMap:
    """
    Correct the time of an exposure for the drift of the on-board clock.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    offset : `~astropy.units.Quantity`, optional
        Time by which the on-board clock was ahead. None leaves the time unchanged.
    source : `str`
        Source of the offset, for the card TIMESRC.
    sigma : `~astropy.units.Quantity`, optional
        1 sigma of the offset.

    Returns
    -------
    map of the same class
        With DATE-OBS, DATE-BEG, DATE-AVG, DATE-END in ISO format and UTC, the original start in DATE-ORI,
        TIMESRC, the offset in TIMEOFF and its 1 sigma, if known, in TIMESIG (s).

    Notes
    -----
    SolarSoft ``adjust_all_date_obs``: corrected = original - offset.  MID_DATE and
    MID_TIME keep the uncorrected clock, as in the official product.
    """
    start = original_start(smap.meta)
    offset = checked_option("time_offset", offset)
    shift = 0.0 if offset is None else float(offset.value)
    first, middle, end = exposure_texts(start, shift, number(smap.meta, "exptime"))
    cards = {
        "date-ori": start.isot,
        "date-obs": first,
        "date-beg": first,
        "date-avg": middle,
        "date-end": end,
        "time-obs": None,
        "date_obs": None,
        "time_obs": None,
        "timesys": "UTC",
        "timesrc": source,
        "timeoff": shift,
        "timesig": None if sigma is None else float(sigma.to_value(u.s)),
    }
    if offset is None:
        cards["timesig"] = value_of("clock.uncorrected_sigma")
    line = "Time not corrected for the drift of the clock (up to 3 minutes)"
    if offset is not None:
        line = f"Time corrected by {-shift:+.3f} s ({source}); original date_obs: {cards['date-ori']}"
    return record(smap, cards=cards, history=[line])
