"""Unit, measurement and exposure of maps."""

import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco import MSB
from sunpy_lasco.instrument.headers import MapHeaderError
from sunpy_lasco.map import quantities


@pytest.mark.parametrize(
    ("cards", "unit"),
    [
        ({}, u.DN),
        ({"level": "1.0"}, MSB),
        ({"bunit": "MSB"}, MSB),
        ({"bunit": "mean solar brightness"}, MSB),
        ({"bunit": "MSB / s"}, MSB / u.s),
        ({"bunit": "DN / s"}, u.DN / u.s),
        ({"bunit": ""}, u.dimensionless_unscaled),
        ({"helioviewer": " ", "bunit": 0}, u.dimensionless_unscaled),
    ],
)
def test_unit(cards, unit):
    assert quantities.header_unit(cards) == unit


def test_unit_that_is_none():
    with pytest.raises(MapHeaderError, match=r"BUNIT of 22\.fts holds 'counts per fortnight'"):
        quantities.header_unit({"bunit": "counts per fortnight", "filename": "22.fts"})


@pytest.mark.parametrize(
    ("cards", "seconds"),
    [({"exptime": 19.1}, 19.1), ({"xposure": 19.2, "exptime": 19.1}, 19.2), ({"exptime": "long"}, None), ({}, None)],
)
def test_exposure(cards, seconds):
    assert quantities.exposure_seconds(cards) == seconds


def test_measurement_without_card():
    assert quantities.measurement({}) == "B"
    assert np.unique(list(quantities.MEASUREMENTS.values())).size == 9
