"""
Calibration factors: from counts per second to mean solar brightness.
"""

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.tables import C2_FACTORS, C3_FACTORS, C3_H_ALPHA, POLARISER_TRANSMISSION

__all__ = [
    "DOUBTFUL_C2_FACTORS",
    "STAR_SCALE",
    "calibration_factor",
    "calibration_factor_sigma",
    "doubtful_factor",
    "frame_factor",
    "polariser_sigma",
]

#: Factor by which stars ask the official calibration factors to be multiplied, and
#: its 1 sigma.
STAR_SCALE = {"C2": (1.18, 0.03), "C3": (1.0, 0.02)}
#: Filters of C2 whose factor is doubtful, and by what share of the brightness (1 sigma).  The source
#: of SolarSoft itself calls those of H alpha and the lens wrong; published copies differ by 10.  With
#: that of DeepRd, equal to Blue's, a Clear frame of 2000-09-03 is 1.65 to 1.78 times as bright as
#: Orange of 2001, and polarised ones are 1.67 times as bright as that Clear frame.
DOUBTFUL_C2_FACTORS = {"HALPHA": 9.0, "LENS": 9.0, "DEEPRD": 0.7}
#: 1 sigma of the transmissions of the polarisers relative to Clear.  C2: tangential polarisation
#: asks for +1.1, -0.5 and -0.6 % (2000-09-03).  C3: +-60 degrees are 1.034 and 1.010 of Clear (2012-08-31).
POLARISER_SIGMA = {"C2": 0.01, "C3": 0.03}
#: The polariser of C3 at 0 degrees degraded (MJD, 1998-10); its later transmission is not known:
#: the 1 sigma is a guess that says so.
C3_ZERO_DEGRADED, C3_ZERO_SIGMA = 51087, 0.5
#: POLAR values that are linear polarisers.
POLARISERS = ("+60DEG", "0DEG", "-60DEG")
#: The factors of SolarSoft are given in this unit, MSB / (DN / s).
FACTOR_UNIT = 1e-10


def calibration_factor(detector, filter_name, polar, mjd, pixels=1):
    """
    The official calibration factor.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    filter_name, polar : `str`
        FILTER and POLAR without blanks, in upper case.
    mjd : `int`
        Modified Julian day of the original (uncorrected) DATE-OBS, integer.
    pixels : `int`
        Full-resolution pixels per stored pixel.

    Returns
    -------
    `float`
        MSB per (DN / s) of a stored pixel; 0 for combinations without a
        calibration, as in SolarSoft.

    Notes
    -----
    SolarSoft ``c2_calfactor`` 1.9 and ``c3_calfactor`` 1.17, bug for bug: the
    neutral density filter of C2 has the factor of the filter wheel alone, and
    DeepRd without a linear polariser has none, except with Clear.
    """
    factor = _c2_factor(filter_name, polar, mjd) if detector == "C2" else _c3_factor(filter_name, polar, mjd)
    return factor * FACTOR_UNIT / pixels


def _c2_factor(filter_name, polar, mjd):
    if filter_name not in C2_FACTORS:
        return 0.0
    slope, origin, value = C2_FACTORS[filter_name]
    factor = slope * (mjd - origin) + value
    if polar in POLARISERS:
        return factor / POLARISER_TRANSMISSION
    if filter_name == "DEEPRD" and polar != "CLEAR":
        return 0.0
    return factor


def _c3_factor(filter_name, polar, mjd):
    if filter_name not in C3_FACTORS:
        return 0.0
    slope, origin, value, zero_degrees, minus_sixty = C3_FACTORS[filter_name]
    factor = slope * (mjd - origin) + value
    if polar in POLARISERS:
        relative = {"+60DEG": 1.0, "0DEG": zero_degrees, "-60DEG": minus_sixty}[polar]
        return factor / POLARISER_TRANSMISSION * relative
    if filter_name == "CLEAR" and polar == "H_ALPHA":
        return C3_H_ALPHA
    if filter_name == "CLEAR" and polar != "CLEAR":
        return 0.0
    return factor


def frame_factor(frame, *, star_scale=False):
    """
    The calibration factor of a frame.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
    star_scale : `bool`
        Multiply by the factor that stars ask for (`STAR_SCALE`).

    Returns
    -------
    `float`
        MSB per (DN / s) of a stored pixel.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the combination of filter and polariser has no calibration; SolarSoft
        returns an image of zeros.

    Notes
    -----
    Images derived from polarised triplets are brightnesses behind the filter
    alone; they take the factor of the clear position, which SolarSoft denies to
    some of them.
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
    return factor * STAR_SCALE[detector][0] if star_scale else factor


def doubtful_factor(frame):
    """
    How doubtful the calibration factor of a filter is, beside what all factors are.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `float`
        1 sigma relative to the brightness, of `DOUBTFUL_C2_FACTORS`; 0 for other filters.
    """
    return DOUBTFUL_C2_FACTORS.get(frame.filter, 0.0) if frame.camera.name == "C2" else 0.0


def calibration_factor_sigma(detector, year, *, star_scale=False):
    """
    Systematic 1 sigma of the calibration factor, relative.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    year : `float`
        Decimal year.
    star_scale : `bool`
        Whether the factor was multiplied by `STAR_SCALE`.

    Returns
    -------
    `float`

    Notes
    -----
    The official factors are linear extrapolations.  C3: stars agree to 2 % in
    2006 and leave 0.15 % a year open.  C2: stars ask for a factor 1.18 +- 0.03;
    the official rate, 0.27 % a year, differs by 0.07 % a year from the one of
    Colaninno and Howard (2015), whose data end in 2013.  What is said against single filters
    of C2 comes on top, see `doubtful_factor`.
    """
    if detector == "C3":
        return 0.02 + 0.0015 * abs(year - 2006.0)
    scale, sigma = STAR_SCALE["C2"]
    drift = 0.0007 * max(year - 2013.0, 0.0)
    return (sigma if star_scale else scale - 1.0) + drift


def polariser_sigma(frame):
    """
    Systematic 1 sigma of the transmission of the polariser, relative.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `float`
        0 without a polariser.
    """
    if frame.polar not in POLARISERS and not frame.is_derived:
        return 0.0
    if frame.camera.name == "C3" and frame.polar == "0DEG" and frame.mjd >= C3_ZERO_DEGRADED:
        return C3_ZERO_SIGMA
    return POLARISER_SIGMA[frame.camera.name]
