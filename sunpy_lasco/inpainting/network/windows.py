"""
Windows around the lost blocks of a crop.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.interface import Crop, Fill
from sunpy_lasco.inpainting.network.architecture import Architecture
from sunpy_lasco.inpainting.network.bases import Base, bases_of
from sunpy_lasco.inpainting.network.channels import equalised_window, working_window
from sunpy_lasco.inpainting.network.histogram import Equalisation
from sunpy_lasco.inpainting.network.placement import place_windows
from sunpy_lasco.inpainting.network.records import SHOWN_SHARE

__all__ = ["Prepared", "prepare", "rings_of", "windows_of"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A hole with all that its windows are made of."""

    crop: Crop
    architecture: Architecture
    #: Windows, and the pixels of the hole (2, n) that each of them fills.
    places: list
    #: What the network corrects; None for equalised histograms.
    base: Base | None
    #: Of the known pixels, for a network of equalised histograms.
    equalisation: Equalisation | None = None

    @property
    def is_shown(self):
        """Whether exposures before or after show the most of the hole, so that what is corrected rests on them."""
        return self.base is not None and bool(self.base.shown[self.crop.hole].mean() > SHOWN_SHARE)

    def window(self, number, *, truth=None, value=None):
        """
        One window.

        Parameters
        ----------
        number : `int`
            Which of the places.
        truth : `~numpy.ndarray`, optional
            The working space in the hole, NaN where it is not known; (ny, nx).
        value : `~numpy.ndarray`, optional
            What stands in the hole instead of the base where it is finite: what the network said of
            the rings outside of this block.

        Returns
        -------
        `~sunpy_lasco.inpainting.network.channels.Window`
        """
        place, pixels = self.places[number]
        crop = self.crop
        if self.equalisation is not None:
            image = self.equalisation.forward(np.where(crop.known, crop.signal, np.nan))
            if truth is not None:
                truth = self.equalisation.forward(np.where(crop.hole, crop.to_signal(truth), np.nan))
            return equalised_window(crop, image, truth, place)
        base = self.base
        if value is not None and np.isfinite(value).any():
            fill = Fill(np.where(np.isfinite(value), value, base.fill.z), base.fill.sigma, base.fill.noise)
            base = replace(base, fill=fill)
        return working_window(crop, base, truth, place, pixels)


def prepare(crop, architecture, *, coefficients=None, neighbours=True, places=None, made=None):
    """
    Make all that the windows of a hole are made of.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    architecture : `~sunpy_lasco.inpainting.network.architecture.Architecture`
    coefficients : `~numpy.ndarray`, optional
        Of the mixture, by default those of the camera.
    neighbours : `bool`, optional
        Use exposures before and after, if the architecture and the crop have them.
    places : `list`, optional
        Some of those of `~sunpy_lasco.inpainting.network.placement.place_windows`, by default all.
    made : `tuple`, optional
        As of `~sunpy_lasco.inpainting.network.bases.bases_of`.

    Returns
    -------
    `Prepared` or None
        None where too little is known around the hole.
    """
    if places is None:
        places = place_windows(crop, size=architecture.size, step=architecture.step, aligned=architecture.aligned)
    if architecture.normalisation == "histogram":
        known = np.where(crop.known, crop.signal, np.nan)
        if not crop.known.any():
            return None
        return Prepared(crop, architecture, places, None, Equalisation(known))
    around = neighbours and architecture.neighbours
    base = bases_of(crop, coefficients=coefficients, neighbours=around, made=made)
    return None if base is None else Prepared(crop, architecture, places, base)


def windows_of(crop, architecture, *, truth=None, coefficients=None, neighbours=True, places=None, made=None):
    """
    Everything that a network gets of a crop.

    Parameters
    ----------
    crop, architecture, coefficients, neighbours, places, made
        As of `prepare`.
    truth : `~numpy.ndarray`, optional
        The working space in the hole, NaN where it is not known; (ny, nx).

    Returns
    -------
    windows : `list` of `~sunpy_lasco.inpainting.network.channels.Window`
    prepared : `Prepared` or None
        None, and no windows, where too little is known around the hole.
    """
    prepared = prepare(crop, architecture, coefficients=coefficients, neighbours=neighbours, places=places, made=made)
    if prepared is None:
        return [], None
    return [prepared.window(number, truth=truth) for number in range(len(prepared.places))], prepared


def rings_of(crop, places):
    """
    How deep in the zone each lost block lies.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    places : `list`
        As of `Prepared`.

    Returns
    -------
    `list` of `int`
        1 for blocks next to one that is not lost, diagonals counted, 2 for those behind them, and so on.
    """
    first = crop.block_rows[0], crop.block_columns[0]
    lost = np.zeros((crop.block_rows[-1] - first[0] + 1, crop.block_columns[-1] - first[1] + 1), dtype=bool)
    at = [pixels[:, 0] for _, pixels in places]
    blocks = [(crop.block_rows[row] - first[0], crop.block_columns[column] - first[1]) for row, column in at]
    for block in blocks:
        lost[block] = True
    # Beyond the crop is the edge of the frame, where nothing is known.
    depth = ndimage.distance_transform_cdt(lost, "chessboard") if not lost.all() else lost.astype(int)
    return [int(depth[block]) for block in blocks]
