"""
The IDL save files among the assets: Sun centres and rolls.
"""

import warnings

import numpy as np
from scipy.io import readsav

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.errors import AssetError

__all__ = ["read_last_pointing_days", "read_pointing"]

#: The pointing tables count terrestrial time as if it were TAI: 32.184 s more.
TT_MINUS_TAI = 32.184
#: MJD from which SolarSoft counts the seconds of TAI, 1958-01-01.
TAI_ORIGIN = 36204


def read_pointing(path):
    """
    Sun centres and rolls of a camera (``c2_post_recovery_adj_xyr_medv2.sav`` and its like).

    Parameters
    ----------
    path : path-like
        An IDL save file with the arrays ``c_tai``, ``c_xmed``, ``c_ymed`` and ``c_rmed``.

    Returns
    -------
    `~astropy.table.Table`
        In order of time: ``mjd`` (float, UTC of the corrected clock, day), ``x``
        and ``y`` (Sun centre, full-resolution pixel from 0, detector
        orientation) and ``roll`` (of the camera, degree): the medians.
    """
    variables = _restore(path)
    names = ("c_tai", "c_xmed", "c_ymed", "c_rmed")
    lacking = [name for name in names if name not in variables]
    if lacking:
        msg = f"{path} lacks the variables {', '.join(lacking)}."
        raise AssetError(msg)
    try:
        seconds, x, y, roll = (np.atleast_1d(variables[name]).astype(float) for name in names)
    except (TypeError, ValueError) as error:
        msg = f"{path} holds something else than numbers: {error}."
        raise AssetError(msg) from error
    if not len(seconds) == len(x) == len(y) == len(roll) or not np.isfinite([seconds, x, y, roll]).all():
        msg = f"{path} holds columns of unequal length, or values that are not finite."
        raise AssetError(msg)
    order = np.argsort(seconds, kind="stable")
    days = (seconds[order] - TT_MINUS_TAI) / 86400
    table = Table()
    table["mjd"] = Time(np.full(len(days), TAI_ORIGIN, dtype=float), days, format="mjd", scale="tai").utc.mjd
    table["x"], table["y"], table["roll"] = x[order], y[order], roll[order]
    table["mjd"].unit, table["roll"].unit = u.d, u.deg
    table["x"].unit = table["y"].unit = u.pix
    return table


def read_last_pointing_days(path):
    """
    The last days that the pointing tables cover (``c2_c3_last_post_recovery_day.sav``).

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `dict`
        MJD (int) by ``"C2"`` and ``"C3"``.
    """
    variables = _restore(path)
    days = {}
    for detector in ("C2", "C3"):
        value = variables.get(f"{detector.lower()}_last_day", variables.get("last_day"))
        value = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        try:
            days[detector] = int(Time(value.strip().replace("/", "-"), scale="utc").mjd)
        except ValueError as error:
            msg = f"{path} names no last day for {detector}."
            raise AssetError(msg) from error
    return days


def _restore(path):
    """The variables of an IDL save file by lower-case name, also those inside a structure."""
    variables, problem = {}, None
    # scipy's reader raises whatever a damaged file makes it stumble over, leaves
    # the file open then, and speaks of records that it leaves out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            variables = readsav(path, python_dict=True)
        except Exception as error:  # noqa: BLE001
            problem = repr(error)
    if problem is not None:
        msg = f"{path} cannot be read as an IDL save file: {problem}"
        raise AssetError(msg)
    for value in list(variables.values()):
        if isinstance(value, np.recarray) and value.dtype.names:
            for field in value.dtype.names:
                variables.setdefault(field.lower(), value[field])
    return variables
