"""Level-1 maps with known content, for the tests of products."""

import numpy as np
import pytest

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.map import LASCOC2Map, LASCOC3Map

SIZE = 128
SCALE = 56.0 * 1024 / SIZE


def level1_header(detector="C3", time="2012-08-31T18:00:00", **cards):
    """Header of a level-1 map of 128 x 128 pixels, solar north up."""
    start = Time(time)
    scale = SCALE if detector == "C3" else 11.9 * 1024 / SIZE
    mid = start + 10 * u.s
    return {
        "simple": True,
        "bitpix": -32,
        "naxis": 2,
        "naxis1": SIZE,
        "naxis2": SIZE,
        "filename": f"{detector.lower()}_{start.strftime('%H%M%S')}.fts",
        "telescop": "SOHO",
        "instrume": "LASCO",
        "detector": detector,
        "filter": "Clear",
        "polar": "Clear",
        "level": "1.0",
        "bunit": "MSB",
        "exptime": 20.0,
        "r1col": 20,
        "r1row": 1,
        "r2col": 1043,
        "r2row": 1024,
        "lebxsum": 8,
        "lebysum": 8,
        "date-obs": start.isot,
        "date-avg": mid.isot,
        "timesys": "UTC",
        "ctype1": "HPLN-TAN",
        "ctype2": "HPLT-TAN",
        "cunit1": "arcsec",
        "cunit2": "arcsec",
        "cdelt1": scale,
        "cdelt2": scale,
        "crpix1": SIZE / 2 + 0.5,
        "crpix2": SIZE / 2 + 0.5,
        "crval1": 0.0,
        "crval2": 0.0,
        "pc1_1": 1.0,
        "pc1_2": 0.0,
        "pc2_1": 0.0,
        "pc2_2": 1.0,
        "hgln_obs": 0.0,
        "hglt_obs": 7.2,
        "dsun_obs": 1.48e11,
        "rsun_ref": 695700000.0,
        "rsun_obs": 960.08,
        "expfsrc": "none",
        "expfsig": 0.005,
        **cards,
    }


@pytest.fixture
def make():
    """A function that makes a level-1 map of an array, or of a number."""

    def build(data=1e-10, minute=0, *, detector="C3", sigma=1e-13, flags=None, dtype=np.float32, **cards):
        data = np.broadcast_to(np.asarray(data, dtype), (SIZE, SIZE)).copy()
        time = (Time("2012-08-31T18:00:00") + minute * u.min).isot
        spread = None if sigma is None else np.full(data.shape, sigma, np.float32)
        kind = {"C2": LASCOC2Map, "C3": LASCOC3Map}[detector]
        bits = np.zeros(data.shape, np.uint8) if flags is None else flags
        return kind(data, level1_header(detector, time, **cards), uncertainty=spread, flags=bits)

    return build


@pytest.fixture
def corona(make):
    """A function that returns the brightness of a corona that decreases with height, MSB."""
    from sunpy_lasco.products.places import height_and_angle

    height, angle = height_and_angle(make())

    def shape(exponent=2.5):
        with np.errstate(divide="ignore"):
            return 1e-10 * (10 / height) ** exponent * (1 + 0.2 * np.cos(np.deg2rad(2 * angle)))

    return shape
