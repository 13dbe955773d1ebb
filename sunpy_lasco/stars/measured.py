"""
Stars measured on real frames, which are included in the package.

Positions are pixels of the frames and fluxes are counts, so results depend on all steps from pixels to
directions and from counts to brightness. They allow constants to be checked without frames.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from astropy.table import Table

import sunpy.map

from sunpy_lasco.geometry.image import camera_of
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.photometry import frame_factor
from sunpy_lasco.stars.catalogue import packaged_numbers
from sunpy_lasco.stars.detector import detector_grid
from sunpy_lasco.stars.photometry import BEYOND, kind_of, usable_light, zero_points
from sunpy_lasco.stars.sky import star_plane
from sunpy_lasco.stars.solution import measured_solution, view_of

__all__ = ["MeasuredFrame", "measured_frames", "measured_photometry"]

#: Made by ``benchmarks/stars/measure.py``.
PACKAGED = Path(__file__).parent / "data" / "measured.json"
#: Columns of the stars of a frame: Hipparcos number; pixel counted from 0 and its 1 sigma; light within 3 pixels above
#: its surroundings, without vignetting, and its 1 sigma, DN / s, NaN where it was not measured.
COLUMNS = "hip", "x", "y", "sigma", "rate", "rate_sigma"


@dataclass(frozen=True, eq=False)
class MeasuredFrame:
    """Stars of a real level-0.5 frame."""

    #: A map that has the header of the frame and no light.
    smap: sunpy.map.GenericMap
    #: Stars, with the columns of `COLUMNS`.
    stars: Table

    def solve(self, *, geometry="stars", scale=False):
        """
        Determine Sun centre and roll from the positions of the stars.

        Parameters
        ----------
        geometry : `str`
        scale : `bool`
            As for `sunpy_lasco.stars.solve`.

        Returns
        -------
        `~sunpy_lasco.stars.StarSolution`
        """
        grid = detector_grid(self.smap, geometry)
        view = view_of(self.smap)
        numbers, rows = _catalogue_rows(np.asarray(self.stars["hip"]))
        x, y, _ = star_plane(numbers, view)
        table = {name: numbers[name] for name in ("hip", "magnitude", "bv", "flags")}
        table |= {"plane_x": x, "plane_y": y}
        table |= {name: np.asarray(self.stars[name])[rows] for name in ("x", "y", "sigma")}
        # The fluxes decide between two groups of stars.
        rate = np.nan_to_num(np.asarray(self.stars["rate"])[rows], nan=1.0)
        table |= {"flux": rate, "flux_sigma": np.ones(len(rows)), "found": np.ones(len(rows), dtype=bool)}
        return measured_solution(self.smap, grid, table, view, scale=scale)

    def light(self):
        """
        Compare the fluxes of the stars with the catalogue.

        Returns
        -------
        `~astropy.table.Table`
            As for `sunpy_lasco.stars.star_fluxes`, with the current official calibration factor.
        """
        numbers, rows = _catalogue_rows(np.asarray(self.stars["hip"]))
        camera = camera_of(self.smap.meta)
        factor = frame_factor(Frame.from_header(self.smap.meta, self.smap.data.shape))
        to_flux = factor * camera.plate_scale**2 * np.exp(BEYOND[camera.name][0])
        rate, sigma = (np.asarray(self.stars[name])[rows] for name in ("rate", "rate_sigma"))
        measured = np.isfinite(rate)
        picked = {name: numbers[name][measured] for name in ("hip", "magnitude", "bv")}
        radius = np.hypot(
            np.asarray(self.stars["x"])[rows] - camera.sun_centre[0],
            np.asarray(self.stars["y"])[rows] - camera.sun_centre[1],
        )[measured]
        return usable_light(picked, radius, rate[measured] * to_flux, sigma[measured] * to_flux)


def _catalogue_rows(hip):
    """Catalogue data of the stars that are known, and their indices in ``hip``."""
    numbers = packaged_numbers()
    place = {int(one): row for row, one in enumerate(numbers["hip"]) if one}
    rows = np.array([row for row, one in enumerate(hip) if int(one) in place], dtype=int)
    chosen = np.array([place[int(hip[row])] for row in rows], dtype=int)
    picked = {name: values[chosen] for name, values in numbers.items() if name != "vectors"}
    return picked, rows


@lru_cache(maxsize=1)
def _packaged():
    return json.loads(PACKAGED.read_text(encoding="utf-8"))


def measured_frames(camera=None):
    """
    Return the real frames whose stars are included in the package.

    Parameters
    ----------
    camera : `str`, optional
        ``"C2"`` or ``"C3"``; by default both.

    Returns
    -------
    `list` of `MeasuredFrame`
        In order of time.
    """
    frames = []
    for one in _packaged()["frames"]:
        header = one["header"]
        if camera is not None and header["detector"] != camera:
            continue
        shape = header["naxis2"], header["naxis1"]
        stars = Table(np.array(one["stars"], dtype=float), names=COLUMNS)
        frames.append(MeasuredFrame(sunpy.map.Map(np.broadcast_to(np.uint16(0), shape), dict(header)), stars))
    return frames


def measured_photometry(camera, *, seed=0):
    """
    Zero points and their trend from the stars in the package.

    Parameters
    ----------
    camera : `str`
        ``"C2"`` or ``"C3"``.
    seed : `int`
        Seed of the bootstrap for the errors.

    Returns
    -------
    `~sunpy_lasco.stars.StarPhotometry`
    """
    frames = measured_frames(camera)
    years = [one.smap.reference_date.jyear for one in frames]
    names = [str(one.smap.meta["filename"]) for one in frames]
    return zero_points([one.light() for one in frames], names, years, kind_of(frames[0].smap), seed=seed)
