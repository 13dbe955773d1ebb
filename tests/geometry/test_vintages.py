"""Geometry by the vintage of the file, beyond the tests of the maps."""

import pytest

from sunpy_lasco.geometry.vintages import _helioviewer, official_geometry
from sunpy_lasco.instrument.cameras import CAMERAS


@pytest.mark.parametrize(("shape", "reduced"), [((1024, 1024), 1), ((256, 512), (2, 4))])
def test_helioviewer_images_read_at_reduced_resolution(shape, reduced):
    """An image of 512 x 256 pixels with a header for 1024: each pixel contains 2 x 4, and the Sun's centre follows."""
    meta = {"detector": "C3", "naxis1": 1024, "naxis2": 1024, "crpix1": 517.25, "crpix2": 530.5}
    meta |= {"cdelt1": 56.0, "cdelt2": 56.0, "crota1": 3.0}
    found = _helioviewer(meta, shape)
    sx, sy = (1, 1) if reduced == 1 else reduced
    assert found.ctype == ("HPLN-TAN", "HPLT-TAN")
    assert found.pc == ((1.0, 0.0), (0.0, 1.0))
    assert found.cdelt[1] / found.cdelt[0] == pytest.approx(sy / sx)
    assert found.anchor_offset == (0.0, 0.0)
    assert found.detector_scale == CAMERAS["C3"].plate_scale
    x, y = found.anchor
    assert found.crpix == pytest.approx(((x + 0.5) / sx - 0.5, (y + 0.5) / sy - 0.5))


def test_without_a_reference_pixel_the_sun_is_at_the_nominal_centre():
    meta = {
        "instrume": "LASCO",
        "detector": "C3",
        "date-obs": "2002/01/08",
        "time-obs": "12:00:00",
        "exptime": 19.0,
        "level": "1.0",
    }
    meta |= {"filter": "Clear", "polar": "Clear", "r1col": 20, "r1row": 1, "r2col": 1043, "r2row": 1024}
    meta |= {"cdelt1": 56.0, "cdelt2": 56.0, "crota1": 0.0, "crval1": 30.0, "crval2": 40.0}
    found = official_geometry(meta, (1024, 1024))
    assert found.crval == (0.0, 0.0)
    assert found.crpix == pytest.approx(CAMERAS["C3"].sun_centre)
    assert any("has no card CRPIX" in note for note in found.notes)
