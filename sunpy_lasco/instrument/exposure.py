"""
Relative exposure factors.

The shutter and its clock jitter by up to a few per cent. For every image the instrument team derives the
factor by which its exposure differs from that of its neighbours. It publishes one file per day with these
factors and the bias.
"""

from dataclasses import dataclass

from sunpy_lasco.instrument.constants import value_of

__all__ = ["ExposureFactor", "find_exposure_factor", "no_factor"]

#: A line belongs to an image if their times differ by less than this, s.
TIME_TOLERANCE = 0.1
#: A factor outside this range is an error.
SANE_FACTORS = (0.5, 1.5)
#: Number of regions in lines for which no factor could be derived.
NO_CORRECTION_REGIONS = (0, 97)


@dataclass(frozen=True)
class ExposureFactor:
    """A relative exposure factor and its source."""

    #: True exposure time over the one in the header.
    factor: float
    #: 1 sigma of the factor.
    sigma: float
    #: Bias of the same line, DN, or None.
    bias: float | None
    #: Image regions from which the factor was derived.
    regions: int
    #: Name of the file, or None if no factor is known.
    source: str | None


def no_factor():
    """The `ExposureFactor` for frames without one: 1, with the scatter of known factors as its sigma."""
    return ExposureFactor(1.0, value_of("exposure.uncorrected_sigma"), None, 0, None)


def find_exposure_factor(lines, frame, source):
    """
    The `ExposureFactor` of a frame from the lines in the file of its day; that of `no_factor` if there is no
    valid line.

    Lines have ``mjd``, ``time`` (second of day of mid-exposure), ``factor``, ``bias`` (DN), ``n_regions`` and
    ``sigma``; ``source`` is the name of the file. SolarSoft ``get_exp_factor``: the day must be the same and
    the times must agree within 100 ms; the last of several lines is used, because better values are appended.
    Unlike SolarSoft, factors outside 0.5 to 1.5 are ignored.
    """
    found = None
    for line in lines:
        if int(line["mjd"]) == frame.mid_mjd and abs(float(line["time"]) - frame.mid_time) < TIME_TOLERANCE:
            found = line
    if found is None or not SANE_FACTORS[0] < float(found["factor"]) < SANE_FACTORS[1]:
        return no_factor()
    regions = int(found["n_regions"])
    sigma = float(found["sigma"])
    if regions in NO_CORRECTION_REGIONS or not sigma >= 0:
        sigma = value_of("exposure.uncorrected_sigma")
    return ExposureFactor(
        factor=float(found["factor"]),
        sigma=sigma,
        bias=float(found["bias"]),
        regions=regions,
        source=source,
    )
