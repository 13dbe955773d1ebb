"""
Support for maps whose pixels are not in memory.

sunpy's maps may hold Dask arrays. This module does not require Dask; it calls methods of the array.
"""

import numpy as np

__all__ = ["in_memory", "is_lazy", "on_whole"]


def is_lazy(data):
    """Whether an array is lazy."""
    return hasattr(data, "dask")


def on_whole(function, data, *, dtype=None):
    """
    Apply a function to a whole image, (ny, nx): at once, or lazily if the image is lazy.

    The function returns an array of the same shape, and of ``dtype`` or the type of the image; a lazy result
    has the same chunks.
    """
    if not is_lazy(data):
        return function(data)
    dtype = data.dtype if dtype is None else np.dtype(dtype)
    whole = data.rechunk(data.shape).map_blocks(function, dtype=dtype, meta=np.empty((0, 0), dtype))
    return whole.rechunk(data.chunks)


def in_memory(smap):
    """A map whose pixels, mask and uncertainty are in memory; the map itself if nothing has to be computed."""
    if not (hasattr(smap, "_flags") and is_lazy(smap.data)):
        return smap
    mask = None if smap._mask is None else np.asarray(smap._mask)
    return smap._new_instance(
        np.asarray(smap.data),
        smap.meta,
        plot_settings=smap.plot_settings,
        mask=mask,
        uncertainty=smap.uncertainty,
        flags=smap._flags,
        light_path=smap._light_path,
    )
