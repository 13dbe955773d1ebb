"""
Real frames of level 0.5 for first steps, examples and documentation.

The names below are files of the public archives.  A file is downloaded when its name is first used, is kept in
sunpy's cache and is checked against the SHA-256 that is listed here:

>>> from sunpy_lasco.data import sample
>>> sample.C3_CME  # doctest: +REMOTE_DATA
[PosixPath('...32310949.fts'), ...]

``C2``, ``C3``
    One frame of each camera, of 2010-01-05, as most of the archive is: Orange and Clear, all pixels.
``C3_CME``
    Twelve frames of C3, from 19:42 to 22:30 of 2012-08-31: a coronal mass ejection at 1450 km/s, from before it appears
    until it fills the east of the field.
``C2_TRIPLET``
    Polarisers at +60, 0 and -60 degrees in the deep red, summed over 2 x 2 pixels, of 2000-09-03.

Where there is no network the setting ``sample`` (`sunpy_lasco.config`, or the environment variable
``SUNPY_LASCO_SAMPLE``) names a directory that holds the files, in folders of any depth.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from sunpy_lasco.config import Configuration, setting
from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.net.archives import configured_archives

# And the names of the frames, see __getattr__.
__all__ = ["download_all", "file"]


@dataclass(frozen=True)
class _Frame:
    """A file of the archives."""

    directory: str
    name: str
    size: int
    sha256: str

    @property
    def urls(self):
        """Where the archives keep it, in the order in which they are asked."""
        roots = [
            archive.root for archive in configured_archives() if archive.level == "0.5" and not archive.recent_days
        ]
        return [f"{root}/{self.directory}/{self.name}" for root in roots]


@cache
def _frames():
    """The frames by use."""
    found = {}
    with files("sunpy_lasco.data").joinpath("sample.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            frame = _Frame(row["directory"], row["name"], int(row["size"]), row["sha256"])
            found.setdefault(row["use"], []).append(frame)
    return found


def __getattr__(name):
    frames = _frames().get(name)
    if frames is None:
        msg = f"module {__name__!r} has no attribute {name!r}; there are {', '.join(_frames())}"
        raise AttributeError(msg)
    paths = [_path_of(frame) for frame in frames]
    return paths if len(paths) > 1 else paths[0]


def __dir__():
    return sorted([*__all__, *_frames()])


def file(name: str) -> Path:
    """
    Path of one of the files.

    Parameters
    ----------
    name : `str`
        Name in the archive, such as ``"32310961.fts"``.

    Returns
    -------
    `pathlib.Path`
        It is downloaded if it is not here yet.

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If there is no such file, or it cannot be had.
    sunpy_lasco.errors.AssetError
        If the file is not the one that the list describes.
    """
    known = {frame.name: frame for frames in _frames().values() for frame in frames}
    if name not in known:
        msg = f"{name} is not among the sample frames, which are {', '.join(known)}."
        raise MissingAssetError(msg)
    return _path_of(known[name])


def download_all() -> list[Path]:
    """
    Download what is not here yet of all frames: 32 MB.

    Returns
    -------
    `list` of `pathlib.Path`
    """
    return [_path_of(frame) for frames in _frames().values() for frame in frames]


def _path_of(frame):
    directory = setting("sample", "")
    path = _beneath(Path(directory).expanduser(), frame) if directory else _downloaded(frame)
    size = path.stat().st_size
    if size != frame.size or sha256_of(path) != frame.sha256:
        msg = (
            f"{path} is not the file {frame.name} of the archives: it has {size} bytes where {frame.size} are "
            "expected, or other content. Delete it, and it will be downloaded again."
        )
        raise AssetError(msg)
    return path


def _beneath(directory, frame):
    path = next(directory.rglob(frame.name), None)
    if path is None:
        msg = (
            f"{directory}, which the setting 'sample' of sunpy_lasco names, does not hold {frame.name} "
            f"({frame.urls[0]})."
        )
        raise MissingAssetError(msg)
    return path


def _downloaded(frame):
    # sunpy.data loads parfive and a database, which those who have the files need not wait for.
    from sunpy.data import manager

    if Configuration.read().offline and not manager._cache.get_by_hash(frame.sha256):
        msg = (
            f"{frame.name} is not here, and the network is switched off. Let the setting 'sample' of sunpy_lasco "
            f"name a directory that holds it; it is published as {frame.urls[0]} ."
        )
        raise MissingAssetError(msg)

    @manager.require(frame.name, frame.urls, frame.sha256)
    def path():
        return manager.get(frame.name)

    try:
        return path()
    except (OSError, RuntimeError, ValueError) as error:
        msg = (
            f"{frame.name} could not be downloaded ({error}). Let the setting 'sample' of sunpy_lasco name a directory "
            f"that holds it; it is published as {frame.urls[0]} ."
        )
        raise MissingAssetError(msg) from error
