"""The example of the README with loopback archives: search, fetch, calibrate, save."""

import gc
import re
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from loopback_archive import Answer, Image

import sunpy
import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.net.vso import VSOClient

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.assets.names import entry

README = Path(__file__).parents[2] / "README.md"
TIMES = {"C2": "19:12:07", "C3": "19:18:05"}


@pytest.fixture(scope="module")
def exposures():
    """Simulated exposures of an evening."""
    return [simulate.observe(camera, date=f"2012-08-31T{clock}", seed=1) for camera, clock in TIMES.items()]


@pytest.fixture
def evening(site, exposures, tmp_path, monkeypatch):
    """An archive that holds the exposures; the VSO cannot be reached."""
    for exposure in exposures:
        header = exposure.header
        start = datetime.fromisoformat(f"{header['DATE-OBS'].replace('/', '-')}T{header['TIME-OBS'][:8]}")
        wheels = {"filter": header["FILTER"], "polar": header["POLAR"], "exptime": header["EXPTIME"]}
        image = Image(header["FILENAME"], start, **wheels)
        site.nrl.add([image])
        path = simulate.write_level05(exposure, tmp_path)
        site.faults[f"{site.nrl.directory(start.date(), image.camera)}/{image.name}"] = Answer(path.read_bytes())
        path.unlink()

    def fail(self, *args, **kwargs):
        msg = "No online VSO mirrors could be found."
        raise ConnectionError(msg)

    monkeypatch.setattr(VSOClient, "__init__", fail)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("matplotlib.pyplot.show", lambda *args, **kwargs: None)
    return site


@pytest.mark.slow
def test_search_fetch_calibrate_save(evening, fetch, exposures, tmp_path):
    result = Fido.search(
        a.Time("2012-08-31 19:00", "2012-08-31 21:00"),
        a.Instrument.lasco,
        a.Detector.c2 | a.Detector.c3,
        a.lasco.Programme.normal,
    )
    assert result.keys() == ["lasco"]
    files = fetch(result, path=tmp_path / "raw" / "{detector}")
    assert files.errors == []
    assert len(files) == 2
    for file, exposure in zip(files, exposures, strict=True):
        raw = sunpy.map.Map(file)
        assert type(raw).__name__ == f"LASCO{exposure.parameters.detector}Map"
        assert np.array_equal(raw.data, exposure.data)
        image = sunpy_lasco.calibrate(raw, assets=simulate.assets(exposure))
        saved = sunpy.map.Map(sunpy_lasco.write_level1(image, tmp_path / "level1"))
        assert saved.unit == sunpy_lasco.MSB
        assert np.array_equal(saved.data, image.data, equal_nan=True)
        truth = exposure.level1_at(*exposure.pixel_positions(), points=False)
        sound = np.isfinite(image.data) & np.isfinite(truth)
        assert 0.3 < sound.mean() < 1
        # Median of the error in units of its 1 sigma: 0.67 if all is right.
        assert np.median(np.abs(image.data - truth)[sound] / image.uncertainty.array[sound]) < 1.5
    assert len(list((tmp_path / "level1").rglob("*.fts"))) == 2


def test_simulated_calibration_images_by_name(evening, fetch, tmp_path):
    """The calibration images of the simulated cameras, without the exposure factors of single days."""
    result = Fido.search(a.Time("2012-08-31 19:00", "2012-08-31 19:30"), a.lasco.Filter.clear)
    (file,) = fetch(result, path=tmp_path)
    image = sunpy_lasco.calibrate(sunpy.map.Map(file), assets="simulated", factor=1.0)
    path = sunpy_lasco.write_level1(image, tmp_path)
    assert 0.2 < np.isfinite(sunpy.map.Map(path).data).mean() < 1


# The event loop that sunpy's downloader leaves open may be collected in a thread that Dask left behind, where it cannot
# reset its signals.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_programme_of_the_readme(evening, exposures, tmp_path, monkeypatch):
    """The code is that of the README; the calibration images come from a SolarSoft tree on the same server."""
    programme = next(
        code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if "Fido" in code
    )
    mirrors = {"ssw": (f"{evening.url}/ssw",), "ancillary": (f"{evening.url}/ancillary",)}
    for path in simulate.write_assets(tmp_path, *exposures):
        for url in entry(path.name).urls(mirrors):
            evening.faults[url.removeprefix(evening.url)] = Answer(path.read_bytes())
        path.unlink()
    monkeypatch.setenv("SUNPY_LASCO_MIRRORS", mirrors["ssw"][0])
    monkeypatch.setenv("SUNPY_LASCO_ANCILLARY_MIRRORS", mirrors["ancillary"][0])
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(tmp_path / "assets"))
    before = sunpy.config.get("downloads", "download_dir")
    sunpy.config.set("downloads", "download_dir", str(tmp_path / "downloads"))
    names = {}
    try:
        with warnings.catch_warnings():
            # sunpy's downloader leaves its event loop open.
            warnings.simplefilter("ignore", ResourceWarning)
            exec(compile(programme, str(README), "exec"), names)
            gc.collect()
    finally:
        sunpy.config.set("downloads", "download_dir", before)
    assert len(names["result"]["lasco"]) == 1
    assert len(names["files"]) == 1
    assert names["image"].unit == sunpy_lasco.MSB
    (saved,) = (tmp_path / "level1").rglob("*.fts")
    assert np.array_equal(sunpy.map.Map(saved).data, names["image"].data, equal_nan=True)
