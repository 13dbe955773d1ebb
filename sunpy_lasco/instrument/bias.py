"""
The electronic bias of an exposure.

The official pipeline takes it from the exposure-factor file of the day, else
from polynomials in time (SolarSoft ``offset_bias``).  The header card OFFSET is
the prediction of the day on which the file was made, up to 11 DN off, and is
asked only where the polynomials have run out.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.tables import BIAS_C2, BIAS_C3, BIAS_PORTS

__all__ = ["Bias", "bias_excess", "bias_polynomial", "choose_bias"]

#: Last day (MJD) on which the last segment of C2 rests on data (2020-05-31).
C2_POLYNOMIAL_END = 59000
#: A bias may exceed the first percentile of the frame by this much, DN.  Lossy
#: frames have single pixels 3 to 6 DN below a correct bias, percentiles have not.
SANITY_MARGIN = 5.0
#: Light in the darkest corners of C2, DN / s (0.21 to 0.24 in frames of 2010).
C2_CORNER_LIGHT = 0.22
#: How far header and frame may disagree to count as consistent, DN.
CONSISTENT_WITHIN = 6.0
#: 1 sigma of the biases by source, DN: scatter of the files against polynomials
#: (-1.7 to +0.8 DN), and of the corner light for the level of the frame.
BIAS_SIGMA = {
    "exposure-factor file": 0.3,
    "polynomial": 0.8,
    "header OFFSET": 4.0,
    "frame": 4.0,
    "given": 0.0,
    "none": 0.0,
}
#: Table values already multiplied by the LEB sums exceed the polynomial by this.
ALREADY_MULTIPLIED = 1.5
#: True dark level minus official bias of C3: day (MJD), DN.  From corners that are
#: not transmitted, dark corners and the pylon's shadow; independent of exposure.
C3_EXCESS = ((52282, 3.0), (53113, 6.2), (55201, 6.7), (56170, 7.0))


@dataclass(frozen=True)
class Bias:
    """A bias level with its origin."""

    #: Level of a stored pixel, DN: sums in the electronics box included.
    level: float
    #: Level of a single read-out, DN.
    single: float
    #: Where it comes from.
    source: str
    #: 1 sigma of `single`, DN.
    sigma: float


def bias_polynomial(detector, mjd, port="C"):
    """
    Bias of a single read-out as the official pipeline models it.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    mjd : `int`
        Modified Julian day, integer.
    port : `str`
        Read-out port, ``"A"`` to ``"D"``.

    Returns
    -------
    `float`
        DN.

    Notes
    -----
    SolarSoft ``offset_bias``.  The last segment of C2 was fitted up to early
    2020 and runs away after that.
    """
    if port in BIAS_PORTS[detector]:
        return BIAS_PORTS[detector][port]
    if port != "C":
        msg = f"Read-out port {port!r} is unknown; LASCO has the ports A to D."
        raise NotCalibratableError(msg)
    for last, inclusive, origin, coefficients in BIAS_C2 if detector == "C2" else BIAS_C3:
        if last is None or mjd < last or (inclusive and mjd == last):
            return float(np.polynomial.polynomial.polyval(mjd - origin, coefficients))
    msg = "The last segment of the bias has no end."  # pragma: no cover
    raise AssertionError(msg)  # pragma: no cover


def bias_excess(mjd):
    """
    True dark level of C3 above the official bias, DN.

    Parameters
    ----------
    mjd : `float`
        Modified Julian day.

    Returns
    -------
    `float`
        DN of a single read-out, interpolated between the dates on which it was
        measured and constant beyond them.
    """
    days, excess = zip(*C3_EXCESS, strict=True)
    return float(np.interp(mjd, days, excess))


def choose_bias(frame, *, table=None, offset=None, first_percentile=None, darkest=None):
    """
    Choose the bias of a frame.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
    table : `float`, optional
        Bias of the exposure-factor file, DN.
    offset : `float`, optional
        The header card OFFSET, DN.
    first_percentile : `float`, optional
        First percentile of the transmitted pixels (DATAP01), DN.
    darkest : `float`, optional
        Level of the darkest transmitted pixels, DN.

    Returns
    -------
    `Bias`

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If every candidate lies above the pixels of the frame.

    Notes
    -----
    The order is that of the official pipeline (``get_exp_factor``,
    ``offset_bias``).  Only for C2 after 2020-05, where the polynomial has left
    its data, does evidence of the frame come before it: OFFSET if it agrees with
    the darkest pixels, else those less the light that corners are known to hold.
    """
    if frame.is_derived or frame.is_model:
        return Bias(0.0, 0.0, "none", 0.0)
    detector = frame.camera.name
    repeats = frame.leb_sum[0] * frame.leb_sum[1]
    model = bias_polynomial(detector, frame.mid_mjd, frame.port)
    candidates = []
    if table is not None and table > 0:
        # Whether the files hold the value of a single read-out for summed frames
        # too is not documented: a value far above the model was multiplied already.
        single = table / repeats if repeats > 1 and table > ALREADY_MULTIPLIED * model else table
        candidates.append((single, "exposure-factor file"))
    beyond = detector == "C2" and frame.port == "C" and frame.mid_mjd > C2_POLYNOMIAL_END
    if beyond:
        candidates += _late_c2(frame, offset, darkest, repeats)
    candidates.append((model, "polynomial"))
    for single, source in candidates:
        if first_percentile is None or single * repeats <= first_percentile + SANITY_MARGIN * repeats:
            return Bias(single * repeats, single, source, BIAS_SIGMA[source])
    tried = ", ".join(f"{single * repeats:.1f} DN ({source})" for single, source in candidates)
    msg = (
        f"{frame.filename or 'The frame'}: every known bias, {tried}, lies above the first percentile of the image, "
        f"{first_percentile:.1f} DN. Is it a sky image? Pass bias= to calibrate it with a bias of your own."
    )
    raise NotCalibratableError(msg)


def _late_c2(frame, offset, darkest, repeats):
    """Candidates for C2 after the polynomial's end, best first."""
    if darkest is None:
        return [(float(offset), "header OFFSET")] if offset else []
    chip = frame.chip_sum[0] * frame.chip_sum[1]
    level = darkest / repeats - C2_CORNER_LIGHT * frame.exptime * chip
    late = []
    if offset and abs(offset - level) <= CONSISTENT_WITHIN:
        late.append((float(offset), "header OFFSET"))
    late.append((level, "frame"))
    return late
