"""Geometry of an image by its vintage: what the maps' own tests do not show."""

import pytest

from sunpy_lasco.geometry.vintages import _helioviewer
from sunpy_lasco.instrument.cameras import CAMERAS


@pytest.mark.parametrize(("shape", "reduced"), [((1024, 1024), 1), ((256, 512), (2, 4))])
def test_helioviewer_images_read_at_reduced_resolution(shape, reduced):
    """512 by 256 of 1024 pixels: a pixel holds 2 by 4, and the Sun's centre moves with them."""
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
