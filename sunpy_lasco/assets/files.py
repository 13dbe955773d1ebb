"""
Reading of asset files.
"""

from pathlib import Path

from sunpy_lasco.errors import AssetError
from sunpy_lasco.files import sha256_of

__all__ = ["file_stamp", "read_bytes", "refuse_page"]


def file_stamp(path):
    """
    Time of modification, inode and size, which change when a file is replaced;
    `~sunpy_lasco.errors.AssetError` if there is no file.
    """
    try:
        status = Path(path).stat()
    except OSError as error:
        msg = f"The file {path} cannot be read: {error.strerror}."
        raise AssetError(msg) from error
    return status.st_mtime_ns, status.st_ino, status.st_size


def read_bytes(path):
    """Content and SHA-256 of a file; `~sunpy_lasco.errors.AssetError` if it cannot be read."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        msg = f"The file {path} cannot be read: {error.strerror}."
        raise AssetError(msg) from error
    return content, sha256_of(content)


def refuse_page(content, place):
    """
    Raise `~sunpy_lasco.errors.AssetError` for an empty file or a web page, which archives return with status
    200 instead of a missing file.
    """
    start = content[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        msg = f"{place} is a web page instead of the file."
        raise AssetError(msg)
    if not content.strip():
        msg = f"{place} is empty."
        raise AssetError(msg)
