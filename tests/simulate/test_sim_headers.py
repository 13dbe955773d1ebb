"""Headers of all vintages, and files that sunpy reads."""

import warnings

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.simulate.headers import PLACEHOLDERS


@pytest.fixture
def exposure(empty):
    """A function that makes an exposure of an empty scene."""

    def take(detector="C3", **options):
        return simulate.observe(detector, scene=empty, noise=False, **options)

    return take


#: Exposure, processing, and what CRPIX, CROTA1 and RECTIFY say then: as in real files of that vintage.
VINTAGES = [
    ("C2", "1996-05-01", "1996-07-01", False, (512.634, 505.293), 0.0, "TRUE"),
    ("C3", "1997-03-10", "1997-06-01", False, (517.784, 530.989), 0.0, "TRUE"),
    ("C3", "2002-01-08", "2002-03-07", False, (517.95599, 532.63202), 0.0, "TRUE"),
    ("C2", "2010-01-15", "2010-02-24", True, (512.634, 505.293), 180.0, "TRUE"),
    ("C2", "2010-09-20", "2010-10-01", False, (513.634, 506.293), 0.0, "TRUE"),
    ("C3", "2009-05-01", "2012-11-09", False, (519.2, 533.5), -0.23, "TRUE"),
    ("C2", "2009-05-01", "2012-11-09", True, (511.2, 507.5), -179.5, "TRUE"),
    ("C3", "2015-05-01", "2015-07-01", True, (519.2, 533.5), None, "TRUE"),
    ("C3", "2024-12-01", "2025-02-01", True, (519.2, 533.5), None, "FALSE"),
    ("C2", "2026-01-05", "2026-02-01", False, (511.2, 507.5), None, "TRUE"),
]


@pytest.mark.parametrize(("detector", "date", "processed", "flipped", "crpix", "crota", "rectify"), VINTAGES)
def test_vintages(exposure, detector, date, processed, flipped, crpix, crota, rectify):
    taken = exposure(detector, date=date, processed=processed, flipped=flipped)
    header = taken.header
    assert (header["CRPIX1"], header["CRPIX2"]) == pytest.approx(crpix)
    assert (
        header["CROTA1"]
        == header["CROTA2"]
        == pytest.approx(taken.parameters.roll if crota is None else crota, abs=5.1e-4)
    )
    assert header["RECTIFY"] == rectify
    assert header["DATE"].startswith(processed.replace("-", "/"))
    assert header["DATE-OBS"] == date.replace("-", "/")


def test_placeholders_of_august_2025(exposure):
    """C2 only, from 2025-08-21 15:48 to 2025-08-31 23:36."""
    first, last = PLACEHOLDERS
    for time in (first, last):
        header = exposure("C2", date=time, flipped=True).header
        assert (header["CROTA1"], header["CRPIX1"], header["CRPIX2"]) == (0.0, 512.5, 512.5)
    for detector, time in (("C2", first - 60 * u.s), ("C2", last + 60 * u.s), ("C3", first + 60 * u.s)):
        header = exposure(detector, date=time, flipped=True).header
        assert abs(header["CROTA1"]) > 170
        assert header["CRPIX1"] != 512.5


def test_pointing_of_sums(exposure):
    """Older files divide the centre by the sum, newer ones leave it and multiply both sums into CDELT."""
    old = exposure("C2", date="2000-09-03", leb_sum=(2, 2)).header
    assert (old["CRPIX1"], old["CRPIX2"]) == pytest.approx((256.317, 252.6465))
    assert old["CDELT1"] == pytest.approx(23.8)
    new = exposure("C3", date="2012-08-31", leb_sum=(2, 2)).header
    assert (new["CRPIX1"], new["CRPIX2"], new["CDELT1"]) == (519.2, 533.5, 224.0)
    assert new["COMPRSSN"] == "XUR"


def test_times(exposure):
    header = exposure(date="2002-05-21T00:18:06.516", exptime=19.0996).header
    assert (header["TIME-OBS"], header["EXPTIME"]) == ("00:18:06.516", 19.0996)
    assert header["MID_DATE"] == 52415
    assert header["MID_TIME"] == pytest.approx(18 * 60 + 6.516 + 19.0996 / 2, abs=0.006)
    assert header["EXP0"] + header["EXP3"] == pytest.approx(header["EXPTIME"], abs=1e-4)
    # 43 years and 140 days after 1958-01-01, and 32 leap seconds of TAI.
    days = 52415 - 36204
    assert header["OBT_TIME"] == pytest.approx(days * 86400 + 1086.516 + 32, abs=0.01)
    late = exposure(date="2002-05-20T23:59:55.000", exptime=20.0).header
    assert (late["DATE-OBS"], late["MID_DATE"], late["MID_TIME"]) == ("2002/05/20", 52415, pytest.approx(5, abs=0.01))


