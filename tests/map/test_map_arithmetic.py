"""Maps plus and minus maps, quantities, arrays and numbers."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import astropy.units as u
from astropy.nddata import StdDevUncertainty, VarianceUncertainty

import sunpy.map

import sunpy_lasco
from sunpy_lasco import MSB, LASCOC3Map
from sunpy_lasco.errors import IncompatibleMapsError
from sunpy_lasco.map import replace
from sunpy_lasco.pixel_flags import PixelFlag

SHAPE = (64, 64)


@pytest.fixture
def make(level1_cards):
    """Level-1 maps of one brightness and sigma."""

    def make(value, sigma=None, **cards):
        header = level1_cards(
            pc1_1=1.0, pc1_2=0.0, pc2_1=0.0, pc2_2=1.0, crpix1=32.5, crpix2=32.5, cdelt1=448.0, cdelt2=448.0
        )
        header |= cards
        sigma = None if sigma is None else StdDevUncertainty(np.full(SHAPE, sigma, np.float32))
        return LASCOC3Map(np.full(SHAPE, value, np.float32), header, uncertainty=sigma)

    return make


def test_difference_of_maps(make):
    later, earlier = make(5e-10, 3e-12, filename="35000002.fts"), make(2e-10, 4e-12, filename="35000001.fts")
    difference = later - earlier
    assert (type(difference), difference.unit, difference.data.dtype) == (LASCOC3Map, MSB, np.float32)
    np.testing.assert_allclose(difference.data, 3e-10, rtol=1e-6)
    np.testing.assert_allclose(difference.uncertainty.array, 5e-12, rtol=1e-6)
    assert difference.meta["edited"] == "difference"
    assert difference.meta["history"].endswith(
        "Difference: 35000002.fts (2002-05-21T00:18:01) minus 35000001.fts (2002-05-21T00:18:01)"
    )
    # The inputs are unchanged.
    assert "edited" not in later.meta
    assert later.data[0, 0] == np.float32(5e-10)


def test_sum_of_maps(make):
    both = make(5e-10, 3e-12) + make(2e-10, 4e-12)
    np.testing.assert_allclose(both.data, 7e-10, rtol=1e-6)
    np.testing.assert_allclose(both.uncertainty.array, 5e-12, rtol=1e-6)
    assert both.meta["edited"] == "sum"


def test_units_are_converted(make):
    later, earlier = make(5e-10, 3e-12), make(500.0, 4.0, bunit="1e-12 MSB")
    difference = later - earlier
    np.testing.assert_allclose(difference.data, 0.0, atol=1e-16)
    np.testing.assert_allclose(difference.uncertainty.array, 5e-12, rtol=1e-6)


def test_any_kind_of_uncertainty_is_understood(make):
    later, earlier = make(5e-10), make(2e-10, 4e-12)
    later = replace(later, uncertainty=VarianceUncertainty(np.full(SHAPE, 9e-24)))
    np.testing.assert_allclose((later - earlier).uncertainty.array, 5e-12, rtol=1e-6)


def test_sigma_is_known_only_where_both_are(make):
    assert (make(5e-10, 3e-12) - make(2e-10)).uncertainty is None
    assert (make(5e-10) - make(2e-10, 3e-12)).uncertainty is None


def test_flags_and_masks_of_both_are_united(make):
    flags = [np.zeros(SHAPE, np.uint8) for _ in range(2)]
    flags[0][3, 4], flags[1][3, 4], flags[1][5, 6] = PixelFlag.FILLED, PixelFlag.MISSING, PixelFlag.SATURATED
    later, earlier = (replace(make(1e-10), flags=one) for one in flags)
    earlier.mask = np.eye(64, dtype=bool)
    difference = later - earlier
    found = sunpy_lasco.flags(difference)
    assert (found[3, 4], found[5, 6], found[7, 8]) == (PixelFlag.FILLED | PixelFlag.MISSING, PixelFlag.SATURATED, 0)
    assert difference.mask[9, 9]


def test_what_is_missing_in_one_is_missing_in_the_difference(make):
    later = make(1e-10)
    later.data[50, 40] = np.nan
    difference = make(5e-10) - later
    assert np.isnan(difference.data).sum() == 1
    assert sunpy_lasco.flags(difference)[50, 40] & PixelFlag.MISSING


@pytest.mark.parametrize(
    ("cards", "match"),
    [
        ({"bunit": "DN / s"}, r"they are in MSB and DN / s"),
        ({"crpix1": 34.5}, r"point to positions 2\.0 pixels apart.*north_up=True"),
        # The corner lies 45 pixels from the reference pixel.
        ({"pc1_2": -0.0175, "pc2_1": 0.0175}, r"point to positions 0\.8 pixels apart"),
    ],
)
def test_maps_that_do_not_fit_are_refused(make, cards, match):
    other = make(1e-10)
    other = LASCOC3Map(other.data, dict(other.meta) | cards)
    for operation in (lambda: make(1e-10) - other, lambda: make(1e-10) + other):
        with pytest.raises(IncompatibleMapsError, match=match):
            operation()


def test_maps_of_other_cameras_sizes_and_levels_are_refused(make, make_map, level05_cards, vintages):
    smap = make(1e-10)
    with pytest.raises(IncompatibleMapsError, match=r"are from C3 and C2.*reproject_to"):
        smap - make_map(vintages["between the rules of 2010"].header)
    with pytest.raises(IncompatibleMapsError, match=r"level 1\.0 and 0\.5"):
        smap - make_map(level05_cards())
    with pytest.raises(IncompatibleMapsError, match=r"\(64, 64\) and \(32, 64\) pixels"):
        smap - smap.submap([0, 0] * u.pix, top_right=[31, 63] * u.pix)


def test_maps_of_other_instruments_are_left_to_sunpy(make):
    smap = make(1e-10)
    other = sunpy.map.GenericMap(smap.data, smap.meta)
    with pytest.raises(TypeError, match="unsupported operand"):
        smap - other
    with pytest.raises(TypeError, match="unsupported operand"):
        smap - "the corona"


def test_quantities_and_arrays(make):
    smap = make(5e-10, 3e-12)
    background = np.full(SHAPE, 2e-10)
    expected = {
        "quantity": smap - background * MSB,
        "other unit": smap - 200 * background * 1e12 * (1e-12 * MSB) / 200,
        # An array of the same shape has the unit of the map.
        "array": smap - background,
        "scalar": smap - 2e-10 * MSB,
        "from the left": -(background * MSB - smap),
        "array from the left": -(background - smap),
    }
    for name, difference in expected.items():
        np.testing.assert_allclose(difference.data, 3e-10, rtol=1e-6, err_msg=name)
        assert difference.meta["edited"].endswith(("difference", "negative")), name
        assert difference.uncertainty is None, name
        assert "uncertainty unknown" in difference.meta["history"], name
    assert (smap + background).meta["edited"] == (background + smap).meta["edited"] == "sum"
    with pytest.raises(u.UnitConversionError):
        smap - 5 * u.DN
    with pytest.raises(u.UnitConversionError):
        smap - 5


def test_multiples_keep_sigma_and_flags(make):
    smap = replace(make(5e-10, 3e-12), flags=np.full(SHAPE, PixelFlag.FILLED, np.uint8))
    seconds = 2 * u.s
    for scaled, factor, unit in (
        (2 * smap, 2, MSB),
        (smap * -2, -2, MSB),
        (smap / 2, 0.5, MSB),
        (smap / seconds, 0.5, MSB / u.s),
        (smap * np.full(SHAPE, 3.0), 3, MSB),
        (seconds * smap, 2, MSB * u.s),
        (-smap, -1, MSB),
    ):
        assert scaled.unit == unit
        np.testing.assert_allclose(scaled.data, factor * np.float32(5e-10), rtol=1e-6)
        np.testing.assert_allclose(scaled.uncertainty.array, abs(factor) * 3e-12, rtol=1e-6)
        assert (sunpy_lasco.flags(scaled) & PixelFlag.FILLED).all()
    assert (smap * 2).data.dtype == np.float32


def test_what_is_not_linear_has_no_sigma(make):
    smap = make(5e-10, 3e-12)
    for other in (1 / smap, smap**2):
        assert other.uncertainty is None


def test_difference_of_real_frames(real_map):
    later, earlier = real_map("32310942"), real_map("32310941")
    difference = later - earlier
    expected = later.data.astype(float) - earlier.data
    np.testing.assert_array_equal(difference.data, expected)
    assert (difference.data <= 0).sum() == (expected <= 0).sum() > 400000
    # No measured pixel is masked.
    np.testing.assert_array_equal(difference.mask, later.mask | earlier.mask)
    assert difference.unit == u.DN
    assert "32310942.fts (2012-08-31T18:18:06, 19.094 s) minus 32310941.fts" in difference.meta["history"]


def test_holes_of_real_frames_are_holes_of_their_difference(real_map):
    """Zeros of lost blocks are not subtracted."""
    broken, whole = real_map("32310957"), real_map("32310956")
    difference = whole - broken
    np.testing.assert_array_equal(np.isnan(difference.data), broken.data == 0)
    assert np.nanmax(np.abs(difference.data)) < 8000


def test_differences_are_shown_symmetrically(real_map, tmp_path):
    difference = real_map("32310942") - real_map("32310941")
    difference.save(tmp_path / "difference.fits")
    for smap in (difference, sunpy.map.Map(tmp_path / "difference.fits"), difference.rotate(order=1), difference * 2):
        image = smap.plot(axes=plt.figure().add_subplot(projection=smap))
        assert image.norm.vmin == -image.norm.vmax < 0
        assert image.norm(0.0) == pytest.approx(0.5)
        assert image.cmap.name == "gray"
    # A scale that the user chose is kept.
    difference.plot_settings["norm"].vmax = 70
    assert difference.rotate(order=0).plot_settings["norm"].vmax == 70
    # Sums are displayed like images.
    assert (real_map("32310942") + real_map("32310941")).plot_settings["cmap"].name == "soholasco3"
