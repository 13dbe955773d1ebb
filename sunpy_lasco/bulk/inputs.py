"""
Input files from names, directories, tables and lists.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sunpy_lasco.bulk.places import is_address
from sunpy_lasco.errors import LascoError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from sunpy_lasco.annotations import PathLike

__all__ = ["find_inputs"]

#: Endings of the names of images, and of tables.
IMAGES = (".fts", ".fits", ".fts.gz", ".fits.gz")
TABLES = (".ecsv", ".csv", ".txt", ".lst")
#: Columns of tables in which names of files are looked for.
COLUMNS = ("file", "path", "filename", "name")
#: Folders of level-1 files, which are not looked into.
OUTPUTS = ("sunpy_lasco_level1", "sunpy_lasco_solarsoft")


def find_inputs(given: PathLike | Iterable[PathLike], *, stream: Any = None) -> list[str]:
    """
    Find input files.

    Parameters
    ----------
    given : path-like, `str`, or sequence of these
        Images; directories, which are searched recursively, without level-1 files of this package; tables
        (.ecsv, .csv) with a column file, path, filename or name, and lists (.txt, .lst) with one name per
        line, relative to their own folder; addresses for fsspec; ``"-"`` for names from ``stream``.
    stream : file, optional
        By default standard input.

    Returns
    -------
    `list` of `str`
        Without duplicates, sorted by the names without folders, which for names of the archive is the order
        of time within a camera.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If a table has no such column.
    """
    if isinstance(given, str | os.PathLike):
        given = [given]
    found = []
    for one in given:
        name = os.fspath(one)
        if name == "-":
            found += [line.strip() for line in (stream or sys.stdin) if line.strip()]
        elif is_address(name):
            found += _addresses(name)
        elif Path(name).is_dir():
            found += _images(name)
        elif name.lower().endswith(TABLES) and Path(name).is_file():
            found += _listed(Path(name))
        else:
            found.append(name)
    return sorted(dict.fromkeys(found), key=lambda name: (name.rsplit("/", 1)[-1], name))


def _images(directory):
    for folder, folders, names in os.walk(directory):
        folders[:] = [one for one in folders if one not in OUTPUTS and not one.startswith(".")]
        yield from (
            os.path.join(folder, name)  # noqa: PTH118 - Path takes ten times as long, which counts for a million
            for name in names
            if name.lower().endswith(IMAGES) and not name.startswith(".")
        )


def _addresses(name):
    if name.lower().endswith(IMAGES):
        return [name]
    import fsspec

    fs, path = fsspec.core.url_to_fs(name)
    found = [one for one in fs.find(path) if one.lower().endswith(IMAGES)]
    return [fs.unstrip_protocol(one) for one in found if not set(OUTPUTS) & set(one.split("/"))]


def _listed(path):
    if path.suffix.lower() in (".txt", ".lst"):
        names = [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    else:
        from astropy.table import Table

        table = Table.read(path, format="ascii.ecsv" if path.suffix.lower() == ".ecsv" else "ascii.csv")
        column = next((name for name in COLUMNS if name in table.colnames), None)
        if column is None:
            msg = f"{path} has none of the columns {', '.join(COLUMNS)} with names of files."
            raise LascoError(msg)
        names = [str(name) for name in table[column]]
    return [name if is_address(name) else str(path.parent / name) for name in names]
