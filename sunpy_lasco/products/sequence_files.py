"""
Files of sequences: FITS cubes, and Zarr for sequences larger than memory.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS

from sunpy.util import MetaDict

from sunpy_lasco.errors import BadFrameError, OptionError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.products.sequence import Sequence

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike

__all__ = ["read_sequence", "write_sequence"]

#: Names of the extensions, and of the arrays of Zarr.
SIGMA, FLAGS, FRAMES = "SIGMA", "FLAGS", "FRAMES"
#: Value of the card PRODUCT.
PRODUCT = "sequence"


def write_sequence(sequence: Sequence, path: PathLike, *, overwrite: bool = False) -> Path:
    """
    Write a sequence to a FITS cube, or to Zarr.

    Parameters
    ----------
    sequence : `Sequence`
    path : path-like
        A name that ends in .fits or .fts writes a single file, for which all pixels are loaded. A name that ends
        in .zarr writes a folder frame by frame, which requires the package zarr.
    overwrite : `bool`
        Replace existing files.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the name has another extension.
    FileExistsError
        If the path exists and ``overwrite`` is False.

    Notes
    -----
    The first image is the cube, with the WCS of its pixels and the number of the frame. SIGMA and FLAGS are
    images of the same shape, and FRAMES contains the headers of all frames as JSON, in bytes.
    """
    path = Path(path)
    if path.suffix == ".zarr":
        return _write_zarr(sequence, path, overwrite=overwrite)
    if path.suffix not in (".fits", ".fts"):
        msg = f"{path.name} ends neither in .fits nor in .zarr."
        raise OptionError(msg)
    held = sequence.computed()
    header = held.wcs.to_header()
    header["BUNIT"] = held.unit.to_string()
    header["DETECTOR"] = held.detector
    header["PRODUCT"] = PRODUCT
    header["DATE-BEG"], header["DATE-END"] = held.time[0].isot, held.time[-1].isot
    hdus = [fits.PrimaryHDU(held.data, header)]
    if held.sigma is not None:
        hdus.append(fits.ImageHDU(held.sigma, name=SIGMA))
    hdus.append(fits.ImageHDU(held.flags, name=FLAGS))
    hdus.append(fits.ImageHDU(np.frombuffer(_frames_text(held).encode(), np.uint8), name=FRAMES))
    with atomic_path(path, overwrite=overwrite) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        fits.HDUList(hdus).writeto(temporary, checksum=True, overwrite=True)
    return path


def read_sequence(path: PathLike) -> Sequence:
    """
    Read a sequence written by `write_sequence`.

    Parameters
    ----------
    path : path-like
        A FITS cube, or a Zarr folder, whose pixels are read when they are accessed.

    Returns
    -------
    `Sequence`

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If the file is damaged or not a sequence.
    """
    path = Path(path)
    if path.suffix == ".zarr":
        return _read_zarr(path)
    try:
        with fits.open(path, checksum=True, memmap=False) as hdus:
            if hdus[0].header.get("PRODUCT") != PRODUCT:
                msg = f"{path} is not a sequence (PRODUCT = {hdus[0].header.get('PRODUCT')!r})."
                raise BadFrameError(msg)
            parts = {hdu.name: np.asarray(hdu.data, hdu.data.dtype.newbyteorder("=")) for hdu in hdus[1:]}
            data = np.asarray(hdus[0].data, hdus[0].data.dtype.newbyteorder("="))
            header = hdus[0].header.copy()
    except (OSError, TypeError, AttributeError) as error:
        if isinstance(error, FileNotFoundError | BadFrameError):
            raise
        msg = f"{path} is damaged or not a FITS file: {error}"
        raise BadFrameError(msg) from error
    if FLAGS not in parts or FRAMES not in parts:
        msg = f"{path} lacks {FLAGS} or {FRAMES}: it is truncated."
        raise BadFrameError(msg)
    frames = json.loads(parts[FRAMES].tobytes().decode())
    return _made(data, parts.get(SIGMA), parts[FLAGS], frames, _wcs_of(header), header["BUNIT"])


def _frames_text(sequence):
    common = None
    if sequence.common is not None:
        common = {
            name: [float(u.Quantity(value).value), u.Quantity(value).unit.to_string()]
            for name, value in sequence.common.items()
        }
    frames = {
        "headers": [dict(header) for header in sequence.headers],
        "times": [time.isot for time in sequence.time],
        "rolled": [bool(one) for one in sequence.rolled],
        "common": common,
    }
    return json.dumps(frames, default=_plain)


def _plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)


def _wcs_of(header):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        return WCS(fits.Header([card for card in header.cards if card.keyword not in ("DETECTOR", "PRODUCT")]), naxis=3)


def _made(data, sigma, flags, frames, wcs, unit):
    common = frames["common"]
    if common is not None:
        quantities = {name: value * u.Unit(text) for name, (value, text) in common.items()}
        common = {
            name: value.value if value.unit == u.dimensionless_unscaled else value for name, value in quantities.items()
        }
    return Sequence._of_parts(
        data,
        sigma,
        flags,
        wcs=wcs,
        unit=u.Unit(unit),
        headers=tuple(MetaDict(header) for header in frames["headers"]),
        common=common,
        rolled=np.array(frames["rolled"]),
        times=Time(frames["times"], scale="utc"),
    )


def _write_zarr(sequence, path, *, overwrite):
    import zarr

    if path.exists() and not overwrite:
        msg = f"{path} already exists; overwrite=True replaces it."
        raise FileExistsError(msg)
    # A folder is renamed when it is complete.
    temporary = path.with_name(f".{path.name}.unfinished")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        group = zarr.open_group(temporary, mode="w")
        chunks = (1, *sequence.shape[1:])
        kinds = {"data": sequence.data.dtype, FLAGS.lower(): np.uint8}
        if sequence.sigma is not None:
            kinds[SIGMA.lower()] = sequence.sigma.dtype
        arrays = {
            name: group.create_array(name, shape=sequence.shape, chunks=chunks, dtype=kind)
            for name, kind in kinds.items()
        }
        for number in range(len(sequence)):
            data, sigma, flags = sequence._frame_parts(number)
            arrays["data"][number], arrays[FLAGS.lower()][number] = data, flags
            if sigma is not None:
                arrays[SIGMA.lower()][number] = sigma
        group.attrs.update(
            {
                "product": PRODUCT,
                "frames": _frames_text(sequence),
                "wcs": sequence.wcs.to_header().tostring(sep="\n"),
                "unit": sequence.unit.to_string(),
            }
        )
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return path


def _read_zarr(path):
    import dask.array as da
    import zarr

    if not path.is_dir():
        msg = f"{path} does not exist."
        raise FileNotFoundError(msg)
    group = zarr.open_group(path, mode="r")
    if group.attrs.get("product") != PRODUCT:
        msg = f"{path} is not a sequence."
        raise BadFrameError(msg)
    parts = {name: da.from_zarr(group[name]) for name in ("data", SIGMA.lower(), FLAGS.lower()) if name in group}
    header = fits.Header.fromstring(group.attrs["wcs"], sep="\n")
    return _made(
        parts["data"],
        parts.get(SIGMA.lower()),
        parts[FLAGS.lower()],
        json.loads(group.attrs["frames"]),
        _wcs_of(header),
        group.attrs["unit"],
    )
