"""
Conversion from counts per second to brightness: calibration factor, vignetting, stray light.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from dataclasses import replace as exchange
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import C2_VIGNETTING, C3_RAMP, c3_vignetting_name
from sunpy_lasco.assets.response import builtin_response, frame_response, response_epoch
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.files import sha256_of
from sunpy_lasco.instrument.constants import constant, value_of
from sunpy_lasco.instrument.light_path import LightPath, coarse_stray_light, coarse_vignetting
from sunpy_lasco.instrument.photometry import (
    calibration_factor_sigma,
    doubtful_factor,
    frame_factor,
    polariser_sigma,
)
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout
from sunpy_lasco.instrument.vignetting import inverse_vignetting
from sunpy_lasco.level1 import arrays
from sunpy_lasco.level1.counts import sigma_array, with_sigma
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.map.edit import frame_of, record, require, require_not

if TYPE_CHECKING:
    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = [
    "apply_calibration_factor",
    "correct_response",
    "correct_vignetting",
    "has_stray_light",
    "subtract_stray_light",
    "vignetting_name",
]
#: Largest relative difference between a card with a calibration factor and the factor.
ROUNDING = 1e-6


def apply_calibration_factor(smap: AnyCoronagraphMap, *, scale: str = "official") -> AnyCoronagraphMap:
    """
    Multiply by the calibration factor, which converts DN / s to mean solar brightness.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In DN / s.
    scale : `str`
        ``"official"``, or ``"stars"`` for the photometric scale of stars.

    Returns
    -------
    map of the same class
        In MSB, with the card CALFAC and the relative errors CALFSIG and POLSIG.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If ``scale`` is neither of the two.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If the factor of the filter is known to be wrong.

    Notes
    -----
    SolarSoft ``c2_calfactor`` and ``c3_calfactor``.
    """
    require(smap, "expfac", "normalize_exposure")
    require_not(smap, "calfac", "apply_calibration_factor")
    told = factor_told(frame_of(smap), checked_option("photometry", scale))
    data, sigma = arrays.scale(smap.data, sigma_array(smap), np.float32(told["cards"]["calfac"]))
    return record(smap, data=data, uncertainty=with_sigma(sigma), light_path=smap._light_path or LightPath(), **told)


def factor_told(frame, scale):
    """Cards and HISTORY of the calibration factor; gives a warning if the factor is known to be wrong."""
    factor = frame_factor(frame, star_scale=scale == "stars")
    doubt = doubtful_factor(frame)
    if doubt:
        said = "an order of magnitude" if doubt > 1 else f"a factor {1 + doubt:.1f}, polarised frames by more"
        msg = (
            f"{frame.filename or 'The frame'}: the official calibration factor of the filter {frame.filter} of C2 is "
            f"known to be wrong; the brightness is uncertain by {said}."
        )
        warnings.warn(msg, LascoUserWarning, stacklevel=4)
    history = [f"Calibration factor {factor:.6g} MSB / (DN / s)"]
    if scale == "stars":
        found = constant(f"{frame.camera.name}.star_scale")
        history.append(f"Photometric scale of stars: official factor times {found.value} +- {found.error}")
    year = 2000.0 + (frame.mjd - 51544.5) / 365.25
    sigma = calibration_factor_sigma(frame.camera.name, year, filter_name=frame.filter, star_scale=scale == "stars")
    cards = {
        "calfac": factor,
        "calscale": scale,
        "calfsig": float(np.hypot(sigma, doubt)),
        "polsig": polariser_sigma(frame),
        "bunit": "MSB",
    }
    return {"cards": cards, "history": history}


def vignetting_name(frame):
    """
    Name of the vignetting image of a frame.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `str`
    """
    return C2_VIGNETTING if frame.camera.name == "C2" else c3_vignetting_name(frame.mjd)


def correct_vignetting(
    smap: AnyCoronagraphMap, *, assets: AssetsLike = None, official: bool = False
) -> AnyCoronagraphMap:
    """
    Multiply by the inverse vignetting.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In detector orientation, not yet interpolated.
    assets : optional
        Source of calibration images, see `sunpy_lasco.calibrate`.
    official : `bool`
        Average the inverse vignetting over summed pixels, as SolarSoft does.

    Returns
    -------
    map of the same class
        With the cards VIGFILE, VIGSHA, VIGEST and VIGSIG.

    Notes
    -----
    SolarSoft ``c2_calibrate``, ``c3_calibrate``. This step must precede any rotation, because the vignetting
    is fixed to the detector.
    """
    require_not(smap, "vigfile", "correct_vignetting")
    frame = frame_of(smap)
    asset = resolve(assets).image(vignetting_name(frame))
    factor = inverse_vignetting(asset.data, frame, official=official).astype(np.float32, copy=False)
    data, sigma = arrays.scale(smap.data, sigma_array(smap), factor)
    path = exchange(smap._light_path or LightPath(), vignetting=coarse(asset, coarse_vignetting))
    return record(smap, data=data, uncertainty=with_sigma(sigma), light_path=path, **vignetting_told(frame, asset))


def vignetting_told(frame, asset):
    """Cards and HISTORY of the vignetting correction."""
    cards = {
        "vigfile": asset.name,
        "vigsha": asset.sha256 or None,
        "vigest": asset.estimated,
        "vigsig": value_of(f"{frame.camera.name}.vignetting_sigma"),
    }
    return {"cards": cards, "history": [image_line("Vignetting", asset)]}


# Cached, since the same calibration images are used for years of frames.
@lru_cache(maxsize=8)
def coarse(asset, function):
    """The coarse grid of a calibration image, computed by ``function`` of `~sunpy_lasco.instrument.light_path`."""
    coarse = function(asset.data)
    coarse.flags.writeable = False
    return coarse


def has_stray_light(frame):
    """
    Whether stray light is subtracted from a frame.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `bool`
        True for C3 Clear that is not derived from polarised images.

    Notes
    -----
    SolarSoft ``c3_calibrate`` also subtracts it from monthly models of all filters, although it was measured
    for Clear only.
    """
    return frame.camera.name == "C3" and frame.filter == "CLEAR" and not frame.is_derived


def subtract_stray_light(
    smap: AnyCoronagraphMap, *, assets: AssetsLike = None, increment: np.ndarray | None = None
) -> AnyCoronagraphMap:
    """
    Subtract the stray light of C3.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In MSB, in detector orientation, not yet interpolated.
    assets : optional
        Source of calibration images, see `sunpy_lasco.calibrate`.
    increment : `~numpy.ndarray`, optional
        Additional stray light, subtracted beside the published image, in MSB by the official factor, shape
        (1024, 1024).

    Returns
    -------
    map of the same class
        Unchanged for C2, for colour filters and for derived images; else with the
        cards RAMPFILE, RAMPSHA, RAMPEST and STRAYSIG, and STRAYADD for an increment.

    Notes
    -----
    SolarSoft ``c3_calibrate``. The stray-light image (ramp) is a brightness, so it is neither vignetted nor
    scaled with sums. It was measured with the official calibration factor and is scaled if another factor is
    used.
    """
    frame = frame_of(smap)
    if not has_stray_light(frame):
        return record(smap)
    require(smap, "calfac", "apply_calibration_factor")
    require_not(smap, "rampfile", "subtract_stray_light")
    asset = stray_light_image(resolve(assets), increment)
    stray_light, grid = stray_light_of(asset, frame, stray_light_scale(frame, smap.meta["calfac"]))
    path = exchange(smap._light_path or LightPath(), stray_light=grid)
    return record(smap, data=smap.data - stray_light, light_path=path, **stray_light_told(frame, asset))


def stray_light_image(assets, increment=None):
    """The published image of the stray light plus the user's increment, if any, (1024, 1024)."""
    asset = assets.image(C3_RAMP)
    if increment is None:
        return asset
    told = {"RAMPFILE": asset.name, "STRAYADD": sha256_of(np.ascontiguousarray(increment, dtype="<f4").tobytes())[:16]}
    return exchange(asset, name=f"{asset.name} and more", data=asset.data + increment, header=told, sha256="")


