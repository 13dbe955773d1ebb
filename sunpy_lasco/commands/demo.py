"""``sunpy-lasco demo``: the main job on simulated exposures, without data or network."""

from pathlib import Path

__all__ = ["add_arguments"]

DESCRIPTION = """
Simulate an exposure of each camera, with a coronal mass ejection on the way and
with blocks lost in telemetry; calibrate both, the lost blocks filled from the frame alone
and from the exposures before and after; compare the results with the
truth; and write level-0.5 files, level-1 files and a picture.
"""

#: When the exposures begin: the Pleiades stand north of the Sun, Saturn beside it.
DATE = "2001-05-21T12:00:00"
#: Two coronal mass ejections: one has reached C3, one is still in C2.
EJECTIONS = (
    {"start": "2001-05-21T08:40", "position_angle": 295.0, "speed": 750.0, "width": 62.0, "strength": 9e-10, "seed": 3},
    {"start": "2001-05-21T10:35", "position_angle": 75.0, "speed": 560.0, "width": 44.0, "strength": 9e-10, "seed": 2},
)
#: Exposures before and after, as the archives have them, minutes.
NEIGHBOURS = (-24.0, -12.0, 12.0, 24.0)
#: Blocks that are lost in each exposure, the seed of all that is random, and that of the streamers.
LOST, SEED, STREAMERS = 14, 4, 5


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
    import astropy.units as u
    from astropy.time import Time

    import sunpy_lasco
    from sunpy_lasco import simulate
    from sunpy_lasco.commands.picture import draw

    options.out.mkdir(parents=True, exist_ok=True)
    scene = simulate.corona(activity=0.7, seed=STREAMERS, cme=[simulate.CME(**ejection) for ejection in EJECTIONS])
    stages = []
    for detector in ("C2", "C3"):
        exposure = simulate.observe(detector, date=DATE, scene=scene, n_lost=LOST, seed=SEED)
        raw, assets = exposure.level05, simulate.assets(exposure)
        context = [
            simulate.observe(detector, date=Time(DATE) + minutes * u.min, scene=scene, seed=SEED + number + 1).level05
            for number, minutes in enumerate(NEIGHBOURS)
        ]
        alone = sunpy_lasco.calibrate(raw, assets=assets)
        level1 = sunpy_lasco.calibrate(raw, assets=assets, context=context)
        stages.append((raw, alone, level1))
        before = simulate.write_level05(exposure, options.out)
        after = sunpy_lasco.write_level1(level1, options.out, overwrite=True)
        _describe(exposure, level1, before, after)
    picture = draw(stages, options.out / "before_and_after.png")
    print(f"Drew both cameras before and after, and both in one picture: {picture}")
    return 0


def _describe(exposure, level1, before, after):
    """Say what was done, and how near the result is to the truth."""
    import numpy as np

    import sunpy_lasco
    from sunpy_lasco.pixel_flags import PixelFlag

    meta, flags = level1.meta, sunpy_lasco.flags(level1)
    truth = exposure.level1_at(*exposure.pixel_positions(), points=False)
    sound = np.isfinite(level1.data) & ((flags & (PixelFlag.FILLED | PixelFlag.SATURATED)) == 0)
    filled = np.isfinite(level1.data) & ((flags & PixelFlag.FILLED) != 0)
    error = level1.data - truth
    sigma = sunpy_lasco.uncertainty(level1, ["random", "pattern"]).value

    def per_cent(where):
        return 100 * np.median(np.abs(error[where] / truth[where]))

    p = exposure.parameters
    print(f"Simulated {p.detector}: {p.exptime:.1f} s through {p.filter}, {p.time.isot[:19]} UT, written to {before}")
    print(f"  On the way down {len(p.lost_blocks)} blocks of 32 x 32 pixels were lost.")
    print(
        f"Calibrated with bias {meta['biasval']:.2f} DN, exposure factor {meta['expfac']:.5f} "
        f"and {meta['calfac']:.4e} MSB per DN/s, written to {after}"
    )
    print(f"  {sound.sum()} measured pixels differ from the truth by {per_cent(sound):.2f} % (median),")
    print(f"  {np.median(np.abs(error[sound] / sigma[sound])) / 0.6745:.2f} times what the stated 1 sigma lets expect.")
    if filled.any():
        print(f"  {filled.sum()} filled pixels differ from the truth by {per_cent(filled):.2f} % (median).")
    empty = np.isnan(level1.data).sum()
    print(f"  {empty} pixels hold no measurement: occulter, pylon, corners, what was lost and not filled.")
