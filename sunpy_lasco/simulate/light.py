"""
The light of a scene on the detector.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.simulate import optics
from sunpy_lasco.simulate.photometry import brightness_per_rate, polariser_angle
from sunpy_lasco.simulate.pixels import full_grid

__all__ = ["USUAL_FILTER", "diffuse_rate", "light_at", "wheel"]

#: Filter of the usual programme.
USUAL_FILTER = {"C2": "Orange", "C3": "Clear"}


def light_at(scene, parameters, x, y):
    """Diffuse brightness of a scene at corrected positions, pixel, through the polariser if there is one; MSB."""
    west, north = parameters.attitude.plane(x, y)
    angle = polariser_angle(parameters.polar)
    total, tangential = scene.seen(west, north, parameters.time, polarised=angle is not None)
    if angle is None:
        return total
    position = np.arctan2(-west, north) - np.radians(parameters.roll)
    sense = value_of(f"{parameters.detector}.polariser_sense")
    return total + tangential * np.cos(2 * (position + sense * np.radians(angle)))


def wheel(parameters):
    """Sensitivity of an exposure relative to the open wheels of the usual programme."""
    mjd = int(np.floor(parameters.time.mjd))
    return brightness_per_rate(parameters.detector, USUAL_FILTER[parameters.detector], "Clear", mjd) / parameters.factor


def diffuse_rate(scene, parameters, *, subsamples=1):
    """
    Rate of the full-resolution pixels from diffuse light of a scene, behind the optics; DN / s, shape
    (1024, 1024).

    A pixel collects the integral over its area of the light times the transmission, which is computed by the midpoint
    rule with ``subsamples`` along an axis (1 is the centre).
    """
    p = parameters
    places = (np.arange(subsamples) + 0.5) / subsamples - 0.5
    rate = np.zeros((FULL_FRAME, FULL_FRAME))
    for dy in places:
        for dx in places:
            shift = float(dx), float(dy)
            seen = light_at(scene, p, *full_grid(p.detector, p.occulter_centre, shift))
            if p.has("diffracted"):
                seen += optics.veil(p.detector, p.time, shift)
            seen /= p.factor
            if p.has("vignetting"):
                seen *= optics.transmission(p.detector, p.time, shift)
            if p.has("diffracted"):
                seen += optics.diffracted(p.detector, p.time, shift) * wheel(p)
            rate += seen
    return rate / subsamples**2
