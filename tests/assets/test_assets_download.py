"""Downloads from archives that fail."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from sunpy_lasco.assets import (
    C2_VIGNETTING,
    C3_MASK,
    NOMINAL_ROLL,
    AbsentAssetError,
    ChangedAssetError,
    RemoteSource,
    exposure_factor_name,
    fetch,
    resolve,
)
from sunpy_lasco.errors import AssetError, MissingAssetError

EXPFAC = exposure_factor_name("C2", 54890)
EXPFAC_TEXT = b"22157677.fts  1.001080     618.5  090228      376.02  Orange      Clear            5400  10  1.20e-04\n"

#: Faults after which the next mirror is used, and the error if all mirrors fail in this way.
FAULTS = {
    "absent": "no such file",
    "gone": "no such file",
    "forbidden": "403",
    "broken_server": "500",
    "busy": "503",
    "page": "web page",
    "page_not_found": "web page",
    "redirect_to_page": "web page",
    "endless_redirect": "TooManyRedirects",
    "empty": "empty",
    "truncated": "broke off",
    "truncated_unsaid": "truncated",
    "truncated_in_padding": "truncated",
    "too_long": "FITS blocks",
    "reset": "broke off",
    "reset_at_once": "broke off",
    "closed_at_once": "broke off",
    "silent": "does not answer",
    "stalled": "stood still",
    "garbage": "not a FITS file",
    "wrong_shape": r"shape \(512, 512\)",
    "wrong_dtype": "BITPIX 32",
    "wrong_values": "other values than 0 and 1",
    "no_image": "shape None",
    "damaged_header": "cannot be read as a FITS file",
    "sixty_times_too_long": "longer than 33554432 bytes: 6",
    "endless": "longer than 33554432 bytes",
    "drip": "not complete after 0.4 s",
}
#: Unusual answers that are accepted.
ODDITIES = ("compressed", "redirect", "no_head", "no_length", "slow")


def impatient(configuration, fault):
    """Settings with a time limit that slow faults exceed."""
    limits = {"silent": "read_timeout", "stalled": "read_timeout", "drip": "file_deadline"}
    return replace(configuration, **{limits[fault]: 0.4}) if fault in limits else configuration


def contents(configuration):
    """The files in the cache, without those that the cache uses for itself."""
    books = {".lock", "pins.json", "absent.json", "unreachable.json"}
    return sorted(path.name for path in configuration.cache.rglob("*") if path.is_file() and path.name not in books)


def nothing_partial(configuration):
    """Whether the cache contains no unfinished files and no empty directories."""
    hidden = [path.name for path in configuration.cache.rglob(".*")]
    return hidden in ([], [".lock"])


def asked(archive):
    """Number of requests for the addresses of an archive; a file may have several."""
    return set(Counter(path for _, path in archive.requests).values())


@pytest.mark.parametrize("fault", FAULTS)
def test_next_mirror_after_fault(fault, archives, configuration, mask_file):
    first, second = archives
    for archive in archives:
        archive.put(C3_MASK, mask_file)
    first.fail(C3_MASK, fault)
    path = RemoteSource(impatient(configuration, fault)).path(C3_MASK)
    assert path.read_bytes() == mask_file
    assert contents(configuration) == [C3_MASK]
    assert nothing_partial(configuration)
    pin = json.loads((configuration.cache / "pins.json").read_text())[C3_MASK]
    assert pin["url"].startswith(second.url)


@pytest.mark.parametrize("fault", FAULTS)
def test_one_clear_error_when_all_mirrors_fail(fault, archives, configuration, mask_file):
    for archive in archives:
        archive.put(C3_MASK, mask_file)
        archive.fail(C3_MASK, fault)
    with pytest.raises(MissingAssetError, match=FAULTS[fault]) as caught:
        RemoteSource(impatient(configuration, fault)).path(C3_MASK)
    message = str(caught.value)
    assert C3_MASK in message
    assert all(archive.netloc in message for archive in archives)
    assert "assets fetch" in message
    assert contents(configuration) == []
    assert nothing_partial(configuration)
    assert not (configuration.cache / "pins.json").exists()


@pytest.mark.parametrize("oddity", ODDITIES)
def test_oddities_are_understood(oddity, archives, configuration, mask_file):
    archives[0].put(C3_MASK, mask_file)
    archives[0].fail(C3_MASK, oddity)
    assert RemoteSource(configuration).path(C3_MASK).read_bytes() == mask_file
    assert archives[1].requests == []


@pytest.mark.parametrize("fault", ["busy", "truncated", "reset", "stalled"])
def test_broken_transfer_is_tried_again(fault, archives, configuration, mask_file):
    first, second = archives
    first.put(C3_MASK, mask_file)
    first.fail(C3_MASK, [fault, fault, None])
    second.fail(C3_MASK, "absent")
    assert RemoteSource(impatient(configuration, fault)).path(C3_MASK).read_bytes() == mask_file
    # The mirror is used before the second try, and is not asked again after "not found".
    assert sum(C3_MASK in path for _, path in first.requests) == 3
    assert asked(second) == {1}


@pytest.mark.parametrize(
    ("fault", "tries"),
    [("busy", 3), ("truncated_unsaid", 3), ("stalled", 3), ("page", 1), ("forbidden", 1), ("silent", 1), ("drip", 1)],
)
def test_tries(fault, tries, archives, configuration, mask_file):
    for archive in archives:
        archive.put(C3_MASK, mask_file)
        archive.fail(C3_MASK, fault)
    with pytest.raises(MissingAssetError):
        RemoteSource(impatient(configuration, fault)).path(C3_MASK)
    assert [asked(archive) for archive in archives] == [{tries}, {tries}]
    assert {method for archive in archives for method, _ in archive.requests} == {"GET"}


def test_nothing_is_fetched_twice(archives, configuration, mask_file):
    archives[0].put(C3_MASK, mask_file)
    source = RemoteSource(configuration)
    asset = source.image(C3_MASK)
    requests = len(archives[0].requests)
    assert source.image(C3_MASK) is asset
    assert RemoteSource(configuration).path(C3_MASK).is_file()
    assert len(archives[0].requests) == requests
    assert len(archives[0].gets) == 1
    assert not asset.estimated
    assert asset.sigma is None
    assert asset.data.dtype == np.uint8


@pytest.mark.slow
def test_four_processes_fetch_once(archives, configuration, mask_file):
    archives[0].put(C3_MASK, mask_file)
    archives[0].delay = 0.5
    with get_context("spawn").Pool(4) as pool:
        paths = pool.map(RemoteSource(configuration).path, [C3_MASK] * 4, chunksize=1)
    assert set(paths) == {configuration.cache / C3_MASK}
    assert len(archives[0].gets) == 1
    assert nothing_partial(configuration)


def test_threads_fetch_once(archives, configuration, mask_file):
    from concurrent.futures import ThreadPoolExecutor

    archives[0].put(C3_MASK, mask_file)
    archives[0].delay = 0.1
    with ThreadPoolExecutor(4) as pool:
        assets = list(pool.map(RemoteSource(configuration).image, [C3_MASK] * 4))
    assert len({asset.sha256 for asset in assets}) == 1
    assert len(archives[0].gets) == 1


def test_inside_a_running_event_loop(archives, configuration, mask_file):
    import asyncio

    archives[0].put(C3_MASK, mask_file)

    async def cell():
        return RemoteSource(configuration).image(C3_MASK)

    assert asyncio.run(cell()).data.shape == (1024, 1024)


def test_politeness(archives, configuration):
    """No more than two transfers at once from a server."""
    import threading

    first = archives[0]
    now, most, lock = 0, 0, threading.Lock()
    answer = first.answer

    def counted(handler, *, head):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        answer(handler, head=head)
        with lock:
            now -= 1

    first.answer = counted
    names = [exposure_factor_name("C2", mjd) for mjd in range(54890, 54902)]
    for name in names:
        first.put(name, EXPFAC_TEXT)
    outcomes = RemoteSource(configuration).fetch(names)
    assert all(outcomes[name].read_bytes() == EXPFAC_TEXT for name in names)
    assert most == 2


def test_killed_download_leaves_nothing_for_long(archives, configuration, mask_file):
    """The next fetch removes what a killed process left behind."""
    archives[0].put(C3_MASK, mask_file)
    stale = configuration.cache / ".incoming-stale"
    stale.mkdir(parents=True)
    (stale / C3_MASK).write_bytes(mask_file[:1000])
    (configuration.cache / ".incoming-pins.json").write_text("{")
    RemoteSource(configuration).path(C3_MASK)
    assert contents(configuration) == [C3_MASK]
    assert nothing_partial(configuration)


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_what_is_complete_stays_when_the_process_is_killed(archives, configuration, mask_file):
    archives[0].put(C3_MASK, mask_file)
    archives[0].put(C2_VIGNETTING, mask_file)
    archives[0].fail(C2_VIGNETTING, "stalled")
    code = (
        "from sunpy_lasco.assets import C2_VIGNETTING, C3_MASK, RemoteSource\n"
        "from sunpy_lasco.config import Configuration\n"
        "RemoteSource(Configuration.read()).fetch([C2_VIGNETTING, C3_MASK])\n"
    )
    environment = os.environ | {
        "SUNPY_LASCO_CACHE": str(configuration.cache),
        "SUNPY_LASCO_MIRRORS": archives[0].url,
        "SUNPY_LASCO_READ_TIMEOUT": "20",
    }
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (configuration.cache / C3_MASK).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.kill()
    process.wait()
    requests = len(archives[0].requests)
    source = RemoteSource(configuration)
    assert source.path(C3_MASK).read_bytes() == mask_file
    assert len(archives[0].requests) == requests
    with pytest.raises(MissingAssetError):
        RemoteSource(replace(configuration, read_timeout=0.2)).path(C2_VIGNETTING)
    assert contents(configuration) == [C3_MASK]
    assert nothing_partial(configuration)


def test_a_full_disk_is_no_fault_of_the_archive(archives, configuration, mask_file, monkeypatch):
    archives[0].put(C3_MASK, mask_file)

    def refuse(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sunpy_lasco.assets.store.Store.adopt", refuse)
    with pytest.raises(MissingAssetError, match="No space left on device"):
        RemoteSource(configuration).path(C3_MASK)
    assert archives[1].requests == []
    assert nothing_partial(configuration)


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_interrupted_by_the_user(archives, configuration, mask_file):
    archives[0].put(C3_MASK, mask_file)
    archives[0].fail(C3_MASK, "stalled")
    code = (
        "import signal\n"
        # Where the tests run in the background of a shell, interrupts are ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sunpy_lasco.assets import C3_MASK, resolve\n"
        "print('ready', flush=True)\n"
        "resolve().path(C3_MASK)\n"
    )
    environment = os.environ | {
        "SUNPY_LASCO_CACHE": str(configuration.cache),
        "SUNPY_LASCO_MIRRORS": archives[0].url,
        "SUNPY_LASCO_READ_TIMEOUT": "20",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "ready"
    deadline = time.monotonic() + 20
    while not archives[0].gets and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, problems = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in problems
    assert contents(configuration) == []
    assert nothing_partial(configuration)


def test_server_that_does_not_answer_is_not_waited_for_again(archives, configuration, mask_file):
    """A full backlog makes connections hang, as a firewall does that drops packets."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = deaf.getsockname()
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        mirrors = (f"http://127.0.0.1:{address[1]}/ssw",)
        quick = replace(configuration, connect_timeout=0.4, mirrors={"ssw": mirrors, "ancillary": mirrors})
        with pytest.raises(MissingAssetError, match="does not answer"):
            RemoteSource(quick).path(C3_MASK)
        # No request is made, since the time limit is zero.
        hasty = replace(quick, connect_timeout=1e-6)
        with pytest.raises(MissingAssetError, match="did not answer a short while ago"):
            RemoteSource(hasty).path(C2_VIGNETTING)
        for filler in fillers:
            filler.close()


