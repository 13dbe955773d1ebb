"""
Sun centre and roll from the tables of the instrument team and of the spacecraft.

The tables come as arguments; `sunpy_lasco.level1.pointing_sources` fetches them.
"""

from dataclasses import replace

import numpy as np

from sunpy_lasco.geometry.pointing import Pointing, ecliptic_attitude
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.constants import mjd_of, value_of

__all__ = ["attitude_pointing", "table_pointing"]

#: The spacecraft was turned between two rows if their rolls differ by more than this, degree.
LARGEST_STEP = 5.0


def table_pointing(table, time, *, name, last_day=None, flipped=None):
    """
    Pointing from a table that was fitted to stars; None after the last day (MJD) for which the table is
    final.

    The table has, in order of time, ``mjd`` (UTC of the corrected clock), ``x``, ``y`` (Sun centre,
    full-frame pixel counted from 0, detector orientation) and ``roll`` of the camera (degree); the time is
    the start of the exposure by the corrected clock. ``name`` goes into the record of the source. ``flipped``
    tells whether the spacecraft was upside down according to the header.

    SolarSoft ``get_roll_or_xy``: linear in time, constant beyond both ends, and the earlier row where the
    roll jumps. In contrast to SolarSoft, the later row is used if only that one agrees with the header on
    which side is up.
    """
    mjd = float(time.utc.mjd)
    if last_day is not None and mjd >= last_day + 1:
        return None
    days, x, y, roll = (np.asarray(table[column], dtype=float) for column in ("mjd", "x", "y", "roll"))
    before = int(np.clip(np.searchsorted(days, mjd, side="right") - 1, 0, len(days) - 1))
    after = min(before + 1, len(days) - 1)
    step = float(normalize_roll(roll[after] - roll[before]))
    weight = 0.0
    if abs(step) > LARGEST_STEP:
        if flipped is not None and is_flipped(roll[before]) != flipped and is_flipped(roll[after]) == flipped:
            before = after
        step = 0.0
    elif after > before:
        weight = float(np.clip((mjd - days[before]) / (days[after] - days[before]), 0.0, 1.0))
    found = float(normalize_roll(roll[before] + weight * step))
    return Pointing(
        centre=tuple(float(column[before] + weight * (column[after] - column[before])) for column in (x, y)),
        roll=found,
        centre_source=name,
        roll_source=name,
        centre_sigma=value_of("pointing.table_centre_sigma"),
        roll_sigma=value_of("pointing.table_roll_sigma"),
        note=_disagreement(found, flipped, name),
        status="final",
    )


def attitude_pointing(steps, frame, fallback, *, name, flipped=None):
    """
    Pointing from the nominal roll of the spacecraft, with the Sun centre of ``fallback``; None before the
    first step.

    ``steps`` holds, in order of time, ``roll`` (degree) and the ``mjd`` from which it is valid; ``name`` and
    ``flipped`` are as for `table_pointing`. SolarSoft ``get_crota`` without attitude files. Since 2010-10-30
    the table refers to ecliptic north, and the angle to solar north as seen from SOHO is added.
    """
    days, rolls = (np.asarray(steps[column], dtype=float) for column in ("mjd", "roll"))
    row = int(np.searchsorted(days, frame.start.utc.mjd, side="right")) - 1
    if row < 0:
        return None
    roll = rolls[row] + frame.camera.roll_offset
    if frame.start.mjd >= mjd_of("pointing.ecliptic_north_up"):
        roll += ecliptic_attitude(frame.start)
    roll = float(normalize_roll(roll))
    note = _disagreement(roll, flipped, name)
    sigma = value_of("pointing.nominal_roll_sigma")
    return replace(fallback, roll=roll, roll_source=name, roll_sigma=sigma, note=note, status="interim")


def _disagreement(roll, flipped, name):
    if flipped is None or is_flipped(roll) == flipped:
        return ""
    sides = "upside down", "upright"
    return (
        f"{name} says that SOHO was {sides[not is_flipped(roll)]}, the header that it was {sides[not flipped]}: "
        "the table is followed. The image may be turned by 180 degrees, or taken while SOHO was turning."
    )
