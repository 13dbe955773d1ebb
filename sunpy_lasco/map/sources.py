"""
Map sources for LASCO C2 and C3.
"""

import warnings
from typing import TypeAlias, TypeVar

import numpy as np

import astropy.units as u
import astropy.wcs
from astropy.nddata import StdDevUncertainty
from astropy.visualization import PowerStretch

from sunpy.map.mapbase import GenericMap, MapMetaValidationError, PixelPair, SpatialPair
from sunpy.map.sources import LASCOMap
from sunpy.sun import constants
from sunpy.time import parse_time
from sunpy.visualization import peek_show

from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.geometry.sip import sip_matrices
from sunpy_lasco.geometry.vintages import image_geometry
from sunpy_lasco.instrument import headers
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.cards import card_text, frame_name, shown
from sunpy_lasco.instrument.changes import changes_of
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.map import quantities
from sunpy_lasco.map.arithmetic import ArithmeticMixin
from sunpy_lasco.map.display import CoronaNorm, DifferenceNorm, add_colorbar, corona_colours, difference_colours
from sunpy_lasco.map.lazy import is_lazy
from sunpy_lasco.map.masks import empty_pixels, has_official_holes, hidden_and_outside, holes_to_nan
from sunpy_lasco.map.operations import OperationsMixin
from sunpy_lasco.map.registration import prefer

__all__ = ["LASCOC2Map", "LASCOC3Map"]


#: Numbers that sunpy reads from headers for the observer and the Sun.
OBSERVER_CARDS = "hgln_obs hglt_obs crln_obs crlt_obs dsun_obs rsun_ref rsun_obs rsun solar_r radius lonpole latpole"
#: Numbers written by the calibration and read by later steps.
OWN_CARDS = (
    "detroll sunpix1 sunpix2 occcen1 occcen2 dist_k0 dist_k1 dist_k2 imgrot imgpiv1 imgpiv2 imgtar1 imgtar2 "
    "biasval biassig expfac expfsig calfac patsig"
)


class RefusedHeaderError(headers.MapHeaderError, MapMetaValidationError):
    """`MapHeaderError` as handled by sunpy's map factory. Lower packages raise its base and do not import sunpy.map."""