def test_closed_port(archives, configuration, mask_file):
    first, second = archives
    second.put(C3_MASK, mask_file)
    first.close()
    try:
        assert RemoteSource(configuration).path(C3_MASK).read_bytes() == mask_file
    finally:
        first._stop.clear()
        first.__init__()


def test_changed_file_is_an_error_until_accepted(archives, configuration, mask_file, other_mask_file):
    source = RemoteSource(configuration)
    archives[0].put(C3_MASK, mask_file)
    source.path(C3_MASK)
    archives[0].put(C3_MASK, other_mask_file)
    outcome = source.fetch([C3_MASK], update=True)[C3_MASK]
    assert isinstance(outcome, ChangedAssetError)
    assert "assets pin" in str(outcome)
    # The file of the first download is still there.
    assert source.path(C3_MASK).read_bytes() == mask_file
    assert source.fetch([C3_MASK], update=True, accept=True)[C3_MASK].read_bytes() == other_mask_file
    assert source.image(C3_MASK).data[529 - 510, 516] == 1


def test_changed_on_one_mirror_only(archives, configuration, mask_file, other_mask_file):
    source = RemoteSource(configuration)
    for archive in archives:
        archive.put(C3_MASK, mask_file)
    source.path(C3_MASK)
    (configuration.cache / C3_MASK).unlink()
    archives[0].put(C3_MASK, other_mask_file)
    assert source.path(C3_MASK).read_bytes() == mask_file


