"""
Sources of assets.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sunpy_lasco.annotations import PathLike
from sunpy_lasco.assets.asset import AbsentAssetError, missing
from sunpy_lasco.assets.images import read_image, read_text
from sunpy_lasco.assets.names import MIRRORS, entry
from sunpy_lasco.assets.store import PINS, digest_of, known_sha256
from sunpy_lasco.errors import AssetError, MissingAssetError

if TYPE_CHECKING:
    from sunpy_lasco.assets.asset import Asset

__all__ = ["AssetSource", "ChainSource", "DirectorySource", "candidate_paths"]


class AssetSource:
    """
    Base class of sources of calibration images and tables.

    A source with files implements only `path`; one without files overrides `image` and `text`.
    """

    @property
    def label(self) -> str:
        """Name of the source in messages."""
        return "this source"

    def path(self, name: str) -> Path:
        """
        Path of the file of an asset.

        Parameters
        ----------
        name : `str`
            Name of the asset.

        Returns
        -------
        `pathlib.Path`

        Raises
        ------
        sunpy_lasco.errors.MissingAssetError
            If the source does not have it.
        """
        raise missing(name, [self.label])

    def find(self, pattern: str, folders: Collection[str]) -> list[Path]:
        """
        Find files by a pattern.

        Parameters
        ----------
        pattern : `str`
            Pattern of the name, or of folders and name, with shell wildcards.
        folders : sequence of `str`
            Folders to search, relative to a directory.

        Returns
        -------
        `list` of `pathlib.Path`
            Empty if the source is not a directory; nothing is downloaded.
        """
        return []

    def image(self, name: str) -> Asset:
        """
        Read a calibration image.

        Parameters
        ----------
        name : `str`
            Name of the asset.

        Returns
        -------
        `Asset`

        Raises
        ------
        sunpy_lasco.errors.MissingAssetError
            If the source does not have it.
        sunpy_lasco.errors.AssetError
            If the file is invalid.
        """
        return read_image(self.path(name), name)

    def text(self, name: str) -> tuple[str, str]:
        """
        Read a table in text form.

        Parameters
        ----------
        name : `str`
            Name of the asset.

        Returns
        -------
        content : `str`
        sha256 : `str`
            Of the file.

        Raises
        ------
        sunpy_lasco.errors.MissingAssetError
            If the source does not have it.
        sunpy_lasco.errors.AssetError
            If the file is invalid.
        """
        return read_text(self.path(name), name)


@dataclass(frozen=True)
class ChainSource(AssetSource):
    """Several sources, searched in turn."""

    #: The sources, best first.
    sources: tuple[AssetSource, ...]

    @property
    def label(self) -> str:
        """The labels of all sources."""
        return ", ".join(source.label for source in self.sources) or "no source"

    def _first(self, method, name):
        reasons, mirrors, absent = [], MIRRORS, None
        for source in self.sources:
            try:
                return getattr(source, method)(name)
            except AbsentAssetError as error:
                absent = error
            except MissingAssetError as error:
                reasons.append(getattr(error, "reason", None))
                mirrors = getattr(error, "mirrors", mirrors)
        if absent is not None:
            raise absent
        reason = "; ".join(filter(None, reasons))
        raise missing(name, [source.label for source in self.sources], reason, mirrors)

    def path(self, name: str) -> Path:
        """Path of the file of an asset, like `AssetSource.path`."""
        return self._first("path", name)

    def find(self, pattern: str, folders: Collection[str]) -> list[Path]:
        """Files of all sources, like `AssetSource.find`."""
        return [path for source in self.sources for path in source.find(pattern, folders)]

    def image(self, name: str) -> Asset:
        """Read a calibration image, like `AssetSource.image`."""
        return self._first("image", name)

    def text(self, name: str) -> tuple[str, str]:
        """Read a table in text form, like `AssetSource.text`."""
        return self._first("text", name)


@lru_cache(maxsize=256)
def candidate_paths(name):
    """
    Relative paths at which the file of an asset is searched in a directory.

    These are the name itself and every tail of its paths in SolarSoft, such as ``calib/NAME``,
    ``data/calib/NAME`` up to ``soho/lasco/lasco/data/calib/NAME``, so that the directory may be flat, a part
    of a SolarSoft tree, or its root.
    """
    try:
        folders = entry(name).folders + entry(name).local_folders
    except AssetError:
        folders = ()
    found = [name]
    for folder in folders:
        parts = folder.split("/")
        found += ["/".join((*parts[start:], name)) for start in range(len(parts) - 1, -1, -1)]
    return tuple(dict.fromkeys(found))


def _compare(path, name):
    """
    Raise an error if the SHA-256 of a file differs from the known one, of the catalogue or of a copied
    directory of downloads.
    """
    try:
        entry(name)
    except AssetError:
        return
    known = known_sha256(path, name)
    if known is not None and (found := digest_of(path)) != known:
        msg = (
            f"{path} is not the known file {name}: its SHA-256 is {found}, and {known} is expected. "
            f"Replace it by the published file, or remove it from {path.with_name(PINS)} if it is your own."
        )
        raise AssetError(msg)


@dataclass(frozen=True)
class DirectorySource(AssetSource):
    """A directory: flat, or the root or a part of a SolarSoft tree."""

    #: The directory.
    root: Path
    #: Where the path was given, if not as an argument: ``"$SSW"``.
    origin: str = ""

    @property
    def label(self) -> str:
        """The directory, and where it was configured."""
        return f"{self.root} (from {self.origin})" if self.origin else str(self.root)

    def path(self, name: str) -> Path:
        """Path of the file of an asset, like `AssetSource.path`."""
        if os.path.basename(name) != name or name in ("", ".", ".."):  # noqa: PTH119
            msg = f"{name!r} is not a file name."
            raise AssetError(msg)
        # Called for each frame, mostly for missing files: joining texts is faster than joining paths.
        root = os.fspath(self.root)
        for relative in candidate_paths(name):
            if os.path.isfile(f"{root}/{relative}"):  # noqa: PTH113
                path = Path(root, relative)
                _compare(path, name)
                return path
        raise missing(name, [self.label], None if Path(self.root).is_dir() else f"{self.root} is not a directory")

    def find(self, pattern: str, folders: Collection[str]) -> list[Path]:
        """Find files by a pattern, like `AssetSource.find`."""
        found = []
        for folder in folders:
            if "/" in pattern:
                found += sorted(Path(self.root, folder).glob(pattern))
                continue
            # Called for each frame; most folders do not exist.
            with contextlib.suppress(OSError), os.scandir(f"{os.fspath(self.root)}/{folder}") as entries:
                names = fnmatch.filter((one.name for one in entries), pattern)
                found += [Path(self.root, folder, name) for name in sorted(names)]
        return list(dict.fromkeys(path for path in found if path.is_file()))


#: Types of the option ``assets``: a directory, a keyword, a source, or several of them.
AssetsLike: TypeAlias = PathLike | AssetSource | Collection[PathLike | AssetSource | None] | None