class _CoronagraphMap(ArithmeticMixin, OperationsMixin):
    """
    Common part of the maps of both cameras.

    A mixin that does not derive from `~sunpy.map.GenericMap`, so that it is not a map source itself.
    """

    _camera_name = None
    #: Percentiles of the valid pixels for the colour scale, and power of the stretch: for counts, and for brightness,
    #: which decreases more steeply without the vignetting.
    _display = (1.0, 99.0, 0.5)
    _display_level1 = (1.0, 98.0, 1.0 / 3.0)
    #: Percentile of the absolute values of a difference for the last colour.
    _display_difference = 98.0

    def __init__(self, data, header, *, flags=None, light_path=None, _as_read=True, **kwargs):
        if isinstance(kwargs.get("uncertainty"), np.ndarray):
            kwargs["uncertainty"] = StdDevUncertainty(kwargs["uncertainty"])
        self._flags = None
        # Vignetting and stray light that were corrected, see `sunpy_lasco.uncertainty`.
        self._light_path = light_path
        self._as_read = _as_read
        self._holes_unread = False
        plot_settings = kwargs.pop("plot_settings", None)
        _check_pixels(data, header)
        super().__init__(data, header, **kwargs)
        self._holes_unread = _as_read and has_official_holes(self._data, self.meta)
        if flags is not None:
            flags = np.asarray(flags)
            if flags.shape != self.data.shape:
                msg = f"The flags have the shape {flags.shape}, the data {self.data.shape}."
                raise ValueError(msg)
            self._flags = flags.astype(np.uint8)
        if "difference" in changes_of(self.meta):
            self.plot_settings["cmap"] = difference_colours()
            self.plot_settings["norm"] = DifferenceNorm(self._display_difference, is_default=True)
        else:
            self.plot_settings["cmap"] = corona_colours(self._camera_name)
            self._set_corona_norm()
        if plot_settings:
            self.plot_settings.update(plot_settings)

    def _set_corona_norm(self):
        if self.dtype != np.uint8:
            low, high, power = self._display_level1 if self.processing_level == 1.0 else self._display
            self.plot_settings["norm"] = CoronaNorm((low, high), PowerStretch(power), is_default=True)

    @peek_show
    def peek(self, draw_limb=False, draw_grid=False, colorbar=True, **matplot_args):
        """Show the image like `sunpy.map.GenericMap.peek`, but without overlapping labels."""
        figure = GenericMap.peek.__wrapped__(self, draw_limb, draw_grid, colorbar=False, **matplot_args)
        if colorbar:
            add_colorbar(figure, self.unit)
        return figure

    @property
    def data(self):
        """
        The image, an array of shape (ny, nx).

        Missing pixels of level 1 are NaN. In SolarSoft's images they are determined when the data are first
        accessed.
        """
        if self._holes_unread:
            self._holes_unread = False
            self._data = holes_to_nan(self._data, self.meta)
        return self._data

    @property
    def dtype(self):
        """Type of the data."""
        return self._data.dtype

    @classmethod
    def is_datasource_for(cls, data, header, **kwargs):
        """Whether a header belongs to this camera, or has no valid DETECTOR and should be refused by this class."""
        if squeezed(header.get("instrume", "")) != "LASCO":
            return False
        detector = squeezed(card_text(header, "detector"))
        return (detector if detector in ("C1", *CAMERAS) else _likely_camera(header)) == cls._camera_name

    def _validate_meta(self):
        try:
            self._judge_meta()
        except headers.MapHeaderError as error:
            raise RefusedHeaderError(str(error)) from error.__cause__

    def _judge_meta(self):
        needed, wanted = headers.missing_cards(self.meta)
        name = frame_name(self.meta, "This header")
        if needed:
            msg = f"{name} lacks the cards {', '.join(needed)}, which a map requires."
            if card_text(self.meta, "detector") and "DETECTOR" in needed:
                msg += f" DETECTOR holds {shown(self.meta['detector'])}, which is not one of {', '.join(CAMERAS)}."
            raise headers.MapHeaderError(msg)
        geometry = self._geometry
        self.date  # noqa: B018 - raises if it cannot be understood
        for card in (*OBSERVER_CARDS.split(), *OWN_CARDS.split()):
            headers.map_number(self.meta, card)
        self.unit  # noqa: B018 - raises if BUNIT cannot be understood
        super()._validate_meta()
        if not self._as_read:
            return
        notes = list(geometry.notes)
        if wanted:
            notes.append(f"{name} lacks the cards {', '.join(wanted)}; it can be shown but not calibrated.")
        if notes:
            warnings.warn(" ".join(notes), LascoUserWarning, stacklevel=5)

    @property
    def _meta_hash(self):
        """As in sunpy, but without a copy of the header; it is computed for each cached property."""
        # Faster than the item access of the class.
        try:
            return hash(frozenset(item for item in dict.items(self.meta) if item[0] != "keycomments"))
        except TypeError:
            return None

    @property
    def _geometry(self):
        """Geometry of the image, cached for each state of the header."""
        key = self._meta_hash, self._data.shape
        cached = getattr(self, "_geometry_cache", None)
        if cached is None or cached[0] != key or key[0] is None:
            self._geometry_cache = cached = key, image_geometry(self.meta, self._data.shape)
        return cached[1]

    # The WCS, from the geometry instead of the cards.
    @property
    def coordinate_system(self):
        """Helioprojective for all files, also old ones with a wrong CTYPE; `wcs` adds a distortion if there is one."""
        return SpatialPair(*(name.removesuffix("-SIP") for name in self._geometry.ctype))

    @property
    def spatial_units(self):
        """Arcsec."""
        return SpatialPair(u.arcsec, u.arcsec)

    @property
    def reference_pixel(self):
        """Reference pixel (the Sun centre) counted from 0, by the rules for the age of the file."""
        return PixelPair(*(value * u.pix for value in self._geometry.crpix))

    @property
    def _reference_longitude(self):
        return self._geometry.crval[0] * u.arcsec

    @property
    def _reference_latitude(self):
        return self._geometry.crval[1] * u.arcsec

    @property
    def scale(self):
        """Plate scale."""
        return SpatialPair(*(value * u.arcsec / u.pix for value in self._geometry.cdelt))

    @property
    def rotation_matrix(self):
        """Matrix PC of the roll, by the rules for the age of the file."""
        return np.array(self._geometry.pc)

    @property
    def wcs(self):
        """The `~astropy.wcs.WCS` of the map, including a SIP distortion if the header has one."""
        wcs = super().wcs
        ctype = self._geometry.ctype
        if wcs.sip is None and ctype[0].endswith("-SIP"):
            # sunpy before 8.0 omits it; 8.0 fails if the header has a HISTORY of several lines.
            wcs.sip = astropy.wcs.Sip(*sip_matrices(self.meta), wcs.wcs.crpix)
            wcs.wcs.ctype = ctype
            wcs.wcs.set()
        return wcs

    # Time.
    @property
    def date(self):
        """Start of the exposure; for level 0.5 by the uncorrected on-board clock."""
        return headers.observation_time(self.meta)

    def _set_date(self, date):
        for card in ("time-obs", "time_obs", "date_obs"):
            self.meta.pop(card, None)
        self.meta["date-obs"] = parse_time(date).utc.isot

    @property
    def reference_date(self):
        """Time of the coordinate frame: DATE-AVG if present, else `date`."""
        return self._get_date("date-avg") or self.date

    def _set_reference_date(self, date):
        if "date-avg" in self.meta:
            self.meta["date-avg"] = parse_time(date).utc.isot
        else:
            self._set_date(date)

    # Instrument and processing.
    @property
    def unit(self):
        """Unit of the data: DN for level 0.5, `~sunpy_lasco.MSB` for level 1."""
        return quantities.header_unit(self.meta)

    @property
    def exposure_time(self):
        """Exposure time."""
        seconds = quantities.exposure_seconds(self.meta)
        return None if seconds is None else seconds * u.s

    @property
    def processing_level(self):
        """0.5 or 1.0; None for Helioviewer images."""
        return headers.header_level(self.meta)

    @property
    def measurement(self):
        """The measured quantity: ``"B"``, ``"B +60 deg"`` and so on with a polariser, ``"pB"`` and others."""
        return quantities.measurement(self.meta)

    def _base_name(self):
        changes = changes_of(self.meta)
        return super()._base_name() + (f" ({', '.join(changes)})" if changes else "")

    # Observer.
    @property
    def _default_observer_coordinate(self):
        """Position of SOHO from the orbit of the package."""
        return packaged_observer(self.reference_date).coordinate

    def _rsun_meters(self, dsun=None):
        reference = headers.map_number(self.meta, "rsun_ref")
        return constants.radius if reference is None else reference * u.m

    @property
    def _rsun_obs_no_default(self):
        values = (headers.map_number(self.meta, card) for card in ("rsun_obs", "rsun"))
        return next((value for value in values if value is not None and value > 0), None)

    @property
    def rsun_obs(self):
        """
        Angular radius of the Sun.

        RSUN_OBS, else RSUN (SolarSoft's, 0.055 % larger), else the angle of 695,700 km at the observer.
        """
        return super().rsun_obs

    # Mask.
    @property
    def mask(self):
        """
        True for pixels without valid data.

        Pixels hidden by occulter, pylon and field edge, lost in telemetry or NaN, and those of an attached
        mask.
        """
        mask = empty_pixels(self.data, self.meta) | hidden_and_outside(self._geometry, self.data.shape, self.meta)[0]
        return mask if self._mask is None else mask | self._mask

    @mask.setter
    def mask(self, value):
        if value is not None and not is_lazy(value):
            value = np.broadcast_to(np.asarray(value, dtype=bool), self._data.shape)
        self._mask = value


