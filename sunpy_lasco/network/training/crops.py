"""
Windows with known truth, kept in files.

Blocks are removed as telemetry loses them (`sunpy_lasco.repair.simulated_losses`) or, as in the paper, as one
rectangle.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from sunpy_lasco.files import atomic_path, sha256_of
from sunpy_lasco.instrument.blocks import blocks_to_pixels, nominal_untransmitted
from sunpy_lasco.instrument.cameras import BLOCK
from sunpy_lasco.network.windows import place_windows, windows_of
from sunpy_lasco.repair.fill import LARGEST_ZONE, find_zones
from sunpy_lasco.repair.frames import HIDDEN_MARGIN
from sunpy_lasco.repair.holed_frame import MARGIN, cut, point_like
from sunpy_lasco.repair.methods.mixture import candidates
from sunpy_lasco.repair.moved import Exposures, with_moved_neighbours
from sunpy_lasco.repair.simulated_losses import KINDS, draw_losses

__all__ = ["SHARES", "draw_rectangle", "load_crops", "lost_from", "make_crops", "save_crops", "windows_with_truth"]

#: How often each kind of loss is drawn: a quarter of them at the occulter, where fills
#: err most.
SHARES = {
    "single": 0.28,
    "square": 0.14,
    "run": 0.08,
    "scattered": 0.05,
    "stripe": 0.01,
    "tail": 0.03,
    "occulter": 0.24,
    "pylon": 0.08,
    "edge": 0.04,
    "front": 0.06,
    "stars": 0.02,
}
#: A lost block on a front is one of this number of blocks to which ejections add most.
FRONT_BLOCKS = 40
#: How often only the nearest exposure of each side is shown, and only those of one side.
NEAREST_SHARE, ONE_SIDE_SHARE = 0.3, 0.15
#: Windows of a hole that are kept.
MOST_WINDOWS = 4
#: A window is kept if this many of its pixels have a truth.
FEWEST_PIXELS = 32
#: Largest rectangle of the paper's masks, blocks along an axis.
LARGEST_RECTANGLE = 31
#: Arrays of a window, and how they are kept; and its numbers.
ARRAYS = {
    "images": np.float16,
    "masks": np.uint8,
    "condition": np.float16,
    "hole": np.uint8,
    "truth": np.float16,
    "truth_known": np.uint8,
    "brightness": np.float16,
}
NUMBERS = ("level", "structure", "unit")


def draw_rectangle(frame, rng):
    """Mask of a random rectangle of n x m lost blocks, as in the paper: bool, by block."""
    sent = ~nominal_untransmitted(frame)
    lost = np.zeros_like(sent)
    size = [int(rng.integers(1, min(LARGEST_RECTANGLE, length - 1) + 1)) for length in sent.shape]
    first = [int(rng.integers(0, length - side + 1)) for length, side in zip(sent.shape, size, strict=True)]
    lost[tuple(slice(start, start + side) for start, side in zip(first, size, strict=True))] = True
    return lost & sent


def lost_from(scene, blocks, frame):
    """The scene without some blocks; as in a repair, hidden pixels belong to the hole only at their edge."""
    holes = blocks_to_pixels(blocks, frame)
    sky = ~ndimage.binary_erosion(scene.hidden, iterations=round(HIDDEN_MARGIN / max(scene.binning)))
    return replace(scene, signal=np.where(holes, np.nan, scene.signal), holes=holes & sky)


def windows_with_truth(scene, blocks, frame, architecture, *, rng):
    """
    Remove blocks from a scene and cut out windows around them; of more than four, four are chosen at random.

    Yield a `~sunpy_lasco.network.windows.Window` without neighbours and the same with them; each is None if the
    architecture does not use it or the scene does not have it.
    """
    lost = lost_from(scene, blocks, frame)
    working = architecture.normalisation == "working"
    # Large windows want large surroundings.
    margin = max(MARGIN, architecture.size * architecture.step // (2 * BLOCK))
    for zone in find_zones(lost.lost_blocks()):
        if working and len(zone.blocks) > LARGEST_ZONE:
            continue
        crop, window = cut(lost, zone, margin)
        if crop is None:
            continue
        truth = crop.from_signal(scene.signal[window].astype(float))
        usable = np.isfinite(truth) & ~scene.hidden[window] & ~scene.unusable[window]
        # A network cannot predict stars and hits.
        usable &= ~point_like(np.nan_to_num(truth), usable)
        judged = crop.hole & usable
        places = place_windows(crop, size=architecture.size, step=architecture.step, aligned=architecture.aligned)
        if len(places) > MOST_WINDOWS:
            places = [places[k] for k in sorted(rng.choice(len(places), MOST_WINDOWS, replace=False))]
        truth = np.where(judged, scene.signal[window], np.nan)
        fills = candidates(crop) if working else None
        alone, both = [None] * len(places), [None] * len(places)
        if architecture.alone:
            alone, _ = windows_of(
                crop, architecture, neighbours=False, truth=crop.from_signal(truth), places=places, made=fills
            )
        if architecture.neighbours and crop.neighbours:
            moved = _with_some_neighbours(lost, zone, margin, rng)
            # Both kinds of windows rest on the same fills, unless the background of the moved exposures is another.
            fills = None if moved.over_steady else fills
            both, prepared = windows_of(moved, architecture, truth=moved.from_signal(truth), places=places, made=fills)
            if not (architecture.alone or (prepared is not None and prepared.is_shown)):
                continue
        for one, other in zip(alone, both, strict=False):
            told = other if one is None else one
            if told is not None and told.truth_known.sum() >= FEWEST_PIXELS:
                yield one, other


def _with_some_neighbours(holed, zone, margin, rng):
    """
    A hole with a random choice of exposures: all before and after, the nearest ones, or those on one side in time.

    They are moved to the time of the frame, as in a repair.
    """
    kept = holed.neighbours
    if (drawn := rng.random()) < NEAREST_SHARE:
        kept = kept[:2]
    elif drawn < NEAREST_SHARE + ONE_SIDE_SHARE:
        side = rng.choice([-1, 1])
        kept = tuple(one for one in kept if np.sign(one.seconds) == side) or kept
    holed = replace(holed, neighbours=kept)
    crop, window = cut(holed, zone, margin)
    return with_moved_neighbours(Exposures(holed, [window]), crop, window) if crop.neighbours else crop


def make_crops(exposure, scene, architecture, *, number, seed, shares=None, fronts=0.0, rectangles=False):
    """
    Windows of one exposure and its scene: a number of losses is drawn, each of which gives up to four windows per zone.

    ``shares`` gives the frequency of each kind of loss, by default `SHARES`; ``fronts`` is the fraction that lies where
    ejections add most, if that is known; ``rectangles`` removes one rectangle of blocks each time, as in the paper.
    Returns stacked arrays of all windows; ``partner`` is the index of the same window with neighbours, or -1.
    """
    digest = int.from_bytes(bytes.fromhex(sha256_of(exposure.name.encode())[:8]), "little")
    rng = np.random.default_rng([seed, digest])
    shares = SHARES if shares is None else shares
    before, best = scene.neighbours[0].signal if scene.neighbours else None, {}
    if fronts and exposure.ejected is not None:
        before, best = scene.signal / exposure.ejected, {"best": FRONT_BLOCKS}
        rest = (1.0 - fronts) / sum(share for kind, share in shares.items() if kind != "front")
        shares = {kind: rest * share for kind, share in shares.items()} | {"front": fronts}
    kinds = [kind for kind in KINDS if shares.get(kind)]
    found, partner, chosen = [], [], []
    for _ in range(number):
        kind = str(rng.choice(kinds, p=np.array([shares[k] for k in kinds]) / sum(shares[k] for k in kinds)))
        if rectangles:
            kind, blocks = "rectangle", draw_rectangle(exposure.frame, rng)
        else:
            try:
                blocks = draw_losses(exposure.frame, kind, seed=rng, signal=scene.signal, before=before, **best)
            except ValueError:
                continue  # C2 has no pylon across its field.
        for alone, both in windows_with_truth(scene, blocks, exposure.frame, architecture, rng=rng):
            place = len(found)
            new = [one for one in (alone, both) if one is not None]
            found += new
            partner += [-1] if len(new) == 1 else [place + 1, -2]
            chosen += [kind] * len(new)
    if not found:
        return {}
    stacked = {name: np.stack([getattr(one, name) for one in found]).astype(kept) for name, kept in ARRAYS.items()}
    stacked |= {name: np.array([getattr(one, name) for one in found], dtype=np.float32) for name in NUMBERS}
    return {**stacked, "partner": np.array(partner), "kind": np.array(chosen)}


def save_crops(path, crops, **about):
    """
    Write windows, as from `make_crops`, to a file, with their metadata: group, origin, seed and so on.
    """
    path = Path(path)
    with atomic_path(path, overwrite=True) as temporary, temporary.open("wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), **crops)
    return path


def load_crops(path):
    """Windows from a file, and their metadata."""
    with np.load(path, allow_pickle=False) as file:
        crops = {name: file[name] for name in file.files if name != "about"}
        return crops, json.loads(str(file["about"]))
