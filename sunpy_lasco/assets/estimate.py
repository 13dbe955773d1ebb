"""
The approximate calibration images of the package.

They replace the published images if these are not available and approximate results are sufficient. Results
made with them are marked and have larger systematic errors, see `sunpy_lasco.assets.systematics`.
"""

from __future__ import annotations

import base64
import json
import zlib
from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.interpolate import BSpline, RectBivariateSpline

from sunpy_lasco.assets.asset import Asset, missing
from sunpy_lasco.assets.names import C2_VIGNETTING, C3_MASK, C3_RAMP, C3_VIGNETTING_POST, C3_VIGNETTING_PRE
from sunpy_lasco.assets.sources import AssetSource
from sunpy_lasco.assets.systematics import systematic_error
from sunpy_lasco.files import sha256_of
from sunpy_lasco.instrument.constants import value_of

__all__ = ["EstimateSource", "c2_vignetting", "c3_mask", "c3_ramp", "c3_vignetting"]

#: Shape of the images, (ny, nx).
SHAPE = (1024, 1024)
#: Inverse vignetting of C2 behind the occulter, as in the official images.
C2_OCCULTED = 50.0
#: Radius, pixel, up to which the inverse vignetting of C2 is `C2_OCCULTED`.
C2_OCCULTED_RADIUS = 155.0
#: Width of the seam inside the strip along the pylon of C3, pixel.
PYLON_SEAM = 4.0
#: Distance along the pylon, pixel, of the transition to its table.
PYLON_ONSET = 30.0

_FILE = "estimate.json"


@lru_cache(maxsize=1)
def _model():
    content = files("sunpy_lasco.assets").joinpath("data", _FILE).read_bytes()
    return json.loads(content), sha256_of(content)


def _offsets(centre):
    """Offsets (dx, dy) of all pixels from a position (x, y)."""
    y, x = np.indices(SHAPE, dtype=float)
    return x - centre[0], y - centre[1]


