"""Masks of pixels that show no sky."""

import numpy as np
import pytest

from sunpy_lasco.geometry.vintages import image_geometry
from sunpy_lasco.map import masks


@pytest.fixture
def raw(level05_cards):
    data = np.full((1024, 1024), 500, np.int16)
    # A lost block, and single pixels at zero.
    data[320:352, 640:672] = 0
    data[700, 700] = 0
    return data, level05_cards()


def test_zeros_of_counts_are_holes(raw):
    data, header = raw
    empty = masks.empty_pixels(data, header)
    assert empty.sum() == 32 * 32 + 1
    assert empty[330, 650]
    assert empty[700, 700]


def test_zeros_of_anything_else_are_values(raw):
    data, header = raw
    assert not masks.empty_pixels(data, header | {"bunit": "DN"}).any()
    floats = data.astype(float)
    floats[0, 0] = np.nan
    assert masks.empty_pixels(floats, header | {"bunit": "DN"}).sum() == 1


def test_mask_of_a_map_is_geometry_and_holes(raw, make_map):
    data, header = raw
    smap = make_map(header, data=data)
    hidden, outside = masks.hidden_and_outside(image_geometry(header, data.shape), data.shape, header)
    np.testing.assert_array_equal(smap.mask, hidden | (data == 0))
    assert (outside <= hidden).all()
    # An attached mask is added, and can be removed.
    attached = np.zeros(data.shape, bool)
    attached[800, 800] = True
    smap.mask = attached
    assert smap.mask[800, 800]
    assert smap.mask[330, 650]
    smap.mask = None
    assert not smap.mask[800, 800]


def test_mask_turns_with_the_detector_not_with_the_sky(level05_cards, make_map):
    """The pylon lies to the lower left of every raw image, upside down or not."""
    upright = make_map(level05_cards(date="2004/12/01", date__obs="2004/10/01"))
    turned = make_map(level05_cards(date="2004/12/01", date__obs="2004/10/01", crota1=180.0, crota2=180.0))
    np.testing.assert_array_equal(upright.mask, turned.mask)
    assert upright.mask[200:260, 200:260].any()
    assert not upright.mask[800:850, 800:850].any()


def test_mask_of_a_rectified_image_is_upside_down(level1_cards):
    plain = image_geometry(level1_cards(crota=0.0, crota1=0.0, crota2=0.0), (1024, 1024))
    centre = [1023 - c for c in plain.crpix]
    header = level1_cards(crota=0.0, crota1=0.0, crota2=0.0, rectify=180.0, crpix1=centre[0] + 1, crpix2=centre[1] + 1)
    upright, _ = masks.hidden_and_outside(plain, (1024, 1024), header)
    rectified, _ = masks.hidden_and_outside(image_geometry(header, (1024, 1024)), (1024, 1024), header)
    np.testing.assert_array_equal(rectified, upright[::-1, ::-1])


def test_summed_frames_have_the_summed_mask(level05_cards):
    full, half = level05_cards(), level05_cards(lebxsum=2, lebysum=2)
    fine, _ = masks.hidden_and_outside(image_geometry(full, (1024, 1024)), (1024, 1024), full)
    coarse, _ = masks.hidden_and_outside(image_geometry(half, (512, 512)), (512, 512), half)
    share = fine.reshape(512, 2, 512, 2).mean(axis=(1, 3))
    assert coarse[share == 1].mean() > 0.999
    assert coarse[share == 0].mean() < 0.001


def test_masks_are_shared_and_cannot_be_changed(level05_cards):
    header = level05_cards()
    geometry = image_geometry(header, (1024, 1024))
    first = masks.hidden_and_outside(geometry, (1024, 1024), header)[0]
    assert masks.hidden_and_outside(geometry, (1024, 1024), header)[0] is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = False


def test_plateaus_of_official_level_1(level1_cards):
    """Masked zeros were stored as BZERO; a single pixel with that value is a measurement."""
    zero = np.float32(3.2500991821289063e-09)
    data = np.full((64, 64), 1e-10, np.float32)
    data[:4, :4] = zero
    data[20, 20] = zero
    data[40, 40:43] = zero
    found = masks.holes_to_nan(data, level1_cards(bitpix=16, bzero=3.2500991821289063e-09))
    assert np.isnan(found).sum() == 16
    assert np.isnan(found[:4, :4]).all()
    assert found[20, 20] == zero
    # As floats of 64 bits, and as zeros, which scaled differences have there.
    for other in (data.astype(float), np.where(data == zero, np.float32(0), data)):
        found = masks.holes_to_nan(other, level1_cards(bitpix=16, bzero=3.2501e-09))
        assert np.isnan(found).sum() == 16
    # The given data are unchanged.
    assert not np.isnan(data).any()


def test_negatives_of_official_level_1(level1_cards):
    """Only negative values of the file itself are untransmitted blocks minus the bias."""
    data = np.full((64, 64), 1e-10, np.float32)
    data[0, 0] = 3e-10
    data[30, 30] = -1e-10
    cards = {"datamin": 1e-10, "datamax": 3e-10}
    assert np.isnan(masks.holes_to_nan(data, level1_cards(**cards))).sum() == 1
    # Statistics of saturated images leave out the largest value.
    assert np.isnan(masks.holes_to_nan(data, level1_cards(datamin=1e-10, datamax=2e-10, dsatval=3e-10))).sum() == 1
    # Arrays with other content.
    assert masks.holes_to_nan(data, level1_cards()) is data
    for other in ({"datamin": 2e-11}, {"datamax": 2e-10}):
        assert masks.holes_to_nan(data, level1_cards(**(cards | other))) is data
    # A polarised brightness may be negative.
    assert masks.holes_to_nan(data, level1_cards(polar="PB", **cards)) is data
    # Our own level 1 has NaN for what is missing, and noise may be negative.
    assert masks.holes_to_nan(data, level1_cards(pc1_1=1.0, **cards)) is data
    assert masks.holes_to_nan(data, level1_cards(level="0.5", **cards)) is data


def test_black_of_helioviewer():
    data = np.full((64, 64), 100, np.uint8)
    data[:8, :8] = 0
    data[30, 30] = 0
    assert masks.empty_pixels(data, {"helioviewer": " "}).sum() == 64
