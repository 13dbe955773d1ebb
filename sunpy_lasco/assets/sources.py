"""
What every source of assets can do.
"""

from dataclasses import dataclass

from sunpy_lasco.assets.asset import AbsentAssetError, missing
from sunpy_lasco.assets.images import read_image
from sunpy_lasco.assets.names import MIRRORS
from sunpy_lasco.assets.reading import read_text
from sunpy_lasco.errors import MissingAssetError

__all__ = ["AssetSource", "ChainSource"]


class AssetSource:
    """
    A place from which calibration images and tables come.

    A source with files needs only `path`; one without overrides `image` and
    `text`.
    """

    #: What the source is called in messages.
    label = "this source"

    def path(self, name):
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

    def find(self, pattern, folders):
        """
        Files whose whole names are not known before.

        Parameters
        ----------
        pattern : `str`
            Pattern of the name, with the wild cards of a shell.
        folders : sequence of `str`
            Folders in which they may lie, relative to a directory.

        Returns
        -------
        `list` of `pathlib.Path`
            Nothing where the source is no directory; nothing is fetched.
        """
        return []

    def image(self, name):
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
            If the file is not what it should be.
        """
        return read_image(self.path(name), name)

    def text(self, name):
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
            If the file is not what it should be.
        """
        return read_text(self.path(name), name)


@dataclass(frozen=True)
class ChainSource(AssetSource):
    """Several sources, asked in turn."""

    #: The sources, best first.
    sources: tuple[AssetSource, ...]

    @property
    def label(self):
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

    def path(self, name):
        """Path of the file of an asset, like `AssetSource.path`."""
        return self._first("path", name)

    def find(self, pattern, folders):
        """Files of all sources, like `AssetSource.find`."""
        return [path for source in self.sources for path in source.find(pattern, folders)]

    def image(self, name):
        """Read a calibration image, like `AssetSource.image`."""
        return self._first("image", name)

    def text(self, name):
        """Read a table in text form, like `AssetSource.text`."""
        return self._first("text", name)
