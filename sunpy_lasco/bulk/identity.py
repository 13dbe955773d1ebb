"""
Identity of a level-1 file: input, options, calibration images, orbit files, constants and version.

They are combined in one SHA-256, the card CALKEY of files made by bulk runs. A file whose key is up to date
need not be made again.
"""

import json
import os
import platform
from importlib.metadata import version as version_of

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import (
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_OCCULTER_CENTRES,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    CATALOGUE,
    POINTING_TABLES,
    SOHO_ORBITS,
    exposure_factor_name,
)
from sunpy_lasco.assets.observers import orbit_files
from sunpy_lasco.assets.remote import RemoteSource
from sunpy_lasco.assets.sources import AssetSource, ChainSource, DirectorySource
from sunpy_lasco.assets.store import digest_of
from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.instrument.constants import constants_hash
from sunpy_lasco.level1.options import NAMED_ASSETS
from sunpy_lasco.version import version

__all__ = ["asset_digests", "asset_names", "frame_key", "options_digest", "orbit_digests", "versions"]

#: Assets of one camera alone.
OWN = {
    "C2": {C2_VIGNETTING, *POINTING_TABLES["C2"]},
    "C3": {
        C3_VIGNETTING_PRE,
        C3_VIGNETTING_POST,
        C3_MASK,
        C3_RAMP,
        C3_BACKGROUND,
        C3_OCCULTER_CENTRES,
        *POINTING_TABLES["C3"],
    },
}
#: The clock on board may be wrong by this much, day: near midnight the files of two days may count.
CLOCK = 0.01
#: Packages whose versions can change the last bits.
NUMERICAL = ("numpy", "scipy", "astropy", "sunpy")


def versions():
    """
    Versions of this package and of those that affect its results.

    Returns
    -------
    `dict` of `str`
    """
    found = {"sunpy_lasco": version, "python": platform.python_version(), "machine": platform.machine()}
    return found | {name: version_of(name) for name in NUMERICAL}


def asset_names(camera, mid_mjd=None):
    """
    Names of the assets that the calibration of a frame may use.

    Parameters
    ----------
    camera : `str`
        ``"C2"`` or ``"C3"``.
    mid_mjd : `int`, optional
        Day of the middle of the exposure, for the file of its exposure factors.

    Returns
    -------
    `list` of `str`
    """
    other = OWN["C3" if camera == "C2" else "C2"]
    names = [name for name in (*CATALOGUE, *SOHO_ORBITS.values()) if name not in other]
    return names if mid_mjd is None else [*names, exposure_factor_name(camera, mid_mjd)]


def asset_digests(assets, names):
    """
    SHA-256 of the available assets; nothing is downloaded.

    Parameters
    ----------
    assets : optional
        Source, as `sunpy_lasco.calibrate` takes it.
    names : sequence of `str`

    Returns
    -------
    `dict` of `str`
        By name, without missing ones. Included assets are identified by the version of this package.
    """
    if isinstance(assets, str) and assets in NAMED_ASSETS:
        return {assets: version}
    source = resolve(assets)
    found = {name: _digest(source, name) for name in names}
    return {name: digest for name, digest in found.items() if digest is not None}


def _digest(source, name):
    if isinstance(source, ChainSource):
        return next(filter(None, (_digest(one, name) for one in source.sources)), None)
    try:
        path = source.store.verified(name) if isinstance(source, RemoteSource) else source.path(name)
    except MissingAssetError:
        # A source without files: of a kind of its own, or built in.
        return None if isinstance(source, DirectorySource | RemoteSource) else source.label
    return None if path is None else digest_of(path)


def orbit_digests(frame, options):
    """
    SHA-256 of the user's orbit files and kernels that may affect an exposure.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
    options : `~sunpy_lasco.level1.options.Level1Options`

    Returns
    -------
    `list` of `str`
        Best first; empty where the user has none, or gives the observer and no stars are looked for.
    """
    stars = isinstance(options.pointing, str) and options.pointing == "stars"
    if options.observer is not None and not stars:
        return []
    named = isinstance(options.assets, str) and options.assets in NAMED_ASSETS
    source = AssetSource() if named else resolve(options.assets)
    middle = frame.mid_mjd + frame.mid_time / 86400.0
    if options.time_offset is not None:
        middle -= options.time_offset.to_value(u.day)
    days = {int(middle + error): middle + error for error in (0.0, -CLOCK, CLOCK)}
    found = {path: None for day in days.values() for path in orbit_files(Time(day, format="mjd"), source)}
    return [digest_of(path) for path in found if path.is_file()]


def options_digest(options):
    """
    SHA-256 of the options of a calibration, except the source of its assets and its context.

    Parameters
    ----------
    options : `~sunpy_lasco.level1.options.Level1Options`

    Returns
    -------
    `str`
    """
    given = {name: _said(value) for name, value in options.given().items() if name not in ("assets", "context")}
    return sha256_of(json.dumps(given, sort_keys=True).encode())


def _said(value):
    """A text for an option that is equal only for equal values."""
    if isinstance(value, u.Quantity):
        return [_said(value.value), value.unit.to_string()]
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size < 8 else sha256_of(np.ascontiguousarray(value, "<f8").tobytes())
    if isinstance(value, os.PathLike) or (isinstance(value, str) and os.path.isfile(value)):  # noqa: PTH113
        return sha256_of(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "colnames"):
        return sha256_of("\n".join(value.pformat(max_lines=-1, max_width=-1, show_unit=True)).encode())
    if isinstance(value, np.generic):
        return value.item()
    return repr(value)


def frame_key(input_digest, frame, options, chosen):
    """
    SHA-256 of everything that determines a frame's pixels, except its context.

    Parameters
    ----------
    input_digest : `str`
        SHA-256 of the level-0.5 file.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        What the header of the level-0.5 file says.
    options : `~sunpy_lasco.level1.options.Level1Options`
    chosen : `str`
        `options_digest` of these options, and what else files are to agree in.

    Returns
    -------
    `str`
    """
    parts = {
        "input": input_digest,
        "options": chosen,
        "assets": asset_digests(options.assets, asset_names(frame.camera.name, frame.mid_mjd)),
        "constants": constants_hash(),
        "version": version,
    }
    orbits = orbit_digests(frame, options)
    if orbits:
        parts["orbits"] = orbits
    return sha256_of(json.dumps(parts, sort_keys=True).encode())
