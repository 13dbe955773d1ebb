"""
Time and memory of a repair by a network.

    OMP_NUM_THREADS=1 python benchmarks/inpainting/speed.py [--weights FILE]

Times are for one thread after a warm-up, for a simulated frame with 20 lost blocks that are far from each other or
adjacent.  The base of the network, and the network with its windows, are also timed block by block.  A cold start
is measured in a separate process.
"""

import argparse
import subprocess
import sys
import time
from functools import partial

import numpy as np
import torch

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.map.masks import flags
from sunpy_lasco.network.prediction import BATCH
from sunpy_lasco.network.tensors import batch_of, run_network
from sunpy_lasco.network.weights import network_for
from sunpy_lasco.network.windows import bases_of, prepare
from sunpy_lasco.repair.fill import find_zones
from sunpy_lasco.repair.holed_frame import cut
from sunpy_lasco.repair.maps import raw_holed_frame

COLD = """
import resource, time
start = time.perf_counter()
import sunpy.map, sunpy_lasco
from sunpy_lasco import simulate
raw = simulate.observe("C3", lost_blocks=[(5, 10)], seed=1).level05
ready = time.perf_counter()
sunpy_lasco.inpaint(raw, "{method}")
print(time.perf_counter() - ready, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
#: Number of repetitions, of which the median is used.
TIMES = 5


def median_of(work):
    """Median of the time of some repetitions, s."""
    found = []
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return float(np.median(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    options = {} if arguments.weights is None else {"weights": arguments.weights}
    for camera in ("C3", "C2"):
        if arguments.weights is None or camera == "C3":
            one_camera(camera, arguments.weights, options)
    for method in ("mixture", "network" if arguments.weights is None else "mixture"):
        said = subprocess.run(
            [sys.executable, "-c", COLD.format(method=method)], capture_output=True, text=True, check=True
        )
        seconds, memory = map(float, said.stdout.split())
        print(f"cold, one block, {method}: {seconds:.2f} s, {memory:.0f} MB at the most")


def one_camera(camera, weights, options):
    """Times for one camera."""
    spread = [(4 + 5 * k, row) for row in (3, 9, 22, 28) for k in range(5)]
    for name, blocks in (("apart", spread), ("in a run", [(20 + k // 10, 20 + k % 10) for k in range(20)])):
        raw = simulate.observe(camera, lost_blocks=blocks, seed=1).level05
        lines = []
        for method, its in (("mixture", {}), ("network", options)):
            sunpy_lasco.inpaint(raw, method, **its)
            lines.append(f"{method} {median_of(partial(sunpy_lasco.inpaint, raw, method, **its)):.2f} s")
        print(f"{camera}, 20 blocks {name}: {', '.join(lines)}")
    trained = network_for(camera, weights)
    scene, _ = raw_holed_frame(
        raw := simulate.observe(camera, lost_blocks=spread, seed=1).level05, flags(raw), None, "auto", None
    )
    crops = [cut(scene, zone)[0] for zone in find_zones(scene.lost_blocks())]
    base = median_of(lambda: [bases_of(crop) for crop in crops])
    ready = [prepare(crop, trained.architecture) for crop in crops]
    windows = [one.window(k) for one in ready for k in range(len(one.places))]
    making = median_of(lambda: [one.window(k) for one in ready for k in range(len(one.places))])

    def networks():
        with torch.inference_mode():
            for first in range(0, len(windows), BATCH):
                batch = batch_of(windows[first : first + BATCH])
                for network in trained.networks:
                    for one in (batch, batch.mirrored):
                        run_network(network, one)

    per_block = [1000 * part / len(windows) for part in (base, making, median_of(networks))]
    print(f"{camera}, ms a block: base {per_block[0]:.1f}, windows {per_block[1]:.1f}, network {per_block[2]:.1f}")


if __name__ == "__main__":
    main()
