"""
What sunpy's operations on maps need so that class, unit, mask and WCS survive them.

An operation writes a header with a standard WCS (`standard_cards`), since the cards
of the ground system cannot be cut or scaled: their CRPIX and CDELT are wrong in many
vintages.  Where pixels are interpolated or summed, holes become NaN before.
"""

import copy

import numpy as np

import astropy.units as u

from sunpy.util import MetaDict

from sunpy_lasco.instrument.cameras import FIRST_COLUMN, FIRST_ROW
from sunpy_lasco.instrument.sip import rescaled_sip
from sunpy_lasco.map.content import header_unit
from sunpy_lasco.map.display import CoronaNorm
from sunpy_lasco.map.geometry import lenient_frame
from sunpy_lasco.map.headers import header_level, is_helioviewer, is_raw, printable
from sunpy_lasco.map.masks import empty_pixels
from sunpy_lasco.map.standard import standard_cards

__all__ = ["OperationsMixin"]


def _is_own_card(card):
    """Whether a card fits FITS and says more than how the data are stored."""
    return len(card) <= 8 and card not in ("simple", "bitpix", "extend") and not card.startswith("naxis")


def _with_standard_header(smap, *, raw):
    """A copy of a map's header with standard WCS cards; ``raw`` leaves counts counts."""
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
    A map made by an operation, with the SIP cards of the map before it fitted to the new pixels.

    The distortion is radial about the reference pixel, so that turning the image does not
    change its coefficients.
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
    return new._new_instance(new.data, meta, plot_settings=new.plot_settings, mask=new._mask)


def _sub_frame_cards(old, left, bottom, shape):
    """CCD coordinates of a part of a raw frame, so that it can be calibrated as a sub-frame."""
    frame = lenient_frame(old.meta, old.data.shape)
    cards = {}
    for axis, (card, first, start, length) in enumerate(
        (("col", FIRST_COLUMN, left, shape[1]), ("row", FIRST_ROW, bottom, shape[0]))
    ):
        begin = frame.corner[axis] + start * frame.binning[axis] + first
        cards |= {f"r1{card}": begin, f"r2{card}": begin + length * frame.binning[axis] - 1}
    return cards


class OperationsMixin:
    """Operations of `sunpy.map.GenericMap`, for maps whose header may be of any vintage."""

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

        With ``to_float`` its data are floats in which holes and the pixels of an
        attached mask are NaN.
        """
        data, mask = self.data, self._mask
        if to_float:
            kind = data.dtype if data.dtype.kind == "f" else np.dtype(np.float32)
            holes = empty_pixels(data, self.meta)
            if mask is not None:
                holes = holes | mask
            data, mask = data.astype(kind.newbyteorder("=")), None
            data[holes] = np.nan
        meta = _with_standard_header(self, raw=is_raw(self.meta) and not to_float)
        return self._new_instance(data, meta, plot_settings=self.plot_settings, mask=mask)

    def _printable(self):
        """The same map with a header that FITS can hold."""
        meta = printable(self.meta)
        if is_helioviewer(meta):
            # Its own cards have too long names; without one the bytes would pass for counts.
            standard = printable(_with_standard_header(self, raw=True)) | {"hv_image": True}
            meta = MetaDict({card: value for card, value in standard.items() if _is_own_card(card)})
        return self._new_instance(self.data, meta, plot_settings=self.plot_settings)

    @property
    def quantity(self):
        """Data with their unit; the holes of raw counts are NaN."""
        if not is_raw(self.meta):
            return super().quantity
        counts = self.data.astype(float)
        counts[empty_pixels(self.data, self.meta)] = np.nan
        return u.Quantity(counts, self.unit, copy=False)

    def _new_instance_from_op(self, new_data):
        # The cards of SolarSoft's level 1 would let its zeros and negative values be taken
        # for holes when the result is saved and read again.
        keep = header_level(self.meta) == 0.5
        new_meta = copy.deepcopy(self.meta) if keep else _with_standard_header(self, raw=False)
        new_meta["bunit"] = new_data.unit.to_string()
        return self._new_instance(
            new_data.value, new_meta, plot_settings=self.plot_settings, mask=self._mask, flags=self._flags
        )

    @property
    def fits_header(self):
        """The header as `~astropy.io.fits.Header`; what FITS forbids in texts is blank."""
        return super(OperationsMixin, self._printable()).fits_header

    def save(self, filepath, *args, **kwargs):
        """
        Save to a file; flags, uncertainty and an attached mask are left behind.

        See `sunpy.map.GenericMap.save`, and `sunpy_lasco.write_level1` for all of a
        level-1 map.
        """
        super(OperationsMixin, self._printable()).save(filepath, *args, **kwargs)

    def __neg__(self):
        return self._new_instance_from_op(-self.quantity)

    def submap(self, *args, **kwargs):
        """
        Cut out a rectangle; attached flags and uncertainty are cut with it.

        See `sunpy.map.GenericMap.submap`.  A part of a raw frame is a sub-frame: its
        cards R1COL, R1ROW, R2COL, R2ROW say which, and it can be calibrated.
        """
        new = super(OperationsMixin, self._standardised(to_float=False)).submap(*args, **kwargs)
        left = round(self._geometry.crpix[0] - new._geometry.crpix[0])
        bottom = round(self._geometry.crpix[1] - new._geometry.crpix[1])
        part = np.s_[bottom : bottom + new.data.shape[0], left : left + new.data.shape[1]]
        meta = new.meta
        if is_raw(self.meta):
            for card, value in _sub_frame_cards(self, left, bottom, new.data.shape).items():
                meta[card] = value
        return self._new_instance(
            new.data,
            meta,
            plot_settings=self.plot_settings,
            mask=None if self._mask is None else self._mask[part].copy(),
            uncertainty=None if self.uncertainty is None else self.uncertainty[part],
            flags=None if self._flags is None else self._flags[part].copy(),
        )

    def resample(self, *args, **kwargs):
        """
        Resample to another number of pixels; attached flags and uncertainty are left behind.

        See `sunpy.map.GenericMap.resample`.
        """
        new = super(OperationsMixin, self._standardised(to_float=True)).resample(*args, **kwargs)
        return _with_distortion_moved(self, new)

    def rotate(self, *args, **kwargs):
        """
        Rotate, by default so that solar north is up; attached flags and uncertainty are left behind.

        See `sunpy.map.GenericMap.rotate`.
        """
        new = super(OperationsMixin, self._standardised(to_float=True)).rotate(*args, **kwargs)
        return _with_distortion_moved(self, new)

    def superpixel(self, *args, **kwargs):
        """
        Combine pixels; attached flags and uncertainty are left behind.

        See `sunpy.map.GenericMap.superpixel`.  Masked pixels are left out of the
        sums or means; superpixels of nothing but masked pixels are NaN.
        """
        new = super(OperationsMixin, self._standardised(to_float=True)).superpixel(*args, **kwargs)
        data = new.data
        if new._mask is not None:
            data = np.array(data)
            data[new._mask] = np.nan
        new = self._new_instance(data, new.meta, plot_settings=self.plot_settings)
        return _with_distortion_moved(self, new)

    def reproject_to(self, *args, **kwargs):
        """
        Reproject to another WCS; masked pixels are NaN in the result.

        See `sunpy.map.GenericMap.reproject_to`, which gives a map of no instrument.
        """
        floats = self._standardised(to_float=True)
        data = np.where(self.mask, floats.dtype.type(np.nan), floats.data)
        blind = self._new_instance(data, floats.meta, plot_settings=self.plot_settings)
        return super(OperationsMixin, blind).reproject_to(*args, **kwargs)