def test_changed_on_disk(archives, configuration, mask_file):
    source = RemoteSource(configuration)
    archives[0].put(C3_MASK, mask_file)
    path = source.path(C3_MASK)
    path.write_bytes(mask_file[:-2880] + b"\1" * 2880)
    with pytest.raises(AssetError, match="has changed since its download") as caught:
        source.image(C3_MASK)
    assert not isinstance(caught.value, MissingAssetError)
    assert source.fetch([C3_MASK], update=True)[C3_MASK].read_bytes() == mask_file
    source.image(C3_MASK)


def test_published_hash_comes_first(archives, configuration, mask_file, monkeypatch):
    from sunpy_lasco.assets.names import CATALOGUE

    monkeypatch.setitem(CATALOGUE, C3_MASK, replace(CATALOGUE[C3_MASK], sha256="0" * 64))
    archives[0].put(C3_MASK, mask_file)
    with pytest.raises(ChangedAssetError, match="0000"):
        RemoteSource(configuration).path(C3_MASK)
    assert contents(configuration) == []


def test_growing_table_may_change(archives, configuration):
    source = RemoteSource(configuration)
    line = b"1995-12-02 03:08:00   0.00\n"
    archives[0].put(NOMINAL_ROLL, line)
    source.path(NOMINAL_ROLL)
    archives[0].put(NOMINAL_ROLL, line + b"2003-07-08 13:00:00 180.00\n")
    assert source.text(NOMINAL_ROLL)[0].count("\n") == 1
    assert source.fetch([NOMINAL_ROLL], update=True)[NOMINAL_ROLL].read_text().count("\n") == 2
    assert source.text(NOMINAL_ROLL)[0].count("\n") == 2


