"""Attrs of queries, and the comparison of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import astropy.units as u

from sunpy.net import attrs as a

import sunpy_lasco  # noqa: F401 - registers a.lasco
from sunpy_lasco.net.names import (
    FILTERS,
    POLARIZERS,
    PROGRAMMES,
    filter_name,
    level_name,
    polarizer_name,
    programme_name,
    size_name,
)


def test_attrs_are_offered_for_completion():
    assert a.lasco.Filter.orange.value == "Orange"
    assert a.lasco.Polarizer.plus60.value == "+60 Deg"
    assert a.lasco.Polarizer.zero.value == "0 Deg"
    assert a.lasco.Polarizer.minus60.value == "-60 Deg"
    assert a.lasco.Programme.seqpw.value == "Seq PW"
    assert a.lasco.Size.sub_frame.value == "sub-frame"
    assert {"orange", "clear", "ir"} <= set(dir(a.lasco.Filter))
    assert "540 to 640 nm" in str(a.lasco.Filter)


@pytest.mark.parametrize("text", ["Orange", "orange", " ORANGE "])
def test_filter_in_any_spelling(text):
    assert a.lasco.Filter(text).value == "Orange"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+60 Deg", "+60 Deg"),
        ("+60 De", "+60 Deg"),
        ("+60Deg", "+60 Deg"),
        (60 * u.deg, "+60 Deg"),
        (-60 * u.deg, "-60 Deg"),
        (0 * u.rad, "0 Deg"),
        ("clear", "Clear"),
        ("none", "Clear"),
    ],
)
def test_polarizer_in_any_spelling(value, expected):
    assert a.lasco.Polarizer(value).value == expected


@pytest.mark.parametrize(
    ("attr", "value"),
    [("Filter", "Green"), ("Filter", ""), ("Polarizer", "45"), ("Polarizer", 45 * u.deg), ("Size", "tiny")],
)
def test_values_that_lasco_does_not_have(attr, value):
    with pytest.raises(ValueError, match="of LASCO"):
        getattr(a.lasco, attr)(value)


def test_exposure_time():
    span = a.lasco.ExposureTime(1 * u.min, 500 * u.ms)
    assert (span.min, span.max) == (0.5 * u.s, 60 * u.s)
    assert a.lasco.ExposureTime(25 * u.s).max == 25 * u.s
    with pytest.raises(u.UnitsError):
        a.lasco.ExposureTime(3 * u.m)
    with pytest.raises(TypeError):
        a.lasco.ExposureTime(3)


def test_attrs_join_and_collide():
    joined = a.lasco.Filter("Orange") & a.lasco.Polarizer("Clear") & a.lasco.ExposureTime(25 * u.s)
    assert len(joined.attrs) == 3
    with pytest.raises(TypeError):
        a.lasco.Filter("Orange") & a.lasco.Filter("Blue")
    with pytest.raises(TypeError):
        a.lasco.ExposureTime(1 * u.s) & a.lasco.ExposureTime(2 * u.s)
    assert len((a.lasco.Filter("Orange") | a.lasco.Filter("Blue")).attrs) == 2


@pytest.mark.parametrize(
    ("names", "read", "width"),
    [(FILTERS, filter_name, 6), (POLARIZERS, polarizer_name, 6), (PROGRAMMES, programme_name, 8)],
)
def test_names_survive_the_columns_of_a_listing(names, read, width):
    for name in names:
        assert read(name) == name
        assert read(name[:width].ljust(width)) == name
        assert read(name[:width].rjust(width)) == name
        assert read(name.upper()) == name


@given(st.text(max_size=12))
def test_unknown_names_are_kept(text):
    for read in (filter_name, polarizer_name, programme_name):
        name = read(text)
        assert read(name) == name


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ((1024, 1024, 20, 1), "full"),
        ((512, 512, 20, 1), "binned"),
        ((256, 256, 20, 1), "binned"),
        ((512, 512, 276, 257), "sub-frame"),
        ((1024, 576, 20, 225), "sub-frame"),
        ((640, 640, 20, 1), "sub-frame"),
    ],
)
def test_size(arguments, size):
    assert size_name(*arguments) == size


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.5, "0.5"), ("0.5", "0.5"), (" 0.50", "0.5"), (1, "1"), ("1.0", "1"), (2, None), ("level1", None), (None, None)],
)
def test_level(value, level):
    assert level_name(value) == level
