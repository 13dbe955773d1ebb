"""
Differences as read by programs that fit a graduated cylindrical shell: PyThea 1.2 and gcs_python.

Both read a FITS file with `sunpy.map.Map` and draw a mesh in heliographic coordinates on it.  PyThea (which depends on
a web server and a renderer, and asks a service for the position of SOHO) also reads DETECTOR, EXPTIME, DATE-OBS, CRVAL,
CDELT and CRPIX, to mask the occulter.
"""

import warnings

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

import sunpy.map
from sunpy.coordinates import HeliographicStonyhurst

from sunpy_lasco import products


@pytest.fixture
def path(make, corona, tmp_path):
    """A running difference, as a file, of frames with a roll as in the archive."""
    roll = np.deg2rad(3.0)
    cards = {
        "pc1_1": np.cos(roll),
        "pc1_2": -np.sin(roll),
        "pc2_1": np.sin(roll),
        "pc2_2": np.cos(roll),
        "crpix1": 66.2,
        "crpix2": 63.1,
    }
    maps = [make(corona() * (1 + 0.01 * number), 12 * number, **cards) for number in range(2)]
    return products.write_background(products.running_difference(maps)[0], tmp_path)


def test_cards_of_gcs_fits_are_there(path):
    header = fits.getheader(path)
    for card in ("CRPIX1", "CRPIX2", "CRVAL1", "CDELT1", "HGLN_OBS", "HGLT_OBS", "DSUN_OBS", "RSUN_REF", "DATE-OBS"):
        assert card in header
    assert header["DETECTOR"].strip() == "C3"
    assert header["EXPTIME"] > 0
    assert header["CRVAL1"] / header["CDELT1"] + header["CRPIX1"] == pytest.approx(66.2)
    assert header["DATE-AVG"] > header["DATEBASE"]


def test_a_mesh_lies_where_the_header_says(path):
    """A point 10 solar radii above the east limb is 10 radii east, by our map and by the plain cards."""
    smap = sunpy.map.Map(path)
    observer = smap.observer_coordinate
    east = SkyCoord(
        observer.lon - 90 * u.deg, 0 * u.deg, 10 * u.R_sun, frame=HeliographicStonyhurst(obstime=smap.reference_date)
    )
    seen = east.transform_to(smap.coordinate_frame)
    assert seen.Tx.to_value(u.arcsec) == pytest.approx(-10 * smap.rsun_obs.to_value(u.arcsec), rel=0.01)
    pixel = smap.world_to_pixel(east)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(fits.getheader(path))
    plain = wcs.wcs_world2pix([[seen.Tx.to_value(u.deg), seen.Ty.to_value(u.deg)]], 0)[0]
    assert [pixel.x.value, pixel.y.value] == pytest.approx(list(plain), abs=1e-3)
    # Operations of PyThea on a map before display.
    again = sunpy.map.Map(smap.data / smap.exposure_time.value, smap.meta)
    assert again.observer_coordinate.separation_3d(observer) < 1 * u.km
    assert np.isfinite(again.superpixel([2, 2] * u.pix).data).any()
