"""Hand-made headers of every vintage, and the expected properties."""

import warnings
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate

#: Cards of nearly all level-0.5 headers.
LEVEL05 = {
    "filename": "32088304.fts",
    "fileorig": "020521_001853.img",
    "date": "2002/06/06 23:03:55.204",
    "date-obs": "2002/05/21",
    "time-obs": "00:18:06.516",
    "telescop": "SOHO",
    "instrume": "LASCO",
    "detector": "C3",
    "readport": "C",
    "sumrow": 0,
    "sumcol": 0,
    "lebxsum": 1,
    "lebysum": 1,
    "r1col": 20,
    "r1row": 1,
    "r2col": 1043,
    "r2row": 1024,
    "filter": "Clear",
    "polar": "Clear",
    "exptime": 19.0996,
    "comprssn": "X#",
    "mid_date": 52415,
    "mid_time": 1096.07,
    "rectify": "TRUE",
    "crpix1": 517.95599,
    "crpix2": 532.63202,
    "crval1": 0.0,
    "crval2": 0.0,
    "crota1": 0.0,
    "crota2": 0.0,
    "ctype1": "SOLAR-X",
    "ctype2": "SOLAR-Y",
    "cunit1": "ARCSEC",
    "cunit2": "ARCSEC",
    "cdelt1": 56.0,
    "cdelt2": 56.0,
}
C2 = {"detector": "C2", "filter": "Orange", "cdelt1": 11.9, "cdelt2": 11.9, "crpix1": 512.634, "crpix2": 505.293}
LEVEL1 = {
    "filename": "35088304.fts",
    "date": "2013-01-18T20:26:53.735",
    "date-obs": "2002-05-21T00:18:01.000",
    "date_obs": "2002-05-21T00:18:01.000",
    "time-obs": "",
    "level": "1.0",
    "bunit": "MSB",
    "rectify": 0.0,
    "crota": -0.237765,
    "crota1": -0.237765,
    "crota2": -0.237765,
    "crpix1": 518.986,
    "crpix2": 533.623,
    "ctype1": "HPLN-TAN",
    "ctype2": "HPLT-TAN",
    "cunit1": "arcsec",
    "cunit2": "arcsec",
    "xcen": -363.2,
    "ycen": -1182.9,
    "rsun": 957.807910,
}


@dataclass(frozen=True)
class Vintage:
    """A header and the expected properties of its map."""

    cards: dict
    #: Sun centre counted from 0, stored pixel.
    centre: tuple
    #: Arcsec / pixel.
    scale: float
    #: Degree.
    roll: float
    date: str
    base: dict = field(default_factory=lambda: LEVEL05)
    shape: tuple = (1024, 1024)
    level: float = 0.5
    unit: str = "DN"
    #: The warning, if there is one.
    warning: str = ""

    @property
    def header(self):
        return self.base | self.cards


