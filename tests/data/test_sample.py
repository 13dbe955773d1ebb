"""The sample frames: from a directory, and from a server on this machine."""

import gc
import shutil
import threading
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import sunpy.map

import sunpy_lasco
from sunpy_lasco.data import sample
from sunpy_lasco.errors import AssetError, MissingAssetError


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A model archive with a folder for C2 of 2010-01-05, and sunpy's data manager with a separate cache."""
    from sunpy.data import manager
    from sunpy.data.data_manager import Cache, DataManager, ParfiveDownloader, SqliteStorage

    folder = tmp_path / "archive" / "100105" / "c2"
    folder.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "archive")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("SUNPY_LASCO_ARCHIVES", f"TEST 0.5 http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("SUNPY_LASCO_SAMPLE", raising=False)
    monkeypatch.delenv("SUNPY_LASCO_OFFLINE", raising=False)
    cache = tmp_path / "cache"
    cache.mkdir()
    own = DataManager(Cache(ParfiveDownloader(), SqliteStorage(cache / "db.sqlite"), cache))
    for name in ("_cache", "_file_cache"):
        monkeypatch.setattr(manager, name, getattr(own, name))
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()
    with warnings.catch_warnings():
        # sunpy's data manager leaves its event loop and its connection to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        del own
        gc.collect()


#: What sunpy's data manager says by itself.
of_the_manager = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::sunpy.util.exceptions.SunpyUserWarning")


def test_every_frame_is_listed_with_place_size_and_hash():
    frames = sample._frames()
    assert set(frames) == {"C2", "C2_TRIPLET", "C3", "C3_CME"}
    for frame in (frame for use in frames.values() for frame in use):
        assert frame.size in (1059840, 2108160)
        assert len(bytes.fromhex(frame.sha256)) == 32
        assert frame.urls[0].startswith("https://")
        assert frame.urls[0].endswith(f"/{frame.directory}/{frame.name}")


def test_names_that_do_not_exist_say_which_do():
    with pytest.raises(AttributeError, match="there are C2, C2_TRIPLET, C3, C3_CME"):
        _ = sample.C1
    with pytest.raises(MissingAssetError, match="not among the sample frames"):
        sample.file("32000000.fts")
    assert "C3_CME" in dir(sample)


def test_a_directory_serves_the_frames(test_data, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_SAMPLE", str(test_data))
    assert len(sample.download_all()) == 17
    assert isinstance(sunpy.map.Map(sample.C2), sunpy_lasco.LASCOC2Map)
    times = [smap.date for smap in sunpy.map.Map(sample.C3_CME)]
    assert times == sorted(times)
    assert sample.file("32310961.fts") == sample.C3_CME[-1]


def test_a_directory_that_lacks_a_frame_or_holds_another_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_SAMPLE", str(tmp_path))
    with pytest.raises(MissingAssetError, match=r"does not hold 22321894\.fts"):
        _ = sample.C2
    (tmp_path / "22321894.fts").write_bytes(b"SIMPLE")
    with pytest.raises(AssetError, match="has 6 bytes where 2108160 are expected"):
        _ = sample.C2


@of_the_manager
def test_a_frame_is_downloaded_once(archive, test_data):
    original = test_data / "level05" / "c2" / "22321894.fts"
    shutil.copy(original, archive)
    path = sample.C2
    assert path.read_bytes() == original.read_bytes()
    (archive / original.name).unlink()
    assert sample.C2 == path


@of_the_manager
def test_without_the_file_or_the_network_the_error_says_what_to_do(archive, monkeypatch):
    with pytest.raises(MissingAssetError, match=r"could not be downloaded.*setting 'sample'"):
        _ = sample.C2
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "1")
    with pytest.raises(MissingAssetError, match="network is switched off"):
        _ = sample.C2


@of_the_manager
def test_a_server_that_sends_something_else_is_an_error(archive):
    (archive / "22321894.fts").write_bytes(b"<html>Not found</html>")
    with pytest.raises(MissingAssetError, match=r"Hash of local file.*does not match"):
        _ = sample.C2
