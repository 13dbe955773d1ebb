"""
Bias and calibration factor, as the simulated camera has them.

Written anew from the constants of the instrument, not taken from the
calibration: the two check each other.
"""

from sunpy_lasco.instrument.tables import (
    BIAS_C2,
    BIAS_C3,
    BIAS_PORTS,
    C2_FACTORS,
    C3_FACTORS,
    C3_H_ALPHA,
    POLARISER_TRANSMISSION,
)

__all__ = ["POLARISERS", "bias_level", "brightness_per_rate", "polariser_angle"]

#: Angle of the polarisers by POLAR without blanks, degree.
POLARISERS = {"+60DEG": 60.0, "0DEG": 0.0, "-60DEG": -60.0}
#: Column of the relative factor in `C3_FACTORS`.
_C3_COLUMN = {"0DEG": 3, "-60DEG": 4}


def _squeeze(text):
    return "".join(text.split()).upper()


def polariser_angle(polar):
    """
    Angle of a polariser.

    Parameters
    ----------
    polar : `str`
        The position of the wheel, as POLAR names it.

    Returns
    -------
    `float` or None
        Degree; None for a position that does not polarise.
    """
    return POLARISERS.get(_squeeze(polar))


def bias_level(detector, mjd, port="C"):
    """
    Bias of a full-resolution pixel.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    mjd : `int`
        Day of the middle of the exposure.
    port : `str`
        Read-out port.

    Returns
    -------
    `float`
        DN.
    """
    if port != "C":
        return BIAS_PORTS[detector][port]
    segments = BIAS_C2 if detector == "C2" else BIAS_C3
    _, _, origin, coefficients = next(row for row in segments if row[0] is None or mjd < row[0] + row[1])
    return sum(a * (mjd - origin) ** k for k, a in enumerate(coefficients))


def brightness_per_rate(detector, filter_name, polar, mjd):
    """
    Brightness that gives one DN per second in a full-resolution pixel.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    filter_name, polar : `str`
        FILTER and POLAR.
    mjd : `int`
        Day of the exposure.

    Returns
    -------
    `float`
        MSB / (DN / s).

    Raises
    ------
    ValueError
        For a combination of wheels that has no factor.
    """
    name, state = _squeeze(filter_name), _squeeze(polar)
    table = C2_FACTORS if detector == "C2" else C3_FACTORS
    if name not in table:
        msg = f"{detector} has no filter {filter_name!r}; it has {', '.join(table)}."
        raise ValueError(msg)
    slope, origin, value = table[name][:3]
    factor = slope * (mjd - origin) + value
    if state in POLARISERS:
        factor /= POLARISER_TRANSMISSION
        if detector == "C3" and state in _C3_COLUMN:
            factor *= table[name][_C3_COLUMN[state]]
    elif detector == "C3" and name == "CLEAR" and state == "H_ALPHA":
        factor = C3_H_ALPHA
    elif state != "CLEAR":
        msg = f"{detector} with {filter_name!r} and {polar!r} cannot be simulated: that combination is not calibrated."
        raise ValueError(msg)
    return factor * 1e-10
