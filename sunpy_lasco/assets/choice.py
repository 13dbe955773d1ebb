"""
Selection of the source of assets.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sunpy_lasco.assets.estimate import EstimateSource
from sunpy_lasco.assets.remote import RemoteSource
from sunpy_lasco.assets.sources import AssetSource, ChainSource, DirectorySource
from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import MissingAssetError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sunpy_lasco.assets.sources import AssetsLike

__all__ = ["fetch", "local_sources", "resolve"]


def resolve(
    assets: AssetsLike = None, *, offline: bool | None = None, configuration: Configuration | None = None
) -> AssetSource:
    """
    Return the source of calibration images and tables for the option ``assets``.

    Parameters
    ----------
    assets : None, path-like, `str`, `AssetSource` or sequence of these
        None searches, in turn, the directories of the configuration, those of the environment variables
        ``LASCO_DATA`` and ``SSW``, previously downloaded files, and the archives on the network. A path is a
        directory (flat, or the root or a part of a SolarSoft tree), which is then the only place searched.
        ``"estimate"`` is the approximate set of the package; results made with it are marked. The elements of
        a sequence are searched in turn; None in it stands for everything that None alone searches.
    offline : `bool`, optional
        Never use the network, regardless of the configuration.
    configuration : `~sunpy_lasco.config.Configuration`, optional
        The settings; by default those of the user.

    Returns
    -------
    `AssetSource`

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If a path is not a directory.

    Examples
    --------
    >>> from sunpy_lasco.assets import C3_RAMP, resolve
    >>> resolve("estimate").image(C3_RAMP).estimated
    True
    """
    if isinstance(assets, AssetSource):
        return assets
    if isinstance(assets, str) and assets == "estimate":
        return EstimateSource()
    if isinstance(assets, (str, os.PathLike)):
        root = Path(assets).expanduser()
        if not root.is_dir():
            msg = f"assets={str(assets)!r} is not a directory; name one that contains the calibration images."
            raise MissingAssetError(msg)
        return DirectorySource(root)
    configuration = configuration or Configuration.read()
    if offline is not None:
        configuration = replace(configuration, offline=bool(offline))
    if assets is None:
        return ChainSource((*local_sources(configuration), RemoteSource(configuration)))
    return ChainSource(tuple(resolve(item, configuration=configuration) for item in assets))


def local_sources(configuration):
    """
    The directories named by the configuration, ``LASCO_DATA`` and ``SSW``.
    """
    sources = [DirectorySource(root, "SUNPY_LASCO_ASSETS or sunpyrc") for root in configuration.assets]
    named = {f"${variable}": os.environ.get(variable) for variable in ("LASCO_DATA", "SSW")}
    sources += [DirectorySource(Path(root).expanduser(), origin) for origin, root in named.items() if root]
    return sources


def fetch(names: Collection[str], *, update: bool = False, configuration: Configuration | None = None) -> dict:
    """
    Download assets in advance, for work without a network or on a cluster.

    Files in a local directory are not downloaded.

    Parameters
    ----------
    names : sequence of `str`
        Names of assets.
    update : `bool`
        Download files again that exist already.
    configuration : `~sunpy_lasco.config.Configuration`, optional
        The settings; by default those of the user.

    Returns
    -------
    `dict`
        By name: `pathlib.Path` of the file, or the error with the reason why there is none.
    """
    configuration = configuration or Configuration.read()
    local, outcomes = ChainSource(tuple(local_sources(configuration))), {}
    for name in names:
        try:
            outcomes[name] = local.path(name)
        except MissingAssetError:
            continue
    wanted = [name for name in dict.fromkeys(names) if name not in outcomes]
    return outcomes | RemoteSource(configuration).fetch(wanted, update=update, patient=True)
