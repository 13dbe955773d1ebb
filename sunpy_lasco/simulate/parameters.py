"""
Parameters of a simulated exposure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.simulate import telemetry
from sunpy_lasco.simulate.light import USUAL_FILTER
from sunpy_lasco.simulate.photometry import bias_level, brightness_per_rate
from sunpy_lasco.simulate.pixels import Attitude, occulter_centre
from sunpy_lasco.simulate.sky import attitude, wrapped

__all__ = ["Parameters", "parameters_of"]

#: Exposure time of the usual programme, s.
USUAL_EXPOSURE = {"C2": 25.1, "C3": 19.1}
#: 1 sigma of the exposure factor: 28 frames of 2012 scatter by 0.24 %.
JITTER = 0.0024
#: From the exposure to the making of the file.
PROCESSING_DELAY = 60 * u.day
#: Factor of the number of an ingredient in the seed, so that switching one ingredient does not affect others.
_STREAMS = {"jitter": 1, "shot": 2, "cosmic": 3, "read": 4, "blocks": 5}


@dataclass(frozen=True)
class Parameters:
    """All parameters of a simulated exposure."""

    #: ``"C2"`` or ``"C3"``.
    detector: str
    #: Start of the exposure by the on-board clock.
    time: Time
    #: FILTER and POLAR.
    filter: str
    polar: str
    #: Exposure time of the header, s, and the factor to the true one.
    exptime: float
    exposure_factor: float
    #: Bias of a full-resolution pixel, DN: the true one, and that of the published polynomial.
    bias: float
    nominal_bias: float
    #: Brightness that gives 1 DN / s in a full-resolution pixel, MSB.
    factor: float
    #: Sun centre in detector orientation, corrected full-resolution pixel from 0.
    sun_centre: tuple[float, float]
    #: CROTA of the image as stored, degree.
    roll: float
    #: Centre of occulter and distortion, pixel.
    occulter_centre: tuple[float, float]
    #: Sums on the chip and in the electronics box, (x, y).
    chip_sum: tuple[int, int]
    leb_sum: tuple[int, int]
    #: Full-frame pixel (x, y) of the lower left corner, and size (x, y), full-resolution pixels.
    corner: tuple[int, int]
    extent: tuple[int, int]
    #: Lost blocks, (column, row) in the summed full frame.
    lost_blocks: tuple[tuple[int, int], ...]
    #: Read-out port.
    port: str
    #: When the level-0.5 file was made.
    processed: Time
    #: The seed.
    seed: int
    #: Cosmic rays relative to the usual rate at that time.
    cosmic_rays: float
    #: BITPIX of the stored image.
    bitpix: int
    #: What is switched on: noise, pattern, ramp, diffracted, vignetting, saturation, nonlinearity,
    #: quantise, lossy, untransmitted.
    ingredients: frozenset[str]

    @property
    def binning(self) -> tuple[int, int]:
        """Full-resolution pixels per stored pixel along (x, y)."""
        return self.chip_sum[0] * self.leb_sum[0], self.chip_sum[1] * self.leb_sum[1]

    @property
    def attitude(self) -> Attitude:
        """Attitude of the ideal detector."""
        return Attitude(self.sun_centre, self.roll, CAMERAS[self.detector].plate_scale)

    @property
    def middle(self) -> Time:
        """Middle of the exposure, at which the positions of stars and planets are computed."""
        return self.time + self.exptime / 2 * u.s

    @property
    def subtracts_ramp(self) -> bool:
        """Whether the calibration subtracts stray light from such an exposure."""
        return self.detector == "C3" and self.filter.strip().upper() == "CLEAR"

    def has(self, ingredient: str) -> bool:
        """Whether an ingredient is switched on."""
        return ingredient in self.ingredients

    def rng(self, stream: str) -> np.random.Generator:
        """Random generator of one ingredient, `numpy.random.Generator`."""
        return _rng(self.seed, stream)


def _rng(seed, stream):
    return np.random.default_rng([seed, _STREAMS[stream]])


def parameters_of(
    detector,
    time,
    *,
    filter,  # noqa: A002
    polar,
    exptime,
    exposure_factor,
    bias,
    flipped,
    roll,
    sun_centre,
    chip_sum,
    leb_sum,
    subframe,
    lost_blocks,
    n_lost,
    port,
    processed,
    seed,
    cosmic_rays,
    bitpix,
    ingredients,
):
    """
    Determine the `Parameters` of an exposure.

    Options are as for `~sunpy_lasco.simulate.exposure.observe`, with None for the default; ``ingredients``
    are switched on. `ValueError` is raised if they are inconsistent.
    """
    if detector not in CAMERAS:
        msg = f"The detector is {detector!r}; it must be C2 or C3."
        raise ValueError(msg)
    camera = CAMERAS[detector]
    chip_sum, leb_sum = tuple(int(s) for s in chip_sum), tuple(int(s) for s in leb_sum)
    binning = chip_sum[0] * leb_sum[0], chip_sum[1] * leb_sum[1]
    window = _window(subframe, binning)
    filter = USUAL_FILTER[detector] if filter is None else filter  # noqa: A001
    exptime = USUAL_EXPOSURE[detector] if exptime is None else float(f"{exptime:.6g}")
    if exposure_factor is None:
        exposure_factor = 1 + JITTER * _rng(seed, "jitter").standard_normal() if ingredients["noise"] else 1.0
    if roll is None:
        roll = attitude(time) + camera.roll_offset
    nominal = bias_level(detector, int(np.floor(time.mjd + exptime / 2 / 86400)), port)
    bitpix = bitpix or (16 if leb_sum == (1, 1) else 32)
    if bitpix not in (16, 32):
        msg = f"BITPIX is {bitpix}; level 0.5 has 16 or 32."
        raise ValueError(msg)
    return Parameters(
        detector=detector,
        time=time,
        filter=filter,
        polar=polar,
        exptime=exptime,
        exposure_factor=float(exposure_factor),
        bias=float(nominal if bias is None else bias),
        nominal_bias=nominal,
        factor=brightness_per_rate(detector, filter, polar, int(np.floor(time.mjd))),
        sun_centre=camera.sun_centre if sun_centre is None else tuple(sun_centre),
        roll=wrapped(roll + 180.0 * bool(flipped)),
        occulter_centre=tuple(occulter_centre(detector, time)),
        chip_sum=chip_sum,
        leb_sum=leb_sum,
        corner=window[:2],
        extent=window[2:],
        lost_blocks=_lost(lost_blocks, n_lost, detector, binning, window, seed),
        port=port,
        processed=time + PROCESSING_DELAY if processed is None else Time(processed),
        seed=seed,
        cosmic_rays=cosmic_rays,
        bitpix=bitpix,
        ingredients=frozenset(name for name, wanted in ingredients.items() if wanted),
    )


def _window(subframe, binning):
    """Check a sub-frame against the sums."""
    x0, y0, width, height = (0, 0, FULL_FRAME, FULL_FRAME) if subframe is None else (int(v) for v in subframe)
    if min(x0, y0) < 0 or min(width, height) < 1 or x0 + width > FULL_FRAME or y0 + height > FULL_FRAME:
        msg = f"The sub-frame {subframe} does not lie within the frame of {FULL_FRAME} pixels."
        raise ValueError(msg)
    if any(length % s for length, s in zip((x0, y0, width, height), 2 * binning, strict=True)):
        msg = f"The sub-frame {subframe} does not match the sums {binning}: corner and size must be multiples of them."
        raise ValueError(msg)
    return x0, y0, width, height


def _lost(lost_blocks, n_lost, detector, binning, window, seed):
    """The lost blocks: those named, and those drawn among the transmitted ones of the window."""
    named = [tuple(int(v) for v in block) for block in lost_blocks]
    nx, ny = telemetry.block_grid(binning)
    for column, row in named:
        if not (0 <= column < nx and 0 <= row < ny):
            msg = f"The block {(column, row)} does not exist: there are {nx} x {ny}."
            raise ValueError(msg)
    if n_lost:
        size = telemetry.BLOCK * binning[0], telemetry.BLOCK * binning[1]
        x0, y0, width, height = window
        row, column = np.nonzero(~telemetry.untransmitted_blocks(detector, binning))
        inside = (column * size[0] >= x0) & ((column + 1) * size[0] <= x0 + width)
        inside &= (row * size[1] >= y0) & ((row + 1) * size[1] <= y0 + height)
        free = sorted(set(zip(column[inside].tolist(), row[inside].tolist(), strict=True)) - set(named))
        if n_lost > len(free):
            msg = f"{n_lost} blocks cannot be lost: only {len(free)} are sent."
            raise ValueError(msg)
        named += [free[k] for k in _rng(seed, "blocks").choice(len(free), n_lost, replace=False)]
    return tuple(named)
