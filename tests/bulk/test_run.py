"""Runs of many frames: results are kept while nothing changes, and a failure is reported without stopping the run."""

import io
import json
import re
import shutil
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from archive_orbits import rows_of, write_text

import astropy.units as u
from astropy.io import fits
from astropy.table import Table

from sunpy.coordinates import get_earth

import sunpy_lasco
from sunpy_lasco import bulk, simulate
from sunpy_lasco.bulk import frame as frames
from sunpy_lasco.bulk.context import facts_of
from sunpy_lasco.bulk.identity import _said, orbit_digests
from sunpy_lasco.bulk.journal import Journal, read_journal
from sunpy_lasco.bulk.outcome import Outcome
from sunpy_lasco.bulk.run import _Progress
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import LascoError, LascoUserWarning, OptionError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.level1.options import Level1Options
from sunpy_lasco.map.reading import open_map

C2 = "sunpy_lasco_level1/000515/c2/25418480.fts"
C3 = "sunpy_lasco_level1/000515/c3/35418480.fts"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A small frame of each camera, and the directory of their calibration images."""
    folder, assets = tmp_path_factory.mktemp("level05"), tmp_path_factory.mktemp("assets")
    made = [
        simulate.observe(camera, date="2000-05-15T12:00", seed=1, leb_sum=(4, 4), noise=False)
        for camera in ("C2", "C3")
    ]
    for one in made:
        simulate.write_level05(one, folder)
    simulate.write_assets(assets, *made)
    return folder, assets


@pytest.fixture
def copied(archive, tmp_path):
    """A copy that a test may change, and the output directory."""
    return *(shutil.copytree(one, tmp_path / one.name) for one in archive), tmp_path / "out"


def run(folder, assets, out, **options):
    return bulk.calibrate_files(folder, out, **({"assets": assets, "jobs": 1} | options))


def statuses(report):
    return {line["input"].rsplit("/", 1)[-1]: line["status"] for line in read_journal(report.journal)}


def test_what_is_done_is_kept_without_any_work(copied, monkeypatch):
    folder, assets, out = copied
    first = run(folder, assets, out)
    assert (first.total, first.written, first.kept, first.failed) == (2, 2, 0, 0)
    content = {name: (out / name).read_bytes() for name in (C2, C3)}
    expected = sunpy_lasco.calibrate(open_map(folder / "32418480.fts"), assets=assets)
    assert sunpy_lasco.read_level1(out / C3).data.tobytes() == expected.data.tobytes()
    header = fits.getheader(out / C3)
    assert header["INPUTSHA"] == sha256_of(folder / "32418480.fts")
    assert re.fullmatch("[0-9a-f]{64}", header["CALKEY"])
    monkeypatch.setattr(frames, "calibrate", lambda *_, **__: pytest.fail("it is calibrated again"))
    again = run(folder, assets, out)
    assert (again.written, again.kept, again.failed) == (0, 2, 0)
    assert {name: (out / name).read_bytes() for name in (C2, C3)} == content


@pytest.mark.parametrize("compress", ["gzip", "compact"])
def test_of_files_of_all_kinds(copied, compress):
    folder, assets, out = copied
    assert run(folder, assets, out, compress=compress).written == 2
    assert run(folder, assets, out, compress=compress).kept == 2
    # Another format is another file.
    other = run(folder, assets, out, compress="none")
    assert other.written == 2
    assert not other.failures


def test_of_files_in_the_official_form(copied):
    folder, assets, out = copied
    assert run(folder, assets, out, solarsoft=True).written == 2
    assert run(folder, assets, out, solarsoft=True).kept == 2
    assert run(folder, assets, out, solarsoft=True, linearity=False).written == 2


def changed_options(folder, assets, out):
    return {"bias": 400 * u.DN}


def changed_input(folder, assets, out):
    with fits.open(folder / "22418480.fts", mode="update") as hdus:
        hdus[0].data[100, 100] += 1
    return {}


def changed_image(folder, assets, out):
    with fits.open(assets / "c2vig_final.fts", mode="update") as hdus:
        hdus[0].data *= np.float32(1.01)
    return {}


def new_table(folder, assets, out):
    path = assets / "c2_expfactor_000515.dat"
    path.write_text(path.read_text() + "\n" if path.is_file() else "# none\n")
    return {}


def cut_output(folder, assets, out):
    (out / C2).write_bytes((out / C2).read_bytes()[:-3000])
    return {}


def empty_output(folder, assets, out):
    (out / C2).write_bytes(b"")
    return {}


def flipped_output(folder, assets, out):
    content = bytearray((out / C2).read_bytes())
    content[100_000] ^= 4
    (out / C2).write_bytes(content)
    return {}


def edited_output(folder, assets, out):
    content = (out / C2).read_bytes()
    (out / C2).write_bytes(content.replace(b"'C2      '", b"'C3      '", 1))
    return {}


@pytest.mark.parametrize(
    "change",
    [changed_options, changed_input, changed_image, cut_output, empty_output, flipped_output, edited_output, new_table],
)
def test_what_differs_is_done_again(copied, change):
    folder, assets, out = copied
    run(folder, assets, out)
    options = change(folder, assets, out)
    report = run(folder, assets, out, **options)
    assert report.failures == []
    assert statuses(report)["22418480.fts"] == "written"
    # The other camera is affected by the options only.
    assert statuses(report)["32418480.fts"] == ("written" if options else "kept")
    assert run(folder, assets, out, **options).kept == 2
    sunpy_lasco.read_level1(out / C2)


def test_orbit_files_count(copied, tmp_path, monkeypatch):
    """Orbit files beside the calibration images and those in the configuration count, for the day of the frame only."""
    folder, assets, out = copied
    (folder / "22418480.fts").unlink()
    run(folder, assets, out)
    (assets / "SO_OR_PRE_20000514_V01.DAT").write_text("not looked into")
    assert run(folder, assets, out).kept == 1
    rows = rows_of("2000-05-15")
    write_text(assets / "SO_OR_PRE_20000515_V01.DAT", rows)
    assert run(folder, assets, out).written == 1
    assert sunpy_lasco.read_level1(out / C3).meta["obssrc"] == "SO_OR_PRE_20000515_V01.DAT"
    assert run(folder, assets, out).kept == 1
    mine = write_text(tmp_path / "mine" / "SO_OR_DEF_20000515_V01.DAT", rows[:100])
    monkeypatch.setenv("SUNPY_LASCO_ORBIT", str(mine))
    assert run(folder, assets, out).written == 1
    assert run(folder, assets, out).kept == 1
    write_text(mine, rows)
    assert run(folder, assets, out).written == 1


@pytest.mark.parametrize(
    ("mid_time", "offset", "days"),
    [(43200.0, None, {"20000515"}), (60.0, None, {"20000514", "20000515"}), (86340.0, None, {"20000515", "20000516"}),
     (3600.0, 7200 * u.s, {"20000514"})],
)  # fmt: skip
def test_days_of_orbit_files(tmp_path, copied, mid_time, offset, days):
    folder, _, _ = copied
    frame = replace(facts_of(folder / "32418480.fts"), mid_mjd=51679, mid_time=mid_time)
    for day in range(13, 18):
        (tmp_path / f"SO_OR_PRE_200005{day}_V01.DAT").write_text(str(day))
    found = orbit_digests(frame, Level1Options(assets=tmp_path, time_offset=offset))
    assert sorted(found) == sorted(sha256_of(day[-2:].encode()) for day in days)
    assert orbit_digests(frame, Level1Options(assets=tmp_path, observer=get_earth("2000-05-15"))) == []


def test_constants_and_version_count(copied, monkeypatch):
    folder, assets, out = copied
    run(folder, assets, out)
    monkeypatch.setattr("sunpy_lasco.bulk.identity.constants_hash", lambda: "0" * 64)
    assert run(folder, assets, out).written == 2
    monkeypatch.setattr("sunpy_lasco.bulk.identity.version", "99.0")
    assert run(folder, assets, out).written == 2
    assert run(folder, assets, out).kept == 2


def test_what_is_not_of_this_package_stays(copied):
    folder, assets, out = copied
    (out / C2).parent.mkdir(parents=True)
    (out / C2).write_text("precious")
    report = run(folder, assets, out)
    assert (report.written, report.failed) == (1, 1)
    assert "exists already" in report.failures[0][1]
    assert (out / C2).read_text() == "precious"
    assert run(folder, assets, out, overwrite=True).written == 2
    assert run(folder, assets, out, overwrite=True).written == 2


@pytest.mark.slow
def test_neighbours_count_where_blocks_were_lost(tmp_path):
    lost = [(row, column) for row in range(4, 12) for column in range(16)]
    for minute in (0, 12, 24):
        made = simulate.observe(
            "C3",
            date=f"2000-05-15T12:{minute:02d}",
            leb_sum=(2, 2),
            seed=minute,
            lost_blocks=lost if minute == 12 else (),
        )
        simulate.write_level05(made, tmp_path)
    files, out = sorted(tmp_path.glob("*.fts")), tmp_path / "out"
    options = {"assets": "simulated", "on_bad": "ignore", "jobs": 1}
    assert bulk.calibrate_files(files, out, **options).written == 3
    assert bulk.calibrate_files(files, out, **options).kept == 3
    assert bulk.calibrate_files(files[1:2], out, others=[files[0], files[2]], **options).kept == 1
    # Without one of them the image differs; frames without lost blocks are kept.
    report = bulk.calibrate_files(files[:2], out, **options)
    assert (report.written, report.kept) == (1, 1)
    with pytest.warns(LascoUserWarning, match="stay empty"):
        assert bulk.calibrate_files(files[:2], out, together=False, **options).written == 1


def test_bad_frames_are_in_the_journal_and_stop_nothing(copied):
    folder, assets, out = copied
    (folder / "22000001.fts").write_text("<html>404</html>")
    (folder / "32000002.fts").write_bytes((folder / "32418480.fts").read_bytes()[:1000])
    files = [folder, folder / "absent.fts"]
    report = run(files, assets, out)
    assert (report.total, report.written, report.failed) == (5, 2, 3)
    lines = [json.loads(line) for line in report.journal.read_text().splitlines()]
    assert len(lines) == 5
    for line in lines:
        assert {"input", "output", "status", "reason", "seconds", "choices", "versions"} <= set(line)
        assert line["versions"]["sunpy_lasco"] == sunpy_lasco.__version__
    reasons = {line["input"].rsplit("/", 1)[-1]: line["reason"] for line in lines if line["status"] == "failed"}
    assert reasons["absent.fts"].startswith("FileNotFoundError: ")
    assert set(reasons) == {"absent.fts", "22000001.fts", "32000002.fts"}
    (good,) = (line for line in lines if line["input"].endswith("/32418480.fts"))
    assert good["output"] == str(out / C3)
    assert good["choices"]["biassrc"]
    assert good["time"].startswith("2000-05-15T12:00")
    # A second run appends to it; the last line of each frame counts.
    run(files, assets, out)
    assert len(report.journal.read_text().splitlines()) == 10
    assert statuses(report)["32418480.fts"] == "kept"


def test_a_journal_that_was_torn_goes_on(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"input": "a", "status": "written"}\n{"input": "b", "sta')
    with Journal(path, {}) as journal:
        journal.add(Outcome(0, "c", statistics={"datap50": np.float32(1.5), "datamin": np.nan}))
    assert [line["input"] for line in read_journal(path)] == ["a", "c"]
    assert read_journal(path)[1]["statistics"] == {"datap50": 1.5, "datamin": None}


def test_two_inputs_of_one_name_do_not_both_pass_for_done(copied):
    folder, assets, out = copied
    shutil.copy(folder / "22418480.fts", folder / "22999999.fts")
    report = run(folder, assets, out)
    assert (report.written, report.failed) == (2, 1)
    assert "with the same FILENAME" in report.failures[0][1]


def test_inputs_of_all_kinds(archive, tmp_path, monkeypatch):
    folder, _ = archive
    tree = shutil.copytree(folder, tmp_path / "tree" / "000515")
    for other in ("sunpy_lasco_level1/x.fts", ".hidden.fts", "notes.txt", "000515/.x/y.txt"):
        (tmp_path / "tree" / other).parent.mkdir(exist_ok=True)
        (tmp_path / "tree" / other).touch()
    expected = [str(tree / "22418480.fts"), str(tree / "32418480.fts")]
    assert bulk.find_inputs(tmp_path / "tree") == expected
    assert bulk.find_inputs([expected[1], tmp_path / "tree", expected[0]]) == expected
    (tmp_path / "list.txt").write_text("# frames\ntree/000515/32418480.fts\n\n" + expected[0] + "\n")
    assert bulk.find_inputs(tmp_path / "list.txt") == expected
    for name, column in (("t.csv", "path"), ("t.ecsv", "file")):
        Table({"time": [1, 2], column: expected}).write(tmp_path / name)
        assert bulk.find_inputs(str(tmp_path / name)) == expected
    Table({"time": [1]}).write(tmp_path / "none.csv")
    with pytest.raises(LascoError, match=r"none\.csv has none of the columns"):
        bulk.find_inputs(tmp_path / "none.csv")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(expected)))
    assert bulk.find_inputs("-") == expected
    with pytest.raises(OptionError, match="no level-0"):
        bulk.calibrate_files(tmp_path / "tree" / "000515" / ".x", tmp_path / "out")
    with pytest.raises(OptionError, match="'rice' is unknown"):
        bulk.calibrate_files(expected, tmp_path, compress="rice")


def command(*arguments):
    return main(["calibrate", *map(str, arguments)])


def test_exit_status(copied, capsys):
    folder, assets, out = copied
    assert command(folder, "--assets", assets, "--out", out, "--compact") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert command(folder, "--assets", assets, "--out", out, "--compact", "--resume") == 0
    assert capsys.readouterr().out == "2 of 2 frames already existed.\n"
    assert command(folder, folder / "absent.fts", "--assets", assets, "--out", out, "--compact", "--quiet") == 1
    (folder / "empty").mkdir()
    assert command(folder / "empty", "--out", out) == 2
    assert "There are no level-0.5 files in" in capsys.readouterr().err
    for wrong in (["--resume", "--overwrite"], ["--compact", "--compress"], ["--jobs", "0"]):
        with pytest.raises(SystemExit, match="2"):
            command(folder, *wrong)


def test_many_frames_leave_journal_and_page(copied, capsys, monkeypatch):
    folder, assets, out = copied
    monkeypatch.setattr("sunpy_lasco.commands.calibrate.MANY", 2)
    assert command(folder, "--assets", assets, "--out", out, "--jobs", 1) == 0
    said = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"sunpy-lasco: 2 frames on 1 process, which take up to (0\.8|1\.0) GB\.", said[0])
    assert re.fullmatch(r"sunpy-lasco: 2 of 2 frames, \d+\.\d a second, 0 min 0 s left, 0 failed", said[-1])
    assert sorted(path.name for path in out.iterdir()) == [
        "sunpy_lasco_journal.jsonl", "sunpy_lasco_level1", "sunpy_lasco_summary.html",
    ]  # fmt: skip
    journal, page = out / "elsewhere" / "j.jsonl", out / "elsewhere" / "page.html"
    assert command(folder, "--assets", assets, "--out", out, "--journal", journal, "--summary", page, "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert len(read_journal(journal)) == 2
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_on_two_processes_it_is_the_same(copied, tmp_path):
    folder, assets, out = copied
    for number in range(6):
        name = f"2200000{number}.fts"
        with fits.open(folder / "22418480.fts") as hdus:
            hdus[0].header["FILENAME"] = name
            hdus.writeto(folder / name)
    options = {"compress": "compact", "journal": False, "summary": False}
    one = run(folder, assets, out, **options)
    two = run(folder, assets, tmp_path / "two", **(options | {"jobs": 2}))
    assert (one.written, two.written) == (8, 8)
    for path in out.rglob("*.fts"):
        other = sunpy_lasco.read_level1(tmp_path / "two" / path.relative_to(out))
        this = sunpy_lasco.read_level1(path)
        assert other.data.tobytes() == this.data.tobytes()
        assert other.meta["calkey"] == this.meta["calkey"]
        np.testing.assert_array_equal(other.uncertainty.array, this.uncertainty.array)


def test_read_only_output(copied):
    folder, assets, out = copied
    out.mkdir()
    (out / "sunpy_lasco_level1").write_text("in the way")
    report = run(folder, assets, out)
    assert report.failed == 2
    assert all("sunpy_lasco_level1" in reason for _, reason in report.failures)


def test_inputs_that_vanish(copied, monkeypatch):
    folder, assets, out = copied
    real = frames.open_map

    def vanish(file):
        file.unlink()
        return real(file)

    monkeypatch.setattr(frames, "open_map", vanish)
    report = run(folder, assets, out)
    assert report.failed == 2
    assert all(reason.startswith("FileNotFoundError") for _, reason in report.failures)
    assert not list(out.rglob("*.fts"))


def test_two_runs_on_one_directory(copied, monkeypatch):
    """The other run writes a file between the check and the writing of this one."""
    folder, assets, out = copied
    run(folder, assets, out)
    content = {name: (out / name).read_bytes() for name in (C2, C3)}
    for name in (C2, C3):
        (out / name).unlink()
    real = frames.calibrate

    def slow(*args, **options):
        for name, one in content.items():
            (out / name).write_bytes(one)
        return real(*args, **options)

    looks = []
    is_ours = frames._is_ours
    monkeypatch.setattr(frames, "calibrate", slow)
    monkeypatch.setattr(frames, "_is_ours", lambda path: looks.append(path) or (len(looks) > 1 and is_ours(path)))
    report = run(folder / "22418480.fts", assets, out)
    assert (report.written, report.failed) == (1, 0)
    assert len(looks) == 2
    sunpy_lasco.read_level1(out / C2)


def test_a_full_disk(copied, full_disk):
    folder, assets, out = copied
    out.mkdir()
    with full_disk(100_000):
        report = run(folder, assets, out, summary=False)
    assert report.failed == 2
    assert all("File too large" in reason for _, reason in report.failures)
    assert not [path for path in out.rglob("*") if path.suffix in (".fts", ".part")]
    assert run(folder, assets, out).written == 2


def test_context_of_the_archives_is_asked_for_frame_by_frame(copied, monkeypatch):
    folder, assets, out = copied
    asked, real = [], frames.calibrate

    def calibrate(smap, **options):
        asked.append(options.pop("context", None))
        return real(smap, **options)

    monkeypatch.setattr(frames, "calibrate", calibrate)
    assert command(folder, "--assets", assets, "--out", out, "--context", "archive", "--jobs", 1) == 0
    assert asked == ["archive", "archive"]
    asked.clear()
    assert command(folder, "--assets", assets, "--out", out, "--context", "none", "--overwrite", "--jobs", 1) == 0
    assert asked == [None, None]


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_in_a_terminal(monkeypatch, shown):
    monkeypatch.setattr("sys.stderr", _Terminal())
    with _Progress(3, shown=shown) as progress:
        for number in range(3):
            progress.step(SimpleNamespace(done=number + 1, failed=number // 2))
        with progress.aside():
            print("said meanwhile", file=sys.stderr)
    said = sys.stderr.getvalue()
    assert "said meanwhile" in said
    assert ("3/3" in said and "failed=1" in said) is shown
    assert ("0/3" in said) is shown


def test_options_are_the_same_only_with_the_same_values(tmp_path):
    """Numbers with their unit, arrays by all of their values, files and tables by what they hold."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    many = np.arange(20.0)
    different = [
        *(1.0, "1.0", True, None, 1 * u.s, 1 * u.min, [1, 2] * u.s, np.array([1.0, 2.0]), many, many[::-1]),
        *(one, other, Table({"a": [1]}), Table({"b": [1]}), Table({"a": [1]}, units=["s"]), np.float32(0.1)),
    ]
    said = [json.dumps(_said(value)) for value in different]
    assert len(set(said)) == len(different)
    again = tmp_path / "again"
    again.write_bytes(b"1")
    assert _said(again) == _said(str(again)) == _said(one)
    assert _said(many.astype("f4")) == _said(many)
    assert _said(np.float64(0.25)) == 0.25
