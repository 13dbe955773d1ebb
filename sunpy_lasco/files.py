"""
Files that are written completely or not at all.

What is written goes to a hidden file in the folder of its target, and takes the target's
name when it is complete and on the disk.  The name of the hidden file says which process
writes it, so that what processes left behind that were killed can be told and removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import shutil
import stat
import time
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sunpy_lasco.errors import BadFrameError, LascoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sunpy_lasco.annotations import PathLike

__all__ = [
    "atomic_path",
    "content_of",
    "is_plain_name",
    "refuse_sizes",
    "sha256_of",
    "sweep",
    "time_of_writing",
    "unfinished_folder",
    "write_whole",
]

#: Age in seconds, counted from the last change, at which an unfinished file counts as left behind
#: where the process that wrote it cannot be looked for: it ran on another machine or in another container.
LEFT_BEHIND = 3600.0
#: Names of unfinished files and folders: where, by which process and since when it ran, and by chance.
_UNFINISHED = re.compile(r"\.sunpy_lasco-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{12}\.part")
#: Cards of FITS that ask for a thousand axes, or for one of a thousand million pixels.
_IMPOSSIBLE_AXES = re.compile(rb"NAXIS   = *\d{4,}|NAXIS\d{1,3} *= *\d{10,}")
#: File names that lead nowhere else: those of the archives, level 0.5 and 1.
_PLAIN = re.compile(r"[0-9A-Za-z_]+\.(?:fts|fits)")


@contextlib.contextmanager
def atomic_path(path: PathLike, *, overwrite: bool = False, durable: bool = True) -> Iterator[Path]:
    """
    A temporary path beside a path, which takes its name if all goes well.

    Parameters
    ----------
    path : path-like
        Its folder is made where it is missing.
    overwrite : `bool`
        Whether a file of that name may be replaced.
    durable : `bool`
        Whether the content must have reached the disk before the file appears.  Without, a
        failure of the machine can leave an incomplete file.

    Yields
    ------
    `pathlib.Path`
        An empty file, to be written to.

    Raises
    ------
    FileExistsError
        If the file exists and may not be replaced.
    OSError
        If the file cannot be written; it names the file, and nothing is left of it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    if not overwrite and os.path.lexists(path):
        raise _exists(path)
    temporary = path.parent / _unfinished_name()
    try:
        # Unlike a file of the module tempfile, this one has the permissions that the user asked for.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        if overwrite:
            temporary.replace(path)
        else:
            _name_once(temporary, path)
    except OSError as error:
        # The system names no file, or the hidden one.
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _exists(path):
    return FileExistsError(f"{path} exists already; use overwrite=True to replace it.")


def _name_once(temporary, path):
    """Give a file its name, unless another process was faster."""
    try:
        # A link fails where the name is taken; a rename would replace that file.
        os.link(temporary, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:
        # Not all file systems have links: exFAT and many network shares do not.
        if os.path.lexists(path):
            raise _exists(path) from None
        temporary.rename(path)


def write_whole(path: PathLike, content: bytes | str, *, overwrite: bool = True, durable: bool = True) -> Path:
    """
    Write a file of which the content is at hand.

    Parameters
    ----------
    path : path-like
    content : `bytes` or `str`
        A text is written as UTF-8.
    overwrite, durable : `bool`
        As for `atomic_path`.

    Returns
    -------
    `pathlib.Path`
        The file.
    """
    with atomic_path(path, overwrite=overwrite, durable=durable) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return Path(path)


@contextlib.contextmanager
def unfinished_folder(folder: PathLike) -> Iterator[Path]:
    """
    A hidden folder for what comes bit by bit, such as downloads; it is removed in the end.

    Parameters
    ----------
    folder : path-like
        Where; it is made where it is missing.

    Yields
    ------
    `pathlib.Path`
        On the file system of ``folder``, so that complete files are moved there by a rename.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    temporary = folder / _unfinished_name()
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: PathLike) -> None:
    """
    Remove unfinished files and folders of this package that processes left which are no more.

    Parameters
    ----------
    folder : path-like
        Only names in it are looked at, not folders below it.

    Notes
    -----
    A process that ran on this machine since it was started is looked for, by its number and its
    time of start where the system tells it.  What others left goes when it did not change for
    an hour.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".sunpy_lasco-")]
    except OSError:
        # Nothing can be listed, so nothing of ours is found here.
        return
    for name in names:
        match, path = _UNFINISHED.fullmatch(name), Path(folder, name)
        # Another process may be sweeping, too.
        with contextlib.suppress(OSError):
            if match and _is_left_behind(match, path):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _is_left_behind(match, path):
    where, pid, start = match[1], int(match[2]), int(match[3])
    if where == _here():
        if start:
            return _start_of(pid) != start
        if os.name == "posix" and not _is_running(pid):
            return True
    changed = [path.stat().st_mtime, *(inner.stat().st_mtime for inner in path.rglob("*"))]
    return time.time() - max(changed) > LEFT_BEHIND


