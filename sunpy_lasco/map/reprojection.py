"""
Reprojection of maps to another WCS.
"""

import copy
import warnings

import numpy as np
import reproject

import astropy.units as u
import astropy.wcs
from astropy.io import fits
from astropy.wcs.utils import pixel_to_pixel

import sunpy.map
from sunpy.util import MetaDict
from sunpy.util.util import extent_in_other_wcs

from sunpy_lasco.errors import IncompatibleMapsError, LascoUserWarning
from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["reprojected", "target_of"]

ALGORITHMS = {
    "interpolation": reproject.reproject_interp,
    "adaptive": reproject.reproject_adaptive,
    "exact": reproject.reproject_exact,
}
#: Number of pixels of the target along each axis that are tested first.
PROBES = 33
#: Stems of the cards that the WCS of the target replaces.
WCS_CARDS = (
    *("wcsaxes", "wcsname", "ctype", "cunit", "crpix", "crval", "cdelt", "crota", "pc1_", "pc2_", "cd1_", "cd2_"),
    *("pv1_", "pv2_", "lonpole", "latpole", "radesys", "equinox", "mjd", "a_", "b_", "ap_", "bp_", "xcen", "ycen"),
    *("naxis", "hgln_obs", "hglt_obs", "crln_obs", "crlt_obs", "dsun_obs", "obssrc", "obserr", "obsgeo"),
    *("rsun", "solar_r", "date-avg", "date_obs", "time-obs", "time_obs", "dateref", "timesys"),
)


