"""Roll and Sun centre by each source, compared with the official values of benchmarks/pointing."""

import csv
import importlib.util
from pathlib import Path

import pytest

from sunpy_lasco.assets import resolve
from sunpy_lasco.instrument.constants import value_of

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "pointing"


@pytest.fixture(scope="module")
def compare():
    specification = importlib.util.spec_from_file_location("compare_pointing", BENCHMARK / "compare.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def official(compare, test_data, tmp_path_factory):
    empty = resolve(tmp_path_factory.mktemp("no_tables"))
    return compare.compare_official(test_data / "headers" / "level1_c2_official.csv", empty)


def test_nominal_beside_54_official_headers(official):
    """The limits are those of the specification, and the stated errors hold."""
    assert len(official) == 54
    assert {row["source"] for row in official} == {"nominal"}
    assert sum(row["upside_down"] for row in official) == 30
    for row in official:
        dx, dy, droll = (float(row[key]) for key in ("dx", "dy", "droll"))
        assert abs(dx) < 0.2
        assert abs(dy) < (1.25 if row["upside_down"] else 0.2)
        assert abs(droll) < 0.025
        assert max(abs(dx), abs(dy)) < 1.25 * row["centre_sigma"]
        assert abs(droll) < row["roll_sigma"]


def test_committed_tables_are_up_to_date(compare, official, test_data, tmp_path):
    frames = compare.compare_frames(test_data, resolve(tmp_path))
    assert len({row["file"] for row in frames}) == 42
    for name, rows in (("official_c2.csv", official), ("real_frames.csv", frames)):
        with (BENCHMARK / name).open(newline="") as file:
            kept = list(csv.DictReader(file))
        assert kept == [{key: str(value) for key, value in row.items()} for row in rows]


def test_header_nominal_and_stars_in_2012(compare, test_data, tmp_path):
    frames = compare.compare_frames(test_data, resolve(tmp_path))
    rolls = {source: {row["file"]: float(row["roll"]) for row in frames if row["source"] == source}
             for source in ("header", "nominal")}  # fmt: skip
    assert len(rolls["header"]) == 25
    # 37 stars of these frames give 0.659 +- 0.004 degree.
    means = {source: sum(rolls[source][name] for name in rolls["header"]) / 25 for source in rolls}
    assert means["header"] == pytest.approx(0.659, abs=value_of("pointing.header_roll_sigma"))
    assert means["nominal"] == pytest.approx(0.659, abs=value_of("pointing.nominal_roll_sigma"))
    assert means["header"] != means["nominal"]
