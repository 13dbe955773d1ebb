"""
From counts per second to brightness: factor, vignetting, stray light.
"""

import warnings

import numpy as np

from sunpy_lasco.assets.names import C2_VIGNETTING, C3_RAMP, c3_vignetting_name
from sunpy_lasco.assets.resolve import resolve
from sunpy_lasco.calibration.noise import scaled_uncertainty
from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.instrument.photometry import STAR_SCALE, doubtful_factor, frame_factor
from sunpy_lasco.instrument.vignetting import block_mean, frame_cutout, inverse_vignetting

__all__ = [
    "apply_calibration_factor",
    "correct_vignetting",
    "has_stray_light",
    "subtract_stray_light",
    "vignetting_name",
]


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
        In MSB, with the card CALFAC.

    Notes
    -----
    SolarSoft ``c2_calfactor`` and ``c3_calfactor``.
    """
    require(smap, "expfac", "normalize_exposure")
    require_not(smap, "calfac", "apply_calibration_factor")
    frame = frame_of(smap)
    factor = frame_factor(frame, star_scale=scale == "stars")
    if doubtful_factor(frame):
        msg = (
            f"{frame.filename or 'The frame'}: the official calibration factor of the filter {frame.filter} of C2 is "
            "known to be wrong; the brightness is uncertain by an order of magnitude."
        )
        warnings.warn(msg, LascoUserWarning, stacklevel=3)
    history = [f"Calibration factor {factor:.6g} MSB / (DN / s)"]
    if scale == "stars":
        history.append(f"Photometric scale of stars: official factor times {STAR_SCALE[frame.camera.name][0]}")
    factor32 = np.float32(factor)
    return record(
        smap,
        data=smap.data * factor32,
        uncertainty=scaled_uncertainty(smap, factor32),
        cards={"calfac": factor, "calscale": scale, "bunit": "MSB"},
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
        With the cards VIGFILE and VIGSHA.

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
        cards={"vigfile": asset.name, "vigsha": asset.sha256 or None, "vigest": asset.estimated},
        history=[image_line("Vignetting", asset)],
    )


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
        card RAMPFILE.

    Notes
    -----
    SolarSoft ``c3_calibrate``.  The ramp is a brightness, hence neither vignetted
    nor scaled with sums.
    """
    frame = frame_of(smap)
    if not has_stray_light(frame):
        return record(smap)
    require(smap, "calfac", "apply_calibration_factor")
    require_not(smap, "rampfile", "subtract_stray_light")
    asset = resolve(assets).image(C3_RAMP)
    ramp = block_mean(frame_cutout(asset.data, frame), frame.binning).astype(np.float32, copy=False)
    return record(
        smap,
        data=smap.data - ramp,
        cards={"rampfile": asset.name, "rampsha": asset.sha256 or None, "rampest": asset.estimated},
        history=[image_line("Stray light", asset)],
    )


def image_line(what, asset):
    """A line of HISTORY on a calibration image: what for, and where it comes from."""
    estimate = ", an ESTIMATE, not the official image" if asset.estimated else ""
    return f"{what}: {asset.name} ({asset.source}{estimate})"
