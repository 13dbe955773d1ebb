"""
Repair with a trained network.

A network corrects kriging or the mixture of the classical fills, or a sequence of exposures if it was trained
for that, in the working space, and predicts its uncertainty. The package includes a network for single frames
of each camera. torch is imported when the method is used.
"""

import importlib.util

import numpy as np

from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.network.held_back import is_better, packaged_file, packaged_records
from sunpy_lasco.repair.crop import Fill

__all__ = ["fill", "fill_all", "is_ready", "knows_neighbours"]


def _has_torch():
    return importlib.util.find_spec("torch") is not None


def is_ready(camera):
    """Whether the method can be used for a camera without weights from the user; torch is not imported."""
    return _has_torch() and packaged_file(camera).is_file()


def fill(crop, *, weights=None, device="cpu", coefficients=None, neighbours=True):
    """Fill a hole with a network of partial convolutions, as `fill_all`."""
    return fill_all([crop], weights=weights, device=device, coefficients=coefficients, neighbours=neighbours)[0]


def fill_all(crops, *, weights=None, device="cpu", coefficients=None, neighbours=True, only_better=False):
    """
    Fill the holes of crops of one frame with a network of partial convolutions, many at a time; return a `Fill` for
    each.

    ``weights`` is a file of ``sunpy-lasco train``, by default that of the package for the camera; ``device`` is a
    device of torch; ``coefficients`` are those of the mixture that is corrected, by default those of the camera.
    ``neighbours`` uses exposures before and after, if there are any and the network supports them; ``only_better``
    fills only holes of the kinds that the network fills better than all other methods on dates on which it was not
    trained.

    Raises `~sunpy_lasco.errors.MissingAssetError` if there is no network or no torch, and
    `~sunpy_lasco.errors.AssetError` if the file of weights is damaged, of another program, or for the other camera.
    """
    if not crops:
        return []
    if not _has_torch():
        msg = "The method 'network' needs torch: install it ('pip install torch'), or use method='auto'."
        raise MissingAssetError(msg)
    # That of the package is for single frames.
    neighbours = neighbours and weights is not None
    wanted = crops
    if only_better:
        records = packaged_records(crops[0].camera) if weights is None else _trained(crops[0], weights).records
        wanted = [crop for crop in crops if is_better(crop, records, neighbours=neighbours)]
    if not wanted:
        return [_nothing(crop) for crop in crops]
    from sunpy_lasco.network.prediction import predict_windows

    trained = _trained(wanted[0], weights)
    fills = predict_windows(wanted, trained, coefficients=coefficients, device=device, neighbours=neighbours)
    found = dict(zip(wanted, fills, strict=True))
    return [found.get(crop) or _nothing(crop) for crop in crops]


def knows_neighbours(camera, *, weights=None, neighbours=True, **_options):
    """Whether the network, given by the user, also uses exposures before and after."""
    if weights is None or not neighbours or not _has_torch():
        return False
    from sunpy_lasco.network.weights import network_for

    return network_for(camera, weights).architecture.neighbours


def _trained(crop, weights):
    from sunpy_lasco.network.weights import network_for

    return network_for(crop.camera, weights)


def _nothing(crop):
    nothing = np.full(crop.z.shape, np.nan)
    return Fill(nothing, nothing)
