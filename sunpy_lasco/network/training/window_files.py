"""
Windows for training, made once and stored in one file for each frame.

The name of a file contains a digest of all inputs of its windows, by content: the frame and its neighbours, all frames
(of which backgrounds are made), the calibration images, the recipe, and the version of the package.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from astropy.io import fits

from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import CATALOGUE, entry, exposure_factor_name
from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.files import sha256_of, write_whole
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.network.training.crops import SHARES, load_crops, make_crops, save_crops
from sunpy_lasco.network.training.exposures import (
    read_exposures,
    simulated_exposures,
    summed,
    with_neighbours,
    with_other_corona,
)
from sunpy_lasco.network.training.scenes import Scenes
from sunpy_lasco.version import version

__all__ = ["chosen_exposures", "fill_cache", "made_for"]

#: What is corrected where there are neighbours: windows of another base are other windows.
BASES = "sequence of moved exposures"
#: Entries of a recipe that affect the windows.
DECIDING = ("losses_per_frame", "rectangles", "seed", "days_apart", "calibrated", "fronts")


def chosen_exposures(recipe, paths, camera):
    """
    Exposures for training (those with neighbours only, if the network needs them), and all exposures.

    They are as many evenly spread ones of each group of dates as the recipe says, some of these with other coronae,
    simulated ones, and some of all of these summed over 2 x 2 pixels.
    """
    real = with_neighbours(read_exposures(paths, camera, apart=recipe.days_apart))
    drawn = {"seed": recipe.seed, "fronts": recipe.fronts > 0}
    simulated = [simulated_exposures(camera, number, **drawn) for number in range(recipe.simulated)]
    by_group, alone = {}, recipe.architecture.alone
    for group in sorted({one.group for one in real}):
        mine = [one for one in real if one.group == group and (alone or one.neighbours)]
        if not mine:
            continue
        places = np.linspace(0, len(mine) - 1, min(recipe.frames_per_group, len(mine))).round().astype(int)
        by_group[group] = [mine[place] for place in places]
    mixed = []
    for number in range(recipe.mixed if by_group else 0):
        mine = list(by_group.values())[number % len(by_group)]
        one = mine[number // len(by_group) % len(mine)]
        if not recipe.architecture.neighbours:
            one = replace(one, neighbours=())
        mixed.append(with_other_corona(one, number, **drawn))
    chosen = [one for mine in by_group.values() for one in mine] + mixed + simulated
    places = np.linspace(0, len(chosen) - 1, min(recipe.summed, len(chosen))).round().astype(int)
    return chosen + [summed(chosen[place]) for place in places], real + simulated


def made_for(recipe, paths, camera):
    """What all windows of a recipe and of some level-0.5 files of a camera depend on, as 12 hexadecimal digits."""
    a = recipe.architecture
    parts = [version, camera, *(getattr(recipe, name) for name in DECIDING)]
    parts += [a.size, a.step, a.aligned, a.alone, BASES if a.neighbours else "", a.normalisation]
    parts += [a.directed, SHARES, recipe.simulated, sorted(sha256_of(path) for path in paths)]
    if recipe.calibrated:
        parts.append(_assets_of(recipe, paths, camera))
    return _digest(parts)


def _digest(parts):
    """Digest of an object that JSON can represent, 12 hexadecimal digits."""
    return sha256_of(json.dumps(parts).encode())[:12]


def _assets_of(recipe, paths, camera):
    """SHA-256 of the calibration images and tables of a camera and its days, by name; None for missing ones."""
    days = set()
    for path in paths:
        header = fits.getheader(path)
        frame = Frame.from_header(header, (header["NAXIS2"], header["NAXIS1"]))
        if frame.camera.name == camera:
            days.add(frame.mid_mjd)
    other = "c2" if camera == "C3" else "c3"
    names = [name for name in CATALOGUE if not name.startswith(other) or "time_offsets" in name]
    source = resolve(recipe.assets)
    return {name: _sha256(source, name) for name in names + [exposure_factor_name(camera, day) for day in sorted(days)]}


def _sha256(source, name):
    """SHA-256 of an asset, or None."""
    kind = entry(name).kind
    try:
        if kind in ("image", "mask"):
            return source.image(name).sha256
        return source.text(name)[1] if kind == "text" else sha256_of(source.path(name))
    except MissingAssetError:
        return None


def fill_cache(recipe, paths, camera, directory, *, say=None):
    """
    Make the missing windows of level-0.5 files (which may be none) in a directory.

    Return one file for each frame that has windows; ``say`` is called for each frame.
    """
    key = made_for(recipe, paths, camera)
    parts = [key, recipe.frames_per_group, recipe.mixed, recipe.summed]
    index = Path(directory) / f"{camera}_{_digest(parts)}.json"
    if index.is_file():
        files = [index.parent / name for name in json.loads(index.read_text(encoding="utf-8"))]
        if all(path.is_file() for path in files):
            return files
    chosen, everything = chosen_exposures(recipe, paths, camera)
    scenes = Scenes(everything, calibrated=recipe.calibrated, assets=recipe.assets)
    files = []
    for exposure in chosen:
        pixels = [sha256_of(np.ascontiguousarray(one.raw).tobytes()) for one in (exposure, *exposure.neighbours)]
        own = _digest([key, exposure.name, pixels])
        path = Path(directory) / f"{camera}_{exposure.name.replace(' ', '_')}_{own}.npz"
        if not path.is_file():
            if not recipe.architecture.neighbours:
                exposure = replace(exposure, neighbours=())
            crops = make_crops(
                exposure,
                scenes.scene_of(exposure),
                recipe.architecture,
                number=recipe.losses_per_frame,
                seed=recipe.seed,
                fronts=recipe.fronts,
                rectangles=recipe.rectangles,
            )
            if not crops:
                continue
            save_crops(
                path, crops, name=exposure.name, camera=camera, date=exposure.date,
                group=exposure.group, origin=exposure.origin, seed=recipe.seed,
            )  # fmt: skip
        files.append(path)
        if say is not None:
            say(f"{exposure.name} {exposure.date}: {len(load_crops(path)[0]['partner'])} windows in {path.name}")
    if files:
        write_whole(index, json.dumps([path.name for path in files], indent=1) + "\n")
    return files
