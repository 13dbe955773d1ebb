"""
sunpy's operations on maps, extended to keep class, unit, mask and WCS.

Operations write a header with a standard WCS (`standard_cards`), since CRPIX and CDELT of the ground system
are wrong in many files and cannot be cut or scaled. Before pixels are interpolated or summed, holes are set
to NaN.
"""

import copy
from functools import partial

import numpy as np

import astropy.units as u

from sunpy.image.resample import reshape_image_to_4d_superpixel
from sunpy.map import GenericMap
from sunpy.util import MetaDict

from sunpy_lasco.geometry.cards import standard_cards
from sunpy_lasco.geometry.sip import rescaled_sip
from sunpy_lasco.geometry.vintages import lenient_frame
from sunpy_lasco.instrument.cameras import FIRST_COLUMN, FIRST_ROW
from sunpy_lasco.instrument.changes import GRID, VALUES, changed, changes_of, without_statistics
from sunpy_lasco.instrument.headers import header_level, is_helioviewer, is_raw, printable
from sunpy_lasco.map.checksum import holds_brightness, holds_counts, with_checksum
from sunpy_lasco.map.display import CoronaNorm
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.map.lazy import in_memory, is_lazy
from sunpy_lasco.map.masks import empty_pixels, hidden_and_outside
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.quantities import header_unit
from sunpy_lasco.map.reprojection import reprojected
from sunpy_lasco.map.sigma import sigma_of
from sunpy_lasco.map.superpixels import combined_pixels, combined_sigma, sources_of
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["OperationsMixin"]


def _is_own_card(card):
    """Whether a card is valid in FITS and does not only describe the storage of the data."""
    return len(card) <= 8 and card not in ("simple", "bitpix", "extend") and not card.startswith("naxis")


def _with_standard_header(smap, *, raw):
    """A copy of a map's header with standard WCS cards; ``raw`` keeps it a header of counts."""
    meta = smap.meta.copy()
    for card, value in standard_cards(smap._geometry).items():
        if value is None:
            meta.pop(card, None)
        else:
            meta[card] = value
    if not raw and "bunit" not in meta:
        meta["bunit"] = header_unit(meta).to_string()
    return meta


def _with_distortion_moved(old, new):
    """
    The result of an operation, with the SIP cards of the original map converted to the new pixels.

    The distortion is radial about the reference pixel, so a rotation does not change its coefficients.
    """
    if not old._geometry.ctype[0].endswith("-SIP"):
        return new
    before, after = (np.asarray(smap._geometry.cdelt)[:, None] * np.asarray(smap._geometry.pc) for smap in (old, new))
    # Old pixels per new pixel.
    jacobian = np.linalg.solve(before, after)
    factors = np.hypot(*jacobian)
    gram = jacobian.T @ jacobian
    only_scaled = np.allclose(jacobian, np.diag(factors))
    only_turned = np.allclose(gram, gram[0, 0] * np.eye(2)) and np.isclose(*np.abs(old._geometry.cdelt))
    if not (only_scaled or only_turned):
        msg = (
            f"The distortion in the WCS of {old.meta.get('filename', 'this map')} cannot follow this operation. "
            'Calibrate with distortion="resample" instead, or use reproject_to.'
        )
        raise ValueError(msg)
    meta = new.meta
    for card, value in rescaled_sip(old.meta, factors).items():
        meta[card] = value
    return new._new_instance(
        new.data,
        meta,
        plot_settings=new.plot_settings,
        mask=new._mask,
        uncertainty=new.uncertainty,
        flags=new._flags,
    )


def _without(image, holes):
    """A copy of an image with NaN in holes."""
    return np.where(holes, image.dtype.type(np.nan), image)


def _sub_frame_cards(old, left, bottom, shape):
    """CCD coordinates of a part of an image whose pixels are those of the detector."""
    if is_helioviewer(old.meta) or set(changes_of(old.meta)) & GRID:
        return {}
    frame = lenient_frame(old.meta, old.data.shape)
    cards = {}
    for axis, (card, first, start, length) in enumerate(
        (("col", FIRST_COLUMN, left, shape[1]), ("row", FIRST_ROW, bottom, shape[0]))
    ):
        begin = frame.corner[axis] + start * frame.binning[axis] + first
        cards |= {f"r1{card}": begin, f"r2{card}": begin + length * frame.binning[axis] - 1}
    return cards


