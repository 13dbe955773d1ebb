"""
The windows of a training, made once and kept: one file for each frame.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from sunpy_lasco.files import sha256_of, write_whole
from sunpy_lasco.training.coronas import with_other_corona
from sunpy_lasco.training.crops import load_crops, make_crops, save_crops
from sunpy_lasco.training.frames import read_exposures, simulated_exposures, with_neighbours
from sunpy_lasco.training.scenes import Scenes
from sunpy_lasco.training.sums import summed

__all__ = ["chosen_exposures", "fill_cache", "made_for"]

#: What is corrected where there are neighbours: windows of another base are other windows.
BASES = "sequence"
#: Entries of a recipe that decide what windows look like.
DECIDING = ("losses_per_frame", "rectangles", "seed", "days_apart", "calibrated")


def chosen_exposures(recipe, paths, camera):
    """
    Exposures from which a network learns: those with neighbours, if it fills no hole without them.

    Parameters
    ----------
    recipe : `~sunpy_lasco.training.recipe.Recipe`
    paths : sequence of path-like
        Level-0.5 files.
    camera : `str`

    Returns
    -------
    chosen : `list` of `~sunpy_lasco.training.frames.Exposure`
        Of each group of dates as many as the recipe says, evenly spread; some of these with
        other coronae; simulated ones; and some of all of them summed over 2 x 2 pixels.
    everything : `list` of `~sunpy_lasco.training.frames.Exposure`
    """
    real = with_neighbours(read_exposures(paths, camera, apart=recipe.days_apart))
    simulated = [simulated_exposures(camera, number, seed=recipe.seed) for number in range(recipe.simulated)]
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
        mixed.append(with_other_corona(mine[number // len(by_group) % len(mine)], number, seed=recipe.seed))
    chosen = [one for mine in by_group.values() for one in mine] + mixed + simulated
    places = np.linspace(0, len(chosen) - 1, min(recipe.summed, len(chosen))).round().astype(int)
    return chosen + [summed(chosen[place]) for place in places], real + simulated


def made_for(recipe, camera):
    """
    What the windows of a recipe depend on, in short.

    Parameters
    ----------
    recipe : `~sunpy_lasco.training.recipe.Recipe`
    camera : `str`

    Returns
    -------
    `str`
        12 hexadecimal digits.
    """
    a = recipe.architecture
    parts = [camera, *(getattr(recipe, name) for name in DECIDING)]
    parts += [a.size, a.step, a.aligned, a.alone, BASES if a.neighbours else "", a.normalisation]
    return sha256_of(json.dumps(parts).encode())[:12]


def fill_cache(recipe, paths, camera, directory, *, say=None):
    """
    Make the windows that are not there yet.

    Parameters
    ----------
    recipe : `~sunpy_lasco.training.recipe.Recipe`
    paths : sequence of path-like
        Level-0.5 files; there may be none.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    directory : path-like
    say : callable, optional
        Is told about each frame.

    Returns
    -------
    `list` of `~pathlib.Path`
        A file for each frame that has windows.
    """
    index = _index_of(recipe, paths, camera, directory)
    if index.is_file():
        files = [index.parent / name for name in json.loads(index.read_text(encoding="utf-8"))]
        if all(path.is_file() for path in files):
            return files
    chosen, everything = chosen_exposures(recipe, paths, camera)
    scenes = Scenes(everything, calibrated=recipe.calibrated, assets=recipe.assets)
    key = made_for(recipe, camera)
    files = []
    for exposure in chosen:
        path = Path(directory) / f"{camera}_{exposure.name.replace(' ', '_')}_{key}.npz"
        if not path.is_file():
            if not recipe.architecture.neighbours:
                exposure = replace(exposure, neighbours=())
            crops = make_crops(
                exposure,
                scenes.scene_of(exposure),
                recipe.architecture,
                number=recipe.losses_per_frame,
                seed=recipe.seed,
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


def _index_of(recipe, paths, camera, directory):
    """The file that names the windows of these frames, once they are all made."""
    parts = [made_for(recipe, camera), sorted(Path(path).name for path in paths)]
    parts += [recipe.frames_per_group, recipe.mixed, recipe.simulated, recipe.summed]
    digest = sha256_of(json.dumps(parts).encode())[:12]
    return Path(directory) / f"{camera}_{digest}.json"
