"""
From what the user says to a source of assets.
"""

import os
from pathlib import Path

from sunpy_lasco.assets.directory import DirectorySource
from sunpy_lasco.assets.estimate import EstimateSource
from sunpy_lasco.assets.sources import AssetSource, ChainSource
from sunpy_lasco.errors import MissingAssetError

__all__ = ["local_sources", "resolve"]


def resolve(assets=None):
    """
    The source of calibration images and tables.

    Parameters
    ----------
    assets : None, path-like, `str`, `AssetSource` or sequence of these
        None asks, in turn, the directories of the environment variables
        ``LASCO_DATA`` and ``SSW``.  A path is a directory: flat, or the root or
        a part of a SolarSoft tree; nothing else is asked then.  ``"estimate"`` is
        the approximate set that is built in, which marks what is made with it.
        A sequence is asked in turn.

    Returns
    -------
    `AssetSource`

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If a path is no directory.
    """
    if assets is None:
        return ChainSource(tuple(local_sources()))
    if isinstance(assets, AssetSource):
        return assets
    if isinstance(assets, str) and assets == "estimate":
        return EstimateSource()
    if isinstance(assets, (str, os.PathLike)):
        root = Path(assets).expanduser()
        if not root.is_dir():
            msg = f"assets={str(assets)!r} is no directory; give one that holds the calibration images."
            raise MissingAssetError(msg)
        return DirectorySource(root)
    return ChainSource(tuple(resolve(item) for item in assets))


def local_sources():
    """
    The directories that the surroundings name.

    Returns
    -------
    `list` of `DirectorySource`
        Those of ``LASCO_DATA`` and ``SSW``, where they are set.
    """
    return [
        DirectorySource(Path(os.environ[variable]).expanduser(), f"${variable}")
        for variable in ("LASCO_DATA", "SSW")
        if os.environ.get(variable)
    ]