def _with_statistics_of(old, meta, data):
    """A header with new statistics, if those of the old pixels were correct."""
    level = header_level(old.meta)
    if level not in (0.5, 1.0) or set(changes_of(old.meta)) & VALUES:
        return meta
    if is_lazy(data):
        return without_statistics(meta)
    right = holds_counts(old.data, old.meta) if level == 0.5 else holds_brightness(old.data, old.meta)
    return with_checksum(meta, data) if right else meta


def _mixed(old, operation, name, told):
    """
    Apply an operation that mixes pixels to a map and everything attached to it.

    ``operation`` takes a map and the kind of its pixels: ``"image"``, ``"sigma"`` or ``"flags"``.
    """
    old = in_memory(old)
    floats = old._standardised(to_float=True)
    new = _with_distortion_moved(old, operation(floats, "image"))
    lost = ~np.isfinite(new.data)
    sigma = sigma_of(old)
    if sigma is not None:
        sigma = operation(
            floats._new_instance(np.where(np.isnan(floats.data), np.nan, sigma), floats.meta), "sigma"
        ).data
        sigma[lost] = np.nan
        told += "; uncertainty interpolated, an upper limit: correlations are no longer known"
    flags = operation(floats._new_instance(flags_of(old).astype(np.float32), floats.meta), "flags").data
    flags = np.nan_to_num(np.rint(flags)).astype(np.uint8)
    flags[lost & (flags == 0)] = PixelFlag.MISSING
    meta = _with_statistics_of(old, changed(new.meta, name), new.data)
    add_history(meta, told)
    return old._new_instance(new.data, meta, plot_settings=old.plot_settings, flags=flags, uncertainty=sigma)


def _sigma_of_superpixels(old, masked, filled, size, start, function):
    """1 sigma of superpixels; None if it is unknown."""
    sigma = sigma_of(old)
    if sigma is None:
        return None
    try:
        sources = sources_of(old)
    except ValueError:
        return None
    return combined_sigma(sigma, masked, filled, size=size, start=start, function=function, sources=sources)


