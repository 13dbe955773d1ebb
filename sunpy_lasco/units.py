"""
Units of LASCO images.

Level-0.5 images count digital numbers (`astropy.units.DN`); level-1 images
are brightnesses in units of the mean brightness of the solar disk.
"""

import contextlib

import astropy.units as u

__all__ = ["MSB", "mean_solar_brightness"]

#: Radiance of the mean solar disk that defines the unit. The value is that of the PUNCH mission, so that data of both
#: can be compared directly.
MEAN_SOLAR_RADIANCE = 2.009e7 * u.W / u.m**2 / u.sr

#: Mean solar brightness, the unit of a level-1 image: the brightness averaged
#: over the solar disk.  It is a unit of its own, not a number, and converts to a
#: radiance only through `mean_solar_brightness`, because the ratio holds for
#: one wavelength range.
MSB = u.def_unit("MSB", doc="Mean solar brightness: the brightness averaged over the solar disk")

# Enabled so that astropy understands the BUNIT of level-1 files and ``Unit("MSB")``. If another
# package has enabled a unit of this name, that one is kept.
with contextlib.suppress(ValueError):
    u.add_enabled_units([MSB])


@u.quantity_input
def mean_solar_brightness(radiance: u.Quantity = MEAN_SOLAR_RADIANCE) -> u.Equivalency:
    """
    Equivalency between mean solar brightness and radiance.

    Parameters
    ----------
    radiance : `~astropy.units.Quantity`, optional
        The radiance of the mean solar disk, convertible to W m-2 sr-1. The default, 2.009e7 W m-2 sr-1, is
        that of the PUNCH mission.

    Returns
    -------
    `~astropy.units.Equivalency`
        For `astropy.units.Quantity.to`.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_lasco import MSB
    >>> from sunpy_lasco.units import mean_solar_brightness
    >>> (1e-9 * MSB).to("W / (m2 sr)", equivalencies=mean_solar_brightness())
    <Quantity 0.02009 W / (sr m2)>
    """
    radiance = u.Quantity(radiance).to(u.W / u.m**2 / u.sr)
    scale = radiance.value
    return u.Equivalency(
        [(MSB, radiance.unit, lambda x: x * scale, lambda x: x / scale)],
        "mean_solar_brightness",
        {"radiance": radiance},
    )