def _check_pixels(data, header):
    """Raise an error for arrays that are not images, clearer than those of sunpy and numpy."""
    kind, axes = getattr(getattr(data, "dtype", None), "kind", "?"), getattr(data, "ndim", 0)
    if kind not in "biuf" or axes != 2 or 0 in data.shape:
        what = (
            f"is of type {data.dtype} and shape {data.shape}"
            if hasattr(data, "shape")
            else f"is a {type(data).__name__}"
        )
        msg = f"The array of {frame_name(header, 'this header')} {what}; an image must have real numbers and two axes."
        raise headers.MapHeaderError(msg)


def _likely_camera(header):
    """Camera of a header without DETECTOR, from the name of the file; C2 if that does not tell."""
    return {"3": "C3"}.get(card_text(header, "filename")[:1], "C2")


class LASCOC2Map(_CoronagraphMap, LASCOMap):
    """
    Image of LASCO C2, the white-light coronagraph of 2 to 6 solar radii on SOHO.

    Supports level 0.5 of any age, the official level 1, that of this package, and the JPEG 2000 images of
    Helioviewer.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header : mapping
        Header.
    flags : `numpy.ndarray`, optional
        Bits of `sunpy_lasco.pixel_flags.PixelFlag`, shape (ny, nx); see `sunpy_lasco.flags`.
    uncertainty : `astropy.nddata.NDUncertainty` or `numpy.ndarray`, optional
        1 sigma of the data.
    **kwargs
        As for `sunpy.map.GenericMap`.

    References
    ----------
    * Brueckner et al. 1995, Solar Physics 162, 357
    """

    _camera_name = "C2"


class LASCOC3Map(_CoronagraphMap, LASCOMap):
    """
    Image of LASCO C3, the white-light coronagraph of 4 to 30 solar radii on SOHO.

    Supports level 0.5 of any age, the official level 1, that of this package, and the JPEG 2000 images of
    Helioviewer.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header : mapping
        Header.
    flags : `numpy.ndarray`, optional
        Bits of `sunpy_lasco.pixel_flags.PixelFlag`, shape (ny, nx); see `sunpy_lasco.flags`.
    uncertainty : `astropy.nddata.NDUncertainty` or `numpy.ndarray`, optional
        1 sigma of the data.
    **kwargs
        As for `sunpy.map.GenericMap`.

    References
    ----------
    * Brueckner et al. 1995, Solar Physics 162, 357
    """

    _camera_name = "C3"


#: A map of either camera, and a type variable for functions that return the class of their input.
CoronagraphMap: TypeAlias = LASCOC2Map | LASCOC3Map
AnyCoronagraphMap = TypeVar("AnyCoronagraphMap", bound=CoronagraphMap)

prefer(LASCOMap, LASCOC2Map, LASCOC3Map)