def test_day_without_a_file(archives, configuration):
    source = RemoteSource(configuration)
    with pytest.raises(AbsentAssetError, match="There are no exposure factors of C2 on 09-02-28"):
        source.text(EXPFAC)
    requests = sum(len(archive.requests) for archive in archives)
    assert requests
    with pytest.raises(AbsentAssetError):
        source.text(EXPFAC)
    assert sum(len(archive.requests) for archive in archives) == requests
    # When it exists, an explicit request returns it.
    archives[1].put(EXPFAC, EXPFAC_TEXT)
    assert source.fetch([EXPFAC], patient=True)[EXPFAC].read_bytes() == EXPFAC_TEXT
    assert source.text(EXPFAC)[0] == EXPFAC_TEXT.decode()
    assert source.path(EXPFAC) == configuration.cache / "expfac/data/0902" / EXPFAC


@pytest.mark.parametrize("page", ["page_not_found", "absent"])
def test_day_without_a_file_said_by_one_server_only(page, archives, configuration):
    """A failing server may have the file, so the file is missing rather than absent."""
    archives[0].fail(EXPFAC, page)
    archives[1].fail(EXPFAC, "broken_server")
    with pytest.raises(MissingAssetError) as caught:
        RemoteSource(configuration).path(EXPFAC)
    assert not isinstance(caught.value, AbsentAssetError)


def test_file_that_no_archive_has_is_not_asked_for_again_and_again(archives, configuration, mask_file):
    source = RemoteSource(configuration)
    counts = []
    for expected in ("it has no such file", "when they were asked, less than a day ago"):
        with pytest.raises(MissingAssetError, match=expected) as caught:
            source.path(C3_MASK)
        assert not isinstance(caught.value, AbsentAssetError)
        counts.append(sum(len(archive.requests) for archive in archives))
    assert counts[0] == counts[1] > 0
    archives[1].put(C3_MASK, mask_file)
    assert source.fetch([C3_MASK], patient=True)[C3_MASK].read_bytes() == mask_file
    assert source.path(C3_MASK).is_file()


def test_login_page_is_no_absent_day(archives, configuration):
    for archive in archives:
        archive.fail(EXPFAC, "page")
    with pytest.raises(MissingAssetError, match="web page") as caught:
        RemoteSource(configuration).path(EXPFAC)
    assert not isinstance(caught.value, AbsentAssetError)


def test_page_that_says_not_found_is_an_absent_day(archives, configuration):
    for archive in archives:
        archive.fail(EXPFAC, "page_not_found")
    with pytest.raises(AbsentAssetError):
        RemoteSource(configuration).path(EXPFAC)


def test_damaged_table_from_one_mirror(archives, configuration):
    archives[0].put(EXPFAC, b"the quick brown fox\n")
    archives[1].put(EXPFAC, EXPFAC_TEXT)
    assert RemoteSource(configuration).text(EXPFAC)[0] == EXPFAC_TEXT.decode()