def test_statistics():
    header = (taken := simulate.observe("C3", seed=2)).header
    valid = taken.data[taken.data != 0]
    assert (header["DATAMIN"], header["DATAMAX"]) == (valid.min(), valid.max())
    assert header["DATAZER"] == 99 * 1024
    assert header["DATAAVG"] == pytest.approx(valid.mean(), rel=1e-5)
    assert header["DATAP75"] == int(np.percentile(valid, 75))
    assert abs(header["OFFSET"] - taken.parameters.bias) < 5


def test_cards_are_those_of_real_files(exposure, real_frame):
    """Every card of a real file but the on-board mechanisms', with the same kind of value, in the same order."""
    for name, detector in (("32082037", "C3"), ("22322784", "C2")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            real = fits.getheader(real_frame(name), ignore_missing_simple=True)
        made = exposure(detector, date="2002-01-08T02:18:05.594", lossy=detector == "C3").header
        common = [key for key in real if key in made and key not in ("HISTORY", "COMMENT", "")]
        assert len(common) >= 75
        assert [key for key in made if key in common] == common
        for key in common:
            kinds = [str if isinstance(h[key], str) else float for h in (real, made)]
            assert kinds[0] is kinds[1], key
            if kinds[0] is str:
                assert len(made[key]) == len(str(real[key]).rstrip()) or key in ("FILTER", "COMPRSSN"), key


CASES = [
    ("C3", {"date": "1996-06-01"}),
    ("C2", {"date": "1999-06-01", "leb_sum": (2, 2)}),
    ("C3", {"date": "2004-06-01", "flipped": True, "lossy": True}),
    ("C2", {"date": "2012-06-01", "subframe": (128, 192, 640, 512)}),
    ("C3", {"date": "2018-06-01", "chip_sum": (2, 2), "flipped": True}),
    ("C2", {"date": "2026-01-15", "filter": "Blue", "polar": "+60 Deg"}),
]


@pytest.mark.parametrize(("detector", "options"), CASES)
def test_files_are_maps(detector, options, empty, tmp_path):
    taken = simulate.observe(detector, scene=empty, **options)
    path = simulate.write_level05(taken, tmp_path)
    assert path.name == taken.header["FILENAME"]
    assert path.name[:2] == f"{detector[1]}2"
    assert path.stat().st_size % 2880 == 0
    smap = sunpy.map.Map(path)
    assert type(smap) is getattr(sunpy_lasco, f"LASCO{detector}Map")
    assert np.array_equal(smap.data, taken.data)
    assert smap.unit == u.DN
    assert smap.exposure_time.to_value(u.s) == taken.header["EXPTIME"]
    assert abs((Time(smap.reference_date) - taken.parameters.time).to_value(u.s)) < 60
    # The Sun's centre to within what an old header knows of it.
    centre = smap.world_to_pixel(SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=smap.coordinate_frame))
    p = taken.parameters
    expected = [(c - x0 + 0.5) / s - 0.5 for c, x0, s in zip(p.sun_centre, p.corner, p.binning, strict=True)]
    assert (centre.x.value, centre.y.value) == pytest.approx(expected, abs=3.5)
    angle = np.degrees(np.arctan2(smap.rotation_matrix[1, 0], smap.rotation_matrix[0, 0]))
    assert abs((angle - p.roll + 180) % 360 - 180) < 8
    assert np.array_equal(taken.level05.data, smap.data)


def test_unrounded_exposures_are_no_files(empty, tmp_path):
    taken = simulate.observe("C3", scene=empty, quantise=False)
    assert taken.data.dtype == np.float64
    with pytest.raises(ValueError, match="hold integers"):
        simulate.write_level05(taken, tmp_path)
    assert not list(tmp_path.iterdir())


def test_names_and_counters_differ_in_a_sequence(empty):
    frames = simulate.sequence("C3", 3, scene=empty, start="2010-12-31T23:50:00", cadence=600, noise=False)
    assert [f.header["TIME-OBS"] for f in frames] == ["23:50:00.000", "00:00:00.000", "00:10:00.000"]
    assert [f.header["DATE-OBS"] for f in frames] == ["2010/12/31", "2011/01/01", "2011/01/01"]
    assert len({f.header["FILENAME"] for f in frames}) == 3
    assert [f.parameters.seed for f in frames] == [0, 1, 2]
