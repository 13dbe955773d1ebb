"""
Windows as batches.
"""

from types import SimpleNamespace

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, SequentialSampler, WeightedRandomSampler

from sunpy_lasco.network.tensors import batch_of
from sunpy_lasco.network.training.crops import ARRAYS, NUMBERS, load_crops

__all__ = ["BORDERS", "Windows", "loader"]

#: Kinds of losses whose holes are beside something hidden, and their share of what is
#: shown: fills err most there.
BORDERS = ("occulter", "pylon", "edge")
BORDER_SHARE = 0.25


class Windows(Dataset):
    """
    Windows from files, for batches.

    Parameters
    ----------
    files : sequence of path-like
        As for `~sunpy_lasco.network.training.window_files.fill_cache`.
    without, only : `str`, optional
        Group of dates to exclude, or to use exclusively; several are separated by commas.
    unit_output : `bool`, optional
        The network returns the image itself.
    dropout : `float`, optional
        Fraction of the windows with neighbours that are used without them; 0 uses both kinds equally often.
    flips : `bool`, optional
        Mirror half of the windows about the line to the Sun.
    seed : `int`, optional

    Raises
    ------
    ValueError
        If no window is left.
    """

    def __init__(self, files, *, without=None, only=None, unit_output=False, dropout=0.5, flips=False, seed=0):
        parts, self.origins, self.groups = [], [], set()
        left_out, wanted = (None if names is None else names.split(",") for names in (without, only))
        for path in files:
            crops, about = load_crops(path)
            if (left_out and about["group"] in left_out) or (wanted is not None and about["group"] not in wanted):
                continue
            parts.append(crops)
            self.groups.add(about["group"])
            self.origins += [about["origin"]] * len(crops["partner"])
        if not parts:
            msg = f"No windows of {only or 'other dates than ' + str(without)} are there."
            raise ValueError(msg)
        offsets = np.cumsum([0] + [len(part["partner"]) for part in parts])
        partner = [
            np.where(part["partner"] >= 0, part["partner"] + offset, part["partner"])
            for part, offset in zip(parts, offsets, strict=False)
        ]
        self.arrays = {name: np.concatenate([part[name] for part in parts]) for name in (*ARRAYS, *NUMBERS, "kind")}
        self.partner = np.concatenate(partner)
        # A place is a window without neighbours; the same with neighbours hangs on it.
        self.places = np.nonzero(self.partner != -2)[0]
        self.unit_output, self.dropout, self.flips = unit_output, dropout, flips
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.places)

    def weights(self):
        """Sampling weights of the windows: a quarter of those drawn are at a border."""
        border = np.isin(self.arrays["kind"][self.places], BORDERS)
        if border.all() or not border.any():
            return np.ones(len(border))
        return np.where(border, BORDER_SHARE / border.mean(), (1 - BORDER_SHARE) / (1 - border.mean()))

    def window(self, index, *, flip=False):
        """One window, mirrored or not, with the attributes of `sunpy_lasco.network.windows.Window`."""
        one = {name: self.arrays[name][index] for name in (*ARRAYS, *NUMBERS)}
        if flip:
            one |= {name: one[name][..., ::-1, :] for name in ARRAYS}
            one["condition"] = one["condition"].copy()
            one["condition"][2] *= -1
        return SimpleNamespace(**one)

    def __getitem__(self, indices):
        """A batch of the windows with these indices."""
        chosen = []
        for index in self.places[np.asarray(indices)]:
            partner = self.partner[index]
            with_neighbours = partner >= 0 and self.rng.random() >= self.dropout
            flip = self.flips and self.rng.random() < 0.5
            chosen.append(self.window(partner if with_neighbours else index, flip=flip))
        return batch_of(chosen, unit_output=self.unit_output)


def loader(windows, batch, *, shuffle, seed=0):
    """Batches of `Windows`, which are drawn at random with `Windows.weights`, or one after the other."""
    generator = torch.Generator().manual_seed(seed)
    sampler = SequentialSampler(windows)
    if shuffle:
        sampler = WeightedRandomSampler(windows.weights(), len(windows), generator=generator)
    batches = BatchSampler(sampler, min(batch, len(windows)), drop_last=shuffle)
    return DataLoader(windows, sampler=batches, batch_size=None)
