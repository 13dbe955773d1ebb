"""
Simulated files.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from astropy.io import fits

from sunpy_lasco.files import write_whole
from sunpy_lasco.simulate.source import IMAGES, assets

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.simulate.simulation import Simulation

__all__ = ["write_assets", "write_level05"]


def _fits(data, header):
    """A FITS file as `bytes`."""
    file = io.BytesIO()
    fits.PrimaryHDU(data, header).writeto(file, output_verify="exception")
    return file.getvalue()


def write_level05(simulation: Simulation, directory: PathLike) -> Path:
    """
    Write an exposure as a level-0.5 file.

    Parameters
    ----------
    simulation : `~sunpy_lasco.simulate.simulation.Simulation`
        Exposure with integer counts.
    directory : path-like
        An existing directory.

    Returns
    -------
    `pathlib.Path`
        The file, named like the real ones (FILENAME).

    Raises
    ------
    ValueError
        If the image was made with ``quantise=False``.
    """
    if simulation.data.dtype.kind != "i":
        msg = "Level-0.5 files hold integers, but this exposure was made with quantise=False."
        raise ValueError(msg)
    path = Path(directory) / simulation.header["FILENAME"]
    return write_whole(path, _fits(simulation.data, simulation.header))


def write_assets(directory: PathLike, *simulations: Simulation) -> list[Path]:
    """
    Write the calibration images and tables of the simulated cameras.

    Parameters
    ----------
    directory : path-like
        An existing directory, which can then be passed as ``assets=``.
    *simulations : `~sunpy_lasco.simulate.simulation.Simulation`
        As for `~sunpy_lasco.simulate.source.assets`.

    Returns
    -------
    `list` of `pathlib.Path`
        The files.
    """
    source, directory = assets(*simulations), Path(directory)
    images = [source.image(name) for name in IMAGES]
    written = [write_whole(directory / a.name, _fits(a.data, fits.Header(a.header))) for a in images]
    return written + [write_whole(directory / name, source.text(name)[0].encode("ascii")) for name in source.tables]