def test_offline(archives, configuration, mask_file, monkeypatch):
    archives[0].put(C3_MASK, mask_file)
    off = replace(configuration, offline=True)
    for source in (RemoteSource(off), resolve(offline=True, configuration=configuration)):
        with pytest.raises(MissingAssetError, match="network is switched off"):
            source.image(C3_MASK)
    assert isinstance(RemoteSource(off).fetch([C3_MASK])[C3_MASK], MissingAssetError)
    assert archives[0].requests == []
    RemoteSource(configuration).path(C3_MASK)
    assert RemoteSource(off).image(C3_MASK).data.shape == (1024, 1024)
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "1")
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(configuration.cache))
    assert resolve().image(C3_MASK).name == C3_MASK
    with pytest.raises(MissingAssetError, match="network is switched off"):
        resolve().image(C2_VIGNETTING)


def test_cache_is_an_asset_directory(archives, configuration, mask_file):
    """A copy of the cache can be used on a cluster as assets=DIR."""
    archives[0].put(C3_MASK, mask_file)
    archives[0].put(EXPFAC, EXPFAC_TEXT)
    outcomes = fetch([C3_MASK, EXPFAC, C3_MASK], configuration=configuration)
    assert list(outcomes) == [C3_MASK, EXPFAC]
    source = resolve(configuration.cache)
    assert source.image(C3_MASK).sha256
    assert source.text(EXPFAC)[0] == EXPFAC_TEXT.decode()


def test_local_tree_comes_before_the_network(archives, configuration, mask_file, tmp_path, monkeypatch):
    tree = tmp_path / "ssw/soho/lasco/lasco/data/calib"
    tree.mkdir(parents=True)
    (tree / C3_MASK).write_bytes(mask_file)
    monkeypatch.setenv("SSW", str(tmp_path / "ssw"))
    assert resolve(configuration=configuration).path(C3_MASK) == tree / C3_MASK
    assert fetch([C3_MASK], configuration=configuration)[C3_MASK] == tree / C3_MASK
    assert archives[0].requests == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions that hold for this user")
def test_cache_that_cannot_be_written(configuration):
    configuration.cache.mkdir()
    configuration.cache.chmod(0o500)
    with pytest.raises(MissingAssetError, match="SUNPY_LASCO_CACHE"):
        RemoteSource(configuration).path(C3_MASK)


def test_cache_below_a_file(configuration, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingAssetError, match="SUNPY_LASCO_CACHE"):
        RemoteSource(replace(configuration, cache=tmp_path / "file" / "cache")).path(C3_MASK)


def test_prepared_cache_is_only_read(archives, configuration, mask_file, monkeypatch):
    """On a cluster the directory may be write-protected."""
    from sunpy_lasco.assets.store import Store

    archives[0].put(C3_MASK, mask_file)
    RemoteSource(configuration).path(C3_MASK)
    monkeypatch.setattr(Store, "locked", lambda self: pytest.fail("the cache was opened for writing"))
    source = RemoteSource(replace(configuration, offline=True))
    assert source.image(C3_MASK).data.shape == (1024, 1024)
    with pytest.raises(MissingAssetError, match="network is switched off"):
        source.path(C2_VIGNETTING)


def test_full_disk(archives, configuration, mask_file, monkeypatch):
    import shutil

    usage = shutil.disk_usage(configuration.cache.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(MissingAssetError, match="hardly any space"):
        RemoteSource(configuration).path(C3_MASK)
    assert archives[0].requests == []


def test_damaged_pins_are_named(archives, configuration, mask_file):
    archives[0].put(C3_MASK, mask_file)
    RemoteSource(configuration).path(C3_MASK)
    (configuration.cache / "pins.json").write_text("{")
    with pytest.raises(AssetError, match=r"pins\.json cannot be read"):
        RemoteSource(configuration).path(C3_MASK)


def test_import_fetches_nothing(tmp_path):
    """The import creates no directory."""
    code = "import sunpy_lasco.assets, sunpy_lasco.commands.assets, sys; assert 'torch' not in sys.modules"
    cache = tmp_path / "cache"
    environment = os.environ | {"SUNPY_LASCO_CACHE": str(cache), "SUNPY_LASCO_MIRRORS": "http://127.0.0.1:9/"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, check=True)
    assert not cache.exists()


@pytest.mark.remote_data
@pytest.mark.parametrize("name", [C3_MASK, C2_VIGNETTING, NOMINAL_ROLL, EXPFAC])
def test_real_archives(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(tmp_path))
    assert resolve().path(name).is_file()
