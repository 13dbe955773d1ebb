"""Who answers: this package's client or the VSO."""

import importlib
from datetime import datetime

import pytest
from loopback_archive import sequence

import astropy.units as u

from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.net.fido_factory import UnifiedDownloaderFactory
from sunpy.net.vso import VSOClient
from sunpy.net.vso.table_response import VSOQueryResponseTable

import sunpy_lasco
from sunpy_lasco import LASCOClient
from sunpy_lasco.config import ConfigurationError
from sunpy_lasco.net import answer_alone, vso

TIME = a.Time("2012-08-31 19:00", "2012-08-31 21:00")
OURS = (TIME, a.Instrument.lasco, a.Detector.c2, a.Level("0.5"))


@pytest.fixture(autouse=True)
def _as_imported(monkeypatch):
    monkeypatch.setattr(vso, "_alone", None)


@pytest.fixture
def asked(monkeypatch):
    """Queries that reach the VSO; it can be reached, and finds nothing."""
    queries = []
    monkeypatch.setattr(VSOClient, "__init__", lambda self: None)

    def search(self, *query, **kwargs):
        queries.append(query)
        return VSOQueryResponseTable(client=self)

    monkeypatch.setattr(VSOClient, "search", search)
    return queries


@pytest.fixture
def no_vso(monkeypatch):
    """No mirror of the VSO can be reached."""

    def fail(self, *args, **kwargs):
        msg = "No online VSO mirrors could be found."
        raise ConnectionError(msg)

    monkeypatch.setattr(VSOClient, "__init__", fail)


def test_our_queries_work_without_a_vso(site, no_vso):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    assert Fido.search(*OURS).keys() == ["lasco"]
    assert len(Fido.search(TIME, a.lasco.Filter.orange)["lasco"]) == 3
    with pytest.raises(ConnectionError, match="VSO"):
        Fido.search(TIME, a.Instrument.lasco)


def test_our_queries_do_not_reach_the_vso(site, asked):
    for query in (OURS, (*OURS, a.Provider("NRL")), (TIME, a.lasco.Size("full"))):
        Fido.search(*query)
    assert asked == []


@pytest.mark.parametrize(
    "attrs",
    [
        (a.Instrument.lasco,),
        (a.Instrument.lasco, a.Detector.c2),
        (a.Instrument.lasco, a.Detector("C1"), a.Level("0.5")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("2")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Wavelength(500 * u.nm)),
        (a.Instrument.eit, a.Wavelength(195 * u.AA)),
        (a.Instrument("MDI"), a.Provider("SDAC")),
    ],
)
def test_everything_else_reaches_the_vso(site, asked, attrs):
    Fido.search(TIME, *attrs)
    assert len(asked) == 1
    assert site.hits == []


def test_a_query_of_both_kinds_is_parted(site, asked):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    result = Fido.search(TIME, a.Instrument.lasco, a.Level("0.5"), a.Detector.c2 | a.Detector("C1"))
    assert len(result["lasco"]) == 3
    assert len(asked) == 1
    assert a.Detector("C1") in asked[0]


def test_switch(site, asked):
    assert answer_alone(False) is True
    Fido.search(*OURS)
    assert len(asked) == 1
    assert answer_alone(True) is False
    Fido.search(*OURS)
    assert len(asked) == 1


def test_setting(site, asked, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_KEEP_VSO", "yes")
    Fido.search(*OURS)
    assert len(asked) == 1
    # What was chosen in the session comes before the setting.
    assert answer_alone() is False
    Fido.search(*OURS)
    assert len(asked) == 1


def test_setting_that_makes_no_sense(monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_KEEP_VSO", "perhaps")
    with pytest.raises(ConfigurationError, match="keep_vso"):
        Fido.search(*OURS)


def factory(general, *specific):
    clients = [general, *specific]
    return UnifiedDownloaderFactory(
        registry={client: client._can_handle_query for client in clients},
        additional_validation_functions=["_can_handle_query"],
    )


class _Broad:
    """A client that takes any query, as the VSO's does."""

    @classmethod
    def _can_handle_query(cls, *query):
        return True


class _Filters:
    """Another package's client with narrow taste."""

    @classmethod
    def _can_handle_query(cls, *query):
        return a.Wavelength in map(type, query)


def test_narrowing_composes():
    """Two packages may narrow the same client, in either order, and once more."""
    wave = (TIME, a.Wavelength(500 * u.nm))
    rest = (TIME, a.Instrument.eit)
    for order in ((LASCOClient, _Filters), (_Filters, LASCOClient), (LASCOClient, LASCOClient, _Filters)):
        fido = factory(_Broad, LASCOClient, _Filters)
        for client in order:
            vso.narrow(fido, _Broad, client)
        assert fido._check_registered_widgets(*OURS) == [LASCOClient]
        assert fido._check_registered_widgets(*wave) == [_Filters]
        assert fido._check_registered_widgets(*rest) == [_Broad]


def test_a_module_that_is_loaded_anew_leaves_one_client(site):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    from sunpy_lasco.net import client

    before, archives = dict(Fido.registry), LASCOClient.archives
    try:
        importlib.reload(client)
        client.LASCOClient.archives = archives
        importlib.reload(vso)
        assert [other.__name__ for other in Fido.registry].count("LASCOClient") == 1
        assert [len(block) for block in Fido.search(*OURS)] == [3]
    finally:
        client.LASCOClient = LASCOClient
        Fido.registry.clear()
        Fido.registry.update(before)
        vso.LASCOClient = LASCOClient


def test_public_name():
    assert sunpy_lasco.LASCOClient is LASCOClient
    assert LASCOClient in Fido.registry
    assert "LASCOClient" in repr(Fido)
