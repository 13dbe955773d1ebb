"""Runs on a Dask cluster, and files that fsspec opens."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import sunpy_lasco
from sunpy_lasco import bulk, simulate
from sunpy_lasco.bulk import cluster
from sunpy_lasco.bulk.frame import Work
from sunpy_lasco.bulk.journal import read_journal
from sunpy_lasco.bulk.outcome import Outcome, Task
from sunpy_lasco.errors import LascoUserWarning, OptionError
from sunpy_lasco.level1.options import Level1Options

distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
fsspec = pytest.importorskip("fsspec")

pytestmark = [
    # Messages of Dask's connections when a cluster is closed.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Sending large graph"),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder, assets = tmp_path_factory.mktemp("level05"), tmp_path_factory.mktemp("assets")
    made = [
        simulate.observe(camera, date=f"2000-05-15T12:{minute:02d}", seed=minute, leb_sum=(4, 4), noise=False)
        for camera, minute in (("C2", 0), ("C3", 0), ("C3", 12))
    ]
    for one in made:
        simulate.write_level05(one, folder)
    simulate.write_assets(assets, *made)
    return folder, assets


@pytest.fixture
def client():
    """A cluster within this process, so that tests can inspect it."""
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as local,
        distributed.Client(local) as one,
    ):
        yield one


def test_the_same_files(archive, client, tmp_path):
    folder, assets = archive
    report = bulk.calibrate_files(folder, tmp_path / "dask", assets=assets, client=client)
    assert (report.written, report.failed) == (3, 0)
    bulk.calibrate_files(folder, tmp_path / "here", assets=assets, jobs=1)
    found = sorted(path.relative_to(tmp_path / "here") for path in (tmp_path / "here").rglob("*.fts"))
    assert len(found) == 3
    for name in found:
        here, there = (sunpy_lasco.read_level1(tmp_path / one / name) for one in ("here", "dask"))
        assert here.data.tobytes() == there.data.tobytes()
        assert here.meta["calkey"] == there.meta["calkey"]
    # Each keeps the results of the other.
    assert bulk.calibrate_files(folder, tmp_path / "here", assets=assets, client=client).kept == 3
    assert bulk.calibrate_files(folder, tmp_path / "dask", assets=assets, jobs=1).kept == 3


def test_a_bad_frame_stops_nothing(archive, client, tmp_path):
    folder, assets = archive
    report = bulk.calibrate_files([folder, tmp_path / "absent.fts"], tmp_path / "out", assets=assets, client=client)
    assert (report.written, report.failed) == (3, 1)
    assert "FileNotFoundError" in report.failures[0][1]


def test_calibration_images_are_sent_once(archive, client, tmp_path, monkeypatch):
    """Workers do not need the directory: it is removed before they start."""
    folder, assets = archive
    gone = shutil.copytree(assets, tmp_path / "gone")
    work = Work(Level1Options(assets=gone), str(tmp_path / "out"))
    real = cluster.bundle_of

    def bundle_of(source):
        bundle = real(source)
        shutil.rmtree(gone)
        return bundle

    monkeypatch.setattr(cluster, "bundle_of", bundle_of)
    scattered = []
    real_scatter = client.scatter
    monkeypatch.setattr(client, "scatter", lambda *args, **how: scattered.append(how) or real_scatter(*args, **how))
    tasks = [Task(number, str(path)) for number, path in enumerate(sorted(folder.glob("*.fts")))]
    outcomes = list(cluster.each_outcome_of_cluster(tasks, work, client))
    assert [one.status for one in outcomes] == ["written"] * 3
    assert [how["broadcast"] for how in scattered] == [True]


def test_what_is_sent(tmp_path, monkeypatch):
    """Exposure factors and orbit files are sent from every place, including the cache, up to a limit."""
    there = {
        "c3_expfactor_000515.dat": b"a",
        "expfac/data/0005/c2_expfactor_000515.dat": b"b",
        "data/ancillary/orbit/predictive/2000/SO_OR_PRE_20000515_V01.DAT": b"c",
        "spice/soho_orbit.bsp": b"d",
    }
    for name, content in there.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(content)
    sent = {name.rsplit("/", 1)[-1]: content for name, content in there.items()}
    assert dict(cluster.bundle_of(tmp_path / "tree").files) == sent
    fetched = tmp_path / "cache/expfac/data/0005/c3_expfactor_000516.dat"
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(b"e")
    for name, value in {"CACHE": tmp_path / "cache", "ASSETS": tmp_path / "tree", "OFFLINE": "1"}.items():
        monkeypatch.setenv(f"SUNPY_LASCO_{name}", str(value))
    assert dict(cluster.bundle_of(None).files) == sent | {fetched.name: b"e"}
    monkeypatch.setattr(cluster, "MOST_SENT", 1)
    (tmp_path / "tree/c3_expfactor_000515.dat").unlink()
    with pytest.warns(LascoUserWarning, match="The 2 orbit files .* are not sent to the workers"):
        bundle = cluster.bundle_of(tmp_path / "tree")
    assert dict(bundle.files) == {"c2_expfactor_000515.dat": b"b"}


FAULTS = """
import resource
import numpy as np
from sunpy_lasco.bulk.cluster import _memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(1_000_000, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with _memory_kept():
    faults()
    print(faults())
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what Dask sets is of glibc")
def test_memory_is_used_again():
    """If Dask's setting returns memory to the system after each array, this causes 12,000 page faults."""
    environment = os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    within, after = map(int, done.stdout.split())
    assert within < 100
    assert after > 10 * max(within, 1)


def test_batches_are_bounded(client, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "BATCH", 4)
    monkeypatch.setattr(
        cluster,
        "process",
        lambda task, work: Outcome(task.number, task.file, status="written", output=str(task.number)),
    )
    taken = []

    def endless():
        for number in range(10**9):
            taken.append(number)
            yield Task(number, "x")

    outcomes = cluster.each_outcome_of_cluster(
        endless(), Work(Level1Options(assets="simulated"), str(tmp_path)), client
    )
    found = [next(outcomes).number for _ in range(10)]
    outcomes.close()
    assert len(set(found)) == 10
    assert len(taken) <= 4 * (cluster.AHEAD + 4)


def test_memory_file_system(archive, client, tmp_path):
    """Inputs and outputs on file systems of fsspec."""
    folder, assets = archive
    fs = fsspec.filesystem("memory")
    if fs.exists("/lasco"):
        fs.rm("/lasco", recursive=True)
    fs.makedirs("/lasco/level05/000515")
    for path in folder.glob("*.fts"):
        fs.put_file(str(path), f"/lasco/level05/000515/{path.name}")
    options = {"assets": assets, "journal": tmp_path / "journal.jsonl", "summary": tmp_path / "page.html"}
    where = "memory://lasco/level05", "memory://lasco/out"
    report = bulk.calibrate_files(*where, client=client, **options)
    assert (report.written, report.failed) == (3, 0)
    outputs = fs.find("/lasco/out")
    assert len(outputs) == 3
    assert all("/sunpy_lasco_level1/000515/c" in name for name in outputs)
    bulk.calibrate_files(folder, tmp_path / "here", assets=assets, jobs=1)
    for name in outputs:
        copy = tmp_path / name.rsplit("/", 1)[-1]
        fs.get_file(name, str(copy))
        (here,) = (tmp_path / "here").rglob(copy.name)
        assert sunpy_lasco.read_level1(copy).data.tobytes() == sunpy_lasco.read_level1(here).data.tobytes()
    assert {line["output"] for line in read_journal(options["journal"])} == {f"memory:/{name}" for name in outputs}
    assert bulk.calibrate_files(*where, client=client, **options).kept == 3
    # Also without a cluster.
    assert bulk.calibrate_files(*where, jobs=1, **options).kept == 3
    assert bulk.calibrate_files(*where, jobs=1, overwrite=True, **options).written == 3
    with pytest.raises(OptionError, match="no level-0"):
        bulk.calibrate_files("memory://lasco/nothing", tmp_path)


def test_the_command(archive, client, tmp_path, capsys):
    from sunpy_lasco.commands.main import main

    folder, assets = archive
    arguments = ["--assets", str(assets), "--out", str(tmp_path), "--scheduler", client.scheduler.address]
    assert main(["calibrate", str(folder), *arguments]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert len(list(tmp_path.rglob("*.fts"))) == 3


def test_no_scheduler(archive, tmp_path, capsys):
    dask = pytest.importorskip("dask")
    from sunpy_lasco.commands.main import main

    folder, _ = archive
    assert main(["calibrate", str(folder), "--out", str(tmp_path), "--scheduler", "nonsense"]) == 2
    assert "--scheduler nonsense: no scheduler answers there" in capsys.readouterr().err
    # Dask of this process is as before.
    assert dask.config.get("scheduler", None) is None


@pytest.mark.slow
def test_killed_workers(archive, tmp_path, monkeypatch):
    """A run whose two workers are each killed once completes, with the same results as an undisturbed one."""
    monkeypatch.setattr(cluster, "BATCH", 4)
    folder, assets = archive
    work = Work(Level1Options(assets=assets), str(tmp_path / "out"), overwrite=True)
    names = sorted(str(path) for path in folder.glob("*.fts"))
    tasks = (Task(number, names[number % 3]) for number in range(5 * cluster.BATCH))
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local,
        distributed.Client(local) as client,
    ):
        outcomes, killed = [], 0
        for outcome in cluster.each_outcome_of_cluster(tasks, work, client):
            outcomes.append(outcome)
            if len(outcomes) in (1, 2 * cluster.BATCH + 1):
                pids = list(client.run(os.getpid).values())
                os.kill(pids[killed % len(pids)], signal.SIGKILL)
                killed += 1
                time.sleep(0.1)
    assert killed == 2
    assert sorted(one.number for one in outcomes) == list(range(5 * cluster.BATCH))
    assert {one.status for one in outcomes} == {"written"}
    bulk.calibrate_files(folder, tmp_path / "here", assets=assets, jobs=1)
    for path in (tmp_path / "here").rglob("*.fts"):
        other = sunpy_lasco.read_level1(tmp_path / "out" / path.relative_to(tmp_path / "here"))
        np.testing.assert_array_equal(other.data, sunpy_lasco.read_level1(path).data)
    assert not list((tmp_path / "out").rglob("*.part"))
