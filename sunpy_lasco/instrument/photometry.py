"""
Calibration factors: from counts per second to mean solar brightness.
"""

from math import hypot

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.constants import all_constants, error_of, value_of

__all__ = [
    "calibration_factor",
    "calibration_factor_sigma",
    "doubtful_factor",
    "frame_factor",
    "polariser_sigma",
]

#: Values of POLAR for linear polarisers.
POLARISERS = ("+60DEG", "0DEG", "-60DEG")
#: Unit of SolarSoft's factors, MSB / (DN / s).
FACTOR_UNIT = 1e-10


def calibration_factor(detector, filter_name, polar, mjd, pixels=1):
    """
    The official calibration factor, MSB per (DN / s) of a stored pixel that sums a number of full-resolution
    pixels.

    FILTER and POLAR are in upper case without blanks. The day is that of the original (uncorrected) DATE-OBS,
    an integer MJD. The function reproduces SolarSoft ``c2_calfactor`` 1.9 and ``c3_calfactor`` 1.17 including
    their faults: it returns 0 for combinations without a calibration, the neutral density filter of C2 has
    the factor of the filter wheel alone, and DeepRd without a linear polariser has none, except with Clear.
    """
    factor = _c2_factor(filter_name, polar, mjd) if detector == "C2" else _c3_factor(filter_name, polar, mjd)
    return factor * FACTOR_UNIT / pixels


def _factor_on_day(detector, filter_name, mjd):
    slope, origin, value = value_of(f"{detector}.factor.{filter_name}")
    return slope * (mjd - origin) + value


def _c2_factor(filter_name, polar, mjd):
    if f"C2.factor.{filter_name}" not in all_constants():
        return 0.0
    factor = _factor_on_day("C2", filter_name, mjd)
    if polar in POLARISERS:
        return factor / value_of("polariser.transmission")
    if filter_name == "DEEPRD" and polar != "CLEAR":
        return 0.0
    return factor


def _c3_factor(filter_name, polar, mjd):
    if f"C3.polarisers.{filter_name}" not in all_constants():
        return 0.0
    factor = _factor_on_day("C3", filter_name, mjd)
    if polar in POLARISERS:
        zero_degrees, minus_sixty = value_of(f"C3.polarisers.{filter_name}")
        relative = {"+60DEG": 1.0, "0DEG": zero_degrees, "-60DEG": minus_sixty}[polar]
        return factor / value_of("polariser.transmission") * relative
    if filter_name == "CLEAR" and polar == "H_ALPHA":
        return value_of("C3.factor.H_ALPHA")
    if filter_name == "CLEAR" and polar != "CLEAR":
        return 0.0
    return factor


def frame_factor(frame, *, star_scale=False):
    """
    The calibration factor of a frame, MSB per (DN / s) of a stored pixel, official or on the scale of stars.

    If the combination of filter and polariser has no calibration, `~sunpy_lasco.errors.NotCalibratableError`
    is raised; SolarSoft returns an image of zeros. Images derived from polarised triplets are brightnesses
    through the filter alone and get the factor of the clear position, which SolarSoft omits for some of them.
    """
    polar = "CLEAR" if frame.is_derived else frame.polar
    detector = frame.camera.name
    factor = calibration_factor(detector, frame.filter, polar, frame.mjd, frame.binning[0] * frame.binning[1])
    if factor == 0:
        msg = (
            f"{frame.filename or 'The frame'}: there is no calibration for FILTER {frame.filter} with POLAR "
            f"{frame.polar} of {detector}."
        )
        raise NotCalibratableError(msg)
    return factor * value_of(f"{detector}.star_scale") if star_scale else factor


def doubtful_factor(frame):
    """
    Additional relative 1 sigma of the calibration factor of a filter: the constant ``C2.factor_doubt``, else
    0.
    """
    return value_of("C2.factor_doubt").get(frame.filter, 0.0) if frame.camera.name == "C2" else 0.0


def calibration_factor_sigma(detector, year, *, filter_name=None, star_scale=False):
    """
    Relative systematic 1 sigma of the calibration factor of a camera in a (decimal) year, with or without the
    scale of stars; by default for the usual filter.

    The official factors are linear extrapolations. The error for C3 includes the scatter of stars within a
    year, the drift that stars do not exclude, and the deviation of published stars in other filters. The
    error for C2 is the scale that stars require, which is known for Orange only; the official rate, 0.27 % a
    year, differs by 0.07 % a year from that of Colaninno and Howard (2015), whose data cover 1996 to 2013.
    The errors of doubtful filters of C2 are added by `doubtful_factor`.
    """
    if detector == "C3":
        drift = value_of("C3.factor_drift") * abs(year - value_of("C3.factor_drift.since"))
        return hypot(value_of("C3.factor_sigma"), value_of("C3.filter_sigma").get(filter_name, 0.0)) + drift
    drift = value_of("C2.factor_drift") * max(year - value_of("C2.factor_drift.since"), 0.0)
    measured = star_scale and filter_name in (None, "ORANGE")
    return (error_of("C2.star_scale") if measured else value_of("C2.star_scale") - 1.0) + drift


def polariser_sigma(frame):
    """Relative systematic 1 sigma of the transmission of the polariser of a frame; 0 without one."""
    if frame.polar not in POLARISERS and not frame.is_derived:
        return 0.0
    if frame.camera.name == "C3" and frame.polar == "0DEG" and frame.mjd >= value_of("C3.polariser_zero.degraded"):
        return value_of("C3.polariser_zero.sigma")
    return value_of(f"{frame.camera.name}.polariser_sigma")