class OperationsMixin:
    """Operations of `sunpy.map.GenericMap`, for maps with headers of any age."""

    @classmethod
    def _new_instance(cls, data, meta, plot_settings=None, **kwargs):
        new = cls(data, meta, _as_read=False, **kwargs)
        if plot_settings is not None:
            default = new.plot_settings.get("norm")
            new.plot_settings.update(plot_settings)
            norm = new.plot_settings.get("norm")
            if norm is not None:
                norm = norm.renewed() if isinstance(norm, CoronaNorm) else copy.deepcopy(norm)
                untouched = getattr(norm, "is_default", False) and norm.vmin is None and norm.vmax is None
                new.plot_settings["norm"] = default if untouched else norm
        return new

    def _standardised(self, *, to_float):
        """
        The same map with a standard header.

        With ``to_float`` the data are floats with NaN in holes and in pixels of an attached mask.
        """
        data, mask = self.data, self._mask
        if to_float:
            kind = data.dtype if data.dtype.kind == "f" else np.dtype(np.float32)
            holes = empty_pixels(data, self.meta)
            if mask is not None:
                holes = holes | mask
            data, mask = data.astype(kind.newbyteorder("=")), None
            if is_lazy(data):
                data = data.map_blocks(_without, holes, dtype=data.dtype)
            else:
                data[holes] = np.nan
        meta = _with_standard_header(self, raw=is_raw(self.meta) and not to_float)
        return self._new_instance(data, meta, plot_settings=self.plot_settings, mask=mask)

    def _printable_header(self):
        """A header that can be written to FITS."""
        meta = printable(self.meta)
        if is_helioviewer(meta):
            # Its own cards have too long names; without a marker the bytes would be taken for
            # counts.
            standard = printable(_with_standard_header(self, raw=True)) | {"hv_image": True}
            meta = MetaDict({card: value for card, value in standard.items() if _is_own_card(card)})
        return meta

    def _printable(self):
        """The same map with a header that can be written to FITS."""
        return self._new_instance(self.data, self._printable_header(), plot_settings=self.plot_settings)

    @property
    def quantity(self):
        """Data with their unit; holes of raw counts are NaN."""
        data = np.asarray(self.data)
        if not is_raw(self.meta):
            return u.Quantity(data, self.unit, copy=False)
        counts = data.astype(float)
        counts[empty_pixels(data, self.meta)] = np.nan
        return u.Quantity(counts, self.unit, copy=False)

    def _operation_header(self):
        """Header of a result of arithmetic, which is no longer interpreted by the rules for SolarSoft's level 1."""
        return self.meta if header_level(self.meta) == 0.5 else _with_standard_header(self, raw=False)

    @property
    def fits_header(self):
        """The header as `~astropy.io.fits.Header`; characters that FITS forbids become blanks."""
        return super(OperationsMixin, self._printable()).fits_header

    def save(self, filepath, *args, **kwargs):
        """
        Save to a file, without flags, uncertainty and attached mask.

        See `sunpy.map.GenericMap.save`. `sunpy_lasco.write_level1` saves a complete level-1 map.
        """
        super(OperationsMixin, self._printable()).save(filepath, *args, **kwargs)

    @u.quantity_input
    def shift_reference_coord(self, axis1: u.deg, axis2: u.deg):
        """
        Shift the image in the sky, with flags, uncertainty and mask.

        See `sunpy.map.GenericMap.shift_reference_coord`. The Sun's centre on the detector (SUNPIX1, SUNPIX2)
        moves the other way, so that `sunpy_lasco.calibrate` keeps the shift and the pixels hidden by occulter
        and pylon do not change.
        """
        geometry = self._geometry
        meta = _with_standard_header(self, raw=is_raw(self.meta))
        dx, dy = axis1.to_value(u.arcsec), axis2.to_value(u.arcsec)
        meta["crval1"], meta["crval2"] = meta["crval1"] + dx, meta["crval2"] + dy
        if "sunpix1" in meta:
            cos, sin = np.cos(np.deg2rad(geometry.detector_roll)), np.sin(np.deg2rad(geometry.detector_roll))
            meta["sunpix1"] = float(meta["sunpix1"] - (cos * dx + sin * dy) / geometry.detector_scale)
            meta["sunpix2"] = float(meta["sunpix2"] - (cos * dy - sin * dx) / geometry.detector_scale)
            meta["centsrc"], meta["centstat"] = "shift_reference_coord", "given"
            meta.pop("centsig", None)
        return self._new_instance(
            self.data,
            meta,
            plot_settings=self.plot_settings,
            mask=self._mask,
            uncertainty=self.uncertainty,
            flags=self._flags,
        )

    def submap(self, *args, **kwargs):
        """
        Cut out a rectangle, with flags and uncertainty.

        See `sunpy.map.GenericMap.submap`. The cards R1COL, R1ROW, R2COL, R2ROW are updated, so that a part of
        a raw frame can be calibrated.
        """
        new = super(OperationsMixin, self._standardised(to_float=False)).submap(*args, **kwargs)
        left = round(self._geometry.crpix[0] - new._geometry.crpix[0])
        bottom = round(self._geometry.crpix[1] - new._geometry.crpix[1])
        part = np.s_[bottom : bottom + new.data.shape[0], left : left + new.data.shape[1]]
        meta = _with_statistics_of(self, new.meta, new.data)
        for card, value in _sub_frame_cards(self, left, bottom, new.data.shape).items():
            meta[card] = value
        return self._new_instance(
            new.data,
            meta,
            plot_settings=self.plot_settings,
            mask=None if self._mask is None else self._mask[part].copy(),
            uncertainty=None if self.uncertainty is None else self.uncertainty[part],
            flags=None if self._flags is None else self._flags[part].copy(),
            light_path=self._light_path,
        )

    def resample(self, dimensions, method="linear"):
        """
        Resample to another number of pixels.

        See `sunpy.map.GenericMap.resample`. The uncertainty is interpolated linearly, or taken from the
        nearest pixel if the image is; flags come from the nearest pixel.
        """
        methods = {"image": method, "sigma": "nearest" if method == "nearest" else "linear", "flags": "nearest"}

        def resample(image, part):
            return GenericMap.resample(image, dimensions, method=methods[part])

        return _mixed(self, resample, "resample", f"Resampled ({method})")

    def rotate(
        self, angle=None, rmatrix=None, order=3, scale=1.0, recenter=False, missing=np.nan, *, method="scipy", clip=True
    ):
        """
        Rotate, by default so that solar north is up.

        See `sunpy.map.GenericMap.rotate`. The uncertainty is interpolated linearly, or taken from the nearest
        pixel if the image is (``order=0``). Flags come from the nearest pixel, and are OUTSIDE beyond the
        image.
        """
        orders = {"image": order, "sigma": min(order, 1), "flags": 0}
        beyond = {"image": missing, "sigma": np.nan, "flags": float(PixelFlag.OUTSIDE)}

        def rotate(image, part):
            return GenericMap.rotate(
                image,
                angle=angle,
                rmatrix=rmatrix,
                order=orders[part],
                scale=scale,
                recenter=recenter,
                missing=beyond[part],
                method=method,
                clip=clip,
            )

        return _mixed(self, rotate, "rotate", f"Rotated (order {order})")

    def superpixel(self, dimensions, offset=(0, 0) * u.pix, func=np.sum, conservative_mask=False):
        """
        Combine pixels.

        See `sunpy.map.GenericMap.superpixel`. Masked pixels are omitted from the sums or means; superpixels
        that contain only masked pixels are NaN. Flags of the pixels are combined. For sums and means the
        uncertainty includes the covariance of interpolated pixels and the common errors of filled holes; for
        other functions it is unknown.
        """
        if self._flags is not None or self.uncertainty is not None:
            self = in_memory(self)
        floats = self._standardised(to_float=True)
        shape = self._data.shape
        # An empty image, for its header.
        nothing = self._new_instance(np.broadcast_to(np.float32(0), shape), floats.meta)
        header = GenericMap.superpixel(nothing, dimensions, offset, conservative_mask=True)
        size, start = (tuple(int(value) for value in pair.to_value(u.pix))[::-1] for pair in (dimensions, offset))
        hidden, _ = hidden_and_outside(self._geometry, shape, self.meta)
        combine = partial(
            combined_pixels, hidden=hidden, size=size, start=start, function=func, conservative=conservative_mask
        )
        if is_lazy(floats.data):
            chunks = tuple((length,) for length in header.data.shape)
            data = floats.data.rechunk(shape).map_blocks(combine, chunks=chunks, dtype=floats.dtype)
        else:
            data = combine(floats.data)
        line = f"Superpixels of {size[1]} x {size[0]} pixels ({getattr(func, '__name__', 'of a function')})"
        flags, sigma = None, None
        if not is_lazy(data):
            flags = flags_of(self)
            filled = (flags & np.uint8(PixelFlag.FILLED)) != 0
            sigma = _sigma_of_superpixels(self, hidden | ~np.isfinite(floats.data), filled, size, start, func)
            flags = np.bitwise_or.reduce(reshape_image_to_4d_superpixel(flags, size, start), axis=(1, 3))
            if sigma is None and self.uncertainty is not None:
                line += "; uncertainty unknown"
        meta = _with_statistics_of(self, changed(header.meta, "superpixel"), data)
        add_history(meta, line)
        new = self._new_instance(data, meta, plot_settings=self.plot_settings, flags=flags, uncertainty=sigma)
        return _with_distortion_moved(self, new)

    def reproject_to(self, target_wcs, *, algorithm="interpolation", return_footprint=False, **options):
        """
        Reproject to another WCS.

        See `sunpy.map.GenericMap.reproject_to`; class and unit are kept. Masked pixels are NaN in the result.
        The uncertainty is interpolated like the image, and flags come from the nearest pixel.

        Parameters
        ----------
        target_wcs : `~astropy.wcs.WCS`, `~sunpy.map.GenericMap`, `~astropy.io.fits.Header` or mapping
            A WCS, a map with it, or a header (``fits_header`` or ``meta`` of any map).
        algorithm : `str`
            ``"interpolation"``, ``"adaptive"`` or ``"exact"``.
        return_footprint : `bool`
            Return the footprint as well.
        **options
            ``auto_extent`` as in sunpy; ``preserve_date_obs=False`` to use the observation time of the
            target, as sunpy does by default; other options are passed to the functions of the package
            reproject.

        Returns
        -------
        map of the same class
            ``date`` is the time of the observation, ``reference_date`` and the observer are those of
            the target.
        footprint : `numpy.ndarray`
            Only with ``return_footprint``.

        Raises
        ------
        sunpy_lasco.errors.IncompatibleMapsError
            If time or observer of the target differ and the distance of the light beside the solar disk is
            not specified by `sunpy.coordinates.SphericalScreen` or `sunpy.coordinates.PlanarScreen`.
        """
        smap = in_memory(self)
        floats = smap._standardised(to_float=True)
        data = np.where(smap.mask, floats.dtype.type(np.nan), floats.data)
        blind = self._new_instance(data, floats.meta, plot_settings=self.plot_settings)
        new, footprint = reprojected(
            blind, target_wcs, algorithm, sigma=sigma_of(smap), flags=flags_of(smap), options=options
        )
        return (new, footprint) if return_footprint else new
