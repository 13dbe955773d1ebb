"""
A trained network: what classical fills leave open, corrected by what real frames teach.

The network corrects the mixture of the classical fills, or averaged neighbours where there
are any, in the working space, and tells its uncertainty.  torch is imported here, when
the method is asked for.
"""

from sunpy_lasco.errors import MissingAssetError

__all__ = ["fill"]


def fill(crop, *, weights=None, device="cpu", coefficients=None, neighbours=True):
    """
    Fill a hole with a network of partial convolutions.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    weights : path-like or `~sunpy_lasco.inpainting.network.weights.Trained`, optional
        A network of ``sunpy-lasco train``; by default the one that comes with the package
        for the camera.
    device : `str`, optional
        Where to compute, as torch names it.
    coefficients : `~numpy.ndarray`, optional
        Of the mixture that is corrected, by default those of the camera.
    neighbours : `bool`, optional
        Use exposures before and after, where there are any.

    Returns
    -------
    `~sunpy_lasco.inpainting.interface.Fill`

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If there is no network, or no torch.
    sunpy_lasco.errors.AssetError
        If the file of weights is damaged, of another program, or for the other camera.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        msg = "The method 'network' needs torch: install it ('pip install torch'), or take method='auto'."
        raise MissingAssetError(msg) from error
    from sunpy_lasco.inpainting.network.choice import network_for
    from sunpy_lasco.inpainting.network.prediction import predict

    trained = network_for(crop.camera, weights)
    return predict(crop, trained, coefficients=coefficients, device=device, neighbours=neighbours)
