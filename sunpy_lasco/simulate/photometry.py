"""
Bias and calibration factor of the simulated cameras.

Implemented independently from the constants of the instrument, without code of the calibration, so that the
two check each other.
"""

from sunpy_lasco.instrument.constants import all_constants, value_of

__all__ = ["POLARISERS", "bias_level", "brightness_per_rate", "polariser_angle"]

#: Angle of the polarisers by POLAR without blanks, degree.
POLARISERS = {"+60DEG": 60.0, "0DEG": 0.0, "-60DEG": -60.0}
#: Place among the relative factors of C3's polarisers.
_C3_COLUMN = {"0DEG": 0, "-60DEG": 1}


def _squeeze(text):
    return "".join(text.split()).upper()


def polariser_angle(polar):
    """
    Angle, degree, of a polariser by the position of the wheel, as POLAR names it; None for one that
    does not polarise.
    """
    return POLARISERS.get(_squeeze(polar))


def bias_level(detector, mjd, port="C"):
    """Bias of a full-resolution pixel, DN, on the day (MJD) of the middle of the exposure."""
    if port != "C":
        return value_of(f"{detector}.bias.ports")[port]
    segments = value_of(f"{detector}.bias")
    _, _, origin, coefficients = next(row for row in segments if row[0] is None or mjd < row[0] + row[1])
    return sum(a * (mjd - origin) ** k for k, a in enumerate(coefficients))


def brightness_per_rate(detector, filter_name, polar, mjd):
    """
    Brightness that gives one DN per second in a full-resolution pixel, MSB / (DN / s), by FILTER and
    POLAR on a day (MJD); `ValueError` where wheels have no factor.
    """
    name, state = _squeeze(filter_name), _squeeze(polar)
    start = f"{detector}.factor."
    table = {one.removeprefix(start): two.value for one, two in all_constants().items() if one.startswith(start)}
    if name not in table:
        msg = f"{detector} has no filter {filter_name!r}; it has {', '.join(table)}."
        raise ValueError(msg)
    slope, origin, value = table[name]
    factor = slope * (mjd - origin) + value
    if state in POLARISERS:
        factor /= value_of("polariser.transmission")
        if detector == "C3" and state in _C3_COLUMN:
            factor *= value_of(f"C3.polarisers.{name}")[_C3_COLUMN[state]]
    elif detector == "C3" and name == "CLEAR" and state == "H_ALPHA":
        factor = value_of("C3.factor.H_ALPHA")
    elif state != "CLEAR":
        msg = f"{detector} with {filter_name!r} and {polar!r} cannot be simulated: that combination is not calibrated."
        raise ValueError(msg)
    return factor * 1e-10
