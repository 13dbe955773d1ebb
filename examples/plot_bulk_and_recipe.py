"""
==============================
Many frames, Dask, and recipes
==============================

`sunpy_lasco.bulk.calibrate_files` calibrates a directory of level-0.5 files and can be resumed.
`sunpy_lasco.write_recipe` stores a small table instead of level-1 files; images are calibrated when they are accessed.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import bulk, simulate

###############################################################################
# An evening of C3 with a coronal mass ejection.  One file is broken.

folder = Path(tempfile.mkdtemp())
level05 = folder / "level05"
level05.mkdir()
ejection = simulate.CME(
    start="2012-08-31T19:50", position_angle=85, speed=1300, width=60
)
for number, time in enumerate(
    ["20:06", "20:30", "20:54", "21:18", "21:42", "22:06"]
):
    scene = simulate.corona(activity=0.7, cme=[ejection])
    exposure = simulate.observe(
        "C3",
        date=f"2012-08-31T{time}",
        scene=scene,
        leb_sum=(2, 2),
        seed=number,
    )
    simulate.write_level05(exposure, level05)
(level05 / "32999999.fts").write_text("<html>404 Not Found</html>")

###############################################################################
# Calibrate all of them, to compact files.  The broken file is reported and does not stop the run.

report = bulk.calibrate_files(
    level05, folder / "level1", compress="compact", assets="simulated", jobs=1
)
print(
    f"{report.written} written, {report.failed} failed in {report.seconds:.1f} s"
)
for file, reason in report.failures:
    print(f"{Path(file).name}: {reason.split(':')[0]}")

###############################################################################
# A second run keeps the existing files.  The journal records the choices for each frame.

report = bulk.calibrate_files(
    level05,
    folder / "level1",
    compress="compact",
    assets="simulated",
    jobs=1,
)
print(f"{report.kept} kept")
first = bulk.read_journal(report.journal)[0]
print(Path(first["input"]).name, first["status"], first["choices"]["biassrc"])
size = report.summary.stat().st_size / 1000
print(f"Web page of the run: {report.summary.name}, {size:.0f} kB")

###############################################################################
# The same run on a Dask cluster needs only a client.  This one is a cluster within the process, which is enough for an
# example; on a real cluster, pass the address of its scheduler.  Dask is part of the extra ``dask``.

try:
    from distributed import Client
except ImportError:
    print("The package distributed is not installed.")
else:
    with Client(
        processes=False,
        n_workers=1,
        threads_per_worker=1,
        dashboard_address=None,
    ) as client:
        report = bulk.calibrate_files(
            level05,
            folder / "level1_by_dask",
            assets="simulated",
            client=client,
        )
    print(f"{report.written} written, {report.failed} failed")

###############################################################################
# The same evening as a recipe, a table of a few kilobytes.  Each map is calibrated when it is accessed.  If an input, a
# calibration image or a version has changed since the recipe was written, a warning names it.

good = sorted(
    path for path in level05.iterdir() if path.name != "32999999.fts"
)
sunpy_lasco.write_recipe(
    folder / "evening.ecsv", good, pixels=True, assets="simulated"
)
recipe = sunpy_lasco.open_recipe(folder / "evening.ecsv")
print(recipe)
size = sum(path.stat().st_size for path in (folder / "level1").rglob("*.fts"))
print(
    f"{(folder / 'evening.ecsv').stat().st_size / 1000:.1f} kB instead of {size / 1e6:.1f} MB"
)

###############################################################################
# A recipe is a sequence of maps: use indices, slices or a loop.

base = recipe[0]
fig, panels = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
for panel, smap in zip(panels, recipe[2:5], strict=True):
    change = (smap.data - base.data) / np.nanmedian(base.data)
    panel.imshow(change, origin="lower", cmap="gray", vmin=-0.5, vmax=0.5)
    panel.set(
        title=f"{smap.date.strftime('%H:%M')}, change since {base.date.strftime('%H:%M')}",
        xticks=[],
        yticks=[],
    )
plt.show()

###############################################################################
# Files and recipe give identical images.

(file,) = (folder / "level1").rglob(recipe[3].meta["filename"])
written = sunpy_lasco.read_level1(file)
print(np.array_equal(written.data, recipe[3].data, equal_nan=True))
print(f"{(recipe.times[-1] - recipe.times[0]).to(u.hour):.1f}")
