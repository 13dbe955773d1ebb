"""
Simulation of an exposure, from the scene through optics and detector to the telemetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.simulate import chip, optics, telemetry
from sunpy_lasco.simulate.headers import level05_header
from sunpy_lasco.simulate.light import diffuse_rate
from sunpy_lasco.simulate.parameters import parameters_of
from sunpy_lasco.simulate.points import point_light, point_positions
from sunpy_lasco.simulate.scene import corona
from sunpy_lasco.simulate.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Collection

    from sunpy_lasco.annotations import TimeLike
    from sunpy_lasco.simulate.scene import Scene

__all__ = ["observe"]


def observe(
    detector: str,
    *,
    date: TimeLike = "2002-01-08T12:00:00",
    scene: Scene | None = None,
    filter: str | None = None,  # noqa: A002
    polar: str = "Clear",
    exptime: float | None = None,
    flipped: bool = False,
    roll: float | None = None,
    sun_centre: tuple[float, ...] | None = None,
    chip_sum: tuple[int, ...] = (1, 1),
    leb_sum: tuple[int, ...] = (1, 1),
    subframe: tuple[int, ...] | None = None,
    seed: int = 0,
    noise: bool = True,
    pattern: bool | None = None,
    cosmic_rays: float | bool | None = None,
    exposure_factor: float | None = None,
    bias: float | None = None,
    ramp: bool = True,
    diffracted: bool = True,
    vignetting: bool = True,
    saturation: bool = True,
    nonlinearity: bool | None = None,
    subsamples: int = 1,
    quantise: bool = True,
    lossy: bool = False,
    bitpix: int | None = None,
    untransmitted: bool = True,
    lost_blocks: Collection[tuple[int, ...]] = (),
    n_lost: int = 0,
    port: str = "C",
    processed: TimeLike | None = None,
) -> Simulation:
    """
    Take a simulated exposure.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    date : `str` or `~astropy.time.Time`
        Start of the exposure.
    scene : `~sunpy_lasco.simulate.scene.Scene`, optional
        Scene to observe; the default is `~sunpy_lasco.simulate.scene.corona`.
    filter, polar : `str`, optional
        FILTER (Orange for C2 and Clear for C3 by default) and POLAR (``"+60 Deg"``, ``"0 Deg"``, ``"-60 Deg"``).
    exptime : `float`, optional
        Exposure time in the header, s; by default 25.1 for C2 and 19.1 for C3.
    flipped : `bool`
        Whether the spacecraft is turned by 180 degrees.
    roll : `float`, optional
        CROTA of the image, degree; ``flipped`` adds 180.  By default the attitude of
        the spacecraft at that time plus the offset of the camera.
    sun_centre : `tuple` of `float`, optional
        Full-resolution pixel (x, y) from 0 in detector orientation; the camera's default.
    chip_sum, leb_sum : `tuple` of `int`
        Sums on the chip, before the converter, and in the electronics box, after it, along (x, y).
    subframe : `tuple` of `int`, optional
        (x, y, width, height) of the part that is kept, full-resolution pixels.
    seed : `int`
        Seed of all random numbers.
    noise : `bool`
        Photon and read noise; also the default of the following random ingredients.
    pattern : `bool`, optional
        Fixed pattern of the pixels.
    cosmic_rays : `float` or `bool`, optional
        Rate of cosmic rays relative to the usual one at that time of the solar cycle.
    exposure_factor : `float`, optional
        True exposure time divided by that in the header; by default drawn at random.
    bias : `float`, optional
        DN per full-resolution pixel; the published polynomial by default.
    ramp, diffracted, vignetting, saturation : `bool`
        Whether to include the stray light of C3, light diffracted at the occulter, vignetting, and
        saturation.
    nonlinearity : `bool`, optional
        Whether to include the loss near the full well; by default like ``saturation``.
    subsamples : `int`
        Samples of the diffuse light along an axis of a pixel. One sample, at the centre, differs from the
        integral over the pixel by at most 2e-4 where the inverse vignetting is below 5, and by up to 1e-3 at
        the edge of the occulter; two samples are four times better.
    quantise : `bool`
        Whether counts are whole numbers; otherwise the image is float64.
    lossy : `bool`
        Whether the on-board compression loses information.
    bitpix : `int`, optional
        16 or 32; 32 for sums in the box by default. Sums overflow in 16 bits, as in old files.
    untransmitted : `bool`
        Whether the corner blocks, and the central ones of C2, are omitted.
    lost_blocks : sequence of `tuple` of `int`
        Lost blocks (column, row), counted in the summed full frame.
    n_lost : `int`
        Number of further blocks that are lost at random.
    port : `str`
        Read-out port, for the bias.
    processed : `str` or `~astropy.time.Time`, optional
        When the level-0.5 file was made, which determines the meaning of the pointing in the header; by
        default 60 days after the exposure.

    Returns
    -------
    `Simulation`

    Raises
    ------
    ValueError
        If the parameters are inconsistent.

    Examples
    --------
    >>> from sunpy_lasco import simulate
    >>> exposure = simulate.observe("C3", leb_sum=(2, 2), seed=1)
    >>> exposure.data.shape
    (512, 512)
    """
    p = parameters_of(
        detector,
        Time(date, scale="utc"),
        filter=filter,
        polar=polar,
        exptime=exptime,
        exposure_factor=exposure_factor,
        bias=bias,
        flipped=flipped,
        roll=roll,
        sun_centre=sun_centre,
        chip_sum=chip_sum,
        leb_sum=leb_sum,
        subframe=subframe,
        lost_blocks=lost_blocks,
        n_lost=n_lost,
        port=port,
        processed=processed,
        seed=seed,
        cosmic_rays=float(noise if cosmic_rays is None else cosmic_rays),
        bitpix=bitpix,
        ingredients={
            "noise": noise,
            "pattern": noise if pattern is None else pattern,
            "ramp": ramp,
            "diffracted": diffracted,
            "vignetting": vignetting,
            "saturation": saturation,
            "nonlinearity": saturation if nonlinearity is None else nonlinearity,
            "quantise": quantise,
            "lossy": lossy,
            "untransmitted": untransmitted,
        },
    )
    scene = corona() if scene is None else scene
    charge, full = _collect(_rate(scene, p, subsamples), p)
    counts, saturated = _read_out(charge, full, p)
    data, lost, absent = telemetry.send(counts, p)
    return Simulation(
        data=data,
        header=level05_header(p, data),
        parameters=p,
        scene=scene,
        saturated=saturated,
        lost=lost,
        untransmitted=absent,
    )


def _rate(scene, p, subsamples):
    """Count rate of the full-resolution pixels, DN / s."""
    light = point_light(*point_positions(scene, p.middle, p.detector, p.attitude, p.occulter_centre))
    if p.subtracts_ramp and p.has("ramp"):
        light += optics.stray_light(p.detector)
    if p.has("vignetting"):
        light *= optics.transmission(p.detector, p.time)
    return diffuse_rate(scene, p, subsamples=subsamples) + light / p.factor


def _collect(rate, p):
    """Charge in the full-resolution pixels, DN, and which of them are full."""
    charge = rate * (p.exptime * p.exposure_factor)
    if p.has("pattern"):
        charge *= chip.pixel_pattern(p.detector, p.time)
    if p.has("noise"):
        charge = chip.shot_noise(charge, CAMERAS[p.detector].gain, p.rng("shot"))
    if p.cosmic_rays:
        rate = p.cosmic_rays * chip.cosmic_rate(p.time)
        charge += chip.cosmic_rays(p.exptime, rate, p.rng("cosmic"), chip.COSMIC_CHARGE[p.detector])
    if p.has("nonlinearity"):
        charge = chip.lose_light(charge, CAMERAS[p.detector])
    if not p.has("saturation"):
        return charge, np.zeros(charge.shape, bool)
    charge = chip.bloom(charge, chip.FULL_WELL[p.detector], chip.OVERFLOW[p.detector])
    return charge, charge >= chip.NEARLY_FULL * chip.FULL_WELL[p.detector]


def _read_out(charge, full, p):
    """Counts of the stored pixels, DN, and which of them are saturated."""
    (x0, y0), (width, height) = p.corner, p.extent
    window = np.s_[y0 : y0 + height, x0 : x0 + width]
    if p.has("pattern"):
        charge[:, 0] += chip.FIRST_COLUMN_LEVEL
    counts = chip.sum_pixels(charge[window], p.chip_sum)
    saturated = chip.sum_pixels(full[window].astype(int), p.chip_sum) > 0
    if p.has("noise"):
        counts = counts + np.sqrt(CAMERAS[p.detector].read_variance) * p.rng("read").standard_normal(counts.shape)
    counts = counts + p.bias
    if p.has("quantise"):
        counts = np.rint(counts)
    if p.has("saturation"):
        saturated |= counts >= chip.ADC_MAX
        counts = np.minimum(counts, chip.ADC_MAX)
    return chip.sum_pixels(counts, p.leb_sum), chip.sum_pixels(saturated.astype(int), p.leb_sum) > 0
