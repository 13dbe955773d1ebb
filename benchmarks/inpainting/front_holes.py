"""
Holes on moving fronts, and other holes, with known truth and neighbours in time.

Real frames are the twelve-minute C3 sequence of 2012-08-31, which shows a coronal mass ejection.  Simulated
frames show ejections with three speeds and three widths, and ejections that are deflected, rotate or
do not grow in proportion to their height.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from cases import FEWEST_PIXELS
from frames import _derived, _response, data_directory, exposures, read, scene_of
from scores import cells

from astropy.time import Time, TimeDelta

from sunpy_lasco import simulate
from sunpy_lasco.assets.background import derive_background
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.repair.fill import find_zones
from sunpy_lasco.repair.frames import counts_above_bias, holed_frame_of, neighbour_of
from sunpy_lasco.repair.holed_frame import RING, STRUCTURE_SHARE, cut, point_like
from sunpy_lasco.repair.simulated_losses import draw_losses
from sunpy_lasco.simulate.cme import SOLAR_RADIUS_KM

#: The real sequence: its complete exposures, and the last exposure before the ejection enters the field.
DATE, BEFORE = "2012-08-31", 32310943
WHOLE = tuple(number for number in range(32310941, 32310962) if number != 32310957)
#: Exposures that show the ejection and have neighbours on both sides; exposures with neighbours 24 to 36 minutes
#: away if the nearest are omitted; and some in which most of the corona is at rest.
WITH_FRONT = (32310952, 32310953, 32310954, 32310955, 32310956, 32310958, 32310959, 32310960)
APART = (32310952, 32310953, 32310956, 32310958)
AT_REST = (32310943, 32310947, 32310950, 32310951, 32310953, 32310959)
#: Exposure with which the processor time for many lost blocks is measured.
MANY = 32310960
#: A block shows a front if the running difference of its 8 x 8 cells, rms in units of the noise of a pixel, is above
#: the first value. Below the second it is at rest.
FRONT, QUIET = 1.5, 0.3
#: Numbers of blocks that were lost at the end of the stream on 2025-10-17, by the exposure that loses as many here.
TAILS = {32310953: 244, 32310959: 639}
#: Number of holes in each exposure by kind, and in each simulated exposure.
EACH = {"front": 10, "quiet": 10, "border": 3, "apart": 10, "square": 5, "row": 1, "saturated": 8, "simulated": 6}
#: A block is beside saturation if at least the first fraction of the pixels within `RING` around it is saturated, and
#: less than the second fraction of its own pixels.
SATURATED_AROUND, SATURATED_INSIDE = 0.1, 0.5
#: Speeds, km / s, and widths, degree, of simulated ejections; and distance of the front, solar radii.
SPEEDS = {"C3": (400.0, 900.0, 1800.0), "C2": (300.0, 700.0, 1400.0)}
WIDTHS = (30.0, 60.0, 110.0)
HEIGHT = {"C3": 11.0, "C2": 4.2}
MIDDLE = "2001-10-23T12:00:00"
CADENCE = 720.0
ACTIVITY = 0.7


@dataclass(frozen=True)
class Changing(simulate.CME):
    """A CME that is deflected, rotates, or does not grow in proportion to its height."""

    #: Degree and degree / hour: changes of direction, of the inner angle and of the width.
    deflection: float = 0.0
    rotation: float = 0.0
    opening: float = 0.0

    def brightness(self, sight, time, *, polarised=False):
        """As for `~sunpy_lasco.simulate.CME`."""
        hours = (time.utc.mjd - Time(MIDDLE).mjd) * 24.0
        now = simulate.CME(
            self.start, self.position_angle + self.deflection * hours, self.speed,
            self.width + self.opening * hours, self.strength, self.seed,
        )  # fmt: skip
        turn = np.radians(self.rotation * hours)
        straight = now._bubble
        if turn:
            cos, sin = np.cos(turn), np.sin(turn)
            object.__setattr__(now, "_bubble", lambda u, v: straight(u * cos - v * sin, u * sin + v * cos))
        return simulate.CME.brightness(now, sight, time, polarised=polarised)


@dataclass(frozen=True, eq=False)
class FrontHole:
    """A hole with everything that methods may use, and the truth."""

    #: Table to which it belongs, and group in which it is resampled in the bootstrap.
    kind: str
    group: str
    camera: str
    #: The frame with the hole, the position of the crop in it, and the crop with its neighbours at rest.
    scene: object
    window: tuple
    crop: object
    #: The removed signal, and the signal without the ejection; NaN where they cannot be scored.
    truth: np.ndarray
    quiet: np.ndarray
    #: Lost blocks (row, column).
    blocks: tuple


def block_change(scene):
    """Running difference of each block: rms of its 8 x 8 cells in units of the noise of a pixel."""
    before = next(one for one in scene.neighbours if one.seconds < 0)
    level = np.nanmedian(scene.signal[::8, ::8] / before.signal[::8, ::8])
    noise = np.sqrt(2.0 * scene.variance(np.maximum(np.nan_to_num(scene.signal), 1.0), None))
    change = (scene.signal - level * before.signal) / noise
    change[scene.hidden | scene.unusable] = np.nan
    by_cell = np.where(np.isfinite(cells(change)).sum(axis=1) >= 32, _medians(cells(change)), np.nan)
    by_cell = by_cell.reshape(change.shape[0] // 8, change.shape[1] // 8)
    squares = by_cell.reshape(by_cell.shape[0] // 4, 4, by_cell.shape[1] // 4, 4) ** 2
    known = np.isfinite(squares).sum(axis=(1, 3))
    return np.where(known >= 8, np.sqrt(np.nansum(squares, axis=(1, 3)) / np.maximum(known, 1)), np.nan)


def _medians(rows):
    known = np.isfinite(rows).any(axis=1)
    found = np.full(len(rows), np.nan)
    found[known] = np.nanmedian(rows[known], axis=1)
    return found


@lru_cache(maxsize=32)
def real_scene(number, steps=(-1, 1, -2, 2)):
    """A complete exposure of the real sequence, with neighbours at the given numbers of exposures from it."""
    raw, frame, offset = read(str(number))
    near = [str(number + step) for step in steps if number + step in WHOLE]
    background, unknown = _derived("C3", "real", DATE)
    around = [neighbour_of(frame, other, theirs, offset=card) for other, theirs, card in map(read, near)]
    scene, _ = holed_frame_of(
        raw, frame, background=background, response=_response("C3", DATE), neighbours=around, offset=offset
    )
    return replace(scene, unusable=scene.unusable | unknown & ~scene.holes), frame


def with_lost(scene, blocks):
    """A scene with some blocks removed."""
    lost = np.zeros(scene.grid, dtype=bool)
    lost[tuple(np.transpose(blocks))] = True
    pixels = lost[np.ix_(scene.block_rows, scene.block_columns)]
    return replace(scene, signal=np.where(pixels, np.nan, scene.signal), holes=pixels & ~scene.hidden)


def with_many_holes():
    """An exposure with 20 lost blocks, five of them on the front."""
    scene, _ = real_scene(MANY)
    front = _some(_blocks_where(scene, _is_front, hidden=0.5), 5, 0)
    return with_lost(scene, [*front, *_some(_blocks_where(scene, _is_quiet, hidden=0.02), 15, 0)])


def holes_in(scene, blocks, kind, group, quiet):
    """Remove blocks from a scene; returns a hole for each zone."""
    torn = with_lost(scene, blocks)
    for zone in find_zones(torn.lost_blocks()):
        crop, window = cut(torn, zone)
        if crop is None:
            continue
        truth = scene.signal[window].astype(float)
        usable = np.isfinite(truth) & ~scene.hidden[window] & ~scene.unusable[window]
        # A repair cannot predict stars and particle hits.
        usable &= ~point_like(np.nan_to_num(crop.from_signal(truth)), usable, structure=STRUCTURE_SHARE)
        truth = np.where(crop.hole & usable, truth, np.nan)
        if np.isfinite(truth).sum() < FEWEST_PIXELS:
            continue
        without = quiet[window]
        level = np.nanmedian((crop.signal / without)[crop.known]) if kind.startswith("real") else 1.0
        yield FrontHole(
            kind, group, scene.camera, torn, window, crop, truth, level * without, tuple(map(tuple, zone.blocks))
        )


def _some(blocks, number, seed):
    order = np.random.default_rng(seed).permutation(len(blocks))[:number]
    return [blocks[index] for index in sorted(order)]


def _shares(pixels, scene):
    """Fraction of these pixels in each block."""
    rows, columns = scene.grid
    return pixels.reshape(rows, pixels.shape[0] // rows, columns, -1).mean(axis=(1, 3))


def _blocks_where(scene, condition, *, hidden):
    """Blocks whose running difference meets a condition and whose hidden fraction is below a limit."""
    change = np.nan_to_num(block_change(scene), nan=-1.0)
    return np.argwhere(condition(change) & (_shares(scene.hidden, scene) < hidden))


def _is_front(change):
    return change > FRONT


def _is_quiet(change):
    return (change >= 0) & (change < QUIET)


@lru_cache(maxsize=1)
def holding_fronts():
    """
    Exposures of the real sequence that show the ejection and have complete exposures on both sides, with the number of
    blocks on fronts and the minutes to the neighbours.
    """
    found = {}
    for number in WHOLE:
        scene, _ = real_scene(number)
        minutes = sorted(one.seconds / 60.0 for one in scene.neighbours)
        blocks = len(_blocks_where(scene, _is_front, hidden=0.5)) if minutes and minutes[0] < 0 < minutes[-1] else 0
        if blocks:
            found[number] = blocks, minutes
    return found


def _on_fronts(number, kinds, quiet):
    scene, _ = real_scene(number)
    moving = _blocks_where(scene, _is_front, hidden=0.5)
    if "front" in kinds:
        for block in _some(moving, EACH["front"], number):
            yield from holes_in(scene, [block], "real fronts", str(number), quiet)
    if "square" in kinds:
        for row, column in _some(moving, EACH["square"], number + 1):
            blocks = [(row + i, column + j) for i in (0, 1) for j in (0, 1)]
            yield from holes_in(scene, blocks, "real fronts, 2 x 2", str(number), quiet)
    if "row" in kinds and len(moving):
        row = _some(moving, 1, number + 2)[0][0]
        yield from holes_in(scene, [(row, column) for column in range(32)], "real, whole rows", str(number), quiet)


def _off_fronts(number, kinds, quiet):
    scene, frame = real_scene(number)
    if "quiet" in kinds:
        for block in _some(_blocks_where(scene, _is_quiet, hidden=0.02), EACH["quiet"], number):
            yield from holes_in(scene, [block], "real, quiet", str(number), quiet)
    if "border" in kinds:
        rng = np.random.default_rng(number)
        for kind in ("occulter", "pylon", "edge"):
            for _ in range(EACH["border"]):
                blocks = np.argwhere(draw_losses(frame, kind, seed=rng))
                yield from holes_in(scene, blocks, f"real, {kind}", str(number), quiet)


def real_holes(kinds=("front", "apart", "square", "row", "quiet", "border")):
    """All holes of the real sequence."""
    if data_directory() is None:
        return
    quiet = real_scene(BEFORE)[0].signal
    for number in WITH_FRONT:
        yield from _on_fronts(number, kinds, quiet)
    for number in APART if "apart" in kinds else ():
        scene, _ = real_scene(number, (-2, 2))
        for block in _some(_blocks_where(scene, _is_front, hidden=0.5), EACH["apart"], number):
            yield from holes_in(scene, [block], "real fronts, 24 minutes", str(number), quiet)
    for number in AT_REST:
        yield from _off_fronts(number, kinds, quiet)
    for number, length in TAILS.items() if "tail" in kinds else ():
        # Column by column, each starting at the lowest row.
        blocks = [(place % 32, place // 32) for place in range(length)]
        yield from holes_in(real_scene(number)[0], blocks, "real, end of the stream", str(number), quiet)


def saturated_holes():
    """Blocks beside saturated pixels, in frames of all dates, without neighbours."""
    for exposure in exposures(origins=("real",)):
        scene = replace(scene_of(exposure), neighbours=())
        saturated = scene.unusable & np.isfinite(scene.signal)
        chosen = []
        for row, column in np.argwhere(_shares(saturated | scene.hidden, scene) < SATURATED_INSIDE):
            at = np.flatnonzero(scene.block_rows == row), np.flatnonzero(scene.block_columns == column)
            block = saturated[np.ix_(*at)]
            box = saturated[tuple(slice(max(index[0] - RING, 0), index[-1] + RING + 1) for index in at)]
            if box.sum() - block.sum() >= SATURATED_AROUND * (box.size - block.size):
                chosen.append((int(row), int(column)))
        for block in _some(chosen, EACH["saturated"], sum(map(ord, exposure.name))):
            yield from holes_in(scene, [block], "real, beside saturation", exposure.group, scene.signal)


def ejections(camera):
    """Names and simulated ejections whose front is in the middle of the field in the middle of the sequence."""

    def start(speed):
        seconds = (HEIGHT[camera] - 1.0) * SOLAR_RADIUS_KM / speed
        return (Time(MIDDLE) - TimeDelta(seconds, format="sec")).isot

    number = 0
    for speed in SPEEDS[camera]:
        for width in WIDTHS:
            number += 1
            yield f"{speed:.0f} km/s, {width:.0f} deg", Changing(start(speed), 75.0, speed, width, 6e-10, number)
    speed = SPEEDS[camera][1]
    common = start(speed), 75.0, speed, 60.0, 6e-10
    yield "deflected", Changing(*common, 21, deflection=15.0)
    yield "rotating", Changing(*common, 22, rotation=40.0)
    yield "opening", Changing(*common, 23, opening=30.0)


@lru_cache(maxsize=2)
def _simulated_background(camera):
    """Background from exposures of other months, with other streamers and no ejections, and one near the ejections."""
    made = [
        simulate.observe(camera, date=date, scene=simulate.corona(activity=ACTIVITY, seed=seed), seed=900 + seed)
        for seed, date in enumerate(("2001-08-10T12:00:00", "2001-09-15T12:00:00", "2001-12-05T12:00:00"))
    ]
    frames = [Frame.from_header(one.header, one.data.shape) for one in made]
    return derive_background(
        [counts_above_bias(one.data, frame)[0] for one, frame in zip(made, frames, strict=True)], frames
    )


def simulated_holes(camera):
    """Holes on the fronts of simulated ejections."""
    first = Time(MIDDLE) - TimeDelta(2 * CADENCE, format="sec")
    sky = {"activity": ACTIVITY, "seed": 31}
    without = simulate.observe(camera, date=MIDDLE, scene=simulate.corona(**sky), seed=502, noise=False)
    quiet = counts_above_bias(without.data, Frame.from_header(without.header, without.data.shape))[0]
    for number, (name, ejection) in enumerate(ejections(camera)):
        made = simulate.sequence(
            camera, 5, start=first, cadence=CADENCE, seed=500 + 10 * number, scene=simulate.corona(**sky, cme=ejection)
        )
        parts = [(one.data, Frame.from_header(one.header, one.data.shape), one.header.get("OFFSET")) for one in made]
        raw, frame, offset = parts[2]
        around = [neighbour_of(frame, parts[k][0], parts[k][1], offset=parts[k][2]) for k in (1, 3, 0, 4)]
        scene, _ = holed_frame_of(
            raw, frame, background=_simulated_background(camera), neighbours=around, offset=offset
        )
        level = made[2].header["EXPTIME"] / without.header["EXPTIME"]
        for block in _some(_blocks_where(scene, _is_front, hidden=0.02), EACH["simulated"], number):
            yield from holes_in(scene, [block], f"simulated {camera}", name, level * quiet)
