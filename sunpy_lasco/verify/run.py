"""
All rows, one group after the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sunpy_lasco.errors import OptionError
from sunpy_lasco.verify.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sunpy_lasco.annotations import PathLike

__all__ = ["GROUPS", "verify"]


def _constants(assets, frames, figures):
    from sunpy_lasco.verify.constants import constant_rows

    return constant_rows()


def _stars(assets, frames, figures):
    from sunpy_lasco.verify.sky import star_rows

    return star_rows(figures)


def _simulator(assets, frames, figures):
    from sunpy_lasco.verify.simulated import simulated_rows

    return simulated_rows(figures)


def _images(assets, frames, figures):
    from sunpy_lasco.verify.published import asset_rows

    return asset_rows(assets)


def _frames(assets, frames, figures):
    from sunpy_lasco.verify.frames import frame_rows

    return frame_rows(frames, assets, figures)


#: Groups of rows: titles, basis, and functions.
GROUPS = {
    "constants": ("Constants", "Official headers, and values computed by hand.", _constants),
    "stars": (
        "Stars",
        "Stars measured on real frames, included in the package.",
        _stars,
    ),
    "simulator": ("Simulator", "The calibration must recover the simulated sky.", _simulator),
    "assets": ("Calibration images and tables", "Those on this computer.", _images),
    "frames": ("Frames", "Level 0.5 and official level 1 in the given directory.", _frames),
}


def verify(
    *,
    assets: PathLike | None = None,
    frames: PathLike | None = None,
    groups: Collection[str] | None = None,
    progress: Callable | None = None,
) -> Report:
    """
    Measure the accuracy of the calibration.

    Parameters
    ----------
    assets : path-like, optional
        Directory of calibration images and tables; by default those of the configuration and previous
        downloads. Missing ones are replaced by estimates.
    frames : path-like, optional
        Directory with level-0.5 files of C2 and C3, and optionally official level-1 files.
    groups : sequence of `str`, optional
        Which of ``"constants"``, ``"stars"``, ``"simulator"``, ``"assets"`` and ``"frames"``; by default all.
    progress : callable, optional
        Function called with each row.

    Returns
    -------
    `~sunpy_lasco.verify.Report`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there is no such directory or group.

    Notes
    -----
    The network is not used. Without assets and frames it takes about 20 s, and rows that need them are
    marked.
    """
    for name, folder in (("assets", assets), ("frames", frames)):
        if folder is not None and not Path(folder).is_dir():
            msg = f"{name}={str(folder)!r} is not a directory."
            raise OptionError(msg)
    groups = tuple(GROUPS) if groups is None else tuple(groups)
    unknown = [name for name in groups if name not in GROUPS]
    if unknown:
        msg = f"groups={unknown[0]!r} is unknown; known are {', '.join(GROUPS)}."
        raise OptionError(msg)
    found, figures = {}, {}
    for name in groups:
        found[name] = []
        for row in GROUPS[name][2](assets, frames, figures):
            found[name].append(row)
            if progress is not None:
                progress(row)
    about = {name: None if folder is None else str(folder) for name, folder in (("assets", assets), ("frames", frames))}
    titles = {name: GROUPS[name][:2] for name in groups}
    return Report({name: tuple(rows) for name, rows in found.items()}, titles, about, figures)
