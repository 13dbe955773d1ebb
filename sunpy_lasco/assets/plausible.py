"""
Plausible contents of calibration images and tables.

A complete file of the right shape may still be wrong: it may belong to the other camera, contain zeros, or be
scaled by ten. The limits here are wide enough for the published files, their estimates and those of the
simulator.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.assets.names import (
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    CATALOGUE,
    POINTING_TABLES,
)
from sunpy_lasco.errors import AssetError
from sunpy_lasco.instrument.cameras import CAMERAS

__all__ = ["check_pointing", "check_values"]

#: Share of the pixels of an image that may lie outside its range.
STRAY_SHARE = 0.01
#: EXPTIME of the minimum model, s.
MODEL_EXPTIME = (1.0, 100.0)
#: Largest distance of the median Sun centre of a table from that of the camera, pixel; the cameras differ by 27.
CENTRE_RANGE = 12.0


@dataclass(frozen=True)
class Plausible:
    """Limits for the contents of an image."""

    #: Camera, about whose occulter the rings lie.
    camera: str
    #: Range of the pixels, and its unit in messages.
    values: tuple[float, float]
    unit: str
    #: Inner and outer radius of rings, pixel, and the range of the median in them.
    rings: tuple[tuple[float, float, float, float], ...]


_C3_VIGNETTING = Plausible("C3", (0.9, 2e4), "", ((200.0, 420.0, 0.8, 1.3),))
#: By name of the asset.
PLAUSIBLE = {
    # It is 50 behind the occulter and 1 to 2 in the open field.
    C2_VIGNETTING: Plausible("C2", (0.9, 101.0), "", ((0.0, 140.0, 15.0, 100.0), (400.0, 500.0, 0.9, 3.0))),
    C3_VIGNETTING_PRE: _C3_VIGNETTING,
    C3_VIGNETTING_POST: _C3_VIGNETTING,
    C3_RAMP: Plausible("C3", (-1e-11, 1e-10), " MSB", ((200.0, 420.0, 6e-13, 1.5e-11),)),
    C3_MASK: Plausible("C3", (0, 1), "", ((0.0, 50.0, 0, 0), (150.0, 400.0, 1, 1))),
    C3_BACKGROUND: Plausible("C3", (0.0, 16383.0), " DN", ((200.0, 420.0, 200.0, 6000.0),)),
}


def check_values(name, data, header, place):
    """
    Check that an image, (1024, 1024), from a place is plausible for an asset, else raise
    `~sunpy_lasco.errors.AssetError`; other names are not checked.
    """
    plausible = PLAUSIBLE.get(name)
    if plausible is None:
        return
    what = f"{name} ({CATALOGUE[name].content})"
    _check_cards(name, plausible, header, place, what)
    low, high = plausible.values
    stray = np.count_nonzero(~((data >= low) & (data <= high)))
    if stray > STRAY_SHARE * data.size:
        msg = (
            f"{place} cannot be {what}: {stray} of its {data.size} values are not within "
            f"{low:g} to {high:g}{plausible.unit}; they go from {np.min(data):.4g} to {np.max(data):.4g}."
        )
        raise AssetError(msg)
    x0, y0 = CAMERAS[plausible.camera].occulter_centre
    y, x = np.ogrid[: data.shape[0], : data.shape[1]]
    distance = np.hypot(x - x0, y - y0)
    for inner, outer, least, most in plausible.rings:
        median = float(np.median(data[(distance >= inner) & (distance < outer)]))
        if not least <= median <= most:
            expected = f"{least:g}" if least == most else f"{least:g} to {most:g}{plausible.unit}"
            msg = (
                f"{place} cannot be {what}: {inner:g} to {outer:g} pixels from the occulter of {plausible.camera} the "
                f"median is {median:.4g}, where it is {expected}."
            )
            raise AssetError(msg)


def _check_cards(name, plausible, header, place, what):
    """Check camera, file name and exposure of a model in the header."""
    detector = str(header.get("DETECTOR", "")).strip().upper()
    if detector in CAMERAS and detector != plausible.camera:
        msg = f"{place} cannot be {what}: its card DETECTOR is {detector}."
        raise AssetError(msg)
    stated = str(header.get("FILENAME", "")).strip()
    if stated in CATALOGUE and stated != name:
        msg = f"{place} cannot be {what}: its card FILENAME is {stated}."
        raise AssetError(msg)
    if name == C3_BACKGROUND and header.get("EXPTIME") not in (None, ""):
        try:
            exptime = float(header["EXPTIME"])
        except (TypeError, ValueError):
            exptime = float("nan")
        if not MODEL_EXPTIME[0] <= exptime <= MODEL_EXPTIME[1]:
            msg = f"{place} cannot be {what}: its card EXPTIME is {header['EXPTIME']!r}."
            raise AssetError(msg)


def check_pointing(name, table, place):
    """
    Check that a table of Sun centres, as for `~sunpy_lasco.assets.tables.read_pointing`, belongs to the
    camera in its name, else raise `~sunpy_lasco.errors.AssetError`.
    """
    camera = next((camera for camera, names in POINTING_TABLES.items() if name in names), None)
    if camera is None or not len(table):
        return
    centre, expected = [float(np.median(table[axis])) for axis in "xy"], CAMERAS[camera].sun_centre
    if not np.hypot(centre[0] - expected[0], centre[1] - expected[1]) <= CENTRE_RANGE:
        msg = (
            f"{place} cannot be {name}: the median Sun centre is ({centre[0]:.1f}, {centre[1]:.1f}), where that of "
            f"{camera} is ({expected[0]}, {expected[1]})."
        )
        raise AssetError(msg)