VINTAGES = {
    # Quick-look of the first year: CRPIX is the centre of the occulter, counted from 0.
    "quick-look of 1996": Vintage(
        C2
        | {
            "filename": "21000123.fts",
            "date": "1996/05/02 10:00:00",
            "date-obs": "1996/05/01",
            "time-obs": "12:00:05.123",
        },
        centre=(510.2, 506.5),
        scale=11.9,
        roll=0.5,
        date="1996-05-01T12:00:05.123",
    ),
    # The electronics box summed, but the header does not say so.
    "sums of March 1997": Vintage(
        {"date": "1997/04/01", "date-obs": "1997/03/10", "cdelt1": 56.0, "cdelt2": 56.0},
        shape=(512, 512),
        centre=(258.85, 266.0),
        scale=112.0,
        roll=-0.23,
        date="1997-03-10T00:18:06.516",
    ),
    "final of 2002": Vintage({}, centre=(518.2, 532.5), scale=56.0, roll=-0.23, date="2002-05-21T00:18:06.516"),
    "turned spacecraft of 2004": Vintage(
        {"date": "2004/12/01", "date-obs": "2004/10/01", "crota1": 180.0, "crota2": 180.0},
        centre=(518.2, 532.5),
        scale=56.0,
        roll=179.77,
        date="2004-10-01T00:18:06.516",
    ),
    # CRPIX counts from 1, but is not a measurement yet.
    "between the rules of 2010": Vintage(
        C2
        | {
            "crpix1": 513.634,
            "crpix2": 506.293,
            "date": "2010/10/01",
            "date-obs": "2010/08/01",
            "crota1": 180.0,
            "crota2": 180.0,
        },
        centre=(510.2, 506.5),
        scale=11.9,
        roll=-179.5,
        date="2010-08-01T00:18:06.516",
    ),
    "pointing of the exposure, 2011": Vintage(
        C2
        | {
            "filename": "22354381.fts",
            "crpix1": 510.9,
            "crpix2": 507.2,
            "date": "2011/02/01",
            "date-obs": "2010/12/12",
            "time-obs": "05:24:05.533",
            "crota1": 173.252,
            "crota2": 173.252,
        },
        centre=(509.9, 506.2),
        scale=11.9,
        roll=173.252,
        date="2010-12-12T05:24:05.533",
    ),
    # CRPIX of the full frame and twice the sums in CDELT.
    "2 x 2 of 2012": Vintage(
        {
            "filename": "32310962.fts",
            "date": "2012/11/09 18:33:30.797",
            "date-obs": "2012/08/31",
            "time-obs": "22:40:45.110",
            "lebxsum": 2,
            "lebysum": 2,
            "crpix1": 519.2,
            "crpix2": 533.5,
            "crota1": 0.629437,
            "crota2": 0.629437,
            "cdelt1": 224.0,
            "cdelt2": 224.0,
        },
        shape=(512, 512),
        centre=(258.85, 266.0),
        scale=112.0,
        roll=0.629437,
        date="2012-08-31T22:40:45.110",
    ),
    # CRPIX of the stored array: (518.2 - 256 + 0.5) / 2 - 0.5 + 1 and so on.
    "sub-frame, 2 x 2": Vintage(
        {
            "date": "2012/11/09",
            "date-obs": "2012/08/31",
            "lebxsum": 2,
            "lebysum": 2,
            "r1col": 276,
            "r1row": 257,
            "r2col": 787,
            "r2row": 768,
            "crpix1": 131.85,
            "crpix2": 139.0,
            "crota1": 0.63,
            "crota2": 0.63,
        },
        shape=(256, 256),
        centre=(130.85, 138.0),
        scale=112.0,
        roll=0.63,
        date="2012-08-31T00:18:06.516",
    ),
    "real time of 2023": Vintage(
        {
            "filename": "33785492.fts",
            "date": "2023/12/01 00:11:53.442",
            "date-obs": "2023/12/01",
            "time-obs": "00:06:07.373",
            "crpix1": 519.2,
            "crpix2": 533.5,
            "crota": -7.42291,
            "crota1": -7.42291,
            "crota2": -7.42268,
        },
        centre=(518.2, 532.5),
        scale=56.0,
        roll=-7.42268,
        date="2023-12-01T00:06:07.373",
    ),
    # The roll of that day by the drift that level-0.5 files of C3 and later ones of C2 show.
    "placeholders of 2025": Vintage(
        C2
        | {
            "filename": "22999999.fts",
            "date": "2025/10/20",
            "date-obs": "2025/08/26",
            "time-obs": "12:00:00.000",
            "crpix1": 512.5,
            "crpix2": 512.5,
        },
        centre=(510.2, 506.5),
        scale=11.9,
        roll=-177.95,
        date="2025-08-26T12:00:00.000",
        warning="22999999.fts holds placeholders for the pointing",
    ),
    "roll unknown, 2005": Vintage(
        {"date": "2005/12/01", "date-obs": "2005/10/01", "crota1": "", "crota2": ""},
        centre=(518.2, 532.5),
        scale=56.0,
        roll=-0.23,
        date="2005-10-01T00:18:06.516",
        warning="no card CROTA1.*wrong by 180",
    ),
    "official level 1": Vintage(
        {},
        base=LEVEL05 | LEVEL1,
        centre=(517.986, 532.623),
        scale=56.0,
        roll=-0.237765,
        date="2002-05-21T00:18:01.000",
        level=1.0,
        unit="MSB",
    ),
    # A file of sunpy's test data: the middle of the image is the reference pixel, and what lies there
    # is turned by the roll: 15.3748 cos + 54.621 sin = 15.8274, 54.621 cos - 15.3748 sin = 54.4916.
    "official level 1, resampled": Vintage(
        C2
        | {
            "filename": "25299383.fts",
            "date": "2012-12-13T16:07:48.951",
            "date-obs": "2009-02-28T00:05:33.380",
            "crota": 0.475331,
            "crota1": 0.475331,
            "crota2": 0.475331,
            "crpix1": 64.5,
            "crpix2": 64.5,
            "crval1": 15.3748,
            "crval2": 54.621,
            "cdelt1": 95.2,
            "cdelt2": 95.2,
        },
        base=LEVEL05 | LEVEL1,
        shape=(128, 128),
        centre=(63.5 - 15.8274 / 95.2, 63.5 - 54.4916 / 95.2),
        scale=95.2,
        roll=0.475331,
        date="2009-02-28T00:05:33.380",
        level=1.0,
        unit="MSB",
    ),
    # Made before 2011-11-01: CROTA has the other sign; before 2010-10-27: CTYPE and CUNIT are wrong.
    "official level 1 of 2010": Vintage(
        {
            "date": "2010-08-20T12:00:00",
            "date-obs": "2010-06-15T00:18:01.000",
            "crota": 0.226,
            "crota1": 0.226,
            "crota2": 0.226,
            "ctype1": "PIXEL",
            "ctype2": "PIXEL",
            "cunit1": "PIXEL",
            "cunit2": "PIXEL",
            "rectify": 180.0,
        },
        base=LEVEL05 | LEVEL1,
        centre=(517.986, 532.623),
        scale=56.0,
        roll=-0.226,
        date="2010-06-15T00:18:01.000",
        level=1.0,
        unit="MSB",
    ),
    # CRPIX counted from 0, as XCEN = 56 (511.5 - 518.2) shows.
    "official level 1 counted from 0": Vintage(
        {
            "date": "2008-08-20T12:00:00",
            "date-obs": "2002-06-15T00:18:01.000",
            "crota1": 0.23,
            "crota2": 0.23,
            "crpix1": 518.2,
            "crpix2": 532.5,
            "xcen": -375.2,
            "ycen": -1176.0,
        },
        base=LEVEL05 | LEVEL1,
        centre=(518.2, 532.5),
        scale=56.0,
        roll=-0.23,
        date="2002-06-15T00:18:01.000",
        level=1.0,
        unit="MSB",
    ),
}


