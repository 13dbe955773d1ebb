"""
Prediction of holes with trained networks.
"""

import numpy as np
import torch
from scipy import ndimage

from sunpy_lasco.instrument.pixel_grid import nearest_known
from sunpy_lasco.network.held_back import record_of
from sunpy_lasco.network.tensors import batch_of, run_network
from sunpy_lasco.network.windows import prepare, rings_of
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.fill import LARGEST_ZONE
from sunpy_lasco.repair.uncertainty import SMALLEST_SIGMA, structure

__all__ = ["predict_windows"]

#: Windows in a batch.
BATCH = 16


class _Hole:
    """State of a hole while it is being filled."""

    def __init__(self, crop, trained, *, coefficients, neighbours):
        self.crop, self.architecture = crop, trained.architecture
        self.unit = self.architecture.output == "unit"
        self.value, self.spread = (np.full(crop.z.shape, np.nan) for _ in range(2))
        self.prepared = prepare(crop, self.architecture, coefficients=coefficients, neighbours=neighbours)
        self.rings = [] if self.prepared is None else rings_of(crop, self.prepared.places)
        shown = self.prepared is not None and self.prepared.is_shown
        if not (shown or self.architecture.alone):
            self.prepared, self.rings = None, []
        self.record = record_of(crop, trained.records, neighbours=shown)

    def window(self, number):
        """A window, with the results for the outer rings."""
        return self.prepared.window(number, value=self.value)

    def take(self, number, window, said, spread):
        """Store the result of the network for a block."""
        place, pixels = self.prepared.places[number]
        at, where = place.to_window(*pixels), tuple(pixels)
        found = _between(said, window.hole, at)
        if self.unit:
            signal = np.full(self.crop.z.shape, np.nan)
            signal[where] = self.prepared.equalisation.inverse(found)
            self.value[where] = self.crop.from_signal(signal)[where]
            return
        self.value[where] = self.prepared.base.fill.z[where] + self.record["weight"] * window.unit * found
        self.spread[where] = _between(spread, window.hole, at)

    @property
    def fill(self):
        """The filled hole."""
        if self.prepared is None:
            return Fill(self.value, self.spread)
        if self.unit:
            # The published network has no uncertainty; that of the surroundings is used.
            return Fill(self.value, np.where(self.crop.hole, structure(self.crop), np.nan))
        base, value = self.prepared.base.fill, self.value
        if len(self.rings) > LARGEST_ZONE:
            # Too far from measured pixels, except where neighbours show it.
            value = np.where(self.prepared.base.shown, value, np.nan)
        sigma = base.sigma * np.exp(self.spread) * self.record["sigma"]
        return Fill(value, np.maximum(sigma, SMALLEST_SIGMA), base.noise)


def predict_windows(crops, trained, *, coefficients=None, device="cpu", neighbours=True):
    """
    Fill holes with trained networks, many windows at a time; return a `Fill` for each crop.

    Options are as for `~sunpy_lasco.network.method.fill_all`. A fill is all NaN if too little is known around a hole,
    or if the network needs exposures before or after and none shows the hole.  The blocks of a large zone are filled
    from its edge inwards: the windows of each ring of blocks contain the results for the previous one.
    """
    holes = [_Hole(crop, trained, coefficients=coefficients, neighbours=neighbours) for crop in crops]
    networks = [_on(device, network) for network in trained.networks]
    for ring in range(1, max((max(hole.rings, default=0) for hole in holes), default=0) + 1):
        jobs = [(hole, number) for hole in holes for number, its in enumerate(hole.rings) if its == ring]
        # The results for a ring do not depend on the order within it.
        windows = [hole.window(number) for hole, number in jobs]
        for first in range(0, len(jobs), BATCH):
            part = slice(first, first + BATCH)
            said, spread = _said(windows[part], trained, networks, device=device)
            for (hole, number), window, what, how in zip(jobs[part], windows[part], said, spread, strict=True):
                hole.take(number, window, what, how)
    return [hole.fill for hole in holes]


def _on(device, network):
    """Move a network to a device; checking first is faster than moving."""
    return network if next(network.parameters()).device == torch.device(device) else network.to(device)


def _said(windows, trained, networks, *, device):
    """Mean corrections (or images) and logarithms of the ratio of sigma, (n, size, size)."""
    architecture = trained.architecture
    batch = batch_of(windows, unit_output=architecture.output == "unit").to(device)
    # The corona has no preferred side of the line to the Sun, so both mirror images are evaluated.
    both = batch.joined(batch.mirrored) if architecture.aligned else batch
    said, spread = torch.zeros_like(batch.base), torch.zeros_like(batch.base)
    share = len(said) / (len(networks) * len(both.base))
    with torch.inference_mode():
        for network in networks:
            # Each network of a cascade speaks for its own ring.
            for stage in run_network(network, both):
                log_ratio = torch.zeros_like(both.base) if stage.log_ratio is None else stage.log_ratio
                for total, part in ((said, stage.output - both.base), (spread, log_ratio)):
                    straight, *mirrored = (stage.ring * part).split(len(said))
                    total += share * straight
                    for one in mirrored:
                        total += share * one.flip(2)
    return said[:, 0].cpu().numpy().astype(float), spread[:, 0].cpu().numpy().astype(float)


def _between(image, hole, at):
    """Values interpolated between the pixels of a window; outside the hole those of its nearest pixel are used."""
    if not hole.any():
        return np.zeros(len(at[0]))
    return ndimage.map_coordinates(nearest_known(image, hole), at, order=1, mode="nearest")
