"""
What a trained network makes of a hole.
"""

import numpy as np
import torch
from scipy import ndimage

from sunpy_lasco.inpainting.interface import Fill
from sunpy_lasco.inpainting.network.tensors import batch_of, run
from sunpy_lasco.inpainting.network.windows import windows_of
from sunpy_lasco.inpainting.spread import SMALLEST_SIGMA, setting, structure

__all__ = ["predict"]

#: Windows in a batch.
BATCH = 16


def predict(crop, trained, *, coefficients=None, device="cpu", neighbours=True):
    """
    Fill a hole with a network.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    trained : `~sunpy_lasco.inpainting.network.weights.Trained`
    coefficients : `~numpy.ndarray`, optional
        Of the mixture that the network corrects.
    device : `str`, optional
        Where to compute, as torch names it.
    neighbours : `bool`, optional
        Use exposures before and after.

    Returns
    -------
    `~sunpy_lasco.inpainting.interface.Fill`
        NaN all over where too little is known around the hole.
    """
    architecture = trained.network.architecture
    windows, places, base = windows_of(crop, architecture, coefficients=coefficients, neighbours=neighbours)
    value, sigma = (np.full(crop.z.shape, np.nan) for _ in range(2))
    if not windows:
        return Fill(value, sigma)
    unit = architecture.output == "unit"
    for first in range(0, len(windows), BATCH):
        part = slice(first, first + BATCH)
        said, spread = _said(windows[part], trained, unit=unit, device=device)
        for one, (place, pixels), what, how in zip(windows[part], places[part], said, spread, strict=True):
            at = place.to_window(*pixels)
            hole = one.hole
            found = _between(what, hole, at)
            if unit:
                signal = np.full(crop.z.shape, np.nan)
                signal[tuple(pixels)] = base.inverse(found)
                value[tuple(pixels)] = crop.from_signal(signal)[tuple(pixels)]
                continue
            value[tuple(pixels)] = base.z[tuple(pixels)] + one.unit * found
            sigma[tuple(pixels)] = base.sigma[tuple(pixels)] * np.exp(_between(how, hole, at))
    if unit:
        # The published network tells no uncertainty: that of the surroundings stands for it.
        sigma = np.where(crop.hole, structure(crop), np.nan)
    factor = trained.scales.get(setting(crop), 1.0)
    return Fill(value, np.maximum(sigma * factor, SMALLEST_SIGMA))


def _said(windows, trained, *, unit, device):
    """Corrections (or images) and logarithms of the ratio of sigma, (n, size, size)."""
    network = trained.network.to(device)
    batch = batch_of(windows, unit_output=unit).to(device)
    with torch.inference_mode():
        stages = run(network, batch)
    # Each network speaks for its own ring.
    said = sum(stage.ring * (stage.output - batch.base) for stage in stages)
    spread = sum(
        stage.ring * (torch.zeros_like(stage.output) if stage.log_ratio is None else stage.log_ratio)
        for stage in stages
    )
    return said[:, 0].cpu().numpy().astype(float), spread[:, 0].cpu().numpy().astype(float)


def _between(image, hole, at):
    """Values between the pixels of a window; beside the hole they are those of its nearest pixel."""
    if not hole.any():
        return np.zeros(len(at[0]))
    nearest = ndimage.distance_transform_edt(~hole, return_distances=False, return_indices=True)
    return ndimage.map_coordinates(image[tuple(nearest)], at, order=1, mode="nearest")