def stray_light_scale(frame, factor):
    """Scale of the stray-light image, which was measured with the official factor; float32."""
    scale = factor / frame_factor(frame)
    return np.float32(scale) if abs(scale - 1) > ROUNDING else np.float32(1)


def stray_light_of(asset, frame, scale):
    """Stray light in the pixels of a frame, MSB, float32, and on the coarse grid, from an image of the full frame."""
    ramp = block_mean(frame_cutout(asset.data, frame), frame.binning).astype(np.float32, copy=False)
    grid = coarse(asset, coarse_stray_light)
    return (ramp, grid) if scale == 1 else (ramp * scale, grid * scale)


def stray_light_told(frame, asset):
    """Cards and HISTORY of the stray-light subtraction."""
    cards = {
        "rampfile": asset.header.get("RAMPFILE", asset.name),
        "rampsha": asset.sha256 or None,
        "rampest": asset.estimated,
        "straysig": stray_light_sigma(frame),
    }
    if "STRAYADD" in asset.header:
        cards["strayadd"] = asset.header["STRAYADD"]
    return {"cards": cards, "history": [image_line("Stray light", asset)]}


def stray_light_sigma(frame):
    """1 sigma of the published stray light of C3 Clear, MSB."""
    changed = frame.mjd >= value_of("C3.stray_light_changed")
    sigma = value_of("C3.ramp_sigma")
    return float(np.hypot(sigma, value_of("C3.stray_light_change_sigma"))) if changed else sigma


