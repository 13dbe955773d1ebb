"""
Simulated exposures of both cameras.

`observe` is a physical model of what happens to the light between the sky and
a level-0.5 file.  It is the built-in data of demonstrations and tests, and, as it
shares nothing with the calibration but the constants of the instrument, the
instrument by which the calibration proves itself.
"""

from sunpy_lasco.simulate.cadence import sequence
from sunpy_lasco.simulate.cme import CME
from sunpy_lasco.simulate.exposure import observe
from sunpy_lasco.simulate.files import write_assets, write_level05
from sunpy_lasco.simulate.k_and_f_corona import FCorona, KCorona
from sunpy_lasco.simulate.parameters import Parameters
from sunpy_lasco.simulate.scene import Scene, Sight, Uniform, corona
from sunpy_lasco.simulate.simulation import Simulation
from sunpy_lasco.simulate.source import assets
from sunpy_lasco.simulate.stars import Planets, PointSource, StarList, Stars

__all__ = [
    "CME",
    "FCorona",
    "KCorona",
    "Parameters",
    "Planets",
    "PointSource",
    "Scene",
    "Sight",
    "Simulation",
    "StarList",
    "Stars",
    "Uniform",
    "assets",
    "corona",
    "observe",
    "sequence",
    "write_assets",
    "write_level05",
]