def target_of(target, shape=None):
    """
    A copy of the WCS given as a WCS, a map, or the header of a map; the shape (ny, nx) is added if it is
    missing.

    For a header of C2 or C3 the WCS of its map is used, since the cards themselves are often wrong.
    """
    if isinstance(target, astropy.wcs.WCS):
        return copy.deepcopy(target)
    if isinstance(target, sunpy.map.GenericMap):
        return copy.deepcopy(target.wcs)
    meta = MetaDict(target)
    ours = squeezed(meta.get("instrume") or "") == "LASCO"
    if shape is None and meta.get("naxis1") and meta.get("naxis2"):
        shape = int(meta["naxis2"]), int(meta["naxis1"])
    elif shape is None and ours:
        shape = _read_out(meta)
    if shape is not None and ours:
        return copy.deepcopy(sunpy.map.Map(np.broadcast_to(np.float32(0), shape), meta).wcs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", astropy.wcs.FITSFixedWarning)
        return astropy.wcs.WCS(fits.Header({card: value for card, value in meta.items() if _is_plain(card, value)}))


def _read_out(meta):
    """Shape of the part of the detector that was read out, from its cards; None if they are missing."""
    try:
        return tuple(
            (int(meta[f"r2{axis}"]) - int(meta[f"r1{axis}"]) + 1)
            // (max(int(meta[f"sum{axis}"]), 1) * max(int(meta[leb]), 1))
            for axis, leb in (("row", "lebysum"), ("col", "lebxsum"))
        )
    except (KeyError, TypeError, ValueError):
        return None


def _is_plain(card, value):
    """Whether a card may be part of a WCS, i.e. is not a comment and is valid in FITS."""
    told = card in ("history", "comment", "keycomments", "")
    return not told and isinstance(value, str | int | float) and "\n" not in str(value)


def reprojected(smap, target, algorithm, *, sigma, flags, options):
    """
    Reproject a map with a standard header, and NaN in masked pixels, to another WCS; returns the map and its
    footprint, 1 or 0.

    The target is as for `target_of`, the algorithm ``"interpolation"``, ``"adaptive"`` or ``"exact"``;
    ``sigma`` (or None) and ``flags`` are those of the pixels, and the options those of
    `~sunpy.map.GenericMap.reproject_to` and of the functions of reproject.
    """
    options = dict(options)
    keep_date = options.pop("preserve_date_obs", True)
    auto_extent = options.pop("auto_extent", None)
    if algorithm not in ALGORITHMS:
        msg = f"algorithm={algorithm!r} is unknown; it is one of {', '.join(map(repr, ALGORITHMS))}."
        raise ValueError(msg)
    shape = options.pop("shape_out", None)
    wcs = target_of(target, shape)
    with warnings.catch_warnings():
        # An error below replaces the less clear warning of sunpy.
        warnings.filterwarnings("ignore", message="The conversion of these 2D helioprojective")
        if auto_extent is not None:
            _fit_extent(wcs, smap, auto_extent)
        shape = tuple(shape or wcs.array_shape or ())
        if len(shape) != 2:
            msg = "The target has no size (NAXIS1 and NAXIS2): pass shape_out=(ny, nx)."
            raise IncompatibleMapsError(msg)
        wcs.array_shape = shape
        _require_sight(smap, wcs)
        rows, columns = np.indices(smap.data.shape, dtype=float)
        # Transforming pixels through the WCS takes most of the time, so all arrays are reprojected
        # together, including row and column numbers, which give the nearest pixel.
        parts = [smap.data, rows, columns]
        if sigma is not None:
            parts.append(np.where(np.isnan(smap.data), np.nan, sigma))
        moved, footprints = ALGORITHMS[algorithm]((np.stack(parts), smap.wcs), wcs, shape_out=shape, **options)
    data, footprint = moved[0].astype(smap.data.dtype), footprints[0]
    lost = ~np.isfinite(data)
    if lost.all():
        msg = f"{_name(smap)} does not overlap the target of reproject_to: the result is all NaN."
        warnings.warn(msg, LascoUserWarning, stacklevel=3)
    bits = _nearest(flags, moved[1], moved[2])
    bits[lost & (bits == 0)] = PixelFlag.MISSING
    if sigma is not None:
        sigma = np.where(lost, np.nan, moved[3])
    meta = _target_header(smap, wcs, keep_date=keep_date)
    line = f"Reprojected ({algorithm}) to {_view(wcs)}; flags of the nearest pixel"
    add_history(meta, line + ("" if sigma is None else "; uncertainty interpolated, an upper limit"))
    new = smap._new_instance(data, meta, plot_settings=smap.plot_settings, flags=bits, uncertainty=sigma)
    return new, footprint


def _nearest(flags, row, column):
    """Flags at positions in an image; OUTSIDE beyond it."""
    inside = np.isfinite(row) & np.isfinite(column)
    found = np.full(row.shape, PixelFlag.OUTSIDE, np.uint8)
    ny, nx = flags.shape
    row, column = (np.clip(np.rint(value[inside]).astype(int), 0, n - 1) for value, n in ((row, ny), (column, nx)))
    found[inside] = flags[row, column]
    return found


def _fit_extent(wcs, smap, method):
    """Adapt the extent of a WCS, in place, to a map."""
    left, right, bottom, top = extent_in_other_wcs(
        smap.wcs, wcs, original_shape=smap.data.shape, method=method, integers=True
    )
    wcs.wcs.crpix -= [left, bottom]
    wcs.pixel_shape = [right - left + 1, top - bottom + 1]


def _require_sight(smap, wcs):
    """Raise an error if the target's directions cannot be transformed to the map."""
    ny, nx = wcs.array_shape
    x, y = np.meshgrid(np.linspace(0, nx - 1, PROBES), np.linspace(0, ny - 1, PROBES))
    found = pixel_to_pixel(wcs, smap.wcs, x, y)
    inside = np.isfinite(found[0]) & np.isfinite(found[1])
    # Positions on the disk are known without an assumption, but it is hidden.
    column, row = (np.rint(np.where(inside, value, -1)).astype(int) for value in found)
    ny, nx = smap.data.shape
    inside &= (column >= 0) & (row >= 0) & (column < nx) & (row < ny)
    seen = inside.copy()
    seen[inside] = np.isfinite(smap.data[row[inside], column[inside]])
    if seen.any() or np.isfinite(found[0]).all():
        return
    msg = (
        f"{_name(smap)} cannot be reprojected to {_view(wcs)}: time or observer differ, and the distance of the light "
        "beside the solar disk is not specified. Assume one, for example a sphere about the Sun as seen from SOHO: "
        "with sunpy.coordinates.SphericalScreen(image.observer_coordinate): "
        "image.reproject_to(...); sunpy.coordinates.PlanarScreen is the plane of the sky."
    )
    raise IncompatibleMapsError(msg)


def _target_header(smap, wcs, *, keep_date):
    """The header of a map with the WCS of a target."""
    meta = changed(smap.meta, "reproject")
    date = smap.date.utc.isot
    for card in list(meta):
        if card.startswith(WCS_CARDS):
            del meta[card]
    cards = MetaDict(wcs.to_header(relax=True))
    for card in ("mjd-obs", "mjd-avg", "mjdref"):
        cards.pop(card, None)
    for i in (1, 2):
        for j in (1, 2):
            cards[f"pc{i}_{j}"] = float(wcs.wcs.get_pc()[i - 1, j - 1])
    reference = cards.pop("date-avg", None) or cards.get("date-obs") or date
    if keep_date or "date-obs" not in cards:
        cards["date-obs"] = date
    cards["date-avg"] = reference
    for card, value in cards.items():
        meta[card] = value
    meta["naxis"], meta["naxis1"], meta["naxis2"] = 2, wcs.array_shape[1], wcs.array_shape[0]
    return meta


def _name(smap):
    return str(smap.meta.get("filename") or smap.detector)


def _view(wcs):
    """Description of a WCS."""
    axes = "/".join(wcs.wcs.ctype)
    date = wcs.wcs.dateavg or wcs.wcs.dateobs
    distance = wcs.wcs.aux.dsun_obs
    observer = ""
    if distance is not None and wcs.wcs.aux.hgln_obs is not None:
        observer = (
            f", seen from longitude {wcs.wcs.aux.hgln_obs:.3f}, latitude {wcs.wcs.aux.hglt_obs:.3f} degrees "
            f"and {(distance * u.m).to_value(u.au):.4f} au"
        )
    return f"{axes}{f' of {date[:19]}' if date else ''}{observer}"