def image_line(what, asset):
    """A line of HISTORY with the purpose and the source of a calibration image."""
    estimate = ", an ESTIMATE, not the official image" if asset.estimated else ""
    return f"{what}: {asset.name} ({asset.source}{estimate})"


def correct_response(smap: AnyCoronagraphMap, response: np.ndarray | None = None) -> AnyCoronagraphMap:
    """
    Divide by the fixed response of the pixels.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Counts above the bias, in detector orientation.
    response : `~numpy.ndarray`, optional
        Response of the full frame relative to the surroundings of each pixel, near 1,
        shape (1024, 1024); by default the map that comes with the package.

    Returns
    -------
    map of the same class
        With the cards PATFILE, PATSHA and PATSIG; unchanged if there is no map for the date.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If there is no map for the date.

    Notes
    -----
    No other pipeline has this step. The maps contain only structure on scales of a few pixels, are derived
    from few frames, and remove 50 to 70 % of the pattern of 0.85 % rms; see `~sunpy_lasco.assets.response`.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    require_not(smap, "patfile", "correct_response")
    frame = frame_of(smap)
    found = find_response(frame, response)
    if found is None:
        return record(smap)
    data, sigma = arrays.scale(smap.data, sigma_array(smap), response_factor(found, frame))
    return record(smap, data=data, uncertainty=with_sigma(sigma), **response_told(found))


@dataclass(frozen=True, eq=False)
class Response:
    """
    Fixed response of the pixels of the full frame, with its name, the share of the pattern that it leaves,
    and its SHA-256.
    """

    name: str
    residual: float
    image: np.ndarray
    sha256: str


def find_response(frame, response=None):
    """The given `Response`, or that of the package; None, with a warning, if there is none."""
    if response is not None:
        response = checked_option("flat_field", response)
    name, residual = "given", value_of("response.given_residual")
    if response is None:
        epoch = response_epoch(frame)
        if epoch is None:
            msg = (
                f"{frame.filename or 'The frame'}: there is no map of the pixels' response of {frame.camera.name} for "
                f"{frame.start.isot[:10]}; no flat field was applied."
            )
            warnings.warn(msg, LascoUserWarning, stacklevel=4)
            return None
        name, residual, response = epoch.name, epoch.residual, builtin_response(epoch)
    return Response(name, residual, response, sha256_of(np.ascontiguousarray(response, dtype="<f4").tobytes()))


def response_factor(response, frame):
    """Factors that divide the response out of counts, float32, shape of the frame."""
    return np.float32(1) / frame_response(response.image, frame).astype(np.float32)


def response_told(response):
    """Cards and HISTORY of the response correction."""
    cards = {"patfile": response.name, "patsha": response.sha256[:16], "patsig": response.residual}
    return {"cards": cards, "history": [f"Fixed response of the pixels divided out ({response.name})"]}
