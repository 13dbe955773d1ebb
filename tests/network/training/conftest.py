"""Batches for which values can be computed by hand."""

from types import SimpleNamespace

import pytest


def make_batch(**changes):
    """One image of 16 x 16 pixels with a hole of 8 x 8; truth 1, base 0, the Sun on the left."""
    torch = pytest.importorskip("torch", reason="training needs torch")
    from sunpy_lasco.network.tensors import Batch

    hole = torch.zeros(1, 1, 16, 16)
    hole[..., 4:12, 4:12] = 1
    condition = torch.zeros(1, 13, 16, 16)
    condition[:, 1] = 1.0
    values = {
        "images": torch.zeros(1, 10, 16, 16),
        "masks": (1 - hole).expand(1, 10, 16, 16).clone(),
        "condition": condition,
        "base": torch.zeros(1, 1, 16, 16),
        "scale": torch.ones(1, 1, 1, 1),
        "hole": hole,
        "truth": hole.clone(),
        "known": hole.clone(),
        "dark": torch.full((1, 1, 16, 16), -100.0),
        "zero": torch.zeros(1, 1, 1, 1),
        "noise": torch.full((1, 1, 1, 1), 0.5),
        "sigma": torch.ones(1, 1, 16, 16),
    }
    return Batch(**(values | changes))


def make_stages(output, *, advance=(), log_ratio=None):
    """Output of a cascade that gives the same image in each network."""
    torch = pytest.importorskip("torch", reason="training needs torch")
    from sunpy_lasco.network.cascade import Stage
    from sunpy_lasco.network.partial import advance_mask

    masks = [1 - make_batch().hole]
    masks += [advance_mask(masks[0], number) for number in advance] + [torch.ones_like(masks[0])]
    return [Stage(output, log_ratio, masks[k], masks[k + 1]) for k in range(len(masks) - 1)]


@pytest.fixture(scope="session")
def by_hand():
    """`make_batch` and `make_stages`."""
    return SimpleNamespace(batch=make_batch, stages=make_stages)