def c3_vignetting(model):
    """
    Inverse vignetting of C3 by ``c3_vignetting`` of the data file; (1024, 1024), at least 1.

    The logarithm is a cubic spline of the distance from the occulter times harmonics of the position
    angle; along the pylon it is a table.
    """
    dx, dy = _offsets(model["centre"])
    knots = np.array(model["knots"])
    spline_knots = np.pad(knots, 3, mode="edge")
    radius = np.clip(np.hypot(dx, dy), knots[0], knots[-1])
    angle = np.arctan2(-dx, dy)
    # One angular function per row: 1, cos, sin, cos 2, sin 2.
    coefficients = np.array(model["coefficients_1e-4"]) * 1e-4
    log = BSpline(spline_knots, coefficients.T, 3)(radius)
    total = log[..., 0]
    for harmonic in range(1, len(coefficients) // 2 + 1):
        total = total + log[..., 2 * harmonic - 1] * np.cos(harmonic * angle)
        total = total + log[..., 2 * harmonic] * np.sin(harmonic * angle)
    pylon, weight = _pylon(model["pylon"])
    return np.exp(np.maximum(weight * pylon + (1 - weight) * total, 0))


def _pylon(model):
    """Logarithm of the inverse vignetting along the pylon of C3, and its weight."""
    along, across = pylon_coordinates(model["root"], model["direction"])
    half = value_of("estimate.pylon.half_width")
    table = RectBivariateSpline(model["along"], model["across"], np.array(model["ln_v_1e-3"]) * 1e-3)
    log = table.ev(np.clip(along, model["along"][0], model["along"][-1]), np.clip(across, -half, half))
    edge = np.clip((half - np.abs(across)) / PYLON_SEAM, 0, 1)
    return log, edge * np.clip(along / PYLON_ONSET, 0, 1)


def pylon_coordinates(root, direction):
    """
    Coordinates of all pixels along and across the pylon of C3 from its root in a direction, a unit
    vector outward, (x, y) both; pixel, (1024, 1024) each.
    """
    dx, dy = _offsets(root)
    return dx * direction[0] + dy * direction[1], dy * direction[0] - dx * direction[1]


def c3_ramp(model):
    """
    Stray light of C3 Clear, MSB, (1024, 1024), by ``c3_ramp`` of the data file: a polynomial in (x -
    512) / 512 and (y - 512) / 512.
    """
    u, v = (offset / 512 for offset in _offsets((512.0, 512.0)))
    return model["unit_msb"] * sum(value * u**i * v**j for i, j, value in model["terms"])


def c2_vignetting(model):
    """
    Inverse vignetting of C2 by ``c2_vignetting`` of the data file; (1024, 1024), 1 to 50.

    Its logarithm is a table of distance from the occulter (pixel) and position angle (degree from the
    top, counter-clockwise).
    """
    dx, dy = _offsets(model["centre"])
    radius, angle = np.hypot(dx, dy), np.degrees(np.arctan2(-dx, dy)) % 360
    table = np.array(model["ln_v_1e-3"]) * 1e-3
    around = np.array(model["position_angle"], dtype=float)
    # Three additional columns on either side make the spline periodic.
    around = np.concatenate((around[-3:] - 360, around, around[:3] + 360))
    table = np.concatenate((table[:, -3:], table, table[:, :3]), axis=1)
    spline = RectBivariateSpline(model["radius"], around, table)
    log = spline.ev(np.clip(radius, model["radius"][0], model["radius"][-1]), angle)
    occulted = radius < C2_OCCULTED_RADIUS
    return np.where(occulted, C2_OCCULTED, np.exp(np.clip(log, 0, np.log(C2_OCCULTED))))


def c3_mask(model):
    """
    Mask of C3 in the undistorted frame, 1 sky, 0 hidden, uint8, (1024, 1024), by ``c3_mask`` of the
    data file: lengths of alternating runs, row by row.
    """
    runs = np.frombuffer(zlib.decompress(base64.b64decode(model["runs"])), dtype="<u2")
    values = (np.arange(len(runs)) + model["first_value"]) % 2
    return np.repeat(values.astype(np.uint8), runs).reshape(SHAPE)


_BUILDERS = {
    C2_VIGNETTING: ("c2_vignetting", c2_vignetting),
    C3_VIGNETTING_PRE: ("c3_vignetting", c3_vignetting),
    C3_VIGNETTING_POST: ("c3_vignetting", c3_vignetting),
    C3_RAMP: ("c3_ramp", c3_ramp),
    C3_MASK: ("c3_mask", c3_mask),
}


@lru_cache(maxsize=len(_BUILDERS))
def _image(name):
    model, sha256 = _model()
    section, builder = _BUILDERS[name]
    data = builder(model[section])
    data = data.astype(np.uint8 if name == C3_MASK else np.float32)
    data.flags.writeable = False
    sigma, offset = systematic_error(name)
    return Asset(
        name=name,
        data=data,
        header={"ORIGIN": "ESTIMATE"},
        source=f"built-in {_FILE}",
        sha256=sha256,
        estimated=True,
        sigma=sigma,
        offset_sigma=offset,
    )


class EstimateSource(AssetSource):
    """
    The approximate images of the package.

    It provides the inverse vignetting of both cameras, and mask and stray light of C3, but no minimum model
    and no tables.

    Notes
    -----
    For C3 before the interruption of 1998, the later vignetting is used.
    """

    label = "the built-in estimates"

    def image(self, name: str) -> Asset:
        """Compute a calibration image, like `AssetSource.image`."""
        if name not in _BUILDERS:
            raise missing(name, [self.label])
        return _image(name)

    def text(self, name: str) -> tuple[str, str]:
        """Raise `sunpy_lasco.errors.MissingAssetError`, since there are no tables."""
        raise missing(name, [self.label])

    def __eq__(self, other):
        return isinstance(other, EstimateSource)

    def __hash__(self):
        return hash(EstimateSource)