@pytest.fixture(params=VINTAGES)
def vintage(request):
    """A header of one vintage, and the expected properties of its map."""
    return VINTAGES[request.param]


@pytest.fixture(scope="session")
def vintages():
    return VINTAGES


@pytest.fixture(scope="session")
def level05_cards():
    """A C3 header of 2002 with changes; None removes a card."""

    def cards(**changes):
        header = LEVEL05 | {key.replace("__", "-"): value for key, value in changes.items()}
        return {key: value for key, value in header.items() if value is not None}

    return cards


@pytest.fixture(scope="session")
def level1_cards():
    """The header of an official level 1 of C3 with changes; None removes a card."""

    def cards(**changes):
        header = LEVEL05 | LEVEL1 | {key.replace("__", "-"): value for key, value in changes.items()}
        return {key: value for key, value in header.items() if value is not None}

    return cards


@pytest.fixture(scope="session")
def make_map():
    """A map of a header; its data count up from 400."""

    def make(header, shape=(1024, 1024), dtype=np.int16, data=None):
        if data is None:
            data = (400 + np.arange(shape[0] * shape[1]).reshape(shape) % 977).astype(dtype)
        return sunpy.map.Map(data, dict(header))

    return make


@pytest.fixture(scope="session")
def calibrated():
    """Simulated exposures, calibrated; they are cached, since no operation changes a map."""
    kept = {}
    assets = simulate.assets()
    scene = simulate.Scene(diffuse=(simulate.KCorona(), simulate.FCorona()))

    def calibrated(detector, *, distortion="resample", **options):
        key = detector, distortion, *sorted((name, repr(value)) for name, value in options.items())
        if key not in kept:
            simulation = simulate.observe(detector, scene=scene, **options)
            with warnings.catch_warnings():
                # Warnings of the calibration are tested elsewhere.
                warnings.simplefilter("ignore")
                level1 = sunpy_lasco.calibrate(simulation.level05, assets=assets, distortion=distortion)
            kept[key] = SimpleNamespace(level05=simulation.level05, level1=level1, simulation=simulation)
        return kept[key]

    return calibrated
