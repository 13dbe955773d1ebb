"""
Artificial losses with known truth.

Blocks are removed from complete frames, and the fills are compared with the measured values.
"""

from dataclasses import dataclass, replace

import numpy as np

from sunpy_lasco.geometry.field import hidden_pixels
from sunpy_lasco.instrument.blocks import blocks_to_pixels
from sunpy_lasco.repair.fill import LARGEST_ZONE, find_zones
from sunpy_lasco.repair.frames import HIDDEN_MARGIN
from sunpy_lasco.repair.holed_frame import cut, point_like
from sunpy_lasco.repair.simulated_losses import KINDS, draw_losses

#: Number of losses of each kind in a frame.
NUMBERS = {
    "single": 5,
    "square": 4,
    "run": 3,
    "scattered": 2,
    "stripe": 1,
    "occulter": 4,
    "pylon": 3,
    "edge": 3,
    "front": 2,
    "stars": 2,
}
#: Holes in which fewer pixels can be scored are omitted.
FEWEST_PIXELS = 128


@dataclass(frozen=True, eq=False)
class Case:
    """A hole, its surroundings, and the truth in it."""

    name: str
    camera: str
    #: Name of the group that is held back together.
    group: str
    origin: str
    kind: str
    blocks: int
    #: Distance of the middle of the hole from the Sun's centre, full-resolution pixels.
    radius: float
    crop: object
    #: Removed signal; NaN where it cannot be scored.
    truth: np.ndarray
    #: Whether an earlier exposure exists, from which a running difference is made.
    sequence: bool


def cases_of(exposure, scene, *, seed, numbers=NUMBERS):
    """
    Remove blocks from a scene, and cut out the holes.

    Parameters
    ----------
    exposure : Exposure
    scene : `~sunpy_lasco.repair.holed_frame.HoledFrame`
    seed : `int`
    numbers : mapping
        Number of losses of each kind.

    Yields
    ------
    Case
    """
    rng = np.random.default_rng([seed, sum(map(ord, exposure.name))])
    before = scene.neighbours[0].signal if scene.neighbours else None
    for kind in KINDS:
        for _ in range(numbers.get(kind, 0)):
            try:
                blocks = draw_losses(exposure.frame, kind, seed=rng, signal=scene.signal, before=before)
            except ValueError:
                break  # The camera has no such place: C2 has no pylon across its field.
            # As in a repair, hidden pixels are not filled, except near the sky.
            sky = ~hidden_pixels(exposure.frame, margin=-HIDDEN_MARGIN)
            holes = blocks_to_pixels(blocks, exposure.frame)
            yield from _holes(exposure, scene, kind, holes, sky)


def _holes(exposure, scene, kind, holes, sky):
    lost = replace(scene, signal=np.where(holes, np.nan, scene.signal), holes=holes & sky)
    for zone in find_zones(lost.lost_blocks()):
        crop, window = cut(lost, zone)
        if crop is None or len(zone.blocks) > LARGEST_ZONE:
            continue
        truth = scene.signal[window].astype(float)
        usable = np.isfinite(truth) & ~scene.hidden[window] & ~scene.unusable[window]
        # A repair cannot predict stars and particle hits.
        usable &= ~point_like(np.nan_to_num(crop.from_signal(truth)), usable)
        truth = np.where(crop.hole & usable, truth, np.nan)
        if np.isfinite(truth).sum() < FEWEST_PIXELS:
            continue
        yield Case(
            name=exposure.name,
            camera=exposure.camera,
            group=exposure.group,
            origin=exposure.origin,
            kind=kind,
            blocks=len(zone.blocks),
            radius=float(np.median(crop.radius[crop.hole])),
            crop=crop,
            truth=truth,
            sequence=any(other.seconds < 0 for other in scene.neighbours),
        )
