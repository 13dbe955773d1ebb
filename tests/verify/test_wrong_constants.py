"""A named row detects each wrong constant."""

import pytest

from sunpy_lasco.instrument.constants import other_constants, value_of
from sunpy_lasco.verify import Verdict
from sunpy_lasco.verify.constants import constant_rows
from sunpy_lasco.verify.sky import star_rows

#: Changes of a number of the table of constants, up and down: 1 % where an identity or an official header fixes it, 5 %
#: where only stars can; which number of several; and the row that catches it.
CHANGES = {
    "C2.factor.ORANGE": (1.01, 2, "c2.header.factor"),
    "C3.factor.CLEAR": (1.01, 2, "c3.header.factor"),
    "C3.factor.BLUE": (1.01, 2, "c3.vector.factor"),
    "polariser.transmission": (1.01, None, "c2.vector.factor"),
    "C2.plate_scale": (1.01, None, "c2.header.scale"),
    "C3.plate_scale": (1.01, None, "c3.header.scale"),
    "C2.distortion": (1.01, 1, "c2.vector.distortion"),
    "C3.distortion": (1.01, 1, "c3.vector.distortion"),
    "C2.occulter_centre": (1.01, 0, "c2.vector.distortion"),
    "detector.pixel_size": (1.01, None, "c3.vector.distortion"),
    "C2.sun_centre": (1.01, 0, "c2.header.centre"),
    "C3.sun_centre": (1.01, 1, "c3.stars.centre"),
    "sun.radius_at_1_au": (1.01, None, "c2.header.rsun"),
    "orbit.l1_fraction": (1.01, None, "c3.header.rsun"),
    "C3.star_plate_scale": (1.01, None, "c3.stars.solved"),
    "C2.star_scale": (1.05, None, "c2.stars.zero"),
    "star.flux": (1.05, None, "c3.stars.zero"),
    "C3.star_scale": (1.05, None, "c3.stars.zero"),
}


def exchanged(name, factor, place):
    """The value of a constant with one number multiplied."""
    value = value_of(name)
    if place is None:
        return factor * value
    return tuple(one * factor if k == place else one for k, one in enumerate(value))


def failing(row):
    """Names of the rows of the group of ``row`` that fail."""
    rows = star_rows({}) if ".stars." in row else constant_rows()
    return [one.name for one in rows if one.verdict == Verdict.FAILS]


@pytest.mark.parametrize("up", [True, False], ids=["more", "less"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_constant_is_caught(name, up):
    factor, place, row = CHANGES[name]
    with other_constants({name: exchanged(name, factor if up else 1 / factor, place)}):
        assert row in failing(row)


@pytest.mark.parametrize("up", [True, False], ids=["more", "less"])
@pytest.mark.parametrize("camera", ["C2", "C3"])
def test_a_wrong_bias_is_caught(camera, up):
    """By 1 %, 4 to 6 DN."""
    segments = [(*row[:3], [row[3][0] * (1.01 if up else 1 / 1.01), *row[3][1:]]) for row in value_of(f"{camera}.bias")]
    with other_constants({f"{camera}.bias": segments}):
        assert f"{camera.lower()}.header.bias" in failing("header")


def test_nothing_fails_by_the_constants_of_the_package():
    assert failing("header") == []
    assert failing("c3.stars.zero") == []
