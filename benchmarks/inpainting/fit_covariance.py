"""
Fit the covariances of kriging by maximum likelihood.

    python benchmarks/inpainting/fit_covariance.py C3

The fit uses the measured values of holes and their surroundings together.  Each crop has its most
likely factor of the covariance.  The result is printed; `sunpy_lasco.repair.methods.kriging`
describes how it is used.
"""

import argparse
from dataclasses import replace

import numpy as np
from cases import cases_of
from frames import exposures, scene_of
from scipy import linalg, optimize

from sunpy_lasco.repair.cells import gather, polar
from sunpy_lasco.repair.methods.kriging import FACTOR_SPREAD, FACTORS, Covariance

#: Number of losses in a frame, and of cells in each.
NUMBERS = {"single": 2, "square": 1, "occulter": 1}
CELLS = 180
SEED = 3
#: Where the search starts: (variance, length along u, length along v) of each part.
START = {
    "C3": ((0.2, 30.0, 30.0), (1.5, 400.0, 150.0)),
    "C2": ((0.7, 80.0, 12.0), (2.0, 250.0, 60.0), (0.3, 15.0, 300.0)),
}
#: Steps of the search.
STEPS = 260


def samples(camera):
    """Points, values and noise of the cells nearest to each hole, and of the hole itself."""
    # Real frames of C2 are from one epoch, so simulated frames are used too.
    origins = ("real",) if camera == "C3" else ("real", "simulated")
    found = []
    for exposure in exposures((camera,), origins):
        for case in cases_of(exposure, scene_of(exposure), seed=SEED, numbers=NUMBERS):
            crop = case.crop
            whole = replace(crop, z=np.where(crop.hole, crop.from_signal(case.truth), crop.z))
            cells = gather(whole, *polar(whole))
            nearest = np.argsort(cells.distance, kind="stable")[:CELLS]
            found.append((cells.points[nearest], cells.values[nearest], cells.noise[nearest]))
    return found


def surprise(logarithms, found):
    """Negative logarithm of the likelihood, per crop; the last parameter multiplies the noise."""
    *parts, noise_factor = np.exp(logarithms)
    covariance = Covariance(tuple(zip(parts[0::3], parts[1::3], parts[2::3], strict=True)))
    powers = np.array(FACTORS)[:, None]
    total = 0.0
    for points, values, noise in found:
        root = 1.0 / np.sqrt(noise * noise_factor)
        matrix = covariance.between(points, points) * (root[:, None] * root[None, :])
        weights, vectors = linalg.eigh(matrix, check_finite=False)
        squares = (vectors.T @ ((values - np.median(values)) * root)) ** 2
        variance = 2.0**powers * np.maximum(weights, 0.0) + 1.0
        terms = 0.5 * (np.log(variance) + squares / variance).sum(axis=1)
        terms += 0.5 * (powers[:, 0] * np.log(2.0) / FACTOR_SPREAD) ** 2
        total += terms.min() - np.log(root).sum()
    return total / len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("camera", choices=("C2", "C3"))
    camera = parser.parse_args().camera
    found = samples(camera)
    start = np.log(np.append(np.ravel(START[camera]), 1.0))
    simplex = start + np.vstack([np.zeros(len(start)), 0.6 * np.eye(len(start))])
    result = optimize.minimize(
        surprise, start, args=(found,), method="Nelder-Mead", options={"maxfev": STEPS, "initial_simplex": simplex}
    )
    *parts, noise_factor = np.exp(result.x)
    print(f"{camera}, {len(found)} crops: {result.fun:.2f} per crop, noise variance times {noise_factor:.2f}")
    for part in zip(parts[0::3], parts[1::3], parts[2::3], strict=True):
        print("variance {:.2f}, {:.0f} px outwards, {:.0f} px around".format(*part))


if __name__ == "__main__":
    main()
