"""
Maps whose pixels are not in memory.

sunpy's maps may hold Dask arrays.  Nothing here needs Dask to be installed: an array that is
none of numpy's is asked to do the work itself.
"""

import numpy as np

__all__ = ["in_memory", "is_lazy", "on_whole"]


def is_lazy(data):
    """Whether an array is computed only when it is needed."""
    return hasattr(data, "dask")


def on_whole(function, data, *, dtype=None):
    """
    Apply a function of a whole image, (ny, nx), at once or, where the image is lazy, when it is needed.

    The function gives an array of the same shape, of ``dtype`` if not that of the image; a lazy one has
    the same chunks.
    """
    if not is_lazy(data):
        return function(data)
    dtype = data.dtype if dtype is None else np.dtype(dtype)
    whole = data.rechunk(data.shape).map_blocks(function, dtype=dtype, meta=np.empty((0, 0), dtype))
    return whole.rechunk(data.chunks)


def in_memory(smap):
    """A map whose pixels, mask and uncertainty are in memory: itself, where there is nothing to compute."""
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
