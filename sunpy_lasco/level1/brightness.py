"""
From counts per second to brightness: factor, vignetting, stray light.
"""

import warnings
from dataclasses import replace as exchange
from functools import lru_cache

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
from sunpy_lasco.level1.counts import scaled_uncertainty
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.map.edit import frame_of, record, require, require_not

__all__ = [
    "apply_calibration_factor",
    "correct_response",
    "correct_vignetting",
    "has_stray_light",
    "subtract_stray_light",
    "vignetting_name",
]
#: A card of a calibration factor may differ by this from the factor, relative.
ROUNDING = 1e-6


def apply_calibration_factor(smap, *, scale="official"):
    """
    Multiply by the calibration factor: from DN / s to mean solar brightness.

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
    frame = frame_of(smap)
    factor = frame_factor(frame, star_scale=scale == "stars")
    doubt = doubtful_factor(frame)
    if doubt:
        said = "an order of magnitude" if doubt > 1 else f"a factor {1 + doubt:.1f}, polarised frames by more"
        msg = (
            f"{frame.filename or 'The frame'}: the official calibration factor of the filter {frame.filter} of C2 is "
            f"known to be wrong; the brightness is uncertain by {said}."
        )
        warnings.warn(msg, LascoUserWarning, stacklevel=3)
    history = [f"Calibration factor {factor:.6g} MSB / (DN / s)"]
    if scale == "stars":
        found = constant(f"{frame.camera.name}.star_scale")
        history.append(f"Photometric scale of stars: official factor times {found.value} +- {found.error}")
    year = 2000.0 + (frame.mjd - 51544.5) / 365.25
    sigma = calibration_factor_sigma(frame.camera.name, year, star_scale=scale == "stars")
    factor32 = np.float32(factor)
    return record(
        smap,
        data=smap.data * factor32,
        uncertainty=scaled_uncertainty(smap, factor32),
        light_path=smap._light_path or LightPath(),
        cards={
            "calfac": factor,
            "calscale": scale,
            "calfsig": float(np.hypot(sigma, doubt)),
            "polsig": polariser_sigma(frame),
            "bunit": "MSB",
        },
        history=history,
    )


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


def correct_vignetting(smap, *, assets=None, official=False):
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
    SolarSoft ``c2_calibrate``, ``c3_calibrate``.  It precedes any rotation: the
    vignetting belongs to the detector.
    """
    require_not(smap, "vigfile", "correct_vignetting")
    frame = frame_of(smap)
    asset = resolve(assets).image(vignetting_name(frame))
    factor = inverse_vignetting(asset.data, frame, official=official).astype(np.float32, copy=False)
    return record(
        smap,
        data=smap.data * factor,
        uncertainty=scaled_uncertainty(smap, factor),
        light_path=exchange(smap._light_path or LightPath(), vignetting=_coarse(asset, coarse_vignetting)),
        cards={
            "vigfile": asset.name,
            "vigsha": asset.sha256 or None,
            "vigest": asset.estimated,
            "vigsig": value_of(f"{frame.camera.name}.vignetting_sigma"),
        },
        history=[image_line("Vignetting", asset)],
    )


# Calibration images are the same for all frames of years.
@lru_cache(maxsize=8)
def _coarse(asset, function):
    coarse = function(asset.data)
    coarse.flags.writeable = False
    return coarse


def has_stray_light(frame):
    """
    Whether the stray light of C3 is to be subtracted.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `bool`
        True for C3 Clear that is not derived from polarised images.

    Notes
    -----
    SolarSoft ``c3_calibrate`` subtracts it from monthly models of all filters,
    though it was measured for Clear only.
    """
    return frame.camera.name == "C3" and frame.filter == "CLEAR" and not frame.is_derived


def subtract_stray_light(smap, *, assets=None):
    """
    Subtract the stray light of C3.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In MSB, in detector orientation, not yet interpolated.
    assets : optional
        Source of calibration images, see `sunpy_lasco.calibrate`.

    Returns
    -------
    map of the same class
        Unchanged for C2, for colour filters and for derived images; else with the
        cards RAMPFILE, RAMPSHA, RAMPEST and STRAYSIG.

    Notes
    -----
    SolarSoft ``c3_calibrate``.  The ramp is a brightness, hence neither vignetted
    nor scaled with sums; it was measured by the official calibration factor, and follows
    another one.
    """
    frame = frame_of(smap)
    if not has_stray_light(frame):
        return record(smap)
    require(smap, "calfac", "apply_calibration_factor")
    require_not(smap, "rampfile", "subtract_stray_light")
    asset = resolve(assets).image(C3_RAMP)
    ramp = block_mean(frame_cutout(asset.data, frame), frame.binning).astype(np.float32, copy=False)
    coarse = _coarse(asset, coarse_stray_light)
    # The image was measured by the official factor.
    scale = smap.meta["calfac"] / frame_factor(frame)
    if abs(scale - 1) > ROUNDING:
        ramp, coarse = ramp * np.float32(scale), coarse * np.float32(scale)
    return record(
        smap,
        data=smap.data - ramp,
        light_path=exchange(smap._light_path or LightPath(), stray_light=coarse),
        cards={
            "rampfile": asset.name,
            "rampsha": asset.sha256 or None,
            "rampest": asset.estimated,
            "straysig": stray_light_sigma(frame),
        },
        history=[image_line("Stray light", asset)],
    )


def stray_light_sigma(frame):
    """1 sigma of the stray light of C3 Clear by the published image, MSB."""
    changed = frame.mjd >= value_of("C3.stray_light_changed")
    sigma = value_of("C3.ramp_sigma")
    return float(np.hypot(sigma, value_of("C3.stray_light_change_sigma"))) if changed else sigma


def image_line(what, asset):
    """A line of HISTORY on a calibration image: what for, and where it comes from."""
    estimate = ", an ESTIMATE, not the official image" if asset.estimated else ""
    return f"{what}: {asset.name} ({asset.source}{estimate})"


def correct_response(smap, response=None):
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
        With the cards PATFILE, PATSHA and PATSIG; unchanged where no map is known for the
        date.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If there is no map for the date.

    Notes
    -----
    No other pipeline has this step.  The maps hold what is finer than some pixels, are
    derived from few frames, and take away 50 to 70 % of the pattern of 0.85 % rms;
    see `~sunpy_lasco.assets.response`.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    require_not(smap, "patfile", "correct_response")
    frame = frame_of(smap)
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
            warnings.warn(msg, LascoUserWarning, stacklevel=3)
            return record(smap)
        name, residual, response = epoch.name, epoch.residual, builtin_response(epoch)
    sha = sha256_of(np.ascontiguousarray(response, dtype="<f4").tobytes())
    factor = np.float32(1) / frame_response(response, frame).astype(np.float32)
    return record(
        smap,
        data=smap.data * factor,
        uncertainty=scaled_uncertainty(smap, factor),
        cards={"patfile": name, "patsha": sha[:16], "patsig": residual},
        history=[f"Fixed response of the pixels divided out ({name})"],
    )
