"""
The calibration images and tables of the simulated cameras.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from astropy.time import Time

from sunpy_lasco.assets.asset import AbsentAssetError, Asset, missing
from sunpy_lasco.assets.names import (
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    exposure_factor_name,
)
from sunpy_lasco.assets.sources import AssetSource
from sunpy_lasco.files import sha256_of
from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.simulate import optics
from sunpy_lasco.simulate.light import USUAL_FILTER
from sunpy_lasco.simulate.photometry import brightness_per_rate
from sunpy_lasco.simulate.pixels import Attitude, distort, full_grid, occulter_centre
from sunpy_lasco.simulate.scene import corona

if TYPE_CHECKING:
    from sunpy_lasco.simulate.simulation import Simulation

__all__ = ["IMAGES", "SimulatedSource", "assets"]

#: Dates of the images, since the occulter of C3 moved during the interruption of the mission.
_BEFORE, _AFTER = Time("1998-03-29"), Time("2000-10-20")
#: Inverse vignetting beyond which the mask hides pixels, and border of the frame that it hides, pixel.
MASK_LIMIT, MASK_BORDER = 15.0, 5
#: Exposure time of the background model, s, and the ratio of its minimum to the median.
BACKGROUND_EXPOSURE, BACKGROUND_LEVEL = 19.0, 0.947
#: Number of regions and sigma of the exposure factors in the tables.
REGIONS, FACTOR_SIGMA = 16, 0.0005


def _vignetting(detector, time):
    return optics.inverse_vignetting(optics.transmission(detector, time), detector).astype(np.float32), {}


def _mask():
    y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME].astype(float)
    raw = distort(x, y, "C3", occulter_centre("C3", _AFTER))
    sky = optics.transmission_at("C3", _AFTER, *raw) > 1 / MASK_LIMIT
    border = np.zeros(sky.shape, bool)
    border[MASK_BORDER:-MASK_BORDER, MASK_BORDER:-MASK_BORDER] = True
    return (sky & border).astype(np.uint8), {}


def _background():
    centre = occulter_centre("C3", _AFTER)
    camera = CAMERAS["C3"]
    attitude = Attitude(camera.sun_centre, 0.0, camera.plate_scale)
    scene = corona(stars=False, planets=False)
    light, _ = scene.seen(*attitude.plane(*full_grid("C3", centre)), _AFTER)
    light = (light + optics.stray_light("C3") + optics.veil("C3", _AFTER)) * optics.transmission("C3", _AFTER)
    rate = light / brightness_per_rate("C3", USUAL_FILTER["C3"], "Clear", int(_AFTER.mjd))
    rate = rate + optics.diffracted("C3", _AFTER)
    counts = np.maximum(BACKGROUND_LEVEL * BACKGROUND_EXPOSURE * rate, 1)
    return counts.astype(np.float32), {"EXPTIME": BACKGROUND_EXPOSURE, "FILTER": "Clear", "POLAR": "Clear"}


#: How the images are made, by the names of the published ones.
IMAGES = {
    C2_VIGNETTING: lambda: _vignetting("C2", _AFTER),
    C3_VIGNETTING_PRE: lambda: _vignetting("C3", _BEFORE),
    C3_VIGNETTING_POST: lambda: _vignetting("C3", _AFTER),
    C3_RAMP: lambda: (optics.stray_light("C3").astype(np.float32), {}),
    C3_MASK: _mask,
    C3_BACKGROUND: _background,
}


@lru_cache(maxsize=len(IMAGES))
def _image(name):
    data, header = IMAGES[name]()
    data.flags.writeable = False
    return Asset(
        name=name,
        data=data,
        header={"ORIGIN": "SIMULATED", **header},
        source="sunpy_lasco.simulate",
        sha256=sha256_of(data.astype(data.dtype.newbyteorder(">")).tobytes()),
    )


def exposure_line(simulation):
    """
    Line of the table of exposure factors for a simulation, in the format of SolarSoft's
    ``cN_expfactor_YYMMDD.dat``.
    """
    header, p = simulation.header, simulation.parameters
    day = Time(header["MID_DATE"], format="mjd").strftime("%y%m%d")
    return (
        f"{header['FILENAME']:12.12}{p.exposure_factor:10.6f}{p.bias:10.1f}  {day}  {header['MID_TIME']:10.2f}"
        f"  {p.filter:12.12}{p.polar:12.12}{'0.0000':>9}{REGIONS:4d}{FACTOR_SIGMA:10.2e}"
    )


class SimulatedSource(AssetSource):
    """
    Calibration images of the simulated cameras, and exposure factors of exposures.

    Parameters
    ----------
    simulations : iterable of `~sunpy_lasco.simulate.simulation.Simulation`
        Exposures whose true exposure factors and biases the tables contain.
    """

    label = "the simulated cameras"

    def __init__(self, simulations=()):
        self.tables = {}
        for simulation in simulations:
            name = exposure_factor_name(simulation.parameters.detector, simulation.header["MID_DATE"])
            self.tables.setdefault(name, []).append(exposure_line(simulation))

    def image(self, name):
        """Make a calibration image, like `~sunpy_lasco.assets.AssetSource.image`."""
        if name not in IMAGES:
            raise missing(name, [self.label])
        return _image(name)

    def text(self, name):
        """Make a table, like `~sunpy_lasco.assets.AssetSource.text`."""
        if name not in self.tables:
            if "expfactor" in str(name):
                msg = f"There is no {name}: no exposure of that day was given to {self.label}."
                raise AbsentAssetError(msg)
            raise missing(name, [self.label])
        content = "\n".join(self.tables[name]) + "\n"
        return content, sha256_of(content.encode())


def assets(*simulations: Simulation) -> AssetSource:
    """
    Calibration images and tables of the simulated cameras.

    Parameters
    ----------
    *simulations : `~sunpy_lasco.simulate.simulation.Simulation`
        Exposures whose true exposure factor and bias (to 0.1 DN, as in the published tables) are included.
        Without them the factor is 1 and the bias that of the polynomial.

    Returns
    -------
    `~sunpy_lasco.assets.AssetSource`
    """
    return SimulatedSource(simulations)
