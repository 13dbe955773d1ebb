"""
Which network repairs a frame.
"""

from functools import lru_cache
from pathlib import Path

from sunpy_lasco.errors import AssetError
from sunpy_lasco.inpainting.network.weights import Trained, load_weights, packaged_weights

__all__ = ["network_for"]


def network_for(camera, weights=None, *, neighbours=False):
    """
    The network for a camera.

    Parameters
    ----------
    camera : `str`
        ``"C2"`` or ``"C3"``.
    weights : path-like or `~sunpy_lasco.inpainting.network.weights.Trained`, optional
        By default what comes with the package.
    neighbours : `bool`, optional
        Of what comes with the package, the network for holes that exposures before or after show.

    Returns
    -------
    `~sunpy_lasco.inpainting.network.weights.Trained`

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If the network is for the other camera, or cannot be read.
    """
    if weights is None:
        return packaged_weights(camera, neighbours=neighbours)
    trained = weights
    if not isinstance(weights, Trained):
        path = Path(weights)
        changed = path.stat().st_mtime_ns if path.is_file() else None
        trained = _loaded(path.resolve(), changed)
    if trained.camera != camera:
        msg = f"{weights if trained is not weights else 'The network'} is trained for {trained.camera}, not {camera}."
        raise AssetError(msg)
    return trained


@lru_cache(maxsize=4)
def _loaded(path, _changed):
    return load_weights(path)
