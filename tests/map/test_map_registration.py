"""sunpy's map factory chooses one source for every header."""

import pytest

import sunpy.map
from sunpy.map.sources import LASCOMap

from sunpy_lasco import LASCOC2Map, LASCOC3Map
from sunpy_lasco.map.registration import prefer


@pytest.fixture(autouse=True)
def _registry_as_it_was():
    registry = sunpy.map.Map.registry
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def matching(header):
    return [source for source, matches in sunpy.map.Map.registry.items() if matches(None, header)]


HEADERS = {
    "C1": {"instrume": "LASCO", "detector": "C1"},
    "C2": {"instrume": "LASCO", "detector": "C2"},
    "C3": {"instrume": "LASCO", "detector": "C3"},
    "blanks": {"instrume": "LASCO   ", "detector": "C3 "},
}


@pytest.mark.parametrize(
    ("name", "source"), [("C1", LASCOMap), ("C2", LASCOC2Map), ("C3", LASCOC3Map), ("blanks", LASCOC3Map)]
)
def test_one_source_for_each(name, source):
    assert matching(HEADERS[name]) == [source]


def test_other_instruments_are_left_alone():
    assert not {LASCOMap, LASCOC2Map, LASCOC3Map} & set(matching({"instrume": "EIT", "telescop": "SOHO"}))
    assert not {LASCOMap, LASCOC2Map, LASCOC3Map} & set(matching({}))


def test_preferring_twice_changes_nothing():
    prefer(LASCOMap, LASCOC2Map, LASCOC3Map)
    prefer(LASCOMap, LASCOC2Map, LASCOC3Map)
    narrowed = sunpy.map.Map.registry[LASCOMap]
    assert not hasattr(narrowed.narrowed, "narrowed")
    assert matching(HEADERS["C2"]) == [LASCOC2Map]
    assert matching(HEADERS["C1"]) == [LASCOMap]


def test_reloading_replaces_the_old_classes():
    """As with %autoreload in a notebook."""
    again = type("LASCOC2Map", (LASCOC2Map,), {"__module__": LASCOC2Map.__module__, "__qualname__": "LASCOC2Map"})
    prefer(LASCOMap, again, LASCOC3Map)
    assert matching(HEADERS["C2"]) == [again]
    assert matching(HEADERS["C1"]) == [LASCOMap]


def test_another_package_may_do_the_same():
    other = type(
        "OtherC1Map",
        (LASCOMap,),
        {"is_datasource_for": classmethod(lambda cls, data, header, **_: header.get("detector") == "C1")},
    )
    prefer(LASCOMap, other)
    assert matching(HEADERS["C1"]) == [other]
    assert matching(HEADERS["C3"]) == [LASCOC3Map]