def _unfinished_name():
    pid = os.getpid()
    return f".sunpy_lasco-{_here()}-{pid}-{_start_of(pid)}-{secrets.token_hex(6)}.part"


@lru_cache(maxsize=1)
def _here():
    """Eight digits that stand for this machine, since it was started, and the container within it."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return sha256_of("\n".join(parts).encode())[:8]


def _start_of(pid):
    """When a process of this machine started, in ticks of its clock; 0 if there is none, or it is not told."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name of the program stands in brackets and may hold anything; the start is the 22nd entry.
    state, *entries = status.rpartition(")")[2].split()
    return 0 if state in "ZX" else int(entries[18])


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _status_of_file(path):
    """The status of a regular file; a pipe would be waited for when it is opened."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        msg = f"{path} is not a file."
        raise BadFrameError(msg)
    return status


def content_of(path: PathLike, *, limit: int) -> bytes:
    """
    The content of a file; unpacked, if it is compressed by gzip.

    Parameters
    ----------
    path : path-like
    limit : `int`
        Bytes that a file of this kind can have at most, unpacked.

    Returns
    -------
    `bytes`

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If it is not a regular file (a pipe would be waited for), is larger, or does not unpack to
        the content of which gzip noted the sum.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    status = _status_of_file(path)
    large = f"{path} is larger than {limit / 1e6:.0f} MB, which no file of its kind is."
    if status.st_size > limit:
        raise BadFrameError(large)
    content = path.read_bytes()
    if not content.startswith(b"\x1f\x8b"):
        return content
    parts, room = [], limit
    try:
        while content.startswith(b"\x1f\x8b"):
            unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
            parts.append(unpacking.decompress(content, room + 1))
            room -= len(parts[-1])
            if room < 0:
                raise BadFrameError(large)
            if not unpacking.eof:
                msg = f"{path} is cut short: what gzip packed does not end. Copy or fetch it again."
                raise BadFrameError(msg)
            content = unpacking.unused_data
    except zlib.error as error:
        msg = f"{path} is damaged: it cannot be unpacked ({error}). Copy or fetch it again."
        raise BadFrameError(msg) from error
    return b"".join(parts)


def refuse_sizes(path: PathLike, content: bytes) -> None:
    """
    Refuse a FITS file that asks for axes of which no image has so many or such long ones.

    Readers of FITS would count to them.

    Parameters
    ----------
    path : path-like
        Name of the file.
    content : `bytes`
        The file, unpacked.

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If it does.
    """
    if found := _IMPOSSIBLE_AXES.search(content):
        card = found[0].decode("ascii")
        msg = f"{path} describes an impossible image: {' '.join(card[:40].split())}. Copy or fetch it again."
        raise BadFrameError(msg)


def sha256_of(content: PathLike | bytes) -> str:
    """
    SHA-256 of a file, or of what is in memory.

    Parameters
    ----------
    content : path-like or bytes-like
        A `str` is the path of a file.

    Returns
    -------
    `str`
        64 hexadecimal digits.

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If a path is that of no regular file.
    """
    if isinstance(content, str | os.PathLike):
        _status_of_file(Path(content))
        with Path(content).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(content).hexdigest()


def is_plain_name(name: str) -> bool:
    """
    Whether a file name of a header can be used as it is.

    Parameters
    ----------
    name : `str`

    Returns
    -------
    `bool`
        Whether it consists of letters, digits, underscores and the ending .fts or .fits, and so
        leads to no other folder.
    """
    return _PLAIN.fullmatch(name) is not None


def time_of_writing() -> str:
    """
    The time that files give as that of their writing.

    Returns
    -------
    `str`
        Now, or the time of the environment variable SOURCE_DATE_EPOCH, in seconds since
        1970; UTC, in the form of FITS, to the millisecond.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If that variable does not hold a number of seconds.

    References
    ----------
    https://reproducible-builds.org/specs/source-date-epoch/
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given and not re.fullmatch(r"\d{1,11}", given):
        msg = f"The environment variable SOURCE_DATE_EPOCH is {given!r}; it must be whole seconds since 1970."
        raise LascoError(msg)
    seconds = int(given) if given else time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03d}"
