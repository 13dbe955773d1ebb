"""
Constants of the two cameras.

Pixel positions count from 0 at the centre of the lower left pixel of the full
1024 x 1024 frame.
"""

from dataclasses import dataclass

__all__ = ["CAMERAS", "FULL_FRAME", "FIRST_COLUMN", "FIRST_ROW", "BLOCK", "LOSS_POWER", "Camera", "StarGeometry"]

#: Pixels along an axis of the full frame.
FULL_FRAME = 1024
#: CCD column (R1COL) of the first image pixel: 19 prescan columns precede it.
FIRST_COLUMN = 20
#: CCD row (R1ROW) of the first image pixel.
FIRST_ROW = 1
#: Pixels along an axis of a telemetry block, before any on-board sum.
BLOCK = 32
#: Power of the counts with which the light that is lost near the full well grows: 11.06 +- 0.17 by
#: exposures of C3 (2012), 11.0 +- 0.3 by the noise of C2 (2010).
LOSS_POWER = 11
#: Size of a CCD pixel, mm (Brueckner et al. 1995).
PIXEL_SIZE_MM = 0.021


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
    Constants of one camera.

    Notes
    -----
    Sources: SolarSoft's ``get_sec_pixel`` (plate scale), ``c2_warp`` and
    ``c3_warp`` (distortion), ``occltr_cntr`` (occulter), ``get_sun_center`` (Sun
    centre), ``get_crota`` (roll offset); measurements on real frames for gain,
    read noise, saturation and full well (``benchmarks/uncertainty``).
    """

    #: ``"C2"`` or ``"C3"``.
    name: str
    #: Official plate scale of a full-resolution pixel after undistortion, arcsec.
    plate_scale: float
    #: Distortion F = 1 + c0 + c1 rho**2 + c2 rho**4, rho in mm from the occulter centre.
    distortion_mm: tuple[float, float, float]
    #: Centre of the occulter and of the distortion (x, y), pixel.
    occulter_centre: tuple[float, float]
    #: Default Sun centre (x, y) in detector orientation, spacecraft unrolled, pixel.
    sun_centre: tuple[float, float]
    #: 1 sigma of the default Sun centre against final tables, pixel.
    sun_centre_sigma: float
    #: Roll of the camera against the spacecraft, degree.
    roll_offset: float
    #: Radius of the occulter's shadow, pixel.
    occulter_radius: float
    #: Counts with the bias above which a single full-resolution pixel counts as saturated, DN.
    saturation: float
    #: Counts above the bias at which charge flows into the neighbours, DN, in the middle of a CCD column.
    full_well: float
    #: How much larger that is at the right edge of the image than in the middle, relative.
    full_well_slope: float
    #: Light that is missing from the counts there, relative to them, and its 1 sigma.
    full_well_loss: float
    full_well_loss_sigma: float
    #: How far a saturated pixel bleeds along the column of the CCD, the row of the image, pixel.
    bleed: int
    #: Gain, electrons / DN.
    gain: float
    #: 1 sigma of the gain, electrons / DN.
    gain_sigma: float
    #: Variance of the read noise, DN**2.
    read_variance: float
    #: Fixed pixel-to-pixel pattern, 1 sigma relative to the signal.
    pattern: float
    #: First digit of file names.
    digit: str
    #: Geometry from stars, if it differs from the official one.
    stars: StarGeometry | None

    @property
    def distortion_px(self):
        """The coefficients (k0, k1, k2) of F = 1 + k0 + k1 r**2 + k2 r**4, r in pixel."""
        c0, c1, c2 = self.distortion_mm
        return c0, c1 * PIXEL_SIZE_MM**2, c2 * PIXEL_SIZE_MM**4


#: The two cameras by the value of DETECTOR.
CAMERAS = {
    "C2": Camera(
        name="C2",
        plate_scale=11.9,
        distortion_mm=(0.0051344125, -1.2233862e-4, 1.0978595e-7),
        occulter_centre=(512.634, 505.293),
        sun_centre=(510.2, 506.5),
        sun_centre_sigma=0.5,
        roll_offset=0.5,
        occulter_radius=166.0,
        saturation=16000.0,
        # Trail of Venus, January 2010; the loss by how the noise falls behind at high counts.
        full_well=16480.0,
        full_well_slope=0.137,
        full_well_loss=0.12,
        full_well_loss_sigma=0.05,
        bleed=3,
        # Differences of frames of January 2010, without the pattern: 11.2 to 11.4 at all counts.
        gain=11.3,
        gain_sigma=0.2,
        read_variance=0.8,
        pattern=0.0085,
        digit="2",
        stars=None,
    ),
    "C3": Camera(
        name="C3",
        plate_scale=56.0,
        distortion_mm=(-0.0151657, 1.65455e-4, 0.0),
        occulter_centre=(516.284, 529.489),
        sun_centre=(518.2, 532.5),
        sun_centre_sigma=0.2,
        roll_offset=-0.23,
        occulter_radius=67.0,
        # The CCD blooms at 11.4 to 13.1 thousand DN, before the ADC ends.
        saturation=11000.0,
        # Trail of Venus, 2010-01-05; the loss by exposures of 19.1 to 20.6 s of 2012-08-31.
        full_well=11870.0,
        full_well_slope=0.137,
        full_well_loss=0.171,
        full_well_loss_sigma=0.006,
        bleed=3,
        gain=14.5,
        gain_sigma=0.1,
        read_variance=0.8,
        pattern=0.0085,
        digit="3",
        stars=StarGeometry(plate_scale=56.182, k2=3.20e-14),
    ),
}
