"""
Total and polarised brightness from three polarisers.

The calibration factors of polarised images contain the transmission of the
polarisers, so that each calibrated image reads the brightness B for unpolarised
light: I(a) = B + P cos 2(theta - a).
"""

import numpy as np

__all__ = ["malus", "stokes_from_triplet", "total_and_polarised", "zero_degrees_from_clear"]

#: Positions of the polarisers, degree.
POLARISER_ANGLES = (-60.0, 0.0, 60.0)


def malus(total, polarised, angle, polariser):
    """
    Brightness behind a polariser, by the convention of the calibration factors.

    Parameters
    ----------
    total, polarised : array-like
        Total and polarised brightness.
    angle, polariser : array-like
        Direction of polarisation and of the polariser, degree.

    Returns
    -------
    `numpy.ndarray`
    """
    return np.asarray(total) + np.asarray(polarised) * np.cos(2 * np.radians(np.asarray(angle) - polariser))


def stokes_from_triplet(minus, zero, plus):
    """
    Stokes parameters in the frame of the polarisers.

    Parameters
    ----------
    minus, zero, plus : `numpy.ndarray`
        Calibrated images behind the polarisers at -60, 0 and +60 degrees.

    Returns
    -------
    i, q, u : `numpy.ndarray`
        Linear in the images, hence without the bias that noise gives to
        `total_and_polarised`.
    """
    i = (minus + zero + plus) / 3.0
    q = (2.0 * zero - minus - plus) / 3.0
    u = (plus - minus) / np.sqrt(3.0)
    return i, q, u


def total_and_polarised(minus, zero, plus):
    """
    Total brightness, polarised brightness and direction of polarisation.

    Parameters
    ----------
    minus, zero, plus : `numpy.ndarray`
        Calibrated images behind the polarisers at -60, 0 and +60 degrees.

    Returns
    -------
    total, polarised : `numpy.ndarray`
        In the unit of the images.
    angle : `numpy.ndarray`
        Degree, from the 0 degree polariser.

    Notes
    -----
    The polarised brightness is a magnitude, which noise can only raise: by 38 %
    where it equals its own error.
    """
    i, q, u = stokes_from_triplet(minus, zero, plus)
    return i, np.hypot(q, u), np.degrees(np.arctan2(u, q)) / 2.0


def zero_degrees_from_clear(clear, minus, plus):
    """
    What the 0 degree polariser would have seen.

    Parameters
    ----------
    clear, minus, plus : `numpy.ndarray`
        Calibrated images of the clear position and behind the polarisers at -60
        and +60 degrees.

    Returns
    -------
    `numpy.ndarray`

    Notes
    -----
    The 0 degree polariser of C3 degraded in late 1998 (Lamy et al. 2020, Frazin
    et al. 2012); the sum of the three replaces it.
    """
    return 3.0 * clear - minus - plus
