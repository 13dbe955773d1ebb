"""Rows, the report, and the command."""

import json
import re

import numpy as np
import pytest

from sunpy_lasco import simulate
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import OptionError
from sunpy_lasco.products import polarization
from sunpy_lasco.verify import Row, Verdict, simulated, verify
from sunpy_lasco.verify.report import shown
from sunpy_lasco.verify.rows import unmeasured


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.0, "holds"), (1.0, "holds"), (1.001, "fails"), (-0.1, "fails"), (np.nan, "fails")]
)
def test_verdicts(value, verdict):
    row = Row("a", "b", value, 0, 1)
    assert row.verdict == verdict
    assert row.as_dict()["verdict"] == verdict
    assert row.as_dict()["value"] == (None if np.isnan(value) else value)


def test_what_is_not_there_neither_holds_nor_fails():
    row = unmeasured("a", "b", "frames", unit="DN")
    assert row.verdict == Verdict.OPEN
    assert row.as_dict()["low"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (5.0, "5"), (-2, "−2"), (1e-6, "1e−6"), (6.618e-7, "6.62e−7"), (0.00866, "0.00866"), (np.nan, "–"),
     (1.0001, "1.0001"), (123456.7, "1.23e5"), (-12.34567, "−12.346")],
)  # fmt: skip
def test_numbers(value, text):
    assert shown(value) == text


@pytest.fixture(scope="module")
def report():
    return verify(groups=("constants", "stars", "assets", "frames"))


def test_built_in_data_alone(report):
    """Rows that need no files hold, and the others state what they need."""
    assert report.counts[Verdict.FAILS] == 0
    assert report.counts[Verdict.HOLDS] > 35
    for row in report.rows.values():
        if row.name.startswith(("asset.", "frames.", "official.")):
            assert row.verdict == Verdict.OPEN
            assert row.needs
        else:
            assert row.verdict == Verdict.HOLDS, row
            assert np.isfinite([row.low, row.high]).all()
            assert row.against
    assert len(report.rows) == sum(len(rows) for rows in report.groups.values())


def test_files(report, tmp_path):
    paths = report.write(tmp_path / "new")
    stored = json.loads(paths[0].read_text())
    assert stored["counts"]["holds"] == report.counts[Verdict.HOLDS]
    assert [row["name"] for row in stored["groups"]["stars"]] == [row.name for row in report.groups["stars"]]
    page = paths[1].read_text()
    # The page is self-contained.
    assert all(f'id="{name}"' in page for name in report.rows)
    assert page.count("data:image/png;base64,") == 2
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    with pytest.raises(OptionError, match="already exists"):
        report.write(tmp_path / "new")
    assert report.write(tmp_path / "new", overwrite=True) == paths


def test_texts_cannot_break_the_page(report):
    from dataclasses import replace

    row = Row("a<b", "<script>alert(1)</script>", 2, 0, 1, note="<b>")
    page = replace(report, groups={"stars": (row,)}, figures={}).page()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_is_refused(tmp_path):
    with pytest.raises(OptionError, match="is not a directory"):
        verify(frames=tmp_path / "none")
    with pytest.raises(OptionError, match="groups='moon' is unknown"):
        verify(groups=["moon"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "row"),
    [("sense", "c2.triplet.polarised"), ("roll", "c2.triplet.polarised"), ("factor", "c2.triplet.total")],
)
def test_a_triplet_that_is_treated_wrongly_is_caught(fault, row, monkeypatch):
    """The sense of the polarisers from the product alone, a roll wrong by a degree, and one image brighter by 1 %."""
    right, whole = simulated.true_calibration, polarization.value_of

    def wrong(exposure, assets, **options):
        p = exposure.parameters
        if fault == "factor" and p.polar == "0 Deg":
            options["factor"] = p.exposure_factor / 1.01
        smap = right(exposure, assets, **options)
        if fault == "roll":
            smap.meta["detroll"] += 1
        return smap

    monkeypatch.setattr(simulated, "true_calibration", wrong)
    if fault == "sense":
        monkeypatch.setattr(polarization, "value_of", lambda name: -whole(name) if "sense" in name else whole(name))
    rows = {one.name: one for one in simulated._triplet(simulate.assets())}
    assert rows[row].verdict == Verdict.FAILS, rows[row]


@pytest.mark.slow
def test_command(tmp_path, capsys):
    """With built-in data only, in well under two minutes of processor time."""
    import time

    start = time.process_time()
    assert main(["verify", "--out", str(tmp_path / "report")]) == 0
    assert time.process_time() - start < 120
    said = capsys.readouterr().out
    assert "needs level-0.5 frames" in said
    assert "rows hold, 0 fail" in said
    assert (tmp_path / "report" / "report.html").stat().st_size > 50_000
    assert main(["verify", "--out", str(tmp_path / "report")]) == 1
    assert "--overwrite replaces it" in capsys.readouterr().err
