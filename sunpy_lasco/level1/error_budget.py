"""
The terms of the uncertainty of level 1.

They are computed from the image, its random uncertainty, its flags, the cards written by the calibration, and
the light path. Level-1 files contain all of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

import astropy.units as u

from sunpy_lasco.assets.systematics import systematic_error
from sunpy_lasco.errors import HeaderError, LascoError
from sunpy_lasco.geometry.distortion import INTERPOLATED
from sunpy_lasco.geometry.resampling import (
    bilinear_weights,
    curvature_error,
    curvature_weights,
    kept_variance,
)
from sunpy_lasco.geometry.vintages import header_distortion
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.cards import frame_name, number
from sunpy_lasco.instrument.changes import require_grid
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.linearity import lost_light, well_at
from sunpy_lasco.instrument.noise import noise_parts, pattern_share
from sunpy_lasco.map.checksum import require_brightness
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.pixel_flags import flagged
from sunpy_lasco.units import MSB

if TYPE_CHECKING:
    from collections.abc import Collection

    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["PARTS", "RegionSum", "region_sum", "systematic_uncertainty", "uncertainty"]

#: The terms of the uncertainty by part: noise that differs between exposures, which is the ``uncertainty`` of a map;
#: errors of the interpolation; the fixed pattern of the detector; errors common to the pixels of an image.
PARTS = {
    "random": ("photon", "read", "quantisation", "fill"),
    "interpolation": ("interpolation",),
    "pattern": ("pattern",),
    "common": (
        "bias",
        "exposure factor",
        "linearity",
        "calibration factor",
        "vignetting",
        "stray light",
        "polariser",
        "saturation",
    ),
}
TERMS = tuple(term for terms in PARTS.values() for term in terms)
#: Noise and pattern alone also look like curvature. The square of the interpolation error is used only as far as it
#: exceeds this multiple of their variance, which is at least 3 sigma of their own contribution.
CURVED_BY_NOISE = 0.7
#: Factor by which that square exceeds its estimate from the interpolated image, which is smoother; from simulated
#: stars.
HIDDEN_CURVATURE = 4.0
#: Cards of errors relative to the light, by term.
RELATIVE = {"exposure factor": "expfsig", "calibration factor": "calfsig", "polariser": "polsig"}


def uncertainty(smap: CoronagraphMap, parts: str | Collection[str] = "total") -> u.Quantity:
    """
    Uncertainty of a level-1 map, in total or by parts.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, as returned by `~sunpy_lasco.calibrate` or `~sunpy_lasco.read_level1`, or a ``submap`` of it.
    parts : `str` or sequence of `str`, optional
        Names of parts or terms, to be added in quadrature:

        * ``"total"``: all;
        * ``"random"``: ``"photon"``, ``"read"``, ``"quantisation"``, and ``"fill"`` in filled pixels;
        * ``"interpolation"``: error of the interpolation where the image is curved, as at stars;
        * ``"pattern"``: the fixed response of the pixels;
        * ``"common"``: ``"bias"``, ``"exposure factor"``, ``"linearity"``, ``"calibration factor"``,
          ``"vignetting"``, ``"stray light"``, ``"polariser"``, ``"saturation"``.

    Returns
    -------
    `~astropy.units.Quantity`
        1 sigma in MSB, shape of the map; NaN where the map is NaN.

    Raises
    ------
    ValueError
        If a part or term does not exist.
    sunpy_lasco.errors.LascoError
        If the map has no uncertainty or its parts are unknown, or if an operation changed its values or mixed
        its pixels. The error names the operation.

    Notes
    -----
    ``"random"`` is ``smap.uncertainty``. The value of a saturated pixel is a lower limit, so its term
    ``"saturation"`` is infinite. SolarSoft has no uncertainties.

    Examples
    --------
    >>> import sunpy_lasco
    >>> from sunpy_lasco import simulate
    >>> level1 = sunpy_lasco.calibrate(simulate.observe("C3", seed=1).level05, assets="simulated")
    >>> noise = sunpy_lasco.uncertainty(level1, parts=["photon", "read"])
    >>> noise.unit
    Unit("MSB")
    """
    names = _terms(parts)
    if set(names) == set(PARTS["random"]):
        return _random(smap) * MSB
    budget = _budget(smap)
    variance = sum(np.square(budget.term(name), dtype=float) for name in names)
    return np.where(np.isfinite(smap.data), np.sqrt(variance), np.nan) * MSB


def _terms(parts):
    """Names of the terms of some parts, each once."""
    names = []
    for part in (parts,) if isinstance(parts, str) else tuple(parts):
        if part == "total":
            names += TERMS
        elif part in PARTS:
            names += PARTS[part]
        elif part in TERMS:
            names.append(part)
        else:
            known = ", ".join(("total", *(name for name in PARTS if name not in TERMS), *TERMS))
            msg = f"There is no part {part!r} of the uncertainty; there are {known}."
            raise ValueError(msg)
    if not names:
        msg = "parts is empty; name at least one part of the uncertainty, or 'total'."
        raise ValueError(msg)
    return tuple(dict.fromkeys(names))


def _random(smap, at=...):
    """The random part of some pixels, float64."""
    sigma = sigma_of(smap)
    if sigma is None:
        msg = f"{smap.meta.get('filename') or 'The map'} has no uncertainty; calibrate() adds one."
        raise LascoError(msg)
    return np.asarray(sigma[at], float)


@dataclass(frozen=True, eq=False)
class _Budget:
    """
    Terms of the uncertainty of some pixels; all arrays have, or broadcast to, one shape.

    Brightnesses are in MSB; the light is the brightness before the stray light was subtracted.
    """

    frame: Frame
    meta: dict
    sigma: np.ndarray
    light: np.ndarray
    #: MSB per DN of a stored pixel.
    gain: np.ndarray
    #: Full-frame pixel in detector orientation.
    x: np.ndarray
    y: np.ndarray
    #: Position (column, row) in the raw image from which the pixel was interpolated, or None.
    source: tuple[np.ndarray, np.ndarray] | None
    #: Interpolation error from the curvature of the image.
    curvature: np.ndarray
    filled: np.ndarray
    saturated: np.ndarray

    def term(self, name):
        """1 sigma of one term, MSB."""
        if name in RELATIVE:
            return self._number(RELATIVE[name]) * np.abs(self.light)
        return getattr(self, f"_{name.replace(' ', '_')}")()

    def _number(self, card):
        return float(self.meta.get(card) or 0.0)

    @cached_property
    def _pattern_share(self):
        """1 sigma of the fixed response of the pixels relative to the light."""
        kept = 1.0 if self.source is None else kept_variance(*self.source)
        return pattern_share(self.frame, self._number("patsig")) * np.sqrt(kept)

    @cached_property
    def _noise_model(self):
        """Variances from photons, read-out and quantisation in the raw image, DN**2."""
        return noise_parts(self.light / self.gain, self.frame)

    def _noise(self, which):
        """One of the three kinds of noise, from its share in the noise model."""
        noise = np.where(self.filled, 0.0, self.sigma**2)
        return np.sqrt(noise * self._noise_model[which] / sum(self._noise_model))

    def _photon(self):
        return self._noise(0)

    def _read(self):
        return self._noise(1)

    def _quantisation(self):
        return self._noise(2)

    def _interpolation(self):
        unseen = CURVED_BY_NOISE * (self.sigma**2 + self._pattern() ** 2)
        curved = HIDDEN_CURVATURE * np.maximum(self.curvature**2 - unseen, 0.0)
        return np.where(self.filled, 0.0, np.sqrt(curved))

    def _fill(self):
        return np.where(self.filled, self.sigma, 0.0)

    def _pattern(self):
        return np.where(self.filled, 0.0, self._pattern_share * np.abs(self.light))

    def _bias(self):
        return self._number("biassig") * self.gain

    def _linearity(self):
        """The restored light is known to LINSIG; without the correction the whole loss is the error."""
        if self.frame.is_derived or self.frame.is_model:
            return np.zeros_like(self.light)
        counts = self.light / self.gain / (self.frame.binning[0] * self.frame.binning[1])
        well = well_at(self.x, self.frame.camera)
        put_back = "linsig" in self.meta
        if put_back:
            counts = counts / (1 + lost_light(counts, well, self.frame.camera))
        return (self._number("linsig") if put_back else 1.0) * lost_light(counts, well, self.frame.camera) * self.light

    def _vignetting(self):
        if "vigfile" not in self.meta:
            return np.zeros_like(self.light)
        error = np.hypot(self._number("vigsig"), self._of_estimate("vig", 0))
        return error * np.abs(self.light)

    def _stray_light(self):
        if "rampfile" not in self.meta:
            return np.zeros_like(self.light)
        return np.hypot(self._number("straysig"), self._of_estimate("ramp", 1)) * np.ones_like(self.light)

    def _of_estimate(self, image, kind):
        """Relative (0) or absolute (1) error of an estimated calibration image at the pixels."""
        if not self.meta.get(f"{image}est"):
            return 0.0
        error = systematic_error(self.meta[f"{image}file"])[kind]
        if np.ndim(error) == 0:
            return error
        column, row = (np.clip(np.rint(axis), 0, FULL_FRAME - 1).astype(int) for axis in (self.x, self.y))
        return error[row, column]

    def _saturation(self):
        return np.where(self.saturated, np.inf, 0.0)


def _budget(smap, pixels=None):
    """The budget of all pixels of a map, or of those at ``pixels`` (rows, columns)."""
    require_grid(smap, "used for parts of its uncertainty")
    require_brightness(smap, "used for parts of its uncertainty")
    at = (slice(None), slice(None)) if pixels is None else pixels
    sigma = _random(smap, at)
    if smap._light_path is None:
        msg = (
            f"The parts of the uncertainty of {smap.meta.get('filename') or 'the map'} are unknown, because it comes "
            "from a file of an older version, or not from calibrate() or read_level1(); calibrate it again."
        )
        raise LascoError(msg)
    rows, columns = np.indices(smap.data.shape, sparse=True) if pixels is None else pixels
    frame, x, y = _detector_places(smap, rows, columns)
    image = smap.data[at].astype(float)
    stray = smap._light_path.subtracted(x, y)
    gain = _needed(smap.meta, "calfac") / _needed(smap.meta, "exptime") * smap._light_path.inverse_vignetting(x, y)
    flags = flags_of(smap)[at]
    source, curvature = None, np.zeros(1)
    if smap.meta.get("distort") in INTERPOLATED:
        source = tuple((at - c + 0.5) / s - 0.5 for at, c, s in zip((x, y), frame.corner, frame.binning, strict=True))
        curvature = _curvature(smap.data, curvature_weights(*source), pixels)
    return _Budget(
        frame=frame,
        meta=dict(smap.meta),
        sigma=sigma,
        light=image + stray,
        gain=gain * np.ones_like(image),
        x=x,
        y=y,
        source=source,
        curvature=curvature,
        filled=flagged(flags, "FILLED"),
        saturated=flagged(flags, "SATURATED"),
    )


def _curvature(image, weights, pixels):
    if pixels is None:
        return curvature_error(image.astype(float), weights)
    rows, columns = pixels
    (last_row, last_column), middle = np.subtract(image.shape, 1), image[pixels].astype(float)
    # Across an edge there is no curvature, whichever pixel is taken beyond it.
    along_y = image[np.maximum(rows - 1, 0), columns] + image[np.minimum(rows + 1, last_row), columns] - 2 * middle
    along_x = image[rows, np.maximum(columns - 1, 0)] + image[rows, np.minimum(columns + 1, last_column)] - 2 * middle
    along_y[(rows == 0) | (rows == last_row)], along_x[(columns == 0) | (columns == last_column)] = 0, 0
    return np.nan_to_num(along_x * weights[0] + along_y * weights[1])


def _detector_places(smap, rows, columns):
    """The frame of the whole image, and the positions of some pixels in detector orientation, full-frame pixel."""
    geometry, meta = smap._geometry, smap.meta
    x, y = geometry.to_detector(columns, rows)
    if not geometry.distorted:
        x, y = header_distortion(meta).to_raw(x, y)
    # The pixels of a submap are those of the whole image, whose shape follows from their size.
    corner = np.array(geometry.to_detector(0.0, 0.0))
    sums = [
        max(1, round(float(np.hypot(*np.subtract(geometry.to_detector(*step), corner)))))
        for step in ((1.0, 0.0), (0.0, 1.0))
    ]
    extent = (
        int(meta.get("r2col", FULL_FRAME)) - int(meta.get("r1col", 1)) + 1,
        int(meta.get("r2row", FULL_FRAME)) - int(meta.get("r1row", 1)) + 1,
    )
    frame = Frame.from_header(meta, (extent[1] // sums[1], extent[0] // sums[0]))
    return frame, x, y


def systematic_uncertainty(smap: CoronagraphMap) -> dict:
    """
    Errors common to all pixels of a level-1 map, one number for each cause.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.

    Returns
    -------
    `dict`
        ``"calibration factor"``, ``"exposure factor"``, ``"vignetting"`` and ``"polariser"`` are relative to
        the light, `float`. ``"bias"`` (where the vignetting is 1) and ``"stray light"`` are
        `~astropy.units.Quantity` in MSB.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If an operation changed the values of the map or mixed its pixels. The error names the operation.

    See Also
    --------
    sunpy_lasco.uncertainty : uncertainty of each pixel, including errors of estimated calibration images.
    """
    require_grid(smap, "used for parts of its uncertainty")
    require_brightness(smap, "used for parts of its uncertainty")
    meta = smap.meta
    bias = number(meta, "biassig", 0.0) / _needed(meta, "exptime") * _needed(meta, "calfac")
    return {name: number(meta, card, 0.0) for name, card in RELATIVE.items()} | {
        "vignetting": number(meta, "vigsig", 0.0),
        "bias": bias * MSB,
        "stray light": number(meta, "straysig", 0.0) * MSB,
    }


def _needed(meta, card):
    """A number that the error budget requires."""
    found = number(meta, card)
    if found is None:
        msg = f"{frame_name(meta, 'The map')} lacks the card {card.upper()}; was it made by sunpy_lasco.calibrate?"
        raise HeaderError(msg)
    return found


@dataclass(frozen=True)
class RegionSum:
    """Sum over a region of a level-1 map."""

    #: Sum of the valid pixels, MSB (pixel); multiplied by the pixel area it is a flux.
    value: u.Quantity
    #: 1 sigma of the random part, including the covariance from the interpolation.
    sigma: u.Quantity
    #: 1 sigma of the fixed response of the pixels, likewise.
    pattern: u.Quantity
    #: 1 sigma of the calibration errors, common to the whole region.
    systematic: u.Quantity
    #: Number of valid pixels.
    pixels: int

    @property
    def total(self) -> u.Quantity:
        """1 sigma of all three together."""
        return np.sqrt(self.sigma**2 + self.pattern**2 + self.systematic**2)


def region_sum(smap: CoronagraphMap, region: np.ndarray) -> RegionSum:
    """
    Sum a level-1 map over a region, with its uncertainty.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1, as for `~sunpy_lasco.uncertainty`.
    region : `numpy.ndarray` of `bool`
        True inside, shape of the map.  Missing pixels (NaN) are omitted.

    Returns
    -------
    `RegionSum`

    Raises
    ------
    sunpy_lasco.errors.LascoError
        As for `~sunpy_lasco.uncertainty`.

    Notes
    -----
    A raw pixel j enters the sum with the weight of all output pixels that it contributes to, W_j = sum_i
    w_ij, so the variance is sum_j W_j**2 s_j**2. The noise s of a raw pixel is that of the output pixels
    around it divided by sqrt(sum_j w_ij**2). Adding output pixels in quadrature would give a result that is
    too small by a factor of about 1.5, because bilinear interpolation keeps only 4/9 of the variance of white
    noise on average.

    The errors of filled pixels are shared within a hole and do not average out; they are added linearly, as
    are the errors common to all pixels. A saturated pixel makes the systematic error infinite. Interpolation
    errors are omitted, because light missing from one pixel is found in its neighbours.
    """
    region = np.asarray(region, bool)
    # Ten times as fast as the nonzero pixels of two axes.
    inside = np.unravel_index(np.flatnonzero(region), region.shape)
    values = smap.data[inside]
    valid = np.isfinite(values)
    rows, columns = (index[valid] for index in inside)
    budget = _budget(smap, (rows, columns))
    measured = np.where(budget.filled, 0.0, budget.sigma)
    random, pattern = _variances_of_sums((measured, budget.term("pattern")), budget)
    if budget.filled.any():
        filled = np.zeros(region.shape, bool)
        filled[rows[budget.filled], columns[budget.filled]] = True
        holes, _ = ndimage.label(filled, structure=np.ones((3, 3)))
        random += float(np.sum(np.bincount(holes[rows, columns], budget.term("fill")) ** 2))
    common = np.hypot.reduce([float(np.sum(budget.term(name))) for name in PARTS["common"]])
    total = float(values[valid].sum(dtype=float))
    return RegionSum(total * MSB, np.sqrt(random) * MSB, np.sqrt(pattern) * MSB, common * MSB, rows.size)


def _variances_of_sums(sigmas, budget):
    """Variances of sums of pixels whose errors, several for each pixel, are independent in the raw image."""
    if budget.source is None:
        return [float(np.sum(sigma**2)) for sigma in sigmas]
    indices, weights = bilinear_weights(*budget.source, budget.frame.shape)
    weights = weights.astype(float)
    weights /= np.sqrt(np.maximum((weights**2).sum(axis=1, keepdims=True), 1e-12))
    shares = [np.bincount(indices.ravel(), (weights * sigma[:, None]).ravel()) for sigma in sigmas]
    return [float(np.sum(share**2)) for share in shares]
