"""Files appear complete or not at all, and leftovers of killed processes are removed."""

import errno
import gzip
import os
import re
import signal
import time
import tracemalloc
import warnings
from pathlib import Path

import pytest

from sunpy_lasco import files
from sunpy_lasco.errors import BadFrameError, LascoError

PACKAGE = Path(files.__file__).parent

#: SHA-256 of "abc", of FIPS 180-2, B.1.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system tells no times of start")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def killed_within(context):
    """A process that is killed inside a context."""
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads; this one does nothing but die.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        with context:
            os.kill(os.getpid(), signal.SIGKILL)
    return pid


def no_links(source, target):
    raise OSError(errno.EPERM, "Operation not permitted", source, None, target)


@pytest.fixture(params=["links", "no links"])
def _either_file_system(request, monkeypatch):
    """With and without hard links, which exFAT and many network shares lack."""
    if request.param == "no links":
        monkeypatch.setattr(os, "link", no_links)


@pytest.mark.usefixtures("_either_file_system")
def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new" / "one.fts"
    with files.atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        temporary.write_bytes(b"half")
        assert not path.exists()
        temporary.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"
    assert names(path.parent) == ["one.fts"]


@pytest.mark.usefixtures("_either_file_system")
def test_nothing_is_replaced_unasked(tmp_path):
    path = tmp_path / "one.fts"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="overwrite=True"), files.atomic_path(path):
        pytest.fail("it is not even begun")
    path.unlink()

    def slow():
        with files.atomic_path(path) as mine:
            mine.write_bytes(b"slow")
            path.write_bytes(b"precious")

    with pytest.raises(FileExistsError, match="overwrite=True"):
        slow()
    assert path.read_bytes() == b"precious"
    files.write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["one.fts"]


def test_a_name_that_leads_nowhere_is_taken(tmp_path):
    """A dangling link is an existing file, too."""
    path = tmp_path / "one.fts"
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(FileExistsError):
        files.write_whole(path, b"new", overwrite=False)
    assert not (tmp_path / "gone").exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_the_user_asked_for(mask, tmp_path):
    before = os.umask(mask)
    try:
        path = files.write_whole(tmp_path / "one.fts", b"x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_failure_names_the_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "one.fts"
    path.write_bytes(b"old")

    def full():
        with files.atomic_path(path, overwrite=True) as temporary:
            temporary.write_bytes(b"half a file")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=rf"No space left on device: '{re.escape(str(path))}'"):
        full()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["one.fts"]
    # What is to be a folder is a file.
    with pytest.raises(OSError, match=re.escape(str(path))):
        files.write_whole(path / "two.fts", b"x")


def test_content_reaches_the_disk_before_the_name_is_given(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(os, "fsync", lambda number: told.append(sorted(tmp_path.glob("*.fts"))))
    files.write_whole(tmp_path / "one.fts", b"x")
    assert told == [[]]
    files.write_whole(tmp_path / "two.fts", b"x", durable=False)
    assert len(told) == 1


@needs_fork
@needs_proc
@pytest.mark.parametrize("make", [lambda folder: files.atomic_path(folder / "a.fts"), files.unfinished_folder])
def test_what_a_killed_process_left_is_removed(make, tmp_path):
    pid = killed_within(make(tmp_path))
    while ") Z " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.01)
    assert len(names(tmp_path)) == 1
    # Dead, though its number is still taken.
    files.write_whole(tmp_path / "b.fts", b"x")
    assert names(tmp_path) == ["b.fts"]
    os.waitpid(pid, 0)
    os.waitpid(killed_within(make(tmp_path)), 0)
    assert len(names(tmp_path)) == 2
    files.write_whole(tmp_path / "b.fts", b"x")
    assert names(tmp_path) == ["b.fts"]


@pytest.mark.parametrize("make", [lambda folder: files.atomic_path(folder / "a.fts"), files.unfinished_folder])
def test_what_a_living_process_writes_stays(make, tmp_path):
    with make(tmp_path) as temporary:
        # However long it takes.
        os.utime(temporary, (0, 0))
        files.sweep(tmp_path)
        assert temporary.exists() == bool(files._start_of(os.getpid()))
        if not temporary.exists():
            temporary.touch()


def test_a_number_taken_by_another_process(tmp_path):
    """Processes with the same number are distinguished by their start time, where the system provides it."""
    start = files._start_of(os.getpid())
    left = tmp_path / f".sunpy_lasco-{files._here()}-{os.getpid()}-{start + 1}-0123456789ab.part"
    left.touch()
    files.sweep(tmp_path)
    assert left.exists() == (start == 0)


def test_what_other_machines_left_goes_when_it_is_old(tmp_path):
    left = tmp_path / f".sunpy_lasco-00000000-{os.getpid()}-1-0123456789ab.part"
    left.mkdir()
    (left / "frame.fts").touch()
    files.sweep(tmp_path)
    assert left.exists()
    old = time.time() - files.LEFT_BEHIND - 10
    os.utime(left, (old, old))
    files.sweep(tmp_path)
    # Something within it changed.
    assert left.exists()
    os.utime(left / "frame.fts", (old, old))
    os.utime(left, (old, old))
    files.sweep(tmp_path)
    assert not left.exists()


