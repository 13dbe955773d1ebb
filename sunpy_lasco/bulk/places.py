"""
Locations of inputs and outputs: local folders, or fsspec file systems.

fsspec is imported only for addresses such as ``s3://...`` or ``memory://...``.
"""

import atexit
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

__all__ = ["clear_copies", "is_address", "local_input", "output_folder"]

#: Files that a process keeps of those that it fetched.
KEPT_COPIES = 32


def is_address(name):
    """
    Whether a name is the address of a file for fsspec and not a path.

    Parameters
    ----------
    name : `str` or path-like

    Returns
    -------
    `bool`
    """
    return "://" in str(name) and not str(name).startswith(("file://", "local://"))


def local_input(name):
    """
    A file on this machine.

    Parameters
    ----------
    name : `str` or path-like
        A path, or an address for fsspec, which is copied to a temporary file.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    if not is_address(name):
        return Path(str(name).removeprefix("file://").removeprefix("local://"))
    fs, path = _filesystem(name)
    info = fs.info(path)
    return _copy(str(name), str(info.get("mtime") or info.get("ETag") or info.get("created")), info.get("size")).path


def _filesystem(name):
    import fsspec

    return fsspec.core.url_to_fs(str(name))


class _Copy:
    """A file that is deleted when it is no longer referenced."""

    def __init__(self, path):
        self.path = path

    def __del__(self):
        shutil.rmtree(self.path.parent, ignore_errors=True)


@lru_cache(maxsize=KEPT_COPIES)
def _copy(name, *_):
    fs, path = _filesystem(name)
    target = Path(tempfile.mkdtemp(dir=_room()), PurePosixPath(path).name)
    fs.get_file(path, str(target))
    return _Copy(target)


@lru_cache(maxsize=1)
def _room():
    room = tempfile.mkdtemp(prefix="sunpy_lasco-")
    _rooms.append(room)
    return room


_rooms = []


@atexit.register
def clear_copies():
    """Remove the temporary copies made by this process."""
    while _rooms:
        shutil.rmtree(_rooms.pop(), ignore_errors=True)


def output_folder(name):
    """
    Location of outputs.

    Parameters
    ----------
    name : `str` or path-like
        A folder, or an address for fsspec.

    Returns
    -------
    object
        With `existing`, `write` and `address`.
    """
    if is_address(name):
        return _RemoteFolder(str(name).rstrip("/"))
    return _LocalFolder(Path(str(name).removeprefix("file://").removeprefix("local://")))


@dataclass(frozen=True)
class _LocalFolder:
    root: Path

    def existing(self, relative):
        """The file of that name, or None."""
        path = self.root / relative
        return path if path.is_file() else None

    def write(self, relative, function, *, overwrite):
        """Let a function write a file of that name, completely or not at all."""
        function(self.root / relative)

    def address(self, relative):
        """Name of the file."""
        return str(self.root / relative)


@dataclass(frozen=True)
class _RemoteFolder:
    root: str

    def existing(self, relative):
        """A copy of the file of that name, or None."""
        try:
            return local_input(self.address(relative))
        except FileNotFoundError:
            return None

    def write(self, relative, function, *, overwrite):
        """Let a function write a file, and upload it when it is complete."""
        fs, path = _filesystem(self.address(relative))
        if not overwrite and fs.exists(path):
            msg = f"{self.address(relative)} exists already; use overwrite=True to replace it."
            raise FileExistsError(msg)
        with tempfile.TemporaryDirectory(dir=_room()) as folder:
            function(Path(folder, relative.name))
            parent = str(PurePosixPath(path).parent)
            fs.makedirs(parent, exist_ok=True)
            hidden = f"{parent}/.sunpy_lasco-{secrets.token_hex(6)}.part"
            try:
                fs.put_file(str(Path(folder, relative.name)), hidden)
                # On some file systems an existing file cannot be replaced.
                if fs.exists(path):
                    fs.rm_file(path)
                fs.mv(hidden, path)
            finally:
                if fs.exists(hidden):
                    fs.rm_file(hidden)

    def address(self, relative):
        """Name of the file."""
        return f"{self.root}/{PurePosixPath(relative)}"
