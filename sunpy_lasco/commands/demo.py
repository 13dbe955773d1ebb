"""``sunpy-lasco demo``: calibration of simulated exposures, without data or network."""

import contextlib
import os
from pathlib import Path

__all__ = ["add_arguments"]

DESCRIPTION = """
Simulate an exposure of each camera with a coronal mass ejection and with blocks
lost in telemetry.  Calibrate both, and fill the lost blocks from the frame alone and
from the exposures before and after.  Compare the results with the truth, and
write level-0.5 files, level-1 files and a picture.
"""

#: Start of the exposures: the Pleiades are north of the Sun, Saturn beside it.
DATE = "2001-05-21T12:00:00"
#: Two coronal mass ejections: one has reached C3, one is still in C2.
EJECTIONS = (
    {"start": "2001-05-21T08:40", "position_angle": 295.0, "speed": 750.0, "width": 62.0, "strength": 9e-10, "seed": 3},
    {"start": "2001-05-21T10:35", "position_angle": 75.0, "speed": 560.0, "width": 44.0, "strength": 9e-10, "seed": 2},
)
#: Exposures before and after, as the archives have them, minutes.
NEIGHBOURS = (-12.0, 12.0)
#: Blocks that are lost in each exposure, the seed of all that is random, and that of the streamers.
LOST, SEED, STREAMERS = 14, 4, 5
#: On-board sums, for a quick and small demo.
SUM = (2, 2)
#: Methods to fill lost blocks, from the frame alone and with neighbours; not a network, which takes seconds to load.
ALONE, WITH_NEIGHBOURS = "kriging", "temporal"
#: The setting of compiled loops.
FAST = "SUNPY_LASCO_FAST"
#: An ejection crosses a pixel if it contributes more than this share of its light.
FRONT = 0.1