def test_only_what_is_ours_is_removed(tmp_path):
    kept = [".one.fts.x1.part", ".sunpy_lasco-notes", ".sunpy_lasco-00000000-1-1-0123456789ab.part.fts", "one.part"]
    for name in kept:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    os.utime(elsewhere / "precious", (0, 0))
    os.utime(elsewhere, (0, 0))
    link = tmp_path / ".sunpy_lasco-00000000-1-1-0123456789ab.part"
    link.symlink_to(elsewhere)
    files.sweep(tmp_path)
    assert names(tmp_path) == sorted([*kept, "elsewhere"])
    assert names(elsewhere) == ["precious"]
    files.sweep(tmp_path / "is not there")


def test_unfinished_folder(tmp_path):
    with files.unfinished_folder(tmp_path / "day") as folder:
        (folder / "one.fts").write_bytes(b"x")
        (folder / "one.fts").rename(tmp_path / "day" / "one.fts")
        (folder / "two.fts").write_bytes(b"half")
    assert names(tmp_path / "day") == ["one.fts"]


def test_sha256(tmp_path):
    path = files.write_whole(tmp_path / "abc", "abc")
    assert files.sha256_of(path) == files.sha256_of(str(path)) == files.sha256_of(b"abc") == ABC


@pytest.mark.parametrize("name", ["22299383.fts", "25299383.fits", "3m1_clcl_all.fts"])
def test_plain_names(name):
    assert files.is_plain_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".fts", "..", "a2/../../../../x.fts", "/2/../x.fts", "..\\2.fts", "22.fts\n", "2 2.fts", "22.fts/", "22.exe",
     "22\N{DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}.fts", "C:2.fts", ".22.fts", "22.fts\0"],
)  # fmt: skip
def test_names_that_could_lead_elsewhere(name):
    assert not files.is_plain_name(name)


def test_time_of_writing(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert files.time_of_writing()[:10] in {time.strftime("%Y-%m-%d", time.gmtime(time.time() - s)) for s in (0, 1)}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert files.time_of_writing() == "2001-09-09T01:46:40.000"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(LascoError, match=r"SOURCE_DATE_EPOCH is 'yesterday'"):
        files.time_of_writing()


def test_files_are_written_and_hashed_in_one_place():
    """Other modules use these functions instead of their own temporary files and hashes."""
    by_hand = re.compile(r"mkstemp|NamedTemporaryFile|os\.(link|rename|replace)\b|hashlib\.sha256\(\w")
    found = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "files.py" and by_hand.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_full_disk(full_disk, tmp_path):
    with full_disk(4096), pytest.raises(OSError, match=f"File too large: '{tmp_path / 'one.fts'}'"):
        files.write_whole(tmp_path / "one.fts", bytes(10000))
    assert names(tmp_path) == []


def test_content(tmp_path):
    plain = files.write_whole(tmp_path / "plain", b"abc" * 1000)
    packed = files.write_whole(tmp_path / "packed", gzip.compress(b"abc" * 600) + gzip.compress(b"abc" * 400))
    for path in (plain, packed):
        assert files.content_of(path, limit=3000) == b"abc" * 1000
        with pytest.raises(BadFrameError, match=f"{path} is larger than"):
            files.content_of(path, limit=2999)


def test_a_packed_file_is_unpacked_no_further_than_it_may_grow(tmp_path):
    path = files.write_whole(tmp_path / "bomb", gzip.compress(bytes(200_000_000)))
    assert path.stat().st_size < 400_000
    tracemalloc.start()
    with pytest.raises(BadFrameError, match="larger than 1 MB"):
        files.content_of(path, limit=1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_packed_content_that_is_not_whole(tmp_path):
    packed = gzip.compress(bytes(range(256)) * 50)
    for size in range(2, len(packed)):
        path = files.write_whole(tmp_path / "cut", packed[:size], durable=False)
        with pytest.raises(BadFrameError, match="truncated"):
            files.content_of(path, limit=100_000)
    # The sum of the content stands in the last 8 bytes, with its length.
    for place in range(-8, 0):
        damaged = bytearray(packed)
        damaged[place] ^= 1
        path = files.write_whole(tmp_path / "damaged", bytes(damaged), durable=False)
        with pytest.raises(BadFrameError, match="damaged"):
            files.content_of(path, limit=100_000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.fts")
    for path in (tmp_path / "pipe.fts", tmp_path):
        with pytest.raises(BadFrameError, match="is not a file"):
            files.content_of(path, limit=10)
    with pytest.raises(FileNotFoundError):
        files.content_of(tmp_path / "nothing.fts", limit=10)
