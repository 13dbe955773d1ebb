"""
The parts of the calibration that frames have in common, computed once.

The positions of the pixels, factors, stray light, mask and untransmitted blocks depend only on the
configuration. With them a frame is calibrated in one pass:

    brightness = W (s V x - L),   variance = W2 (s V n)**2

with the counts above the bias x and their noise n, DN; the inverse vignetting V, 0 for pixels that were not
sent; the stray light L; the scale s of the exposure, MSB / DN; the weights W of the interpolation, and their
squares W2. The results are identical, bit by bit, to those of the single steps.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from sunpy_lasco.assets.asset import Asset
from sunpy_lasco.assets.names import C3_MASK
from sunpy_lasco.config import megabytes
from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.geometry.distortion import INTERPOLATED, Distortion
from sunpy_lasco.geometry.resampling import VALID_WEIGHT, movement_of, resampling_with
from sunpy_lasco.geometry.rolls import is_flipped
from sunpy_lasco.instrument.constants import constants_hash
from sunpy_lasco.instrument.light_path import LightPath, coarse_vignetting
from sunpy_lasco.instrument.linearity import stored_well, true_counts
from sunpy_lasco.instrument.noise import noise_variance, rounding_table
from sunpy_lasco.instrument.photometry import frame_factor
from sunpy_lasco.instrument.vignetting import inverse_vignetting
from sunpy_lasco.level1 import arrays
from sunpy_lasco.level1.arrays import VARIANCE_SCALE, bits_of
from sunpy_lasco.level1.brightness import (
    Response,
    coarse,
    find_response,
    has_stray_light,
    response_factor,
    response_told,
    stray_light_image,
    stray_light_of,
    stray_light_scale,
    vignetting_name,
    vignetting_told,
)
from sunpy_lasco.level1.checks import ring_pixels
from sunpy_lasco.level1.interpolation import Interpolation, interpolation_of
from sunpy_lasco.level1.warp import distortion_told, mask_of, mask_told
from sunpy_lasco.pixel_flags import PixelFlag, flagged

__all__ = ["Folded", "PlanKey"]


#: Default of the setting ``plan_memory``, the total size of cached plans, MB.
KEPT_MEGABYTES = "160"
#: Number of detector rows that whole-array functions process at once.
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class PlanKey:
    """
    Properties that two frames must share to use the same plan.

    If a sub-frame is placed in the full frame, the values are those of the full frame.
    """

    camera: str
    #: Shape of the stored array, (ny, nx), and the full-frame pixel (x, y) of its lower left corner.
    shape: tuple[int, int]
    corner: tuple[int, int]
    #: Sums on the chip and in the electronics box, (x, y).
    chip_sum: tuple[int, int]
    leb_sum: tuple[int, int]
    #: The option distortion, and the distortion itself.
    method: str | None
    distortion: Distortion
    #: Whether the spacecraft was upside down.
    turned: bool
    #: Degree, and new position of the middle of the full frame; see
    #: `~sunpy_lasco.geometry.resampling.rounded_movement`.
    rotation: float
    target: tuple[float, float] | None
    #: SHA-256 of the calibration images, empty if there is none; ``"geometry"`` for the mask of C2.
    vignetting: str
    stray_light: str
    mask: str
    response: str
    #: Scale of the stray light if the photometric scale is not the official one.
    stray_light_scale: float
    #: Whether the loss of light near the full well is corrected.
    linearity: bool
    #: Digest of the pixels that were not sent.
    unsent: str
    #: Digest of the table of constants.
    constants: str

    def differences(self, other):
        """Differences to another key, as a list of clauses with both values."""
        pairs = [(one.name, getattr(other, one.name), getattr(self, one.name)) for one in fields(self)]
        return [_clause(name, theirs, mine) for name, theirs, mine in pairs if theirs != mine]


#: Names of the parts of a key in messages.
PART_NAMES = {
    "shape": "shape (rows, columns)",
    "chip_sum": "sums on the chip",
    "leb_sum": "sums in the electronics box",
    "method": "treatment of the distortion",
    "turned": "spacecraft upside down",
    "rotation": "rotation in degrees",
    "target": "place of the middle of the frame",
    "stray_light": "image of the stray light",
    "vignetting": "image of the vignetting",
    "mask": "mask",
    "response": "response of the pixels",
    "unsent": "pattern of blocks that were not sent",
    "constants": "table of constants",
}
#: Parts of a key whose values are not readable.
DIGESTS = {"vignetting", "stray_light", "mask", "response", "unsent", "constants"}


def _clause(name, theirs, mine):
    called = PART_NAMES.get(name, name)
    return f"its {called} differs" if name in DIGESTS else f"its {called} is {theirs!r}, but the plan has {mine!r}"


@dataclass(frozen=True)
class Setup:
    """Contents of a plan: a frame, the geometry from its header, calibration images, and untransmitted pixels."""

    key: PlanKey
    frame: object
    #: Cards that describe the positions of the pixels on the detector, before the image is turned upright.
    placing: dict
    vignetting: Asset | None
    stray_light: Asset | None
    #: Mask image of C3; None for C2, which is masked by geometry.
    mask: Asset | None
    response: Response | None
    #: Shape (ny, nx).
    unsent: np.ndarray
    #: Cards and HISTORY of the geometry.
    told: dict


def setup_of(meta, frame, flags, options, assets):
    """
    Collect the contents of the plan for a frame, and its key.

    Parameters
    ----------
    meta : mapping
        Header, with the pointing set.
    frame : `~sunpy_lasco.instrument.frame.Frame`
    flags : `numpy.ndarray`
        Of the raw image, shape (ny, nx).
    options : `~sunpy_lasco.level1.options.Level1Options`
    assets : `~sunpy_lasco.assets.AssetSource`

    Returns
    -------
    `Setup`
    """
    movement = {"north_up": bool(options.north_up), "sun_pixel": options.sun_pixel}
    distortion, told = distortion_told(meta, frame, options.distortion, options.geometry, **movement)
    rotation, target = movement_of(told["cards"])
    vignetting = assets.image(vignetting_name(frame)) if options.vignetting else None
    stray_light, more = None, options.stray_light
    if more is not False and has_stray_light(frame):
        stray_light = stray_light_image(assets, None if more is True else more)
    mask = assets.image(C3_MASK) if options.mask and frame.camera.name == "C3" else None
    factor = frame_factor(frame, star_scale=options.photometry == "stars")
    given = options.flat_field
    response = None if given is False else find_response(frame, None if given is True else given)
    unsent = flagged(flags, "UNTRANSMITTED") & ~flagged(flags, "FILLED")
    key = PlanKey(
        camera=frame.camera.name,
        shape=frame.shape,
        corner=frame.corner,
        chip_sum=frame.chip_sum,
        leb_sum=frame.leb_sum,
        method=options.distortion,
        distortion=distortion,
        turned=is_flipped(meta["detroll"]),
        rotation=rotation,
        target=target,
        vignetting=_sha(vignetting),
        stray_light=_sha(stray_light),
        mask=("geometry" if frame.camera.name == "C2" else _sha(mask)) if options.mask else "",
        response="" if response is None else response.sha256,
        stray_light_scale=1.0 if stray_light is None else float(stray_light_scale(frame, factor)),
        linearity=options.linearity,
        unsent=hashlib.blake2b(np.packbits(unsent), digest_size=16).hexdigest(),
        constants=constants_hash(),
    )
    return Setup(key, frame, told["cards"], vignetting, stray_light, mask, response, unsent, told)


@lru_cache(maxsize=16)
def _content_sha(asset):
    return sha256_of(np.ascontiguousarray(asset.data))


def _sha(asset):
    """SHA-256 of a calibration image: of its file, or of its pixels if it has no file."""
    return "" if asset is None else asset.sha256 or _content_sha(asset)


class Matrices:
    """Sparse matrices of an interpolation, made for the second frame of a plan: where each has its roll, none is."""

    def __init__(self, interpolation, empty):
        self._interpolation, self._empty, self._used = interpolation, empty, False
        self.made = None

    def __call__(self):
        """The matrices, or None for the first frame and where compiled loops do without."""
        if self._used and self.made is None:
            self.made = self._interpolation.matrices(self._empty)
        self._used = True
        return self.made


@dataclass(frozen=True, eq=False)
class Folded:
    """
    The arrays of a plan.

    Detector arrays have the orientation of the read-out; output arrays are upright.
    """

    key: PlanKey
    #: Pixels that were not sent (detector).
    unsent: np.ndarray
    #: Inverse vignetting, float32 (detector); 0 for pixels that were not sent.
    gain: np.ndarray
    #: Stray light, MSB, float32 (detector), 0 for pixels that were not sent; or None.
    stray_light: np.ndarray | None
    #: Factors that divide the response out of counts, float32 (detector), or None.
    response: np.ndarray | None
    #: Interpolation from detector to output, or None if pixels keep their positions.
    interpolation: Interpolation | None
    #: Pixels that are masked or of which too little was sent (output).
    empty: np.ndarray
    #: Flags common to all frames (output).
    flags: np.ndarray
    #: Pixels whose brightness is checked (detector), indices of those that were sent.
    ring: np.ndarray
    #: Inverse vignetting and stray light on a coarse grid.
    light_path: LightPath
    #: Cards and HISTORY of the calibration images, by step.
    told: dict
    #: Sparse matrices of the interpolation, when they pay.
    matrices: "Matrices | None" = None

    @property
    def arrays(self):
        """The arrays that need memory, by identity."""
        own = [self.unsent, self.gain, self.stray_light, self.response, self.empty, self.flags, self.ring]
        parts = [*own, *(() if self.interpolation is None else self.interpolation.arrays)]
        if self.matrices is not None and self.matrices.made is not None:
            values, variances = self.matrices.made
            parts += [values.data, values.indices, values.indptr, variances.data]
        return {id(one): one for one in parts if one is not None}

    @property
    def nbytes(self):
        """Bytes of the arrays."""
        return sum(one.nbytes for one in self.arrays.values())

    def apply(self, counts, flags, frame, *, bias, exptime, factor, sigma=None):
        """
        Convert the counts of a frame to brightness.

        Parameters
        ----------
        counts : `numpy.ndarray`
            DN with the bias, shape (ny, nx), int32 or float32.
        flags : `numpy.ndarray`
            uint8: lost, not sent, filled and saturated pixels.
        frame : `~sunpy_lasco.instrument.frame.Frame`
        bias : `float`
            Of a stored pixel, DN.
        exptime : `float`
            True exposure time, s.
        factor : `float`
            Calibration factor, MSB / (DN / s).
        sigma : `numpy.ndarray`, optional
            1 sigma of filled pixels, DN, shape (ny, nx).

        Returns
        -------
        image, sigma : `numpy.ndarray`
            MSB, float32, upright.
        flags : `numpy.ndarray`
            uint8.
        ring : `numpy.ndarray`
            Brightness of the pixels used to check the frame, MSB.
        """
        scales = np.float32(bias), np.float32(1.0 / exptime), np.float32(factor), np.float32(VARIANCE_SCALE)
        lost, filled = self._holes(counts, flags)
        fused, shared = None if self.interpolation is None else self.interpolation.fused, None
        if fused is None:
            image, noise = self._by_arrays(counts, frame, scales)
        else:
            image, noise = self._by_loops(fused, counts, frame, scales)
        if filled is not None:
            # Filled pixels have their own sigma.
            rows, shared = np.flatnonzero(filled.any(axis=1)), np.zeros(counts.shape, np.float32)
            own = filled[rows], sigma[rows]
            image[rows], noise[rows], shared[rows] = self._rows_by_arrays(counts[rows], rows, frame, scales, *own)
        ring = self.ring if lost is None else self.ring[~lost.ravel()[self.ring]]
        brightness = image.ravel()[ring]
        if self.stray_light is not None:
            brightness += self.stray_light.ravel()[ring]
        image, sigma = (self._stayed if self.interpolation is None else self._moved)(image, noise, lost, shared)
        return image, sigma, self._flags_of(flags), brightness

    def _by_arrays(self, counts, frame, scales):
        """
        Image and noise (detector) by functions of whole arrays.

        The noise is a variance if it will be interpolated, else a sigma.
        """
        image, noise = np.empty(counts.shape, np.float32), np.empty(counts.shape, np.float32)
        # A group of rows fits into the processor's cache.
        for first in range(0, len(counts), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            image[rows], noise[rows], _ = self._rows_by_arrays(counts[rows], rows, frame, scales)
        return image, noise

    def _rows_by_arrays(self, counts, rows, frame, scales, filled=None, sigma=None):
        """Some rows of `_by_arrays`, and sigma of filled pixels or None."""
        bias, per_second, factor, large = scales
        image = counts.astype(np.float32)
        image -= bias
        if counts.dtype.kind == "f":
            image[~np.isfinite(image)] = 0
        image, sigma = self._linear(image, rows, frame, sigma)
        noise = np.sqrt(noise_variance(image, frame, pattern=False))
        if sigma is not None:
            noise[filled] = sigma[filled]
        # One after the other, with the same rounding as the single steps.
        for part, first in ((image, per_second), (noise, per_second * large)):
            part *= first
            part *= factor
            part *= self.gain[rows]
        shared = None
        if filled is not None:
            shared = np.where(filled & np.isfinite(noise), noise, np.float32(0))
            noise[filled] = 0
        if self.stray_light is not None:
            image -= self.stray_light[rows]
        return image, noise if self.interpolation is None else np.square(noise, out=noise), shared

    def _by_loops(self, fused, counts, frame, scales):
        """Image and variance (detector), computed with compiled loops."""
        none = np.zeros(0, np.float32)
        if counts.dtype.kind == "f":
            counts = np.where(np.isfinite(counts), counts, scales[0]).astype(np.float32, copy=False)
        reads, per_variance, square, table = frame.leb_sum[0] * frame.leb_sum[1], 0.0, 0.0, none
        if frame.is_lossy:
            per_variance, square, table = rounding_table(frame)
        well = stored_well(frame) if self.key.linearity and not (frame.is_derived or frame.is_model) else none
        camera = frame.camera
        numbers = camera.read_variance * reads, reads / 12.0, camera.gain, camera.full_well_loss, per_variance, square
        image, variance = np.empty(counts.shape, np.float32), np.empty(counts.shape, np.float32)
        planes = [none if plane is None else plane.ravel() for plane in (self.gain, self.response, self.stray_light)]
        scalars = (*scales, *map(np.float32, numbers))
        fused.detector_pass(counts, scalars, well, *planes, table, image.ravel(), variance.ravel())
        return image, variance

    def _holes(self, counts, flags):
        """Empty pixels that should have been sent, and filled pixels; each None if there are none."""
        bits = bits_of(flags)
        lost = filled = None
        if bits & PixelFlag.FILLED:
            filled = flagged(flags, "FILLED")
        if bits & PixelFlag.MISSING:
            lost = flagged(flags, "MISSING") & ~flagged(flags, "FILLED")
        if counts.dtype.kind == "f":
            empty = ~np.isfinite(counts)
            lost = empty if lost is None else lost | empty
        if lost is not None:
            lost &= ~self.unsent
        return lost if lost is not None and lost.any() else None, filled

    def _linear(self, counts, rows, frame, sigma):
        """Counts corrected for linearity and response, and the corresponding sigma or None."""
        if self.key.linearity:
            before, counts = counts, true_counts(counts, frame)
            if sigma is not None:
                with np.errstate(invalid="ignore", divide="ignore"):
                    sigma = sigma * np.where(before > 0, counts / before, np.float32(1))
        if self.response is not None:
            counts = counts * self.response[rows]
            sigma = None if sigma is None else sigma * self.response[rows]
        return counts, sigma

    def _stayed(self, image, noise, lost, shared):
        """Turn image and sigma (detector) upright."""
        if shared is not None:
            noise += shared
        if lost is not None:
            image[lost], noise[lost] = np.float32(np.nan), np.float32(np.nan)
        noise *= np.float32(1 / VARIANCE_SCALE)
        image, sigma = (arrays.upright(image), arrays.upright(noise)) if self.key.turned else (image, noise)
        for array in (image, sigma):
            np.copyto(array, np.float32(np.nan), where=self.empty)
        return image, sigma

    def _moved(self, image, variance, lost, shared):
        """Interpolate image and variance (detector), and return image and sigma."""
        if lost is not None:
            image[lost], variance[lost] = 0, 0
        places = self.empty, self.matrices and self.matrices()
        if lost is None and shared is None:
            return self.interpolation(image, variance, *places, scale=1 / VARIANCE_SCALE)
        image, variance = self.interpolation(image, variance, *places)
        # Changes due to holes and filled pixels of this frame.
        near = np.zeros(self.unsent.shape, bool) if shared is None else shared != 0
        near = near if lost is None else near | lost
        pixels = np.flatnonzero(self.interpolation.reached(near.view(np.uint8)).view(bool))
        if shared is not None:
            # Their errors are shared and do not average out.
            variance.ravel()[pixels] += np.square(self.interpolation.at(pixels, shared)[0])
        if lost is not None:
            bad = pixels[self.interpolation.at(pixels, ~(lost | self.unsent))[0] < VALID_WEIGHT]
            image.ravel()[bad], variance.ravel()[bad] = np.float32(np.nan), np.float32(np.nan)
        sigma = np.sqrt(variance, out=variance)
        sigma *= np.float32(1 / VARIANCE_SCALE)
        return image, sigma

    def _flags_of(self, flags):
        """Flags of the output, from those of a frame."""
        if not bits_of(flags) & ~PixelFlag.UNTRANSMITTED:
            return self.flags.copy()
        # Untransmitted pixels have that flag.
        own = flags ^ (self.unsent.view(np.uint8) * np.uint8(PixelFlag.UNTRANSMITTED))
        if self.interpolation is not None:
            return self.flags | self.interpolation.reached(own)
        return self.flags | (arrays.upright(own) if self.key.turned else own)


def fold(setup):
    """
    Compute the arrays of a plan.

    Parameters
    ----------
    setup : `Setup`

    Returns
    -------
    `Folded`
    """
    key, frame, unsent = setup.key, setup.frame, setup.unsent
    path, told = LightPath(), {}
    gain, stray_light = np.ones(frame.shape, np.float32), None
    if setup.vignetting is not None:
        gain = inverse_vignetting(setup.vignetting.data, frame).astype(np.float32)
        path = replace(path, vignetting=coarse(setup.vignetting, coarse_vignetting))
        told["vignetting"] = vignetting_told(frame, setup.vignetting)
    gain[unsent] = 0
    if setup.stray_light is not None:
        stray_light, grid = stray_light_of(setup.stray_light, frame, np.float32(key.stray_light_scale))
        stray_light = np.where(unsent, np.float32(0), stray_light)
        path = replace(path, stray_light=grid)
    if setup.response is not None:
        told["response"] = response_told(setup.response)
    turn = arrays.upright if key.turned else np.ascontiguousarray
    hidden = np.zeros(frame.shape, bool)
    if key.mask:
        hidden = turn(mask_of(setup.mask, setup.placing, frame))
        told["mask"] = mask_told(setup.mask)
    flags, bad, interpolation = hidden * np.uint8(PixelFlag.MASKED), turn(unsent), None
    if key.method in INTERPOLATED:
        interpolation = interpolation_of(resampling_with(setup.placing, frame, key.distortion), key.turned)
        outside = ~interpolation.gather.inside.reshape(frame.shape)
        flags |= outside * np.uint8(PixelFlag.OUTSIDE)
        bad = interpolation.reached(unsent.view(np.uint8)) != 0
    flags |= bad * np.uint8(PixelFlag.UNTRANSMITTED)
    if interpolation is not None:
        pixels = np.flatnonzero(bad)
        bad.ravel()[pixels] = interpolation.at(pixels, ~unsent)[0] < VALID_WEIGHT
        bad |= outside
    ring = ring_pixels(frame)
    return Folded(
        key=key,
        unsent=unsent,
        gain=gain,
        stray_light=stray_light,
        response=None if setup.response is None else response_factor(setup.response, frame),
        interpolation=interpolation,
        empty=bad | hidden,
        flags=flags,
        ring=ring[~unsent.ravel()[ring]],
        light_path=path,
        told=told,
        matrices=None if interpolation is None else Matrices(interpolation, bad | hidden),
    )


class _Kept:
    """Cache of plans with bounded memory, the most recently used last."""

    def __init__(self):
        self._plans, self._lock = OrderedDict(), threading.Lock()

    def get(self, key):
        """The plan of a key, or None."""
        with self._lock:
            found = self._plans.get(key)
            if found is not None:
                self._plans.move_to_end(key)
            return found

    def put(self, folded):
        """Store a plan and discard the least recently used ones; the latest always stays."""
        limit = megabytes("plan_memory", KEPT_MEGABYTES) * 1e6
        with self._lock:
            self._plans[folded.key] = folded
            self._plans.move_to_end(folded.key)
            while len(self._plans) > 1 and self._nbytes() > limit:
                self._plans.popitem(last=False)

    def _nbytes(self):
        # Plans that differ in their calibration images share the interpolation.
        found = {}
        for one in self._plans.values():
            found |= one.arrays
        return sum(one.nbytes for one in found.values())

    def clear(self):
        """Discard all plans."""
        with self._lock:
            self._plans.clear()


#: Plans of this process.
kept_plans = _Kept()


def folded_for(setup):
    """The arrays of a plan, cached or new."""
    found = kept_plans.get(setup.key)
    if found is None:
        found = fold(setup)
        kept_plans.put(found)
    return found


def require_fit(setup, folded, name):
    """Raise `~sunpy_lasco.errors.NotCalibratableError` if a plan was not made for a frame."""
    differences = folded.key.differences(setup.key)
    if differences:
        msg = f"{name} does not match the plan: {'; '.join(differences)}. Create a plan for it, or use calibrate()."
        raise NotCalibratableError(msg)
