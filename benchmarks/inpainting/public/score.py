"""
A small public benchmark of lost blocks of LASCO C3: positions of holes, and the score of any method.

    python benchmarks/inpainting/public/score.py --positions           # writes positions.csv
    python benchmarks/inpainting/public/score.py DIRECTORY             # scores the fills of a method

DIRECTORY holds NUMBER.npy for the holes of positions.csv: counts (DN, as in the level-0.5 file) of the rectangle
of blocks around the hole, shape (32 rows, 32 columns).  Holes without a file are omitted, and their number is printed.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from front_holes import read, real_holes  # noqa: E402
from fronts import score  # noqa: E402

from sunpy_lasco.repair.crop import Fill  # noqa: E402

#: Side of a block, pixel.
BLOCK = 32


def rectangle(hole):
    """First and last block (row, column) of a hole, and its pixels in the frame."""
    rows, columns = zip(*hole.blocks, strict=True)
    low, high = (min(rows), min(columns)), (max(rows) + 1, max(columns) + 1)
    return low, high, tuple(slice(BLOCK * a, BLOCK * b) for a, b in zip(low, high, strict=True))


def write_positions(path):
    """One line for each hole."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["number", "kind", "frame", "blocks column,row"])
        for number, hole in enumerate(real_holes()):
            blocks = " ".join(f"{column},{row}" for row, column in hole.blocks)
            writer.writerow([number, hole.kind, hole.group, blocks])


def fill_of(hole, counts):
    """The fill of a method, in the working space of the crop."""
    _, _, place = rectangle(hole)
    raw, _, _ = read(hole.group)
    signal = hole.scene.signal
    bias = float(np.nanmedian(raw - signal))
    whole = np.full(signal.shape, np.nan)
    whole[place] = np.asarray(counts, dtype=float) - bias
    z = np.where(hole.crop.hole, hole.crop.from_signal(whole[hole.window]), np.nan)
    return Fill(z, np.zeros_like(z))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--positions", action="store_true", help="write positions.csv")
    arguments = parser.parse_args()
    if arguments.positions:
        write_positions(HERE / "positions.csv")
        return
    if arguments.directory is None:
        parser.error("Which directory?")
    found, missing = {}, 0
    for number, hole in enumerate(real_holes()):
        path = arguments.directory / f"{number}.npy"
        result = score(hole, fill_of(hole, np.load(path))) if path.is_file() else None
        if result is None:
            missing += 1
        else:
            found.setdefault(hole.kind, []).append(result)
    print("| holes | number | cells of 8 x 8, % | of the excess, % | running difference | seam (truth) |")
    print("|---|---|---|---|---|---|")
    for kind, its in found.items():
        keys = ("cells", "excess", "difference", "seam", "seam of truth")
        values = [np.nanmedian([one[key] for one in its]) for key in keys]
        print(
            f"| {kind} | {len(its)} | {values[0]:.3f} | {values[1]:.1f} | {values[2]:.2f} | "
            f"{values[3]:.2f} ({values[4]:.2f}) |"
        )
    print(f"{missing} holes were not filled.")


if __name__ == "__main__":
    main()
