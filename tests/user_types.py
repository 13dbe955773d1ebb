"""
Typical user code for the type checker; it is not run.

``.ci/check_types.py`` checks it.  A line with ``type: ignore`` must contain an error; otherwise the checker reports it.
"""

import datetime
from pathlib import Path
from typing import assert_type

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import bulk, products, simulate, stars
from sunpy_lasco.level1 import approximations, correct_time
from sunpy_lasco.map import LASCOC2Map, LASCOC3Map


def calibrated(c2: LASCOC2Map, c3: LASCOC3Map) -> None:
    assert_type(sunpy_lasco.calibrate(c2), LASCOC2Map)
    assert_type(sunpy_lasco.calibrate(c3, assets="estimate", centre=[500, 510] * u.pix, solarsoft=True), LASCOC3Map)
    assert_type(sunpy_lasco.calibrate([c2, c2], context="archive"), list[LASCOC2Map])
    assert_type(sunpy_lasco.plan(c3, mask=False)(c3), LASCOC3Map)
    sunpy_lasco.calibrate(c2, no_such_option=1)  # type: ignore[call-overload]
    sunpy_lasco.calibrate(c2, north_up="yes")  # type: ignore[call-overload]
    sunpy_lasco.plan(c2, inpaint=3)  # type: ignore[arg-type]


def written(c2: LASCOC2Map) -> None:
    assert_type(sunpy_lasco.write_level1(c2, "level1", overwrite=True), Path)
    assert_type(sunpy_lasco.read_level1(Path("25082037.fts")), LASCOC2Map | LASCOC3Map)
    assert_type(approximations(c2), dict[str, str])
    assert_type(correct_time(c2, offset=3 * u.s), LASCOC2Map)
    sunpy_lasco.write_level1(c2)  # type: ignore[call-arg]


def many(files: list[Path]) -> None:
    report = bulk.calibrate_files(files, "level1", jobs=2, assets="estimate")
    assert_type(report.written, int)
    bulk.calibrate_files(files, "level1", assets=3)  # type: ignore[arg-type]


def used(maps: list[LASCOC3Map]) -> None:
    sequence = products.Sequence(maps)
    assert_type(sequence.detector, str)
    assert_type(stars.solve(maps[0]).solved, bool)
    assert_type(
        simulate.observe("C3", date=datetime.date(2002, 5, 21).isoformat(), seed=1).level05, "LASCOC2Map | LASCOC3Map"
    )
