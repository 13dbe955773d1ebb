"""
The light of a scene on the detector.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.simulate.photometry import brightness_per_rate, polariser_angle
from sunpy_lasco.simulate.pixels import full_grid

__all__ = ["USUAL_FILTER", "diffuse_light", "light_at", "wheel"]

#: Filter of the usual programme.
USUAL_FILTER = {"C2": "Orange", "C3": "Clear"}


def light_at(scene, parameters, x, y):
    """
    Diffuse brightness at corrected positions, through the polariser if there is one.

    Parameters
    ----------
    scene : `~sunpy_lasco.simulate.scene.Scene`
        What there is to be seen.
    parameters : `Parameters`
        Of the exposure.
    x, y : `numpy.ndarray`
        Corrected positions, pixel.

    Returns
    -------
    `numpy.ndarray`
        MSB.
    """
    west, north = parameters.attitude.plane(x, y)
    angle = polariser_angle(parameters.polar)
    total, tangential = scene.seen(west, north, parameters.time, polarised=angle is not None)
    if angle is None:
        return total
    # Polariser angles run clockwise from the rows of the image (measured on a triplet of 2000-09-03).
    position = np.arctan2(-west, north) - np.radians(parameters.roll)
    return total + tangential * np.cos(2 * (-position - np.radians(angle)))


def wheel(parameters):
    """Sensitivity relative to the open wheels of the usual programme."""
    mjd = int(np.floor(parameters.time.mjd))
    return brightness_per_rate(parameters.detector, USUAL_FILTER[parameters.detector], "Clear", mjd) / parameters.factor


def diffuse_light(scene, parameters, *, subsamples=1):
    """
    Diffuse brightness at the raw pixels.

    Parameters
    ----------
    scene : `~sunpy_lasco.simulate.scene.Scene`
        What there is to be seen.
    parameters : `Parameters`
        Of the exposure.
    subsamples : `int`
        Samples along an axis of a pixel, averaged; 1 takes the pixel's centre.

    Returns
    -------
    `numpy.ndarray`
        MSB, shape (1024, 1024).
    """
    shifts = (np.arange(subsamples) + 0.5) / subsamples - 0.5
    light = np.zeros((FULL_FRAME, FULL_FRAME))
    for dy in shifts:
        for dx in shifts:
            grid = full_grid(parameters.detector, parameters.occulter_centre, (float(dx), float(dy)))
            light += light_at(scene, parameters, *grid)
    return light / subsamples**2
