"""
Diffuse light in C3 that does not affect stars, from real frames, and the ratio of C2 to C3 without it.

    python benchmarks/stars/stray_light.py DATA

DATA is a directory with level-0.5 frames in ``level05/c2`` and ``level05/c3``.  Light that is fixed to the detector can
be separated from the sky by two frames of one week, one of them upside down; the first table lists the nearest pairs.
The second lists the change of the diffuse light between frames of one season, each on the scale of its own stars, in
rings and by position angle; the F corona is the same in one season, the K corona is not.  The third lists the overlap
with C2 on 2010-01-05, as measured and with each of these changes taken for stray light.
"""

import argparse
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np

from sunpy_lasco import calibrate, stars
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.geometry.rolls import is_flipped
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.map import open_map
from sunpy_lasco.stars.photometry import zero_points
from sunpy_lasco.verify.frames import OVERLAP, _profile

#: Frames of C3 Clear before and after 2002-06-19, and the frame of C2 beside the last.
FRAMES = "32046494 32082037 32082126 32122317 32219521 32310941".split()
BESIDE = "22321894"
#: Pairs of one season, early and late: two before the change show the variation of the corona itself.
PAIRS = [("32046494", "32219521"), ("32082037", "32219521"), ("32046494", "32082037")]
#: Edges of rings, solar radii.
RINGS = np.array([*OVERLAP, 8.0, 10.0, 13.0, 16.0, 20.0, 24.0, 28.0])


def level1(path, **options):
    """Level 1 with the estimated calibration images."""
    return calibrate(open_map(path), assets="estimate", inpaint=None, on_bad="ignore", geometry="stars", **options)


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("data", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", LascoUserWarning)
    paths = {name: arguments.data / "level05" / f"c{name[0]}" / f"{name}.fts" for name in [*FRAMES, BESIDE]}
    maps = {name: level1(path) for name, path in paths.items()}
    # Stars are measured at their raw positions, rings at corrected ones.
    c3 = [level1(paths[name], distortion="wcs") for name in FRAMES]
    turned = {name: is_flipped(maps[name].meta["detroll"]) for name in FRAMES}
    print("upside down, nearest upright frame, days apart")
    for name in FRAMES:
        if turned[name]:
            apart = {
                other: abs((maps[name].date - maps[other].date).to_value("day"))
                for other in FRAMES
                if not turned[other]
            }
            nearest = min(apart, key=apart.get)
            print(f"{name} {nearest} {apart[nearest]:.0f}")
    found = zero_points([stars.star_fluxes(one) for one in c3], FRAMES, [one.date.jyear for one in c3],
                        ("C3", "CLEAR", "CLEAR"))  # fmt: skip
    zero = dict(zip(found.frames["name"], zip(found.frames["zero"], found.frames["sigma"], strict=True), strict=True))
    light = {name: _profile(maps[name], RINGS) / np.exp(zero[name][0]) for name in FRAMES}
    print("\nlight of the late frame over that of the early one less 1, %, each by its stars: median (quartiles)")
    print("solar radii        ", *(f"{low:g}-{high:g}".rjust(12) for low, high in pairwise(RINGS)))
    changes = {}
    for early, late in PAIRS:
        change = light[late] / light[early] - 1
        changes[early, late] = light[late] - light[early]
        low, middle, high = 100 * np.nanpercentile(change, (25, 50, 75), axis=1)
        error = 100 * np.hypot(zero[early][1], zero[late][1])
        cells = (f"{b:+.1f} ({a:+.0f} {c:+.0f})".rjust(12) for a, b, c in zip(low, middle, high, strict=True))
        print(f"{early} {late}  ", *cells, f"  +- {error:.1f} by the stars")
    inner = _profile(maps[BESIDE], np.array(OVERLAP))
    number, late = len(OVERLAP) - 1, "32219521"
    outer = light[late][:number] * np.exp(zero[late][0])
    share = value_of("C2.star_scale") / value_of("C3.star_scale")
    print("\nC2 over C3, 4.8 to 6.3 solar radii: official factors, star scale")
    print(f"as it is              {np.nanmedian(inner / outer):.3f} {share * np.nanmedian(inner / outer):.3f}")
    for early, last in PAIRS:
        if last == late:
            less = outer - changes[early, last][:number] * np.exp(zero[late][0])
            print(f"less than in {early} {np.nanmedian(inner / less):.3f} {share * np.nanmedian(inner / less):.3f}")


if __name__ == "__main__":
    main()