def add_arguments(parser):
    """Add the arguments of the command."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("sunpy_lasco_demo"),
        help="directory for files and picture (default: sunpy_lasco_demo)",
    )
    parser.set_defaults(run=run)


def run(options):
    """Simulate, calibrate, compare, write and draw; the exit status is 0."""
    import sys

    from tqdm import tqdm

    from sunpy_lasco import simulate
    from sunpy_lasco.commands.picture import draw
    from sunpy_lasco.instrument.constants import other_constants

    options.out.mkdir(parents=True, exist_ok=True)
    scene = simulate.corona(activity=0.7, seed=STREAMERS, cme=[simulate.CME(**ejection) for ejection in EJECTIONS])
    stages = []
    steps = 2 * (len(NEIGHBOURS) + 4) + 1
    with _without_loading(), tqdm(total=steps, desc="Demo", unit="step", file=sys.stderr, disable=None) as bar:
        for detector in ("C2", "C3"):
            # Free the memory for optics and detector of the other camera.
            with other_constants({}):
                stages.append(_camera(detector, scene, options.out, bar))
        bar.set_postfix_str("picture")
        picture = draw(stages, options.out / "before_and_after.png")
        bar.update()
    print(f"Picture of both cameras, before and after the calibration and combined: {picture}")
    return 0


@contextlib.contextmanager
def _without_loading():
    """Without compiled loops by default, since loading them takes longer than they save for four frames."""
    before = os.environ.get(FAST)
    os.environ.setdefault(FAST, "no")
    try:
        yield
    finally:
        if before is None:
            del os.environ[FAST]


def _camera(detector, scene, out, bar):
    """One camera: its level-0.5 map, and level 1 without and with the exposures before and after."""
    import astropy.units as u
    from astropy.time import Time

    import sunpy_lasco
    from sunpy_lasco import simulate

    def done(what):
        bar.set_postfix_str(f"{detector}: {what}")
        bar.update()

    given = {"scene": scene, "leb_sum": SUM}
    exposure = simulate.observe(detector, date=DATE, n_lost=LOST, seed=SEED, **given)
    done("exposure simulated")
    context = []
    for number, minutes in enumerate(NEIGHBOURS):
        date = Time(DATE) + minutes * u.min
        context.append(simulate.observe(detector, date=date, seed=SEED + number + 1, **given).level05)
        done("neighbour simulated")
    raw, assets = exposure.level05, simulate.assets(exposure)
    alone = sunpy_lasco.calibrate(raw, assets=assets, inpaint=ALONE)
    done("calibrated")
    level1 = sunpy_lasco.calibrate(raw, assets=assets, context=context, inpaint=WITH_NEIGHBOURS)
    done("calibrated with neighbours")
    before = simulate.write_level05(exposure, out)
    after = sunpy_lasco.write_level1(level1, out, overwrite=True)
    told = [*_introduced(exposure, level1, before, after), *_compared(exposure, level1, alone)]
    done("compared")
    with bar.external_write_mode():
        print("\n".join(told), flush=True)
    return raw, alone, level1


def _introduced(exposure, level1, before, after):
    """Lines that describe the simulation and the calibration."""
    p, meta = exposure.parameters, level1.meta
    yield f"Simulated {p.detector}: {p.exptime:.1f} s through {p.filter}, {p.time.isot[:19]} UT, written to {before}"
    yield f"  {len(p.lost_blocks)} blocks of 32 x 32 pixels were lost in telemetry."
    yield (
        f"Calibrated with bias {meta['biasval']:.2f} DN, exposure factor {meta['expfac']:.5f} "
        f"and {meta['calfac']:.4e} MSB per DN/s, written to {after}"
    )


def _compared(exposure, level1, alone):
    """Lines that compare the results with the truth: measured pixels, then filled ones."""
    from dataclasses import replace

    import numpy as np
    from scipy import ndimage

    import sunpy_lasco
    from sunpy_lasco import simulate
    from sunpy_lasco.pixel_flags import flagged
    from sunpy_lasco.robust import robust_sigma

    flags, known = sunpy_lasco.flags(level1), np.isfinite(level1.data)
    filled = known & flagged(flags, "FILLED")
    # Every fourth of the measured pixels is sufficient.
    sound = known & ~flagged(flags, "FILLED", "SATURATED")
    sound[1::2], sound[:, 1::2] = False, False
    looked = filled | sound
    x, y = (axis[looked] for axis in exposure.pixel_positions())
    truth, front = (np.full(looked.shape, np.nan) for _ in range(2))
    truth[looked] = exposure.level1_at(x, y, points=False)
    quiet = replace(exposure, scene=simulate.corona(activity=0.7, seed=STREAMERS))
    front[looked] = truth[looked] - quiet.level1_at(x, y, points=False)
    crossed = filled & (front > FRONT * truth)
    error = level1.data - truth
    sigma = sunpy_lasco.uncertainty(level1, ["random", "pattern"]).value

    def per_cent(where, smap=level1):
        return f"{100 * np.nanmedian(np.abs(smap.data[where] / truth[where] - 1)):.2f} %"

    yield f"  Measured pixels ({sound.sum()}, every fourth): median error {per_cent(sound)};"
    yield f"    the errors are {robust_sigma(error[sound] / sigma[sound]):.2f} times as large as the stated 1 sigma."
    if filled.any():
        holes, number = ndimage.label(filled)
        each = ndimage.median(np.abs(error / truth), holes, np.arange(1, number + 1))
        row, column = ndimage.center_of_mass(filled, holes, int(np.argmax(each)) + 1)
        yield f"  Filled pixels ({filled.sum()}): median error {per_cent(filled)}, or"
        yield f"    {per_cent(filled, alone)} without the exposures before and after."
        yield f"    Worst of {number} holes: {100 * each.max():.2f} % (median), around pixel ({column:.0f}, {row:.0f})."
        if crossed.any():
            yield f"    Where an ejection crosses the holes ({crossed.sum()} pixels): {per_cent(crossed)}, or"
            yield f"    {per_cent(crossed, alone)} without the exposures before and after."
        else:
            yield "    No ejection crosses the holes."
        pulls = np.abs(error[filled] / level1.uncertainty.array[filled])
        within = [100 * np.mean(pulls < one) for one in (1, 2)]
        yield f"    The errors are {robust_sigma(pulls):.2f} times as large as the stated 1 sigma; {within[0]:.0f} %"
        yield f"    are within 1 sigma and {within[1]:.0f} % within 2 sigma (normal distribution: 68 and 95 %)."
    empty = np.isnan(level1.data).sum()
    yield f"  Pixels without a value: {empty} (occulter, pylon, corners, lost pixels that were not filled)."
