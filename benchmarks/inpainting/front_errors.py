"""
Causes of the error of "auto" on real fronts: noise of the truth, time to the neighbours, background of other dates.

    SUNPY_LASCO_TEST_DATA=... python benchmarks/inpainting/front_errors.py [EVERY]

It prints medians over holes of the errors of 8 x 8 cells, in per cent of the brightness, as in `fronts.py`.
"""

import sys
from dataclasses import replace

import numpy as np
from frames import _clean_signal, read
from front_holes import real_holes
from fronts import repaired, score
from scores import FEWEST, cells

from sunpy_lasco.repair.fill import find_zones
from sunpy_lasco.repair.holed_frame import cut

#: Exposures of the day before the ejection.
BEFORE = (32310941, 32310943, 32310945, 32310947, 32310949, 32310951)
#: Step between the pixels from which a level is measured.
STEP = 8


def floor(hole):
    """Error of a perfect fill: half the difference between the medians of the two chessboard halves of each cell."""
    rows, columns = (part.ravel() for part in np.indices((8, 8)))
    planes = np.stack([np.ones(64), rows, columns], axis=1)
    even, found = (rows + columns) % 2 == 0, []
    for cell in cells(hole.truth / hole.crop.response):
        known = np.isfinite(cell)
        if known.sum() >= FEWEST:
            plane = planes @ np.linalg.lstsq(planes[known], cell[known], rcond=None)[0]
            rest = cell - plane
            found.append(abs(np.nanmedian(rest[even]) - np.nanmedian(rest[~even])) / 2.0 / np.nanmedian(cell))
    return 100.0 * np.mean(found)


def of_the_day(usual, response):
    """Background of the day from exposures before the ejection, where it is known."""
    signals = [_clean_signal(*read(str(number))) for number in BEFORE]
    levels = np.ma.masked_invalid([signal / np.nanmedian(signal[::STEP, ::STEP]) for signal in signals])
    found = np.ma.median(levels, axis=0).filled(np.nan) / response
    found /= np.nanmedian(found / usual)
    return np.where(found > 0, found, usual)


def over(hole, background):
    """The same hole with another background."""
    scene = replace(hole.scene, background=background)
    return replace(hole, scene=scene, crop=cut(scene, find_zones(scene.lost_blocks())[0])[0])


def main():
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    holes = list(real_holes(("front",)))[::every]
    background = of_the_day(holes[0].scene.background, holes[0].scene.response)
    rows = []
    for hole in holes:
        seconds = [one.seconds for one in hole.scene.neighbours]
        farthest = max(min(abs(one) for one in seconds if np.sign(one) == side) for side in (-1, 1)) / 60.0
        errors = [score(one, repaired(one))["cells"] for one in (hole, over(hole, background))]
        rows.append((hole.group, round(farthest), *errors, floor(hole)))
    print("exposure | minutes to the farther neighbour | holes | error | over a background of the day | perfect fill")
    for key in [*dict.fromkeys(row[:2] for row in rows), None]:
        mine = np.array([row[2:] for row in rows if key in (None, row[:2])])
        name = "all | " if key is None else f"{key[0]} | {key[1]}"
        print(name, "|", len(mine), "|", " | ".join(f"{value:.2f}" for value in np.median(mine, axis=0)))


if __name__ == "__main__":
    main()
