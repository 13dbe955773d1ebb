"""
Writing files completely or not at all.

A file is first written to a hidden file in the target folder, which is renamed when it is complete and on the
disk. The name of the hidden file identifies the writing process, so that leftovers of killed processes can be
recognised and removed.
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

#: Age in seconds since the last change after which an unfinished file is considered abandoned, if the process that
#: wrote it cannot be checked because it ran on another machine or in another container.
LEFT_BEHIND = 3600.0
#: Names of unfinished files and folders: machine, process, its start, and random characters.
_UNFINISHED = re.compile(r"\.sunpy_lasco-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{12}\.part")
#: FITS cards that describe a thousand axes, or an axis of a thousand million pixels.
_IMPOSSIBLE_AXES = re.compile(rb"NAXIS   = *\d{4,}|NAXIS\d{1,3} *= *\d{10,}")
#: Plain file names without a path: those of the archives, level 0.5 and 1.
_PLAIN = re.compile(r"[0-9A-Za-z_]+\.(?:fts|fits)")


@contextlib.contextmanager
def atomic_path(path: PathLike, *, overwrite: bool = False, durable: bool = True) -> Iterator[Path]:
    """
    Context manager for a temporary path, which is renamed to the target if no error occurs.

    Parameters
    ----------
    path : path-like
        The target. Its folder is created if necessary.
    overwrite : `bool`
        Whether a file of that name may be replaced.
    durable : `bool`
        Whether the content must have reached the disk before the file appears. If not, a failure of the
        machine can leave an incomplete file.

    Yields
    ------
    `pathlib.Path`
        An empty file, to be written to.

    Raises
    ------
    FileExistsError
        If the file exists and may not be replaced.
    OSError
        If the file cannot be written. The error names the file, and no part of it remains.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    if not overwrite and os.path.lexists(path):
        raise _exists(path)
    temporary = path.parent / _unfinished_name()
    try:
        # Unlike files of the module tempfile, this one has the permissions of the user's umask.
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
        # The system's error names no file, or the hidden one.
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _exists(path):
    return FileExistsError(f"{path} exists already; use overwrite=True to replace it.")


def _name_once(temporary, path):
    """Rename the finished file, unless another process was faster."""
    try:
        # A link fails if the name exists; a rename would replace that file.
        os.link(temporary, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:
        # exFAT and many network shares have no hard links.
        if os.path.lexists(path):
            raise _exists(path) from None
        temporary.rename(path)


def write_whole(path: PathLike, content: bytes | str, *, overwrite: bool = True, durable: bool = True) -> Path:
    """
    Write a file whose content is in memory.

    Parameters
    ----------
    path : path-like
    content : `bytes` or `str`
        Text is written as UTF-8.
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
    Context manager for a hidden folder, for example for downloads, which is removed at the end.

    Parameters
    ----------
    folder : path-like
        Parent folder; it is created if necessary.

    Yields
    ------
    `pathlib.Path`
        On the file system of ``folder``, so that complete files can be moved there by renaming.
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
    Remove unfinished files and folders that ended processes of this package left behind.

    Parameters
    ----------
    folder : path-like
        Only this folder is searched, not the folders below it.

    Notes
    -----
    Processes of this machine since its last start are checked by their number and, if the system gives it,
    their start time. Files of other machines are removed if they have not changed for an hour.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".sunpy_lasco-")]
    except OSError:
        # The folder cannot be listed, so nothing can be removed.
        return
    for name in names:
        match, path = _UNFINISHED.fullmatch(name), Path(folder, name)
        # Another process may be cleaning up, too.
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
    """Eight digits that identify this machine, its last start, and the container."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return sha256_of("\n".join(parts).encode())[:8]


def _start_of(pid):
    """Start time of a process of this machine, in clock ticks; 0 if there is no such process or the time is unknown."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name of the program, in brackets, may contain anything; the start time is the 22nd entry.
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
    """The status of a regular file; opening a pipe would block."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        msg = f"{path} is not a file."
        raise BadFrameError(msg)
    return status


def content_of(path: PathLike, *, limit: int) -> bytes:
    """
    Read a file, and unpack it if it is compressed with gzip.

    Parameters
    ----------
    path : path-like
    limit : `int`
        Largest allowed size after unpacking, bytes.

    Returns
    -------
    `bytes`

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If it is not a regular file, is larger than the limit, or does not match its gzip checksum.
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
                msg = f"{path} is truncated: its gzip data are incomplete. Copy or download it again."
                raise BadFrameError(msg)
            content = unpacking.unused_data
    except zlib.error as error:
        msg = f"{path} is damaged: it cannot be unpacked ({error}). Copy or download it again."
        raise BadFrameError(msg) from error
    return b"".join(parts)


def refuse_sizes(path: PathLike, content: bytes) -> None:
    """
    Reject a FITS file that declares an absurd number or length of axes.

    FITS readers would loop over them.

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
        msg = f"{path} describes an impossible image: {' '.join(card[:40].split())}. Copy or download it again."
        raise BadFrameError(msg)


def sha256_of(content: PathLike | bytes) -> str:
    """
    SHA-256 of a file or of bytes in memory.

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
        If the path is not a regular file.
    """
    if isinstance(content, str | os.PathLike):
        _status_of_file(Path(content))
        with Path(content).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(content).hexdigest()


def is_plain_name(name: str) -> bool:
    """
    Whether a file name from a header is safe to use.

    Parameters
    ----------
    name : `str`

    Returns
    -------
    `bool`
        Whether it consists of letters, digits, underscores and the ending .fts or .fits, and so cannot refer
        to another folder.
    """
    return _PLAIN.fullmatch(name) is not None


def time_of_writing() -> str:
    """
    The time of writing for headers of files.

    Returns
    -------
    `str`
        The current time, or that of the environment variable SOURCE_DATE_EPOCH (seconds since 1970), in UTC
        and FITS format, to the millisecond.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If that variable is not a number of seconds.

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
