"""
A new map from an old one: the way in which all operations make their results.
"""

import copy

from sunpy.util import MetaDict

__all__ = ["replace"]


def replace(smap, *, data=None, meta=None, uncertainty=..., flags=..., light_path=...):
    """
    Make a map of the same class with some of its parts exchanged.

    Parameters
    ----------
    smap : `sunpy_lasco.map.LASCOC2Map` or `sunpy_lasco.map.LASCOC3Map`
        The map to begin with; it is not changed.
    data : `numpy.ndarray`, optional
        New data, shape (ny, nx).  By default a copy of those of ``smap``.
    meta : mapping, optional
        New header; by default that of ``smap``.  It is copied, as sunpy copies headers.
    uncertainty : `astropy.nddata.NDUncertainty`, `numpy.ndarray` or None
        New 1-sigma uncertainty; None for none.  By default a copy of what ``smap`` has.
    flags : `numpy.ndarray` or None
        New flags, bits of `sunpy_lasco.pixel_flags.PixelFlag`, shape (ny, nx); None for
        none.  By default a copy of what is attached to ``smap``.
    light_path : `sunpy_lasco.instrument.light_path.LightPath` or None
        What the calibration did to the light, which does not change with the pixels.  By
        default that of ``smap``.

    Returns
    -------
    `sunpy_lasco.map.LASCOC2Map` or `sunpy_lasco.map.LASCOC3Map`
        With the plot settings and the attached mask of ``smap``; limits of the
        colour scale that were found from the old data are found anew.

    Raises
    ------
    ValueError
        If the shape of the data changes while flags, uncertainty or an attached
        mask of the old shape would be kept.
    """
    data = smap.data.copy() if data is None else data
    parts = {
        "mask": copy.copy(getattr(smap, "_mask", None)),
        "uncertainty": copy.deepcopy(smap.uncertainty) if uncertainty is ... else uncertainty,
        "flags": copy.copy(getattr(smap, "_flags", None)) if flags is ... else flags,
    }
    for name, part in parts.items():
        shape = None if part is None else getattr(getattr(part, "array", part), "shape", None)
        if shape is not None and shape != data.shape:
            msg = f"The {name} has the shape {shape}, the data have {data.shape}: give new {name} with new data."
            raise ValueError(msg)
    return smap._new_instance(
        data,
        MetaDict(smap.meta if meta is None else meta),
        plot_settings=smap.plot_settings,
        light_path=getattr(smap, "_light_path", None) if light_path is ... else light_path,
        **parts,
    )
