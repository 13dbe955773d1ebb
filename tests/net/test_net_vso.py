"""Which client answers: that of this package and those of sunpy, which are unchanged."""

import importlib
import subprocess
import sys
from datetime import datetime

import pytest
from loopback_archive import sequence

import astropy.units as u

from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.net.fido_factory import UnifiedDownloaderFactory
from sunpy.net.vso import VSOClient

import sunpy_lasco
from sunpy_lasco import LASCOClient
from sunpy_lasco.net import client

TIME = a.Time("2012-08-31 19:00", "2012-08-31 21:00")


@pytest.fixture
def no_vso(monkeypatch):
    """No mirror of the VSO can be reached."""

    def fail(self, *args, **kwargs):
        msg = "No online VSO mirrors could be found."
        raise ConnectionError(msg)

    def use():
        monkeypatch.setattr(VSOClient, "__init__", fail)

    return use


@pytest.mark.versions
@pytest.mark.parametrize(
    "attrs",
    [
        (a.Instrument.lasco, a.Detector.c2),
        (a.Instrument.lasco, a.Level("0.5")),
        (a.Instrument.lasco, a.Provider("SDAC")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Provider("NRL")),
    ],
)
def test_we_answer_beside_the_vso(site, attrs):
    for camera in ("C2", "C3"):
        site.nrl.add(sequence(datetime(2012, 8, 31, 19), camera))
        site.sdac.add(sequence(datetime(2012, 8, 31, 19), camera))
    result = Fido.search(TIME, *attrs, a.Source.soho)
    assert len(result["lasco"]) == (3 if a.Detector.c2 in attrs else 6)
    assert len(site.vso) == 1


def test_attrs_of_our_own_are_for_us_alone(site, no_vso):
    for camera in ("C2", "C3"):
        site.nrl.add(sequence(datetime(2012, 8, 31, 19), camera))
    no_vso()
    assert Fido.search(TIME, a.Instrument.lasco, a.lasco.Size.full).keys() == ["lasco"]
    assert len(Fido.search(TIME, a.lasco.Filter.orange)["lasco"]) == 6
    with pytest.raises(ConnectionError, match="VSO"):
        Fido.search(TIME, a.Instrument.lasco, a.Detector.c2)


@pytest.mark.versions
@pytest.mark.parametrize(
    "attrs",
    [
        (a.Instrument.lasco,),
        (a.Instrument.lasco, a.Detector("C1"), a.Level("0.5")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("2")),
        (a.Instrument.lasco, a.Detector.c2, a.Level("0.5"), a.Wavelength(500 * u.nm)),
        (a.Instrument.eit, a.Wavelength(195 * u.AA)),
        (a.Instrument("MDI"), a.Provider("SDAC")),
    ],
)
def test_everything_else_is_for_the_vso_alone(site, attrs):
    Fido.search(TIME, *attrs)
    assert len(site.vso) == 1
    assert site.hits == []


def test_a_query_of_both_kinds_is_parted(site):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    result = Fido.search(TIME, a.Instrument.lasco, a.Level("0.5"), a.Detector.c2 | a.Detector("C1"))
    assert len(result["lasco"]) == 3
    assert len(site.vso) == 2


def test_fido_answers_without_us(site):
    others = {known: validator for known, validator in Fido.registry.items() if known is not LASCOClient}
    fido = UnifiedDownloaderFactory(registry=others, additional_validation_functions=["_can_handle_query"])
    fido.search(TIME, a.Instrument.lasco, a.Detector.c2)
    assert len(site.vso) == 1
    assert site.hits == []


def test_the_import_leaves_the_other_clients_alone():
    """In a new process without earlier imports."""
    program = """
import socket
from sunpy.net import Fido
from sunpy.util import parfive_helpers

def state():
    return dict(Fido.registry), dict(vars(parfive_helpers.config)), socket.getdefaulttimeout()

clients, session, timeout = state()
import sunpy_lasco
ours = sunpy_lasco.LASCOClient
now = state()
assert {known: now[0][known] for known in now[0] if known is not ours} == clients, "other clients were registered anew"
assert now[0][ours] == ours._can_handle_query
assert now[1:] == (session, timeout)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_module_that_is_loaded_anew_leaves_one_client(site):
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    before, archives = dict(Fido.registry), LASCOClient.archives
    try:
        importlib.reload(client)
        client.LASCOClient.archives = archives
        assert [other.__name__ for other in Fido.registry].count("LASCOClient") == 1
        assert [len(block) for block in Fido.search(TIME, a.Detector.c2, a.lasco.Size.full)] == [3]
    finally:
        client.LASCOClient = LASCOClient
        Fido.registry.clear()
        Fido.registry.update(before)


def test_public_name():
    assert sunpy_lasco.LASCOClient is LASCOClient
    assert LASCOClient in Fido.registry
    assert "LASCOClient" in repr(Fido)
