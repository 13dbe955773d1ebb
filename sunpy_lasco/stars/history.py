"""
The pointing of many frames by their stars, for those that have none.
"""

import numpy as np

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.pointing import Pointing, header_pointing, nominal_pointing
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.stars.solution import solve

__all__ = ["pointing_at", "pointing_history"]

#: By how much centre (pixel; C2 0.7 in 10 days of 2010) and roll beside the nominal one (degree) drift, per root of a
#: day.
DRIFT = {"C2": (0.2, 0.005), "C3": (0.04, 0.004)}
#: By how much another filter or polariser shifts the image, pixel (Orange and Clear on 2012-08-31: 0.25 along an axis).
FILTER_SHIFT = 0.3


def pointing_history(smaps, **options):
    """
    Solve the pointing of frames by their stars.

    Parameters
    ----------
    smaps : iterable of `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5; they may be of both cameras and all filters.
    **options
        For `~sunpy_lasco.stars.solve`.

    Returns
    -------
    `~astropy.table.QTable`
        A row a frame, in order of time: ``time``, ``name``, ``camera``, ``filter``, ``polar``, ``turned`` (upside
        down), ``x`` and ``y`` (Sun's centre, full-frame pixel of the detector counted from 0), ``roll``, ``beside``
        (roll without the nominal one of that time), ``centre_sigma``, ``roll_sigma`` (by the stars alone), ``number``,
        ``rms`` and ``reason``, which says why there is no solution; then the numbers are NaN.  It can be written as
        ECSV and read again.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are no frames.
    """
    rows = []
    for smap in smaps:
        frame = Frame.from_header(smap.meta, smap.data.shape)
        solution = solve(smap, **options)
        roll = solution.roll if solution.solved else header_pointing(smap.meta, frame).roll
        turned = is_flipped(normalize_roll(roll - nominal_pointing(frame).roll))
        nominal = nominal_pointing(frame, flipped=turned).roll
        beside = float(normalize_roll(roll - nominal)) if solution.solved else np.nan
        noise = solution.covariance[:2, :2] - solution.sky_covariance
        centre = solution.centre if solution.solved else (np.nan, np.nan)
        rows.append((
            frame.start, frame.filename, frame.camera.name, frame.filter, frame.polar, turned, *centre,
            roll if solution.solved else np.nan, beside, np.sqrt(np.trace(noise) / 2), solution.roll_sigma,
            solution.number, solution.rms, solution.reason,
        ))  # fmt: skip
    names = ("time", "name", "camera", "filter", "polar", "turned", "x", "y", "roll", "beside", "centre_sigma",
             "roll_sigma", "number", "rms", "reason")  # fmt: skip
    rows.sort(key=lambda row: row[0].mjd)
    if not rows:
        msg = "There are no frames of which the pointing could be solved."
        raise OptionError(msg)
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns["time"] = Time([time.isot for time in columns["time"]], scale="utc")
    table = QTable({name: column if name == "time" else np.array(column) for name, column in columns.items()})
    for name, unit in (("x", u.pix), ("y", u.pix), ("roll", u.deg), ("beside", u.deg), ("centre_sigma", u.pix),
                       ("roll_sigma", u.deg), ("rms", u.pix)):  # fmt: skip
        table[name] = table[name] * unit
    return table


def pointing_at(history, smap, *, within=10 * u.day):
    """
    The pointing of a frame by the solutions of its neighbours.

    Parameters
    ----------
    history : `~astropy.table.QTable`
        As `pointing_history` returns it.
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.
    within : `~astropy.units.Quantity`
        How far away neighbours may be.

    Returns
    -------
    `~sunpy_lasco.geometry.pointing.Pointing` or None
        For `sunpy_lasco.update_pointing`; None where no frame of that camera, the same side up, was solved within that
        time.

    Notes
    -----
    A mean in which frames weigh by their errors and by how far the pointing may have drifted since; of the roll, beside
    the nominal one.  Frames of another filter or polariser weigh less, by a shift of 0.3 pixel.  What clock and orbit
    leave open comes on top.
    """
    frame = Frame.from_header(smap.meta, smap.data.shape)
    camera = frame.camera.name
    stated = header_pointing(smap.meta, frame)
    turned = is_flipped(normalize_roll(stated.roll - nominal_pointing(frame).roll))
    apart = np.abs((history["time"] - frame.start).to_value(u.day))
    near = (history["camera"] == camera) & (history["turned"] == turned)
    near &= (apart <= within.to_value(u.day)) & np.isfinite(history["x"].value)
    if not near.any():
        return None
    rows, apart = history[near], apart[near]
    other = (rows["filter"] != frame.filter) | (rows["polar"] != frame.polar)
    drift, turn = DRIFT[camera]
    # Frames of another filter share their shift, so that many are no better than one.
    floor = FILTER_SHIFT**2 if other.all() else 0.0
    weight = 1 / (rows["centre_sigma"].value ** 2 + drift**2 * apart + (other * FILTER_SHIFT**2 - floor))
    rolls = 1 / (rows["roll_sigma"].value ** 2 + turn**2 * apart)
    nominal = nominal_pointing(frame, flipped=turned).roll
    source = f"stars of {len(rows)} neighbours"
    return Pointing(
        centre=(float(np.average(rows["x"].value, weights=weight)), float(np.average(rows["y"].value, weights=weight))),
        roll=float(normalize_roll(nominal + np.average(rows["beside"].value, weights=rolls))),
        centre_source=source,
        roll_source=source,
        centre_sigma=float(np.sqrt(1 / weight.sum() + floor)),
        roll_sigma=float(np.sqrt(1 / rolls.sum())),
        status="final",
    )
