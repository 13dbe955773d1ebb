"""
Assets in a directory.
"""

from dataclasses import dataclass
from pathlib import Path

from sunpy_lasco.assets.asset import missing
from sunpy_lasco.assets.names import entry
from sunpy_lasco.assets.sources import AssetSource
from sunpy_lasco.assets.store import PINS, digest_of, known_sha256
from sunpy_lasco.errors import AssetError

__all__ = ["DirectorySource", "candidates"]


def candidates(name):
    """
    Where below a directory the file of an asset is looked for.

    Parameters
    ----------
    name : `str`
        Name of the asset.

    Returns
    -------
    `list` of `str`
        Relative paths: the name itself, and every tail of the paths that the
        file has in SolarSoft, such as ``calib/NAME``, ``data/calib/NAME`` up to
        ``soho/lasco/lasco/data/calib/NAME``.  The directory may thus be flat, a
        part of a SolarSoft tree, or its root.
    """
    try:
        folders = entry(name).folders + entry(name).local_folders
    except AssetError:
        folders = ()
    found = [name]
    for folder in folders:
        parts = folder.split("/")
        found += ["/".join((*parts[start:], name)) for start in range(len(parts) - 1, -1, -1)]
    return list(dict.fromkeys(found))


def _compare(path, name):
    """Refuse a file whose SHA-256 is known and another: of the catalogue, or of a copied directory of fetched files."""
    try:
        entry(name)
    except AssetError:
        return
    known = known_sha256(path, name)
    if known is not None and (found := digest_of(path)) != known:
        msg = (
            f"{path} is not the file that {name} is known to be: its SHA-256 is {found}, and {known} is expected. "
            f"Replace it by the published file, or take it out of {path.with_name(PINS)} if it is yours."
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
    def label(self):
        """The directory and where it was given."""
        return f"{self.root} (from {self.origin})" if self.origin else str(self.root)

    def path(self, name):
        """Path of the file of an asset, like `AssetSource.path`."""
        if Path(name).name != name or name in ("", ".", ".."):
            msg = f"{name!r} is no file name."
            raise AssetError(msg)
        for relative in candidates(name):
            path = Path(self.root, relative)
            if path.is_file():
                _compare(path, name)
                return path
        raise missing(name, [self.label], None if Path(self.root).is_dir() else f"{self.root} is no directory")

    def find(self, pattern, folders):
        """Files whose whole names are not known before, like `AssetSource.find`."""
        found = (path for folder in folders for path in sorted(Path(self.root, folder).glob(pattern)))
        return list(dict.fromkeys(path for path in found if path.is_file()))
