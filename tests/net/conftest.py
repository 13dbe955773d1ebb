"""A server on 127.0.0.1 that replaces all archives."""

import gc
import sys
import warnings
from pathlib import Path

import pytest

import sunpy

sys.path.insert(0, str(Path(__file__).parent))

from loopback_archive import Site, serve


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory):
    """Separate the listings of the tests from each other."""
    before = sunpy.config.get("downloads", "remote_data_manager_dir")
    sunpy.config.set("downloads", "remote_data_manager_dir", str(tmp_path_factory.mktemp("data_manager")))
    yield
    sunpy.config.set("downloads", "remote_data_manager_dir", before)


@pytest.fixture
def fetch():
    """
    ``Fido.fetch`` without progress bars.

    It leaves the event loop of an empty download open, which is closed here to avoid a warning later.
    """
    from sunpy.net import Fido

    def fetch(*results, **kwargs):
        try:
            return Fido.fetch(*results, **{"progress": False, **kwargs})
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()

    return fetch


@pytest.fixture
def site(monkeypatch):
    """
    Content of a server that replaces NRL and SDAC; ``site.url`` is its address.

    The trees ``site.nrl``, ``site.sdac``, ``site.nrt`` and ``site.level1`` are the archives.
    The VSO can be reached but finds nothing; ``site.vso`` lists the requests to it.
    """
    from sunpy.net.vso import VSOClient
    from sunpy.net.vso.table_response import VSOQueryResponseTable

    from sunpy_lasco.net import Archive, LASCOClient, transfer

    def search(self, *query, **kwargs):
        site.vso.append(query)
        return VSOQueryResponseTable(client=self)

    monkeypatch.setattr(VSOClient, "__init__", lambda self: None)
    monkeypatch.setattr(VSOClient, "search", search)
    monkeypatch.setattr(transfer, "PAUSE", 0.01)
    site = Site()
    site.vso = []
    site.nrl = site.tree("/nrl/level_05")
    site.sdac = site.tree("/sdac/level_05")
    site.nrt = site.tree("/nrt/level_05")
    site.level1 = site.tree("/nrl/level_1", "1")
    with serve(site) as url:
        site.url = url
        archives = (
            Archive("NRL", "0.5", f"{url}/nrl/level_05"),
            Archive("SDAC", "0.5", f"{url}/sdac/level_05"),
            Archive("SDAC-NRT", "0.5", f"{url}/nrt/level_05", recent_days=90),
            Archive("NRL", "1", f"{url}/nrl/level_1"),
        )
        monkeypatch.setattr(LASCOClient, "archives", archives)
        yield site
