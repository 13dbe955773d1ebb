"""
Archives of level 1 as recipes: counts are stored, and level 1 is made when it is accessed.

A recipe is a small table with the names and SHA-256 of level-0.5 files. Its header contains the options,
calibration images, constants and versions used to make level 1.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astropy.io.misc import yaml
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.bulk.context import NearFiles, facts_of
from sunpy_lasco.bulk.identity import asset_digests, asset_names, orbit_digests, versions
from sunpy_lasco.bulk.inputs import find_inputs
from sunpy_lasco.bulk.places import is_address, local_input
from sunpy_lasco.bulk.run import NEAR
from sunpy_lasco.errors import BadFrameError, HeaderError, LascoUserWarning, OptionError
from sunpy_lasco.files import sha256_of, write_whole
from sunpy_lasco.instrument.constants import constants_hash
from sunpy_lasco.level1.options import NAMED_ASSETS, read_options, takes_options
from sunpy_lasco.level1.pipeline import calibrate
from sunpy_lasco.map.reading import open_map

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Unpack

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.level1.option_types import OptionTypes
    from sunpy_lasco.map.sources import CoronagraphMap
    from sunpy_lasco.products.sequence import Sequence

__all__ = ["Recipe", "open_recipe", "pixel_digest", "write_recipe"]

#: Keyword in the header of a recipe, and version of the format.
KIND, FORM = "sunpy_lasco recipe", 1
#: What to do if something has changed.
REACTIONS = ("warn", "raise", "ignore")


def pixel_digest(smap):
    """
    SHA-256 of the pixels of a map.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`

    Returns
    -------
    `str`
        SHA-256 of little-endian float32 numbers, row by row.
    """
    return sha256_of(np.ascontiguousarray(smap.data, "<f4").tobytes())


@takes_options
def write_recipe(
    path: PathLike,
    files: PathLike | Iterable[PathLike],
    *,
    pixels: bool = False,
    together: bool = True,
    overwrite: bool = False,
    **options: Unpack[OptionTypes],
) -> Recipe:
    """
    Write a recipe, a table from which level 1 can be made.

    Parameters
    ----------
    path : path-like
        Name of the table, .ecsv.
    files : path-like, `str`, or sequence of these
        Level-0.5 files; see `~sunpy_lasco.bulk.find_inputs`.
    pixels : `bool`
        Calibrate each frame now and store the SHA-256 of its pixels, to verify images made later.
    together : `bool`
        Whether the files help to fill each other's lost blocks.
    overwrite : `bool`
        Replace a file of that name.
    **options
        Those of `sunpy_lasco.calibrate`.

    Returns
    -------
    `Recipe`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are no files, or an option cannot be stored, such as an array, or a source of calibration
        images that is not a directory.
    sunpy_lasco.errors.HeaderError
        If a file is not a level-0.5 image of LASCO. The error names it.
    FileExistsError
        If the table exists and must not be replaced.

    Examples
    --------
    >>> import sunpy_lasco
    >>> from sunpy_lasco import simulate
    >>> tmp_path = getfixture("tmp_path")
    >>> file = simulate.write_level05(simulate.observe("C3", date="2012-08-31T18:06", seed=1), tmp_path)
    >>> recipe = sunpy_lasco.write_recipe(tmp_path / "august.ecsv", [file], assets="simulated")
    >>> len(recipe)
    1
    >>> sunpy_lasco.open_recipe(tmp_path / "august.ecsv")[0].processing_level
    1.0
    """
    path, names = Path(path), find_inputs(files)
    if not names:
        msg = "There are no level-0.5 files for a recipe."
        raise OptionError(msg)
    chosen = read_options(options)
    rows, assets = [], {}
    for name in names:
        file = local_input(name)
        frame = _frame(file)
        camera = frame.camera.name
        digests = asset_digests(chosen.assets, asset_names(camera, frame.mid_mjd))
        factor = digests.pop(asset_names(camera, frame.mid_mjd)[-1], "")
        assets |= digests
        orbits = _digest(orbit_digests(frame, chosen))
        rows.append((_relative(name, path.parent), sha256_of(file), camera, frame.start.isot, factor, orbits))
    table = Table(rows=rows, names=("file", "sha256", "camera", "time", "factor_sha256", "orbit_sha256"))
    table.meta = {
        KIND: FORM,
        "options": _written(chosen.given()),
        "together": bool(together),
        "assets": dict(sorted(assets.items())),
        "constants": constants_hash(),
        "versions": versions(),
    }
    recipe = Recipe(table, path.parent, on_change="raise")
    if pixels:
        table["pixel_sha256"] = [pixel_digest(smap) for smap in recipe]
    stream = io.StringIO()
    table.write(stream, format="ascii.ecsv")
    write_whole(path, stream.getvalue(), overwrite=overwrite)
    return recipe


def _digest(digests):
    """A combined SHA-256; empty for no values."""
    return sha256_of("\n".join(digests).encode()) if digests else ""


def _frame(file):
    try:
        return facts_of(file)
    except OSError:
        raise
    except Exception as error:
        msg = f"{file} is not a level-0.5 image of LASCO: {str(error).rstrip('.')}."
        raise HeaderError(msg) from error


def _relative(name, folder):
    """The name relative to the folder of the table, so that both can be moved together; else the full path."""
    if is_address(name):
        return name
    path = Path(name).resolve()
    try:
        return path.relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path)


def _written(given):
    """Options as a text."""
    said = {}
    for name, value in given.items():
        if name == "context":
            msg = "A recipe cannot have a context option; its files are each other's context."
            raise OptionError(msg)
        if isinstance(value, os.PathLike):
            value = str(Path(value).resolve())
        elif name in ("assets", "pointing") and isinstance(value, str) and value not in (*NAMED_ASSETS, "stars"):
            value = str(Path(value).expanduser().resolve())
        elif isinstance(value, np.ndarray) and type(value) is np.ndarray:
            msg = f"{name} is an array, which a recipe cannot store."
            raise OptionError(msg)
        said[name] = value
    try:
        return yaml.dump(said)
    except Exception as error:
        msg = f"The options {', '.join(said)} cannot be stored: {error}. Use paths and numbers."
        raise OptionError(msg) from error


def open_recipe(
    path: PathLike, *, root: PathLike | None = None, assets: AssetsLike = None, on_change: str = "warn"
) -> Recipe:
    """
    Open a recipe as a sequence of level-1 maps, each calibrated when it is accessed.

    Parameters
    ----------
    path : path-like
        Table of `write_recipe`.
    root : path-like, optional
        Folder to which the names of the files are relative; by default that of the table.
    assets : optional
        Source of the calibration images, if it differs from that in the recipe; see `sunpy_lasco.calibrate`.
    on_change : `str`
        What to do if an input, a calibration image, the constants, a version or the pixels have changed:
        ``"warn"``, ``"raise"`` or ``"ignore"``.

    Returns
    -------
    `Recipe`

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If the file is not a recipe, or has a later format.
    sunpy_lasco.errors.BadFrameError
        With ``on_change="raise"``.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If something has changed.

    Notes
    -----
    On the same machine and with the same versions the maps are identical to the last bit, elsewhere to 1e-6.
    """
    if on_change not in REACTIONS:
        msg = f"on_change={on_change!r} is unknown; it is one of {', '.join(map(repr, REACTIONS))}."
        raise OptionError(msg)
    path = Path(path)
    try:
        table = Table.read(path, format="ascii.ecsv")
    except OSError:
        raise
    except Exception as error:
        msg = f"{path} is not a recipe: {str(error).splitlines()[0]}"
        raise HeaderError(msg) from error
    if KIND not in table.meta:
        msg = f"{path} is a table, but not a recipe of sunpy_lasco.write_recipe."
        raise HeaderError(msg)
    if table.meta[KIND] != FORM:
        msg = f"{path} has the format {table.meta[KIND]}, but this version supports {FORM}. Install a later version."
        raise HeaderError(msg)
    recipe = Recipe(table, path.parent if root is None else Path(root), assets=assets, on_change=on_change)
    recipe._react(recipe.changes())
    return recipe


class Recipe:
    """
    Level-1 maps of a recipe, calibrated when they are accessed.

    ``len(recipe)``, ``recipe[3]``, ``recipe[10:20]`` (again a recipe) and ``for smap in recipe`` work as for
    a list; maps are not cached.

    Parameters
    ----------
    table : `~astropy.table.Table`
        As `sunpy_lasco.write_recipe` writes it.
    root : path-like
        Folder to which the names of the files are relative.
    assets : optional
        In place of those of the recipe.
    on_change : `str`
        As for `sunpy_lasco.open_recipe`.
    """

    def __init__(self, table: Table, root: PathLike, *, assets: AssetsLike = None, on_change: str = "warn") -> None:
        self._set(table, Path(root), assets, on_change)
        self._numbers = range(len(table))

    def _set(self, table, root, assets, on_change):
        self.table, self.root, self.on_change = table, root, on_change
        given = yaml.load(table.meta["options"])
        self._options = read_options(given if assets is None else given | {"assets": assets})
        self._names = [name if is_address(name) else str(root / name) for name in map(str, table["file"])]

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, item: int | slice) -> CoronagraphMap | Recipe:
        if isinstance(item, slice):
            part = type(self).__new__(type(self))
            part.__dict__ |= self.__dict__
            part._numbers = self._numbers[item]
            return part
        return self._made(self._numbers[item])

    def __iter__(self) -> Iterator[CoronagraphMap]:
        return (self._made(number) for number in self._numbers)

    def __repr__(self):
        times = f", {self.times[0].isot[:19]} to {self.times[-1].isot[:19]}" if len(self) else ""
        return f"<Recipe of {len(self)} frames{times}>"

    @property
    def files(self) -> list[str]:
        """Level-0.5 files: a `list` of `str`."""
        return [self._names[number] for number in self._numbers]

    @property
    def times(self) -> Time:
        """Starts of the exposures by the on-board clock: `~astropy.time.Time`."""
        return Time([str(self.table["time"][number]) for number in self._numbers], scale="utc")

    @property
    def options(self) -> dict[str, Any]:
        """Options of `sunpy_lasco.calibrate`: a `dict`."""
        return self._options.given()

    def sequence(self, **keywords: Any) -> Sequence:
        """
        The frames as a cube whose pixels are made when they are needed.

        Parameters
        ----------
        **keywords
            For `sunpy_lasco.products.Sequence`.

        Returns
        -------
        `sunpy_lasco.products.Sequence`
            Sequence of the same frames as those of the recipe; lost blocks are filled with the help of their
            neighbours.
        """
        from sunpy_lasco.products import Sequence

        numbers = dict(zip(self.files, self._numbers, strict=True))
        return Sequence(self.files, options=lambda name: self._options_of(numbers[name]), **({"lazy": True} | keywords))

    def changes(self) -> list[str]:
        """
        List changes since the recipe was written, except those of inputs, which are checked for each frame.

        Returns
        -------
        `list` of `str`
            One sentence for each; empty if the maps will be identical to the last bit.
        """
        meta, found = self.table.meta, []
        now = versions()
        for name, before in meta["versions"].items():
            if now.get(name) != before:
                found.append(f"{name} is {now.get(name, 'not there')}, and was {before}")
        if constants_hash() != meta["constants"]:
            found.append("the constants of the instrument have changed")
        cameras = sorted(set(map(str, self.table["camera"])))
        here = {}
        for camera in cameras:
            here |= asset_digests(self._options.assets, asset_names(camera))
        for name in sorted(set(here) | set(meta["assets"])):
            if here.get(name) != meta["assets"].get(name):
                state = "is missing" if name not in here else "is new" if name not in meta["assets"] else "is another"
                found.append(f"the calibration file {name} {state}")
        return found

    def _react(self, found, error=BadFrameError):
        if not found or self.on_change == "ignore":
            return
        msg = f"Level 1 may differ from that of the recipe: {'; '.join(found)}."
        if self.on_change == "raise":
            raise error(msg)
        warnings.warn(msg, LascoUserWarning, stacklevel=4)

    def _made(self, number):
        row, name = self.table[number], self._names[number]
        file = local_input(name)
        changed = []
        if sha256_of(file) != str(row["sha256"]):
            changed.append(f"{name} has changed (SHA-256)")
        frame = _frame(file)
        factor = asset_names(frame.camera.name, frame.mid_mjd)[-1]
        if asset_digests(self._options.assets, [factor]).get(factor, "") != _text(row["factor_sha256"]):
            changed.append(f"the exposure factors {factor} have changed or are new")
        if _digest(orbit_digests(frame, self._options)) != _text(row["orbit_sha256"]):
            changed.append("the orbit files of that day have changed or are new")
        smap = calibrate(open_map(file), **self._options_of(number))
        self._react(changed)
        if "pixel_sha256" in self.table.colnames and pixel_digest(smap) != str(row["pixel_sha256"]):
            self._react([f"the pixels of {name} differ from those in the recipe"])
        return smap

    def _options_of(self, number):
        """Options of `sunpy_lasco.calibrate` for a frame, with its neighbours as the context."""
        options = self._options.given()
        if self.table.meta["together"] and self._options.inpaint is not None:
            near = (*self._names[max(0, number - NEAR) : number], *self._names[number + 1 : number + 1 + NEAR])
            options["context"] = NearFiles(local_input(self._names[number]), near) if near else None
        return options


def _text(cell):
    """A cell of a table; an empty text if it is masked."""
    return "" if np.ma.is_masked(cell) else str(cell)
