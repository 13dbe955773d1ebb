"""
Level-1 files.

A file holds one image and binary tables with the flags and the uncertainty of all pixels, and with the light
path, from which the parts of the uncertainty are computed. With further image extensions `sunpy.map.Map`
would return several maps.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astropy.io import fits
from astropy.io.fits.verify import VerifyError
from astropy.nddata import StdDevUncertainty
from astropy.utils.exceptions import AstropyWarning

import sunpy.map

from sunpy_lasco.errors import BadFrameError, HeaderError, LascoError, LascoUserWarning, OptionError
from sunpy_lasco.files import atomic_path, content_of, is_plain_name, refuse_sizes, time_of_writing
from sunpy_lasco.instrument.headers import header_level
from sunpy_lasco.instrument.light_path import LightPath
from sunpy_lasco.level1.fits_bytes import (
    TILE_ROWS,
    encode_image,
    encode_packed_image,
    encode_packed_table,
    encode_table,
    header_lines,
    packed_array,
    packing_of,
    sums_of,
)
from sunpy_lasco.level1.scaling import LOG_STEP, decode_logarithm, encode_logarithm
from sunpy_lasco.map.checksum import require_brightness
from sunpy_lasco.map.edit import replace
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.pixel_flags import FLAG_MEANINGS, PixelFlag

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["read_level1", "verified_header", "write_level1"]

#: Name of the table with flags and uncertainty.
PIXELS = "PIXELS"
#: Name of the table with inverse vignetting and stray light on a coarse grid of the detector.
LIGHT_PATH = "LIGHTPATH"
#: Column of sigma, and of its logarithm in compact files.
SIGMA, LOG_SIGMA = "SIGMA", "LNSIGMA"
#: Ways to write a file.
COMPRESSIONS = ("none", "gzip", "compact")
#: Values of ORIGIN for the two kinds of files.
ORIGIN = "sunpy_lasco"
#: Size limit of a level-1 file, bytes; a full frame has 10.0 MB.
LARGEST = 256_000_000


def level1_folder(smap):
    """
    Folder of a level-1 file below the output directory.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `pathlib.Path`
        ``sunpy_lasco_level1/YYMMDD/c2``: a separate folder, so that these files, which have the names of the
        official ones, are not mistaken for them.
    """
    return Path("sunpy_lasco_level1") / smap.date.isot[2:10].replace("-", "") / smap.detector.lower()


def level1_path(smap, path):
    """
    Path of the file to which a level-1 map is written.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    path : path-like
        A file name that ends in .fts, .fits or .gz, or a directory.

    Returns
    -------
    `pathlib.Path`
        Never outside that directory.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If FILENAME is not the plain name of a file.
    """
    path = Path(path)
    if path.suffix.lower() in (".fts", ".fits", ".gz"):
        return path
    name = str(smap.meta.get("filename", ""))
    if not is_plain_name(name):
        msg = (
            f"FILENAME is {name!r}, which is not a plain file name (letters, digits, underscores and .fts or .fits). "
            "Pass a complete file name that ends in .fts."
        )
        raise HeaderError(msg)
    return path / level1_folder(smap) / name


def write_level1(
    smap: CoronagraphMap, path: PathLike, *, overwrite: bool = False, compress: str | bool = "none"
) -> Path:
    """
    Write a level-1 map with its flags and uncertainty.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, as for `sunpy_lasco.calibrate`.
    path : path-like
        A file name that ends in .fts, .fits or .gz; or a directory, in which the file is sorted by date and
        camera.
    overwrite : `bool`
        Replace an existing file.
    compress : `str` or `bool`
        ``"none"``; ``"gzip"`` or True for .gz, which is also implied by the ending of the name; ``"compact"``
        for a file of a third of the size, in which the image is exact to the last bit and sigma to 0.5 %.

    Returns
    -------
    `pathlib.Path`
        The file.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there is no such compression, or if a compact file would also be compressed with gzip.
    sunpy_lasco.errors.LascoError
        If the map is not level 1, is not an exposure but a difference, a multiple and so on, or has no plain
        file name although ``path`` is a directory.
    FileExistsError
        If the file exists and may not be replaced.
    OSError
        If it cannot be written, for example because the disk is full.

    Notes
    -----
    Data are float32, with checksums. A compact file contains tile-compressed HDUs as defined by the FITS
    standard (GZIP_2): an image, which every FITS reader supports, and a table. The file is written completely
    or not at all. Equal maps give equal files except for the time of writing (DATE and the comments of the
    checksums), which the environment variable SOURCE_DATE_EPOCH sets.
    """
    if isinstance(compress, bool):
        compress = "gzip" if compress else "none"
    if compress not in COMPRESSIONS:
        msg = f"compress={compress!r} is unknown; it is one of {', '.join(map(repr, COMPRESSIONS))}."
        raise OptionError(msg)
    if str(smap.meta.get("level", "")).strip() != "1.0":
        msg = f"{smap.meta.get('filename', 'The map')} is not level 1; use calibrate() first."
        raise LascoError(msg)
    require_brightness(smap, "written as level 1 (its method save writes it)")
    target = level1_path(smap, path)
    if compress == "compact" and target.suffix == ".gz":
        msg = f"{target.name}: compact files are not compressed with gzip again; use a name that ends in .fts."
        raise OptionError(msg)
    if compress == "gzip" and target.suffix != ".gz":
        target = target.with_name(target.name + ".gz")
    parts = _encoded(smap, packed=compress == "compact")
    with atomic_path(target, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        if target.suffix == ".gz":
            # Without name and time, so that equal maps give equal files.
            with gzip.GzipFile("", "wb", 6, file, 0) as stream:
                stream.writelines(parts)
        else:
            file.writelines(parts)
    return target


def _encoded(smap, *, packed):
    """The file, as buffers to be written in turn."""
    header = _lines(smap)
    image, table = (encode_packed_image, encode_packed_table) if packed else (encode_image, encode_table)
    parts = image(np.asarray(smap.data, np.float32), header)
    cards, comments = _meanings()
    if packed and smap.uncertainty is not None:
        cards["lnstep"], comments["lnstep"] = LOG_STEP, f"sigma = exp(LNSTEP {LOG_SIGMA}) MSB"
    parts += table(_columns(smap, packed=packed), header_lines(cards, comments), name=PIXELS)
    if smap._light_path is not None and not smap._light_path.is_empty:
        parts += table(_light_path_columns(smap._light_path), [], name=LIGHT_PATH)
    return parts


#: Cards of a map that describe the storage of another array, or are not cards.
NOT_WRITTEN = ("bscale", "bzero", "blank", "keycomments")


def _lines(smap):
    """The header of a map, as lines."""
    cards = dict(smap._printable_header())
    comments = {card.lower(): text for card, text in (cards.get("keycomments") or {}).items()}
    for card in NOT_WRITTEN:
        cards.pop(card, None)
    cards["date"], comments["date"] = time_of_writing(), "when the file was written, UTC"
    lines = header_lines(cards, comments)
    if lines is not None:
        return lines
    # sunpy converts other values or, with a warning, omits them.
    header = smap.fits_header
    for card in NOT_WRITTEN:
        header.remove(card, ignore_missing=True)
    header["DATE"] = cards["date"], comments["date"]
    return header


def _columns(smap, *, packed):
    """Name, unit and array of each column of the table; its rows are those of the image."""
    columns = [("FLAGS", None, flags_of(smap))]
    if smap.uncertainty is not None:
        sigma = np.asarray(smap.uncertainty.array, np.float32)
        columns.append((LOG_SIGMA, None, encode_logarithm(sigma)) if packed else (SIGMA, "MSB", sigma))
    return columns


def _meanings():
    """Cards with the meaning of the flags, and their comments."""
    cards = {f"flag{int(getattr(PixelFlag, name)):03d}": name for name in FLAG_MEANINGS}
    return cards, dict(zip(cards, FLAG_MEANINGS.values(), strict=True))


def _light_path_columns(path):
    """Name, unit and grid of each column of the table of a light path."""
    grids = (("VIGNETTING", None, path.vignetting), ("STRAYLIGHT", "MSB", path.stray_light))
    return [column for column in grids if column[2] is not None]


def read_level1(file: PathLike) -> CoronagraphMap:
    """
    Read a level-1 file with its flags and uncertainty.

    Parameters
    ----------
    file : path-like

    Returns
    -------
    `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        With ``uncertainty``, its parts for `sunpy_lasco.uncertainty`, and flags for `sunpy_lasco.flags`. For
        files without them, such as official ones, only the map.

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If the file is truncated, or if image or table were altered according to DATASUM or the checksum of
        gzip.
    sunpy_lasco.errors.HeaderError
        If it is not a level-1 file of LASCO, if a file of this package lacks its table, or if the table was
        not written by this package or does not match the image.
    FileNotFoundError
        If there is no such file.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If cards were changed after the file was written, so that CHECKSUM is wrong although image and table
        are intact; or if there are no checksums.
    """
    content = content_of(file, limit=LARGEST)
    refuse_sizes(file, content)
    with _understood(file), _opened(file, content) as hdus:
        image = hdus[1] if len(hdus) > 1 and "ZIMAGE" in hdus[1].header else hdus[0]
        if PIXELS not in [hdu.name for hdu in hdus]:
            if str(image.header.get("ORIGIN", "")).strip() == ORIGIN:
                msg = (
                    f"{file} comes from this package but lacks the table {PIXELS} with flags and uncertainty; it was "
                    "truncated or written by another program. sunpy.map.Map reads only the image."
                )
                raise HeaderError(msg)
            return _lasco(file, sunpy.map.Map(file))
        _verify(file, content, hdus)
        data = _image(file, content, image)
        table = _table(file, content, hdus[PIXELS], data.shape)
        light_path = _light_path(file, content, hdus, image.header)
        smap = _lasco(file, sunpy.map.Map((data, _meta(_image_cards(image.header)))))
    sigma = table.get(SIGMA)
    if LOG_SIGMA in table:
        sigma = decode_logarithm(table[LOG_SIGMA])
    uncertainty = None if sigma is None else StdDevUncertainty(sigma, unit=None, copy=False)
    return replace(smap, data=smap.data, flags=table["FLAGS"], uncertainty=uncertainty, light_path=light_path)


def verified_header(file):
    """
    The header of a level-1 file, after verifying all of its bytes.

    Parameters
    ----------
    file : path-like

    Returns
    -------
    `~astropy.io.fits.Header`
        Header of the image.

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If it is not a FITS file, is truncated, or if image, table or cards were altered.
    OSError
        If it cannot be read.
    """
    content = content_of(file, limit=LARGEST)
    refuse_sizes(file, content)
    with warnings.catch_warnings(), _understood(file), _opened(file, content) as hdus:
        warnings.simplefilter("error", LascoUserWarning)
        try:
            _verify(file, content, hdus)
        except LascoUserWarning as warning:
            raise BadFrameError(str(warning)) from None
        return _image_cards((hdus[1] if len(hdus) > 1 and "ZIMAGE" in hdus[1].header else hdus[0]).header)


@contextlib.contextmanager
def _understood(file):
    """Convert errors of other packages to one that names the file."""
    try:
        yield
    except LascoError:
        raise
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, VerifyError) as error:
        msg = f"{file} cannot be understood as a level-1 file: {str(error).rstrip('.')}."
        raise BadFrameError(msg) from error


def _opened(file, content):
    """The HDUs of a file, none of which may be truncated."""
    with warnings.catch_warnings():
        # Its warnings lead to errors of this package.
        warnings.simplefilter("ignore", AstropyWarning)
        hdus = fits.open(io.BytesIO(content), memmap=False, disable_image_compression=True)
        places = [hdu.fileinfo() for hdu in hdus]
    end = places[-1]["datLoc"] + places[-1]["datSpan"]
    if len(content) < end:
        msg = f"{file} is truncated: it has {len(content)} of {end} bytes. Copy or create it again."
        raise BadFrameError(msg)
    return hdus


def _lasco(file, smap):
    """The map, if it can be read as level 1."""
    if not hasattr(smap, "_flags"):
        msg = f"{file} is not an image of LASCO C2 or C3."
        raise HeaderError(msg)
    if header_level(smap.meta) == 0.5:
        msg = f"{file} is level 0.5; read it with sunpy.map.Map and calibrate it with calibrate()."
        raise HeaderError(msg)
    return smap


def _verify(file, content, hdus):
    """Verify the checksums of image and table."""
    changed, unknown = [], []
    for hdu in hdus:
        place, what = hdu.fileinfo(), _called(hdu)
        start, data_start, end = place["hdrLoc"], place["datLoc"], place["datLoc"] + place["datSpan"]
        found, is_unchanged = sums_of(content, start, data_start, end)
        stated = hdu.header.get("DATASUM")
        if stated is None:
            unknown.append(what)
        elif str(stated).strip() != str(found):
            msg = (
                f"{file}: the {what} was altered: its checksum is {found}, but DATASUM is {stated}. Copy or create "
                "the file again; to change pixels on purpose, write them with astropy's checksum=True."
            )
            raise BadFrameError(msg)
        elif not is_unchanged:
            changed.append(what)
    if len(content) > end:
        # Zeros inserted between the numbers do not change the checksum.
        msg = f"{file} is {len(content) - end} bytes longer than its headers state. Copy or create it again."
        raise BadFrameError(msg)
    told = []
    if changed:
        told.append(f"cards of the {_listed(changed)} were changed after it was written (CHECKSUM)")
    if unknown:
        told.append(f"the {_listed(unknown)} cannot be verified, because the card DATASUM was removed")
    if told:
        warnings.warn(f"{file}: {'; '.join(told)}.", LascoUserWarning, stacklevel=3)


def _called(hdu):
    return "image" if hdu.name == "PRIMARY" or "ZIMAGE" in hdu.header else f"table {hdu.name}"


def _listed(names):
    return f"{', the '.join(names[:-1])} and the {names[-1]}" if len(names) > 1 else names[0]


def _meta(header):
    """
    A header in the form in which sunpy reads it from a file, with HISTORY as one text and the comments in a
    dictionary.
    """
    texts = {card: "\n".join(header.get(card, ())).strip() for card in ("COMMENT", "HISTORY")}
    meta = {card.lower(): texts.get(card, value) for card, value in header.items() if card}
    meta |= {card.lower(): text for card, text in texts.items()}
    meta["keycomments"] = {card.keyword: card.comment for card in header.cards if card.comment}
    return meta


def _image_cards(header):
    """The original header of a compressed image; other headers unchanged."""
    if "ZIMAGE" not in header:
        return header
    cards = header.copy(strip=False)
    for card in ("XTENSION", "PCOUNT", "GCOUNT", "TFIELDS", "TTYPE1", "TFORM1", "ZIMAGE", "EXTNAME", *cards["ZTILE*"]):
        cards.remove(card)
    for card in ("ZCMPTYPE", "ZQUANTIZ"):
        cards.remove(card)
    structure = [(card[1:], header[card], header.comments[card]) for card in cards["Z*"]]
    for card in cards["Z*"]:
        cards.remove(card)
    for card, *_ in structure:
        cards.remove(card, ignore_missing=True)
    return fits.Header([*structure, *cards.cards])


def _packed_rows(content, hdu):
    """Lengths and offsets of the tiles, shape (rows, columns, 2), and the heap that holds them."""
    header, start = hdu.header, hdu.fileinfo()["datLoc"]
    columns, rows, width = header["TFIELDS"], header["NAXIS2"], header["NAXIS1"]
    if width != 8 * columns or any(not header[f"TFORM{n + 1}"].lstrip("1").startswith("PB") for n in range(columns)):
        msg = f"the tiles of {_called(hdu)} are not columns of bytes"
        raise ValueError(msg)
    places = _array(content, hdu, ">i4", 2 * columns * rows).reshape(rows, columns, 2)
    return places, memoryview(content)[start + width * rows : start + width * rows + header["PCOUNT"]]


#: Cards of a compressed image of this package.
PACKED = {"ZBITPIX": -32, "ZNAXIS": 2, "ZCMPTYPE": "GZIP_2", "ZQUANTIZ": "NONE"}


def _image(file, content, hdu):
    """
    The image, as native float32.

    astropy would copy it twice before swapping the bytes, and takes twice as long to decompress tiles.
    """
    header = hdu.header
    if "ZIMAGE" in header:
        shape = header["ZNAXIS2"], header["ZNAXIS1"]
        tile = header["ZTILE2"], header["ZTILE1"]
        if tile != (min(TILE_ROWS, shape[0]), shape[1]) or any(header[card] != value for card, value in PACKED.items()):
            msg = (
                f"{file}: the image is not compressed with GZIP_2, as this package does; the file was changed. "
                "sunpy.map.Map reads only the image."
            )
            raise HeaderError(msg)
        rows, heap = _packed_rows(content, hdu)
        return packed_array(rows[:, 0], heap, shape, np.float32)
    if (header["BITPIX"], header["NAXIS"]) != (-32, 2) or {"BSCALE", "BZERO"} & set(header):
        msg = f"{file}: the image is not float32, as this package writes it; the file was changed."
        raise HeaderError(msg)
    shape = header["NAXIS2"], header["NAXIS1"]
    return _array(content, hdu, ">f4", shape[0] * shape[1]).reshape(shape).astype(np.float32)


def _array(content, hdu, dtype, count):
    return np.frombuffer(content, dtype, count, hdu.fileinfo()["datLoc"])


def _light_path(file, content, hdus, meta):
    """The light path of a file; None if it is unknown, as in files of older versions."""
    if LIGHT_PATH not in [hdu.name for hdu in hdus]:
        corrected = "VIGFILE" in meta or "RAMPFILE" in meta
        return LightPath() if "CALFSIG" in meta and not corrected else None
    grids = _table(file, content, hdus[LIGHT_PATH], LightPath.SHAPE, whole="the grid")
    return LightPath(grids.get("VIGNETTING"), grids.get("STRAYLIGHT"))


#: Types of the columns of the tables that are read.
KINDS = {
    "FLAGS": ("B", np.uint8),
    SIGMA: ("E", np.float32),
    LOG_SIGMA: ("I", np.int16),
    "VIGNETTING": ("E", np.float32),
    "STRAYLIGHT": ("E", np.float32),
}


def _table(file, content, hdu, shape, *, whole="the image"):
    """Columns of a table by name, in the shape of the image or another given shape."""
    columns = getattr(hdu, "columns", None)
    found = getattr(columns, "names", [])
    if "FLAGS" not in found and hdu.name == PIXELS:
        columns = ", ".join(found) or "unknown"
        msg = f"{file}: the table {PIXELS} was not written by this package: its columns are {columns}."
        raise HeaderError(msg)
    packed = bool(hdu.header.get("ZTABLE"))
    if not packed and columns.dtype.itemsize != hdu.header["NAXIS1"]:
        msg = f"{file}: the columns of the table {hdu.name} do not fill its rows; the file was changed."
        raise HeaderError(msg)
    read = (_packed_columns if packed else _plain_columns)(content, hdu, columns)
    table = {}
    for name, (letter, kind) in KINDS.items():
        if name not in found:
            continue
        form, column_shape, column = read(name, kind)
        if form != letter or columns[name].bzero or columns[name].bscale:
            msg = (
                f"{file}: the column {name} of the table {hdu.name} has the format {form!r}, where {letter!r} "
                f"({np.dtype(kind).name}) is expected; the file was changed by another program."
            )
            raise HeaderError(msg)
        if column_shape != shape:
            msg = (
                f"{file}: the column {name} of the table {hdu.name} has the shape {column_shape}, {whole} {shape}; the "
                "file was changed."
            )
            raise HeaderError(msg)
        table[name] = column()
    return table


def _plain_columns(content, hdu, columns):
    """A function that maps the name of a column to its format, its shape, and a function that reads it."""
    rows = _array(content, hdu, columns.dtype.newbyteorder(">"), hdu.header["NAXIS2"])

    def read(name, kind):
        column = rows[name].reshape(len(rows), -1)
        return columns[name].format.lstrip("0123456789"), column.shape, lambda: column.astype(kind)

    return read


def _packed_columns(content, hdu, columns):
    """The same for a compressed table."""
    rows, heap = _packed_rows(content, hdu)
    header = hdu.header

    def read(name, kind):
        number = columns.names.index(name)
        form, algorithm = header[f"ZFORM{number + 1}"], header[f"ZCTYP{number + 1}"]
        width = form.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        shape = header["ZNAXIS2"], int(width or 1)
        if algorithm != packing_of(kind) or header["ZTILELEN"] != min(TILE_ROWS, shape[0]):
            msg = f"the column {name} is compressed with {algorithm}, {header['ZTILELEN']} rows at a time"
            raise ValueError(msg)
        return form[len(width) :], shape, lambda: packed_array(rows[:, number], heap, shape, kind)

    return read
