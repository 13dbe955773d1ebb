"""
The two cameras.

Pixel positions count from 0 at the centre of the lower left pixel of the full
1024 x 1024 frame.
"""

from dataclasses import dataclass

from sunpy_lasco.instrument.constants import constant, value_of

__all__ = ["CAMERAS", "FULL_FRAME", "FIRST_COLUMN", "FIRST_ROW", "BLOCK", "Camera", "StarGeometry"]

#: Pixels along an axis of the full frame.
FULL_FRAME = 1024
#: CCD column (R1COL) of the first image pixel, which 19 prescan columns precede.
FIRST_COLUMN = 20
#: CCD row (R1ROW) of the first image pixel.
FIRST_ROW = 1
#: Pixels along an axis of a telemetry block, before any on-board sum.
BLOCK = 32


class _FromTable:
    """An attribute of a camera whose value is in the table of constants."""

    def __init__(self, name, part="value"):
        self.name, self.part = name, part

    def __get__(self, camera, owner=None):
        return self if camera is None else getattr(constant(f"{camera.name}.{self.name}"), self.part)


@dataclass(frozen=True)
class StarGeometry:
    """A geometry fitted to stars, as an alternative to the official one."""

    #: Plate scale, arcsec / pixel.
    plate_scale: float
    #: Fifth-order term of the distortion, pixel**-4, replacing the official one.
    k2: float


@dataclass(frozen=True)
class Camera:
    """
    A camera, whose numbers are in the table of constants.

    Notes
    -----
    Units, errors and sources are in the table, see `~sunpy_lasco.instrument.constants`.
    """

    #: ``"C2"`` or ``"C3"``.
    name: str
    #: First digit of file names.
    digit: str

    #: Official plate scale of a full-resolution pixel after undistortion, arcsec.
    plate_scale = _FromTable("plate_scale")
    #: Distortion F = 1 + c0 + c1 rho**2 + c2 rho**4, rho in mm from the occulter centre.
    distortion_mm = _FromTable("distortion")
    #: Centre of the occulter and of the distortion (x, y), pixel.
    occulter_centre = _FromTable("occulter_centre")
    #: Default Sun centre (x, y) in detector orientation, spacecraft unrolled, pixel.
    sun_centre = _FromTable("sun_centre")
    #: 1 sigma of the default Sun centre against final tables, pixel.
    sun_centre_sigma = _FromTable("sun_centre", "error")
    #: Roll of the camera against the spacecraft, degree.
    roll_offset = _FromTable("roll_offset")
    #: Radius of the occulter's shadow, pixel.
    occulter_radius = _FromTable("occulter_radius")
    #: Counts including the bias above which a full-resolution pixel is saturated, DN.
    saturation = _FromTable("saturation")
    #: Counts above the bias at which charge flows into the neighbours, DN, in the middle of a CCD column.
    full_well = _FromTable("full_well")
    #: Relative increase of that from the middle of the image to its right edge.
    full_well_slope = _FromTable("full_well_slope")
    #: Relative loss of light at that level, and its 1 sigma.
    full_well_loss = _FromTable("full_well_loss")
    full_well_loss_sigma = _FromTable("full_well_loss", "error")
    #: Number of pixels into which a saturated pixel bleeds along the column of the CCD (the row of the image).
    bleed = _FromTable("bleed")
    #: Gain, electrons / DN, and its 1 sigma.
    gain = _FromTable("gain")
    gain_sigma = _FromTable("gain", "error")
    #: Variance of the read noise, DN**2.
    read_variance = _FromTable("read_variance")
    #: Fixed pixel-to-pixel pattern, 1 sigma relative to the signal.
    pattern = _FromTable("pattern")

    @property
    def distortion_px(self):
        """The coefficients (k0, k1, k2) of F = 1 + k0 + k1 r**2 + k2 r**4, r in pixel."""
        c0, c1, c2 = self.distortion_mm
        size = value_of("detector.pixel_size")
        return c0, c1 * size**2, c2 * size**4

    @property
    def stars(self):
        """The `StarGeometry` of the camera; None if stars agree with the official geometry, as for C2."""
        if self.name == "C2":
            return None
        return StarGeometry(value_of("C3.star_plate_scale"), value_of("C3.star_k2"))


#: The two cameras, by the value of DETECTOR.
CAMERAS = {"C2": Camera("C2", "2"), "C3": Camera("C3", "3")}
