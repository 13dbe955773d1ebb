"""A constant that is wrong is caught by a named row."""

from dataclasses import replace

import pytest

from sunpy_lasco.geometry import ephemeris
from sunpy_lasco.instrument import cameras, photometry, tables
from sunpy_lasco.stars import photometry as star_photometry
from sunpy_lasco.stars import prediction
from sunpy_lasco.verify import Verdict, verify


def scaled(values, factor, place):
    """A tuple with one number multiplied."""
    return tuple(value * factor if k == place else value for k, value in enumerate(values))


class Wrong:
    """Changes of constants where the code reads them."""

    def __init__(self, monkeypatch, factor):
        self.monkeypatch, self.factor = monkeypatch, factor

    def camera(self, name, **changes):
        wrong = replace(cameras.CAMERAS[name], **changes)
        self.monkeypatch.setitem(cameras.CAMERAS, name, wrong)

    def c2_factor(self):
        table = photometry.C2_FACTORS
        slope, origin, value = table["ORANGE"]
        self.monkeypatch.setitem(table, "ORANGE", (slope * self.factor, origin, value * self.factor))

    def c3_factor(self):
        table = photometry.C3_FACTORS
        self.monkeypatch.setitem(table, "CLEAR", scaled(table["CLEAR"], self.factor, 2))

    def transmission(self):
        self.monkeypatch.setattr(photometry, "POLARISER_TRANSMISSION", tables.POLARISER_TRANSMISSION * self.factor)

    def bias(self, camera):
        from sunpy_lasco.instrument import bias

        name = f"BIAS_{camera}"
        rows = tuple((*row[:3], scaled(row[3], self.factor, 0)) for row in getattr(tables, name))
        for module in (bias, tables):
            self.monkeypatch.setattr(module, name, rows, raising=False)
        for value in vars(bias).values():
            if isinstance(value, dict) and camera in value and value[camera] == getattr(tables, name):
                self.monkeypatch.setitem(value, camera, rows)

    def c2_bias(self):
        self.bias("C2")

    def c3_bias(self):
        self.bias("C3")

    def c2_scale(self):
        self.camera("C2", plate_scale=cameras.CAMERAS["C2"].plate_scale * self.factor)

    def c3_scale(self):
        self.camera("C3", plate_scale=cameras.CAMERAS["C3"].plate_scale * self.factor)

    def c2_distortion(self):
        self.camera("C2", distortion_mm=scaled(cameras.CAMERAS["C2"].distortion_mm, self.factor, 1))

    def c3_distortion(self):
        self.camera("C3", distortion_mm=scaled(cameras.CAMERAS["C3"].distortion_mm, self.factor, 1))

    def c2_centre(self):
        self.camera("C2", sun_centre=scaled(cameras.CAMERAS["C2"].sun_centre, self.factor, 0))

    def c3_centre(self):
        self.camera("C3", sun_centre=scaled(cameras.CAMERAS["C3"].sun_centre, self.factor, 1))

    def solar_radius(self):
        self.monkeypatch.setattr(ephemeris, "SOLAR_RADIUS_AT_1_AU", ephemeris.SOLAR_RADIUS_AT_1_AU * self.factor)

    def star_plate_scale(self):
        stars = cameras.CAMERAS["C3"].stars
        self.camera("C3", stars=replace(stars, plate_scale=stars.plate_scale * self.factor))

    def star_flux(self):
        for module in (prediction, star_photometry):
            self.monkeypatch.setattr(module, "STAR_FLUX", prediction.STAR_FLUX * self.factor)

    def star_scale(self, camera):
        scale, sigma = photometry.STAR_SCALE[camera]
        self.monkeypatch.setitem(photometry.STAR_SCALE, camera, (scale * self.factor, sigma))

    def c2_star_scale(self):
        self.star_scale("C2")

    def c3_star_scale(self):
        self.star_scale("C3")


#: By what a constant is changed, up and down: 1 % where an identity or an official header holds it, 5 % where only
#: stars can; and the row that catches it.
CHANGES = {
    "c2_factor": (1.01, "c2.header.factor"),
    "c3_factor": (1.01, "c3.header.factor"),
    "transmission": (1.01, "c2.vector.factor"),
    "c2_bias": (1.01, "c2.header.bias"),
    "c3_bias": (1.01, "c3.header.bias"),
    "c2_scale": (1.01, "c2.header.scale"),
    "c3_scale": (1.01, "c3.header.scale"),
    "c2_distortion": (1.01, "c2.vector.distortion"),
    "c3_distortion": (1.01, "c3.vector.distortion"),
    "c2_centre": (1.01, "c2.header.centre"),
    "c3_centre": (1.01, "c3.stars.centre"),
    "solar_radius": (1.01, "c2.header.rsun"),
    "star_plate_scale": (1.01, "c3.stars.solved"),
    "star_flux": (1.05, "c3.stars.zero"),
    "c2_star_scale": (1.05, "c2.stars.zero"),
    "c3_star_scale": (1.05, "c3.stars.zero"),
}


@pytest.mark.parametrize("up", [True, False], ids=["more", "less"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_constant_is_caught(name, up, monkeypatch):
    factor, row = CHANGES[name]
    getattr(Wrong(monkeypatch, factor if up else 1 / factor), name)()
    group = "stars" if ".stars." in row else "constants"
    report = verify(groups=[group])
    failing = [one.name for one in report.rows.values() if one.verdict == Verdict.FAILS]
    assert row in failing, failing
