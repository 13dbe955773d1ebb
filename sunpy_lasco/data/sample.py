"""
Real level-0.5 frames for first steps, examples and documentation.

The names below are files of the public archives. A file is downloaded when its name is first used, stored in
sunpy's cache, and verified by its SHA-256:

>>> from sunpy_lasco.data import sample
>>> sample.C3_CME  # doctest: +REMOTE_DATA
[PosixPath('...32310949.fts'), ...]

``C2``, ``C3``
    A typical full frame of each camera of 2010-01-05: C2 Orange and C3 Clear.
``C3_CME``
    Twelve frames of C3 of 2012-08-31, 19:42 to 22:30: a coronal mass ejection at 1450 km/s, from before it
    appears until it fills the east of the field.
``C2_TRIPLET``
    A triplet of 2000-09-03 with polarisers at +60, 0 and -60 degrees, filter DeepRd, summed over 2 x 2
    pixels.

Without a network, set ``sample`` (`sunpy_lasco.config`, or the environment variable ``SUNPY_LASCO_SAMPLE``)
to a directory that contains the files, in folders of any depth.
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
    """A file in the archives."""

    directory: str
    name: str
    size: int
    sha256: str

    @property
    def urls(self):
        """Its addresses in the archives, in the order in which they are tried."""
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
        The file, downloaded if necessary.

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If there is no such file, or it cannot be downloaded.
    sunpy_lasco.errors.AssetError
        If the file does not match its SHA-256.
    """
    known = {frame.name: frame for frames in _frames().values() for frame in frames}
    if name not in known:
        msg = f"{name} is not among the sample frames, which are {', '.join(known)}."
        raise MissingAssetError(msg)
    return _path_of(known[name])


def download_all() -> list[Path]:
    """
    Download all missing frames; 32 MB in total.

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
    # Imported here, since sunpy.data loads parfive and a database, which users with local files do not need.
    from sunpy.data import manager

    if Configuration.read().offline and not manager._cache.get_by_hash(frame.sha256):
        msg = (
            f"{frame.name} has not been downloaded, and the network is switched off. Name a directory that contains it "
            f"in SUNPY_LASCO_SAMPLE or in the setting 'sample'; it is published as {frame.urls[0]} ."
        )
        raise MissingAssetError(msg)

    @manager.require(frame.name, frame.urls, frame.sha256)
    def path():
        return manager.get(frame.name)

    try:
        return path()
    except (OSError, RuntimeError, ValueError) as error:
        msg = (
            f"{frame.name} could not be downloaded ({error}). Name a directory that contains it in "
            f"SUNPY_LASCO_SAMPLE or in the setting 'sample'; it is published as {frame.urls[0]} ."
        )
        raise MissingAssetError(msg) from error
