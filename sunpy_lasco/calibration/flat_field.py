"""
The fixed response of the pixels divided out.
"""

import warnings

import numpy as np

from sunpy_lasco.calibration.noise import scaled_uncertainty
from sunpy_lasco.calibration.options import checked_option
from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.files import sha256_of
from sunpy_lasco.inpainting.response import builtin_response, frame_response, response_epoch

__all__ = ["correct_response"]

#: 1 sigma that is left of the pattern by a response of unknown quality, relative.
GIVEN_RESIDUAL = 0.004


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
    see `~sunpy_lasco.inpainting.response`.
    """
    require(smap, "biasval", "subtract_bias")
    require_not(smap, "expfac", "normalize_exposure")
    require_not(smap, "patfile", "correct_response")
    frame = frame_of(smap)
    if response is not None:
        response = checked_option("flat_field", response)
    name, residual = "given", GIVEN_RESIDUAL
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
