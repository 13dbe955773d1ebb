"""
Pointing of many frames from their stars, for frames without stars.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.pointing import Pointing, header_pointing, nominal_pointing
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.constants import error_of, value_of
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.stars.measured import measured_frames
from sunpy_lasco.stars.solution import solve

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["packaged_history", "pointing_at", "pointing_history", "roll_at"]

#: Drift of the centre (pixel; C2 0.7 in 10 days of 2010) and of the roll relative to the nominal one (degree), per root
#: of a day.
DRIFT = {"C2": (0.2, 0.005), "C3": (0.04, 0.004)}
#: Shift of the image by another filter or polariser, pixel (Orange and Clear on 2012-08-31: 0.25 along an axis).
FILTER_SHIFT = 0.3


def pointing_history(smaps: Iterable[CoronagraphMap], **options: Any) -> QTable:
    """
    Solve the pointing of frames from their stars.

    Parameters
    ----------
    smaps : iterable of `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, of any camera and filter.
    **options
        For `~sunpy_lasco.stars.solve`.

    Returns
    -------
    `~astropy.table.QTable`
        One row per frame, in order of time: ``time``, ``name``, ``camera``, ``filter``, ``polar``, ``turned``
        (upside down), ``x`` and ``y`` (Sun's centre, full-frame pixel of the detector counted from 0),
        ``roll``, ``beside`` (roll minus the nominal one of that time), ``centre_sigma``, ``roll_sigma`` (from
        the stars alone), ``number``, ``rms`` and ``reason``, which explains why there is no solution; the
        numbers are then NaN. The table can be written as ECSV and read again.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are no frames.
    """
    return _history((smap, solve(smap, **options)) for smap in smaps)


def packaged_history() -> QTable:
    """
    Pointing of the real frames whose stars are included in the package.

    Returns
    -------
    `~astropy.table.QTable`
        As for `pointing_history`: C3 of January 2000 and 2002, April 2004, January 2010 and August 2012, C2 of January
        2010.

    Notes
    -----
    ``calibrate(pointing="packaged")`` uses it. The default does not, because the pointing of a product should
    follow from published tables and headers, and not jump because a few days of 30 years were measured here.
    """
    return _packaged().copy()


@lru_cache(maxsize=1)
def _packaged():
    return _history((one.smap, one.solve()) for one in measured_frames())


def _history(solved):
    """The table of `pointing_history` for maps and their solutions."""
    rows = []
    for smap, solution in solved:
        frame = Frame.from_header(smap.meta, smap.data.shape)
        turned = _turned(solution.roll if solution.solved else _stated_roll(smap, frame), frame)
        nominal = nominal_pointing(frame, flipped=turned).roll
        beside = float(normalize_roll(solution.roll - nominal)) if solution.solved else np.nan
        noise = solution.covariance[:2, :2] - solution.sky_covariance
        centre = solution.centre if solution.solved else (np.nan, np.nan)
        rows.append((
            frame.start, frame.filename, frame.camera.name, frame.filter, frame.polar, turned, *centre,
            solution.roll if solution.solved else np.nan, beside, np.sqrt(np.trace(noise) / 2), solution.roll_sigma,
            solution.number, solution.rms, solution.reason,
        ))  # fmt: skip
    names = ("time", "name", "camera", "filter", "polar", "turned", "x", "y", "roll", "beside", "centre_sigma",
             "roll_sigma", "number", "rms", "reason")  # fmt: skip
    rows.sort(key=lambda row: row[0].mjd)
    if not rows:
        msg = "There are no frames whose pointing could be solved."
        raise OptionError(msg)
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns["time"] = Time([time.isot for time in columns["time"]], scale="utc")
    table = QTable({name: column if name == "time" else np.array(column) for name, column in columns.items()})
    for name, unit in (("x", u.pix), ("y", u.pix), ("roll", u.deg), ("beside", u.deg), ("centre_sigma", u.pix),
                       ("roll_sigma", u.deg), ("rms", u.pix)):  # fmt: skip
        table[name] = table[name] * unit
    return table


def pointing_at(history: QTable, smap: CoronagraphMap, *, within: u.Quantity = 10 * u.day) -> Pointing | None:
    """
    Pointing of a frame from the solutions of its neighbours.

    Parameters
    ----------
    history : `~astropy.table.QTable`
        Result of `pointing_history`.
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.
    within : `~astropy.units.Quantity`
        Largest distance of neighbours in time.

    Returns
    -------
    `~sunpy_lasco.geometry.pointing.Pointing` or None
        Pointing for `sunpy_lasco.update_pointing`; None if no frame of that camera with the same side up was
        solved within that time.

    Notes
    -----
    The result is a mean, weighted by the errors of the frames and the possible drift of the pointing; for the
    roll, of the difference from the nominal one. Frames with another filter or polariser have less weight,
    according to a shift of 0.3 pixel. The roll of C2 includes that of C3, see `roll_at`. The errors of clock
    and orbit are added.
    """
    frame = Frame.from_header(smap.meta, smap.data.shape)
    turned = _turned(_stated_roll(smap, frame), frame)
    rows, apart = _neighbours(history, frame, frame.camera.name, turned, within)
    if not len(rows):
        return None
    other = (rows["filter"] != frame.filter) | (rows["polar"] != frame.polar)
    drift = DRIFT[frame.camera.name][0]
    # Frames of another filter share their shift, so that many are no better than one.
    floor = FILTER_SHIFT**2 if other.all() else 0.0
    weight = 1 / (rows["centre_sigma"].value ** 2 + drift**2 * apart + (other * FILTER_SHIFT**2 - floor))
    # The same frames, at least, have a roll.
    roll, sigma, source = cast("tuple", _roll(history, frame, turned, within))
    return Pointing(
        centre=(float(np.average(rows["x"].value, weights=weight)), float(np.average(rows["y"].value, weights=weight))),
        roll=roll,
        centre_source=f"stars of {len(rows)} neighbours",
        roll_source=source,
        centre_sigma=float(np.sqrt(1 / weight.sum() + floor)),
        roll_sigma=sigma,
        status="final",
    )


def roll_at(
    history: QTable, smap: CoronagraphMap, *, within: u.Quantity = 10 * u.day
) -> tuple[u.Quantity, u.Quantity, str] | None:
    """
    Roll of a frame from the solutions of its neighbours, for C2 also from those of C3.

    Parameters
    ----------
    history : `~astropy.table.QTable`
        Result of `pointing_history`.
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.
    within : `~astropy.units.Quantity`
        Largest distance of neighbours in time.

    Returns
    -------
    roll, sigma : `~astropy.units.Quantity`
        Roll of the detector, and its 1 sigma, degree.
    source : `str`
        Description of its source.
    None
        Instead of all three, if no frame with the same side up was solved within that time.

    Notes
    -----
    Both cameras roll with the spacecraft: the roll of C2 is that of C3 plus the constant ``C2.roll_from_C3``,
    whose error is common to all frames of C3.
    """
    frame = Frame.from_header(smap.meta, smap.data.shape)
    found = _roll(history, frame, _turned(_stated_roll(smap, frame), frame), within)
    if found is None:
        return None
    roll, sigma, source = found
    return roll * u.deg, sigma * u.deg, source


def _roll(history, frame, turned, within):
    """Roll, its 1 sigma, degree, and its source, as for `roll_at`; None without neighbours."""
    values, variances, sources = [], [], []
    for camera in ("C2", "C3") if frame.camera.name == "C2" else ("C3",):
        rows, apart = _neighbours(history, frame, camera, turned, within)
        if not len(rows):
            continue
        weight = 1 / (rows["roll_sigma"].value ** 2 + DRIFT[camera][1] ** 2 * apart)
        value, variance = np.average(rows["beside"].value, weights=weight), 1 / weight.sum()
        source = f"stars of {len(rows)} neighbours"
        if camera != frame.camera.name:
            # The table contains rolls relative to the nominal one of each camera.
            nominal = CAMERAS["C2"].roll_offset - CAMERAS["C3"].roll_offset
            value += value_of("C2.roll_from_C3") - nominal
            variance += error_of("C2.roll_from_C3") ** 2
            source = f"{source} of {camera}"
        values.append(value)
        variances.append(variance)
        sources.append(source)
    if not values:
        return None
    weights = 1 / np.array(variances)
    nominal = nominal_pointing(frame, flipped=turned).roll
    roll = normalize_roll(nominal + np.average(values, weights=weights))
    return float(roll), float(weights.sum() ** -0.5), " and ".join(sources)


def _stated_roll(smap, frame):
    """Roll of the detector, degree: the one that was set, or that of the level-0.5 header."""
    return smap.meta["detroll"] if "detroll" in smap.meta else header_pointing(smap.meta, frame).roll


def _turned(roll, frame):
    """Whether a roll, degree, is that of a spacecraft upside down."""
    return is_flipped(normalize_roll(roll - nominal_pointing(frame).roll))


def _neighbours(history, frame, camera, turned, within):
    """Rows of a camera near in time, with a solution and the same side up, and their distances in time, day."""
    apart = np.abs((history["time"] - frame.start).to_value(u.day))
    near = (history["camera"] == camera) & (history["turned"] == turned)
    near &= (apart <= within.to_value(u.day)) & np.isfinite(history["x"].value)
    return history[near], apart[near]
