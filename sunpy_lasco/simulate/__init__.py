"""
Simulated exposures of both cameras.

`observe` models the light from the sky to a level-0.5 file. Demonstrations and tests use simulated exposures
as built-in data. The simulator shares only the constants of the instrument with the calibration, and can
therefore validate it.
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
