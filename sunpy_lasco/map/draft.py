"""
Lightweight stand-ins for maps between processing steps.

Creating a map takes milliseconds, because sunpy copies, checks and repeatedly hashes the header. Successive
steps therefore pass on a draft, which has the attributes of a map that they need; a map is created only at
the end.
"""

import copy

import astropy.units as u

from sunpy.sun import constants
from sunpy.time import parse_time
from sunpy.util import MetaDict

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.frame import Frame, header_time
from sunpy_lasco.instrument.headers import observation_time

__all__ = ["Draft"]


class Draft:
    """
    The attributes of a map that calibration steps need. Like a map, a draft never changes.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        The original map, whose plot settings and attached mask are used for the final map.
    """

    def __init__(self, smap):
        self._origin = smap
        self.data = smap.data
        self.meta = {str(card).lower(): value for card, value in smap.meta.items()}
        self.uncertainty = smap.uncertainty
        self._flags = smap._flags
        self._light_path = getattr(smap, "_light_path", None)

    def exchanged(self, *, data=None, meta=None, uncertainty=..., flags=..., light_path=...):
        """A draft with some parts replaced, as by `sunpy_lasco.map.edit.replace`; arrays are shared."""
        new = copy.copy(self)
        if data is not None:
            new.data = data
        if meta is not None:
            new.meta = meta
        if uncertainty is not ...:
            new.uncertainty = uncertainty
        if flags is not ...:
            new._flags = flags
        if light_path is not ...:
            new._light_path = light_path
        return new

    @property
    def frame(self):
        """The exposure, as the header describes it."""
        return Frame.from_header(self.meta, self.data.shape)

    @property
    def date(self):
        """Start of the exposure, as of a map."""
        return observation_time(self.meta)

    @property
    def reference_date(self):
        """Time of the coordinate frame, as of a map."""
        middle = self.meta.get("date-avg")
        if not middle:
            return self.date
        try:
            return header_time(self.meta, "date-avg", None)
        except HeaderError:
            return parse_time(middle, scale="utc")

    @property
    def rsun_meters(self):
        """Radius of the Sun, as of a map."""
        reference = self.meta.get("rsun_ref")
        return constants.radius if reference is None else float(reference) * u.m

    def finished(self):
        """The map, of the class of the original one."""
        return self._origin._new_instance(
            self.data,
            MetaDict(self.meta),
            plot_settings=self._origin.plot_settings,
            mask=copy.copy(getattr(self._origin, "_mask", None)),
            uncertainty=self.uncertainty,
            flags=self._flags,
            light_path=self._light_path,
        )
